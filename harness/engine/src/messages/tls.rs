//! TLS between the DM Client and the SCWS (DM_SC 5.2; RFC 5246, RFC 4279).

use dmsc_tls::{Description, MaxFragmentLength, Padding, Renegotiation, Split, Version};
use serde_json::Value;

use super::kind::{Declaration, What};
use super::shape::{FieldSpec, Shape};
use super::table::Table;
use super::value::{Body, Edits, FieldValue, Group, HexOf, Octets, Removable, Within, fields, wrong};
use crate::layer::{NUMBER, OVER};
use crate::messages::Reuse;
use crate::role::Role;

fields! {
    /// What a case or a fault sets of a client's side of TLS, from its hello on.
    pub struct TlsClientWith = "tls.client-hello.with" {
        /// The highest version, which the hello offers.
        version: TlsVersion,
        /// Cipher suites, in order, as four hexadecimal digits each.
        suites: Vec<HexOf<2, 2>>,
        /// Random of the hello.
        random: HexOf<32, 32>,
        /// session_id of the hello.
        session_id: HexOf<0, 32>,
        /// Whether the session of the connection before is to be resumed; not unless given.
        resume: bool,
        /// All extensions; `[]` for an empty list, `null` for none.
        extensions: Removable<Vec<Box<TlsExtension>>>,
        /// The form of the hello.
        form: HelloForm,
        /// Identity of the key: text, or `hex:` and octets.
        identity: Body,
        /// The key.
        key: Octets = secret,
        /// max_fragment_length that is asked for (RFC 6066 4).
        max_fragment_length: FragmentLength,
        /// encrypt_then_mac (RFC 7366).
        encrypt_then_mac: bool,
        /// extended_master_secret (RFC 7627).
        extended_master_secret: bool,
        /// What becomes of the server's wish for another handshake.
        renegotiation: Renegotiation,
        /// Version in the header of every record.
        record_version: TlsVersion,
        /// The most octets of plaintext in a record.
        fragment: Within<1, 16384> = octets,
        /// Whether the messages of a flight share records.
        coalesce: bool,
        /// How long the padding of records is.
        padding: Padding,
        /// How application data are cut in TLS 1.0.
        split: Split,
        /// Changes of what goes out, from the hello on.
        changes: Vec<Box<TlsChange>>,
        /// Octets in place of all of it: text, or `hex:` and octets.
        octets: Body,
        /// Whether the hello opens a connection, or asks on the one that is open for another handshake; `new` unless given.
        connection: Reuse,
    }
}

fields! {
    /// What a case or a fault sets of a server's side of TLS, from the answer to the hello on.
    pub struct TlsServerWith = "tls.server-hello.with" {
        /// Version of the hello, whatever the client offers; with certificates the only one that is taken.
        version: Answered<TlsVersion>,
        /// With certificates, the one that the server shows; `valid` unless given.
        certificate: ShownCertificate,
        /// Cipher suite of the hello, as four hexadecimal digits, whatever the client offers.
        suite: Answered<HexOf<2, 2>>,
        /// Cipher suites that are taken, in order.
        suites: Vec<HexOf<2, 2>>,
        /// Random of the hello.
        random: HexOf<32, 32>,
        /// session_id of the hello.
        session_id: HexOf<0, 32>,
        /// Whether sessions can be resumed.
        resumable: bool,
        /// All extensions; `[]` for an empty list, `null` for none.
        extensions: Removable<Vec<Box<TlsExtension>>>,
        /// Identity hint; `null` for none, and no ServerKeyExchange.
        hint: Removable<Body>,
        /// The key of every identity.
        key: Octets = secret,
        /// The lowest version that is taken.
        min_version: TlsVersion,
        /// encrypt_then_mac (RFC 7366).
        encrypt_then_mac: bool,
        /// extended_master_secret (RFC 7627).
        extended_master_secret: bool,
        /// What becomes of the client's wish for another handshake.
        renegotiation: Renegotiation,
        /// Version in the header of every record.
        record_version: TlsVersion,
        /// The most octets of plaintext in a record.
        fragment: Within<1, 16384> = octets,
        /// Whether the messages of a flight share records.
        coalesce: bool,
        /// How long the padding of records is.
        padding: Padding,
        /// How application data are cut in TLS 1.0.
        split: Split,
        /// Changes of what goes out, from the hello on.
        changes: Vec<Box<TlsChange>>,
        /// A fatal alert in place of the hello.
        alert: AlertName,
        /// Octets in place of all of it: text, or `hex:` and octets.
        octets: Body,
        /// Whether the connection is closed after that.
        close: bool,
    }
}

fields! {
    /// An extension of a hello.
    pub struct TlsExtension = "tls.extension" {
        /// Type, as four hexadecimal digits.
        kind as "type": HexOf<2, 2>,
        /// Its data; none unless given.
        data: Octets,
    }
}

fields! {
    /// A change of what goes out.
    pub struct TlsChange = "tls.change" {
        /// What is changed.
        on: Outgoing,
        /// Which of them, counted from 1 on this connection; all unless given.
        nth: Within<1, 65535>,
        /// Edits of its octets.
        mutate: Edits,
        /// Filled up with zeroes to so many octets, after the edits. A record's header says how many follow it.
        fill: Within<1, 65535> = octets,
        /// It is not sent, but counts as if it was.
        drop: bool,
    }
}

fields! {
    /// What a case sets of an alert.
    pub struct AlertWith = "tls.alert.with" {
        /// Whether it is fatal; so unless given.
        fatal: bool,
        /// What it says; `close_notify` closes this side.
        description: AlertName,
    }
}

fields! {
    /// What a case sets of a record.
    pub struct RecordWith = "tls.record.with" {
        /// What it carries.
        content: Content,
        /// Its content, which is protected as the connection is then: text, or `hex:` and octets.
        body: Body,
        /// The octets of records, headers included, as they are: `hex:` and octets.
        octets: Body,
    }
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsVersion(pub Version);

const VERSIONS: [(&str, Version); 5] = [
    ("3.0", Version::Ssl30),
    ("1.0", Version::Tls10),
    ("1.1", Version::Tls11),
    ("1.2", Version::Tls12),
    ("1.3", Version::Tls13),
];

/// A version as fields show it: its number, `3.0` for SSL, or the four hexadecimal digits of one without a name.
pub(crate) fn version_word(version: Version) -> String {
    let known = VERSIONS.iter().find(|(_, one)| *one == version).map(|(word, _)| (*word).to_owned());
    known.unwrap_or_else(|| format!("{:04X}", version.code()))
}

impl FieldValue for TlsVersion {
    fn shape() -> Shape {
        let names = VERSIONS.map(|(name, _)| name).to_vec();
        Shape::WordOr(names, Box::new(HexOf::<2, 2>::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        let word = String::read(value)?;
        let known = VERSIONS.iter().find(|(name, _)| *name == word).map(|(_, version)| *version);
        let code = || u16::from_str_radix(&word, 16).ok().filter(|_| word.len() == 4).map(Version::from_code);
        let found = known.or_else(code).map(TlsVersion);
        found.ok_or_else(|| {
            let names: Vec<&str> = VERSIONS.iter().map(|(name, _)| *name).collect();
            format!("{value} is none of {}, and no four hexadecimal digits", names.join(", "))
        })
    }
}

/// A value of a ServerHello, or one that the client has not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered<T> {
    /// One that the client has not offered.
    NotOffered,
    /// This one.
    Set(T),
}

const NOT_OFFERED: &str = "not-offered";

impl<T: FieldValue> FieldValue for Answered<T> {
    fn shape() -> Shape {
        Shape::WordOr(vec![NOT_OFFERED], Box::new(T::shape()))
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == NOT_OFFERED { Ok(Answered::NotOffered) } else { T::read(value).map(Answered::Set) }
    }
}

/// The name or the number of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertName(pub Description);

/// An alert as fields show it: its name, or `alert-` and its number.
pub(crate) fn alert_word(description: Description) -> String {
    description.name().map_or_else(|| format!("alert-{}", description.code()), str::to_owned)
}

impl FieldValue for AlertName {
    fn shape() -> Shape {
        let known = (0..=u8::MAX).map(Description::from_code);
        Shape::NameOrInt(known.filter_map(|one| Some((one.name()?, one.code()))).collect())
    }

    fn read(value: &Value) -> Result<Self, String> {
        let by_name = |word: &str| (0..=u8::MAX).map(Description::from_code).find(|one| one.name() == Some(word));
        let by_code = || value.as_u64().and_then(|code| u8::try_from(code).ok()).map(Description::from_code);
        let found = value.as_str().and_then(by_name).or_else(by_code).map(AlertName);
        found.ok_or_else(|| format!("{value} is no alert; write its name as RFC 5246 7.2 has it, or its number"))
    }
}

/// Declares words for the values of an enum.
macro_rules! words {
    ($name:ty { $($word:literal = $value:expr, $doc:literal;)+ }) => {
        impl FieldValue for $name {
            fn shape() -> Shape {
                Shape::Word(vec![$(($word, $doc)),+])
            }

            fn read(value: &Value) -> Result<Self, String> {
                let all = [$(($word, $value)),+];
                let found = all.iter().find(|(word, _)| value == word).map(|(_, one)| *one);
                found.ok_or_else(|| wrong(value, &Self::shape()))
            }
        }
    };
}

/// The form of a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloForm {
    /// That of TLS.
    Tls,
    /// That of SSL 2.0.
    Ssl2,
}

words! { HelloForm {
    "tls" = HelloForm::Tls, "That of TLS.";
    "ssl2" = HelloForm::Ssl2, "That of SSL 2.0 (RFC 5246 E.2).";
} }

words! { Renegotiation {
    "refused" = Renegotiation::Refused, "It is refused by the warning no_renegotiation.";
    "secure" = Renegotiation::Secure, "It is honoured where both sides know RFC 5746.";
    "any" = Renegotiation::Any, "It is honoured.";
} }

words! { Padding {
    "shortest" = Padding::Shortest, "As short as it can be.";
    "longest" = Padding::Longest, "As long as it can be.";
    "drawn" = Padding::Drawn, "Drawn for each record.";
} }

words! { Split {
    "none" = Split::None, "Not at all.";
    "one-and-rest" = Split::OneAndRest, "The first octet in a record of its own.";
    "empty-first" = Split::EmptyFirst, "A record without data before.";
} }

/// The certificate that a server shows: one of those of `fixtures/certificates`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownCertificate {
    /// One that is right, under an intermediate one that is shown with it.
    Valid,
    /// One whose time is over.
    Expired,
    /// One whose time has not come.
    NotYetValid,
    /// One of another host.
    WrongName,
    /// One under another root.
    UnknownIssuer,
    /// One that is signed with its own key.
    SelfSigned,
    /// The right one without the intermediate one.
    NoIntermediate,
    /// The right one, the root, and the intermediate one after it.
    WrongOrder,
}

words! { ShownCertificate {
    "valid" = ShownCertificate::Valid, "Right, with the intermediate certificate that it is under.";
    "expired" = ShownCertificate::Expired, "Its time is over.";
    "not-yet-valid" = ShownCertificate::NotYetValid, "Its time has not come.";
    "wrong-name" = ShownCertificate::WrongName, "That of another host.";
    "unknown-issuer" = ShownCertificate::UnknownIssuer, "Under another root, which is shown with it.";
    "self-signed" = ShownCertificate::SelfSigned, "Signed with its own key.";
    "no-intermediate" = ShownCertificate::NoIntermediate, "The right one alone, without the intermediate one.";
    "wrong-order" = ShownCertificate::WrongOrder, "The right one, then the root, then the intermediate one.";
} }

/// What goes out and can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// HelloRequest.
    HelloRequest,
    /// ClientHello.
    ClientHello,
    /// ServerHello.
    ServerHello,
    /// ServerKeyExchange.
    ServerKeyExchange,
    /// ServerHelloDone.
    ServerHelloDone,
    /// ClientKeyExchange.
    ClientKeyExchange,
    /// Finished.
    Finished,
    /// The body of ChangeCipherSpec.
    ChangeCipherSpec,
    /// An alert.
    Alert,
    /// A record, before it is encrypted: its content with MAC and padding.
    Block(Content),
    /// A record as it goes out.
    Record(Content),
}

words! { Outgoing {
    "hello-request" = Outgoing::HelloRequest, "HelloRequest, with the header of the handshake message.";
    "client-hello" = Outgoing::ClientHello, "ClientHello, with the header of the handshake message.";
    "server-hello" = Outgoing::ServerHello, "ServerHello, with the header of the handshake message.";
    "server-key-exchange" = Outgoing::ServerKeyExchange, "ServerKeyExchange, with the header of the handshake message.";
    "server-hello-done" = Outgoing::ServerHelloDone, "ServerHelloDone, with the header of the handshake message.";
    "client-key-exchange" = Outgoing::ClientKeyExchange, "ClientKeyExchange, with the header of the handshake message.";
    "finished" = Outgoing::Finished, "Finished, with the header of the handshake message.";
    "change-cipher-spec" = Outgoing::ChangeCipherSpec, "The octet of ChangeCipherSpec.";
    "alert" = Outgoing::Alert, "Level and description of an alert.";
    "handshake-block" = Outgoing::Block(Content::Handshake), "What a record of the handshake is encrypted of: content, MAC, padding.";
    "data-block" = Outgoing::Block(Content::ApplicationData), "What a record of application data is encrypted of: content, MAC, padding.";
    "handshake-record" = Outgoing::Record(Content::Handshake), "A record of the handshake, header included.";
    "data-record" = Outgoing::Record(Content::ApplicationData), "A record of application data, header included.";
    "alert-record" = Outgoing::Record(Content::Alert), "A record with an alert, header included.";
} }

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// ChangeCipherSpec.
    ChangeCipherSpec,
    /// An alert.
    Alert,
    /// Handshake messages.
    Handshake,
    /// Application data.
    ApplicationData,
}

words! { Content {
    "change-cipher-spec" = Content::ChangeCipherSpec, "ChangeCipherSpec.";
    "alert" = Content::Alert, "An alert.";
    "handshake" = Content::Handshake, "Handshake messages.";
    "application-data" = Content::ApplicationData, "Application data.";
} }

/// A length of RFC 6066 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentLength(pub MaxFragmentLength);

impl FieldValue for FragmentLength {
    fn shape() -> Shape {
        Shape::Name(vec!["512", "1024", "2048", "4096"])
    }

    fn read(value: &Value) -> Result<Self, String> {
        let all = [1, 2, 3, 4].map(MaxFragmentLength::from_code);
        let word = String::read(value)?;
        let found = all.into_iter().find(|one| one.octets().is_some_and(|octets| octets.to_string() == word));
        found.map(FragmentLength).ok_or_else(|| wrong(value, &Self::shape()))
    }
}

pub(super) fn declare(table: &mut Table) {
    table.group::<TlsClientWith>();
    table.group::<TlsServerWith>();
    table.group::<TlsExtension>();
    table.group::<TlsChange>();
    table.group::<AlertWith>();
    table.group::<RecordWith>();
    let field = FieldSpec::new;
    let number = || field(NUMBER, Shape::COUNT, "Which connection of the case it is, counted from 1.");
    let mut seen = |name, fields: Vec<FieldSpec>| table.specs(name, fields.into_iter().chain([number()]).collect());
    let version = || field("version", Shape::Text, "Version: `1.2`, or four hexadecimal digits.");
    let suite = |doc| field("suite", Shape::Hex, doc);
    let extensions = || {
        let doc = "Extensions, in order; absent when there is no list.";
        field("extensions", Shape::Record(TlsExtension::NAME).list(), doc)
    };
    let hello = || {
        vec![
            version(),
            field("random", Shape::Hex, "Random."),
            field("session_id", Shape::Hex, "session_id; empty for a session of its own."),
        ]
    };
    let mut client = hello();
    client.extend([
        field("suites", Shape::Hex.list(), "Cipher suites, in order, as four hexadecimal digits each."),
        field("compressions", Shape::Hex, "Compression methods."),
        extensions(),
        field("form", Shape::Name(vec!["tls", "ssl2"]), "The form of the hello."),
    ]);
    seen("tls.client-hello", client);
    let mut server = hello();
    server.extend([
        suite("Cipher suite, as four hexadecimal digits."),
        field("compression", Shape::Hex, "Compression method."),
        extensions(),
    ]);
    seen("tls.server-hello", server);
    let identity = "Identity: text, or `hex:` and octets.";
    seen("tls.client-key-exchange", vec![field("identity", Shape::Text, identity)]);
    let hint = "Identity hint: text, or `hex:` and octets.";
    seen("tls.server-key-exchange", vec![field("hint", Shape::Text, hint)]);
    seen("tls.finished", vec![field("verify_data", Shape::Hex, "verify_data.")]);
    let handshake = vec![
        field("type", Shape::Text, "Its type, as RFC 5246 7.4 names it, or two hexadecimal digits."),
        field("body", Shape::Hex, "What follows its header."),
    ];
    seen("tls.handshake", handshake);
    let alert = vec![
        field("level", Shape::Text, "`warning`, `fatal`, or two hexadecimal digits."),
        field("description", Shape::Text, "Its name, as RFC 5246 7.2 has it, or `alert-` and its number."),
        field("code", Shape::Int(0, 255), "Its number."),
    ];
    seen("tls.alert", alert);
    let established = vec![
        version(),
        suite("Cipher suite in force, as four hexadecimal digits."),
        field("resumed", Shape::Bool, "Whether a session was resumed."),
        field("session_id", Shape::Hex, "session_id; empty where the session cannot be resumed."),
        field("identity", Shape::Text, identity),
        field("encrypt_then_mac", Shape::Bool, "Whether encrypt_then_mac is in force (RFC 7366)."),
        field("extended_master_secret", Shape::Bool, "Whether the master secret is an extended one (RFC 7627)."),
        field("certificates", Shape::COUNT, "Certificates that the server has shown, where it has shown any."),
        field("subject", Shape::Text, "Whose certificate the first is: `CN=dmsc server, O=dmsc`."),
        field("issuer", Shape::Text, "Whose certificate it is under."),
        field("valid_from", Shape::Text, "When its time begins: `2024-01-01T00:00:00Z`."),
        field("valid_until", Shape::Text, "When its time ends."),
        field("max_fragment_length", Shape::COUNT, "The most octets in a record, where that was agreed (RFC 6066 4)."),
    ];
    seen("tls.established", established);
    let over = vec![
        field("established", Shape::Bool, "Whether a handshake had succeeded."),
        field("alert", Shape::Text, "The alert that came, close_notify apart; absent when none did."),
        field("proper", Shape::Bool, "Whether close_notify came before the end."),
        field("http_messages", Shape::COUNT, "HTTP messages that came over it."),
        field("left", Shape::COUNT, "Octets of something that did not come whole."),
        field("reason", Shape::Text, "Why the harness cannot go on, where it is the one that ends the connection."),
        field("sent", Shape::Text, "The alert that the harness has sent for it."),
    ];
    seen("tls.over", over);
    seen(BARE, Vec::new());
    kinds(table);
}

/// The group of messages that have no fields of their own.
const BARE: &str = "tls.bare";

fn kinds(table: &mut Table) {
    use Role::{Card, Terminal};
    let of = |sender, what, name: &'static str, doc: &'static str| {
        Declaration::new(sender, What::Tls(what), name, doc).anywhere()
    };
    let client_hello =
        "A client's first message of TLS, which opens a connection; what it sets holds for the connection.";
    table.kind(
        of(Terminal, Tls::ClientHello, "tls.client-hello", client_hello)
            .built_of(TlsClientWith::NAME)
            .sent()
            .heard("tls.client-hello")
            .answered(TlsServerWith::NAME)
            .patched(),
    );
    let server_hello = "A server's answer to it; what a fault sets holds for the connection.";
    table.kind(
        of(Card, Tls::Message, "tls.server-hello", server_hello)
            .built_of(TlsServerWith::NAME)
            .heard("tls.server-hello")
            .patched(),
    );
    for (sender, name, doc) in [
        (Terminal, "tls.client-key-exchange", "The identity of the client's key (RFC 4279 2)."),
        (Card, "tls.server-key-exchange", "A hint which identity is wanted (RFC 4279 2)."),
        (Card, "tls.server-hello-done", "The end of a server's first flight."),
    ] {
        let fields = if name == "tls.server-hello-done" { BARE } else { name };
        table.kind(of(sender, Tls::Message, name, doc).heard(fields));
    }
    let request = "A server's wish for another handshake.";
    table.kind(of(Card, Tls::HelloRequest, "tls.hello-request", request).sent().heard(BARE));
    for sender in [Terminal, Card] {
        for (name, fields, doc) in [
            ("tls.change-cipher-spec", BARE, "What follows is protected by the new keys."),
            ("tls.finished", "tls.finished", "The end of a side's handshake."),
            (
                "tls.handshake",
                "tls.handshake",
                "A message of the handshake that has no place in one with a pre-shared key.",
            ),
            ("tls.established", "tls.established", "A handshake has succeeded."),
            (OVER, OVER, "A connection has come to its end, or cannot go on."),
        ] {
            table.kind(of(sender, Tls::Message, name, doc).heard(fields));
        }
        let alert = "An alert.";
        table.kind(of(sender, Tls::Alert, "tls.alert", alert).built_of(AlertWith::NAME).sent().heard("tls.alert"));
        let record = "A record out of turn, or octets in place of one.";
        table.kind(of(sender, Tls::Record, "tls.record", record).built_of(RecordWith::NAME).sent());
    }
}

/// What a kind of TLS stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// A ClientHello, with which a connection begins.
    ClientHello,
    /// HelloRequest.
    HelloRequest,
    /// An alert.
    Alert,
    /// A record of the case's own making.
    Record,
    /// Any other message, or what became of the connection.
    Message,
}
