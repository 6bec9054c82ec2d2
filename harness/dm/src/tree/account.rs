//! DM accounts: the DMAcc object of DM 1.2 (DMSTDOBJ 1.2).

use serde::{Deserialize, Serialize};

use super::ManagementTree;
use super::node::{AccessType, Node};
use super::spec::{NodeSpec, SpecError};
use crate::auth::from_base64;
use crate::serde_form;
use crate::syncml::Data;

/// Whom an AppAuth entry authenticates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// CLCRED: the client to the server.
    Client,
    /// SRVCRED: the server to the client; its nonce serves the notification too.
    Server,
}

impl Level {
    /// The value of AAuthLevel.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "CLCRED",
            Self::Server => "SRVCRED",
        }
    }
}

/// A DM account, as far as a session needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DmAccount {
    /// Address of the account's node, such as `./DMAcc/Card`.
    pub uri: String,
    /// ServerID: the server identifier of notifications and ACLs.
    pub server_id: String,
    /// Name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// AppAddr/x/Addr of the first address.
    pub addr: String,
    /// AddrType of that address; `URI` if none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr_type: Option<String>,
    /// PortNbr of that address, as carried.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "serde_form::optional_text")]
    pub port: Option<String>,
    /// AAuthPref: the scheme to start with; none or empty means the last one negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_pref: Option<String>,
    /// The entry of level CLCRED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<AccountAuth>,
    /// The entry of level SRVCRED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<AccountAuth>,
}

/// One AppAuth entry of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountAuth {
    /// AAuthType as carried: `BASIC`, `DIGEST`, `HMAC`, `TRANSPORT`, ...
    #[serde(rename = "type")]
    pub type_: String,
    /// AAuthName.
    pub name: String,
    /// AAuthSecret.
    pub secret: String,
    /// AAuthData: octets of the nonce.
    #[serde(with = "serde_form::octets")]
    pub nonce: Vec<u8>,
}

/// AppID of a DM account.
const DM_APP_ID: &str = "w7";

impl ManagementTree {
    /// Every DM account of the tree, wherever it hangs: an interior node whose AppID is `w7`.
    #[must_use]
    pub fn accounts(&self) -> Vec<DmAccount> {
        let mut accounts = Vec::new();
        collect(&self.root, ".", &mut accounts);
        accounts
    }

    /// The account of a server; ServerID is compared octet for octet.
    #[must_use]
    pub fn account(&self, server_id: &str) -> Option<DmAccount> {
        self.accounts().into_iter().find(|account| account.server_id == server_id)
    }

    /// Puts an account into the tree at its address, with secrets and nonces that cannot be read.
    ///
    /// Its ACL grants Get, Replace and Delete to its server, as for a bootstrapped account.
    ///
    /// # Errors
    /// [`SpecError`] if the address is none or a leaf stands in the way.
    pub fn put_account(&mut self, account: &DmAccount) -> Result<(), SpecError> {
        let base = &account.uri;
        let id = &account.server_id;
        let acl = (!id.is_empty()).then(|| format!("Delete={id}&Get={id}&Replace={id}"));
        self.put(base, &NodeSpec { acl, ..NodeSpec::interior() })?;
        let mut leaf = |name: &str, value: Option<&str>| match value {
            Some(value) => self.put(&format!("{base}/{name}"), &NodeSpec::leaf(value)),
            None => Ok(()),
        };
        leaf("AppID", Some(DM_APP_ID))?;
        leaf("ServerID", Some(id))?;
        leaf("Name", account.name.as_deref())?;
        leaf("AAuthPref", account.auth_pref.as_deref())?;
        leaf("AppAddr/1/Addr", Some(&account.addr))?;
        leaf("AppAddr/1/AddrType", Some(account.addr_type.as_deref().unwrap_or("URI")))?;
        leaf("AppAddr/1/Port/1/PortNbr", account.port.as_deref())?;
        for (level, auth) in [(Level::Client, &account.client), (Level::Server, &account.server)] {
            let Some(auth) = auth else { continue };
            let base = format!("{base}/AppAuth/{}", level.as_str());
            self.put(&format!("{base}/AAuthLevel"), &NodeSpec::leaf(level.as_str()))?;
            self.put(&format!("{base}/AAuthType"), &NodeSpec::leaf(&auth.type_))?;
            self.put(&format!("{base}/AAuthName"), &NodeSpec::leaf(&auth.name))?;
            self.put(&format!("{base}/AAuthSecret"), &hidden("chr", auth.secret.as_str().into()))?;
            self.put(&format!("{base}/AAuthData"), &hidden("bin", auth.nonce.clone().into()))?;
        }
        Ok(())
    }

    /// Stores the nonce that a challenge brought for one level of a server's account.
    ///
    /// Returns whether the account has an entry of that level.
    pub fn set_nonce(&mut self, server_id: &str, level: Level, nonce: &[u8]) -> bool {
        let Some(account) = self.account(server_id) else {
            return false;
        };
        let Ok(uri) = super::Uri::parse(&account.uri) else {
            return false;
        };
        let Some(entries) = self.at(uri.segments()).and_then(|node| node.child("AppAuth")) else {
            return false;
        };
        let entry = entries.children().find(|(_, entry)| entry.leaf_text("AAuthLevel") == Some(level.as_str()));
        let Some((entry, _)) = entry else {
            return false;
        };
        let uri = format!("{}/AppAuth/{entry}/AAuthData", account.uri);
        self.put(&uri, &hidden("bin", nonce.to_vec().into())).is_ok()
    }
}

/// A leaf that servers can change but not read (DMSTDOBJ 1.2, AAuthSecret and AAuthData).
fn hidden(format: &str, value: Data) -> NodeSpec {
    let access = [AccessType::Delete, AccessType::Replace].into();
    NodeSpec { format: Some(format.to_owned()), value: Some(value), access: Some(access), ..NodeSpec::default() }
}

fn collect(node: &Node, uri: &str, accounts: &mut Vec<DmAccount>) {
    if node.leaf_text("AppID") == Some(DM_APP_ID) {
        accounts.push(view(node, uri));
        return;
    }
    for (name, child) in node.children() {
        collect(child, &format!("{uri}/{name}"), accounts);
    }
}

fn view(node: &Node, uri: &str) -> DmAccount {
    let text = |node: &Node, name: &str| node.leaf_text(name).map(str::to_owned);
    let address = node.child("AppAddr").and_then(|addresses| addresses.children().next()).map(|(_, node)| node);
    let port = address.and_then(|address| address.child("Port")?.children().next());
    let auth = |level: Level| {
        let mut entries = node.child("AppAuth")?.children().map(|(_, entry)| entry);
        let entry = entries.find(|entry| entry.leaf_text("AAuthLevel") == Some(level.as_str()))?;
        Some(AccountAuth {
            type_: text(entry, "AAuthType").unwrap_or_default(),
            name: text(entry, "AAuthName").unwrap_or_default(),
            secret: text(entry, "AAuthSecret").unwrap_or_default(),
            nonce: entry.child("AAuthData").map(nonce).unwrap_or_default(),
        })
    };
    DmAccount {
        uri: uri.to_owned(),
        server_id: text(node, "ServerID").unwrap_or_default(),
        name: text(node, "Name"),
        addr: address.and_then(|address| text(address, "Addr")).unwrap_or_default(),
        addr_type: address.and_then(|address| text(address, "AddrType")),
        port: port.and_then(|(_, port)| text(port, "PortNbr")),
        auth_pref: text(node, "AAuthPref"),
        client: auth(Level::Client),
        server: auth(Level::Server),
    }
}

/// The octets of a nonce; a leaf of format b64 holds their base64 text.
fn nonce(leaf: &Node) -> Vec<u8> {
    let Some(value) = leaf.value() else {
        return Vec::new();
    };
    match value {
        Data::Text(text) if leaf.format == "b64" => from_base64(text).unwrap_or_default(),
        _ => value.as_octets().to_vec(),
    }
}
