//! What a case sees of a DM message: the fields of its header, its commands, and short cuts derived from them.

use std::collections::BTreeMap;

use dmsc_dm::auth::MacHeader;
use dmsc_dm::syncml::{Command, CommandName, CommandSpans, Decoded, Item, Message, MessageSpans};
use dmsc_octets::Spans;
use serde_json::{Map, Value, json};

use super::Encoding;

/// The field tree of a message.
///
/// Besides header and `commands` it has `alerts` (codes in order), `status` (the first code per command name it
/// answers), `statuses` (all, in order), `results` (value by URI), `devinfo` (value by leaf name) and `names` (the
/// command names in order).
pub fn fields(message: &Message, encoding: Encoding) -> Map<String, Value> {
    let mut map = match serde_json::to_value(&message.header) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    map.insert("encoding".into(), json!(encoding.name()));
    map.insert("final".into(), json!(message.is_final));
    map.insert("names".into(), names(&message.commands));
    map.insert("alerts".into(), alerts(&message.commands));
    let (status, statuses) = statuses(&message.commands);
    map.insert("status".into(), status);
    map.insert("statuses".into(), statuses);
    map.insert("results".into(), values(message, &RESULTS));
    map.insert("devinfo".into(), values(message, &DEVINFO));
    map.insert("commands".into(), serde_json::to_value(&message.commands).unwrap_or(Value::Null));
    map
}

/// Where the fields of a message stand in its octets, those of [`fields`] that are derived among them.
pub fn spans(octets: &[u8], encoding: Encoding) -> Spans {
    let places = encoding.spans(octets);
    let (header_end, body_end) = (places.header_end, places.body_end);
    let derived = match encoding.decode(octets) {
        Ok(Decoded { value: message, .. }) => derived_spans(&message, &places),
        Err(_) => Vec::new(),
    };
    let mut spans = Spans::from(places);
    for (name, part) in derived {
        spans.put(name, part);
    }
    // What is not there has a place all the same: that where it belongs.
    for (names, end) in [(&IN_HEADER[..], header_end), (&IN_BODY[..], body_end)] {
        let Some(end) = end else { continue };
        names.iter().for_each(|name| spans.set(*name, end..end));
    }
    spans
}

/// The fields that stand in the SyncHdr, and those that stand in the SyncBody.
const IN_HEADER: [&str; 12] = [
    "ver_dtd",
    "ver_proto",
    "session_id",
    "msg_id",
    "target",
    "target_name",
    "source",
    "source_name",
    "resp_uri",
    "cred",
    "credentials",
    "max_msg_size",
];
const IN_BODY: [&str; 8] = ["final", "commands", "names", "alerts", "status", "statuses", "results", "devinfo"];

/// The field tree of a client's message: that of any message, and the `package` it belongs to.
pub fn client_fields(message: &Message, encoding: Encoding) -> Map<String, Value> {
    let mut map = fields(message, encoding);
    let opens = |c: &Command| c.alert_code().is_some_and(|code| matches!(code.code(), 1200 | 1201));
    map.insert("package".into(), json!(if message.commands.iter().any(opens) { 1 } else { 3 }));
    map
}

/// What the octets of a message that was heard do not tell: what became of its credentials, and the header `x-syncml-hmac`
/// around it.
pub fn context(credentials: impl serde::Serialize, mac: Option<&str>) -> Map<String, Value> {
    let mut context = Map::from_iter([("credentials".to_owned(), json!(credentials))]);
    add_mac(&mut context, mac);
    context
}

/// Adds what the header `x-syncml-hmac` around a message says, where it is there (DMSEC 5.4).
pub fn add_mac(fields: &mut Map<String, Value>, header: Option<&str>) {
    let Some(value) = header else { return };
    let mac = match MacHeader::parse(value) {
        Ok(header) => serde_json::to_value(&header).unwrap_or(Value::Null),
        Err(error) => json!({ "malformed": error.to_string() }),
    };
    fields.insert("mac".into(), mac);
}

fn names(commands: &[Command]) -> Value {
    commands.iter().map(|c| json!(c.cmd.as_str())).collect()
}

fn alerts(commands: &[Command]) -> Value {
    commands.iter().filter_map(Command::alert_code).map(|code| json!(code.code())).collect()
}

fn statuses(commands: &[Command]) -> (Value, Value) {
    let mut first = Map::new();
    let mut all = Vec::new();
    for command in commands.iter().filter(|c| c.cmd == CommandName::Status) {
        let code = command.status_code().map_or(Value::Null, |code| json!(code.code()));
        let of = command.name.as_deref().unwrap_or_default();
        first.entry(of).or_insert_with(|| code.clone());
        let mut entry = Map::new();
        entry.insert("of".into(), json!(of));
        entry.insert("code".into(), code);
        entry.insert("msg_ref".into(), json!(command.msg_ref));
        entry.insert("cmd_ref".into(), json!(command.cmd_ref));
        if let Some(target) = command.target_ref.first() {
            entry.insert("target_ref".into(), json!(target));
        }
        if let Some(chal) = &command.chal {
            entry.insert("chal".into(), serde_json::to_value(chal).unwrap_or(Value::Null));
        }
        if !command.items.is_empty() {
            entry.insert("items".into(), serde_json::to_value(&command.items).unwrap_or(Value::Null));
        }
        all.push(Value::Object(entry));
    }
    (Value::Object(first), Value::Array(all))
}

/// Which items a derived field takes its values from, and under which names.
struct Values {
    of: CommandName,
    /// The name for an address that begins with `./`.
    name: fn(&str) -> Option<&str>,
}

/// `results`: by address.
const RESULTS: Values = Values { of: CommandName::Results, name: |uri| Some(uri) };

/// `devinfo`: by the name below `./DevInfo`.
const DEVINFO: Values = Values { of: CommandName::Replace, name: |uri| uri.strip_prefix("./DevInfo/") };

impl Values {
    /// The name for an item of a command; none if the field does not take it.
    fn name(&self, command: &Command, item: &Item) -> Option<String> {
        if command.cmd != self.of {
            return None;
        }
        let uri = item.source.as_deref().or(item.target.as_deref()).unwrap_or_default();
        // `A/B` and `./A/B` are one address (DMTND).
        let uri = if uri.starts_with('.') { uri.to_owned() } else { format!("./{uri}") };
        (self.name)(&uri).map(str::to_owned)
    }
}

/// Values of the items of one kind of command, by name; of two with one name the last counts.
fn values(message: &Message, which: &Values) -> Value {
    let mut map = Map::new();
    for command in &message.commands {
        for item in &command.items {
            if let Some(name) = which.name(command, item) {
                let data = item.data.as_ref().map_or(json!(""), |d| serde_json::to_value(d).unwrap_or(Value::Null));
                map.insert(name, data);
            }
        }
    }
    Value::Object(map)
}

/// How many names of a derived field have a place; no DM message comes near it.
const MOST_NAMES: usize = 1024;

fn derived_spans(message: &Message, places: &MessageSpans) -> Vec<(&'static str, Spans)> {
    let commands = || message.commands.iter().zip(&places.commands);
    let data = |places: &CommandSpans| field(places, "data");
    let names = commands().map(|(_, places)| field(places, "cmd"));
    let alerts = commands().filter(|(command, _)| command.alert_code().is_some()).map(|(_, places)| data(places));
    let all = || commands().filter(|(command, _)| command.cmd == CommandName::Status);
    let mut first = BTreeMap::new();
    for (command, places) in all() {
        first.entry(command.name.as_deref().unwrap_or_default().to_owned()).or_insert_with(|| data(places));
    }
    let by_name = |which: &Values| {
        let mut found = BTreeMap::new();
        for (command, places) in commands() {
            for (item, place) in command.items.iter().zip(&places.items) {
                if let Some(name) = which.name(command, item) {
                    // The value of an item without Data is empty: the item as a whole says so.
                    found.insert(name, place.part("data").unwrap_or(place).clone());
                }
            }
        }
        named(found)
    };
    let mut derived = vec![
        ("names", list(names, places)),
        ("alerts", list(alerts, places)),
        ("status", named(first)),
        ("statuses", list(all().map(|(_, places)| status_spans(places)), places)),
        ("results", by_name(&RESULTS)),
        ("devinfo", by_name(&DEVINFO)),
    ];
    if let Some(cred) = places.header.part("cred") {
        derived.push(("credentials", cred.clone()));
    }
    derived
}

/// A list of commands, or of fields of theirs, as a whole from the first to the last. Where there is none, it has the place
/// where one would stand.
fn list(elements: impl Iterator<Item = Spans>, places: &MessageSpans) -> Spans {
    let elements: Vec<Spans> = elements.collect();
    let own = || elements.iter().filter_map(Spans::own);
    let whole = own().map(|at| at.start).min().zip(own().map(|at| at.end).max()).map(|(start, end)| start..end);
    let whole = whole.or_else(|| places.body_end.map(|end| end..end));
    match whole {
        Some(whole) => Spans::list(elements).within(whole),
        None => Spans::list(elements),
    }
}

fn named(found: BTreeMap<String, Spans>) -> Spans {
    found.into_iter().take(MOST_NAMES).fold(Spans::new(), |spans, (name, part)| spans.with(name, part))
}

/// A field of a command; the command itself if the field has no place.
fn field(places: &CommandSpans, name: &str) -> Spans {
    let own = places.fields.own().map(Spans::at).unwrap_or_default();
    places.fields.part(name).cloned().unwrap_or(own)
}

/// An entry of `statuses`.
fn status_spans(places: &CommandSpans) -> Spans {
    let mut spans = places.fields.own().map(Spans::at).unwrap_or_default();
    for (name, part) in
        [("of", "name"), ("code", "data"), ("msg_ref", "msg_ref"), ("cmd_ref", "cmd_ref"), ("chal", "chal")]
    {
        if let Some(part) = places.fields.part(part) {
            spans.put(name, part.clone());
        }
    }
    if let Some(target) = places.fields.part("target_ref") {
        // One stands alone, several are a list, and the field is the first.
        spans.put("target_ref", target.part("0").unwrap_or(target).clone());
    }
    if !places.items.is_empty() {
        spans.put("items", Spans::list(places.items.iter().cloned()));
    }
    spans
}

#[cfg(test)]
mod tests;
