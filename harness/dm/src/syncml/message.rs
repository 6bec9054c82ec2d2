//! The message types. Field order follows the document type where it defines one.

use serde::{Deserialize, Serialize};

use super::{AlertCode, Data, StatusCode, Text};
use crate::auth_type::AuthType;
use crate::serde_form;
use crate::word::Word;

/// A SyncML message: one header, commands, and whether it ends its package (DMREPPRO).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Message {
    /// The SyncHdr.
    pub header: SyncHdr,
    /// The commands of the SyncBody in their order.
    pub commands: Vec<Command>,
    /// Whether the SyncBody has Final: the last message of its package.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// Header of a message (DMREPPRO, SyncHdr).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyncHdr {
    /// Version of the document type; `1.2` in DM 1.2.
    #[serde(deserialize_with = "serde_form::text")]
    pub ver_dtd: Text,
    /// Protocol version; `DM/1.2` in DM 1.2.
    pub ver_proto: Text,
    /// Session identifier as carried.
    #[serde(deserialize_with = "serde_form::text")]
    pub session_id: Text,
    /// Message number within session and direction as carried; the first is `1`.
    #[serde(deserialize_with = "serde_form::text")]
    pub msg_id: Text,
    /// LocURI of Target: the receiver.
    pub target: Text,
    /// LocName of Target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<Text>,
    /// LocURI of Source: the sender.
    pub source: Text,
    /// LocName of Source: the user name under MD5 and MAC authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<Text>,
    /// Address for the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resp_uri: Option<Text>,
    /// NoResp; not used in DM.
    #[serde(skip_serializing_if = "serde_form::is_false")]
    pub no_resp: bool,
    /// Credentials of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred: Option<Cred>,
    /// Meta MaxMsgSize: octets of a message the sender can receive.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_msg_size: Option<Text>,
    /// Meta MaxObjSize: octets of an object the sender can receive.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_obj_size: Option<Text>,
}

impl Default for SyncHdr {
    /// A header with the versions of DM 1.2 and message number 1; addresses and session are empty.
    fn default() -> Self {
        Self {
            ver_dtd: Text::new_static("1.2"),
            ver_proto: Text::new_static("DM/1.2"),
            session_id: Text::default(),
            msg_id: Text::new_static("1"),
            target: Text::default(),
            target_name: None,
            source: Text::default(),
            source_name: None,
            resp_uri: None,
            no_resp: false,
            cred: None,
            max_msg_size: None,
            max_obj_size: None,
        }
    }
}

/// Credentials (DMREPPRO, Cred); only in the SyncHdr.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cred {
    /// Meta Format, such as `b64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Text>,
    /// Meta Type: the authentication scheme.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AuthType>,
    /// The credentials as carried.
    pub data: Data,
}

/// An authentication challenge (DMREPPRO, Chal); in the Status of a SyncHdr.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chal {
    /// Meta Format of the nonce, `b64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Text>,
    /// Meta Type: the scheme asked for.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AuthType>,
    /// Meta NextNonce as carried: base64 of the nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_nonce: Option<Text>,
}

impl Chal {
    /// A challenge to send a name and a password, which take no nonce (DMSEC 5.3).
    #[must_use]
    pub fn basic() -> Self {
        Self { format: Some(Text::new_static("b64")), type_: Some(AuthType::Basic), next_nonce: None }
    }

    /// A challenge of that scheme with a nonce for the next credentials.
    #[must_use]
    pub fn new(auth_type: AuthType, nonce: &[u8]) -> Self {
        Self {
            format: Some(Text::new_static("b64")),
            type_: Some(auth_type),
            next_nonce: Some(crate::base64::base64(nonce).into()),
        }
    }

    /// The octets of NextNonce, if it is there and base64.
    #[must_use]
    pub fn nonce(&self) -> Option<Vec<u8>> {
        crate::base64::from_base64(self.next_nonce.as_deref()?).ok()
    }
}

/// Name of a command (DMREPPRO).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum CommandName {
    /// Add.
    Add,
    /// Alert.
    Alert,
    /// Atomic: all or nothing.
    Atomic,
    /// Copy.
    Copy,
    /// Delete.
    Delete,
    /// Exec.
    Exec,
    /// Get.
    Get,
    /// Replace.
    Replace,
    /// Results.
    Results,
    /// Sequence: in order.
    Sequence,
    /// Status.
    Status,
    /// A command DM does not use, such as Put or Search.
    Unknown(String),
}

impl CommandName {
    /// The element's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Add => "Add",
            Self::Alert => "Alert",
            Self::Atomic => "Atomic",
            Self::Copy => "Copy",
            Self::Delete => "Delete",
            Self::Exec => "Exec",
            Self::Get => "Get",
            Self::Replace => "Replace",
            Self::Results => "Results",
            Self::Sequence => "Sequence",
            Self::Status => "Status",
            Self::Unknown(name) => name,
        }
    }

    /// The command of DM that has the word for its name.
    pub(crate) fn of_word(word: Word) -> Option<Self> {
        Some(match word {
            Word::Add => Self::Add,
            Word::Alert => Self::Alert,
            Word::Atomic => Self::Atomic,
            Word::Copy => Self::Copy,
            Word::Delete => Self::Delete,
            Word::Exec => Self::Exec,
            Word::Get => Self::Get,
            Word::Replace => Self::Replace,
            Word::Results => Self::Results,
            Word::Sequence => Self::Sequence,
            Word::Status => Self::Status,
            _ => return None,
        })
    }

    /// The word that is the name, if SyncML has it.
    pub(crate) fn word(&self) -> Option<Word> {
        Some(match self {
            Self::Add => Word::Add,
            Self::Alert => Word::Alert,
            Self::Atomic => Word::Atomic,
            Self::Copy => Word::Copy,
            Self::Delete => Word::Delete,
            Self::Exec => Word::Exec,
            Self::Get => Word::Get,
            Self::Replace => Word::Replace,
            Self::Results => Word::Results,
            Self::Sequence => Word::Sequence,
            Self::Status => Word::Status,
            Self::Unknown(name) => return Word::of(name),
        })
    }

    /// Whether the command holds other commands.
    #[must_use]
    pub fn nests(&self) -> bool {
        matches!(self, Self::Sequence | Self::Atomic)
    }
}

impl From<&str> for CommandName {
    fn from(name: &str) -> Self {
        Word::of(name).and_then(Self::of_word).unwrap_or_else(|| Self::Unknown(name.to_owned()))
    }
}

impl From<String> for CommandName {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<CommandName> for String {
    fn from(name: CommandName) -> Self {
        name.as_str().to_owned()
    }
}

impl std::fmt::Display for CommandName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A command of any kind; each kind uses some of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Which command.
    pub cmd: CommandName,
    /// CmdID as carried, unique within the message.
    #[serde(default, deserialize_with = "serde_form::text")]
    pub cmd_id: Text,
    /// Status, Results: MsgID of the message answered.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub msg_ref: Option<Text>,
    /// Status, Results: CmdID of the command answered; `0` for the SyncHdr.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub cmd_ref: Option<Text>,
    /// Status: Cmd, the name of the command answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Status, Results: TargetRef.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub target_ref: Vec<Text>,
    /// Status, Results: SourceRef.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub source_ref: Vec<Text>,
    /// Cred; never used here in DM, kept so that a misuse can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cred: Option<Box<Cred>>,
    /// Status: Chal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chal: Option<Box<Chal>>,
    /// Status: the status code; Alert: the alert code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Exec, Alert: Correlator, which ties an asynchronous result to its Exec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlator: Option<Text>,
    /// Meta for all items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Box<Meta>>,
    /// The items.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// Sequence, Atomic: the commands inside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Command>,
}

impl Command {
    /// A command with nothing but its name and CmdID.
    #[must_use]
    pub fn new(cmd: CommandName, cmd_id: impl Into<Text>) -> Self {
        Self {
            cmd,
            cmd_id: cmd_id.into(),
            msg_ref: None,
            cmd_ref: None,
            name: None,
            target_ref: Vec::new(),
            source_ref: Vec::new(),
            cred: None,
            chal: None,
            data: None,
            correlator: None,
            meta: None,
            items: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// The status code, if this is a Status with a number in Data.
    #[must_use]
    pub fn status_code(&self) -> Option<StatusCode> {
        self.code(&CommandName::Status).map(StatusCode::from)
    }

    /// The alert code, if this is an Alert with a number in Data.
    #[must_use]
    pub fn alert_code(&self) -> Option<AlertCode> {
        self.code(&CommandName::Alert).map(AlertCode::from)
    }

    /// The text that an element of the command holds, where one may stand and need not.
    pub(crate) fn text(&mut self, word: Word) -> Option<&mut Option<Text>> {
        Some(match word {
            Word::MsgRef => &mut self.msg_ref,
            Word::CmdRef => &mut self.cmd_ref,
            Word::Cmd => &mut self.name,
            Word::Correlator => &mut self.correlator,
            _ => return None,
        })
    }

    /// The first element that the command must have and has not, apart from its CmdID.
    pub(crate) fn lacks(&self) -> Option<&'static str> {
        match self.cmd {
            CommandName::Status => [
                (self.msg_ref.is_none(), "MsgRef"),
                (self.cmd_ref.is_none(), "CmdRef"),
                (self.name.is_none(), "Cmd"),
                (self.data.is_none(), "Data"),
            ]
            .into_iter()
            .find_map(|(missing, name)| missing.then_some(name)),
            CommandName::Results if self.cmd_ref.is_none() => Some("CmdRef"),
            CommandName::Results
            | CommandName::Add
            | CommandName::Replace
            | CommandName::Delete
            | CommandName::Get
            | CommandName::Copy
            | CommandName::Exec
                if self.items.is_empty() =>
            {
                Some("Item")
            }
            CommandName::Alert if self.data.is_none() => Some("Data"),
            _ => None,
        }
    }

    fn code(&self, cmd: &CommandName) -> Option<u16> {
        if self.cmd != *cmd {
            return None;
        }
        self.data.as_ref()?.as_text()?.trim().parse().ok()
    }
}

/// One item of a command (DMREPPRO, Item).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Item {
    /// LocURI of Target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Text>,
    /// LocName of Target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<Text>,
    /// LocURI of Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Text>,
    /// LocName of Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<Text>,
    /// LocURI of SourceParent; not used in DM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_parent: Option<Text>,
    /// LocURI of TargetParent; not used in DM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_parent: Option<Text>,
    /// What the data are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// The data; an empty element is empty text, no element is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// MoreData: a chunk of a large object that is not the last (DMPRO 7).
    #[serde(skip_serializing_if = "serde_form::is_false")]
    pub more_data: bool,
}

impl Item {
    /// Address and name that an element of the item holds. Parents have no name.
    pub(crate) fn location(&mut self, word: Word) -> Option<(&mut Option<Text>, Option<&mut Option<Text>>)> {
        Some(match word {
            Word::Target => (&mut self.target, Some(&mut self.target_name)),
            Word::Source => (&mut self.source, Some(&mut self.source_name)),
            Word::SourceParent => (&mut self.source_parent, None),
            Word::TargetParent => (&mut self.target_parent, None),
            _ => return None,
        })
    }
}

/// Meta information (MetInf 1.2); sizes in octets, as carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Meta {
    /// Format of the data: chr, int, b64, bin, bool, xml, node, null, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Text>,
    /// Type of the data: a media type, or the namespaced type of a generic alert.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<Text>,
    /// Size of the whole object, in the first chunk of a large one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub size: Option<Text>,
    /// Mark: importance level of a generic alert (DMPRO 8.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<Text>,
    /// NextNonce; its place is a Chal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_nonce: Option<Text>,
    /// MaxMsgSize; its place is the SyncHdr.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_msg_size: Option<Text>,
    /// MaxObjSize; its place is the SyncHdr.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_obj_size: Option<Text>,
    /// EMI: experimental meta information, one entry an element.
    #[serde(skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub emi: Vec<Text>,
}

impl Meta {
    /// Meta with Format and Type.
    #[must_use]
    pub fn new(format: &str, type_: &str) -> Self {
        Self { format: Some(format.into()), type_: Some(type_.into()), ..Self::default() }
    }

    /// The text that an element of the Meta holds, where one may stand.
    pub(crate) fn text(&mut self, word: Word) -> Option<&mut Option<Text>> {
        Some(match word {
            Word::Format => &mut self.format,
            Word::Type => &mut self.type_,
            Word::Size => &mut self.size,
            Word::Mark => &mut self.mark,
            Word::NextNonce => &mut self.next_nonce,
            Word::MaxMsgSize => &mut self.max_msg_size,
            Word::MaxObjSize => &mut self.max_obj_size,
            _ => return None,
        })
    }

    /// Whether nothing is set, so that no Meta element is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
