//! What a case requires of its DUT, watched for in the DUT's own messages while the case runs.

use dmsc_engine::event::Event;
use dmsc_engine::messages::Kind;
use dmsc_engine::template::Template;
use dmsc_language::case::{Case, Seen};
use dmsc_language::variables::{self, Scope, VariableError};
use dmsc_scr::NotApplicable;

/// What the messages of a DUT have to show for a case to apply to it.
pub(crate) struct Watch<'a>(Vec<Watched<'a>>);

struct Watched<'a> {
    kind: &'static Kind,
    filter: Option<Template>,
    matching: Template,
    why: &'a str,
}

impl<'a> Watch<'a> {
    /// What a case requires, names put in.
    ///
    /// # Errors
    /// [`VariableError`] for a name without a value.
    pub(crate) fn of(case: &'a Case, scope: &Scope) -> Result<Watch<'a>, VariableError> {
        let watched = |seen: &'a Seen| {
            let template = |value| variables::template(value, scope, seen.kind.fields);
            Ok::<_, VariableError>(Watched {
                kind: seen.kind,
                filter: seen.filter.as_ref().map(template).transpose()?,
                matching: template(&seen.matching)?,
                why: &seen.why,
            })
        };
        Ok(Watch(case.requires.seen.iter().map(watched).collect::<Result<_, _>>()?))
    }

    /// Why the case does not concern the DUT, if this message shows that. A message that cannot be read shows nothing.
    pub(crate) fn look(&self, event: &Event) -> Option<NotApplicable> {
        if !event.heard {
            return None;
        }
        let counts = |one: &&Watched<'_>| {
            one.kind.takes(&event.kind)
                && !event.is_malformed()
                && one.filter.as_ref().is_none_or(|filter| filter.accepts(&event.fields))
        };
        let lacking = self.0.iter().filter(counts).find(|one| !one.matching.accepts(&event.fields))?;
        Some(NotApplicable::NotOffered { why: lacking.why.to_owned() })
    }
}
