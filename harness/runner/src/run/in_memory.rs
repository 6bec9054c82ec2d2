//! A run that was not recorded, as the reports see it.

use std::path::Path;
use std::time::SystemTime;

use dmsc_report::RunFolder;
use dmsc_report::journal::{CaseStarted, Event, RunFinished, Timestamp};

use super::{Finished, RunConfig, RunError, header};

/// What came of the cases of a run, without the messages, which were not kept.
///
/// # Errors
/// [`RunError::Unrecorded`]: the clock is outside of what a journal can hold, or nothing was run.
pub fn in_memory(config: &RunConfig<'_>, finished: &[Finished]) -> Result<RunFolder, RunError> {
    let wrong = |cause: String| RunError::Unrecorded { cause };
    let started = Timestamp::try_from(SystemTime::now()).map_err(|error| wrong(error.to_string()))?;
    let mut events = Vec::new();
    for one in finished {
        let (case, dut) = (one.case.clone(), one.dut.clone());
        events.push(Event::CaseStarted(CaseStarted { case, dut, at_us: 0, gap: None }));
        events.extend(one.decisive.clone().map(Event::Check));
        events.push(one.event(0, false));
    }
    events.push(Event::RunFinished(RunFinished { interrupted: false, lines: None }));
    RunFolder::unrecorded(Path::new("not recorded"), &header(config, started), &events)
        .map_err(|error| wrong(error.to_string()))
}
