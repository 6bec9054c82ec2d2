//! What every WBXML document is put together of, whatever its code space (WAP-192, 5): the head, multi-octet integers,
//! strings, opaque data and the global tokens.

use std::ops::Range;

use thiserror::Error;

use crate::scan::ZERO;

/// Switches the code page of what follows.
pub const SWITCH_PAGE: u8 = 0x00;
/// Ends an element, or the attributes of one.
pub const END: u8 = 0x01;
/// A character by its number.
pub const ENTITY: u8 = 0x02;
/// A string in place, ended by a zero octet.
pub const STR_I: u8 = 0x03;
/// A tag or attribute that is named in the string table.
pub const LITERAL: u8 = 0x04;
/// A string of the string table.
pub const STR_T: u8 = 0x83;
/// Octets with their number in front.
pub const OPAQUE: u8 = 0xC3;
/// Bit of a tag that has content.
pub const WITH_CONTENT: u8 = 0x40;
/// Bit of a tag that has attributes.
pub const WITH_ATTRIBUTES: u8 = 0x80;

/// MIBenum of UTF-8.
pub const UTF_8: u32 = 106;
/// MIBenum of US-ASCII, a part of UTF-8.
pub const US_ASCII: u32 = 3;

/// A part that cannot be read, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("octet {offset}: {fault}")]
pub struct PartError {
    /// Offset of the octet at fault from the start of the document.
    pub offset: usize,
    /// What is wrong.
    pub fault: PartFault,
}

/// What is wrong with a part.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartFault {
    /// The document ends too early.
    #[error("the document ends inside {0}")]
    End(&'static str),
    /// A version that is not 1.x.
    #[error("version octet {0:02X} is not WBXML 1.x (01, 02 or 03)")]
    Version(u8),
    /// A character set that is not UTF-8 or a part of it.
    #[error("character set {0} is neither UTF-8 (106) nor US-ASCII (3); send UTF-8")]
    Charset(u32),
    /// A multi-octet integer of more than 32 bits.
    #[error("a multi-octet integer does not fit 32 bits")]
    Integer,
    /// A length that reaches beyond the end.
    #[error("{what} of {length} octets, {present} follow")]
    Length {
        /// What has the length.
        what: &'static str,
        /// The length given.
        length: u32,
        /// Octets left.
        present: usize,
    },
    /// An index outside the string table.
    #[error("index {index} is outside the string table of {length} octets")]
    StringTable {
        /// The index given.
        index: u32,
        /// Octets of the table.
        length: usize,
    },
    /// A string that is not UTF-8.
    #[error("a string that is not UTF-8")]
    Utf8,
}

fn fault<T>(offset: usize, fault: PartFault) -> Result<T, PartError> {
    Err(PartError { offset, fault })
}

/// What stands in front of the body.
#[derive(Debug)]
pub struct Head<'a> {
    /// Version octet: 01, 02, 03 for 1.1, 1.2, 1.3.
    pub version: u8,
    /// The public identifier by its number; 0 where it stands in the string table.
    pub number: u32,
    /// The public identifier itself, where it stands in the string table: the string, and whether it ends in a zero
    /// octet there.
    pub literal: Option<(&'a str, bool)>,
    /// Offset of the reference to the string table, which stands behind that number 0.
    pub literal_at: usize,
    /// The octets of the public identifier.
    pub public_id_at: Range<usize>,
    /// MIBenum of the character set: [`UTF_8`] or [`US_ASCII`].
    pub charset: u32,
    /// The octets of the character set.
    pub charset_at: Range<usize>,
    /// The string table.
    pub table: Table<'a>,
}

/// The strings that a document refers to.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    octets: &'a [u8],
}

impl<'a> Table<'a> {
    /// A string, for the reference to it at the octet `at`, and whether it ends in a zero octet: an encoder may have left
    /// out that of the last.
    ///
    /// # Errors
    /// [`PartError`]: no such place, or no UTF-8.
    pub fn string(self, index: u32, at: usize) -> Result<(&'a str, bool), PartError> {
        let rest = usize::try_from(index).ok().and_then(|start| self.octets.get(start..)).unwrap_or_default();
        if rest.is_empty() {
            return fault(at, PartFault::StringTable { index, length: self.octets.len() });
        }
        let string = rest.get(..ZERO.first(rest)).unwrap_or_default();
        match std::str::from_utf8(string) {
            Ok(text) => Ok((text, string.len() < rest.len())),
            Err(_) => fault(at, PartFault::Utf8),
        }
    }
}

/// Octets, and how far they have been read.
#[derive(Debug)]
pub struct Input<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    /// A document that nothing has been read of.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// Offset of what comes next.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on by octets that were looked at.
    pub(crate) fn skip(&mut self, octets: usize) {
        self.at += octets;
    }

    /// What has not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    /// All that stands in front of the body. WBXML 1.0 has no character set; nothing is known of documents in it, so 1.x
    /// is read as 1.1 and later.
    ///
    /// # Errors
    /// [`PartError`] with the offset of the octet at fault.
    pub fn head(&mut self) -> Result<Head<'a>, PartError> {
        let version = self.octet("the version")?;
        if version >> 4 != 0 {
            return fault(0, PartFault::Version(version));
        }
        let id_at = self.at;
        let number = self.integer("the public identifier")?;
        let index_at = self.at;
        let index = if number == 0 { Some(self.integer("the public identifier")?) } else { None };
        let charset_at = self.at;
        let charset = self.integer("the character set")?;
        if !matches!(charset, UTF_8 | US_ASCII) {
            return fault(charset_at, PartFault::Charset(charset));
        }
        let charset_end = self.at;
        let table = Table { octets: self.sized("the string table")? };
        let literal = index.map(|index| table.string(index, index_at)).transpose()?;
        Ok(Head {
            version,
            number,
            literal,
            literal_at: index_at,
            public_id_at: id_at..charset_at,
            charset,
            charset_at: charset_at..charset_end,
            table,
        })
    }

    /// The next octet, which is this.
    ///
    /// # Errors
    /// [`PartFault::End`].
    pub fn octet(&mut self, what: &'static str) -> Result<u8, PartError> {
        match self.rest().first() {
            Some(octet) => {
                self.at += 1;
                Ok(*octet)
            }
            None => fault(self.at, PartFault::End(what)),
        }
    }

    /// A multi-octet integer of at most 32 bits: seven bits an octet, the high bit says that more follow. Leading zero
    /// groups are redundant; five octets hold every value.
    ///
    /// # Errors
    /// [`PartFault::End`], [`PartFault::Integer`].
    pub fn integer(&mut self, what: &'static str) -> Result<u32, PartError> {
        let start = self.at;
        let mut value = 0u32;
        for _ in 0..5 {
            let octet = self.octet(what)?;
            if value.leading_zeros() < 7 {
                break;
            }
            value = value << 7 | u32::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        fault(start, PartFault::Integer)
    }

    /// Octets with their number in front.
    ///
    /// # Errors
    /// [`PartFault::End`], [`PartFault::Integer`], [`PartFault::Length`].
    pub fn sized(&mut self, what: &'static str) -> Result<&'a [u8], PartError> {
        let start = self.at;
        let length = self.integer(what)?;
        let rest = self.rest();
        match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
            Some(octets) => {
                self.at += octets.len();
                Ok(octets)
            }
            None => fault(start, PartFault::Length { what, length, present: rest.len() }),
        }
    }

    /// A string in place, without the zero octet that ends it.
    ///
    /// # Errors
    /// [`PartFault::End`], [`PartFault::Utf8`] at the first octet that is none.
    pub fn string(&mut self) -> Result<&'a str, PartError> {
        let start = self.at;
        let rest = self.rest();
        let end = ZERO.first(rest);
        if end == rest.len() {
            return fault(self.octets.len(), PartFault::End("a string"));
        }
        self.at += end + 1;
        let octets = rest.get(..end).unwrap_or_default();
        std::str::from_utf8(octets).or_else(|error| fault(start + error.valid_up_to(), PartFault::Utf8))
    }
}

/// Writes a multi-octet integer: seven bits an octet, high bit set on all but the last.
pub fn push_integer(out: &mut Vec<u8>, value: u32) {
    for shift in [28, 21, 14, 7] {
        if value >> shift != 0 {
            out.push((value >> shift) as u8 & 0x7F | 0x80);
        }
    }
    out.push((value & 0x7F) as u8);
}

/// Writes a string in place. It has no zero octet in it.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(STR_I);
    out.extend_from_slice(text.as_bytes());
    out.push(0);
}
