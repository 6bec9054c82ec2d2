//! From elements to messages: lenient on order, strict on what must be there.

use dmsc_octets::Irregularity;
use thiserror::Error;

use super::message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
use super::place::{Place, is_command};
use crate::auth_type::AuthType;
use crate::element::{Element, Elements, shown};
use crate::irregular::Irregularities;
use crate::wbxml::tokens::is_syncml_name;

/// A value, and what was irregular about its octets without making it unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<T> {
    /// The value.
    pub value: T,
    /// What was forgiven, in the order in which it was met: the first of each kind and element, 64 at most.
    pub irregular: Vec<Irregularity>,
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

impl Message {
    /// Reads a message from its SyncML element.
    ///
    /// Child order is free; elements that are not known are skipped, those in a wrong namespace are read as if it were
    /// right, and of two where one may stand the first counts: all irregularities.
    ///
    /// # Errors
    /// [`MessageError`] with the path of the element that is missing or holds the wrong thing.
    pub(crate) fn from_elements(
        elements: &Elements<'_>,
        mut irregular: Irregularities,
    ) -> Result<Decoded<Self>, MessageError> {
        let root = elements.root();
        if root.name() != "SyncML" {
            return Err(MessageError::Root { found: shown(root.name()) });
        }
        let root = Place::root(root, &mut irregular);
        let (mut header, mut body, mut is_final) = (None, None, false);
        root.children(&mut irregular, |child, irregular| {
            match child.name() {
                "SyncHdr" if header.is_none() => header = Some(sync_hdr(child, irregular)?),
                "SyncBody" if body.is_none() => body = Some(sync_body(child, &mut is_final, irregular)?),
                "SyncHdr" | "SyncBody" => child.again(irregular),
                _ => child.skipped(irregular),
            }
            Ok(())
        })?;
        let header = header.ok_or_else(|| root.missing("SyncHdr"))?;
        let commands = body.ok_or_else(|| root.missing("SyncBody"))?;
        Ok(Decoded { value: Self { header, commands, is_final }, irregular: irregular.into_vec() })
    }
}

fn required(slot: Option<String>, place: &Place<'_, '_, '_>, name: &'static str) -> Result<String, MessageError> {
    slot.filter(|text| !text.is_empty()).ok_or_else(|| place.missing(name))
}

fn sync_hdr(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<SyncHdr, MessageError> {
    let mut header = SyncHdr::default();
    let (mut ver_dtd, mut ver_proto, mut session_id, mut msg_id) = (None, None, None, None);
    let (mut target, mut source, mut sizes) = (None, None, None);
    place.children(irregular, |child, irregular| {
        match child.name() {
            "VerDTD" => child.set(&mut ver_dtd, irregular)?,
            "VerProto" => child.set(&mut ver_proto, irregular)?,
            "SessionID" => child.set(&mut session_id, irregular)?,
            "MsgID" => child.set(&mut msg_id, irregular)?,
            "Target" => location(child, &mut target, &mut header.target_name, irregular)?,
            "Source" => location(child, &mut source, &mut header.source_name, irregular)?,
            "RespURI" => child.set(&mut header.resp_uri, irregular)?,
            "NoResp" => child.raise(&mut header.no_resp, irregular),
            "Cred" => {
                let cred = cred(child, irregular)?;
                child.put(&mut header.cred, cred, irregular);
            }
            "Meta" => {
                let meta = meta(child, irregular)?;
                child.put(&mut sizes, (meta.max_msg_size, meta.max_obj_size), irregular);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    header.ver_dtd = required(ver_dtd, place, "VerDTD")?;
    header.ver_proto = required(ver_proto, place, "VerProto")?;
    header.session_id = required(session_id, place, "SessionID")?;
    header.msg_id = required(msg_id, place, "MsgID")?;
    header.target = required(target, place, "Target")?;
    header.source = required(source, place, "Source")?;
    (header.max_msg_size, header.max_obj_size) = sizes.unwrap_or_default();
    Ok(header)
}

/// Target, Source and their parents: an address and perhaps a name.
fn location(
    place: &Place<'_, '_, '_>,
    uri: &mut Option<String>,
    name: &mut Option<String>,
    irregular: &mut Irregularities,
) -> Result<(), MessageError> {
    let mut found = false;
    place.children(irregular, |child, irregular| {
        match child.name() {
            "LocURI" => {
                found = true;
                child.set(uri, irregular)?;
            }
            "LocName" => child.set(name, irregular)?,
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    if found { Ok(()) } else { Err(place.missing("LocURI")) }
}

fn sync_body(
    place: &Place<'_, '_, '_>,
    is_final: &mut bool,
    irregular: &mut Irregularities,
) -> Result<Vec<Command>, MessageError> {
    let mut commands = Vec::new();
    place.children(irregular, |child, irregular| {
        if child.name() == "Final" {
            child.raise(is_final, irregular);
            return Ok(());
        }
        let name = CommandName::from(child.name());
        if is_command(&name, child.element) {
            commands.push(command(name, child, irregular)?);
        } else {
            child.skipped(irregular);
        }
        Ok(())
    })?;
    Ok(commands)
}

fn command(
    cmd: CommandName,
    place: &Place<'_, '_, '_>,
    irregular: &mut Irregularities,
) -> Result<Command, MessageError> {
    if matches!(&cmd, CommandName::Unknown(name) if !is_syncml_name(name)) {
        place.unknown_command(irregular);
    }
    let mut command = Command::new(cmd, "");
    let mut cmd_id = None;
    // Items may stand before the Meta whose Format they inherit.
    let inherited = format_of(place.element);
    let nests = command.cmd.nests();
    place.children(irregular, |child, irregular| {
        match child.name() {
            "CmdID" => child.set(&mut cmd_id, irregular)?,
            "MsgRef" => child.set(&mut command.msg_ref, irregular)?,
            "CmdRef" => child.set(&mut command.cmd_ref, irregular)?,
            "Cmd" => child.set(&mut command.name, irregular)?,
            "TargetRef" => command.target_ref.push(child.text()?),
            "SourceRef" => command.source_ref.push(child.text()?),
            "Cred" => {
                let cred = cred(child, irregular)?;
                child.put(&mut command.cred, cred, irregular);
            }
            "Chal" => {
                let chal = chal(child, irregular)?;
                child.put(&mut command.chal, chal, irregular);
            }
            "Data" => {
                let data = child.data(None, irregular);
                child.put(&mut command.data, data, irregular);
            }
            "Correlator" => child.set(&mut command.correlator, irregular)?,
            "Meta" => {
                let meta = meta(child, irregular)?;
                child.put(&mut command.meta, meta, irregular);
            }
            "Item" => command.items.push(item(child, inherited.as_deref(), irregular)?),
            name if nests && is_command(&CommandName::from(name), child.element) => {
                if child.element.child("CmdID").is_none() {
                    return Err(child.missing("CmdID"));
                }
                command.commands.push(self::command(CommandName::from(name), child, irregular)?);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    command.cmd_id = required(cmd_id, place, "CmdID")?;
    match lacks(&command) {
        Some(name) => Err(place.missing(name)),
        None => Ok(command),
    }
}

/// The first element that the command must have and has not.
fn lacks(command: &Command) -> Option<&'static str> {
    match command.cmd {
        CommandName::Status => [
            (command.msg_ref.is_none(), "MsgRef"),
            (command.cmd_ref.is_none(), "CmdRef"),
            (command.name.is_none(), "Cmd"),
            (command.data.is_none(), "Data"),
        ]
        .into_iter()
        .find_map(|(missing, name)| missing.then_some(name)),
        CommandName::Results if command.cmd_ref.is_none() => Some("CmdRef"),
        CommandName::Results
        | CommandName::Add
        | CommandName::Replace
        | CommandName::Delete
        | CommandName::Get
        | CommandName::Copy
        | CommandName::Exec
            if command.items.is_empty() =>
        {
            Some("Item")
        }
        CommandName::Alert if command.data.is_none() => Some("Data"),
        _ => None,
    }
}

/// The Format in the Meta of an element, whether or not MetInf is spelled out.
fn format_of<'e>(element: Element<'e, '_>) -> Option<std::borrow::Cow<'e, str>> {
    let meta = element.child("Meta")?;
    let meta = meta.child("MetInf").unwrap_or(meta);
    meta.child("Format")?.text()
}

fn item(
    place: &Place<'_, '_, '_>,
    inherited: Option<&str>,
    irregular: &mut Irregularities,
) -> Result<Item, MessageError> {
    let mut item = Item::default();
    let own = format_of(place.element);
    let format = own.as_deref().or(inherited);
    let mut no_name = None;
    place.children(irregular, |child, irregular| {
        match child.name() {
            "Target" => location(child, &mut item.target, &mut item.target_name, irregular)?,
            "Source" => location(child, &mut item.source, &mut item.source_name, irregular)?,
            "SourceParent" => location(child, &mut item.source_parent, &mut no_name, irregular)?,
            "TargetParent" => location(child, &mut item.target_parent, &mut no_name, irregular)?,
            "Meta" => {
                let meta = meta(child, irregular)?;
                child.put(&mut item.meta, meta, irregular);
            }
            "Data" => {
                let data = child.data(format, irregular);
                child.put(&mut item.data, data, irregular);
            }
            "MoreData" => child.raise(&mut item.more_data, irregular),
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    Ok(item)
}

fn cred(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Cred, MessageError> {
    let format = format_of(place.element);
    let (mut about, mut data) = (None, None);
    place.children(irregular, |child, irregular| {
        match child.name() {
            "Meta" => {
                let meta = meta(child, irregular)?;
                child.put(&mut about, meta, irregular);
            }
            "Data" => {
                let found = child.data(format.as_deref(), irregular);
                child.put(&mut data, found, irregular);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    let about = about.unwrap_or_default();
    let data = data.ok_or_else(|| place.missing("Data"))?;
    Ok(Cred { format: about.format, type_: about.type_.map(AuthType::from), data })
}

fn chal(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Chal, MessageError> {
    let mut about = None;
    place.children(irregular, |child, irregular| {
        match child.name() {
            "Meta" => {
                let meta = meta(child, irregular)?;
                child.put(&mut about, meta, irregular);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    let about = about.ok_or_else(|| place.missing("Meta"))?;
    Ok(Chal { format: about.format, type_: about.type_.map(AuthType::from), next_nonce: about.next_nonce })
}

fn meta(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Meta, MessageError> {
    let mut meta = Meta::default();
    meta_into(place, &mut meta, irregular)?;
    Ok(meta)
}

fn meta_into(place: &Place<'_, '_, '_>, meta: &mut Meta, irregular: &mut Irregularities) -> Result<(), MessageError> {
    place.children(irregular, |child, irregular| {
        match child.name() {
            "Format" => child.set(&mut meta.format, irregular)?,
            "Type" => child.set(&mut meta.type_, irregular)?,
            "Size" => child.set(&mut meta.size, irregular)?,
            "Mark" => child.set(&mut meta.mark, irregular)?,
            "NextNonce" => child.set(&mut meta.next_nonce, irregular)?,
            "MaxMsgSize" => child.set(&mut meta.max_msg_size, irregular)?,
            "MaxObjSize" => child.set(&mut meta.max_obj_size, irregular)?,
            "EMI" => meta.emi.push(child.text()?),
            // The wrapper is optional; what is inside counts as if it stood in Meta.
            "MetInf" => meta_into(child, meta, irregular)?,
            _ => child.skipped(irregular),
        }
        Ok(())
    })
}
