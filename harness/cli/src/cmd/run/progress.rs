//! What a run shows while it goes: a bar on a terminal, lines with -v, a block for each failure.

use std::time::Duration;

use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::operator::Operator;
use dmsc_language::dut::Dut;
use dmsc_octets::one_line;
use dmsc_report::cause::Causes;
use dmsc_runner::run::{Finished, Observer};
use dmsc_scr::{Outcome, Verdict};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::block::block;
use super::person::Person;
use crate::terminal::{DIM, ERROR, GOOD, Terminal, Verbosity, WARNING, paint};

/// The progress of a run, on standard error.
pub(crate) struct Progress<'t> {
    terminal: &'t Terminal,
    bar: ProgressBar,
    person: bool,
    failures: usize,
    /// The DUTs so far, and the cases with a cause, as they came: their names, by number.
    duts: Vec<String>,
    told: Vec<String>,
    causes: Causes,
}

impl<'t> Progress<'t> {
    /// Nothing has happened yet. The bar hides itself where standard error is no terminal.
    pub(crate) fn new(terminal: &'t Terminal, person: bool) -> Self {
        let quiet = terminal.verbosity == Verbosity::Quiet;
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self {
            terminal,
            bar: ProgressBar::with_draw_target(None, target),
            person,
            failures: 0,
            duts: Vec::new(),
            told: Vec::new(),
            causes: Causes::default(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// The case before, of the same DUT, that had the cause of this one.
    fn same_cause(&mut self, finished: &Finished) -> Option<String> {
        let cause = finished.cause()?;
        let dut = self.duts.iter().position(|name| *name == finished.dut).unwrap_or_else(|| {
            self.duts.push(finished.dut.clone());
            self.duts.len() - 1
        });
        let number = self.told.len();
        self.told.push(finished.case.clone());
        let first = self.causes.first(dut, &cause, number);
        if first == number { None } else { self.told.get(first).cloned() }
    }

    fn tell(&self, text: &str) {
        self.bar.suspend(|| self.terminal.note(text));
    }
}

impl Observer for Progress<'_> {
    fn planned(&mut self, total: usize) {
        self.bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        // The template is a constant; a bar without it is still a bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed}, {eta} left  {wide_msg}") {
            self.bar.set_style(style);
        }
        // A card may take half a minute for an answer, and a person longer: time is seen to go on all the same.
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(Duration::from_secs(1));
        }
    }

    fn started(&mut self, dut: &str, case: &str) {
        let failures = match self.failures {
            0 => String::new(),
            1 => "1 failure  ".into(),
            count => format!("{count} failures  "),
        };
        self.bar.set_message(format!("{failures}{}: {}", one_line(dut), one_line(case)));
    }

    fn finished(&mut self, finished: &Finished) {
        let Outcome::Verdict(verdict) = finished.outcome else { return };
        self.bar.inc(1);
        let color = self.terminal.error_color;
        self.failures += usize::from(matches!(verdict, Verdict::Fail | Verdict::Error));
        // A cause is told once; the cases that have it later name the first.
        if let Some(first) = self.same_cause(finished) {
            self.tell(&line(finished, verdict, &format!("same cause as {first}"), color));
        } else if matches!(verdict, Verdict::Fail | Verdict::Error) {
            self.tell(&block(finished, verdict, color));
        } else if verdict == Verdict::Inconclusive || self.terminal.verbosity == Verbosity::Verbose {
            self.tell(&line(finished, verdict, &finished.reason, color));
        }
    }

    fn noticed(&mut self, dut: &str, what: &str) {
        self.tell(&format!("{}: {}", one_line(dut), one_line(what)));
    }

    fn walled(&mut self, dut: &str, cases: usize, reason: &str) {
        self.bar.inc(u64::try_from(cases).unwrap_or_default());
        self.tell(&wall(dut, cases, reason, self.terminal.error_color));
    }

    fn operator<'d>(&mut self, dut: &'d Dut) -> Box<dyn Operator + 'd> {
        if self.person { Box::new(Person::new(dut, self.bar.clone())) } else { Box::new(DutFileOperator::new(dut)) }
    }
}

/// The cases that were not begun, and the one reason that they have.
fn wall(dut: &str, cases: usize, reason: &str, color: bool) -> String {
    let word = paint(color, WARNING, Verdict::Inconclusive.as_str());
    let cases = if cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") };
    let field = |name: &str, text: &str| format!("\n  {} {}", paint(color, DIM, &format!("{name:<9}")), one_line(text));
    let (reason, remedy) = (field("reason", reason), field("try", "mend that; with --all they are run all the same"));
    format!("{word} {}, {cases} not begun{reason}{remedy}\n", one_line(dut))
}

/// `pass          reference-card  DM_SC-S-001-M/notification`, with the reason and the remarks where there are any.
fn line(finished: &Finished, verdict: Verdict, reason: &str, color: bool) -> String {
    let style = match verdict {
        Verdict::Pass => GOOD,
        Verdict::Inconclusive => WARNING,
        Verdict::Fail | Verdict::Error => ERROR,
    };
    let word = paint(color, style, &format!("{:<12}", verdict.as_str()));
    // Text of a DUT makes no line of its own, which would look like one of ours.
    let mut text = format!("{word}  {}  {}", one_line(&finished.dut), one_line(&finished.case));
    if !reason.is_empty() {
        text.push_str(&format!(": {}", one_line(reason)));
    }
    for remark in &finished.remarks {
        text.push_str(&format!("\n{}", paint(color, DIM, &format!("              remark: {}", one_line(remark)))));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dut_says_makes_no_line() {
        let forged = "ended: x\npass          client  DM_SC-C-001-M/alert\n\u{200b}";
        let finished = Finished {
            dut: "client\npass".into(),
            case: "DM_SC-C-001-M/alert".into(),
            outcome: Verdict::Inconclusive.into(),
            reason: forged.into(),
            remarks: vec![forged.into()],
            decisive: None,
        };
        let text = line(&finished, Verdict::Inconclusive, forged, false) + "\n" + &wall("client\n", 2, forged, false);
        let begins: Vec<_> = text.lines().map(|line| line.split(' ').find(|word| !word.is_empty()).unwrap()).collect();
        assert_eq!(begins, ["inconclusive", "remark:", "inconclusive", "reason", "try"]);
    }
}
