use proptest::prelude::*;

use super::*;
use crate::simtrace2::board::PACKET;

fn say(firmware: &mut Firmware, body: Body) {
    let octets = Message::new(body).encode().unwrap();
    octets.chunks(PACKET).for_each(|packet| firmware.bulk_out(packet, PACKET));
    if octets.len().is_multiple_of(PACKET) {
        firmware.bulk_out(&[], PACKET);
    }
}

fn tx(flags: u32, octets: &[u8]) -> Body {
    Body::TxData(Data { flags: DataFlags(flags), octets: octets.to_vec() })
}

fn bulk(firmware: &mut Firmware) -> Vec<Body> {
    std::iter::from_fn(|| firmware.poll_bulk()).map(|octets| Message::parse(&octets).unwrap().0.body).collect()
}

fn flags(firmware: &mut Firmware) -> Vec<u32> {
    let reports = std::iter::from_fn(|| firmware.poll_interrupt());
    let bodies = reports.map(|octets| Message::parse(&octets).unwrap().0.body);
    bodies.map(|body| if let Body::Status(status) = body { status.flags.0 } else { panic!("{body:?}") }).collect()
}

fn line(firmware: &mut Firmware) -> Vec<u8> {
    std::iter::from_fn(|| firmware.poll_line()).collect()
}

/// A board that the host has selected, with a handset that has received the ATR.
fn running(board: Board) -> Firmware {
    of(Generation::After091, board)
}

fn of(generation: Generation, board: Board) -> Firmware {
    let mut firmware = Firmware::new(board, generation, Wires::OFF);
    say(&mut firmware, Body::Config(Config { features: 1, mux: None, presence: None }));
    say(&mut firmware, Body::SimSelect(SimSource::Remote));
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    bulk(&mut firmware);
    assert_eq!(line(&mut firmware), DEFAULT_ATR);
    assert_eq!(flags(&mut firmware), [0x11, 0x13, 0x03]);
    firmware
}

fn header(firmware: &mut Firmware, header: [u8; 5]) {
    header.iter().for_each(|octet| firmware.receive(*octet));
    assert_eq!(bulk(firmware), [Body::RxData(Data { flags: DataFlags::HEADER, octets: header.to_vec() })]);
}

#[test]
fn nothing_is_heard_before_the_card_is_selected() {
    let mut firmware = Firmware::new(Board::Simtrace2, Generation::UpTo091, Wires::OFF);
    say(&mut firmware, Body::Config(Config { features: 1, mux: None, presence: None }));
    assert_eq!(bulk(&mut firmware), [Body::Config(Config { features: 1, mux: Some(0), presence: Some(3) })]);
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    firmware.receive(0xA0);
    assert!(flags(&mut firmware).is_empty() && line(&mut firmware).is_empty());
    say(&mut firmware, Body::StatusRequest);
    assert!(matches!(bulk(&mut firmware).as_slice(), [Body::Status(status)] if status.flags == StatusFlags(0x10)));
    // Selected with the handset on: the lines appear one by one, and the ATR goes out unasked.
    say(&mut firmware, Body::SimSelect(SimSource::Remote));
    assert_eq!(flags(&mut firmware), [0x11, 0x13, 0x03]);
    assert_eq!(line(&mut firmware), DEFAULT_ATR);
}

#[test]
fn changes_are_reported_one_by_one_and_the_oldest_are_lost() {
    let mut firmware = running(Board::Simtrace2);
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::OFF);
    assert_eq!(flags(&mut firmware), [0x13, 0x12, 0x10]);
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    firmware.wire(Wires::RESET);
    assert_eq!(flags(&mut firmware), [0x13, 0x03, 0x13]);
    assert_eq!(firmware.evicted(), 1);
}

#[test]
fn exchanges_go_as_their_flags_say() {
    let mut firmware = running(Board::Simtrace2);
    // Case 2 in one message.
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    say(&mut firmware, tx(6, &[0x12, 7, 8, 0x90, 0x00]));
    assert_eq!(line(&mut firmware), [0x12, 7, 8, 0x90, 0x00]);
    // The same in two, as the reference host sends it.
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    say(&mut firmware, tx(4, &[0x12, 7, 8]));
    say(&mut firmware, tx(6, &[0x90, 0x00]));
    assert_eq!(line(&mut firmware), [0x12, 7, 8, 0x90, 0x00]);
    // Case 3, with more time asked for by hand before.
    header(&mut firmware, [0x80, 0x10, 0, 0, 2]);
    say(&mut firmware, tx(0, &[0x60]));
    say(&mut firmware, tx(8, &[0x10]));
    assert_eq!(line(&mut firmware), [0x60, 0x10]);
    firmware.receive(5);
    assert_eq!(bulk(&mut firmware), []);
    firmware.receive(6);
    assert_eq!(bulk(&mut firmware), [Body::RxData(Data { flags: DataFlags::FINAL, octets: vec![5, 6] })]);
    say(&mut firmware, tx(6, &[0x91, 0x0C]));
    assert_eq!(line(&mut firmware), [0x91, 0x0C]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_given_to_the_next_command() {
    for generation in Generation::ALL {
        let mut firmware = of(generation, Board::Simtrace2);
        say(&mut firmware, tx(6, &[0x90, 0x00]));
        assert_eq!(line(&mut firmware), []);
        header(&mut firmware, [0x00, 0xB0, 0, 0, 1]);
        assert_eq!(line(&mut firmware), [0x90, 0x00]);
        // The right one waits for the command after, and so on until a reset.
        say(&mut firmware, tx(6, &[0xB0, 5, 0x91, 0x00]));
        assert_eq!(line(&mut firmware), []);
        header(&mut firmware, [0x00, 0xB0, 0, 1, 1]);
        assert_eq!(line(&mut firmware), [0xB0, 5, 0x91, 0x00]);
        say(&mut firmware, tx(6, &[0xB0, 6, 0x91, 0x00]));
        firmware.wire(Wires::RESET);
        firmware.wire(Wires::RUN);
        assert_eq!(line(&mut firmware), DEFAULT_ATR);
        header(&mut firmware, [0x00, 0xB0, 0, 2, 1]);
        assert_eq!(line(&mut firmware), []);
    }
}

#[test]
fn an_answer_that_comes_in_a_reset_or_an_atr_is_kept_by_the_release_only() {
    for (generation, kept) in [(Generation::UpTo091, &[0x90, 0x00][..]), (Generation::After091, &[])] {
        for wires in [&[Wires::RESET][..], &[Wires::RESET, Wires::OFF], &[Wires::RESET, Wires::RUN]] {
            let mut firmware = of(generation, Board::Simtrace2);
            header(&mut firmware, [0x00, 0xB0, 0, 0, 1]);
            wires.iter().for_each(|wires| firmware.wire(*wires));
            say(&mut firmware, tx(6, &[0x90, 0x00]));
            if wires.last() == Some(&Wires::OFF) {
                firmware.wire(Wires { vcc: true, reset: true });
            }
            firmware.wire(Wires::RUN);
            assert_eq!(line(&mut firmware), DEFAULT_ATR);
            header(&mut firmware, [0x00, 0xB0, 0, 1, 1]);
            assert_eq!(line(&mut firmware), kept, "{generation:?} {wires:?}");
        }
    }
}

#[test]
fn the_lines_are_told_as_the_chosen_card_has_them() {
    // On before the board was: no report, and an ATR that nobody asked for.
    let mut firmware = Firmware::new(Board::Simtrace2, Generation::UpTo091, Wires::RUN);
    say(&mut firmware, Body::Config(Config { features: 1, mux: None, presence: None }));
    say(&mut firmware, Body::StatusRequest);
    assert!(matches!(bulk(&mut firmware).as_slice(), [_, Body::Status(status)] if status.flags == StatusFlags(0x03)));
    say(&mut firmware, Body::SimSelect(SimSource::Remote));
    assert_eq!((flags(&mut firmware), line(&mut firmware)), (vec![], DEFAULT_ATR.to_vec()));
    // With the card on the board the emulated one has no power, and no reset; back again, it has power without a reset.
    say(&mut firmware, Body::SimSelect(SimSource::Local));
    assert_eq!(flags(&mut firmware), [0x02, 0x00]);
    say(&mut firmware, Body::SimSelect(SimSource::Remote));
    assert_eq!(flags(&mut firmware), [0x01, 0x03]);
    // A handset that is off.
    firmware.wire(Wires::OFF);
    flags(&mut firmware);
    say(&mut firmware, Body::SimSelect(SimSource::Local));
    say(&mut firmware, Body::SimSelect(SimSource::Remote));
    assert_eq!(flags(&mut firmware), [0x00, 0x10]);
}

#[test]
fn what_is_configured_is_told_as_far_as_the_board_has_it() {
    let config = |mux, presence| Body::Config(Config { features: 1, mux, presence });
    let mut plain = running(Board::Simtrace2);
    say(&mut plain, config(Some(5), None));
    say(&mut plain, config(None, Some(0)));
    assert_eq!(bulk(&mut plain), [config(Some(0), Some(3)), config(Some(0), Some(3))]);
    let mut muxed = running(Board::OctSimTest);
    say(&mut muxed, config(Some(5), Some(2)));
    // Three octets set nothing.
    muxed.bulk_out(&[1, 8, 0, 0, 0, 0, 11, 0, 0, 0, 0], PACKET);
    assert_eq!(bulk(&mut muxed), [config(Some(5), Some(2)), config(Some(5), Some(2))]);
}

#[test]
fn an_empty_packet_follows_a_message_of_one_packet_only() {
    let lengths = |octets: usize| Firmware::packets(&vec![1; octets]).map(<[u8]>::len).collect::<Vec<_>>();
    assert_eq!(lengths(63), [63]);
    assert_eq!(lengths(64), [64, 0]);
    assert_eq!(lengths(65), [64, 1]);
    assert_eq!(lengths(128), [64, 64]);
}

#[test]
fn waiting_times_are_those_of_the_session_before_until_the_atr() {
    let waiting = |firmware: &mut Firmware| {
        say(firmware, Body::StatusRequest);
        match bulk(firmware).pop() {
            Some(Body::Status(status)) => (status.wi.unwrap(), status.waiting_time.unwrap()),
            other => panic!("{other:?}"),
        }
    };
    for (generation, negotiated) in [(Generation::UpTo091, 9600 * 2), (Generation::After091, 9600 * 2 * 32)] {
        let mut firmware = of(generation, Board::Simtrace2);
        // TC2 says 20.
        say(&mut firmware, Body::SetAtr(vec![0x3B, 0x80, 0x40, 20]));
        firmware.wire(Wires::RESET);
        firmware.wire(Wires::RUN);
        assert_eq!(waiting(&mut firmware), (10, 9600));
        line(&mut firmware);
        assert_eq!(waiting(&mut firmware), (20, 9600 * 2));
        [0xFF, 0x10, 0x96, 0x79].iter().for_each(|octet| firmware.receive(*octet));
        bulk(&mut firmware);
        firmware.wire(Wires::RESET);
        assert_eq!(waiting(&mut firmware), (20, negotiated), "{generation:?}");
    }
}

#[test]
fn asking_for_data_with_p3_0_waits_for_256_octets_or_one() {
    let mut firmware = of(Generation::After091, Board::Simtrace2);
    header(&mut firmware, [0x80, 0x10, 0, 0, 0]);
    say(&mut firmware, tx(8, &[0x10]));
    firmware.receive(1);
    assert_eq!(bulk(&mut firmware), [Body::RxData(Data { flags: DataFlags::FINAL, octets: vec![1] })]);
    let mut firmware = of(Generation::UpTo091, Board::Simtrace2);
    header(&mut firmware, [0x80, 0x10, 0, 0, 0]);
    say(&mut firmware, tx(8, &[0x10]));
    (0..255).for_each(|_| firmware.receive(1));
    say(&mut firmware, tx(6, &[0x90, 0x00]));
    assert_eq!((bulk(&mut firmware), line(&mut firmware)), (vec![], vec![0x10]));
    firmware.receive(1);
    assert_eq!(line(&mut firmware), [0x90, 0x00]);
}

#[test]
fn without_an_empty_packet_a_message_of_whole_packets_is_not_seen() {
    let mut firmware = running(Board::Simtrace2);
    header(&mut firmware, [0x80, 0x12, 0, 0, 47]);
    let answer = Message::new(tx(6, &[&[0x12][..], &[9; 47], &[0x90, 0x00]].concat())).encode().unwrap();
    assert_eq!(answer.len(), 64);
    firmware.bulk_out(&answer, PACKET);
    assert_eq!(line(&mut firmware), []);
    // The next message pushes it through.
    say(&mut firmware, Body::StatusRequest);
    assert_eq!(line(&mut firmware).len(), 50);
    assert_eq!(bulk(&mut firmware).len(), 1);
}

#[test]
fn nulls_come_at_half_of_the_waiting_time() {
    let mut firmware = running(Board::Simtrace2);
    assert_eq!(firmware.patience(), None);
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    assert_eq!(firmware.patience(), Some(4800));
    firmware.elapse(4799);
    assert_eq!((firmware.patience(), line(&mut firmware)), (Some(1), vec![]));
    firmware.elapse(1);
    assert_eq!((firmware.patience(), line(&mut firmware)), (Some(4800), vec![0x60]));
    // Faster: more etu in the same time.
    say(&mut firmware, tx(6, &[0x90, 0x00]));
    [0xFF, 0x10, 0x96, 0x79].iter().for_each(|octet| firmware.receive(*octet));
    bulk(&mut firmware);
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    assert_eq!((firmware.patience(), firmware.cycles_per_etu()), (Some(4800 * 32), 16));
}

#[test]
fn a_pps_is_echoed_if_its_check_octet_is_right() {
    let mut firmware = running(Board::Simtrace2);
    [0xFF, 0x10, 0x96, 0x00].iter().for_each(|octet| firmware.receive(*octet));
    assert_eq!((bulk(&mut firmware), line(&mut firmware)), (vec![], vec![]));
    let request = [0xFF, 0x10, 0x96, 0x79];
    request.iter().for_each(|octet| firmware.receive(*octet));
    assert_eq!(bulk(&mut firmware), [Body::Pts(Pts::new(&request, &request))]);
    assert_eq!(line(&mut firmware), request);
    // A reset takes it back.
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    assert_eq!(firmware.cycles_per_etu(), 372);
}

#[test]
fn an_atr_counts_from_the_next_reset_on_and_none_leaves_the_card_mute() {
    let mut firmware = running(Board::Simtrace2);
    say(&mut firmware, Body::SetAtr(vec![0x3B, 0x00]));
    say(&mut firmware, Body::SetAtr(vec![0x3B; 34]));
    assert_eq!(line(&mut firmware), []);
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    assert_eq!(line(&mut firmware), [0x3B, 0x00]);
    say(&mut firmware, Body::SetAtr(vec![]));
    firmware.wire(Wires::RESET);
    firmware.wire(Wires::RUN);
    assert_eq!(line(&mut firmware), []);
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
}

#[test]
fn boards_do_only_what_they_are_wired_for() {
    let mut plain = running(Board::Simtrace2);
    say(&mut plain, Body::ModemReset(ModemReset::Pulse(300)));
    say(&mut plain, Body::CardInsert(0));
    assert_eq!((plain.poll_modem_reset(), plain.card_present()), (None, true));
    let mut rich = running(Board::NgffCardem);
    assert!(!rich.card_present());
    say(&mut rich, Body::ModemReset(ModemReset::Pulse(300)));
    say(&mut rich, Body::CardInsert(1));
    assert_eq!((rich.poll_modem_reset(), rich.card_present()), (Some(ModemReset::Pulse(300)), true));
}

#[test]
fn a_reset_forgets_what_the_host_has_said() {
    let mut firmware = running(Board::Simtrace2);
    header(&mut firmware, [0x80, 0x10, 0, 0, 2]);
    say(&mut firmware, tx(8, &[0x10]));
    firmware.receive(1);
    firmware.wire(Wires::RESET);
    say(&mut firmware, tx(6, &[0x90, 0x00]));
    firmware.wire(Wires::RUN);
    assert_eq!(line(&mut firmware), DEFAULT_ATR);
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    assert_eq!(line(&mut firmware), []);
}

proptest! {
    #[test]
    fn anything_is_survived(packets: Vec<Vec<u8>>, octets: Vec<u8>) {
        let mut firmware = running(Board::Qmod);
        for packet in &packets {
            firmware.bulk_out(packet.get(..PACKET).unwrap_or(packet), PACKET);
            octets.iter().for_each(|octet| firmware.receive(*octet));
            firmware.elapse(u32::MAX);
        }
        prop_assert!(std::iter::from_fn(|| firmware.poll_bulk()).count() <= QUEUE);
    }
}
