//! The DM account both sides share: DMAcc as DM 1.2 defines it, as far as a session needs it (DMSTDOBJ 5.3.1).

use dmsc_dm::auth;
use serde::{Deserialize, Serialize};

use crate::trigger_form::TriggerForm;

/// How one side proves itself to the other at the DM layer (AAuthType of an AppAuth entry).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthScheme {
    /// No credentials at the DM layer.
    None,
    /// `syncml:auth-basic`.
    Basic,
    /// `syncml:auth-md5`.
    #[default]
    Md5,
    /// `syncml:auth-MAC`: in the header of HTTP, over each message.
    Mac,
}

impl AuthScheme {
    /// All of them.
    pub const ALL: [AuthScheme; 4] = [AuthScheme::None, AuthScheme::Basic, AuthScheme::Md5, AuthScheme::Mac];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            AuthScheme::None => "none",
            AuthScheme::Basic => "basic",
            AuthScheme::Md5 => "md5",
            AuthScheme::Mac => "mac",
        }
    }

    /// What it is, for the reference.
    pub fn doc(self) -> &'static str {
        match self {
            AuthScheme::None => "No credentials at the DM layer.",
            AuthScheme::Basic => "syncml:auth-basic",
            AuthScheme::Md5 => "syncml:auth-md5",
            AuthScheme::Mac => "syncml:auth-MAC, in the header of HTTP",
        }
    }
}

/// A DM account. The *server* nonce authenticates the server (and Package#0) and is issued by the client; the
/// *client* nonce is issued by the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// DMAcc ServerID.
    pub server_id: String,
    /// AppAddr: where the client posts Package#1.
    pub address: String,
    /// AAuthName of the SRVCRED entry, where it is not the ServerID.
    pub auth_name: Option<String>,
    /// AAuthSecret of the SRVCRED entry.
    pub server_secret: String,
    /// AAuthData of the SRVCRED entry, decoded.
    pub server_nonce: Vec<u8>,
    /// AAuthType of the SRVCRED entry.
    pub server_auth: AuthScheme,
    /// AAuthName of the CLCRED entry.
    pub client_name: String,
    /// AAuthSecret of the CLCRED entry.
    pub client_secret: String,
    /// AAuthData of the CLCRED entry, decoded.
    pub client_nonce: Vec<u8>,
    /// AAuthType of the CLCRED entry.
    pub client_auth: AuthScheme,
    /// How its notifications are written.
    pub form: TriggerForm,
    /// The key of TLS, where the address is one of HTTPS (DM_SC 5.2, RFC 4279).
    pub psk: Psk,
    /// The certificates of TLS, where they take the place of the key.
    pub certificates: Certificates,
}

/// How a client knows its server by certificates, for an account that is reached that way (DMSEC 5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// Whether they take the place of the key.
    pub used: bool,
    /// What the client trusts: certificates as PEM; the root of the harness where there is none.
    pub root: Option<String>,
    /// The date on which they are looked at, in seconds since 1970; that of the harness where there is none.
    pub date: Option<u64>,
}

impl Certificates {
    /// The seconds from 1970 to a day as `2026-07-01`, one from 1970 to 9999; nothing of what is no day.
    pub fn date(text: &str) -> Option<u64> {
        let mut parts = text.splitn(3, '-').map(|part| part.parse::<u64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let february = if leap(year) { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before = usize::try_from(month.checked_sub(1)?).ok()?;
        let fits = (1970..=9999).contains(&year) && (1..=*months.get(before)?).contains(&day) && text.len() == 10;
        let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
        let days = years + months.iter().take(before).sum::<u64>() + day - 1;
        fits.then_some(days * 24 * 60 * 60)
    }
}

/// A pre-shared key and its name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Psk {
    /// The identity of the key.
    pub identity: String,
    /// The key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Psk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Psk").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Account {
    /// The name by which the server proves itself.
    pub fn server_name(&self) -> &str {
        self.auth_name.as_deref().unwrap_or(&self.server_id)
    }

    /// The Cred by which the client proves itself, over `nonce`.
    pub fn client_cred(&self, nonce: &[u8]) -> Option<dmsc_dm::syncml::Cred> {
        cred(self.client_auth, &self.client_name, &self.client_secret, nonce)
    }

    /// The Cred by which the server proves itself, over `nonce`.
    pub fn server_cred(&self, nonce: &[u8]) -> Option<dmsc_dm::syncml::Cred> {
        cred(self.server_auth, self.server_name(), &self.server_secret, nonce)
    }

    /// Whether its sessions run over TLS.
    pub fn is_secure(&self) -> bool {
        is_secure(&self.address)
    }

    /// The value of `x-syncml-hmac` by which the client proves itself over `nonce` with a message (DMSEC 5.4).
    pub fn client_mac(&self, nonce: &[u8], body: &[u8]) -> Option<String> {
        (self.client_auth == AuthScheme::Mac).then(|| mac(&self.client_name, &self.client_secret, nonce, body))
    }

    /// The value of `x-syncml-hmac` by which the server proves itself over `nonce` with a message (DMSEC 5.4).
    pub fn server_mac(&self, nonce: &[u8], body: &[u8]) -> Option<String> {
        (self.server_auth == AuthScheme::Mac).then(|| mac(self.server_name(), &self.server_secret, nonce, body))
    }

    /// Host and port of the address, and the path behind them.
    pub fn address_parts(&self) -> Option<Address> {
        Address::parse(&self.address)
    }
}

fn mac(name: &str, secret: &str, nonce: &[u8], body: &[u8]) -> String {
    let mac = auth::mac(name.as_bytes(), secret.as_bytes(), nonce, body);
    auth::MacHeader { algorithm: Some("MD5".into()), username: name.to_owned(), mac }.to_string()
}

/// What the value of an `x-syncml-hmac` was found to be, in the words for credentials.
pub fn judged_mac(value: Option<&str>, name: &str, secret: &str, nonce: &[u8], body: &[u8]) -> &'static str {
    let Some(value) = value else { return "none" };
    let Ok(header) = auth::MacHeader::parse(value) else { return "unreadable" };
    let over = |nonce: &[u8]| header.mac == auth::mac(name.as_bytes(), secret.as_bytes(), nonce, body);
    if !header.is_md5() || header.username != name {
        "wrong"
    } else if over(nonce) {
        "valid"
    } else if over(&auth::DEFAULT_NONCE) {
        "default-nonce"
    } else {
        "wrong"
    }
}

fn cred(scheme: AuthScheme, name: &str, secret: &str, nonce: &[u8]) -> Option<dmsc_dm::syncml::Cred> {
    use dmsc_dm::syncml::Cred;
    let (type_, data) = match scheme {
        AuthScheme::None | AuthScheme::Mac => return None,
        AuthScheme::Basic => (auth::AuthType::Basic, auth::basic(name.as_bytes(), secret.as_bytes())),
        AuthScheme::Md5 => (auth::AuthType::Md5, auth::md5(name.as_bytes(), secret.as_bytes(), nonce)),
    };
    Some(Cred { format: Some("b64".into()), type_: Some(type_), data: data.into() })
}

/// Whether an address is one of HTTPS.
fn is_secure(address: &str) -> bool {
    address.get(..HTTPS.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(HTTPS))
}

const HTTPS: &str = "https://";
const HTTP: &str = "http://";

/// The ports of the SCWS over BIP, of plain HTTP and of HTTPS (IANA: smartcard-port, smartcard-tls).
const PORTS: [&str; 2] = [":3516", ":4116"];

/// The same address under the other scheme, or this one; a port of table 2 of DM_SC 8.1 follows.
pub fn with_scheme(address: &str, secure: bool) -> String {
    if is_secure(address) == secure {
        return address.to_owned();
    }
    let (from, to, scheme) = if secure { (PORTS[0], PORTS[1], HTTPS) } else { (PORTS[1], PORTS[0], HTTP) };
    let Some((_, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.strip_suffix(from) {
        Some(host) => format!("{scheme}{host}{to}{path}"),
        None => format!("{scheme}{authority}{path}"),
    }
}

/// An absolute `http` or `https` address, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether the scheme asks for TLS.
    pub secure: bool,
    /// The host, without brackets.
    pub host: String,
    /// The port; 80 or 443 when the address names none.
    pub port: u16,
    /// The path, with its leading `/`.
    pub path: String,
}

impl Address {
    /// Takes an address apart; `None` when it is not an absolute http(s) address.
    pub fn parse(text: &str) -> Option<Address> {
        let (secure, rest) = match text.split_once("://")? {
            (scheme, rest) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            (scheme, rest) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            _ => return None,
        };
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let default = if secure { 443 } else { 80 };
        let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
            let (host, tail) = inner.split_once(']')?;
            (host, tail.strip_prefix(':').map_or(Some(default), |p| p.parse().ok())?)
        } else {
            match authority.rsplit_once(':') {
                Some((host, port)) => (host, port.parse().ok()?),
                None => (authority, default),
            }
        };
        (!host.is_empty()).then(|| Address { secure, host: host.into(), port, path: path.into() })
    }

    /// The same address at another authority.
    pub fn at(&self, authority: &str) -> String {
        format!("http{}://{authority}{}", if self.secure { "s" } else { "" }, self.path)
    }

    /// The value of a Host header for this address.
    pub fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.secure { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }
}

#[cfg(test)]
impl Account {
    /// An account for tests, with secrets and nonces that differ.
    pub(crate) fn sample() -> Account {
        Account {
            server_id: "server".into(),
            address: "http://127.0.0.1:3516/".into(),
            auth_name: None,
            server_secret: "s".into(),
            server_nonce: vec![1],
            server_auth: AuthScheme::Md5,
            client_name: "client".into(),
            client_secret: "c".into(),
            client_nonce: vec![2],
            client_auth: AuthScheme::Md5,
            form: TriggerForm::default(),
            psk: Psk::default(),
            certificates: Certificates::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_table_2_follows_the_scheme() {
        let secure = "https://127.0.0.1:4116/OMA/DM";
        assert_eq!(with_scheme("http://127.0.0.1:3516/OMA/DM", true), secure);
        assert_eq!(with_scheme(secure, true), secure);
        assert_eq!(with_scheme(secure, false), "http://127.0.0.1:3516/OMA/DM");
        assert_eq!(with_scheme("http://{host}:{port}/OMA/DM", true), "https://{host}:{port}/OMA/DM");
        assert_eq!(with_scheme("HTTPS://localuicc", false), "http://localuicc");
        assert_eq!(with_scheme("nonsense", true), "nonsense");
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(Certificates::date("1970-01-01"), Some(0));
        assert_eq!(Certificates::date("2024-03-01"), Some(1_709_251_200));
        assert_eq!(Certificates::date("2026-07-01"), Some(1_782_864_000));
        for wrong in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "1969-01-01",
            "99999-1-01",
            "2026-01-00",
            "tomorrow",
            "",
        ] {
            assert_eq!(Certificates::date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_taken_apart() {
        let parts = |text| Address::parse(text).map(|a| (a.secure, a.host, a.port, a.path));
        assert_eq!(parts("https://127.0.0.1:4116/OMA/DM"), Some((true, "127.0.0.1".into(), 4116, "/OMA/DM".into())));
        assert_eq!(parts("http://[::1]:4116/OMA/DM"), Some((false, "::1".into(), 4116, "/OMA/DM".into())));
        assert_eq!(parts("https://localuicc"), Some((true, "localuicc".into(), 443, "/".into())));
        assert_eq!(parts("/OMA/DM"), None);
        assert_eq!(parts("http://host:99999/"), None);
        assert_eq!(Address::parse("http://[::1]:3516/").unwrap().host_header(), "[::1]:3516");
        assert_eq!(Address::parse("http://card:80/").unwrap().host_header(), "card");
    }
}
