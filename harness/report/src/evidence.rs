//! A judged step in words: the same text in the log, in JUnit and in the matrix.

use std::fmt::Write;

use crate::hexdump::hexdump;
use crate::journal::{Check, CheckVerdict, Level};
use crate::text::{one_line, visible};

/// The step as a block of lines, each ended by a line feed: verdict, what was expected, what came,
/// the octets with the offending ones marked, what to try, and where the step stands.
pub(crate) fn check_text(check: &Check) -> String {
    let mut out = String::new();
    let clause = check.clause.as_ref().map(|c| format!(", {c}")).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "{}: step {}, {} ({}{})",
        word(check),
        check.step,
        one_line(&check.what),
        check.level.as_str(),
        one_line(&clause)
    );
    field(&mut out, "expected", &check.expected);
    field(&mut out, "came", &check.got);
    if let Some(octets) = &check.octets {
        let _ = writeln!(out, "  octets:");
        for line in hexdump(&octets.0, check.mark).lines() {
            let _ = writeln!(out, "    {line}");
        }
        if let Some(count) = check.octets_in_all {
            let _ = writeln!(out, "    (the first of {count} octets)");
        }
    }
    if let Some(hint) = &check.hint {
        field(&mut out, "try", hint);
    }
    let _ = writeln!(out, "  at:       {}", one_line(&check.location));
    out
}

/// The verdict of the step; a miss of what is only recommended is not called a fail, since whether
/// it counts as one is the run's decision.
fn word(check: &Check) -> &'static str {
    match (check.verdict, check.level) {
        (CheckVerdict::Fail, Level::Should | Level::May) => "miss",
        (verdict, _) => verdict.as_str(),
    }
}

/// One named text; further lines of it stand under the first.
fn field(out: &mut String, name: &str, text: &str) {
    let shown = visible(text);
    let mut lines = shown.lines();
    let _ = writeln!(out, "  {:<9} {}", format!("{name}:"), lines.next().unwrap_or("(empty)"));
    for line in lines {
        let _ = writeln!(out, "            {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn a_failing_step_tells_everything() {
        let run = synthetic::folder();
        let mut check = run.records[1].decisive().unwrap().clone();
        check.got.push_str("\nsecond line");
        insta::assert_snapshot!(check_text(&check));
        check.got.clear();
        assert!(check_text(&check).contains("  came:     (empty)\n"));
    }
}
