//! An event as the object of a line.

use dmsc_octets::push_hex;

use super::{Event, Message};

/// Adds an event as a JSON object without line feeds.
///
/// # Errors
/// If it cannot be put as JSON.
pub(super) fn object(event: &Event, out: &mut Vec<u8>) -> serde_json::Result<()> {
    match event {
        // Most lines by far are these.
        Event::Message(message) => self::message(message, out),
        _ => serde_json::to_writer(out, event),
    }
}

/// As its `Serialize` has it, without the texts that would be made on the way.
fn message(message: &Message, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let Message { at_us, from, kind, octets, fields, context, written, note } = message;
    out.extend_from_slice(br#"{"event":"message","at_us":"#);
    serde_json::to_writer(&mut *out, at_us)?;
    out.extend_from_slice(br#","from":""#);
    out.extend_from_slice(from.as_str().as_bytes());
    out.extend_from_slice(br#"","kind":"#);
    serde_json::to_writer(&mut *out, kind)?;
    out.extend_from_slice(br#","octets":""#);
    push_hex(&octets.0, out);
    out.push(b'"');
    if let Some(fields) = fields {
        out.extend_from_slice(br#","fields":"#);
        serde_json::to_writer(&mut *out, fields)?;
    }
    if !context.is_empty() {
        out.extend_from_slice(br#","context":"#);
        serde_json::to_writer(&mut *out, context)?;
    }
    if !written.is_empty() {
        out.extend_from_slice(br#","written":"#);
        serde_json::to_writer(&mut *out, written)?;
    }
    if let Some(note) = note {
        out.extend_from_slice(br#","note":"#);
        serde_json::to_writer(&mut *out, note)?;
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::journal::Party;

    proptest! {
        #[test]
        fn a_message_is_written_as_it_is_serialized(
            at_us: u64,
            octets: Vec<u8>,
            kind: String,
            text in proptest::option::of(any::<String>()),
            note: Option<String>,
        ) {
            for from in [Party::Card, Party::Terminal, Party::Server, Party::Client] {
                let message = Message {
                    at_us,
                    from,
                    kind: kind.clone().into(),
                    octets: octets.clone().into(),
                    fields: text.clone().map(|text| json!({ "text": text, "at": at_us })),
                    context: text.iter().map(|text| ("to".to_owned(), json!(text))).collect(),
                    written: text.iter().map(|text| ("at".to_owned(), text.clone())).collect(),
                    note: note.clone(),
                };
                let event = Event::Message(message);
                let mut line = Vec::new();
                object(&event, &mut line).unwrap();
                prop_assert_eq!(String::from_utf8(line).unwrap(), serde_json::to_string(&event).unwrap());
            }
        }
    }
}
