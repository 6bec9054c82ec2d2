//! The codecs of the values that consist of several parts.

use dmsc_octets::{Irregularity, Spans, to_hex};
use serde_json::{Value, json};

use super::codec::{Codec, named, record, reserved, words};
use super::{
    BearerDescription, CommandDetails, CommandResult, CommandType, DeviceIdentities, Duration, GeneralResult,
    RegistryApplication, TimeUnit, TransportLevel,
};
use crate::channel::{ChannelStatus, Device, Link, TransportProtocol};
use crate::coding;
use crate::fields::{Cell, FieldError, FieldInfo, FieldKind};

impl Codec for CommandDetails {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new("number", FieldKind::OCTET, "Command number; 1 unless given."),
        FieldInfo::new(
            "type",
            FieldKind::NameOrInt { names: CommandType::NAMES, codes: CommandType::CODES },
            "Type of command.",
        ),
        FieldInfo::new("qualifier", FieldKind::CODE, "Command qualifier; 0 unless given."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        let [number, command_type, qualifier] = octets else { return Err("should be 3 octets") };
        Ok(Self { number: *number, command_type: CommandType::from_code(*command_type), qualifier: *qualifier })
    }

    fn encode(value: &Self) -> Vec<u8> {
        vec![value.number, value.command_type.code(), value.qualifier]
    }

    fn write(value: &Self) -> Value {
        json!({ "number": value.number, "type": named(value.command_type), "qualifier": value.qualifier })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        if tree.leaves_out(&["number", "type", "qualifier"]) {
            return Ok(None);
        }
        let number = tree.field("number")?.or(Cell::octet)?.unwrap_or(1);
        let command_type = tree.field("type")?.required()?.code::<CommandType>()?;
        let qualifier = tree.field("qualifier")?.or(Cell::octet)?.unwrap_or(0);
        Ok(Some(vec![number, command_type, qualifier]))
    }

    fn parts(_: &[u8]) -> Spans {
        record([("number", 0..1), ("type", 1..2), ("qualifier", 2..3)])
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        let used = (0x01..=0xFE).contains(&value.number);
        (!used).then(|| reserved(format!("command number {} where 1 to 254 are in use", value.number)))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x01, 0x40, 0x00], vec![0xFE, 0xFF, 0x81]]
    }
}

impl Codec for DeviceIdentities {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new("source", FieldKind::CODE, "Source device: 0x81 UICC, 0x82 terminal, 0x83 network."),
        FieldInfo::new(
            "destination",
            FieldKind::CODE,
            "Destination device: 0x81 UICC, 0x82 terminal, 0x83 network, 0x21 to 0x27 channel 1 to 7.",
        ),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        let [source, destination] = octets else { return Err("should be 2 octets") };
        Ok(Self { source: Device::from_code(*source), destination: Device::from_code(*destination) })
    }

    fn encode(value: &Self) -> Vec<u8> {
        vec![value.source.code(), value.destination.code()]
    }

    fn write(value: &Self) -> Value {
        json!({ "source": value.source.code(), "destination": value.destination.code() })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        if tree.leaves_out(&["source", "destination"]) {
            return Ok(None);
        }
        Ok(Some(vec![tree.field("source")?.required()?.octet()?, tree.field("destination")?.required()?.octet()?]))
    }

    fn parts(_: &[u8]) -> Spans {
        record([("source", 0..1), ("destination", 1..2)])
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        let device = [value.source, value.destination].into_iter().find(|device| device.is_reserved())?;
        Some(reserved(format!("device identity {:02X}", device.code())))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x81, 0x82], vec![0x82, 0x21]]
    }
}

impl Codec for CommandResult {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new("result", FieldKind::CODE, "General result."),
        FieldInfo::new("additional", FieldKind::HexOrInt, "Additional information on the result."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        let [general, additional @ ..] = octets else { return Err("should be 1 octet or more") };
        Ok(Self { general: GeneralResult::from_code(*general), additional: additional.to_vec() })
    }

    fn encode(value: &Self) -> Vec<u8> {
        [&[value.general.code()], value.additional.as_slice()].concat()
    }

    fn write(value: &Self) -> Value {
        let mut fields = json!({ "result": value.general.code() });
        if let (false, Some(fields)) = (value.additional.is_empty(), fields.as_object_mut()) {
            fields.insert("additional".to_owned(), json!(to_hex(&value.additional)));
        }
        fields
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        if tree.field("result")?.is_null() || tree.all_absent(&["result", "additional"]) {
            return Ok(None);
        }
        let general = tree.field("result")?.required()?.octet()?;
        let additional = tree.field("additional")?.or(Cell::hex_or_int)?.unwrap_or_default();
        Ok(Some([&[general], additional.as_slice()].concat()))
    }

    fn parts(octets: &[u8]) -> Spans {
        let parts = record([("result", 0..1)]);
        if octets.len() > 1 { parts.with("additional", Spans::at(1..octets.len())) } else { parts }
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x00], vec![0x3A, 0x10]]
    }
}

impl Codec for Duration {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new(
            "unit",
            FieldKind::NameOrInt { names: TimeUnit::NAMES, codes: TimeUnit::CODES },
            "Unit; seconds unless given.",
        ),
        FieldInfo::new("interval", FieldKind::OCTET, "Number of units."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        let [unit, interval] = octets else { return Err("should be 2 octets") };
        Ok(Self { unit: TimeUnit::from_code(*unit), interval: *interval })
    }

    fn encode(value: &Self) -> Vec<u8> {
        vec![value.unit.code(), value.interval]
    }

    fn write(value: &Self) -> Value {
        json!({ "unit": named(value.unit), "interval": value.interval })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        let unit = tree.field("unit")?.or(Cell::code::<TimeUnit>)?.unwrap_or(TimeUnit::Seconds.code());
        Ok(Some(vec![unit, tree.field("interval")?.required()?.octet()?]))
    }

    fn parts(_: &[u8]) -> Spans {
        record([("unit", 0..1), ("interval", 1..2)])
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        match value {
            Self { unit: TimeUnit::Unknown(unit), .. } => Some(reserved(format!("unit of time {unit:02X}"))),
            Self { interval: 0, .. } => Some(reserved("an interval of 0 units")),
            _ => None,
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x01, 0x1E], vec![0x09, 0x05]]
    }
}

impl Codec for TransportLevel {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new(
            "protocol",
            FieldKind::NameOrInt { names: TransportProtocol::NAMES, codes: TransportProtocol::CODES },
            "Transport protocol type.",
        ),
        FieldInfo::new("port", FieldKind::WORD, "Port number."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Self::parse(octets).ok_or("should be protocol type and 2 octets of port")
    }

    fn encode(value: &Self) -> Vec<u8> {
        (*value).encode().to_vec()
    }

    fn write(value: &Self) -> Value {
        json!({ "protocol": named(value.protocol), "port": value.port })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        let protocol = tree.field("protocol")?.required()?.code::<TransportProtocol>()?;
        let [high, low] = tree.field("port")?.required()?.word()?.to_be_bytes();
        Ok(Some(vec![protocol, high, low]))
    }

    fn parts(_: &[u8]) -> Spans {
        record([("protocol", 0..1), ("port", 1..3)])
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x03, 0x10, 0x14], vec![0x7F, 0xFF, 0xFF]]
    }
}

impl Codec for BearerDescription {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Hex;

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        let [bearer, parameters @ ..] = octets else { return Err("should be 1 octet or more") };
        Ok(Self { bearer: *bearer, parameters: parameters.to_vec() })
    }

    fn encode(value: &Self) -> Vec<u8> {
        [&[value.bearer], value.parameters.as_slice()].concat()
    }

    fn write(value: &Self) -> Value {
        json!(to_hex(&Self::encode(value)))
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        cell.hex().map(Some)
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x03], vec![0x02, 0x03, 0x04]]
    }
}

impl Codec for ChannelStatus {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new("channel", FieldKind::Int { max: 7 }, "Channel identifier; 0 = no channel."),
        FieldInfo::new("link", FieldKind::Name { names: Link::NAMES }, "State of the link."),
        FieldInfo::new("info", FieldKind::CODE, "Further information; 0 unless given, 5 = link dropped."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Self::parse(octets).ok_or("should be 2 octets with b6 to b4 of the first clear")
    }

    fn encode(value: &Self) -> Vec<u8> {
        (*value).encode().to_vec()
    }

    fn write(value: &Self) -> Value {
        json!({ "channel": value.channel, "link": value.link.name(), "info": value.info })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        let channel = tree.field("channel")?.required()?.octet()?;
        let link = tree.field("link")?.required()?;
        let link = Link::from_name(link.str()?).ok_or_else(|| link.wrong())?;
        let info = tree.field("info")?.or(Cell::octet)?.unwrap_or(0);
        Ok(Some(Self { channel, link, info }.encode().to_vec()))
    }

    fn parts(_: &[u8]) -> Spans {
        record([("channel", 0..1), ("link", 0..1), ("info", 1..2)])
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        (value.link == Link::Rfu).then(|| reserved("state 3 of the link"))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0x41, 0x00], vec![0xC7, 0x05]]
    }
}

impl Codec for RegistryApplication {
    type Value = Self;
    const FIELD: FieldKind = FieldKind::Record(&[
        FieldInfo::new("port", FieldKind::WORD, "Port number."),
        FieldInfo::new("dcs", FieldKind::CODE, "Data coding scheme of the name; 0 (GSM 7-bit) unless given."),
        FieldInfo::new("type", FieldKind::CODE, "Application type; 7 (DM Client) unless given."),
        FieldInfo::new("name", FieldKind::Text, "Name of the application; DM Client unless given."),
    ]);

    fn decode(octets: &[u8]) -> Result<Self, &'static str> {
        Self::parse(octets).ok_or("should be port, coding, type and a name, 4 octets or more")
    }

    fn encode(value: &Self) -> Vec<u8> {
        value.encode()
    }

    fn write(value: &Self) -> Value {
        let dcs = value.dcs;
        let name = words(&value.name, |name| coding::text(dcs, name), |text| coding::from_text(dcs, text));
        json!({ "port": value.port, "dcs": dcs, "type": value.application_type, "name": name })
    }

    fn read(cell: &Cell<'_>) -> Result<Option<Vec<u8>>, FieldError> {
        let tree = cell.tree()?;
        let port = tree.field("port")?.required()?.word()?;
        let dcs = tree.field("dcs")?.or(Cell::octet)?.unwrap_or(0);
        let application_type = tree.field("type")?.or(Cell::octet)?.unwrap_or(Self::DM_CLIENT);
        let name = tree.field("name")?;
        let text = if name.is_absent() { "DM Client" } else { name.str()? };
        let name = name.text(text, |text| coding::from_text(dcs, text))?;
        Ok(Some(Self { port, dcs, application_type, name }.encode()))
    }

    fn parts(octets: &[u8]) -> Spans {
        let name = ("name", 4..octets.len().max(4));
        record([("port", 0..2), ("dcs", 2..3), ("type", 3..4), name])
    }

    fn irregular(value: &Self) -> Option<Irregularity> {
        let what = || format!("coding {:02X} and type {:02X} look exchanged", value.dcs, value.application_type);
        value.looks_exchanged().then(|| Irregularity::new("exchanged-fields", what()))
    }

    #[cfg(test)]
    fn samples() -> Vec<Vec<u8>> {
        vec![vec![0xC0, 0x00, 0x04, 0x07, 0x44, 0x4D], vec![0xC0, 0x00, 0xFF, 0x07], vec![0x0B, 0x84, 0x00, 0x09, 0x44]]
    }
}
