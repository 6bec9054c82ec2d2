//! Package#0, the notification for the DM Client (DMNOTI 6), and what its delivery over a channel is made of (DM_SC 7.1).

use dmsc_uicc::channel::TransportProtocol;
use serde_json::Value;

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, SessionForm, Shape};
use super::table::Table;
use super::value::{FieldValue, Octets, Within, fields};
use crate::role::Role;

fields! {
    /// What a case or a fault sets of a notification; what it does not name has its valid default.
    pub struct NotificationWith = "notification.with" {
        /// How the digest is computed, or its 16 octets; `valid` unless given.
        digest: Digest,
        /// Version, 11 for 1.1.
        version: Within<0, 0x3FF>,
        /// User interaction mode: 0 not specified, 1 background, 2 informative, 3 user.
        ui_mode: Within<0, 3>,
        /// 0 client, 1 server.
        initiator: Within<0, 1>,
        /// The 27 reserved bits.
        future_use: Within<0, 0x7FF_FFFF>,
        /// Session id: a number, or hexadecimal digits as Package#1 carries them.
        session_id: SessionId,
        /// Length of the ServerID as the header states it.
        length_identifier: u8,
        /// ServerID.
        server_id: String,
        /// Vendor specific octets after the ServerID.
        body: Octets,
        /// The password that goes into the digest.
        password: String = secret,
        /// The nonce that goes into the digest.
        nonce: Octets,
        /// Octets in front of Package#0.
        prefix: Octets,
        /// The whole message instead of its parts.
        octets: Octets,
        /// Transport protocol of the channel.
        transport: TransportProtocol,
        /// Port of the channel, instead of the one announced.
        port: u16,
        /// Sizes of the parts, in octets; one part unless given.
        chunks: Vec<Within<1, 0xFFFF>> = octets,
        /// Whether the channel is closed afterwards; true unless given.
        close: bool,
        /// Qualifier of SEND DATA.
        qualifier: u8,
    }
}

/// How a digest is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    /// Over the password and the nonce of the account.
    #[default]
    Valid,
    /// Over another password.
    WrongPassword,
    /// Over another nonce.
    WrongNonce,
    /// Over the nonce that the one in force has replaced: what was right before is recorded and played again.
    ReplacedNonce,
    /// Over the nonce with which the case began, whatever challenges have come since.
    FirstNonce,
    /// Over the nonce of DM 1.2 for a lost one, 0x00000000.
    DefaultNonce,
    /// These octets.
    Octets([u8; 16]),
}

impl Digest {
    const WORDS: [(&'static str, Digest); 6] = [
        ("valid", Digest::Valid),
        ("wrong-password", Digest::WrongPassword),
        ("wrong-nonce", Digest::WrongNonce),
        ("replaced-nonce", Digest::ReplacedNonce),
        ("first-nonce", Digest::FirstNonce),
        ("default-nonce", Digest::DefaultNonce),
    ];

    /// The word in files; none of the words for octets that are given.
    pub fn word(self) -> &'static str {
        Digest::WORDS.iter().find(|(_, digest)| *digest == self).map_or("octets", |(word, _)| *word)
    }
}

impl FieldValue for Digest {
    fn shape() -> Shape {
        Shape::WordOr(Digest::WORDS.map(|(word, _)| word).to_vec(), Box::new(Shape::Hex))
    }

    fn read(value: &Value) -> Result<Self, String> {
        if let Some((_, digest)) = Digest::WORDS.iter().find(|(word, _)| value == word) {
            return Ok(*digest);
        }
        let octets = Octets::read(value).ok().and_then(|Octets(octets)| <[u8; 16]>::try_from(octets).ok());
        let words = || Digest::WORDS.map(|(word, _)| word).join(", ");
        octets.map(Digest::Octets).ok_or_else(|| format!("{value} is none of {}, or 32 hexadecimal digits", words()))
    }
}

/// A session id of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(pub u16);

impl FieldValue for SessionId {
    fn shape() -> Shape {
        Shape::SessionId(SessionForm::Number)
    }

    fn read(value: &Value) -> Result<Self, String> {
        let read = match value.as_str() {
            Some(text) => {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                let fits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u16::from_str_radix(digits, 16).ok().filter(|_| fits)
            }
            None => u16::read(value).ok(),
        };
        read.map(SessionId)
            .ok_or_else(|| format!("{value} is neither a number to 65535 nor one to four hexadecimal digits"))
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<NotificationWith>();
    let with = table.specs_of::<NotificationWith>();
    let header = |field: &&FieldSpec| {
        let first = with.iter().position(|one| one.name == "version");
        let last = with.iter().position(|one| one.name == "body");
        let place = with.iter().position(|one| one.name == field.name);
        (first..=last).contains(&place)
    };
    let found = vec!["valid", "default-nonce", "wrong"];
    let mut seen = vec![
        FieldSpec::new("digest", Shape::Name(found), "What the digest was found to be."),
        FieldSpec::new("digest_octets", Shape::Hex, "The digest."),
    ];
    seen.extend(with.iter().filter(header).cloned());
    seen.extend([
        FieldSpec::new(
            "session_text",
            Shape::Text,
            "Session id as Package#1 has to carry it: upper case, no leading zeros.",
        ),
        FieldSpec::new("octets", Shape::Hex, "The whole message."),
        FieldSpec::new("malformed", Shape::Text, "Why Package#0 could not be read; absent when it could."),
    ]);
    table.specs("notification", seen);
    table.kind(
        Declaration::new(
            Role::Card,
            What::Notification,
            "notification",
            "Package#0 for the DM Client, by way of a channel where there is one; the answer is Package#1.",
        )
        .anywhere()
        .built_of("notification.with")
        .sent()
        .heard("notification")
        .answered("dm.directive")
        .patched(),
    );
    let ended = "The command that delivers a notification has ended.";
    for sender in [Role::Terminal, Role::Card] {
        table.kind(Declaration::new(sender, What::Notified, "notified", ended).anywhere().heard("notified"));
    }
    let ended = FieldSpec::new("ended", Shape::Text, "How the process ended, where that is known.");
    table.specs("notified", vec![ended]);
}
