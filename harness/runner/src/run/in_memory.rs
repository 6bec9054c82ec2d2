//! A run that was not recorded, as the reports see it.

use std::time::SystemTime;

use dmsc_report::RunFolder;
use dmsc_report::journal::{CaseStarted, Event, Timestamp};

use super::{Finished, RunConfig, RunError, header};

/// What came of the cases of a run, without the messages, which were not kept.
///
/// # Errors
/// [`RunError::Unrecorded`]: the clock is outside of what a journal can hold, or a result contradicts itself.
pub fn in_memory(config: &RunConfig<'_>, finished: &[Finished]) -> Result<RunFolder, RunError> {
    let wrong = |cause: String| RunError::Unrecorded { cause };
    let started = Timestamp::try_from(SystemTime::now()).map_err(|error| wrong(error.to_string()))?;
    let events = finished.iter().flat_map(|one| {
        let (case, dut) = (one.case.clone(), one.dut.clone());
        let started = Event::CaseStarted(CaseStarted { case, dut, at_us: 0, gap: None });
        [Some(started), one.decisive.as_deref().cloned().map(Event::Check), Some(one.event(0, false))]
            .into_iter()
            .flatten()
    });
    RunFolder::unrecorded(header(config, started), events).map_err(|error| wrong(error.to_string()))
}
