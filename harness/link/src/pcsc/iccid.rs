//! Asking a card for its ICCID, to know it among several.

use std::ffi::CStr;
use std::time::Duration;

use pcsc::{Card, Disposition, Error, Protocols, ShareMode};

use super::Iccid;
use super::context::{Pcscd, daemon_gone};
use crate::LinkError;

/// SELECT MF, SELECT EF.ICCID, both without response data, and READ BINARY of its ten octets (TS 102 221 11.1, 13.2).
const SEQUENCE: [&[u8]; 3] = [
    &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00],
    &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2],
    &[0x00, 0xB0, 0x00, 0x00, 0x0A],
];

/// The ICCID of the card in a reader; `None` when the card has none to show, or another program has it to itself.
///
/// # Errors
/// [`LinkError::Gone`] when pcscd ends, [`LinkError::Missing`] when the card does not answer within `limit`.
pub(super) fn read(pcscd: &Pcscd, reader: &CStr, limit: Duration) -> Result<Option<Iccid>, LinkError> {
    let silent = || LinkError::Missing {
        what: format!("the card in {} does not answer when asked for its ICCID", reader.to_string_lossy()),
        remedy: "pull it, or name the reader of the card that is meant".into(),
    };
    let connect = |context: &pcsc::Context| context.connect(reader, ShareMode::Shared, Protocols::ANY);
    let card = match pcscd.call(limit, connect).ok_or_else(silent)? {
        Ok(card) => card,
        Err(error @ (Error::NoService | Error::ServiceStopped | Error::CommError)) => {
            return Err(daemon_gone(Some(error)));
        }
        Err(_) => return Ok(None),
    };
    let mut content = Ok(None);
    for command in SEQUENCE {
        content = pcscd.guard().call(limit, || answer(&card, command)).ok_or_else(silent);
        if !matches!(content, Ok(Some(_))) {
            break;
        }
    }
    pcscd.disconnect(card, Disposition::LeaveCard);
    Ok(content?.as_deref().and_then(Iccid::decode))
}

/// The data of an answer; `None` when the card refused, by a status word or by saying nothing.
fn answer(card: &Card, command: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = [0; 264];
    match card.transmit(command, &mut buffer).ok()?.split_last_chunk() {
        Some((data, [0x90 | 0x91, _])) => Some(data.to_vec()),
        _ => None,
    }
}
