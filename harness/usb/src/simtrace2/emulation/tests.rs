use super::*;
use crate::simtrace2::message::Message;
use crate::simtrace2::status::StatusFlags;

fn octets(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A card in a board that has answered.
fn card(board: Board) -> CardEmulation {
    configured(Setup { board, mux: 0, polarity: None, modem_reset: Some(300) })
}

fn configured(setup: Setup) -> CardEmulation {
    let mut card = CardEmulation::new(setup);
    let config = Config { features: 1, mux: Some(0), presence: None };
    card.bulk_in(&Message::new(Body::Config(config)).encode().unwrap());
    assert_eq!(events(&mut card), [Event::Configured(config)]);
    card
}

fn sent(card: &mut CardEmulation) -> Vec<Body> {
    let transfers = std::iter::from_fn(|| card.poll_transfer());
    transfers.map(|transfer| Message::parse(&transfer.octets).unwrap().0.body).collect()
}

/// The events but the reports as such.
fn events(card: &mut CardEmulation) -> Vec<Event> {
    std::iter::from_fn(|| card.poll_event()).filter(|event| !matches!(event, Event::Status(_))).collect()
}

fn lines(card: &mut CardEmulation, flags: &[u32]) {
    for flags in flags {
        let status = Status { flags: StatusFlags(*flags), voltage: Some(0xBEEF), ..Status::default() };
        card.interrupt_in(&Message::new(Body::Status(status)).encode().unwrap());
    }
}

fn asked(card: &mut CardEmulation, flags: u32) {
    let status = Status { flags: StatusFlags(flags), ..Status::default() };
    card.bulk_in(&Message::new(Body::Status(status)).encode().unwrap());
}

fn received(card: &mut CardEmulation, flags: DataFlags, octets: &[u8]) {
    let message = Message::new(Body::RxData(Data { flags, octets: octets.to_vec() })).encode().unwrap();
    message.chunks(PACKET).for_each(|packet| card.bulk_in(packet));
}

/// A card that runs, with all it has said taken.
fn running() -> CardEmulation {
    let mut card = card(Board::Simtrace2);
    card.begin(&[0x3B, 0x00]).unwrap();
    lines(&mut card, &[0x11, 0x13, 0x03]);
    assert_eq!(events(&mut card), [Event::PowerOn]);
    sent(&mut card);
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
    assert_eq!(sent(&mut plain), [Body::SetAtr(atr.clone()), Body::SimSelect(SimSource::Remote), Body::StatusRequest]);
    plain.begin(&atr).unwrap();
    assert_eq!(sent(&mut plain), [Body::StatusRequest]);
    assert_eq!(plain.begin(&[0x3B; 34]), Err(AtrError::TooLong(34)));

    let mut rich =
        configured(Setup { board: Board::NgffCardem, mux: 0, polarity: Some(Polarity::High), modem_reset: Some(300) });
    rich.configure();
    rich.begin(&atr).unwrap();
    assert_eq!(
        sent(&mut rich),
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
    let mut card = CardEmulation::new(Setup { board: Board::Simtrace2, mux: 0, polarity: None, modem_reset: None });
    card.configure();
    sent(&mut card);
    lines(&mut card, &[0x13, 0x03]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert_eq!((sent(&mut card), events(&mut card)), (vec![], vec![]));
    card.bulk_in(&octets("01 08 00 00 00 00 0d 00 01 00 00 00 00"));
    asked(&mut card, 0x03);
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
        card.interrupt_in(&octets(heard));
    }
    card.bulk_in(&octets("01 07 00 00 00 00 15 00 04 ff 10 11 fe 00 00 ff 10 11 fe 00 00"));
    let pps = [0xFF, 0x10, 0x11, 0xFE];
    assert_eq!(events(&mut card), [Event::Reset, Event::Negotiated(Pts::new(&pps, &pps))]);
    card.bulk_in(&octets("01 06 00 00 00 00 13 00 01 00 00 00 05 00 00 a4 00 04 02"));
    assert_eq!(card.poll_transfer().unwrap().octets, octets("01 01 00 00 00 00 0f 00 08 00 00 00 01 00 a4"));
    card.bulk_in(&octets("01 06 00 00 00 00 10 00 02 00 00 00 02 00 3f 00"));
    let apdu = octets("00 a4 00 04 02 3f 00 00");
    assert_eq!(events(&mut card), [Event::Command { exchange: 1, apdu }]);
    assert!(card.respond(1, &[0x6E, 0x00]));
    let answer = card.poll_transfer().unwrap();
    assert_eq!(answer.octets, octets("01 01 00 00 00 00 10 00 06 00 00 00 02 00 6e 00"));
    assert!(!answer.empty_packet);
    assert!(!card.respond(1, &[0x90, 0x00]), "answered twice");
}

#[test]
fn an_empty_packet_follows_a_message_of_whole_packets() {
    for (length, empty_packet) in [(46, false), (47, true), (48, false), (111, true), (239, true), (256, false)] {
        let mut card = running();
        received(&mut card, DataFlags::HEADER, &[0x80, 0x12, 0, 0, u8::try_from(length & 0xFF).unwrap()]);
        let response = [vec![5; length], vec![0x90, 0x00]].concat();
        assert!(card.respond(1, &response));
        let answer = card.poll_transfer().unwrap();
        // Eight octets of header, six of flags and length, procedure octet and status word.
        assert_eq!((answer.octets.len(), answer.empty_packet), (8 + 6 + 1 + length + 2, empty_packet));
    }
}

#[test]
fn a_reset_ends_what_is_under_way() {
    let mut card = running();
    received(&mut card, DataFlags::HEADER, &[0x80, 0x12, 0, 0, 1]);
    lines(&mut card, &[0x13, 0x03]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    let seen = events(&mut card);
    assert!(matches!(
        seen.as_slice(),
        [Event::Command { exchange: 1, .. }, Event::Reset, Event::Command { exchange: 2, .. }]
    ));
    // The answer to the command before the reset comes late, and must not become that of the next.
    assert!(!card.respond(1, &[7, 0x90, 0x00]));
    assert!(card.respond(2, &[9, 0x90, 0x00]));
    assert_eq!(sent(&mut card).len(), 1);
    // In the middle of data.
    received(&mut card, DataFlags::HEADER, &[0x80, 0x10, 0, 0, 4]);
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
    lines(&mut card, &[0x13, 0x03]);
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

#[test]
fn a_header_ahead_of_the_report_of_its_reset_waits_for_it() {
    let mut card = running();
    lines(&mut card, &[0x13]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert_eq!(events(&mut card), []);
    assert_eq!(sent(&mut card), [Body::StatusRequest]);
    lines(&mut card, &[0x03]);
    let seen = events(&mut card);
    assert!(matches!(seen.as_slice(), [Event::Reset, Event::Command { exchange: 1, .. }]), "{seen:?}");
    asked(&mut card, 0x03);
    assert_eq!(events(&mut card), []);
}

#[test]
fn a_header_left_over_from_before_a_reset_is_dropped() {
    let mut card = running();
    lines(&mut card, &[0x13]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    asked(&mut card, 0x13);
    lines(&mut card, &[0x03]);
    assert_eq!(events(&mut card), [Event::Reset]);
}

#[test]
fn a_second_header_tells_of_a_reset_that_was_not_reported_yet() {
    let mut card = running();
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    received(&mut card, DataFlags::HEADER, &[0x80, 0x12, 0, 0, 1]);
    asked(&mut card, 0x03);
    let seen = events(&mut card);
    assert!(
        matches!(
            seen.as_slice(),
            [Event::Command { exchange: 1, .. }, Event::Reset, Event::Command { exchange: 2, .. }]
        ),
        "{seen:?}"
    );
    assert!(!card.respond(1, &[0x90, 0x00]));
    // The reports that were late say nothing new; the next do.
    lines(&mut card, &[0x13, 0x03]);
    assert_eq!(events(&mut card), []);
    assert!(card.respond(2, &[0x90, 0x00]));
    lines(&mut card, &[0x13, 0x03]);
    assert_eq!(events(&mut card), [Event::Reset]);
}

#[test]
fn a_header_from_before_a_reset_that_came_behind_its_reports_costs_no_later_reset() {
    let mut card = running();
    lines(&mut card, &[0x13]);
    // Of the session that was cut off; the answer to the question comes when the card runs again.
    received(&mut card, DataFlags::HEADER, &[0x00, 0xA4, 0x04, 0x04, 0x10]);
    lines(&mut card, &[0x03]);
    asked(&mut card, 0x03);
    assert_eq!(events(&mut card), [Event::Reset]);
    // The first one of the new session.
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    asked(&mut card, 0x03);
    let seen = events(&mut card);
    assert!(matches!(seen.as_slice(), [Event::Reset, Event::Command { exchange: 1, .. }]), "{seen:?}");
    assert!(card.respond(1, &[0x90, 0x00]));
    received(&mut card, DataFlags::HEADER, &[0x80, 0xF2, 0, 0, 1]);
    assert!(card.respond(2, &[0x90, 0x00]));
    events(&mut card);
    lines(&mut card, &[0x13, 0x03]);
    assert_eq!(events(&mut card), [Event::Reset]);
}

#[test]
fn a_session_with_another_card_is_refused_until_the_next_reset() {
    let mut card = card(Board::Simtrace2);
    card.begin(&[0x3B, 0x00]).unwrap();
    asked(&mut card, 0x03);
    sent(&mut card);
    received(&mut card, DataFlags::HEADER, &[0x80, 0x10, 0, 0, 4]);
    assert_eq!(events(&mut card), [Event::Trouble(Trouble::Midway)]);
    let refused = Data { flags: DataFlags(6), octets: vec![0x6F, 0x00] };
    assert_eq!(sent(&mut card), [Body::TxData(refused.clone())]);
    lines(&mut card, &[0x13, 0x03]);
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
    card.bulk_in(&octets("01 06 00 00 00 00 0e 00 01 00 00 00 01 00"));
    let seen = events(&mut card);
    let [Event::Trouble(trouble)] = seen.as_slice() else { panic!("{seen:?}") };
    assert!(trouble.to_string().ends_with("and update it"), "{trouble}");
}
