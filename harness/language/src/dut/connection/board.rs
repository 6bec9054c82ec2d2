//! `simtrace2-board`: a handset in front of a SIMtrace2 board that this machine plays, for the bench.

use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::gadget::{self, GadgetBoardConfig};
use dmsc_link::{Link, LinkError};
use dmsc_usb::simtrace2::{Board, Generation};

use super::{Connection, Driver, Word, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word {
    name: "simtrace2-board",
    doc: "A host, to which this machine is a SIMtrace2 board with a handset; for a bench, needs a USB device controller.",
    plays: Role::Terminal,
    fields,
    read,
};

/// A board that this machine plays, with a handset in front of it: the player is the terminal.
#[derive(Clone, Debug, PartialEq)]
struct PlayedBoard(GadgetBoardConfig);

impl Driver for PlayedBoard {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        gadget::board(self.0.clone())
    }
}

impl fmt::Display for PlayedBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} board of this machine", self.0.board.name())
    }
}

fn fields() -> Mapping {
    Mapping::new([
        Field::optional("udc", Schema::verbatim(), "The USB device controller, by its name; the first unless given."),
        Field::optional("board", Schema::choice(Board::ALL.map(Board::name)), "Which board; `simtrace2` unless given."),
        Field::optional(
            "firmware",
            Schema::choice(Generation::ALL.map(Generation::name)),
            "What firmware it behaves like: that of release 0.9.1, unless given, or a later one.",
        ),
        Field::optional("serial", Schema::verbatim(), "iSerialNumber."),
    ])
}

fn read(node: &Node) -> Connection {
    let default = GadgetBoardConfig::default();
    Connection::over(PlayedBoard(GadgetBoardConfig {
        udc: text(node, "udc"),
        board: text(node, "board").and_then(|name| Board::from_name(&name)).unwrap_or(default.board),
        firmware: text(node, "firmware").and_then(|name| Generation::from_name(&name)).unwrap_or(default.firmware),
        serial: text(node, "serial").unwrap_or_else(|| default.serial.clone()),
        ..default
    }))
}
