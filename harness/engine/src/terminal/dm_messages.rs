//! What the DM Client of the terminal says in a session: its messages, each in an HTTP request of its own.

use dmsc_dm::auth::MacHeader;
use dmsc_dm::package0::session_id_text;
use dmsc_dm::syncml::Message;
use serde_json::{Map, json};

use super::Terminal;
use crate::account::Address;
use crate::choice::client::Parting;
use crate::dm::client::Heard;
use crate::dm::{Directive, view};
use crate::event::Actor;
use crate::http::HttpMessage;
use crate::http_manner;
use crate::patch::Change;
use crate::player::{PlayerError, Reply};

impl Terminal {
    pub(super) fn answer_notification(&mut self, octets: &[u8], reply: &Reply) -> Result<(), PlayerError> {
        let heard = self.client.hear(octets);
        let Heard::Start(account, session_id) = heard else { return Ok(()) };
        self.notified = Some((account, session_id));
        match reply {
            Reply::Silent => Ok(()),
            Reply::Default if !self.config.dm_client => Ok(()),
            Reply::Default => self.open_session(account, Some(session_id), &Change::default()),
            Reply::With(change) => self.open_session(account, Some(session_id), change),
        }
    }

    pub(super) fn open_session(
        &mut self,
        account: usize,
        session_id: Option<u16>,
        asked: &Change,
    ) -> Result<(), PlayerError> {
        self.notified = None;
        let encoding = self.client.encoding;
        let change = self.io.change("dm.message", Some(asked), || {
            let mut fields =
                Map::from_iter([("package".to_owned(), json!(1)), ("encoding".to_owned(), json!(encoding.name()))]);
            fields.extend(session_id.map(|id| ("session_id".to_owned(), json!(session_id_text(id)))));
            fields
        });
        let change = change.unwrap_or_default();
        if change.drop {
            return Ok(());
        }
        let directive = Directive::new(&change.with)?;
        let message = self.client.open(account, session_id, &directive)?;
        self.post(&message, &directive, &change)
    }

    fn post(&mut self, message: &Message, directive: &Directive, change: &Change) -> Result<(), PlayerError> {
        let own = self.client.encoding;
        let octets = &self.client.choices.octets;
        let encode = |encoding| self.client.encode(message, encoding);
        let mut body = match directive.body() {
            Some(body) => body,
            None => own.carry(directive.encoding(), (message, octets), encode).map_err(PlayerError)?,
        };
        let encoding = directive.encoding().unwrap_or(own);
        change.edit(&mut body)?;
        let mac = self.client.request_mac(&body, directive);
        if directive.body().is_none() && change.mutate.is_empty() {
            let mut context = Map::new();
            view::add_mac(&mut context, mac.as_deref());
            self.io.say_octets(Actor::Client, "dm.message", &body, context);
        } else {
            self.io.say(Actor::Client, "dm.message", &body, || {
                let mut fields = view::client_fields(message, encoding);
                view::add_mac(&mut fields, mac.as_deref());
                fields
            });
        }
        let Some(address) = self.client.target().and_then(Address::parse) else {
            return self.unreachable();
        };
        let request = HttpMessage::post(&address.path, &address.host_header(), body)
            .with("Content-Type", encoding.media_type())
            .with("Accept", encoding.media_type())
            .with("Accept-Charset", "utf-8")
            .with("Cache-Control", "no-store")
            .with("User-Agent", concat!("dmsc/", env!("CARGO_PKG_VERSION")))
            .with_some(MacHeader::NAME, mac.as_deref());
        let request = http_manner::apply(request, &address.host_header(), &self.config.choices.http);
        let asked = directive.http();
        self.request(request, &address, asked.as_ref())
    }

    pub(super) fn answer_message(&mut self, message: &Message, asked: Option<&Change>) -> Result<(), PlayerError> {
        // A patch of a reference DUT chooses by what it answers.
        let change = self.io.change("dm.message", asked, || {
            let mut fields = view::fields(message, self.client.encoding);
            fields.insert("package".to_owned(), json!(3));
            fields
        });
        let change = change.unwrap_or_default();
        if change.drop {
            return Ok(());
        }
        let directive = Directive::new(&change.with)?;
        if self.io.scripted && !self.client.in_session() {
            self.client.keep_challenge(message);
        }
        if let Some(answer) = self.client.respond(message, &directive)? {
            return self.post(&answer, &directive, &change);
        }
        self.session_over(true);
        // The client closes what it opened.
        if self.config.choices.client.parting == Parting::Closes {
            self.disconnect();
        }
        Ok(())
    }
}
