//! The client's side of a handshake (RFC 5246 7.3).

use super::config::{Renegotiation, Signal};
use super::core::{Agreed, Core};
use super::endpoint::Side;
use super::event::Established;
use super::failure::Cause;
use super::forgive::Forgive;
use super::hello::Extensions;
use super::session::Session;
use crate::alert::{Alert, Description};
use crate::extension::{Extension, ExtensionType, MaxFragmentLength};
use crate::message::{ClientHello, Handshake, ServerHello, Ssl2ClientHello};
use crate::secret::Secret;
use crate::suite::Suite;

/// What a client waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Awaited {
    #[default]
    Nothing,
    ServerHello,
    KeyExchange,
    Done,
    ChangeCipherSpec,
    Finished,
}

/// The side that says hello.
#[derive(Debug)]
pub struct ClientSide {
    identity: Vec<u8>,
    key: Secret,
    session: Option<Session>,
    signal: Signal,
    max_fragment_length: Option<MaxFragmentLength>,
    ssl2_hello: bool,
    awaited: Awaited,
    /// The hello of the handshake under way.
    hello: Option<ClientHello>,
}

impl ClientSide {
    pub(super) fn new(config: super::config::ClientConfig) -> (ClientSide, super::config::Config) {
        let side = ClientSide {
            identity: config.identity,
            key: config.key,
            session: config.session,
            signal: config.signal,
            max_fragment_length: config.max_fragment_length,
            ssl2_hello: config.ssl2_hello,
            awaited: Awaited::Nothing,
            hello: None,
        };
        (side, config.common)
    }

    fn say_hello(&mut self, core: &mut Core) -> Result<(), Cause> {
        core.begin();
        let drawn = core.draw();
        let fixed = core.config.fixed.clone();
        let renews = core.established.as_ref().map(|established| established.secure_renegotiation);
        let mut suites = core.config.suites.clone();
        if renews.is_none() && self.signal == Signal::Scsv {
            suites.push(Suite::EmptyRenegotiationInfoScsv);
        }
        let extensions = self.extensions(core, renews)?;
        let session_id = self.session.as_ref().map(|session| session.id.clone()).unwrap_or_default();
        let hello = ClientHello {
            version: fixed.version.unwrap_or(core.config.max_version),
            random: fixed.random.unwrap_or(drawn),
            session_id: fixed.session_id.unwrap_or(session_id),
            suites: fixed.suites.unwrap_or(suites),
            compressions: vec![0],
            extensions: fixed.extensions.unwrap_or((!extensions.is_empty()).then_some(extensions)),
        };
        self.awaited = Awaited::ServerHello;
        if self.ssl2_hello && renews.is_none() {
            let specs = hello.suites.iter().map(|suite| suite.code().to_be_bytes()).map(|[high, low]| [0, high, low]);
            let ssl2 = Ssl2ClientHello {
                version: hello.version,
                specs: specs.collect(),
                session_id: Vec::new(),
                challenge: hello.random.to_vec(),
            };
            self.hello = Some(ssl2.to_client_hello());
            return core.say(&Handshake::Ssl2ClientHello(ssl2));
        }
        core.say(&Handshake::ClientHello(hello.clone()))?;
        self.hello = Some(hello);
        core.flush()
    }

    /// The extensions of a hello; `renews` says whether the handshake before, if there was one, was secure in the sense of
    /// RFC 5746.
    fn extensions(&self, core: &Core, renews: Option<bool>) -> Result<Vec<Extension>, Cause> {
        let mut extensions = Vec::new();
        if renews == Some(true) {
            let [client, _] = &core.verified;
            extensions.push(Extension::renegotiation_info(client)?);
        } else if renews.is_none() && self.signal == Signal::Extension {
            extensions.push(Extension::renegotiation_info(&[])?);
        }
        if core.config.extended_master_secret {
            extensions.push(Extension::empty(ExtensionType::ExtendedMasterSecret));
        }
        if core.config.encrypt_then_mac {
            extensions.push(Extension::empty(ExtensionType::EncryptThenMac));
        }
        extensions.extend(self.max_fragment_length.map(Extension::max_fragment_length));
        Ok(extensions)
    }

    fn server_hello(&mut self, core: &mut Core, answer: &ServerHello) -> Result<(), Cause> {
        let Some(hello) = self.hello.take() else { return Ok(()) };
        let (min, max) = (core.config.min_version, core.config.max_version);
        let within = (min.code()..=max.code()).contains(&answer.version.code()) || core.forgives(Forgive::Version);
        if !answer.version.is_spoken() || !within || core.version.is_some_and(|version| version != answer.version) {
            return Err(Cause::NoVersion { found: answer.version, min, max });
        }
        core.version = Some(answer.version);
        let signals = [Suite::EmptyRenegotiationInfoScsv, Suite::FallbackScsv];
        let offered = hello.suites.contains(&answer.suite) || core.forgives(Forgive::Suite);
        if !offered || signals.contains(&answer.suite) {
            return Err(Cause::NotOffered(answer.suite));
        }
        if answer.compression != 0 {
            return Err(Cause::NoCompression);
        }
        let extensions = Extensions::of(answer.extensions.as_deref())?;
        self.only_what_was_offered(&hello, answer)?;
        let secure = Self::renegotiation_info(core, &extensions)?;
        let asked = Extensions::of(hello.extensions.as_deref())?.data(ExtensionType::MaxFragmentLength);
        let mut limit = extensions.max_fragment_length()?;
        if limit.is_some() && extensions.data(ExtensionType::MaxFragmentLength) != asked {
            return Err(Cause::BadExtension(ExtensionType::MaxFragmentLength));
        }
        let extended = extensions.flag(ExtensionType::ExtendedMasterSecret)?;
        let encrypt_then_mac = extensions.flag(ExtensionType::EncryptThenMac)?;
        if core.established.as_ref().is_some_and(|before| before.encrypt_then_mac) && !encrypt_then_mac {
            return Err(Cause::WeakerMac);
        }
        let known = |session: &&Session| !session.id.is_empty() && hello.session_id == session.id;
        let resumed = self.session.as_ref().filter(known).filter(|session| session.id == answer.session_id).cloned();
        if let Some(session) = &resumed {
            match session {
                _ if core.forgives(Forgive::Resumption) => {}
                _ if session.version != answer.version => return Err(Cause::ResumedOtherwise("version")),
                _ if session.suite != answer.suite => return Err(Cause::ResumedOtherwise("suite")),
                _ if session.extended_master_secret != extended => return Err(Cause::ResumedMaster),
                _ => limit = limit.or(session.max_fragment_length),
            }
        }
        core.limit(limit);
        let identity = resumed.as_ref().map_or(&self.identity, |session| &session.identity);
        core.handshaking.agreed = Some(Agreed {
            by_client: true,
            client_random: hello.random,
            server_random: answer.random,
            established: Established {
                version: answer.version,
                suite: answer.suite,
                resumed: resumed.is_some(),
                encrypt_then_mac,
                extended_master_secret: extended,
                max_fragment_length: limit,
                secure_renegotiation: secure,
                session_id: answer.session_id.clone(),
                identity: identity.clone(),
            },
        });
        self.awaited = Awaited::KeyExchange;
        if let Some(session) = resumed {
            core.handshaking.master = session.master;
            core.prepare()?;
            self.awaited = Awaited::ChangeCipherSpec;
        }
        Ok(())
    }

    fn only_what_was_offered(&self, hello: &ClientHello, answer: &ServerHello) -> Result<(), Cause> {
        for extension in answer.extensions.iter().flatten() {
            let signalled = extension.kind == ExtensionType::RenegotiationInfo
                && hello.suites.contains(&Suite::EmptyRenegotiationInfoScsv);
            let offered = hello.extensions.iter().flatten().any(|offered| offered.kind == extension.kind);
            if !signalled && !offered {
                return Err(Cause::ExtensionNotOffered(extension.kind));
            }
        }
        Ok(())
    }

    /// Whether the server has shown RFC 5746, which it must go on to do.
    fn renegotiation_info(core: &Core, extensions: &Extensions<'_>) -> Result<bool, Cause> {
        match &core.established {
            None => extensions.renegotiation_info(&[]),
            Some(before) => {
                let held = extensions.renegotiation_info(&core.verified.concat())?;
                if held == before.secure_renegotiation { Ok(held) } else { Err(Cause::RenegotiationInfo) }
            }
        }
    }

    fn resumes(core: &Core) -> bool {
        core.handshaking.agreed.as_ref().is_some_and(|agreed| agreed.established.resumed)
    }

    fn hello_request(&mut self, core: &mut Core) -> Result<(), Cause> {
        let secure = core.established.as_ref().is_some_and(|before| before.secure_renegotiation);
        match core.config.renegotiation {
            // In a handshake it means nothing (RFC 5246 7.4.1.1).
            _ if self.awaited != Awaited::Nothing => Ok(()),
            Renegotiation::Any => self.say_hello(core),
            Renegotiation::Secure if secure => self.say_hello(core),
            Renegotiation::Secure | Renegotiation::Refused => {
                core.send_alert(Alert::warning(Description::NoRenegotiation));
                Ok(())
            }
        }
    }
}

impl Side for ClientSide {
    fn start(&mut self, core: &mut Core) -> Result<(), Cause> {
        self.say_hello(core)
    }

    fn message(&mut self, core: &mut Core, message: Handshake, octets: Vec<u8>) -> Result<(), Cause> {
        if !matches!(message, Handshake::HelloRequest | Handshake::Finished { .. }) {
            core.handshaking.transcript.extend_from_slice(&octets);
        }
        match (self.awaited, message) {
            (_, Handshake::HelloRequest) => self.hello_request(core),
            (Awaited::ServerHello, Handshake::ServerHello(answer)) => self.server_hello(core, &answer),
            (Awaited::KeyExchange, Handshake::ServerKeyExchange { .. }) => {
                self.awaited = Awaited::Done;
                Ok(())
            }
            (Awaited::KeyExchange | Awaited::Done, Handshake::ServerHelloDone) => {
                core.say(&Handshake::ClientKeyExchange { identity: self.identity.clone() })?;
                core.derive(&self.key)?;
                self.awaited = Awaited::ChangeCipherSpec;
                core.finish()
            }
            (Awaited::Finished, Handshake::Finished { verify_data }) => {
                core.check_finished(&verify_data, &octets)?;
                if Self::resumes(core) {
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
        if self.awaited == Awaited::Nothing { self.say_hello(core) } else { Ok(()) }
    }

    fn refused(&mut self) {
        if self.awaited == Awaited::ServerHello {
            self.awaited = Awaited::Nothing;
        }
    }

    fn takes_data(&self) -> bool {
        self.awaited != Awaited::Finished
    }

    fn expected(&self) -> &'static str {
        match self.awaited {
            Awaited::Nothing => "application data, an alert or a HelloRequest",
            Awaited::ServerHello => "a ServerHello",
            Awaited::KeyExchange => "a ServerKeyExchange or a ServerHelloDone",
            Awaited::Done => "a ServerHelloDone",
            Awaited::ChangeCipherSpec => "a ChangeCipherSpec",
            Awaited::Finished => "a Finished",
        }
    }

    fn may_send(&self) -> bool {
        self.awaited == Awaited::Nothing
    }
}
