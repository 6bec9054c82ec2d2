//! ClientHello (RFC 5246 7.4.1.2).

use dmsc_octets::to_hex;

use super::field::{self, Field, field};
use crate::extension::Extension;
use crate::reader::{DecodeError, EncodeError, Fault, Reader, put8, put16};
use crate::suite::Suite;
use crate::version::Version;

/// ClientHello: what a client offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientHello {
    /// client_version, the highest that the client offers.
    pub version: Version,
    /// random.
    pub random: [u8; 32],
    /// session_id, 0 to 32 octets.
    pub session_id: Vec<u8>,
    /// cipher_suites in the client's order, 1 to 32767.
    pub suites: Vec<Suite>,
    /// compression_methods, 1 to 255; 00 is null.
    pub compressions: Vec<u8>,
    /// extensions in their order; none when the message ends before the list.
    pub extensions: Option<Vec<Extension>>,
}

impl ClientHello {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<ClientHello, DecodeError> {
        let version = Version::from_code(reader.u16("client_version")?);
        let random = reader.array("random")?;
        let session_id = read_session_id(reader)?;
        let at = reader.position();
        let suites = reader.vector16("cipher_suites")?;
        if suites.is_empty() || !suites.len().is_multiple_of(2) {
            let rule = "an even number, at least 2";
            return Err(DecodeError {
                at,
                fault: Fault::Length { field: "cipher_suites", length: suites.len(), rule },
            });
        }
        let pairs = suites.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
        let suites = pairs.map(|pair| Suite::from_code(u16::from_be_bytes(pair))).collect();
        let at = reader.position();
        let compressions = reader.vector8("compression_methods")?.to_vec();
        if compressions.is_empty() {
            let fault = Fault::Length { field: "compression_methods", length: 0, rule: "at least 1" };
            return Err(DecodeError { at, fault });
        }
        let extensions = Extension::read_list(reader)?;
        Ok(ClientHello { version, random, session_id, suites, compressions, extensions })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend(self.version.code().to_be_bytes());
        out.extend(self.random);
        put8(out, &self.session_id, "session_id")?;
        let suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.code().to_be_bytes()).collect();
        put16(out, &suites, "cipher_suites")?;
        put8(out, &self.compressions, "compression_methods")?;
        Extension::write_list(self.extensions.as_deref(), out)
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            field("client_version", self.version.to_string()),
            field("random", to_hex(&self.random)),
            field("session_id", to_hex(&self.session_id)),
        ];
        fields.extend(self.suites.iter().map(|suite| field("cipher_suite", shown(*suite))));
        fields.push(field("compression_methods", to_hex(&self.compressions)));
        fields.extend(field::extensions(self.extensions.as_deref()));
        fields
    }
}

/// A suite with its name; one of RFC 8701 is called so.
pub(super) fn shown(suite: Suite) -> String {
    if suite.is_grease() { format!("GREASE ({:04X})", suite.code()) } else { suite.to_string() }
}

/// A session_id of at most 32 octets.
pub(super) fn read_session_id(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    let at = reader.position();
    let id = reader.vector8("session_id")?;
    if id.len() > 32 {
        let fault = Fault::Length { field: "session_id", length: id.len(), rule: "at most 32" };
        return Err(DecodeError { at, fault });
    }
    Ok(id.to_vec())
}
