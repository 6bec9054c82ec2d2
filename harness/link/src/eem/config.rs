//! How a side of an EEM link writes, and what it puts up with.

use std::time::Duration;

use dmsc_ip::IpConfig;
use dmsc_usb::eem::{Check, Role, Settings};

/// One side of an EEM link with IP above it; [`EemConfig::terminal`] and [`EemConfig::card`] are the usual two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EemConfig {
    /// Which side of the bus it is.
    pub role: Role,
    /// Addresses and streams.
    pub ip: IpConfig,
    /// What is written after each frame; what is received may have either.
    pub check: Check,
    /// Octets up to which frames share a transfer; 0 sends each by itself. See [`Settings::bundle`] before you turn it
    /// on towards Linux.
    pub bundle: usize,
    /// Whether a packet may go on in the next transfer.
    pub straddling: bool,
    /// From which sequence numbers and ports are chosen; `None` chooses others each time.
    pub seed: Option<u64>,
    /// How long a device that is not there may take to appear.
    pub appear: Duration,
}

impl EemConfig {
    /// The terminal, with [`IpConfig::terminal`].
    pub fn terminal() -> EemConfig {
        EemConfig::of(Role::Host, IpConfig::terminal())
    }

    /// The card, with [`IpConfig::card`].
    pub fn card() -> EemConfig {
        EemConfig::of(Role::Peripheral, IpConfig::card())
    }

    fn of(role: Role, ip: IpConfig) -> EemConfig {
        EemConfig {
            role,
            ip,
            check: Check::Sentinel,
            bundle: 0,
            straddling: false,
            seed: None,
            appear: Duration::from_secs(5),
        }
    }

    pub(super) fn settings(&self, max_packet_size: std::num::NonZeroU16) -> Settings {
        Settings {
            check: self.check,
            bundle: self.bundle,
            straddling: self.straddling,
            ..Settings::new(self.role, max_packet_size)
        }
    }
}
