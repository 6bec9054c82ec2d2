//! `vpcd`: the virtual reader of vsmartcard.

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::{VpcdConfig, VpcdSide};

use super::{Connection, Word, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word {
    name: "vpcd",
    doc: "The virtual reader of vsmartcard: a card for any PC/SC program.",
    plays: Role::Card,
    fields,
    read,
};

fn fields() -> Mapping {
    Mapping::new([
        Field::optional("address", crate::dut::schema::address(), "Where vpcd is; `127.0.0.1:35963` unless given."),
        Field::optional(
            "side",
            Schema::documented_choice([
                ("connect", "The harness connects to vpcd, as it is set up by default."),
                ("listen", "vpcd connects to the harness, as its reader.conf may say."),
            ]),
            "Which side opens the connection.",
        ),
        Field::optional("appear", Schema::Duration, "How long vpcd may take to appear; 10 s unless given."),
    ])
}

fn read(node: &Node) -> Connection {
    let default = VpcdConfig::default();
    let side = if text(node, "side").as_deref() == Some("listen") { VpcdSide::Listen } else { VpcdSide::Connect };
    let address = text(node, "address").unwrap_or_else(|| default.address.clone());
    Connection::Vpcd(VpcdConfig { address, side, appear: span(node, "appear").unwrap_or(default.appear), ..default })
}
