//! The links over USB, whichever they are.

#[cfg(target_os = "linux")]
use super::SystemUicc;
use super::{CardStreams, IccdConfig, IccdTerminal, Simtrace2, Simtrace2Config, UsbUicc};
use crate::{Link, LinkError};

/// Opens the link to a UICC on USB: APDUs by ICCD and, where `streams` are given, TCP/IP by EEM.
///
/// # Errors
/// As [`IccdTerminal::open`], [`UsbUicc::terminal`] and [`SystemUicc::open`]; [`LinkError::Missing`] when this system
/// has no EEM driver of its own, or when this harness was built without the feature `usb`.
pub fn card(iccd: IccdConfig, streams: Option<CardStreams>) -> Result<Box<dyn Link>, LinkError> {
    Ok(match streams {
        None => Box::new(IccdTerminal::open(iccd)?),
        Some(CardStreams::Own(eem)) => Box::new(UsbUicc::terminal(iccd, *eem)?),
        #[cfg(target_os = "linux")]
        Some(CardStreams::System(system)) => Box::new(SystemUicc::open(iccd, system)?),
        #[cfg(not(target_os = "linux"))]
        Some(CardStreams::System(_)) => {
            return Err(LinkError::Missing {
                what: "the EEM driver of Linux is not there on this system".into(),
                remedy: "leave `system` out, so that the harness speaks TCP/IP itself".into(),
            });
        }
    })
}

/// Why no such card can be found on the bus, in words, after as long as it may take to appear; `None` when one is
/// there, whether it can be used or not.
pub fn absent(config: &IccdConfig) -> Option<String> {
    IccdTerminal::absent(config)
}

/// Opens the link to the slot of a handset, through a SIMtrace2 board.
///
/// # Errors
/// As [`Simtrace2::open`]; [`LinkError::Missing`] when this harness was built without the feature `usb`.
pub fn slot(config: &Simtrace2Config) -> Result<Box<dyn Link>, LinkError> {
    Ok(Box::new(Simtrace2::open(config)?))
}
