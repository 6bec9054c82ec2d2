//! Files, applications and services that matter here (TS 102 221 13, TS 31.102 4.2.8, TS 101 220 annex E).

use crate::ber::{self, TlvError};

/// A known file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its path from the MF or, after 7FFF, from the current ADF.
    pub path: &'static [u16],
    /// Its name.
    pub name: &'static str,
    /// Its short file identifier.
    pub sfi: Option<u8>,
}

const fn file(path: &'static [u16], name: &'static str, sfi: Option<u8>) -> File {
    File { path, name, sfi }
}

/// The known files.
pub const FILES: &[File] = &[
    file(&[0x3F00], "MF", None),
    file(&[0x3F00, 0x2FE2], "EF.ICCID", None),
    file(&[0x3F00, 0x2F00], "EF.DIR", Some(0x1E)),
    file(&[0x3F00, 0x2F05], "EF.PL", Some(0x05)),
    file(&[0x3F00, 0x2F06], "EF.ARR", Some(0x06)),
    file(&[0x3F00, 0x2F08], "EF.UMPC", Some(0x08)),
    file(&[0x3F00, 0x7F10], "DF.TELECOM", None),
    file(&[0x3F00, 0x7F10, 0x5F50, 0x4F01], "EF.LAUNCH_SCWS", None),
    file(&[0x3F00, 0x7F11, 0x6F01], "EF.LAUNCHPAD", None),
    file(&[0x3F00, 0x7F25], "DF.CDMA", None),
    file(&[0x7FFF], "ADF", None),
    file(&[0x7FFF, 0x6F07], "EF.IMSI", None),
    file(&[0x7FFF, 0x6F38], "EF.UST", Some(0x04)),
    file(&[0x7FFF, 0x6F3C], "EF.SMS", None),
    file(&[0x7FFF, 0x6F42], "EF.SMSP", None),
    file(&[0x7FFF, 0x6F47], "EF.SMSR", None),
    file(&[0x7FFF, 0x6F56], "EF.EST", None),
    file(&[0x7FFF, 0x6F73], "EF.PSLOCI", None),
    file(&[0x7FFF, 0x6F7E], "EF.LOCI", None),
    file(&[0x7FFF, 0x6FAD], "EF.AD", None),
    file(&[0x7FFF, 0x6FE3], "EF.EPSLOCI", None),
];

/// The name of the first known file with this identifier.
#[must_use]
pub fn file_name(id: u16) -> Option<&'static str> {
    FILES.iter().find(|file| file.path.last() == Some(&id)).map(|file| file.name)
}

/// A known application identifier: provider and application code, without country and provider parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aid {
    /// First octets of the AID.
    pub prefix: &'static [u8],
    /// Name of the application or its provider.
    pub name: &'static str,
}

/// The known applications, the longer prefixes first.
pub const AIDS: &[Aid] = &[
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x01], name: "UICC" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02], name: "USIM" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x03], name: "USIM toolkit" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04], name: "ISIM" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x03, 0x43, 0x10, 0x02], name: "CSIM" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x00, 0x09], name: "ETSI" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x04, 0x12], name: "OMA" },
    Aid { prefix: &[0xA0, 0x00, 0x00, 0x04, 0x24], name: "WiMAX Forum" },
];

/// The name of the application of an AID.
#[must_use]
pub fn aid_name(aid: &[u8]) -> Option<&'static str> {
    AIDS.iter().find(|known| aid.starts_with(known.prefix)).map(|known| known.name)
}

/// Numbers of the services of EF.UST that DM_SC rests on.
pub mod service {
    /// Short message storage.
    pub const SMS: u8 = 10;
    /// Short message service parameters: the default service centre.
    pub const SMSP: u8 = 12;
    /// Data download by SMS-PP.
    pub const SMS_PP_DOWNLOAD: u8 = 28;
    /// Call control by the USIM; without it a terminal sends no ENVELOPE (CALL CONTROL).
    pub const CALL_CONTROL: u8 = 30;
    /// Control of mobile originated short messages by the USIM.
    pub const MO_SMS_CONTROL: u8 = 31;
    /// GBA-based local key establishment; its use for the keys of DM_SC is from memory, unverified.
    pub const GBA_LOCAL_KEY: u8 = 76;
    /// Terminal applications. That it gates ENVELOPE (TERMINAL APPLICATIONS) is from memory, unverified.
    pub const TERMINAL_APPLICATIONS: u8 = 77;
    /// Connectivity parameters for IP connections of the USIM.
    pub const IP_CONNECTIVITY: u8 = 80;
    /// Extended terminal applications.
    pub const EXTENDED_TERMINAL_APPLICATIONS: u8 = 94;
}

/// EF.UST: service n is bit (n-1) mod 8 of octet (n-1) / 8. Services are numbered from 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ServiceTable(pub Vec<u8>);

impl ServiceTable {
    /// True if the service is available; service 0 and those beyond the table are not.
    #[must_use]
    pub fn has(&self, service: u8) -> bool {
        place(service).and_then(|(at, mask)| self.0.get(at).map(|octet| octet & mask != 0)).unwrap_or(false)
    }

    /// Makes a service available, lengthening the table as needed.
    pub fn set(&mut self, service: u8) {
        let Some((at, mask)) = place(service) else {
            return;
        };
        if self.0.len() <= at {
            self.0.resize(at + 1, 0x00);
        }
        if let Some(octet) = self.0.get_mut(at) {
            *octet |= mask;
        }
    }

    /// Makes a service unavailable; the length stays.
    pub fn clear(&mut self, service: u8) {
        if let Some((octet, mask)) = place(service).and_then(|(at, mask)| Some((self.0.get_mut(at)?, mask))) {
            *octet &= !mask;
        }
    }
}

fn place(service: u8) -> Option<(usize, u8)> {
    let index = service.checked_sub(1)?;
    Some((usize::from(index / 8), 1 << (index % 8)))
}

/// Why octets are not a record of EF.DIR.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirError {
    /// The record does not hold an application template with an AID.
    #[error("no {what} (tag {tag:02X}) in the record of EF.DIR; an unused record is all FF")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its tag.
        tag: u8,
    },
    /// A tag or length does not parse.
    #[error(transparent)]
    Tlv(#[from] TlvError),
}

/// A record of EF.DIR.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DirRecord {
    /// Application identifier.
    pub aid: Vec<u8>,
    /// Label, usually ASCII; empty if there is none.
    pub label: Vec<u8>,
}

impl DirRecord {
    /// Reads a record; padding is skipped, further data objects are ignored.
    ///
    /// # Errors
    /// [`DirError::Missing`] for an unused record, [`DirError::Tlv`].
    pub fn parse(octets: &[u8]) -> Result<Self, DirError> {
        let outer = ber::read_all(octets)?;
        let template = outer.iter().find(|tlv| tlv.tag == 0x61);
        let template = template.ok_or(DirError::Missing { what: "application template", tag: 0x61 })?;
        let inner = ber::read_all(template.value)?;
        let value = |tag| inner.iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value.to_vec());
        let aid = value(0x4F).ok_or(DirError::Missing { what: "AID", tag: 0x4F })?;
        Ok(Self { aid, label: value(0x50).unwrap_or_default() })
    }

    /// The octets, padded with FF to `length` if they are shorter.
    #[must_use]
    pub fn encode(&self, length: usize) -> Vec<u8> {
        let mut body = Vec::new();
        ber::write(&mut body, 0x4F, &self.aid);
        if !self.label.is_empty() {
            ber::write(&mut body, 0x50, &self.label);
        }
        let mut out = Vec::new();
        ber::write(&mut out, 0x61, &body);
        if out.len() < length {
            out.resize(length, 0xFF);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        assert_eq!(file_name(0x2FE2), Some("EF.ICCID"));
        assert_eq!(file_name(0x1234), None);
        assert_eq!(aid_name(&[0xA0, 0, 0, 0, 0x87, 0x10, 0x02, 0xFF]), Some("USIM"));
        assert_eq!(aid_name(&[0xA0, 0, 0, 0, 0x87]), None);
        assert_eq!(aid_name(&[0xA0, 0, 0, 4, 0x12, 1]), Some("OMA"));
    }

    #[test]
    fn services_sit_where_the_table_says() {
        for (service, byte, mask) in [
            (service::SMS, 2, 0x02),
            (service::SMSP, 2, 0x08),
            (service::SMS_PP_DOWNLOAD, 4, 0x08),
            (service::CALL_CONTROL, 4, 0x20),
            (service::MO_SMS_CONTROL, 4, 0x40),
            (service::GBA_LOCAL_KEY, 10, 0x08),
            (service::TERMINAL_APPLICATIONS, 10, 0x10),
            (service::IP_CONNECTIVITY, 10, 0x80),
            (service::EXTENDED_TERMINAL_APPLICATIONS, 12, 0x20),
        ] {
            let mut table = ServiceTable::default();
            table.set(service);
            assert_eq!((table.0.len(), table.0.last().copied()), (byte, Some(mask)), "service {service}");
            assert!(table.has(service));
            table.clear(service);
            assert!(!table.has(service) && table.0.len() == byte);
        }
        let mut table = ServiceTable::default();
        table.set(0);
        assert!(table.0.is_empty() && !table.has(0) && !table.has(255));
    }

    #[test]
    fn dir_records() {
        let record = DirRecord { aid: vec![0xA0, 0, 0, 0, 0x87, 0x10, 0x02], label: b"USIM".to_vec() };
        let octets = record.encode(30);
        assert_eq!((octets.len(), octets[..4].to_vec()), (30, vec![0x61, 0x0F, 0x4F, 0x07]));
        assert_eq!(DirRecord::parse(&octets), Ok(record));
        assert_eq!(DirRecord::parse(&[0xFF; 30]), Err(DirError::Missing { what: "application template", tag: 0x61 }));
        assert_eq!(DirRecord::parse(&[0x61, 0x00]), Err(DirError::Missing { what: "AID", tag: 0x4F }));
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, service: u8) {
            let _ = DirRecord::parse(&octets);
            let mut table = ServiceTable(octets);
            table.clear(service);
            prop_assert!(!table.has(service));
        }
    }
}
