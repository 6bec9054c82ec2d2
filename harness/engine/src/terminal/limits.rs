//! How much a card may ask of the terminal before the terminal gives it up: a card that is never done must not hold a
//! case, nor fill the memory. `DUT-FILES.md` has these in its table of limits.

use std::time::Duration;

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::status::StatusWord;
use serde_json::{Map, json};

use super::Terminal;
use crate::event::Actor;
use crate::player::Delivery;

/// How long the card may take for one answer, before it counts as silent (several work waiting times).
pub const ANSWER: Duration = Duration::from_secs(10);

/// How long one command may take with all that it takes to read its answer; each answer may be in time by itself.
pub const EXCHANGE: Duration = Duration::from_secs(30);

/// How often GET RESPONSE follows one command. The longest response, 65536 octets, is there after 256.
pub const GET_RESPONSES: u32 = 300;

/// How many GET RESPONSEs after one command may bring no data, each with word of more.
pub const EMPTY_GET_RESPONSES: u32 = 8;

/// The most response data of one command, in octets (ISO/IEC 7816-3 12.1).
pub const RESPONSE_OCTETS: usize = 65_536;

/// How often a command is sent again with the Le that `6Cxx` names; after that, `6Cxx` is its answer. One is enough for
/// a card that means what it says (TS 102 221 7.3.1.1.2).
pub const CORRECTIONS: u32 = 4;

/// How many proactive commands may follow each other, each announced in the answer to what the terminal did of the one
/// before. A card may send and read octet by octet.
pub const COMMANDS_IN_A_ROW: u32 = 20_000;

/// How many FETCHes in a row may bring nothing, or nothing that can be read, each with word of another command.
pub const EMPTY_FETCHES: u32 = 16;

/// How far the answer to one command has been followed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// GET RESPONSEs so far.
    pub(super) get_responses: u32,
    /// Those that brought no data.
    pub(super) empty: u32,
    /// Corrections of Le so far.
    pub(super) corrections: u32,
}

impl Followed {
    /// Counts a GET RESPONSE that is about to be sent: `octets` of data are there, `fresh` of them new, after `spent`.
    /// Says which limit it passes, if it passes one.
    pub(super) fn another(&mut self, octets: usize, fresh: usize, spent: Duration) -> Option<String> {
        // The first 61xx comes without data.
        let empty = fresh == 0 && self.get_responses > 0;
        self.empty = self.empty.saturating_add(u32::from(empty));
        self.get_responses = self.get_responses.saturating_add(1);
        if self.empty >= EMPTY_GET_RESPONSES {
            Some(format!("{EMPTY_GET_RESPONSES} GET RESPONSEs brought no data"))
        } else if octets > RESPONSE_OCTETS {
            Some(format!("it brought more than {RESPONSE_OCTETS} octets"))
        } else if self.get_responses > GET_RESPONSES {
            Some(format!("{GET_RESPONSES} GET RESPONSEs were not enough"))
        } else if spent >= EXCHANGE {
            Some(format!("it went on for {} s", EXCHANGE.as_secs()))
        } else {
            None
        }
    }
}

/// How long the card has gone on by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Restless {
    /// Answers in a row that say that a proactive command waits.
    announced: u32,
    /// FETCHes in a row that brought nothing to carry out.
    empty: u32,
}

impl Restless {
    /// Takes note of an answer: whether it says that a command waits, and of a FETCH, whether it brought one that can be
    /// read. Says which limit is passed, if one is.
    pub(super) fn answered(&mut self, pending: bool, brought: Option<bool>) -> Option<String> {
        match brought {
            Some(true) => self.empty = 0,
            Some(false) => self.empty = self.empty.saturating_add(1),
            None => {}
        }
        // FETCH itself is answered 9000 when its command was the last.
        match (pending, brought) {
            (true, _) => self.announced = self.announced.saturating_add(1),
            (false, Some(_)) => {}
            (false, None) => *self = Restless::default(),
        }
        if self.empty >= EMPTY_FETCHES {
            Some(format!("{EMPTY_FETCHES} FETCHes in a row brought none that can be read, and 91xx announced another"))
        } else if self.announced > COMMANDS_IN_A_ROW {
            Some(format!("{COMMANDS_IN_A_ROW} were announced by 91xx in a row, and no command was answered with 9000"))
        } else {
            None
        }
    }
}

impl Terminal {
    /// Gives the card up: nothing more is sent to it until it is powered or reset.
    pub(super) fn give_card_up(&mut self, why: String) {
        self.in_flight = None;
        self.queue.clear();
        self.retries.clear();
        self.waiting.clear();
        self.card_dead = true;
        if !matches!(self.io.delivery, Delivery::None | Delivery::Delivered(_)) {
            self.io.delivery = Delivery::Failed(why.clone());
        }
        self.io.say(Actor::Terminal, "given-up", &[], || Map::from_iter([("what".to_owned(), json!(why))]));
        self.given_up = Some(why);
    }
}

/// The header of a command, as the standards write it.
pub(super) fn header(command: &CommandApdu) -> String {
    let CommandApdu { cla, ins, p1, p2, .. } = command;
    format!("{cla:02X} {ins:02X} {p1:02X} {p2:02X}")
}

/// Why an answer that says 61xx again is followed no more.
pub(super) fn endless(command: &CommandApdu, sw: StatusWord, limit: &str) -> String {
    format!(
        "the card does not end its answer to {}: {limit}, and {:04X} says that there is more",
        header(command),
        sw.0
    )
}
