//! What handset and card say to each other outside commands (ISO/IEC 7816-3): lines, and the shape of ATR and PPS.

/// The lines that a handset drives; its clock runs as long as there is power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wires {
    /// Power.
    pub vcc: bool,
    /// Reset is held (the line is low).
    pub reset: bool,
}

impl Wires {
    /// No power, and so reset is low.
    pub const OFF: Wires = Wires { vcc: false, reset: true };
    /// Power, reset held.
    pub const RESET: Wires = Wires { vcc: true, reset: true };
    /// Power, reset let go.
    pub const RUN: Wires = Wires { vcc: true, reset: false };
}

/// Those octets of an ATR that matter for the transport, as far as they are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InterfaceOctets {
    /// Rates the card can do: F and D.
    pub(super) ta1: Option<u8>,
    /// Specific mode: nothing is negotiated.
    pub(super) ta2: Option<u8>,
    /// The waiting time integer of T=0.
    pub(super) tc2: Option<u8>,
    /// How long the ATR is; none while too little of it is there to say.
    pub(super) length: Option<usize>,
}

/// Walks through an ATR from its start (ISO/IEC 7816-3 8.2), no matter what TS is.
pub(super) fn interface_octets(atr: &[u8]) -> InterfaceOctets {
    let mut found = InterfaceOctets::default();
    let Some(t0) = atr.get(1) else { return found };
    let (mut follows, mut at, mut checked) = (t0 >> 4, 2usize, false);
    for group in 1u32.. {
        let [ta, _, tc, td] = [1, 2, 4, 8].map(|bit| {
            let there = follows & bit != 0;
            let place = at;
            at += usize::from(there);
            there.then_some(place)
        });
        let octet = |place: Option<usize>| place.and_then(|place| atr.get(place)).copied();
        match group {
            1 => found.ta1 = octet(ta),
            2 => (found.ta2, found.tc2) = (octet(ta), octet(tc)),
            _ => {}
        }
        match (td, octet(td)) {
            (None, _) => break,
            (Some(_), None) => return found,
            (Some(_), Some(td)) => {
                checked |= td & 0x0F != 0;
                follows = td >> 4;
            }
        }
    }
    found.length = Some(at + usize::from(t0 & 0x0F) + usize::from(checked));
    found
}

/// How long a PPS request or response is (ISO/IEC 7816-3 9.2); none while too little of it is there to say.
pub(super) fn pps_length(pps: &[u8]) -> Option<usize> {
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
