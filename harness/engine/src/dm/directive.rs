//! What a case or a fault changes in a DM message that a player is about to send.

use dmsc_dm::syncml::{Chal, Command, CommandName, Cred, Data, Message};
use serde_json::{Map, Value};

use crate::template::Template;

/// Header fields a directive may set, or remove with `null`.
pub const HEADER_FIELDS: &[&str] = &[
    "ver_dtd",
    "ver_proto",
    "session_id",
    "msg_id",
    "target",
    "target_name",
    "source",
    "source_name",
    "resp_uri",
    "no_resp",
    "max_msg_size",
    "max_obj_size",
];

/// The other fields of a directive.
pub const BODY_FIELDS: &[&str] =
    &["cred", "final", "without", "commands", "append", "status", "chal", "edit", "encoding", "body", "http"];

/// Words `cred` may have instead of a Cred.
pub const CRED_WORDS: &[&str] = &["valid", "none", "wrong", "default-nonce"];

/// Why a directive cannot be followed; the text names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DirectiveError(pub String);

/// Changes to one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directive {
    fields: Map<String, Value>,
}

impl Directive {
    /// Takes the fields of a `with:` or `reply:`.
    ///
    /// # Errors
    /// [`DirectiveError`] for a field no DM message has.
    pub fn new(fields: Map<String, Value>) -> Result<Directive, DirectiveError> {
        let known = |name: &String| HEADER_FIELDS.contains(&name.as_str()) || BODY_FIELDS.contains(&name.as_str());
        match fields.keys().find(|name| !known(name)) {
            Some(name) => Err(DirectiveError(format!("`{name}` is not a field of a DM message"))),
            None => Ok(Directive { fields }),
        }
    }

    /// A field as given.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Changes `message`. `cred` gives the Cred for one of [`CRED_WORDS`], as the sender would compute it.
    ///
    /// # Errors
    /// [`DirectiveError`] when a value does not fit its field.
    pub fn apply(&self, message: &mut Message, cred: impl Fn(&str) -> Option<Cred>) -> Result<(), DirectiveError> {
        self.header(message)?;
        if let Some(value) = self.get("cred") {
            message.header.cred = match value {
                Value::Null => None,
                Value::String(word) if CRED_WORDS.contains(&word.as_str()) => cred(word),
                Value::String(word) => {
                    return Err(DirectiveError(format!("cred: \"{word}\" is none of {}", CRED_WORDS.join(", "))));
                }
                other => Some(read(other, "cred")?),
            };
        }
        if let Some(value) = self.get("final") {
            message.is_final = read(value, "final")?;
        }
        self.commands(message)?;
        self.statuses(message)?;
        self.edit(message)?;
        number(&mut message.commands);
        Ok(())
    }

    fn header(&self, message: &mut Message) -> Result<(), DirectiveError> {
        let changed: Vec<_> = self.fields.iter().filter(|(name, _)| HEADER_FIELDS.contains(&name.as_str())).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut header = serde_json::to_value(&message.header).map_err(|e| DirectiveError(e.to_string()))?;
        for (name, value) in changed {
            header[name.as_str()] = value.clone();
        }
        if let Value::Object(map) = &mut header {
            map.retain(|_, value| !value.is_null());
        }
        message.header = read(&header, "header")?;
        Ok(())
    }

    fn commands(&self, message: &mut Message) -> Result<(), DirectiveError> {
        if let Some(value) = self.get("without") {
            let names: Vec<String> = read(value, "without")?;
            message.commands.retain(|c| !names.iter().any(|name| name == c.cmd.as_str()));
        }
        if let Some(value) = self.get("commands") {
            message.commands.retain(|c| c.cmd == CommandName::Status);
            message.commands.extend(read::<Vec<Command>>(value, "commands")?);
        }
        if let Some(value) = self.get("append") {
            message.commands.extend(read::<Vec<Command>>(value, "append")?);
        }
        Ok(())
    }

    fn statuses(&self, message: &mut Message) -> Result<(), DirectiveError> {
        if let Some(value) = self.get("status") {
            let codes: Map<String, Value> = read(value, "status")?;
            for (name, code) in codes {
                let is_it = |c: &Command| c.cmd == CommandName::Status && c.name.as_deref() == Some(name.as_str());
                match code {
                    Value::String(word) if word == "none" => message.commands.retain(|c| !is_it(c)),
                    Value::Number(code) => {
                        let code = Data::Text(code.to_string());
                        message.commands.iter_mut().filter(|c| is_it(c)).for_each(|c| c.data = Some(code.clone()));
                    }
                    other => {
                        return Err(DirectiveError(format!("status.{name}: {other} is neither a code nor `none`")));
                    }
                }
            }
        }
        if let Some(value) = self.get("chal") {
            let chal = match value {
                Value::Null => None,
                Value::String(word) if word == "none" => None,
                other => Some(read::<Chal>(other, "chal")?),
            };
            if let Some(status) = header_status(&mut message.commands) {
                status.chal = chal;
            }
        }
        Ok(())
    }

    /// `edit`: for each command that a template accepts, fields to set.
    fn edit(&self, message: &mut Message) -> Result<(), DirectiveError> {
        let Some(value) = self.get("edit") else { return Ok(()) };
        let edits: Vec<Map<String, Value>> = read(value, "edit")?;
        for edit in edits {
            let (Some(wanted), Some(Value::Object(with))) = (edit.get("where"), edit.get("with")) else {
                return Err(DirectiveError("edit: each entry has `where` and `with`, both mappings".into()));
            };
            let template = Template::compile(wanted).map_err(|e| DirectiveError(format!("edit.where: {e}")))?;
            for command in &mut message.commands {
                let mut tree = serde_json::to_value(&*command).map_err(|e| DirectiveError(e.to_string()))?;
                if !template.accepts(&tree) {
                    continue;
                }
                if let Value::Object(map) = &mut tree {
                    for (name, value) in with {
                        map.insert(name.clone(), value.clone());
                    }
                    map.retain(|_, value| !value.is_null());
                }
                *command = read(&tree, "edit.with")?;
            }
        }
        Ok(())
    }
}

/// The Status that answers the peer's SyncHdr.
pub fn header_status(commands: &mut [Command]) -> Option<&mut Command> {
    commands.iter_mut().find(|c| c.cmd == CommandName::Status && c.name.as_deref() == Some("SyncHdr"))
}

/// Gives each command without a CmdID the next free number, nested ones included.
pub fn number(commands: &mut [Command]) {
    fn highest(commands: &[Command]) -> u32 {
        let own = commands.iter().filter_map(|c| c.cmd_id.parse().ok()).max().unwrap_or(0);
        commands.iter().map(|c| highest(&c.commands)).max().unwrap_or(0).max(own)
    }
    fn fill(commands: &mut [Command], next: &mut u32) {
        for command in commands {
            if command.cmd_id.is_empty() {
                *next = next.saturating_add(1);
                command.cmd_id = next.to_string();
            }
            fill(&mut command.commands, next);
        }
    }
    let mut next = highest(commands);
    fill(commands, &mut next);
}

fn read<T: serde::de::DeserializeOwned>(value: &Value, field: &str) -> Result<T, DirectiveError> {
    serde_json::from_value(value.clone()).map_err(|e| DirectiveError(format!("{field}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn directive(value: Value) -> Directive {
        let Value::Object(fields) = value else { panic!("a mapping") };
        Directive::new(fields).unwrap()
    }

    fn message() -> Message {
        let mut status = Command::new(CommandName::Status, "1");
        status.name = Some("SyncHdr".into());
        status.data = Some("212".into());
        let get = Command::new(CommandName::Get, "2");
        Message { commands: vec![status, get], is_final: true, ..Message::default() }
    }

    #[test]
    fn header_fields_are_set_and_removed() {
        let mut m = message();
        m.header.source_name = Some("x".into());
        directive(json!({"session_id": 4660, "source_name": null, "final": false})).apply(&mut m, |_| None).unwrap();
        assert_eq!((m.header.session_id.as_str(), m.header.source_name, m.is_final), ("4660", None, false));
    }

    #[test]
    fn commands_are_replaced_and_numbered() {
        let mut m = message();
        let commands = json!([{"cmd": "Atomic", "commands": [{"cmd": "Add"}]}, {"cmd": "Delete"}]);
        directive(json!({"commands": commands, "status": {"SyncHdr": 407}, "chal": {"type": "syncml:auth-md5"}}))
            .apply(&mut m, |_| None)
            .unwrap();
        assert_eq!(m.commands[0].data, Some("407".into()));
        assert!(m.commands[0].chal.is_some());
        let ids: Vec<_> = m.commands.iter().map(|c| c.cmd_id.clone()).collect();
        assert_eq!(ids, ["1", "2", "4"]);
        assert_eq!(m.commands[1].commands[0].cmd_id, "3");
    }

    #[test]
    fn an_edit_touches_what_its_template_accepts() {
        let mut m = message();
        let edit = json!([{"where": {"cmd": "Get"}, "with": {"cmd": "Put", "cmd_id": "9"}}]);
        directive(json!({"edit": edit, "status": {"SyncHdr": "none"}})).apply(&mut m, |_| None).unwrap();
        assert_eq!(m.commands.len(), 1);
        assert_eq!((m.commands[0].cmd.as_str(), m.commands[0].cmd_id.as_str()), ("Put", "9"));
    }

    #[test]
    fn errors_name_the_field() {
        let unknown = Directive::new(Map::from_iter([("sesion_id".to_owned(), json!(1))])).unwrap_err();
        assert_eq!(unknown.to_string(), "`sesion_id` is not a field of a DM message");
        let error = directive(json!({"cred": "maybe"})).apply(&mut message(), |_| None).unwrap_err();
        assert_eq!(error.to_string(), "cred: \"maybe\" is none of valid, none, wrong, default-nonce");
        let error = directive(json!({"commands": 3})).apply(&mut message(), |_| None).unwrap_err();
        assert!(error.to_string().starts_with("commands: "), "{error}");
    }
}
