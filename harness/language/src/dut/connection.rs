//! What a link leads over: the words of DUT files, and the drivers they stand for.

#[cfg(target_os = "linux")]
mod board;
#[cfg(target_os = "linux")]
mod gadget;
mod pcsc;
mod simtrace2;
mod usb;
mod vpcd;

use std::fmt;
use std::time::Duration;

use dmsc_doc::{Definitions, Field, Mapping, Node, Problem, Problems, Source, load};
use dmsc_link::eem::EemConfig;
#[cfg(target_os = "linux")]
use dmsc_link::gadget::{GadgetBoard, GadgetBoardConfig, GadgetCard, GadgetConfig, UsbCard};
use dmsc_link::pcsc::PcscConfig;
use dmsc_link::usb::{IccdConfig, IccdTerminal, Simtrace2, Simtrace2Config, UsbUicc};
#[cfg(target_os = "linux")]
use dmsc_link::usb::{SystemConfig, SystemUicc};
use dmsc_link::{Link, LinkError, Vpcd, VpcdConfig};

use crate::catalogue::Role;

/// What a link leads over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// A card in a PC/SC reader: the player is the terminal.
    Pcsc(PcscConfig),
    /// A UICC on USB: the player is the terminal.
    Usb(Box<UsbCardConfig>),
    /// The virtual reader of vsmartcard: the player is the card.
    Vpcd(VpcdConfig),
    /// The slot of a handset, through a SIMtrace2 board: the player is the card.
    Simtrace2(Simtrace2Config),
    /// A host that this machine is a USB device of: the player is the card.
    #[cfg(target_os = "linux")]
    Gadget(Box<(GadgetConfig, Option<EemConfig>)>),
    /// A SIMtrace2 board that this machine plays, with a handset in front of it: the player is the terminal.
    #[cfg(target_os = "linux")]
    Board(GadgetBoardConfig),
}

/// How a UICC on USB is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbCardConfig {
    /// The device, and how APDUs go.
    pub iccd: IccdConfig,
    /// DM sessions go over EEM.
    pub eem: Option<EemWay>,
    /// The ISO contacts of the same card, which count where it is not on USB (see [`Connection::first`]).
    pub iso: Option<PcscConfig>,
}

/// What carries TCP/IP to the EEM interface of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EemWay {
    /// The harness itself.
    Own(Box<EemConfig>),
    /// The system's own driver and TCP/IP.
    #[cfg(target_os = "linux")]
    System(SystemConfig),
}

/// One of several interfaces of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The way to it alone.
    pub connection: Connection,
    /// Why this one, in words.
    pub why: String,
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
    pcsc::WORD,
    usb::WORD,
    vpcd::WORD,
    simtrace2::WORD,
    #[cfg(target_os = "linux")]
    gadget::WORD,
    #[cfg(target_os = "linux")]
    board::WORD,
];

impl Connection {
    /// Opens the link.
    ///
    /// # Errors
    /// [`LinkError`] with what is missing, and what to try.
    pub fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        Ok(match self {
            Connection::Pcsc(config) => return dmsc_link::pcsc::open(config.clone()),
            Connection::Usb(config) => {
                let UsbCardConfig { iccd, eem, iso: _ } = (**config).clone();
                match eem {
                    Some(EemWay::Own(eem)) => Box::new(UsbUicc::terminal(iccd, *eem)?),
                    #[cfg(target_os = "linux")]
                    Some(EemWay::System(system)) => Box::new(SystemUicc::open(iccd, system)?),
                    None => Box::new(IccdTerminal::open(iccd)?),
                }
            }
            Connection::Vpcd(config) => Box::new(Vpcd::open(config.clone())?),
            Connection::Simtrace2(config) => Box::new(Simtrace2::open(config)?),
            #[cfg(target_os = "linux")]
            Connection::Gadget(config) => {
                let (gadget, eem) = (**config).clone();
                match eem {
                    Some(eem) => Box::new(UsbCard::card(gadget, eem)?),
                    None => Box::new(GadgetCard::open(gadget)?),
                }
            }
            #[cfg(target_os = "linux")]
            Connection::Board(config) => Box::new(GadgetBoard::open(config.clone())?),
        })
    }

    /// Of a card with several interfaces, the first that is there; `None` where the file names no more than one. A
    /// terminal that has USB and ISO takes USB (DM_SC TS 5.1); ISO is for a card that is not on the bus, and not for one
    /// that is there and cannot be used.
    pub fn first(&self) -> Option<Chosen> {
        let Connection::Usb(config) = self else { return None };
        let iso = config.iso.as_ref()?;
        Some(match IccdTerminal::absent(&config.iccd) {
            None => Chosen {
                connection: Connection::Usb(Box::new(UsbCardConfig { iso: None, ..(**config).clone() })),
                why: "it is on USB, which comes before ISO".into(),
            },
            Some(absence) => Chosen { connection: Connection::Pcsc(iso.clone()), why: format!("ISO, since {absence}") },
        })
    }

    /// Whether DM sessions go over byte streams of the link, and not over channels of its contact interface.
    pub fn has_streams(&self) -> bool {
        match self {
            Connection::Pcsc(_) | Connection::Vpcd(_) | Connection::Simtrace2(_) => false,
            Connection::Usb(config) => config.eem.is_some(),
            #[cfg(target_os = "linux")]
            Connection::Gadget(config) => config.1.is_some(),
            #[cfg(target_os = "linux")]
            Connection::Board(_) => false,
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Connection::Pcsc(config) => write!(f, "PC/SC: {}", config.reader),
            Connection::Usb(config) => {
                let eem = match &config.eem {
                    None => "",
                    Some(EemWay::Own(_)) => WITH_EEM,
                    #[cfg(target_os = "linux")]
                    Some(EemWay::System(_)) => " with EEM by the system's own driver",
                };
                write!(f, "USB UICC{eem}: {}", config.iccd.select)
            }
            Connection::Vpcd(config) => write!(f, "vpcd at {}", config.address),
            Connection::Simtrace2(config) => write!(f, "SIMtrace2: {}", config.select),
            #[cfg(target_os = "linux")]
            Connection::Gadget(config) => {
                let eem = if config.1.is_some() { WITH_EEM } else { "" };
                write!(f, "USB gadget{eem}, {}", config.0.iccd.variant)
            }
            #[cfg(target_os = "linux")]
            Connection::Board(config) => write!(f, "a {} board of this machine", config.board.name()),
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

const WITH_EEM: &str = " with EEM";

/// A text among the settings.
fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::written).map(str::to_owned)
}

/// A duration among the settings, which the schema has checked.
fn span(node: &Node, key: &str) -> Option<Duration> {
    dmsc_doc::parse_duration(node.get(key)?.written()?).ok()
}

/// A number among the settings, within the range that the schema has checked.
fn number<N: TryFrom<i64>>(node: &Node, key: &str) -> Option<N> {
    node.get(key)?.as_int().and_then(|value| N::try_from(value).ok())
}
