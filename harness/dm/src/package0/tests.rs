use proptest::prelude::*;

use super::*;
use dmsc_octets::{from_hex, to_hex};

const SERVER: &[u8] = b"dmsc.example.com";
const PASSWORD: &[u8] = b"s3cr3t-P@ss";
const NONCE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const V2: &str = "82F9F74E1F3F40044BC83453DBF49D1B02D800000000A510646D73632E6578616D706C652E636F6D";

fn v2() -> Trigger {
    Trigger { ui_mode: 1, initiator: 1, session_id: 0xA5, server_id: SERVER.to_vec(), ..Trigger::default() }
}

#[track_caller]
fn check(trigger: Trigger, password: &[u8], nonce: &[u8], expected: &str) {
    let package0 = trigger.clone().sign(password, nonce).unwrap();
    let octets = package0.encode().unwrap();
    assert_eq!(to_hex(&octets), expected);
    assert_eq!(Package0::parse(&octets).unwrap(), Package0 { trigger, ..package0.clone() });
    assert!(package0.verify(password, nonce));
}

#[test]
fn v1_specification_example_header() {
    let trigger =
        Trigger { ui_mode: 1, session_id: 0x1234, server_id: b"com.mgmtsrv.manage".to_vec(), ..Trigger::default() };
    check(
        trigger,
        b"password",
        b"1234567890",
        "A6AF31F7EECE66DDD963F2BC058E09DD02D0000000123412636F6D2E6D676D747372762E6D616E616765",
    );
}

#[test]
fn v2_background_server_initiated() {
    check(v2(), PASSWORD, &NONCE, V2);
}

#[test]
fn v3_to_v5_readings_of_the_default_nonce() {
    for (nonce, digest) in [
        (&[0; 4][..], "49FB63F70DDA9540B117C9A2B0F5E419"),
        (b"0x00000000", "F62C6957CCD777BA942C8E394F7E0AC3"),
        (b"AAAAAA==", "5E85EEA5EE1DB05CF8993D4C2DC07568"),
    ] {
        check(v2(), PASSWORD, nonce, &format!("{digest}{}", &V2[32..]));
    }
}

#[test]
fn v6_vendor_body() {
    let trigger = Trigger { ui_mode: 3, session_id: 0xFFFF, body: vec![0xCA, 0xFE, 0xBA, 0xBE], ..v2() };
    check(
        trigger,
        PASSWORD,
        &NONCE,
        "2184A7C2C47D3702BF86EBCA2B23696602F8000000FFFF10646D73632E6578616D706C652E636F6DCAFEBABE",
    );
}

#[test]
fn v7_smallest() {
    let trigger = Trigger { server_id: b"A".to_vec(), ..Trigger::default() };
    check(trigger, b"B", b"", "60E3C6896DE83CDB2654C0C967B686D302C000000000010141");
}

#[test]
fn server_id_of_255_octets() {
    let trigger = Trigger { server_id: vec![b's'; 255], ..v2() };
    let package0 = trigger.sign(PASSWORD, &NONCE).unwrap();
    assert_eq!(to_hex(&package0.digest), "A8D1C99C7E5A4E35CED4B79225D0661B");
    let octets = package0.encode().unwrap();
    assert_eq!(octets.len(), 279);
    assert_eq!(Package0::parse(&octets).unwrap(), package0);

    let error = Trigger { server_id: vec![b's'; 256], ..v2() }.encode().unwrap_err();
    assert_eq!((error.field, error.value, error.bits), ("length of server_id", 256, 8));
}

#[test]
fn first_five_octets_for_every_mode_and_initiator() {
    let expected = [
        ["02C0000000", "02C8000000"],
        ["02D0000000", "02D8000000"],
        ["02E0000000", "02E8000000"],
        ["02F0000000", "02F8000000"],
    ];
    for (ui_mode, row) in (0..).zip(expected) {
        for (initiator, octets) in (0..).zip(row) {
            let trigger = Trigger { ui_mode, initiator, ..Trigger::default() };
            assert_eq!(to_hex(&trigger.encode().unwrap()[..5]), octets);
        }
    }
}

#[test]
fn n1_flipped_digest_does_not_verify() {
    let octets = from_hex(&V2.replacen("82", "83", 1)).unwrap();
    let package0 = Package0::parse(&octets).unwrap();
    assert_eq!(package0.trigger, v2());
    assert!(!package0.verify(PASSWORD, &NONCE));
}

#[test]
fn n2_to_n5_wrong_fields_right_digest() {
    for (trigger, octets) in [
        (
            Trigger { version: 12, ..v2() },
            "73A3C95439C4EE3AB370FAF5A492124A031800000000A510646D73632E6578616D706C652E636F6D",
        ),
        (
            Trigger { version: 10, ..v2() },
            "66790F5241470E553BD4E53D6CD1E434029800000000A510646D73632E6578616D706C652E636F6D",
        ),
        (
            Trigger { future_use: 1, ..v2() },
            "73B30C1354DD28C629DB247C46F096BF02D800000100A510646D73632E6578616D706C652E636F6D",
        ),
        (
            Trigger { session_id: 0, ..v2() },
            "3CF16ECFB7F955FB1CDF048CF89AF3CE02D8000000000010646D73632E6578616D706C652E636F6D",
        ),
    ] {
        check(trigger, PASSWORD, &NONCE, octets);
    }
}

#[test]
fn n6_empty_server_id() {
    let trigger = Trigger { server_id: Vec::new(), ..v2() };
    check(trigger, PASSWORD, &NONCE, "B9589CD2A92804365A54B8174592221F02D800000000A500");
}

#[test]
fn n7_length_beyond_the_data() {
    let trigger = Trigger { length: Some(0x20), ..v2() };
    let octets = trigger.sign(PASSWORD, &NONCE).unwrap().encode().unwrap();
    assert_eq!(to_hex(&octets), "8ECCFAFB0FB4FAC84EA6E380D173413402D800000000A520646D73632E6578616D706C652E636F6D");
    let error = Package0::parse(&octets).unwrap_err();
    assert_eq!(error.to_string(), "octet 23: length-identifier says 32 octets of server-identifier, 16 follow");
}

#[test]
fn n8_wrong_password() {
    check(v2(), b"wrong", &NONCE, &format!("779F91EFE50AB3CCE65BB4845FD6CE3D{}", &V2[32..]));
    assert!(!v2().sign(b"wrong", &NONCE).unwrap().verify(PASSWORD, &NONCE));
}

#[test]
fn n9_other_server() {
    check(
        Trigger { server_id: b"other.example.com".to_vec(), ..v2() },
        PASSWORD,
        &NONCE,
        "5C3538EEED11E28CC8980E241EDD4F5002D800000000A5116F746865722E6578616D706C652E636F6D",
    );
}

#[test]
fn every_shorter_package_is_refused_at_its_end() {
    let octets = from_hex(V2).unwrap();
    for length in 0..HEADER_LEN {
        let error = Package0::parse(&octets[..length]).unwrap_err();
        assert!(matches!(error, ParseError::Truncated { offset, .. } if offset == length), "{error}");
    }
}

#[test]
fn fields_that_do_not_fit_are_named() {
    let error = Trigger { version: 1024, ..v2() }.encode().unwrap_err();
    assert!(error.to_string().starts_with("version 1024 does not fit 10 bits"));
    assert_eq!(Trigger { future_use: 1 << 27, ..v2() }.encode().unwrap_err().field, "future_use");
}

#[test]
fn session_ids_as_text() {
    for (number, text) in [(1, "1"), (0xA5, "A5"), (0x0A0B, "A0B"), (0x1234, "1234"), (0xFFFF, "FFFF")] {
        assert_eq!(session_id_text(number), text);
        assert_eq!(parse_session_id(text), Ok(number));
    }
    for text in ["", "0", "00A5", "a5", "10000", "+1", "G"] {
        assert_eq!(parse_session_id(text), Err(SessionIdError { text: text.to_owned() }));
    }
}

#[test]
fn fields_stand_where_they_are_written() {
    let octets = from_hex(&format!("{V2}CAFE")).unwrap();
    let spans = spans(&octets);
    for (name, hex) in [
        ("digest", "82F9F74E1F3F40044BC83453DBF49D1B"),
        ("digest_octets", "82F9F74E1F3F40044BC83453DBF49D1B"),
        ("version", "02D8"),
        ("ui_mode", "D8"),
        ("initiator", "D8"),
        ("future_use", "D8000000"),
        ("session_id", "00A5"),
        ("session_text", "00A5"),
        ("length_identifier", "10"),
        ("server_id", "646D73632E6578616D706C652E636F6D"),
        ("body", "CAFE"),
    ] {
        assert_eq!(to_hex(&octets[spans.find(name).unwrap()]), hex, "{name}");
    }
    assert_eq!(spans.find("body"), Some(40..42));
    // What is cut off is missing at the end.
    let short = super::spans(&octets[..22]);
    assert_eq!((short.find("session_id"), short.find("server_id")), (Some(21..22), Some(22..22)));
}

#[test]
fn tree_form() {
    let package0 = Package0::parse(&from_hex(V2).unwrap()).unwrap();
    let tree = serde_json::json!({
        "digest": "82F9F74E1F3F40044BC83453DBF49D1B",
        "trigger": {
            "version": 11, "ui_mode": 1, "initiator": 1, "future_use": 0, "session_id": 165,
            "server_id": "dmsc.example.com", "body": "",
        },
    });
    assert_eq!(serde_json::to_value(&package0).unwrap(), tree);
    assert_eq!(serde_json::from_value::<Package0>(tree).unwrap(), package0);
}

proptest! {
    #[test]
    fn any_octets_parse_or_fail_at_their_end(octets in prop::collection::vec(any::<u8>(), 0..80)) {
        match Package0::parse(&octets) {
            Ok(package0) => prop_assert_eq!(&package0.encode().unwrap(), &octets),
            Err(ParseError::Truncated { offset, .. }) => prop_assert_eq!(offset, octets.len()),
            Err(ParseError::ServerIdTruncated { present, .. }) => prop_assert_eq!(HEADER_LEN + present, octets.len()),
        }
        let spans = spans(&octets);
        for name in ["digest", "version", "session_id", "length_identifier", "server_id", "body", "none"] {
            prop_assert!(octets.get(spans.find(name).unwrap()).is_some());
        }
    }

    #[test]
    fn session_id_text_round_trips(session_id in 1u16..) {
        prop_assert_eq!(parse_session_id(&session_id_text(session_id)), Ok(session_id));
    }
}
