//! Toolkit messages: proactive commands, TERMINAL RESPONSE, ENVELOPE (TS 102 223 6 to 8). Their fields are those of the
//! codec.

use dmsc_uicc::command::CommandType;
use dmsc_uicc::envelope::{EnvelopeTag, Event};
use dmsc_uicc::fields::{FieldInfo, FieldKind};
use dmsc_uicc::layout::{COMMAND_FIELDS, ENVELOPE_FIELDS, RESPONSE_FIELDS};

use super::apdu::ApduWith;
use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Group, Octets, fields};
use crate::role::Role;

fields! {
    /// What a case sets of a proactive command that it gives as octets.
    pub struct ProactiveWith = "proactive.with" {
        /// The whole command, from the tag D0 on.
        octets: Octets,
    }
}

pub(super) fn declare(table: &mut Table) {
    groups(table);
    terminal_messages(table);
    commands(table);
}

fn groups(table: &mut Table) {
    let length = || FieldSpec::new("length_octets", Shape::COUNT, "Length of the command data in octets.");
    let specs = |fields: &'static [FieldInfo]| fields.iter().map(FieldSpec::of_cat).collect::<Vec<_>>();
    for fields in [COMMAND_FIELDS, RESPONSE_FIELDS, ENVELOPE_FIELDS] {
        fields.iter().for_each(|info| records(table, info.name, info.kind));
    }
    table.specs("command", specs(COMMAND_FIELDS));
    let modes = vec!["none", "uicc-server", "terminal-server"];
    let seen = [
        FieldSpec::new(
            "channel_mode",
            Shape::Name(modes),
            "What the channel is that the command names; for commands to a channel.",
        ),
        FieldSpec::new("malformed", Shape::Text, "Why the command cannot be read, if it cannot."),
        FieldSpec::new(
            "length_mismatch",
            Shape::Text,
            "What length the status word told and what came; absent where they are the same.",
        ),
    ];
    table.seen("command.heard", specs(COMMAND_FIELDS).into_iter().chain(seen).collect());
    table.group::<ProactiveWith>();
    for (name, with, fields) in [
        ("terminal-response", "terminal-response.with", RESPONSE_FIELDS),
        ("envelope", "envelope.with", ENVELOPE_FIELDS),
    ] {
        table.specs(with, specs(fields));
        // One that cannot be read is shown as the APDU it is.
        let raw = ApduWith::specs()
            .into_iter()
            .filter(|field| matches!(field.name, "cla" | "ins" | "p1" | "p2" | "data" | "le"));
        let malformed = FieldSpec::new("malformed", Shape::Text, "Why it could not be read; absent when it could.");
        let network = FieldSpec::new("network", Shape::Text, "The network of the location information: MCC and MNC.");
        table.seen(name, specs(fields).into_iter().chain(raw).chain([length(), network, malformed]).collect());
    }
}

/// A record of the codec's tables becomes the group of its field's name.
fn records(table: &mut Table, name: &'static str, kind: FieldKind) {
    let fields: &'static [FieldInfo] = match kind {
        FieldKind::Record(fields) => fields,
        FieldKind::List(of) => return records(table, name, *of),
        _ => return,
    };
    fields.iter().for_each(|info| records(table, info.name, info.kind));
    table.specs(name, fields.iter().map(FieldSpec::of_cat).collect());
}

/// What a terminal says: ENVELOPE, the event downloads among them, and TERMINAL RESPONSE.
fn terminal_messages(table: &mut Table) {
    let envelope = |what, name: String, doc: String| {
        Declaration::new(Role::Terminal, what, name, doc)
            .built_of("envelope.with")
            .heard("envelope")
            .answered("apdu.reply")
    };
    for tag in EnvelopeTag::ALL.iter().filter(|tag| **tag != EnvelopeTag::EventDownload) {
        let Some(name) = tag.known_name() else { continue };
        let doc = format!("ENVELOPE ({}).", spaced(name));
        table.kind(envelope(What::Envelope(Some(*tag)), format!("envelope.{name}"), doc).sent().patched());
    }
    for event in Event::NAMES.iter().filter_map(|name| Event::from_name(name)) {
        let (name, doc) = (event.name(), format!("ENVELOPE (event download: {}).", spaced(&event.name())));
        table.kind(envelope(What::Event(Some(event)), format!("event.{name}"), doc).sent().patched());
    }
    table.kind(envelope(What::Envelope(None), "envelope".into(), "Any ENVELOPE but event downloads.".into()));
    table.kind(envelope(What::Event(None), "event".into(), "Any event download.".into()));
    let response = |what, name: String, doc: String| {
        Declaration::new(Role::Terminal, what, name, doc)
            .built_of("terminal-response.with")
            .heard("terminal-response")
            .answered("apdu.reply")
    };
    for kind in CommandType::NAMES.iter().filter_map(|name| CommandType::from_name(name)) {
        let (name, title) = (kind.name(), spaced(&kind.name()).to_uppercase());
        let doc = format!("TERMINAL RESPONSE to {title}.");
        table.kind(response(What::TerminalResponse(Some(kind)), format!("terminal-response.{name}"), doc).patched());
    }
    table.kind(response(What::TerminalResponse(None), "terminal-response".into(), "Any TERMINAL RESPONSE.".into()));
}

/// What a card says.
fn commands(table: &mut Table) {
    let command = |what, name, doc: String| {
        Declaration::new(Role::Card, what, name, doc).sent().heard("command.heard").answered("terminal-response.with")
    };
    for (name, kind) in CommandType::NAMES.iter().filter_map(|name| Some((*name, CommandType::from_name(name)?))) {
        let doc = format!("{}.", spaced(name).to_uppercase());
        table.kind(command(What::Command(Some(kind)), name, doc).built_of("command").patched());
    }
    let doc = "A proactive command given as octets; heard, one that cannot be read or of a type without a name.";
    table.kind(command(What::Command(None), "proactive", doc.into()).built_of("proactive.with"));
}

fn spaced(name: &str) -> String {
    name.replace('-', " ")
}
