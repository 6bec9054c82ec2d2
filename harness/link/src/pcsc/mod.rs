//! A card in a PC/SC reader: the harness is the terminal, the card is the DUT.
//!
//! What says which card is meant is always there, so that a DUT file reads the same everywhere. What drives the reader
//! needs libpcsclite when the harness is built, and so is the feature `pcsc`; without it, [`open`] and [`readers`] say
//! how to get it.

mod config;
mod select;

#[cfg(feature = "pcsc")]
mod connection;
#[cfg(feature = "pcsc")]
mod context;
#[cfg(all(feature = "pcsc", unix, not(target_os = "macos")))]
mod daemon;
#[cfg(all(feature = "pcsc", not(all(unix, not(target_os = "macos")))))]
#[path = "service.rs"]
mod daemon;
#[cfg(feature = "pcsc")]
mod driver;
#[cfg(feature = "pcsc")]
mod error_name;
#[cfg(feature = "pcsc")]
mod find;
#[cfg(feature = "pcsc")]
mod guard;
#[cfg(feature = "pcsc")]
mod iccid;
#[cfg(feature = "pcsc")]
mod session;

pub use config::{PcscConfig, PcscProtocol, PcscShare};
pub use select::{Iccid, IccidError, Select};

#[cfg(feature = "pcsc")]
pub use driver::Pcsc;

use crate::{Link, LinkError};

/// A reader, for a list that a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Its name, as a DUT file would name it.
    pub name: String,
    /// What is in it.
    pub state: ReaderState,
    /// The answer to reset of the card in it, if there is one.
    pub atr: Vec<u8>,
}

/// What is in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReaderState {
    /// No card.
    Empty,
    /// A card that nobody uses.
    Present,
    /// A card that does not answer its reset.
    Mute,
    /// A card that a program uses.
    InUse {
        /// Whether it lets no other program at it.
        exclusively: bool,
    },
    /// The driver does not say.
    Unknown,
}

impl std::fmt::Display for ReaderState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ReaderState::Empty => "empty",
            ReaderState::Present => "card present",
            ReaderState::Mute => "card mute",
            ReaderState::InUse { exclusively: false } => "card in use",
            ReaderState::InUse { exclusively: true } => "card in exclusive use",
            ReaderState::Unknown => "unknown",
        })
    }
}

/// Opens the link to a card: waits for pcscd, the reader and the card to be there.
///
/// # Errors
/// [`LinkError::Missing`] when they are not there in time, when several cards fit, when another program uses the card,
/// or when this harness was built without the feature `pcsc`.
pub fn open(config: PcscConfig) -> Result<Box<dyn Link>, LinkError> {
    #[cfg(feature = "pcsc")]
    return Ok(Box::new(Pcsc::open(config)?));
    #[cfg(not(feature = "pcsc"))]
    {
        let PcscConfig { reader, .. } = config;
        Err(not_built(&format!("{reader} cannot be used")))
    }
}

/// The readers that pcscd knows, in its order.
///
/// # Errors
/// [`LinkError::Missing`] when pcscd does not run or may not be used, or when this harness was built without the
/// feature `pcsc`.
pub fn readers() -> Result<Vec<Reader>, LinkError> {
    #[cfg(feature = "pcsc")]
    return find::readers();
    #[cfg(not(feature = "pcsc"))]
    Err(not_built("PC/SC readers cannot be listed"))
}

#[cfg(not(feature = "pcsc"))]
fn not_built(what: &str) -> LinkError {
    LinkError::Missing {
        what: format!("{what}: this build has no PC/SC"),
        remedy: crate::advice::build_with_pcsc(crate::advice::System::HERE).into(),
    }
}

#[cfg(all(test, not(feature = "pcsc")))]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_it_says_how_to_get_it() {
        let reader = Select::Name("Reader 0".into());
        let error = open(PcscConfig { reader, ..PcscConfig::default() }).err().unwrap().to_string();
        let expected = "a card in reader `Reader 0` cannot be used: this build has no PC/SC; ";
        assert!(error.starts_with(expected) && error.contains("build with `--features pcsc`"), "{error}");
        assert!(readers().unwrap_err().to_string().starts_with("PC/SC readers cannot be listed"));
    }
}
