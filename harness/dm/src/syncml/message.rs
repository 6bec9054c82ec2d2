//! The message types. Field order follows the document type where it defines one.

use serde::{Deserialize, Serialize};

use super::{AlertCode, Data, StatusCode};
use crate::auth_type::AuthType;
use crate::serde_form;

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
    pub ver_dtd: String,
    /// Protocol version; `DM/1.2` in DM 1.2.
    pub ver_proto: String,
    /// Session identifier as carried.
    #[serde(deserialize_with = "serde_form::text")]
    pub session_id: String,
    /// Message number within session and direction as carried; the first is `1`.
    #[serde(deserialize_with = "serde_form::text")]
    pub msg_id: String,
    /// LocURI of Target: the receiver.
    pub target: String,
    /// LocName of Target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// LocURI of Source: the sender.
    pub source: String,
    /// LocName of Source: the user name under MD5 and MAC authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// Address for the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resp_uri: Option<String>,
    /// NoResp; not used in DM.
    #[serde(skip_serializing_if = "serde_form::is_false")]
    pub no_resp: bool,
    /// Credentials of the sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred: Option<Cred>,
    /// Meta MaxMsgSize: octets of a message the sender can receive.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_msg_size: Option<String>,
    /// Meta MaxObjSize: octets of an object the sender can receive.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_obj_size: Option<String>,
}

impl Default for SyncHdr {
    /// A header with the versions of DM 1.2 and message number 1; addresses and session are empty.
    fn default() -> Self {
        Self {
            ver_dtd: "1.2".to_owned(),
            ver_proto: "DM/1.2".to_owned(),
            session_id: String::new(),
            msg_id: "1".to_owned(),
            target: String::new(),
            target_name: None,
            source: String::new(),
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
    pub format: Option<String>,
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
    pub format: Option<String>,
    /// Meta Type: the scheme asked for.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<AuthType>,
    /// Meta NextNonce as carried: base64 of the nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_nonce: Option<String>,
}

impl Chal {
    /// A challenge to send a name and a password, which take no nonce (DMSEC 5.3).
    #[must_use]
    pub fn basic() -> Self {
        Self { format: Some("b64".to_owned()), type_: Some(AuthType::Basic), next_nonce: None }
    }

    /// A challenge of that scheme with a nonce for the next credentials.
    #[must_use]
    pub fn new(auth_type: AuthType, nonce: &[u8]) -> Self {
        Self { format: Some("b64".to_owned()), type_: Some(auth_type), next_nonce: Some(crate::base64::base64(nonce)) }
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

    /// Whether the command holds other commands.
    #[must_use]
    pub fn nests(&self) -> bool {
        matches!(self, Self::Sequence | Self::Atomic)
    }
}

impl From<&str> for CommandName {
    fn from(name: &str) -> Self {
        match name {
            "Add" => Self::Add,
            "Alert" => Self::Alert,
            "Atomic" => Self::Atomic,
            "Copy" => Self::Copy,
            "Delete" => Self::Delete,
            "Exec" => Self::Exec,
            "Get" => Self::Get,
            "Replace" => Self::Replace,
            "Results" => Self::Results,
            "Sequence" => Self::Sequence,
            "Status" => Self::Status,
            _ => Self::Unknown(name.to_owned()),
        }
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
    pub cmd_id: String,
    /// Status, Results: MsgID of the message answered.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub msg_ref: Option<String>,
    /// Status, Results: CmdID of the command answered; `0` for the SyncHdr.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub cmd_ref: Option<String>,
    /// Status: Cmd, the name of the command answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Status, Results: TargetRef.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub target_ref: Vec<String>,
    /// Status, Results: SourceRef.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub source_ref: Vec<String>,
    /// Cred; never used here in DM, kept so that a misuse can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cred: Option<Cred>,
    /// Status: Chal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chal: Option<Chal>,
    /// Status: the status code; Alert: the alert code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Exec, Alert: Correlator, which ties an asynchronous result to its Exec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlator: Option<String>,
    /// Meta for all items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
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
    pub fn new(cmd: CommandName, cmd_id: impl Into<String>) -> Self {
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
    pub target: Option<String>,
    /// LocName of Target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_name: Option<String>,
    /// LocURI of Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// LocName of Source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<String>,
    /// LocURI of SourceParent; not used in DM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_parent: Option<String>,
    /// LocURI of TargetParent; not used in DM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_parent: Option<String>,
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

/// Meta information (MetInf 1.2); sizes in octets, as carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Meta {
    /// Format of the data: chr, int, b64, bin, bool, xml, node, null, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Type of the data: a media type, or the namespaced type of a generic alert.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Size of the whole object, in the first chunk of a large one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub size: Option<String>,
    /// Mark: importance level of a generic alert (DMPRO 8.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// NextNonce; its place is a Chal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_nonce: Option<String>,
    /// MaxMsgSize; its place is the SyncHdr.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_msg_size: Option<String>,
    /// MaxObjSize; its place is the SyncHdr.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub max_obj_size: Option<String>,
    /// EMI: experimental meta information, one entry an element.
    #[serde(skip_serializing_if = "Vec::is_empty", with = "serde_form::one_or_many")]
    pub emi: Vec<String>,
}

impl Meta {
    /// Meta with Format and Type.
    #[must_use]
    pub fn new(format: &str, type_: &str) -> Self {
        Self { format: Some(format.to_owned()), type_: Some(type_.to_owned()), ..Self::default() }
    }

    /// Whether nothing is set, so that no Meta element is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
