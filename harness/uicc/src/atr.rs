//! Answer to reset (ISO/IEC 7816-3 clause 8, TS 102 221 6.3).

/// Why octets are not an answer to reset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AtrError {
    /// TS is neither 3B nor 3F.
    #[error("octet 0: {found:02X} is no initial character; 3B (direct) or 3F (inverse) starts an ATR")]
    Initial {
        /// The octet found.
        found: u8,
    },
    /// The octets end early.
    #[error("octet {at}: {what} is missing; the ATR announces more octets than it has")]
    Truncated {
        /// What is missing.
        what: &'static str,
        /// Where it should be.
        at: usize,
    },
    /// Octets follow the end.
    #[error("octet {at}: {count} octets follow the end of the ATR; check T0 and the TD octets")]
    Trailing {
        /// Where the ATR ends.
        at: usize,
        /// Octets after it.
        count: usize,
    },
    /// The check character is wrong.
    #[error("octet {at}: TCK is {found:02X} where {expected:02X} makes the exclusive-or of T0 to TCK zero")]
    Check {
        /// Where it is.
        at: usize,
        /// The octet found.
        found: u8,
        /// The octet that would be right.
        expected: u8,
    },
}

/// One group of interface octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct InterfaceGroup {
    /// TA.
    pub ta: Option<u8>,
    /// TB.
    pub tb: Option<u8>,
    /// TC.
    pub tc: Option<u8>,
    /// TD: announces the next group (high nibble) and its protocol (low nibble).
    pub td: Option<u8>,
}

/// An answer to reset whose check character has been verified.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Atr {
    /// All octets.
    pub octets: Vec<u8>,
    /// Groups 1, 2, … of interface octets.
    pub groups: Vec<InterfaceGroup>,
    /// Historical octets.
    pub historical: Vec<u8>,
    /// Check character; absent if T=0 is the only protocol.
    pub tck: Option<u8>,
}

impl Atr {
    /// Reads an ATR and verifies its check character. Its length is for the caller to judge.
    ///
    /// # Errors
    /// Any [`AtrError`].
    pub fn parse(octets: &[u8]) -> Result<Self, AtrError> {
        match octets.first() {
            Some(0x3B | 0x3F) => {}
            Some(found) => return Err(AtrError::Initial { found: *found }),
            None => return Err(AtrError::Truncated { what: "TS", at: 0 }),
        }
        let mut at = 1;
        let mut next = |what| {
            let octet = octets.get(at).copied().ok_or(AtrError::Truncated { what, at });
            at += 1;
            octet
        };
        let t0 = next("T0")?;
        let mut groups = Vec::new();
        let mut present = Some(t0);
        while let Some(mask) = present {
            let group = InterfaceGroup {
                ta: if mask & 0x10 != 0 { Some(next("TA")?) } else { None },
                tb: if mask & 0x20 != 0 { Some(next("TB")?) } else { None },
                tc: if mask & 0x40 != 0 { Some(next("TC")?) } else { None },
                td: if mask & 0x80 != 0 { Some(next("TD")?) } else { None },
            };
            present = group.td;
            groups.push(group);
        }
        let historical = (0..t0 & 0x0F).map(|_| next("a historical octet")).collect::<Result<Vec<_>, _>>()?;
        let only_t0 = groups.iter().filter_map(|group| group.td).all(|td| td & 0x0F == 0);
        let tck = if only_t0 { None } else { Some(next("TCK")?) };
        if let Some(found) = tck {
            let sum = octets.get(1..at).unwrap_or_default().iter().fold(0, |sum, octet| sum ^ octet);
            if sum != 0 {
                return Err(AtrError::Check { at: at - 1, found, expected: found ^ sum });
            }
        }
        match octets.len().saturating_sub(at) {
            0 => Ok(Self { octets: octets.to_vec(), groups, historical, tck }),
            count => Err(AtrError::Trailing { at, count }),
        }
    }

    /// The octets of an ATR: TS 3B, T0 and the groups made to agree, TCK added where it belongs.
    /// Only the first 15 historical octets can be coded.
    #[must_use]
    pub fn build(groups: &[InterfaceGroup], historical: &[u8]) -> Vec<u8> {
        let historical = historical.get(..15).unwrap_or(historical);
        let mut octets = vec![0x3B, historical.len() as u8];
        let mut mask_at = 1;
        for (number, group) in groups.iter().enumerate() {
            let follows = number + 1 < groups.len();
            let td = follows.then(|| group.td.unwrap_or(0) & 0x0F);
            for (bit, octet) in [(0x10, group.ta), (0x20, group.tb), (0x40, group.tc), (0x80, td)] {
                if let Some(octet) = octet {
                    if let Some(mask) = octets.get_mut(mask_at) {
                        *mask |= bit;
                    }
                    octets.push(octet);
                }
            }
            mask_at = octets.len() - 1;
        }
        octets.extend_from_slice(historical);
        let protocols = groups.iter().take(groups.len().saturating_sub(1)).filter_map(|group| group.td);
        if protocols.into_iter().any(|td| td & 0x0F != 0) {
            let check = octets.iter().skip(1).fold(0, |sum, octet| sum ^ octet);
            octets.push(check);
        }
        octets
    }

    /// Protocols offered: T=0 if none is announced; T=15 is not a protocol.
    #[must_use]
    pub fn protocols(&self) -> Vec<u8> {
        let mut protocols: Vec<u8> = self.groups.iter().filter_map(|group| group.td).map(|td| td & 0x0F).collect();
        protocols.retain(|protocol| *protocol != 15);
        protocols.dedup();
        if protocols.is_empty() { vec![0] } else { protocols }
    }

    /// TA1, the speed parameters FI and DI; 11 (372/1) if absent.
    #[must_use]
    pub fn ta1(&self) -> u8 {
        self.groups.first().and_then(|group| group.ta).unwrap_or(0x11)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    const EXAMPLE: &str = "3B9F96801F878031E073FE211B674A4C753034054BA9";

    #[test]
    fn example() {
        let atr = Atr::parse(&from_hex(EXAMPLE).unwrap()).unwrap();
        assert_eq!((atr.octets.len(), atr.ta1(), atr.tck), (22, 0x96, Some(0xA9)));
        assert_eq!(atr.protocols(), [0]);
        assert_eq!(to_hex(&atr.historical), "8031E073FE211B674A4C753034054B");
        assert_eq!(to_hex(&Atr::build(&atr.groups, &atr.historical)), EXAMPLE);
    }

    #[test]
    fn smallest_has_no_check() {
        let atr = Atr::parse(&[0x3B, 0x00]).unwrap();
        assert_eq!((atr.protocols(), atr.tck, atr.ta1()), (vec![0], None, 0x11));
    }

    #[test]
    fn errors() {
        let mut octets = from_hex(EXAMPLE).unwrap();
        octets[21] = 0;
        assert_eq!(Atr::parse(&octets), Err(AtrError::Check { at: 21, found: 0, expected: 0xA9 }));
        assert_eq!(Atr::parse(&octets[..21]), Err(AtrError::Truncated { what: "TCK", at: 21 }));
        assert_eq!(Atr::parse(&[0x3B, 0x00, 0x01]), Err(AtrError::Trailing { at: 2, count: 1 }));
        assert_eq!(Atr::parse(&[0x00]), Err(AtrError::Initial { found: 0 }));
        assert!(Atr::parse(&[]).is_err());
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(mut octets: Vec<u8>) {
            if let Some(first) = octets.first_mut() {
                *first = 0x3B;
            }
            if let Ok(atr) = Atr::parse(&octets) {
                prop_assert_eq!(Atr::build(&atr.groups, &atr.historical), octets);
                prop_assert!(!atr.protocols().is_empty());
            }
        }
    }
}
