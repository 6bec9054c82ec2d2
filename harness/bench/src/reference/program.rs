//! What the server of the reference card has to manage.

use dmsc_dm::syncml::{Command, CommandName, Data, Item, Meta};
use dmsc_engine::choice::server::{AsksUser, Inbox, InboxMeta, InboxTarget, Program, Server};

/// The management object that it delivers (DMSTDOBJ 5.3.4, DMTND TNDS): settings of a mail service. It has no name, for
/// the client finds its place by the type.
const MAIL: &str = "<MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD><Node><NodeName/><RTProperties><Format><node/></Format>\
                    <Type><DDFName>urn:example:mo:mail:1.0</DDFName></Type></RTProperties><Node><NodeName>Server</NodeName>\
                    <RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties>\
                    <Value>mail.example.com</Value></Node></Node></MgmtTree>";

/// The commands of each package of a session.
pub(super) fn of(server: &Server) -> Vec<Vec<Command>> {
    let mut packages = commands(server.program);
    if packages.is_empty() {
        return packages;
    }
    let questions = questions(server.asks_user);
    match (server.inbox, packages.first_mut()) {
        (Inbox::WithOthers, Some(first)) => {
            first.extend(questions);
            first.push(delivery(server));
        }
        (Inbox::AfterOthers, _) => packages.extend([questions, vec![delivery(server)]]),
        _ => {}
    }
    packages.retain(|package| !package.is_empty());
    packages
}

fn commands(program: Program) -> Vec<Vec<Command>> {
    match program {
        Program::Gets => vec![vec![get("./DevDetail/FwV"), get("./DevInfo/Lang")]],
        Program::Nothing => Vec::new(),
        Program::Packages => ["./DevDetail/FwV", "./DevInfo/Lang", "./DevInfo/Man"].map(|uri| vec![get(uri)]).to_vec(),
        Program::Sequence => {
            let mut replace = Command::new(CommandName::Replace, "");
            replace.items.push(Item { data: Some("second".into()), ..item("./Vendor/Note") });
            let mut sequence = Command::new(CommandName::Sequence, "");
            sequence.commands = vec![replace, get("./Vendor/Note")];
            vec![vec![sequence]]
        }
    }
}

fn item(uri: &str) -> Item {
    Item { target: Some(uri.into()), ..Item::default() }
}

fn get(uri: &str) -> Command {
    let mut get = Command::new(CommandName::Get, "");
    get.items.push(item(uri));
    get
}

/// What is asked of the user.
fn questions(asked: AsksUser) -> Vec<Command> {
    let question = ask("1101", &["DR=1", "Take the settings of your mail service over?"]);
    match asked {
        AsksUser::Question => vec![question],
        AsksUser::EveryKind => vec![
            ask("1100", &["MINDT=2", "There are settings of your mail service."]),
            question,
            ask("1102", &["MAXLEN=20&IT=A", "Your name?"]),
            ask("1103", &["", "How much is to be kept?", "All", "New mail"]),
            ask("1104", &["", "When?", "By day", "By night"]),
        ],
        AsksUser::Nothing => Vec::new(),
    }
}

/// A user interaction: the first item has options, the second the text, the others what there is to choose (DMPRO 10).
fn ask(code: &str, items: &[&str]) -> Command {
    let mut alert = Command::new(CommandName::Alert, "");
    alert.data = Some(code.into());
    alert.items = items.iter().map(|data| Item { data: Some((*data).into()), ..Item::default() }).collect();
    alert
}

/// The Add that delivers the management object.
fn delivery(server: &Server) -> Command {
    let target = match server.inbox_target {
        InboxTarget::Inbox => "./Inbox",
        InboxTarget::Below => "./Inbox/Mail",
    };
    let meta =
        Meta { format: Some("xml".into()), type_: Some("application/vnd.syncml.dmtnds+xml".into()), ..Meta::default() };
    let mut add = Command::new(CommandName::Add, "");
    let mut delivered = Item { data: Some(Data::from(MAIL)), ..item(target) };
    match server.inbox_meta {
        InboxMeta::Item => delivered.meta = Some(meta),
        InboxMeta::Command => add.meta = Some(Box::new(meta)),
    }
    add.items.push(delivered);
    add
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_delivered_where_it_is_chosen_to_be() {
        let names = |server: &Server| -> Vec<Vec<String>> {
            let name = |command: &Command| command.cmd.as_str().to_owned();
            of(server).iter().map(|package| package.iter().map(name).collect()).collect()
        };
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut server = Server::default();
        assert_eq!(names(&server), [own(&["Get", "Get"]), own(&["Alert"]), own(&["Add"])]);
        server.inbox = Inbox::WithOthers;
        assert_eq!(names(&server), [own(&["Get", "Get", "Alert", "Add"])]);
        server.asks_user = AsksUser::Nothing;
        assert_eq!(names(&server), [own(&["Get", "Get", "Add"])]);
        server.program = Program::Nothing;
        assert!(of(&server).is_empty());
    }
}
