//! The verdicts of items for one DUT, from what its journal recorded.

use std::fmt::Write;

use dmsc_doc::Source;
use dmsc_scr::{Ics, ItemId, ItemOutcome, ItemVerdict, Measured, Outcome, Tables, Verdict, item_verdicts};

use super::{MatrixError, State};
use crate::folder::RunFolder;

/// The verdict of every item, in the order of the tables. Records of items that no table can name
/// are left out.
pub(super) fn judge(run: &RunFolder, dut: usize, tables: &Tables) -> Result<Vec<ItemVerdict>, MatrixError> {
    let ics = statement(run, dut, tables)?;
    let measured: Vec<Measured> = run
        .records
        .iter()
        .filter(|record| record.dut == dut)
        .filter_map(|record| {
            let case = run.case(record);
            Some(Measured {
                case: case.id.clone(),
                item: case.item.parse().ok()?,
                covers: case.covers.iter().filter_map(|item| item.parse().ok()).collect(),
                outcome: Outcome::from(&record.outcome),
            })
        })
        .collect();
    Ok(item_verdicts(tables, &ics, &measured))
}

/// The statement that the run rested on. It goes through the same checks again: the tables may be
/// others than those of the run, and then no verdict would mean what it says.
fn statement(run: &RunFolder, dut: usize, tables: &Tables) -> Result<Ics, MatrixError> {
    let header = &run.header.duts[dut];
    let kind = match header.kind {
        crate::journal::DutKind::Card => dmsc_scr::DutKind::Card,
        crate::journal::DutKind::Terminal => dmsc_scr::DutKind::Terminal,
    };
    let refused = |reason: String| MatrixError { dut: header.name.clone(), reason };
    let mut text = format!("ics: 1\ndut: {{ name: DUT, kind: {} }}\nanswers:\n", kind.as_str());
    for (item, yes) in &header.ics.answers {
        let item: ItemId = item.parse().map_err(|error| refused(format!("{error}")))?;
        // Writing to a String cannot fail. Names of items hold no quote.
        let _ = writeln!(text, "  \"{item}\": {}", if *yes { "yes" } else { "no" });
    }
    Ics::parse(&Source::new("ics", text), tables).map_err(|problems| refused(problems.to_string()))
}

impl From<&ItemOutcome> for State {
    fn from(outcome: &ItemOutcome) -> Self {
        match outcome {
            ItemOutcome::Verdict(Verdict::Pass) => Self::Pass,
            ItemOutcome::Verdict(Verdict::Inconclusive) => Self::Inconclusive,
            ItemOutcome::Verdict(Verdict::Fail) => Self::Fail,
            ItemOutcome::Verdict(Verdict::Error) => Self::Error,
            ItemOutcome::NotRun(_) => Self::DeclaredOnly,
            ItemOutcome::NotClaimed(_) => Self::NotClaimed,
            ItemOutcome::NotApplicable(_) => Self::NotBinding,
        }
    }
}
