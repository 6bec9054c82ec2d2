//! TLS under the HTTP of the DM Client.

use serde_json::Map;

use super::Terminal;
use crate::account::Address;
use crate::certificates;
use crate::event::Actor;
use crate::layer::Layer;
use crate::messages::{Reuse, Tls, TlsClientWith};
use crate::patch::Change;
use crate::player::{Delivery, PlayerError};
use crate::switch::Switch;
use crate::tls::{TlsLayer, act};

impl Terminal {
    /// The layer of a connection that is being opened.
    pub(super) fn tls_layer(&mut self, host: &str, asked: Option<&Change>) -> Box<dyn Layer> {
        let change = self.io.change("tls.client-hello", asked, Map::new);
        let with = change.as_ref().map(Change::read::<TlsClientWith>).transpose().unwrap_or_else(|problem| {
            self.io.break_off(&problem.into());
            None
        });
        let with = with.unwrap_or_default();
        let choices = &self.config.choices.tls;
        if let Some(known) = self.client.certificates().filter(|known| certificates::are_used(known, choices)) {
            match certificates::client(known, host, &with, choices, &self.switches) {
                Ok(layer) => return Box::new(layer),
                Err(problem) => self.io.break_off(&PlayerError(problem)),
            }
        }
        Box::new(self.tls.layer(self.client.psk(), &with))
    }

    /// Tells what has happened in TLS.
    pub(super) fn tell_tls(&mut self) {
        let Some(conduit) = self.http.conduit.as_mut() else { return };
        while let Some(told) = conduit.next_told() {
            self.io.tell_tls(Actor::Client, told);
        }
        if let Some(session) = conduit.layer().and_then(TlsLayer::take_session) {
            self.tls.keep(session);
        }
    }

    /// `send: tls.client-hello`: a connection of its own, or another handshake.
    pub(super) fn say_hello(&mut self, change: &Change) -> Result<(), PlayerError> {
        if change.read::<TlsClientWith>()?.connection == Some(Reuse::Same) {
            return self.act_in_tls(Tls::ClientHello, change);
        }
        self.http.asked = true;
        let (address, _) = self.default_address()?;
        if !address.secure {
            let why = "the address of the account is not one of HTTPS; set `tls: true` for it";
            return Err(PlayerError(why.into()));
        }
        if self.client.certificates().is_some_and(|known| certificates::are_used(known, &self.config.choices.tls)) {
            certificates::check(change)?;
        }
        self.connect(&address, Some(change));
        self.tell_late();
        Ok(())
    }

    /// Does something in TLS on the connection that is open.
    pub(super) fn act_in_tls(&mut self, what: Tls, change: &Change) -> Result<(), PlayerError> {
        match self.http.conduit.as_mut().filter(|conduit| conduit.is_tls()) {
            Some(conduit) => act(conduit, what, change)?,
            None => self.io.delivery = Delivery::Failed("no connection with TLS is open".into()),
        }
        self.flush();
        Ok(())
    }

    /// TLS has failed, and with it the exchange; a faulty client makes it without.
    pub(super) fn without_tls(&mut self) {
        let last = self.http.last.take().filter(|_| self.switches.on(Switch::TlsFallsBack));
        match last {
            Some((address, octets)) if address.secure => {
                self.disconnect();
                self.transmit(&Address { secure: false, ..address }, &octets);
            }
            _ if self.switches.on(Switch::TlsStaysOpen) => self.lose_session(),
            _ => self.give_up(),
        }
    }
}
