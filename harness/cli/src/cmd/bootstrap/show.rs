//! Provisioning that was read, for people and for programs.

use dmsc_dm::syncml::Data;
use dmsc_dm::tnds::ObjectNode;
use dmsc_octets::to_hex;
use dmsc_provision::cp::{Characteristic, Document, Entry, Parm, Reading};
use dmsc_provision::sms::{Messages, Way};
use dmsc_provision::{Account, Credentials};
use serde_json::{Value, json};

use super::read::{Described, Found};
use crate::layout::sheet;
use crate::terminal::Terminal;

/// What stands for a secret.
const HIDDEN: &str = "(secret)";

/// For a person.
pub(super) fn text(found: &Found, secrets: bool, terminal: &Terminal) -> String {
    let mut head = Vec::new();
    if let Some(messages) = &found.messages {
        head.push(("short messages", vec![told(messages)]));
    }
    if let Some(push) = &found.push {
        head.push(("push", vec![push.content_type()]));
    }
    match &found.mac {
        None => {}
        Some(Ok(true)) => head.push(("MAC", vec!["right".into()])),
        Some(Ok(false)) => head.push(("MAC", vec!["wrong: the keys given make another".into()])),
        Some(Err(why)) => head.push(("MAC", vec![why.clone()])),
    }
    let (title, none, described) = match &found.described {
        Described::Provisioning(document) => {
            ("Client Provisioning", "no APPLICATION has the APPID w7", lines(document, secrets))
        }
        Described::Objects(objects) => {
            let mut lines = Vec::new();
            for object in objects {
                lines.push(format!("version {}", object.ver_dtd));
                object.nodes.iter().for_each(|node| node_lines(&mut lines, node, 0, secrets));
            }
            ("Device Management", "no object is a DMAcc", lines)
        }
    };
    head.push(("document", described));
    head.push(("remarks", found.irregular.iter().map(ToString::to_string).collect()));
    let mut text = sheet(terminal, title, &head);
    for reading in &found.accounts {
        text.push('\n');
        text.push_str(&account(reading, secrets, terminal));
    }
    if found.accounts.is_empty() {
        text.push_str(&format!("\nNo DM account: {none}.\n"));
    }
    text
}

fn told(messages: &Messages) -> String {
    let (kind, word, number) = match &messages.way {
        Way::Deliver(from) => ("SMS-DELIVER", "from", from),
        Way::Submit(to) => ("SMS-SUBMIT", "to", to),
    };
    let ports = messages.ports.map(|ports| format!(", port {} to {}", ports.source, ports.destination));
    format!("{} {kind} {word} {number}{}", messages.count, ports.unwrap_or_default())
}

fn shown(parm: &Parm, secrets: bool) -> String {
    match &parm.value {
        None => parm.name.clone(),
        Some(_) if parm.is_secret() && !secrets => format!("{} = {HIDDEN}", parm.name),
        Some(value) => format!("{} = {value}", parm.name),
    }
}

fn lines(document: &Document, secrets: bool) -> Vec<String> {
    fn add(lines: &mut Vec<String>, characteristic: &Characteristic, depth: usize, secrets: bool) {
        let indent = "  ".repeat(depth);
        lines.push(format!("{indent}{}", characteristic.kind));
        for entry in &characteristic.entries {
            match entry {
                Entry::Parm(parm) => lines.push(format!("{indent}  {}", shown(parm, secrets))),
                Entry::Characteristic(part) => add(lines, part, depth.saturating_add(1), secrets),
            }
        }
    }
    let mut lines = vec![format!("version {}", document.version.as_deref().unwrap_or("not named"))];
    document.characteristics.iter().for_each(|one| add(&mut lines, one, 0, secrets));
    lines
}

/// A node of an object and what is below it.
fn node_lines(lines: &mut Vec<String>, node: &ObjectNode, depth: usize, secrets: bool) {
    let name = if node.name.is_empty() { "(a name of the device's)" } else { &node.name };
    let value = node_value(node, secrets).map(|value| format!(" = {value}")).unwrap_or_default();
    let kind = node.type_.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default();
    lines.push(format!("{}{name}{value}{kind}", "  ".repeat(depth)));
    lines.extend(node.acl.iter().map(|acl| format!("{}  ACL {acl}", "  ".repeat(depth))));
    node.nodes.iter().for_each(|node| node_lines(lines, node, depth.saturating_add(1), secrets));
}

fn node_value(node: &ObjectNode, secrets: bool) -> Option<String> {
    Some(match node.value.as_ref()? {
        _ if node.name == "AAuthSecret" && !secrets => HIDDEN.to_owned(),
        Data::Text(text) => text.to_string(),
        Data::Binary(octets) => to_hex(octets),
    })
}

fn account(reading: &Reading, secrets: bool, terminal: &Terminal) -> String {
    let Account { server_id, name, addresses, connections, preferred, credentials } = &reading.account;
    let address = |one: &dmsc_provision::Address| {
        let kind = one.kind.as_ref().map(|kind| format!(" ({})", kind.as_str())).unwrap_or_default();
        let ports: Vec<String> = one.ports.iter().map(u16::to_string).collect();
        let ports = if ports.is_empty() { String::new() } else { format!(", port {}", ports.join(", ")) };
        format!("{}{kind}{ports}", one.address)
    };
    let fields = [
        ("ServerID", vec![server_id.clone()]),
        ("Name", name.iter().cloned().collect()),
        ("AppAddr", addresses.iter().map(address).collect()),
        ("connections", connections.clone()),
        ("AAuthPref", preferred.iter().map(|kind| kind.as_str().to_owned()).collect()),
        ("AppAuth", credentials.iter().map(|one| proof(one, secrets)).collect()),
        ("remarks", reading.remarks.clone()),
    ];
    sheet(terminal, "DM account", &fields)
}

fn proof(one: &Credentials, secrets: bool) -> String {
    let secret = one.secret.as_deref().map(|secret| if secrets { secret } else { HIDDEN });
    let parts = [
        Some(one.level.in_object().to_owned()),
        one.kind.as_ref().map(|kind| kind.as_str().to_owned()),
        one.name.as_ref().map(|name| format!("name {name}")),
        secret.map(|secret| format!("secret {secret}")),
        one.nonce.as_ref().map(|nonce| format!("nonce {}", to_hex(nonce))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// For a program.
pub(super) fn json(found: &Found, secrets: bool) -> Value {
    let messages = found.messages.as_ref().map(|messages| {
        let (kind, number) = match &messages.way {
            Way::Deliver(from) => ("deliver", from),
            Way::Submit(to) => ("submit", to),
        };
        let ports = messages.ports.map(|ports| json!({ "source": ports.source, "destination": ports.destination }));
        json!({ "kind": kind, "number": number.to_string(), "count": messages.count, "ports": ports })
    });
    let push = found.push.as_ref().map(|push| {
        json!({
            "content": push.content.media_type(),
            "sec": push.security.map(|security| security.as_str()),
            "mac": push.mac,
            "mac_right": found.mac.as_ref().and_then(|mac| mac.as_ref().ok()),
        })
    });
    let (version, characteristics, objects) = match &found.described {
        Described::Provisioning(document) => {
            let all = document.characteristics.iter().map(|one| characteristic(one, secrets)).collect::<Vec<_>>();
            (document.version.clone(), Some(all), None)
        }
        Described::Objects(objects) => {
            let all = objects.iter().flat_map(|object| &object.nodes).map(|node| node_json(node, secrets));
            (objects.first().map(|object| object.ver_dtd.clone()), None, Some(all.collect::<Vec<_>>()))
        }
    };
    json!({
        "messages": messages,
        "push": push,
        "version": version,
        "characteristics": characteristics,
        "objects": objects,
        "irregular": found.irregular.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "accounts": found.accounts.iter().map(|reading| account_json(reading, secrets)).collect::<Vec<_>>(),
    })
}

fn node_json(node: &ObjectNode, secrets: bool) -> Value {
    json!({
        "name": node.name,
        "format": node.format,
        "type": node.type_,
        "acl": node.acl,
        "value": node_value(node, secrets),
        "nodes": node.nodes.iter().map(|node| node_json(node, secrets)).collect::<Vec<_>>(),
    })
}

fn characteristic(one: &Characteristic, secrets: bool) -> Value {
    let hidden = |parm: &Parm| match &parm.value {
        Some(_) if parm.is_secret() && !secrets => json!(HIDDEN),
        value => json!(value),
    };
    let entries = one.entries.iter().map(|entry| match entry {
        Entry::Parm(parm) => json!({ "name": parm.name, "value": hidden(parm) }),
        Entry::Characteristic(part) => characteristic(part, secrets),
    });
    json!({ "type": one.kind, "entries": entries.collect::<Vec<_>>() })
}

fn account_json(reading: &Reading, secrets: bool) -> Value {
    let Account { server_id, name, addresses, connections, preferred, credentials } = &reading.account;
    let secret =
        |one: &Credentials| one.secret.as_ref().map(|secret| if secrets { secret.as_str() } else { HIDDEN }.to_owned());
    json!({
        "server_id": server_id,
        "name": name,
        "addresses": addresses.iter().map(|one| json!({
            "address": one.address,
            "type": one.kind.as_ref().map(|kind| kind.as_str()),
            "ports": one.ports,
        })).collect::<Vec<_>>(),
        "connections": connections,
        "preferred": preferred.as_ref().map(|kind| kind.as_str()),
        "credentials": credentials.iter().map(|one| json!({
            "level": one.level.in_object(),
            "type": one.kind.as_ref().map(|kind| kind.as_str()),
            "name": one.name,
            "secret": secret(one),
            "nonce": one.nonce.as_deref().map(to_hex),
        })).collect::<Vec<_>>(),
        "remarks": reading.remarks,
    })
}
