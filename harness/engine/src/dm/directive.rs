//! What a case or a fault changes in a DM message that a player is about to send.

use dmsc_dm::syncml::{Command, CommandName, Cred, Data, Message, Text};
use serde_json::{Map, Value};

use super::Encoding;
use crate::messages::{
    Body, ChalChoice, CredChoice, DmWith, Edit, FieldProblem, FieldValue, Form, Group, HttpFields, MacChoice,
    Removable, SessionText, StatusChoice,
};
use crate::patch::Change;

/// Why a directive cannot be followed; the text names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DirectiveError(pub String);

impl From<FieldProblem> for DirectiveError {
    fn from(problem: FieldProblem) -> Self {
        DirectiveError(problem.to_string())
    }
}

/// Changes to one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directive {
    with: DmWith,
}

impl Directive {
    /// Takes the fields of a `with:` or `reply:`.
    ///
    /// # Errors
    /// [`DirectiveError`] for a field no DM message has, or a value that does not fit its field.
    pub fn new(fields: &Map<String, Value>) -> Result<Directive, DirectiveError> {
        Ok(Directive { with: DmWith::from_fields(fields)? })
    }

    /// The encoding it asks for.
    pub fn encoding(&self) -> Option<Encoding> {
        self.with.encoding
    }

    /// The octets of the whole message, where it gives them.
    pub fn body(&self) -> Option<Vec<u8>> {
        self.with.body.as_ref().map(|Body(octets)| octets.clone())
    }

    /// The changes to the HTTP message around it.
    pub fn http(&self) -> Option<Change> {
        self.with.http.as_ref().map(|HttpFields(fields)| Change::with(fields.clone()))
    }

    /// The secret behind credentials that it names by a word, instead of that of the account.
    pub fn secret(&self) -> Option<&str> {
        self.with.secret.as_deref()
    }

    /// The value of the header `x-syncml-hmac`: the sender's own, or as it is asked for. `mac` gives that for one of
    /// [`crate::messages::CRED_WORDS`], as the sender would compute it.
    pub fn mac(&self, own: Option<String>, mac: impl Fn(&str) -> Option<String>) -> Option<String> {
        match &self.with.mac {
            None => own,
            Some(Removable::Removed) => None,
            Some(Removable::Set(MacChoice::Word(word))) => mac(word),
            Some(Removable::Set(MacChoice::Given(given))) => Some(given.to_string()),
        }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.with == DmWith::default()
    }

    /// Changes `message`. `cred` gives the Cred for one of [`crate::messages::CRED_WORDS`], as the sender would compute
    /// it.
    ///
    /// # Errors
    /// [`DirectiveError`] when a value does not fit its field.
    pub fn apply(&self, message: &mut Message, cred: impl Fn(&str) -> Option<Cred>) -> Result<(), DirectiveError> {
        self.header(message);
        match &self.with.cred {
            None => {}
            Some(Removable::Removed) => message.header.cred = None,
            Some(Removable::Set(CredChoice::Word(word))) => message.header.cred = cred(word),
            Some(Removable::Set(CredChoice::Given(given))) => message.header.cred = Some(given.clone()),
        }
        if let Some(is_final) = self.with.is_final {
            message.is_final = is_final;
        }
        self.commands(message);
        self.statuses(message);
        self.edit(message)?;
        number(&mut message.commands);
        Ok(())
    }

    fn header(&self, message: &mut Message) {
        let (with, header) = (&self.with, &mut message.header);
        // What cannot be left out takes the value that stands for nothing.
        let versions = dmsc_dm::syncml::SyncHdr::default();
        let plain = |set: &Removable<SessionText>| match set {
            Removable::Removed => Removable::Removed,
            Removable::Set(SessionText(text)) => Removable::Set(text.clone()),
        };
        let session_id = with.session_id.as_ref().map(plain);
        let required = [
            (&with.ver_dtd, &mut header.ver_dtd, versions.ver_dtd),
            (&with.ver_proto, &mut header.ver_proto, versions.ver_proto),
            (&session_id, &mut header.session_id, versions.session_id),
            (&with.msg_id, &mut header.msg_id, versions.msg_id),
            (&with.target, &mut header.target, versions.target),
            (&with.source, &mut header.source, versions.source),
        ];
        for (set, place, default) in required {
            if let Some(set) = set {
                *place = set.clone().into_option().map_or(default, Text::from);
            }
        }
        let optional = [
            (&with.target_name, &mut header.target_name),
            (&with.source_name, &mut header.source_name),
            (&with.resp_uri, &mut header.resp_uri),
            (&with.max_msg_size, &mut header.max_msg_size),
            (&with.max_obj_size, &mut header.max_obj_size),
        ];
        for (set, place) in optional {
            if let Some(set) = set {
                *place = set.clone().into_option().map(Text::from);
            }
        }
        if let Some(no_resp) = &with.no_resp {
            header.no_resp = no_resp.clone().into_option().unwrap_or_default();
        }
    }

    fn commands(&self, message: &mut Message) {
        if let Some(names) = &self.with.without {
            message.commands.retain(|command| !names.iter().any(|name| name == command.cmd.as_str()));
        }
        let plain = |forms: &[Form<Command>]| forms.iter().map(|Form(command)| command.clone()).collect::<Vec<_>>();
        if let Some(commands) = &self.with.commands {
            message.commands.retain(|command| command.cmd == CommandName::Status);
            message.commands.extend(plain(commands));
        }
        if let Some(commands) = &self.with.append {
            message.commands.extend(plain(commands));
        }
    }

    fn statuses(&self, message: &mut Message) {
        for (name, choice) in self.with.status.iter().flatten() {
            let answers = |command: &Command| {
                command.cmd == CommandName::Status && command.name.as_deref() == Some(name.as_str())
            };
            match choice {
                None => {}
                Some(StatusChoice::None) => message.commands.retain(|command| !answers(command)),
                Some(StatusChoice::Code(code)) => {
                    let code = Data::from(code.to_string());
                    let them = message.commands.iter_mut().filter(|command| answers(command));
                    them.for_each(|command| command.data = Some(code.clone()));
                }
            }
        }
        if let (Some(choice), Some(status)) = (&self.with.chal, header_status(&mut message.commands)) {
            status.chal = match choice {
                Removable::Removed | Removable::Set(ChalChoice::None) => None,
                Removable::Set(ChalChoice::Given(chal)) => Some(Box::new(chal.clone())),
            };
        }
    }

    /// `edit`: for each command that a template accepts, fields to set.
    fn edit(&self, message: &mut Message) -> Result<(), DirectiveError> {
        for Edit { which, with } in self.with.edit.iter().flatten() {
            for command in &mut message.commands {
                let mut tree = serde_json::to_value(&*command).map_err(|e| DirectiveError(e.to_string()))?;
                if !which.accepts(&tree) {
                    continue;
                }
                if let Value::Object(map) = &mut tree {
                    map.extend(with.iter().map(|(name, value)| (name.clone(), value.clone())));
                    map.retain(|_, value| !value.is_null());
                }
                let read =
                    Form::<Command>::read(&tree).map_err(|problem| DirectiveError(format!("edit.with: {problem}")));
                *command = read?.0;
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
                command.cmd_id = next.to_string().into();
            }
            fill(&mut command.commands, next);
        }
    }
    let mut next = highest(commands);
    fill(commands, &mut next);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn directive(value: Value) -> Directive {
        let Value::Object(fields) = value else { panic!("a mapping") };
        Directive::new(&fields).unwrap()
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
        assert_eq!((m.header.session_id.as_str(), m.header.source_name.as_deref(), m.is_final), ("1234", None, false));
        directive(json!({"session_id": "0a5"})).apply(&mut m, |_| None).unwrap();
        assert_eq!(m.header.session_id, "0a5");
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
    fn a_mac_is_the_senders_or_what_is_asked_for() {
        let mac = |value: Value| {
            let computed = |word: &str| (word == "wrong").then(|| "computed".to_owned());
            directive(value).mac(Some("own".into()), computed)
        };
        assert_eq!(mac(json!({})).as_deref(), Some("own"));
        assert_eq!(mac(json!({ "mac": null })), None);
        assert_eq!(mac(json!({ "mac": "none" })), None);
        assert_eq!(mac(json!({ "mac": "wrong" })).as_deref(), Some("computed"));
        let given = json!({ "mac": { "username": "me", "mac": "AA==" } });
        assert_eq!(mac(given).as_deref(), Some("username=\"me\", mac=AA=="));
        assert_eq!(directive(json!({ "secret": "s" })).secret(), Some("s"));
    }

    #[test]
    fn errors_name_the_field() {
        let error = |value: Value| {
            let Value::Object(fields) = value else { panic!("a mapping") };
            Directive::new(&fields).unwrap_err().to_string()
        };
        assert!(error(json!({ "sesion_id": 1 })).starts_with("sesion_id: no such field among those of `dm.directive`"));
        assert_eq!(
            error(json!({ "cred": "maybe" })),
            "cred: \"maybe\" is none of valid, none, wrong, default-nonce, default-nonce-wrong"
        );
        assert!(error(json!({ "commands": 3 })).starts_with("commands: 3 does not fit"));
        assert!(error(json!({ "append": [{ "cmd": "Get", "itms": [] }] })).starts_with("append: 0: "));
        assert_eq!(error(json!({ "status": { "Alert": "x" } })), "status: Alert: \"x\" is neither a code nor `none`");
    }
}
