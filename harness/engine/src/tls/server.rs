//! The server's side, as its choices, a case or a fault have it.

use dmsc_tls::{Config, Secret, Server, ServerConfig, Session, SessionCache, Suite, UnknownIdentity, Version};

use super::client::suite;
use super::layer::{End, TlsLayer};
use crate::account::Psk;
use crate::choice::tls::{Hints, Sessions, Tls as Choice, Unknown};
use crate::messages::{Answered, Removable, TlsServerWith};
use crate::switch::{Switch, Switches};

/// The most sessions that a server keeps.
const SESSIONS: usize = 8;

/// What a server answers its connections with.
#[derive(Debug)]
pub(crate) struct TlsServer {
    choices: Choice,
    switches: Switches,
    seed: u64,
    sessions: SessionCache,
    /// Whether it is there to see what a client does.
    scripted: bool,
}

impl TlsServer {
    /// A server that has met nobody.
    pub(crate) fn new(choices: Choice, switches: Switches, seed: u64, scripted: bool) -> TlsServer {
        TlsServer { choices, switches, seed, sessions: SessionCache::new(SESSIONS), scripted }
    }

    /// Keeps a session, so that it can be resumed.
    pub(crate) fn keep(&mut self, session: Session) {
        if self.choices.sessions != Sessions::Forgotten {
            self.sessions.insert(session);
        }
    }

    /// The layer of a connection before anything has come.
    pub(crate) fn layer(&mut self, psk: &Psk) -> TlsLayer {
        self.seed = self.seed.wrapping_add(1);
        let server = self.server(psk, &TlsServerWith::default(), &Offered::default());
        TlsLayer::new(End::Server(Box::new(server)), self.scripted, false)
    }

    /// A server that answers a hello in another way.
    pub(crate) fn server(&self, psk: &Psk, with: &TlsServerWith, offered: &Offered) -> Server {
        Server::new(self.config(psk, with, offered), self.seed)
    }

    fn config(&self, psk: &Psk, with: &TlsServerWith, offered: &Offered) -> ServerConfig {
        let mut common = super::common(&self.choices, &self.switches);
        overlay(&mut common, with, offered);
        let key = with.key.as_ref().map_or(&psk.key, |set| &set.0);
        let keys = vec![(psk.identity.clone().into_bytes(), Secret::new(key.clone()))];
        let hint = match &with.hint {
            Some(Removable::Set(hint)) => Some(hint.0.clone()),
            Some(Removable::Removed) => None,
            None => (self.choices.hints == Hints::Given).then(|| b"dmsc".to_vec()),
        };
        ServerConfig {
            common,
            hint,
            cache: self.sessions.clone(),
            unknown_identity: match self.choices.unknown {
                _ if self.switches.on(Switch::TlsTakesAnyIdentity) => UnknownIdentity::Taken,
                Unknown::Told => UnknownIdentity::Told,
                Unknown::Hidden => UnknownIdentity::Hidden,
            },
            resumable: with.resumable.unwrap_or(self.choices.sessions != Sessions::Unnamed),
            ..ServerConfig::new(keys)
        }
    }
}

/// What a hello offers, so far as an answer may go beyond it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offered {
    /// The highest version.
    pub(super) version: Option<Version>,
    /// The suites.
    pub(super) suites: Vec<Suite>,
}

impl Offered {
    /// The version after the highest.
    fn version_above(&self) -> Version {
        match self.version {
            Some(Version::Tls10) => Version::Tls11,
            Some(Version::Tls11) => Version::Tls12,
            _ => Version::Tls13,
        }
    }

    /// One that is not among the suites; one of DM_SC, if there is such.
    fn other_suite(&self) -> Suite {
        let mut all = Suite::DM_SC.into_iter().chain([Suite::PskRc4Sha, Suite::PskNullSha]);
        all.find(|suite| !self.suites.contains(suite)).unwrap_or(Suite::PskAes256CbcSha)
    }
}

fn overlay(common: &mut Config, with: &TlsServerWith, offered: &Offered) {
    common.fixed.version = with.version.as_ref().map(|version| match version {
        Answered::Set(version) => version.0,
        Answered::NotOffered => offered.version_above(),
    });
    if let Some(suites) = &with.suites {
        common.suites = suites.iter().filter_map(|one| suite(one.octets())).collect();
    }
    common.min_version = with.min_version.map_or(common.min_version, |version| version.0);
    common.fixed.suites = with.suite.as_ref().and_then(|one| match one {
        Answered::Set(one) => suite(one.octets()).map(|one| vec![one]),
        Answered::NotOffered => Some(vec![offered.other_suite()]),
    });
    overlay_common!(common, with);
}
