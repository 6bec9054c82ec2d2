//! The messages of a player as they pass.

use std::fmt::Write as _;

use dmsc_engine::event::Event;
use dmsc_engine::notation::Scope;
use dmsc_octets::{to_hex, visible_json};
use serde_json::{Value, json};

use crate::terminal::{BOLD, DIM, Terminal, paint};

/// How messages are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text {
        /// With the octets.
        octets: bool,
    },
    Json,
}

/// Writes messages.
#[derive(Debug)]
pub(super) struct Trace {
    format: Format,
}

impl Trace {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// A message, with a line feed at its end.
    pub(super) fn line(&self, event: &Event, terminal: &Terminal) -> String {
        match self.format {
            Format::Json => {
                let message = json!({
                    "at_us": event.at.micros(),
                    "from": event.from.name(),
                    "to": event.from.peer().name(),
                    "kind": event.kind,
                    "octets": to_hex(&event.octets),
                    "fields": *event.fields,
                });
                format!("{}\n", visible_json(&message.to_string()))
            }
            Format::Text { octets } => text(event, octets, terminal),
        }
    }
}

fn text(event: &Event, octets: bool, terminal: &Terminal) -> String {
    let micros = event.at.micros();
    let at = format!("{:>6}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let parties = format!("{} > {}", event.from.name(), event.from.peer().name());
    let head = format!("{at}  {parties:<17}  ");
    let fields = shown(&event.fields, event.scope());
    let room = terminal.width.map(|width| width.saturating_sub(head.len() + event.kind.len() + 2));
    let fields = room.map_or(fields.clone(), |room| cut(&fields, room));
    let mut line =
        format!("{}{}  {}\n", paint(terminal.color, DIM, &head), paint(terminal.color, BOLD, &event.kind), fields,);
    if octets && !event.octets.is_empty() {
        let _ = writeln!(line, "{:width$}{}", "", to_hex(&event.octets), width = head.len());
    }
    line.replace("  \n", "\n")
}

/// The fields on one line: `name=value`, what is nested as JSON.
fn shown(fields: &Value, scope: Scope<'_>) -> String {
    let Value::Object(map) = fields else { return String::new() };
    let shown = map.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| match value {
        Value::String(text) if !text.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            format!("{name}={text}")
        }
        value => format!("{name}={}", scope.field(name).write(value)),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// As much as there is room for.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}
