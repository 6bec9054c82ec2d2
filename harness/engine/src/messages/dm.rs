//! DM messages (DMREPPRO, DMPRO): what a case sees of one, and what it sets.

use std::collections::BTreeMap;

use dmsc_dm::auth::MacHeader;
use dmsc_dm::package0::session_id_text;
use dmsc_dm::syncml::{Chal, Command, Cred};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::http::HttpWith;
use super::kind::{Declaration, What};
use super::notification::SessionId;
use super::shape::{FieldSpec, SessionForm, Shape};
use super::table::Table;
use super::value::{Body, FieldValue, Group, Removable, fields};
use crate::dm::Encoding;
use crate::role::Role;
use crate::template::Template;

fields! {
    /// What a case or a fault changes in a DM message that a player is about to send.
    pub struct DmWith = "dm.directive" {
        /// VerDTD.
        ver_dtd: Removable<String>,
        /// VerProto.
        ver_proto: Removable<String>,
        /// SessionID.
        session_id: Removable<SessionText>,
        /// MsgID.
        msg_id: Removable<String>,
        /// LocURI of Target.
        target: Removable<String>,
        /// LocName of Target.
        target_name: Removable<String>,
        /// LocURI of Source.
        source: Removable<String>,
        /// LocName of Source: the user name of the sender.
        source_name: Removable<String>,
        /// RespURI.
        resp_uri: Removable<String>,
        /// NoResp.
        no_resp: Removable<bool>,
        /// MaxMsgSize of the header's Meta.
        max_msg_size: Removable<String> = octets,
        /// MaxObjSize of the header's Meta.
        max_obj_size: Removable<String> = octets,
        /// Cred of the header.
        cred: Removable<CredChoice>,
        /// The header `x-syncml-hmac` around the message, where the account has `mac`.
        mac: Removable<MacChoice>,
        /// The secret behind credentials that a word of `cred` or `mac` names; that of the account unless given.
        secret: String = secret,
        /// Whether Final is there.
        is_final as "final": bool,
        /// Names of commands to leave out.
        without: Vec<String>,
        /// The commands, instead of all but the Status commands.
        commands: Vec<Form<Command>>,
        /// Commands at the end.
        append: Vec<Form<Command>>,
        /// Status codes by command name; `none` leaves the Status out: `{ SyncHdr: 407 }`.
        status: BTreeMap<String, Option<StatusChoice>>,
        /// Chal in the Status of the SyncHdr.
        chal: Removable<ChalChoice>,
        /// Changes to the commands that a template accepts.
        edit: Vec<Edit>,
        /// The encoding; that of the message answered unless given.
        encoding: Encoding,
        /// The whole message: text, or `hex:` and octets.
        body: Body,
        /// The HTTP message around it.
        http: HttpFields,
    }
}

/// What the element SessionID carries: the text of a session id that is given as a number, or any other text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionText(pub String);

impl FieldValue for SessionText {
    fn shape() -> Shape {
        Shape::SessionId(SessionForm::Free)
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Number(_) => SessionId::read(value).map(|SessionId(id)| SessionText(session_id_text(id))),
            _ => String::read(value).map(SessionText),
        }
    }
}

/// A part of a message as the codec itself reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Form<T>(pub T);

/// The group that describes such a part.
pub trait Part: DeserializeOwned {
    /// Its name.
    const GROUP: &'static str;
}

impl Part for Command {
    const GROUP: &'static str = "dm.command";
}

impl Part for Cred {
    const GROUP: &'static str = "dm.cred";
}

impl Part for Chal {
    const GROUP: &'static str = "dm.chal";
}

impl Part for MacHeader {
    const GROUP: &'static str = "dm.mac";
}

impl<T: Part> FieldValue for Form<T> {
    fn shape() -> Shape {
        Shape::Record(T::GROUP)
    }

    fn read(value: &Value) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map(Form).map_err(|error| error.to_string())
    }
}

/// A Cred, or a word for one that the sender computes.
#[derive(Clone, Debug, PartialEq)]
pub enum CredChoice {
    /// As [`CRED_WORDS`] have it.
    Word(&'static str),
    /// This one.
    Given(Cred),
}

/// Words for a Cred: over the right secret and nonce, none, over a wrong secret, over the nonce 0x00000000, over that
/// nonce and a wrong secret.
pub const CRED_WORDS: [&str; 5] = ["valid", "none", "wrong", "default-nonce", "default-nonce-wrong"];

fn cred_word(text: &str) -> Result<&'static str, String> {
    let known = CRED_WORDS.into_iter().find(|word| *word == text);
    known.ok_or_else(|| format!("\"{text}\" is none of {}", CRED_WORDS.join(", ")))
}

impl FieldValue for CredChoice {
    fn shape() -> Shape {
        Shape::WordOr(CRED_WORDS.to_vec(), Box::new(Form::<Cred>::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some(text) => cred_word(text).map(CredChoice::Word),
            None => Form::read(value).map(|Form(cred)| CredChoice::Given(cred)),
        }
    }
}

/// A header `x-syncml-hmac`, or a word for one that the sender computes.
#[derive(Clone, Debug, PartialEq)]
pub enum MacChoice {
    /// As [`CRED_WORDS`] have it.
    Word(&'static str),
    /// This one.
    Given(MacHeader),
}

impl FieldValue for MacChoice {
    fn shape() -> Shape {
        Shape::WordOr(CRED_WORDS.to_vec(), Box::new(Form::<MacHeader>::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some(text) => cred_word(text).map(MacChoice::Word),
            None => Form::read(value).map(|Form(header)| MacChoice::Given(header)),
        }
    }
}

/// What becomes of a Status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChoice {
    /// It is left out.
    None,
    /// It has this code.
    Code(u16),
}

impl FieldValue for StatusChoice {
    fn shape() -> Shape {
        Shape::WordOr(vec!["none"], Box::new(u16::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == "none" {
            return Ok(StatusChoice::None);
        }
        u16::read(value).map(StatusChoice::Code).map_err(|_| format!("{value} is neither a code nor `none`"))
    }
}

/// A Chal, or none.
#[derive(Clone, Debug, PartialEq)]
pub enum ChalChoice {
    /// None.
    None,
    /// This one.
    Given(Chal),
}

impl FieldValue for ChalChoice {
    fn shape() -> Shape {
        Shape::WordOr(vec!["none"], Box::new(Form::<Chal>::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == "none" {
            return Ok(ChalChoice::None);
        }
        Form::read(value).map(|Form(chal)| ChalChoice::Given(chal))
    }
}

/// Fields to set in each command that a template accepts.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which commands.
    pub which: Template,
    /// The fields; `null` leaves one out.
    pub with: Map<String, Value>,
}

impl PartialEq for Edit {
    fn eq(&self, other: &Self) -> bool {
        self.with == other.with && self.which.to_string() == other.which.to_string()
    }
}

impl FieldValue for Edit {
    fn shape() -> Shape {
        Shape::Record("dm.edit")
    }

    fn read(value: &Value) -> Result<Self, String> {
        let (Some(wanted), Some(Value::Object(with))) = (value.get("where"), value.get("with")) else {
            return Err("each entry has `where` and `with`, both mappings".into());
        };
        let which = Template::compile(wanted).map_err(|error| format!("where: {error}"))?;
        Ok(Edit { which, with: with.clone() })
    }
}

/// The fields of an HTTP message, handed on to whatever builds that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HttpFields(pub Map<String, Value>);

impl FieldValue for HttpFields {
    fn shape() -> Shape {
        Shape::Record(HttpWith::NAME)
    }

    fn read(value: &Value) -> Result<Self, String> {
        value.as_object().cloned().map(HttpFields).ok_or_else(|| format!("{value} is no mapping"))
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<DmWith>();
    parts(table);
    view(table);
    let directive = "dm.directive";
    table.kind(
        Declaration::new(
            Role::Terminal,
            What::DmMessage,
            "dm.message",
            "A DM message of the DM Client: Package#1 or #3.",
        )
        .anywhere()
        .built_of(directive)
        .sent()
        .heard("dm.message")
        .answered(directive)
        .patched(),
    );
    table.kind(
        Declaration::new(Role::Card, What::DmMessage, "dm.message", "A DM message of the server: Package#2 or #4.")
            .anywhere()
            .built_of(directive)
            .heard("dm.message")
            .answered(directive)
            .patched(),
    );
    let why = vec![
        text("reason", "Why no DM message can be read, with the place where there is one."),
        f("offset", Shape::COUNT, "The octet at which reading came to its end, counted from 0."),
        f("answered", Shape::COUNT, "The status code that the harness answers a request with; a response has none."),
        f(
            "refused",
            Shape::Bool,
            "It may be right, and the harness does not read such: nothing is held against the sender.",
        ),
        text("media_type", "Media type that the message announces, without parameters."),
    ];
    table.specs("dm.unreadable", why);
    let doc = "An HTTP message with no DM message in it that can be read: not well-formed, of another media type, method or \
               path, or too large.";
    let last = "Whether the last message of it has been taken; otherwise the connection was lost.";
    table.specs("dm.session-over", vec![f("whole", Shape::Bool, last)]);
    let over = "The session is over: the DM Client has taken the last message of it, or has lost its connection.";
    for sender in [Role::Terminal, Role::Card] {
        let kind = Declaration::new(sender, What::SessionOver, "dm.session-over", over).anywhere();
        table.kind(kind.heard("dm.session-over"));
    }
    for sender in [Role::Terminal, Role::Card] {
        let kind = Declaration::new(sender, What::DmUnreadable, "dm.unreadable", doc).anywhere();
        table.kind(kind.heard("dm.unreadable"));
    }
}

fn f(name: &'static str, shape: Shape, doc: &'static str) -> FieldSpec {
    FieldSpec::new(name, shape, doc)
}

fn text(name: &'static str, doc: &'static str) -> FieldSpec {
    f(name, Shape::Text, doc)
}

/// A value: text, or octets that are none.
fn data() -> Shape {
    Shape::TextOr(Box::new(Shape::Record("dm.data")))
}

fn code() -> Shape {
    Shape::Int(0, 0xFFFF)
}

/// What a case sees of a message.
fn view(table: &mut Table) {
    let with = table.specs_of::<DmWith>();
    let header = with.into_iter().take_while(|field| field.name != "cred");
    // What is sent may be any text; what is seen is compared with a session id.
    let header = header.map(|field| match field.shape {
        Shape::SessionId(_) => FieldSpec { shape: Shape::SessionId(SessionForm::Text), ..field },
        _ => field,
    });
    let mut seen: Vec<FieldSpec> = header.collect();
    seen.extend([
        f("cred", Shape::Record("dm.cred"), "Cred of the header."),
        text(
            "credentials",
            "What the Cred, or the MAC of an account with `mac`, was found to be, in the words of `dm.directive`'s `cred`; \
             `replaced-nonce` where it is over the nonce that the latest one has replaced; `none` where there is none.",
        ),
        f("mac", Shape::Record("dm.mac.seen"), "The header `x-syncml-hmac` around it (DMSEC 5.4)."),
        f("encoding", Encoding::shape(), "The encoding of the message."),
        f("package", Shape::Int(1, 3), "Of a client's message: 1 when it opens a session, else 3."),
        f("final", Shape::Bool, "Whether Final is there."),
        f("names", Shape::Text.list(), "Names of the commands, in order."),
        f("alerts", code().list(), "Codes of the Alert commands, in order."),
        f("status", code().map(), "The first Status code for each command name: `{ SyncHdr: 212 }`."),
        f("statuses", Shape::Record("dm.status").list(), "Every Status, in order."),
        f("results", data().map(), "Values of the Results, by URI."),
        f("devinfo", data().map(), "Values of DevInfo that came in a Replace, by leaf: `DevId`."),
        f("commands", Shape::Record("dm.command").list(), "The commands, in order."),
    ]);
    table.seen("dm.message", seen);
    let status = vec![
        text("of", "Name of the command that it answers."),
        f("code", code(), "Status code."),
        text("msg_ref", "MsgRef."),
        text("cmd_ref", "CmdRef."),
        text("target_ref", "The first TargetRef."),
        f("chal", Shape::Record("dm.chal"), "Chal."),
        f("items", Shape::Record("dm.item").list(), "Items."),
    ];
    table.specs("dm.status", status);
}

/// The parts of a message, as the codec has them.
fn parts(table: &mut Table) {
    let texts = || Shape::TextOr(Box::new(Shape::Text.list()));
    table.specs("dm.data", vec![f("hex", Shape::Hex, "Octets that are no readable text.")]);
    let cred = vec![
        text("format", "Format, mostly `b64`."),
        text("type", "Type, such as `syncml:auth-md5`."),
        f("data", data(), "Data."),
    ];
    table.specs("dm.cred", cred);
    let chal = vec![
        text("format", "Format, mostly `b64`."),
        text("type", "Type, such as `syncml:auth-md5`."),
        text("next_nonce", "NextNonce, in base64."),
    ];
    table.specs("dm.chal", chal);
    let mac = vec![
        text("algorithm", "Hash; MD5 where it is left out."),
        text("username", "User name."),
        text("mac", "The MAC, in base64."),
    ];
    table.specs("dm.mac.seen", mac.iter().cloned().chain([text("malformed", "Why it cannot be read.")]).collect());
    table.specs("dm.mac", mac);
    let meta = vec![
        text("format", "Format."),
        text("type", "Type."),
        text("size", "Size."),
        text("mark", "Mark."),
        text("next_nonce", "NextNonce."),
        text("max_msg_size", "MaxMsgSize."),
        text("max_obj_size", "MaxObjSize."),
        text("emi", "EMI."),
    ];
    table.specs("dm.meta", meta);
    let item = vec![
        text("target", "LocURI of Target."),
        text("target_name", "LocName of Target."),
        text("source", "LocURI of Source."),
        text("source_name", "LocName of Source."),
        text("source_parent", "SourceParent."),
        text("target_parent", "TargetParent."),
        f("meta", Shape::Record("dm.meta"), "Meta."),
        f("data", data(), "Data."),
        f("more_data", Shape::Bool, "MoreData."),
    ];
    table.specs("dm.item", item);
    let command = vec![
        text("cmd", "Name of the command, such as `Get`; any name can be sent."),
        text("cmd_id", "CmdID; the next free number unless given."),
        text("msg_ref", "MsgRef, of Status and Results."),
        text("cmd_ref", "CmdRef, of Status and Results."),
        text("name", "Cmd: the name of the command that a Status answers."),
        f("target_ref", texts(), "TargetRef: one, or a list."),
        f("source_ref", texts(), "SourceRef: one, or a list."),
        f("cred", Shape::Record("dm.cred"), "Cred."),
        f("chal", Shape::Record("dm.chal"), "Chal."),
        f("data", data(), "Data: the code of an Alert or a Status."),
        text("correlator", "Correlator."),
        f("meta", Shape::Record("dm.meta"), "Meta."),
        f("items", Shape::Record("dm.item").list(), "Items."),
        f("commands", Shape::Record("dm.command").list(), "Commands inside an Atomic or a Sequence."),
    ];
    table.specs("dm.command", command);
    let edit = vec![
        f("where", Shape::Template("dm.command"), "Which commands."),
        f("with", Shape::Record("dm.command"), "Fields to set; `null` leaves one out."),
    ];
    table.specs("dm.edit", edit);
}
