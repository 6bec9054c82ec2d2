//! What a DUT offers to the cases.

use std::collections::BTreeMap;

use dmsc_language::dut::{Dut, LinkSpec};

/// Facts of a DUT that decide which cases apply to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Power, reset and APDUs.
    pub contact: bool,
    /// Sessions go over byte streams, and not over channels of the contact interface.
    pub streams: bool,
    /// Notifications can be delivered, or taken.
    pub notify: bool,
    /// What the DUT gives to the network can be seen.
    pub network: bool,
    /// The DUT can be given an account for a case.
    pub provision: bool,
    /// Readings in force, by interpretation.
    pub readings: BTreeMap<String, String>,
}

impl Offers {
    /// What a DUT offers.
    pub fn of(dut: &Dut) -> Offers {
        let readings = dut.interpretations.clone();
        match &dut.link {
            LinkSpec::Builtin(_) => {
                Offers { contact: true, streams: false, notify: true, network: true, provision: true, readings }
            }
            LinkSpec::Device(device) => Offers {
                contact: true,
                streams: device.connection.has_streams(),
                notify: true,
                network: device.bench.is_some(),
                provision: device.bench.is_some(),
                readings,
            },
            LinkSpec::Tcp(config) => {
                let notify = config.notify.is_some() || config.wake.is_some();
                Offers { contact: false, streams: true, notify, network: false, provision: false, readings }
            }
        }
    }
}
