//! Cards that are never done: the terminal gives each up at a limit that it names, and tells no other so.

#![allow(clippy::unwrap_used)] // A test stops at what it does not expect.

mod common;

use std::time::Duration;

use common::terminal_config;
use dmsc_engine::dm::Encoding;
use dmsc_engine::player::{Player, Reply};
use dmsc_engine::terminal::{Terminal, TerminalConfig, limits};
use dmsc_link::{Peer, Signal, Time};

/// How a run against a card came to its end.
struct Ended {
    given_up: Option<String>,
    exchanges: u32,
    at: Time,
}

/// A terminal against a card that takes so long for each answer, and may give none. It is watched for ten minutes.
fn against(mut card: impl FnMut(&[u8]) -> (Duration, Option<Vec<u8>>)) -> Ended {
    let config = TerminalConfig { revives: false, ..terminal_config(true, Encoding::Xml) };
    let mut terminal = Terminal::new(config);
    let (mut now, mut exchanges) = (Time::ZERO, 0);
    let end = Time::ZERO + Duration::from_secs(600);
    terminal.start(now);
    loop {
        while let Some(signal) = terminal.poll() {
            match signal {
                Signal::PowerOn | Signal::Reset => terminal.handle(now, Signal::Atr(vec![0x3B, 0x00])),
                Signal::Command(command) => {
                    exchanges += 1;
                    let (took, answer) = card(&command);
                    now = now + took;
                    if let Some(answer) = answer {
                        terminal.handle(now, Signal::Response(answer));
                    }
                }
                _ => {}
            }
        }
        let mut idle = true;
        while let Some(event) = terminal.next_event() {
            idle = false;
            if event.wants_answer {
                terminal.answer(now, &Reply::Default).unwrap();
            }
        }
        if let Some(why) = terminal.given_up() {
            return Ended { given_up: Some(why.to_owned()), exchanges, at: now };
        }
        match terminal.wake_at() {
            Some(at) if idle && at <= end => {
                now = now.max(at);
                terminal.tick(now);
            }
            _ if idle || now > end => return Ended { given_up: None, exchanges, at: now },
            _ => {}
        }
    }
}

/// The same, with an answer that takes a millisecond.
fn at_once(mut card: impl FnMut(&[u8]) -> Vec<u8>) -> Ended {
    against(|command| (Duration::from_millis(1), Some(card(command))))
}

fn given_up(ended: &Ended, expected: &str) {
    let why = ended.given_up.as_deref().unwrap_or("(not given up)");
    assert!(why.contains(expected), "{why}: {expected}");
}

#[test]
fn an_answer_without_end_is_given_up_in_time_exchanges_and_octets() {
    let ended = at_once(|_| vec![0x61, 0xFF]);
    given_up(&ended, "does not end its answer to 00 A4 00 04: 8 GET RESPONSEs brought no data, and 61FF says");
    assert_eq!(ended.exchanges, limits::EMPTY_GET_RESPONSES + 1);

    let full = [vec![0; 255], vec![0x61, 0xFF]].concat();
    let ended = at_once(|_| full.clone());
    given_up(&ended, "more than 65536 octets");

    let ended = at_once(|_| vec![0x00, 0x61, 0x01]);
    given_up(&ended, "300 GET RESPONSEs were not enough");
    assert_eq!(ended.exchanges, limits::GET_RESPONSES + 1);

    let slow = against(|_| (Duration::from_secs(9), Some(vec![0x00, 0x61, 0x10])));
    given_up(&slow, "it went on for 30 s");
    assert_eq!((slow.exchanges, slow.at), (4, Time::ZERO + Duration::from_secs(36)));
}

#[test]
fn a_length_that_is_corrected_for_ever_is_an_answer() {
    let ended = at_once(|command| match command {
        [_, 0xA4, ..] => vec![0x62, 0x00, 0x90, 0x00],
        [_, _, _, _, le] => vec![0x6C, le.wrapping_add(1)],
        _ => vec![0x90, 0x00],
    });
    assert_eq!(ended.given_up, None);
    // Twenty commands or so, those of case 2 five times; and STATUS every half minute.
    assert!(ended.exchanges < 200, "{}", ended.exchanges);
}

#[test]
fn proactive_commands_without_end_are_given_up() {
    let ended = at_once(|_| vec![0x91, 0x10]);
    given_up(&ended, "16 FETCHes in a row brought none that can be read");

    let ended = at_once(|command| match command {
        [_, 0x12, ..] => vec![0xD0, 0x00, 0x90, 0x00],
        _ => vec![0x91, 0x02],
    });
    given_up(&ended, "16 FETCHes in a row brought none that can be read");

    let poll_interval = [0xD0, 0x0D, 0x81, 3, 1, 3, 0, 0x82, 2, 0x81, 0x82, 0x84, 2, 1, 0x1E];
    let ended = at_once(|command| match command {
        [_, 0x12, ..] => [&poll_interval[..], &[0x90, 0x00]].concat(),
        _ => vec![0x91, 0x0F],
    });
    given_up(&ended, "20000 were announced by 91xx in a row");

    // As many, but the card comes to rest now and then.
    let mut count = 0;
    let ended = at_once(|command| match command {
        [_, 0x12, ..] => [&poll_interval[..], &[0x90, 0x00]].concat(),
        _ => {
            count += 1;
            if count % 500 == 0 { vec![0x90, 0x00] } else { vec![0x91, 0x0F] }
        }
    });
    assert_eq!(ended.given_up, None);
}

#[test]
fn a_card_that_does_not_answer_at_its_start_is_given_up_and_later_it_is_silent() {
    let mute = against(|_| (Duration::ZERO, None));
    given_up(&mute, "did not answer 00 A4 00 04 within 10 s");
    assert_eq!(mute.at, Time::ZERO + limits::ANSWER);

    let short = at_once(|_| vec![0x90]);
    given_up(&short, "answered 00 A4 00 04 with 90, which has no status word");

    // A case may be about the silence of a card that has started.
    let later = against(|command| (Duration::ZERO, (command[1] != 0xF2).then(|| vec![0x90, 0x00])));
    assert_eq!(later.given_up, None);
}

#[test]
fn no_more_of_a_file_is_read_than_one_command_brings() {
    let mut lengths = Vec::new();
    at_once(|command| match command {
        [_, 0xA4, ..] => vec![0x62, 0x08, 0x82, 0x02, 0x41, 0x21, 0x80, 0x02, 0xFF, 0xFF, 0x90, 0x00],
        [_, 0xB0, ..] => {
            lengths.push(command.len());
            vec![0x90, 0x00]
        }
        _ => vec![0x90, 0x00],
    });
    assert!(!lengths.is_empty() && lengths.iter().all(|length| *length == 5), "{lengths:?}");
}
