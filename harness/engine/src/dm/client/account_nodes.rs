//! The accounts of a client in its management tree (DMSTDOBJ 5.3.1), and what a server changes there.

use dmsc_dm::syncml::{Command, Data, Text};
use dmsc_dm::tree::{ManagementTree, NewNode, Requester};

use super::DmClient;
use crate::account::{Account, Address, AuthScheme};
use crate::switch::Switch;

/// Where accounts are.
const HOME: &str = "./DMAcc";

/// The nodes of the two entries of AppAuth.
const CLIENT: &str = "client";
const SERVER: &str = "server";

/// Whether a command may meet the accounts. Most sessions are about other nodes, and a tree with accounts costs more than
/// all else of a client.
pub(super) fn may_be_met(commands: &[Command]) -> bool {
    let met = |uri: &Text| {
        let path = uri.strip_prefix("./").unwrap_or(uri);
        // Of the root they are children, and an object in the Inbox may be one.
        ["DMAcc", "Inbox", ".", "?"].iter().any(|start| path.starts_with(start)) || path.is_empty()
    };
    commands.iter().any(|command| {
        let mut uris = command.items.iter().flat_map(|item| [&item.target, &item.source].into_iter().flatten());
        uris.any(met) || may_be_met(&command.commands)
    })
}

/// Puts accounts into a tree.
pub(super) fn mount(tree: &mut ManagementTree, accounts: &[Account]) {
    add(tree, HOME, "node", Data::default());
    for (index, account) in accounts.iter().enumerate() {
        let place = place(index);
        let mut put = |below: &str, format: &str, data: Data| add(tree, &format!("{place}{below}"), format, data);
        let port = account.address_parts().map(|Address { port, .. }| port.to_string()).unwrap_or_default();
        put("", "node", Data::default());
        put("/AppID", "chr", "w7".into());
        put("/ServerID", "chr", account.server_id.as_str().into());
        put("/AppAddr", "node", Data::default());
        put("/AppAddr/card", "node", Data::default());
        put("/AppAddr/card/Addr", "chr", account.address.as_str().into());
        put("/AppAddr/card/AddrType", "chr", "URI".into());
        put("/AppAddr/card/Port", "node", Data::default());
        put("/AppAddr/card/Port/port", "node", Data::default());
        put("/AppAddr/card/Port/port/PortNbr", "chr", port.as_str().into());
        put("/AppAuth", "node", Data::default());
        let entries = [
            (CLIENT, "CLCRED", account.client_auth, account.client_name.as_str(), &account.client_secret),
            (SERVER, "SRVCRED", account.server_auth, account.server_name(), &account.server_secret),
        ];
        for (entry, level, scheme, name, secret) in entries {
            put(&format!("/AppAuth/{entry}"), "node", Data::default());
            let mut of = |leaf: &str, data: Data| put(&format!("/AppAuth/{entry}{leaf}"), "chr", data);
            of("/AAuthLevel", level.into());
            of("/AAuthType", kind(scheme).into());
            of("/AAuthName", name.into());
            of("/AAuthSecret", secret.as_str().into());
        }
    }
}

/// The word of the account object for a way to prove oneself.
fn kind(scheme: AuthScheme) -> &'static str {
    match scheme {
        AuthScheme::None => "TRANSPORT",
        AuthScheme::Basic => "BASIC",
        AuthScheme::Md5 => "DIGEST",
        AuthScheme::Mac => "HMAC",
    }
}

fn place(index: usize) -> String {
    format!("{HOME}/dmsc{index}")
}

fn add(tree: &mut ManagementTree, uri: &str, format: &str, data: Data) {
    let node = NewNode { format: Some(format.to_owned()), data, ..NewNode::default() };
    // A tree that a person wrote may have the node.
    let _there = tree.add(Requester::Device, uri, node);
}

impl DmClient {
    /// Takes in an account that it is given: in the place of that of the same server, or beside those that it has. By
    /// mistake it may take the place of the first, whoever its server is.
    pub(crate) fn take_in(&mut self, account: Account, first: bool) {
        let of_server = self.accounts.iter().position(|held| held.server_id == account.server_id);
        let index = of_server.or(first.then_some(0)).unwrap_or(self.accounts.len());
        match self.accounts.get_mut(index) {
            Some(held) => *held = account,
            None => self.accounts.push(account),
        }
        self.tree.take_out(&place(index));
        self.shown = false;
        self.given = Some(index);
    }

    /// Where the account stands that it was given last; none where it was given none.
    pub(crate) fn given_index(&self) -> Option<usize> {
        self.given
    }

    /// The account that it was given last.
    pub(crate) fn provisioned(&self) -> Option<&Account> {
        self.given.and_then(|index| self.accounts.get(index)).or(self.accounts.first())
    }

    /// Secrets that a server has replaced are in force from the next session on (DMSEC 5.3, DMNOTI 5 step 6).
    pub(super) fn take_over_secrets(&mut self) {
        if self.session.is_some() || self.switches.on(Switch::KeepServerSecret) {
            return;
        }
        for (index, account) in self.accounts.iter_mut().enumerate() {
            let place = place(index);
            for (entry, secret) in [(CLIENT, &mut account.client_secret), (SERVER, &mut account.server_secret)] {
                let node = format!("{place}/AppAuth/{entry}/AAuthSecret");
                if let Some(held) = self.tree.value(&node).and_then(Data::as_text) {
                    held.clone_into(secret);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dmsc_dm::syncml::{CommandName, Item};

    use super::*;
    use crate::account::Psk;
    use crate::choice::Choices;
    use crate::dm::Encoding;
    use crate::switch::Switches;
    use crate::trigger_form::TriggerForm;

    fn client() -> DmClient {
        let account = Account {
            server_id: "dmsc.example.com".into(),
            address: "https://127.0.0.1:4116/OMA/DM".into(),
            auth_name: None,
            server_secret: "s".into(),
            server_nonce: vec![1],
            server_auth: AuthScheme::Mac,
            client_name: "client1".into(),
            client_secret: "c".into(),
            client_nonce: vec![2],
            client_auth: AuthScheme::None,
            form: TriggerForm::default(),
            psk: Psk::default(),
            certificates: crate::account::Certificates::default(),
        };
        let (tree, choices) = (ManagementTree::default(), Choices::default());
        let mut client = DmClient::new(vec![account], tree, Encoding::Xml, choices, Switches::default(), 0);
        mount(&mut client.tree, &client.accounts);
        client
    }

    #[test]
    fn an_account_can_be_read_but_for_its_secrets() {
        let client = client();
        let read = |below: &str| {
            let fetched = client.tree.get(Requester::Server("dmsc.example.com"), &format!("./DMAcc/dmsc0{below}"));
            fetched.map(|fetched| fetched.data.as_text().unwrap_or_default().to_owned()).map_err(|no| no.status.code())
        };
        assert_eq!(read("/AppAddr").as_deref(), Ok("card"));
        assert_eq!(read("/AppAddr/card/Addr").as_deref(), Ok("https://127.0.0.1:4116/OMA/DM"));
        assert_eq!(read("/AppAddr/card/Port/port/PortNbr").as_deref(), Ok("4116"));
        assert_eq!(read("/AppAuth/server/AAuthType").as_deref(), Ok("HMAC"));
        assert_eq!(read("/AppAuth/server/AAuthName").as_deref(), Ok("dmsc.example.com"));
        assert_eq!(read("/AppAuth/server/AAuthSecret"), Err(405));
    }

    #[test]
    fn accounts_are_met_by_their_address_by_the_root_and_by_the_inbox() {
        let get = |target: &str| {
            let item = Item { target: Some(target.into()), ..Item::default() };
            Command { items: vec![item], ..Command::new(CommandName::Get, "1") }
        };
        for target in ["./DMAcc", "DMAcc/x", ".", "./", "./?list=Struct", ".?list=TNDS", "./Inbox", "./DMAcc?prop=ACL"]
        {
            assert!(may_be_met(&[get(target)]), "{target}");
        }
        let inside = Command { commands: vec![get("./DMAcc")], ..Command::new(CommandName::Sequence, "2") };
        assert!(may_be_met(&[inside]));
        assert!(!may_be_met(&[get("./DevInfo/Man"), get("./Vendor/DMAcc")]));
    }

    #[test]
    fn a_replaced_secret_is_taken_over() {
        let mut client = client();
        let other = NewNode { data: "other".into(), ..NewNode::default() };
        client.tree.replace(Requester::Device, "./DMAcc/dmsc0/AppAuth/server/AAuthSecret", other).unwrap();
        client.take_over_secrets();
        assert_eq!(
            (client.accounts[0].server_secret.as_str(), client.accounts[0].client_secret.as_str()),
            ("other", "c")
        );
    }
}
