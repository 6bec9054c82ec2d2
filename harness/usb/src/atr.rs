//! What an ATR says of the transport, and the PPS that follows it (ISO/IEC 7816-3 clauses 8 and 9).

/// What TA1 stands for where it is missing: F = 372, D = 1.
pub(crate) const DEFAULT_RATE: u8 = 0x11;

/// PPSS, the first octet of a PPS (9.2).
pub(crate) const PPSS: u8 = 0xFF;

/// The values of F that an index stands for (table 7).
const F: [Option<u16>; 16] = [
    Some(372),
    Some(372),
    Some(558),
    Some(744),
    Some(1116),
    Some(1488),
    Some(1860),
    None,
    None,
    Some(512),
    Some(768),
    Some(1024),
    Some(1536),
    Some(2048),
    None,
    None,
];

/// The values of D that an index stands for (table 8).
const D: [Option<u8>; 16] = [
    None,
    Some(1),
    Some(2),
    Some(4),
    Some(8),
    Some(16),
    Some(32),
    Some(64),
    Some(12),
    Some(20),
    None,
    None,
    None,
    None,
    None,
    None,
];

/// The clock rate conversion integer that an index stands for; none for a reserved index.
pub(crate) fn clock_rate_conversion(index: u8) -> Option<u16> {
    F.get(usize::from(index)).copied().flatten()
}

/// The baud rate adjustment integer that an index stands for; none for a reserved index.
pub(crate) fn baud_rate_adjustment(index: u8) -> Option<u8> {
    D.get(usize::from(index)).copied().flatten()
}

/// Those octets of an ATR that matter for the transport, as far as they are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InterfaceOctets {
    /// Rates the card can do: F and D.
    pub(crate) ta1: Option<u8>,
    /// Extra guard time.
    pub(crate) tc1: Option<u8>,
    /// Specific mode: nothing is negotiated.
    pub(crate) ta2: Option<u8>,
    /// The waiting time integer of T=0.
    pub(crate) tc2: Option<u8>,
    /// The protocols that are offered, the first one first; 15 stands for none.
    pub(crate) protocols: Vec<u8>,
    /// The first TA, TB and TC of T=1: IFSC, BWI and CWI, and the kind of its check (11.4).
    pub(crate) t1: [Option<u8>; 3],
    /// How long the ATR is; none while too little of it is there to say.
    pub(crate) length: Option<usize>,
}

/// Walks through an ATR from its start (8.2), no matter what TS is.
pub(crate) fn interface_octets(atr: &[u8]) -> InterfaceOctets {
    let mut found = InterfaceOctets::default();
    let Some(t0) = atr.get(1) else { return found };
    let (mut follows, mut at, mut checked) = (t0 >> 4, 2usize, false);
    // The protocol that a group is about; the first two are about none.
    let mut about = None;
    for group in 1u32.. {
        let [ta, tb, tc, td] = [1, 2, 4, 8].map(|bit| {
            let there = follows & bit != 0;
            let place = at;
            at += usize::from(there);
            there.then_some(place)
        });
        let octet = |place: Option<usize>| place.and_then(|place| atr.get(place)).copied();
        match group {
            1 => (found.ta1, found.tc1) = (octet(ta), octet(tc)),
            2 => (found.ta2, found.tc2) = (octet(ta), octet(tc)),
            _ if about == Some(1) && found.t1 == [None; 3] => found.t1 = [ta, tb, tc].map(octet),
            _ => {}
        }
        match (td, octet(td)) {
            (None, _) => break,
            (Some(_), None) => return found,
            (Some(_), Some(td)) => {
                let protocol = td & 0x0F;
                checked |= protocol != 0;
                follows = td >> 4;
                about = Some(protocol);
                if !found.protocols.contains(&protocol) {
                    found.protocols.push(protocol);
                }
            }
        }
    }
    found.protocols.retain(|protocol| *protocol != 15);
    // Without TD1, T=0 is the only protocol (8.2.3).
    if found.protocols.is_empty() {
        found.protocols.push(0);
    }
    found.length = Some(at + usize::from(t0 & 0x0F) + usize::from(checked));
    found
}

/// A PPS request for a protocol and, where one is given, for F and D as TA1 has them (9.2).
pub(crate) fn pps(protocol: u8, rate: Option<u8>) -> Vec<u8> {
    let mut octets = vec![PPSS, protocol & 0x0F | if rate.is_some() { 0x10 } else { 0 }];
    octets.extend(rate);
    octets.push(octets.iter().fold(0, |check, octet| check ^ octet));
    octets
}

/// How long a PPS request or response is (9.2); none while too little of it is there to say.
pub(crate) fn pps_length(pps: &[u8]) -> Option<usize> {
    let pps0 = pps.get(1)?;
    Some(3 + usize::try_from((pps0 & 0x70).count_ones()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_length_of_an_atr_is_known_as_soon_as_it_can_be() {
        let atr = [
            0x3B, 0x9F, 0x96, 0x80, 0x1F, 0x87, 0x80, 0x31, 0xE0, 0x73, 0xFE, 0x21, 0x1B, 0x67, 0x4A, 0x4C, 0x75, 0x30,
            0x34, 0x05, 0x4B, 0xA9,
        ];
        let octets = interface_octets(&atr);
        assert_eq!((octets.ta1, octets.ta2, octets.tc2, octets.length), (Some(0x96), None, None, Some(22)));
        assert_eq!(octets.protocols, [0]);
        assert_eq!(interface_octets(&atr[..5]).length, Some(22));
        assert_eq!(interface_octets(&atr[..4]).length, None);
        // Protocol T=0 alone has no check octet.
        assert_eq!(interface_octets(&[0x3B, 0x00]).length, Some(2));
        assert_eq!(interface_octets(&[0x3B, 0x02, 0x14, 0x50]).length, Some(4));
        // TC2.
        let slow = interface_octets(&[0x3B, 0x80, 0x40, 0x20]);
        assert_eq!((slow.tc2, slow.length), (Some(0x20), Some(4)));
        assert_eq!(interface_octets(&[0x3B, 0xB0, 0x11, 0x00, 0x10, 0x8C]).ta2, Some(0x8C));
    }

    #[test]
    fn protocols_come_in_the_order_of_the_atr_with_what_is_said_of_them() {
        // TA1, TC1, TD1: T=0; TD2: T=1 with IFSC and waiting times; TD3: T=15.
        let both = interface_octets(&[0x3B, 0xD0, 0x95, 0x02, 0x80, 0xB1, 0xFE, 0x45, 0x1F, 0x07, 0x00]);
        assert_eq!((both.ta1, both.tc1, both.protocols), (Some(0x95), Some(0x02), vec![0, 1]));
        assert_eq!((both.t1, both.length), ([Some(0xFE), Some(0x45), None], Some(11)));
        // T=1 first. What follows TD1 in the second group is not about it.
        let one = interface_octets(&[0x3B, 0x80, 0x91, 0x81, 0x41, 0x01, 0x00]);
        assert_eq!((one.ta2, one.t1, one.protocols), (Some(0x81), [None, None, Some(0x01)], vec![1]));
        assert_eq!(interface_octets(&[0x3B, 0x00]).protocols, [0]);
    }

    #[test]
    fn a_pps_ends_with_the_exclusive_or_of_the_rest() {
        assert_eq!(pps(0, Some(0x95)), [0xFF, 0x10, 0x95, 0x7A]);
        assert_eq!(pps(1, None), [0xFF, 0x01, 0xFE]);
    }

    #[test]
    fn the_length_of_a_pps_follows_from_its_second_octet() {
        assert_eq!(pps_length(&[0xFF]), None);
        assert_eq!(pps_length(&[0xFF, 0x10]), Some(4));
        assert_eq!(pps_length(&[0xFF, 0x00]), Some(3));
        assert_eq!(pps_length(&[0xFF, 0x70]), Some(6));
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = (interface_octets(&octets), pps_length(&octets));
        }
    }
}
