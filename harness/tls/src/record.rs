//! Records on the wire (RFC 5246 6.2): headers, and where one ends and the next begins.

use crate::codes::codes;
use crate::version::Version;

codes! {
    /// What a record carries (RFC 5246 6.2.1).
    ContentType(u8, "2") {
        ChangeCipherSpec = 20, "change_cipher_spec";
        Alert = 21, "alert";
        Handshake = 22, "handshake";
        ApplicationData = 23, "application_data";
    }
}

/// Octets of a record header.
pub const HEADER_LENGTH: usize = 5;

/// The most octets of plaintext in a record (RFC 5246 6.2.1).
pub const MOST_PLAINTEXT: usize = 1 << 14;

/// The most octets of a record behind its header (RFC 5246 6.2.3).
pub const MOST_CIPHERTEXT: usize = MOST_PLAINTEXT + 2048;

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// What the record carries.
    pub content: ContentType,
    /// Its version.
    pub version: Version,
    /// Octets behind the header.
    pub length: u16,
}

impl Header {
    /// Reads a header.
    #[must_use]
    pub fn from_octets([content, major, minor, high, low]: [u8; HEADER_LENGTH]) -> Header {
        Header {
            content: ContentType::from_code(content),
            version: Version::from_code(u16::from_be_bytes([major, minor])),
            length: u16::from_be_bytes([high, low]),
        }
    }

    /// Writes a header.
    #[must_use]
    pub fn octets(self) -> [u8; HEADER_LENGTH] {
        let ([major, minor], [high, low]) = (self.version.code().to_be_bytes(), self.length.to_be_bytes());
        [self.content.code(), major, minor, high, low]
    }
}

/// Why octets are no records of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A type that TLS does not have; the octets are of another protocol, or out of step.
    #[error("a record of type {found:02X}, which is none of 14 to 17; see that the peer speaks TLS on this connection")]
    UnknownType {
        /// The type.
        found: u8,
    },
    /// A version whose first octet is not 03.
    #[error("a record of version {}; its first octet is 03 in all versions of TLS", found.code())]
    NoVersion {
        /// The version.
        found: Version,
    },
    /// A record longer than any may be.
    #[error("a record of {length} octets; at most {MOST_CIPHERTEXT} may follow a header, send several records")]
    TooLong {
        /// Octets that the header announces.
        length: usize,
    },
}

/// What [`Deframer`] finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unframed {
    /// A record, protected or not.
    Record {
        /// Its header.
        header: Header,
        /// What follows the header.
        body: Vec<u8>,
    },
    /// A hello in the form of SSL 2.0, from msg_type on (RFC 5246 E.2).
    Ssl2Hello(Vec<u8>),
}

/// Puts octets together, however they come, and takes records off them.
#[derive(Clone, Debug)]
pub struct Deframer {
    buffer: Vec<u8>,
    at: usize,
    /// The longest record that is taken, without its header.
    most: usize,
}

impl Default for Deframer {
    fn default() -> Deframer {
        Deframer { buffer: Vec::new(), at: 0, most: MOST_CIPHERTEXT }
    }
}

impl Deframer {
    /// One to which nothing came.
    #[must_use]
    pub fn new() -> Deframer {
        Deframer::default()
    }

    /// One to which nothing came, and which takes any length that a header can say.
    #[must_use]
    pub fn longest() -> Deframer {
        Deframer { most: usize::from(u16::MAX), ..Deframer::default() }
    }

    /// Takes octets in.
    pub fn push(&mut self, octets: &[u8]) {
        self.buffer.drain(..self.at);
        self.at = 0;
        self.buffer.extend_from_slice(octets);
    }

    /// Octets that came and are not yet a whole record.
    #[must_use]
    pub fn left(&self) -> usize {
        self.buffer.len().saturating_sub(self.at)
    }

    /// The next record that is whole; `ssl2` says that a hello in the form of SSL 2.0 may come here.
    ///
    /// # Errors
    /// Any [`RecordError`]; nothing that follows can be found then. A header is judged as soon as it is there.
    pub fn next(&mut self, ssl2: bool) -> Result<Option<Unframed>, RecordError> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let Some(&first) = rest.first() else { return Ok(None) };
        if ssl2 && first >= 0x80 {
            match rest {
                [high, low, 1, ..] => {
                    let length = usize::from(u16::from_be_bytes([high & 0x7F, *low]));
                    return Ok(self.take(2, length).map(Unframed::Ssl2Hello));
                }
                [_] | [_, _] => return Ok(None),
                _ => {}
            }
        }
        if matches!(ContentType::from_code(first), ContentType::Other(_)) {
            return Err(RecordError::UnknownType { found: first });
        }
        let Some(header) = rest.first_chunk::<HEADER_LENGTH>() else { return Ok(None) };
        let header = Header::from_octets(*header);
        if header.version.code() >> 8 != 3 {
            return Err(RecordError::NoVersion { found: header.version });
        }
        let length = usize::from(header.length);
        if length > self.most {
            return Err(RecordError::TooLong { length });
        }
        Ok(self.take(HEADER_LENGTH, length).map(|body| Unframed::Record { header, body }))
    }

    /// What follows `skip` octets, when all of it is there.
    fn take(&mut self, skip: usize, length: usize) -> Option<Vec<u8>> {
        let start = self.at.checked_add(skip)?;
        let end = start.checked_add(length)?;
        let body = self.buffer.get(start..end)?.to_vec();
        self.at = end;
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(content: ContentType, body: &[u8]) -> Unframed {
        let length = u16::try_from(body.len()).unwrap();
        Unframed::Record { header: Header { content, version: Version::Tls11, length }, body: body.to_vec() }
    }

    #[test]
    fn records_come_in_pieces_and_together() {
        let wire = [0x15, 3, 2, 0, 2, 1, 0, 0x17, 3, 2, 0, 0, 0x16, 3, 2, 0, 1];
        let mut deframer = Deframer::new();
        deframer.push(&wire);
        assert_eq!(deframer.next(true), Ok(Some(record(ContentType::Alert, &[1, 0]))));
        assert_eq!(deframer.next(true), Ok(Some(record(ContentType::ApplicationData, &[]))));
        assert_eq!((deframer.next(true), deframer.left()), (Ok(None), 5));
        deframer.push(&[9]);
        assert_eq!(deframer.next(true), Ok(Some(record(ContentType::Handshake, &[9]))));
        assert_eq!((deframer.next(true), deframer.left()), (Ok(None), 0));
    }

    #[test]
    fn a_hello_of_ssl_2_is_told_by_its_first_octets() {
        let mut deframer = Deframer::new();
        deframer.push(&[0x80]);
        assert_eq!(deframer.next(true), Ok(None));
        deframer.push(&[0x03, 0x01, 0x03]);
        assert_eq!(deframer.next(true), Ok(None));
        deframer.push(&[0x01, 0x16]);
        assert_eq!(deframer.next(true), Ok(Some(Unframed::Ssl2Hello(vec![1, 3, 1]))));
        assert_eq!(deframer.left(), 1);
        let mut deframer = Deframer::new();
        deframer.push(&[0x80, 0x03, 0x01]);
        assert_eq!(deframer.next(false), Err(RecordError::UnknownType { found: 0x80 }));
    }

    #[test]
    fn what_is_no_record_is_told_at_once() {
        let next = |octets: &[u8]| {
            let mut deframer = Deframer::new();
            deframer.push(octets);
            deframer.next(true)
        };
        assert_eq!(next(b"GET / HTTP/1.1"), Err(RecordError::UnknownType { found: b'G' }));
        assert_eq!(next(&[22, 2, 0, 0, 0]), Err(RecordError::NoVersion { found: Version::Other(0x0200) }));
        assert_eq!(next(&[22, 3, 3, 0x48, 0x01]), Err(RecordError::TooLong { length: 18_433 }));
        assert_eq!(next(&[22, 3, 3, 0x48, 0x00]), Ok(None));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(bodies: Vec<Vec<u8>>, cuts in prop::collection::vec(1usize..9, 1..50)) {
            let mut wire = Vec::new();
            for body in &bodies {
                let length = u16::try_from(body.len()).unwrap();
                wire.extend(Header { content: ContentType::Handshake, version: Version::Tls11, length }.octets());
                wire.extend(body);
            }
            let (mut deframer, mut found, mut cuts) = (Deframer::new(), Vec::new(), cuts.into_iter().cycle());
            while !wire.is_empty() {
                let rest = wire.split_off(cuts.next().unwrap().min(wire.len()));
                deframer.push(&std::mem::replace(&mut wire, rest));
                while let Some(record) = deframer.next(false).unwrap() {
                    found.push(record);
                }
            }
            let expected: Vec<Unframed> = bodies.iter().map(|body| record(ContentType::Handshake, body)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_octets_are_survived(octets: Vec<u8>, ssl2: bool) {
            let mut deframer = Deframer::new();
            deframer.push(&octets);
            while let Ok(Some(_)) = deframer.next(ssl2) {}
        }
    }
}
