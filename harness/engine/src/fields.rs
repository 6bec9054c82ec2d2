//! The fields of a message, decoded when somebody looks at them.

use std::cell::LazyCell;
use std::fmt;
use std::ops::Deref;

use dmsc_octets::Irregularity;
use serde_json::{Map, Value, json};

/// What decodes them.
type Decode = Box<dyn FnOnce() -> Value + Send>;

/// The fields of a message, as cases see them.
///
/// What a player itself says is looked at only where it is recorded, and what it says next need not wait for that.
pub struct Fields(When);

enum When {
    Now(Value),
    Later(LazyCell<Value, Decode>),
}

impl Fields {
    /// Fields that are decoded when they are first looked at.
    pub fn later(decode: impl FnOnce() -> Map<String, Value> + Send + 'static) -> Fields {
        Fields(When::Later(LazyCell::new(Box::new(|| Value::Object(decode())))))
    }
}

impl From<Value> for Fields {
    fn from(value: Value) -> Fields {
        Fields(When::Now(value))
    }
}

impl Deref for Fields {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &self.0 {
            When::Now(value) => value,
            When::Later(value) => value,
        }
    }
}

impl Clone for Fields {
    fn clone(&self) -> Fields {
        Fields::from((**self).clone())
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Adds the field `irregular`, if the decoder forgave anything: of each the `kind`, and `what` was found.
pub fn add_irregular(fields: &mut Map<String, Value>, irregular: &[Irregularity]) {
    if !irregular.is_empty() {
        let told = irregular.iter().map(|found| json!({ "kind": found.kind, "what": found.what }));
        fields.insert("irregular".into(), told.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_the_same_now_and_later() {
        let later = Fields::later(|| Map::from_iter([("sw".to_owned(), json!(0x9000))]));
        assert_eq!(later, Fields::from(json!({ "sw": 0x9000 })));
        assert_eq!(later.get("sw"), later.clone().get("sw"));
    }
}
