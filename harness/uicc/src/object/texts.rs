//! The codecs of values that are written as text.

use std::marker::PhantomData;
use std::net::IpAddr;

use dmsc_octets::Irregularity;
use serde_json::{Value, json};

use super::codec::{Codec, reserved, text, words};
use super::{Address, TextString, TimerValue};
use crate::coding;
use crate::fields::{Cell, FieldError, FieldKind};

/// Octets that stand for text. They are kept as they came, so that any octets fit.
pub(super) struct Text<C>(PhantomData<C>);

/// How octets stand for text.
pub(super) trait Coding {
    /// The field of the octets.
    fn write(octets: &[u8]) -> Value;

    /// The octets of a text; `None` if it cannot be coded.
    fn encode(text: &str) -> Option<Vec<u8>>;

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>>;
}

impl<C: Coding> Codec for Text<C> {
    type Value = Vec<u8>;
    const FIELD: FieldKind = FieldKind::Text;

    fn decode(octets: &[u8]) -> Result<Vec<u8>, &'static str> {
        Ok(octets.to_vec())
    }

    fn encode(value: &Vec<u8>) -> Vec<u8> {
        value.clone()
    }

    fn write(value: &Vec<u8>) -> Value {
        C::write(value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.text(cell.str()?, C::encode).map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        C::samples()
    }
}

/// The codings of EF.ADN, all of which say the same.
pub(super) struct Alpha;

impl Coding for Alpha {
    fn write(octets: &[u8]) -> Value {
        words(octets, coding::alpha_text, coding::from_alpha_text)
    }

    fn encode(text: &str) -> Option<Vec<u8>> {
        coding::from_alpha_text(text)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![], b"DM".to_vec(), vec![0x80, 0x04, 0x21], vec![0x90]]
    }
}

/// Labels, each after an octet with its length.
pub(super) struct Labels;

impl Labels {
    fn text(mut octets: &[u8]) -> Option<String> {
        let mut labels = Vec::new();
        while let Some((length, tail)) = octets.split_first() {
            labels.push(std::str::from_utf8(tail.get(..usize::from(*length))?).ok()?);
            octets = tail.get(usize::from(*length)..)?;
        }
        Some(labels.join("."))
    }
}

impl Coding for Labels {
    fn write(octets: &[u8]) -> Value {
        text(octets, Self::text(octets), Self::encode)
    }

    fn encode(text: &str) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        for label in text.split('.').filter(|_| !text.is_empty()) {
            octets.push(u8::try_from(label.len()).ok()?);
            octets.extend_from_slice(label.as_bytes());
        }
        Some(octets)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![], b"\x08internet\x02de".to_vec(), vec![0x09]]
    }
}

/// An IP address after its type; none asks for a dynamic one.
pub(super) struct Ip;

impl Ip {
    fn from_text(text: &str) -> Option<Vec<u8>> {
        if text.is_empty() { Some(Vec::new()) } else { Some(Self::encode(&Some(text.parse().ok()?))) }
    }
}

impl Codec for Ip {
    type Value = Option<IpAddr>;
    const FIELD: FieldKind = FieldKind::Text;

    fn decode(octets: &[u8]) -> Result<Option<IpAddr>, &'static str> {
        let address = match octets {
            [] => return Ok(None),
            [0x21, address @ ..] => {
                <[u8; 4]>::try_from(address).map_err(|_| "should be 4 octets after type 21").map(IpAddr::from)
            }
            [0x57, address @ ..] => {
                <[u8; 16]>::try_from(address).map_err(|_| "should be 16 octets after type 57").map(IpAddr::from)
            }
            _ => Err("should be empty, type 21 (IPv4) or type 57 (IPv6)"),
        };
        address.map(Some)
    }

    fn encode(value: &Option<IpAddr>) -> Vec<u8> {
        match value {
            None => Vec::new(),
            Some(IpAddr::V4(address)) => [&[0x21], address.octets().as_slice()].concat(),
            Some(IpAddr::V6(address)) => [&[0x57], address.octets().as_slice()].concat(),
        }
    }

    fn write(value: &Option<IpAddr>) -> Value {
        let words = value.map(|address| address.to_string()).unwrap_or_default();
        text(&Self::encode(value), Some(words), Self::from_text)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.text(cell.str()?, Self::from_text).map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        let six = [&[0x57, 0xFE, 0x80], [0; 13].as_slice(), &[1]].concat();
        vec![vec![], vec![0x21, 127, 0, 0, 1], six]
    }
}

impl Codec for Address {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Text;

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Self::parse(octets).ok_or("should be TON/NPI and digits with F only at the end")
    }

    fn encode(value: &Self) -> Vec<u8> {
        value.encode()
    }

    fn write(value: &Self) -> Value {
        let words = match value.ton_npi() {
            0x91 => Some(format!("+{}", value.digits())),
            0x81 => Some(value.digits().to_owned()),
            _ => None,
        };
        text(&value.encode(), words, |text| Some(Self::from_text(text)?.encode()))
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.text(cell.str()?, |text| Some(Self::from_text(text)?.encode())).map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x91, 0xF1], vec![0x81, 0x21, 0x43], vec![0xA1, 0xF1]]
    }
}

impl TextString {
    /// A text in GSM 8-bit if the alphabet has the characters, else in UCS2; an empty one has no coding.
    fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Null);
        }
        [0x04, 0x08].into_iter().find_map(|dcs| Some(Self::Coded { dcs, octets: coding::from_text(dcs, text)? }))
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Coded { dcs, octets } => coding::text(*dcs, octets),
        }
    }

    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Null => Vec::new(),
            Self::Coded { dcs, octets } => [&[*dcs], octets.as_slice()].concat(),
        }
    }
}

impl From<&[u8]> for TextString {
    fn from(octets: &[u8]) -> Self {
        match octets {
            [] => Self::Null,
            [dcs, octets @ ..] => Self::Coded { dcs: *dcs, octets: octets.to_vec() },
        }
    }
}

impl Codec for TextString {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Text;

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Ok(Self::from(octets))
    }

    fn encode(value: &Self) -> Vec<u8> {
        value.octets()
    }

    fn write(value: &Self) -> Value {
        let decode = |octets: &[u8]| Self::from(octets).text();
        words(&value.octets(), decode, |text| Some(Self::from_text(text)?.octets()))
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.text(cell.str()?, |text| Some(Self::from_text(text)?.octets())).map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![], vec![0x04, 0x48, 0x69], vec![0x08, 0x04, 0x1F], vec![0x0C, 0xC8, 0x34]]
    }
}

impl Codec for TimerValue {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Time;

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Self::parse(octets).ok_or("should be hh mm ss in swapped BCD")
    }

    fn encode(value: &Self) -> Vec<u8> {
        (*value).encode().to_vec()
    }

    fn write(value: &Self) -> Value {
        json!(value.to_string())
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let time = Self::from_text(cell.str()?).ok_or_else(|| cell.wrong())?;
        Ok(Some(time.encode().to_vec()))
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        value.is_beyond_the_clock().then(|| reserved(format!("the time {value}")))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x32, 0x95, 0x95], vec![0x99, 0x99, 0x99]]
    }
}
