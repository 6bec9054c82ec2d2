//! From elements to messages: lenient on order, strict on what must be there.

use thiserror::Error;

use super::Data;
use super::data::is_xml_char;
use super::message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
use crate::auth::AuthType;
use crate::element::{Element, Namespace, Node};
use crate::xml;

/// A value, and what was strange about its octets without making it unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// Remarks for people: elements that were skipped, namespaces that are wrong.
    pub warnings: Vec<String>,
}

/// Why elements are no message; the path names the element, counting equal siblings from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The root is something else.
    #[error("the root element is {found}, not SyncML")]
    Root {
        /// Name of the root found.
        found: String,
    },
    /// A mandatory element is missing, or there without content.
    #[error("{path}/{name} is missing or empty")]
    Missing {
        /// Where it should be.
        path: String,
        /// Its name.
        name: &'static str,
    },
    /// An element that holds text holds something else.
    #[error("{path} holds {found} where text is expected")]
    NotText {
        /// The element.
        path: String,
        /// What it holds.
        found: &'static str,
    },
}

impl MessageError {
    /// Path of the element at fault.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Root { found } => found.clone(),
            Self::Missing { path, name } => format!("{path}/{name}"),
            Self::NotText { path, .. } => path.clone(),
        }
    }
}

impl Message {
    /// Reads a message from its SyncML element.
    ///
    /// Child order is free, elements that are not known are skipped with a warning, and so are wrong
    /// namespaces.
    ///
    /// # Errors
    /// [`MessageError`] with the path of the element that is missing or holds the wrong thing.
    pub fn from_element(root: &Element) -> Result<Decoded<Self>, MessageError> {
        if root.name != "SyncML" {
            return Err(MessageError::Root { found: root.name.clone() });
        }
        let mut warnings = Vec::new();
        let mut cursor = Cursor::new(root, "SyncML".to_owned(), Namespace::SyncMl, &mut warnings);
        let mut message = Self::default();
        let (mut header, mut body) = (false, false);
        while let Some((child, mut child_cursor)) = cursor.next_child() {
            match child.name.as_str() {
                "SyncHdr" if !header => {
                    message.header = sync_hdr(&mut child_cursor)?;
                    header = true;
                }
                "SyncBody" if !body => {
                    message.commands = commands(&mut child_cursor, |flag| message.is_final |= flag == "Final")?;
                    body = true;
                }
                _ => child_cursor.skipped(),
            }
        }
        for (found, name) in [(header, "SyncHdr"), (body, "SyncBody")] {
            if !found {
                return Err(cursor.missing(name));
            }
        }
        Ok(Decoded { value: message, warnings })
    }
}

/// An element under its path, handing out its child elements.
struct Cursor<'a, 'w> {
    element: &'a Element,
    path: String,
    /// The vocabulary the children should have.
    namespace: Namespace,
    next: usize,
    warnings: &'w mut Vec<String>,
}

impl<'a, 'w> Cursor<'a, 'w> {
    fn new(element: &'a Element, path: String, namespace: Namespace, warnings: &'w mut Vec<String>) -> Self {
        Self { element, path, namespace, next: 0, warnings }
    }

    /// The next child element, with a cursor over its own children; stray text is remarked and passed.
    fn next_child(&mut self) -> Option<(&'a Element, Cursor<'a, '_>)> {
        loop {
            let index = self.next;
            let node = self.element.children.get(index)?;
            self.next += 1;
            match node {
                Node::Element(child) => {
                    let path = self.child_path(child, index);
                    // Meta names its own vocabulary for what is inside; Meta itself is SyncML.
                    if child.namespace != self.namespace {
                        self.warnings.push(format!(
                            "{path} is in {} instead of {}; read as if it were right",
                            child.namespace,
                            self.namespace.uri()
                        ));
                    }
                    let inside = if child.name == "Meta" { Namespace::MetInf } else { self.namespace.clone() };
                    return Some((child, Cursor::new(child, path, inside, self.warnings)));
                }
                Node::Text(text) if text.trim().is_empty() => {}
                Node::Text(_) | Node::Binary(_) => {
                    self.warnings.push(format!("{} holds character data between elements; skipped", self.path));
                }
            }
        }
    }

    /// Path of a child; the position is told where equal siblings exist.
    fn child_path(&self, child: &Element, index: usize) -> String {
        let twins = self.element.elements().filter(|sibling| sibling.name == child.name).count();
        if twins < 2 {
            return format!("{}/{}", self.path, child.name);
        }
        let before = self.element.children.iter().take(index);
        let position = before.filter(|node| matches!(node, Node::Element(e) if e.name == child.name)).count() + 1;
        format!("{}/{}[{position}]", self.path, child.name)
    }

    fn skipped(&mut self) {
        self.warnings.push(format!("{} is not expected here; skipped", self.path));
    }

    fn missing(&self, name: &'static str) -> MessageError {
        MessageError::Missing { path: self.path.clone(), name }
    }

    /// Puts the text of this element into the slot, unless the slot is taken.
    fn set(&mut self, slot: &mut Option<String>) -> Result<(), MessageError> {
        let text = self.text()?;
        if slot.is_some() {
            self.warnings.push(format!("{} stands here again; the first one counts", self.path));
        } else {
            *slot = Some(text);
        }
        Ok(())
    }

    /// The text of this element, from character data and octets that are UTF-8.
    fn text(&self) -> Result<String, MessageError> {
        let not_text = |found| MessageError::NotText { path: self.path.clone(), found };
        let mut text = String::new();
        for node in &self.element.children {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Binary(octets) => {
                    text.push_str(std::str::from_utf8(octets).map_err(|_| not_text("octets that are not UTF-8"))?);
                }
                Node::Element(_) => return Err(not_text("elements")),
            }
        }
        Ok(text)
    }

    /// The content of a Data element of that Meta Format.
    ///
    /// WBXML does not tell text from octets: an OPAQUE may be either. It is taken for text if XML could
    /// carry it, unless the format is `bin`.
    fn data(&mut self, format: Option<&str>) -> Data {
        if self.element.elements().next().is_some() {
            self.warnings.push(format!("{} holds elements; kept as their XML text", self.path));
            return Data::Text(xml::fragment(&self.element.children));
        }
        let mut octets = Vec::new();
        let mut opaque = false;
        for node in &self.element.children {
            match node {
                Node::Text(part) => octets.extend_from_slice(part.as_bytes()),
                Node::Binary(part) => {
                    opaque = true;
                    octets.extend_from_slice(part);
                }
                Node::Element(_) => {}
            }
        }
        match String::from_utf8(octets) {
            Ok(text) if !opaque || (format != Some("bin") && text.chars().all(is_xml_char)) => Data::Text(text),
            Ok(text) => Data::Binary(text.into_bytes()),
            Err(error) => Data::Binary(error.into_bytes()),
        }
    }
}

fn required(slot: Option<String>, cursor: &Cursor<'_, '_>, name: &'static str) -> Result<String, MessageError> {
    slot.filter(|text| !text.is_empty()).ok_or_else(|| cursor.missing(name))
}

fn sync_hdr(cursor: &mut Cursor<'_, '_>) -> Result<SyncHdr, MessageError> {
    let mut header = SyncHdr::default();
    let (mut ver_dtd, mut ver_proto, mut session_id, mut msg_id) = (None, None, None, None);
    let (mut target, mut source) = (None, None);
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "VerDTD" => inner.set(&mut ver_dtd)?,
            "VerProto" => inner.set(&mut ver_proto)?,
            "SessionID" => inner.set(&mut session_id)?,
            "MsgID" => inner.set(&mut msg_id)?,
            "Target" => location(&mut inner, &mut target, &mut header.target_name)?,
            "Source" => location(&mut inner, &mut source, &mut header.source_name)?,
            "RespURI" => inner.set(&mut header.resp_uri)?,
            "NoResp" => header.no_resp = true,
            "Cred" => header.cred = Some(cred(&mut inner)?),
            "Meta" => {
                let meta = meta(&mut inner)?;
                header.max_msg_size = meta.max_msg_size;
                header.max_obj_size = meta.max_obj_size;
            }
            _ => inner.skipped(),
        }
    }
    header.ver_dtd = required(ver_dtd, cursor, "VerDTD")?;
    header.ver_proto = required(ver_proto, cursor, "VerProto")?;
    header.session_id = required(session_id, cursor, "SessionID")?;
    header.msg_id = required(msg_id, cursor, "MsgID")?;
    header.target = required(target, cursor, "Target")?;
    header.source = required(source, cursor, "Source")?;
    Ok(header)
}

/// Target, Source and their parents: an address and perhaps a name.
fn location(
    cursor: &mut Cursor<'_, '_>,
    uri: &mut Option<String>,
    name: &mut Option<String>,
) -> Result<(), MessageError> {
    let mut found = false;
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "LocURI" => {
                found = true;
                inner.set(uri)?;
            }
            "LocName" => inner.set(name)?,
            _ => inner.skipped(),
        }
    }
    if found { Ok(()) } else { Err(cursor.missing("LocURI")) }
}

/// The commands of a SyncBody, Sequence or Atomic; elements that are no commands go to `flag`.
fn commands(cursor: &mut Cursor<'_, '_>, mut flag: impl FnMut(&str)) -> Result<Vec<Command>, MessageError> {
    let mut commands = Vec::new();
    while let Some((child, mut inner)) = cursor.next_child() {
        let name = CommandName::from(child.name.as_str());
        match name {
            CommandName::Unknown(name) if name == "Final" => flag("Final"),
            CommandName::Unknown(_) if child.child("CmdID").is_none() => inner.skipped(),
            name => commands.push(command(name, &mut inner)?),
        }
    }
    Ok(commands)
}

fn command(cmd: CommandName, cursor: &mut Cursor<'_, '_>) -> Result<Command, MessageError> {
    let mut command = Command::new(cmd, "");
    let mut cmd_id = None;
    // Items may stand before the Meta whose Format they inherit.
    let inherited = format_of(cursor.element);
    let nests = command.cmd.nests();
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "CmdID" => inner.set(&mut cmd_id)?,
            "MsgRef" => inner.set(&mut command.msg_ref)?,
            "CmdRef" => inner.set(&mut command.cmd_ref)?,
            "Cmd" => inner.set(&mut command.name)?,
            "TargetRef" => command.target_ref.push(inner.text()?),
            "SourceRef" => command.source_ref.push(inner.text()?),
            "Cred" => command.cred = Some(cred(&mut inner)?),
            "Chal" => command.chal = Some(chal(&mut inner)?),
            "Data" => command.data = Some(inner.data(None)),
            "Correlator" => inner.set(&mut command.correlator)?,
            "Meta" => command.meta = Some(meta(&mut inner)?),
            "Item" => command.items.push(item(&mut inner, inherited)?),
            name if nests && child.child("CmdID").is_some() => {
                let nested = self::command(CommandName::from(name), &mut inner)?;
                command.commands.push(nested);
            }
            name if nests && !matches!(CommandName::from(name), CommandName::Unknown(_)) => {
                return Err(inner.missing("CmdID"));
            }
            _ => inner.skipped(),
        }
    }
    command.cmd_id = required(cmd_id, cursor, "CmdID")?;
    match command.cmd {
        CommandName::Status => {
            for (missing, name) in [
                (command.msg_ref.is_none(), "MsgRef"),
                (command.cmd_ref.is_none(), "CmdRef"),
                (command.name.is_none(), "Cmd"),
                (command.data.is_none(), "Data"),
            ] {
                if missing {
                    return Err(cursor.missing(name));
                }
            }
        }
        CommandName::Results if command.cmd_ref.is_none() => return Err(cursor.missing("CmdRef")),
        CommandName::Results
        | CommandName::Add
        | CommandName::Replace
        | CommandName::Delete
        | CommandName::Get
        | CommandName::Copy
        | CommandName::Exec
            if command.items.is_empty() =>
        {
            return Err(cursor.missing("Item"));
        }
        CommandName::Alert if command.data.is_none() => return Err(cursor.missing("Data")),
        _ => {}
    }
    Ok(command)
}

/// The Format in the Meta of an element, whether or not MetInf is spelled out.
fn format_of(element: &Element) -> Option<&str> {
    let meta = element.child("Meta")?;
    let meta = meta.child("MetInf").unwrap_or(meta);
    meta.child("Format")?.text()
}

fn item(cursor: &mut Cursor<'_, '_>, inherited: Option<&str>) -> Result<Item, MessageError> {
    let mut item = Item::default();
    let format = format_of(cursor.element).or(inherited);
    let mut no_name = None;
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "Target" => location(&mut inner, &mut item.target, &mut item.target_name)?,
            "Source" => location(&mut inner, &mut item.source, &mut item.source_name)?,
            "SourceParent" => location(&mut inner, &mut item.source_parent, &mut no_name)?,
            "TargetParent" => location(&mut inner, &mut item.target_parent, &mut no_name)?,
            "Meta" => item.meta = Some(meta(&mut inner)?),
            "Data" => item.data = Some(inner.data(format)),
            "MoreData" => item.more_data = true,
            _ => inner.skipped(),
        }
    }
    Ok(item)
}

fn cred(cursor: &mut Cursor<'_, '_>) -> Result<Cred, MessageError> {
    let mut cred = Cred::default();
    let format = format_of(cursor.element);
    let mut data = None;
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "Meta" => {
                let meta = meta(&mut inner)?;
                cred.format = meta.format;
                cred.type_ = meta.type_.map(AuthType::from);
            }
            "Data" => data = Some(inner.data(format)),
            _ => inner.skipped(),
        }
    }
    cred.data = data.ok_or_else(|| cursor.missing("Data"))?;
    Ok(cred)
}

fn chal(cursor: &mut Cursor<'_, '_>) -> Result<Chal, MessageError> {
    let mut chal = None;
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "Meta" => {
                let meta = meta(&mut inner)?;
                chal = Some(Chal {
                    format: meta.format,
                    type_: meta.type_.map(AuthType::from),
                    next_nonce: meta.next_nonce,
                });
            }
            _ => inner.skipped(),
        }
    }
    chal.ok_or_else(|| cursor.missing("Meta"))
}

fn meta(cursor: &mut Cursor<'_, '_>) -> Result<Meta, MessageError> {
    let mut meta = Meta::default();
    meta_into(cursor, &mut meta)?;
    Ok(meta)
}

fn meta_into(cursor: &mut Cursor<'_, '_>, meta: &mut Meta) -> Result<(), MessageError> {
    while let Some((child, mut inner)) = cursor.next_child() {
        match child.name.as_str() {
            "Format" => inner.set(&mut meta.format)?,
            "Type" => inner.set(&mut meta.type_)?,
            "Size" => inner.set(&mut meta.size)?,
            "Mark" => inner.set(&mut meta.mark)?,
            "NextNonce" => inner.set(&mut meta.next_nonce)?,
            "MaxMsgSize" => inner.set(&mut meta.max_msg_size)?,
            "MaxObjSize" => inner.set(&mut meta.max_obj_size)?,
            "EMI" => meta.emi.push(inner.text()?),
            // The wrapper is optional; what is inside counts as if it stood in Meta.
            "MetInf" => meta_into(&mut inner, meta)?,
            _ => inner.skipped(),
        }
    }
    Ok(())
}
