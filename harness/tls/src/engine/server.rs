//! The server's side of a handshake (RFC 5246 7.3).

use super::config::{Config, Renegotiation, ServerConfig, UnknownIdentity};
use super::core::{Agreed, Core};
use super::endpoint::Side;
use super::event::Established;
use super::failure::Cause;
use super::forgive::Forgive;
use super::hello::Extensions;
use super::session::{Session, SessionCache};
use crate::alert::{Alert, Description};
use crate::extension::{Extension, ExtensionType, MaxFragmentLength};
use crate::message::{ClientHello, Handshake, ServerHello};
use crate::secret::Secret;
use crate::suite::Suite;
use crate::version::Version;

/// What a server waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Awaited {
    Nothing,
    #[default]
    ClientHello,
    KeyExchange,
    ChangeCipherSpec,
    Finished,
}

/// The side that answers a hello.
#[derive(Debug)]
pub struct ServerSide {
    keys: Vec<(Vec<u8>, Secret)>,
    hint: Option<Vec<u8>>,
    cache: SessionCache,
    unknown_identity: UnknownIdentity,
    renegotiation_info: bool,
    max_fragment_length: bool,
    client_order: bool,
    fallback_scsv: bool,
    resumable: bool,
    awaited: Awaited,
    /// Whether a HelloRequest was sent and not answered.
    asked: bool,
}

/// What a hello offers that goes beyond suites.
struct Offered {
    secure: bool,
    extended: bool,
    encrypt_then_mac: bool,
    limit: Option<MaxFragmentLength>,
}

impl ServerSide {
    pub(super) fn new(config: ServerConfig) -> (ServerSide, Config) {
        let side = ServerSide {
            keys: config.keys,
            hint: config.hint,
            cache: config.cache,
            unknown_identity: config.unknown_identity,
            renegotiation_info: config.renegotiation_info,
            max_fragment_length: config.max_fragment_length,
            client_order: config.client_order,
            fallback_scsv: config.fallback_scsv,
            resumable: config.resumable,
            awaited: Awaited::ClientHello,
            asked: false,
        };
        (side, config.common)
    }

    /// A hello; one that comes when the connection is up may be refused.
    fn hello(&mut self, core: &mut Core, hello: &ClientHello, octets: &[u8]) -> Result<(), Cause> {
        if self.awaited == Awaited::Nothing {
            let secure = core.established.as_ref().is_some_and(|before| before.secure_renegotiation);
            let honoured = match core.config.renegotiation {
                Renegotiation::Any => true,
                Renegotiation::Secure => secure,
                Renegotiation::Refused => false,
            };
            if !honoured && !self.asked {
                core.send_alert(Alert::warning(Description::NoRenegotiation));
                return Ok(());
            }
        }
        self.asked = false;
        core.begin();
        core.handshaking.transcript.extend_from_slice(octets);
        self.answer(core, hello)
    }

    fn answer(&mut self, core: &mut Core, hello: &ClientHello) -> Result<(), Cause> {
        let chosen = self.version(core, hello)?;
        if !hello.compressions.contains(&0) {
            return Err(Cause::NoCompression);
        }
        let fixed = core.config.fixed.clone();
        let version = fixed.version.filter(|version| version.is_spoken()).unwrap_or(chosen);
        let offered = self.offered(core, hello)?;
        let resumed = self.resumed(core, hello, version, offered.extended)?;
        let suite = match &resumed {
            Some(session) => session.suite,
            None => self.suite(&core.config, hello)?,
        };
        let limit = resumed.as_ref().map_or(offered.limit, |session| offered.limit.or(session.max_fragment_length));
        let (random, id): ([u8; 32], [u8; 32]) = (core.draw(), core.draw());
        let session_id = match &resumed {
            Some(session) => session.id.clone(),
            None if self.resumable => id.to_vec(),
            None => Vec::new(),
        };
        let extensions = Self::extensions(core, &offered)?;
        let answer = ServerHello {
            version: fixed.version.unwrap_or(version),
            random: fixed.random.unwrap_or(random),
            session_id: fixed.session_id.unwrap_or(session_id),
            suite: fixed.suites.and_then(|suites| suites.first().copied()).unwrap_or(suite),
            compression: 0,
            extensions: fixed.extensions.unwrap_or((!extensions.is_empty()).then_some(extensions)),
        };
        let said = |kind| answer.extensions.iter().flatten().any(|extension| extension.kind == kind);
        let established = Established {
            version,
            suite: answer.suite,
            resumed: resumed.is_some(),
            encrypt_then_mac: offered.encrypt_then_mac && said(ExtensionType::EncryptThenMac),
            extended_master_secret: offered.extended && said(ExtensionType::ExtendedMasterSecret),
            max_fragment_length: limit,
            secure_renegotiation: offered.secure,
            session_id: answer.session_id.clone(),
            identity: resumed.as_ref().map(|session| session.identity.clone()).unwrap_or_default(),
        };
        if core.established.as_ref().is_some_and(|before| before.encrypt_then_mac) && !established.encrypt_then_mac {
            return Err(Cause::WeakerMac);
        }
        let (client_random, server_random) = (hello.random, answer.random);
        core.handshaking.agreed = Some(Agreed { by_client: false, client_random, server_random, established });
        core.version = Some(version);
        core.limit(limit);
        core.say(&Handshake::ServerHello(answer))?;
        if let Some(session) = resumed {
            core.handshaking.master = session.master;
            core.prepare()?;
            self.awaited = Awaited::ChangeCipherSpec;
            return core.finish();
        }
        if let Some(hint) = &self.hint {
            core.say(&Handshake::ServerKeyExchange { hint: hint.clone() })?;
        }
        core.say(&Handshake::ServerHelloDone)?;
        self.awaited = Awaited::KeyExchange;
        core.flush()
    }

    fn version(&self, core: &Core, hello: &ClientHello) -> Result<Version, Cause> {
        let (min, max) = (core.config.min_version, core.config.max_version);
        let no_version = Cause::NoVersion { found: hello.version, min, max };
        if hello.version.code() < min.code() {
            return Err(no_version);
        }
        let heeded = self.fallback_scsv && !core.forgives(Forgive::Fallback);
        if heeded && hello.suites.contains(&Suite::FallbackScsv) && hello.version.code() < max.code() {
            return Err(Cause::Fallback(hello.version));
        }
        let chosen = if hello.version.code() > max.code() { max } else { hello.version };
        // Another version than the connection has is none, either.
        let stays = core.established.is_none() || core.version == Some(chosen);
        if chosen.is_spoken() && stays { Ok(chosen) } else { Err(no_version) }
    }

    fn offered(&self, core: &Core, hello: &ClientHello) -> Result<Offered, Cause> {
        let extensions = Extensions::of(hello.extensions.as_deref())?;
        let scsv = hello.suites.contains(&Suite::EmptyRenegotiationInfoScsv);
        let secure = match &core.established {
            None => extensions.renegotiation_info(&[])? || scsv,
            Some(before) => {
                let [client, _] = &core.verified;
                let held = before.secure_renegotiation && extensions.renegotiation_info(client)?;
                let there = extensions.data(ExtensionType::RenegotiationInfo).is_some();
                if scsv || held != before.secure_renegotiation || there != held {
                    return Err(Cause::RenegotiationInfo);
                }
                held
            }
        };
        let limit = if self.max_fragment_length { extensions.max_fragment_length()? } else { None };
        Ok(Offered {
            secure: secure && self.renegotiation_info,
            extended: extensions.flag(ExtensionType::ExtendedMasterSecret)? && core.config.extended_master_secret,
            encrypt_then_mac: extensions.flag(ExtensionType::EncryptThenMac)? && core.config.encrypt_then_mac,
            limit,
        })
    }

    /// The session that the hello asks for, if it can be resumed (RFC 5246 7.4.1.3, RFC 7627 5.3).
    fn resumed(
        &self,
        core: &Core,
        hello: &ClientHello,
        version: Version,
        extended: bool,
    ) -> Result<Option<Session>, Cause> {
        let usable = |session: &&Session| {
            session.version == version
                && hello.suites.contains(&session.suite)
                && core.config.suites.contains(&session.suite)
        };
        let Some(session) = self.cache.find(&hello.session_id).filter(usable) else { return Ok(None) };
        match (session.extended_master_secret, extended) {
            (true, false) => Err(Cause::ResumedMaster),
            (false, true) => Ok(None),
            _ => Ok(Some(session.clone())),
        }
    }

    fn suite(&self, config: &Config, hello: &ClientHello) -> Result<Suite, Cause> {
        let (first, second) = match self.client_order {
            true => (&hello.suites, &config.suites),
            false => (&config.suites, &hello.suites),
        };
        let common = first.iter().copied().find(|suite| suite.is_spoken() && second.contains(suite));
        common.ok_or(Cause::NoSuite)
    }

    fn extensions(core: &Core, offered: &Offered) -> Result<Vec<Extension>, Cause> {
        let mut extensions = Vec::new();
        if offered.secure {
            // Both are empty in a first handshake.
            extensions.push(Extension::renegotiation_info(&core.verified.concat())?);
        }
        if offered.extended {
            extensions.push(Extension::empty(ExtensionType::ExtendedMasterSecret));
        }
        if offered.encrypt_then_mac {
            extensions.push(Extension::empty(ExtensionType::EncryptThenMac));
        }
        extensions.extend(offered.limit.map(Extension::max_fragment_length));
        Ok(extensions)
    }

    fn key_exchange(&mut self, core: &mut Core, identity: Vec<u8>) -> Result<(), Cause> {
        let found = self.keys.iter().find(|(known, _)| *known == identity).map(|(_, key)| key.clone());
        let key = match (found, self.unknown_identity) {
            (Some(key), _) => key,
            (None, UnknownIdentity::Told) => return Err(Cause::UnknownIdentity(identity)),
            (None, UnknownIdentity::Taken) => self.keys.first().map(|(_, key)| key.clone()).unwrap_or_default(),
            (None, UnknownIdentity::Hidden) => Secret::new(core.draw::<16>().to_vec()),
        };
        if let Some(agreed) = &mut core.handshaking.agreed {
            agreed.established.identity = identity;
        }
        self.awaited = Awaited::ChangeCipherSpec;
        core.derive(&key)
    }
}

impl Side for ServerSide {
    fn start(&mut self, core: &mut Core) -> Result<(), Cause> {
        core.ssl2 = true;
        Ok(())
    }

    fn message(&mut self, core: &mut Core, message: Handshake, octets: Vec<u8>) -> Result<(), Cause> {
        match (self.awaited, message) {
            (Awaited::ClientHello | Awaited::Nothing, Handshake::ClientHello(hello)) => {
                self.hello(core, &hello, &octets)
            }
            (Awaited::ClientHello, Handshake::Ssl2ClientHello(hello)) => {
                self.hello(core, &hello.to_client_hello(), &octets)
            }
            (Awaited::KeyExchange, Handshake::ClientKeyExchange { identity }) => {
                core.handshaking.transcript.extend_from_slice(&octets);
                self.key_exchange(core, identity)
            }
            (Awaited::Finished, Handshake::Finished { verify_data }) => {
                core.check_finished(&verify_data, &octets)?;
                if core.handshaking.agreed.as_ref().is_some_and(|agreed| !agreed.established.resumed) {
                    core.finish()?;
                }
                self.awaited = Awaited::Nothing;
                core.establish();
                Ok(())
            }
            (_, message) => Err(Cause::Unexpected { found: message.kind(), expected: self.expected() }),
        }
    }

    fn change_cipher_spec(&mut self, core: &mut Core) -> Result<(), Cause> {
        if self.awaited != Awaited::ChangeCipherSpec {
            return Err(Cause::EarlyChangeCipherSpec(self.expected()));
        }
        self.awaited = Awaited::Finished;
        core.change_read()
    }

    fn renegotiate(&mut self, core: &mut Core) -> Result<(), Cause> {
        if self.awaited != Awaited::Nothing {
            return Ok(());
        }
        self.asked = true;
        core.say(&Handshake::HelloRequest)?;
        core.flush()
    }

    fn refused(&mut self) {
        self.asked = false;
    }

    fn takes_data(&self) -> bool {
        self.awaited != Awaited::Finished
    }

    fn expected(&self) -> &'static str {
        match self.awaited {
            Awaited::Nothing => "application data, an alert or a ClientHello",
            Awaited::ClientHello => "a ClientHello",
            Awaited::KeyExchange => "a ClientKeyExchange",
            Awaited::ChangeCipherSpec => "a ChangeCipherSpec",
            Awaited::Finished => "a Finished",
        }
    }

    fn may_send(&self) -> bool {
        self.awaited == Awaited::Nothing
    }
}
