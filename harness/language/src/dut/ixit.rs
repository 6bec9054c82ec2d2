//! The values needed to test a DUT (IXIT).

use std::time::Duration;

use dmsc_doc::{Field, Mapping, Schema};
use dmsc_engine::account::{Account, AuthScheme};
use dmsc_engine::dm::Encoding;
use dmsc_engine::messages::WakeUp;
use serde_json::{Map, Value, json};

/// The values needed to test a DUT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ixit {
    /// The account of the DM_SC Server in the device.
    pub account: Account,
    /// A second account in the device, of another server.
    pub other_account: Option<Account>,
    /// The encoding of the messages that the harness begins with.
    pub encoding: Encoding,
    /// The port of the SCWS, 1 to 65535.
    pub http_port: u16,
    /// How long a session may take to begin.
    pub window: Duration,
    /// The same as it is written.
    window_text: String,
    /// What makes the card send a notification.
    pub wake_up: Option<WakeUp>,
}

/// Whether secrets are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// As they are: for the cases themselves.
    Shown,
    /// As `(secret)`: for everything that leaves the process.
    Hidden,
}

/// A field of an account.
struct AccountField {
    name: &'static str,
    default: &'static str,
    shape: AccountShape,
    secret: bool,
    doc: &'static str,
}

#[derive(Clone, Copy)]
enum AccountShape {
    Text,
    Nonce,
    Scheme,
}

const fn field(name: &'static str, default: &'static str, shape: AccountShape, doc: &'static str) -> AccountField {
    AccountField { name, default, shape, secret: false, doc }
}

const fn secret(name: &'static str, default: &'static str, doc: &'static str) -> AccountField {
    AccountField { name, default, shape: AccountShape::Text, secret: true, doc }
}

/// The default account is that of the reference DUTs.
const ACCOUNT: [AccountField; 9] = [
    field("server_id", "dmsc.example.com", AccountShape::Text, "ServerID of the DM_SC Server's account."),
    field("address", "", AccountShape::Text, "AppAddr; `http://127.0.0.1:<http_port>/OMA/DM` unless given."),
    secret("server_secret", "s3cr3t-P@ss", "Secret by which the server proves itself."),
    field("server_nonce", DEFAULT_NONCE, AccountShape::Nonce, "Nonce by which the server proves itself first."),
    field("server_auth", "md5", AccountShape::Scheme, "How the server proves itself."),
    field("client_name", "client1", AccountShape::Text, "User name by which the client proves itself."),
    secret("client_secret", "pwd-C", "Secret by which the client proves itself."),
    field("client_nonce", DEFAULT_NONCE, AccountShape::Nonce, "Nonce by which the client proves itself first."),
    field("client_auth", "md5", AccountShape::Scheme, "How the client proves itself."),
];

const DEFAULT_NONCE: &str = "000102030405060708090A0B0C0D0E0F";
const DEFAULT_PORT: u16 = 3516;
const DEFAULT_WINDOW: &str = "60 s";

/// The keys of an account: in the IXIT, and in the `setup` of a case.
pub(crate) fn account_fields() -> Vec<Field> {
    let one = |field: &AccountField| {
        let schema = match field.shape {
            AccountShape::Text => Schema::verbatim(),
            AccountShape::Nonce => Schema::hex(0, 64),
            AccountShape::Scheme => Schema::documented_choice([
                ("none", "No credentials at the DM layer."),
                ("basic", "syncml:auth-basic"),
                ("md5", "syncml:auth-md5"),
            ]),
        };
        let kept = if field.secret { " Kept out of logs and reports." } else { "" };
        let default =
            if field.default.is_empty() { String::new() } else { format!(" `{}` unless given.", field.default) };
        Field::optional(field.name, schema, format!("{}{default}{kept}", field.doc))
    };
    ACCOUNT.iter().map(one).collect()
}

/// What `ixit` may hold.
pub(super) fn ixit_schema() -> Schema {
    let ways = WakeUp::ALL.map(|way| (way.as_str(), way.doc()));
    let ways = ways.into_iter().chain([("none", "Nothing does; cases that need it are not applicable.")]);
    let mut fields = account_fields();
    fields.extend([
        Field::optional(
            "other_account",
            Mapping::new(account_fields()),
            "A second account in the device, of another server.",
        ),
        Field::optional(
            "encoding",
            Schema::choice(["xml", "wbxml"]),
            "Encoding of the messages that the harness begins with; `xml` unless given.",
        ),
        Field::optional("http_port", Schema::int(1, 0xFFFF), "Port of the SCWS; 3516 unless given."),
        Field::optional("window", Schema::Duration, "How long a session may take to begin; `60 s` unless given."),
        Field::optional(
            "wake_up",
            Schema::documented_choice(ways),
            "What makes the card send a notification; `applications` unless given.",
        ),
    ]);
    Mapping::new(fields).into()
}

/// The names of all values, as cases write them behind `ixit.`.
pub(crate) fn ixit_names() -> Vec<String> {
    let own = ["encoding", "http_port", "window", "wake_up"].map(str::to_owned);
    let account = ACCOUNT.iter().map(|field| field.name.to_owned());
    let other = ACCOUNT.iter().map(|field| format!("other_account.{}", field.name));
    account.chain(own).chain(["other_account".to_owned()]).chain(other).collect()
}

impl Default for Ixit {
    fn default() -> Self {
        Ixit::from_value(&Map::new())
    }
}

impl Ixit {
    /// The values of an `ixit` that complies with the schema, defaults put in.
    pub(super) fn from_value(map: &Map<String, Value>) -> Ixit {
        let text = |name: &str| map.get(name).and_then(Value::as_str);
        let port = map.get("http_port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        let http_port = port.unwrap_or(DEFAULT_PORT);
        let window_text = text("window").unwrap_or(DEFAULT_WINDOW).to_owned();
        let other = map.get("other_account").and_then(Value::as_object);
        let way = text("wake_up");
        Ixit {
            account: account(map, http_port),
            other_account: other.map(|other| account(other, http_port)),
            encoding: if text("encoding") == Some("wbxml") { Encoding::Wbxml } else { Encoding::Xml },
            http_port,
            window: dmsc_doc::parse_duration(&window_text).unwrap_or(Duration::from_secs(60)),
            window_text,
            wake_up: match way {
                None => Some(WakeUp::Applications),
                Some(way) => WakeUp::ALL.into_iter().find(|known| known.as_str() == way),
            },
        }
    }

    /// The values by name, as cases and reports see them.
    pub fn to_json(&self, secrets: Secrets) -> Value {
        let mut map = account_json(&self.account, secrets);
        map.insert("encoding".into(), json!(self.encoding.name()));
        map.insert("http_port".into(), json!(self.http_port));
        map.insert("window".into(), json!(self.window_text));
        map.insert("wake_up".into(), json!(self.wake_up.map_or("none", WakeUp::as_str)));
        if let Some(other) = &self.other_account {
            map.insert("other_account".into(), Value::Object(account_json(other, secrets)));
        }
        Value::Object(map)
    }

    /// An account of this IXIT with the values that the `setup` of a case gives.
    pub fn account_with(&self, setup: &Map<String, Value>) -> Account {
        let mut map = account_json(&self.account, Secrets::Shown);
        for (name, value) in setup {
            map.insert(name.clone(), value.clone());
        }
        account(&map, self.http_port)
    }
}

fn account(map: &Map<String, Value>, http_port: u16) -> Account {
    let text = |name: &str| -> String {
        let default = ACCOUNT.iter().find(|field| field.name == name).map_or("", |field| field.default);
        map.get(name).map_or_else(|| default.to_owned(), crate::variables::written)
    };
    let octets = |name: &str| dmsc_octets::from_hex(&text(name)).unwrap_or_default();
    let scheme = |name: &str| match text(name).as_str() {
        "none" => AuthScheme::None,
        "basic" => AuthScheme::Basic,
        _ => AuthScheme::Md5,
    };
    let address = match text("address") {
        empty if empty.is_empty() => format!("http://127.0.0.1:{http_port}/OMA/DM"),
        given => given,
    };
    Account {
        server_id: text("server_id"),
        address,
        server_secret: text("server_secret"),
        server_nonce: octets("server_nonce"),
        server_auth: scheme("server_auth"),
        client_name: text("client_name"),
        client_secret: text("client_secret"),
        client_nonce: octets("client_nonce"),
        client_auth: scheme("client_auth"),
    }
}

fn account_json(account: &Account, secrets: Secrets) -> Map<String, Value> {
    let scheme = |scheme: AuthScheme| match scheme {
        AuthScheme::None => "none",
        AuthScheme::Basic => "basic",
        AuthScheme::Md5 => "md5",
    };
    let value = |field: &AccountField| match field.name {
        _ if field.secret && secrets == Secrets::Hidden => json!("(secret)"),
        "server_id" => json!(account.server_id),
        "address" => json!(account.address),
        "server_secret" => json!(account.server_secret),
        "server_nonce" => json!(dmsc_octets::to_hex(&account.server_nonce)),
        "server_auth" => json!(scheme(account.server_auth)),
        "client_name" => json!(account.client_name),
        "client_secret" => json!(account.client_secret),
        "client_nonce" => json!(dmsc_octets::to_hex(&account.client_nonce)),
        _ => json!(scheme(account.client_auth)),
    };
    ACCOUNT.iter().map(|field| (field.name.to_owned(), value(field))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_reference_duts() {
        let ixit = Ixit::default();
        assert_eq!(ixit.account.server_id, "dmsc.example.com");
        assert_eq!(ixit.account.address, "http://127.0.0.1:3516/OMA/DM");
        assert_eq!(ixit.account.client_nonce.len(), 16);
        assert_eq!((ixit.window, ixit.wake_up), (Duration::from_secs(60), Some(WakeUp::Applications)));
    }

    #[test]
    fn secrets_leave_the_process_only_when_asked_for() {
        let Value::Object(map) = json!({ "other_account": { "client_secret": "x" }, "http_port": 80 }) else {
            panic!()
        };
        let ixit = Ixit::from_value(&map);
        let hidden = ixit.to_json(Secrets::Hidden).to_string();
        for secret in ["s3cr3t", "pwd-C", "\"x\""] {
            assert!(!hidden.contains(secret), "{hidden}");
        }
        assert_eq!(hidden.matches("(secret)").count(), 4);
        let shown = ixit.to_json(Secrets::Shown);
        assert_eq!(shown["other_account"]["client_secret"], "x");
        assert_eq!(shown["address"], "http://127.0.0.1:80/OMA/DM");
    }

    #[test]
    fn every_name_has_a_value() {
        let Value::Object(map) = json!({ "other_account": {} }) else { panic!() };
        let mut scope = crate::variables::Scope::new();
        scope.set("ixit", Ixit::from_value(&map).to_json(Secrets::Shown));
        for name in ixit_names() {
            scope.get(&format!("ixit.{name}")).unwrap();
        }
    }

    #[test]
    fn a_setup_changes_an_account() {
        let Value::Object(setup) = json!({ "client_auth": "basic", "client_name": "x" }) else { panic!() };
        let account = Ixit::default().account_with(&setup);
        assert_eq!((account.client_auth, account.client_name.as_str()), (AuthScheme::Basic, "x"));
        assert_eq!(account.server_id, "dmsc.example.com");
    }
}
