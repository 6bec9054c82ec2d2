//! A terminal whose user gives the PIN of the card: before the card session, or after it has begun.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{card_config, terminal_config};
use dmsc_engine::card::Card;
use dmsc_engine::dm::Encoding;
use dmsc_engine::terminal::{Terminal, TerminalConfig};
use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::to_hex;

/// VERIFY PIN of PIN1, 2468.
const VERIFY: &str = "002000010832343638FFFFFFFF";
/// READ RECORD and READ BINARY bring nothing of what PIN1 protects.
const REFUSED: [u8; 2] = [0x69, 0x82];

/// The two, and what has passed between them.
struct Pair {
    card: Card,
    terminal: Terminal,
    passed: Vec<String>,
}

impl Pair {
    fn new() -> Pair {
        let mut config = card_config(false, Vec::new());
        config.files.set_pin1(*b"2468\xFF\xFF\xFF\xFF");
        let terminal = Terminal::new(TerminalConfig { ..terminal_config(false, Encoding::Xml) });
        Pair { card: Card::new(config), terminal, passed: Vec::new() }
    }

    /// Passes on what there is, until neither has anything to say.
    fn settle(&mut self) {
        for _ in 0..2000 {
            if let Some(signal) = self.terminal.poll() {
                self.passed.push(match &signal {
                    Signal::Command(octets) => to_hex(octets),
                    other => format!("{other:?}"),
                });
                self.card.handle(Time::ZERO, signal);
            } else if let Some(signal) = self.card.poll() {
                if let Signal::Response(octets) = &signal
                    && octets.ends_with(&REFUSED)
                {
                    self.passed.push("refused".into());
                }
                self.terminal.handle(Time::ZERO, signal);
            } else {
                return;
            }
        }
        panic!("they never come to rest");
    }

    fn has(&self, wanted: &str) -> bool {
        self.passed.iter().any(|passed| passed == wanted)
    }
}

#[test]
fn a_pin_that_is_given_at_once_is_presented_before_anything_is_read() {
    let mut pair = Pair::new();
    pair.terminal.handle(Time::ZERO, Signal::Act("enter-card-pin".into()));
    pair.settle();
    let commands: Vec<&str> = pair.passed.iter().map(String::as_str).collect();
    assert_eq!(commands[..3], ["PowerOn", "00A40004023F0000", VERIFY]);
    assert!(!pair.has("Reset") && !pair.has("refused"), "{commands:?}");
}

#[test]
fn a_card_session_that_has_begun_without_the_pin_begins_anew() {
    let mut pair = Pair::new();
    pair.settle();
    assert!(pair.has("refused") && !pair.has(VERIFY), "{:?}", pair.passed);
    pair.passed.clear();
    pair.terminal.handle(Time::ZERO, Signal::Act("enter-card-pin".into()));
    pair.settle();
    assert_eq!(pair.passed[..3], ["Reset", "00A40004023F0000", VERIFY]);
    assert!(!pair.has("refused"), "{:?}", pair.passed);
}
