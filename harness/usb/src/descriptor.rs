//! What the interfaces of a USB device are good for.

mod class;

pub use class::{ClassDescriptor, ClassDescriptorError, ExchangeLevel, Features};

use std::fmt;

/// How a card speaks ICCD: bInterfaceProtocol under class 0B, subclass 00.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Variant {
    /// 0: messages over bulk endpoints.
    Bulk,
    /// 1: control transfers, version A; T=0 TPDUs.
    ControlA,
    /// 2: control transfers, version B; APDUs.
    #[default]
    ControlB,
}

impl Variant {
    /// bInterfaceProtocol.
    #[must_use]
    pub fn protocol(self) -> u8 {
        match self {
            Variant::Bulk => 0,
            Variant::ControlA => 1,
            Variant::ControlB => 2,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Variant::Bulk => "bulk",
            Variant::ControlA => "control A",
            Variant::ControlB => "control B",
        })
    }
}

/// How an endpoint transfers: bits 1..0 of bmAttributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transfer {
    /// Control.
    Control,
    /// Isochronous.
    Isochronous,
    /// Bulk.
    Bulk,
    /// Interrupt.
    Interrupt,
}

/// An endpoint of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// bEndpointAddress; bit 7 says that data go to the host.
    pub address: u8,
    /// How it transfers.
    pub transfer: Transfer,
    /// wMaxPacketSize, in octets.
    pub packet: u16,
}

/// An interface as its descriptors tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    /// bInterfaceNumber.
    pub number: u8,
    /// bAlternateSetting.
    pub alternate: u8,
    /// bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol.
    pub class: [u8; 3],
    /// The descriptors between that of the interface and its first endpoint, as they came.
    pub extra: Vec<u8>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// What an interface is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// A card by ICCD.
    Iccd(Iccd),
    /// A reader with the class of ICCD bulk, whose features do not say that it is a card (`0800`).
    Reader(Iccd),
    /// Ethernet frames by CDC EEM.
    Eem,
    /// A SIMtrace2 board that emulates cards.
    CardEmulator,
    /// Class, subclass and protocol of anything else.
    Other([u8; 3]),
}

/// What is needed to speak ICCD over an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iccd {
    /// The variant.
    pub variant: Variant,
    /// Its class descriptor; `None` when the interface has none that can be read.
    pub class: Option<ClassDescriptor>,
}

impl Interface {
    /// What this interface is good for.
    ///
    /// Some tokens hide behind class FF; a class descriptor of 54 octets gives them away.
    #[must_use]
    pub fn offer(&self) -> Offer {
        let class = ClassDescriptor::find(&self.extra);
        match self.class {
            [0x0B, 0x00, protocol @ 0..=2] => {
                let variant = match protocol {
                    0 => Variant::Bulk,
                    1 => Variant::ControlA,
                    _ => Variant::ControlB,
                };
                let reader = class.as_ref().is_some_and(|class| !class.features.is_token());
                let iccd = Iccd { variant, class };
                // Readers exist by the thousand; versions A and B are spoken by cards only.
                if variant == Variant::Bulk && reader { Offer::Reader(iccd) } else { Offer::Iccd(iccd) }
            }
            [0xFF, _, protocol] => match class {
                Some(class) => self.hidden(protocol, class),
                None if self.class == [0xFF, 0x02, 0x00] => Offer::CardEmulator,
                None => Offer::Other(self.class),
            },
            [0x02, 0x0C, 0x07] => Offer::Eem,
            other => Offer::Other(other),
        }
    }

    /// A vendor's class with the descriptor of ICCD: bInterfaceProtocol may say the variant, else endpoints and
    /// exchange level do.
    fn hidden(&self, protocol: u8, class: ClassDescriptor) -> Offer {
        let variant = match (protocol, self.bulk_in(), class.features.level()) {
            (0x01, None, _) => Variant::ControlA,
            (0x02, None, _) => Variant::ControlB,
            (_, Some(_), _) => Variant::Bulk,
            (_, None, ExchangeLevel::Character | ExchangeLevel::Tpdu) => Variant::ControlA,
            (_, None, _) => Variant::ControlB,
        };
        let token = class.features.is_token();
        let iccd = Iccd { variant, class: Some(class) };
        if token { Offer::Iccd(iccd) } else { Offer::Reader(iccd) }
    }

    fn endpoint(&self, transfer: Transfer, to_host: bool) -> Option<Endpoint> {
        self.endpoints.iter().copied().find(|e| e.transfer == transfer && (e.address & 0x80 != 0) == to_host)
    }

    /// Its first bulk endpoint to the host.
    #[must_use]
    pub fn bulk_in(&self) -> Option<Endpoint> {
        self.endpoint(Transfer::Bulk, true)
    }

    /// Its first bulk endpoint to the device.
    #[must_use]
    pub fn bulk_out(&self) -> Option<Endpoint> {
        self.endpoint(Transfer::Bulk, false)
    }

    /// Its first interrupt endpoint to the host.
    #[must_use]
    pub fn interrupt_in(&self) -> Option<Endpoint> {
        self.endpoint(Transfer::Interrupt, true)
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Offer::Iccd(iccd) => write!(f, "ICCD {}", iccd.variant),
            Offer::Reader(_) => f.write_str("CCID reader"),
            Offer::Eem => f.write_str("EEM"),
            Offer::CardEmulator => f.write_str("SIMtrace2 cardem"),
            Offer::Other([class, subclass, protocol]) => write!(f, "class {class:02X}/{subclass:02X}/{protocol:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BULK: [Endpoint; 2] = [
        Endpoint { address: 0x01, transfer: Transfer::Bulk, packet: 64 },
        Endpoint { address: 0x82, transfer: Transfer::Bulk, packet: 64 },
    ];

    fn interface(class: [u8; 3], features: Option<u32>, endpoints: &[Endpoint]) -> Interface {
        let extra = features.map_or(vec![], |f| {
            ClassDescriptor { features: Features(f), ..ClassDescriptor::default() }.encode().to_vec()
        });
        Interface { number: 0, alternate: 0, class, extra, endpoints: endpoints.to_vec() }
    }

    fn name(class: [u8; 3], features: Option<u32>, endpoints: &[Endpoint]) -> String {
        interface(class, features, endpoints).offer().to_string()
    }

    #[test]
    fn interfaces_are_known_by_class_or_by_descriptor() {
        assert_eq!(name([0x0B, 0, 0], Some(0x0002_0840), &BULK), "ICCD bulk");
        assert_eq!(name([0x0B, 0, 0], Some(0x0004_04BA), &BULK), "CCID reader");
        assert_eq!(name([0x0B, 0, 1], Some(0x0000_0840), &[]), "ICCD control A");
        assert_eq!(name([0x0B, 0, 2], None, &[]), "ICCD control B");
        assert_eq!(name([0x0B, 1, 0], Some(0x0002_0840), &BULK), "class 0B/01/00");
        assert_eq!(name([0x02, 0x0C, 0x07], None, &BULK), "EEM");
        assert_eq!(name([0xFF, 0x02, 0x00], None, &BULK), "SIMtrace2 cardem");
        assert_eq!(name([0xFF, 0x00, 0x00], Some(0x0000_0840), &[]), "ICCD control A");
        assert_eq!(name([0xFF, 0x00, 0x00], Some(0x0002_0840), &[]), "ICCD control B");
        assert_eq!(name([0xFF, 0x00, 0x01], Some(0x0002_0840), &[]), "ICCD control A");
        assert_eq!(name([0xFF, 0x00, 0x00], Some(0x0004_0840), &BULK), "ICCD bulk");
        assert_eq!(name([0xFF, 0x00, 0x00], None, &[]), "class FF/00/00");
    }

    #[test]
    fn endpoints_are_found_by_kind_and_direction() {
        let interface = interface([0x0B, 0, 0], None, &BULK);
        assert_eq!(interface.bulk_in().map(|e| e.address), Some(0x82));
        assert_eq!(interface.bulk_out().map(|e| e.address), Some(0x01));
        assert_eq!(interface.interrupt_in(), None);
    }
}
