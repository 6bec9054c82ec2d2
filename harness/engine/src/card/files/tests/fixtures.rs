//! What is wrong with a fixture is told with the file and the field; those that are there are right.

use std::num::NonZeroU8;

use dmsc_uicc::fs::{DirRecord, ServiceTable};

use super::super::tree::Body;
use super::*;

/// The error a card of this text gives.
fn refused(text: &str) -> String {
    match FileSystem::read(&Source::new("card.yaml", text)) {
        Ok(_) => panic!("taken: {text}"),
        Err(error) => error.to_string(),
    }
}

/// A card with one file.
fn with_file(file: &str) -> String {
    format!("atr: '3B00'\nrules: [{{ name: all, read: always, update: always, activate: never }}]\nfiles: [{file}]\n")
}

#[test]
fn a_broken_file_is_named_with_its_field() {
    for (file, error) in [
        ("{ id: '6F0', name: X, rule: all, size: 1 }", "half an octet: write two hexadecimal digits"),
        ("{ id: '6F', name: X, rule: all, size: 1 }", "X (6F): `id` has 1 octet, and 2 are needed"),
        ("{ id: '3F00', name: X, rule: all, size: 1 }", "X (3F00): `id` is reserved"),
        ("{ id: '6F01', name: X, rule: all, content: 'XY' }", "`X` is not a hexadecimal digit"),
        (
            "{ id: '6F01', name: X, rule: all, content: '0102', size: 1 }",
            "X (6F01): `size` is 1, and 2 to 32768 is allowed",
        ),
        ("{ id: '6F01', name: X, rule: all, content: '' }", "`content` has 0 octets, and 1 to 32768 are needed"),
        ("{ id: '6F01', name: X, rule: all, sfi: 31, size: 1 }", "`sfi` is 31, and 1 to 30 is allowed"),
        ("{ id: '6F01', name: X, size: 1 }", "`rule` is missing"),
        ("{ id: '6F01', name: X, rule: some, size: 1 }", "`rule` names \"some\", which is not among the rules"),
        ("{ id: '6F01', name: X, rule: all }", "`content` does not go with the other fields"),
        ("{ id: '6F01', name: X, rule: all, size: 1, records: ['00'] }", "`content` does not go with"),
        ("{ id: '6F01', name: X, rule: all, size: 1, count: 2 }", "`count` does not go with"),
        (
            "{ id: '6F01', name: X, rule: all, records: ['00', '0000'], length: 1 }",
            "`length` is 1, and 2 to 255 is allowed",
        ),
        (
            "{ id: '6F01', name: X, rule: all, records: ['00', '01'], count: 1 }",
            "`count` is 1, and 2 to 254 is allowed",
        ),
        ("{ id: '6F01', name: X, rule: all, records: [''] }", "`length` is 0, and 1 to 255 is allowed"),
        ("{ id: '7F10', name: X, rule: all, files: [] }", "`rule` does not go with"),
        ("{ id: '7F10', name: X, sfi: 1, files: [] }", "`files` does not go with"),
        ("{ id: '7F10', name: X, files: [{ id: '6F01', name: Y, size: 1 }] }", "Y (7F10/6F01): `rule` is missing"),
        (
            "{ id: '6F01', name: X, rule: all, size: 1 }, { id: '6F01', name: Y, rule: all, size: 1 }",
            "Y (6F01): `id` is 6F01, which another one has already",
        ),
        (
            "{ id: '6F01', name: X, sfi: 1, rule: all, size: 1 }, { id: '6F02', name: Y, sfi: 1, rule: all, size: 1 }",
            "Y (6F02): `sfi` is 1, which another one has already",
        ),
        ("{ id: '6F01', name: X, rule: all, siez: 1 }", "did you mean `size`?"),
    ] {
        let found = refused(&with_file(file));
        assert!(found.contains(error), "{file}\n  gives {found}\n  lacks {error}");
    }
}

#[test]
fn broken_pins_rules_and_keys_are_named_and_not_shown() {
    for (text, error) in [
        ("atr: '3B'\nfiles: []", "card: `atr` has 1 octet, and 2 to 33 are needed"),
        ("atr: '3B00'\nfiles: []\npins: [{ name: pin1, value: '12a4' }]", "pin1: `value` is neither 4 to 8 digits"),
        (
            "atr: '3B00'\nfiles: []\npins: [{ name: adm, value: '1234', tries: 16 }]",
            "adm: `tries` is 16, and 1 to 15 is allowed",
        ),
        (
            "atr: '3B00'\nfiles: []\npins: [{ name: pin1, value: '1234' }, { name: pin1, value: '1234' }]",
            "pin1: `name` is pin1, which another one has already",
        ),
        (
            "atr: '3B00'\nfiles: []\nrules: [{ name: x, read: pin2, update: never, activate: never }]",
            "rule x: `read` asks for `pin2`, which the card does not have",
        ),
        (
            "atr: '3B00'\nfiles: []\nrules: [{ name: x, read: pin3, update: never }]",
            "`pin3` is not a value of this key",
        ),
        ("atr: '3B00'\nfiles: []\napplications: [{ aid: 'A0', files: [] }]", "application A0: `aid` has 1 octet"),
        (
            "atr: '3B00'\nfiles: []\napplications: [{ aid: 'A000000087', files: [], authentication: { algorithm: xor, k: '0001' } }]",
            "application A000000087: `authentication.k` is not 32 hexadecimal digits",
        ),
        (
            "atr: '3B00'\nfiles: []\napplications: [{ aid: 'A000000087', files: [], authentication: { algorithm: milenage, k: '000102030405060708090A0B0C0D0E0F' } }]",
            "milenage takes one of `op` and `opc`",
        ),
    ] {
        let found = refused(text);
        assert!(found.contains(error), "{text}\n  gives {found}\n  lacks {error}");
        assert!(!found.contains("12a4") && !found.contains("0001020304"), "{found}");
    }
    let printed = format!("{:?}", files(PIN));
    assert!(!printed.contains("50, 52, 54, 56") && !printed.contains("[0, 1, 2, 3, 4"), "{printed}");
}

#[test]
fn a_service_is_offered_with_its_files_and_no_file_without_its_service() {
    /// Services of EF.UST, and the files that are there if and only if they are (TS 31.102 4.2, 4.4).
    const SERVICES: &[(u8, u16)] = &[
        (2, 0x6F3B),
        (3, 0x6F4B),
        (4, 0x6F49),
        (5, 0x6F4C),
        (6, 0x6F4D),
        (7, 0x6F55),
        (8, 0x6F81),
        (9, 0x6F80),
        (10, 0x6F3C),
        (10, 0x6F43),
        (11, 0x6F47),
        (12, 0x6F42),
        (13, 0x6F37),
        (13, 0x6F39),
        (13, 0x6F41),
        (14, 0x6F4F),
        (15, 0x6F45),
        (16, 0x6F50),
        (17, 0x6F3E),
        (18, 0x6F3F),
        (19, 0x6F46),
        (20, 0x6F60),
        (21, 0x6F40),
        (24, 0x6FB5),
        (25, 0x6FB6),
        (27, 0x5F3B),
        (29, 0x6F48),
        (34, 0x6F56),
        (35, 0x6F57),
        (36, 0x6F2C),
        (37, 0x6F32),
        (42, 0x6F61),
        (43, 0x6F62),
        (44, 0x6F4E),
        (45, 0x6FC5),
        (46, 0x6FC6),
        (47, 0x6FC7),
        (48, 0x6FCA),
        (49, 0x6FCB),
        (51, 0x6FCD),
        (52, 0x6FCE),
        (56, 0x6FD3),
        (68, 0x6FD6),
        (71, 0x6FD9),
        (73, 0x6FDB),
        (74, 0x6FDC),
        (78, 0x6FDE),
        (79, 0x6FDF),
        (80, 0x6FE2),
        (85, 0x6FE3),
        (85, 0x6FE4),
        (96, 0x6FE8),
        (97, 0x6FEC),
    ];
    for fixture in [REFERENCE, PIN] {
        let system = files(fixture).system;
        let usim = system.applications().next().unwrap().0;
        let table = system.services(usim);
        assert!(table.has(33), "service 33 is always set");
        for (service, file) in SERVICES {
            assert_eq!(system.child(usim, *file).is_some(), table.has(*service), "{file:04X} and service {service}");
        }
        // FDN and barred numbers need the table in which they are switched on.
        assert!(!(table.has(2) || table.has(6)) || table.has(34));
    }
    let table = files(REFERENCE).system.services(files(REFERENCE).system.applications().next().unwrap().0);
    assert!(table.has(28) && table.has(30) && table.has(77) && !table.has(31));
}

#[test]
fn services_are_switched() {
    let mut system = read(REFERENCE);
    let service = |number| NonZeroU8::new(number).unwrap();
    system.set_services([(service(77), false), (service(31), true), (service(250), true)]);
    let usim = system.applications().next().unwrap().0;
    let ServiceTable(octets) = system.services(usim);
    assert_eq!(octets.len(), 32);
    assert!(!ServiceTable(octets.clone()).has(77) && ServiceTable(octets).has(31));
}

/// The sizes that TS 31.102 and TS 102 221 fix, and the directory of applications.
#[test]
fn the_reference_card_is_what_the_specifications_ask() {
    let system = files(REFERENCE).system;
    let usim = system.applications().next().unwrap().0;
    for (file, size) in [
        (0x6F07, 9),
        (0x6F08, 33),
        (0x6F09, 33),
        (0x6F31, 1),
        (0x6F37, 3),
        (0x6F43, 2),
        (0x6F46, 17),
        (0x6F5B, 6),
        (0x6F5C, 3),
        (0x6F73, 14),
        (0x6F78, 2),
        (0x6F7E, 11),
        (0x6FAD, 4),
        (0x6FE3, 18),
        (0x6F41, 5),
        (0x6F56, 1),
    ] {
        let node = &system.nodes[system.child(usim, file).unwrap()];
        assert!(matches!(node.body, Body::Transparent(_)) && node.size() == size, "{file:04X}");
    }
    for (file, length) in [(0x6F3C, 176), (0x6FC6, 8), (0x6F4B, 13), (0x6FB7, 4), (0x6F39, 3)] {
        let Body::Records(records) = &system.nodes[system.child(usim, file).unwrap()].body else {
            panic!("{file:04X}")
        };
        assert_eq!(records.length(), length, "{file:04X}");
    }
    for fixture in [REFERENCE, PIN] {
        let system = files(fixture).system;
        let Body::Records(directory) = &system.nodes[system.child(0, 0x2F00).unwrap()].body else { panic!("EF.DIR") };
        let listed: Vec<Vec<u8>> = directory.rows.iter().map(|row| DirRecord::parse(row).unwrap().aid).collect();
        let there: Vec<&[u8]> = system.applications().map(|(_, aid)| aid).collect();
        assert_eq!(listed, there);
        // The check digit of the ICCID (ITU-T E.118, Luhn).
        let Body::Transparent(iccid) = &system.nodes[system.child(0, 0x2FE2).unwrap()].body else { panic!("EF.ICCID") };
        let digits = iccid.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]).filter(|digit| *digit < 10);
        let sum: u32 = digits.collect::<Vec<u8>>().iter().rev().enumerate().fold(0, |sum, (i, digit)| {
            let doubled = u32::from(*digit) * (1 + (i as u32 % 2));
            sum + doubled / 10 + doubled % 10
        });
        assert_eq!(sum % 10, 0);
    }
}
