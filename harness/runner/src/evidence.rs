//! Which octets of a message a field stands in, so that a failing check can point at them.

use dmsc_engine::event::Event;
use dmsc_octets::from_hex;
use dmsc_report::journal::Mark;
use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::object::ObjectKind;
use dmsc_uicc::profile::Facility;
use dmsc_uicc::{ber, comprehension};

/// Where the fields of Package#0 stand: name, offset, length (DMNOTI 6).
const PACKAGE0: &[(&str, usize, usize)] = &[
    ("digest", 0, 16),
    ("digest_octets", 0, 16),
    ("version", 16, 2),
    ("ui_mode", 17, 1),
    ("initiator", 17, 1),
    ("future_use", 17, 4),
    ("session_id", 21, 2),
    ("session_text", 21, 2),
    ("length_identifier", 23, 1),
    ("server_id", 24, usize::MAX),
    ("body", 24, usize::MAX),
];

/// The octets of `event` that the field at `path` stands in; `got` and `expected` are what a mismatch said of it.
/// `None` when no place can be told.
pub fn locate(event: &Event, path: &str, expected: &str, got: &str) -> Option<Mark> {
    let field = path.split('.').next().unwrap_or_default();
    let length = event.octets.len();
    let clip = |offset: usize, count: usize| {
        let offset = offset.min(length);
        Mark { offset, length: count.min(length.saturating_sub(offset)) }
    };
    match &*event.kind {
        "notification" => {
            let (_, offset, count) = PACKAGE0.iter().find(|(name, ..)| *name == field)?;
            Some(clip(*offset, *count))
        }
        "response" if field == "sw" => Some(clip(length.saturating_sub(2), 2)),
        "terminal-profile" => {
            let missing = Facility::ALL.iter().find(|f| expected.contains(&format!("\"{}\"", f.name())))?;
            // The profile starts behind the five octets of the command header.
            Some(clip(missing.byte().saturating_add(4), 1))
        }
        "dm.message" | "http.request" | "http.response" => text(&event.octets, got),
        _ => object(event, field).or_else(|| text(&event.octets, got)),
    }
}

/// The data object that a field of a toolkit message stands for.
fn object(event: &Event, field: &str) -> Option<Mark> {
    let kind = match field {
        "number" | "type" | "qualifier" => ObjectKind::CommandDetails,
        "source" | "destination" => ObjectKind::DeviceIdentities,
        "additional" => ObjectKind::Result,
        name => ObjectKind::from_name(name)?,
    };
    let octets = event.octets.as_slice();
    // A fetched command begins with its tag; an APDU has five octets in front of its data.
    let start = if octets.first() == Some(&ProactiveCommand::TAG) { 0 } else { 5 };
    let body = octets.get(start..)?;
    let (inner, base) = if event.kind.starts_with("terminal-response") {
        (body, start)
    } else {
        let (tlv, _) = ber::read(body).ok()?;
        (tlv.value, start + tlv.value_at)
    };
    // The data of an APDU may be followed by Le, which is no object.
    let objects = comprehension::read_all(inner, base)
        .or_else(|_| comprehension::read_all(inner.get(..inner.len().saturating_sub(1)).unwrap_or_default(), base));
    let found = objects.ok()?.into_iter().find(|tlv| tlv.tag == u16::from(kind.code()))?;
    let header = 2 + usize::from(found.value.len() > 0x7F);
    Some(Mark { offset: found.at, length: header + found.value.len() })
}

/// The value itself, where it stands in the octets as text or as octets.
fn text(octets: &[u8], got: &str) -> Option<Mark> {
    let wanted = got.trim_matches('"');
    if wanted.len() < 2 {
        return None;
    }
    let as_text = find(octets, wanted.as_bytes()).map(|offset| (offset, wanted.len()));
    let as_octets = || {
        let octets_wanted = from_hex(wanted).ok().filter(|o| o.len() > 1)?;
        find(octets, &octets_wanted).map(|offset| (offset, octets_wanted.len()))
    };
    let (offset, length) = as_text.or_else(as_octets)?;
    Some(Mark { offset, length })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_engine::event::Actor;
    use dmsc_link::Time;
    use serde_json::Value;

    fn event(kind: &str, octets: &str) -> Event {
        Event {
            at: Time::ZERO,
            from: Actor::Terminal,
            kind: kind.to_owned().into(),
            fields: Value::Null.into(),
            octets: from_hex(octets).unwrap(),
            heard: true,
            wants_answer: false,
        }
    }

    #[test]
    fn a_field_is_found_in_its_message() {
        let mark = |e: &Event, path: &str| {
            locate(e, path, "\"terminal-applications\"", "\"dmsc\"").map(|m| (m.offset, m.length))
        };
        let response = event("terminal-response.send-data", "80140000108103024301820282818303 3A1000B70100");
        assert_eq!(mark(&response, "result"), Some((14, 5)));
        assert_eq!(mark(&response, "buffer_size"), None);
        let open = event("open-channel", "D012810301400082028182B9020578BC030310149000");
        assert_eq!(mark(&open, "transport.port"), Some((15, 5)));
        // The terminal sees the command without the status word.
        let open = event("open-channel", "D012810301400082028182B9020578BC03031014");
        assert_eq!(mark(&open, "transport.port"), Some((15, 5)));
        let notification = event("notification", "82F9F74E1F3F40044BC83453DBF49D1B02D800000000A510646D7363");
        assert_eq!(mark(&notification, "version"), Some((16, 2)));
        assert_eq!(mark(&notification, "server_id"), Some((24, 4)));
        let profile = event("terminal-profile", "801000001EB317E9");
        assert_eq!(mark(&profile, "facilities"), Some((8, 0)));
        assert_eq!(mark(&event("dm.message", "3C646D7363"), "target"), Some((1, 4)));
    }
}
