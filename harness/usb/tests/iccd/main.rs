//! The machine of the host against the machine of the card, in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod activation;
mod bench;

use std::time::Duration;

use dmsc_usb::descriptor::{ClassDescriptor, Features, Variant};
use dmsc_usb::iccd::card::{Card, CardConfig, Output, Quirks, Told};
use dmsc_usb::iccd::control::{Setup, TO_CARD, TO_HOST};
use dmsc_usb::iccd::host::{Event, Failure, Host, HostConfig, Outcome, Step, Task};
use dmsc_usb::iccd::status::Presence;
use proptest::prelude::*;

use crate::bench::{ATR, SELECT, VARIANTS, bench, card_config, class, echo, hex, setup};

#[test]
fn activation_on_the_wire() {
    let mut bulk = bench(card_config(Variant::Bulk));
    assert_eq!(bulk.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
    let on = [
        "out 63000000000000000000",
        "in  81000000000000010000",
        "out 62000000000001000000",
        "in  800800000000010000003B8080813FC7C0B9",
    ];
    assert_eq!(bulk.wire, on);
    let mut a = bench(card_config(Variant::ControlA));
    assert_eq!(a.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
    assert_eq!(a.wire, ["63 0000 < ", "A0 0000 > 00", "62 0000 > 3B8080813FC7C0B9"]);
    let mut b = bench(card_config(Variant::ControlB));
    b.thinks = 1;
    assert_eq!(b.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
    let on = ["63 0000 < ", "81 0000 > 400100", "62 0001 < ", "6F 0000 > 800000", "6F 0000 > 003B8080813FC7C0B9"];
    assert_eq!(b.wire, on);
    assert_eq!(b.told, [Told::PowerOn]);
    assert_eq!(b.run(Task::PowerOff), Outcome::Off(Some(Presence::Inactive)));
    assert_eq!(b.told, [Told::PowerOn, Told::PowerOff]);
}

#[test]
fn exchanges_on_the_wire() {
    let mut bulk = bench(card_config(Variant::Bulk)).on();
    bulk.thinks = 2;
    assert_eq!(bulk.exchange(&[0x80, 0xF2, 0, 0]), Outcome::Response(vec![0, 0, 0xF2, 0x80, 0x90, 0]));
    let wire = [
        "out 6F04000000000200000080F20000",
        "in  80000000000002800100",
        "in  80000000000002800100",
        "in  800600000000020000000000F2809000",
    ];
    assert_eq!(bulk.wire, wire);
    assert_eq!(bulk.host.counters().time_extensions, 2);

    let mut a = bench(card_config(Variant::ControlA)).on();
    a.thinks = 1;
    let Outcome::Response(sw) = a.exchange(&SELECT) else { panic!() };
    assert_eq!(hex(&sw), "6108");
    let wire = ["65 0000 < 00A4000402", "A0 0000 > 10", "65 0000 < 3F00", "A0 0000 > 41", "A0 0000 > 20"];
    assert_eq!((&a.wire[..5], a.wire[5].as_str()), (wire.map(String::from).as_slice(), "6F 0000 > 6108"));
    a.wire.clear();
    let Outcome::Response(data) = a.exchange(&[0, 0xC0, 0, 0, 8]) else { panic!() };
    assert_eq!(hex(&data), "00003F020400A4009000");
    assert_eq!(a.wire[..3], ["65 0000 < 00C0000008", "A0 0000 > 10", "6F 0000 > 00003F020400A400"].map(String::from));

    let mut b = bench(card_config(Variant::ControlB)).on();
    assert_eq!(b.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
    assert_eq!(b.wire, ["65 0000 < 00A40004023F0000", "6F 0000 > 0000003F020400A4009000"]);
}

#[test]
fn chains_on_the_wire() {
    for variant in [Variant::Bulk, Variant::ControlB] {
        let mut config = card_config(variant);
        config.class.max_message = 14;
        config.part = Some(5);
        let mut bench = bench(config);
        // The host's own limit is four octets; so is the card's.
        assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()));
        bench.wire.clear();
        assert_eq!(bench.exchange(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), Outcome::Response(echo(&[0, 1, 2, 3, 4, 5, 6, 7, 8])));
        let wire = match variant {
            Variant::Bulk => [
                "out 6F04000000000200010000010203",
                "in  80000000000002000010",
                "out 6F04000000000300030004050607",
                "in  80000000000003000010",
                "out 6F01000000000400020008",
                "in  800500000000040000010807060504",
                "out 6F000000000005001000",
                "in  800500000000050000030302010090",
                "out 6F000000000006001000",
                "in  8001000000000600000200",
            ],
            _ => [
                "65 0100 < 00010203",
                "6F 0000 > 10",
                "65 0300 < 04050607",
                "6F 0000 > 10",
                "65 0200 < 08",
                "6F 0000 > 010807060504",
                "65 1000 < ",
                "6F 0000 > 030302010090",
                "65 1000 < ",
                "6F 0000 > 0200",
            ],
        };
        assert_eq!(bench.wire, wire, "{variant}");
        assert_eq!((bench.host.counters().chained_commands, bench.host.counters().chained_responses), (1, 1));
    }
}

#[test]
fn a_card_without_power_refuses_and_does_not_lock_up() {
    for variant in VARIANTS {
        let mut bench = bench(card_config(variant));
        assert_eq!(bench.exchange(&SELECT), Outcome::Failed(Failure::Mute), "{variant}");
        let mut bench = bench.on();
        assert!(matches!(bench.exchange(&SELECT), Outcome::Response(_)), "{variant}");
    }
}

#[test]
fn a_card_that_is_not_ready_sets_the_pace() {
    let quirks = Quirks { polls: vec![50, 0, 0], ..Quirks::default() };
    let mut bench = bench(CardConfig { quirks, ..card_config(Variant::ControlB) }).on();
    bench.waited = Duration::ZERO;
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
    assert_eq!(bench.wire[1..4], ["6F 0000 > 803200", "6F 0000 > 800000", "6F 0000 > 800000"].map(String::from));
    assert_eq!(bench.waited, Duration::from_millis(500 + 1 + 2));
    assert_eq!(bench.host.counters().polls, 3);
}

#[test]
fn mute_and_unknown_types_end_the_exchange() {
    for variant in VARIANTS {
        let quirks = Quirks { status: Some([0x42, 0xFE]), ..Quirks::default() };
        let mut bench = bench(CardConfig { quirks, ..card_config(variant) }).on();
        assert_eq!(bench.exchange(&SELECT), Outcome::Failed(Failure::Mute), "{variant}");
    }
    for variant in [Variant::Bulk, Variant::ControlB] {
        let quirks = Quirks { chain: Some(0x7F), ..Quirks::default() };
        let mut bench = bench(CardConfig { quirks, ..card_config(variant) }).on();
        assert_eq!(bench.exchange(&SELECT), Outcome::Failed(Failure::UnknownType(0x7F)), "{variant}");
        let last = bench.wire.last().unwrap();
        assert!(last.starts_with("in ") || last.contains('>'), "nothing is read on: {last}");
    }
}

#[test]
fn stale_answers_are_skipped_and_counted() {
    let quirks = Quirks { stale_first: true, time_extensions: 3, ..Quirks::default() };
    let mut bench = bench(CardConfig { quirks, ..card_config(Variant::Bulk) }).on();
    for _ in 0..300 {
        assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
    }
    assert_eq!((bench.host.counters().stale, bench.host.counters().time_extensions), (300, 900));
}

#[test]
fn nothing_but_stale_answers_is_given_up() {
    let mut bench = bench(card_config(Variant::Bulk)).on();
    let stale = "80020000000077000000".to_owned() + "9000";
    let octets: Vec<u8> = (0..12).map(|i| u8::from_str_radix(&stale[2 * i..2 * i + 2], 16).unwrap()).collect();
    bench.to_host.extend(std::iter::repeat_n(octets, 20));
    assert_eq!(bench.exchange(&SELECT), Outcome::Failed(Failure::TooManyStale));
    bench.to_host.clear();
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
}

#[test]
fn an_answer_that_comes_too_late_is_no_answer_to_the_next_command() {
    let mut bench = bench(card_config(Variant::Bulk)).on();
    let Step::BulkOut(octets) = bench.host.start(Task::Exchange(vec![0, 0xB0, 0, 0, 1])) else { panic!() };
    bench.card.bulk_out(&octets);
    // The driver's patience ends; the card answers only now.
    assert_eq!(bench.run(Task::Abort), Outcome::Aborted(false));
    bench.serve(0, echo);
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
    assert_eq!(bench.host.counters().stale, 1);
}

#[test]
fn power_on_a_card_that_has_power_resets_it() {
    for variant in VARIANTS {
        let mut bench = bench(card_config(variant)).on();
        assert_eq!(bench.run(Task::Reset), Outcome::Atr(ATR.to_vec()), "{variant}");
        assert_eq!(bench.told, [Told::PowerOn, Told::Reset], "{variant}");
        assert!(matches!(bench.exchange(&SELECT), Outcome::Response(_)), "{variant}");
    }
}

#[test]
fn a_reset_drops_what_the_player_still_says() {
    for variant in [Variant::Bulk, Variant::ControlB] {
        let mut bench = bench(card_config(variant)).on();
        match bench.host.start(Task::Exchange(SELECT.to_vec())) {
            Step::BulkOut(octets) => bench.card.bulk_out(&octets),
            Step::ControlOut { request, value, data } => {
                bench.card.control_out(&setup(TO_CARD, request.code(), value, data.len()), &data);
            }
            other => panic!("{other:?}"),
        }
        bench.told.clear();
        assert_eq!(bench.run(Task::PowerOn), Outcome::Atr(ATR.to_vec()), "{variant}");
        assert_eq!(bench.told, [Told::Command(SELECT.to_vec()), Told::PowerOff, Told::PowerOn], "{variant}");
        assert!(!bench.card.response(&[0x90, 0x00]), "nobody waits for it");
        assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)), "{variant}");
    }
}

#[test]
fn parameters_and_what_cards_have_not() {
    let mut card = Card::new(card_config(Variant::Bulk), &ATR);
    let mut ask = |octets: &[u8]| {
        card.bulk_out(octets);
        std::iter::from_fn(|| card.poll())
            .find_map(|o| if let Output::BulkIn(octets) = o { Some(hex(&octets)) } else { None })
            .unwrap()
    };
    // T=1 is what the descriptor of a version B card names; T=0 is taken.
    assert_eq!(ask(&[0x6C, 0, 0, 0, 0, 0, 1, 0, 0, 0]), "8207000000000101000111 10004D00FE00".replace(' ', ""));
    let set = [0x61, 5, 0, 0, 0, 0, 2, 0, 0, 0, 0x94, 0, 0, 0x0A, 0];
    assert_eq!(ask(&set), "820500000000020100009400000A00");
    assert_eq!(ask(&[0x61, 1, 0, 0, 0, 0, 3, 0, 0, 0, 0x94]), "82000000000003410100", "length");
    assert_eq!(ask(&[0x61, 0, 0, 0, 0, 0, 3, 2, 0, 0]), "82000000000003410700", "protocol");
    assert_eq!(ask(&[0x6D, 0, 0, 0, 0, 0, 4, 0, 0, 0])[..20], *"82070000000004010001");
    assert_eq!(ask(&[0x6B, 0, 0, 0, 0, 0, 5, 0, 0, 0]), "83000000000005410000", "Escape");
    assert_eq!(ask(&[0x72, 0, 0, 0, 0, 0, 6, 0, 0, 0]), "81000000000006410000", "Abort");
    assert_eq!(ask(&[0x73, 0, 0, 0, 0, 0, 7, 0, 0, 0]), "84000000000007410000", "SetDataRateAndClock");
    assert_eq!(ask(&[0xEE, 0, 0, 0, 0, 0, 8, 0, 0, 0]), "81000000000008410000", "unknown");
    assert_eq!(ask(&[0x65, 0, 0, 0, 0, 1, 9, 0, 0, 0]), "81000000000109420500".replace("0109", "0009"), "slot");
    assert_eq!(ask(&[0x65, 9, 0, 0, 0, 0, 10, 0, 0, 0]), "8100000000000A410100", "dwLength");
    assert_eq!(ask(&[0x62, 0, 0, 0, 0, 0, 11, 9, 0, 0]), "8000000000000B410700", "bPowerSelect");
}

#[test]
fn a_slot_status_in_place_of_the_answer_is_told_at_once() {
    for ([status, error], said) in [
        ([0x40, 0xFB], "the card is active, the command failed: FB, hardware error"),
        ([0x42, 0xFE], "the card is absent, the command failed: FE, card mute or absent"),
        ([0x01, 0x00], "the card is present without power, the command is done"),
    ] {
        let quirks = Quirks { slot_status: Some([status, error]), time_extensions: 1, ..Quirks::default() };
        let mut bench = bench(CardConfig { quirks, ..card_config(Variant::Bulk) }).on();
        let Outcome::Failed(failure) = bench.exchange(&SELECT) else { panic!() };
        assert_eq!(failure.to_string(), format!("SlotStatus (81) came in place of DataBlock: {said}"));
        let last = format!("in  81000000000002{status:02X}{error:02X}00");
        assert_eq!((bench.wire.len(), bench.wire.last().unwrap()), (3, &last), "nothing is read on");
        assert_eq!(bench.host.counters().stale, 0);
    }
    // One that asks for time is waited past, and one of an earlier command is skipped.
    let mut bench = bench(card_config(Variant::Bulk)).on();
    bench.to_host.push_back(vec![0x81, 0, 0, 0, 0, 0, 2, 0x80, 1, 0]);
    bench.to_host.push_back(vec![0x81, 0, 0, 0, 0, 0, 1, 0x40, 0xFE, 0]);
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)));
    assert_eq!((bench.host.counters().time_extensions, bench.host.counters().stale), (1, 1));
}

#[test]
fn a_response_without_a_status_word_is_a_failure() {
    for variant in [Variant::Bulk, Variant::ControlB] {
        for found in 0..2 {
            let mut bench = bench(card_config(variant)).on();
            let player = if found == 0 { |_: &[u8]| vec![] } else { |_: &[u8]| vec![0x90] };
            let outcome = bench.run_with(Task::Exchange(SELECT.to_vec()), player);
            let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
            let text = format!("the response (2 octets for its status word alone) has {found} octets");
            assert_eq!(failure.to_string(), text, "{variant}");
            assert_eq!(bench.exchange(&SELECT), Outcome::Response(echo(&SELECT)), "{variant}");
        }
    }
}

#[test]
fn a_bulk_card_at_tpdu_level_speaks_t0() {
    let class = ClassDescriptor { protocols: 1, ..class(Variant::Bulk, Features::TPDU) };
    let mut bench = bench(CardConfig { class, ..card_config(Variant::Bulk) }).on();
    assert_eq!(bench.exchange(&SELECT), Outcome::Response(vec![0x61, 0x08]));
    let Outcome::Response(data) = bench.exchange(&[0, 0xC0, 0, 0, 8]) else { panic!() };
    assert_eq!(data, echo(&SELECT));
}

#[test]
fn requests_that_a_card_does_not_have_are_stalled() {
    let mut b = Card::new(card_config(Variant::ControlB), &ATR);
    let mut a = Card::new(card_config(Variant::ControlA), &ATR);
    assert_eq!(b.control_in(&setup(TO_HOST, 0xA0, 0, 1)), None, "GET_ICC_STATUS is version A's");
    assert_eq!(b.control_in(&setup(TO_HOST, 0x62, 0, 33)), None, "the ATR is fetched in version B");
    assert_eq!(a.control_in(&setup(TO_HOST, 0x81, 0, 3)), None, "SLOT_STATUS is version B's");
    assert_eq!(a.control_in(&setup(TO_HOST, 0x6F, 0, 2)), None, "there is nothing to fetch");
    assert!(!a.takes(&setup(TO_CARD, 0x62, 1, 0)));
    for request in [0x01, 0x02, 0x03, 0xEE] {
        assert!(!a.takes(&setup(TO_CARD, request, 0, 0)) && !b.takes(&setup(TO_CARD, request, 0, 0)));
    }
    assert!(!b.takes(&setup(0xC0, 0x62, 0, 2)) && b.control_in(&setup(0xC0, 0x01, 0, 2)).is_none());
}

fn apdu() -> impl Strategy<Value = Vec<u8>> {
    let data = prop_oneof![Just(0usize), 1usize..=255, 256usize..2000];
    (any::<[u8; 4]>(), data, any::<u8>(), any::<bool>()).prop_map(|(header, count, fill, le)| {
        let mut apdu = header.to_vec();
        match count {
            0 => {}
            1..=255 => apdu.push(count as u8),
            _ => apdu.extend([0, (count >> 8) as u8, count as u8]),
        }
        apdu.extend(std::iter::repeat_n(fill, count));
        if le {
            apdu.extend(if count > 255 { vec![0, 0] } else { vec![0] });
        }
        apdu
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the lengths, and however long the card thinks: what the player says arrives, and nothing else.
    #[test]
    fn apdus_arrive(
        apdus in proptest::collection::vec(apdu(), 1..5),
        version_b: bool,
        max_message in 11u32..600,
        part in 1usize..600,
        thinks in 0u32..3,
        stale_first: bool,
        time_extensions in 0u8..3,
        polls in proptest::collection::vec(0u16..3, 0..3),
    ) {
        let variant = if version_b { Variant::ControlB } else { Variant::Bulk };
        let mut config = card_config(variant);
        config.class.max_message = max_message;
        config.part = Some(part);
        config.quirks = Quirks { stale_first, time_extensions, polls, ..Quirks::default() };
        let mut bench = bench(config).on();
        bench.thinks = thinks;
        for apdu in apdus {
            prop_assert_eq!(bench.exchange(&apdu), Outcome::Response(echo(&apdu)));
            prop_assert_eq!(bench.told.last(), Some(&Told::Command(apdu)));
        }
    }

    /// Over version A, a terminal that follows 61xx and 6Cxx gets what the player says to a short APDU.
    #[test]
    fn short_apdus_arrive_over_version_a(
        mut header: [u8; 4],
        ins in proptest::sample::select(vec![0x10, 0x14, 0x88, 0xA2, 0xA4, 0xC2, 0xD6]),
        outgoing in proptest::sample::select(vec![0x12, 0xB0, 0xB2, 0xCA, 0xF2]),
        data in proptest::collection::vec(any::<u8>(), 0..=255),
        le: Option<u8>,
        thinks in 0u32..3,
    ) {
        prop_assume!(header[1] != 0xC0);
        if !data.is_empty() {
            // What to do with data that the card does not want, T=0 cannot tell.
            header[1] = ins;
        } else if le.is_some() {
            // Nor what to do without those that it does want.
            header[1] = outgoing;
        }
        fn answer(apdu: &[u8]) -> Vec<u8> {
            let mut response = vec![0x5A; apdu.len() % 250];
            response.extend([0x91, 0x11]);
            response
        }
        let mut apdu = header.to_vec();
        if !data.is_empty() {
            apdu.push(data.len() as u8);
            apdu.extend(&data);
        }
        apdu.extend(le);
        let mut bench = bench(card_config(Variant::ControlA)).on();
        bench.thinks = thinks;
        let mut outcome = bench.run_with(Task::Exchange(apdu), answer);
        let mut got = Vec::new();
        for _ in 0..4 {
            let Outcome::Response(response) = &outcome else { return Err(TestCaseError::fail(format!("{outcome:?}"))) };
            let (body, sw) = response.split_at(response.len() - 2);
            got.extend_from_slice(body);
            let next = match sw {
                [0x61, p3] => vec![header[0], 0xC0, 0, 0, *p3],
                [0x6C, p3] => vec![header[0], header[1], header[2], header[3], *p3],
                _ => break,
            };
            outcome = bench.run_with(Task::Exchange(next), answer);
        }
        let told = bench.told.iter().filter_map(|t| if let Told::Command(a) = t { Some(a) } else { None });
        let commands: Vec<_> = told.collect();
        prop_assert_eq!(commands.len(), 1);
        prop_assert!(commands[0].starts_with(&header));
        prop_assert_eq!(got, vec![0x5A; commands[0].len() % 250]);
    }

    /// A host survives any card, and its exchanges end as long as the card says anything at all.
    #[test]
    fn a_host_survives_any_octets(
        variant in 0usize..3,
        task in 0usize..3,
        answers in proptest::collection::vec(proptest::option::weighted(0.9, proptest::collection::vec(any::<u8>(), 0..80)), 1..60),
    ) {
        let variant = VARIANTS[variant];
        let class = class(variant, Features::EXTENDED_APDU);
        let mut host = Host::new(HostConfig { variant, class, ..HostConfig::default() });
        let task = [Task::PowerOn, Task::Abort, Task::Exchange(SELECT.to_vec())][task].clone();
        let mut step = host.start(task);
        for answer in &answers {
            step = match (step, answer) {
                (Step::Done(_), _) => host.start(Task::Exchange(SELECT.to_vec())),
                (Step::Wait(_), _) => host.next(Event::Waited),
                (_, None) => host.next(Event::Stalled),
                (Step::ControlOut { .. } | Step::BulkOut(_), _) => host.next(Event::Sent),
                (_, Some(octets)) => host.next(Event::Received(octets)),
            };
        }
    }

    /// A card survives any host, and serves a proper one afterwards.
    #[test]
    fn a_card_survives_any_host(
        variant in 0usize..3,
        reads in proptest::collection::vec((any::<[u8; 4]>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..60),
    ) {
        let mut bench = bench(card_config(VARIANTS[variant]));
        let requests = [0x62, 0x63, 0x65, 0x6F, 0x81, 0xA0, 0x01];
        for ([kind, request, value, answer], octets) in reads {
            let request = requests[usize::from(request) % requests.len()];
            let setup = Setup {
                request_type: [TO_CARD, TO_HOST, 0xC0, kind][usize::from(kind % 4)],
                request,
                value: u16::from(value % 4) << 8,
                index: 0,
                length: u16::try_from(octets.len()).unwrap(),
            };
            bench.card.bulk_out(&octets);
            bench.card.control_in(&setup);
            if bench.card.takes(&setup) {
                bench.card.control_out(&setup, &octets);
            }
            match answer % 4 {
                0 => bench.card.atr(&ATR),
                1 => drop(bench.card.response(&octets)),
                2 => bench.card.more_time(),
                _ => {}
            }
        }
        bench.card.lose_power();
        while bench.card.poll().is_some() {}
        let mut bench = bench.on();
        let outcome = bench.exchange(&SELECT);
        prop_assert!(matches!(outcome, Outcome::Response(_)), "{:?}", outcome);
    }
}
