//! What can be told of a case without running it: parts that decide nothing, and what no player could send.

use std::collections::BTreeMap;
use std::time::Duration;

use dmsc_doc::{Node, Problem, Source};
use dmsc_engine::messages::{Kind, What};
use dmsc_engine::satisfy::{Finding, Flaw, examine};
use dmsc_engine::trial;
use serde_json::{Map, Value};

use super::read::Found;
use super::{Level, Step, StepKind};
use crate::ixit::Ixit;
use crate::variables::is_open;

/// The most steps that a case may have, those of its includes counted wherever they are included.
pub(super) const MOST_STEPS: usize = 10_000;

/// The most steps that a case may do, repeated ones counted as often as they are done.
pub(super) const MOST_DONE: u64 = 100_000;

/// What was tried before: instances, and steps of one include, are much the same.
#[derive(Debug, Default)]
pub(super) struct Tried {
    templates: BTreeMap<(&'static str, bool, String), Vec<Finding>>,
    changes: BTreeMap<(*const Kind, bool, String), Option<String>>,
    /// Values of a DUT, where a message needs them.
    ixit: Ixit,
}

impl Tried {
    /// Tells what a template decides whatever message comes. `node` is what it was read from.
    pub(super) fn template(
        &mut self,
        (found, source): (&mut Found, &Source),
        node: &Node,
        template: &Value,
        group: &'static str,
        demand: bool,
    ) {
        let key = (group, demand, template.to_string());
        let findings = self.templates.entry(key).or_insert_with(|| examine(template, group, demand, has_name));
        for Finding { path, flaw, takes } in findings {
            let at = node.at(path).span;
            let around = path.rsplit_once('.').map_or(node, |(around, _)| node.at(around));
            // What a parameter or a variable makes superfluous is not so in another instance.
            if *flaw == Flaw::Unreached && source.text.get(around.span.start..around.span.end).is_none_or(has_name) {
                continue;
            }
            let (message, label, help) = match flaw {
                Flaw::Never => (
                    "a matcher that nothing can meet",
                    "no message has such a value",
                    "look for what contradicts itself, or the field",
                ),
                Flaw::Always => (
                    "a demand that every message meets",
                    "demands nothing",
                    "leave it out, or say what the value has to be",
                ),
                Flaw::Present => (
                    "a matcher that every value meets",
                    "demands no more than that the field is there",
                    "say what the value has to be, or write `any`",
                ),
                Flaw::Unreached => (
                    "an alternative that is never reached",
                    "an earlier one takes all that it would",
                    "remove it, or put it in front of that one",
                ),
            };
            let mut problem = Problem::new(at, message).label(label).help(help);
            if let (Flaw::Never | Flaw::Present, Some(takes)) = (flaw, takes) {
                problem = problem.note(format!("the field is: {takes}"));
            }
            found.add(source, problem);
        }
    }

    /// Tries what `send` or `reply` of a kind sets. Values that are not known yet are left out, and with them what
    /// stands beside them in the field.
    pub(super) fn change(
        &mut self,
        (found, source): (&mut Found, &Source),
        node: &Node,
        kind: &'static Kind,
        with: &Map<String, Value>,
        reply: bool,
    ) {
        let known: Map<String, Value> = with
            .iter()
            .filter(|(_, value)| !is_open(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if known.is_empty() {
            return;
        }
        let key = (std::ptr::from_ref(kind), reply, Value::Object(known.clone()).to_string());
        let account = &self.ixit.account;
        let problem = self.changes.entry(key).or_insert_with(|| {
            let tried = |fields: &Map<String, Value>| match reply {
                true => trial::reply(kind, fields),
                false => trial::send(kind, fields, account),
            };
            let error = tried(&known).err()?;
            // The field at fault, where one is by itself.
            let alone = known
                .iter()
                .find(|(name, value)| tried(&Map::from_iter([((*name).clone(), (*value).clone())])).is_err());
            let text = error.to_string();
            Some(match alone {
                Some((name, _)) if !text.starts_with(name.as_str()) => format!("{name}: {text}"),
                _ => text,
            })
        });
        if let Some(text) = problem {
            found.add(source, located(node, text));
        }
    }
}

/// A problem at its place. In front of its text stands the way to a value.
pub(super) fn located(node: &Node, text: &str) -> Problem {
    let (mut at, mut text) = (node, text);
    while let Some((step, rest)) = text.split_once(": ") {
        // The codecs count elements in brackets, and write the whole way at once.
        let path = step.replace('[', ".").replace(']', "");
        let within = at.at(&path);
        if std::ptr::eq(within, at) {
            break;
        }
        (at, text) = (within, rest);
    }
    Problem::new(at.span, text.to_owned()).label("cannot be sent")
}

/// Whether a text has a name in it whose value is not known yet.
fn has_name(text: &str) -> bool {
    text.contains("${")
}

/// Whether steps are met only by a DUT that does something: one of them, done in any case, has to be met, and is not
/// about the harness's own doing.
pub(super) fn demand(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Expect(expect) => step.level == Level::Must && expect.kind.what != What::Notified,
        StepKind::ExpectNone(none) => step.level == Level::Must && demand(&none.control),
        StepKind::Operator(act) => act.until.is_some_and(|kind| kind.what != What::Notified),
        StepKind::Repeat(repeat) => demand(&repeat.steps),
        StepKind::Send(_) | StepKind::Wait(_) => false,
    })
}

/// Whether steps look at anything that comes, whatever a miss means.
pub(super) fn looks(steps: &[Step]) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Expect(_) | StepKind::ExpectNone(_) => true,
        StepKind::Operator(act) => act.until.is_some(),
        StepKind::Repeat(repeat) => looks(&repeat.steps),
        StepKind::Send(_) | StepKind::Wait(_) => false,
    })
}

/// How many steps are done, and how long they let pass in any case; what has no value yet is not counted.
pub(super) fn effort(steps: &[Step]) -> (u64, Duration) {
    let known = |delay: &super::Delay| dmsc_doc::parse_duration(&delay.0).unwrap_or_default();
    steps.iter().fold((0, Duration::ZERO), |(done, time), step| {
        let (more, longer) = match &step.kind {
            StepKind::Send(_) | StepKind::Expect(_) | StepKind::Operator(_) => (1, Duration::ZERO),
            StepKind::Wait(wait) => (1, known(&wait.delay)),
            StepKind::ExpectNone(none) => {
                let (more, longer) = effort(&none.control);
                (more.saturating_add(1), longer.saturating_add(known(&none.during)))
            }
            StepKind::Repeat(repeat) => {
                let (more, longer) = effort(&repeat.steps);
                (more.saturating_mul(repeat.count.into()), longer.saturating_mul(repeat.count))
            }
        };
        (done.saturating_add(more), time.saturating_add(longer))
    })
}
