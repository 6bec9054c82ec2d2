//! The log of a case: what it proves, what passed between the DUT and the harness, what was judged.

use std::collections::BTreeMap;
use std::fmt::Write;

use dmsc_scr::Reference;
use serde_json::Value;

use crate::evidence::check_text;
use crate::folder::{Entry, Record, RunFolder};
use crate::hexdump::hexdump;
use crate::journal::{Message, OutcomeKind, Party};
use crate::text::{component, one_line, relative_path, visible};

/// How wide an arrow of the ladder is, in characters.
const ARROW: usize = 52;
/// Where text under an arrow begins.
const UNDER: &str = "                ";

/// The cases that have a log in the folder of the reports. That of any case can be had from the journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Logs {
    /// Those that were begun and came to no pass.
    #[default]
    NotPassed,
    /// All.
    All,
    /// None.
    Nothing,
}

impl Logs {
    /// Whether a case has one.
    pub fn has(self, record: &Record) -> bool {
        match self {
            Logs::NotPassed => {
                let missed = [OutcomeKind::Fail, OutcomeKind::Inconclusive, OutcomeKind::Error];
                let unfinished = record.outcome.kind == OutcomeKind::NotRun && record.place.is_some();
                missed.contains(&record.outcome.kind) || unfinished
            }
            Logs::All => true,
            Logs::Nothing => false,
        }
    }
}

/// Where the log of a record goes, relative to the folder of the reports; none for a case that has none there.
pub fn log_path(run: &RunFolder, record: &Record) -> Option<String> {
    run.logs.has(record).then(|| path_of_log(run, record))
}

/// Where it would go, whether or not it has one.
pub(crate) fn path_of_log(run: &RunFolder, record: &Record) -> String {
    format!("cases/{}/{}.log", component(&run.dut(record).name), relative_path(&run.case(record).id))
}

/// The log of a case of which these entries are recorded.
pub fn log(run: &RunFolder, record: &Record, entries: &[Entry]) -> String {
    let size = |entry: &Entry| match entry {
        Entry::Message(message) => message.octets.0.len().saturating_mul(8).saturating_add(1_000),
        Entry::Check(_) => 1_000,
    };
    // What a log comes to, roughly: growing is most of the work of writing one.
    let mut out = String::with_capacity(entries.iter().map(size).sum());
    out.push_str(&head(run, record));
    // The names of the two sides stand over the ends of the arrows.
    let width = ARROW - 12;
    let _ = writeln!(out, "\n            {:<width$}terminal, client", "card, server");
    if entries.is_empty() {
        out.push_str("   (nothing passed)\n");
    }
    for entry in entries {
        match entry {
            Entry::Message(message) => rung(&mut out, message),
            Entry::Check(check) => {
                let mut lines = String::new();
                for line in check_text(check).lines() {
                    let _ = writeln!(lines, "{UNDER}{line}");
                }
                let at = time(check.at_us);
                // The time takes the place of the indentation of the first line.
                out.push_str(&at);
                out.push_str(&format!("  * {}", lines.trim_start()));
            }
        }
    }
    out.push('\n');
    out.push_str(&verdict(record));
    out
}

fn head(run: &RunFolder, record: &Record) -> String {
    let case = run.case(record);
    let dut = run.dut(record);
    let mut out = String::new();
    for (name, text) in [
        ("case", case.id.clone()),
        ("title", case.title.clone()),
        ("purpose", case.purpose.clone()),
        ("item", case.item.clone()),
        ("covers", case.covers.join(", ")),
        ("clauses", case.spec.join(", ")),
        ("refs", in_line(&case.refs)),
        ("DUT", format!("{} over {}", dut.name, dut.link)),
        ("file", format!("{} (SHA-256 {})", case.file, case.hash)),
        ("harness", format!("{}, seed {}", run.header.harness, run.header.seed)),
    ] {
        if !text.is_empty() {
            let _ = writeln!(out, "{:<9} {}", format!("{name}:"), one_line(text.trim_end()));
        }
    }
    for gap in &record.gaps {
        let what = one_line(gap.what.trim_end());
        let _ = writeln!(out, "{:<9} {what}; back after {} ms, and the case begun again", "gap:", gap.lasted_us / 1000);
    }
    out
}

fn in_line(refs: &[Reference]) -> String {
    refs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn rung(out: &mut String, message: &Message) {
    let to_the_right = matches!(message.from, Party::Card | Party::Server);
    let parties = match (message.from, message.from.peer()) {
        (Party::Card, Party::Terminal) | (Party::Terminal, Party::Card) => String::new(),
        (from, to) => format!(", {} to {}", from.as_str(), to.as_str()),
    };
    let label = format!(" {}{parties} ", one_line(&message.kind));
    let dashes = ARROW.saturating_sub(label.chars().count() + 4);
    let arrow = if to_the_right {
        format!("|--{label}{}>|", "-".repeat(dashes))
    } else {
        format!("|<-{label}{}-|", "-".repeat(dashes))
    };
    let _ = writeln!(out, "{}  {arrow}", time(message.at_us));
    if let Some(note) = &message.note {
        let _ = writeln!(out, "{UNDER}({})", one_line(note));
    }
    if let Some(fields) = &message.fields {
        tree(out, fields, &message.written, "", 0);
    }
    for line in hexdump(&message.octets.0, None).lines() {
        let _ = writeln!(out, "{UNDER}{line}");
    }
}

/// Decoded fields as `name: value`, nested by indentation; the numbers that `written` names by their paths as it says.
fn tree(out: &mut String, value: &Value, written: &BTreeMap<String, String>, path: &str, depth: usize) {
    let pad = format!("{UNDER}{}", "  ".repeat(depth));
    let mut child = |shown: &str, name: &str, value: &Value| {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let shown = one_line(shown);
        match written.get(&path).cloned().or_else(|| scalar(value)) {
            Some(text) => {
                let _ = writeln!(out, "{pad}{shown}: {}", one_line(&text));
            }
            None => {
                let _ = writeln!(out, "{pad}{shown}:");
                tree(out, value, written, &path, depth + 1);
            }
        }
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| child(name, name, value)),
        Value::Array(list) => {
            (list.iter().enumerate()).for_each(|(at, value)| child(&format!("[{at}]"), &at.to_string(), value))
        }
        other => child("value", "", other),
    }
}

/// A value that fits on the line of its name; objects and lists with something in them do not.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) if map.is_empty() => Some("{}".into()),
        Value::Array(list) if list.is_empty() => Some("[]".into()),
        Value::Object(_) | Value::Array(_) => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn verdict(record: &Record) -> String {
    let mut out = format!("verdict:  {}", record.outcome.kind);
    let reason = record.reason();
    if !reason.is_empty() {
        let _ = write!(out, ": {}", one_line(&reason));
    }
    out.push('\n');
    for remark in &record.remarks {
        let _ = writeln!(out, "remark:   {}", visible(remark).trim_end());
    }
    let clock = if record.wall { "wall clock" } else { "virtual clock" };
    let _ = writeln!(out, "duration: {} s, {clock}", time(record.duration_us).trim_start());
    out
}

/// Microseconds as seconds, aligned.
fn time(us: u64) -> String {
    format!("{:>4}.{:06}", us / 1_000_000, us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn log_of(run: &RunFolder, number: usize) -> String {
        let mut logs = Vec::new();
        let wanted = |record: &Record| std::ptr::eq(record, &run.records[number]);
        run.visit(wanted, |record, entries| logs.push(log(run, record, &entries))).unwrap();
        logs.remove(0)
    }

    #[test]
    fn the_log_of_a_pass_with_a_remark() {
        let mut run = synthetic::folder();
        assert_eq!(log_path(&run, &run.records[0]), None, "whoever wants the log of a pass asks for it");
        run.logs = Logs::All;
        assert_eq!(log_path(&run, &run.records[0]).as_deref(), Some("cases/phone/DM_SC-C-001-M/alert.log"));
        insta::assert_snapshot!(log_of(&run, 0));
    }

    #[test]
    fn the_log_of_a_fail_marks_the_octets() {
        let run = synthetic::folder();
        insta::assert_snapshot!(log_of(&run, 1));
    }

    #[test]
    fn a_case_that_did_not_run_has_a_log_that_says_so() {
        let run = synthetic::folder();
        let text = log_of(&run, 2);
        assert!(text.contains("(nothing passed)"));
        assert!(text.contains("verdict:  not applicable: the ICS answers no to DM_SC-C-002-O\n"));
    }
}
