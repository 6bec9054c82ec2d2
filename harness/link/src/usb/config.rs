//! How devices on USB are reached, and how they are treated.

use std::net::SocketAddr;
use std::time::Duration;

use dmsc_usb::iccd::host::PowerSelect;
use dmsc_usb::simtrace2::{Board, Polarity};

use super::info::UsbSelect;
use crate::eem::EemConfig;

/// How to reach the card, and how to treat it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IccdConfig {
    /// Which device; the first card by ICCD unless more is said. A reader with the class of the bulk variant is taken
    /// only when vendor, serial number, path or interface are given.
    pub select: UsbSelect,
    /// How long the card may take for one exchange or one reset, on the wall. When it is over, the exchange is given
    /// up and it is told that there is no answer: the player judges.
    pub limit: Duration,
    /// How long a device that is not there may take to appear, on the wall, and a card that was taken out of it.
    pub appear: Duration,
    /// The voltage asked for, in the bulk variant; see [`PowerSelect::Automatic`] for what follows a refusal.
    pub voltage: PowerSelect,
    /// wValue of ICC_POWER_ON in version B.
    pub power_on_value: u16,
    /// Whether power is negotiated before the card is used (TS 102 600); cards that do not know it stall it.
    pub negotiate: bool,
}

impl Default for IccdConfig {
    fn default() -> IccdConfig {
        IccdConfig {
            select: UsbSelect::default(),
            limit: Duration::from_secs(30),
            appear: Duration::from_secs(5),
            voltage: PowerSelect::Automatic,
            power_on_value: 1,
            negotiate: true,
        }
    }
}

/// What carries TCP/IP to the EEM interface of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardStreams {
    /// The harness itself.
    Own(Box<EemConfig>),
    /// Linux's own driver, and the system's TCP/IP.
    System(SystemConfig),
}

/// Where the streams of a card go over the system's own TCP/IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemConfig {
    /// Where its SCWS is; a link-local address is one on the card's own interface.
    pub card: SocketAddr,
    /// How long the network interface may take to appear.
    pub appear: Duration,
}

/// How to reach the handset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simtrace2Config {
    /// Which device, and with [`UsbSelect::interface`] which of its slots; the first slot of the first board unless more
    /// is said.
    pub select: UsbSelect,
    /// Which kind of board; any unless given.
    pub board: Option<Board>,
    /// The slot behind an external switch, 0 where there is none.
    pub mux: u8,
    /// The level of the card-detect contact that means "present"; the firmware's own unless given.
    pub polarity: Option<Polarity>,
    /// Whether each session begins with a reset of the modem, on boards that have its line.
    pub modem_reset: bool,
    /// How long the modem is held in reset, to the millisecond; 65 s at most.
    pub pulse: Duration,
    /// How long a board that is not there may take to appear, on the wall.
    pub appear: Duration,
}

impl Default for Simtrace2Config {
    fn default() -> Simtrace2Config {
        Simtrace2Config {
            select: UsbSelect::default(),
            board: None,
            mux: 0,
            polarity: None,
            modem_reset: false,
            pulse: Duration::from_millis(300),
            appear: Duration::from_secs(5),
        }
    }
}
