//! The virtual reader of vsmartcard (vpcd) from its card side: the harness is the card, and whatever terminal uses the
//! reader through pcscd is the DUT.
//!
//! There is no thread: [`Link::recv`] waits in poll(2), answers by itself what vpcd asks only to see that the card is
//! still there, and hands the rest to the player. Between two calls of `recv` vpcd waits, and pcscd with it.
//!
//! vpcd listens on all interfaces and asks nobody who they are: whoever reaches its port can be the card, and answer
//! the terminal instead of the harness. Keep the port behind a firewall, or run the bench in a network namespace.
//!
//! Two things of vpcd shape this driver. It waits for an answer without limit, so that a card which leaves a command
//! unanswered blocks the reader until the connection ends; the link therefore pulls the card when a session begins
//! with a command still unanswered. And it has no word for a card that does not answer its reset, so that such a card
//! is pulled, too. In both cases the link puts the card in again by itself, a second later: pcscd looks for it every
//! 400 ms, and a card that is back before it was missed may stay unnoticed for ever.
//!
//! The driver needs poll(2) and sockets of Unix; elsewhere [`open`] says so.

#[cfg(unix)]
mod driver;
#[cfg(unix)]
mod frame;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod tpdu;

use std::time::Duration;

#[cfg(unix)]
pub use driver::Vpcd;

use crate::{Link, LinkError};

/// Which side opens the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VpcdSide {
    /// The link connects to vpcd, as Debian sets vpcd up.
    #[default]
    Connect,
    /// The link listens and vpcd connects: `DEVICENAME host:0x8C7B` in its reader.conf.
    Listen,
}

/// What the terminal's programs send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VpcdLevel {
    /// APDUs: the card answers case 4 with its data.
    #[default]
    Apdu,
    /// TPDUs of T=0, as a program does that drives a reader of that level: data go one way, and what a command brings is
    /// fetched with GET RESPONSE (ISO/IEC 7816-3 12.2, TS 102 221 7.3.1.1).
    Tpdu,
}

/// How to reach vpcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcdConfig {
    /// `host:port` of vpcd, or where to listen for it.
    pub address: String,
    /// Which side connects.
    pub side: VpcdSide,
    /// Whether each piece of a command is acknowledged at once. Without it an APDU takes 40 ms and more, because vpcd
    /// sends length and payload apart and the kernel holds the second back. Only a measurement turns it off.
    pub quickack: bool,
    /// How long vpcd may take to appear and to ask for the card, on the wall.
    pub appear: Duration,
    /// How long the player may take for its answer to reset, on the wall, before the card counts as mute.
    pub atr_limit: Duration,
    /// Whether each session begins with the card pulled and put in again.
    pub reinsert: bool,
    /// What the terminal's programs send.
    pub level: VpcdLevel,
}

impl Default for VpcdConfig {
    fn default() -> VpcdConfig {
        VpcdConfig {
            address: "127.0.0.1:35963".into(),
            side: VpcdSide::Connect,
            quickack: true,
            appear: Duration::from_secs(10),
            atr_limit: Duration::from_secs(5),
            reinsert: false,
            level: VpcdLevel::default(),
        }
    }
}

/// Opens the link to vpcd.
///
/// # Errors
/// As [`Vpcd::open`]; [`LinkError::Missing`] on systems that are no Unix.
pub fn open(config: VpcdConfig) -> Result<Box<dyn Link>, LinkError> {
    #[cfg(unix)]
    return Ok(Box::new(Vpcd::open(config)?));
    #[cfg(not(unix))]
    Err(LinkError::Missing {
        what: format!("vpcd at {} cannot be used on this system", config.address),
        remedy: "run dmsc on Linux or macOS, where vpcd is".into(),
    })
}
