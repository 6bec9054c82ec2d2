//! The account as the management object that it is in the device: DMAcc (DMSTDOBJ 5.3.1), and the bootstrap message of
//! the Device Management profile that brings it (DMBOOT 5.4): a DM message that adds the serialised object to the Inbox.

use dmsc_dm::auth::from_base64;
use dmsc_dm::syncml::{Command, CommandName, Data, Item, Message, Meta, SyncHdr, Text};
use dmsc_dm::tnds::{Object, ObjectNode, TndsError, WBXML_TYPE, XML_TYPE};

use crate::account::{Account, Address, AddressType, AuthType, Credentials, Level};
use crate::cp::Reading;

/// The identifier of the object.
const DMACC: &str = "urn:oma:mo:oma-dm-dmacc:1.0";

/// The application of an account of DM.
const APP_ID: &str = "w7";

/// Where a device takes in objects that it finds the place of itself.
const INBOX: &str = "./Inbox";

/// The account as an object. Its node has no name, so that the device gives one, and the server that it is of may read,
/// change and delete it (DMBOOT 5.4).
#[must_use]
pub fn of_account(account: &Account) -> Object {
    let id = &account.server_id;
    let mut nodes = vec![leaf("AppID", APP_ID), leaf("ServerID", id)];
    nodes.extend(account.name.as_deref().map(|name| leaf("Name", name)));
    match account.connections.as_slice() {
        [] => {}
        [only] => nodes.push(leaf("PrefConRef", only)),
        all => nodes.push(listed("ToConRef", all, |connection| vec![leaf("ConRef", connection)])),
    }
    nodes.push(listed("AppAddr", &account.addresses, address));
    nodes.extend(account.preferred.as_ref().map(|kind| leaf("AAuthPref", kind.as_str())));
    nodes.push(listed("AppAuth", &account.credentials, proof));
    let top = ObjectNode {
        format: Some("node".into()),
        type_: Some(DMACC.into()),
        acl: Some(format!("Get={id}&Replace={id}&Delete={id}")),
        nodes,
        ..ObjectNode::default()
    };
    Object { ver_dtd: "1.2".into(), nodes: vec![top] }
}

fn address(address: &Address) -> Vec<ObjectNode> {
    let kind = address.kind.as_ref().map_or("URI", AddressType::as_str);
    let mut nodes = vec![leaf("Addr", &address.address), leaf("AddrType", kind)];
    if !address.ports.is_empty() {
        nodes.push(listed("Port", &address.ports, |port| vec![leaf("PortNbr", &port.to_string())]));
    }
    nodes
}

fn proof(credentials: &Credentials) -> Vec<ObjectNode> {
    let mut nodes = vec![leaf("AAuthLevel", credentials.level.in_object())];
    nodes.extend(credentials.kind.as_ref().map(|kind| leaf("AAuthType", kind.as_str())));
    nodes.extend(credentials.name.as_deref().map(|name| leaf("AAuthName", name)));
    nodes.extend(credentials.secret.as_deref().map(|secret| leaf("AAuthSecret", secret)));
    nodes.extend(credentials.nonce.as_ref().map(|nonce| ObjectNode {
        format: Some("bin".into()),
        value: Some(Data::Binary(nonce.clone())),
        ..leaf("AAuthData", "")
    }));
    nodes
}

fn leaf(name: &str, text: &str) -> ObjectNode {
    ObjectNode { name: name.into(), format: Some("chr".into()), value: Some(text.into()), ..ObjectNode::default() }
}

fn interior(name: &str, nodes: Vec<ObjectNode>) -> ObjectNode {
    ObjectNode { name: name.into(), format: Some("node".into()), nodes, ..ObjectNode::default() }
}

/// A node with a numbered node for each of several things.
fn listed<T>(name: &str, all: &[T], nodes: impl Fn(&T) -> Vec<ObjectNode>) -> ObjectNode {
    let numbered = all.iter().zip(1..).map(|(one, number): (_, usize)| interior(&number.to_string(), nodes(one)));
    interior(name, numbered.collect())
}

/// In which encoding a message carries objects. Of a bootstrap message it is WBXML (DMBOOT 5.4); XML can be read by people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Documents of XML.
    Xml,
    /// Documents of WBXML.
    Wbxml,
}

/// The message that gives a device these accounts. `device` is its DevId.
///
/// # Errors
/// [`TndsError::Written`]: a text that an object cannot carry.
pub fn message(accounts: &[Account], device: &str, encoding: Encoding) -> Result<Message, TndsError> {
    let add = |(account, number): (&Account, usize)| {
        let object = of_account(account);
        let (meta, data) = match encoding {
            Encoding::Xml => (Meta::new("xml", XML_TYPE), object.to_xml()?.into()),
            Encoding::Wbxml => (Meta::new("bin", WBXML_TYPE), Data::Binary(object.to_wbxml()?)),
        };
        let item = Item { target: Some(INBOX.into()), meta: Some(meta), data: Some(data), ..Item::default() };
        Ok(Command { items: vec![item], ..Command::new(CommandName::Add, number.to_string()) })
    };
    let source = accounts.first().map(|account| Text::from(&account.server_id)).unwrap_or_default();
    let header = SyncHdr { session_id: "1".into(), target: device.into(), source, ..SyncHdr::default() };
    Ok(Message { header, commands: accounts.iter().zip(1..).map(add).collect::<Result<_, _>>()?, is_final: true })
}

/// The objects that a message adds or replaces, in order.
///
/// # Errors
/// [`TndsError`] of the first that cannot be read.
pub fn objects(message: &Message) -> Result<Vec<Object>, TndsError> {
    fn of(commands: &[Command], found: &mut Vec<Object>) -> Result<(), TndsError> {
        for command in commands {
            if matches!(command.cmd, CommandName::Add | CommandName::Replace) {
                for item in &command.items {
                    found.extend(carried(command, item)?);
                }
            }
            of(&command.commands, found)?;
        }
        Ok(())
    }
    let mut found = Vec::new();
    of(&message.commands, &mut found)?;
    Ok(found)
}

/// The object in an item, if it has one: its Meta, or that of the command, says so.
fn carried(command: &Command, item: &Item) -> Result<Option<Object>, TndsError> {
    let of = |value: fn(&Meta) -> Option<&str>| {
        [item.meta.as_ref(), command.meta.as_deref()].into_iter().flatten().find_map(value).map(str::to_owned)
    };
    let (Some(media), Some(data)) = (of(|meta| meta.type_.as_deref()), &item.data) else { return Ok(None) };
    match (of(|meta| meta.format.as_deref()).as_deref(), data) {
        // How XML carries octets (MetInf 1.2).
        (Some("b64"), Data::Text(text)) => {
            let octets = from_base64(text.trim()).map_err(|_| TndsError::Value(INBOX.into()))?;
            Object::read(&media, &Data::Binary(octets)).map(Some)
        }
        _ => Object::read(&media, data).map(Some),
    }
}

/// An object by itself, in either encoding.
///
/// # Errors
/// [`TndsError`]: neither of them can be read; what is wrong with it in the one that it looks like.
pub fn read(octets: &[u8]) -> Result<Object, TndsError> {
    // A document of WBXML begins with its version, which no document of XML does.
    let media = if octets.first().is_some_and(|first| *first < 0x04) { WBXML_TYPE } else { XML_TYPE };
    Object::read(media, &Data::Binary(octets.to_vec()))
}

/// The accounts in an object, in order.
#[must_use]
pub fn accounts(object: &Object) -> Vec<Reading> {
    fn of(nodes: &[ObjectNode], found: &mut Vec<Reading>) {
        for node in nodes {
            let is_account = node.type_.as_deref() == Some(DMACC) || value(node, "AppID") == Some(APP_ID);
            if is_account { found.push(reading(node)) } else { of(&node.nodes, found) }
        }
    }
    let mut found = Vec::new();
    of(&object.nodes, &mut found);
    found
}

fn child<'n>(node: &'n ObjectNode, name: &str) -> Option<&'n ObjectNode> {
    node.nodes.iter().find(|child| child.name == name)
}

fn value<'n>(node: &'n ObjectNode, name: &str) -> Option<&'n str> {
    child(node, name)?.value.as_ref()?.as_text()
}

fn parts<'n>(node: &'n ObjectNode, name: &str) -> &'n [ObjectNode] {
    child(node, name).map(|child| child.nodes.as_slice()).unwrap_or_default()
}

fn reading(node: &ObjectNode) -> Reading {
    let mut remarks = Vec::new();
    let text = |name: &str| value(node, name).map(str::to_owned);
    let server_id = text("ServerID").filter(|id| !id.is_empty());
    if server_id.is_none() {
        remarks.push("there is no ServerID".to_owned());
    }
    let addresses: Vec<Address> = parts(node, "AppAddr").iter().map(|part| read_address(part, &mut remarks)).collect();
    if addresses.is_empty() {
        remarks.push("there is no address: AppAddr has no node".to_owned());
    }
    let credentials = parts(node, "AppAuth").iter().filter_map(|part| read_proof(part, &mut remarks)).collect();
    let several = parts(node, "ToConRef").iter().filter_map(|part| value(part, "ConRef"));
    let account = Account {
        server_id: server_id.unwrap_or_default(),
        name: text("Name"),
        addresses,
        connections: value(node, "PrefConRef").into_iter().chain(several).map(str::to_owned).collect(),
        preferred: value(node, "AAuthPref").filter(|kind| !kind.is_empty()).map(AuthType::of),
        credentials,
    };
    Reading { account, remarks }
}

fn read_address(part: &ObjectNode, remarks: &mut Vec<String>) -> Address {
    let address = value(part, "Addr").unwrap_or_default();
    if address.is_empty() {
        remarks.push(format!("AppAddr/{} has no Addr", part.name));
    }
    let mut ports = Vec::new();
    for text in parts(part, "Port").iter().filter_map(|port| value(port, "PortNbr")) {
        match text.parse() {
            Ok(port) => ports.push(port),
            Err(_) => remarks.push(format!("PortNbr `{text}` is no port")),
        }
    }
    Address { address: address.to_owned(), kind: value(part, "AddrType").map(AddressType::of), ports }
}

fn read_proof(part: &ObjectNode, remarks: &mut Vec<String>) -> Option<Credentials> {
    let Some(level) = value(part, "AAuthLevel") else {
        remarks.push(format!("AppAuth/{} has no AAuthLevel, so that nobody knows whose it is", part.name));
        return None;
    };
    let nonce = child(part, "AAuthData").and_then(|node| node.value.as_ref()).map(|value| value.as_octets().to_vec());
    Some(Credentials {
        level: Level::of_object(level),
        kind: value(part, "AAuthType").map(AuthType::of),
        name: value(part, "AAuthName").map(str::to_owned),
        secret: value(part, "AAuthSecret").map(str::to_owned),
        nonce,
    })
}

#[cfg(test)]
mod tests {
    use dmsc_dm::{wbxml, xml};
    use proptest::prelude::*;

    use super::*;
    use crate::account::samples;

    fn of(object: &Object) -> Reading {
        let mut all = accounts(object);
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn an_account_is_read_as_it_is_written_in_either_encoding() {
        let account = Account {
            preferred: Some(AuthType::Digest),
            connections: vec!["nap1".into(), "nap2".into()],
            ..samples::account()
        };
        let object = of_account(&account);
        for octets in [object.to_xml().unwrap().into_bytes(), object.to_wbxml().unwrap()] {
            assert_eq!(of(&read(&octets).unwrap()), Reading { account: account.clone(), remarks: Vec::new() });
        }
        let xml = object.to_xml().unwrap();
        let acl = "<ACL>Get=dmsc.example.com&amp;Replace=dmsc.example.com&amp;Delete=dmsc.example.com</ACL>";
        assert!(xml.contains(acl) && xml.contains("<DDFName>urn:oma:mo:oma-dm-dmacc:1.0</DDFName>"), "{xml}");
    }

    #[test]
    fn a_message_brings_the_accounts_to_the_inbox() {
        let account = samples::account();
        for encoding in [Encoding::Xml, Encoding::Wbxml] {
            let message = message(&[account.clone(), account.clone()], "IMEI:1", encoding).unwrap();
            for decoded in [
                wbxml::decode(&wbxml::encode(&message).unwrap()).unwrap(),
                xml::decode(&xml::encode(&message).unwrap()).unwrap(),
            ] {
                assert_eq!(decoded.irregular, []);
                let objects = objects(&decoded.value).unwrap();
                assert_eq!(objects.len(), 2);
                assert!(objects.iter().all(|object| of(object).account == account));
            }
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let object = Object {
            ver_dtd: "1.2".into(),
            nodes: vec![interior(
                "x",
                vec![
                    leaf("AppID", "w7"),
                    interior(
                        "AppAddr",
                        vec![interior("a", vec![interior("Port", vec![interior("1", vec![leaf("PortNbr", "x")])])])],
                    ),
                    interior("AppAuth", vec![interior("b", vec![leaf("AAuthSecret", "hush")])]),
                ],
            )],
        };
        assert_eq!(
            of(&object).remarks,
            [
                "there is no ServerID",
                "AppAddr/a has no Addr",
                "PortNbr `x` is no port",
                "AppAuth/b has no AAuthLevel, so that nobody knows whose it is",
            ]
        );
        assert_eq!(accounts(&Object::default()), []);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(object) = read(&octets) {
                let _ = accounts(&object);
            }
        }
    }
}
