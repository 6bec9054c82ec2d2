//! `gadget`: a UICC on USB, played on a USB device controller of this machine.

use std::fmt;

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::eem::EemConfig;
use dmsc_link::gadget::{self, GadgetConfig, GadgetSpeed, IccdFunction};
use dmsc_link::{Link, LinkError};
use dmsc_usb::descriptor::Variant;

use super::{Connection, Driver, Word, number, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word {
    name: "gadget",
    doc: "A host, to which this machine is a UICC on USB; needs a USB device controller.",
    plays: Role::Card,
    fields,
    read,
};

/// dwProtocols: bit 0 is T=0, bit 1 is T=1.
const T0_AND_T1: u32 = 0x3;

/// A host that this machine is a USB device of: the player is the card.
#[derive(Clone, Debug, PartialEq)]
struct Gadget {
    device: GadgetConfig,
    eem: Option<EemConfig>,
}

impl Driver for Gadget {
    fn open(&self) -> Result<Box<dyn Link>, LinkError> {
        gadget::card(self.device.clone(), self.eem.clone())
    }

    fn has_streams(&self) -> bool {
        self.eem.is_some()
    }
}

impl fmt::Display for Gadget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eem = if self.eem.is_some() { " with EEM" } else { "" };
        write!(f, "USB gadget{eem}, {}", self.device.iccd.variant)
    }
}

fn fields() -> Mapping {
    Mapping::new([
        Field::optional("udc", Schema::verbatim(), "The USB device controller, by its name; the first unless given."),
        Field::optional(
            "variant",
            Schema::documented_choice([
                ("bulk", "ICCD over bulk endpoints, as a CCID reader with one card."),
                ("control-a", "ICCD over control transfers, version A: T=0 TPDUs."),
                ("control-b", "ICCD over control transfers, version B: APDUs."),
            ]),
            "How the card speaks ICCD; `control-b` unless given.",
        ),
        Field::optional("speed", Schema::choice(["full", "high"]), "The most the device can do; `full` unless given."),
        Field::optional("vendor", Schema::int(0, 0xFFFF), "idVendor."),
        Field::optional("product", Schema::int(0, 0xFFFF), "idProduct."),
        Field::optional("serial", Schema::verbatim(), "iSerialNumber."),
        Field::optional("max_power", Schema::int(0, 500), "bMaxPower, in mA."),
        Field::optional(
            "reattach",
            Schema::Bool,
            "Whether each session begins with the device unplugged and plugged in again; it does unless given.",
        ),
        Field::optional(
            "absence",
            Schema::Duration,
            "How long a terminal that left the bus may stay away before the link counts as lost; 3 s unless given.",
        ),
        Field::optional("eem", eem_fields(), "The device has an EEM interface, too, and DM sessions go over it."),
    ])
}

fn read(node: &Node) -> Connection {
    let default = GadgetConfig::default();
    let variant = match text(node, "variant").as_deref() {
        Some("bulk") => Variant::Bulk,
        Some("control-a") => Variant::ControlA,
        _ => Variant::ControlB,
    };
    let speed = if text(node, "speed").as_deref() == Some("high") { GadgetSpeed::High } else { GadgetSpeed::Full };
    let mut iccd = IccdFunction::of(variant);
    if let (Variant::ControlB, Some(descriptor)) = (variant, &mut iccd.descriptor) {
        // Whole APDUs pass, whatever the card speaks on its contacts; hosts look for its protocol here all the same.
        descriptor.protocols |= T0_AND_T1;
    }
    let device = GadgetConfig {
        udc: text(node, "udc"),
        iccd,
        speed,
        vendor: number(node, "vendor").unwrap_or(default.vendor),
        product: number(node, "product").unwrap_or(default.product),
        serial: text(node, "serial").unwrap_or_else(|| default.serial.clone()),
        max_power: number(node, "max_power").unwrap_or(default.max_power),
        reattach: node.get("reattach").and_then(Node::as_bool).unwrap_or(default.reattach),
        absence: span(node, "absence").unwrap_or(default.absence),
        ..default
    };
    let eem = node.get("eem").map(|settings| {
        let mut eem = EemConfig::card();
        if let Some(ports) = settings.get("listen") {
            eem.ip.listen = ports.items().iter().filter_map(|port| u16::try_from(port.as_int()?).ok()).collect();
        }
        eem
    });
    Connection::over(Gadget { device, eem })
}

fn eem_fields() -> Mapping {
    let ports = Schema::seq_of(Schema::int(1, 0xFFFF), 1, 8);
    Mapping::new([Field::optional("listen", ports, "The TCP ports of the SCWS; 443 and 80 unless given.")])
}
