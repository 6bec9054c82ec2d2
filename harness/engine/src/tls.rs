//! TLS under the HTTP of both players: how they are set, what they tell of it, and the layer itself.

mod acts;
mod alter;
mod client;
mod layer;
mod server;
mod view;

pub(crate) use acts::act;
pub(crate) use client::TlsClient;
pub(crate) use layer::TlsLayer;
pub(crate) use server::TlsServer;

use dmsc_tls::{Config, Forgive, Version};

use crate::choice::tls::Tls as Choice;
use crate::choice::tls::{Flight, Fragments, Macs, Masters, Paddings, Splits, Suites, Versions};
use crate::switch::{Switch, Switches};

/// What both sides have in common, as chosen and switched.
fn common(choices: &Choice, switches: &Switches) -> Config {
    use dmsc_tls::{Padding, Split, Suite};
    let forgiven = [
        (Switch::TlsTakesBadMac, Forgive::Mac),
        (Switch::TlsTakesBadFinished, Forgive::VerifyData),
        (Switch::TlsTakesAnySuite, Forgive::Suite),
        (Switch::TlsTakesAnyVersion, Forgive::Version),
        (Switch::TlsTakesAnyOrder, Forgive::Order),
        (Switch::TlsTakesLongRecords, Forgive::Length),
        (Switch::TlsTakesOtherSessions, Forgive::Resumption),
        (Switch::TlsTakesFallback, Forgive::Fallback),
    ];
    Config {
        min_version: match choices.versions {
            Versions::Tls12Only => Version::Tls12,
            Versions::Tls11Up => Version::Tls11,
            Versions::All | Versions::Tls10Only | Versions::UpToTls11 => Version::Tls10,
        },
        max_version: match choices.versions {
            Versions::Tls10Only => Version::Tls10,
            Versions::UpToTls11 => Version::Tls11,
            Versions::All | Versions::Tls12Only | Versions::Tls11Up => Version::Tls12,
        },
        suites: match choices.suites {
            Suites::AesFirst => vec![Suite::PskAes128CbcSha, Suite::Psk3DesEdeCbcSha],
            Suites::DesFirst => vec![Suite::Psk3DesEdeCbcSha, Suite::PskAes128CbcSha],
            Suites::AesOnly => vec![Suite::PskAes128CbcSha],
            Suites::DesOnly => vec![Suite::Psk3DesEdeCbcSha],
        },
        encrypt_then_mac: choices.macs == Macs::EncryptFirst,
        extended_master_secret: choices.masters == Masters::Extended,
        split: match choices.splits {
            Splits::Never => Split::None,
            Splits::OneAndRest => Split::OneAndRest,
            Splits::EmptyFirst => Split::EmptyFirst,
        },
        padding: match choices.paddings {
            Paddings::Shortest => Padding::Shortest,
            Paddings::Longest => Padding::Longest,
            Paddings::Drawn => Padding::Drawn,
        },
        fragment: match choices.fragments {
            Fragments::Largest => dmsc_tls::record::MOST_PLAINTEXT,
            Fragments::Small => 100,
        },
        coalesce: choices.flight == Flight::OneRecord,
        forgives: forgiven.iter().filter(|(switch, _)| switches.on(*switch)).map(|(_, what)| *what).collect(),
        ..Config::default()
    }
}
