//! Host, firmware and handset against each other, in memory.

mod resets;

use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::board::PACKET;
use super::*;

const ATR: [u8; 4] = [0x3B, 0x90, 0x96, 0x00];

/// What the card answers: as many octets as P1 P2 say, that follow from the command and its data.
fn echo(command: [u8; 4], data: &[u8]) -> Vec<u8> {
    let [_, ins, p1, p2] = command;
    let length = usize::from(u16::from_be_bytes([p1, p2]));
    let sum = data.iter().fold(ins, |sum, octet| sum.wrapping_mul(31).wrapping_add(*octet));
    let mut response: Vec<u8> = (0..length).map(|i| sum.wrapping_add(u8::try_from(i % 251).unwrap())).collect();
    response.extend([0x91, u8::try_from(data.len() & 0xFF).unwrap()]);
    response
}

/// A handset and a card, with a board between them.
struct Rig {
    card: CardEmulation,
    firmware: Firmware,
    phone: Phone,
    /// Packets on their way to the board.
    cable: VecDeque<Vec<u8>>,
    /// Packets on their way to the host.
    bulk: VecDeque<Vec<u8>>,
    interrupt: VecDeque<Vec<u8>>,
    acts: VecDeque<Act>,
    heard: Vec<Heard>,
    /// Since the beginning.
    now: Duration,
    seen: Vec<&'static str>,
    answers: bool,
}

impl Rig {
    fn new(board: Board, generation: Generation) -> Rig {
        let mut card = CardEmulation::new(Setup { board, mux: 0, polarity: None, modem_reset: None, generation });
        card.configure();
        card.begin(&ATR).unwrap();
        Rig {
            card,
            firmware: Firmware::new(board, generation, Wires::OFF),
            phone: Phone::new(),
            cable: VecDeque::new(),
            bulk: VecDeque::new(),
            interrupt: VecDeque::new(),
            acts: VecDeque::new(),
            heard: Vec::new(),
            now: Duration::ZERO,
            seen: Vec::new(),
            answers: true,
        }
    }

    /// Moves one thing along one of the ways; `false` when nothing is on it.
    fn step(&mut self, way: u8) -> bool {
        match way {
            0 => {
                while let Some(transfer) = self.card.poll_transfer() {
                    self.cable.extend(transfer.octets.chunks(PACKET).map(<[u8]>::to_vec));
                    self.cable.extend(transfer.empty_packet.then(Vec::new));
                }
                let Some(packet) = self.cable.pop_front() else { return false };
                self.firmware.bulk_out(&packet, PACKET);
            }
            1 => {
                if self.interrupt.is_empty() {
                    let Some(message) = self.firmware.poll_interrupt() else { return false };
                    self.interrupt.extend(message.chunks(PACKET).map(<[u8]>::to_vec));
                }
                let now = self.now;
                self.interrupt.pop_front().iter().for_each(|packet| self.card.interrupt_in(packet, now));
                self.play();
            }
            2 => {
                if self.bulk.is_empty() {
                    let Some(message) = self.firmware.poll_bulk() else { return false };
                    self.bulk.extend(Firmware::packets(&message).map(<[u8]>::to_vec));
                }
                let now = self.now;
                self.bulk.pop_front().iter().for_each(|packet| self.card.bulk_in(packet, now));
                self.play();
            }
            3 => {
                let Some(octet) = self.firmware.poll_line() else { return false };
                self.phone.receive(octet);
                self.heard.extend(std::iter::from_fn(|| self.phone.poll_heard()));
            }
            _ => {
                self.acts.extend(std::iter::from_fn(|| self.phone.poll_act()));
                match self.acts.pop_front() {
                    None => return false,
                    Some(Act::Wire(wires)) => self.firmware.wire(wires),
                    Some(Act::Octet(octet)) => self.firmware.receive(octet),
                }
            }
        }
        true
    }

    /// The card: what it sees, and what it answers.
    fn play(&mut self) {
        while let Some(event) = self.card.poll_event() {
            match event {
                Event::PowerOn => self.seen.push("on"),
                Event::Reset => self.seen.push("reset"),
                Event::PowerOff => self.seen.push("off"),
                Event::Command { exchange, apdu } if self.answers => {
                    let command = [apdu[0], apdu[1], apdu[2], apdu[3]];
                    let data = apdu.get(5..).map_or(&[][..], |data| &data[..usize::from(apdu[4]).min(data.len())]);
                    assert!(self.card.respond(exchange, &echo(command, data)));
                }
                _ => {}
            }
        }
    }

    /// As on a board: USB is much faster than the wires to the handset, and a message is fetched before the handset
    /// moves again.
    fn settle(&mut self) {
        while [1, 2, 0, 3, 4].into_iter().any(|way| self.step(way)) {}
    }

    /// Sends a command and follows 61xx and 6Cxx, as the terminal does.
    fn command(&mut self, apdu: &[u8]) -> Vec<u8> {
        let (mut next, mut all) = (apdu.to_vec(), Vec::new());
        loop {
            self.heard.clear();
            self.phone.command(&next).unwrap();
            self.settle();
            let [Heard::Response(response)] = self.heard.as_slice() else { panic!("{:?}", self.heard) };
            let (data, sw) = response.split_at(response.len() - 2);
            all.extend_from_slice(data);
            match sw {
                [0x61, length] => next = vec![0x00, 0xC0, 0, 0, *length],
                [0x6C, length] => next[4] = *length,
                sw => {
                    all.extend_from_slice(sw);
                    return all;
                }
            }
        }
    }

    /// A command of each case, with the answer that has to come.
    fn check(&mut self, case: u8, sent: usize, back: u16) {
        let [p1, p2] = back.to_be_bytes();
        let data: Vec<u8> = (0..sent).map(|i| u8::try_from((i * 7 + sent) & 0xFF).unwrap()).collect();
        let lc = u8::try_from(sent).unwrap();
        let (apdu, wanted) = match case {
            1 => (vec![0x00, 0x04, 0, 0], echo([0x00, 0x04, 0, 0], &[])),
            2 => (vec![0x00, 0xB0, p1, p2, lc], echo([0x00, 0xB0, p1, p2], &[])),
            3 => ([&[0x00, 0xD6, 0, 0, lc][..], &data].concat(), echo([0x00, 0xD6, 0, 0], &data)),
            _ => ([&[0x80, 0xC2, p1, p2, lc][..], &data, &[0]].concat(), echo([0x80, 0xC2, p1, p2], &data)),
        };
        assert_eq!(self.command(&apdu), wanted, "case {case}, {sent} octets sent, {back} back");
    }

    fn power_on(&mut self) {
        self.heard.clear();
        self.phone.power_on();
        self.settle();
        assert_eq!(self.heard, [Heard::Atr(ATR.to_vec())]);
    }
}

#[test]
fn every_case_and_every_length_that_is_special_on_usb() {
    let mut rig = Rig::new(Board::Simtrace2, Generation::UpTo091);
    rig.settle();
    rig.power_on();
    rig.check(1, 0, 0);
    for length in [1, 45, 46, 47, 48, 49, 50, 51, 110, 111, 114, 175, 178, 239, 242, 254, 255] {
        rig.check(3, length, 0);
        for back in [0, 1, 47, 50, 111, 114, 175, 178, 239, 242, 255, 256] {
            rig.check(4, length, back);
        }
    }
    for back in 0..=256 {
        rig.check(2, 0, back);
        rig.check(2, usize::from(back.min(255)), back);
        rig.check(2, 9, back);
    }
    assert_eq!(rig.seen, ["on"]);
    assert_eq!(rig.firmware.evicted(), 0);
    assert_eq!(rig.phone.nulls(), 0);
}

#[test]
fn a_card_that_thinks_is_waited_for() {
    let mut rig = Rig::new(Board::Simtrace2, Generation::UpTo091);
    rig.settle();
    rig.power_on();
    rig.answers = false;
    rig.phone.command(&[0x80, 0x12, 0, 0, 2]).unwrap();
    rig.settle();
    for _ in 0..3 {
        rig.firmware.elapse(rig.firmware.patience().unwrap());
        rig.settle();
    }
    assert_eq!(rig.phone.nulls(), 3);
    assert!(rig.card.respond(1, &[1, 2, 0x90, 0x00]));
    rig.settle();
    assert_eq!(rig.heard.last(), Some(&Heard::Response(vec![1, 2, 0x90, 0x00])));
}

#[test]
fn the_rates_of_the_atr_are_negotiated_and_reported() {
    let mut rig = Rig::new(Board::Simtrace2, Generation::UpTo091);
    rig.settle();
    rig.power_on();
    rig.card.begin(&ATR).unwrap();
    rig.settle();
    let status = rig.card.status().unwrap();
    assert_eq!((status.f, status.d, status.cycles_per_etu()), (Some(9), Some(6), Some(16)));
}

/// One act of the handset, before which a few things move.
#[derive(Clone, Debug)]
enum Op {
    Command { case: u8, sent: u8, back: u16 },
    Reset,
    PowerOn,
    PowerOff,
}

fn ops() -> impl Strategy<Value = Op> {
    let command = (1u8..=4, any::<u8>(), 0u16..=256).prop_map(|(case, sent, back)| Op::Command { case, sent, back });
    prop_oneof![4 => command, 2 => Just(Op::Reset), 1 => Just(Op::PowerOn), 1 => Just(Op::PowerOff)]
}

fn apdu(op: &Op) -> Vec<u8> {
    let Op::Command { case, sent, back } = op else { return Vec::new() };
    let [p1, p2] = back.to_be_bytes();
    let data = vec![*sent; usize::from(*sent)];
    match (case, data.is_empty()) {
        (1, _) | (3, true) => vec![0x00, 0x04, 0, 0],
        (2, _) | (_, true) => vec![0x00, 0xB0, p1, p2, *sent],
        (3, _) => [&[0x00, 0xD6, 0, 0, *sent][..], &data].concat(),
        _ => [&[0x80, 0xC2, p1, p2, *sent][..], &data, &[0]].concat(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The handset may reset the card at any moment; the card always sees just what the handset did, and the next
    /// command is answered as if nothing had been before.
    #[test]
    fn resets_at_any_moment(plan in proptest::collection::vec((ops(), 0usize..400), 1..12)) {
        let mut rig = Rig::new(Board::Qmod, Generation::After091);
        rig.settle();
        let mut wanted = Vec::new();
        let mut powered = false;
        for (op, cut) in plan {
            match &op {
                Op::Command { .. } => { let _ = rig.phone.command(&apdu(&op)); }
                Op::Reset => {
                    wanted.push(if powered { "reset" } else { "on" });
                    powered = true;
                    rig.phone.reset();
                }
                Op::PowerOn => {
                    wanted.extend(powered.then_some("off"));
                    wanted.push("on");
                    powered = true;
                    rig.phone.power_on();
                }
                Op::PowerOff => {
                    wanted.extend(powered.then_some("off"));
                    powered = false;
                    rig.phone.power_off();
                }
            }
            // The lines are moved at once, and cut off what was under way.
            if !matches!(op, Op::Command { .. }) {
                rig.acts.clear();
            }
            while let Some(act) = rig.phone.poll_act() {
                rig.acts.push_back(act);
            }
            while matches!(rig.acts.front(), Some(Act::Wire(_))) {
                while [1, 2, 0].into_iter().any(|way| rig.step(way)) {}
                rig.step(4);
            }
            for _ in 0..cut {
                if ![1, 2, 0, 3, 4].into_iter().any(|way| rig.step(way)) {
                    break;
                }
            }
        }
        rig.settle();
        prop_assert_eq!(&rig.seen, &wanted);
        prop_assert_eq!(rig.firmware.evicted(), 0);
        prop_assert!(!rig.heard.iter().any(|heard| matches!(heard, Heard::Fault(_))), "{:?}", rig.heard);
        rig.power_on();
        rig.check(4, 50, 114);
        rig.check(2, 0, 256);
    }

    /// With messages lost, late and out of order nobody can promise more than that the next power cycle puts all right,
    /// or the one after it where something was late that had to be told first.
    #[test]
    fn after_any_chaos_a_power_cycle_helps(
        plan in proptest::collection::vec((ops(), proptest::collection::vec(0u8..=4, 0..120)), 1..10),
    ) {
        let mut rig = Rig::new(Board::Simtrace2, Generation::UpTo091);
        for (op, ways) in plan {
            match &op {
                Op::Command { .. } => { let _ = rig.phone.command(&apdu(&op)); }
                Op::Reset => rig.phone.reset(),
                Op::PowerOn => rig.phone.power_on(),
                Op::PowerOff => rig.phone.power_off(),
            }
            for way in ways {
                rig.step(way);
            }
        }
        rig.settle();
        // What was lost is given up by then.
        rig.now += Duration::from_secs(2);
        rig.phone.power_off();
        rig.settle();
        rig.seen.clear();
        rig.power_on();
        prop_assert_eq!(&rig.seen, &["on"]);
        rig.phone.command(&[0x00, 0x04, 0, 0]).unwrap();
        rig.settle();
        if rig.card.doubt().is_some() {
            rig.power_on();
        }
        rig.check(1, 0, 0);
        rig.check(4, 50, 114);
        rig.check(2, 0, 256);
    }
}
