//! One end of a connection, as its user sees it.

use super::client::ClientSide;
use super::config::{ClientConfig, ServerConfig};
use super::core::{Core, Incoming};
use super::event::Event;
use super::failure::Cause;
use super::forgive::Forgive;
use super::server::ServerSide;
use super::session::Session;
use crate::alert::Alert;
use crate::message::Handshake;
use crate::record::ContentType;

/// What differs between the sides.
pub(super) trait Side {
    /// The connection begins.
    fn start(&mut self, core: &mut Core) -> Result<(), Cause>;
    /// A message came.
    fn message(&mut self, core: &mut Core, message: Handshake, octets: Vec<u8>) -> Result<(), Cause>;
    /// ChangeCipherSpec came.
    fn change_cipher_spec(&mut self, core: &mut Core) -> Result<(), Cause>;
    /// Another handshake is wanted.
    fn renegotiate(&mut self, core: &mut Core) -> Result<(), Cause>;
    /// The peer will have no other handshake.
    fn refused(&mut self);
    /// Whether application data may come, once a handshake was over.
    fn takes_data(&self) -> bool;
    /// Whether application data may be sent, once a handshake was over.
    fn may_send(&self) -> bool;
    /// What is waited for, for errors.
    fn expected(&self) -> &'static str;
}

/// Why application data cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A handshake is not over.
    #[error("the handshake is not over; wait for `Established`")]
    NotEstablished,
    /// close_notify was sent (RFC 5246 7.2.1).
    #[error("the connection was closed by this side; open another")]
    Closed,
    /// The connection has failed.
    #[error("the connection has failed; the event `Failed` says why")]
    Failed,
}

/// One end of a connection: [`Client`] or [`Server`].
#[derive(Debug)]
pub struct Endpoint<S> {
    core: Core,
    side: S,
}

/// A client. Its hello can be taken as soon as it is made.
pub type Client = Endpoint<ClientSide>;

/// A server.
pub type Server = Endpoint<ServerSide>;

impl Client {
    /// A client whose random values follow from `seed`.
    #[must_use]
    pub fn new(config: ClientConfig, seed: u64) -> Client {
        let (side, config) = ClientSide::new(config);
        Endpoint { core: Core::new(config, seed), side }.started()
    }
}

impl Server {
    /// A server whose random values follow from `seed`.
    #[must_use]
    pub fn new(config: ServerConfig, seed: u64) -> Server {
        let (side, config) = ServerSide::new(config);
        Endpoint { core: Core::new(config, seed), side }.started()
    }
}

#[expect(private_bounds, reason = "there are two sides and no others")]
impl<S: Side> Endpoint<S> {
    fn started(mut self) -> Self {
        let started = self.side.start(&mut self.core);
        self.settle(started);
        self
    }

    fn settle(&mut self, result: Result<(), Cause>) {
        if let Err(cause) = result {
            self.core.fail(cause);
        }
    }

    /// Takes octets that came, cut anywhere. After a failure or close_notify they mean nothing.
    pub fn receive(&mut self, octets: &[u8]) {
        if self.core.is_over() {
            return;
        }
        self.core.push(octets);
        loop {
            let step = match self.core.incoming() {
                Ok(None) => return,
                Ok(Some(incoming)) => self.step(incoming),
                Err(cause) => Err(cause),
            };
            self.settle(step);
        }
    }

    fn step(&mut self, incoming: Incoming) -> Result<(), Cause> {
        match incoming {
            Incoming::Handshake(message, octets) => {
                let said = octets.clone();
                match self.side.message(&mut self.core, message, octets) {
                    Err(Cause::Unexpected { .. }) if self.core.forgives(Forgive::Order) => {
                        self.core.handshaking.transcript.extend(said);
                        Ok(())
                    }
                    done => done,
                }
            }
            Incoming::ChangeCipherSpec => match self.side.change_cipher_spec(&mut self.core) {
                Err(Cause::EarlyChangeCipherSpec(_)) if self.core.forgives(Forgive::Order) => Ok(()),
                done => done,
            },
            Incoming::NoRenegotiation => {
                // In a first handshake there is nothing to refuse.
                if self.core.established.is_some() {
                    self.side.refused();
                }
                Ok(())
            }
            Incoming::Data(data) if self.core.established.is_some() && self.side.takes_data() => {
                self.core.events.push_back(Event::Data(data));
                Ok(())
            }
            Incoming::Data(_) => Err(Cause::EarlyData(self.side.expected())),
        }
    }

    /// The transport has ended; without close_notify before, this is [`super::Closure::Truncated`].
    pub fn end_of_input(&mut self) {
        self.core.end_of_input();
    }

    /// Sends application data in as many records as the limits ask for; none at all in a record without data.
    ///
    /// # Errors
    /// The connection is not up, or not any more.
    pub fn send(&mut self, plaintext: &[u8]) -> Result<(), SendError> {
        match () {
            () if self.core.has_failed() => return Err(SendError::Failed),
            () if self.core.close_sent => return Err(SendError::Closed),
            () if self.core.established.is_none() || !self.side.may_send() => return Err(SendError::NotEstablished),
            () => {}
        }
        let sent = self.core.send_data(plaintext);
        self.settle(sent);
        if self.core.has_failed() { Err(SendError::Failed) } else { Ok(()) }
    }

    /// Sends close_notify, once. What comes is still told until the peer's.
    pub fn close(&mut self) {
        self.core.close();
    }

    /// Asks for another handshake: a client by its hello, a server by HelloRequest. Nothing happens while one is under way.
    pub fn renegotiate(&mut self) {
        if !self.core.has_failed() && self.core.established.is_some() {
            let asked = self.side.renegotiate(&mut self.core);
            self.settle(asked);
        }
    }

    /// Sends an alert, whatever it is, and goes on as if it had not.
    pub fn send_alert(&mut self, alert: Alert) {
        self.core.send_alert(alert);
    }

    /// Sends a handshake message out of turn. It counts in the transcript of a handshake under way.
    ///
    /// # Errors
    /// A field that is longer than its length can say.
    pub fn send_handshake(&mut self, message: &Handshake) -> Result<(), crate::reader::EncodeError> {
        message.encode()?;
        let sent = self.core.say(message).and_then(|()| self.core.flush());
        self.settle(sent);
        Ok(())
    }

    /// Sends one record with the protection of the moment, whatever its content; up to 65000 octets, which are
    /// more than a record may have, are not cut.
    pub fn send_record(&mut self, content: ContentType, plaintext: &[u8]) {
        let sent = self.core.emit(content, plaintext);
        self.settle(sent);
    }

    /// Sends octets as they are.
    pub fn send_raw(&mut self, octets: &[u8]) {
        self.core.send_raw(octets);
    }

    /// The octets that are to go out, which are taken.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.core.take_output()
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.core.events.pop_front()
    }

    /// The session of the last handshake, to be resumed; none when it has no identifier or the connection has failed.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.core.session()
    }

    /// The secrets in the format of NSS (`CLIENT_RANDOM`), with which Wireshark reads the connection; empty unless
    /// [`super::Config::key_log`] asks for it.
    #[must_use]
    pub fn key_log(&self) -> &str {
        self.core.key_log()
    }
}
