//! File control parameters (TS 102 221 11.1.1.3): the answer to SELECT and STATUS.

use crate::ber::{self, TlvError};

/// Why octets are not file control parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FcpError {
    /// The outer tag is not 62.
    #[error("octet 0: tag {found:02X} where 62 starts file control parameters; was data asked for in P2?")]
    WrongTag {
        /// The tag found.
        found: u8,
    },
    /// Octets follow the template.
    #[error("octet {at}: {count} octets follow the file control parameters; check their length")]
    Trailing {
        /// Where the template ends.
        at: usize,
        /// Octets after it.
        count: usize,
    },
    /// A tag or length does not parse.
    #[error(transparent)]
    Tlv(#[from] TlvError),
}

/// Structure of a file, from the descriptor octet without its shareable bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileStructure {
    /// 38: MF, DF or ADF.
    Directory,
    /// 01.
    Transparent,
    /// 02.
    LinearFixed,
    /// 06.
    Cyclic,
    /// 39.
    BerTlv,
    /// Anything else, kept as it came.
    Unknown(u8),
}

impl FileStructure {
    /// The structure of a descriptor octet; b7 (shareable) is ignored.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code & !0x40 {
            0x38 => Self::Directory,
            0x01 => Self::Transparent,
            0x02 => Self::LinearFixed,
            0x06 => Self::Cyclic,
            0x39 => Self::BerTlv,
            other => Self::Unknown(other),
        }
    }

    /// The descriptor octet without the shareable bit.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Directory => 0x38,
            Self::Transparent => 0x01,
            Self::LinearFixed => 0x02,
            Self::Cyclic => 0x06,
            Self::BerTlv => 0x39,
            Self::Unknown(code) => code,
        }
    }
}

/// File descriptor, tag 82.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileDescriptor {
    /// Structure.
    pub structure: FileStructure,
    /// Several applications may select the file at once.
    pub shareable: bool,
    /// Record length in octets and number of records, for record structures.
    pub records: Option<(u16, u8)>,
}

impl FileDescriptor {
    /// Reads two or five octets; `None` for another length.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (first, records) = match octets {
            [first, _coding] => (*first, None),
            [first, _coding, high, low, count] => (*first, Some((u16::from_be_bytes([*high, *low]), *count))),
            _ => return None,
        };
        Some(Self { structure: FileStructure::from_code(first), shareable: first & 0x40 != 0, records })
    }

    /// The octets, with data coding 21 as every UICC has it.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut octets = vec![self.structure.code() | if self.shareable { 0x40 } else { 0x00 }, 0x21];
        if let Some((length, count)) = self.records {
            octets.extend_from_slice(&length.to_be_bytes());
            octets.push(count);
        }
        octets
    }
}

/// File control parameters: data objects in their order, so that whatever parses re-encodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Fcp(pub Vec<(u8, Vec<u8>)>);

impl Fcp {
    /// Parameters of a file with the usual order of objects: descriptor, identifier or AID, life cycle 05 (activated).
    #[must_use]
    pub fn new(descriptor: FileDescriptor) -> Self {
        Self::default().with(0x82, &descriptor.encode())
    }

    /// The smallest parameters of an MF: access rules in record 1 of EF.ARR, no PIN. The characteristics octet 71
    /// (clock stop allowed) is from memory, unverified.
    #[must_use]
    pub fn mf() -> Self {
        Self::new(FileDescriptor { structure: FileStructure::Directory, shareable: true, records: None })
            .with(0x83, &[0x3F, 0x00])
            .with(0xA5, &[0x80, 0x01, 0x71])
            .with_life_cycle()
            .with(0x8B, &[0x2F, 0x06, 0x01])
            .with(0xC6, &[0x90, 0x01, 0x00])
    }

    /// Parameters of an application directory, selected by `aid`.
    #[must_use]
    pub fn adf(aid: &[u8]) -> Self {
        Self::new(FileDescriptor { structure: FileStructure::Directory, shareable: true, records: None })
            .with(0x83, &[0x7F, 0xFF])
            .with(0x84, aid)
            .with(0xA5, &[0x80, 0x01, 0x71])
            .with_life_cycle()
            .with(0x8B, &[0x2F, 0x06, 0x01])
            .with(0xC6, &[0x90, 0x01, 0x00])
    }

    /// Parameters of a directory.
    #[must_use]
    pub fn df(id: u16) -> Self {
        Self::new(FileDescriptor { structure: FileStructure::Directory, shareable: true, records: None })
            .with(0x83, &id.to_be_bytes())
            .with_life_cycle()
            .with(0x8B, &[0x2F, 0x06, 0x01])
            .with(0xC6, &[0x90, 0x01, 0x00])
    }

    /// Parameters of a transparent file of `size` octets.
    #[must_use]
    pub fn transparent(id: u16, size: u16, sfi: Option<u8>) -> Self {
        let descriptor = FileDescriptor { structure: FileStructure::Transparent, shareable: true, records: None };
        Self::new(descriptor).with(0x83, &id.to_be_bytes()).ef(size, sfi)
    }

    /// Parameters of a linear fixed file of `count` records of `length` octets.
    #[must_use]
    pub fn linear_fixed(id: u16, length: u16, count: u8, sfi: Option<u8>) -> Self {
        let records = Some((length, count));
        let descriptor = FileDescriptor { structure: FileStructure::LinearFixed, shareable: true, records };
        Self::new(descriptor).with(0x83, &id.to_be_bytes()).ef(length.saturating_mul(u16::from(count)), sfi)
    }

    fn ef(self, size: u16, sfi: Option<u8>) -> Self {
        let fcp = self.with_life_cycle().with(0x8B, &[0x2F, 0x06, 0x01]).with(0x80, &size.to_be_bytes());
        match sfi {
            Some(sfi) => fcp.with(0x88, &[sfi << 3]),
            None => fcp,
        }
    }

    fn with_life_cycle(self) -> Self {
        self.with(0x8A, &[0x05])
    }

    /// The same parameters with one object more.
    #[must_use]
    pub fn with(mut self, tag: u8, value: &[u8]) -> Self {
        self.0.push((tag, value.to_vec()));
        self
    }

    /// Reads the template.
    ///
    /// # Errors
    /// Any [`FcpError`].
    pub fn parse(octets: &[u8]) -> Result<Self, FcpError> {
        let (template, rest) = ber::read(octets)?;
        if template.tag != 0x62 {
            return Err(FcpError::WrongTag { found: template.tag });
        }
        if !rest.is_empty() {
            return Err(FcpError::Trailing { at: octets.len() - rest.len(), count: rest.len() });
        }
        let objects = ber::read_all(template.value)?;
        Ok(Self(objects.iter().map(|tlv| (tlv.tag, tlv.value.to_vec())).collect()))
    }

    /// The octets, template 62 included.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (tag, value) in &self.0 {
            ber::write(&mut body, *tag, value);
        }
        let mut out = Vec::new();
        ber::write(&mut out, 0x62, &body);
        out
    }

    /// The value of the first object with this tag.
    #[must_use]
    pub fn get(&self, tag: u8) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == tag).map(|(_, value)| value.as_slice())
    }

    /// File descriptor (82).
    #[must_use]
    pub fn descriptor(&self) -> Option<FileDescriptor> {
        FileDescriptor::parse(self.get(0x82)?)
    }

    /// File identifier (83).
    #[must_use]
    pub fn file_id(&self) -> Option<u16> {
        <[u8; 2]>::try_from(self.get(0x83)?).ok().map(u16::from_be_bytes)
    }

    /// File size in octets (80); `None` if absent or above four octets.
    #[must_use]
    pub fn file_size(&self) -> Option<u32> {
        let size = self.get(0x80)?;
        (1..=4).contains(&size.len()).then(|| size.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
    }

    /// DF name, the AID (84).
    #[must_use]
    pub fn aid(&self) -> Option<&[u8]> {
        self.get(0x84)
    }

    /// Short file identifier, 1 to 30 (88).
    #[must_use]
    pub fn sfi(&self) -> Option<u8> {
        self.get(0x88)?.first().map(|octet| octet >> 3)
    }

    /// Life cycle status (8A): 05 activated, 04 deactivated, 0C terminated.
    #[must_use]
    pub fn life_cycle(&self) -> Option<u8> {
        self.get(0x8A)?.first().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::{from_hex, to_hex};
    use proptest::prelude::*;

    #[test]
    fn smallest_mf() {
        let hex = "621A8202782183023F00A503800171 8A01058B032F0601C603900100".replace(' ', "");
        let fcp = Fcp::parse(&from_hex(&hex).unwrap()).unwrap();
        assert_eq!(fcp, Fcp::mf());
        assert_eq!(to_hex(&fcp.encode()), hex);
        let descriptor = fcp.descriptor().unwrap();
        assert_eq!((descriptor.structure, descriptor.shareable), (FileStructure::Directory, true));
        assert_eq!((fcp.file_id(), fcp.life_cycle(), fcp.file_size(), fcp.sfi()), (Some(0x3F00), Some(5), None, None));
    }

    #[test]
    fn files() {
        let dir = Fcp::linear_fixed(0x2F00, 38, 2, Some(0x1E));
        let again = Fcp::parse(&dir.encode()).unwrap();
        assert_eq!(
            (again.file_size(), again.sfi(), again.descriptor().unwrap().records),
            (Some(76), Some(0x1E), Some((38, 2)))
        );
        assert_eq!(Fcp::transparent(0x2FE2, 10, None).file_size(), Some(10));
        assert_eq!(Fcp::adf(&[0xA0, 0, 0, 0, 0x87]).aid(), Some([0xA0, 0, 0, 0, 0x87].as_slice()));
        assert_eq!(Fcp::df(0x7F10).file_id(), Some(0x7F10));
    }

    #[test]
    fn errors() {
        assert_eq!(Fcp::parse(&[0x6F, 0]), Err(FcpError::WrongTag { found: 0x6F }));
        assert_eq!(Fcp::parse(&[0x62, 0, 1]), Err(FcpError::Trailing { at: 2, count: 1 }));
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, body: Vec<u8>) {
            let _ = Fcp::parse(&octets);
            let mut framed = Vec::new();
            ber::write(&mut framed, 0x62, &body);
            if let Ok(fcp) = Fcp::parse(&framed) {
                let _ = (fcp.descriptor(), fcp.file_id(), fcp.file_size(), fcp.aid(), fcp.sfi(), fcp.life_cycle());
                prop_assert_eq!(Fcp::parse(&fcp.encode()).unwrap(), fcp);
            }
        }

        #[test]
        fn descriptors_round_trip(first in 0u8..0x80, records in proptest::option::of(any::<(u16, u8)>())) {
            let structure = FileStructure::from_code(first);
            let descriptor = FileDescriptor { structure, shareable: first & 0x40 != 0, records };
            prop_assert_eq!(FileDescriptor::parse(&descriptor.encode()), Some(descriptor));
        }
    }
}
