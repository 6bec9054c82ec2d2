//! A DM account, in no notation.

use std::fmt;

/// What a device is told of a DM server (DMSTDOBJ, DMAcc; the application characteristic w7 of Client Provisioning).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// By which name notifications and sessions call the server: ServerID, PROVIDER-ID.
    pub server_id: String,
    /// The name for people.
    pub name: Option<String>,
    /// Where the server is; the first is the one to try first.
    pub addresses: Vec<Address>,
    /// The connections to use: PrefConRef and ToConRef, TO-NAPID and TO-PROXY.
    pub connections: Vec<String>,
    /// How the client authenticates itself first, where the account says; Client Provisioning cannot say it.
    pub preferred: Option<AuthType>,
    /// How the two sides prove themselves.
    pub credentials: Vec<Credentials>,
}

/// Where a server is (AppAddr).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The address, in the form that its type says.
    pub address: String,
    /// The form; a URI where none is given.
    pub kind: Option<AddressType>,
    /// Ports. A URI has its own.
    pub ports: Vec<u16>,
}

/// The form of an address (AddrType, ADDRTYPE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressType {
    /// A URI.
    Uri,
    /// An IPv4 address.
    IpV4,
    /// An IPv6 address.
    IpV6,
    /// A form that the documents do not name.
    Other(String),
}

impl AddressType {
    /// The type of a word of either notation; case does not count, as one writes `IPv4` and the other `IPV4`.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            word if word.eq_ignore_ascii_case("URI") => Self::Uri,
            word if word.eq_ignore_ascii_case("IPv4") => Self::IpV4,
            word if word.eq_ignore_ascii_case("IPv6") => Self::IpV6,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word of a management object (DMSTDOBJ).
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Uri => "URI",
            Self::IpV4 => "IPv4",
            Self::IpV6 => "IPv6",
            Self::Other(word) => word,
        }
    }
}

/// How one side proves itself (AppAuth).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who proves itself, and in which layer.
    pub level: Level,
    /// By which scheme.
    pub kind: Option<AuthType>,
    /// The name.
    pub name: Option<String>,
    /// The secret.
    pub secret: Option<String>,
    /// The nonce.
    pub nonce: Option<Vec<u8>>,
}

impl fmt::Debug for Credentials {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("level", &self.level)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("secret", &self.secret.as_ref().map(|_| "(secret)"))
            .field("nonce", &self.nonce)
            .finish()
    }
}

/// Who proves itself, and in which layer (AAuthLevel). The two notations have words of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// The client to the server: `CLCRED`, `APPSRV`.
    Client,
    /// The server to the client: `SRVCRED`, `CLIENT`.
    Server,
    /// In OBEX.
    Obex,
    /// In HTTP.
    Http,
    /// A level that the documents do not name.
    Other(String),
}

impl Level {
    /// The level of a word of a management object (DMSTDOBJ).
    #[must_use]
    pub fn of_object(word: &str) -> Self {
        match word {
            "CLCRED" => Self::Client,
            "SRVCRED" => Self::Server,
            "OBEX" => Self::Obex,
            "HTTP" => Self::Http,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word of a management object (DMSTDOBJ).
    #[must_use]
    pub fn in_object(&self) -> &str {
        match self {
            Self::Client => "CLCRED",
            Self::Server => "SRVCRED",
            Self::Obex => "OBEX",
            Self::Http => "HTTP",
            Self::Other(word) => word,
        }
    }

    /// The level of a word of Client Provisioning (w7, mapped by DMSTDOBJ).
    #[must_use]
    pub fn of_characteristic(word: &str) -> Self {
        match word {
            "APPSRV" => Self::Client,
            "CLIENT" => Self::Server,
            "OBEX" => Self::Obex,
            "HTTP" => Self::Http,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The word of Client Provisioning (w7, mapped by DMSTDOBJ).
    #[must_use]
    pub fn in_characteristic(&self) -> &str {
        match self {
            Self::Client => "APPSRV",
            Self::Server => "CLIENT",
            Self::Obex => "OBEX",
            Self::Http => "HTTP",
            Self::Other(word) => word,
        }
    }
}

/// The scheme by which one side proves itself (AAuthType).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthType {
    /// Name and secret: `syncml:auth-basic`.
    Basic,
    /// A digest with a nonce: `syncml:auth-md5`.
    Digest,
    /// A MAC of each message: `syncml:auth-MAC`.
    Hmac,
    /// Another scheme, such as `HTTP-DIGEST` or `TRANSPORT`.
    Other(String),
}

impl AuthType {
    /// The scheme of a word, which is the same in both notations.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "BASIC" => Self::Basic,
            "DIGEST" => Self::Digest,
            "HMAC" => Self::Hmac,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Basic => "BASIC",
            Self::Digest => "DIGEST",
            Self::Hmac => "HMAC",
            Self::Other(word) => word,
        }
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// An account with all that DM_SC asks for.
    pub(crate) fn account() -> Account {
        let credentials = |level, name: &str, secret: &str| Credentials {
            level,
            kind: Some(AuthType::Digest),
            name: Some(name.into()),
            secret: Some(secret.into()),
            nonce: Some((0..16).collect()),
        };
        Account {
            server_id: "dmsc.example.com".into(),
            name: Some("DM & SC".into()),
            addresses: vec![Address {
                address: "http://127.0.0.1:3516/OMA/DM".into(),
                kind: Some(AddressType::Uri),
                ports: vec![3516],
            }],
            connections: Vec::new(),
            preferred: None,
            credentials: vec![
                credentials(Level::Client, "client1", "pwd-C"),
                credentials(Level::Server, "dmsc.example.com", "s3cr3t-P@ss"),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_both_notations() {
        for level in [Level::Client, Level::Server, Level::Obex, Level::Http, Level::Other("X".into())] {
            assert_eq!(Level::of_object(level.in_object()), level);
            assert_eq!(Level::of_characteristic(level.in_characteristic()), level);
        }
        // Each notation has a word that the other would read as another level.
        assert_eq!(Level::of_object("CLIENT"), Level::Other("CLIENT".into()));
        for word in ["BASIC", "DIGEST", "HMAC", "X509"] {
            assert_eq!(AuthType::of(word).as_str(), word);
        }
        assert_eq!(AddressType::of("IPV6"), AddressType::IpV6);
        assert_eq!(AddressType::of("E164").as_str(), "E164");
    }

    #[test]
    fn secrets_are_not_shown_by_debug() {
        let text = format!("{:?}", samples::account());
        assert!(text.contains("client1") && !text.contains("pwd-C") && !text.contains("s3cr3t"), "{text}");
    }
}
