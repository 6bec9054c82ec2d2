//! ServerHello (RFC 5246 7.4.1.3).

use dmsc_octets::to_hex;

use super::client_hello::{read_session_id, shown};
use super::field::{self, Field, field};
use crate::extension::Extension;
use crate::reader::{DecodeError, EncodeError, Reader, put8};
use crate::suite::Suite;
use crate::version::Version;

/// ServerHello: what a server has chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerHello {
    /// server_version.
    pub version: Version,
    /// random.
    pub random: [u8; 32],
    /// session_id, 0 to 32 octets; empty when the session cannot be resumed.
    pub session_id: Vec<u8>,
    /// cipher_suite.
    pub suite: Suite,
    /// compression_method; 00 is null.
    pub compression: u8,
    /// extensions in their order; none when the message ends before the list.
    pub extensions: Option<Vec<Extension>>,
}

impl ServerHello {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<ServerHello, DecodeError> {
        Ok(ServerHello {
            version: Version::from_code(reader.u16("server_version")?),
            random: reader.array("random")?,
            session_id: read_session_id(reader)?,
            suite: Suite::from_code(reader.u16("cipher_suite")?),
            compression: reader.u8("compression_method")?,
            extensions: Extension::read_list(reader)?,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend(self.version.code().to_be_bytes());
        out.extend(self.random);
        put8(out, &self.session_id, "session_id")?;
        out.extend(self.suite.code().to_be_bytes());
        out.push(self.compression);
        Extension::write_list(self.extensions.as_deref(), out)
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            field("server_version", self.version.to_string()),
            field("random", to_hex(&self.random)),
            field("session_id", to_hex(&self.session_id)),
            field("cipher_suite", shown(self.suite)),
            field("compression_method", to_hex(&[self.compression])),
        ];
        fields.extend(field::extensions(self.extensions.as_deref()));
        fields
    }
}
