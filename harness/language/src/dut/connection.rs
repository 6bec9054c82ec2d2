//! What a link leads over: the words of DUT files, and the drivers they stand for.
//!
//! A link is one file in `dmsc-link` and one here, and its word stands in [`WORDS`]. Each word is there in every build;
//! a driver that is not says so when it is opened.

mod board;
mod gadget;
mod pcsc;
mod simtrace2;
mod usb;
mod vpcd;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dmsc_doc::{Definitions, Field, Mapping, Node, Problem, Problems, Schema, Source, load};
use dmsc_link::{Link, LinkError};

use crate::catalogue::Role;

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
pub(super) const WORDS: &[Word] = &[pcsc::WORD, usb::WORD, vpcd::WORD, simtrace2::WORD, gadget::WORD, board::WORD];

/// What a connection can do: the settings of a driver, which print in a few words.
trait Driver: Comparable + fmt::Debug + fmt::Display + Send + Sync {
    fn open(&self) -> Result<Box<dyn Link>, LinkError>;

    /// As [`Connection::has_streams`].
    fn has_streams(&self) -> bool {
        false
    }

    /// As [`Connection::first`].
    fn first(&self) -> Option<Chosen> {
        None
    }
}

/// What a trait object cannot derive.
trait Comparable: Any {
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<T: PartialEq + Any> Comparable for T {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }
}

/// What a link leads over.
#[derive(Clone, Debug)]
pub struct Connection(Arc<dyn Driver>);

/// One of several interfaces of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The way to it alone.
    pub connection: Connection,
    /// Why this one, in words.
    pub why: String,
}

impl Connection {
    fn over(driver: impl Driver) -> Connection {
        Connection(Arc::new(driver))
    }

    /// Opens the link.
    ///
    /// # Errors
    /// [`LinkError`] with what is missing, and what to try.
    pub fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        self.0.open()
    }

    /// Of a card with several interfaces, the first that is there; `None` where the file names no more than one. A
    /// terminal that has USB and ISO takes USB (DM_SC TS 5.1); ISO is for a card that is not on the bus, and not for one
    /// that is there and cannot be used.
    pub fn first(&self) -> Option<Chosen> {
        self.0.first()
    }

    /// Whether DM sessions go over byte streams of the link, and not over channels of its contact interface.
    pub fn has_streams(&self) -> bool {
        self.0.has_streams()
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Connection) -> bool {
        let other: &dyn Driver = &*other.0;
        self.0.equals(other)
    }
}

impl Eq for Connection {}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
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
    /// A connection as DUT files write it after `link:`, such as `vpcd: { address: 127.0.0.1:35963 }`, for a player of
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

/// An address of a host and a port.
pub(super) fn address() -> Schema {
    address_with("")
}

/// An address of a host and a port, in which the digits that `number` stands for may be.
pub(super) fn address_with(number: &'static str) -> Schema {
    Schema::text().named("an address `host:port`").with(move |node| {
        let text = node.as_str()?;
        let filled = if number.is_empty() { text.into() } else { text.replace(number, "0") };
        let port = filled.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
        if port.is_some_and(|port| port.parse::<u16>().is_ok()) {
            return None;
        }
        Some(
            Problem::new(node.span, format!("`{text}` is no address"))
                .label("expected `host:port`")
                .help("write the host and a port from 0 to 65535: `127.0.0.1:4116`"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_compare_by_their_settings_and_print_in_a_few_words() {
        let parsed = |text: &str, plays| Connection::parse(&Source::new("--link", text), plays).unwrap();
        let card = |text: &str| parsed(text, Role::Terminal);
        assert_eq!(card("pcsc: { reader: ACS* }"), card("pcsc: { reader: ACS* }"));
        assert_ne!(card("pcsc: { reader: ACS* }"), card("pcsc: {}"));
        assert_ne!(card("pcsc: {}"), card("usb: {}"));
        assert_eq!(card("usb: { eem: {} }").to_string(), "USB UICC with EEM: any device");
        assert!(card("usb: { eem: {} }").has_streams() && !card("usb: {}").has_streams());
        assert_eq!(card("simtrace2-board: {}").to_string(), "a simtrace2 board of this machine");
        assert_eq!(parsed("vpcd: {}", Role::Card).to_string(), "vpcd at 127.0.0.1:35963");
        assert_eq!(parsed("gadget: { eem: {} }", Role::Card).to_string(), "USB gadget with EEM, control B");
    }
}
