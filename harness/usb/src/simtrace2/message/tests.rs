use proptest::prelude::*;

use super::*;
use crate::simtrace2::status::StatusFlags;

fn octets(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn data(flags: u32, text: &str) -> Data {
    Data { flags: DataFlags(flags), octets: octets(text) }
}

/// What real boards and their host said, from reports that their users made public.
const HEARD: &[(&str, &str)] = &[
    ("config, five octets of payload", "01 08 00 00 00 00 0d 00 01 00 00 00 00"),
    ("reset without power", "01 04 00 00 00 00 15 00 10 00 00 00 00 00 01 01 0a 80 25 00 00"),
    ("reset with power", "01 04 00 00 00 00 15 00 13 00 00 00 00 00 01 01 0a 80 25 00 00"),
    ("running", "01 04 00 00 00 00 15 00 03 00 00 00 00 00 01 01 0a 80 25 00 00"),
    ("PPS", "01 07 00 00 00 00 15 00 04 ff 10 11 fe 00 00 ff 10 11 fe 00 00"),
    ("TPDU header", "01 06 00 00 00 00 13 00 01 00 00 00 05 00 00 a4 00 04 02"),
    ("procedure octet", "01 01 00 00 00 00 0f 00 08 00 00 00 01 00 a4"),
    ("data of the handset", "01 06 00 00 00 00 10 00 02 00 00 00 02 00 3f 00"),
    ("status word", "01 01 00 00 00 00 10 00 06 00 00 00 02 00 94 04"),
];

#[test]
fn messages_of_real_boards_are_read_and_written_as_they_were() {
    let status = |flags| {
        Body::Status(Status {
            flags: StatusFlags(flags),
            voltage: Some(0),
            f: Some(1),
            d: Some(1),
            wi: Some(10),
            waiting_time: Some(9600),
        })
    };
    let pps = [0xFF, 0x10, 0x11, 0xFE];
    let bodies = [
        Body::Config(Config { features: 1, mux: Some(0), presence: None }),
        status(0x10),
        status(0x13),
        status(0x03),
        Body::Pts(Pts::new(&pps, &pps)),
        Body::RxData(data(1, "00 a4 00 04 02")),
        Body::TxData(data(8, "a4")),
        Body::RxData(data(2, "3f 00")),
        Body::TxData(data(6, "94 04")),
    ];
    for ((name, heard), body) in HEARD.iter().zip(bodies) {
        let heard = octets(heard);
        assert_eq!(Message::parse(&heard), Ok((Message::new(body.clone()), &[][..])), "{name}");
        assert_eq!(Message::new(body).encode().unwrap(), heard, "{name}");
    }
}

#[test]
fn every_other_message_has_its_octets() {
    for (body, text) in [
        (Body::SetAtr(vec![0x3B, 0x00]), "01 02 00 00 00 00 0b 00 02 3b 00"),
        (Body::StatusRequest, "01 04 00 00 00 00 08 00"),
        (Body::CardInsert(1), "01 05 00 00 00 00 09 00 01"),
        (Body::Config(Config { features: 1, mux: None, presence: None }), "01 08 00 00 00 00 0c 00 01 00 00 00"),
        (
            Body::Config(Config { features: 1, mux: Some(7), presence: Some(3) }),
            "01 08 00 00 00 00 0e 00 01 00 00 00 07 03",
        ),
        (Body::ModemReset(ModemReset::Pulse(300)), "02 01 00 00 00 00 0b 00 02 2c 01"),
        (Body::ModemReset(ModemReset::Assert), "02 01 00 00 00 00 0b 00 01 00 00"),
        (Body::SimSelect(SimSource::Remote), "02 02 00 00 00 00 09 00 01"),
        (Body::ModemStatusRequest, "02 03 00 00 00 00 08 00"),
        (Body::ModemStatus(ModemStatus { supported: 3, status: 2, changed: 1 }), "02 03 00 00 00 00 0b 00 03 02 01"),
        (
            Body::Error(Fault { severity: 1, subsystem: 2, code: 0x0304, text: b"no".to_vec() }),
            "00 00 00 00 00 00 0f 00 01 02 04 03 02 6e 6f",
        ),
        (Body::Other { class: 1, kind: 3, payload: vec![] }, "01 03 00 00 00 00 08 00"),
    ] {
        assert_eq!(Message::new(body.clone()).encode().unwrap(), octets(text), "{body:?}");
        assert_eq!(Message::parse(&octets(text)).unwrap().0.body, body);
    }
}

#[test]
fn a_short_status_report_is_taken_as_far_as_it_goes() {
    let status = |text: &str| match Message::parse(&octets(text)).unwrap().0.body {
        Body::Status(status) => status,
        other => panic!("{other:?}"),
    };
    let flags = status("01 04 00 00 00 00 0c 00 13 00 00 00");
    assert_eq!((flags.flags, flags.voltage, flags.f), (StatusFlags(0x13), None, None));
    let rates = status("01 04 00 00 00 00 10 00 03 00 00 00 08 07 09 06");
    assert_eq!((rates.voltage, rates.f, rates.d, rates.wi), (Some(1800), Some(9), Some(6), None));
}

#[test]
fn errors_say_where_and_what_to_try() {
    let error = |text: &str| Message::parse(&octets(text)).unwrap_err();
    assert_eq!(error("01 04"), MessageError::Header { found: 2 });
    assert_eq!(error("01 04 00 00 00 00 07 00"), MessageError::Length { said: 7, found: 8 });
    assert_eq!(error("01 04 00 00 00 00 0c 00 00"), MessageError::Length { said: 12, found: 9 });
    let short = MessageError::Payload { name: "RX_DATA", least: 8, found: 7 };
    assert_eq!(error("01 06 00 00 00 00 0f 00 01 00 00 00 02 00 00"), short);
    assert_eq!(
        short.to_string(),
        "a RX_DATA message of 7 octets of payload lacks some of the 8 that it needs; check that the board runs a card \
         emulation firmware, and update it"
    );
    let long = Message::new(Body::TxData(Data { flags: DataFlags::FINAL, octets: vec![0; 267] }));
    assert_eq!(long.encode(), Err(MessageError::TooLong { octets: 281 }));
}

#[test]
fn the_longest_answer_fits() {
    let answer = Message::new(Body::TxData(Data { flags: DataFlags(6), octets: vec![0; 1 + 256 + 2] }));
    assert_eq!(answer.encode().unwrap().len(), 273);
}

fn bodies() -> impl Strategy<Value = Body> {
    let data = (any::<u32>(), proptest::collection::vec(any::<u8>(), 0..=266))
        .prop_map(|(flags, octets)| Data { flags: DataFlags(flags), octets });
    let bytes = |most| proptest::collection::vec(any::<u8>(), 0..=most);
    prop_oneof![
        data.clone().prop_map(Body::TxData),
        data.prop_map(Body::RxData),
        bytes(33).prop_map(Body::SetAtr),
        (any::<u32>(), any::<u16>(), any::<[u8; 3]>(), any::<u32>()).prop_map(|(flags, voltage, [f, d, wi], time)| {
            Body::Status(Status {
                flags: StatusFlags(flags),
                voltage: Some(voltage),
                f: Some(f),
                d: Some(d),
                wi: Some(wi),
                waiting_time: Some(time),
            })
        }),
        (any::<u32>(), any::<Option<[u8; 2]>>()).prop_map(|(features, rest)| {
            Body::Config(Config { features, mux: rest.map(|r| r[0]), presence: rest.map(|r| r[1]) })
        }),
        (0u8..=255, any::<u16>()).prop_map(|(what, time)| Body::ModemReset(ModemReset::from_fields(what, time))),
        any::<u8>().prop_map(|code| Body::SimSelect(SimSource::from_code(code))),
        any::<u8>().prop_map(Body::CardInsert),
        (3u8..=255, any::<u8>(), bytes(200)).prop_map(|(class, kind, payload)| Body::Other { class, kind, payload }),
    ]
}

proptest! {
    #[test]
    fn messages_round_trip(sequence: u8, slot: u8, body in bodies(), rest in proptest::collection::vec(any::<u8>(), 0..20)) {
        let message = Message { sequence, slot, body };
        let octets = [message.encode().unwrap(), rest.clone()].concat();
        prop_assert_eq!(Message::parse(&octets).unwrap(), (message, &rest[..]));
    }

    #[test]
    fn any_octets_are_survived(octets: Vec<u8>) {
        if let Ok((message, _)) = Message::parse(&octets) {
            let _ = message.encode();
        }
    }
}
