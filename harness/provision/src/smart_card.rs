//! Provisioning on a smart card: files of a PKCS#15 application (ProvSC, DMBOOT; PKCS#15 1.1).
//!
//! A terminal finds the application in EF.DIR, in it EF.ODF, in that the path of a directory of data objects, and there
//! the path of the document: the object identifier of an entry says what kind of document it is. File identifiers below
//! EF.ODF are the issuer's choice. The texts of OMA on this were read only as LwM2M took them over; the object
//! identifiers are those that clients look for.

use dmsc_uicc::ber;
use thiserror::Error;

/// The application identifier of PKCS#15.
pub const AID: [u8; 12] = [0xA0, 0x00, 0x00, 0x00, 0x63, b'P', b'K', b'C', b'S', b'-', b'1', b'5'];
/// The directory of the application for terminals that go by its path in EF.DIR.
pub const DIRECTORY: u16 = 0x7F50;
/// EF.ODF, whose identifier PKCS#15 gives.
pub const ODF: u16 = 0x5031;
/// EF.TokenInfo, whose identifier PKCS#15 gives.
pub const TOKEN_INFO: u16 = 0x5032;
/// The directory of data objects.
const DODF: u16 = 0x6430;
/// The first of the documents.
const FIRST: u16 = 0x6431;

/// 2.23.43.5.1: bootstrap by Client Provisioning.
const CLIENT_PROVISIONING: [u8; 4] = [0x67, 0x2B, 0x05, 0x01];
/// 2.23.43.7.1: bootstrap by OMA DM.
const DEVICE_MANAGEMENT: [u8; 4] = [0x67, 0x2B, 0x07, 0x01];

/// What kind of document a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A document of Client Provisioning in WBXML.
    ClientProvisioning,
    /// A bootstrap message of OMA DM in WBXML.
    DeviceManagement,
    /// Another, by its object identifier as it is coded.
    Other(Vec<u8>),
}

impl Kind {
    fn oid(&self) -> &[u8] {
        match self {
            Self::ClientProvisioning => &CLIENT_PROVISIONING,
            Self::DeviceManagement => &DEVICE_MANAGEMENT,
            Self::Other(oid) => oid,
        }
    }

    fn of(oid: &[u8]) -> Self {
        match oid {
            oid if oid == CLIENT_PROVISIONING => Self::ClientProvisioning,
            oid if oid == DEVICE_MANAGEMENT => Self::DeviceManagement,
            other => Self::Other(other.to_vec()),
        }
    }

    /// The name for people.
    fn label(&self) -> &'static str {
        match self {
            Self::ClientProvisioning => "Client Provisioning",
            Self::DeviceManagement => "Device Management",
            Self::Other(_) => "data",
        }
    }
}

/// A file of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its identifier.
    pub id: u16,
    /// Its name.
    pub name: &'static str,
    /// What it has.
    pub content: Vec<u8>,
    /// Whether it has secrets, so that PIN1 guards it.
    pub private: bool,
}

/// The record of EF.DIR that names the application, its label and its path.
#[must_use]
pub fn directory_record() -> Vec<u8> {
    let path = [0x3F00u16.to_be_bytes(), DIRECTORY.to_be_bytes()].concat();
    tlv(0x61, &[tlv(0x4F, &AID), tlv(0x50, b"PKCS-15"), tlv(0x51, &path)].concat())
}

/// The files that give a terminal these documents, in order of priority.
#[must_use]
pub fn files(documents: &[(Kind, Vec<u8>)]) -> Vec<File> {
    let open = |id, name, content| File { id, name, content, private: false };
    let placed = || documents.iter().zip(FIRST..);
    let directory: Vec<u8> = placed().flat_map(|((kind, _), id)| object(kind, id)).collect();
    // The version of PKCS#15, a serial number, and that the token is only read.
    let token = tlv(0x30, &[tlv(0x02, &[0]), tlv(0x04, &[0]), tlv(0x03, &[0x07, 0x80])].concat());
    let mut files = vec![
        open(ODF, "EF.ODF", tlv(0xA7, &path(DODF))),
        open(TOKEN_INFO, "EF.TokenInfo", token),
        open(DODF, "EF.DODF", directory),
    ];
    files.extend(placed().map(|((kind, octets), id)| File {
        id,
        name: if *kind == Kind::DeviceManagement { "EF.DM_Bootstrap" } else { "EF.Bootstrap" },
        content: octets.clone(),
        private: true,
    }));
    files
}

/// The entry of a data object: a label and that it is private, what it is, where it is.
fn object(kind: &Kind, id: u16) -> Vec<u8> {
    let common = tlv(0x30, &[tlv(0x0C, kind.label().as_bytes()), tlv(0x03, &[0x07, 0x80])].concat());
    let class = tlv(0x30, &tlv(0x06, kind.oid()));
    tlv(0x30, &[common, class, tlv(0xA1, &path(id))].concat())
}

fn path(id: u16) -> Vec<u8> {
    tlv(0x30, &tlv(0x04, &id.to_be_bytes()))
}

/// A data object with a definite length of one octet or of two (PKCS#15 files are DER).
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match (u8::try_from(value.len()), u16::try_from(value.len())) {
        (Ok(length @ 0..0x80), _) => out.push(length),
        (Ok(length), _) => out.extend_from_slice(&[0x81, length]),
        (_, length) => {
            out.push(0x82);
            out.extend_from_slice(&length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(value);
    out
}

/// Why files lead to no document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}, octet {at}: {what}")]
pub struct FilesError {
    /// The file.
    pub file: &'static str,
    /// The octet.
    pub at: usize,
    /// What is wrong with it.
    pub what: String,
}

/// The paths of the directories of data objects, as EF.ODF has them.
///
/// # Errors
/// [`FilesError`] where it does not decode.
pub fn directories(odf: &[u8]) -> Result<Vec<Vec<u8>>, FilesError> {
    let mut found = Vec::new();
    for (tag, value, at) in objects("EF.ODF", odf, 0)? {
        if tag == 0xA7 {
            found.extend(path_in("EF.ODF", value, at)?);
        }
    }
    Ok(found)
}

/// The documents of a directory of data objects: what kind each is, and its path. Both ways of writing an entry are
/// read: an object of its own kind with an application identifier, and one that is named by an identifier.
///
/// # Errors
/// [`FilesError`] where it does not decode.
pub fn documents(dodf: &[u8]) -> Result<Vec<(Kind, Vec<u8>)>, FilesError> {
    const FILE: &str = "EF.DODF";
    let mut found = Vec::new();
    for (tag, value, at) in objects(FILE, dodf, 0)? {
        if !matches!(tag, 0x30 | 0xA1) {
            continue;
        }
        let mut oid = None;
        let mut path = None;
        for (part, value, at) in objects(FILE, value, at)? {
            match part {
                0x30 => oid = oid.or(identifier(FILE, value, at)?),
                0xA1 => {
                    for (inner, value, at) in objects(FILE, value, at)? {
                        if inner == 0x30 {
                            oid = identifier(FILE, value, at)?.or(oid);
                            path = path_of(FILE, value, at)?;
                        }
                    }
                }
                _ => {}
            }
        }
        if let (Some(oid), Some(path)) = (oid, path) {
            found.push((Kind::of(&oid), path));
        }
    }
    Ok(found)
}

/// The paths in a value, each in a sequence of its own.
fn path_in(file: &'static str, value: &[u8], at: usize) -> Result<Option<Vec<u8>>, FilesError> {
    for (tag, value, at) in objects(file, value, at)? {
        if tag == 0x30 {
            return path_of(file, value, at);
        }
    }
    Ok(None)
}

/// The path in a sequence, or in a sequence in it.
fn path_of(file: &'static str, value: &[u8], at: usize) -> Result<Option<Vec<u8>>, FilesError> {
    for (tag, value, at) in objects(file, value, at)? {
        match tag {
            0x04 => return Ok(Some(value.to_vec())),
            0x30 => {
                let inner = objects(file, value, at)?;
                let path = inner.into_iter().find(|(tag, ..)| *tag == 0x04).map(|(_, value, _)| value.to_vec());
                if path.is_some() {
                    return Ok(path);
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The object identifier in a sequence; some write it coded twice.
fn identifier(file: &'static str, value: &[u8], at: usize) -> Result<Option<Vec<u8>>, FilesError> {
    let found = objects(file, value, at)?.into_iter().find(|(tag, ..)| *tag == 0x06).map(|(_, value, _)| value);
    Ok(found.map(|oid| match oid {
        [0x06, length, rest @ ..] if usize::from(*length) == rest.len() => rest.to_vec(),
        oid => oid.to_vec(),
    }))
}

/// A data object: its tag, its value, and where that stands.
type Placed<'a> = (u8, &'a [u8], usize);

/// The data objects of a value, up to the padding, each with the place of its value.
fn objects<'a>(file: &'static str, value: &'a [u8], at: usize) -> Result<Vec<Placed<'a>>, FilesError> {
    let mut found = Vec::new();
    let mut rest = value;
    while !rest.iter().all(|octet| matches!(octet, 0x00 | 0xFF)) {
        let start = at.saturating_add(value.len().saturating_sub(rest.len()));
        let read = ber::read(rest);
        let (one, after) = read.map_err(|error| FilesError { file, at: start, what: error.to_string() })?;
        found.push((one.tag, one.value, start.saturating_add(one.value_at)));
        rest = after;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    fn content(files: &[File], id: u16) -> &[u8] {
        &files.iter().find(|file| file.id == id).unwrap().content
    }

    #[test]
    fn files_lead_to_their_documents() {
        assert_eq!(to_hex(&directory_record()), "611D4F0CA000000063504B43532D31355007504B43532D313551043F007F50");
        let documents = [(Kind::ClientProvisioning, vec![1]), (Kind::DeviceManagement, vec![2, 3])];
        let files = files(&documents);
        assert_eq!(to_hex(content(&files, ODF)), "A706300404026430");
        assert_eq!(directories(content(&files, ODF)).unwrap(), [[0x64, 0x30]]);
        let dodf = content(&files, DODF);
        // A label, private; 2.23.43.5.1; the path.
        let label = to_hex(b"Client Provisioning");
        let first = format!("302B30190C13{label}0302078030060604672B0501A106300404026431");
        assert!(to_hex(dodf).starts_with(&first), "{}", to_hex(dodf));
        let read = super::documents(dodf).unwrap();
        let expected = [(Kind::ClientProvisioning, vec![0x64, 0x31]), (Kind::DeviceManagement, vec![0x64, 0x32])];
        assert_eq!(read, expected);
        assert_eq!((content(&files, 0x6431), content(&files, 0x6432)), ([1].as_slice(), [2, 3].as_slice()));
        assert_eq!(files.iter().map(|file| file.private).collect::<Vec<_>>(), [false, false, false, true, true]);
    }

    #[test]
    fn entries_named_by_an_identifier_are_read_and_padding_is_not() {
        // As cards of another enabler have it: the identifier coded twice, in front of the path.
        let dodf =
            "A127300030110C0F4C774D324D20426F6F747374726170A110300E06060604672B09013004040264 32FFFF".replace(' ', "");
        let read = documents(&from_hex(&dodf).unwrap()).unwrap();
        assert_eq!(read, [(Kind::Other(vec![0x67, 0x2B, 0x09, 0x01]), vec![0x64, 0x32])]);
        assert_eq!(directories(&[0xFF; 8]).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn damaged_files_say_where() {
        let error = directories(&from_hex("A706300404").unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("EF.ODF, octet 0: "), "{error}");
        let error = documents(&from_hex("300530040C0941").unwrap()).unwrap_err().to_string();
        assert!(error.starts_with("EF.DODF, octet "), "{error}");
    }

    #[test]
    fn long_values_have_long_lengths() {
        assert_eq!(tlv(0x30, &[0; 0x80])[..3], [0x30, 0x81, 0x80]);
        assert_eq!(tlv(0x30, &[0; 300])[..4], [0x30, 0x82, 0x01, 0x2C]);
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(octets: Vec<u8>) {
            let _ = (directories(&octets), documents(&octets));
        }
    }
}
