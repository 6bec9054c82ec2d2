//! The client's side, as its choices, a case or a fault have it.

use dmsc_tls::{Client, ClientConfig, Config, Extension, ExtensionType, Secret, Session, Signal, Suite};

use super::layer::{End, TlsLayer};
use crate::account::Psk;
use crate::choice::tls::{MoreSuites, Resumption, Signals, Tls as Choice};
use crate::messages::{HelloForm, TlsClientWith, TlsExtension};
use crate::switch::{Switch, Switches};

/// What a client begins its connections with.
#[derive(Debug)]
pub(crate) struct TlsClient {
    choices: Choice,
    switches: Switches,
    seed: u64,
    /// The session of the last connection.
    session: Option<Session>,
}

impl TlsClient {
    /// A client that has met nobody.
    pub(crate) fn new(choices: Choice, switches: Switches, seed: u64) -> TlsClient {
        TlsClient { choices, switches, seed, session: None }
    }

    /// Keeps a session, to resume it.
    pub(crate) fn keep(&mut self, session: Session) {
        self.session = Some(session);
    }

    /// The layer of a connection with this key.
    pub(crate) fn layer(&mut self, psk: &Psk, with: &TlsClientWith) -> TlsLayer {
        self.seed = self.seed.wrapping_add(1);
        let cut = self.switches.on(Switch::TlsTakesCutAnswers);
        let end = match &with.octets {
            Some(octets) => End::Octets(octets.0.clone()),
            None => End::Client(Box::new(Client::new(self.config(psk, with), self.seed))),
        };
        TlsLayer::new(end, false, cut)
    }

    fn config(&self, psk: &Psk, with: &TlsClientWith) -> ClientConfig {
        let mut common = super::common(&self.choices, &self.switches);
        overlay(&mut common, with);
        let resumes = with.resume.unwrap_or(self.choices.resumption == Resumption::Resumes);
        let identity = with.identity.as_ref().map_or_else(|| psk.identity.clone().into_bytes(), |set| set.0.clone());
        let key = with.key.as_ref().map_or(&psk.key, |set| &set.0);
        let mut config = ClientConfig::new(identity, Secret::new(key.clone()));
        config.session = self.session.clone().filter(|_| resumes);
        config.signal = match self.choices.signals {
            Signals::Scsv => Signal::Scsv,
            Signals::Extension => Signal::Extension,
            Signals::Nothing => Signal::None,
        };
        config.max_fragment_length = with.max_fragment_length.map(|length| length.0);
        config.ssl2_hello = with.form == Some(HelloForm::Ssl2);
        let foreign = [Suite::from_code(0x3A3A), Suite::RsaAes128CbcSha, Suite::PskAes128GcmSha256];
        match self.choices.more_suites {
            MoreSuites::Nothing => {}
            MoreSuites::Before => drop(common.suites.splice(0..0, foreign)),
            MoreSuites::After => common.suites.extend(foreign),
        }
        config.common = common;
        config
    }
}

fn overlay(common: &mut Config, with: &TlsClientWith) {
    if let Some(version) = with.version {
        common.fixed.version = Some(version.0);
        common.max_version = if version.0.is_spoken() { version.0 } else { common.max_version };
    }
    common.fixed.suites =
        with.suites.as_ref().map(|suites| suites.iter().filter_map(|one| suite(one.octets())).collect());
    overlay_common!(common, with);
}

/// A suite of two octets.
pub(super) fn suite(octets: &[u8]) -> Option<Suite> {
    octets.try_into().ok().map(|code| Suite::from_code(u16::from_be_bytes(code)))
}

/// The extensions of a hello as they are set.
pub(super) fn extensions(list: &[Box<TlsExtension>]) -> Vec<Extension> {
    let one = |extension: &TlsExtension| {
        let code = extension.kind.as_ref().and_then(|kind| kind.octets().try_into().ok()).map(u16::from_be_bytes);
        let data = extension.data.as_ref().map(|data| data.0.clone()).unwrap_or_default();
        Extension { kind: ExtensionType::from_code(code.unwrap_or_default()), data }
    };
    list.iter().map(|extension| one(extension)).collect()
}
