//! Execution of a server's package on the management tree (DMPRO 8.5, DMTND, DMREPPRO).

use dmsc_dm::syncml::{Command, CommandName, Data, Item, Message, StatusCode};
use dmsc_dm::tree::{Fetched, ManagementTree, Requester};

use super::server::status;
use crate::choice::Choices;
use crate::choice::client::OptionalCommands;
use crate::switch::{Switch, Switches};

/// The text of a leaf; empty when there is none.
pub(super) fn leaf(tree: &ManagementTree, uri: &str) -> String {
    tree.value(uri).and_then(Data::as_text).unwrap_or_default().to_owned()
}

/// Whether a command asks for a Status of its own: Status and Results do not (DMREPPRO).
pub(super) fn wants_status(command: &Command) -> bool {
    !matches!(command.cmd, CommandName::Status | CommandName::Results)
}

/// Carries out the commands of a package for a server. Gives the Status and Results elements in order, and whether the
/// server ended the session with an abort.
pub(super) fn package(
    tree: &mut ManagementTree,
    request: &Message,
    server_id: &str,
    choices: &Choices,
    switches: &Switches,
) -> (Vec<Command>, bool) {
    let mut executor =
        Executor { tree, request, requester: Requester::Server(server_id), choices, switches, answers: Vec::new() };
    for command in request.commands.iter().filter(|c| wants_status(c)) {
        if command.alert_code().is_some_and(|code| code.code() == 1223) {
            // An abort is not answered (DMPRO 8.1).
            return (Vec::new(), true);
        }
        executor.command(command);
    }
    (executor.answers, false)
}

struct Executor<'a> {
    tree: &'a mut ManagementTree,
    request: &'a Message,
    requester: Requester<'a>,
    choices: &'a Choices,
    switches: &'a Switches,
    answers: Vec<Command>,
}

impl Executor<'_> {
    /// Carries out one command; gives whether it was successful.
    fn command(&mut self, command: &Command) -> bool {
        let optional = self.choices.client.optional_commands == OptionalCommands::Some;
        match &command.cmd {
            CommandName::Copy if !optional => {
                self.status(command, 406);
                false
            }
            CommandName::Atomic if !optional => {
                self.status(command, 406);
                command.commands.iter().filter(|c| wants_status(c)).for_each(|inner| self.status(inner, 215));
                false
            }
            CommandName::Alert => {
                let code = match command.alert_code().map(|code| code.code()) {
                    Some(1222) => 200,
                    // The reference terminal shows what it is told to show; it has no way to ask.
                    Some(1100) if optional => 200,
                    _ => 406,
                };
                self.status(command, code);
                code == 200
            }
            CommandName::Sequence => {
                self.status(command, 200);
                command.commands.iter().filter(|c| wants_status(c)).for_each(|inner| {
                    self.command(inner);
                });
                true
            }
            CommandName::Atomic => self.atomic(command),
            CommandName::Unknown(_) => {
                let code = if self.switches.on(Switch::ClaimUnknownCommand) { 200 } else { 501 };
                self.status(command, code);
                false
            }
            _ => self.operation(command),
        }
    }

    /// All or nothing (DMREPPRO Atomic): 507 for the whole, 216 for what was rolled back, 215 for what was not tried.
    fn atomic(&mut self, command: &Command) -> bool {
        let before = self.tree.snapshot();
        let place = self.answers.len();
        let inner: Vec<&Command> = command.commands.iter().filter(|c| wants_status(c)).collect();
        let failed = inner.iter().position(|inner| {
            // A Get has nothing to roll back and is not allowed here; nor is another Atomic.
            if matches!(inner.cmd, CommandName::Get | CommandName::Atomic) {
                self.status(inner, 500);
                return true;
            }
            !self.command(inner)
        });
        let Some(failed) = failed else {
            self.answers.insert(place, status(self.request, Some(command), 200));
            return true;
        };
        self.tree.rollback(before);
        for answer in self.answers.iter_mut().skip(place) {
            if answer.status_code() == Some(StatusCode::Ok) {
                answer.data = Some(Data::Text("216".into()));
            }
        }
        inner.iter().skip(failed.saturating_add(1)).for_each(|inner| self.status(inner, 215));
        self.answers.insert(place, status(self.request, Some(command), 507));
        false
    }

    fn operation(&mut self, command: &Command) -> bool {
        let mut outcomes = Vec::new();
        for item in &command.items {
            let done = self.tree.perform(self.requester, &command.cmd, item, command.meta.as_ref());
            outcomes.push((item, done.map_err(|refusal| refusal.status)));
        }
        if outcomes.is_empty() {
            self.status(command, StatusCode::IncompleteCommand.code());
            return false;
        }
        let codes: Vec<u16> =
            outcomes.iter().map(|(_, done)| done.as_ref().map_or_else(|code| code.code(), |_| 200)).collect();
        let results = results(self.request, command, &outcomes);
        if self.switches.on(Switch::ResultsFirst) {
            self.answers.extend(results.clone());
        }
        // One Status for the command when all items fared alike, one per item otherwise (DMREPPRO Status).
        match codes.first().filter(|first| codes.iter().all(|code| code == *first)) {
            Some(code) => self.status(command, *code),
            None => {
                for ((item, _), code) in outcomes.iter().zip(&codes) {
                    let mut status = status(self.request, Some(command), *code);
                    status.target_ref = item.target.iter().cloned().collect();
                    self.answers.push(status);
                }
            }
        }
        if !self.switches.on(Switch::ResultsFirst) {
            self.answers.extend(results);
        }
        codes.iter().all(|code| *code == 200)
    }

    fn status(&mut self, command: &Command, code: u16) {
        self.answers.push(status(self.request, Some(command), code));
    }
}

/// The Results for what a Get brought.
fn results(
    request: &Message,
    command: &Command,
    outcomes: &[(&Item, Result<Option<Fetched>, StatusCode>)],
) -> Option<Command> {
    let items: Vec<Item> = outcomes
        .iter()
        .filter_map(|(item, done)| {
            let fetched = done.as_ref().ok()?.clone()?;
            Some(fetched.into_item(item.target.as_deref().unwrap_or_default()))
        })
        .collect();
    if items.is_empty() {
        return None;
    }
    let mut results = Command::new(CommandName::Results, "");
    results.msg_ref = Some(request.header.msg_id.clone());
    results.cmd_ref = Some(command.cmd_id.clone());
    results.items = items;
    Some(results)
}
