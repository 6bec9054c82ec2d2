//! The links of devices that this machine plays.

use super::{GadgetBoard, GadgetBoardConfig, GadgetCard, GadgetConfig, UsbCard};
use crate::eem::EemConfig;
use crate::{Link, LinkError};

/// Makes a UICC on USB: with ICCD and, where `eem` is given, with EEM beside it.
///
/// # Errors
/// As [`GadgetCard::open`] and [`UsbCard::card`]; [`LinkError::Missing`] elsewhere than on Linux, and when this harness
/// was built without the feature `gadget`.
pub fn card(gadget: GadgetConfig, eem: Option<EemConfig>) -> Result<Box<dyn Link>, LinkError> {
    Ok(match eem {
        Some(eem) => Box::new(UsbCard::card(gadget, eem)?),
        None => Box::new(GadgetCard::open(gadget)?),
    })
}

/// Makes a SIMtrace2 board with a handset in front of it.
///
/// # Errors
/// As [`GadgetBoard::open`]; [`LinkError::Missing`] as for [`card`].
pub fn board(config: GadgetBoardConfig) -> Result<Box<dyn Link>, LinkError> {
    Ok(Box::new(GadgetBoard::open(config)?))
}
