//! How cases name APDUs and what they see of them.

use std::borrow::Cow;

use dmsc_octets::to_hex;
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::envelope::Envelope;
use dmsc_uicc::fs::select;
use dmsc_uicc::instruction::Instruction;
use dmsc_uicc::profile::TerminalProfile;
use dmsc_uicc::response::TerminalResponse;
use serde_json::{Map, Value, json};

use crate::patch::{Change, merge, prune};
use crate::player::PlayerError;

/// An APDU as far as its kind tells it apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// TERMINAL PROFILE.
    Profile(TerminalProfile),
    /// ENVELOPE with data that parse.
    Envelope(Envelope),
    /// TERMINAL RESPONSE with data that parse.
    Response(TerminalResponse),
    /// Any other, or data that do not parse, with the reason.
    Other(Option<String>),
    /// Octets that are no command of a length the receiver takes, with the reason.
    Broken(String),
}

/// The name of an APDU's instruction; `apdu` when it has none.
pub fn instruction(apdu: &CommandApdu) -> &'static str {
    Instruction::of(apdu.ins).map_or("apdu", |instruction| instruction.name)
}

/// The command of an instruction as a case sends it that names nothing else.
pub fn default_command(ins: Option<u8>) -> CommandApdu {
    match ins {
        None => CommandApdu::new(0x00, 0x00, 0x00, 0x00),
        Some(0xF2) => select::status(),
        Some(0xA4) => select::select_id(0x3F00),
        Some(0x12) => CommandApdu::new(0x80, 0x12, 0x00, 0x00).with_le(256),
        Some(ins) => CommandApdu::new(0x00, ins, 0x00, 0x00).with_le(256),
    }
}

/// Reads what an APDU carries.
pub fn content(apdu: &CommandApdu) -> Content {
    match apdu.ins {
        0x10 => Content::Profile(TerminalProfile(apdu.data.clone())),
        0xC2 => match Envelope::parse(&apdu.data) {
            Ok(envelope) => Content::Envelope(envelope),
            Err(error) => Content::Other(Some(error.to_string())),
        },
        0x14 => match TerminalResponse::parse(&apdu.data) {
            Ok(response) => Content::Response(response),
            Err(error) => Content::Other(Some(error.to_string())),
        },
        _ => Content::Other(None),
    }
}

/// The kind of an APDU, as cases name it.
pub fn kind(apdu: &CommandApdu, content: &Content) -> Cow<'static, str> {
    match content {
        Content::Profile(_) => "terminal-profile".into(),
        Content::Envelope(envelope) => envelope.name().into(),
        Content::Response(response) => match response.command_type() {
            Some(command) => format!("terminal-response.{}", command.name()).into(),
            None => "terminal-response".into(),
        },
        Content::Other(_) | Content::Broken(_) => instruction(apdu).into(),
    }
}

/// The fields of an APDU.
pub fn fields(apdu: &CommandApdu, content: &Content) -> Map<String, Value> {
    let mut map = match content {
        Content::Profile(profile) => profile_fields(profile),
        Content::Envelope(envelope) => envelope.to_fields(),
        Content::Response(response) => response.to_fields(),
        Content::Other(_) | Content::Broken(_) => {
            let mut map = Map::new();
            for (name, octet) in [("cla", apdu.cla), ("ins", apdu.ins), ("p1", apdu.p1), ("p2", apdu.p2)] {
                map.insert(name.into(), octet.into());
            }
            map.insert("data".into(), to_hex(&apdu.data).into());
            if let Some(le) = apdu.le {
                map.insert("le".into(), le.into());
            }
            if let Content::Other(Some(reason)) | Content::Broken(reason) = content {
                map.insert("malformed".into(), json!(reason));
            }
            map
        }
    };
    let location = match content {
        Content::Envelope(envelope) => envelope.objects.location_information(),
        Content::Response(response) => response.objects.location_information(),
        _ => None,
    };
    map.extend(location.and_then(network).map(|network| ("network".to_owned(), network.into())));
    map.insert("length_octets".into(), apdu.data.len().into());
    map
}

/// The fields of a response, which answers a command of the kind `to`.
pub fn response_fields(to: Cow<'static, str>, sw: u16, data: &[u8]) -> Map<String, Value> {
    let mut map = response_context(to);
    map.insert("sw".into(), sw.into());
    map.insert("data".into(), to_hex(data).into());
    map
}

/// What the octets of a response do not tell: that it answers a command of the kind `to`.
pub fn response_context(to: Cow<'static, str>) -> Map<String, Value> {
    Map::from_iter([("to".to_owned(), to.into())])
}

/// The network of location information as digits, MCC and MNC (TS 24.008 10.5.1.13); none where there are no digits.
fn network(location: &[u8]) -> Option<String> {
    let [first, second, third, ..] = location else { return None };
    let digits = [first & 0xF, first >> 4, second & 0xF, third & 0xF, third >> 4, second >> 4];
    // A network code of two digits has F in the place of the third.
    let digits = if second >> 4 == 0xF { &digits[..5] } else { &digits[..] };
    digits.iter().map(|digit| char::from_digit(u32::from(*digit), 10)).collect()
}

/// The fields of a TERMINAL PROFILE.
pub fn profile_fields(profile: &TerminalProfile) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("profile".into(), json!(to_hex(&profile.0)));
    map.insert("facilities".into(), profile.facilities().map(|f| json!(f.name())).collect());
    map.insert("channels".into(), json!(profile.channels()));
    map
}

/// Builds a proactive command, changed as asked.
///
/// # Errors
/// [`PlayerError`] when the change does not fit.
pub fn build_command(command: ProactiveCommand, change: Option<&Change>) -> Result<Vec<u8>, PlayerError> {
    let Some(change) = change else { return Ok(command.encode()) };
    let fields = changed(command.to_fields(), change);
    let built = ProactiveCommand::from_fields(&fields).map_err(|e| PlayerError(e.to_string()))?;
    edited(built.encode(), change)
}

/// Builds the data of an ENVELOPE, changed as asked.
///
/// # Errors
/// [`PlayerError`] when the change does not fit.
pub fn build_envelope(envelope: Envelope, change: Option<&Change>) -> Result<Vec<u8>, PlayerError> {
    let Some(change) = change else { return Ok(envelope.encode()) };
    let fields = changed(envelope.to_fields(), change);
    let built = Envelope::from_fields(&fields).map_err(|e| PlayerError(e.to_string()))?;
    edited(built.encode(), change)
}

/// Builds the data of a TERMINAL RESPONSE, changed as asked.
///
/// # Errors
/// [`PlayerError`] when the change does not fit.
pub fn build_response(response: TerminalResponse, change: Option<&Change>) -> Result<Vec<u8>, PlayerError> {
    let Some(change) = change else { return Ok(response.encode()) };
    let fields = changed(response.to_fields(), change);
    let built = TerminalResponse::from_fields(&fields).map_err(|e| PlayerError(e.to_string()))?;
    edited(built.encode(), change)
}

fn changed(mut fields: Map<String, Value>, change: &Change) -> Map<String, Value> {
    merge(&mut fields, &change.with);
    prune(&mut fields);
    fields
}

fn edited(mut octets: Vec<u8>, change: &Change) -> Result<Vec<u8>, PlayerError> {
    change.edit(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_two_codes() {
        assert_eq!(network(&[0x00, 0xF1, 0x10, 0x00, 0x01]).as_deref(), Some("00101"));
        assert_eq!(network(&[0x13, 0x00, 0x14, 0x00, 0x01]).as_deref(), Some("310410"));
        assert_eq!((network(&[0xFF, 0xFF, 0xFF, 0x00]), network(&[0x00, 0xF1])), (None, None));
    }
}
