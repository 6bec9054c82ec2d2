//! TLS under the HTTP of both players: how they are set, what they tell of it, and the layer itself.

/// Lays over what is chosen what both sides can have set alike: the fields of these names of either group.
macro_rules! overlay_common {
    ($common:ident, $with:ident) => {
        $common.fixed.random = $with.random.as_ref().and_then(|random| random.octets().try_into().ok());
        $common.fixed.session_id = $with.session_id.as_ref().map(|id| id.octets().to_vec());
        $common.fixed.extensions = $with.extensions.as_ref().map(|set| match set {
            $crate::messages::Removable::Removed => None,
            $crate::messages::Removable::Set(list) => Some($crate::tls::client::extensions(list)),
        });
        $common.fixed.record_version = $with.record_version.map(|version| version.0);
        let fragment = $with.fragment.and_then(|most| usize::try_from(most.get()).ok());
        $common.fragment = fragment.unwrap_or($common.fragment);
        $common.coalesce = $with.coalesce.unwrap_or($common.coalesce);
        $common.padding = $with.padding.unwrap_or($common.padding);
        $common.split = $with.split.unwrap_or($common.split);
        $common.renegotiation = $with.renegotiation.unwrap_or($common.renegotiation);
        $common.encrypt_then_mac = $with.encrypt_then_mac.unwrap_or($common.encrypt_then_mac);
        $common.extended_master_secret = $with.extended_master_secret.unwrap_or($common.extended_master_secret);
        $common.alter = $crate::tls::alter::Changes::of($with.changes.as_deref());
    };
}

mod acts;
mod alter;
mod client;
mod layer;
mod server;
mod view;

pub(crate) use acts::act;
pub(crate) use client::TlsClient;
pub(crate) use layer::{RECORDS, TlsLayer};
pub(crate) use server::TlsServer;
pub(crate) use view::{Course, told};

use dmsc_tls::{Config, Forgive, Version, WrongKey};

use crate::choice::tls::Tls as Choice;
use crate::choice::tls::{Flight, Fragments, Macs, Masters, Paddings, Splits, Suites, Versions, WrongKeys};
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
        wrong_key: match choices.wrong_key {
            WrongKeys::BadRecordMac => WrongKey::BadRecordMac,
            WrongKeys::DecryptError => WrongKey::DecryptError,
        },
        coalesce: choices.flight == Flight::OneRecord,
        forgives: forgiven.iter().filter(|(switch, _)| switches.on(*switch)).map(|(_, what)| *what).collect(),
        ..Config::default()
    }
}
