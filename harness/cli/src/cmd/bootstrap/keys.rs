//! What a push is protected with, on the command line.

use clap::Args;
use dmsc_provision::{Imsi, Pin, Protection, Security};

/// The keys of a MAC. Which of them are given says by which method a push is protected.
#[derive(Debug, Args)]
pub(super) struct Keys {
    /// The IMSI of the subscription: NETWPIN, with `--pin` USERNETWPIN
    #[arg(long, value_name = "DIGITS", value_parser = imsi, help_heading = "Protection")]
    imsi: Option<Imsi>,
    /// A PIN that the user enters: USERPIN, with `--imsi` USERNETWPIN
    #[arg(long, value_name = "DIGITS", value_parser = pin, help_heading = "Protection")]
    pin: Option<Pin>,
}

fn imsi(text: &str) -> Result<Imsi, String> {
    Imsi::new(text).map_err(|error| error.to_string())
}

fn pin(text: &str) -> Result<Pin, String> {
    Pin::new(text).map_err(|error| error.to_string())
}

impl Keys {
    /// The protection that all keys given make.
    pub(super) fn protection(&self) -> Option<Protection> {
        match (&self.imsi, &self.pin) {
            (None, None) => None,
            (Some(imsi), None) => Some(Protection::NetwPin(imsi.clone())),
            (None, Some(pin)) => Some(Protection::UserPin(pin.clone())),
            (Some(imsi), Some(pin)) => Some(Protection::UserNetwPin(imsi.clone(), pin.clone())),
        }
    }

    /// The protection of a method.
    ///
    /// # Errors
    /// The option that would have to be given.
    pub(super) fn of(&self, security: Security) -> Result<Protection, &'static str> {
        match (security, &self.imsi, &self.pin) {
            (Security::NetwPin, Some(imsi), _) => Ok(Protection::NetwPin(imsi.clone())),
            (Security::UserPin, _, Some(pin)) => Ok(Protection::UserPin(pin.clone())),
            (Security::UserNetwPin, Some(imsi), Some(pin)) => Ok(Protection::UserNetwPin(imsi.clone(), pin.clone())),
            (Security::NetwPin, None, _) => Err("give --imsi"),
            (Security::UserPin, _, None) => Err("give --pin"),
            (Security::UserNetwPin, ..) => Err("give --imsi and --pin"),
            (Security::UserPinMac, ..) => Err("the user enters it with the PIN, so that it is not in the message"),
        }
    }
}
