//! The PIN status template of file control parameters, tag C6 (TS 102 221 9.5.2 and 11.1.1.4.10).

use crate::ber;

/// Whether a PIN is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PinStatus {
    /// Key reference: 01 PIN1, 11 universal PIN, 81 PIN2, 0A ADM1.
    pub reference: u8,
    /// Must be verified.
    pub enabled: bool,
    /// Usage qualifier; a universal PIN has one, 08 if it is to be used.
    pub usage: Option<u8>,
}

/// The value of the template: one bit a PIN, most significant first, then the references in the same order.
#[must_use]
pub(super) fn encode(pins: &[PinStatus]) -> Vec<u8> {
    let bits = |group: &[PinStatus]| {
        group
            .iter()
            .zip([0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01])
            .fold(0, |octet, (pin, bit)| if pin.enabled { octet | bit } else { octet })
    };
    let mut states: Vec<u8> = pins.chunks(8).map(bits).collect();
    if states.is_empty() {
        states.push(0x00);
    }
    let mut value = Vec::new();
    ber::write(&mut value, 0x90, &states);
    for pin in pins {
        if let Some(usage) = pin.usage {
            ber::write(&mut value, 0x95, &[usage]);
        }
        ber::write(&mut value, 0x83, &[pin.reference]);
    }
    value
}

/// Reads the value of the template; `None` if it is not one. References beyond the bits are taken as disabled.
#[must_use]
pub(super) fn parse(value: &[u8]) -> Option<Vec<PinStatus>> {
    let objects = ber::read_all(value).ok()?;
    let states = objects.iter().find(|object| object.tag == 0x90)?.value;
    let mut pins = Vec::new();
    let mut usage = None;
    for object in &objects {
        match (object.tag, object.value) {
            (0x95, [qualifier]) => usage = Some(*qualifier),
            (0x83, [reference]) => {
                let bit = 0x80_u8 >> (pins.len() % 8);
                let enabled = states.get(pins.len() / 8).is_some_and(|octet| octet & bit != 0);
                pins.push(PinStatus { reference: *reference, enabled, usage: usage.take() });
            }
            _ => {}
        }
    }
    Some(pins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    fn pin(reference: u8, enabled: bool) -> PinStatus {
        PinStatus { reference, enabled, usage: None }
    }

    #[test]
    fn templates() {
        assert_eq!(to_hex(&encode(&[])), "900100");
        let three = [pin(0x01, false), pin(0x81, true), pin(0x0A, true)];
        assert_eq!(to_hex(&encode(&three)), "90016083010183018183010A");
        let universal = PinStatus { usage: Some(0x08), ..pin(0x11, true) };
        assert_eq!(to_hex(&encode(&[universal])), "900180950108830111");
        // As a card in the field has it.
        let found = parse(&from_hex("90017083010183018183010A83010B").unwrap()).unwrap();
        let expected = [pin(0x01, false), pin(0x81, true), pin(0x0A, true), pin(0x0B, true)];
        assert_eq!(found, expected);
        assert_eq!(parse(&[0x83, 0x01, 0x01]), None);
    }

    proptest! {
        #[test]
        fn templates_round_trip(pins in proptest::collection::vec((any::<u8>(), any::<bool>(), proptest::option::of(any::<u8>())), 0..20)) {
            let pins: Vec<PinStatus> =
                pins.into_iter().map(|(reference, enabled, usage)| PinStatus { reference, enabled, usage }).collect();
            prop_assert_eq!(parse(&encode(&pins)), Some(pins));
        }

        #[test]
        fn any_octets_are_survived(value: Vec<u8>) {
            let _ = parse(&value);
        }
    }
}
