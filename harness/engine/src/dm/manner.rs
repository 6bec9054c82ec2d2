//! What the choices of either side do to a DM message that is all but ready.

use dmsc_dm::style::{self, Prolog, TextForm, WbxmlStyle, XmlStyle};
use dmsc_dm::syncml::{Command, CommandName, Message};

use crate::choice::dm::{CommandIds, References};
use crate::choice::octets::{
    Octets, WbxmlPublicId, WbxmlStrings, WbxmlVersion, XmlEmpty, XmlLayout, XmlNames, XmlProlog, XmlText,
};
use crate::choice::{Choices, dm};

/// The first number of a side that numbers its commands downwards.
const TOP: u32 = 900;

/// Numbers the commands of an answer and gives its Status elements their references.
pub(super) fn apply(answer: &mut Message, request: Option<&Message>, choices: &Choices) {
    references(&mut answer.commands, request, choices.dm.references);
    let mut next = match choices.dm.command_ids {
        CommandIds::FromOne => return,
        CommandIds::Tens => Next { number: 10, up: true, step: 10 },
        CommandIds::Downwards => Next { number: TOP, up: false, step: 1 },
    };
    number(&mut answer.commands, &mut next);
}

/// The number of the next command.
struct Next {
    number: u32,
    up: bool,
    step: u32,
}

impl Next {
    fn take(&mut self) -> u32 {
        let taken = self.number;
        self.number = if self.up { taken.saturating_add(self.step) } else { taken.saturating_sub(self.step).max(1) };
        taken
    }
}

fn number(commands: &mut [Command], next: &mut Next) {
    for command in commands {
        command.cmd_id = next.take().to_string().into();
        number(&mut command.commands, next);
    }
}

fn references(commands: &mut [Command], request: Option<&Message>, references: dm::References) {
    for status in commands.iter_mut().filter(|command| command.cmd == CommandName::Status) {
        let about_header = status.name.as_deref() == Some("SyncHdr");
        match references {
            References::Header => {}
            References::Nothing if about_header => {
                status.target_ref.clear();
                status.source_ref.clear();
            }
            References::All if !about_header && status.target_ref.is_empty() => {
                let reference = status.cmd_ref.clone().unwrap_or_default();
                let answered = request.and_then(|request| find(&request.commands, &reference));
                if let Some([item]) = answered.map(|command| command.items.as_slice()) {
                    status.target_ref.extend(item.target.clone());
                    status.source_ref.extend(item.source.clone());
                }
            }
            References::Nothing | References::All => {}
        }
    }
}

fn find<'m>(commands: &'m [Command], id: &str) -> Option<&'m Command> {
    commands.iter().find_map(|command| if command.cmd_id == id { Some(command) } else { find(&command.commands, id) })
}

/// How this side writes XML.
pub(super) fn xml(octets: &Octets) -> XmlStyle {
    XmlStyle {
        prolog: match octets.xml_prolog {
            XmlProlog::Declaration => Prolog::Declaration,
            XmlProlog::Nothing => Prolog::Nothing,
            XmlProlog::DocumentType => Prolog::DocumentType,
            XmlProlog::ByteOrderMark => Prolog::ByteOrderMark,
            XmlProlog::Comment => Prolog::Comment,
        },
        indented: octets.xml_layout == XmlLayout::Indented,
        prefixes: octets.xml_names == XmlNames::Prefixes,
        text: match octets.xml_text {
            XmlText::Plain => TextForm::Plain,
            XmlText::Cdata => TextForm::Cdata,
            XmlText::References => TextForm::References,
        },
        end_tags: octets.xml_empty == XmlEmpty::EndTag,
    }
}

/// How this side writes WBXML.
pub(super) fn wbxml(octets: &Octets) -> WbxmlStyle {
    WbxmlStyle {
        version: match octets.wbxml_version {
            WbxmlVersion::V1_1 => style::WbxmlVersion::V1_1,
            WbxmlVersion::V1_2 => style::WbxmlVersion::V1_2,
            WbxmlVersion::V1_3 => style::WbxmlVersion::V1_3,
        },
        literal_public_id: octets.wbxml_public_id == WbxmlPublicId::Literal,
        string_table: octets.wbxml_strings == WbxmlStrings::Table,
    }
}

#[cfg(test)]
mod tests {
    use dmsc_dm::syncml::{Item, Text};

    use super::*;

    fn answered(chosen: &Choices) -> Vec<(Text, Vec<Text>)> {
        let mut get = Command::new(CommandName::Get, "7");
        get.items.push(Item { target: Some("./A".into()), ..Item::default() });
        let request = Message { commands: vec![get], ..Message::default() };
        let mut header = Command::new(CommandName::Status, "");
        (header.name, header.target_ref) = (Some("SyncHdr".into()), vec!["server".into()]);
        let mut status = Command::new(CommandName::Status, "");
        (status.name, status.cmd_ref) = (Some("Get".into()), Some("7".into()));
        let mut answer = Message { commands: vec![header, status], ..Message::default() };
        apply(&mut answer, Some(&request), chosen);
        answer.commands.into_iter().map(|command| (command.cmd_id, command.target_ref)).collect()
    }

    #[test]
    fn numbers_and_references_are_as_chosen() {
        let mut choices = Choices::default();
        let row = |id: &str, target: &[&str]| {
            (Text::from(id), target.iter().map(|text| Text::from(*text)).collect::<Vec<_>>())
        };
        assert_eq!(answered(&choices), [row("", &["server"]), row("", &[])]);
        (choices.dm.references, choices.dm.command_ids) = (References::All, CommandIds::Downwards);
        assert_eq!(answered(&choices), [row("900", &["server"]), row("899", &["./A"])]);
        (choices.dm.references, choices.dm.command_ids) = (References::Nothing, CommandIds::Tens);
        assert_eq!(answered(&choices), [row("10", &[]), row("20", &[])]);
    }
}
