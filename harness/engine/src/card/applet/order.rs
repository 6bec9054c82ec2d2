//! A notification that is to be sent: what a case or a fault makes of it.

use dmsc_link::Time;
use dmsc_uicc::channel::TransportProtocol;

use crate::dm::{DmServer, server};
use crate::messages::{Digest, NotificationWith, Octets, SessionId, Within};
use crate::player::PlayerError;

/// A notification to be sent, and how.
#[derive(Clone, Debug, Default)]
pub(in crate::card) struct Order {
    /// The channel data: Package#0, with whatever a case puts around it.
    pub(in crate::card) octets: Vec<u8>,
    pub(super) transport: Option<TransportProtocol>,
    pub(super) port: Option<u16>,
    pub(super) chunks: Vec<usize>,
    pub(super) leave_open: bool,
    pub(super) qualifier: Option<u8>,
    pub(super) tries: u32,
    pub(super) not_before: Time,
    /// Whether a case or a person asked for it: they decide whether it fits, and whether it is tried again.
    pub(in crate::card) asked: bool,
}

impl Order {
    /// Builds a notification from the fields of a case or a fault; what they do not name has its valid default.
    pub(in crate::card) fn new(with: NotificationWith, server: &mut DmServer) -> Result<Order, PlayerError> {
        let mut trigger = server.trigger();
        let mut account = server.account.clone();
        let wide = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let narrow = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
        with.version.into_iter().for_each(|version| trigger.version = wide(version.get()));
        with.ui_mode.into_iter().for_each(|mode| trigger.ui_mode = narrow(mode.get()));
        with.initiator.into_iter().for_each(|initiator| trigger.initiator = narrow(initiator.get()));
        with.future_use.into_iter().for_each(|bits| trigger.future_use = bits.get());
        if let Some(SessionId(id)) = with.session_id {
            trigger.session_id = id;
            server.announce(id);
        }
        trigger.length = with.length_identifier.or(trigger.length);
        if let Some(id) = with.server_id {
            trigger.server_id = id.clone().into_bytes();
            account.server_id = id;
        }
        with.password.into_iter().for_each(|password| account.server_secret = password);
        with.nonce.into_iter().for_each(|Octets(nonce)| account.server_nonce = nonce);
        if with.digest == Some(Digest::ReplacedNonce) {
            server.replaced_nonce.iter().for_each(|nonce| account.server_nonce.clone_from(nonce));
        }
        if with.digest == Some(Digest::FirstNonce) {
            account.server_nonce = server.first_nonce().to_vec();
        }
        with.body.into_iter().for_each(|Octets(body)| trigger.body = body);
        let digest = with.digest.unwrap_or_default();
        server.signed_by(digest);
        let package0 = server::sign(trigger, digest, &account)?;
        let octets = match with.octets {
            Some(Octets(octets)) => octets,
            None => {
                let prefix = with.prefix.map(|Octets(prefix)| prefix).unwrap_or_default();
                [prefix, account.form.framing.framed(package0.encode().map_err(|e| PlayerError(e.to_string()))?)]
                    .concat()
            }
        };
        let size = |size: Within<1, 0xFFFF>| usize::try_from(size.get()).unwrap_or(usize::MAX);
        Ok(Order {
            octets,
            transport: with.transport,
            port: with.port,
            chunks: with.chunks.unwrap_or_default().into_iter().map(size).collect(),
            leave_open: with.close == Some(false),
            qualifier: with.qualifier,
            ..Order::default()
        })
    }
}
