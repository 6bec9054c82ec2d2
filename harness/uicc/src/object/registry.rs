//! Registry application data (TS 102 223 8.88): the port a terminal application listens on.

/// One application of an ENVELOPE (TERMINAL APPLICATIONS).
///
/// The order of coding and type is not settled by the documents at hand: see [`RegistryApplication::looks_exchanged`].
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

    /// The same with coding scheme and type in each other's place.
    #[must_use]
    pub fn exchanged(self) -> Self {
        Self { dcs: self.application_type, application_type: self.dcs, ..self }
    }

    /// Whether the value looks as if coding and type had been exchanged: 07 where the coding belongs and a usual
    /// coding where the type belongs. A heuristic: let it drive a remark, never a fail.
    #[must_use]
    pub const fn looks_exchanged(&self) -> bool {
        let usual_coding = matches!(self.application_type, 0x00 | 0x04 | 0x08 | 0xF0..=0xF7);
        self.dcs == Self::DM_CLIENT && usual_coding
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding;
    use dmsc_octets::from_hex;

    #[test]
    fn standard_and_swapped() {
        let standard = RegistryApplication::parse(&from_hex("C0000007C42668C84E97DD74").unwrap()).unwrap();
        assert_eq!((standard.port, standard.dcs, standard.application_type), (0xC000, 0, 7));
        assert_eq!(coding::text(standard.dcs, &standard.name).unwrap(), "DM Client");
        assert!(!standard.looks_exchanged());
        let swapped = RegistryApplication::parse(&from_hex("C0000700C42668C84E97DD74").unwrap()).unwrap();
        assert!(swapped.looks_exchanged());
        assert_eq!(swapped.clone().exchanged(), standard);
        let both = RegistryApplication { dcs: 7, application_type: 7, ..standard };
        assert!(!both.looks_exchanged(), "07 07 is taken as it stands");
    }

    #[test]
    fn too_short() {
        assert_eq!(RegistryApplication::parse(&[0xC0, 0, 0]), None);
        assert_eq!(RegistryApplication::parse(&[0xC0, 0, 0, 7]).unwrap().name, Vec::<u8>::new());
    }
}
