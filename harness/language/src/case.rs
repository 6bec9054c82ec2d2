//! Cases: what a file under `testcases/` says, checked and ready to run.

mod cases;
mod convert;
mod head;
mod includes;
mod index;
mod lint;
mod numbers;
mod read;
mod requires;
mod schema;
mod setup;
mod steps;
#[cfg(test)]
mod tests;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use dmsc_doc::{Problems, parse_duration};
use dmsc_engine::dm::trust::concerns_credentials;
pub use dmsc_engine::messages::Setup;
use dmsc_engine::messages::{SentBy, What};
use dmsc_engine::terminal::DELIVER_SMS;
use dmsc_link::Place;
use dmsc_scr::{CaseRef, ItemId, Reading};
use serde_json::{Map, Value};

pub use crate::bundle::{Bundle, BundleError};
pub use crate::catalogue::Role;
pub use cases::Cases;
pub(crate) use convert::json;
pub use head::Head;
pub use numbers::refs_schema;
pub(crate) use read::{Found, explained};
pub use requires::{Requires, Seen};
pub use schema::{case_schema, include_schema};
pub(crate) use schema::{definitions, readings};
pub use uses::field_uses;

use crate::catalogue::Kind;
use crate::variables::{Scope, VariableError, substitute, written};

/// One instance of a case file: one purpose, one verdict. What its [`Head`] tells, it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What is known of it without its steps.
    pub head: Head,
    /// The values of the parameters of this instance, in the order of the file.
    pub instance: Vec<(String, Value)>,
    /// Whether a package in several messages is one message to it, where the file says so.
    pub joins_packages: Option<bool>,
    /// Whether it looks at rounds of challenge, where the file says so.
    pub about_credentials: Option<bool>,
    /// Further items that the statement has to claim.
    pub claims: Vec<ItemId>,
    /// Items that the statement must not claim: the case is for DUTs without them.
    pub unclaimed: Vec<ItemId>,
    /// Readings that have to be in force.
    pub when: Vec<Reading>,
    /// Readings under which it counts; under another one a miss is a remark.
    pub judged: Vec<Reading>,
    /// Values that the IXIT has to have: name and value.
    pub ixit: Vec<(String, String)>,
    /// What the DUT has to offer; that of the includes is part of it.
    pub requires: Requires,
    /// How sure it is that the documents say this.
    pub trust: Trust,
    /// Settings of the player.
    pub setup: Setup,
    /// The steps, includes expanded; never empty.
    pub steps: Vec<Step>,
}

impl Deref for Case {
    type Target = Head;

    fn deref(&self) -> &Head {
        &self.head
    }
}

/// How sure it is that the documents say what a case or a step demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Read in a document that was at hand.
    #[default]
    Stated,
    /// Read, and confirmed by another source.
    Verified,
    /// From memory: never a fail.
    Memory,
    /// In doubt: never a fail.
    Uncertain,
}

impl Trust {
    /// Whether a deviation can be a fail; otherwise it is inconclusive.
    pub fn can_fail(self) -> bool {
        matches!(self, Trust::Stated | Trust::Verified)
    }

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Trust::Stated => "stated",
            Trust::Verified => "verified",
            Trust::Memory => "memory",
            Trust::Uncertain => "uncertain",
        }
    }

    pub(crate) const ALL: [Trust; 4] = [Trust::Stated, Trust::Verified, Trust::Memory, Trust::Uncertain];
}

/// What a miss of a step means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// A fail.
    #[default]
    Must,
    /// A remark; a fail only when asked for.
    Should,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as errors name it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub kind: StepKind,
    /// Where it is written; inside an include, the place there.
    pub location: Location,
    /// What a miss means.
    pub level: Level,
    /// How sure the demand is; that of the case unless the step says otherwise.
    pub trust: Trust,
    /// The clause, where the step names one.
    pub spec: Option<String>,
    /// What to try when it misses.
    pub hint: Option<String>,
    /// Readings under which it is done.
    pub when: Vec<Reading>,
    /// Readings under which it is demanded; under another one a miss is a remark.
    pub judged: Vec<Reading>,
    /// Whether it is left out where nothing makes the DUT send a notification, or take one.
    pub needs_wake_up: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Sends a message.
    Send(Send),
    /// Waits for a message.
    Expect(Expect),
    /// Shows that no message comes.
    ExpectNone(ExpectNone),
    /// Lets time pass.
    Wait(Wait),
    /// Asks a person to act.
    Operator(OperatorAct),
    /// Does steps several times.
    Repeat(Repeat),
}

/// `wait`: a time, which a message may end.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// How long at most.
    pub delay: Delay,
    /// The kind of message that ends it.
    pub until: Option<&'static Kind>,
    /// What that message must match to end it.
    pub matching: Option<Value>,
}

/// `send`: the fields that differ from the default, and edits of the octets.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// The kind of message.
    pub kind: &'static Kind,
    /// Fields that differ; names are not put in yet.
    pub with: Map<String, Value>,
    /// Edits, in order; see [`crate::variables::change`].
    pub mutate: Vec<Value>,
    /// The name under which the field tree of what is sent is kept.
    pub capture: Option<String>,
}

impl Send {
    /// Whether it sends a short message in this way.
    fn is_sms_by(&self, by: SentBy) -> bool {
        self.kind.what == What::Sms && SentBy::of(&self.with) == by
    }
}

/// `expect`: which message, what it must look like, how it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// The kind of message.
    pub kind: &'static Kind,
    /// How long to wait.
    pub within: Option<Delay>,
    /// Which messages of the kind count; others pass by.
    pub filter: Option<Value>,
    /// What the message must match.
    pub matching: Option<Value>,
    /// How it is answered.
    pub reply: ReplySpec,
    /// The name under which the whole field tree is kept.
    pub capture: Option<String>,
    /// The name under which the field tree of the answer is kept.
    pub sent: Option<String>,
    /// Whether the DUT need not send it: that it does not come is inconclusive, whatever it would have to look like.
    pub optional: bool,
}

/// `reply` and `mutate` of an `expect`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ReplySpec {
    /// Correctly, by the player.
    #[default]
    Default,
    /// Not at all (`reply: none`).
    None,
    /// Correctly but for this.
    With {
        /// Fields that differ; names are not put in yet.
        with: Map<String, Value>,
        /// Edits, in order.
        mutate: Vec<Value>,
    },
}

/// `expect-none`: no such message in a window, shown by a control that a message would have come through.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectNone {
    /// The kind of message.
    pub kind: &'static Kind,
    /// Which messages of the kind count.
    pub filter: Option<Value>,
    /// How long.
    pub during: Delay,
    /// The positive control; never empty.
    pub control: Vec<Step>,
}

/// `operator`: an act of a person, or of a command of the DUT file.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorAct {
    /// The name of the act, as the DUT file knows it.
    pub act: String,
    /// What the person is asked to do.
    pub prompt: String,
    /// The kind of message that proves the act.
    pub until: Option<&'static Kind>,
    /// What that message must match to prove it.
    pub matching: Option<Value>,
    /// How long to wait for it.
    pub within: Option<Delay>,
}

/// `repeat`: the same steps several times.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// How often, from 1.
    pub count: u32,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A length of time, or a name that stands for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Delay(pub(crate) String);

impl Delay {
    /// The length of time.
    ///
    /// # Errors
    /// [`VariableError`] when a name has no value or what it stands for is no duration.
    pub fn resolve(&self, scope: &Scope) -> Result<Duration, VariableError> {
        let text = written(&substitute(&Value::String(self.0.clone()), scope)?);
        parse_duration(&text).map_err(VariableError::Duration)
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Case {
    /// The name of the instance: `DM_SC-C-001-M/session-id[encoding=xml]`.
    pub fn name(&self) -> String {
        self.head.name.to_string()
    }

    /// Whether it needs the contact interface: power, reset, APDUs, toolkit messages, or files of the card.
    pub fn needs_contact(&self) -> bool {
        if self.setup.is_bootstrapped() {
            return true;
        }
        let mut disturbed = self.setup.schedule().into_iter().flat_map(|schedule| &schedule.0);
        disturbed.any(|one| !matches!(one.at, Place::Stream { .. })) || self.kinds().any(|kind| kind.contact)
    }

    /// Whether it needs a notification to be delivered.
    pub fn needs_notification(&self) -> bool {
        let always = self.steps.iter().filter(|step| !step.needs_wake_up);
        always.flat_map(|step| kinds_of(std::slice::from_ref(step))).any(|kind| kind.what.needs_notification())
    }

    /// The kinds of message that its steps send or wait for, in order.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        kinds_of(&self.steps).into_iter()
    }

    /// Whether a step looks at credentials or challenges, or answers with others, as the rules of DM trust tell them.
    pub fn is_about_credentials(&self) -> bool {
        self.about_credentials.unwrap_or_else(|| self.concerns_credentials())
    }

    /// Whether a field of a step is about credentials.
    fn concerns_credentials(&self) -> bool {
        let about = |value: &Value| value.as_object().is_some_and(concerns_credentials);
        let mut found =
            self.ixit.iter().any(|(name, _)| !["trigger", "bootstrap", "pushed_bootstrap"].contains(&name.as_str()));
        for_each(&self.steps, &mut |step| match &step.kind {
            StepKind::Expect(expect) => {
                found |= [&expect.matching, &expect.filter].into_iter().flatten().any(about);
                found |= matches!(&expect.reply, ReplySpec::With { with, .. } if concerns_credentials(with));
            }
            StepKind::Send(send) => found |= concerns_credentials(&send.with),
            _ => {}
        });
        found
    }

    /// Whether a package in several messages is one message to it, for DMPRO 6 leaves that to the sender. It is not where
    /// the case looks at `final`, nor where it is about credentials, which one answer settles.
    pub fn joins_packages(&self) -> bool {
        self.joins_packages.unwrap_or_else(|| !self.is_about_messages() && !self.concerns_credentials())
    }

    /// Whether a step looks at `final`, and so at each message of a package by itself.
    pub fn is_about_messages(&self) -> bool {
        let mut found = false;
        for_each(&self.steps, &mut |step| {
            if let StepKind::Expect(expect) = &step.kind {
                found |= [&expect.matching, &expect.filter].into_iter().flatten().any(names_final);
            }
        });
        found
    }

    /// The names of the acts it asks a person for.
    pub fn acts(&self) -> BTreeSet<&str> {
        let mut acts = BTreeSet::new();
        for_each(&self.steps, &mut |step| {
            match &step.kind {
                StepKind::Operator(operator) => acts.insert(operator.act.as_str()),
                StepKind::Send(send) => send.is_sms_by(SentBy::Network) && acts.insert(DELIVER_SMS),
                _ => false,
            };
        });
        acts
    }

    /// Whether it has the card send a short message to the number of the DUT's subscription.
    pub fn needs_own_number(&self) -> bool {
        let mut found = false;
        for_each(&self.steps, &mut |step| {
            found |= matches!(&step.kind, StepKind::Send(send) if send.is_sms_by(SentBy::Card));
        });
        found
    }

    /// The values of the IXIT that it names and that a DUT file need not give.
    pub fn needed_values(&self) -> BTreeSet<&'static str> {
        uses::optional_values(&self.steps)
    }

    /// Whether it looks at what a terminal has given to the network.
    pub fn sees_network(&self) -> bool {
        let mut found = false;
        for_each(&self.steps, &mut |step| {
            found |= match &step.kind {
                StepKind::Expect(expect) => expect.kind.what == What::Sms,
                StepKind::ExpectNone(none) => none.kind.what == What::Sms,
                _ => false,
            };
        });
        self.role == Role::Card && found
    }

    /// What the coverage of the tables counts.
    pub fn coverage(&self) -> CaseRef {
        CaseRef {
            case: self.name(),
            item: self.item.clone(),
            covers: self.covers.clone(),
            spec: self.spec.clone(),
            aim: self.aim,
        }
    }
}

fn names_final(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.contains_key("final") || fields.values().any(names_final),
        Value::Array(elements) => elements.iter().any(names_final),
        _ => false,
    }
}

/// The kinds of message that steps send or wait for, in order; what ends a `wait` need not come.
fn kinds_of(steps: &[Step]) -> Vec<&'static Kind> {
    let mut kinds = Vec::new();
    for_each(steps, &mut |step| {
        kinds.extend(match &step.kind {
            StepKind::Send(send) => Some(send.kind),
            StepKind::Expect(expect) => Some(expect.kind),
            StepKind::ExpectNone(none) => Some(none.kind),
            StepKind::Operator(operator) => operator.until,
            StepKind::Wait(_) | StepKind::Repeat(_) => None,
        });
    });
    kinds
}

/// Calls `see` with each step, nested ones after the one that holds them.
fn for_each<'a>(steps: &'a [Step], see: &mut impl FnMut(&'a Step)) {
    for step in steps {
        see(step);
        match &step.kind {
            StepKind::ExpectNone(none) => for_each(&none.control, see),
            StepKind::Repeat(repeat) => for_each(&repeat.steps, see),
            _ => {}
        }
    }
}

/// A catalogue of cases, with the fixtures they share.
#[derive(Clone, Debug)]
pub struct Library {
    bundle: Bundle,
}

impl Library {
    /// The cases and fixtures embedded in the binary.
    pub fn builtin() -> Library {
        Library { bundle: Bundle::builtin() }
    }

    /// Cases, and fixtures where there are any, of a folder; see [`Bundle::from_dir`].
    ///
    /// # Errors
    /// [`BundleError`] when the folder cannot be read or holds no cases.
    pub fn from_dir(path: &std::path::Path) -> Result<Library, BundleError> {
        Ok(Library { bundle: Bundle::from_dir(path)? })
    }

    /// A library of these files.
    pub fn new(bundle: Bundle) -> Library {
        Library { bundle }
    }

    /// The files.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The cases: of those embedded, what reports need of each, and each whole once it is asked for; others are read and
    /// checked here and now.
    ///
    /// # Errors
    /// All that is wrong, file by file.
    pub fn cases(&self) -> Result<Cases<'static>, Vec<Problems>> {
        Cases::of(&self.bundle)
    }

    /// Every instance of every case, by name of item and file.
    ///
    /// # Errors
    /// All that is wrong, file by file.
    pub fn load(&self) -> Result<Vec<Case>, Vec<Problems>> {
        read::load(&self.bundle)
    }
}

/// Cases by the item of their folder and by the items they cover.
pub fn by_item(cases: &[Case]) -> BTreeMap<&ItemId, Vec<&Case>> {
    let mut map: BTreeMap<&ItemId, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        let items: BTreeSet<&ItemId> = std::iter::once(&case.item).chain(&case.covers).collect();
        for item in items {
            map.entry(item).or_default().push(case);
        }
    }
    map
}
