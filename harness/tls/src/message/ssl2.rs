//! ClientHello in the form of SSL 2.0 (RFC 5246 E.2, RFC 2246 E).

use dmsc_octets::to_hex;

use super::client_hello::{ClientHello, shown};
use super::field::{Field, field};
use crate::reader::{DecodeError, EncodeError, Fault, Reader};
use crate::suite::Suite;
use crate::version::Version;

/// V2ClientHello, without the two octets of length before it: a hello that a server without TLS could read as well. The
/// transcript begins with msg_type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ssl2ClientHello {
    /// version, the highest that the client offers.
    pub version: Version,
    /// cipher_specs in the client's order; `00` before the code of a suite of TLS.
    pub specs: Vec<[u8; 3]>,
    /// session_id, empty: a client that wants to resume does not use this form.
    pub session_id: Vec<u8>,
    /// challenge, 16 to 32 octets: the random, with zeroes before it.
    pub challenge: Vec<u8>,
}

impl Ssl2ClientHello {
    /// Reads the message from msg_type on; it must fill the octets.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn decode(octets: &[u8]) -> Result<Ssl2ClientHello, DecodeError> {
        let mut reader = Reader::new(octets, 0);
        let kind = reader.u8("msg_type")?;
        if kind != 1 {
            let fault = Fault::Value { field: "msg_type", value: u32::from(kind), rule: "01, a ClientHello" };
            return Err(DecodeError { at: 0, fault });
        }
        let version = Version::from_code(reader.u16("version")?);
        let [specs, id, challenge] =
            [reader.u16("cipher_spec_length")?, reader.u16("session_id_length")?, reader.u16("challenge_length")?]
                .map(usize::from);
        let length = |at, field, length, rule| Err(DecodeError { at, fault: Fault::Length { field, length, rule } });
        if specs == 0 || !specs.is_multiple_of(3) {
            return length(3, "cipher_specs", specs, "a multiple of 3");
        }
        if id > 32 {
            return length(5, "session_id", id, "at most 32");
        }
        if !(16..=32).contains(&challenge) {
            return length(7, "challenge", challenge, "16 to 32");
        }
        let specs = reader.take(specs, "cipher_specs")?.chunks_exact(3);
        let specs = specs.filter_map(|spec| spec.try_into().ok()).collect();
        let session_id = reader.take(id, "session_id")?.to_vec();
        let challenge = reader.take(challenge, "challenge")?.to_vec();
        reader.end("V2ClientHello")?;
        Ok(Ssl2ClientHello { version, specs, session_id, challenge })
    }

    /// Writes the message from msg_type on.
    ///
    /// # Errors
    /// A field that is longer than its length can say.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = vec![1];
        out.extend(self.version.code().to_be_bytes());
        let specs = self.specs.concat();
        let parts = [("cipher_specs", &specs), ("session_id", &self.session_id), ("challenge", &self.challenge)];
        for (field, octets) in parts {
            let too_long = |_| EncodeError { field, length: octets.len(), most: 0xFFFF };
            out.extend(u16::try_from(octets.len()).map_err(too_long)?.to_be_bytes());
        }
        parts.iter().for_each(|(_, octets)| out.extend_from_slice(octets));
        Ok(out)
    }

    /// What it offers, as a hello of TLS.
    #[must_use]
    pub fn to_client_hello(&self) -> ClientHello {
        let mut random = [0; 32];
        for (to, from) in random.iter_mut().rev().zip(self.challenge.iter().rev()) {
            *to = *from;
        }
        let suites = self.specs.iter().filter_map(|spec| match spec {
            [0, high, low] => Some(Suite::from_code(u16::from_be_bytes([*high, *low]))),
            _ => None,
        });
        ClientHello {
            version: self.version,
            random,
            session_id: self.session_id.clone(),
            suites: suites.collect(),
            compressions: vec![0],
            extensions: None,
        }
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = vec![field("version", self.version.to_string())];
        fields.extend(self.specs.iter().map(|spec| match spec {
            [0, high, low] => field("cipher_spec", shown(Suite::from_code(u16::from_be_bytes([*high, *low])))),
            spec => field("cipher_spec", format!("of SSL 2.0 ({})", to_hex(spec))),
        }));
        fields.push(field("session_id", to_hex(&self.session_id)));
        fields.push(field("challenge", to_hex(&self.challenge)));
        fields
    }
}
