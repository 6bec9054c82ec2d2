//! Extensions of hellos (RFC 5246 7.4.1.4).

use crate::codes::{codes, is_grease};
use crate::reader::{DecodeError, EncodeError, Reader, put16};

codes! {
    /// The type of an extension: those that this crate knows what to do with, and those that it can name.
    ExtensionType(u16, "4") {
        ServerName = 0, "server_name";
        MaxFragmentLength = 1, "max_fragment_length";
        StatusRequest = 5, "status_request";
        SupportedGroups = 10, "supported_groups";
        EcPointFormats = 11, "ec_point_formats";
        SignatureAlgorithms = 13, "signature_algorithms";
        Alpn = 16, "application_layer_protocol_negotiation";
        Padding = 21, "padding";
        EncryptThenMac = 22, "encrypt_then_mac";
        ExtendedMasterSecret = 23, "extended_master_secret";
        SessionTicket = 35, "session_ticket";
        SupportedVersions = 43, "supported_versions";
        RenegotiationInfo = 0xFF01, "renegotiation_info";
    }
}

impl ExtensionType {
    /// Whether it is one of the codes that RFC 8701 reserves so that unknown ones are met.
    #[must_use]
    pub fn is_grease(self) -> bool {
        is_grease(self.code())
    }
}

codes! {
    /// The length that max_fragment_length asks for (RFC 6066 4).
    MaxFragmentLength(u8, "2") {
        Octets512 = 1, "512 octets";
        Octets1024 = 2, "1024 octets";
        Octets2048 = 3, "2048 octets";
        Octets4096 = 4, "4096 octets";
    }
}

impl MaxFragmentLength {
    /// The most octets of plaintext in a record; none for a code without meaning.
    #[must_use]
    pub fn octets(self) -> Option<usize> {
        match self {
            Self::Octets512 => Some(512),
            Self::Octets1024 => Some(1024),
            Self::Octets2048 => Some(2048),
            Self::Octets4096 => Some(4096),
            Self::Other(_) => None,
        }
    }
}

/// An extension, whatever it is: what it means is for who uses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extension {
    /// Its type.
    pub kind: ExtensionType,
    /// Its data, at most 65535 octets.
    pub data: Vec<u8>,
}

impl Extension {
    /// An extension without data, as encrypt_then_mac (RFC 7366 2) and extended_master_secret (RFC 7627 5.1) are.
    #[must_use]
    pub fn empty(kind: ExtensionType) -> Extension {
        Extension { kind, data: Vec::new() }
    }

    /// max_fragment_length (RFC 6066 4).
    #[must_use]
    pub fn max_fragment_length(length: MaxFragmentLength) -> Extension {
        Extension { kind: ExtensionType::MaxFragmentLength, data: vec![length.code()] }
    }

    /// renegotiation_info (RFC 5746 3.2) with up to 255 octets of verify_data; empty in a first handshake.
    ///
    /// # Errors
    /// More than 255 octets.
    pub fn renegotiation_info(verify_data: &[u8]) -> Result<Extension, EncodeError> {
        let mut data = Vec::new();
        crate::reader::put8(&mut data, verify_data, "renegotiated_connection")?;
        Ok(Extension { kind: ExtensionType::RenegotiationInfo, data })
    }

    /// Reads a list up to the end of a hello; none when the hello ends before it.
    pub(crate) fn read_list(reader: &mut Reader<'_>) -> Result<Option<Vec<Extension>>, DecodeError> {
        if reader.is_empty() {
            return Ok(None);
        }
        let base = reader.position().saturating_add(2);
        let mut list = Reader::new(reader.vector16("extensions")?, base);
        let mut extensions = Vec::new();
        while !list.is_empty() {
            let kind = ExtensionType::from_code(list.u16("extension_type")?);
            extensions.push(Extension { kind, data: list.vector16("extension_data")?.to_vec() });
        }
        Ok(Some(extensions))
    }

    /// Writes a list, if there is one.
    pub(crate) fn write_list(list: Option<&[Extension]>, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let Some(list) = list else { return Ok(()) };
        let mut octets = Vec::new();
        for extension in list {
            octets.extend(extension.kind.code().to_be_bytes());
            put16(&mut octets, &extension.data, "extension_data")?;
        }
        put16(out, &octets, "extensions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_renegotiation_info_is_seven_octets() {
        let list = [Extension::renegotiation_info(&[]).unwrap()];
        let mut out = Vec::new();
        Extension::write_list(Some(&list), &mut out).unwrap();
        assert_eq!(out, [0x00, 0x05, 0xFF, 0x01, 0x00, 0x01, 0x00]);
        assert_eq!(Extension::read_list(&mut Reader::new(&out, 0)), Ok(Some(list.to_vec())));
        assert_eq!(Extension::max_fragment_length(MaxFragmentLength::Octets512).data, [1]);
        assert!(ExtensionType::from_code(0x3A3A).is_grease());
    }
}
