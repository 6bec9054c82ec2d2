//! DUTs that are devices at hand, and benches that stand in for one.

use std::fmt;
use std::time::Duration;

use super::connection::Chosen;
use super::{Builtin, Connection};

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
    /// Why it is reached this way, where the file names more than one.
    pub choice: Option<String>,
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
    /// Settles on one of its interfaces, where the file names several.
    pub(super) fn settle(&mut self) {
        if let Some(Chosen { connection, why }) = self.connection.first() {
            self.connection = connection;
            self.choice = Some(why);
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.connection)?;
        match &self.choice {
            Some(why) => write!(f, " ({why})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_doc::Source;

    use crate::bundle::Bundle;
    use crate::catalogue::Role;
    use crate::dut::{Connection, Dut, LinkSpec};

    #[test]
    fn a_card_that_is_not_on_usb_is_reached_over_iso() {
        let parsed = |text: &str| Connection::parse(&Source::new("--link", text), Role::Terminal).unwrap();
        assert_eq!(parsed("usb: {}").first(), None);
        assert_eq!(parsed("pcsc: {}").first(), None);

        let both = parsed("usb: { vendor: 0xFFFF, product: 0xFFFF, eem: {}, iso: { reader: ACS* } }");
        let mut dut = Dut::from_bundle(&Bundle::builtin(), "reference-card", &[]).unwrap();
        assert_eq!(dut.settle(), None);
        dut.link =
            LinkSpec::Device(super::Device { connection: both, bench: None, recovery: super::RECOVERY, choice: None });
        let told = dut.settle().unwrap();
        assert!(told.starts_with("reference card: PC/SC: ") && told.contains("ISO, since "), "{told}");
        let LinkSpec::Device(device) = &dut.link else { panic!("a device is still one") };
        assert_eq!(device.connection, parsed("pcsc: { reader: ACS* }"));
        // What was settled stays.
        assert_eq!(dut.settle(), Some(told));
    }
}
