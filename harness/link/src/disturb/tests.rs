use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::{InProcess, Peer};

/// A card that answers each command with its own octets and each reset with 3B, and a far end that answers each piece of
/// a stream with as many octets, all of them FF.
#[derive(Default)]
struct Echo {
    out: VecDeque<Signal>,
    heard: Rc<RefCell<Vec<Signal>>>,
}

impl Peer for Echo {
    fn handle(&mut self, _now: Time, signal: Signal) {
        self.heard.borrow_mut().push(signal.clone());
        match signal {
            Signal::Command(octets) => self.out.push_back(Signal::Response(octets)),
            Signal::PowerOn | Signal::Reset => self.out.push_back(Signal::Atr(vec![0x3B])),
            Signal::Connect(id) => self.out.push_back(Signal::Connected(id)),
            Signal::Data(id, octets) => self.out.push_back(Signal::Data(id, vec![0xFF; octets.len()])),
            _ => {}
        }
    }
    fn tick(&mut self, _now: Time) {}
    fn wake_at(&self) -> Option<Time> {
        None
    }
    fn poll(&mut self) -> Option<Signal> {
        self.out.pop_front()
    }
}

/// A terminal: sends what it is given, and keeps what it hears.
struct Sender(VecDeque<Signal>, Rc<RefCell<Vec<Signal>>>);

impl Peer for Sender {
    fn handle(&mut self, _now: Time, signal: Signal) {
        self.1.borrow_mut().push(signal);
    }
    fn tick(&mut self, _now: Time) {}
    fn wake_at(&self) -> Option<Time> {
        None
    }
    fn poll(&mut self) -> Option<Signal> {
        self.0.pop_front()
    }
}

fn seconds(count: u64) -> Time {
    Time::from_micros(count * 1_000_000)
}

fn schedule(all: &[(Place, Mishap)]) -> Schedule {
    Schedule(all.iter().map(|(at, mishap)| Disturbance { at: *at, mishap: *mishap }).collect())
}

type Heard = Rc<RefCell<Vec<Signal>>>;

fn echo(all: &[(Place, Mishap)]) -> (Disturbed, Ledger, Heard) {
    let heard = Heard::default();
    let peer = Echo { heard: Rc::clone(&heard), ..Echo::default() };
    let (link, ledger) = Disturbed::over(Box::new(InProcess::contact(Box::new(peer))), schedule(all));
    (link, ledger, heard)
}

fn command(number: u8) -> Signal {
    Signal::Command(vec![number])
}

fn response(number: u8) -> Option<Signal> {
    Some(Signal::Response(vec![number]))
}

#[test]
fn what_is_lost_is_not_answered_and_what_follows_is() {
    let (mut link, ledger, heard) = echo(&[(Place::Command(1), Mishap::Drop), (Place::Response(2), Mishap::Drop)]);
    link.send(command(1)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), None);
    link.send(command(2)).unwrap();
    assert_eq!(link.recv(seconds(2)).unwrap(), response(2));
    link.send(command(3)).unwrap();
    assert_eq!(link.recv(seconds(3)).unwrap(), None);
    link.send(command(4)).unwrap();
    assert_eq!(link.recv(seconds(4)).unwrap(), response(4));
    assert_eq!(*heard.borrow(), [command(2), command(3), command(4)]);
    assert_eq!(ledger.tally(), Tally { commands: 4, responses: 3, streams: Vec::new() });
    assert!(ledger.outcome().iter().all(|(_, taken)| taken.is_some()));
}

#[test]
fn what_is_late_comes_to_the_microsecond_and_holds_back_what_follows() {
    let late = Duration::from_secs(3);
    let (mut link, _, heard) = echo(&[(Place::Command(1), Mishap::Delay(late))]);
    link.send(command(1)).unwrap();
    link.send(command(2)).unwrap();
    assert_eq!(link.recv(seconds(2)).unwrap(), None);
    assert!(heard.borrow().is_empty());
    assert_eq!(link.recv(seconds(9)).unwrap(), response(1));
    assert!(link.now() < Time::ZERO + late + Duration::from_millis(10), "{}", link.now());
    assert_eq!(link.recv(seconds(9)).unwrap(), response(2));

    let (mut link, ..) = echo(&[(Place::Response(1), Mishap::Delay(late))]);
    link.send(command(1)).unwrap();
    assert_eq!(link.recv(seconds(2)).unwrap(), None);
    assert_eq!(link.recv(seconds(9)).unwrap(), response(1));
}

#[test]
fn a_stall_holds_both_directions() {
    let (mut link, ..) = echo(&[(Place::Command(2), Mishap::Stall(Duration::from_secs(3)))]);
    link.send(command(1)).unwrap();
    link.send(command(2)).unwrap();
    // The answer to the first command was on its way.
    assert_eq!(link.recv(seconds(2)).unwrap(), None);
    assert_eq!(link.recv(seconds(9)).unwrap(), response(1));
    assert_eq!(link.recv(seconds(9)).unwrap(), response(2));
}

#[test]
fn a_card_reset_in_the_middle_of_a_command_answers_the_reset_only() {
    let (mut link, _, heard) = echo(&[(Place::Command(2), Mishap::Reset)]);
    link.send(command(1)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), response(1));
    link.send(command(2)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), Some(Signal::Atr(vec![0x3B])));
    assert_eq!(link.recv(seconds(1)).unwrap(), None);
    assert_eq!(*heard.borrow(), [command(1), command(2), Signal::Reset]);
    link.send(command(3)).unwrap();
    assert_eq!(link.recv(seconds(2)).unwrap(), response(3));
}

#[test]
fn a_card_on_this_side_is_reset_and_its_late_answer_reaches_nobody() {
    let heard = Heard::default();
    let peer = Sender([command(1), command(2)].into(), Rc::clone(&heard));
    let all = schedule(&[(Place::Command(1), Mishap::Reset)]);
    let (mut link, ledger) = Disturbed::over(Box::new(InProcess::contact(Box::new(peer))), all);
    assert_eq!(link.recv(seconds(1)).unwrap(), Some(command(1)));
    link.send(Signal::Response(vec![1])).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), Some(Signal::Reset));
    link.send(Signal::Atr(vec![0x3B])).unwrap();
    assert!(heard.borrow().is_empty());
    assert_eq!(link.recv(seconds(1)).unwrap(), Some(command(2)));
    link.send(Signal::Response(vec![2])).unwrap();
    assert_eq!(*heard.borrow(), [Signal::Response(vec![2])]);
    assert_eq!(ledger.tally().responses, 1);
}

#[test]
fn a_reset_ends_what_was_held_back() {
    let late = Duration::from_secs(30);
    let (mut link, ..) = echo(&[(Place::Command(1), Mishap::Delay(late)), (Place::Response(1), Mishap::Delay(late))]);
    link.send(command(1)).unwrap();
    link.send(Signal::Reset).unwrap();
    assert_eq!(link.recv(seconds(60)).unwrap(), Some(Signal::Atr(vec![0x3B])));
    link.send(command(2)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), None);
    link.send(Signal::PowerOn).unwrap();
    assert_eq!(link.recv(seconds(60)).unwrap(), Some(Signal::Atr(vec![0x3B])));
    assert_eq!(link.recv(seconds(90)).unwrap(), None);
}

/// What a far end hears of the pieces sent on one stream, and what comes back.
fn streamed(all: &[(Place, Mishap)], pieces: &[&[u8]]) -> (Vec<Signal>, Vec<Signal>, Ledger) {
    let heard = Heard::default();
    let peer = Echo { heard: Rc::clone(&heard), ..Echo::default() };
    let (mut link, ledger) = Disturbed::over(Box::new(InProcess::streams(Box::new(peer))), schedule(all));
    link.send(Signal::Connect(9)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), Some(Signal::Connected(9)));
    let mut back = Vec::new();
    for piece in pieces {
        link.send(Signal::Data(9, piece.to_vec())).unwrap();
    }
    while let Some(signal) = link.recv(seconds(60)).unwrap() {
        back.push(signal);
    }
    let heard = heard.borrow().iter().skip(1).cloned().collect();
    (heard, back, ledger)
}

fn data(octets: &[u8]) -> Signal {
    Signal::Data(9, octets.to_vec())
}

fn to_dut(behind: u64) -> Place {
    Place::Stream { number: 1, to: Side::Dut, behind }
}

fn to_harness(behind: u64) -> Place {
    Place::Stream { number: 1, to: Side::Harness, behind }
}

#[test]
fn data_are_split_at_their_octets() {
    let all = [(to_dut(2), Mishap::Split), (to_dut(5), Mishap::Split), (to_harness(1), Mishap::Split)];
    let (heard, back, ledger) = streamed(&all, &[b"abcd", b"efg"]);
    assert_eq!(heard, [data(b"ab"), data(b"cd"), data(b"e"), data(b"fg")]);
    assert_eq!(back, [data(&[0xFF]), data(&[0xFF]), data(&[0xFF; 2]), data(&[0xFF]), data(&[0xFF; 2])]);
    assert_eq!(ledger.tally().streams, [[7, 7]]);
    assert!(ledger.outcome().iter().all(|(_, taken)| taken.is_some()));
}

#[test]
fn data_wait_for_the_next_but_not_for_ever() {
    let (heard, ..) = streamed(&[(to_dut(1), Mishap::Merge)], &[b"ab", b"cd", b"ef"]);
    assert_eq!(heard, [data(b"abcd"), data(b"ef")]);
    let (heard, ..) = streamed(&[(to_dut(1), Mishap::Merge)], &[b"ab"]);
    assert_eq!(heard, [data(b"ab")]);
    let (_, back, _) = streamed(&[(to_harness(0), Mishap::Merge)], &[b"ab", b"c"]);
    assert_eq!(back, [data(&[0xFF; 3])]);
}

#[test]
fn a_stream_that_is_cut_ends_for_both_sides_and_stays_so() {
    let (heard, back, ledger) = streamed(&[(to_dut(3), Mishap::Cut)], &[b"ab", b"cd", b"ef"]);
    assert_eq!(heard, [data(b"ab"), data(b"c"), Signal::Close(9)]);
    assert_eq!(back, [Signal::Close(9)], "what the far end still said is lost");
    assert_eq!(ledger.tally().streams, [[3, 0]]);
    let (heard, back, _) = streamed(&[(to_harness(1), Mishap::Cut)], &[b"ab"]);
    assert_eq!(heard, [data(b"ab"), Signal::Close(9)]);
    assert_eq!(back, [data(&[0xFF]), Signal::Close(9)]);
}

#[test]
fn data_are_late_with_all_that_follows_in_their_direction() {
    let (heard, back, _) = streamed(&[(to_dut(1), Mishap::Delay(Duration::from_secs(3)))], &[b"ab", b"cd"]);
    assert_eq!(heard, [data(b"ab"), data(b"cd")]);
    assert_eq!(back.len(), 2);
}

#[test]
fn the_link_is_given_back_when_the_session_is_over() {
    let (link, ledger, _) = echo(&[]);
    drop(link);
    let mut link = ledger.release().unwrap();
    link.send(command(1)).unwrap();
    assert_eq!(link.recv(seconds(1)).unwrap(), response(1));
    let (_link, ledger, _) = echo(&[]);
    assert!(ledger.release().is_none());
}

#[test]
fn a_session_that_begins_again_counts_from_one() {
    let (mut link, ledger, _) = echo(&[(Place::Command(1), Mishap::Drop)]);
    for _ in 0..2 {
        link.begin(&Opening::default()).unwrap();
        let end = link.now() + Duration::from_secs(1);
        link.send(command(1)).unwrap();
        assert_eq!(link.recv(end).unwrap(), None);
        assert_eq!(ledger.tally().commands, 1);
    }
}

/// What a session of a few commands and pieces of data comes to, with the times.
fn session(link: &mut dyn Link, octets: &[u8]) -> Vec<(Time, Option<Signal>)> {
    let mut seen = Vec::new();
    link.send(Signal::PowerOn).unwrap();
    link.send(Signal::Connect(3)).unwrap();
    for (number, chunk) in octets.chunks(3).enumerate() {
        link.send(Signal::Command(chunk.to_vec())).unwrap();
        link.send(Signal::Data(3, chunk.to_vec())).unwrap();
        for _ in 0..4 {
            let until = link.now() + Duration::from_secs(number as u64);
            let signal = link.recv(until).unwrap();
            seen.push((link.now(), signal));
        }
    }
    link.send(Signal::Close(3)).unwrap();
    let until = link.now() + Duration::from_secs(60);
    while let Some(signal) = link.recv(until).unwrap() {
        seen.push((link.now(), Some(signal)));
    }
    seen
}

proptest! {
    #[test]
    fn a_schedule_of_nothing_changes_nothing(octets in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut plain = InProcess::contact(Box::new(Echo::default()));
        let (mut disturbed, ..) = echo(&[]);
        prop_assert_eq!(session(&mut plain, &octets), session(&mut disturbed, &octets));
    }

    #[test]
    fn whatever_is_scheduled_a_session_ends_and_comes_out_the_same_again(
        seed: u64,
        octets in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let count = octets.len() as u64;
        let tally = Tally { commands: count.div_ceil(3), responses: count.div_ceil(3), streams: vec![[count, count]] };
        let shape = Shape { tally, most: 8, longest: Duration::from_secs(30) };
        let Schedule(all) = Schedule::random(seed, &shape);
        let all: Vec<_> = all.iter().map(|one| (one.at, one.mishap)).collect();
        let (mut once, ..) = echo(&all);
        let (mut again, ..) = echo(&all);
        let seen = session(&mut once, &octets);
        // What arrives was sent: nothing is forged, and no octet of a stream comes twice.
        let arrived: usize = seen.iter().map(|(_, signal)| match signal {
            Some(Signal::Data(_, octets)) => octets.len(),
            _ => 0,
        }).sum();
        prop_assert!(arrived <= octets.len());
        prop_assert_eq!(seen, session(&mut again, &octets));
    }
}
