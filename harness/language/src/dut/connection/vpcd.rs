//! `vpcd`: the virtual reader of vsmartcard.

use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::{Link, LinkError, VpcdConfig, VpcdLevel, VpcdSide, vpcd};

use super::{Connection, Driver, Word, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word {
    name: "vpcd",
    doc: "The virtual reader of vsmartcard: a card for any PC/SC program.",
    plays: Role::Card,
    fields,
    read,
};

/// The virtual reader: the player is the card.
#[derive(Clone, Debug, PartialEq)]
struct Reader(VpcdConfig);

impl Driver for Reader {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        vpcd::open(self.0.clone())
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vpcd at {}", self.0.address)
    }
}

fn fields() -> Mapping {
    Mapping::new([
        Field::optional("address", super::address(), "Where vpcd is; `127.0.0.1:35963` unless given."),
        Field::optional(
            "side",
            Schema::documented_choice([
                ("connect", "The harness connects to vpcd, as it is set up by default."),
                ("listen", "vpcd connects to the harness, as its reader.conf may say."),
            ]),
            "Which side opens the connection.",
        ),
        Field::optional(
            "level",
            Schema::documented_choice([
                ("apdu", "APDUs, as most do."),
                ("tpdu", "TPDUs of T=0: what a command brings is fetched with GET RESPONSE."),
            ]),
            "What the programs at the reader send; `apdu` unless given.",
        ),
        Field::optional("appear", Schema::Duration, "How long vpcd may take to appear; 10 s unless given."),
    ])
}

fn read(node: &Node) -> Connection {
    let default = VpcdConfig::default();
    let side = if text(node, "side").as_deref() == Some("listen") { VpcdSide::Listen } else { VpcdSide::Connect };
    let address = text(node, "address").unwrap_or_else(|| default.address.clone());
    let level = if text(node, "level").as_deref() == Some("tpdu") { VpcdLevel::Tpdu } else { VpcdLevel::Apdu };
    let appear = span(node, "appear").unwrap_or(default.appear);
    Connection::over(Reader(VpcdConfig { address, side, appear, level, ..default }))
}
