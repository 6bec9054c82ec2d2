//! What a link leads over: the words of DUT files, and the drivers they stand for.

use std::fmt;
use std::time::Duration;

use dmsc_doc::{Definitions, Field, Mapping, Node, Problem, Problems, Schema, Source, load};
use dmsc_link::pcsc::{AtrPattern, Iccid, PcscConfig, PcscProtocol, PcscShare, Select};
use dmsc_link::{Link, LinkError, Vpcd, VpcdConfig, VpcdSide};

use crate::catalogue::Role;
use crate::far_end::Opener;

/// What a link leads over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// A card in a PC/SC reader: the player is the terminal.
    Pcsc(PcscConfig),
    /// The virtual reader of vsmartcard: the player is the card.
    Vpcd(VpcdConfig),
}

/// A word of DUT files for a connection.
pub(super) struct Word {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    /// What a player on this side of it is.
    pub(super) plays: Role,
    pub(super) fields: fn() -> Mapping,
    pub(super) read: fn(&Node) -> Connection,
}

/// Every connection there is.
pub(super) const WORDS: &[Word] = &[
    Word { name: "pcsc", doc: "A card in a PC/SC reader.", plays: Role::Terminal, fields: pcsc_fields, read: pcsc },
    Word {
        name: "vpcd",
        doc: "The virtual reader of vsmartcard: a card for any PC/SC program.",
        plays: Role::Card,
        fields: vpcd_fields,
        read: vpcd,
    },
];

impl Connection {
    /// Opens the link, on a clock that runs `rate` times as fast as the wall.
    ///
    /// # Errors
    /// [`LinkError`] with what is missing, and what to try.
    pub fn open(&self, rate: u32) -> Result<Box<dyn Link>, LinkError> {
        Ok(match self {
            Connection::Pcsc(config) => return dmsc_link::pcsc::open(PcscConfig { rate, ..config.clone() }),
            Connection::Vpcd(config) => Box::new(Vpcd::open(VpcdConfig { rate, ..config.clone() })?),
        })
    }

    /// Whether DM sessions go over byte streams of the link, and not over channels of its contact interface.
    pub fn has_streams(&self) -> bool {
        match self {
            Connection::Pcsc(_) | Connection::Vpcd(_) => false,
        }
    }

    pub(super) fn opener(&self, rate: u32) -> Opener {
        let connection = self.clone();
        Box::new(move || connection.open(rate))
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Connection::Pcsc(config) => write!(f, "PC/SC: {}", config.reader),
            Connection::Vpcd(config) => write!(f, "vpcd at {}", config.address),
        }
    }
}

/// The schema of a connection: one word with its settings.
pub(super) fn connection_schema() -> Mapping {
    let fields = WORDS.iter().map(|word| Field::optional(word.name, (word.fields)(), word.doc));
    Mapping::new(fields.collect::<Vec<_>>()).exactly_one(WORDS.iter().map(|word| word.name))
}

/// The word of a connection that a mapping has, and its settings.
pub(super) fn chosen(node: &Node) -> Option<(&'static Word, &Node)> {
    WORDS.iter().find_map(|word| Some((word, node.get(word.name)?)))
}

fn pcsc_fields() -> Mapping {
    let limit = PcscConfig::default().limit.as_secs();
    Mapping::new([
        Field::optional("reader", Schema::text(), "Name of the reader; `*` in it stands for any text."),
        Field::optional(
            "atr",
            Schema::text().named("an answer to reset, hexadecimal with wildcards").with(|node| {
                let error = AtrPattern::parse(node.written()?).err()?;
                Some(Problem::new(node.span, error.to_string()).label("is no answer to reset"))
            }),
            "The card that answers a reset so: hexadecimal, `?` for any digit.",
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
            Schema::Duration,
            format!("How long the card may take for one answer; {limit} s unless given."),
        ),
        Field::optional(
            "appear",
            Schema::Duration,
            "How long reader and card may take to appear when a run begins; 10 s unless given.",
        ),
    ])
    .at_most_one(["reader", "atr", "iccid"])
}

fn pcsc(node: &Node) -> Connection {
    let default = PcscConfig::default();
    // What the schema has checked is there; what it has not let through is nothing.
    let by_atr = || AtrPattern::parse(&text(node, "atr")?).ok().map(Select::Atr);
    let by_iccid = || Iccid::parse(&text(node, "iccid")?).ok().map(Select::Iccid);
    let by_name = text(node, "reader").map(|name| match name.contains('*') {
        true => Select::Pattern(name),
        false => Select::Name(name),
    });
    Connection::Pcsc(PcscConfig {
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
        ..default
    })
}

fn vpcd_fields() -> Mapping {
    Mapping::new([
        Field::optional("address", super::schema::address(), "Where vpcd is; `127.0.0.1:35963` unless given."),
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

fn vpcd(node: &Node) -> Connection {
    let default = VpcdConfig::default();
    let side = if text(node, "side").as_deref() == Some("listen") { VpcdSide::Listen } else { VpcdSide::Connect };
    let address = text(node, "address").unwrap_or_else(|| default.address.clone());
    Connection::Vpcd(VpcdConfig { address, side, appear: span(node, "appear").unwrap_or(default.appear), ..default })
}

/// A text among the settings.
fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::written).map(str::to_owned)
}

/// A duration among the settings, which the schema has checked.
fn span(node: &Node, key: &str) -> Option<Duration> {
    dmsc_doc::parse_duration(node.get(key)?.written()?).ok()
}

impl Connection {
    /// A connection as DUT files write it behind `link:`, such as `vpcd: { address: 127.0.0.1:35963 }`, for a player of
    /// this role.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(source: &Source, plays: Role) -> Result<Connection, Problems> {
        let root = load(source, &connection_schema().into(), &Definitions::new())?;
        let Some((word, settings)) = chosen(&root) else {
            return Err(Problems::new(source.clone(), vec![Problem::new(root.span, "no connection is named")]));
        };
        if word.plays == plays {
            return Ok((word.read)(settings));
        }
        let fitting: Vec<&str> = WORDS.iter().filter(|word| word.plays == plays).map(|word| word.name).collect();
        let problem = Problem::new(settings.span, format!("a {} is not played over `{}`", plays.as_str(), word.name))
            .label("leads to the other side")
            .help(format!("choose one of {}", fitting.join(", ")));
        Err(Problems::new(source.clone(), vec![problem]))
    }
}
