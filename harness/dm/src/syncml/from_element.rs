//! From elements to messages: lenient on order, strict on what must be there.

use dmsc_octets::Irregularity;
use thiserror::Error;

use super::Text;
use super::message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
use super::place::{Place, command_name, is_word};
use crate::auth_type::AuthType;
use crate::element::{Element, Elements, shown};
use crate::irregular::Irregularities;
use crate::wbxml::tokens::is_syncml_word;
use crate::word::Word;

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
    /// Elements that are out of their order are read as if they stood in their place, those that are not known are skipped,
    /// those in a wrong namespace are read as if it were right, and of two where one may stand the first counts: all
    /// irregularities.
    ///
    /// # Errors
    /// [`MessageError`] with the path of the element that is missing or holds the wrong thing.
    pub(crate) fn from_elements(
        elements: &Elements<'_>,
        mut irregular: Irregularities,
    ) -> Result<Decoded<Self>, MessageError> {
        let root = elements.root();
        if root.word() != Some(Word::SyncMl) {
            return Err(MessageError::Root { found: shown(root.name()) });
        }
        let root = Place::root(root, &mut irregular);
        let (mut header, mut body, mut is_final) = (None, None, false);
        root.children(&mut irregular, |child, irregular| {
            match child.word() {
                Some(Word::SyncHdr) if header.is_none() => header = Some(sync_hdr(child, irregular)?),
                Some(Word::SyncBody) if body.is_none() => body = Some(sync_body(child, &mut is_final, irregular)?),
                Some(Word::SyncHdr | Word::SyncBody) => child.again(irregular),
                _ => child.skipped(irregular),
            }
            Ok(())
        })?;
        let header = header.ok_or_else(|| root.missing("SyncHdr"))?;
        let commands = body.ok_or_else(|| root.missing("SyncBody"))?;
        Ok(Decoded { value: Self { header, commands, is_final }, irregular: irregular.into_vec() })
    }
}

fn required(slot: Option<Text>, place: &Place<'_, '_, '_>, name: &'static str) -> Result<Text, MessageError> {
    slot.filter(|text| !text.is_empty()).ok_or_else(|| place.missing(name))
}

fn sync_hdr(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<SyncHdr, MessageError> {
    let mut header = SyncHdr::default();
    let (mut ver_dtd, mut ver_proto, mut session_id, mut msg_id) = (None, None, None, None);
    let (mut target, mut source, mut sizes) = (None, None, None);
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::VerDtd) => child.set_word(&mut ver_dtd, irregular)?,
            Some(Word::VerProto) => child.set_word(&mut ver_proto, irregular)?,
            Some(Word::SessionId) => child.set_word(&mut session_id, irregular)?,
            Some(Word::MsgId) => child.set_word(&mut msg_id, irregular)?,
            Some(Word::Target) => location(child, &mut target, &mut header.target_name, irregular)?,
            Some(Word::Source) => location(child, &mut source, &mut header.source_name, irregular)?,
            Some(Word::RespUri) => child.set(&mut header.resp_uri, irregular)?,
            Some(Word::NoResp) => child.raise(&mut header.no_resp, irregular),
            Some(Word::Cred) => {
                let cred = cred(child, irregular)?;
                child.put(&mut header.cred, cred, irregular);
            }
            Some(Word::Meta) => {
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
    uri: &mut Option<Text>,
    name: &mut Option<Text>,
    irregular: &mut Irregularities,
) -> Result<(), MessageError> {
    let mut found = false;
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::LocUri) => {
                found = true;
                child.set(uri, irregular)?;
            }
            Some(Word::LocName) => child.set(name, irregular)?,
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
    let mut commands = Vec::with_capacity(place.element.elements().count());
    place.children(irregular, |child, irregular| {
        if child.word() == Some(Word::Final) {
            child.raise(is_final, irregular);
            return Ok(());
        }
        match command_name(child.element) {
            Some(name) => command(name, child, &mut commands, irregular),
            None => {
                child.skipped(irregular);
                Ok(())
            }
        }
    })?;
    Ok(commands)
}

/// Reads a command into the last of `commands`: a command is large, and is not moved about.
fn command(
    cmd: CommandName,
    place: &Place<'_, '_, '_>,
    commands: &mut Vec<Command>,
    irregular: &mut Irregularities,
) -> Result<(), MessageError> {
    if !place.word().is_some_and(is_syncml_word) {
        place.unknown_command(irregular);
    }
    commands.push(Command::new(cmd, Text::default()));
    let Some(command) = commands.last_mut() else { return Ok(()) };
    reserve(command, place.element);
    let mut cmd_id = None;
    // Items may stand before the Meta whose Format they inherit.
    let inherited = format_of(place.element);
    let nests = command.cmd.nests();
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::CmdId) => child.set_word(&mut cmd_id, irregular)?,
            Some(Word::TargetRef) => command.target_ref.push(child.text()?),
            Some(Word::SourceRef) => command.source_ref.push(child.text()?),
            Some(Word::Cred) => {
                let cred = cred(child, irregular)?;
                child.put(&mut command.cred, Box::new(cred), irregular);
            }
            Some(Word::Chal) => {
                let chal = chal(child, irregular)?;
                child.put(&mut command.chal, Box::new(chal), irregular);
            }
            Some(Word::Data) => {
                let data = child.data(None, irregular);
                child.put(&mut command.data, data, irregular);
            }
            Some(Word::Meta) => {
                let meta = meta(child, irregular)?;
                child.put(&mut command.meta, Box::new(meta), irregular);
            }
            Some(Word::Item) => command.items.push(item(child, inherited.as_deref(), irregular)?),
            word => match word.and_then(|word| command.text(word)) {
                Some(text) if child.word().is_some_and(is_word) => child.set_word(text, irregular)?,
                Some(text) => child.set(text, irregular)?,
                None => match command_name(child.element).filter(|_| nests) {
                    Some(_) if child.element.child(Word::CmdId).is_none() => return Err(child.missing("CmdID")),
                    Some(name) => self::command(name, child, &mut command.commands, irregular)?,
                    None => child.skipped(irregular),
                },
            },
        }
        Ok(())
    })?;
    command.cmd_id = required(cmd_id, place, "CmdID")?;
    match command.lacks() {
        Some(name) => Err(place.missing(name)),
        None => Ok(()),
    }
}

/// Makes room for what a command holds. Items are large, and a list of one is mostly all there is.
fn reserve(command: &mut Command, element: Element<'_, '_>) {
    let (mut items, mut targets, mut sources, mut others) = (0, 0, 0, 0);
    for child in element.elements() {
        match child.word() {
            Some(Word::Item) => items += 1,
            Some(Word::TargetRef) => targets += 1,
            Some(Word::SourceRef) => sources += 1,
            _ => others += 1,
        }
    }
    command.items.reserve_exact(items);
    command.target_ref.reserve_exact(targets);
    command.source_ref.reserve_exact(sources);
    if command.cmd.nests() {
        command.commands.reserve_exact(others);
    }
}

/// The Format in the Meta of an element, whether or not MetInf is spelled out.
pub(crate) fn format_of<'e>(element: Element<'e, '_>) -> Option<std::borrow::Cow<'e, str>> {
    let meta = element.child(Word::Meta)?;
    let meta = meta.child(Word::MetInf).unwrap_or(meta);
    meta.child(Word::Format)?.text()
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
        match child.word() {
            Some(Word::Meta) => {
                let meta = meta(child, irregular)?;
                child.put(&mut item.meta, meta, irregular);
            }
            Some(Word::Data) => {
                let data = child.data(format, irregular);
                child.put(&mut item.data, data, irregular);
            }
            Some(Word::MoreData) => child.raise(&mut item.more_data, irregular),
            word => match word.and_then(|word| item.location(word)) {
                Some((uri, name)) => location(child, uri, name.unwrap_or(&mut no_name), irregular)?,
                None => child.skipped(irregular),
            },
        }
        Ok(())
    })?;
    Ok(item)
}

fn cred(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Cred, MessageError> {
    let format = format_of(place.element);
    let (mut about, mut data) = (None, None);
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::Meta) => {
                let meta = meta(child, irregular)?;
                child.put(&mut about, meta, irregular);
            }
            Some(Word::Data) => {
                let found = child.data(format.as_deref(), irregular);
                child.put(&mut data, found, irregular);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    let about = about.unwrap_or_default();
    let data = data.ok_or_else(|| place.missing("Data"))?;
    Ok(Cred { format: about.format, type_: about.type_.as_deref().map(AuthType::from), data })
}

fn chal(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Chal, MessageError> {
    let mut about = None;
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::Meta) => {
                let meta = meta(child, irregular)?;
                child.put(&mut about, meta, irregular);
            }
            _ => child.skipped(irregular),
        }
        Ok(())
    })?;
    let about = about.ok_or_else(|| place.missing("Meta"))?;
    Ok(Chal { format: about.format, type_: about.type_.as_deref().map(AuthType::from), next_nonce: about.next_nonce })
}

fn meta(place: &Place<'_, '_, '_>, irregular: &mut Irregularities) -> Result<Meta, MessageError> {
    let mut meta = Meta::default();
    meta_into(place, &mut meta, irregular)?;
    Ok(meta)
}

fn meta_into(place: &Place<'_, '_, '_>, meta: &mut Meta, irregular: &mut Irregularities) -> Result<(), MessageError> {
    place.children(irregular, |child, irregular| {
        match child.word() {
            Some(Word::Emi) => meta.emi.push(child.text()?),
            // The wrapper is optional; what is inside counts as if it stood in Meta.
            Some(Word::MetInf) => meta_into(child, meta, irregular)?,
            word => match word.and_then(|word| meta.text(word)) {
                Some(text) if matches!(word, Some(Word::MaxMsgSize | Word::MaxObjSize)) => {
                    child.set_size(text, irregular)?;
                }
                Some(text) => child.set(text, irregular)?,
                None => child.skipped(irregular),
            },
        }
        Ok(())
    })
}
