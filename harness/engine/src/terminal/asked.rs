//! What a case has the DM Client say.

use super::Terminal;
use super::visitors::{LOOPBACK, Manner};
use crate::account::Address;
use crate::dm::Encoding;
use crate::event::Actor;
use crate::http::HttpMessage;
use crate::http_change::write;
use crate::messages::{Asker, HttpWith};
use crate::patch::Change;
use crate::player::PlayerError;

impl Terminal {
    /// `send: dm.message`: the next message of the session, or the first one of a new session.
    pub(super) fn dm_message(&mut self, change: &Change) -> Result<(), PlayerError> {
        self.http.asked = true;
        if let Some(request) = self.http.unanswered.take() {
            return self.answer_message(&request, Some(change));
        }
        if self.client.in_session() {
            return Err(PlayerError(
                "the client has nothing to say in this session: it waits for the server; expect dm.message first"
                    .into(),
            ));
        }
        match self.notified.take() {
            Some((account, session_id)) => self.open_session(account, Some(session_id), change),
            None => self.open_session(0, None, change),
        }
    }

    /// `send: connect`.
    pub(super) fn connect_only(&mut self) -> Result<(), PlayerError> {
        self.http.asked = true;
        let (address, _) = self.default_address()?;
        self.connect(&address, None);
        self.tell_late();
        Ok(())
    }

    /// The address of the first account, and how its messages are written.
    pub(super) fn default_address(&self) -> Result<(Address, Encoding), PlayerError> {
        let account = self.client.accounts.first().map(|a| a.address.clone()).unwrap_or_default();
        let address =
            Address::parse(&account).ok_or_else(|| PlayerError(format!("\"{account}\" is not an absolute address")))?;
        Ok((address, self.client.encoding))
    }

    /// `send: http.request`: a request of the case's own making, by the DM Client or by another.
    pub(super) fn raw_request(&mut self, change: &Change) -> Result<(), PlayerError> {
        self.http.asked = true;
        let (address, encoding) = self.default_address()?;
        let request = HttpMessage::post(&address.path, &address.host_header(), Vec::new())
            .with("Content-Type", encoding.media_type());
        if change.read::<HttpWith>()?.client != Some(Asker::Other) {
            return self.request(request, &address, Some(change));
        }
        let octets = write(request.clone(), Some(change))?.octets;
        self.io.say(Actor::Client, "http.request", &octets, || request.fields());
        self.visit_for(Manner::Asks(octets), LOOPBACK, &address, false);
        Ok(())
    }
}
