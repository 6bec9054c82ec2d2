//! `dmsc prove --explore`: conforming DUTs that nobody has written down.

use std::io::Write;
use std::path::Path;

use dmsc_runner::explore::{Explored, Finding, entry};

use crate::failure::Failure;
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, ERROR, GOOD, Terminal, paint};

/// What was found, for a person: how often each alternative was drawn, then each cause with its variant.
pub(super) fn told(explored: &Explored, terminal: &Terminal) -> String {
    let mut table = Table::new(["choice", "alternative", "drawn"]);
    for row in &explored.drawn {
        let choice = Cell::new(BOLD, row.choice.as_str());
        table.row([choice, row.alternative.as_str().into(), row.count.to_string().into()]);
    }
    let mut text = table.render(terminal) + "\n";
    for finding in &explored.findings {
        text.push_str(&one(finding, terminal));
    }
    let right = explored.duts.saturating_sub(explored.misjudged);
    let verdict = if explored.misjudged == 0 {
        paint(terminal.color, GOOD, "none is misjudged")
    } else {
        paint(terminal.color, ERROR, "conforming DUTs are misjudged")
    };
    text + &format!("{right} of {} drawn DUTs judged rightly: {verdict}\n", explored.duts)
}

fn one(finding: &Finding, terminal: &Terminal) -> String {
    let wrong = paint(terminal.color, ERROR, "misjudged:");
    let mut text = format!("{wrong} {} in {} of the DUTs\n", finding.choices.join(", "), finding.met);
    for case in &finding.cases {
        text.push_str(&format!("  {} is {}: {}\n", case.case, case.verdict, case.reason));
    }
    text + &entry(&finding.variant) + "\n"
}

/// Adds the variants that were found to a file.
pub(super) fn keep(path: &Path, explored: &Explored) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| {
        Failure::Rig(format!("cannot write {}: {error}; name a file in a folder that is writable", path.display()))
    };
    let entries: String = explored.findings.iter().map(|finding| entry(&finding.variant) + "\n").collect();
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).map_err(wrong)?;
    file.write_all(entries.as_bytes()).map_err(wrong)
}
