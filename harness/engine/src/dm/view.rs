//! What a case sees of a DM message: the fields of its header, its commands, and short cuts derived from them.

use dmsc_dm::syncml::{Command, CommandName, Message};
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
    map.insert("results".into(), values(message, &CommandName::Results, |uri| Some(uri.to_owned())));
    map.insert("devinfo".into(), values(message, &CommandName::Replace, devinfo_leaf));
    map.insert("commands".into(), serde_json::to_value(&message.commands).unwrap_or(Value::Null));
    map
}

/// The field tree of a client's message: that of any message, and the `package` it belongs to.
pub fn client_fields(message: &Message, encoding: Encoding) -> Map<String, Value> {
    let mut map = fields(message, encoding);
    let opens = |c: &Command| c.alert_code().is_some_and(|code| matches!(code.code(), 1200 | 1201));
    map.insert("package".into(), json!(if message.commands.iter().any(opens) { 1 } else { 3 }));
    map
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
        let of = command.name.clone().unwrap_or_default();
        first.entry(of.clone()).or_insert_with(|| code.clone());
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

/// Values of the items of one kind of command, by their source URI.
fn values(message: &Message, of: &CommandName, key: impl Fn(&str) -> Option<String>) -> Value {
    let items = message.commands.iter().filter(|c| c.cmd == *of).flat_map(|c| &c.items);
    let mut map = Map::new();
    for item in items {
        let uri = item.source.as_deref().or(item.target.as_deref()).unwrap_or_default();
        // `A/B` and `./A/B` are one address (DMTND).
        let uri = if uri.starts_with('.') { uri.to_owned() } else { format!("./{uri}") };
        if let Some(key) = key(&uri) {
            let data = item.data.as_ref().map_or(json!(""), |d| serde_json::to_value(d).unwrap_or(Value::Null));
            map.insert(key, data);
        }
    }
    Value::Object(map)
}

fn devinfo_leaf(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("./").unwrap_or(uri);
    path.strip_prefix("DevInfo/").map(str::to_owned)
}
