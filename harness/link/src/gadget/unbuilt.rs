//! What is said of gadgets where there are none.

use super::{Controller, GadgetBoardConfig, GadgetConfig};
use crate::eem::EemConfig;
use crate::{Link, LinkError};

fn unbuilt(what: &str) -> LinkError {
    let (why, remedy) = match cfg!(target_os = "linux") {
        true => ("this dmsc was built without gadgets", "build with `--features gadget`"),
        false => ("gadgets need Linux", "use a board with Linux and a USB device controller"),
    };
    LinkError::Missing { what: format!("{what}: {why}"), remedy: remedy.into() }
}

/// This machine cannot be a UICC on USB.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn card(_gadget: GadgetConfig, _eem: Option<EemConfig>) -> Result<Box<dyn Link>, LinkError> {
    Err(unbuilt("this machine cannot be a UICC on USB"))
}

/// This machine cannot be a SIMtrace2 board.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn board(_config: GadgetBoardConfig) -> Result<Box<dyn Link>, LinkError> {
    Err(unbuilt("this machine cannot be a SIMtrace2 board"))
}

/// There are no USB device controllers to use.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn controllers() -> Result<Vec<Controller>, LinkError> {
    Err(unbuilt("no USB device controllers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_gadgets_it_says_how_to_get_them() {
        let error = card(GadgetConfig::default(), None).err().unwrap().to_string();
        assert!(error.starts_with("this machine cannot be a UICC on USB: ") && error.contains("; "), "{error}");
        assert!(board(GadgetBoardConfig::default()).is_err() && controllers().is_err());
    }
}
