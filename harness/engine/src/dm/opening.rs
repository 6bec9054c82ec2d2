//! Package#1 of a DM Client (DMPRO 8.3), and what else it tells by itself.

use dmsc_dm::syncml::{Command, CommandName, Item, Meta, Text};
use dmsc_dm::tree::ManagementTree;

use super::execute;
use crate::account::Account;
use crate::choice::Choices;
use crate::choice::client::{
    Client, DevInfoMeta, DevInfoNodes, DevInfoOrder, Importance, Package1Alerts, Package1Order, Package3Alerts,
    SourceForm, TargetForm,
};

/// The leaves of DevInfo that every client tells.
const LEAVES: [&str; 5] = ["DevId", "Man", "Mod", "DmV", "Lang"];

/// An Alert without items.
pub(super) fn alert(code: &str) -> Command {
    let mut alert = Command::new(CommandName::Alert, "");
    alert.data = Some(code.into());
    alert
}

/// A client event (1224): one that the reference client makes up.
pub(super) fn event() -> Command {
    told("1224", "org.example.battery", "57")
}

/// A generic alert (1226, DMPRO 8.7).
pub(super) fn generic(what: &str, choices: &Choices) -> Command {
    let mut alert = told("1226", "Reversed-Domain-Name: org.example.note", what);
    let mark = match choices.client.importance {
        Importance::Minor => Some("minor"),
        Importance::Unsaid => None,
        Importance::Informational => Some("informational"),
        Importance::Fatal => Some("fatal"),
    };
    for item in &mut alert.items {
        item.source = Some("./Vendor/Note".into());
        if let Some(meta) = item.meta.as_mut() {
            meta.mark = mark.map(Into::into);
        }
    }
    alert
}

/// Whether a command is a generic alert.
pub(super) fn is_generic(command: &Command) -> bool {
    command.alert_code().is_some_and(|code| code.code() == 1226)
}

fn told(code: &str, kind: &str, data: &str) -> Command {
    let mut alert = alert(code);
    let (data, meta) = (Some(data.into()), Some(Meta::new("chr", kind)));
    alert.items.push(Item { data, meta, ..Item::default() });
    alert
}

/// The Replace that tells DevInfo.
pub(super) fn devinfo(tree: &ManagementTree, client: &Client) -> Command {
    let mut replace = Command::new(CommandName::Replace, "");
    let meta = || (client.devinfo_meta == DevInfoMeta::Named).then(|| Meta::new("chr", "text/plain"));
    let item = |uri: String, text: String| Item {
        data: Some(text.into()),
        source: Some(uri.into()),
        meta: meta(),
        ..Item::default()
    };
    for leaf in LEAVES {
        let uri = format!("./DevInfo/{leaf}");
        let text = execute::leaf(tree, &uri);
        replace.items.push(item(uri, text));
    }
    match client.devinfo_nodes {
        DevInfoNodes::Leaves => {}
        DevInfoNodes::Interior => {
            let nodes = ["./DevInfo/Ext", "./DevInfo/Bearer"].map(|node| Item {
                source: Some(node.into()),
                meta: Some(Meta { format: Some("node".into()), ..Meta::default() }),
                ..Item::default()
            });
            replace.items.extend(nodes);
        }
        DevInfoNodes::Extension => replace.items.push(item("./DevInfo/Ext/Colour".into(), "blue".into())),
    }
    if client.devinfo_order == DevInfoOrder::Reversed {
        replace.items.reverse();
    }
    replace
}

/// The commands of Package#1, those of its first message.
pub(super) fn package1(tree: &ManagementTree, code: u16, choices: &Choices) -> Vec<Command> {
    let client = &choices.client;
    let alert = alert(&code.to_string());
    let mut commands = match client.package1_order {
        Package1Order::AlertFirst => vec![alert, devinfo(tree, client)],
        Package1Order::DevInfoFirst => vec![devinfo(tree, client), alert],
    };
    match client.package1_alerts {
        Package1Alerts::Nothing => {}
        Package1Alerts::Event => commands.push(event()),
        Package1Alerts::Generic => commands.push(generic("ready", choices)),
    }
    commands
}

/// What Package#3 tells before and after its answers.
pub(super) fn package3_alerts(choices: &Choices) -> (Vec<Command>, Vec<Command>) {
    match choices.client.package3_alerts {
        Package3Alerts::Nothing => (Vec::new(), Vec::new()),
        Package3Alerts::EventFirst => (vec![event()], Vec::new()),
        Package3Alerts::EventLast => (Vec::new(), vec![event()]),
        Package3Alerts::GenericLast => (Vec::new(), vec![generic("busy", choices), generic("idle", choices)]),
    }
}

/// The name by which the client gives itself.
pub(super) fn source(tree: &ManagementTree, client: &Client) -> Text {
    let id = execute::leaf(tree, "./DevInfo/DevId");
    match client.source_form {
        SourceForm::DeviceId => id.into(),
        SourceForm::Imei => {
            let number: String =
                id.rsplit(':').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            format!("IMEI:{number}").into()
        }
    }
}

/// The name by which it speaks of its server.
pub(super) fn target(account: &Account, client: &Client) -> Text {
    match client.target_form {
        TargetForm::Address => account.address.as_str().into(),
        TargetForm::ServerId => account.server_id.as_str().into(),
    }
}
