//! Kinds of message: what a case names, who says it, and what both roles do with it.

use std::borrow::Cow;

use dmsc_uicc::command::CommandType;
use dmsc_uicc::envelope::{EnvelopeTag, Event};

use crate::role::Role;

/// A kind of message, as one role knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// The name in cases.
    pub name: Cow<'static, str>,
    /// What it is.
    pub doc: Cow<'static, str>,
    /// The role that sends or hears it.
    pub role: Role,
    /// What it stands for.
    pub what: What,
    /// Whether a case of this role can `send` it.
    pub sent: bool,
    /// Whether a case of this role can `expect` it.
    pub heard: bool,
    /// Whether it needs the contact interface; other kinds work over byte streams too.
    pub contact: bool,
    /// The group of the fields that whoever sends it can set: `with`, here or in a fault.
    pub build: Option<&'static str>,
    /// The group of the fields that `match` and `where` look at.
    pub fields: &'static str,
    /// The group of the fields that `reply` can set; none when the message wants no answer.
    pub reply: Option<&'static str>,
    /// Whether a reference DUT builds such messages where a fault can change them.
    pub patched: bool,
}

/// What a kind stands for. Without a type it is the family, or the message of no type of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The card is powered.
    PowerOn,
    /// The card is reset without removing power.
    Reset,
    /// An answer to reset.
    Atr,
    /// A command APDU known by its instruction; any other without one.
    Apdu(Option<u8>),
    /// A response APDU.
    Response,
    /// TERMINAL PROFILE.
    Profile,
    /// ENVELOPE; any of this family without a tag.
    Envelope(Option<EnvelopeTag>),
    /// ENVELOPE (EVENT DOWNLOAD); any of this family without an event.
    Event(Option<Event>),
    /// A proactive command; one whose type has no name, or that is given as octets, without a type.
    Command(Option<CommandType>),
    /// TERMINAL RESPONSE to a command; any of this family without a type.
    TerminalResponse(Option<CommandType>),
    /// Package#0 for the DM Client.
    Notification,
    /// A short message.
    Sms,
    /// Octets over a channel, whatever they mean.
    ChannelData,
    /// Whatever makes the DM_SC Server send a notification.
    WakeUp,
    /// The command that delivers a notification has ended.
    Notified,
    /// A connection is opened.
    Connect,
    /// A connection is closed.
    Disconnect,
    /// A connection was opened, closed or refused.
    Connection,
    /// An HTTP request.
    HttpRequest,
    /// An HTTP response.
    HttpResponse,
    /// An interim HTTP response, which the final one follows.
    HttpInterim,
    /// Octets that are no HTTP message.
    HttpGarbage,
    /// An HTTP message with no DM message in it that can be read.
    DmUnreadable,
    /// A DM message.
    DmMessage,
    /// The client has the last message of a session.
    SessionOver,
    /// A message of TLS, or what became of a connection with it.
    Tls(super::tls::Tls),
}

impl What {
    /// Whether what a DUT does depends on a notification that reaches it, or comes from it.
    pub fn needs_notification(self) -> bool {
        matches!(self, What::Notification | What::WakeUp)
    }
}

impl Kind {
    /// Whether a message heard under this name is one of the kind: the names are equal, or the kind is a family and the
    /// message belongs to it.
    pub fn takes(&self, heard: &str) -> bool {
        self.name == heard
            || match self.what {
                What::Envelope(None) | What::Event(None) | What::TerminalResponse(None) => {
                    heard.strip_prefix(&*self.name).is_some_and(|rest| rest.starts_with('.'))
                }
                // The codec names a type without a name after its code: `command-7F`.
                What::Command(None) => {
                    CommandType::from_name(heard).is_some_and(|command| command.known_name().is_none())
                }
                _ => false,
            }
    }
}

/// A kind, declared once for both roles: that of whoever says it, and that of whoever hears it.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    sender: Role,
    what: What,
    name: Cow<'static, str>,
    doc: Cow<'static, str>,
    sent: bool,
    heard: bool,
    contact: bool,
    patched: bool,
    build: Option<&'static str>,
    fields: &'static str,
    reply: Option<&'static str>,
}

impl Declaration {
    /// A message that `sender` says over the contact interface. It has no fields, and is neither sent nor heard, until
    /// more is said of it.
    pub(super) fn new(
        sender: Role,
        what: What,
        name: impl Into<Cow<'static, str>>,
        doc: impl Into<Cow<'static, str>>,
    ) -> Declaration {
        Declaration {
            sender,
            what,
            name: name.into(),
            doc: doc.into(),
            sent: false,
            heard: false,
            contact: true,
            patched: false,
            build: None,
            fields: NONE,
            reply: None,
        }
    }

    /// It works over byte streams, too.
    pub(super) fn anywhere(self) -> Declaration {
        Declaration { contact: false, ..self }
    }

    /// The fields that whoever sends it can set.
    pub(super) fn built_of(self, group: &'static str) -> Declaration {
        Declaration { build: Some(group), ..self }
    }

    /// A case that plays the sender can send it.
    pub(super) fn sent(self) -> Declaration {
        Declaration { sent: true, build: self.build.or(Some(NONE)), ..self }
    }

    /// A case that plays the other side can expect it, and sees these fields.
    pub(super) fn heard(self, fields: &'static str) -> Declaration {
        Declaration { heard: true, fields, ..self }
    }

    /// It is answered, and the answer is made of these fields.
    pub(super) fn answered(self, group: &'static str) -> Declaration {
        Declaration { reply: Some(group), ..self }
    }

    /// A fault can change it.
    pub(super) fn patched(self) -> Declaration {
        Declaration { patched: true, ..self }
    }

    /// The kind as a role knows it; none where the role has nothing to do with it.
    pub(super) fn for_role(&self, role: Role) -> Option<Kind> {
        let ours = role == self.sender;
        let (sent, heard) = (ours && self.sent, !ours && self.heard);
        (sent || heard).then(|| Kind {
            name: self.name.clone(),
            doc: self.doc.clone(),
            role,
            what: self.what,
            sent,
            heard,
            contact: self.contact,
            build: self.build,
            fields: self.fields,
            reply: self.reply.filter(|_| heard),
            patched: heard && self.patched,
        })
    }
}

/// The group without fields.
pub(crate) const NONE: &str = "none";
