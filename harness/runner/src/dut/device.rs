//! DUTs that are devices at hand, and benches that stand in for one.

use std::fmt;
use std::time::Duration;

use dmsc_link::{AWAY, Opening};

use super::{Builtin, Connection};
use crate::wire::Wire;

/// How long a lost link may take to come back unless the DUT file says otherwise.
pub(super) const RECOVERY: Duration = Duration::from_secs(60);

/// A device at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// How it is reached.
    pub connection: Connection,
    /// A reference DUT put at the other end of the link, so that the link itself is shown to work.
    pub bench: Option<BenchSpec>,
    /// How long a lost link may take to come back.
    pub recovery: Duration,
}

/// The far end of a bench.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchSpec {
    /// Which DUT is there.
    pub builtin: Builtin,
    /// How it reaches the link.
    pub connection: Connection,
}

impl Device {
    /// The link, not yet open; `atr` is that of the card, if one is played at the far end.
    pub(crate) fn wire(&self, atr: &[u8]) -> Wire {
        let far = self.bench.as_ref().map(|bench| (bench.connection.opener(), Opening { atr: atr.to_vec() }));
        Wire::new(self.connection.opener(), far, self.recovery, AWAY)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.connection)
    }
}
