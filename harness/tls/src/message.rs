//! Handshake messages as values (RFC 5246 7.4, RFC 4279 2).

mod client_hello;
mod field;
mod server_hello;
mod ssl2;

pub use client_hello::ClientHello;
pub use field::Field;
pub use server_hello::ServerHello;
pub use ssl2::Ssl2ClientHello;

use dmsc_octets::to_hex;

use crate::codes::codes;
use crate::reader::{DecodeError, EncodeError, Fault, Reader, put16};
use field::field;

/// Octets of a handshake header: the type, and a length of three octets.
pub const HEADER_LENGTH: usize = 4;

codes! {
    /// The type of a handshake message (RFC 5246 7.4).
    HandshakeType(u8, "2") {
        HelloRequest = 0, "hello_request";
        ClientHello = 1, "client_hello";
        ServerHello = 2, "server_hello";
        NewSessionTicket = 4, "new_session_ticket";
        Certificate = 11, "certificate";
        ServerKeyExchange = 12, "server_key_exchange";
        CertificateRequest = 13, "certificate_request";
        ServerHelloDone = 14, "server_hello_done";
        CertificateVerify = 15, "certificate_verify";
        ClientKeyExchange = 16, "client_key_exchange";
        Finished = 20, "finished";
    }
}

/// A handshake message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Handshake {
    /// HelloRequest (RFC 5246 7.4.1.1): the server asks for a renegotiation.
    HelloRequest,
    /// ClientHello (RFC 5246 7.4.1.2).
    ClientHello(ClientHello),
    /// ClientHello in the form of SSL 2.0 (RFC 5246 E.2).
    Ssl2ClientHello(Ssl2ClientHello),
    /// ServerHello (RFC 5246 7.4.1.3).
    ServerHello(ServerHello),
    /// ServerKeyExchange of a PSK suite (RFC 4279 2).
    ServerKeyExchange {
        /// psk_identity_hint, at most 65535 octets.
        hint: Vec<u8>,
    },
    /// ServerHelloDone (RFC 5246 7.4.5).
    ServerHelloDone,
    /// ClientKeyExchange of a PSK suite (RFC 4279 2).
    ClientKeyExchange {
        /// psk_identity, at most 65535 octets.
        identity: Vec<u8>,
    },
    /// Finished (RFC 5246 7.4.9).
    Finished {
        /// verify_data; the two suites have 12 octets.
        verify_data: Vec<u8>,
    },
    /// A message that has no place in a handshake with a key shared in advance, or a body that cannot be read and was
    /// sent on purpose.
    Other {
        /// Its type.
        kind: HandshakeType,
        /// Its body without the header, at most 2^24 - 1 octets.
        body: Vec<u8>,
    },
}

impl Handshake {
    /// The type of the message.
    #[must_use]
    pub fn kind(&self) -> HandshakeType {
        match self {
            Self::HelloRequest => HandshakeType::HelloRequest,
            Self::ClientHello(_) | Self::Ssl2ClientHello(_) => HandshakeType::ClientHello,
            Self::ServerHello(_) => HandshakeType::ServerHello,
            Self::ServerKeyExchange { .. } => HandshakeType::ServerKeyExchange,
            Self::ServerHelloDone => HandshakeType::ServerHelloDone,
            Self::ClientKeyExchange { .. } => HandshakeType::ClientKeyExchange,
            Self::Finished { .. } => HandshakeType::Finished,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// Reads one message, header included; it must fill the octets. The form of SSL 2.0 has its own
    /// [`Ssl2ClientHello::decode`].
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn decode(octets: &[u8]) -> Result<Handshake, DecodeError> {
        let mut header = Reader::new(octets, 0);
        let kind = HandshakeType::from_code(header.u8("msg_type")?);
        let [high, middle, low] = header.array::<3>("length")?;
        let length = usize::try_from(u32::from_be_bytes([0, high, middle, low])).unwrap_or(usize::MAX);
        let body = header.take(length, "the body")?;
        header.end("Handshake")?;
        let mut reader = Reader::new(body, HEADER_LENGTH);
        let message = match kind {
            HandshakeType::HelloRequest => Self::HelloRequest,
            HandshakeType::ClientHello => Self::ClientHello(ClientHello::read(&mut reader)?),
            HandshakeType::ServerHello => Self::ServerHello(ServerHello::read(&mut reader)?),
            HandshakeType::ServerKeyExchange => {
                Self::ServerKeyExchange { hint: reader.vector16("psk_identity_hint")?.to_vec() }
            }
            HandshakeType::ServerHelloDone => Self::ServerHelloDone,
            HandshakeType::ClientKeyExchange => {
                Self::ClientKeyExchange { identity: reader.vector16("psk_identity")?.to_vec() }
            }
            HandshakeType::Finished => {
                let verify_data = reader.take(body.len(), "verify_data")?.to_vec();
                if verify_data.len() != VERIFY_DATA_LENGTH {
                    let fault = Fault::Length { field: "verify_data", length: body.len(), rule: "12" };
                    return Err(DecodeError { at: HEADER_LENGTH, fault });
                }
                Self::Finished { verify_data }
            }
            kind => return Ok(Self::Other { kind, body: body.to_vec() }),
        };
        reader.end("the message")?;
        Ok(message)
    }

    /// Writes the message with its header; the form of SSL 2.0 has none.
    ///
    /// # Errors
    /// A field that is longer than its length can say.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut body = Vec::new();
        match self {
            Self::HelloRequest | Self::ServerHelloDone => {}
            Self::ClientHello(hello) => hello.write(&mut body)?,
            Self::Ssl2ClientHello(hello) => return hello.encode(),
            Self::ServerHello(hello) => hello.write(&mut body)?,
            Self::ServerKeyExchange { hint } => put16(&mut body, hint, "psk_identity_hint")?,
            Self::ClientKeyExchange { identity } => put16(&mut body, identity, "psk_identity")?,
            Self::Finished { verify_data } => body.extend_from_slice(verify_data),
            Self::Other { body: octets, .. } => body.extend_from_slice(octets),
        }
        let too_long = EncodeError { field: "the body", length: body.len(), most: 0xFF_FFFF };
        let length = u32::try_from(body.len()).ok().filter(|length| *length <= 0xFF_FFFF).ok_or(too_long)?;
        let [_, high, middle, low] = length.to_be_bytes();
        Ok([&[self.kind().code(), high, middle, low], body.as_slice()].concat())
    }

    /// The message field by field, to be shown.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = vec![field("msg_type", self.kind().to_string())];
        match self {
            Self::HelloRequest | Self::ServerHelloDone => {}
            Self::ClientHello(hello) => fields.extend(hello.fields()),
            Self::Ssl2ClientHello(hello) => fields.extend(hello.fields()),
            Self::ServerHello(hello) => fields.extend(hello.fields()),
            Self::ServerKeyExchange { hint } => fields.push(field("psk_identity_hint", to_hex(hint))),
            Self::ClientKeyExchange { identity } => fields.push(field("psk_identity", to_hex(identity))),
            Self::Finished { verify_data } => fields.push(field("verify_data", to_hex(verify_data))),
            Self::Other { body, .. } => fields.push(field("body", to_hex(body))),
        }
        fields
    }
}

/// Octets of verify_data with the two suites (RFC 5246 7.4.9).
pub const VERIFY_DATA_LENGTH: usize = 12;

#[cfg(test)]
mod tests;
