//! What a case sends in TLS by itself.

use dmsc_tls::{Alert, AlertLevel, Description};

use super::layer::TlsLayer;
use crate::conduit::Conduit;
use crate::messages::{AlertWith, Content, RecordWith, Tls};
use crate::patch::Change;
use crate::player::PlayerError;

/// Sends an alert, a record or a wish for another handshake on a connection.
///
/// # Errors
/// [`PlayerError`] when what is set does not fit.
pub(crate) fn act(conduit: &mut Conduit, what: Tls, change: &Change) -> Result<(), PlayerError> {
    if conduit.layer::<TlsLayer>().is_none() {
        let why = "alerts, records and handshakes of a case's own are for TLS with a key, and this connection is one with \
                   certificates";
        return Err(PlayerError(why.into()));
    }
    match what {
        Tls::Alert => {
            let with: AlertWith = change.read()?;
            let description = with.description.map_or(Description::CloseNotify, |name| name.0);
            let fatal = with.fatal.unwrap_or(description != Description::CloseNotify);
            let level = if fatal { AlertLevel::Fatal } else { AlertLevel::Warning };
            conduit.with_layer(|tls: &mut TlsLayer, flow| {
                tls.alert(Alert { level, description }, flow);
                Ok(())
            });
        }
        Tls::Record => {
            let with: RecordWith = change.read()?;
            match with.octets {
                Some(octets) => {
                    let mut octets = octets.0;
                    change.edit(&mut octets)?;
                    conduit.with_layer(|_: &mut TlsLayer, flow| {
                        flow.transport.extend(octets);
                        Ok(())
                    });
                }
                None => {
                    let mut body = with.body.unwrap_or_default().0;
                    change.edit(&mut body)?;
                    let content = with.content.unwrap_or(Content::ApplicationData);
                    conduit.with_layer(|tls: &mut TlsLayer, flow| {
                        tls.record(content, &body, flow);
                        Ok(())
                    });
                }
            }
        }
        Tls::ClientHello | Tls::HelloRequest | Tls::Message => conduit.with_layer(|tls: &mut TlsLayer, flow| {
            tls.renegotiate(flow);
            Ok(())
        }),
    }
    Ok(())
}
