//! From objects to fields.

use crate::coding;
use crate::command::CommandType;
use crate::layout::{Layout, default_cr};
use crate::object::{Object, ObjectKind, ObjectList};
use dmsc_octets::to_hex;
use serde_json::{Map, Value, json};

/// Kinds of which a message may carry several in one field.
pub(super) const fn is_list(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::ChannelStatus | ObjectKind::RegistryApplication)
}

/// A name if there is one, else the code.
pub(super) fn named(name: Option<&'static str>, code: u8) -> Value {
    name.map_or_else(|| json!(code), |name| json!(name))
}

pub(super) fn fields(layout: Layout, command_type: Option<CommandType>, objects: &ObjectList) -> Map<String, Value> {
    let kinds = layout.kinds();
    let mut fields = Map::new();
    let mut seen: Vec<(ObjectKind, bool)> = Vec::new();
    let mut extra = Vec::new();
    for (object, cr) in &objects.0 {
        let kind = object.kind().filter(|kind| kinds.contains(kind));
        let first = kind.and_then(|kind| seen.iter().find(|(known, _)| *known == kind));
        match (kind, first) {
            (Some(kind), None) => {
                seen.push((kind, *cr));
                insert(&mut fields, kind, object);
            }
            (Some(kind), Some((_, first_cr))) if is_list(kind) && first_cr == cr => insert(&mut fields, kind, object),
            // A second object of a kind has no field of its own; neither has a list entry with another CR flag.
            _ => extra.push(json!({ "tag": object.tag(), "cr": cr, "value": to_hex(&object.value()) })),
        }
    }
    if !extra.is_empty() {
        fields.insert("extra".to_owned(), Value::Array(extra));
    }
    for (name, flag) in [("cr", true), ("no_cr", false)] {
        let unusual = seen.iter().filter(|(kind, cr)| *cr == flag && default_cr(layout, command_type, *kind) != flag);
        let names: Vec<Value> = unusual.filter_map(|(kind, _)| kind.known_name()).map(Value::from).collect();
        if !names.is_empty() {
            fields.insert(name.to_owned(), Value::Array(names));
        }
    }
    fields
}

fn insert(fields: &mut Map<String, Value>, kind: ObjectKind, object: &Object) {
    match object {
        Object::CommandDetails(details) => {
            fields.insert("number".to_owned(), json!(details.number));
            let command_type = details.command_type;
            fields.insert("type".to_owned(), named(command_type.known_name(), command_type.code()));
            fields.insert("qualifier".to_owned(), json!(details.qualifier));
        }
        Object::DeviceIdentities(devices) => {
            fields.insert("source".to_owned(), json!(devices.source.code()));
            fields.insert("destination".to_owned(), json!(devices.destination.code()));
        }
        Object::Result(general, additional) => {
            fields.insert("result".to_owned(), json!(general.code()));
            if !additional.is_empty() {
                fields.insert("additional".to_owned(), json!(to_hex(additional)));
            }
        }
        object => {
            let value = value(object);
            let name = kind.name();
            if !is_list(kind) {
                fields.insert(name, value);
            } else if let Value::Array(list) = fields.entry(name).or_insert_with(|| json!([])) {
                list.push(value);
            }
        }
    }
}

/// The value of an object with a field of its own; one entry for the kinds that are lists.
fn value(object: &Object) -> Value {
    match object {
        Object::Duration(duration) => {
            json!({ "unit": named(duration.unit.known_name(), duration.unit.code()), "interval": duration.interval })
        }
        Object::AlphaIdentifier(octets) => text(octets, coding::alpha_text, coding::from_alpha_text),
        Object::TextString(string) => {
            text(&object.value(), |_| coding::text(string.dcs, &string.octets), coding_of_text)
        }
        Object::Address(_) | Object::OtherAddress(_) | Object::NetworkAccessName(_) => {
            let octets = object.value();
            text(
                &octets,
                |_| super::read::plain_text(object),
                |text| super::read::from_plain_text(object.kind()?, text),
            )
        }
        Object::EventList(events) => events.iter().map(|event| named(event.known_name(), event.code())).collect(),
        Object::LocationStatus(status) => named(status.known_name(), status.code()),
        Object::TimerIdentifier(octet) | Object::ChannelDataLength(octet) => json!(octet),
        Object::TimerValue(time) => json!(time.to_string()),
        Object::ChannelStatus(status) => {
            json!({ "channel": status.channel, "link": status.link.name(), "info": status.info })
        }
        Object::BufferSize(size) => json!(size),
        Object::TransportLevel(level) => {
            json!({ "protocol": named(level.protocol.known_name(), level.protocol.code()), "port": level.port })
        }
        Object::LastEnvelope => json!(true),
        Object::RegistryApplication(application) => {
            let dcs = application.dcs;
            let name = text(&application.name, |name| coding::text(dcs, name), |name| coding::from_text(dcs, name));
            json!({ "port": application.port, "dcs": dcs, "type": application.application_type, "name": name })
        }
        other => json!(to_hex(&other.value())),
    }
}

/// Text if it leads back to the same octets, else `hex:` and the octets.
fn text(octets: &[u8], decode: impl Fn(&[u8]) -> Option<String>, encode: impl Fn(&str) -> Option<Vec<u8>>) -> Value {
    decode(octets)
        .filter(|text| !text.starts_with("hex:") && encode(text).as_deref() == Some(octets))
        .map_or_else(|| json!(format!("hex:{}", to_hex(octets))), |text| json!(text))
}

/// The value of a text string: GSM 8-bit if the alphabet has the characters, else UCS2.
pub(super) fn coding_of_text(text: &str) -> Option<Vec<u8>> {
    [0x04, 0x08].into_iter().find_map(|dcs| Some([&[dcs], coding::from_text(dcs, text)?.as_slice()].concat()))
}
