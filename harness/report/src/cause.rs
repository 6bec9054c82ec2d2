//! What a case that is not a pass came to grief on, so that one cause is told once.
//!
//! The cause is what was observed: which message, what of it, what came instead. It is not the case, nor its step, and
//! values that differ from case to case by their nature do not count: times, places in lists, long texts such as digests,
//! and the values of a case's parameters.

use std::collections::BTreeMap;

use crate::journal::{Check, OutcomeKind};
use crate::text::one_line;

/// What is put in place of a value that does not count.
const VALUE: &str = "...";
/// A quoted text of so many characters is one that differs from case to case, such as a digest.
const LONG: usize = 12;

/// Why a case is not a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// For a person, from the case at hand.
    pub text: String,
    /// What cases of one cause have in common.
    key: String,
}

impl Cause {
    /// The cause of an outcome; none of those that ask for none: a pass, and a case that did not run.
    ///
    /// `decisive` is the step that decided, where one did; `reason` the reason of the outcome; `case` its id.
    pub fn of(kind: OutcomeKind, decisive: Option<&Check>, reason: &str, case: &str) -> Option<Self> {
        if !matches!(kind, OutcomeKind::Fail | OutcomeKind::Inconclusive | OutcomeKind::Error) {
            return None;
        }
        let Some(check) = decisive else {
            return Some(Self { text: one_line(reason).into_owned(), key: format!("{kind} {}", common(reason, &[])) });
        };
        // What comes after the kind of message is the case's filter.
        let what = check.what.split(" with ").next().unwrap_or_default();
        let parameters = parameters(case);
        let got = common(&check.got, &parameters);
        let told = |text: String| {
            // The reason also tells why what was seen decides nothing.
            let decides = kind != OutcomeKind::Inconclusive || reason.is_empty();
            one_line(if decides { &text } else { reason }).into_owned()
        };
        // Where nothing came, what was expected of it is the case's matter.
        if check.octets.is_none() && check.mark.is_none() {
            let text = told(format!("{what}: {}", check.got));
            return Some(Self { text, key: format!("{kind} {what} {got}") });
        }
        let clause = check.clause.as_deref().unwrap_or_default();
        let cited = if clause.is_empty() { String::new() } else { format!(" ({clause})") };
        let text = told(format!("{what}: expected {}, came {}{cited}", check.expected, check.got));
        let varies = common(&check.expected, &parameters) != common(&check.expected, &[]);
        let got = if varies { masked(&got) } else { got };
        let key = format!("{kind} {what} {} {got} {clause}", common(&check.expected, &parameters));
        Some(Self { text, key })
    }
}

/// Finds, as cases come one by one, which have a cause that an earlier one had.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    first: BTreeMap<(usize, String), usize>,
}

impl Causes {
    /// The number of the first case of the same DUT with this cause; the case's own, `number`, when it is the first.
    pub fn first(&mut self, dut: usize, cause: &Cause, number: usize) -> usize {
        *self.first.entry((dut, cause.key.clone())).or_insert(number)
    }
}

/// The values in the brackets of an instance's id.
fn parameters(case: &str) -> Vec<&str> {
    let values = case.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    values
        .map(|all| all.split(',').filter_map(|one| one.split_once('=')).map(|(_, value)| value).collect())
        .unwrap_or_default()
}

/// The text without what differs from case to case.
fn common(text: &str, parameters: &[&str]) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, part) in text.split('"').enumerate() {
        let quoted = at % 2 == 1;
        if at > 0 {
            out.push('"');
        }
        match part {
            _ if !quoted => out.push_str(&without_times(part)),
            value if value.chars().count() >= LONG || parameters.contains(&value) => out.push_str(VALUE),
            value => out.push_str(value),
        }
    }
    out
}

/// The text with all quoted values masked.
fn masked(text: &str) -> String {
    let parts = text.split('"').enumerate().map(|(at, part)| if at % 2 == 1 { VALUE } else { part });
    parts.collect::<Vec<_>>().join("\"")
}

/// The text without durations, places in lists, and how much more is wrong.
fn without_times(text: &str) -> String {
    let text = text.split(" (and ").next().unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
        let (digits, after) = number.split_at(end);
        let is_time = [" s", " ms", " min", " h", " seconds"]
            .iter()
            .any(|unit| after.strip_prefix(unit).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric())));
        // `commands.0.cmd`
        let is_place = before.ends_with('.') && (digits.ends_with('.') || after.starts_with(':'));
        out.push_str(before);
        out.push_str(if is_time || is_place { VALUE } else { digits });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn check(what: &str, expected: &str, got: &str, octets: bool) -> Check {
        let mut check = synthetic::folder().records[1].decisive().unwrap().clone();
        (check.what, check.expected, check.got) = (what.into(), expected.into(), got.into());
        check.octets = check.octets.filter(|_| octets);
        check.mark = check.mark.filter(|_| octets);
        check
    }

    fn key(check: &Check, case: &str) -> String {
        Cause::of(OutcomeKind::Fail, Some(check), "", case).unwrap().key
    }

    #[test]
    fn where_nothing_came_the_case_does_not_count() {
        let one = check("dm.message with session_id: \"A5\"", "dm.message within 5 s", "nothing came in 5 s", false);
        let other = check("dm.message", "dm.message within 60 s", "nothing came in 2.750 s", false);
        assert_eq!(key(&one, "a"), key(&other, "b"));
        let third = check("notification", "notification within 60 s", "nothing came in 2.750 s", false);
        assert_ne!(key(&one, "a"), key(&third, "a"));
        let text = Cause::of(OutcomeKind::Fail, Some(&one), "", "a").unwrap().text;
        assert_eq!(text, "dm.message: nothing came in 5 s");
    }

    #[test]
    fn values_of_parameters_and_long_ones_do_not_count_and_others_do() {
        let sid = |wanted: &str, got: &str| {
            check("dm.message", &format!("session_id: \"{wanted}\""), &format!("session_id: \"{got}\""), true)
        };
        assert_eq!(key(&sid("A5", "165"), "c/s[session=A5]"), key(&sid("A0B", "2571"), "c/s[session=A0B]"));
        assert_ne!(key(&sid("A5", "165"), "c/s"), key(&sid("A5", "166"), "c/s"));
        let digest = |got: &str| check("notification", "digest: right", &format!("digest: \"{got}\""), true);
        assert_eq!(key(&digest("00112233445566778899"), "c"), key(&digest("FF112233445566778899"), "c"));
        let sw = |got: &str| check("response", "sw: 90 00", &format!("sw: {got}"), true);
        assert_ne!(key(&sw("6F 00"), "c"), key(&sw("6A 82"), "c"));
        let place = |at: u8| check("dm.message", "x", &format!("commands.{at}.cmd: \"Get\" (and {at} more)"), true);
        assert_eq!(key(&place(0), "c"), key(&place(12), "c"));
    }

    #[test]
    fn outcomes_differ_and_those_without_a_cause_have_none() {
        let of = |kind| Cause::of(kind, None, "the reader is gone after 3 s", "c");
        assert_ne!(of(OutcomeKind::Error).unwrap().key, of(OutcomeKind::Inconclusive).unwrap().key);
        for kind in [OutcomeKind::Pass, OutcomeKind::NotApplicable, OutcomeKind::NotRun] {
            assert_eq!(of(kind), None);
        }
    }

    #[test]
    fn the_first_case_of_a_cause_is_found() {
        let cause = |reason: &str| Cause::of(OutcomeKind::Error, None, reason, "c").unwrap();
        let mut causes = Causes::default();
        assert_eq!(causes.first(0, &cause("a"), 4), 4);
        assert_eq!(causes.first(0, &cause("b"), 5), 5);
        assert_eq!(causes.first(0, &cause("a"), 6), 4);
        assert_eq!(causes.first(1, &cause("a"), 7), 7, "another DUT's");
    }
}
