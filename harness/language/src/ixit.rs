//! The values needed to test a DUT (IXIT).

use std::fmt::Display;
use std::time::Duration;

use dmsc_doc::{Field, Mapping, Node, Problem, Schema};
use dmsc_engine::account::{Account, Address, AuthScheme, Certificates, Psk};
use dmsc_engine::bootstrap::Takes;
use dmsc_engine::dm::Encoding;
use dmsc_engine::messages::{AccountWith, FieldProblem, FieldSpec, Group, TriggerWays, WakeUp};
use dmsc_engine::trigger_form::TriggerForm;
use dmsc_link::MeetingPlace;
use dmsc_octets::to_hex;
use dmsc_uicc::sms::SmsAddress;
use serde_json::{Map, Value, json};

use crate::catalogue::schema::{setting, within_a_day};

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
    /// The number of the terminal's subscription, to which the card can send a short message that comes back.
    pub own_number: Option<String>,
    /// Which ways the card has to send its notification.
    pub trigger: TriggerWays,
    /// What makes the card send a notification besides.
    pub further_wake_ups: Vec<WakeUp>,
    /// Which documents of a smart card bootstrap the terminal takes in at its start.
    pub bootstrap: Takes,
    /// Which documents of a bootstrap by push the terminal takes in.
    pub pushed_bootstrap: Takes,
    /// Where the account stands in the management tree of the device.
    pub account_node: Option<String>,
    /// Where the secret stands there by which the server proves itself.
    pub secret_node: Option<String>,
    /// The file with the certificates that the harness trusts as a client of HTTPS, as it is written.
    pub tls_root: Option<String>,
    /// The date on which it looks at certificates, as it is written.
    pub tls_date: Option<String>,
}

/// Whether secrets are written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// As they are: for the cases themselves.
    Shown,
    /// As `(secret)`: for everything that leaves the process.
    Hidden,
}

const DEFAULT_NONCE: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const DEFAULT_KEY: [u8; 16] = *b"dmsc-preshared-k";
/// The port of the SCWS for plain HTTP over BIP (IANA: smartcard-port).
pub(crate) const DEFAULT_PORT: u16 = 3516;
/// The port of the account's address over BIP (DM_SC 8.1, table 2).
pub(crate) const TABLE_PORT: u16 = 4116;
const DEFAULT_WINDOW: &str = "60 s";

/// The address of an account on a TCP link unless another is given: where DUT and harness meet.
pub(crate) const MEETING_ADDRESS: &str = "http://{host}:{port}/OMA/DM";

/// The account of the reference DUTs, whose SCWS listens on this port.
fn default_account(http_port: impl Display) -> Account {
    Account {
        server_id: "dmsc.example.com".into(),
        address: format!("http://127.0.0.1:{http_port}/OMA/DM"),
        auth_name: None,
        server_secret: "s3cr3t-P@ss".into(),
        server_nonce: DEFAULT_NONCE.to_vec(),
        server_auth: AuthScheme::Md5,
        client_name: "client1".into(),
        client_secret: "pwd-C".into(),
        client_nonce: DEFAULT_NONCE.to_vec(),
        client_auth: AuthScheme::Md5,
        form: TriggerForm::default(),
        psk: Psk { identity: "dmsc-terminal".into(), key: DEFAULT_KEY.to_vec() },
        certificates: Certificates::default(),
    }
}

/// The keys of an account in an IXIT.
fn account_fields() -> Vec<Field> {
    let defaults = account_json(&default_account("<http_port>"), Secrets::Shown);
    let one = |field: FieldSpec| {
        let default = defaults.get(field.name).map(crate::variables::written).unwrap_or_default();
        let more = match field.name {
            _ if field.secret => " Kept out of logs and reports.",
            "address" => {
                " On a `tcp` link `http://{host}:{port}/OMA/DM`, where `{host}` and `{port}` stand for those of `listen` or `connect`."
            }
            _ => "",
        };
        Field::optional(field.name, setting(&field.shape), format!("{} `{default}` unless given.{more}", field.doc))
    };
    AccountWith::specs().into_iter().map(one).collect()
}

/// Whether a key of an account has a secret as its value.
pub(crate) fn is_secret(key: &str) -> bool {
    AccountWith::specs().into_iter().any(|field| field.secret && field.name == key)
}

/// Whether the value of a key may be a secret: of one that the account keeps for itself, and of one that may be meant for it.
pub(crate) fn may_be_secret(key: &str) -> bool {
    const SIGNS: [&str; 8] = ["secret", "psk", "key", "pin", "puk", "pas", "word", "pwd"];
    let key = key.to_lowercase();
    let own = AccountWith::specs().into_iter().find(|field| field.name == key).map(|field| field.secret);
    // A letter more or less is soon written.
    let near = || {
        let names = AccountWith::specs().into_iter().filter(|field| field.secret).map(|field| field.name);
        dmsc_doc::nearest(&key, names).is_some()
    };
    own.unwrap_or_else(|| key != "secret_node" && (SIGNS.iter().any(|sign| key.contains(sign)) || near()))
}

/// A number that no short message can be sent to.
fn number(node: &Node) -> Option<Problem> {
    let wrong = SmsAddress::from_text(node.written()?).is_none();
    wrong.then(|| {
        Problem::new(node.span, "this is not a number")
            .label("up to 20 digits, `+` in front or not")
            .help("write it in quotes: own_number: \"+15551234567\"")
    })
}

/// What is no date.
fn date(node: &Node) -> Option<Problem> {
    let wrong = Certificates::date(node.written()?).is_none();
    wrong.then(|| Problem::new(node.span, "this is no date").label("as `2026-07-01`, from 1970 on"))
}

/// An address of the management tree.
fn node_schema() -> Schema {
    Schema::text().with(|node| {
        let wrong = !node.written()?.starts_with("./");
        wrong.then(|| Problem::new(node.span, "this is no address of the tree").label("begins with `./`"))
    })
}

/// What `ixit` may hold.
pub(crate) fn ixit_schema() -> Schema {
    let ways = WakeUp::ALL.into_iter().filter(|way| way.may_be_alone()).map(|way| (way.as_str(), way.doc()));
    let ways = ways.chain([("none", "Nothing does; cases that need it are not applicable.")]);
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
        Field::optional(
            "http_port",
            Schema::int(1, 0xFFFF),
            "Port of the SCWS; 3516 unless given, or 4116 under the reading `plain-http-address: table-port`.",
        ),
        Field::optional(
            "window",
            within_a_day(Schema::time_to_pass()),
            "How long a session may take to begin; `60 s` unless given.",
        ),
        Field::optional(
            "wake_up",
            Schema::documented_choice(ways),
            "What makes the card send a notification; `applications` unless given.",
        ),
        Field::optional(
            "further_wake_ups",
            Schema::seq_of(Schema::documented_choice(WakeUp::ALL.map(|way| (way.as_str(), way.doc()))), 1, usize::MAX),
            "What makes the card send a notification besides; nothing unless given.",
        ),
        Field::optional(
            "trigger",
            Schema::documented_choice(TriggerWays::ALL.map(|ways| (ways.as_str(), ways.doc()))),
            "How the card sends its notification; `off-line` unless given.",
        ),
        Field::optional(
            "bootstrap",
            Schema::documented_choice(Takes::ALL.map(|takes| (takes.as_str(), takes.doc()))),
            "Which documents of a smart card bootstrap the terminal takes in when it starts; `none` unless given.",
        ),
        Field::optional(
            "pushed_bootstrap",
            Schema::documented_choice(Takes::ALL.map(|takes| (takes.as_str(), takes.doc()))),
            "Which documents of a bootstrap the terminal takes in that a short message brings; `none` unless given.",
        ),
        Field::optional(
            "account_node",
            node_schema(),
            "Address of the account in the management tree of the device, such as `./DMAcc/dmsc`; without it nothing is read \
             there.",
        ),
        Field::optional(
            "secret_node",
            node_schema(),
            "Address there of the AAuthSecret by which the server proves itself; without it nothing is replaced there.",
        ),
        Field::optional(
            "tls_root",
            Schema::text(),
            "With `tls: certificates`, a PEM file with what the harness trusts when it is the client; the root of \
             `fixtures/certificates` unless given.",
        ),
        Field::optional(
            "tls_date",
            Schema::text().with(date),
            "The date on which the harness looks at the certificate of a server; `2026-07-01` unless given.",
        ),
        Field::optional(
            "own_number",
            Schema::text().with(number),
            "The number of the subscription in the terminal, with + for an international one; without it nothing is sent \
             there.",
        ),
    ]);
    Mapping::new(fields).into()
}

/// The names of all values, as cases write them after `ixit.`.
pub(crate) fn ixit_names() -> Vec<String> {
    let own = [
        "encoding",
        "http_port",
        "window",
        "wake_up",
        "own_number",
        "trigger",
        "bootstrap",
        "pushed_bootstrap",
        "account_node",
        "secret_node",
    ]
    .map(str::to_owned);
    let fields = AccountWith::specs();
    let account = fields.iter().map(|field| field.name.to_owned());
    let other = fields.iter().map(|field| format!("other_account.{}", field.name));
    account.chain(own).chain(["other_account".to_owned()]).chain(other).collect()
}

impl Default for Ixit {
    fn default() -> Self {
        Ixit {
            account: default_account(DEFAULT_PORT),
            other_account: None,
            encoding: Encoding::Xml,
            http_port: DEFAULT_PORT,
            window: Duration::from_secs(60),
            window_text: DEFAULT_WINDOW.to_owned(),
            wake_up: Some(WakeUp::Applications),
            own_number: None,
            trigger: TriggerWays::default(),
            further_wake_ups: Vec::new(),
            bootstrap: Takes::default(),
            pushed_bootstrap: Takes::default(),
            account_node: None,
            secret_node: None,
            tls_root: None,
            tls_date: None,
        }
    }
}

impl Ixit {
    /// Whether this makes the card send a notification.
    pub fn wakes(&self, way: WakeUp) -> bool {
        self.wake_up == Some(way) || self.further_wake_ups.contains(&way)
    }

    /// The values of an `ixit` that complies with the schema, defaults put in; `port` is where the SCWS listens unless
    /// the file says.
    ///
    /// # Errors
    /// [`FieldProblem`] with the path of the value at fault.
    pub(crate) fn from_value(map: &Map<String, Value>, port: u16) -> Result<Ixit, FieldProblem> {
        let default = Ixit::default();
        let text = |name: &str| map.get(name).and_then(Value::as_str);
        let given = map.get("http_port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        let http_port = given.unwrap_or(port);
        let window_text = text("window").unwrap_or(DEFAULT_WINDOW).to_owned();
        let other = map.get("other_account").and_then(Value::as_object);
        let mut account_given = account(map, http_port)?;
        account_given.certificates.date = text("tls_date").and_then(Certificates::date);
        let takes = |name: &str| {
            let word = text(name);
            Takes::ALL.into_iter().find(|takes| Some(takes.as_str()) == word).unwrap_or_default()
        };
        let secure = account_given.address_parts().filter(|address| address.secure && given.is_none());
        Ok(Ixit {
            account: account_given,
            other_account: other.map(|other| account(other, http_port)).transpose()?,
            encoding: if text("encoding") == Some("wbxml") { Encoding::Wbxml } else { Encoding::Xml },
            // Over TLS it is that of the address, unless the file says.
            http_port: secure.map_or(http_port, |address| address.port),
            window: dmsc_doc::parse_duration(&window_text).unwrap_or(default.window),
            window_text,
            wake_up: match text("wake_up") {
                None => default.wake_up,
                Some(way) => WakeUp::ALL.into_iter().find(|known| known.as_str() == way),
            },
            trigger: text("trigger")
                .and_then(|word| TriggerWays::ALL.into_iter().find(|ways| ways.as_str() == word))
                .unwrap_or_default(),
            further_wake_ups: {
                let words =
                    map.get("further_wake_ups").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                WakeUp::ALL.into_iter().filter(|way| words.iter().any(|word| *word == way.as_str())).collect()
            },
            bootstrap: takes("bootstrap"),
            pushed_bootstrap: takes("pushed_bootstrap"),
            own_number: map.get("own_number").map(crate::variables::written),
            account_node: text("account_node").map(str::to_owned),
            secret_node: text("secret_node").map(str::to_owned),
            tls_root: text("tls_root").map(str::to_owned),
            tls_date: text("tls_date").map(str::to_owned),
        })
    }

    /// Puts in the place where DUT and harness meet, on a link that has one.
    #[must_use]
    pub fn at(mut self, place: &MeetingPlace) -> Ixit {
        for account in std::iter::once(&mut self.account).chain(&mut self.other_account) {
            account.address = place.fill(&account.address);
        }
        self
    }

    /// What cases know of the link as `link`: in `address`, where the DUT reaches the harness, or the harness the DUT.
    /// A DUT that was told apart where to connect has another address in its account, of which `account` tells.
    pub fn link_value(&self, place: Option<&MeetingPlace>) -> Value {
        let mut link = address_value(&self.reached(place));
        let account = address_value(
            &place.map_or_else(|| self.account.address.clone(), |place| place.fill(&self.account.address)),
        );
        link.insert("account_authority".into(), account["authority"].clone());
        link.insert("account_port".into(), account["port"].clone());
        Value::Object(link)
    }

    /// The account's address at the place where DUT and harness meet: the address itself where there is no such place,
    /// or where the DUT alone knows by which name it reaches it.
    fn reached(&self, place: Option<&MeetingPlace>) -> String {
        let address = &self.account.address;
        let Some(place) = place else { return address.clone() };
        let filled = place.fill(address);
        if place.everywhere {
            return filled;
        }
        Address::parse(&filled).map_or(filled, |address| address.at(&place.authority()))
    }

    /// The values by name, as cases and reports see them.
    pub fn to_json(&self, secrets: Secrets) -> Value {
        let mut map = account_json(&self.account, secrets);
        map.insert("encoding".into(), json!(self.encoding.name()));
        map.insert("http_port".into(), json!(self.http_port));
        map.insert("window".into(), json!(self.window_text));
        map.insert("wake_up".into(), json!(self.wake_up.map_or("none", WakeUp::as_str)));
        map.insert("trigger".into(), json!(self.trigger.as_str()));
        map.insert("bootstrap".into(), json!(self.bootstrap.as_str()));
        map.insert("pushed_bootstrap".into(), json!(self.pushed_bootstrap.as_str()));
        map.insert("further_wake_ups".into(), self.further_wake_ups.iter().map(|way| way.as_str()).collect());
        map.insert("own_number".into(), json!(self.own_number.as_deref().unwrap_or_default()));
        let optional = [
            ("account_node", &self.account_node),
            ("secret_node", &self.secret_node),
            ("tls_root", &self.tls_root),
            ("tls_date", &self.tls_date),
        ];
        map.extend(optional.into_iter().filter_map(|(name, node)| Some((name.to_owned(), json!(node.as_ref()?)))));
        if let Some(other) = &self.other_account {
            map.insert("other_account".into(), Value::Object(account_json(other, secrets)));
        }
        Value::Object(map)
    }
}

/// The account among the values of an IXIT, or of another account in it.
fn account(map: &Map<String, Value>, http_port: u16) -> Result<Account, FieldProblem> {
    let fields = AccountWith::specs();
    let own = map.iter().filter(|(name, _)| fields.iter().any(|field| field.name == name.as_str()));
    let given = AccountWith::from_fields(&own.map(|(name, value)| (name.clone(), value.clone())).collect())?;
    Ok(given.applied(&default_account(http_port)))
}

/// An address and what a request to it has in Host, and as its target (RFC 9112 3.2).
fn address_value(address: &str) -> Map<String, Value> {
    let parsed = Address::parse(address);
    Map::from_iter([
        ("address".to_owned(), json!(address)),
        ("authority".to_owned(), json!(parsed.as_ref().map(Address::host_header).unwrap_or_default())),
        ("path".to_owned(), json!(parsed.as_ref().map(|address| address.path.clone()).unwrap_or_default())),
        ("port".to_owned(), json!(parsed.map(|address| address.port))),
    ])
}

fn account_json(account: &Account, secrets: Secrets) -> Map<String, Value> {
    let value = |field: &FieldSpec| match field.name {
        _ if field.secret && secrets == Secrets::Hidden => json!("(secret)"),
        "server_id" => json!(account.server_id),
        "address" => json!(account.address),
        "server_name" => json!(account.server_name()),
        "server_secret" => json!(account.server_secret),
        "server_nonce" => json!(to_hex(&account.server_nonce)),
        "server_auth" => json!(account.server_auth.as_str()),
        "client_name" => json!(account.client_name),
        "client_secret" => json!(account.client_secret),
        "client_nonce" => json!(to_hex(&account.client_nonce)),
        "client_auth" => json!(account.client_auth.as_str()),
        "tls" if account.certificates.used && account.is_secure() => json!("certificates"),
        "tls" => json!(account.is_secure()),
        "psk_identity" => json!(account.psk.identity),
        "psk" => json!(to_hex(&account.psk.key)),
        // The tests see to it that there is no other.
        _ => Value::Null,
    };
    AccountWith::specs().iter().map(|field| (field.name.to_owned(), value(field))).collect()
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
        let ixit = Ixit::from_value(&map, DEFAULT_PORT).unwrap();
        let hidden = ixit.to_json(Secrets::Hidden).to_string();
        for secret in ["s3cr3t", "pwd-C", "\"x\""] {
            assert!(!hidden.contains(secret), "{hidden}");
        }
        assert_eq!(hidden.matches("(secret)").count(), 6);
        let shown = ixit.to_json(Secrets::Shown);
        assert_eq!(shown["other_account"]["client_secret"], "x");
        assert_eq!(shown["address"], "http://127.0.0.1:80/OMA/DM");
    }

    #[test]
    fn every_name_has_a_value() {
        let Value::Object(map) = json!({ "other_account": {}, "account_node": "./A", "secret_node": "./A/S" }) else {
            panic!()
        };
        let mut scope = crate::variables::Scope::new();
        scope.set("ixit", Ixit::from_value(&map, DEFAULT_PORT).unwrap().to_json(Secrets::Shown));
        for name in ixit_names() {
            assert_ne!(scope.get(&format!("ixit.{name}")), Ok(&Value::Null), "{name}");
        }
    }

    #[test]
    fn an_address_follows_the_place_where_dut_and_harness_meet() {
        let meeting = |listens: &str| {
            let tcp = dmsc_link::Tcp::open(dmsc_link::TcpConfig { listen: Some(listens.into()), ..Default::default() });
            tcp.unwrap().place().unwrap()
        };
        let ixit = |address: &str| {
            let Value::Object(map) = json!({ "address": address }) else { panic!() };
            Ixit::from_value(&map, DEFAULT_PORT).unwrap()
        };
        let reached = |ixit: &Ixit, place: Option<&MeetingPlace>| ixit.link_value(place)["address"].clone();
        let place = meeting("127.0.0.1:0");
        let real = format!("http://127.0.0.1:{}/OMA/DM", place.port);
        // One that names no place is that place.
        let open = ixit(MEETING_ADDRESS);
        assert_eq!(open.clone().at(&place).account.address, real);
        assert_eq!(reached(&open, Some(&place)), real.as_str());
        // One that names another stays the account's; the DUT is sent to where somebody listens.
        let other = ixit("http://card.example:3516/OMA/DM");
        assert_eq!(other.clone().at(&place), other);
        assert_eq!(reached(&other, Some(&place)), real.as_str());
        // Who listens everywhere does not know by which name a DUT elsewhere reaches it.
        assert_eq!(reached(&other, Some(&meeting("0.0.0.0:0"))), "http://card.example:3516/OMA/DM");
        assert_eq!(reached(&other, None), "http://card.example:3516/OMA/DM");
    }

    #[test]
    fn what_is_not_given_is_that_of_the_reference_duts() {
        assert_eq!(Ixit::from_value(&Map::new(), DEFAULT_PORT), Ok(Ixit::default()));
        let Value::Object(map) = json!({ "client_auth": "basic", "server_nonce": "FF" }) else { panic!() };
        let given = Ixit::from_value(&map, DEFAULT_PORT).unwrap().account;
        let expected = Account { client_auth: AuthScheme::Basic, server_nonce: vec![0xFF], ..Ixit::default().account };
        assert_eq!(given, expected);
    }
}
