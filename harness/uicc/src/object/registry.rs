//! Registry application data (TS 102 223 8.88): the port a terminal application listens on.

use crate::coding;

/// In which order a sender wrote coding and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldOrder {
    /// Port, coding, type, name: the layout of the only open implementation.
    Standard,
    /// Port, type, coding, name: the order in which DM_SC lists the fields; suspect.
    Swapped,
}

/// One application of an ENVELOPE (TERMINAL APPLICATIONS).
///
/// The order of coding and type is not settled by the documents at hand: see [`RegistryApplication::order`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegistryApplication {
    /// Port number, chosen by the device.
    pub port: u16,
    /// Data coding scheme of the name.
    pub dcs: u8,
    /// Application type; 07 = DM Client (DM_SC 7.1).
    pub application_type: u8,
    /// Coded name.
    pub name: Vec<u8>,
}

impl RegistryApplication {
    /// The application type of the DM Client (DM_SC 7.1).
    pub const DM_CLIENT: u8 = 0x07;

    /// Reads the value in standard order; `None` below four octets. The name may be missing here: that is for the
    /// caller to judge.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let [high, low, dcs, application_type, name @ ..] = octets else {
            return None;
        };
        Some(Self {
            port: u16::from_be_bytes([*high, *low]),
            dcs: *dcs,
            application_type: *application_type,
            name: name.to_vec(),
        })
    }

    /// The value octets in standard order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let [high, low] = self.port.to_be_bytes();
        [&[high, low, self.dcs, self.application_type], self.name.as_slice()].concat()
    }

    /// Whether the value looks as if coding and type had been exchanged: 07 where the coding belongs and a usual
    /// coding where the type belongs. A heuristic: let it drive a remark, never a fail.
    #[must_use]
    pub const fn order(&self) -> FieldOrder {
        let usual_coding = matches!(self.application_type, 0x00 | 0x04 | 0x08 | 0xF0..=0xF7);
        if self.dcs == Self::DM_CLIENT && usual_coding { FieldOrder::Swapped } else { FieldOrder::Standard }
    }

    /// The same octets read with coding and type exchanged.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self { dcs: self.application_type, application_type: self.dcs, ..self.clone() }
    }

    /// The name as text; `None` if it does not decode under its coding.
    #[must_use]
    pub fn name_text(&self) -> Option<String> {
        coding::text(self.dcs, &self.name)
    }
}

impl std::fmt::Display for RegistryApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "port {}, coding {:02X}, type {:02X}", self.port, self.dcs, self.application_type)?;
        if let Some(name) = self.name_text() {
            write!(f, ", name {name:?}")?;
        }
        if self.order() == FieldOrder::Swapped {
            f.write_str(", coding and type look exchanged")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::from_hex;

    #[test]
    fn standard_and_swapped() {
        let standard = RegistryApplication::parse(&from_hex("C0000007C42668C84E97DD74").unwrap()).unwrap();
        assert_eq!((standard.port, standard.dcs, standard.application_type), (0xC000, 0, 7));
        assert_eq!(standard.name_text().unwrap(), "DM Client");
        assert_eq!(standard.order(), FieldOrder::Standard);
        let swapped = RegistryApplication::parse(&from_hex("C0000700C42668C84E97DD74").unwrap()).unwrap();
        assert_eq!(swapped.order(), FieldOrder::Swapped);
        assert_eq!(swapped.swapped(), standard);
        let both = RegistryApplication { dcs: 7, application_type: 7, ..standard };
        assert_eq!(both.order(), FieldOrder::Standard, "07 07 is taken as it stands");
    }

    #[test]
    fn too_short() {
        assert_eq!(RegistryApplication::parse(&[0xC0, 0, 0]), None);
        assert_eq!(RegistryApplication::parse(&[0xC0, 0, 0, 7]).unwrap().name, Vec::<u8>::new());
    }
}
