//! The application characteristic of OMA DM, `w7`, and the account that it describes (ac_w7_dm 1.0, DMSTDOBJ).

use dmsc_dm::auth::{base64, from_base64};

use super::{Characteristic, Document, Entry, shown};
use crate::account::{Account, Address, AddressType, AuthType, Credentials, Level};

/// The identifier of OMA DM among applications.
const DM: &str = "w7";

/// An account as a document has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The account, as far as it can be read.
    pub account: Account,
    /// What the document says of it in a way that cannot be read, and what it leaves out.
    pub remarks: Vec<String>,
}

impl Document {
    /// The document that gives a device these accounts.
    #[must_use]
    pub fn of_accounts(accounts: &[Account]) -> Self {
        Self { version: Some("1.0".into()), characteristics: accounts.iter().map(characteristic).collect() }
    }

    /// The DM accounts of a document, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<Reading> {
        let applications = self.characteristics.iter().filter(|one| one.kind == "APPLICATION");
        applications.filter(|one| one.value("APPID") == Some(DM)).map(reading).collect()
    }
}

fn characteristic(account: &Account) -> Characteristic {
    let text = |text: &str| Some(text.to_owned());
    let mut application = Characteristic::new(
        "APPLICATION",
        [("APPID", text(DM)), ("PROVIDER-ID", text(&account.server_id)), ("NAME", account.name.clone())],
    );
    let connections = account.connections.iter().map(|connection| super::Parm::new("TO-NAPID", connection.as_str()));
    application.entries.extend(connections.map(Entry::Parm));
    application.entries.extend(account.addresses.iter().map(|address| Entry::Characteristic(appaddr(address))));
    application.entries.extend(account.credentials.iter().map(|one| Entry::Characteristic(appauth(one))));
    application
}

fn appaddr(address: &Address) -> Characteristic {
    // A URI needs no type, and the type has no word for it.
    let kind = address.kind.as_ref().filter(|kind| **kind != AddressType::Uri);
    let kind = kind.map(|kind| kind.as_str().to_ascii_uppercase());
    let mut written = Characteristic::new("APPADDR", [("ADDR", Some(address.address.clone())), ("ADDRTYPE", kind)]);
    let ports = address.ports.iter().map(|port| Characteristic::new("PORT", [("PORTNBR", Some(port.to_string()))]));
    written.entries.extend(ports.map(Entry::Characteristic));
    written
}

fn appauth(credentials: &Credentials) -> Characteristic {
    Characteristic::new(
        "APPAUTH",
        [
            ("AAUTHLEVEL", Some(credentials.level.in_characteristic().to_owned())),
            ("AAUTHTYPE", credentials.kind.as_ref().map(|kind| kind.as_str().to_owned())),
            ("AAUTHNAME", credentials.name.clone()),
            ("AAUTHSECRET", credentials.secret.clone()),
            ("AAUTHDATA", credentials.nonce.as_deref().map(base64)),
        ],
    )
}

fn reading(application: &Characteristic) -> Reading {
    let mut remarks = Vec::new();
    let server_id = application.value("PROVIDER-ID");
    if server_id.is_none_or(str::is_empty) {
        remarks.push("there is no PROVIDER-ID, which is the ServerID".to_owned());
    }
    let addresses: Vec<Address> = application.parts("APPADDR").map(|part| address(part, &mut remarks)).collect();
    // A document of one address may have it without a characteristic of its own.
    let plain = application.values("ADDR").map(|address| Address { address: address.to_owned(), ..Address::default() });
    let addresses: Vec<Address> = plain.chain(addresses).collect();
    if addresses.is_empty() {
        remarks.push("there is no address: neither APPADDR nor ADDR".to_owned());
    }
    let credentials: Vec<Credentials> =
        application.parts("APPAUTH").filter_map(|part| credentials(part, &mut remarks)).collect();
    let connections = application.values("TO-NAPID").chain(application.values("TO-PROXY"));
    let account = Account {
        server_id: server_id.unwrap_or_default().to_owned(),
        name: application.value("NAME").map(str::to_owned),
        addresses,
        connections: connections.map(str::to_owned).collect(),
        preferred: None,
        credentials,
    };
    Reading { account, remarks }
}

fn address(part: &Characteristic, remarks: &mut Vec<String>) -> Address {
    let address = part.value("ADDR").unwrap_or_default();
    if address.is_empty() {
        remarks.push("an APPADDR has no ADDR".to_owned());
    }
    let mut ports = Vec::new();
    for text in part.parts("PORT").flat_map(|port| port.values("PORTNBR")) {
        match text.parse() {
            Ok(port) => ports.push(port),
            Err(_) => remarks.push(format!("PORTNBR `{}` is no port", shown(text))),
        }
    }
    Address { address: address.to_owned(), kind: part.value("ADDRTYPE").map(AddressType::of), ports }
}

fn credentials(part: &Characteristic, remarks: &mut Vec<String>) -> Option<Credentials> {
    let Some(level) = part.value("AAUTHLEVEL") else {
        remarks.push("an APPAUTH has no AAUTHLEVEL, so that nobody knows whose it is".to_owned());
        return None;
    };
    let nonce = match part.value("AAUTHDATA").map(from_base64) {
        None => None,
        Some(Ok(nonce)) => Some(nonce),
        Some(Err(error)) => {
            remarks.push(format!("AAUTHDATA of {} is no base64: {error}", shown(level)));
            None
        }
    };
    Some(Credentials {
        level: Level::of_characteristic(level),
        kind: part.value("AAUTHTYPE").map(AuthType::of),
        name: part.value("AAUTHNAME").map(str::to_owned),
        secret: part.value("AAUTHSECRET").map(str::to_owned),
        nonce,
    })
}
