//! Where the fields of a message stand, under the names of its tree form.
//!
//! The elements are walked as [`super::from_element`] walks them: of two where one may stand, the first counts.

use std::ops::Range;

use dmsc_octets::Spans;

use super::place::command_name;
use crate::element::{Element, Elements};
use crate::word::Word;

/// The places of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageSpans {
    /// The message as a whole, and the fields of its SyncHdr.
    pub header: Spans,
    /// The Final, if there is one.
    pub is_final: Option<Range<usize>>,
    /// The commands directly in the SyncBody.
    pub commands: Vec<CommandSpans>,
    /// Where another element of the SyncHdr would stand, if there is a SyncHdr.
    pub header_end: Option<usize>,
    /// Where another element of the SyncBody would stand, if there is a SyncBody.
    pub body_end: Option<usize>,
}

/// The places of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandSpans {
    /// The command as a whole, and its fields but for those below. The place of `cmd` is what opens the element.
    pub fields: Spans,
    /// The items.
    pub items: Vec<Spans>,
    /// The commands inside a Sequence or Atomic.
    pub commands: Vec<CommandSpans>,
}

impl MessageSpans {
    /// The places of the elements of a message; what is no message has few.
    pub(crate) fn of(elements: &Elements<'_>) -> Self {
        let root = elements.root();
        let mut spans = Self { header: Spans::at(root.at()), ..Self::default() };
        if let Some(header) = root.child(Word::SyncHdr) {
            sync_hdr(header, &mut spans.header);
            spans.header_end = Some(header.value_at().end);
        }
        spans.body_end = root.child(Word::SyncBody).map(|body| body.value_at().end);
        for child in root.child(Word::SyncBody).into_iter().flat_map(Element::elements) {
            if child.word() == Some(Word::Final) {
                spans.is_final.get_or_insert(child.at());
            } else if command_name(child).is_some() {
                spans.commands.push(command(child));
            }
        }
        spans
    }
}

impl From<MessageSpans> for Spans {
    /// All under one root: the fields of the SyncHdr by their own names, `final`, and `commands.0.items.1.data`.
    fn from(message: MessageSpans) -> Spans {
        let mut spans = message.header;
        if let Some(at) = message.is_final {
            spans.set("final", at);
        }
        spans.put("commands", Spans::list(message.commands.into_iter().map(Spans::from)));
        spans
    }
}

impl From<CommandSpans> for Spans {
    fn from(command: CommandSpans) -> Spans {
        let mut spans = command.fields;
        if !command.items.is_empty() {
            spans.put("items", Spans::list(command.items));
        }
        if !command.commands.is_empty() {
            spans.put("commands", Spans::list(command.commands.into_iter().map(Spans::from)));
        }
        spans
    }
}

fn sync_hdr(header: Element<'_, '_>, spans: &mut Spans) {
    for child in header.elements() {
        match child.word() {
            Some(Word::VerDtd) => spans.set("ver_dtd", child.value_at()),
            Some(Word::VerProto) => spans.set("ver_proto", child.value_at()),
            Some(Word::SessionId) => spans.set("session_id", child.value_at()),
            Some(Word::MsgId) => spans.set("msg_id", child.value_at()),
            Some(Word::Target) => location(child, spans, "target", Some("target_name")),
            Some(Word::Source) => location(child, spans, "source", Some("source_name")),
            Some(Word::RespUri) => spans.set("resp_uri", child.value_at()),
            Some(Word::NoResp) => spans.set("no_resp", child.at()),
            Some(Word::Cred) => spans.put("cred", cred(child)),
            _ => {}
        }
    }
    let sizes = meta(header);
    for name in ["max_msg_size", "max_obj_size"] {
        if let Some(at) = sizes.part(name) {
            spans.put(name, at.clone());
        }
    }
}

fn location(element: Element<'_, '_>, spans: &mut Spans, uri: &'static str, name: Option<&'static str>) {
    for child in element.elements() {
        match (child.word(), name) {
            (Some(Word::LocUri), _) => spans.set(uri, child.value_at()),
            (Some(Word::LocName), Some(name)) => spans.set(name, child.value_at()),
            _ => {}
        }
    }
}

fn command(element: Element<'_, '_>) -> CommandSpans {
    let mut spans = CommandSpans { fields: Spans::at(element.at()), ..CommandSpans::default() };
    spans.fields.set("cmd", element.head());
    let nests = matches!(element.word(), Some(Word::Sequence | Word::Atomic));
    let (mut targets, mut sources) = (Vec::new(), Vec::new());
    for child in element.elements() {
        let mut set = |name| spans.fields.set(name, child.value_at());
        match child.word() {
            Some(Word::CmdId) => set("cmd_id"),
            Some(Word::MsgRef) => set("msg_ref"),
            Some(Word::CmdRef) => set("cmd_ref"),
            Some(Word::Cmd) => set("name"),
            Some(Word::TargetRef) => targets.push(child.value_at()),
            Some(Word::SourceRef) => sources.push(child.value_at()),
            Some(Word::Cred) => spans.fields.put("cred", cred(child)),
            Some(Word::Chal) => spans.fields.put("chal", within(child, &["format", "type", "next_nonce"])),
            Some(Word::Data) => set("data"),
            Some(Word::Correlator) => set("correlator"),
            Some(Word::Meta) => spans.fields.put("meta", metinf(child)),
            Some(Word::Item) => spans.items.push(item(child)),
            _ if nests && command_name(child).is_some() => spans.commands.push(command(child)),
            _ => {}
        }
    }
    one_or_many(&mut spans.fields, "target_ref", targets);
    one_or_many(&mut spans.fields, "source_ref", sources);
    spans
}

fn item(element: Element<'_, '_>) -> Spans {
    let mut spans = Spans::at(element.at());
    for child in element.elements() {
        match child.word() {
            Some(Word::Target) => location(child, &mut spans, "target", Some("target_name")),
            Some(Word::Source) => location(child, &mut spans, "source", Some("source_name")),
            Some(Word::SourceParent) => location(child, &mut spans, "source_parent", None),
            Some(Word::TargetParent) => location(child, &mut spans, "target_parent", None),
            Some(Word::Meta) => spans.put("meta", metinf(child)),
            Some(Word::Data) => spans.set("data", child.value_at()),
            Some(Word::MoreData) => spans.set("more_data", child.at()),
            _ => {}
        }
    }
    spans
}

fn cred(element: Element<'_, '_>) -> Spans {
    let mut spans = within(element, &["format", "type"]);
    if let Some(data) = element.child(Word::Data) {
        spans.set("data", data.value_at());
    }
    spans
}

/// An element with those fields of its Meta that it has for its own.
fn within(element: Element<'_, '_>, names: &[&'static str]) -> Spans {
    let mut spans = Spans::at(element.at());
    let about = meta(element);
    for name in names {
        if let Some(at) = about.part(name) {
            spans.put(*name, at.clone());
        }
    }
    spans
}

/// The Meta of an element.
fn meta(element: Element<'_, '_>) -> Spans {
    element.child(Word::Meta).map(metinf).unwrap_or_default()
}

fn metinf(element: Element<'_, '_>) -> Spans {
    let mut spans = Spans::at(element.at());
    let mut emi = Vec::new();
    metinf_into(element, &mut spans, &mut emi);
    one_or_many(&mut spans, "emi", emi);
    spans
}

fn metinf_into(element: Element<'_, '_>, spans: &mut Spans, emi: &mut Vec<Range<usize>>) {
    for child in element.elements() {
        let mut set = |name| spans.set(name, child.value_at());
        match child.word() {
            Some(Word::Format) => set("format"),
            Some(Word::Type) => set("type"),
            Some(Word::Size) => set("size"),
            Some(Word::Mark) => set("mark"),
            Some(Word::NextNonce) => set("next_nonce"),
            Some(Word::MaxMsgSize) => set("max_msg_size"),
            Some(Word::MaxObjSize) => set("max_obj_size"),
            Some(Word::Emi) => emi.push(child.value_at()),
            Some(Word::MetInf) => metinf_into(child, spans, emi),
            _ => {}
        }
    }
}

/// A list that is written without brackets if it has one entry.
fn one_or_many(spans: &mut Spans, name: &'static str, mut places: Vec<Range<usize>>) {
    match places.len() {
        0 => {}
        1 => places.drain(..).for_each(|at| spans.set(name, at)),
        _ => spans.put(name, Spans::list(places.into_iter().map(Spans::at))),
    }
}

#[cfg(test)]
mod tests;
