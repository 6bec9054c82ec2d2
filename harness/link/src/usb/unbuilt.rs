//! What is said of USB in a build without it.

use super::{CardStreams, DeviceInfo, IccdConfig, Simtrace2Config};
use crate::{Link, LinkError};

const BUILT: &str = "this dmsc was built without USB";

fn unbuilt(what: &str) -> LinkError {
    LinkError::Missing { what: format!("{what}: {BUILT}"), remedy: "build with `--features usb`".into() }
}

/// A UICC on USB cannot be used in this build.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn card(iccd: IccdConfig, _streams: Option<CardStreams>) -> Result<Box<dyn Link>, LinkError> {
    Err(unbuilt(&format!("a UICC on USB ({}) cannot be used", iccd.select)))
}

/// Nothing can be found on USB in this build.
pub fn absent(_config: &IccdConfig) -> Option<String> {
    Some(BUILT.into())
}

/// A board on USB cannot be used in this build.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn slot(config: &Simtrace2Config) -> Result<Box<dyn Link>, LinkError> {
    Err(unbuilt(&format!("a SIMtrace2 board ({}) cannot be used", config.select)))
}

/// The devices on USB cannot be listed in this build.
///
/// # Errors
/// [`LinkError::Missing`], always.
pub fn list() -> Result<Vec<DeviceInfo>, LinkError> {
    Err(unbuilt("the devices on USB cannot be listed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_it_says_how_to_get_it() {
        let error = card(IccdConfig::default(), None).err().unwrap().to_string();
        let expected =
            "a UICC on USB (any device) cannot be used: this dmsc was built without USB; build with `--features usb`";
        assert_eq!(error, expected);
        assert!(slot(&Simtrace2Config::default()).is_err() && list().is_err());
        assert!(absent(&IccdConfig::default()).unwrap().contains("without USB"));
    }
}
