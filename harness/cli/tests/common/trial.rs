//! What `cargo test` makes of a case and of the whole; shared by the suite and by the test that holds it against the exit
//! code and JUnit.

use dmsc_report::matrix::{Gates, Matrix};
use dmsc_runner::run::Finished;
use dmsc_scr::{Gate, Unshown};
use libtest_mimic::{Completion, Failed};

/// The end of the test of a case.
pub(crate) fn completion(gate: Gate, finished: &Finished) -> Result<Completion, Failed> {
    let text = match (&finished.reason, finished.outcome.as_str()) {
        (reason, outcome) if reason.is_empty() => outcome.to_owned(),
        (reason, outcome) => format!("{outcome}: {reason}"),
    };
    match gate {
        Gate::Passed => Ok(Completion::Completed),
        Gate::Skipped => Ok(Completion::ignored_with(text)),
        Gate::Unshown | Gate::Failed | Gate::Broken => {
            let clause = finished.decisive.as_ref().and_then(|check| check.clause.clone());
            Err(Failed::from(text + &clause.map(|clause| format!(" [{clause}]")).unwrap_or_default()))
        }
    }
}

/// What no single case shows; a text where it keeps the gate shut. `all` says whether every case was given a chance.
pub(crate) fn verdict_of_the_whole(matrix: &Matrix, all: bool, unshown: Unshown) -> Result<(), String> {
    let gates = matrix.gates(unshown);
    if gates.nothing_ran {
        return Err(Gates::NOTHING_RAN.to_owned());
    }
    let items = gates.items.iter().filter(|_| all);
    let lines: Vec<String> = items
        .map(|item| {
            let words = item.cell.words();
            format!("{}: {} is {words}: {}", item.dut.name, item.row.item, item.cell.reasons.join("; "))
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}
