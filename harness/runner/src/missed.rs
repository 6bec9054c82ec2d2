//! What came while a step waited for a message that did not come.

use std::rc::Rc;
use std::time::Duration;

use dmsc_engine::event::Event;
use dmsc_engine::messages::Kind;
use dmsc_engine::template::Template;
use serde_json::Value;

use crate::judge::seconds;
use crate::package::Package;

/// How many kinds of other messages are named.
const MOST_KINDS: usize = 4;

/// What came while a step waited in vain.
#[derive(Debug, Default)]
pub(crate) struct Missed {
    /// How long was waited at most, and how long in the end.
    pub(crate) window: Duration,
    pub(crate) waited: Duration,
    /// The first message that could not be read.
    pub(crate) unreadable: Option<Rc<Event>>,
    /// The messages of a package that is not complete.
    pub(crate) package: Package,
    /// The messages of a package that is not complete, none of which counts by itself.
    before: Package,
    /// Messages of a round of challenge.
    pub(crate) challenged: usize,
    /// Messages of the kind that do not count here: how many, and where the first departs.
    aside: usize,
    departure: Option<String>,
    /// Other kinds, and how many of each.
    others: Vec<(String, usize)>,
    /// Why the harness ended TLS.
    broken: Option<String>,
}

impl Missed {
    /// Nothing has come yet.
    pub(crate) fn new(window: Duration) -> Missed {
        Missed { window, waited: window, ..Missed::default() }
    }

    /// A message came that cannot be read as the one that is waited for.
    pub(crate) fn unreadable(&mut self, event: &Rc<Event>) {
        self.unreadable.get_or_insert_with(|| Rc::clone(event));
    }

    /// Whether a message of the kind counts: by itself, with what came of its package before where packages are joined, or
    /// because its package does.
    pub(crate) fn counts(&mut self, event: &Event, filter: Option<&Template>, joins: bool) -> bool {
        if self.package.goes_on_with(event) {
            return true;
        }
        let goes_on = joins && self.before.goes_on_with(event);
        let with_others = |filter: &Template| {
            let last = Rc::new(event.clone());
            goes_on && self.before.is_complete_with(event) && filter.accepts(&self.before.joined(last).fields)
        };
        let counts = filter.is_none_or(|filter| filter.accepts(&event.fields) || with_others(filter));
        if counts && goes_on {
            self.package = std::mem::take(&mut self.before);
        }
        counts
    }

    /// A message of a round of challenge came: what it belongs to comes again.
    pub(crate) fn challenge(&mut self) {
        self.challenged = self.challenged.saturating_add(1);
        self.before = Package::default();
    }

    /// A message of the kind came that does not count.
    pub(crate) fn aside(&mut self, event: &Event, filter: &Template) {
        self.aside = self.aside.saturating_add(1);
        if !self.before.goes_on_with(event) {
            self.before = Package::default();
        }
        match self.before.is_complete_with(event) {
            true => self.before = Package::default(),
            false => self.before.add(event),
        }
        let first = || filter.matches_in(&event.fields, event.scope()).mismatches.into_iter().next();
        if self.departure.is_none() {
            self.departure = first().map(|m| format!("{} is {}, where {} counts", m.path, m.got, m.expected));
        }
    }

    /// A message of another kind came.
    pub(crate) fn other(&mut self, event: &Event) {
        let kind = event.kind.as_ref();
        if kind == "tls.over" && self.broken.is_none() {
            self.broken = event.fields.get("reason").and_then(Value::as_str).map(str::to_owned);
        }
        match self.others.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.others.push((kind.to_owned(), 1)),
        }
    }

    /// What came, in words.
    pub(crate) fn told(&self) -> String {
        let waited = seconds(self.waited);
        if let Some(event) = &self.unreadable {
            return unreadable(event);
        }
        if let Some(count) = self.package.open() {
            let many = if count == 1 { "one message".into() } else { format!("{count} messages") };
            return format!("{many} of a package without Final, and not the rest of it in {waited}");
        }
        if self.challenged > 0 {
            let times = if self.challenged == 1 { "once".into() } else { format!("{} times", self.challenged) };
            return format!("in {waited} only messages of a challenge, {times}: credentials missing, or refused");
        }
        if self.aside > 0 {
            let departure = self.departure.as_deref().unwrap_or("it is another");
            let (what, first) = if self.aside == 1 { ("one", "") } else { ("some", "of the first, ") };
            return format!("{what} came in {waited} that this step is not about: {first}{departure}");
        }
        if self.others.is_empty() {
            return format!("nothing came in {waited}");
        }
        let shown = self.others.iter().take(MOST_KINDS).map(|(kind, count)| match (count, &self.broken) {
            (1, Some(why)) if kind == "tls.over" => format!("{kind} ({why})"),
            (1, _) => kind.clone(),
            (count, _) => format!("{count} x {kind}"),
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let more = if self.others.len() > MOST_KINDS { ", and others" } else { "" };
        format!("none came in {waited}, but {shown}{more}")
    }
}

/// What is said of a message that cannot be read.
pub(crate) fn unreadable(event: &Event) -> String {
    let text = |field: &str| event.fields.get(field).and_then(Value::as_str);
    let why = text("reason").or_else(|| text("malformed")).unwrap_or("no reason is known");
    let answered = match event.fields.get("answered").and_then(Value::as_u64) {
        Some(status) => format!("; the harness answered it with {status}"),
        None => String::new(),
    };
    format!("a message that cannot be read: {why}{answered}")
}

/// Whether the harness does not read what may be right.
pub(crate) fn is_refused(event: &Event) -> bool {
    event.fields.get("refused") == Some(&Value::Bool(true))
}

/// Whether a message cannot be read, and may have been one of this kind. A body that is no DM message hides nothing of the
/// HTTP message that carried it, which was read.
pub(crate) fn hides(event: &Event, kind: &Kind) -> bool {
    is_unreadable(event) && !(event.kind == "dm.unreadable" && kind.name.starts_with("http."))
}

/// Whether a message cannot be read as what it should be.
pub(crate) fn is_unreadable(event: &Event) -> bool {
    matches!(&*event.kind, "dm.unreadable" | "http.garbage") || event.is_malformed()
}

#[cfg(test)]
mod tests {
    use dmsc_engine::event::Actor;
    use dmsc_link::Time;
    use serde_json::json;

    use super::*;

    fn message(is_final: bool, statuses: Value) -> Event {
        let fields = json!({ "session_id": "1", "final": is_final, "statuses": statuses });
        let (from, kind) = (Actor::Client, "dm.message".into());
        Event { at: Time::ZERO, from, kind, fields: fields.into(), octets: Vec::new(), heard: true, wants_answer: true }
    }

    fn about(names: &[&str]) -> Template {
        let all: Vec<Value> = names.iter().map(|name| json!({ "of": name })).collect();
        Template::compile(&json!({ "statuses": { "contains": all } })).unwrap()
    }

    #[test]
    fn a_package_counts_whichever_of_its_messages_does() {
        let first = message(false, json!([{ "of": "Sequence" }]));
        let last = message(true, json!([{ "of": "Add" }]));
        for names in [&["Add"][..], &["Sequence", "Add"]] {
            let mut missed = Missed::default();
            let filter = about(names);
            assert!(!missed.counts(&first, Some(&filter), true));
            missed.aside(&first, &filter);
            assert!(missed.counts(&last, Some(&filter), true), "{names:?}");
            let whole = missed.package.joined(Rc::new(last.clone()));
            assert_eq!(whole.fields["statuses"], json!([{ "of": "Sequence" }, { "of": "Add" }]));
        }
    }

    #[test]
    fn messages_looked_at_apart_and_those_of_another_package_are_not_joined() {
        let (first, last) = (message(false, json!([{ "of": "Sequence" }])), message(true, json!([{ "of": "Add" }])));
        let both = about(&["Sequence", "Add"]);
        let mut apart = Missed::default();
        apart.aside(&first, &both);
        assert!(!apart.counts(&last, Some(&both), false));
        assert!(apart.counts(&last, Some(&about(&["Add"])), false));
        assert_eq!(apart.package.open(), None);
        let mut next = Missed::default();
        next.aside(&first, &both);
        next.aside(&message(true, json!([])), &both);
        assert!(!next.counts(&last, Some(&both), true));
    }
}
