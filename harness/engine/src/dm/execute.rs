//! Execution of a server's package on the management tree (DMPRO 8.5, DMTND, DMREPPRO).

use dmsc_dm::syncml::{Command, CommandName, Data, Item, Message, StatusCode};
use dmsc_dm::tree::{Fetched, ManagementTree, Requester};

use super::answer::status;
use super::large_object::{Receiver, Taken};
use super::opening::{alert, generic};
use super::user::User;
use crate::choice::Choices;
use crate::choice::client::{AbortSkipped, LargeObjects, LostObject, OptionalCommands};
use crate::switch::{Switch, Switches};

/// The text of a leaf; empty when there is none.
pub(super) fn leaf(tree: &ManagementTree, uri: &str) -> String {
    tree.value(uri).and_then(Data::as_text).unwrap_or_default().to_owned()
}

/// Whether a command asks for a Status of its own: Status and Results do not (DMREPPRO).
pub(super) fn wants_status(command: &Command) -> bool {
    !matches!(command.cmd, CommandName::Status | CommandName::Results)
}

/// What the commands of a message are carried out with, besides the tree.
pub(super) struct Surroundings<'a> {
    /// Who sent the message.
    pub server_id: &'a str,
    pub choices: &'a Choices,
    pub switches: &'a Switches,
    /// The large object that is coming in.
    pub receiver: &'a mut Receiver,
    /// What commands raise that go on after their Status: alerts for later.
    pub raised: &'a mut Vec<Command>,
    /// What the user does when asked.
    pub user: User,
    /// How many commands are carried out before somebody ends the session.
    pub patience: Option<usize>,
    /// Whether the other side takes a message with these answers in it.
    pub fits: &'a dyn Fn(&[Command]) -> bool,
}

/// What came of the commands of a message.
#[derive(Debug, Default)]
pub(super) struct Executed {
    /// Status and Results elements in order.
    pub answers: Vec<Command>,
    /// Whether the server has ended the session with an abort.
    pub ended: bool,
    /// Whether the user has.
    pub aborted: bool,
}

/// Carries out the commands of a message for a server.
pub(super) fn package(tree: &mut ManagementTree, request: &Message, with: Surroundings<'_>) -> Executed {
    let mut executor = Executor { tree, request, with, stop: None, answers: Vec::new() };
    let mut done = 0usize;
    for command in request.commands.iter().filter(|c| wants_status(c)) {
        let abort = command.alert_code().is_some_and(|code| code.code() == 1223);
        if abort && !executor.with.switches.on(Switch::AnswerAbort) {
            // An abort is not answered (DMPRO 8.1).
            executor.with.receiver.abandon();
            return Executed { ended: true, ..Executed::default() };
        }
        if executor.with.patience.is_some_and(|patience| done >= patience) {
            executor.stop = Some(Stop::Aborted);
        }
        executor.step(command);
        done = done.saturating_add(1);
    }
    if request.is_final && executor.with.receiver.waits() {
        executor.lost();
    }
    let aborted = executor.stop == Some(Stop::Aborted);
    if aborted {
        executor.with.receiver.abandon();
    }
    Executed { answers: executor.answers, ended: false, aborted }
}

struct Executor<'a> {
    tree: &'a mut ManagementTree,
    request: &'a Message,
    with: Surroundings<'a>,
    stop: Option<Stop>,
    answers: Vec<Command>,
}

/// Why what follows in a message is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The user has cancelled what was asked.
    Cancelled,
    /// The user has ended the session.
    Aborted,
}

impl Executor<'_> {
    /// Carries a command out, unless something before has stopped that.
    fn step(&mut self, command: &Command) -> bool {
        match self.stop {
            None => {}
            Some(Stop::Aborted) if self.with.switches.on(Switch::ClaimSkipped) => {
                self.status(command, 200);
                return false;
            }
            Some(Stop::Aborted) if self.with.choices.client.abort_skipped == AbortSkipped::Silent => return false,
            Some(_) => {
                self.skip(command);
                return false;
            }
        }
        let begins = command.alert_code().is_none_or(|code| code.code() != 1222);
        if begins && !self.with.switches.on(Switch::IgnoreInterruption) {
            let lost = self.with.receiver.interrupted_by(command);
            self.no_end_of_data(lost);
        }
        self.command(command)
    }

    /// The large object that was coming in will have no end.
    fn lost(&mut self) {
        let lost = self.with.receiver.abandon();
        self.no_end_of_data(lost);
    }

    /// Alert 1225, naming what has no end (DMPRO 7).
    fn no_end_of_data(&mut self, lost: Option<String>) {
        let Some(place) = lost.filter(|_| !self.with.switches.on(Switch::NoEndOfDataAlert)) else { return };
        let mut alert = alert("1225");
        alert.items.push(match self.with.choices.client.lost_object {
            LostObject::Source => Item { source: Some(place.into()), ..Item::default() },
            LostObject::Target => Item { target: Some(place.into()), ..Item::default() },
        });
        self.answers.push(alert);
    }

    /// Answers a command, and those in it, that is not carried out.
    fn skip(&mut self, command: &Command) {
        self.status(command, 215);
        command.commands.iter().filter(|c| wants_status(c)).for_each(|inner| self.skip(inner));
    }

    /// Carries out one command; gives whether it was successful.
    fn command(&mut self, command: &Command) -> bool {
        let optional = self.with.choices.client.optional_commands == OptionalCommands::Some;
        match &command.cmd {
            CommandName::Copy | CommandName::Exec if !optional => {
                self.status(command, 406);
                false
            }
            CommandName::Atomic if !optional => {
                self.status(command, 406);
                command.commands.iter().filter(|c| wants_status(c)).for_each(|inner| self.status(inner, 215));
                false
            }
            CommandName::Alert => self.alert(command),
            CommandName::Sequence => {
                self.status(command, 200);
                let mut going = true;
                for inner in command.commands.iter().filter(|c| wants_status(c)) {
                    if !going && self.stop.is_none() {
                        self.skip(inner);
                        continue;
                    }
                    let asks = inner.alert_code().is_some_and(|code| (1100..=1104).contains(&code.code()));
                    let good = self.step(inner);
                    // What the user refuses ends the sequence; what fails otherwise does not (DMPRO 10).
                    going = good || !asks || self.with.switches.on(Switch::GoOnAfterRefusal);
                }
                true
            }
            CommandName::Atomic => self.atomic(command),
            CommandName::Unknown(_) => {
                let code = if self.with.switches.on(Switch::ClaimUnknownCommand) { 200 } else { 501 };
                self.status(command, code);
                false
            }
            CommandName::Exec => self.exec(command),
            _ => self.operation(command),
        }
    }

    fn alert(&mut self, command: &Command) -> bool {
        let optional = self.with.choices.client.optional_commands == OptionalCommands::Some;
        let code = command.alert_code().map_or(0, |code| code.code());
        let said = self.with.user.answer(code, command).filter(|_| optional);
        let code = match &said {
            Some(said) => said.code,
            None if code == 1222 => 200,
            None if self.with.switches.on(Switch::TakeGenericAlert) && code == 1226 => 200,
            None => 406,
        };
        let answers = said.map(|said| said.answers).unwrap_or_default();
        let mut status = status(self.request, Some(command), code);
        let item = |answer: String| Item { data: Some(answer.into()), ..Item::default() };
        status.items = answers.into_iter().map(item).collect();
        self.answers.push(status);
        if code == 214 {
            self.stop = Some(if self.with.user == User::Aborts { Stop::Aborted } else { Stop::Cancelled });
        }
        code == 200
    }

    /// Runs what a node stands for: it goes on after its Status, and an alert tells how it went (DMREPPRO Exec).
    fn exec(&mut self, command: &Command) -> bool {
        let place = self.answers.len();
        if !self.operation(command) {
            return false;
        }
        if command.correlator.is_none() {
            return true;
        }
        for answer in self.answers.iter_mut().skip(place) {
            answer.data = Some("202".into());
        }
        for item in &command.items {
            let mut told = generic("done", self.with.choices);
            told.correlator.clone_from(&command.correlator);
            told.items.iter_mut().for_each(|told| told.source.clone_from(&item.target));
            if self.with.switches.on(Switch::LoseCorrelator) {
                told.correlator = Some("0".into());
            }
            self.with.raised.push(told);
        }
        true
    }

    /// All or nothing (DMREPPRO Atomic): 507 for the whole, 216 for what was rolled back, 215 for what was not tried; 517
    /// where the answers are too much for a message.
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
            !self.step(inner)
        });
        let mut code = 507;
        if failed.is_none() {
            self.answers.insert(place, status(self.request, Some(command), 200));
            let fits = self.with.switches.on(Switch::OversizedAtomic)
                || (self.with.fits)(self.answers.get(place..).unwrap_or_default());
            if fits {
                return true;
            }
            // The answers to an Atomic stand in one message (DMREPPRO 6.6.3).
            self.answers.remove(place);
            code = 517;
        }
        self.tree.rollback(before);
        for answer in self.answers.iter_mut().skip(place) {
            if answer.status_code() == Some(StatusCode::Ok) {
                answer.data = Some("216".into());
            }
        }
        let tried = failed.map_or(inner.len(), |failed| failed.saturating_add(1));
        inner.iter().skip(tried).for_each(|inner| self.status(inner, 215));
        self.answers.insert(place, status(self.request, Some(command), code));
        false
    }

    fn operation(&mut self, command: &Command) -> bool {
        let mut outcomes = Vec::new();
        for item in &command.items {
            outcomes.push((item, self.item(command, item)));
        }
        if outcomes.is_empty() {
            self.status(command, StatusCode::IncompleteCommand.code());
            return false;
        }
        let codes: Vec<u16> =
            outcomes.iter().map(|(_, done)| done.as_ref().map_or_else(|code| code.code(), |_| 200)).collect();
        let results = results(self.request, command, &outcomes);
        if self.with.switches.on(Switch::ResultsFirst) {
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
        if !self.with.switches.on(Switch::ResultsFirst) {
            self.answers.extend(results);
        }
        codes.iter().all(|code| *code == 200)
    }

    /// Carries out one item, once it is whole; a chunk of it is kept (DMPRO 7).
    fn item(&mut self, command: &Command, item: &Item) -> Result<Option<Fetched>, StatusCode> {
        let switches = self.with.switches;
        let refused = self.with.choices.client.large_objects == LargeObjects::Refused;
        if (item.more_data || self.with.receiver.waits()) && (refused || switches.on(Switch::NoLargeObjects)) {
            return Err(StatusCode::OptionalFeatureNotSupported);
        }
        let whole = match self.with.receiver.take(command, item, switches) {
            Taken::Whole(whole) => *whole,
            Taken::More if switches.on(Switch::PlainChunkStatus) => return Ok(None),
            Taken::More => return Err(StatusCode::ChunkAccepted),
            Taken::Refused(code) => return Err(code),
        };
        let requester = Requester::Server(self.with.server_id);
        let done = self.tree.perform(requester, &command.cmd, &whole, command.meta.as_deref());
        done.map_err(|refusal| refusal.status)
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
