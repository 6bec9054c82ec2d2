//! From fields to objects.

use super::write::coding_of_text;
use super::{FieldError, FieldInfo, FieldKind};
use crate::channel::{ChannelStatus, Device, Link, TransportProtocol};
use crate::coding;
use crate::command::CommandType;
use crate::envelope::{EnvelopeTag, Event};
use crate::layout::{Layout, default_cr};
use crate::object::{
    Address, CommandDetails, DeviceIdentities, Duration, LocationStatus, Object, ObjectKind, ObjectList,
    RegistryApplication, TimeUnit, TimerValue, TransportLevel,
};
use crate::response::GeneralResult;
use dmsc_octets::from_hex;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// The outer tag of an envelope.
pub(super) fn envelope_tag(fields: &Map<String, Value>) -> Result<u8, FieldError> {
    let tree = Tree::message(Layout::Envelope.fields(), fields)?;
    tree.field("tag")?.required()?.named(|name| EnvelopeTag::from_name(name).map(EnvelopeTag::code))
}

/// The objects of a message, in the order of its table.
pub(super) fn objects(layout: Layout, fields: &Map<String, Value>) -> Result<ObjectList, FieldError> {
    let tree = Tree::message(layout.fields(), fields)?;
    let (with_cr, without_cr) = (tree.field("cr")?.kinds()?, tree.field("no_cr")?.kinds()?);
    let mut command_type = None;
    let mut list = ObjectList::default();
    for kind in layout.kinds() {
        for object in of_kind(&tree, kind)? {
            if let Object::CommandDetails(details) = &object {
                command_type = Some(details.command_type);
            }
            let usual = default_cr(layout, command_type, kind);
            let cr = with_cr.contains(&kind) || (usual && !without_cr.contains(&kind));
            list.push(object, cr);
        }
    }
    for item in tree.field("extra")?.items()? {
        let extra = item.tree()?;
        let tag = extra.field("tag")?.required()?.int()?;
        let cr = extra.field("cr")?.or(Cell::bool)?.unwrap_or(false);
        let value = extra.field("value")?.or(Cell::hex)?.unwrap_or_default();
        list.push(Object::from_value(tag as u16, &value), cr);
    }
    Ok(list)
}

/// The text of the objects whose value is written as text of its own kind.
pub(super) fn plain_text(object: &Object) -> Option<String> {
    match object {
        Object::Address(address) => match address.ton_npi() {
            0x91 => Some(format!("+{}", address.digits())),
            0x81 => Some(address.digits().to_owned()),
            _ => None,
        },
        Object::OtherAddress(address) => Some(address.map(|address| address.to_string()).unwrap_or_default()),
        Object::NetworkAccessName(octets) => {
            let mut labels = Vec::new();
            let mut rest = octets.as_slice();
            while let Some((length, tail)) = rest.split_first() {
                labels.push(std::str::from_utf8(tail.get(..usize::from(*length))?).ok()?);
                rest = tail.get(usize::from(*length)..)?;
            }
            Some(labels.join("."))
        }
        _ => None,
    }
}

/// The value octets of such a text.
pub(super) fn from_plain_text(kind: ObjectKind, text: &str) -> Option<Vec<u8>> {
    match kind {
        ObjectKind::AlphaIdentifier => coding::from_alpha_text(text),
        ObjectKind::TextString => coding_of_text(text),
        ObjectKind::Address => Address::from_text(text).map(|address| address.encode()),
        ObjectKind::OtherAddress if text.is_empty() => Some(Vec::new()),
        ObjectKind::OtherAddress => {
            text.parse::<IpAddr>().ok().map(|address| Object::OtherAddress(Some(address)).value())
        }
        ObjectKind::NetworkAccessName if text.is_empty() => Some(Vec::new()),
        ObjectKind::NetworkAccessName => {
            let mut octets = Vec::new();
            for label in text.split('.') {
                octets.push(u8::try_from(label.len()).ok()?);
                octets.extend_from_slice(label.as_bytes());
            }
            Some(octets)
        }
        _ => None,
    }
}

fn of_kind(tree: &Tree<'_>, kind: ObjectKind) -> Result<Vec<Object>, FieldError> {
    match kind {
        ObjectKind::CommandDetails => details(tree),
        ObjectKind::DeviceIdentities => devices(tree),
        ObjectKind::Result => result(tree),
        ObjectKind::ChannelStatus => tree.field("channel_status")?.items()?.iter().map(channel_status).collect(),
        ObjectKind::RegistryApplication => tree.field("applications")?.items()?.iter().map(application).collect(),
        kind => {
            let cell = tree.field(&kind.name())?;
            if cell.is_absent() { Ok(Vec::new()) } else { Ok(single(kind, &cell)?.into_iter().collect()) }
        }
    }
}

fn details(tree: &Tree<'_>) -> Result<Vec<Object>, FieldError> {
    if tree.leaves_out(&["number", "type", "qualifier"]) {
        return Ok(Vec::new());
    }
    let number = tree.field("number")?.or(Cell::octet)?.unwrap_or(1);
    let code = tree.field("type")?.required()?.named(|name| CommandType::from_name(name).map(CommandType::code))?;
    let qualifier = tree.field("qualifier")?.or(Cell::octet)?.unwrap_or(0);
    let command_type = CommandType::from_code(code);
    Ok(vec![Object::CommandDetails(CommandDetails { number, command_type, qualifier })])
}

fn devices(tree: &Tree<'_>) -> Result<Vec<Object>, FieldError> {
    if tree.leaves_out(&["source", "destination"]) {
        return Ok(Vec::new());
    }
    let source = Device::from_code(tree.field("source")?.required()?.octet()?);
    let destination = Device::from_code(tree.field("destination")?.required()?.octet()?);
    Ok(vec![Object::DeviceIdentities(DeviceIdentities { source, destination })])
}

fn result(tree: &Tree<'_>) -> Result<Vec<Object>, FieldError> {
    if tree.field("result")?.is_null() || tree.all_absent(&["result", "additional"]) {
        return Ok(Vec::new());
    }
    let general = GeneralResult::from_code(tree.field("result")?.required()?.octet()?);
    let additional = tree.field("additional")?.or(Cell::hex_or_int)?.unwrap_or_default();
    Ok(vec![Object::Result(general, additional)])
}

fn channel_status(cell: &Cell<'_>) -> Result<Object, FieldError> {
    let tree = cell.tree()?;
    let channel = tree.field("channel")?.required()?.octet()?;
    let link = tree.field("link")?.required()?;
    let link = Link::from_name(link.str()?).ok_or_else(|| link.wrong())?;
    let info = tree.field("info")?.or(Cell::octet)?.unwrap_or(0);
    Ok(Object::ChannelStatus(ChannelStatus { channel, link, info }))
}

fn application(cell: &Cell<'_>) -> Result<Object, FieldError> {
    let tree = cell.tree()?;
    let port = tree.field("port")?.required()?.int()? as u16;
    let dcs = tree.field("dcs")?.or(Cell::octet)?.unwrap_or(0);
    let application_type = tree.field("type")?.or(Cell::octet)?.unwrap_or(RegistryApplication::DM_CLIENT);
    let name = tree.field("name")?;
    let text = if name.is_absent() { "DM Client" } else { name.str()? };
    let name = name.text(text, |text| coding::from_text(dcs, text))?;
    Ok(Object::RegistryApplication(RegistryApplication { port, dcs, application_type, name }))
}

/// The object of a kind that has one field. `None` for a flag that is off.
fn single(kind: ObjectKind, cell: &Cell<'_>) -> Result<Option<Object>, FieldError> {
    Ok(Some(match cell.kind {
        FieldKind::Hex => Object::from_value(u16::from(kind.code()), &cell.hex()?),
        FieldKind::Text => {
            let octets = cell.text(cell.str()?, |text| from_plain_text(kind, text))?;
            Object::from_value(u16::from(kind.code()), &octets)
        }
        FieldKind::Time => Object::TimerValue(TimerValue::from_text(cell.str()?).ok_or_else(|| cell.wrong())?),
        FieldKind::Bool => return Ok(cell.bool()?.then_some(Object::LastEnvelope)),
        FieldKind::Int { max } => {
            let number = cell.int()?;
            let octets = if max > 0xFF { (number as u16).to_be_bytes().to_vec() } else { vec![number as u8] };
            Object::from_value(u16::from(kind.code()), &octets)
        }
        FieldKind::NameOrInt { .. } => {
            let code = cell.named(|name| LocationStatus::from_name(name).map(LocationStatus::code))?;
            Object::from_value(u16::from(kind.code()), &[code])
        }
        FieldKind::List(_) => {
            let events = cell.items()?;
            let code = |item: &Cell<'_>| item.named(|name| Event::from_name(name).map(Event::code));
            let codes: Result<Vec<u8>, FieldError> = events.iter().map(code).collect();
            Object::from_value(u16::from(kind.code()), &codes?)
        }
        FieldKind::Record(_) => {
            let tree = cell.tree()?;
            if kind == ObjectKind::Duration {
                let unit = tree.field("unit")?;
                let unit = unit.or(|cell| cell.named(|name| TimeUnit::from_name(name).map(TimeUnit::code)))?;
                let unit = unit.map_or(TimeUnit::Seconds, TimeUnit::from_code);
                Object::Duration(Duration { unit, interval: tree.field("interval")?.required()?.octet()? })
            } else {
                let protocol = tree.field("protocol")?.required()?;
                let protocol =
                    protocol.named(|name| TransportProtocol::from_name(name).map(TransportProtocol::code))?;
                let port = tree.field("port")?.required()?.int()? as u16;
                Object::TransportLevel(TransportLevel { protocol: TransportProtocol::from_code(protocol), port })
            }
        }
        FieldKind::Name { .. } | FieldKind::HexOrInt => return Err(cell.wrong()),
    }))
}

/// A tree of fields with its table and its place.
struct Tree<'a> {
    table: &'static [FieldInfo],
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Tree<'a> {
    fn message(table: &'static [FieldInfo], fields: &'a Map<String, Value>) -> Result<Self, FieldError> {
        Self { table, fields, path: String::new() }.checked()
    }

    fn checked(self) -> Result<Self, FieldError> {
        let unknown = self.fields.keys().find(|name| !self.table.iter().any(|field| field.name == name.as_str()));
        match unknown {
            None => Ok(self),
            Some(name) => Err(FieldError {
                path: self.path_of(name),
                problem: "there is no such field".to_owned(),
                allowed: self.table.iter().map(|field| field.name).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn field(&self, name: &str) -> Result<Cell<'a>, FieldError> {
        let info = self.table.iter().find(|field| field.name == name);
        let path = self.path_of(name);
        match info {
            Some(info) => Ok(Cell { value: self.fields.get(name), kind: info.kind, path }),
            None => Err(FieldError { path, problem: "the table lacks this field".to_owned(), allowed: String::new() }),
        }
    }

    fn all_absent(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.fields.get(*name).is_none_or(Value::is_null))
    }

    /// No field of an object is there, or one is null: the object is left out.
    fn leaves_out(&self, names: &[&str]) -> bool {
        self.all_absent(names) || names.iter().any(|name| self.fields.get(*name).is_some_and(Value::is_null))
    }
}

/// One value with its shape and its place.
struct Cell<'a> {
    value: Option<&'a Value>,
    kind: FieldKind,
    path: String,
}

impl<'a> Cell<'a> {
    fn is_absent(&self) -> bool {
        self.value.is_none_or(Value::is_null)
    }

    fn is_null(&self) -> bool {
        self.value.is_some_and(Value::is_null)
    }

    fn required(self) -> Result<Self, FieldError> {
        if self.is_absent() { Err(self.wrong()) } else { Ok(self) }
    }

    /// Reads the value if there is one.
    fn or<T>(&self, read: impl FnOnce(&Self) -> Result<T, FieldError>) -> Result<Option<T>, FieldError> {
        if self.is_absent() { Ok(None) } else { read(self).map(Some) }
    }

    fn wrong(&self) -> FieldError {
        let problem = match self.value {
            None | Some(Value::Null) => "a value is missing".to_owned(),
            Some(value) => format!("{value} does not fit"),
        };
        FieldError { path: self.path.clone(), problem, allowed: self.kind.allowed() }
    }

    fn int(&self) -> Result<u32, FieldError> {
        let max = match self.kind {
            FieldKind::Int { max } => max,
            _ => 0xFF,
        };
        let number = self.value.and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number <= max).ok_or_else(|| self.wrong())
    }

    fn octet(&self) -> Result<u8, FieldError> {
        u8::try_from(self.int()?).map_err(|_| self.wrong())
    }

    fn str(&self) -> Result<&'a str, FieldError> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.wrong())
    }

    fn bool(&self) -> Result<bool, FieldError> {
        self.value.and_then(Value::as_bool).ok_or_else(|| self.wrong())
    }

    fn hex(&self) -> Result<Vec<u8>, FieldError> {
        self.octets_of(self.str()?)
    }

    fn octets_of(&self, digits: &str) -> Result<Vec<u8>, FieldError> {
        from_hex(digits).map_err(|error| FieldError { problem: error.to_string(), ..self.wrong() })
    }

    fn hex_or_int(&self) -> Result<Vec<u8>, FieldError> {
        match self.value {
            Some(Value::String(digits)) => self.octets_of(digits),
            _ => Ok(vec![self.octet()?]),
        }
    }

    /// `hex:` and digits, or text that `encode` takes.
    fn text(&self, text: &str, encode: impl FnOnce(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, FieldError> {
        match text.strip_prefix("hex:") {
            Some(digits) => self.octets_of(digits),
            None => {
                encode(text).ok_or_else(|| FieldError { problem: format!("{text:?} cannot be coded"), ..self.wrong() })
            }
        }
    }

    /// The code of a name of the table, or an integer.
    fn named(&self, code: impl FnOnce(&str) -> Option<u8>) -> Result<u8, FieldError> {
        match (self.value, self.kind) {
            (Some(Value::String(name)), FieldKind::NameOrInt { names }) if names.contains(&name.as_str()) => {
                code(name).ok_or_else(|| self.wrong())
            }
            _ => self.octet(),
        }
    }

    fn tree(&self) -> Result<Tree<'a>, FieldError> {
        match (self.value, self.kind) {
            (Some(Value::Object(fields)), FieldKind::Record(table)) => {
                Tree { table, fields, path: self.path.clone() }.checked()
            }
            _ => Err(self.wrong()),
        }
    }

    /// The entries of a list; none if it is absent.
    fn items(&self) -> Result<Vec<Cell<'a>>, FieldError> {
        if self.is_absent() {
            return Ok(Vec::new());
        }
        match (self.value, self.kind) {
            (Some(Value::Array(items)), FieldKind::List(kind)) => {
                let cell = |(at, value)| Cell { value: Some(value), kind: *kind, path: format!("{}[{at}]", self.path) };
                Ok(items.iter().enumerate().map(cell).collect())
            }
            _ => Err(self.wrong()),
        }
    }

    fn kinds(&self) -> Result<Vec<ObjectKind>, FieldError> {
        let kind = |cell: &Cell<'_>| {
            let name = cell.str()?;
            let known = ObjectKind::NAMES.contains(&name);
            known.then(|| ObjectKind::from_name(name)).flatten().ok_or_else(|| cell.wrong())
        };
        self.items()?.iter().map(kind).collect()
    }
}
