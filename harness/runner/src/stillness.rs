//! Whether the harness itself stood still while a case ran: a DUT that was left waiting may have given up.

use std::time::Duration;

use dmsc_link::stood_still;

use crate::judge::seconds;

/// From how long on it matters. For less the clock of the session stands still, too, and no DUT gives up so soon.
const MATTERS: Duration = Duration::from_secs(1);

/// How long the harness had stood still when the case began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stillness(Option<Duration>);

impl Stillness {
    /// At the beginning of a case; on a virtual clock nobody can be left waiting.
    pub(crate) fn new(is_virtual: bool) -> Stillness {
        Stillness((!is_virtual).then(stood_still))
    }

    /// What there is to say of it, if it matters for what the DUT did or left undone.
    pub(crate) fn told(self) -> Option<String> {
        let still = stood_still().saturating_sub(self.0?);
        // Tenths are enough.
        let tenths = u64::try_from(still.as_millis()).unwrap_or(u64::MAX) / 100;
        (still >= MATTERS).then(|| {
            format!("the harness stood still for {}", seconds(Duration::from_millis(tenths.saturating_mul(100))))
        })
    }
}
