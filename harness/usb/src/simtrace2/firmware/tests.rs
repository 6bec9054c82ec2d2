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
    let mut firmware = Firmware::new(board);
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
    let mut firmware = Firmware::new(Board::Simtrace2);
    say(&mut firmware, Body::Config(Config { features: 1, mux: None, presence: None }));
    assert_eq!(bulk(&mut firmware), [Body::Config(Config { features: 1, mux: Some(0), presence: Some(0) })]);
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
    // With nobody waiting an answer is dropped.
    say(&mut firmware, tx(6, &[0x90, 0x00]));
    header(&mut firmware, [0x80, 0x12, 0, 0, 2]);
    assert_eq!(line(&mut firmware), []);
}

#[test]
fn asking_for_data_with_p3_0_waits_for_256_octets() {
    let mut firmware = running(Board::Simtrace2);
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
