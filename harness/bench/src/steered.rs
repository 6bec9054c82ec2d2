//! What the readings in force make the players of the harness do. A reference DUT follows none of them: it is what it
//! is, and the reading says how it is judged.

use dmsc_engine::dm::version::Versions;
use dmsc_engine::medium::Medium;
use dmsc_engine::trigger_form::{Framing, SignedAs, TriggerForm};
use dmsc_scr::Readings;
use dmsc_uicc::channel::TransportProtocol;

/// How the players of the harness behave under the readings in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Steered {
    /// How notifications are written and read.
    pub(crate) form: TriggerForm,
    /// How a card opens the channel to the DM Client, if the terminal offers it.
    pub(crate) transport: TransportProtocol,
    /// Whether a card reads the type of a registered application before the coding scheme of its name.
    pub(crate) type_first: bool,
    /// The versions of DM that either player takes.
    pub(crate) versions: Versions,
}

impl Steered {
    /// The behaviour under these readings, on a link that has this.
    pub(crate) fn by(readings: &Readings, medium: Medium) -> Steered {
        let framing = match readings.of_point("package0-framing") {
            // Only channel data could be framed.
            "wsp" if medium.has_contact() => Framing::Wsp,
            _ => Framing::Bare,
        };
        let signed_as = match readings.of_point("digest-identity") {
            "auth-name" => SignedAs::AuthName,
            _ => SignedAs::ServerId,
        };
        let transport = match readings.of_point("trigger-transport") {
            "udp" => TransportProtocol::UdpClientLocal,
            "direct" => TransportProtocol::Direct,
            _ => TransportProtocol::TcpClientLocal,
        };
        let type_first = readings.of_point("registry-field-order") == "type-first";
        let versions = match readings.of_point("later-release") {
            "exactly" => Versions::Exactly,
            _ => Versions::Later,
        };
        Steered { form: TriggerForm { framing, signed_as }, transport, type_first, versions }
    }
}
