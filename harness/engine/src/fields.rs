//! The fields of a message, decoded when somebody looks at them.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::ops::Deref;

use dmsc_octets::{Irregularity, to_hex};
use serde_json::{Map, Value, json};

use crate::decoded::decode;
use crate::event::Actor;

/// What decodes them.
type Decode = Box<dyn FnOnce() -> Value + Send>;

/// Fields that are decoded when they are first looked at.
struct Later {
    value: OnceCell<Value>,
    decode: Cell<Option<Decode>>,
}

impl Later {
    fn new(decode: impl FnOnce() -> Value + Send + 'static) -> Later {
        Later { value: OnceCell::new(), decode: Cell::new(Some(Box::new(decode))) }
    }

    fn get(&self) -> &Value {
        // There is one as long as there is no value.
        self.value.get_or_init(|| self.decode.take().map_or(Value::Null, |decode| decode()))
    }

    fn into_value(self) -> Value {
        let decode = self.decode;
        self.value.into_inner().unwrap_or_else(|| decode.take().map_or(Value::Null, |decode| decode()))
    }
}

/// The fields of a message, as cases see them.
///
/// Most messages are looked at only where they are recorded, and what a player says next need not wait for that.
pub struct Fields {
    when: When,
    /// Those beside what the octets of the message tell by themselves; none where all have to be kept.
    context: Option<Map<String, Value>>,
}

enum When {
    Now(Value),
    Later(Later),
    /// The same, of a message that was as it should be.
    Regular(Later),
}

impl Fields {
    /// Fields that are decoded when they are first looked at.
    pub fn later(decode: impl FnOnce() -> Map<String, Value> + Send + 'static) -> Fields {
        When::Later(Later::new(|| Value::Object(decode()))).into()
    }

    /// As [`Fields::later`], of a message that can be read and of which nothing had to be forgiven: so much is known
    /// without decoding it.
    pub fn regular(decode: impl FnOnce() -> Map<String, Value> + Send + 'static) -> Fields {
        When::Regular(Later::new(|| Value::Object(decode()))).into()
    }

    /// The fields that follow from the octets of a message, which can be read, and those of its `context`: in a message that
    /// was `heard`, nothing had to be forgiven.
    pub fn of_octets(
        from: Actor,
        kind: Cow<'static, str>,
        octets: &[u8],
        context: Map<String, Value>,
        heard: bool,
    ) -> Fields {
        let (octets, beside) = (octets.to_vec(), context.clone());
        let decode = Later::new(move || Value::Object(together(beside, from, &kind, &octets)));
        let when = if heard { When::Regular(decode) } else { When::Later(decode) };
        Fields { when, context: Some(context) }
    }

    /// Fields that are known, of a message whose octets tell all but those of the `context` by themselves.
    pub fn known(
        fields: Map<String, Value>,
        from: Actor,
        kind: &str,
        octets: &[u8],
        context: Map<String, Value>,
    ) -> Fields {
        debug_assert_eq!(together(context.clone(), from, kind, octets), fields, "{kind} {}", to_hex(octets));
        Fields { when: When::Now(Value::Object(fields)), context: Some(context) }
    }

    /// Gives the fields of [`Fields::context`] away.
    pub fn into_context(self) -> Option<Map<String, Value>> {
        self.context
    }

    /// Gives all fields away.
    pub fn into_value(self) -> Value {
        match self.when {
            When::Now(value) => value,
            When::Later(value) | When::Regular(value) => value.into_value(),
        }
    }

    /// The fields beside what [`decode`] gives of the octets of the message; none where more than that is not to be had
    /// from them.
    pub fn context(&self) -> Option<&Map<String, Value>> {
        self.context.as_ref()
    }

    /// Whether it is known that the message can be read, and that nothing had to be forgiven.
    pub fn is_regular(&self) -> bool {
        matches!(self.when, When::Regular(_))
    }
}

impl From<Value> for Fields {
    fn from(value: Value) -> Fields {
        When::Now(value).into()
    }
}

impl From<When> for Fields {
    fn from(when: When) -> Fields {
        Fields { when, context: None }
    }
}

impl Deref for Fields {
    type Target = Value;

    fn deref(&self) -> &Value {
        match &self.when {
            When::Now(value) => value,
            When::Later(value) | When::Regular(value) => value.get(),
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

/// What the octets of a message tell, and what they do not, which stands first.
pub fn together(mut context: Map<String, Value>, from: Actor, kind: &str, octets: &[u8]) -> Map<String, Value> {
    let told = decode(from, kind, octets).unwrap_or_default();
    if context.is_empty() {
        return told;
    }
    context.extend(told);
    context
}

/// The most irregularities of one message that are shown, and the most characters of one.
const MOST_IRREGULARITIES: usize = 64;
const LONGEST_IRREGULARITY: usize = 200;

/// Fields with what the decoder forgave ([`add_irregular`]).
pub fn with_irregular(mut fields: Map<String, Value>, irregular: &[Irregularity]) -> Map<String, Value> {
    add_irregular(&mut fields, irregular);
    fields
}

/// Adds the field `irregular`, if the decoder forgave anything: of each the `kind`, and `what` was found. A message that is
/// made to be odd thousands of times does not fill the records: the first ones are shown, and not more of each than a line.
pub fn add_irregular(fields: &mut Map<String, Value>, irregular: &[Irregularity]) {
    if !irregular.is_empty() {
        let told = irregular.iter().take(MOST_IRREGULARITIES).map(|found| {
            let what = match found.what.char_indices().nth(LONGEST_IRREGULARITY) {
                Some((cut, _)) => format!("{}…", found.what.get(..cut).unwrap_or_default()),
                None => found.what.clone(),
            };
            json!({ "kind": found.kind, "what": what })
        });
        fields.insert("irregular".into(), told.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_many_times_is_shown_in_a_few_lines() {
        let many: Vec<Irregularity> = (0..1000).map(|_| Irregularity::new("x", "ä".repeat(10_000))).collect();
        let mut fields = Map::new();
        add_irregular(&mut fields, &many);
        let shown = fields["irregular"].as_array().unwrap();
        assert_eq!(shown.len(), 64);
        assert_eq!(shown[0]["what"].as_str().unwrap().chars().count(), 201);
    }

    #[test]
    fn fields_are_the_same_now_and_later() {
        let later = Fields::later(|| Map::from_iter([("sw".to_owned(), json!(0x9000))]));
        assert_eq!(later, Fields::from(json!({ "sw": 0x9000 })));
        assert_eq!(later.get("sw"), later.clone().get("sw"));
        let regular = Fields::regular(|| Map::from_iter([("sw".to_owned(), json!(0x9000))]));
        assert!(regular.is_regular() && !later.is_regular());
        assert_eq!(regular, later);
    }
}
