//! The fields that the octets of a message tell by themselves: whoever keeps the octets can have them again.

use dmsc_dm::syncml::Decoded;
use dmsc_octets::to_hex;
use dmsc_uicc::apdu::{CommandApdu, ResponseApdu};
use dmsc_uicc::command::ProactiveCommand;
use serde_json::{Map, Value, json};

use crate::apdu::{self, Content};
use crate::dm::{Encoding, view};
use crate::event::{Actor, STATUS};
use crate::fields::with_irregular;
use crate::http::{Reader, Side};

/// The fields that follow from the octets of a message of this kind; none where octets alone do not tell them, or cannot
/// be read.
pub fn decode(from: Actor, kind: &str, octets: &[u8]) -> Option<Map<String, Value>> {
    match (from, kind) {
        _ if octets.is_empty() => None,
        (Actor::Terminal, _) => command(octets),
        (Actor::Card, "atr") => None,
        (Actor::Card, "response") => response(octets),
        (Actor::Card, _) => Some(proactive(octets)),
        (Actor::Client, "http.request") => http(Side::Server, octets),
        (Actor::Server, "http.response") => http(Side::Client, octets),
        (Actor::Client | Actor::Server, "dm.message") => dm(from, octets),
        (Actor::Server | Actor::Client, _) => None,
    }
}

fn command(octets: &[u8]) -> Option<Map<String, Value>> {
    let command = CommandApdu::parse(octets).ok()?;
    let content = apdu::content(&command);
    let broken = matches!(content, Content::Other(Some(_)) | Content::Broken(_));
    (!broken).then(|| apdu::fields(&command, &content))
}

fn response(octets: &[u8]) -> Option<Map<String, Value>> {
    let ResponseApdu { data, sw } = ResponseApdu::parse(octets).ok()?;
    Some(Map::from_iter([("sw".to_owned(), json!(sw.0)), ("data".to_owned(), to_hex(&data).into())]))
}

/// The fields of a proactive command: as it is, or in the answer to FETCH, with the status word behind it.
pub fn proactive(octets: &[u8]) -> Map<String, Value> {
    let fetched = octets.len().checked_sub(STATUS).and_then(|length| octets.get(..length));
    let fetched = || fetched.and_then(|octets| ProactiveCommand::parse(octets).ok());
    match ProactiveCommand::parse(octets) {
        Ok(command) => command.to_fields(),
        Err(error) => match fetched() {
            Some(command) => command.to_fields(),
            None => Map::from_iter([("malformed".to_owned(), json!(error.to_string()))]),
        },
    }
}

/// A DM message in the encoding that its octets show.
fn dm(from: Actor, octets: &[u8]) -> Option<Map<String, Value>> {
    let encoding = Encoding::of_octets(octets);
    let Decoded { value: message, irregular } = encoding.decode(octets).ok()?;
    let fields = match from {
        Actor::Client => view::client_fields(&message, encoding),
        _ => view::fields(&message, encoding),
    };
    Some(with_irregular(fields, &irregular))
}

/// A message that says itself where it ends.
fn http(side: Side, octets: &[u8]) -> Option<Map<String, Value>> {
    let mut reader = Reader::new(side);
    reader.feed(octets);
    let (message, taken) = reader.take().ok()??;
    (taken == octets).then(|| message.fields())
}

#[cfg(test)]
mod tests {
    use dmsc_octets::from_hex;

    use super::*;

    #[test]
    fn octets_tell_their_fields() {
        let of = |from, kind, hex: &str| decode(from, kind, &from_hex(hex).unwrap()).map(Value::Object);
        let select = of(Actor::Terminal, "select", "00A40004023F00").unwrap();
        assert_eq!((&select["ins"], &select["data"]), (&json!(0xA4), &json!("3F00")));
        let response = of(Actor::Card, "response", "62009120").unwrap();
        assert_eq!(response, json!({ "sw": 0x9120, "data": "6200" }));
        let heard = of(Actor::Card, "more-time", "D009810301020082028182");
        assert!(heard.is_some());
        assert_eq!(of(Actor::Card, "more-time", "D0098103010200820281829000"), heard, "as the answer to FETCH");
        let text = to_hex(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(of(Actor::Server, "http.response", &text).unwrap()["body"], "6F6B");
    }

    #[test]
    fn what_octets_alone_do_not_tell_is_left() {
        for (from, kind, octets) in [
            (Actor::Terminal, "reset", &b""[..]),
            (Actor::Terminal, "apdu", b"\x00\xA4"),
            (Actor::Card, "response", b"\x90"),
            (Actor::Server, "http.response", b"HTTP/1.1 200 OK\r\n\r\nuntil the end"),
            (Actor::Server, "http.response", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"),
            (Actor::Server, "dm.message", b"<SyncML/>"),
        ] {
            assert_eq!(decode(from, kind, octets), None, "{kind}");
        }
    }
}
