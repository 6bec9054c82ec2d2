//! `usb`: a UICC on USB.

use dmsc_doc::{Field, Mapping, Node, Schema};
use dmsc_link::usb::{IccdConfig, UsbSelect};

use super::{Connection, Word, number, span, text};
use crate::catalogue::Role;

pub(super) const WORD: Word = Word { name: "usb", doc: "A UICC on USB.", plays: Role::Terminal, fields, read };

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
            Schema::Duration,
            format!("How long the card may take for one answer; {limit} s unless given."),
        ),
        Field::optional(
            "negotiate",
            Schema::Bool,
            "Whether power is negotiated first (TS 102 600); a card that does not know it may refuse.",
        ),
    ];
    Mapping::new(device_fields().into_iter().chain(own).collect::<Vec<_>>())
}

fn read(node: &Node) -> Connection {
    let default = IccdConfig::default();
    Connection::Usb(IccdConfig {
        select: device(node),
        limit: span(node, "limit").unwrap_or(default.limit),
        appear: span(node, "appear").unwrap_or(default.appear),
        negotiate: node.get("negotiate").and_then(Node::as_bool).unwrap_or(default.negotiate),
        ..default
    })
}
