//! When a session is at rest.

use std::time::Duration;

/// A session is over when nothing has come for so long after the last step of its case, and at the latest after the
/// second time.
pub(crate) const QUIET: Duration = Duration::from_secs(1);
pub(crate) const END: Duration = Duration::from_secs(30);
