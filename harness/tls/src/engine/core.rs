//! What both sides have in common: records in and out, alerts, keys, the transcript.

use std::collections::VecDeque;

use dmsc_octets::Random;
use zeroize::Zeroizing;

use super::alter::Outgoing;
use super::config::{Config, Padding, Split, WrongKey};
use super::event::{Closure, Direction, Established, Event};
use super::failure::{Cause, Failure};
use super::forgive::Forgive;
use super::session::Session;
use crate::alert::{Alert, Description};
use crate::keys::{Cipher, key_block};
use crate::message::{HEADER_LENGTH, Handshake, HandshakeType};
use crate::prf::Prf;
use crate::protection::Protection;
use crate::record::{ContentType, Deframer, Header, MOST_PLAINTEXT, Unframed};
use crate::secret::Secret;
use crate::suite::Suite;
use crate::version::Version;

/// The longest handshake message that is taken, without its header: a ClientHello with everything it can have.
const MOST_MESSAGE: usize = 2 + 32 + 33 + 2 + 0xFFFF + 256 + 2 + 0xFFFF;

/// Something that came, apart from alerts.
pub(super) enum Incoming {
    Handshake(Handshake, Vec<u8>),
    ChangeCipherSpec,
    Data(Vec<u8>),
    /// The peer will have no other handshake.
    NoRenegotiation,
}

/// What the hellos have agreed on.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) by_client: bool,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
    pub(super) established: Established,
}

/// A handshake under way.
#[derive(Debug, Default)]
pub(super) struct Handshaking {
    pub(super) transcript: Vec<u8>,
    pub(super) agreed: Option<Agreed>,
    pub(super) master: Secret,
    next_read: Option<Protection>,
    next_write: Option<Protection>,
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    random: Random,
    deframer: Deframer,
    output: Vec<u8>,
    pub(super) events: VecDeque<Event>,
    read: Option<Protection>,
    write: Option<Protection>,
    /// Whether no record came yet under the keys that are read with.
    fresh: bool,
    pub(super) version: Option<Version>,
    /// The version of records before one is agreed.
    pub(super) first_version: Version,
    /// A hello in the form of SSL 2.0 may come.
    pub(super) ssl2: bool,
    joined: Vec<u8>,
    half_alert: Option<u8>,
    flight: Vec<u8>,
    limit: usize,
    pub(super) handshaking: Handshaking,
    /// The last handshake that succeeded.
    pub(super) established: Option<Established>,
    session: Option<Session>,
    /// verify_data of the client and of the server in the last handshake (RFC 5746 3.1).
    pub(super) verified: [Vec<u8>; 2],
    pub(super) close_sent: bool,
    close_received: bool,
    truncated: bool,
    failed: bool,
    log: Zeroizing<String>,
}

impl Core {
    pub(super) fn new(config: Config, seed: u64) -> Core {
        let long = config.forgives.contains(&Forgive::Length);
        Core {
            first_version: config.max_version.min_with(Version::Tls10),
            config,
            random: Random::new(seed),
            deframer: if long { Deframer::longest() } else { Deframer::new() },
            output: Vec::new(),
            events: VecDeque::new(),
            read: None,
            write: None,
            fresh: false,
            version: None,
            ssl2: false,
            joined: Vec::new(),
            half_alert: None,
            flight: Vec::new(),
            limit: MOST_PLAINTEXT,
            handshaking: Handshaking::default(),
            established: None,
            session: None,
            verified: [Vec::new(), Vec::new()],
            close_sent: false,
            close_received: false,
            truncated: false,
            failed: false,
            log: Zeroizing::default(),
        }
    }

    // --- What comes ---

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.deframer.push(octets);
    }

    /// Whether nothing more is read.
    pub(super) fn is_over(&self) -> bool {
        self.failed || self.close_received || self.truncated
    }

    /// Whether this is taken.
    pub(super) fn forgives(&self, what: Forgive) -> bool {
        self.config.forgives.contains(&what)
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The next thing that came.
    pub(super) fn incoming(&mut self) -> Result<Option<Incoming>, Cause> {
        while !self.is_over() {
            if let Some((message, octets)) = self.joined_message()? {
                return Ok(Some(Incoming::Handshake(message, octets)));
            }
            let Some(unframed) = self.deframer.next(self.ssl2)? else { return Ok(None) };
            self.ssl2 = false;
            let incoming = match unframed {
                Unframed::Ssl2Hello(octets) => {
                    let kind = HandshakeType::ClientHello;
                    let hello = crate::message::Ssl2ClientHello::decode(&octets);
                    let message = hello.map_err(|error| Cause::Decode { kind, error })?;
                    let message = Handshake::Ssl2ClientHello(message);
                    self.tell(Direction::Received, message.clone(), octets.clone());
                    Some(Incoming::Handshake(message, octets))
                }
                Unframed::Record { header, body } => self.record(header, &body)?,
            };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
        Ok(None)
    }

    fn record(&mut self, header: Header, body: &[u8]) -> Result<Option<Incoming>, Cause> {
        let content = header.content;
        // Who refuses a version says so in another, its own.
        let refusal = content == ContentType::Alert && self.read.is_none();
        if let Some(agreed) = self.version.filter(|agreed| *agreed != header.version && !refusal) {
            return Err(Cause::RecordVersion { found: header.version, agreed });
        }
        let plaintext = match &mut self.read {
            None => body.to_vec(),
            Some(protection) => {
                let opened = match self.config.forgives.contains(&Forgive::Mac) {
                    true => protection.open_anyway(content, body),
                    false => protection.open(content, body),
                };
                let cause = if self.fresh { Cause::WrongKey } else { Cause::BadRecord(content) };
                opened.map_err(|_| cause)?
            }
        };
        self.fresh = false;
        if plaintext.len() > self.limit && !self.forgives(Forgive::Length) {
            return Err(Cause::Overflow { length: plaintext.len(), most: self.limit });
        }
        if plaintext.is_empty() && content != ContentType::ApplicationData {
            return Err(Cause::Empty(content));
        }
        match content {
            ContentType::Handshake => {
                self.joined.extend_from_slice(&plaintext);
                Ok(None)
            }
            ContentType::ApplicationData => Ok(Some(Incoming::Data(plaintext))),
            ContentType::ChangeCipherSpec if plaintext != [1] => Err(Cause::ChangeCipherSpecBody),
            ContentType::ChangeCipherSpec if !self.joined.is_empty() => {
                Err(Cause::EarlyChangeCipherSpec("the rest of a handshake message"))
            }
            ContentType::ChangeCipherSpec => Ok(Some(Incoming::ChangeCipherSpec)),
            ContentType::Alert => self.alerts(&plaintext),
            ContentType::Other(found) => Err(crate::record::RecordError::UnknownType { found }.into()),
        }
    }

    fn joined_message(&mut self) -> Result<Option<(Handshake, Vec<u8>)>, Cause> {
        let Some([kind, high, middle, low]) = self.joined.first_chunk::<HEADER_LENGTH>() else { return Ok(None) };
        let kind = HandshakeType::from_code(*kind);
        let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).unwrap_or(usize::MAX);
        if length > MOST_MESSAGE {
            return Err(Cause::TooLong { kind, length, most: MOST_MESSAGE });
        }
        let whole = HEADER_LENGTH.saturating_add(length);
        if self.joined.len() < whole {
            return Ok(None);
        }
        let octets: Vec<u8> = self.joined.drain(..whole).collect();
        let message = Handshake::decode(&octets).map_err(|error| Cause::Decode { kind, error })?;
        self.tell(Direction::Received, message.clone(), octets.clone());
        Ok(Some((message, octets)))
    }

    /// Alerts may be cut and joined as other messages.
    fn alerts(&mut self, octets: &[u8]) -> Result<Option<Incoming>, Cause> {
        let mut refused = None;
        for octet in octets {
            let Some(level) = self.half_alert.take() else {
                self.half_alert = Some(*octet);
                continue;
            };
            let alert = Alert::from_octets([level, *octet]);
            self.events.push_back(Event::Alert { direction: Direction::Received, alert });
            match alert.description {
                Description::CloseNotify => {
                    self.close_received = true;
                    self.close();
                    self.events.push_back(Event::Closed(Closure::Proper));
                    return Ok(None);
                }
                _ if alert.level != crate::alert::AlertLevel::Warning => return Err(Cause::PeerAlert(alert)),
                Description::NoRenegotiation => refused = Some(Incoming::NoRenegotiation),
                _ => {}
            }
        }
        Ok(refused)
    }

    /// The transport is at its end.
    pub(super) fn end_of_input(&mut self) {
        if !self.is_over() {
            self.truncated = true;
            let left = self.deframer.left().saturating_add(self.joined.len());
            self.events.push_back(Event::Closed(Closure::Truncated { left }));
        }
    }

    /// The keys that were agreed are used for what comes.
    pub(super) fn change_read(&mut self) -> Result<(), Cause> {
        self.events.push_back(Event::ChangeCipherSpec { direction: Direction::Received });
        self.read = Some(self.handshaking.next_read.take().ok_or(Cause::EarlyChangeCipherSpec("the hello"))?);
        self.fresh = true;
        Ok(())
    }

    // --- What goes ---

    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Sends a handshake message, or keeps it for the end of the flight.
    pub(super) fn say(&mut self, message: &Handshake) -> Result<(), Cause> {
        let mut octets = message.encode()?;
        let kind = message.kind();
        self.alter(Outgoing::Handshake { kind, octets: &mut octets });
        if octets.is_empty() {
            return Ok(());
        }
        if !matches!(message, Handshake::HelloRequest) {
            self.handshaking.transcript.extend_from_slice(&octets);
        }
        let other = || Handshake::Other { kind, body: octets.get(HEADER_LENGTH..).unwrap_or_default().to_vec() };
        let ssl2 = matches!(message, Handshake::Ssl2ClientHello(_));
        let said = if ssl2 { message.clone() } else { Handshake::decode(&octets).unwrap_or_else(|_| other()) };
        self.tell(Direction::Sent, said, octets.clone());
        if ssl2 {
            // Two octets of length with the highest bit set, in place of a record header (RFC 5246 E.2).
            let length = u16::try_from(octets.len()).unwrap_or(u16::MAX) | 0x8000;
            self.output.extend(length.to_be_bytes());
            self.output.extend(octets);
            return Ok(());
        }
        self.flight.extend(octets);
        if self.config.coalesce { Ok(()) } else { self.flush() }
    }

    /// Sends what is kept of a flight.
    pub(super) fn flush(&mut self) -> Result<(), Cause> {
        let flight = std::mem::take(&mut self.flight);
        self.write(ContentType::Handshake, &flight)
    }

    /// Sends ChangeCipherSpec, and uses the keys that were agreed for what goes.
    pub(super) fn change_write(&mut self) -> Result<(), Cause> {
        self.flush()?;
        let mut octets = vec![1];
        self.alter(Outgoing::ChangeCipherSpec(&mut octets));
        if !octets.is_empty() {
            self.write(ContentType::ChangeCipherSpec, &octets)?;
            self.events.push_back(Event::ChangeCipherSpec { direction: Direction::Sent });
        }
        if let Some(next) = self.handshaking.next_write.take() {
            self.write = Some(next);
        }
        Ok(())
    }

    pub(super) fn send_data(&mut self, data: &[u8]) -> Result<(), Cause> {
        let tls10 = self.write.as_ref().is_some_and(|write| !write.version.has_explicit_iv());
        let first = match self.config.split {
            Split::OneAndRest if tls10 && data.len() > 1 => 1,
            Split::EmptyFirst if tls10 => {
                self.emit(ContentType::ApplicationData, &[])?;
                0
            }
            _ => 0,
        };
        let (first, rest) = data.split_at_checked(first).unwrap_or_default();
        self.write(ContentType::ApplicationData, first)?;
        if data.is_empty() {
            self.emit(ContentType::ApplicationData, &[])
        } else {
            self.write(ContentType::ApplicationData, rest)
        }
    }

    pub(super) fn send_alert(&mut self, mut alert: Alert) -> Alert {
        self.alter(Outgoing::Alert(&mut alert));
        self.events.push_back(Event::Alert { direction: Direction::Sent, alert });
        // An alert that cannot be sent any more changes nothing.
        let _ = self.flush();
        let _ = self.write(ContentType::Alert, &alert.octets());
        alert
    }

    /// Sends close_notify, once.
    pub(super) fn close(&mut self) {
        if !self.close_sent && !self.failed {
            self.close_sent = true;
            self.send_alert(Alert::warning(Description::CloseNotify));
        }
    }

    /// Ends the connection for a cause. A session with a fatal alert is not resumed (RFC 5246 7.2.2).
    pub(super) fn fail(&mut self, cause: Cause) {
        let alert = match cause {
            Cause::PeerAlert(_) => None,
            Cause::WrongKey if self.config.wrong_key == WrongKey::DecryptError => Some(Description::DecryptError),
            ref cause => Some(cause.alert()),
        };
        let sent = alert.map(|description| self.send_alert(Alert::fatal(description)));
        self.failed = true;
        self.session = None;
        self.events.push_back(Event::Failed(Failure { sent, cause }));
    }

    /// Records of one content, as many as the limits ask for.
    pub(super) fn write(&mut self, content: ContentType, octets: &[u8]) -> Result<(), Cause> {
        let most = self.config.fragment.clamp(1, self.limit);
        octets.chunks(most).try_for_each(|part| self.emit(content, part))
    }

    /// One record.
    pub(super) fn emit(&mut self, content: ContentType, plaintext: &[u8]) -> Result<(), Cause> {
        let drawn = self.random.next_u64();
        let more = match self.config.padding {
            Padding::Shortest => 0,
            Padding::Longest => usize::from(u8::MAX),
            Padding::Drawn => usize::try_from(drawn % 32).unwrap_or_default(),
        };
        let mut iv = [0; 16];
        iv.copy_from_slice(self.random.nonce().get(..16).unwrap_or(&[0; 16]));
        let alter = &mut self.config.alter;
        let body = match &mut self.write {
            None => plaintext.to_vec(),
            Some(protection) => protection
                .seal(content, plaintext, more, &iv, |octets| {
                    if let Some(alter) = alter {
                        alter.alter(Outgoing::Block { content, octets });
                    }
                })
                .map_err(|_| Cause::Exhausted)?,
        };
        let version = self.config.fixed.record_version.or(self.version).unwrap_or(self.first_version);
        let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
        let mut octets = [Header { content, version, length }.octets().as_slice(), &body].concat();
        self.alter(Outgoing::Record { content, octets: &mut octets });
        self.output.extend(octets);
        Ok(())
    }

    pub(super) fn send_raw(&mut self, octets: &[u8]) {
        self.output.extend_from_slice(octets);
    }

    fn alter(&mut self, outgoing: Outgoing<'_>) {
        if let Some(alter) = &mut self.config.alter {
            alter.alter(outgoing);
        }
    }

    fn tell(&mut self, direction: Direction, message: Handshake, octets: Vec<u8>) {
        self.events.push_back(Event::Handshake { direction, message, octets });
    }

    // --- Secrets ---

    /// Octets that follow from the seed.
    pub(super) fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        for part in octets.chunks_mut(8) {
            let word = self.random.next_u64().to_be_bytes();
            part.copy_from_slice(word.get(..part.len()).unwrap_or(&word));
        }
        octets
    }

    /// Begins a handshake: what is said from here on is in its transcript.
    pub(super) fn begin(&mut self) {
        self.handshaking = Handshaking::default();
    }

    /// The master secret of a premaster, made as agreed.
    pub(super) fn derive(&mut self, key: &Secret) -> Result<(), Cause> {
        let Some(agreed) = self.handshaking.agreed.as_ref() else { return Err(Cause::NoKeys(Suite::Other(0))) };
        let premaster = crate::prf::premaster(key).ok_or(Cause::NoKeys(agreed.established.suite))?;
        let prf = Prf::of(agreed.established.version);
        self.handshaking.master = if agreed.established.extended_master_secret {
            prf.extended_master(&premaster, &self.handshaking.transcript)
        } else {
            prf.master(&premaster, &agreed.client_random, &agreed.server_random)
        };
        self.prepare()
    }

    /// The keys of both directions, from the master secret.
    pub(super) fn prepare(&mut self) -> Result<(), Cause> {
        let handshaking = &mut self.handshaking;
        let Some(agreed) = handshaking.agreed.as_ref() else { return Err(Cause::NoKeys(Suite::Other(0))) };
        let established = &agreed.established;
        let cipher = Cipher::of(established.suite).ok_or(Cause::NoKeys(established.suite))?;
        let (client_random, server_random) = (&agreed.client_random, &agreed.server_random);
        let (version, etm) = (established.version, established.encrypt_then_mac);
        let (client, server) = key_block(version, cipher, &handshaking.master, client_random, server_random);
        let (own, peer) = if agreed.by_client { (client, server) } else { (server, client) };
        handshaking.next_write = Some(Protection::new(version, cipher, etm, own));
        handshaking.next_read = Some(Protection::new(version, cipher, etm, peer));
        if self.config.key_log {
            let hex = |octets: &[u8]| Zeroizing::new(dmsc_octets::to_hex(octets).to_ascii_lowercase());
            let (random, master) = (hex(client_random), hex(handshaking.master.expose()));
            self.log.push_str(&["CLIENT_RANDOM ", &random, " ", &master, "\n"].concat());
        }
        Ok(())
    }

    pub(super) fn key_log(&self) -> &str {
        &self.log
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Heeds a limit of RFC 6066 from here on.
    pub(super) fn limit(&mut self, limit: Option<crate::extension::MaxFragmentLength>) {
        self.limit = limit.and_then(crate::extension::MaxFragmentLength::octets).unwrap_or(MOST_PLAINTEXT);
    }

    /// Sends ChangeCipherSpec and Finished.
    pub(super) fn finish(&mut self) -> Result<(), Cause> {
        self.change_write()?;
        let by_client = self.handshaking.agreed.as_ref().is_some_and(|agreed| agreed.by_client);
        let right = self.verify_data(by_client);
        let verify_data = self.config.fixed.verify_data.clone().unwrap_or_else(|| right.clone());
        self.say(&Handshake::Finished { verify_data: verify_data.clone() })?;
        self.flush()?;
        self.remember(by_client, verify_data);
        Ok(())
    }

    /// Checks the peer's Finished.
    pub(super) fn check_finished(&mut self, verify_data: &[u8], octets: &[u8]) -> Result<(), Cause> {
        let by_client = self.handshaking.agreed.as_ref().is_some_and(|agreed| !agreed.by_client);
        let right = Secret::new(self.verify_data(by_client)) == Secret::new(verify_data.to_vec());
        if !right && !self.forgives(Forgive::VerifyData) {
            return Err(Cause::VerifyData);
        }
        self.handshaking.transcript.extend_from_slice(octets);
        self.remember(by_client, verify_data.to_vec());
        Ok(())
    }

    fn verify_data(&self, by_client: bool) -> Vec<u8> {
        let version = self.handshaking.agreed.as_ref().map_or(Version::Tls12, |agreed| agreed.established.version);
        Prf::of(version).verify_data(&self.handshaking.master, by_client, &self.handshaking.transcript)
    }

    fn remember(&mut self, by_client: bool, verify_data: Vec<u8>) {
        let [client, server] = &mut self.verified;
        *(if by_client { client } else { server }) = verify_data;
    }

    /// The handshake has succeeded.
    pub(super) fn establish(&mut self) {
        let done = std::mem::take(&mut self.handshaking);
        let Some(Agreed { established, .. }) = done.agreed else { return };
        self.session = (!established.session_id.is_empty()).then(|| Session {
            id: established.session_id.clone(),
            version: established.version,
            suite: established.suite,
            master: done.master,
            extended_master_secret: established.extended_master_secret,
            max_fragment_length: established.max_fragment_length,
            identity: established.identity.clone(),
        });
        self.established = Some(established.clone());
        self.events.push_back(Event::Established(established));
    }
}

impl Version {
    fn min_with(self, other: Version) -> Version {
        if self.code() < other.code() { self } else { other }
    }
}
