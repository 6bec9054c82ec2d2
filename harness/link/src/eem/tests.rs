//! A terminal and a card on a pipe in memory, each with its thread.

use std::num::NonZeroU16;
use std::time::Duration;

use super::*;
use crate::{Cable, LastWords, Link, LinkError, Opening, Signal};

const FULL_SPEED: NonZeroU16 = NonZeroU16::new(64).unwrap();

fn once(pipe: MemoryPipe) -> OpenPipe {
    let mut pipe = Some(pipe);
    Box::new(move || match pipe.take() {
        Some(pipe) => Ok(Box::new(pipe)),
        None => Err(LinkError::Missing { what: "no second pipe".into(), remedy: "make one".into() }),
    })
}

fn pair() -> (Eem, Eem) {
    let (terminal, card) = MemoryPipe::pair(FULL_SPEED);
    (Eem::open(EemConfig::terminal(), once(terminal)).unwrap(), Eem::open(EemConfig::card(), once(card)).unwrap())
}

fn next(link: &mut impl Link) -> Signal {
    let until = link.now() + Duration::from_secs(10);
    link.recv(until).unwrap().expect("nothing came")
}

fn gather(link: &mut impl Link, stream: u32, length: usize) -> Vec<u8> {
    let mut data = Vec::new();
    while data.len() < length {
        match next(link) {
            Signal::Data(id, octets) if id == stream => data.extend(octets),
            other => panic!("{}", other.name()),
        }
    }
    data
}

#[test]
fn a_session_from_connection_to_close() {
    let (mut terminal, mut card) = pair();
    for link in [&mut terminal, &mut card] {
        link.begin(&Opening::default()).unwrap();
        assert!(link.capabilities().streams && !link.capabilities().contact);
    }
    terminal.send(Signal::Connect(7)).unwrap();
    assert_eq!(next(&mut terminal), Signal::Connected(7));
    assert_eq!(next(&mut card), Signal::Connect(1));
    let octets: Vec<u8> = (0..1_000_000_u32).map(|n| (n >> 3) as u8).collect();
    terminal.send(Signal::Data(7, octets.clone())).unwrap();
    assert!(gather(&mut card, 1, octets.len()) == octets);
    card.send(Signal::Data(1, octets.clone())).unwrap();
    card.send(Signal::Close(1)).unwrap();
    assert!(gather(&mut terminal, 7, octets.len()) == octets);
    assert_eq!(next(&mut terminal), Signal::Close(7));
    terminal.send(Signal::Close(7)).unwrap();
    assert_eq!(next(&mut card), Signal::Close(1));

    let state = terminal.state().unwrap();
    assert_eq!(state.counters.errors(), 0);
    assert_eq!(state.peer, Some("192.168.7.2".parse().unwrap()));
    assert!(card.state().unwrap().addresses.contains(&state.peer.unwrap()));
}

#[test]
fn a_side_that_sends_faster_than_it_is_read_has_to_wait() {
    let (mut terminal, mut card) = pair();
    terminal.send(Signal::Connect(7)).unwrap();
    assert_eq!((next(&mut terminal), next(&mut card)), (Signal::Connected(7), Signal::Connect(1)));
    // Three times what may wait.
    let whole = 3 * crate::sockets::WAITING_LIMIT;
    card.send(Signal::Data(1, vec![7; whole])).unwrap();
    card.send(Signal::Close(1)).unwrap();
    assert_eq!(gather(&mut terminal, 7, whole).len(), whole);
    assert_eq!(next(&mut terminal), Signal::Close(7));
}

#[test]
fn echoes_are_answered_by_either_side() {
    let (terminal, card) = pair();
    for link in [&terminal, &card] {
        for length in [0, 1, 64, 2047] {
            assert!(link.echo(&vec![0xA5; length], Duration::from_secs(10)).unwrap().is_some(), "{length}");
        }
        assert!(matches!(link.echo(&[0; 2048], Duration::ZERO), Err(LinkError::Unsupported(_))));
    }
    assert_eq!(terminal.state().unwrap().counters.echoes_answered, 4);
}

#[test]
fn wrong_octets_are_counted_and_the_link_lives_on() {
    let (mut terminal, mut card) = pair();
    // A frame of 60 octets with a wrong CRC, one whose header announces ten octets more, half a header.
    card.transfer([&[0x40, 0x40][..], &[0; 60], &[0; 4]].concat()).unwrap();
    card.transfer([&[0x4A, 0x00][..], &[0; 60], &[0xDE, 0xAD, 0xBE, 0xEF]].concat()).unwrap();
    card.transfer(vec![0x00]).unwrap();
    terminal.send(Signal::Connect(1)).unwrap();
    assert_eq!(next(&mut terminal), Signal::Connected(1));
    assert_eq!(next(&mut card), Signal::Connect(1));
    let counters = terminal.state().unwrap().counters;
    assert_eq!((counters.wrong_checks, counters.cut_short), (1, 2));
}

#[test]
fn a_pipe_that_breaks_is_told_and_opened_again() {
    let (one, card) = MemoryPipe::pair(FULL_SPEED);
    let (two, other) = MemoryPipe::pair(FULL_SPEED);
    let mut pipes = vec![two, one];
    let open: OpenPipe = Box::new(move || Ok(Box::new(pipes.pop().unwrap())));
    let mut terminal = Eem::open(EemConfig::terminal(), open).unwrap();
    drop(card);
    let until = terminal.now() + Duration::from_secs(10);
    assert!(terminal.recv(until).unwrap_err().is_interruption());
    assert!(terminal.state().unwrap_err().is_interruption());
    terminal.begin(&Opening::default()).unwrap();
    let _card = Eem::open(EemConfig::card(), once(other)).unwrap();
    terminal.send(Signal::Connect(1)).unwrap();
    assert_eq!(next(&mut terminal), Signal::Connected(1));
}

#[test]
fn apdus_and_streams_share_a_link() {
    let (to_card, to_terminal, _cutter) = Cable::pair();
    let (terminal, card) = MemoryPipe::pair(FULL_SPEED);
    let mut terminal = WithStreams::open(to_card, EemConfig::terminal(), once(terminal)).unwrap();
    let mut card = WithStreams::open(to_terminal, EemConfig::card(), once(card)).unwrap();
    assert!(terminal.capabilities().streams && terminal.capabilities().contact);
    terminal.send(Signal::Command(vec![0, 0xA4, 0, 4])).unwrap();
    assert_eq!(next(&mut card), Signal::Command(vec![0, 0xA4, 0, 4]));
    card.send(Signal::Response(vec![0x90, 0])).unwrap();
    assert_eq!(next(&mut terminal), Signal::Response(vec![0x90, 0]));
    terminal.send(Signal::Connect(1)).unwrap();
    assert_eq!(next(&mut terminal), Signal::Connected(1));
    assert_eq!(next(&mut card), Signal::Connect(1));
    assert_eq!(terminal.last_words(), LastWords::default());
    card.transfer(vec![0x00]).unwrap();
    card.send(Signal::Data(1, vec![7])).unwrap();
    assert_eq!(next(&mut terminal), Signal::Data(1, vec![7]));
    let told = terminal.last_words().told;
    assert_eq!(told, ["what came over EEM was not as it should be: 1 packets cut short"]);
    terminal.begin(&Opening::default()).unwrap();
    assert_eq!(next(&mut card), Signal::Close(1));
    assert_eq!(terminal.last_words(), LastWords::default(), "each session has its own");
}

#[test]
fn settings_that_contradict_each_other_open_nothing() {
    let mut config = EemConfig::card();
    config.ip.mtu = 9000;
    let (_terminal, card) = MemoryPipe::pair(FULL_SPEED);
    let error = Eem::open(config, once(card)).err().unwrap();
    assert!(error.to_string().contains("1280 to 1500"), "{error}");
}
