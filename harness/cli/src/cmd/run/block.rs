//! A failing case on a terminal: what was expected, what came, and the octet that is wrong.

use std::fmt::Write as _;

use dmsc_octets::{one_line, to_hex};
use dmsc_report::journal::{Check, Mark};
use dmsc_runner::run::Finished;
use dmsc_scr::Verdict;

use crate::terminal::{BOLD, DIM, ERROR, paint};

/// Octets a line.
const OCTETS: usize = 16;

/// The case, and the step that decided.
pub(super) fn block(finished: &Finished, verdict: Verdict, color: bool) -> String {
    let mut out = String::new();
    let head = paint(color, ERROR, verdict.as_str());
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{head} {} {}", one_line(&finished.dut), paint(color, BOLD, &one_line(&finished.case)));
    match &finished.decisive {
        Some(check) => step(&mut out, check, color),
        None => field(&mut out, "reason", &finished.reason, color),
    }
    for remark in &finished.remarks {
        field(&mut out, "remark", remark, color);
    }
    out
}

fn step(out: &mut String, check: &Check, color: bool) {
    field(out, "step", &format!("{}, {}", check.step, check.what), color);
    field(out, "expected", &check.expected, color);
    field(out, "came", &check.got, color);
    if let Some(octets) = &check.octets {
        dump(out, &octets.0, check.octets_in_all.unwrap_or(octets.0.len()), check.mark, color);
    }
    if let Some(clause) = &check.clause {
        field(out, "clause", clause, color);
    }
    if let Some(hint) = &check.hint {
        field(out, "try", hint, color);
    }
    field(out, "at", &check.location, color);
}

fn field(out: &mut String, name: &str, text: &str, color: bool) {
    let name = paint(color, DIM, &format!("{name:<9}"));
    let _ = writeln!(out, "  {name} {}", one_line(text));
}

/// The lines of octets around the mark, or the first ones; the marked octets are underlined, and coloured.
fn dump(out: &mut String, octets: &[u8], in_all: usize, mark: Option<Mark>, color: bool) {
    // Enough to see a header and what is wrong; the log of the case has all.
    const LINES: usize = 6;
    let marked = |at: usize| mark.is_some_and(|mark| mark.covers(at));
    let first = mark.map_or(0, |mark| (mark.offset / OCTETS).saturating_sub(LINES / 2));
    let total = octets.len() / OCTETS + 1;
    for line in first..total.min(first + LINES) {
        let start = line * OCTETS;
        let row = octets.iter().enumerate().skip(start).take(OCTETS);
        // A mark after the last octet shows that something is missing there.
        let end = octets.len().min(start + OCTETS);
        let missing = end == octets.len() && end < start + OCTETS && marked(end);
        if end == start && !missing {
            break;
        }
        let mut text = String::new();
        for (at, octet) in row {
            let shown = to_hex(&[*octet]);
            let _ = write!(text, "{} ", if marked(at) { paint(color, ERROR, &shown) } else { shown });
        }
        let offset = paint(color, DIM, &format!("{start:04X}"));
        let _ = writeln!(out, "            {offset}  {}", text.trim_end());
        let last = if missing { end + 1 } else { end };
        let under: String = (start..last).map(|at| if marked(at) { "^^ " } else { "   " }).collect();
        if under.contains('^') {
            let _ = writeln!(out, "                  {}", paint(color, ERROR, under.trim_end()));
        }
    }
    if total > first + LINES || first > 0 {
        let logged = if in_all > octets.len() { "more" } else { "all" };
        let _ = writeln!(out, "            ({in_all} octets; the log of the case has {logged})");
    }
}

#[cfg(test)]
mod tests {
    use dmsc_report::journal::{CheckVerdict, Level, Octets};

    use super::*;

    fn finished(octets: Vec<u8>, mark: Option<(usize, usize)>) -> Finished {
        let check = Check {
            case: "DM_SC-S-001-M/notification".into(),
            dut: "card".into(),
            step: 3,
            at_us: 0,
            verdict: CheckVerdict::Fail,
            level: Level::Must,
            what: "notification".into(),
            expected: "version: 11".into(),
            got: "version: 12\u{1b}[2J".into(),
            octets: Some(Octets(octets)),
            octets_in_all: None,
            mark: mark.map(|(offset, length)| Mark { offset, length }),
            clause: Some("DM_SC 7.1-10".into()),
            hint: Some("look at the version field".into()),
            location: "testcases/DM_SC-S-001-M/notification.yaml:10".into(),
        };
        Finished {
            dut: "card".into(),
            case: "DM_SC-S-001-M/notification".into(),
            outcome: Verdict::Fail.into(),
            reason: "notification: expected 11".into(),
            remarks: vec!["should: poll".into()],
            decisive: Some(Box::new(check)),
        }
    }

    #[test]
    fn the_octet_that_is_wrong_is_marked() {
        let octets: Vec<u8> = (0..28).collect();
        insta::assert_snapshot!(block(&finished(octets, Some((15, 2))), Verdict::Fail, false));
    }

    #[test]
    fn what_is_missing_is_marked_after_the_end() {
        let mut out = String::new();
        dump(&mut out, &[0x90], 1, Some(Mark { offset: 1, length: 1 }), false);
        assert_eq!(out, "            0000  90\n                     ^^\n");
        out.clear();
        dump(&mut out, &[0; 16], 16, Some(Mark { offset: 16, length: 0 }), false);
        assert!(
            out.ends_with("0010  \n                  ^^\n") || out.ends_with("0010\n                  ^^\n"),
            "{out}"
        );
    }

    #[test]
    fn a_long_message_is_shown_around_the_mark() {
        let shown = block(&finished(vec![0xAA; 1400], Some((700, 1))), Verdict::Fail, false);
        assert!(shown.contains("02B0"), "{shown}");
        assert!(shown.contains("(1400 octets"), "{shown}");
        assert!(shown.lines().count() < 20, "{shown}");
    }

    #[test]
    fn colour_is_opt_in_and_foreign_escapes_never_pass() {
        let plain = block(&finished(vec![1, 2], None), Verdict::Fail, false);
        assert!(!plain.contains('\u{1b}'));
        let coloured = block(&finished(vec![1, 2], Some((0, 1))), Verdict::Fail, true);
        assert!(coloured.contains("\u{1b}["));
        assert!(!coloured.contains("\u{1b}[2J"));
    }
}
