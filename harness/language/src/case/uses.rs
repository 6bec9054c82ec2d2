//! What cases do with the fields of messages: sent, received, asserted, mutated.

use std::collections::{BTreeMap, BTreeSet};

use dmsc_scr::FieldUse;
use serde_json::{Map, Value};

use super::{Case, ReplySpec, StepKind, for_each};
use crate::catalogue::{Catalogue, Kind, Role};

/// Every field of every kind of message, with the number of cases that do something with it. Instances of one file are
/// one case.
pub fn field_uses(cases: &[Case]) -> Vec<FieldUse> {
    let mut uses = Uses::default();
    for case in cases {
        for_each(&case.steps, &mut |step| uses.step(&case.id, &step.kind));
    }
    let catalogue = Catalogue::get();
    let mut all = Vec::new();
    for role in Role::ALL {
        for kind in catalogue.kinds(role) {
            let groups = [kind.heard.then_some(kind.fields), kind.build.filter(|_| kind.sent)];
            let names = groups.into_iter().flatten().flat_map(|group| catalogue.group(group)).map(|field| field.name);
            all.extend(uses.of(kind, &kind.name, names.collect()));
            if let Some(group) = kind.reply {
                let names = catalogue.group(group).iter().map(|field| field.name).collect();
                all.extend(uses.of(kind, &answer(kind), names));
            }
        }
    }
    all
}

/// The name of the answer to a kind.
fn answer(kind: &Kind) -> String {
    format!("{} (answer)", kind.name)
}

/// Values of an IXIT that a DUT file need not give, and that have no default.
const OPTIONAL: [&str; 3] = ["other_account", "account_node", "secret_node"];

/// Those of them that steps name.
pub(super) fn optional_values(steps: &[super::Step]) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut look = |value: &Value| {
        let text = value.to_string();
        found.extend(OPTIONAL.into_iter().filter(|name| text.contains(&format!("${{ixit.{name}"))));
    };
    for_each(steps, &mut |step| match &step.kind {
        StepKind::Send(send) => send.with.values().for_each(&mut look),
        StepKind::Expect(expect) => {
            expect.filter.iter().chain(&expect.matching).for_each(&mut look);
            if let ReplySpec::With { with, .. } = &expect.reply {
                with.values().for_each(&mut look);
            }
        }
        StepKind::ExpectNone(none) => none.filter.iter().for_each(&mut look),
        StepKind::Operator(_) | StepKind::Wait(_) | StepKind::Repeat(_) => {}
    });
    found
}

/// What is done with a field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Sent,
    Received,
    Asserted,
    Mutated,
}

/// The files of cases by role, message, field and deed; without a field what holds for each field of a message.
#[derive(Default)]
struct Uses<'a>(BTreeMap<(&'static str, String, Option<&'a str>, Deed), BTreeSet<&'a str>>);

impl<'a> Uses<'a> {
    fn step(&mut self, case: &'a str, step: &'a StepKind) {
        match step {
            StepKind::Send(send) => {
                self.keys(case, send.kind, &send.kind.name, &send.with);
                self.edits(case, send.kind, &send.kind.name, &send.mutate);
            }
            StepKind::Expect(expect) => {
                self.looked_at(case, expect.kind, [&expect.matching, &expect.filter]);
                if let ReplySpec::With { with, mutate } = &expect.reply {
                    let name = answer(expect.kind);
                    self.keys(case, expect.kind, &name, with);
                    self.edits(case, expect.kind, &name, mutate);
                }
            }
            StepKind::ExpectNone(none) => self.looked_at(case, none.kind, [&none.filter, &None]),
            StepKind::Operator(act) => {
                if let Some(kind) = act.until {
                    self.looked_at(case, kind, [&act.matching, &None]);
                }
            }
            StepKind::Wait(wait) => {
                if let Some(kind) = wait.until {
                    self.looked_at(case, kind, [&wait.matching, &None]);
                }
            }
            StepKind::Repeat(_) => {}
        }
    }

    fn note(&mut self, case: &'a str, kind: &Kind, message: &str, field: Option<&'a str>, deed: Deed) {
        self.0.entry((kind.role.as_str(), message.to_owned(), field, deed)).or_default().insert(case);
    }

    fn keys(&mut self, case: &'a str, kind: &Kind, message: &str, with: &'a Map<String, Value>) {
        for field in with.keys() {
            self.note(case, kind, message, Some(field), Deed::Sent);
        }
    }

    fn edits(&mut self, case: &'a str, kind: &Kind, message: &str, edits: &[Value]) {
        if !edits.is_empty() {
            self.note(case, kind, message, None, Deed::Mutated);
        }
    }

    fn looked_at(&mut self, case: &'a str, kind: &Kind, templates: [&'a Option<Value>; 2]) {
        self.note(case, kind, &kind.name, None, Deed::Received);
        for fields in templates.into_iter().flatten().filter_map(Value::as_object) {
            for field in fields.keys() {
                self.note(case, kind, &kind.name, Some(field), Deed::Asserted);
            }
        }
    }

    /// The fields of a message, each once.
    fn of(&self, kind: &Kind, message: &str, names: BTreeSet<&'static str>) -> Vec<FieldUse> {
        let count = |field: &str, deed: Deed| {
            let of_all = self.0.get(&(kind.role.as_str(), message.to_owned(), None, deed));
            let own = self.0.get(&(kind.role.as_str(), message.to_owned(), Some(field), deed));
            of_all.into_iter().chain(own).flatten().collect::<BTreeSet<_>>().len()
        };
        let field = |name: &'static str| FieldUse {
            role: kind.role.as_str().to_owned(),
            message: message.to_owned(),
            field: name.to_owned(),
            sent: count(name, Deed::Sent),
            received: count(name, Deed::Received),
            asserted: count(name, Deed::Asserted),
            mutated: count(name, Deed::Mutated),
        };
        names.into_iter().map(field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Bundle, Library};

    #[test]
    fn what_is_done_with_each_field_is_counted() {
        let text = "
title: t
purpose: p
spec: [DM_SC 7.1]
role: card
parameters: { session: [\"1\", A5] }
steps:
  - send: notification
    with: { session_id: \"${session}\" }
    mutate: [{ append: 00 }]
  - expect: dm.message
    where: { package: 1 }
    match: { session_id: \"${session}\" }
    reply: { max_msg_size: \"900\" }
";
        let cases = Library::new(Bundle::of([("testcases/DM_SC-C-001-M/a.yaml", text)])).load();
        let uses = field_uses(&cases.unwrap_or_else(|wrong| panic!("{}", wrong[0])));
        let of = |message: &str, field: &str| {
            let one = uses.iter().find(|one| one.role == "card" && one.message == message && one.field == field);
            one.map(|one| [one.sent, one.received, one.asserted, one.mutated])
        };
        assert_eq!(of("notification", "session_id"), Some([1, 0, 0, 1]));
        assert_eq!(of("notification", "server_id"), Some([0, 0, 0, 1]));
        assert_eq!(of("dm.message", "session_id"), Some([0, 1, 1, 0]));
        assert_eq!(of("dm.message", "package"), Some([0, 1, 1, 0]));
        assert_eq!(of("dm.message", "target"), Some([0, 1, 0, 0]));
        assert_eq!(of("dm.message (answer)", "max_msg_size"), Some([1, 0, 0, 0]));
    }
}
