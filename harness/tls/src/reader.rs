//! Fields of handshake messages, read and written.

/// Why a handshake message cannot be read, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {at}: {fault}")]
pub struct DecodeError {
    /// Offset of the field, in octets from the start of the message with its header.
    pub at: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a field of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A field does not fit in what is left.
    #[error("{field} needs {needs} octets and {left} are left; check the length before it")]
    Truncated {
        /// The field, by its name in the standard.
        field: &'static str,
        /// Octets it needs.
        needs: usize,
        /// Octets there are.
        left: usize,
    },
    /// Octets behind the last field.
    #[error("{left} octets follow the last field of {of}; take them out, or check the lengths before them")]
    Trailing {
        /// The structure, by its name in the standard.
        of: &'static str,
        /// Octets left.
        left: usize,
    },
    /// A length that the field cannot have.
    #[error("{field} has {length} octets; it has {rule}")]
    Length {
        /// The field, by its name in the standard.
        field: &'static str,
        /// Its octets.
        length: usize,
        /// What the standard allows.
        rule: &'static str,
    },
    /// A value that the field cannot have.
    #[error("{field} is {value:02X}; it is {rule}")]
    Value {
        /// The field, by its name in the standard.
        field: &'static str,
        /// Its value.
        value: u32,
        /// What the standard allows.
        rule: &'static str,
    },
}

/// Why a message cannot be written: a field is longer than its length can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} has {length} octets, and its length can say {most}; shorten it")]
pub struct EncodeError {
    /// The field, by its name in the standard.
    pub field: &'static str,
    /// Its octets.
    pub length: usize,
    /// The most it can have.
    pub most: usize,
}

/// Reads fields one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    base: usize,
}

impl<'a> Reader<'a> {
    /// A reader whose errors count from `base`.
    pub(crate) fn new(octets: &'a [u8], base: usize) -> Reader<'a> {
        Reader { octets, at: 0, base }
    }

    /// Where the next field starts, as errors count.
    pub(crate) fn position(&self) -> usize {
        self.base.saturating_add(self.at)
    }

    fn left(&self) -> usize {
        self.octets.len().saturating_sub(self.at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    pub(crate) fn fault(&self, fault: Fault) -> DecodeError {
        DecodeError { at: self.position(), fault }
    }

    pub(crate) fn take(&mut self, needs: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let taken = self.at.checked_add(needs).and_then(|end| self.octets.get(self.at..end));
        let truncated = Fault::Truncated { field, needs, left: self.left() };
        let taken = taken.ok_or_else(|| self.fault(truncated))?;
        self.at += needs;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.array::<1>(field).map(|[octet]| octet)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// A vector whose length has one octet.
    pub(crate) fn vector8(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.u8(field)?;
        self.take(usize::from(length), field)
    }

    /// A vector whose length has two octets.
    pub(crate) fn vector16(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let length = self.u16(field)?;
        self.take(usize::from(length), field)
    }

    /// Nothing may be left.
    pub(crate) fn end(self, of: &'static str) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(self.fault(Fault::Trailing { of, left })),
        }
    }
}

/// Writes a vector whose length has one octet.
pub(crate) fn put8(out: &mut Vec<u8>, octets: &[u8], field: &'static str) -> Result<(), EncodeError> {
    out.push(u8::try_from(octets.len()).map_err(|_| EncodeError { field, length: octets.len(), most: 0xFF })?);
    out.extend_from_slice(octets);
    Ok(())
}

/// Writes a vector whose length has two octets.
pub(crate) fn put16(out: &mut Vec<u8>, octets: &[u8], field: &'static str) -> Result<(), EncodeError> {
    let length = u16::try_from(octets.len());
    out.extend(length.map_err(|_| EncodeError { field, length: octets.len(), most: 0xFFFF })?.to_be_bytes());
    out.extend_from_slice(octets);
    Ok(())
}
