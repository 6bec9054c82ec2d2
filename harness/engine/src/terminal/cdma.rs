//! The SMS bearer of CDMA: SEND SHORT MESSAGE with a message of CDMA, and the push that comes back (DM_SC 7.2, C.S0035).

use dmsc_uicc::profile::Facility;
use dmsc_uicc::sms::{CdmaDatagram, CdmaMessage, PUSH_PORT, WAP_TELESERVICE};

use super::Terminal;
use super::sms::{NO_SERVICE, RP_ERROR, UNABLE};
use super::toolkit::{After, Outcome};
use crate::short_message::Format;
use crate::switch::Switch;

impl Terminal {
    /// SEND SHORT MESSAGE with a message of CDMA.
    pub(super) fn send_cdma_message(&mut self, octets: &[u8]) -> Outcome {
        if !self.offers(Facility::SendCdmaSms) {
            return Outcome::new(0x30);
        }
        if self.switches.on(Switch::ShortMessageUnsent) {
            return Outcome::new(0x00);
        }
        let Ok(message) = CdmaMessage::parse(octets) else { return Outcome::new(0x32) };
        if !self.in_service {
            return Outcome::caused(UNABLE, NO_SERVICE);
        }
        match self.network.submit_cdma(message) {
            Err(cause) => Outcome::caused(RP_ERROR, cause),
            Ok(back) => {
                self.give_to_network(Format::Cdma, octets.to_vec());
                let outcome = Outcome::new(0x00);
                back.map_or(outcome, |back| Outcome::new(0x00).then(After::CdmaArrives(back)))
            }
        }
    }

    /// A message of CDMA arrives from the network.
    pub(super) fn cdma_message(&mut self, message: &CdmaMessage) {
        if message.teleservice != WAP_TELESERVICE || !self.offers(Facility::SendCdmaSms) {
            return;
        }
        let Ok(datagram) = CdmaDatagram::parse(&message.user_data) else { return };
        if datagram.destination == PUSH_PORT || self.switches.on(Switch::PushOnAnyPort) {
            self.push(&datagram.data);
        }
    }
}
