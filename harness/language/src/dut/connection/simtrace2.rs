//! `simtrace2`: the slot of a handset, through a board of the SIMtrace2 family.

use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::usb::{self, Simtrace2Config};
use dmsc_link::{Link, LinkError};
use dmsc_usb::simtrace2::{Board, Polarity};

use super::usb::{device, device_fields};
use super::{Connection, Driver, Word, number, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word {
    name: "simtrace2",
    doc: "The slot of a handset, through a board of the SIMtrace2 family.",
    plays: Role::Card,
    fields,
    read,
};

/// The slot of a handset: the player is the card.
#[derive(Clone, Debug, PartialEq)]
struct Slot(Simtrace2Config);

impl Driver for Slot {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        usb::slot(&self.0)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIMtrace2: {}", self.0.select)
    }
}

fn fields() -> Mapping {
    let own = [
        Field::optional("board", Schema::choice(Board::ALL.map(Board::name)), "Which kind of board; any unless given."),
        Field::optional("mux", Schema::int(0, 7), "The slot behind the switch of a board that has one."),
        Field::optional(
            "polarity",
            Schema::choice(["low", "high"]),
            "The level of the card-detect contact that means that a card is there.",
        ),
        Field::optional(
            "modem_reset",
            Schema::Bool,
            "Whether each session begins with a reset of the modem, on boards that have its line.",
        ),
        Field::optional("pulse", Schema::Duration, "How long the modem is held in reset; 300 ms unless given."),
    ];
    Mapping::new(device_fields().into_iter().chain(own).collect::<Vec<_>>())
}

fn read(node: &Node) -> Connection {
    let default = Simtrace2Config::default();
    Connection::over(Slot(Simtrace2Config {
        select: device(node),
        board: text(node, "board").and_then(|name| Board::from_name(&name)),
        mux: number(node, "mux").unwrap_or(default.mux),
        polarity: text(node, "polarity").map(|level| if level == "low" { Polarity::Low } else { Polarity::High }),
        modem_reset: node.get("modem_reset").and_then(Node::as_bool).unwrap_or(default.modem_reset),
        pulse: span(node, "pulse").unwrap_or(default.pulse),
        appear: span(node, "appear").unwrap_or(default.appear),
    }))
}
