//! Tries what a case says a player shall send, before any session: what is refused here would end a run as an error.

use dmsc_dm::syncml::{Command, CommandName, Message};
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::command::CommandType;
use dmsc_uicc::envelope::{Envelope, EnvelopeTag};
use dmsc_uicc::object::{Address, Object};
use dmsc_uicc::response::{GeneralResult, TerminalResponse};
use serde_json::{Map, Value};

use crate::account::Account;
use crate::apdu;
use crate::card;
use crate::choice::Choices;
use crate::dm::{Directive, Encoding};
use crate::http::HttpMessage;
use crate::http_change;
use crate::messages::{
    AlertWith, Announced, ApduWith, Group, Kind, NONE, Octets, ProactiveWith, ProfileWith, RecordWith, ResponseWith,
    Tls, TlsChange, TlsClientWith, TlsServerWith, WakeUpWith, What, Within,
};
use crate::mutation::Mutation;
use crate::patch::Change;
use crate::player::PlayerError;
use crate::role::Role;

/// Builds the message that `send` of a kind makes of these fields, with an account of some DUT.
///
/// # Errors
/// [`PlayerError`] as the player would give it.
pub fn send(kind: &Kind, with: &Map<String, Value>, account: &Account) -> Result<(), PlayerError> {
    let change = Change::with(with.clone());
    match kind.what {
        What::Notification => card::notification(&change, account).map(drop),
        What::Sms => card::short_message(&change, account),
        What::Command(Some(command)) => {
            apdu::build_command(card::default_command(command, 1, 1), Some(&change)).map(drop)
        }
        What::Command(None) => change.read::<ProactiveWith>().map(drop).map_err(Into::into),
        What::Envelope(tag) => envelope(Envelope::new(tag.unwrap_or(EnvelopeTag::TimerExpiration)), &change),
        What::Event(Some(event)) => envelope(Envelope::event(event), &change),
        What::Apdu(ins) => apdu_of(ins, &change).map(drop),
        What::Profile => change.read::<ProfileWith>().map(drop).map_err(Into::into),
        What::WakeUp => match change.read::<WakeUpWith>()?.number {
            Some(number) if Address::from_text(&number).is_none() => {
                Err(PlayerError(format!("number: \"{number}\" is not a number to call: digits, `+` in front or not")))
            }
            _ => Ok(()),
        },
        What::HttpRequest => http(HttpMessage::post("/", "host", Vec::new()), &change),
        What::DmMessage => directive(kind.role, &change),
        What::Tls(what) => tls(what, &change),
        _ => Ok(()),
    }
}

/// What TLS is to do, read as the player reads it.
fn tls(what: Tls, change: &Change) -> Result<(), PlayerError> {
    match what {
        Tls::ClientHello => changes(change.read::<TlsClientWith>()?.changes.as_deref()),
        Tls::Alert => change.read::<AlertWith>().map(drop).map_err(Into::into),
        Tls::Record => change.read::<RecordWith>().map(drop).map_err(Into::into),
        Tls::HelloRequest | Tls::Message => Ok(()),
    }
}

/// Whether changes of what goes out are well-formed, and say what they change.
fn changes(changes: Option<&[Box<TlsChange>]>) -> Result<(), PlayerError> {
    for (index, change) in changes.unwrap_or_default().iter().enumerate() {
        let problem = |text: String| PlayerError(format!("changes: {index}: {text}"));
        if change.on.is_none() {
            return Err(problem("`on` says what is changed".into()));
        }
        let edits = change.mutate.as_ref().map(|edits| edits.0.as_slice()).unwrap_or_default();
        edits.iter().try_for_each(Mutation::check).map_err(|error| problem(format!("mutate: {error}")))?;
    }
    Ok(())
}

/// Builds the answer that `reply` makes of these fields to a message of a kind.
///
/// # Errors
/// [`PlayerError`] as the player would give it.
pub fn reply(kind: &Kind, with: &Map<String, Value>) -> Result<(), PlayerError> {
    let change = Change::with(with.clone());
    let group = kind.reply.unwrap_or(NONE);
    match (group, kind.what) {
        (ResponseWith::NAME, _) => change.read::<ResponseWith>().map(drop).map_err(Into::into),
        ("terminal-response.with", what) => {
            let command = match what {
                What::Command(Some(command)) => command,
                _ => CommandType::MoreTime,
            };
            let details = card::default_command(command, 1, 1).details();
            let Some(details) = details else { return Ok(()) };
            let response = TerminalResponse::new(details, GeneralResult::from_code(0), &[]);
            apdu::build_response(response, Some(&change)).map(drop)
        }
        (TlsServerWith::NAME, _) => changes(change.read::<TlsServerWith>()?.changes.as_deref()),
        (_, What::HttpRequest) => http(HttpMessage::response(200, Vec::new()), &change),
        (_, What::Notification | What::DmMessage) => directive(kind.role, &change),
        _ => Ok(()),
    }
}

fn envelope(envelope: Envelope, change: &Change) -> Result<(), PlayerError> {
    let envelope = match envelope.tag {
        EnvelopeTag::TerminalApplications => envelope.with(Object::RegistryApplication(Announced::dm_client().0)),
        _ => envelope,
    };
    apdu::build_envelope(envelope, Some(change)).map(drop)
}

/// A command APDU as a case makes it: of this instruction, or any. Gives the command, and the octets where the case
/// gives them.
pub(crate) fn apdu_of(ins: Option<u8>, change: &Change) -> Result<(CommandApdu, Vec<u8>), PlayerError> {
    let with: ApduWith = change.read()?;
    let base = apdu::default_command(ins);
    let command = CommandApdu {
        cla: with.cla.unwrap_or(base.cla),
        ins: with.ins.unwrap_or(base.ins),
        p1: with.p1.unwrap_or(base.p1),
        p2: with.p2.unwrap_or(base.p2),
        data: with.data.map_or(base.data, |Octets(data)| data),
        le: with.le.map_or(base.le, |le| le.into_option().map(Within::get)),
    };
    let octets = match with.octets {
        Some(Octets(octets)) => octets,
        None => command.encode().map_err(|e| PlayerError(e.to_string()))?,
    };
    Ok((command, octets))
}

fn http(message: HttpMessage, change: &Change) -> Result<(), PlayerError> {
    http_change::write(message, Some(change)).map(drop)
}

/// A DM message of the side that a role plays, changed, in every encoding that it may have, and in its HTTP message.
fn directive(role: Role, change: &Change) -> Result<(), PlayerError> {
    let directive = Directive::new(&change.with)?;
    let mut status = Command::new(CommandName::Status, "1");
    (status.name, status.data) = (Some("SyncHdr".into()), Some("200".into()));
    let get = Command::new(CommandName::Get, "2");
    let mut message = Message { commands: vec![status, get], is_final: true, ..Message::default() };
    directive.apply(&mut message, |_| None)?;
    let encodings = directive.encoding().map_or_else(|| Encoding::ALL.to_vec(), |encoding| vec![encoding]);
    if directive.body().is_none() {
        for encoding in encodings {
            encoding.encode(&message, &Choices::default().octets).map_err(PlayerError)?;
        }
    }
    let Some(change) = directive.http() else { return Ok(()) };
    let written = match role {
        Role::Terminal => http(HttpMessage::post("/", "host", Vec::new()), &change),
        Role::Card => http(HttpMessage::response(200, Vec::new()), &change),
    };
    written.map_err(|PlayerError(problem)| PlayerError(format!("http: {problem}")))
}
