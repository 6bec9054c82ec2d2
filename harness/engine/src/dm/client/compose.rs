//! The answers of a DM Client: packages 3 in one message or several (DMPRO 6, 8.5).

use dmsc_dm::syncml::{Command, CommandName, Message};

use super::account_nodes;
use super::outbox::Scales;
use super::{DmClient, Session};
use crate::account::AuthScheme;
use crate::choice::client::{
    AbortFinal, NextMessage, Package3DevInfo, Package3Messages, RaisedAlerts, RefusedCommand, ResultsMeta, ResultsPlace,
};
use crate::choice::dm::Accepted;
use crate::dm::answer::status;
use crate::dm::execute::{self, Executed};
use crate::dm::opening;
use crate::switch::Switch;

impl DmClient {
    pub(super) fn compose(&mut self, session: &mut Session, request: &Message) -> Option<Message> {
        if let Some(uri) = request.header.resp_uri.as_ref().filter(|_| !self.switches.on(Switch::IgnoreRespUri)) {
            session.uri.clone_from(uri);
        }
        let fault = match self.switches.on(Switch::SkipVersionCheck) {
            true => None,
            false => self.versions.fault(&request.header),
        };
        if let Some(code) = fault {
            let mut reply = Message { header: self.header(session), commands: Vec::new(), is_final: true };
            reply.commands.push(status(request, None, code));
            return Some(reply);
        }
        self.alerts_answered(request);
        self.raised.append(&mut self.raised_now);
        session.limits.note(&request.header, &self.switches);
        let restart = self.server_verdict(session, request)?;
        let (code, chal) = self.authenticate(session, request)?;
        let mut header_status = status(request, None, code);
        header_status.chal = chal.clone().map(Box::new);
        let trusted = !matches!(code, 401 | 407) || self.switches.on(Switch::ExecuteUnauthenticated);

        // Who ends the session while a package is under way waits for nothing else.
        let amid = !session.outbox.is_empty();
        let leaves = amid && std::mem::take(&mut self.abort_asked);
        let (mut answers, aborted) = if trusted {
            let executed = self.execute(session, request);
            if executed.ended {
                return None;
            }
            (executed.answers, executed.aborted || leaves)
        } else {
            let refused = request.commands.iter().filter(|c| execute::wants_status(c));
            let refusal = match self.choices.client.refused_command {
                RefusedCommand::AsHeader => code,
                RefusedCommand::NotExecuted => 215,
                RefusedCommand::Forbidden => 403,
                RefusedCommand::PermissionDenied => 425,
            };
            (refused.map(|c| status(request, Some(c), refusal)).collect(), false)
        };
        if restart {
            // Package#1 once more, with the credentials that were asked for (DMPRO 9).
            let mut message = self.package1(session);
            let mut commands = vec![header_status];
            commands.append(&mut answers);
            commands.append(&mut message.commands);
            message.commands = commands;
            self.leave_room(session, request, &mut message);
            return Some(message);
        }
        self.arrange(&mut answers);
        if aborted {
            return Some(self.abort(session, header_status, answers, amid));
        }
        let asked = request.commands.iter().any(|c| c.alert_code().is_some_and(|code| code.code() == 1222));
        session.server_closed |= request.is_final || asked;
        if self.switches.on(Switch::EndBeforeServer) {
            session.server_closed = true;
        }
        if asked && self.switches.on(Switch::DropRemainder) {
            session.outbox.clear();
        }
        let first = std::mem::take(&mut session.setup);
        let goes_on = !session.outbox.is_empty();
        // The nonce for a next message is of no use to a server that sends none.
        let by_mac = self.accounts.get(session.account).is_some_and(|account| account.server_auth == AuthScheme::Mac);
        let for_session = self.choices.dm.accepted == Accepted::Session && !by_mac;
        let chal_counts = chal.is_some() && (first || for_session);
        let nothing_to_say = answers.is_empty() && !goes_on && !chal_counts && session.server_closed;
        if nothing_to_say && !(first && self.switches.on(Switch::SendLoneStatus)) {
            return None;
        }
        let adds = trusted && session.server_closed && !goes_on && !answers.is_empty();
        if adds {
            self.add_own(session, &mut answers);
        }
        // Status comes before what has waited; so do the Results of a package that ends here.
        let least = if goes_on { answers.len().saturating_add(1) } else { 1 };
        session.outbox.push_first(answers);
        Some(self.next_message(session, request, header_status, (goes_on, least)))
    }

    /// The next message of the client's package, or of its answers to a package of the server's that has not ended.
    fn next_message(&self, session: &mut Session, request: &Message, status: Command, share: (bool, usize)) -> Message {
        let (goes_on, least) = share;
        let mut message = Message { header: self.header(session), commands: vec![status], is_final: false };
        let scales = self.scales(session, request);
        let closing = (!session.server_closed).then(|| opening::alert("1222"));
        session.outbox.refuse_too_large(&scales, &message, closing.as_ref());
        let halves = self.choices.client.package3_messages == Package3Messages::Two && session.server_closed;
        let most = if halves && !goes_on { session.outbox.len().div_ceil(2) } else { usize::MAX };
        let (header, outbox) = (message.clone(), session.outbox.clone());
        session.outbox.fill(&mut message, least..=most, &scales, closing.as_ref());
        if !scales.fits(&message, closing.as_ref()) {
            // Written as the client likes to, not even the least has room.
            (message, session.outbox) = (header, outbox);
            session.outbox.fill(&mut message, least..=most, &scales.terse(), closing.as_ref());
        }
        let results = message.commands.iter().any(|command| command.cmd == CommandName::Results);
        let asks = !results || self.choices.client.next_message == NextMessage::Always;
        if let Some(closing) = closing.filter(|_| asks && !self.switches.on(Switch::NoNextMessage)) {
            // The server has more to send (DMPRO 6): it is asked for it, unless Results go back anyway.
            message.commands.push(closing);
        }
        message.is_final = session.server_closed && session.outbox.is_empty() || self.switches.on(Switch::FinalInEach);
        if message.is_final {
            session.server_closed = false;
        }
        message
    }

    fn scales<'a>(&'a self, session: &Session, request: &'a Message) -> Scales<'a> {
        Scales {
            encoding: self.encoding,
            choices: &self.choices,
            switches: &self.switches,
            limits: session.limits,
            request,
            terse: false,
        }
    }

    /// Puts off generic alerts that a Package#1 has no room for, now that the server has said how much it takes.
    fn leave_room(&self, session: &mut Session, request: &Message, message: &mut Message) {
        if self.scales(session, request).terse().fits(message, None) {
            return;
        }
        let (alerts, rest): (Vec<_>, Vec<_>) = message.commands.drain(..).partition(opening::is_generic);
        message.commands = rest;
        if !alerts.is_empty() {
            session.outbox.push(alerts);
            session.server_closed = true;
            message.is_final = false;
        }
    }

    /// Carries out what a server's message asks for.
    fn execute(&mut self, session: &mut Session, request: &Message) -> Executed {
        let header = self.header_without_cred(session, true);
        let (choices, switches) = (self.choices, self.switches.clone());
        let scales = Scales {
            encoding: self.encoding,
            choices: &choices,
            switches: &switches,
            limits: session.limits,
            request,
            terse: true,
        };
        let fits = |answers: &[Command]| {
            let of_header = std::iter::once(status(request, None, 200));
            let commands = of_header.chain(answers.iter().cloned()).collect();
            scales.fits(&Message { header: header.clone(), commands, is_final: true }, None)
        };
        let server_id = self.accounts.get(session.account).map(|a| a.server_id.clone()).unwrap_or_default();
        let commands = request.commands.iter().filter(|c| execute::wants_status(c)).count();
        let patience = std::mem::take(&mut self.abort_asked).then(|| commands.div_ceil(2));
        let with = execute::Surroundings {
            server_id: &server_id,
            choices: &self.choices,
            switches: &self.switches,
            receiver: &mut session.receiver,
            raised: &mut self.raised_now,
            user: self.user,
            patience,
            fits: &fits,
        };
        if !self.shown && account_nodes::may_be_met(&request.commands) {
            account_nodes::mount(&mut self.tree, &self.accounts);
            self.shown = true;
        }
        execute::package(&mut self.tree, request, with)
    }

    /// The message by which the client ends the session, perhaps amid a package of several: what was done, and Alert 1223
    /// (DMPRO 8.1).
    fn abort(&self, session: &mut Session, status: Command, answers: Vec<Command>, amid: bool) -> Message {
        let mut message = Message { header: self.header(session), commands: vec![status], is_final: true };
        if !self.switches.on(Switch::AbortWithoutAnswers) {
            message.commands.extend(answers);
        }
        message.commands.push(opening::alert("1223"));
        let left_out = amid && self.choices.client.abort_final == AbortFinal::LeftOut;
        message.is_final = !left_out && !self.switches.on(Switch::AbortOpen);
        session.over = !self.switches.on(Switch::GoOnAfterOwnAbort);
        session.outbox.clear();
        message
    }

    /// Puts answers in the order and the form that the client has chosen.
    fn arrange(&self, answers: &mut [Command]) {
        if self.choices.client.results_place == ResultsPlace::AfterAll {
            answers.sort_by_key(|command| command.cmd == CommandName::Results);
        }
        if self.choices.client.results_meta == ResultsMeta::NotDefault {
            let results = answers.iter_mut().filter(|command| command.cmd == CommandName::Results);
            for meta in results.flat_map(|results| &mut results.items).filter_map(|item| item.meta.as_mut()) {
                meta.format.take_if(|format| format == "chr");
                meta.type_.take_if(|kind| kind == "text/plain");
            }
        }
    }

    /// Adds what the client tells by itself in Package#3.
    fn add_own(&mut self, session: &mut Session, answers: &mut Vec<Command>) {
        let (first, last) = opening::package3_alerts(&self.choices);
        answers.splice(0..0, first);
        // A generic alert that was told is not told again (DMPRO 8.7).
        let again = std::mem::replace(&mut session.told_generic, true);
        answers.extend(last.into_iter().filter(|alert| !(again && opening::is_generic(alert))));
        if self.choices.client.raised_alerts == RaisedAlerts::Package3 {
            answers.extend(self.raised_alerts());
        }
        if self.choices.client.package3_devinfo == Package3DevInfo::Again {
            answers.push(opening::devinfo(&self.tree, &self.choices.client));
        }
    }
}
