//! Commands by their octets, on the cards of the fixtures.

mod access;
mod fixtures;
mod provisioning;
mod records;
mod selection;

use dmsc_doc::Source;
use dmsc_octets::{from_hex, to_hex};
use dmsc_uicc::apdu::CommandApdu;
use proptest::prelude::*;

use super::*;

const REFERENCE: &str = include_str!("../../../../../fixtures/cards/reference.yaml");
const PIN: &str = include_str!("../../../../../fixtures/cards/pin.yaml");

/// SELECT of the USIM, without data.
const USIM: &str = "00A4040C07A0000000871002";

/// VERIFY of PIN1, PIN2, the universal PIN and the administrative key of the small card.
const PIN1: &str = "0020000108 32343638FFFFFFFF";
const PIN2: &str = "0020008108 33353739FFFFFFFF";
const UNIVERSAL: &str = "0020001108 32383339FFFFFFFF";
const ADM: &str = "0020000A08 3132333435363738";

fn read(fixture: &str) -> FileSystem {
    FileSystem::read(&Source::new("card.yaml", fixture)).unwrap_or_else(|error| panic!("{error}"))
}

fn files(fixture: &str) -> Files {
    Files::new(read(fixture))
}

/// Sends a command; gives data and status word.
fn send(files: &mut Files, apdu: &str) -> String {
    let command = CommandApdu::parse(&from_hex(apdu).unwrap()).unwrap();
    let Answer { data, sw } = files.command(&command);
    format!("{}{sw:04X}", to_hex(&data))
}

/// Sends commands one after the other and compares the answers.
fn dialogue(files: &mut Files, lines: &[(&str, &str)]) {
    for (i, (apdu, answer)) in lines.iter().enumerate() {
        assert_eq!(send(files, apdu), answer.replace(' ', ""), "line {i}: {apdu}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Commands that mean something, on channels that may be open, with random parameters and data.
    #[test]
    fn no_sequence_of_commands_panics(
        commands in proptest::collection::vec(
            (
                proptest::sample::select(&[0x00_u8, 0x01, 0x02, 0x41, 0x80, 0x81, 0xA0, 0x0C][..]),
                proptest::sample::select(&[
                    0xA4_u8, 0xF2, 0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x32, 0x20, 0x24, 0x26, 0x28, 0x2C, 0x04, 0x44, 0x70,
                    0xAA, 0x88, 0xC0, 0x76,
                ][..]),
                prop_oneof![Just(0x00_u8), Just(0x04), Just(0x80), any::<u8>()],
                prop_oneof![Just(0x00_u8), Just(0x04), Just(0x0C), Just(0x81), any::<u8>()],
                prop_oneof![
                    Just(Vec::new()),
                    Just(vec![0x6F, 0x39]),
                    Just(vec![0x6F, 0x3B]),
                    Just(vec![0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02]),
                    Just(b"2468\xFF\xFF\xFF\xFF".to_vec()),
                    proptest::collection::vec(any::<u8>(), 0..40),
                ],
                proptest::option::of(1_u32..=256),
            ),
            1..60,
        ),
    ) {
        for fixture in [REFERENCE, PIN] {
            let mut card = files(fixture);
            for (cla, ins, p1, p2, data, le) in &commands {
                let command =
                    CommandApdu { cla: *cla, ins: *ins, p1: *p1, p2: *p2, data: data.clone(), le: *le };
                let answer = card.command(&command);
                prop_assert!(answer.data.len() <= 256);
                prop_assert!((0x61..=0x9F).contains(&(answer.sw >> 8)), "{:04X}", answer.sw);
            }
        }
    }
}
