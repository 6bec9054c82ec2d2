//! Records made unreadable and readable again (RFC 5246 6.2.3.2, RFC 7366).

use hmac::Hmac;
use sha1::{Digest as _, Sha1};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater};
use zeroize::Zeroizing;

use crate::cbc;
use crate::keys::{Cipher, Keys, MAC_LENGTH};
use crate::prf::mac;
use crate::record::ContentType;
use crate::secret::Secret;
use crate::version::Version;

/// Why a record cannot be read. Which of MAC and padding is wrong is not told: that is the point (RFC 5246 6.2.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadRecord;

/// Why a record cannot be written: the sequence numbers are used up, or keys do not fit, which cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CannotSeal;

/// One direction of a connection, once ChangeCipherSpec has gone through it.
#[derive(Clone, Debug)]
pub(crate) struct Protection {
    pub(crate) version: Version,
    pub(crate) cipher: Cipher,
    pub(crate) encrypt_then_mac: bool,
    keys: Keys,
    sequence: u64,
    /// The last block of the record before, which TLS 1.0 goes on with.
    chain: Secret,
}

impl Protection {
    pub(crate) fn new(version: Version, cipher: Cipher, encrypt_then_mac: bool, keys: Keys) -> Protection {
        let chain = keys.iv.clone();
        Protection { version, cipher, encrypt_then_mac, keys, sequence: 0, chain }
    }

    /// The body of a record. `more` blocks of padding are added to what is needed, as far as padding goes; `iv` has 16
    /// octets, of which a version with explicit IVs takes what it needs; `alter` may change what is encrypted.
    pub(crate) fn seal(
        &mut self,
        content: ContentType,
        plaintext: &[u8],
        more: usize,
        iv: &[u8; 16],
        alter: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, CannotSeal> {
        let block = self.cipher.block_length();
        let sequence = self.next_sequence().ok_or(CannotSeal)?;
        let mut data = Zeroizing::new(plaintext.to_vec());
        if !self.encrypt_then_mac {
            data.extend_from_slice(&self.mac(sequence, content, &[plaintext]));
        }
        let least = block - 1 - data.len() % block;
        let padding = least + (0xFF - least) / block * block;
        let padding = u8::try_from(padding.min(least.saturating_add(more.saturating_mul(block)))).unwrap_or(0xFF);
        data.extend(std::iter::repeat_n(padding, usize::from(padding) + 1));
        alter(&mut data);
        let whole = data.len().next_multiple_of(block);
        data.resize(whole, 0);
        let explicit = self.version.has_explicit_iv();
        let iv = if explicit { iv.get(..block).unwrap_or_default().to_vec() } else { self.chain.expose().to_vec() };
        cbc::encrypt(self.cipher, self.keys.cipher.expose(), &iv, &mut data).ok_or(CannotSeal)?;
        self.go_on_from(&data);
        let mut body = if explicit { iv } else { Vec::new() };
        body.extend_from_slice(&data);
        if self.encrypt_then_mac {
            let tag = self.mac(sequence, content, &[&body]);
            body.extend_from_slice(&tag);
        }
        Ok(body)
    }

    /// The plaintext of a record's body.
    pub(crate) fn open(&mut self, content: ContentType, body: &[u8]) -> Result<Vec<u8>, BadRecord> {
        self.opened(content, body, false)
    }

    /// As [`Protection::open`], whatever MAC and padding are.
    ///
    /// # Errors
    /// Octets that no record can have.
    pub(crate) fn open_anyway(&mut self, content: ContentType, body: &[u8]) -> Result<Vec<u8>, BadRecord> {
        self.opened(content, body, true)
    }

    fn opened(&mut self, content: ContentType, body: &[u8], anyway: bool) -> Result<Vec<u8>, BadRecord> {
        let sequence = self.next_sequence().ok_or(BadRecord)?;
        let mut coded = body;
        if self.encrypt_then_mac {
            let (before, tag) = coded.split_last_chunk::<MAC_LENGTH>().ok_or(BadRecord)?;
            if !bool::from(self.mac(sequence, content, &[before]).ct_eq(tag)) && !anyway {
                return Err(BadRecord);
            }
            coded = before;
        }
        let block = self.cipher.block_length();
        let iv = if self.version.has_explicit_iv() {
            let (iv, rest) = coded.split_at_checked(block).ok_or(BadRecord)?;
            coded = rest;
            iv.to_vec()
        } else {
            self.chain.expose().to_vec()
        };
        if coded.is_empty() || !coded.len().is_multiple_of(block) {
            return Err(BadRecord);
        }
        let mut data = Zeroizing::new(coded.to_vec());
        cbc::decrypt(self.cipher, self.keys.cipher.expose(), &iv, &mut data).ok_or(BadRecord)?;
        self.go_on_from(coded);
        match self.encrypt_then_mac {
            true => without_padding(&data, anyway),
            false => self.without_mac(sequence, content, &data, anyway),
        }
    }

    fn next_sequence(&mut self) -> Option<u64> {
        let sequence = self.sequence;
        self.sequence = sequence.checked_add(1)?;
        Some(sequence)
    }

    fn go_on_from(&mut self, coded: &[u8]) {
        let last = coded.len().saturating_sub(self.cipher.block_length());
        self.chain = Secret::new(coded.get(last..).unwrap_or_default().to_vec());
    }

    fn mac(&self, sequence: u64, content: ContentType, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let (sequence, kind, version) = (sequence.to_be_bytes(), [content.code()], self.version.code().to_be_bytes());
        let head = [sequence.as_slice(), &kind, &version, &length].concat();
        mac::<Hmac<Sha1>>(self.keys.mac.expose(), &[&head, &parts.concat()])
    }

    /// Takes MAC and padding off, in a time and by a way that do not depend on which of them is wrong, or on how long the
    /// padding is: all of the padding that could be is looked at, the MAC is picked by looking at every place where it
    /// could stand, and the hash goes over as many blocks as the longest content would have.
    fn without_mac(
        &self,
        sequence: u64,
        content: ContentType,
        data: &[u8],
        anyway: bool,
    ) -> Result<Vec<u8>, BadRecord> {
        let most = data.len().checked_sub(MAC_LENGTH + 1).ok_or(BadRecord)?;
        let (padding, mut good) = padding(data, most);
        let length = most.saturating_sub(padding);
        let mut found = [0; MAC_LENGTH];
        let first = most.saturating_sub(0xFF);
        for (at, octet) in data.iter().enumerate().skip(first) {
            for (index, to) in found.iter_mut().enumerate() {
                to.conditional_assign(octet, at.ct_eq(&length.saturating_add(index)));
            }
        }
        let tag = self.mac(sequence, content, &[data.get(..length).ok_or(BadRecord)?]);
        // Header, length and the mark at the end: 13 + 9 octets, rounded up to blocks of 64.
        let blocks = |length: usize| length.saturating_add(13 + 9).div_ceil(64);
        let mut idle = Sha1::new();
        for _ in blocks(length)..blocks(most) {
            idle.update([0; 64]);
        }
        std::hint::black_box(idle.finalize());
        good &= tag.ct_eq(&found);
        if bool::from(good) || anyway {
            data.get(..length).map(<[u8]>::to_vec).ok_or(BadRecord)
        } else {
            Err(BadRecord)
        }
    }
}

/// Takes padding off that a MAC has vouched for.
fn without_padding(data: &[u8], anyway: bool) -> Result<Vec<u8>, BadRecord> {
    let most = data.len().checked_sub(1).ok_or(BadRecord)?;
    let (padding, good) = padding(data, most);
    let content = data.get(..most.saturating_sub(padding)).ok_or(BadRecord)?;
    if bool::from(good) || anyway { Ok(content.to_vec()) } else { Err(BadRecord) }
}

/// The octets of padding before padding_length, at most `most`, and whether all of them are right; 0 when not.
fn padding(data: &[u8], most: usize) -> (usize, Choice) {
    let last = data.last().copied().unwrap_or_default();
    let said = u32::from(last);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let mut good = !said.ct_gt(&most);
    for (back, octet) in (0u32..=0xFF).zip(data.iter().rev()) {
        good &= back.ct_gt(&said) | octet.ct_eq(&last);
    }
    let padding = u32::conditional_select(&0, &said, good);
    (usize::try_from(padding).unwrap_or_default(), good)
}

#[cfg(test)]
mod tests;
