//! File control parameters (TS 102 221 11.1.1.3): the answer to SELECT and STATUS.

use super::pin_status::{self, PinStatus};
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

/// Where a file is in its life, tag 8A (TS 102 221 11.1.1.4.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LifeCycle {
    /// 05 or 07: in use.
    Activated,
    /// 04 or 06: in its place, but not accessible.
    Deactivated,
    /// 0C to 0F: gone for good.
    Terminated,
    /// Not in use yet, or reserved: the octet as it came.
    Other(u8),
}

impl LifeCycle {
    /// The life cycle of a status octet.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0x05 | 0x07 => Self::Activated,
            0x04 | 0x06 => Self::Deactivated,
            0x0C..=0x0F => Self::Terminated,
            other => Self::Other(other),
        }
    }

    /// The status octet.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Activated => 0x05,
            Self::Deactivated => 0x04,
            Self::Terminated => 0x0C,
            Self::Other(code) => code,
        }
    }
}

/// Where the access rules of a file are, tag 8B (TS 102 221 9.2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RuleReference {
    /// The identifier of EF.ARR.
    pub file: u16,
    /// The record of it, from 1.
    pub record: u8,
}

/// File control parameters: data objects in their order, so that whatever parses re-encodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Fcp(pub Vec<(u8, Vec<u8>)>);

impl Fcp {
    /// Parameters that begin with a file descriptor.
    #[must_use]
    pub fn new(descriptor: FileDescriptor) -> Self {
        Self::default().with(0x82, &descriptor.encode())
    }

    /// Adds the file identifier (83).
    #[must_use]
    pub fn with_id(self, id: u16) -> Self {
        self.with(0x83, &id.to_be_bytes())
    }

    /// Adds the life cycle (8A).
    #[must_use]
    pub fn with_life_cycle(self, life_cycle: LifeCycle) -> Self {
        self.with(0x8A, &[life_cycle.code()])
    }

    /// Adds the reference to the access rules (8B).
    #[must_use]
    pub fn with_rule(self, rule: RuleReference) -> Self {
        let [high, low] = rule.file.to_be_bytes();
        self.with(0x8B, &[high, low, rule.record])
    }

    /// Adds the PIN status template (C6).
    #[must_use]
    pub fn with_pins(self, pins: &[PinStatus]) -> Self {
        self.with(0xC6, &pin_status::encode(pins))
    }

    /// Adds the file size in octets (80).
    #[must_use]
    pub fn with_size(self, size: u32) -> Self {
        self.with(0x80, &size_octets(size))
    }

    /// Adds the total size in octets of all that is in a directory (81).
    #[must_use]
    pub fn with_total_size(self, size: u32) -> Self {
        self.with(0x81, &size_octets(size))
    }

    /// Adds the short file identifier (88) of 1 to 30. A file that has none says so by an empty object: if there were no
    /// object at all, the last five bits of the file identifier would be taken.
    #[must_use]
    pub fn with_sfi(self, sfi: Option<u8>) -> Self {
        match sfi {
            Some(sfi) => self.with(0x88, &[sfi << 3]),
            None => self.with(0x88, &[]),
        }
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
        self.size(0x80)
    }

    /// Total size in octets (81); `None` if absent or above four octets.
    #[must_use]
    pub fn total_size(&self) -> Option<u32> {
        self.size(0x81)
    }

    fn size(&self, tag: u8) -> Option<u32> {
        let size = self.get(tag)?;
        (1..=4).contains(&size.len()).then(|| size.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
    }

    /// DF name, the AID (84).
    #[must_use]
    pub fn aid(&self) -> Option<&[u8]> {
        self.get(0x84)
    }

    /// Short file identifier, 1 to 30 (88); `None` for a file that has none, and if the object is absent.
    #[must_use]
    pub fn sfi(&self) -> Option<u8> {
        self.get(0x88)?.first().map(|octet| octet >> 3)
    }

    /// Life cycle (8A).
    #[must_use]
    pub fn life_cycle(&self) -> Option<LifeCycle> {
        self.get(0x8A)?.first().copied().map(LifeCycle::from_code)
    }

    /// Where the access rules are (8B); `None` too for a reference that depends on the security environment.
    #[must_use]
    pub fn rule(&self) -> Option<RuleReference> {
        match self.get(0x8B)? {
            [high, low, record] => Some(RuleReference { file: u16::from_be_bytes([*high, *low]), record: *record }),
            _ => None,
        }
    }

    /// The PINs that guard a directory and its files (C6).
    #[must_use]
    pub fn pins(&self) -> Option<Vec<PinStatus>> {
        pin_status::parse(self.get(0xC6)?)
    }
}

/// Two octets, or as many as it takes.
fn size_octets(size: u32) -> Vec<u8> {
    match u16::try_from(size) {
        Ok(size) => size.to_be_bytes().to_vec(),
        Err(_) => size.to_be_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    fn descriptor(structure: FileStructure, records: Option<(u16, u8)>) -> FileDescriptor {
        FileDescriptor { structure, shareable: true, records }
    }

    #[test]
    fn smallest_mf() {
        let hex = "621A8202782183023F00A503800171 8A01058B032F0601C603900100".replace(' ', "");
        let fcp = Fcp::parse(&from_hex(&hex).unwrap()).unwrap();
        let rule = RuleReference { file: 0x2F06, record: 1 };
        let built = Fcp::new(descriptor(FileStructure::Directory, None))
            .with_id(0x3F00)
            .with(0xA5, &[0x80, 0x01, 0x71])
            .with_life_cycle(LifeCycle::Activated)
            .with_rule(rule)
            .with_pins(&[]);
        assert_eq!(fcp, built);
        assert_eq!(to_hex(&fcp.encode()), hex);
        assert_eq!(fcp.descriptor(), Some(descriptor(FileStructure::Directory, None)));
        assert_eq!((fcp.file_id(), fcp.life_cycle()), (Some(0x3F00), Some(LifeCycle::Activated)));
        assert_eq!((fcp.file_size(), fcp.sfi(), fcp.total_size()), (None, None, None));
        assert_eq!((fcp.rule(), fcp.pins()), (Some(rule), Some(Vec::new())));
    }

    #[test]
    fn files() {
        let dir = Fcp::new(descriptor(FileStructure::LinearFixed, Some((38, 2))))
            .with_id(0x2F00)
            .with_life_cycle(LifeCycle::Deactivated)
            .with_size(76)
            .with_sfi(Some(0x1E));
        assert_eq!(to_hex(&dir.encode()), "6215 8205422100260283022F008A01048002004C8801F0".replace(' ', ""));
        let again = Fcp::parse(&dir.encode()).unwrap();
        assert_eq!((again.file_size(), again.sfi()), (Some(76), Some(0x1E)));
        assert_eq!(again.descriptor().unwrap().records, Some((38, 2)));
        assert_eq!(again.life_cycle(), Some(LifeCycle::Deactivated));
        let large = Fcp::default().with_total_size(0x1_0000).with_sfi(None).with(0x84, &[0xA0, 0, 0, 0, 0x87]);
        assert_eq!(to_hex(&large.encode()), "620F810400010000 8800 8405A000000087".replace(' ', ""));
        assert_eq!((large.total_size(), large.sfi()), (Some(0x1_0000), None));
        assert_eq!(large.aid(), Some([0xA0, 0, 0, 0, 0x87].as_slice()));
    }

    #[test]
    fn life_cycles() {
        for (code, life_cycle) in
            [(0x05, LifeCycle::Activated), (0x04, LifeCycle::Deactivated), (0x0C, LifeCycle::Terminated)]
        {
            assert_eq!((LifeCycle::from_code(code), life_cycle.code()), (life_cycle, code));
        }
        assert_eq!(LifeCycle::from_code(0x01), LifeCycle::Other(0x01));
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
                let _ = (fcp.descriptor(), fcp.file_id(), fcp.file_size(), fcp.aid(), fcp.sfi(), fcp.life_cycle(), fcp.rule(), fcp.pins());
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
