//! Values of a tree, each read by the shape that its table gives, with its place for errors.

use dmsc_octets::from_hex;
use serde_json::{Map, Value};

use super::{FieldError, FieldInfo, FieldKind};
use crate::table::CodeTable;

/// A tree of fields with its table and its place.
pub(crate) struct Tree<'a> {
    table: &'static [FieldInfo],
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> Tree<'a> {
    pub(crate) fn message(table: &'static [FieldInfo], fields: &'a Map<String, Value>) -> Result<Self, FieldError> {
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

    pub(crate) fn field(&self, name: &str) -> Result<Cell<'a>, FieldError> {
        let info = self.table.iter().find(|field| field.name == name);
        let path = self.path_of(name);
        match info {
            Some(info) => Ok(Cell { value: self.fields.get(name), spread: None, kind: info.kind, path }),
            None => Err(FieldError { path, problem: "the table lacks this field".to_owned(), allowed: String::new() }),
        }
    }

    /// A record whose fields stand among those of this tree.
    pub(crate) fn spread(&self, kind: FieldKind) -> Cell<'a> {
        Cell { value: None, spread: Some(self.fields), kind, path: self.path.clone() }
    }

    pub(crate) fn all_absent(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.fields.get(*name).is_none_or(Value::is_null))
    }

    /// No field of an object is there, or one is null: the object is left out.
    pub(crate) fn leaves_out(&self, names: &[&str]) -> bool {
        self.all_absent(names) || names.iter().any(|name| self.fields.get(*name).is_some_and(Value::is_null))
    }
}

/// One value with its shape and its place.
pub(crate) struct Cell<'a> {
    value: Option<&'a Value>,
    /// For a record without a name of its own: the tree that its fields stand in.
    spread: Option<&'a Map<String, Value>>,
    kind: FieldKind,
    path: String,
}

impl<'a> Cell<'a> {
    pub(crate) fn is_absent(&self) -> bool {
        self.value.is_none_or(Value::is_null)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value.is_some_and(Value::is_null)
    }

    pub(crate) fn required(self) -> Result<Self, FieldError> {
        if self.is_absent() { Err(self.wrong()) } else { Ok(self) }
    }

    /// Reads the value if there is one.
    pub(crate) fn or<T>(&self, read: impl FnOnce(&Self) -> Result<T, FieldError>) -> Result<Option<T>, FieldError> {
        if self.is_absent() { Ok(None) } else { read(self).map(Some) }
    }

    pub(crate) fn wrong(&self) -> FieldError {
        let problem = match self.value {
            None | Some(Value::Null) => "a value is missing".to_owned(),
            Some(value) => format!("{value} does not fit"),
        };
        FieldError { path: self.path.clone(), problem, allowed: self.kind.allowed() }
    }

    pub(crate) fn int(&self) -> Result<u32, FieldError> {
        let max = match self.kind {
            FieldKind::Int { max } | FieldKind::Code { max } => max,
            _ => 0xFF,
        };
        let number = self.value.and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        number.filter(|number| *number <= max).ok_or_else(|| self.wrong())
    }

    pub(crate) fn word(&self) -> Result<u16, FieldError> {
        u16::try_from(self.int()?).map_err(|_| self.wrong())
    }

    pub(crate) fn octet(&self) -> Result<u8, FieldError> {
        u8::try_from(self.int()?).map_err(|_| self.wrong())
    }

    pub(crate) fn str(&self) -> Result<&'a str, FieldError> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.wrong())
    }

    pub(crate) fn bool(&self) -> Result<bool, FieldError> {
        self.value.and_then(Value::as_bool).ok_or_else(|| self.wrong())
    }

    pub(crate) fn hex(&self) -> Result<Vec<u8>, FieldError> {
        self.octets_of(self.str()?)
    }

    fn octets_of(&self, digits: &str) -> Result<Vec<u8>, FieldError> {
        from_hex(digits).map_err(|error| FieldError { problem: error.to_string(), ..self.wrong() })
    }

    pub(crate) fn hex_or_int(&self) -> Result<Vec<u8>, FieldError> {
        match self.value {
            Some(Value::String(digits)) => self.octets_of(digits),
            _ => Ok(vec![self.octet()?]),
        }
    }

    /// `hex:` and digits, or text that `encode` takes.
    pub(crate) fn text(&self, text: &str, encode: impl FnOnce(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, FieldError> {
        match text.strip_prefix("hex:") {
            Some(digits) => self.octets_of(digits),
            None => {
                encode(text).ok_or_else(|| FieldError { problem: format!("{text:?} cannot be coded"), ..self.wrong() })
            }
        }
    }

    /// The code of a name of the table, or an integer.
    pub(crate) fn code<T: CodeTable>(&self) -> Result<u8, FieldError> {
        match self.value {
            Some(Value::String(name)) => T::code_of(name).ok_or_else(|| self.wrong()),
            _ => self.octet(),
        }
    }

    pub(crate) fn tree(&self) -> Result<Tree<'a>, FieldError> {
        match (self.value, self.spread, self.kind) {
            (Some(Value::Object(fields)), None, FieldKind::Record(table)) => {
                Tree { table, fields, path: self.path.clone() }.checked()
            }
            // The names were looked at as those of the message.
            (None, Some(fields), FieldKind::Record(table)) => Ok(Tree { table, fields, path: self.path.clone() }),
            _ => Err(self.wrong()),
        }
    }

    /// The entries of a list; none if it is absent.
    pub(crate) fn items(&self) -> Result<Vec<Cell<'a>>, FieldError> {
        if self.is_absent() {
            return Ok(Vec::new());
        }
        match (self.value, self.kind) {
            (Some(Value::Array(items)), FieldKind::List(kind)) => {
                let path = |at| format!("{}[{at}]", self.path);
                let cell = |(at, value)| Cell { value: Some(value), spread: None, kind: *kind, path: path(at) };
                Ok(items.iter().enumerate().map(cell).collect())
            }
            _ => Err(self.wrong()),
        }
    }
}
