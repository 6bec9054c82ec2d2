//! HTTP messages as a case or a fault changes them.

use crate::http::{HttpMessage, Start, reason};
use crate::messages::{Asker, Body, Edits, HttpWith, Reuse};
use crate::patch::Change;
use crate::player::PlayerError;

/// An HTTP message as it is to be sent.
pub(crate) struct Written {
    /// Its octets.
    pub(crate) octets: Vec<u8>,
    /// Whether it takes a connection of its own.
    pub(crate) renew: bool,
    /// Who sends it.
    pub(crate) client: Asker,
    /// Whether the connection is to be closed after it.
    pub(crate) close: bool,
}

/// Writes an HTTP message with changes.
///
/// # Errors
/// [`PlayerError`] when a field does not fit.
pub(crate) fn write(mut message: HttpMessage, change: Option<&Change>) -> Result<Written, PlayerError> {
    let Some(change) = change else {
        return Ok(Written { octets: message.encode(), renew: false, client: Asker::DmClient, close: false });
    };
    let with: HttpWith = change.read()?;
    let misplaced: &[(&str, bool)] = match &mut message.start {
        Start::Request { .. } => &[("status", with.status.is_some()), ("reason", with.reason.is_some())],
        Start::Response { .. } => &[
            ("method", with.method.is_some()),
            ("path", with.path.is_some()),
            ("connection", with.connection.is_some()),
            ("client", with.client.is_some()),
        ],
    };
    if let Some((name, _)) = misplaced.iter().find(|(_, set)| *set) {
        return Err(PlayerError(format!("`{name}` is not a field of this HTTP message")));
    }
    match &mut message.start {
        Start::Request { method, target } => {
            with.method.into_iter().for_each(|set| *method = set);
            with.path.into_iter().for_each(|set| *target = set);
        }
        Start::Response { status, reason: phrase } => {
            if let Some(set) = with.status.and_then(|status| u16::try_from(status.get()).ok()) {
                *status = set;
                *phrase = reason(set).into();
            }
            with.reason.into_iter().for_each(|set| *phrase = set);
        }
    }
    with.version.into_iter().for_each(|version| message.minor = version.minor());
    with.headers.into_iter().flatten().for_each(|(name, value)| set_header(&mut message, &name, value));
    with.body.into_iter().for_each(|Body(body)| message.body = body);
    with.chunked.into_iter().for_each(|size| message.chunked = size);
    let mut octets = message.encode();
    change.edit(&mut octets)?;
    if let Some(Edits(mutate)) = with.mutate {
        Change { mutate, ..Change::default() }.edit(&mut octets)?;
    }
    Ok(Written {
        octets,
        renew: with.connection == Some(Reuse::New),
        client: with.client.unwrap_or(Asker::DmClient),
        close: with.close.unwrap_or_default(),
    })
}

/// Sets a header field by name (`_` stands for `-`); nothing takes it out.
fn set_header(message: &mut HttpMessage, name: &str, value: Option<String>) {
    let name = name.replace('_', "-");
    let place = message.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(&name));
    match (place, value) {
        (Some(place), None) => drop(message.headers.remove(place)),
        (Some(place), Some(value)) => {
            message.headers.iter_mut().skip(place).take(1).for_each(|header| header.1.clone_from(&value))
        }
        (None, Some(value)) => message.headers.push((name, value)),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(message: HttpMessage, with: Value) -> Result<String, String> {
        let Value::Object(with) = with else { panic!("a mapping") };
        let written = write(message, Some(&Change::with(with)));
        written.map(|written| String::from_utf8(written.octets).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn each_field_changes_what_it_names() {
        let post = || HttpMessage::post("/OMA/DM", "card", b"ab".to_vec());
        let headers = json!({ "host": null, "x_y": "1" });
        assert_eq!(
            written(
                post(),
                json!({ "method": "PUT", "path": "/", "version": "1.0", "headers": headers, "body": "hex:61" })
            ),
            Ok("PUT / HTTP/1.0\r\nx-y: 1\r\nContent-Length: 1\r\n\r\na".to_owned())
        );
        let response = HttpMessage::response(200, Vec::new());
        assert_eq!(
            written(response.clone(), json!({ "status": 404, "mutate": [{ "truncate": 12 }] })),
            Ok("HTTP/1.1 404".to_owned())
        );
        assert_eq!(
            written(response, json!({ "method": "GET" })),
            Err("`method` is not a field of this HTTP message".to_owned())
        );
        assert_eq!(
            written(post(), json!({ "status": 200 })),
            Err("`status` is not a field of this HTTP message".to_owned())
        );
    }
}
