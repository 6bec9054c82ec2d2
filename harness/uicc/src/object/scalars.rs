//! The codecs of values of one part: octets, numbers, codes, flags.

use std::marker::PhantomData;

use dmsc_octets::{Irregularity, Spans, to_hex};
use serde_json::{Value, json};

use super::Present;
use super::codec::{Codec, named, reserved};
use crate::fields::{Cell, FieldError, FieldKind};
use crate::table::CodeTable;

/// Octets that are not looked into.
pub(super) struct Octets;

impl Codec for Octets {
    type Value = Vec<u8>;
    const FIELD: FieldKind = FieldKind::Hex;

    fn decode(octets: &[u8]) -> Result<Vec<u8>, &'static str> {
        Ok(octets.to_vec())
    }

    fn encode(value: &Vec<u8>) -> Vec<u8> {
        value.clone()
    }

    fn write(value: &Vec<u8>) -> Value {
        json!(to_hex(value))
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.hex().map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![], vec![0x00, 0xFF, 0x68]]
    }
}

/// Octets that a log only counts.
pub(super) struct Data;

impl Codec for Data {
    type Value = Vec<u8>;
    const FIELD: FieldKind = Octets::FIELD;

    fn decode(octets: &[u8]) -> Result<Vec<u8>, &'static str> {
        Octets::decode(octets)
    }

    fn encode(value: &Vec<u8>) -> Vec<u8> {
        Octets::encode(value)
    }

    fn write(value: &Vec<u8>) -> Value {
        Octets::write(value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Octets::read(cell)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        Octets::samples()
    }
}

/// A number of one octet of which the values from `MIN` to `MAX` are in use.
pub(super) struct Octet<const MIN: u8, const MAX: u8>;

impl<const MIN: u8, const MAX: u8> Codec for Octet<MIN, MAX> {
    type Value = u8;
    const FIELD: FieldKind = FieldKind::OCTET;

    fn decode(octets: &[u8]) -> Result<u8, &'static str> {
        let [octet] = octets else { return Err("should be 1 octet") };
        Ok(*octet)
    }

    fn encode(value: &u8) -> Vec<u8> {
        vec![*value]
    }

    fn write(value: &u8) -> Value {
        json!(value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Ok(Some(vec![cell.octet()?]))
    }

    fn irregular(value: &u8) -> Option<Irregularity> {
        let used = (MIN..=MAX).contains(value);
        (!used).then(|| reserved(format!("{value} where {MIN} to {MAX} are in use")))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![MIN], vec![MAX]]
    }
}

/// The length of channel data: 255 stands for 255 or more.
pub(super) struct DataLength;

impl Codec for DataLength {
    type Value = u8;
    const FIELD: FieldKind = FieldKind::OCTET;

    fn decode(octets: &[u8]) -> Result<u8, &'static str> {
        Octet::<0, 0xFF>::decode(octets)
    }

    fn encode(value: &u8) -> Vec<u8> {
        vec![*value]
    }

    fn write(value: &u8) -> Value {
        json!(value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Octet::<0, 0xFF>::read(cell)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        Octet::<0, 0xFF>::samples()
    }
}

/// A number of two octets.
pub(super) struct Word;

impl Codec for Word {
    type Value = u16;
    const FIELD: FieldKind = FieldKind::WORD;

    fn decode(octets: &[u8]) -> Result<u16, &'static str> {
        octets.try_into().map(u16::from_be_bytes).map_err(|_| "should be 2 octets")
    }

    fn encode(value: &u16) -> Vec<u8> {
        value.to_be_bytes().to_vec()
    }

    fn write(value: &u16) -> Value {
        json!(value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Ok(Some(Self::encode(&cell.word()?)))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x05, 0x78]]
    }
}

/// One code of a table.
pub(super) struct Code<T>(PhantomData<T>);

impl<T: CodeTable> Codec for Code<T> {
    type Value = T;
    const FIELD: FieldKind = FieldKind::NameOrInt { names: T::NAMES, codes: T::CODES };

    fn decode(octets: &[u8]) -> Result<T, &'static str> {
        Octet::<0, 0xFF>::decode(octets).map(T::of_code)
    }

    fn encode(value: &T) -> Vec<u8> {
        vec![value.to_code()]
    }

    fn write(value: &T) -> Value {
        named(*value)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Ok(Some(vec![cell.code::<T>()?]))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        (0..=0xFF).map(|code| vec![code]).collect()
    }
}

/// Any number of codes of a table.
pub(super) struct Codes<T>(PhantomData<T>);

impl<T: CodeTable> Codec for Codes<T> {
    type Value = Vec<T>;
    const FIELD: FieldKind = FieldKind::List(&FieldKind::NameOrInt { names: T::NAMES, codes: T::CODES });

    fn decode(octets: &[u8]) -> Result<Vec<T>, &'static str> {
        Ok(octets.iter().map(|code| T::of_code(*code)).collect())
    }

    fn encode(value: &Vec<T>) -> Vec<u8> {
        value.iter().map(|code| code.to_code()).collect()
    }

    fn write(value: &Vec<T>) -> Value {
        value.iter().map(|code| named(*code)).collect()
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let codes: Result<_, _> = cell.items()?.iter().map(Cell::code::<T>).collect();
        codes.map(Some)
    }

    fn parts(octets: &[u8]) -> Spans {
        Spans::list((0..octets.len()).map(|at| Spans::at(at..at + 1)))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![], (0..=0xFF).collect()]
    }
}

/// An object whose presence is all it says.
pub(super) struct Flag;

impl Codec for Flag {
    type Value = Present;
    const FIELD: FieldKind = FieldKind::Bool;

    fn decode(octets: &[u8]) -> Result<Present, &'static str> {
        if octets.is_empty() { Ok(Present) } else { Err("should be empty") }
    }

    fn encode(_: &Present) -> Vec<u8> {
        Vec::new()
    }

    fn write(_: &Present) -> Value {
        json!(true)
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        Ok(cell.bool()?.then(Vec::new))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![]]
    }
}
