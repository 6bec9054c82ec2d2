use std::time::Duration;

use super::*;
use crate::simtrace2::message::Message;
use crate::simtrace2::status::StatusFlags;

fn octets(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A card in a board that has answered.
fn card(board: Board) -> CardEmulation {
    configured(Setup { board, mux: 0, polarity: None, modem_reset: Some(300), generation: Generation::UpTo091 })
}

fn configured(setup: Setup) -> CardEmulation {
    let mut card = CardEmulation::new(setup);
    let config = Config { features: 1, mux: Some(0), presence: None };
    bulk(&mut card, &Message::new(Body::Config(config)).encode().unwrap());
    assert_eq!(events(&mut card), [Event::Configured(config)]);
    card
}

/// What was sent but not looked at yet.
fn said(card: &mut CardEmulation) -> Vec<Body> {
    let mut bodies = Vec::new();
    while let Some(transfer) = card.poll_transfer() {
        let mut rest = transfer.octets.as_slice();
        while !rest.is_empty() {
            let (message, behind) = Message::parse(rest).unwrap();
            bodies.push(message.body);
            rest = behind;
        }
    }
    bodies
}

/// The same but for requests for status.
fn sent(card: &mut CardEmulation) -> Vec<Body> {
    said(card).into_iter().filter(|body| *body != Body::StatusRequest).collect()
}

/// The same, and the requests are answered so.
fn serve(card: &mut CardEmulation, flags: u32) -> Vec<Body> {
    let said = said(card);
    said.iter().filter(|body| **body == Body::StatusRequest).for_each(|_| asked(card, flags));
    said.into_iter().filter(|body| *body != Body::StatusRequest).collect()
}

/// The events but the reports as such.
fn events(card: &mut CardEmulation) -> Vec<Event> {
    std::iter::from_fn(|| card.poll_event()).filter(|event| !matches!(event, Event::Status(_))).collect()
}

fn bulk(card: &mut CardEmulation, octets: &[u8]) {
    octets.chunks(PACKET).for_each(|packet| card.bulk_in(packet, Duration::ZERO));
}

fn lines(card: &mut CardEmulation, flags: &[u32]) {
    lines_at(card, flags, 0);
}

fn lines_at(card: &mut CardEmulation, flags: &[u32], milliseconds: u64) {
    for flags in flags {
        let status = Status { flags: StatusFlags(*flags), voltage: Some(0xBEEF), ..Status::default() };
        let report = Message::new(Body::Status(status)).encode().unwrap();
        card.interrupt_in(&report, Duration::from_millis(milliseconds));
    }
}

fn asked(card: &mut CardEmulation, flags: u32) {
    asked_at(card, flags, None, 0);
}

fn asked_at(card: &mut CardEmulation, flags: u32, rates: Option<(u8, u8)>, milliseconds: u64) {
    let [f, d] = [rates.map(|(f, _)| f), rates.map(|(_, d)| d)];
    let status = Status { flags: StatusFlags(flags), voltage: Some(0), f, d, ..Status::default() };
    card.bulk_in(&Message::new(Body::Status(status)).encode().unwrap(), Duration::from_millis(milliseconds));
}

fn received(card: &mut CardEmulation, flags: DataFlags, octets: &[u8]) {
    bulk(card, &Message::new(Body::RxData(Data { flags, octets: octets.to_vec() })).encode().unwrap());
}

fn header(card: &mut CardEmulation, header: [u8; 5]) {
    received(card, DataFlags::HEADER, &header);
}

fn negotiate(card: &mut CardEmulation) {
    let pps = [0xFF, 0x10, 0x96, 0x79];
    bulk(card, &Message::new(Body::Pts(Pts::new(&pps, &pps))).encode().unwrap());
}

/// A warm reset, with all that the host learns of it.
fn reset(card: &mut CardEmulation) {
    lines(card, &[0x13, 0x03]);
    serve(card, 0x03);
}

/// A card that runs, with all it has said taken.
fn running() -> CardEmulation {
    let mut card = card(Board::Simtrace2);
    card.begin(&[0x3B, 0x00]).unwrap();
    lines(&mut card, &[0x11, 0x13, 0x03]);
    assert_eq!(events(&mut card), [Event::PowerOn]);
    serve(&mut card, 0x03);
    events(&mut card);
    card
}

#[test]
fn a_board_is_asked_only_for_what_it_can_do() {
    let atr = vec![0x3B, 0x00];
    let mut plain = card(Board::Simtrace2);
    plain.configure();
    assert_eq!(sent(&mut plain), [Body::Config(Config { features: 1, mux: Some(0), presence: None })]);
    plain.begin(&atr).unwrap();
    // The ATR goes first: the firmware may answer a reset as soon as it listens.
    assert_eq!(said(&mut plain), [Body::SetAtr(atr.clone()), Body::SimSelect(SimSource::Remote), Body::StatusRequest]);
    plain.begin(&atr).unwrap();
    assert_eq!(said(&mut plain), [Body::StatusRequest]);
    assert_eq!(plain.begin(&[0x3B; 34]), Err(AtrError::TooLong(34)));

    let mut rich = configured(Setup {
        board: Board::NgffCardem,
        mux: 0,
        polarity: Some(Polarity::High),
        modem_reset: Some(300),
        generation: Generation::UpTo091,
    });
    rich.configure();
    rich.begin(&atr).unwrap();
    assert_eq!(
        said(&mut rich),
        [
            Body::Config(Config { features: 1, mux: Some(0), presence: Some(3) }),
            Body::SetAtr(atr),
            Body::CardInsert(1),
            Body::SimSelect(SimSource::Remote),
            Body::ModemReset(ModemReset::Pulse(300)),
            Body::StatusRequest,
        ]
    );
    rich.end();
    assert_eq!(sent(&mut rich), [Body::CardInsert(0)]);
}

#[test]
fn what_the_board_had_for_somebody_else_is_left_out() {
    let mut card = CardEmulation::new(Setup {
        board: Board::Simtrace2,
        mux: 0,
        polarity: None,
        modem_reset: None,
        generation: Generation::UpTo091,
    });
    card.configure();
    sent(&mut card);
    lines(&mut card, &[0x13, 0x03]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert_eq!((sent(&mut card), events(&mut card)), (vec![], vec![]));
    bulk(&mut card, &octets("01 08 00 00 00 00 0d 00 01 00 00 00 00"));
    card.begin(&[0x3B, 0x00]).unwrap();
    serve(&mut card, 0x03);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert!(matches!(events(&mut card).as_slice(), [Event::Configured(_), Event::Trouble(Trouble::Midway)]));
}

#[test]
fn what_a_user_of_a_board_saw_is_answered_with_the_octets_that_its_host_sent() {
    let mut card = running();
    for heard in [
        "01 04 00 00 00 00 15 00 13 00 00 00 00 00 01 01 0a 80 25 00 00",
        "01 04 00 00 00 00 15 00 03 00 00 00 00 00 01 01 0a 80 25 00 00",
    ] {
        card.interrupt_in(&octets(heard), Duration::ZERO);
    }
    serve(&mut card, 0x03);
    bulk(&mut card, &octets("01 07 00 00 00 00 15 00 04 ff 10 11 fe 00 00 ff 10 11 fe 00 00"));
    let pps = [0xFF, 0x10, 0x11, 0xFE];
    assert_eq!(events(&mut card), [Event::Reset, Event::Negotiated(Pts::new(&pps, &pps))]);
    bulk(&mut card, &octets("01 06 00 00 00 00 13 00 01 00 00 00 05 00 00 a4 00 04 02"));
    // Behind each answer is a question of our own.
    let ask = "01 04 00 00 00 00 08 00";
    let answer = |text: &str| octets(&format!("{text} {ask}"));
    assert_eq!(card.poll_transfer().unwrap().octets, answer("01 01 00 00 00 00 0f 00 08 00 00 00 01 00 a4"));
    bulk(&mut card, &octets("01 06 00 00 00 00 10 00 02 00 00 00 02 00 3f 00"));
    let apdu = octets("00 a4 00 04 02 3f 00 00");
    assert_eq!(events(&mut card), [Event::Command { exchange: 1, apdu }]);
    assert!(card.respond(1, &[0x6E, 0x00]));
    let transfer = card.poll_transfer().unwrap();
    assert_eq!(transfer.octets, answer("01 01 00 00 00 00 10 00 06 00 00 00 02 00 6e 00"));
    assert!(!transfer.empty_packet);
    assert!(!card.respond(1, &[0x90, 0x00]), "answered twice");
}

#[test]
fn an_empty_packet_follows_a_message_of_whole_packets() {
    for (length, empty_packet) in [(38, false), (39, true), (40, false), (103, true), (231, true), (255, false)] {
        let mut card = running();
        received(&mut card, DataFlags::HEADER, &[0x80, 0x12, 0, 0, u8::try_from(length & 0xFF).unwrap()]);
        let response = [vec![5; length], vec![0x90, 0x00]].concat();
        assert!(card.respond(1, &response));
        let answer = card.poll_transfer().unwrap();
        // Eight octets of header, six of flags and length, procedure octet and status word; and the question behind.
        assert_eq!((answer.octets.len(), answer.empty_packet), (8 + 6 + 1 + length + 2 + 8, empty_packet));
        assert_eq!(card.poll_transfer(), None);
    }
    // The two would be too long for the firmware.
    let mut card = running();
    header(&mut card, [0x80, 0x12, 0, 0, 0]);
    assert!(card.respond(1, &[vec![5; 256], vec![0x90, 0x00]].concat()));
    let lengths = [card.poll_transfer(), card.poll_transfer()].map(|transfer| transfer.unwrap().octets.len());
    assert_eq!(lengths, [8 + 6 + 1 + 256 + 2, 8]);
}

#[test]
fn a_reset_ends_what_is_under_way() {
    let mut card = running();
    header(&mut card, [0x80, 0x12, 0, 0, 1]);
    reset(&mut card);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    let seen = events(&mut card);
    assert!(matches!(
        seen.as_slice(),
        [Event::Command { exchange: 1, .. }, Event::Reset, Event::Command { exchange: 2, .. }]
    ));
    // The answer to the command before the reset comes late, and must not become that of the next.
    assert!(!card.respond(1, &[7, 0x90, 0x00]));
    assert!(card.respond(2, &[9, 0x90, 0x00]));
    assert_eq!(serve(&mut card, 0x03).len(), 1);
    // In the middle of data.
    header(&mut card, [0x80, 0x10, 0, 0, 4]);
    received(&mut card, DataFlags::default(), &[1, 2]);
    lines(&mut card, &[0x13, 0x12, 0x10]);
    received(&mut card, DataFlags::FINAL, &[3, 4]);
    assert_eq!(events(&mut card), [Event::PowerOff]);
}

#[test]
fn response_data_are_forgotten_with_the_session() {
    let mut card = running();
    received(&mut card, DataFlags::HEADER, &[0x80, 0xC2, 0, 0, 1]);
    received(&mut card, DataFlags::FINAL, &[7]);
    assert!(card.respond(1, &[1, 2, 3, 0x90, 0x00]));
    serve(&mut card, 0x03);
    lines_at(&mut card, &[0x13, 0x03], 100);
    serve(&mut card, 0x03);
    events(&mut card);
    // What was to be fetched is gone: the card is asked.
    received(&mut card, DataFlags::HEADER, &[0x00, 0xC0, 0, 0, 3]);
    assert!(matches!(events(&mut card).as_slice(), [Event::Command { exchange: 2, .. }]));
}

#[test]
fn data_in_parts_are_put_together_and_wrong_ones_answered() {
    let mut card = running();
    received(&mut card, DataFlags::HEADER, &[0x80, 0x10, 0, 0, 4]);
    received(&mut card, DataFlags::default(), &[1, 2]);
    received(&mut card, DataFlags::FINAL, &[3, 4]);
    let apdu = vec![0x80, 0x10, 0, 0, 4, 1, 2, 3, 4];
    assert_eq!(events(&mut card), [Event::Command { exchange: 1, apdu }]);
    assert!(card.respond(1, &[0x90, 0x00]));
    sent(&mut card);
    for (flags, wrong) in [(DataFlags::FINAL, &[1, 2, 3][..]), (DataFlags::default(), &[1, 2, 3, 4, 5])] {
        received(&mut card, DataFlags::HEADER, &[0x80, 0x10, 0, 0, 4]);
        received(&mut card, flags, wrong);
        let trouble = Trouble::Data { announced: 4, found: wrong.len() };
        assert_eq!(events(&mut card), [Event::Trouble(trouble)]);
        let refused = Data { flags: DataFlags(6), octets: vec![0x6F, 0x00] };
        assert_eq!(sent(&mut card).last(), Some(&Body::TxData(refused)));
    }
    // Data without a header.
    received(&mut card, DataFlags::FINAL, &[1]);
    assert_eq!(events(&mut card), []);
}

/// A card whose handset has negotiated rates and sent a command, which was answered.
fn negotiated() -> CardEmulation {
    let mut card = running();
    negotiate(&mut card);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    assert!(card.respond(1, &[7, 0x90, 0x00]));
    sent(&mut card);
    asked_at(&mut card, 0x03, Some((9, 6)), 0);
    events(&mut card);
    card
}

#[test]
fn a_command_ahead_of_the_report_of_its_reset_waits_for_it() {
    // Before it a PPS tells that it is of another session.
    let mut card = negotiated();
    negotiate(&mut card);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    assert!(matches!(events(&mut card).as_slice(), [Event::Negotiated(_)]));
    lines(&mut card, &[0x13]);
    assert_eq!(events(&mut card), []);
    lines(&mut card, &[0x03]);
    let seen = events(&mut card);
    assert!(matches!(seen.as_slice(), [Event::Reset, Event::Command { exchange: 2, .. }]), "{seen:?}");
    // Without a PPS a second command tells, too.
    let mut card = running();
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    header(&mut card, [0x80, 0x12, 0, 0, 1]);
    assert!(matches!(events(&mut card).as_slice(), [Event::Command { exchange: 1, .. }]));
    reset(&mut card);
    let seen = events(&mut card);
    assert!(matches!(seen.as_slice(), [Event::Reset, Event::Command { exchange: 2, .. }]), "{seen:?}");
    assert!(!card.respond(1, &[0x90, 0x00]));
    assert!(card.respond(2, &[0x90, 0x00]));
}

#[test]
fn a_command_from_before_a_reset_is_never_answered() {
    for reports_first in [&[0x13][..], &[0x13, 0x03]] {
        let mut card = running();
        lines(&mut card, reports_first);
        header(&mut card, [0x80, 0xF2, 0, 0, 1]);
        lines(&mut card, &[0x13, 0x03][reports_first.len()..]);
        serve(&mut card, 0x03);
        assert_eq!(events(&mut card), [Event::Reset]);
        // The one behind what was asked at the reset is of the new session, and so the other is not.
        header(&mut card, [0x80, 0x12, 0, 0, 1]);
        let seen = events(&mut card);
        assert!(matches!(seen.as_slice(), [Event::Command { exchange: 1, .. }]), "{seen:?}");
        assert_eq!(card.deadline(), None);
    }
    // A PPS tells it at once.
    let mut card = negotiated();
    lines(&mut card, &[0x13, 0x03]);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    negotiate(&mut card);
    header(&mut card, [0x80, 0x12, 0, 0, 1]);
    let seen = events(&mut card);
    assert!(matches!(seen.as_slice(), [Event::Reset, Event::Negotiated(_), Event::Command { exchange: 2, .. }]));
}

#[test]
fn a_command_that_nobody_can_place_is_refused_after_a_second() {
    let mut card = running();
    lines(&mut card, &[0x13, 0x03]);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    serve(&mut card, 0x03);
    assert_eq!(card.deadline(), Some(Duration::from_secs(1)));
    card.wait(Duration::from_millis(999));
    assert_eq!((events(&mut card), sent(&mut card)), (vec![Event::Reset], vec![]));
    card.wait(Duration::from_secs(1));
    assert_eq!(events(&mut card), [Event::Trouble(Trouble::Unplaced)]);
    let refused = Data { flags: DataFlags(6), octets: vec![0x6F, 0x00] };
    assert_eq!(sent(&mut card), [Body::TxData(refused)]);
    assert_eq!((card.deadline(), card.doubt()), (None, Some(&Trouble::Unplaced)));
    // So is one that was taken just before the report of a reset: it may be behind it.
    for (after, deadline) in [(39, Some(Duration::from_millis(1039))), (40, None)] {
        let mut card = running();
        header(&mut card, [0x80, 0xF2, 0, 0, 1]);
        lines_at(&mut card, &[0x13, 0x03], after);
        assert_eq!(card.deadline(), deadline);
    }
}

/// The first command after a reset, with the answer to one before it seen processed so; gives whether it was refused.
fn doubted(mut card: CardEmulation, flags: u32, rates: (u8, u8), broke_after: u64) -> bool {
    header(&mut card, [0x80, 0x12, 0, 0, 1]);
    let exchange = match events(&mut card).last() {
        Some(Event::Command { exchange, .. }) => *exchange,
        other => panic!("{other:?}"),
    };
    assert!(card.respond(exchange, &[7, 0x90, 0x00]));
    sent(&mut card);
    asked_at(&mut card, flags, Some(rates), 0);
    lines_at(&mut card, &[0x13, 0x03], broke_after);
    serve(&mut card, 0x03);
    header(&mut card, [0x80, 0xF2, 0, 0, 1]);
    let seen = events(&mut card);
    match seen.as_slice() {
        [Event::Reset, Event::Command { .. }] => assert_eq!(card.doubt(), None),
        [Event::Reset, Event::Trouble(Trouble::Late)] => {
            assert_eq!(card.doubt(), Some(&Trouble::Late));
            let refused = Data { flags: DataFlags(6), octets: vec![0x6F, 0x00] };
            assert_eq!(serve(&mut card, 0x03), [Body::TxData(refused)]);
            // The next reset puts it right.
            lines_at(&mut card, &[0x13, 0x03], 1000);
            serve(&mut card, 0x03);
            header(&mut card, [0x80, 0xF2, 0, 0, 1]);
            assert!(matches!(events(&mut card).as_slice(), [Event::Reset, Event::Command { .. }]));
            return true;
        }
        other => panic!("{other:?}"),
    }
    false
}

#[test]
fn an_answer_that_may_have_come_after_a_reset_is_told_before_the_next_command() {
    // The rates of the session tell that it was in time, or was not.
    assert!(!doubted(negotiated(), 0x03, (9, 6), 0));
    assert!(doubted(negotiated(), 0x03, (1, 1), 0));
    // In reset: harmless with the firmware that drops it.
    assert!(doubted(negotiated(), 0x13, (9, 6), 0));
    let mut later = negotiated();
    later.setup.generation = Generation::After091;
    assert!(!doubted(later, 0x13, (9, 6), 0));
    // Without rates only time tells.
    assert!(doubted(running(), 0x03, (1, 1), 39));
    assert!(!doubted(running(), 0x03, (1, 1), 40));
}

#[test]
fn a_handset_that_was_on_before_the_card_was_chosen_is_refused() {
    let mut card = card(Board::Simtrace2);
    card.begin(&[0x3B, 0x00]).unwrap();
    // What a board reports that another program has left with the card on the board chosen.
    lines(&mut card, &[0x01, 0x03]);
    serve(&mut card, 0x03);
    header(&mut card, [0x00, 0xF2, 0, 0, 0]);
    assert_eq!(events(&mut card), [Event::Trouble(Trouble::Midway)]);
}

#[test]
fn a_session_with_another_card_is_refused_until_the_next_reset() {
    let mut card = card(Board::Simtrace2);
    card.begin(&[0x3B, 0x00]).unwrap();
    serve(&mut card, 0x03);
    received(&mut card, DataFlags::HEADER, &[0x80, 0x10, 0, 0, 4]);
    assert_eq!(events(&mut card), [Event::Trouble(Trouble::Midway)]);
    let refused = Data { flags: DataFlags(6), octets: vec![0x6F, 0x00] };
    assert_eq!(serve(&mut card, 0x03), [Body::TxData(refused.clone())]);
    lines_at(&mut card, &[0x13, 0x03], 100);
    serve(&mut card, 0x03);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert!(matches!(events(&mut card).as_slice(), [Event::PowerOn, Event::Command { .. }]));
    // Given up with a command that waits.
    card.abandon();
    assert_eq!(sent(&mut card), [Body::TxData(refused)]);
    assert!(!card.respond(1, &[0x90, 0x00]));
}

#[test]
fn the_voltage_is_told_only_where_it_is_measured() {
    let mut plain = running();
    lines(&mut plain, &[0x13]);
    assert_eq!(plain.status().unwrap().voltage, None);
    let mut measuring = card(Board::Qmod);
    lines(&mut measuring, &[0x13]);
    assert_eq!(measuring.status().unwrap().voltage, Some(0xBEEF));
}

#[test]
fn troubles_say_what_to_try() {
    let mut card = running();
    lines(&mut card, &[0x13, 0x12, 0x10, 0x00]);
    assert!(events(&mut card).contains(&Event::Trouble(Trouble::ResetWithoutPower)));
    bulk(&mut card, &octets("01 06 00 00 00 00 0e 00 01 00 00 00 01 00"));
    let seen = events(&mut card);
    let [Event::Trouble(trouble)] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(trouble.to_string().ends_with("and update it"), "{trouble}");
}
