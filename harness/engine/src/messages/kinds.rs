//! The kinds of message of both roles.

use dmsc_uicc::command::CommandType;
use dmsc_uicc::envelope::{EnvelopeTag, Event};

use super::{Kind, Role};

/// Every kind, role by role, in the order of the reference.
pub(super) fn kinds() -> Vec<Kind> {
    let mut all = card();
    all.extend(terminal());
    all
}

/// Where a kind works.
const CONTACT: bool = true;
const ANYWHERE: bool = false;

fn kind(role: Role, name: impl Into<String>, fields: &'static str, contact: bool, doc: impl Into<String>) -> Kind {
    Kind {
        name: name.into(),
        doc: doc.into(),
        role,
        sent: false,
        heard: false,
        contact,
        build: None,
        fields,
        reply: None,
    }
}

impl Kind {
    fn sent(mut self, build: &'static str) -> Kind {
        self.sent = true;
        self.build = Some(build);
        self
    }

    fn heard(mut self, build: Option<&'static str>, reply: Option<&'static str>) -> Kind {
        self.heard = true;
        self.build = self.build.or(build);
        self.reply = reply;
        self
    }
}

/// APDUs that terminals send and that are known by their instruction only.
const PLAIN_APDUS: [(&str, &str); 18] = [
    ("select", "SELECT."),
    ("status", "STATUS."),
    ("read-binary", "READ BINARY."),
    ("read-record", "READ RECORD."),
    ("update-binary", "UPDATE BINARY."),
    ("update-record", "UPDATE RECORD."),
    ("search-record", "SEARCH RECORD."),
    ("verify-pin", "VERIFY PIN."),
    ("change-pin", "CHANGE PIN."),
    ("disable-pin", "DISABLE PIN."),
    ("enable-pin", "ENABLE PIN."),
    ("unblock-pin", "UNBLOCK PIN."),
    ("terminal-capability", "TERMINAL CAPABILITY."),
    ("authenticate", "AUTHENTICATE."),
    ("manage-channel", "MANAGE CHANNEL."),
    ("get-response", "GET RESPONSE."),
    ("fetch", "FETCH."),
    ("apdu", "Any other APDU."),
];

/// Plain APDUs that a case of the role terminal can send.
const SENT_APDUS: [&str; 5] = ["status", "select", "read-binary", "read-record", "apdu"];

/// The kinds of ENVELOPE that have a name, with their texts.
fn envelopes() -> Vec<(String, String)> {
    let tags = EnvelopeTag::ALL.iter().filter(|tag| **tag != EnvelopeTag::EventDownload);
    let mut all: Vec<(String, String)> = tags
        .filter_map(|tag| tag.known_name())
        .map(|name| (format!("envelope.{name}"), format!("ENVELOPE ({})", spaced(name))))
        .collect();
    all.extend(
        Event::NAMES
            .iter()
            .map(|name| (format!("event.{name}"), format!("ENVELOPE (event download: {})", spaced(name)))),
    );
    all
}

fn commands() -> impl Iterator<Item = (&'static str, String)> {
    CommandType::NAMES.iter().map(|name| (*name, name.replace('-', " ").to_uppercase()))
}

fn spaced(name: &str) -> String {
    name.replace('-', " ")
}

fn card() -> Vec<Kind> {
    let role = Role::Card;
    let answered = Some("apdu.reply");
    let mut all = vec![
        kind(role, "power-on", "none", CONTACT, "The terminal powers the card.").heard(None, None),
        kind(role, "reset", "none", CONTACT, "The terminal resets the card without removing power.").heard(None, None),
    ];
    all.extend(
        PLAIN_APDUS.map(|(name, doc)| kind(role, name, "apdu", CONTACT, doc).heard(Some("apdu.with"), answered)),
    );
    all.push(
        kind(role, "terminal-profile", "terminal-profile", CONTACT, "TERMINAL PROFILE.")
            .heard(Some("terminal-profile.with"), answered),
    );
    let envelope =
        |name: String, doc: String| kind(role, name, "envelope", CONTACT, doc).heard(Some("envelope.with"), answered);
    all.extend(envelopes().into_iter().map(|(name, doc)| envelope(name, format!("{doc}."))));
    all.push(envelope("envelope".into(), "Any ENVELOPE but event downloads.".into()));
    all.push(envelope("event".into(), "Any event download.".into()));
    let response = |name: String, doc: String| {
        kind(role, name, "terminal-response", CONTACT, doc).heard(Some("terminal-response.with"), answered)
    };
    all.extend(
        commands().map(|(name, title)| {
            response(format!("terminal-response.{name}"), format!("TERMINAL RESPONSE to {title}."))
        }),
    );
    all.push(response("terminal-response".into(), "Any TERMINAL RESPONSE.".into()));
    all.extend([
        kind(role, "http.request", "http.request", ANYWHERE, "An HTTP request of the DM Client to the SCWS.")
            .heard(Some("http.request.with"), Some("http.response.with")),
        kind(role, "http.garbage", "http.garbage", ANYWHERE, "Octets of the DM Client that are no HTTP request.")
            .heard(None, None),
        kind(role, "dm.message", "dm.message", ANYWHERE, "A DM message of the DM Client: Package#1 or #3.")
            .heard(Some("dm.directive"), Some("dm.directive")),
        kind(role, "connection", "connection", ANYWHERE, "The DM Client opened or closed a connection.")
            .heard(None, None),
        kind(role, "notified", "none", ANYWHERE, "The command that delivers a notification to the DUT has ended.")
            .heard(None, None),
    ]);
    all.extend(
        commands().map(|(name, title)| kind(role, name, "command", CONTACT, format!("{title}.")).sent("command")),
    );
    all.extend([
        kind(role, "proactive", "command", CONTACT, "A proactive command given as octets.").sent("proactive.with"),
        kind(
            role,
            "notification",
            "notification",
            ANYWHERE,
            "Package#0 for the DM Client, by way of a channel where there is one.",
        )
        .sent("notification.with"),
    ]);
    all
}

fn terminal() -> Vec<Kind> {
    let role = Role::Terminal;
    let mut all = vec![
        kind(role, "power-on", "none", CONTACT, "Powers the card.").sent("none"),
        kind(role, "reset", "none", CONTACT, "Resets the card without removing power.").sent("none"),
        kind(role, "terminal-profile", "terminal-profile", CONTACT, "TERMINAL PROFILE.").sent("terminal-profile.with"),
    ];
    let sent = PLAIN_APDUS.into_iter().filter(|(name, _)| SENT_APDUS.contains(name));
    all.extend(sent.map(|(name, doc)| {
        let doc = if name == "apdu" { "Any APDU." } else { doc };
        kind(role, name, "apdu", CONTACT, doc).sent("apdu.with")
    }));
    all.extend(
        envelopes()
            .into_iter()
            .map(|(name, doc)| kind(role, name, "envelope", CONTACT, format!("{doc}.")).sent("envelope.with")),
    );
    all.extend([
        kind(role, "wake-up", "none", ANYWHERE, "Whatever makes the DM_SC Server send a notification.").sent("wake-up"),
        kind(role, "connect", "none", ANYWHERE, "Opens a connection to the SCWS.").sent("none"),
        kind(role, "disconnect", "none", ANYWHERE, "Closes the connection.").sent("none"),
        kind(role, "http.request", "http.request", ANYWHERE, "An HTTP request to the SCWS.").sent("http.request.with"),
        kind(role, "atr", "atr", CONTACT, "The answer to power-on and reset.").heard(None, None),
        kind(role, "response", "response", CONTACT, "The response to an APDU.").heard(Some("apdu.reply"), None),
    ]);
    let answered = Some("terminal-response.with");
    all.extend(commands().map(|(name, title)| {
        kind(role, name, "command.heard", CONTACT, format!("{title}.")).heard(Some("command"), answered)
    }));
    all.extend([
        kind(role, "proactive", "command.heard", CONTACT, "A proactive command of a type without a name.")
            .heard(Some("command"), answered),
        kind(role, "notification", "notification", ANYWHERE, "Package#0 for the DM Client; the answer is Package#1.")
            .heard(Some("notification.with"), Some("dm.directive")),
        kind(role, "http.response", "http.response", ANYWHERE, "An HTTP response of the SCWS.")
            .heard(Some("http.response.with"), None),
        kind(role, "http.garbage", "http.garbage", ANYWHERE, "Octets of the SCWS that are no HTTP response.")
            .heard(None, None),
        kind(
            role,
            "dm.message",
            "dm.message",
            ANYWHERE,
            "A DM message: Package#1 or #3 as sent, Package#2 or #4 as heard.",
        )
        .sent("dm.directive")
        .heard(None, Some("dm.directive")),
        kind(role, "connection", "connection", ANYWHERE, "The card opened or closed a connection.").heard(None, None),
        kind(role, "notified", "none", ANYWHERE, "The command that delivers a notification has ended.")
            .heard(None, None),
    ]);
    all
}
