//! The SMS bearer of the terminal: SEND SHORT MESSAGE (TS 31.111 6.4.10), messages for the card (TS 31.111 7.1) and
//! pushes for the DM Client (DM_SC 7.2, DMNOTI 7).

use dmsc_link::Signal;
use dmsc_uicc::channel::Device;
use dmsc_uicc::coding::{CharacterSet, character_set, gsm7};
use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::envelope::{Envelope, EnvelopeTag};
use dmsc_uicc::object::{Address, DeviceIdentities, Object, ObjectKind, ObjectList};
use dmsc_uicc::profile::Facility;
use dmsc_uicc::sms::{CdmaMessage, Deliver, PUSH_PORT, SmsAddress, Submit, UserData, WspPush};

use super::Terminal;
use super::toolkit::{After, Outcome};
use crate::choice::terminal::{MessageReference, PushCoding};
use crate::event::Actor;
use crate::player::{PlayerError, Reply};
use crate::short_message::{self, Format};
use crate::switch::Switch;

/// The protocol identifier of data for the card (TS 23.040 9.2.3.9).
const DOWNLOAD: u8 = 0x7F;

/// The services of EF.UST for data that come by SMS, and for control of what is sent (TS 31.102 4.2.8).
const SERVICE_28: u8 = 28;
const SERVICE_31: u8 = 31;

/// Results and their causes (TS 102 223 8.12, TS 31.111 8.12): no service, refused by the network, refused by the card.
pub(super) const UNABLE: u8 = 0x20;
pub(super) const NO_SERVICE: u8 = 0x04;
pub(super) const RP_ERROR: u8 = 0x35;
const CONTROLLED: u8 = 0x39;
const NOT_ALLOWED: u8 = 0x01;

/// Where a push begins in a message from an international number of eleven digits, and how long its header usually is:
/// what a terminal goes by that does not look at lengths.
const PUSH_PLACE: usize = 26;
const PUSH_HEADER: usize = 6;

/// What the card says to a message that is to be sent (TS 31.111 7.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// It goes as it is.
    Allowed,
    /// It does not go.
    Refused,
    /// It goes to another number.
    Modified(Option<Address>),
}

impl Control {
    /// What the data in the card's answer mean; without any it is allowed.
    fn read(data: &[u8]) -> Control {
        let objects = data.get(2..).and_then(|rest| ObjectList::parse(rest, 2).ok()).unwrap_or_default();
        match data.first() {
            Some(0x01) => Control::Refused,
            Some(0x02) => {
                // The first address is that of the service centre.
                let mut addresses = objects.0.into_iter().filter_map(|(object, _)| match object {
                    Object::Address(address) => Some(address),
                    _ => None,
                });
                Control::Modified(addresses.next_back())
            }
            _ => Control::Allowed,
        }
    }
}

impl Terminal {
    /// SEND SHORT MESSAGE.
    pub(super) fn send_short_message(&mut self, command: &ProactiveCommand, qualifier: u8) -> Outcome {
        if let Some(octets) = command.objects.cdma_sms_tpdu() {
            return self.send_cdma_message(octets);
        }
        if !self.offers(Facility::SendShortMessage) {
            return Outcome::new(0x30);
        }
        let Some(tpdu) = command.objects.sms_tpdu() else { return Outcome::new(0x36) };
        let control = self.control.take();
        if self.switches.on(Switch::ShortMessageUnsent) {
            return Outcome::new(0x00);
        }
        let mut submit = match Submit::parse(tpdu) {
            Ok(submit) => submit,
            Err(_) => return Outcome::new(0x32),
        };
        if qualifier & 0x01 == 0x01 && !self.switches.on(Switch::NeverPack) || self.switches.on(Switch::PackUnasked) {
            match packed(submit.clone()) {
                Some(packed) => submit = packed,
                None => return Outcome::new(0x32),
            }
        }
        let mut result = 0x00;
        match control {
            None if self.asks_before_sending() => {
                let service_centre = command.get(ObjectKind::Address).cloned();
                return Outcome::new(0x00).then(After::Ask(Box::new(self.control_of(service_centre, &submit))));
            }
            None | Some(Control::Allowed) => {}
            Some(_) if self.switches.on(Switch::IgnoreShortMessageControl) => {}
            Some(Control::Refused) => return Outcome::caused(CONTROLLED, NOT_ALLOWED),
            Some(Control::Modified(to)) => {
                result = 0x05;
                let to = to.and_then(|address| SmsAddress::from_text(&address.to_string()));
                submit.destination = to.unwrap_or(submit.destination);
            }
        }
        if self.config.choices.terminal.message_reference == MessageReference::Own {
            self.references = self.references.wrapping_add(1);
            submit.reference = self.references;
        }
        let Ok(tpdu) = submit.encode() else { return Outcome::new(0x32) };
        if !self.in_service {
            return Outcome::caused(UNABLE, NO_SERVICE);
        }
        match self.network.submit(&tpdu, self.io.now) {
            Err(cause) if !self.switches.on(Switch::IgnoreNetworkRefusal) => Outcome::caused(RP_ERROR, cause),
            Err(_) => Outcome::new(0x00),
            Ok(back) => {
                self.give_to_network(Format::Tpdu, tpdu);
                let outcome = Outcome::new(result);
                back.map_or(outcome, |back| Outcome::new(result).then(After::Arrives(back)))
            }
        }
    }

    /// The network has taken a message.
    pub(super) fn give_to_network(&mut self, format: Format, message: Vec<u8>) {
        self.io.observe(Actor::Card, "sms", &message, || short_message::fields(format, &message));
        if !self.config.scripted {
            // What a reference DUT has given to the network, the harness can see.
            self.io.send(Signal::Sms(message));
        }
    }

    /// Whether the card is asked before a message is sent (TS 31.111 7.3.2).
    fn asks_before_sending(&self) -> bool {
        self.offers(Facility::MoShortMessageControl)
            && (self.start.has_service(SERVICE_31) == Some(true) || self.switches.on(Switch::ShortMessageControlAlways))
            && !self.switches.on(Switch::NoShortMessageControl)
    }

    /// ENVELOPE (MO SHORT MESSAGE CONTROL): the service centre, which is that of EF.SMSP unless the command names one; the
    /// number the message goes to; and where the terminal is.
    fn control_of(&self, named: Option<Object>, submit: &Submit) -> Envelope {
        let own = self.start.service_centre().filter(|_| !self.switches.on(Switch::IgnoreSmsp));
        let own = own.or_else(|| Address::from_text("")).map(Object::Address);
        let named = named.filter(|_| !self.switches.on(Switch::IgnoreServiceCentre));
        let destination = Address::from_text(&submit.destination.to_string()).map(Object::Address);
        let envelope = Envelope::new(EnvelopeTag::MoShortMessageControl);
        let envelope = [named.or(own), destination].into_iter().flatten().fold(envelope, Envelope::with);
        envelope.with(self.location())
    }

    /// Asks the card whether the message of a command may be sent; the command is carried out once it has answered.
    pub(super) fn ask_card(
        &mut self,
        envelope: Envelope,
        command: ProactiveCommand,
        reply: &Reply,
    ) -> Result<(), PlayerError> {
        self.held = Some((command, reply.clone()));
        self.envelope(envelope, None)
    }

    /// The card has answered an ENVELOPE: if that was to ask about a message, the command goes on.
    pub(super) fn controlled(&mut self, octets: &[u8], data: &[u8]) {
        let asked = Envelope::parse(octets).is_ok_and(|envelope| envelope.tag == EnvelopeTag::MoShortMessageControl);
        let Some((command, reply)) = self.held.take_if(|_| asked) else { return };
        self.control = Some(Control::read(data));
        if let Err(error) = self.answer_command(Ok(command), &reply) {
            self.io.break_off(&error);
        }
    }

    /// A short message arrives from the network.
    pub(super) fn short_message(&mut self, tpdu: &[u8]) {
        if self.switches.on(Switch::PushWithoutHeader) {
            return self.push(tpdu.get(PUSH_PLACE..).unwrap_or_default());
        }
        if let Ok(message) = CdmaMessage::parse(tpdu) {
            return self.cdma_message(&message);
        }
        let Ok(deliver) = Deliver::parse(tpdu) else { return };
        if deliver.pid == DOWNLOAD && is_for_card(deliver.dcs) {
            return self.download(tpdu);
        }
        let dcs = deliver.dcs;
        let Some(UserData { body, elements, septets }) = self.inbox.take(self.io.now, deliver, &self.switches) else {
            return;
        };
        let is_data = character_set(dcs) == CharacterSet::EightBit;
        if !is_data || (dcs != short_message::OCTETS_FOR_TERMINAL && self.switches.on(Switch::OneDcsOnly)) {
            return;
        }
        let user_data = UserData { elements, body: Vec::new(), septets };
        let port = user_data.ports().map(|ports| ports.destination);
        if port == Some(PUSH_PORT) || self.switches.on(Switch::PushOnAnyPort) {
            self.push(&body);
        }
    }

    /// A connectionless push without security: a notification goes to the DM Client.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if self.switches.on(Switch::NoPush) || !self.client_alive {
            return;
        }
        if self.pushed_bootstrap(octets) {
            return;
        }
        let bare = self.switches.on(Switch::BareOrPush) && WspPush::parse(octets).is_err();
        if self.switches.on(Switch::BareShortMessage) || bare {
            return self.notify(self.client.framing().framed(octets.to_vec()));
        }
        let push = match WspPush::parse(octets) {
            Ok(push) if !push.headers.is_empty() || !self.switches.on(Switch::PushWithoutHeader) => push,
            Ok(_) | Err(_) if self.switches.on(Switch::PushWithoutHeader) => {
                WspPush::notification(1, octets.get(PUSH_HEADER..).unwrap_or_default())
            }
            Ok(_) | Err(_) => return,
        };
        let of_type = push.is_of_notification_type() || self.switches.on(Switch::PushOfAnyType);
        let for_client = push.is_for_dm_client() || self.switches.on(Switch::PushForAnyApplication);
        let longer = push.headers != WspPush::notification(push.id, &[]).headers;
        let numbers_only = self.config.choices.terminal.push_coding == PushCoding::NumbersOnly;
        if numbers_only && is_text(&push) || longer && self.switches.on(Switch::ShortestHeadersOnly) {
            return;
        }
        if of_type && for_client {
            self.notify(self.client.framing().framed(push.body));
        }
    }

    /// SMS-PP download: the message is for the card.
    fn download(&mut self, tpdu: &[u8]) {
        let allowed = self.offers(Facility::SmsPpDownload) && self.start.has_service(SERVICE_28) == Some(true);
        if !allowed || self.switches.on(Switch::NoSmsDownload) {
            return;
        }
        if let Err(error) = self.envelope(download_of(tpdu), None) {
            self.io.break_off(&error);
        }
    }
}

/// ENVELOPE (SMS-PP DOWNLOAD) with a message (TS 31.111 7.1.1).
pub(super) fn download_of(tpdu: &[u8]) -> Envelope {
    let devices = DeviceIdentities { source: Device::Network, destination: Device::Uicc };
    let envelope = Envelope { tag: EnvelopeTag::SmsPpDownload, objects: ObjectList::default() };
    envelope.with(Object::DeviceIdentities(devices)).with(Object::SmsTpdu(tpdu.to_vec()))
}

/// Whether a data coding scheme is that of class 2, which is for the card (TS 23.038 4).
fn is_for_card(dcs: u8) -> bool {
    match dcs >> 4 {
        0x00..=0x03 => dcs & 0x13 == 0x12,
        0x0F => dcs & 0x03 == 0x02,
        _ => false,
    }
}

fn is_text(push: &WspPush) -> bool {
    use dmsc_uicc::sms::MediaType::Text;
    matches!(push.content_type(), Ok(Text(_))) || matches!(push.application_id(), Ok(Some(Text(_))))
}

/// The message with its user data packed into the 7-bit alphabet, as the card asked for; it gives them as 8-bit text
/// (TS 31.111 6.4.10).
fn packed(mut submit: Submit) -> Option<Submit> {
    if submit.user_data.septets.is_some() || submit.user_data.elements.is_some() {
        return Some(submit);
    }
    submit.user_data.septets = Some(u8::try_from(submit.user_data.body.len()).ok()?);
    submit.user_data.body = gsm7::pack(&submit.user_data.body, 0);
    submit.dcs = 0x00;
    Some(submit)
}

#[cfg(test)]
mod tests {
    use dmsc_octets::{from_hex, to_hex};

    use super::*;

    #[test]
    fn data_of_class_2_are_for_the_card() {
        let found: Vec<u8> =
            [0x00, 0x04, 0x12, 0x16, 0xF5, 0xF6, 0xF2, 0x96].into_iter().filter(|dcs| is_for_card(*dcs)).collect();
        assert_eq!(found, [0x12, 0x16, 0xF6, 0xF2]);
    }

    #[test]
    fn a_message_is_packed_once() {
        let submit =
            Submit::parse(&from_hex("0100058121 43F500F505 68656C6C6F".replace(' ', "").as_str()).unwrap()).unwrap();
        let packed = packed(submit).unwrap();
        assert_eq!(to_hex(&packed.encode().unwrap()), "010005812143F500000 5E8329BFD06".replace(' ', ""));
    }

    #[test]
    fn answers_of_the_card() {
        assert_eq!(Control::read(&[]), Control::Allowed);
        assert_eq!(Control::read(&[0x00, 0x00]), Control::Allowed);
        assert_eq!(Control::read(&[0x01, 0x00]), Control::Refused);
        let modified = from_hex("020A860291998604812143F5").unwrap();
        let Control::Modified(Some(to)) = Control::read(&modified) else { panic!() };
        assert_eq!(to.to_string(), "12345");
    }
}
