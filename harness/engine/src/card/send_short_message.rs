//! SEND SHORT MESSAGE, as the card issues it.

use dmsc_uicc::channel::Device;
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::object::{Address, Object};
use serde_json::json;

use crate::messages::{Removable, SmsWith};
use crate::player::PlayerError;

/// SEND SHORT MESSAGE with a message (TS 31.111 6.6.9): without an alpha identifier that tells the user, and with the
/// service centre of EF.SMSP unless it names one.
pub(super) fn command(number: u8, with: &SmsWith, tpdu: Vec<u8>) -> Result<ProactiveCommand, PlayerError> {
    let alpha = match &with.alpha_id {
        Some(Removable::Removed) => None,
        Some(Removable::Set(text)) => Some(text.as_str()),
        None => Some(""),
    };
    let message = if with.cdma == Some(true) { Object::CdmaSmsTpdu(tpdu) } else { Object::SmsTpdu(tpdu) };
    let mut fields = ProactiveCommand::new(number, CommandType::SendShortMessage, 0x00, Device::Uicc, Device::Network)
        .with(message)
        .to_fields();
    if let Some(alpha) = alpha {
        fields.insert("alpha_id".into(), json!(alpha));
    }
    let mut command = ProactiveCommand::from_fields(&fields).map_err(|error| PlayerError(error.to_string()))?;
    if let Some(text) = &with.service_centre {
        let address = Address::from_text(text).ok_or_else(|| PlayerError(format!("\"{text}\" is not a number")))?;
        fields.insert("address".into(), json!(address.to_string()));
        command = ProactiveCommand::from_fields(&fields).map_err(|error| PlayerError(error.to_string()))?;
    }
    Ok(command)
}
