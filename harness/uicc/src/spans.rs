//! Where the fields of APDUs and toolkit messages stand in their octets. The names are those of the fields: of
//! [`crate::layout`] for toolkit messages, `cla` to `le` for other commands, `sw` and `data` for responses.
//!
//! Each function decodes once more, for those who want to point at octets; decoding itself does not pay for it. Of octets
//! that do not parse no place is known but the whole, and what stands before the error.

use std::ops::Range;

use dmsc_octets::Spans;

use crate::apdu::CommandApdu;
use crate::ber;
use crate::command::ProactiveCommand;
use crate::comprehension::{self, Tlv};
use crate::instruction::Instruction;
use crate::layout::Layout;
use crate::message::fields::{Slot, slots, unusual_cr};
use crate::object::{Object, ObjectKind, Place};
use crate::profile::Facility;

/// A proactive command, by itself or as fetched, with the status word after it.
#[must_use]
pub fn proactive_command(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    if octets.first() == Some(&ProactiveCommand::TAG) {
        put_template(&mut spans, Layout::Command, octets, 0);
    }
    spans
}

/// The data of an ENVELOPE.
#[must_use]
pub fn envelope(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    put_envelope(&mut spans, octets, 0);
    spans
}

/// The data of a TERMINAL RESPONSE.
#[must_use]
pub fn terminal_response(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    put_objects(&mut spans, Layout::Response, octets, 0);
    spans
}

/// The data of a TERMINAL PROFILE: `profile`, `channels`, and `facilities` with the octet of each facility under its name
/// and, for those that are set, under its index in the list.
#[must_use]
pub fn terminal_profile(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    put_profile(&mut spans, octets, 0);
    spans
}

/// The octet of a TERMINAL PROFILE's data that tells of a facility; none in a profile that is too short for it.
#[must_use]
pub fn facility(octets: &[u8], facility: Facility) -> Option<Range<usize>> {
    let at = facility.byte().checked_sub(1)?;
    (at < octets.len()).then_some(at..at + 1)
}

/// A command APDU: `cla`, `ins`, `p1`, `p2`, `data`, `le`, `length_octets` for Lc, and the fields of what TERMINAL
/// PROFILE, ENVELOPE and TERMINAL RESPONSE carry.
#[must_use]
pub fn command_apdu(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    for (at, name) in ["cla", "ins", "p1", "p2"].into_iter().enumerate().filter(|(at, _)| *at < octets.len()) {
        spans.set(name, at..at + 1);
    }
    let Ok(command) = CommandApdu::parse(octets) else { return spans };
    // Octets of Le, and of Lc with the octet 00 that announces the extended form.
    let (size, lc) = if CommandApdu::is_extended(octets) { (2, 4..7) } else { (1, 4..5) };
    let data = lc.end..lc.end + command.data.len();
    if !command.data.is_empty() {
        spans.set("length_octets", lc);
        spans.set("data", data.clone());
    }
    if command.le.is_some() {
        spans.set("le", octets.len().saturating_sub(size)..octets.len());
    }
    match Instruction::of(command.ins) {
        Some(Instruction::TERMINAL_PROFILE) => put_profile(&mut spans, &command.data, data.start),
        Some(Instruction::ENVELOPE) => put_envelope(&mut spans, &command.data, data.start),
        Some(Instruction::TERMINAL_RESPONSE) => {
            put_objects(&mut spans, Layout::Response, &command.data, data.start);
        }
        _ => {}
    }
    spans
}

/// A response APDU: `data` and `sw`.
#[must_use]
pub fn response_apdu(octets: &[u8]) -> Spans {
    let mut spans = whole(octets);
    if let Some(end) = octets.len().checked_sub(2) {
        if end > 0 {
            spans.set("data", 0..end);
        }
        spans.set("sw", end..octets.len());
    }
    spans
}

fn whole(octets: &[u8]) -> Spans {
    Spans::at(0..octets.len())
}

fn put_profile(spans: &mut Spans, octets: &[u8], base: usize) {
    if octets.is_empty() {
        return;
    }
    let place = |at: Range<usize>| Spans::at(at).shifted(base);
    let profile = crate::profile::TerminalProfile(octets.to_vec());
    let mut facilities = Spans::new();
    for (name, each) in Facility::ALL.iter().filter_map(|each| Some((each.name(), facility(octets, *each)?))) {
        facilities.put(name, place(each));
    }
    for (index, at) in profile.facilities().filter_map(|each| facility(octets, each)).enumerate() {
        facilities.put(index.to_string(), place(at));
    }
    spans.put("profile", place(0..octets.len()));
    spans.put("facilities", facilities.within(base..base.saturating_add(octets.len())));
    if octets.len() > 12 {
        spans.put("channels", place(12..13));
    }
}

fn put_envelope(spans: &mut Spans, octets: &[u8], base: usize) {
    if !octets.is_empty() {
        spans.put("tag", Spans::at(base..base.saturating_add(1)));
    }
    put_template(spans, Layout::Envelope, octets, base);
}

fn put_template(spans: &mut Spans, layout: Layout, octets: &[u8], base: usize) {
    if let Ok((template, _)) = ber::read(octets) {
        put_objects(spans, layout, template.value, base.saturating_add(template.value_at));
    }
}

/// Puts the places of the fields that a message's objects have.
fn put_objects(spans: &mut Spans, layout: Layout, octets: &[u8], base: usize) {
    let Ok(found) = comprehension::read_all(octets, base) else { return };
    let objects: Vec<Object> = found.iter().map(|tlv| Object::from_value(tlv.tag, tlv.value)).collect();
    let command_type = objects.iter().find_map(|object| match object {
        Object::CommandDetails(details) => Some(details.command_type),
        _ => None,
    });
    let kinds = objects.iter().zip(&found).map(|(object, tlv)| (object.kind(), tlv.cr));
    let mut lists: Vec<(String, Vec<Spans>)> = Vec::new();
    let mut entry = |name: &str, part: Spans| match lists.iter_mut().find(|(known, _)| known == name) {
        Some((_, entries)) => entries.push(part),
        None => lists.push((name.to_owned(), vec![part])),
    };
    for (slot, tlv) in slots(layout, kinds).into_iter().zip(&found) {
        match slot {
            Slot::Field(kind, _) if kind.place() == Place::Spread => {
                let parts = kind.parts(tlv.value).shifted(tlv.value_at);
                for name in kind.fields().iter().map(|field| field.name) {
                    if let Some(part) = parts.part(name) {
                        spans.put(name, part.clone());
                    }
                }
            }
            Slot::Field(kind, _) if kind.place() == Place::Listed => entry(&kind.name(), object(kind, tlv)),
            Slot::Field(kind, _) => spans.put(kind.name(), object(kind, tlv)),
            Slot::Extra(_) => {
                let value = Spans::at(tlv.value_at..tlv.range().end);
                let tag = Spans::at(tlv.tag_range());
                entry("extra", Spans::at(tlv.range()).with("tag", tag.clone()).with("cr", tag).with("value", value));
            }
        }
        if let Some(name) = unusual_cr(layout, command_type, slot, tlv.cr) {
            entry(name, Spans::at(tlv.tag_range()));
        }
    }
    for (name, entries) in lists {
        let hull = hull(&entries);
        let list = Spans::list(entries);
        spans.put(
            name,
            match hull {
                Some(hull) => list.within(hull),
                None => list,
            },
        );
    }
}

/// An object with the parts of its value.
fn object(kind: ObjectKind, tlv: &Tlv<'_>) -> Spans {
    kind.parts(tlv.value).shifted(tlv.value_at).within(tlv.range())
}

/// The octets of entries that follow one another without a gap.
fn hull(entries: &[Spans]) -> Option<Range<usize>> {
    let mut places = entries.iter().map(Spans::own);
    let first = places.next()??;
    places.try_fold(first, |hull, next| {
        let next = next?;
        (next.start == hull.end).then_some(hull.start..next.end)
    })
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::envelope::Envelope;
    use crate::response::TerminalResponse;

    fn octets(hex: &str) -> Vec<u8> {
        from_hex(hex).unwrap()
    }

    fn find(spans: &Spans, paths: &[&str]) -> Vec<Option<Range<usize>>> {
        paths.iter().map(|path| spans.find(path)).collect()
    }

    #[test]
    fn fields_of_a_proactive_command() {
        for status in ["", "9000"] {
            let octets = octets(&format!("D012810301400082028182B9020578BC03031014{status}"));
            let spans = proactive_command(&octets);
            assert_eq!(
                find(&spans, &["number", "type", "qualifier", "source", "destination"]),
                [Some(4..5), Some(5..6), Some(6..7), Some(9..10), Some(10..11)]
            );
            assert_eq!(
                find(&spans, &["buffer_size", "transport", "transport.protocol", "transport.port"]),
                [Some(11..15), Some(15..20), Some(17..18), Some(18..20)]
            );
            // A field that is not there stands in the whole.
            assert_eq!(spans.find("channel_data"), Some(0..octets.len()));
        }
    }

    #[test]
    fn lists_flags_and_objects_without_a_field() {
        let spans = terminal_response(&octets("8103014400 02028281 830100 B8028100 B8020205 390103 7F80810101"));
        assert_eq!(
            find(&spans, &["channel_status", "channel_status.1", "channel_status.1.link", "channel_status.1.info"]),
            [Some(12..20), Some(16..20), Some(18..19), Some(19..20)]
        );
        assert_eq!(find(&spans, &["no_cr.0", "result"]), [Some(5..6), Some(11..12)]);
        assert_eq!(
            find(&spans, &["extra.0", "extra.0.value", "extra.1.tag", "extra.1.cr", "extra.1.value"]),
            [Some(20..23), Some(22..23), Some(23..26), Some(23..26), Some(27..28)]
        );
        // The list is no whole where something stands between its entries.
        let spans = terminal_response(&octets("B8028100 830100 B8020205"));
        assert_eq!(find(&spans, &["channel_status", "channel_status.1"]), [Some(0..11), Some(7..11)]);
        assert_eq!(spans.part("channel_status").unwrap().own(), None);
    }

    #[test]
    fn fields_of_an_apdu_and_of_what_it_carries() {
        let spans = command_apdu(&octets("80140000118103024301820282818303 3A1000B70100"));
        assert_eq!(
            find(&spans, &["cla", "ins", "p1", "p2", "length_octets", "data"]),
            [Some(0..1), Some(1..2), Some(2..3), Some(3..4), Some(4..5), Some(5..22)]
        );
        assert_eq!(
            find(&spans, &["type", "result", "additional", "data_length", "le"]),
            [Some(8..9), Some(16..17), Some(17..19), Some(19..22), Some(0..22)]
        );
        let envelope = command_apdu(&octets("80C2000010D60E99010982028281B8028100B7012D00"));
        assert_eq!(
            find(&envelope, &["tag", "event_list", "event_list.0", "channel_status.0.channel", "le"]),
            [Some(5..6), Some(7..10), Some(9..10), Some(16..17), Some(21..22)]
        );
        let extended = command_apdu(&octets("80C20000000005D6039901090100"));
        assert_eq!(
            find(&extended, &["length_octets", "data", "event_list.0", "le"]),
            [Some(4..7), Some(7..12), Some(11..12), Some(12..14)]
        );
        assert_eq!(find(&command_apdu(&octets("80100000")), &["profile"]), [Some(0..4)]);
        let select = command_apdu(&octets("00A40004023F00"));
        assert_eq!(find(&select, &["data", "p2"]), [Some(5..7), Some(3..4)]);
        assert_eq!(find(&command_apdu(&octets("8012000014")), &["le"]), [Some(4..5)]);
        assert_eq!(find(&command_apdu(&octets("8012")), &["ins", "p1"]), [Some(1..2), Some(0..2)]);
    }

    #[test]
    fn facilities_of_a_profile() {
        let spans = command_apdu(&octets("801000000E B317E9420C0000870000001F4201"));
        let path = |facility: Facility| format!("facilities.{}", facility.name());
        assert_eq!(spans.find(&path(Facility::EventDataAvailable)), Some(10..11));
        // Octet 17 is not there.
        assert_eq!(spans.find(&path(Facility::TcpUiccServer)), Some(5..19));
        assert_eq!(
            find(&spans, &["facilities", "facilities.0", "profile", "channels"]),
            [Some(5..19), Some(5..6), Some(5..19), Some(17..18)]
        );
        assert_eq!(facility(&[0; 17], Facility::TcpUiccServer), Some(16..17));
        assert_eq!(facility(&[0; 16], Facility::TcpUiccServer), None);
    }

    #[test]
    fn data_and_status_word_of_a_response() {
        assert_eq!(find(&response_apdu(&octets("D0009114")), &["data", "sw"]), [Some(0..2), Some(2..4)]);
        assert_eq!(find(&response_apdu(&octets("9000")), &["data", "sw"]), [Some(0..2), Some(0..2)]);
        assert_eq!(response_apdu(&[0x90]).find("sw"), Some(0..1));
    }

    /// The paths of a tree of fields, those of records and lists too.
    fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        if !path.is_empty() {
            found.push(path.to_owned());
        }
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| paths(value, &below(name), found)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(at, value)| paths(value, &below(&at.to_string()), found));
            }
            _ => {}
        }
    }

    /// Whether a path leads to places that lie in one another, down to its last name.
    fn is_known(spans: &Spans, path: &str, within: Range<usize>) -> bool {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let Some(part) = spans.part(name) else { return false };
        let own = part.own();
        let inside =
            own.clone().is_none_or(|own| within.start <= own.start && own.start <= own.end && own.end <= within.end);
        inside && (rest.is_empty() || is_known(part, rest, own.unwrap_or(within)))
    }

    proptest! {
        #[test]
        fn every_field_has_a_place_in_the_octets(body in proptest::collection::vec(
            (prop_oneof![0x01u8..=0x7E, Just(0x01), Just(0x02), Just(0x38), Just(0x71)], any::<bool>(),
             proptest::collection::vec(any::<u8>(), 0..5)), 0..12), tag: u8, status: bool)
        {
            let mut objects = Vec::new();
            for (tag, cr, value) in &body {
                comprehension::write(&mut objects, u16::from(*tag), *cr, value);
            }
            let mut command = Vec::new();
            ber::write(&mut command, ProactiveCommand::TAG, &objects);
            let mut data = Vec::new();
            ber::write(&mut data, tag, &objects);
            let mut cases = vec![
                (proactive_command(&command), command.len(), ProactiveCommand::parse(&command).unwrap().to_fields()),
                (terminal_response(&objects), objects.len(), TerminalResponse::parse(&objects).unwrap().to_fields()),
                (envelope(&data), data.len(), Envelope::parse(&data).unwrap().to_fields()),
            ];
            let apdu = CommandApdu::new(0x80, 0xC2, 0x00, 0x00).with_data(data.as_slice()).encode().unwrap();
            cases.push((command_apdu(&apdu), apdu.len(), Envelope::parse(&data).unwrap().to_fields()));
            if status {
                command.extend([0x90, 0x00]);
                let fields = cases[0].2.clone();
                cases.push((proactive_command(&command), command.len(), fields));
            }
            for (spans, length, fields) in cases {
                let mut all = Vec::new();
                paths(&Value::Object(fields), "", &mut all);
                for path in all {
                    prop_assert!(is_known(&spans, &path, 0..length), "{path} in {spans:?}");
                }
            }
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, header in proptest::option::of(prop_oneof![
            Just(vec![0x80, 0xC2, 0, 0]), Just(vec![0x80, 0x14, 0, 0]), Just(vec![0x80, 0x10, 0, 0]), Just(vec![0xD0])]))
        {
            let octets = header.into_iter().flatten().chain(octets).collect::<Vec<_>>();
            let all = [proactive_command, envelope, terminal_response, terminal_profile, command_apdu, response_apdu];
            for spans in all {
                let spans = spans(&octets);
                for path in ["type", "tag", "data", "le", "sw", "extra.0.value", "channel_status.0.info", "facilities.0"] {
                    let at = spans.find(path).unwrap();
                    prop_assert!(at.start <= at.end && at.end <= octets.len(), "{path} at {at:?}");
                }
            }
        }
    }
}
