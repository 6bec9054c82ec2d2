//! `usb`: a UICC on USB.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use dmsc_doc::{Field, Mapping, Node, Problem, Schema};
use dmsc_ip::{PeerAddress, Target};
use dmsc_link::eem::EemConfig;
use dmsc_link::usb::{self, CardStreams, IccdConfig, SystemConfig, UsbSelect};
use dmsc_link::{Link, LinkError};

use super::{Chosen, Connection, Driver, Word, number, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word { name: "usb", doc: "A UICC on USB.", plays: Role::Terminal, fields, read };

/// A UICC on USB: the player is the terminal.
#[derive(Clone, Debug, PartialEq)]
struct Card {
    /// The device, and how APDUs go.
    iccd: IccdConfig,
    /// DM sessions go over EEM.
    streams: Option<CardStreams>,
    /// The ISO contacts of the same card, which count where it is not on USB.
    iso: Option<Connection>,
}

impl Driver for Card {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        usb::card(self.iccd.clone(), self.streams.clone())
    }

    fn has_streams(&self) -> bool {
        self.streams.is_some()
    }

    fn first(&self) -> Option<Chosen> {
        let iso = self.iso.as_ref()?;
        Some(match usb::absent(&self.iccd) {
            None => Chosen {
                connection: Connection::over(Card { iso: None, ..self.clone() }),
                why: "it is on USB, which comes before ISO".into(),
            },
            Some(absence) => Chosen { connection: iso.clone(), why: format!("ISO, since {absence}") },
        })
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eem = match &self.streams {
            None => "",
            Some(CardStreams::Own(_)) => " with EEM",
            Some(CardStreams::System(_)) => " with EEM by the system's own driver",
        };
        write!(f, "USB UICC{eem}: {}", self.iccd.select)
    }
}

/// What tells one device from another.
pub(super) fn device_fields() -> Vec<Field> {
    vec![
        Field::optional("vendor", Schema::int(0, 0xFFFF), "idVendor, such as 0x1D50."),
        Field::optional("product", Schema::int(0, 0xFFFF), "idProduct."),
        Field::optional("serial", Schema::verbatim(), "iSerialNumber."),
        Field::optional("path", Schema::verbatim(), "Where it is plugged in, such as `3-1.4`."),
        Field::optional("interface", Schema::int(0, 0xFF), "bInterfaceNumber, where a device has several that fit."),
        Field::optional("appear", Schema::Duration, "How long it may take to appear when a run begins."),
    ]
}

/// The device that the settings describe.
pub(super) fn device(node: &Node) -> UsbSelect {
    UsbSelect {
        vendor: number(node, "vendor"),
        product: number(node, "product"),
        serial: text(node, "serial"),
        path: text(node, "path"),
        interface: number(node, "interface"),
    }
}

fn fields() -> Mapping {
    let limit = IccdConfig::default().limit.as_secs();
    let own = [
        Field::optional(
            "limit",
            Schema::time_to_pass(),
            format!("How long the card may take for one answer; {limit} s unless given."),
        ),
        Field::optional(
            "negotiate",
            Schema::Bool,
            "Whether power is negotiated first (TS 102 600); a card that does not know it may refuse.",
        ),
        Field::optional("eem", eem_fields(), "DM sessions go over the EEM interface of the same card."),
        Field::optional(
            "iso",
            super::pcsc::fields(),
            "The ISO contacts of the same card, in a PC/SC reader: used when it is not on USB, which comes first (DM_SC TS 5.1). Without `appear` the card has to be on USB when the run begins.",
        ),
    ];
    Mapping::new(device_fields().into_iter().chain(own).collect::<Vec<_>>())
}

fn read(node: &Node) -> Connection {
    let default = IccdConfig::default();
    let iso = node.get("iso").map(super::pcsc::read);
    // A card that sits in a reader is not waited for on the bus.
    let appear = if iso.is_some() { Duration::ZERO } else { default.appear };
    let iccd = IccdConfig {
        select: device(node),
        limit: span(node, "limit").unwrap_or(default.limit),
        appear: span(node, "appear").unwrap_or(appear),
        negotiate: node.get("negotiate").and_then(Node::as_bool).unwrap_or(default.negotiate),
        ..default
    };
    let streams = node.get("eem").map(streams);
    Connection::over(Card { iccd, streams, iso })
}

/// What carries TCP/IP to the card.
fn streams(settings: &Node) -> CardStreams {
    let mut eem = EemConfig::terminal();
    eem.appear = span(settings, "appear").unwrap_or(eem.appear);
    if let Some(card) = text(settings, "system").and_then(|card| card.parse().ok()) {
        return CardStreams::System(SystemConfig { card, appear: eem.appear });
    }
    eem.ip.connect = text(settings, "connect").and_then(|target| target.parse().ok()).or(eem.ip.connect);
    if settings.get("ipv6").and_then(Node::as_bool) == Some(true) {
        eem.ip.peer = PeerAddress::Ipv6;
    }
    CardStreams::Own(Box::new(eem))
}

fn eem_fields() -> Mapping {
    Mapping::new([
        Field::optional(
            "connect",
            Schema::text().named("a target `host:port`").with(|node| {
                let error = node.written()?.parse::<Target>().err()?;
                Some(Problem::new(node.span, error.to_string()).label("leads nowhere"))
            }),
            "Where the SCWS is: `localuicc` stands for the card; `localuicc:443` unless given.",
        ),
        Field::optional(
            "ipv6",
            Schema::Bool,
            "Whether `localuicc` is the card's IPv6 address and not its IPv4 address.",
        ),
        Field::optional(
            "system",
            Schema::text().named("an address `host:port`, the host by number").with(|node| {
                let written = node.written()?;
                let problem = || Problem::new(node.span, format!("`{written}` is no address")).label("leads nowhere");
                let help = "write the card's address and a port: `192.168.7.2:443` or `[fe80::ff:fe00:2]:443`";
                written.parse::<SocketAddr>().err().map(|_| problem().help(help))
            }),
            "Where the SCWS is on the network interface that Linux's own driver (`cdc_eem`) has made of the card: sessions go over the system's TCP/IP and not over the harness's. A link-local address is one on that interface.",
        ),
        Field::optional("appear", Schema::Duration, "How long the interface may take to appear."),
    ])
    .at_most_one(["connect", "system"])
}
