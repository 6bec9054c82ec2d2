//! Access rules in expanded format, the records of EF.ARR (TS 102 221 9.2.4 and 13.4, ISO/IEC 7816-4 9.3.3).

use crate::ber;

/// What must hold before an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Nothing.
    Always,
    /// The operation is never allowed.
    Never,
    /// The PIN or key of this reference is verified: 01 PIN1, 11 universal PIN, 81 PIN2, 0A ADM1.
    Pin(u8),
}

/// An operation on an elementary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// READ BINARY, READ RECORD and SEARCH RECORD.
    Read,
    /// UPDATE BINARY and UPDATE RECORD.
    Update,
    /// INCREASE.
    Increase,
    /// ACTIVATE FILE.
    Activate,
    /// DEACTIVATE FILE.
    Deactivate,
}

/// The conditions of the operations on a file; what is not named is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct AccessRule(pub Vec<(Operation, Condition)>);

impl AccessRule {
    /// The condition of an operation.
    #[must_use]
    pub fn condition(&self, operation: Operation) -> Condition {
        self.0.iter().find(|(known, _)| *known == operation).map_or(Condition::Never, |(_, condition)| *condition)
    }

    /// The data objects of a record, unpadded: operations under one condition share an access mode.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut done: Vec<Condition> = Vec::new();
        for (_, condition) in &self.0 {
            if done.contains(condition) {
                continue;
            }
            done.push(*condition);
            let under = || self.0.iter().filter(|(_, other)| other == condition).map(|(operation, _)| *operation);
            let mode = under().filter_map(mode_bit).fold(0, |mode, bit| mode | bit);
            if mode != 0 {
                ber::write(&mut out, 0x80, &[mode]);
                condition.write(&mut out);
            }
            // INCREASE has no bit: it is named by its instruction.
            if under().any(|operation| operation == Operation::Increase) {
                ber::write(&mut out, 0x84, &[0x32]);
                condition.write(&mut out);
            }
        }
        out
    }

    /// The record of a directory in which files can be neither created nor deleted: no mode is ever allowed.
    #[must_use]
    pub fn fixed_directory() -> Vec<u8> {
        let mut out = Vec::new();
        ber::write(&mut out, 0x80, &[0x7F]);
        Condition::Never.write(&mut out);
        out
    }
}

fn mode_bit(operation: Operation) -> Option<u8> {
    match operation {
        Operation::Read => Some(0x01),
        Operation::Update => Some(0x02),
        Operation::Deactivate => Some(0x08),
        Operation::Activate => Some(0x10),
        Operation::Increase => None,
    }
}

impl Condition {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Always => ber::write(out, 0x90, &[]),
            Self::Never => ber::write(out, 0x97, &[]),
            // Key reference, and usage qualifier 08: verification.
            Self::Pin(reference) => ber::write(out, 0xA4, &[0x83, 0x01, reference, 0x95, 0x01, 0x08]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;

    #[test]
    fn records() {
        use Operation::{Activate, Deactivate, Increase, Read, Update};
        let adm = Condition::Pin(0x0A);
        let rule = AccessRule(vec![(Read, Condition::Always), (Update, adm), (Activate, adm), (Deactivate, adm)]);
        assert_eq!(to_hex(&rule.encode()), "800101900080011AA40683010A950108");
        let pin = Condition::Pin(0x01);
        let rule = AccessRule(vec![(Read, pin), (Update, Condition::Never), (Increase, pin)]);
        assert_eq!(to_hex(&rule.encode()), "800101A406830101950108840132A4068301019501088001029700");
        assert_eq!(to_hex(&AccessRule::fixed_directory()), "80017F9700");
    }

    #[test]
    fn what_a_rule_does_not_name_is_not_allowed() {
        let rule = AccessRule(vec![(Operation::Read, Condition::Always)]);
        assert_eq!(rule.condition(Operation::Read), Condition::Always);
        assert_eq!(rule.condition(Operation::Update), Condition::Never);
    }
}
