//! What the decoders of APDUs and toolkit messages forgive although the standards (TS 102 221, TS 102 223) do not write it
//! so. Each function decodes once more and gives what it finds in the order of the octets; octets that do not parse are
//! errors of their decoder and have none.
//!
//! The kinds are `long-length` and `long-tag` (more octets than needed), `misfit` (a value that is not as its tag says),
//! `reserved-value`, `exchanged-fields`, `repeated-object` (where there can be one), `missing-object` (a mandatory one),
//! `parameters` (P1 and P2 of a toolkit command) and `status-word`.
//!
//! Codes that the tables here do not name are irregular only where the standard says that it reserves them: later versions
//! of it name more.

use std::ops::Range;

use dmsc_octets::Irregularity;

use crate::apdu::CommandApdu;
use crate::ber;
use crate::command::ProactiveCommand;
use crate::comprehension::{self, Tlv};
use crate::instruction::Instruction;
use crate::object::{EnvelopeTag, Object, ObjectKind, Place, reserved};

/// A length in more octets than it needs.
const LONG_LENGTH: &str = "long-length";
/// A tag in three octets that fits into one.
const LONG_TAG: &str = "long-tag";
/// A data object whose value is not as its tag says.
const MISFIT: &str = "misfit";
/// A second data object where there can be one.
const REPEATED_OBJECT: &str = "repeated-object";
/// A data object that is mandatory, and missing.
const MISSING_OBJECT: &str = "missing-object";
/// Parameters of a command other than those that are in use.
const PARAMETERS: &str = "parameters";
/// A status word that is none.
const STATUS_WORD: &str = "status-word";

/// A proactive command, by itself or as fetched, with the status word after it.
#[must_use]
pub fn proactive_command(octets: &[u8]) -> Vec<Irregularity> {
    let mandatory = [ObjectKind::CommandDetails, ObjectKind::DeviceIdentities];
    match octets.first() {
        Some(&ProactiveCommand::TAG) => template(octets, 0, &mandatory).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The data of an ENVELOPE.
#[must_use]
pub fn envelope(octets: &[u8]) -> Vec<Irregularity> {
    in_envelope(octets, 0)
}

/// The data of a TERMINAL RESPONSE.
#[must_use]
pub fn terminal_response(octets: &[u8]) -> Vec<Irregularity> {
    in_response(octets, 0)
}

/// A command APDU, with what ENVELOPE and TERMINAL RESPONSE carry.
#[must_use]
pub fn command_apdu(octets: &[u8]) -> Vec<Irregularity> {
    let Ok(command) = CommandApdu::parse(octets) else { return Vec::new() };
    let base = if CommandApdu::is_extended(octets) { 7 } else { 5 };
    let mut found = Vec::new();
    let Some(instruction) = Instruction::of(command.ins) else { return found };
    // TS 102 221 11.2.1 to 11.2.4: both parameters are 00.
    let toolkit =
        [Instruction::TERMINAL_PROFILE, Instruction::FETCH, Instruction::TERMINAL_RESPONSE, Instruction::ENVELOPE];
    if toolkit.contains(&instruction) && (command.p1, command.p2) != (0, 0) {
        let what = format!("P1 P2 {:02X} {:02X} where {} has 00 00", command.p1, command.p2, instruction.title);
        found.push(Irregularity::new(PARAMETERS, what).at(2..4));
    }
    if instruction == Instruction::ENVELOPE {
        found.extend(in_envelope(&command.data, base));
    } else if instruction == Instruction::TERMINAL_RESPONSE {
        found.extend(in_response(&command.data, base));
    }
    found
}

/// A response APDU: its status word begins with 61 to 6F or 90 to 9F (ISO/IEC 7816-3 12.2.1).
#[must_use]
pub fn response_apdu(octets: &[u8]) -> Vec<Irregularity> {
    match octets {
        [.., sw1, sw2] if !matches!(sw1, 0x61..=0x6F | 0x90..=0x9F) => {
            let what = format!("status word {sw1:02X}{sw2:02X} where 6xxx (but 60xx) and 9xxx are in use");
            vec![Irregularity::new(STATUS_WORD, what).at(octets.len() - 2..octets.len())]
        }
        _ => Vec::new(),
    }
}

fn in_envelope(octets: &[u8], base: usize) -> Vec<Irregularity> {
    let tag = octets.first().copied().map(EnvelopeTag::from_code);
    let mandatory: &[ObjectKind] = match tag {
        Some(EnvelopeTag::EventDownload) => &[ObjectKind::EventList, ObjectKind::DeviceIdentities],
        Some(
            EnvelopeTag::SmsPpDownload
            | EnvelopeTag::CellBroadcastDownload
            | EnvelopeTag::MenuSelection
            | EnvelopeTag::CallControl
            | EnvelopeTag::MoShortMessageControl
            | EnvelopeTag::TimerExpiration
            | EnvelopeTag::TerminalApplications,
        ) => &[ObjectKind::DeviceIdentities],
        _ => &[],
    };
    let Some(within) = template(octets, base, mandatory) else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(EnvelopeTag::Unknown(code @ (0x00..=0xD0 | 0xD8))) = tag {
        let what = format!("the tag {code:02X} of no envelope");
        found.push(reserved(what).at(base..base.saturating_add(1)));
    }
    found.extend(within);
    found
}

fn in_response(octets: &[u8], base: usize) -> Vec<Irregularity> {
    let mandatory = [ObjectKind::CommandDetails, ObjectKind::DeviceIdentities, ObjectKind::Result];
    objects(octets, base, &mandatory).unwrap_or_default()
}

/// An outer data object and those in it.
fn template(octets: &[u8], base: usize, mandatory: &[ObjectKind]) -> Option<Vec<Irregularity>> {
    let (template, _) = ber::read(octets).ok()?;
    let value_at = base.saturating_add(template.value_at);
    let within = objects(template.value, value_at, mandatory)?;
    let mut found = Vec::new();
    if !template.minimal {
        found.push(long_length(base.saturating_add(1)..value_at, template.value.len()));
    }
    found.extend(within);
    Some(found)
}

fn long_length(at: Range<usize>, length: usize) -> Irregularity {
    Irregularity::new(LONG_LENGTH, format!("the length {length} in {} octets", at.len())).at(at)
}

/// Data objects; `mandatory` are those that must be among them.
fn objects(octets: &[u8], base: usize, mandatory: &[ObjectKind]) -> Option<Vec<Irregularity>> {
    let tlvs = comprehension::read_all(octets, base).ok()?;
    let mut found = Vec::new();
    let mut seen: Vec<ObjectKind> = Vec::new();
    for tlv in &tlvs {
        form(tlv, &mut found);
        let object = Object::from_value(tlv.tag, tlv.value);
        let name = || kind_of(tlv).map_or_else(|| format!("tag {:02X}", tlv.tag), ObjectKind::name);
        if let Object::Unknown { reason: Some(reason), .. } = &object {
            found.push(Irregularity::new(MISFIT, format!("{} {reason}", name())).at(tlv.range()));
        }
        if let Some(Irregularity { kind, what, .. }) = object.irregular() {
            found.push(Irregularity::new(kind, format!("{what} in {}", name())).at(tlv.range()));
        }
        let Some(kind) = kind_of(tlv) else { continue };
        if !seen.contains(&kind) {
            seen.push(kind);
        } else if matches!(kind.place(), Place::Once | Place::Spread) {
            found.push(Irregularity::new(REPEATED_OBJECT, format!("another {kind}")).at(tlv.range()));
        }
    }
    let missing = mandatory.iter().filter(|kind| !seen.contains(kind));
    found.extend(missing.map(|kind| Irregularity::new(MISSING_OBJECT, format!("no {kind}"))));
    Some(found)
}

/// The forms of tag and length.
fn form(tlv: &Tlv<'_>, found: &mut Vec<Irregularity>) {
    if tlv.long_tag && tlv.tag <= 0x7E {
        let what = format!("the tag {:02X} in three octets", tlv.tag);
        found.push(Irregularity::new(LONG_TAG, what).at(tlv.tag_range()));
    }
    if !tlv.short_length {
        found.push(long_length(tlv.tag_range().end..tlv.value_at, tlv.value.len()));
    }
}

/// The kind of object that a tag announces, whether its value fits or not.
fn kind_of(tlv: &Tlv<'_>) -> Option<ObjectKind> {
    let kind = u8::try_from(tlv.tag).map(ObjectKind::from_code).ok()?;
    (!matches!(kind, ObjectKind::Unknown(_))).then_some(kind)
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;
    use proptest::prelude::*;

    use super::*;

    fn told(found: &[Irregularity]) -> Vec<(&'static str, String, Option<Range<usize>>)> {
        found.iter().map(|each| (each.kind, each.what.clone(), each.at.clone())).collect()
    }

    fn octets(hex: &str) -> Vec<u8> {
        from_hex(hex).unwrap()
    }

    #[test]
    fn what_is_written_as_the_standard_has_it_is_regular() {
        for status in ["", "9000"] {
            let octets = octets(&format!("D012810301400082028182B9020578BC03031014{status}"));
            assert_eq!(proactive_command(&octets), []);
        }
        assert_eq!(command_apdu(&octets("80140000148103014000820282818301003802410039020578")), []);
        assert_eq!(command_apdu(&octets("80C2000010D60E99010982028281B8028100B7012D")), []);
        assert_eq!(command_apdu(&octets("00A40004023F00")), []);
        // Local address and destination address.
        assert_eq!(proactive_command(&octets("D00D 8103014000 82028182 3E00 3E00")), []);
        for response in ["9000", "6E00", "9114", "D0009000"] {
            assert_eq!(response_apdu(&octets(response)), []);
        }
    }

    #[test]
    fn forms_of_tags_and_lengths() {
        assert_eq!(
            told(&proactive_command(&octets("D0820010 810301400082810281 82 7F802481 0101"))),
            [
                (LONG_LENGTH, "the length 16 in 3 octets".into(), Some(1..4)),
                (LONG_LENGTH, "the length 2 in 2 octets".into(), Some(10..12)),
                (LONG_TAG, "the tag 24 in three octets".into(), Some(14..17)),
                (LONG_LENGTH, "the length 1 in 2 octets".into(), Some(17..19)),
            ]
        );
    }

    #[test]
    fn objects_that_do_not_fit_are_reserved_repeated_or_missing() {
        assert_eq!(
            told(&proactive_command(&octets("D015 8103004000 82028144 39020578 390201F4 BC021014"))),
            [
                ("reserved-value", "command number 0 where 1 to 254 are in use in details".into(), Some(2..7)),
                ("reserved-value", "device identity 44 in devices".into(), Some(7..11)),
                (REPEATED_OBJECT, "another buffer_size".into(), Some(15..19)),
                (MISFIT, "transport should be protocol type and 2 octets of port".into(), Some(19..23)),
            ]
        );
        assert_eq!(
            told(&terminal_response(&octets("8103012701 A40109 A503241032"))),
            [
                ("reserved-value", "9 where 1 to 8 are in use in timer_id".into(), Some(5..8)),
                ("reserved-value", "the time 42:01:23 in timer_value".into(), Some(8..13)),
                (MISSING_OBJECT, "no devices".into(), None),
                (MISSING_OBJECT, "no result".into(), None),
            ]
        );
        assert_eq!(
            told(&envelope(&octets("DC14 82028281 710CC0000700C42668C84E97DD74 7000"))),
            [("exchanged-fields", "coding 07 and type 00 look exchanged in applications".into(), Some(6..20))]
        );
        assert_eq!(told(&envelope(&octets("D604 82028281"))), [(MISSING_OBJECT, "no event_list".into(), None)]);
        assert_eq!(
            told(&envelope(&octets("D800"))),
            [("reserved-value", "the tag D8 of no envelope".into(), Some(0..1))]
        );
    }

    #[test]
    fn headers_and_status_words() {
        assert_eq!(
            told(&command_apdu(&octets("80140100 0C 8103014000 82028281 030100"))),
            [(PARAMETERS, "P1 P2 01 00 where TERMINAL RESPONSE has 00 00".into(), Some(2..4))]
        );
        let what = "status word 6000 where 6xxx (but 60xx) and 9xxx are in use";
        assert_eq!(told(&response_apdu(&octets("016000"))), [(STATUS_WORD, what.into(), Some(1..3))]);
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, header in proptest::option::of(prop_oneof![
            Just(vec![0x80, 0xC2, 0, 0]), Just(vec![0x80, 0x14, 0, 1]), Just(vec![0xD0])]))
        {
            let octets = header.into_iter().flatten().chain(octets).collect::<Vec<_>>();
            for found in [proactive_command, envelope, terminal_response, command_apdu, response_apdu] {
                for at in found(&octets).into_iter().filter_map(|each| each.at) {
                    prop_assert!(at.start < at.end && at.end <= octets.len(), "{at:?}");
                }
            }
        }
    }
}
