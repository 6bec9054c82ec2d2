//! `pcsc`: a card in a PC/SC reader.

use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Problem, Schema};
use dmsc_link::pcsc::{self, Iccid, PcscConfig, PcscProtocol, PcscShare, Select};
use dmsc_link::{Link, LinkError};
use dmsc_octets::HexPattern;

use super::{Connection, Driver, Word, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word =
    Word { name: "pcsc", doc: "A card in a PC/SC reader.", plays: Role::Terminal, fields, read };

/// A card in a PC/SC reader: the player is the terminal.
#[derive(Clone, Debug, PartialEq)]
struct Card(PcscConfig);

impl Driver for Card {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        pcsc::open(self.0.clone())
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PC/SC: {}", self.0.reader)
    }
}

pub(super) fn fields() -> Mapping {
    let limit = PcscConfig::default().limit.as_secs();
    Mapping::new([
        Field::optional("reader", Schema::text(), "Name of the reader; `*` in it stands for any text."),
        Field::optional(
            "atr",
            Schema::text().named("an answer to reset, hexadecimal with wildcards").with(|node| {
                let error = HexPattern::parse(node.written()?).err()?;
                let help = "write it like `3B 9F ?? 80 1F *`";
                Some(Problem::new(node.span, error.to_string()).label("is no answer to reset").help(help))
            }),
            "The card that answers a reset so: hexadecimal, `?` for any digit, `*` for any octets.",
        ),
        Field::optional(
            "iccid",
            Schema::verbatim().named("an ICCID").with(|node| {
                let error = Iccid::parse(node.written()?).err()?;
                Some(Problem::new(node.span, error.to_string()).label("is no ICCID"))
            }),
            "The card with this number in EF.ICCID; each card that is there is asked.",
        ),
        Field::optional(
            "protocol",
            Schema::documented_choice([("any", "What card and reader agree on."), ("t0", "T=0."), ("t1", "T=1.")]),
            "The transmission protocol; `any` unless given.",
        ),
        Field::optional(
            "share",
            Schema::documented_choice([
                ("exclusive", "No other program may use the card."),
                ("shared", "Others may; only to look on."),
            ]),
            "Who else may use the card; nobody unless given.",
        ),
        Field::optional(
            "limit",
            Schema::time_to_pass(),
            format!("How long the card may take for one answer; {limit} s unless given."),
        ),
        Field::optional(
            "appear",
            Schema::Duration,
            "How long reader and card may take to appear when a run begins; 10 s unless given.",
        ),
        Field::optional(
            "rests",
            Schema::Bool,
            "The card does nothing between commands: time in which nothing is sent to it counts as passed, and is not waited for.",
        ),
    ])
    .at_most_one(["reader", "atr", "iccid"])
}

/// The card in a reader that the settings describe.
pub(super) fn read(node: &Node) -> Connection {
    let default = PcscConfig::default();
    // What the schema has checked is there; what it has not let through is nothing.
    let by_atr = || HexPattern::parse(&text(node, "atr")?).ok().map(Select::Atr);
    let by_iccid = || Iccid::parse(&text(node, "iccid")?).ok().map(Select::Iccid);
    let by_name = text(node, "reader").map(|name| match name.contains('*') {
        true => Select::Pattern(name),
        false => Select::Name(name),
    });
    Connection::over(Card(PcscConfig {
        reader: by_name.or_else(by_atr).or_else(by_iccid).unwrap_or_default(),
        protocol: match text(node, "protocol").as_deref() {
            Some("t0") => PcscProtocol::T0,
            Some("t1") => PcscProtocol::T1,
            _ => PcscProtocol::Any,
        },
        share: match text(node, "share").as_deref() {
            Some("shared") => PcscShare::Shared,
            _ => PcscShare::Exclusive,
        },
        limit: span(node, "limit").unwrap_or(default.limit),
        appear: span(node, "appear").unwrap_or(default.appear),
        rests: node.get("rests").and_then(Node::as_bool).unwrap_or_default(),
    }))
}
