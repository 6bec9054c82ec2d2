//! Short messages as both players build and read them: a WSP push with a notification, divided where it has to be
//! (TS 23.040 9.2, DMNOTI 7).

use std::time::Duration;

use dmsc_link::Time;
use dmsc_octets::to_hex;
use dmsc_uicc::coding::bcd;
use dmsc_uicc::sms::{
    CdmaDatagram, CdmaMessage, CdmaWay, Deliver, Division, MediaType, Ports, SmsAddress, SmsError, Submit, UserData,
    WAP_TELESERVICE, WspPush, split,
};
use serde_json::{Map, Value, json};

use crate::messages::{MediaName, Octets, Removable, SmsWith, Within};
use crate::player::PlayerError;
use crate::trigger_form::header_length;

/// Whom a message comes from that the network delivers, unless a case says.
const SENDER: &str = "+15550000099";

/// 8-bit data of class 1, which is meant for the terminal (TS 23.038 4).
pub const OCTETS_FOR_TERMINAL: u8 = 0xF5;

/// A message, as far as both directions have it in common.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The other side.
    number: SmsAddress,
    pid: u8,
    dcs: u8,
    /// The user data of the parts that are sent, in this order.
    parts: Vec<UserData>,
    /// The ports and the user data of the whole.
    datagram: CdmaDatagram,
}

impl Draft {
    /// A message of these fields around a notification. What they do not name is as usual; `own` is the number of the
    /// terminal, to which a card sends.
    ///
    /// # Errors
    /// [`PlayerError`] for a number that is none, or what does not fit.
    pub fn new(with: &SmsWith, package0: &[u8], own: Option<&str>) -> Result<Draft, PlayerError> {
        let text = with.number.as_deref().or(own).unwrap_or(SENDER);
        let number = SmsAddress::from_text(text).ok_or_else(|| PlayerError(format!("\"{text}\" is not a number")))?;
        let ports = match with.port {
            Some(Removable::Removed) => None,
            Some(Removable::Set(destination)) => Some(Ports { destination, ..Ports::PUSH }),
            None => Some(Ports::PUSH),
        };
        let ports = ports.map(|ports| Ports {
            source: with.source_port.unwrap_or(ports.source),
            short: with.short_ports.unwrap_or(ports.short),
            ..ports
        });
        // The push is the one that is made here, whatever stands before a notification elsewhere.
        let package0 = package0.get(header_length(package0)..).unwrap_or_default();
        let payload = match &with.payload {
            Some(Octets(payload)) => payload.clone(),
            None if with.bare == Some(true) => package0.to_vec(),
            None => push(with, package0).encode(),
        };
        let size = |parts: Within<2, 64>| payload.len().div_ceil(usize::try_from(parts.get()).unwrap_or(1));
        let division = Division {
            reference: with.reference.unwrap_or(1),
            wide: with.wide_reference.unwrap_or(false),
            size: with.parts.map(size),
        };
        let all = split(ports, division, &payload).map_err(unfit)?;
        let chosen = |number: &Within<1, 255>| {
            let place = usize::try_from(number.get()).unwrap_or(usize::MAX).saturating_sub(1);
            let lacking = || PlayerError(format!("there is no part {}; it has {}", number.get(), all.len()));
            all.get(place).cloned().ok_or_else(lacking)
        };
        let parts = match &with.order {
            Some(order) => order.values().iter().map(chosen).collect::<Result<_, _>>()?,
            None => all,
        };
        let Ports { source, destination, .. } = ports.unwrap_or(Ports::PUSH);
        let datagram = CdmaDatagram { source, destination, data: payload };
        let (pid, dcs) = (with.pid.unwrap_or(0x00), with.dcs.unwrap_or(OCTETS_FOR_TERMINAL));
        Ok(Draft { number, pid, dcs, parts, datagram })
    }

    /// The messages as the network delivers them.
    ///
    /// # Errors
    /// [`PlayerError`] for user data that is too long.
    pub fn delivered(&self, now: Time) -> Result<Vec<Vec<u8>>, PlayerError> {
        let part = |user_data: &UserData| {
            let deliver = Deliver::new(self.number.clone(), self.dcs, timestamp(now), user_data.clone());
            Deliver { pid: self.pid, ..deliver }.encode().map_err(unfit)
        };
        self.parts.iter().map(part).collect()
    }

    /// The whole as a message of CDMA that goes this way.
    ///
    /// # Errors
    /// [`PlayerError`] for user data that is too long.
    pub fn cdma(&self, way: CdmaWay) -> Result<Vec<u8>, PlayerError> {
        let number = self.number.to_string();
        let user_data = self.datagram.encode();
        CdmaMessage { way, teleservice: WAP_TELESERVICE, number, id: 1, user_data }.encode().map_err(unfit)
    }

    /// The messages as they are given to the network.
    ///
    /// # Errors
    /// [`PlayerError`] for user data that is too long.
    pub fn submitted(&self) -> Result<Vec<Vec<u8>>, PlayerError> {
        let part = |user_data: &UserData| {
            let submit = Submit::new(self.number.clone(), self.dcs, user_data.clone());
            Submit { pid: self.pid, ..submit }.encode().map_err(unfit)
        };
        self.parts.iter().map(part).collect()
    }
}

fn unfit(error: SmsError) -> PlayerError {
    PlayerError(error.to_string())
}

fn push(with: &SmsWith, package0: &[u8]) -> WspPush {
    let id = with.push_id.unwrap_or(1);
    if let Some(Octets(headers)) = &with.headers {
        return WspPush { id, headers: headers.clone(), body: package0.to_vec() };
    }
    let content_type = with.content_type.as_ref().map_or(&MediaType::NOTIFICATION, |MediaName(name)| name);
    let application = match &with.application_id {
        None => Some(&MediaType::DM_CLIENT),
        Some(Removable::Set(MediaName(name))) => Some(name),
        Some(Removable::Removed) => None,
    };
    WspPush::new(id, content_type, application, package0)
}

/// The time stamp of a service centre, whose clock began with the session: swapped BCD of 1 January 2026 and after, in
/// Greenwich (TS 23.040 9.2.3.11).
pub(crate) fn timestamp(now: Time) -> [u8; 7] {
    let seconds = now.since(Time::ZERO).min(Duration::from_secs(28 * 86_400 - 1)).as_secs();
    let places = [26, 1, 1 + seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, 0];
    places.map(|place| u8::try_from(place).ok().and_then(bcd::from_number).unwrap_or_default())
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As TS 23.040 has it.
    Tpdu,
    /// As C.S0015 has it.
    Cdma,
}

impl Format {
    /// The format of octets of which nothing else is known: that of CDMA where they can be read as such.
    pub fn told_by(octets: &[u8]) -> Format {
        if CdmaMessage::parse(octets).is_ok() { Format::Cdma } else { Format::Tpdu }
    }
}

/// The fields of a message, as cases see them.
pub fn fields(format: Format, tpdu: &[u8]) -> Map<String, Value> {
    let octets = ("octets".to_owned(), json!(to_hex(tpdu)));
    let malformed = |error: SmsError| ("malformed".to_owned(), json!(error.to_string()));
    if format == Format::Cdma {
        return match CdmaMessage::parse(tpdu) {
            Ok(message) => cdma_fields(tpdu, message),
            Err(error) => Map::from_iter([octets, ("cdma".to_owned(), json!(true)), malformed(error)]),
        };
    }
    let read = match tpdu.first().map(|first| first & 0x03) {
        Some(0x01) => {
            Submit::parse(tpdu).map(|submit| ("submit", submit.destination, submit.pid, submit.dcs, submit.user_data))
        }
        _ => Deliver::parse(tpdu)
            .map(|deliver| ("deliver", deliver.originator, deliver.pid, deliver.dcs, deliver.user_data)),
    };
    let (direction, number, pid, dcs, user_data) = match read {
        Ok(read) => read,
        Err(error) => return Map::from_iter([octets, malformed(error)]),
    };
    let mut map = Map::from_iter([octets]);
    let header = user_data.header().unwrap_or_default();
    let length = header.len().saturating_add(user_data.body.len());
    let mut set = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    set("type", json!(direction));
    set("number", json!(number.to_string()));
    set("pid", json!(pid));
    set("dcs", json!(dcs));
    if let Some(ports) = user_data.ports() {
        set("port", json!(ports.destination));
        set("source_port", json!(ports.source));
        set("short_ports", json!(ports.short));
    }
    let place = user_data.concatenation();
    if let Some(place) = place {
        set("reference", json!(place.reference));
        set("part", json!(place.number));
        set("parts", json!(place.total));
    }
    set("user_data_length", json!(user_data.septets.map_or(length, usize::from)));
    set("header", json!(to_hex(&header)));
    set("payload", json!(to_hex(&user_data.body)));
    // The headers of the push stand in the first part.
    if place.is_none_or(|place| place.number == 1)
        && let Ok(push) = WspPush::parse(&user_data.body)
    {
        let wsp = user_data.body.len().saturating_sub(push.body.len());
        map.insert("headers_length".into(), json!(header.len().saturating_add(wsp)));
        map.extend(push_fields(&push));
    }
    map
}

/// The fields of a push.
fn push_fields(push: &WspPush) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("push_id".into(), json!(push.id));
    map.insert("push_headers".into(), json!(to_hex(&push.headers)));
    if let Ok(name) = push.content_type() {
        map.insert("content_type".into(), MediaName::shown(&name));
    }
    if let Ok(Some(name)) = push.application_id() {
        map.insert("application_id".into(), MediaName::shown(&name));
    }
    map
}

/// The fields of a message of CDMA.
fn cdma_fields(octets: &[u8], message: CdmaMessage) -> Map<String, Value> {
    let direction = if message.way == CdmaWay::Submit { "submit" } else { "deliver" };
    let fields = [
        ("octets", json!(to_hex(octets))),
        ("cdma", json!(true)),
        ("type", json!(direction)),
        ("number", json!(message.number)),
    ];
    let mut map: Map<String, Value> = fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    let payload = match CdmaDatagram::parse(&message.user_data) {
        Ok(datagram) => {
            map.insert("port".into(), json!(datagram.destination));
            map.insert("source_port".into(), json!(datagram.source));
            datagram.data
        }
        Err(_) => message.user_data,
    };
    map.insert("payload".into(), json!(to_hex(&payload)));
    map.extend(WspPush::parse(&payload).iter().flat_map(push_fields));
    map
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;
    use serde_json::json;

    use super::*;
    use crate::messages::Group;

    fn with(fields: Value) -> SmsWith {
        let Value::Object(fields) = fields else { panic!("a mapping") };
        SmsWith::from_fields(&fields).unwrap()
    }

    #[test]
    fn a_message_is_a_push_unless_told_otherwise() {
        let draft = Draft::new(&with(json!({})), &[0xAB, 0xCD], Some("+15551234567")).unwrap();
        let submitted = draft.submitted().unwrap();
        assert_eq!(to_hex(&submitted[0]), "41000B915155214365F700F50F0605040B8423F0010603C4AF87ABCD");
        let delivered = draft.delivered(Time::from_micros(61_000_000)).unwrap();
        assert_eq!(
            to_hex(&delivered[0]),
            "440B915155214365F700F562101000101000 0F0605040B8423F0010603C4AF87ABCD".replace(' ', "")
        );
        let fields = fields(Format::Tpdu, &submitted[0]);
        assert_eq!((&fields["type"], &fields["number"]), (&json!("submit"), &json!("+15551234567")));
        assert_eq!(
            (&fields["port"], &fields["content_type"], &fields["application_id"]),
            (&json!(2948), &json!(0x44), &json!(7))
        );
        assert_eq!((&fields["headers_length"], &fields["user_data_length"]), (&json!(13), &json!(15)));
    }

    #[test]
    fn a_message_of_cdma_has_the_same_push() {
        let draft = Draft::new(&with(json!({})), &[0xAB, 0xCD], Some("+15551234567")).unwrap();
        let fields = fields(Format::Cdma, &draft.cdma(CdmaWay::Submit).unwrap());
        assert_eq!(
            (&fields["type"], &fields["number"], &fields["cdma"]),
            (&json!("submit"), &json!("+15551234567"), &json!(true))
        );
        assert_eq!(
            (&fields["port"], &fields["payload"], &fields["application_id"]),
            (&json!(2948), &json!("010603C4AF87ABCD"), &json!(7))
        );
    }

    #[test]
    fn parts_are_sent_as_asked() {
        let wanted = json!({ "parts": 2, "order": [2, 1, 1], "port": null, "application_id": null });
        let draft = Draft::new(&with(wanted), &[0xAB, 0xCD], None).unwrap();
        let parts = draft.delivered(Time::ZERO).unwrap();
        assert_eq!(parts.len(), 3);
        assert_eq!((&parts[1], fields(Format::Tpdu, &parts[0])["part"].clone()), (&parts[2], json!(2)));
        assert_eq!(fields(Format::Tpdu, &parts[1])["payload"], json!("010601"));
        let error = Draft::new(&with(json!({ "order": [2] })), &[], None).unwrap_err();
        assert_eq!(error.to_string(), "there is no part 2; it has 1");
        assert!(Draft::new(&with(json!({ "number": "me" })), &[], None).is_err());
    }

    #[test]
    fn a_message_is_read_as_what_it_is() {
        let draft = Draft::new(&with(json!({})), &[0xAB, 0xCD], None).unwrap();
        let (cdma, tpdu) = (draft.cdma(CdmaWay::Deliver).unwrap(), draft.delivered(Time::ZERO).unwrap().remove(0));
        assert_eq!((Format::told_by(&cdma), Format::told_by(&tpdu)), (Format::Cdma, Format::Tpdu));
        assert_eq!(fields(Format::Cdma, &cdma)["number"], json!(SENDER));
        let wrong = fields(Format::Cdma, &tpdu);
        assert!(wrong["cdma"] == json!(true) && wrong.contains_key("malformed"), "{wrong:?}");
        assert!(!fields(Format::Tpdu, &cdma).contains_key("cdma"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let cut = fields(Format::Tpdu, &from_hex("41000B91").unwrap());
        assert!(cut["malformed"].as_str().unwrap().contains("address"), "{cut:?}");
        assert!(fields(Format::Tpdu, &[]).contains_key("malformed"));
    }
}
