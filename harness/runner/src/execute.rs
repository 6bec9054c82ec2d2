//! Runs the steps of a case and gives its verdict.
//!
//! - A step that misses ends the case. At level `must` it decides the verdict; at level `should` it leaves a remark and
//!   the case goes on, unless the run is strict.
//! - A miss where the documents are known from memory only, or in doubt, is at most inconclusive.
//! - A miss in an included step is inconclusive: the state the case starts from was not reached, so nothing was shown.
//! - A DUT that gave no sign of life at all is an error of the rig, not a fail.
//! - A case none of whose steps was met is inconclusive, whatever their level: nothing passes by absence.
//! - A demand that another reading than the one in force makes leaves a remark. Where that is the demand of the whole
//!   case, the case ends there and does not concern the DUT.
//! - A miss in a case in which the harness itself stood still is inconclusive.
//! - `expect-none` counts only when its positive control comes through; otherwise nothing was shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use dmsc_bench::operator::Operator;
use dmsc_bench::session::{Broken, Session};
use dmsc_engine::dm::trust::is_of_challenge;
use dmsc_engine::event::Event;
use dmsc_engine::messages::{Kind, What};
use dmsc_engine::player::{Delivery, Reply};
use dmsc_engine::template::{Template, Weight};
use dmsc_link::{LinkError, Time};
use dmsc_report::journal::CheckVerdict;
use dmsc_scr::{NotApplicable, Verdict};
use serde_json::Value;

use crate::ending::Ending;
use crate::judge::{Finding, describe, seconds};
use crate::missed::{Missed, hides};
use crate::notes::Notes;
use crate::outcome::CaseResult;
use crate::package::MOST_MESSAGES;
use crate::recorder::Recorder;
use crate::requires::Watch;
use crate::stillness::Stillness;
use dmsc_language::case::{Case, Delay, Expect, ExpectNone, OperatorAct, ReplySpec, Step, StepKind, Wait};
use dmsc_language::variables::{self, Scope, VariableError};

/// How often a window is begun anew for a start-up that is still under way.
const MOST_EXTENSIONS: u32 = 20;

/// What became of a wait.
enum Waited {
    /// The message came.
    Came(Rc<Event>),
    /// It did not, and what came in its place.
    Missed(Missed),
}

/// How a case is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a miss at level `should` is a fail.
    pub strict: bool,
    /// How long to wait where a step does not say.
    pub window: Duration,
    /// The name of the DUT, for the journal.
    pub dut: String,
}

/// Why a case stops early.
pub(crate) enum Stop {
    /// A verdict was reached.
    Verdict(Verdict, String),
    /// The case does not concern the DUT.
    NotApplicable(NotApplicable),
    Broken(Broken),
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Stop {
        Stop::Broken(broken)
    }
}

impl From<VariableError> for Stop {
    fn from(error: VariableError) -> Stop {
        Stop::Verdict(Verdict::Error, format!("the case cannot be run: {error}"))
    }
}

/// Runs a case in a session that has just begun.
pub fn execute<'a>(
    case: &'a Case,
    session: &'a mut Session,
    scope: Scope,
    options: &'a Options,
    recorder: &'a mut dyn Recorder,
    bench: &'a mut dyn Operator,
) -> CaseResult {
    let (began, is_virtual) = (session.now(), session.is_virtual());
    let ending = Ending::new(session.ends_with_notification(), began);
    let requires = match Watch::of(case, &scope) {
        Ok(requires) => requires,
        Err(error) => return CaseResult::error(format!("the case cannot be run: {error}")),
    };
    let mut executor = Executor {
        case,
        session,
        scope,
        requires,
        options,
        notes: Notes::new(recorder, case.name(), &options.dut, began),
        bench,
        began,
        step: 0,
        remarks: Vec::new(),
        irregular: BTreeSet::new(),
        worst: Verdict::Pass,
        reason: String::new(),
        in_control: false,
        closed: BTreeMap::new(),
        last: None,
        marks: true,
        pending: None,
        shown: 0,
        doubted: false,
        looks_past_challenges: !case.is_about_credentials(),
        joins_packages: case.joins_packages(),
        told: VecDeque::new(),
        sending: None,
        ending,
        stillness: Stillness::new(is_virtual),
    };
    let stopped = executor.steps(&case.steps);
    executor.notes.write_up();
    let dead = !executor.session.is_alive() && executor.stillness.told().is_none();
    let interrupted = match &stopped {
        Err(Stop::Broken(Broken::Link(LinkError::Gone { what }))) => Some(what.clone()),
        _ => None,
    };
    let mut not_applicable = None;
    let (verdict, reason) = match stopped {
        Ok(()) if executor.shown == 0 => {
            (Verdict::Inconclusive, "nothing was shown: no step of the case was met".to_owned())
        }
        Ok(()) => (executor.worst, executor.reason),
        // A harness that came to a fail and a rig that broke later are not the same; a verdict reached stays.
        Err(Stop::Verdict(verdict, reason)) => (verdict, reason),
        Err(Stop::Broken(broken)) if broken.is_of_dut() => (Verdict::Inconclusive, broken.to_string()),
        Err(Stop::NotApplicable(reason)) => {
            let text = reason.to_string();
            not_applicable = Some(reason);
            (Verdict::Inconclusive, text)
        }
        Err(Stop::Broken(broken)) => (Verdict::Error, broken.to_string()),
    };
    let duration = executor.session.now().since(began);
    CaseResult {
        verdict,
        reason,
        not_applicable,
        remarks: executor.remarks,
        duration,
        dead,
        doubted: executor.doubted,
        stale: false,
        interrupted,
    }
}

pub(crate) struct Executor<'a> {
    pub(crate) case: &'a Case,
    pub(crate) session: &'a mut Session,
    pub(crate) scope: Scope,
    requires: Watch<'a>,
    pub(crate) options: &'a Options,
    pub(crate) notes: Notes<'a>,
    bench: &'a mut dyn Operator,
    pub(crate) began: Time,
    /// The number of the step, counted over all levels.
    pub(crate) step: usize,
    pub(crate) remarks: Vec<String>,
    /// The irregularities that were remarked: the kind of message, and of irregularity.
    irregular: BTreeSet<(Cow<'static, str>, String)>,
    pub(crate) worst: Verdict,
    pub(crate) reason: String,
    pub(crate) in_control: bool,
    /// Templates without variables, by where they stand in the case.
    closed: BTreeMap<*const Value, Rc<Template>>,
    /// The event the last check was about.
    pub(crate) last: Option<Rc<Event>>,
    /// Whether places in its octets can be marked.
    pub(crate) marks: bool,
    /// The answer decided on and not yet given.
    pending: Option<Reply>,
    /// How many checks were met. A case whose every step missed, though none had to be met, has shown nothing.
    pub(crate) shown: usize,
    pub(crate) doubted: bool,
    /// Whether rounds of challenge are the player's business, since the case is not about credentials: the player
    /// challenges, or answers a challenge, as DMPRO 9 has it, and the case goes on with what comes after it.
    looks_past_challenges: bool,
    /// Whether a package in several messages is one message to the case.
    joins_packages: bool,
    /// Events that were there already when something sent was looked for.
    told: VecDeque<Event>,
    /// The name under which the DM message that is to go out next is kept.
    sending: Option<String>,
    /// Whether the DUT can still say something, where it is a command.
    ending: Ending,
    /// Whether the harness left it waiting.
    pub(crate) stillness: Stillness,
}

impl<'a> Executor<'a> {
    fn steps(&mut self, steps: &'a [Step]) -> Result<(), Stop> {
        for step in steps {
            self.step = self.step.saturating_add(1);
            let woken = !step.needs_wake_up || self.session.can_be_woken();
            if !woken || !self.scope.readings().hold(&step.when) {
                continue;
            }
            match &step.kind {
                StepKind::Send(send) => {
                    let change = variables::change(&send.with, &send.mutate, &self.scope)?;
                    self.session.perform(send.kind.what, &change)?;
                    if send.kind.what == What::Notification {
                        self.ending.notifies();
                    }
                    self.deliver()?;
                    self.sending.clone_from(&send.capture);
                    self.take_sent();
                }
                StepKind::Expect(expect) => self.expect(step, expect)?,
                StepKind::ExpectNone(none) => self.expect_none(step, none)?,
                StepKind::Wait(wait) => self.let_pass(wait)?,
                StepKind::Operator(operator) => self.operator(step, operator)?,
                StepKind::Repeat(repeat) => {
                    for _ in 0..repeat.count {
                        self.steps(&repeat.steps)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Has the network deliver what the player wants delivered.
    fn deliver(&mut self) -> Result<(), Stop> {
        while let Some(tpdu) = self.session.to_deliver() {
            if let Err(reason) = self.bench.deliver(&tpdu, self.session) {
                let reason = format!("the short message was not delivered: {reason}");
                return Err(Stop::Verdict(Verdict::Inconclusive, reason));
            }
        }
        Ok(())
    }

    /// Gives the answer a step decided on. It is held back until the case waits again, so that what a following `send`
    /// asks for can go out with it: a card can speak only in an answer.
    fn settle(&mut self) -> Result<(), Stop> {
        if let Some(reply) = self.pending.take() {
            self.session.answer(&reply)?;
        }
        self.take_sent();
        Ok(())
    }

    /// Looks for the message that is to be kept as it was sent, among the events that are there.
    fn take_sent(&mut self) {
        while self.sending.is_some() {
            let Some(event) = self.session.told() else { return };
            self.keep_sent(&event);
            self.told.push_back(event);
        }
    }

    fn keep_sent(&mut self, event: &Event) {
        if !event.heard
            && event.kind == "dm.message"
            && let Some(name) = self.sending.take()
        {
            self.scope.set(name, (*event.fields).clone());
        }
    }

    /// Takes note of a message, and remarks what its decoder forgave: each kind of irregularity once a case. A case that
    /// requires more than the message shows is over.
    fn note(&mut self, event: &Rc<Event>) -> Result<(), Stop> {
        if event.heard {
            for (kind, what) in event.irregularities() {
                if self.irregular.insert((event.kind.clone(), kind.to_owned())) {
                    self.remarks.push(format!("irregular {}: {what} ({kind})", event.kind));
                }
            }
        }
        self.notes.message(event);
        self.requires.look(event).map_or(Ok(()), |reason| Err(Stop::NotApplicable(reason)))
    }

    /// Records an event and answers it as the specification asks.
    fn pass_by(&mut self, event: Event) -> Result<(), Stop> {
        let wants = event.wants_answer;
        self.note(&Rc::new(event))?;
        if wants {
            self.session.answer(&Reply::Default)?;
        }
        Ok(())
    }

    /// The next event in a window.
    fn next(&mut self, until: Time) -> Result<Option<Event>, Stop> {
        let event = match self.told.pop_front() {
            Some(event) => Some(event),
            None => self.heard(until)?,
        };
        if event.as_ref().is_some_and(|event| event.kind == "notified") {
            self.ending.notified(self.session.now());
        }
        Ok(event)
    }

    /// The next event of the session. What is noted is written up while there is none.
    fn heard(&mut self, until: Time) -> Result<Option<Event>, Stop> {
        if self.notes.wait() {
            if !self.session.is_virtual()
                && let Some(event) = self.session.ready(until)?
            {
                return Ok(Some(event));
            }
            self.notes.write_up();
        }
        Ok(self.session.next(until)?)
    }

    /// The end of a window that began at some time. It counts from when the DUT got what it is to follow; a start-up
    /// that takes longer than the window, exchange by exchange, is waited for. It ends where nothing can come any more.
    fn end(&self, began: Time, window: Duration, extensions: u32) -> Time {
        let began = match self.session.delivery() {
            Delivery::Delivered(at) | Delivery::Due(at) => began.max(*at),
            Delivery::Underway => began + window.saturating_mul(extensions),
            Delivery::None | Delivery::Failed(_) => began,
        };
        self.ending.cut(began + window)
    }

    /// Lets time pass, at the longest until the message comes that ends it.
    fn let_pass(&mut self, wait: &'a Wait) -> Result<(), Stop> {
        let template = match wait.until {
            Some(kind) => self.template(wait.matching.as_ref(), kind)?,
            None => None,
        };
        self.settle()?;
        let until = self.session.window(wait.delay.resolve(&self.scope)?);
        while let Some(event) = self.next(self.ending.cut(until))? {
            let ends = wait.until.is_some_and(|kind| event.heard && kind.takes(&event.kind))
                && template.as_ref().is_none_or(|t| t.accepts(&event.fields));
            let over = ends || event.at > self.ending.cut(until);
            self.pass_by(event)?;
            if over {
                break;
            }
        }
        Ok(())
    }

    /// Waits for a message of a kind; what came in its place when the window ends without one.
    fn wait(&mut self, kind: &Kind, filter: Option<&Template>, window: Duration, whole: bool) -> Result<Waited, Stop> {
        self.settle()?;
        let mut began = self.session.now();
        let mut missed = Missed::new(window);
        let mut extensions = 0;
        let first = began;
        loop {
            let until = self.end(began, window, extensions);
            let Some(event) = self.next(until)? else {
                let underway = *self.session.delivery() == Delivery::Underway && extensions < MOST_EXTENSIONS;
                extensions = extensions.saturating_add(u32::from(underway));
                if !underway && self.end(began, window, extensions) <= until {
                    break;
                }
                continue;
            };
            if event.at > until {
                // It came too late for this step; a DUT that never falls silent must not hold the window open.
                self.pass_by(event)?;
                if self.end(began, window, extensions) <= until {
                    break;
                }
                continue;
            }
            let fits = event.heard && kind.takes(&event.kind);
            let round = self.looks_past_challenges && is_of_challenge(&event, self.session.account());
            let joins = self.joins_packages && !whole;
            if fits && (whole || !round) && missed.counts(&event, filter, joins) {
                if joins && !missed.package.is_complete_with(&event) {
                    // The rest is asked for, and has its own window.
                    began = event.at;
                    missed.package.add(&event);
                    self.pass_by(event)?;
                    if missed.package.open().is_some_and(|count| count >= MOST_MESSAGES) {
                        break;
                    }
                    continue;
                }
                let event = Rc::new(event);
                self.note(&event)?;
                // The fields of several messages have no place in the octets of the last.
                self.marks = missed.package.open().is_none();
                return Ok(Waited::Came(missed.package.joined(event)));
            }
            if event.heard && hides(&event, kind) {
                let event = Rc::new(event);
                missed.unreadable(&event);
                self.note(&event)?;
                if event.wants_answer {
                    self.session.answer(&Reply::Default)?;
                }
                continue;
            }
            match filter {
                _ if !event.heard => {}
                _ if round && fits => {
                    // What comes after the challenge has its own window.
                    began = event.at;
                    missed.challenge();
                }
                Some(filter) if fits => missed.aside(&event, filter),
                _ => missed.other(&event),
            }
            self.pass_by(event)?;
        }
        missed.waited = self.session.now().since(first);
        Ok(Waited::Missed(missed))
    }

    /// A template with its variables filled in; one that has none is made once.
    fn template(&mut self, value: Option<&'a Value>, kind: &Kind) -> Result<Option<Rc<Template>>, VariableError> {
        let Some(value) = value else { return Ok(None) };
        if variables::is_open(value) {
            return Ok(Some(Rc::new(variables::template(value, &self.scope, kind.fields)?)));
        }
        let place = std::ptr::from_ref(value);
        if let Some(template) = self.closed.get(&place) {
            return Ok(Some(Rc::clone(template)));
        }
        let template = Rc::new(variables::template(value, &self.scope, kind.fields)?);
        self.closed.insert(place, Rc::clone(&template));
        Ok(Some(template))
    }

    fn delay(&self, within: Option<&Delay>) -> Result<Duration, Stop> {
        match within {
            Some(delay) => Ok(delay.resolve(&self.scope)?),
            None => Ok(self.options.window),
        }
    }

    fn expect(&mut self, step: &'a Step, expect: &'a Expect) -> Result<(), Stop> {
        // What was sent last may be named in what is expected.
        self.settle()?;
        let filter = self.template(expect.filter.as_ref(), expect.kind)?;
        let template = self.template(expect.matching.as_ref(), expect.kind)?;
        let window = self.delay(expect.within.as_ref())?;
        let event = match self.wait(expect.kind, filter.as_deref(), window, false)? {
            Waited::Came(event) => event,
            Waited::Missed(missed) => {
                return self.nothing_came(step, &describe(expect.kind, filter.as_deref()), missed, expect.optional);
            }
        };
        let matched = template.as_ref().map(|t| t.matches_in(&event.fields, event.scope())).unwrap_or_default();
        self.last = Some(Rc::clone(&event));
        if matched.mismatches.is_empty() && matched.remarks.is_empty() && matched.weight != Weight::Inconclusive {
            self.passed(step, expect.kind, filter, template);
        } else {
            self.judge(step, &describe(expect.kind, filter.as_deref()), template.as_deref(), &matched)?;
        }
        for (name, value) in matched.captures {
            self.scope.set(name, value);
        }
        if let Some(name) = &expect.capture {
            self.scope.set(name.clone(), (*event.fields).clone());
        }
        if event.wants_answer {
            let reply = match &expect.reply {
                ReplySpec::Default => Reply::Default,
                ReplySpec::None => Reply::Silent,
                ReplySpec::With { with, mutate } => Reply::With(variables::change(with, mutate, &self.scope)?),
            };
            self.pending = Some(reply);
            self.sending.clone_from(&expect.sent);
        }
        Ok(())
    }

    fn expect_none(&mut self, step: &'a Step, none: &'a ExpectNone) -> Result<(), Stop> {
        let filter = self.template(none.filter.as_ref(), none.kind)?;
        let window = none.during.resolve(&self.scope)?;
        let what = describe(none.kind, filter.as_deref());
        let waited = self.wait(none.kind, filter.as_deref(), window, true)?;
        if let Waited::Came(event) = waited {
            // Where the miss is only a remark, the case goes on, and the DUT must not be left without an answer.
            self.pending = event.wants_answer.then_some(Reply::Default);
            self.last = Some(event);
            return self.miss(
                step,
                Finding {
                    verdict: CheckVerdict::Fail,
                    what: format!("no {what}"),
                    expected: format!("no {what} for {}", seconds(window)),
                    got: "one came".into(),
                    mismatch: None,
                },
            );
        }
        let nothing = |got: String| Finding {
            verdict: CheckVerdict::Inconclusive,
            what: format!("no {what}"),
            expected: format!("no {what} for {}", seconds(window)),
            got,
            mismatch: None,
        };
        if let Waited::Missed(missed) = waited {
            // What cannot be read may have been such a message.
            if let Some(event) = &missed.unreadable {
                let finding = nothing(missed.told());
                self.last = Some(Rc::clone(event));
                return self.unseen(step, finding, "whether it is such a message cannot be told");
            }
            if let Delivery::Failed(why) = self.session.delivery() {
                let why = format!("what was not to be followed was not delivered: {why}");
                return self.unseen(step, nothing("none came".into()), &why);
            }
        }
        let outer = std::mem::replace(&mut self.in_control, true);
        let control = self.steps(&none.control);
        self.in_control = outer;
        control?;
        self.last = None;
        self.found(
            step,
            Finding {
                verdict: CheckVerdict::Pass,
                what: format!("no {what}"),
                expected: format!("no {what} for {}", seconds(window)),
                got: "none came, and the positive control did".into(),
                mismatch: None,
            },
        );
        Ok(())
    }

    fn operator(&mut self, step: &'a Step, operator: &'a OperatorAct) -> Result<(), Stop> {
        self.settle()?;
        let prompt = variables::filled(&operator.prompt, &self.scope);
        if let Err(reason) = self.bench.act(&operator.act, &prompt, self.session) {
            return Err(Stop::Verdict(
                Verdict::Inconclusive,
                format!("operator act `{}` was not done: {reason}", operator.act),
            ));
        }
        self.ending.acted();
        let Some(kind) = operator.until else { return Ok(()) };
        let filter = self.template(operator.matching.as_ref(), kind)?;
        let window = self.delay(operator.within.as_ref())?;
        match self.wait(kind, filter.as_deref(), window, true)? {
            Waited::Came(event) => {
                let wants = event.wants_answer;
                self.last = Some(event);
                if wants {
                    self.session.answer(&Reply::Default)?;
                }
                Ok(())
            }
            Waited::Missed(missed) => {
                self.last = None;
                let what = describe(kind, filter.as_deref());
                let got = missed.told();
                let reason = format!("operator act `{}` was not proven: {what} did not come", operator.act);
                self.found(
                    step,
                    Finding {
                        verdict: CheckVerdict::Inconclusive,
                        what: what.clone(),
                        expected: format!("{what}, which proves the act `{}`", operator.act),
                        got,
                        mismatch: None,
                    },
                );
                Err(Stop::Verdict(Verdict::Inconclusive, reason))
            }
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options { strict: false, window: Duration::from_secs(60), dut: "dut".into() }
    }
}
