//! What a step was found to be, and what that means for the verdict.

use std::rc::Rc;
use std::time::Duration;

use dmsc_engine::event::Event;
use dmsc_engine::messages::{Catalogue, Kind};
use dmsc_engine::player::Delivery;
use dmsc_engine::template::{Matched, Mismatch, Template, Weight};
use dmsc_language::case::{Level, Step, StepKind};
use dmsc_report::journal::{Check, CheckVerdict, Level as RecordedLevel, Mark, Octets};
use dmsc_scr::Verdict;
use serde_json::Value;

use crate::execute::{Executor, Stop};
use crate::missed::{Missed, is_refused, is_unreadable, unreadable};
use crate::notes::OF_CHECK;

/// What a step was found to be.
pub(crate) struct Finding {
    pub(crate) verdict: CheckVerdict,
    pub(crate) what: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) mismatch: Option<Mismatch>,
}

impl<'a> Executor<'a> {
    /// The window ended without the message. What came in its place is told; that nothing came, only when nothing did.
    /// `optional`: nothing obliges the DUT to send it.
    pub(crate) fn nothing_came(
        &mut self,
        step: &'a Step,
        what: &str,
        missed: Missed,
        optional: bool,
    ) -> Result<(), Stop> {
        self.last = None;
        let window = missed.window;
        if !self.session.is_alive() && self.stillness.told().is_none() {
            let reason = self.session.lifeless().to_owned();
            self.found(
                step,
                Finding {
                    verdict: CheckVerdict::Error,
                    what: what.into(),
                    expected: format!("within {}", seconds(window)),
                    got: reason.clone(),
                    mismatch: None,
                },
            );
            return Err(Stop::Verdict(Verdict::Error, reason));
        }
        let mut got = missed.told();
        if let Some(text) = self.session.unfinished() {
            got.push_str(&format!("; {text}"));
        }
        if let Some(text) = self.session.ended() {
            got.push_str(&format!("; the DUT's process has ended: {text}"));
        }
        let expected = format!("{what} within {}", seconds(window));
        let mismatch = missed.unreadable.as_ref().map(|_| Mismatch {
            path: "reason".into(),
            expected: expected.clone(),
            got: got.clone(),
            element: None,
        });
        let finding = Finding { verdict: CheckVerdict::Fail, what: what.into(), expected, got, mismatch };
        let doubt = match self.session.delivery() {
            Delivery::Failed(why) => Some(format!("what was to be followed was not delivered: {why}")),
            Delivery::Underway => {
                Some("what was to be followed was not delivered: the start-up did not come to its end".into())
            }
            _ if missed.unreadable.as_deref().is_some_and(is_refused) => {
                Some("the harness does not read such messages, though they may be right".into())
            }
            _ if missed.challenged > 0 && missed.unreadable.is_none() => Some(
                "credentials were asked for, and what is to be judged comes after them; the cases about credentials \
                 judge that"
                    .into(),
            ),
            _ if optional => Some("the DUT need not send it".into()),
            _ => None,
        };
        (self.last, self.marks) = (missed.unreadable, true);
        match doubt {
            None => self.miss(step, finding),
            Some(why) => self.unseen(step, finding, &why),
        }
    }

    /// A step was missed for a reason that shows nothing about the DUT's part in it.
    pub(crate) fn unseen(&mut self, step: &'a Step, mut finding: Finding, why: &str) -> Result<(), Stop> {
        let headline = format!("{}: expected {}, got {}; {why}", finding.what, finding.expected, finding.got);
        finding.verdict = CheckVerdict::Inconclusive;
        finding.got = format!("{}; {why}", finding.got);
        self.found(step, finding);
        if step.level == Level::Should && !self.options.strict {
            self.remarks.push(format!("should: {headline}"));
            return Ok(());
        }
        Err(Stop::Verdict(Verdict::Inconclusive, headline))
    }

    pub(crate) fn judge(
        &mut self,
        step: &'a Step,
        what: &str,
        template: Option<&Template>,
        matched: &Matched,
    ) -> Result<(), Stop> {
        for remark in &matched.remarks {
            self.remarks.push(format!("{what}: {remark}"));
        }
        let Some(first) = matched.mismatches.first() else {
            let scope = self.last.as_ref().map(|last| last.scope()).unwrap_or_default();
            let expected = template.map_or_else(|| what.to_owned(), |template| template.words(scope));
            let verdict =
                if matched.weight == Weight::Inconclusive { CheckVerdict::Inconclusive } else { CheckVerdict::Pass };
            let got = matched.remarks.first().cloned().unwrap_or_else(|| "as expected".into());
            self.found(step, Finding { verdict, what: what.into(), expected, got: got.clone(), mismatch: None });
            if verdict == CheckVerdict::Inconclusive {
                self.doubted = true;
                self.lower(Verdict::Inconclusive, format!("{what}: {got}"));
            }
            return Ok(());
        };
        if let Some(event) = self.last.clone().filter(|event| is_unreadable(event)) {
            let expected = template.map_or_else(|| what.to_owned(), ToString::to_string);
            let got = unreadable(&event);
            return self
                .miss(step, Finding { verdict: CheckVerdict::Fail, what: what.into(), expected, got, mismatch: None });
        }
        let more = matched.mismatches.len().saturating_sub(1);
        let also = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        // What the data of a VERIFY or the keys of an AUTHENTICATE were is for nobody to read.
        let secret =
            matches!(first.path.as_str(), "" | "data") && self.last.as_ref().is_some_and(|last| last.has_secrets());
        let found = if secret { "(secret)" } else { first.got.as_str() };
        let at = |text: &str| if first.path.is_empty() { text.to_owned() } else { format!("{}: {text}", first.path) };
        self.miss(
            step,
            Finding {
                verdict: CheckVerdict::Fail,
                what: what.into(),
                expected: at(&first.expected),
                got: format!("{}{also}", at(found)),
                mismatch: Some(first.clone()),
            },
        )
    }

    /// A step was missed: what that means depends on its level, on how sure the documents are, and on where it stands.
    pub(crate) fn miss(&mut self, step: &'a Step, mut finding: Finding) -> Result<(), Stop> {
        let still = self.stillness.told();
        if let Some(why) = &still {
            (finding.verdict, finding.got) = (CheckVerdict::Inconclusive, format!("{}; {why}", finding.got));
        }
        let headline = format!("{}: expected {}, got {}", finding.what, finding.expected, finding.got);
        if step.level == Level::Should && !self.options.strict {
            let remark = format!("should: {headline}");
            self.found(step, finding);
            self.remarks.push(remark);
            return Ok(());
        }
        let preamble = step.location.file != self.case.file;
        let part = self.last.as_ref().is_some_and(|event| event.fields.get("final") == Some(&Value::Bool(false)));
        if part && !self.case.joins_packages() && !self.case.is_about_messages() {
            return self.unseen(step, finding, "the package comes in several messages, and the case judges whole ones");
        }
        let readings = self.scope.readings();
        let (of_step, of_case) = (readings.other(&step.judged), readings.other(&self.case.judged));
        let (verdict, reason) = if self.in_control {
            (Verdict::Inconclusive, format!("the positive control failed: {headline}"))
        } else if preamble {
            (Verdict::Inconclusive, format!("the case could not be brought to its start: {headline}"))
        } else if let Some(other) = of_step.or_else(|| of_case.clone()) {
            self.remarks.push(format!("not judged, since {other}: {headline}"));
            self.observed(step, finding);
            return of_case.map_or(Ok(()), |other| Err(Stop::NotApplicable(other)));
        } else if !step.trust.can_fail() || !self.case.trust.can_fail() {
            self.doubted = true;
            let trust = if step.trust.can_fail() { self.case.trust } else { step.trust };
            (Verdict::Inconclusive, format!("{headline}; the demand is {}, so it cannot be a fail", trust.as_str()))
        } else if still.is_some() {
            (Verdict::Inconclusive, headline)
        } else {
            (Verdict::Fail, headline)
        };
        if verdict == Verdict::Inconclusive {
            finding.verdict = CheckVerdict::Inconclusive;
        }
        self.found(step, finding);
        Err(Stop::Verdict(verdict, reason))
    }

    /// Records a miss of what is not demanded under the readings in force.
    fn observed(&mut self, step: &'a Step, finding: Finding) {
        self.check_at(step, RecordedLevel::May, finding.verdict, move || finding);
    }

    pub(crate) fn lower(&mut self, verdict: Verdict, reason: String) {
        if verdict > self.worst {
            self.worst = verdict;
            self.reason = reason;
        }
    }

    /// Records a step that was met in full.
    pub(crate) fn passed(
        &mut self,
        step: &'a Step,
        kind: &'static Kind,
        filter: Option<Rc<Template>>,
        template: Option<Rc<Template>>,
    ) {
        self.check(step, CheckVerdict::Pass, move || {
            let what = describe(kind, filter.as_deref());
            let scope = Catalogue::get().scope(kind.fields);
            let expected = template.map_or_else(|| what.clone(), |template| template.words(scope));
            Finding { verdict: CheckVerdict::Pass, what, expected, got: "as expected".into(), mismatch: None }
        });
    }

    /// Records a check.
    pub(crate) fn found(&mut self, step: &'a Step, finding: Finding) {
        self.check(step, finding.verdict, move || finding);
    }

    pub(crate) fn check(&mut self, step: &'a Step, verdict: CheckVerdict, finding: impl FnOnce() -> Finding + 'a) {
        let level = match step.level {
            Level::Must => RecordedLevel::Must,
            Level::Should => RecordedLevel::Should,
        };
        self.check_at(step, level, verdict, finding);
    }

    fn check_at(
        &mut self,
        step: &'a Step,
        level: RecordedLevel,
        verdict: CheckVerdict,
        finding: impl FnOnce() -> Finding + 'a,
    ) {
        let event = self.last.clone().filter(|_| verdict != CheckVerdict::Pass);
        self.shown = self.shown.saturating_add(usize::from(verdict == CheckVerdict::Pass));
        let (case, number, marks) = (self.case, self.step, self.marks);
        let at_us = self.session.now().micros().saturating_sub(self.began.micros());
        self.notes.check(move |name, dut| {
            let Finding { verdict, what, expected, got, mismatch } = finding();
            let fits = hint_fits(step, verdict, event.as_deref(), mismatch.as_ref());
            let mark = match (&mismatch, &event) {
                (Some(mismatch), Some(event)) if marks && !event.has_secrets() => mark(event, mismatch),
                _ => None,
            };
            let whole = event.map(|event| event.without_secrets().octets.clone());
            let octets_in_all = whole.as_ref().map(Vec::len).filter(|length| *length > OF_CHECK);
            let octets = whole.map(|mut octets| {
                octets.truncate(OF_CHECK);
                Octets(octets)
            });
            let mark = mark.filter(|mark| octets_in_all.is_none() || mark.offset < OF_CHECK);
            Check {
                case: name,
                dut,
                step: number,
                at_us,
                verdict,
                level,
                what,
                expected,
                got,
                octets,
                octets_in_all,
                mark,
                clause: step.spec.clone().or_else(|| case.spec.first().cloned()),
                hint: step.hint.clone().filter(|_| fits),
                location: step.location.to_string(),
            }
        });
    }
}

/// Whether the hint of a step is about what was seen. What is met needs none; that of a `match` is about the fields of a
/// message, so there has to be one, and it has to be readable.
fn hint_fits(step: &Step, verdict: CheckVerdict, event: Option<&Event>, mismatch: Option<&Mismatch>) -> bool {
    let about_fields = matches!(&step.kind, StepKind::Expect(expect) if expect.matching.is_some());
    let readable = event.is_some_and(|event| !is_unreadable(event));
    verdict != CheckVerdict::Pass && (!about_fields || mismatch.is_some() && readable)
}

/// The octets of a message that a mismatch is about: those of the element that was missed, else of the field. Where it is
/// not there, the place is marked where what is around it ends, for that is where it belongs. `None` when no place can be
/// told.
fn mark(event: &Event, mismatch: &Mismatch) -> Option<Mark> {
    let spans = event.spans();
    let element = mismatch.element.as_ref().map(|element| format!("{}.{element}", mismatch.path));
    if let Some(octets) = element.as_ref().and_then(|path| spans.exact(path)) {
        return Some(Mark { offset: octets.start, length: octets.len() });
    }
    match spans.exact(&mismatch.path) {
        Some(list) if element.is_some() => Some(Mark { offset: list.end, length: 0 }),
        Some(octets) => Some(Mark { offset: octets.start, length: octets.len() }),
        None if mismatch.path.is_empty() => None,
        None if mismatch.is_absent() => spans.find(&mismatch.path).map(|around| Mark { offset: around.end, length: 0 }),
        None => {
            let around = spans.find(&mismatch.path).filter(|around| spans.own().as_ref() != Some(around))?;
            Some(Mark { offset: around.start, length: around.len() })
        }
    }
}

pub(crate) fn describe(kind: &Kind, filter: Option<&Template>) -> String {
    match filter {
        Some(filter) => format!("{} with {}", kind.name, filter.words(Catalogue::get().scope(kind.fields))),
        None => kind.name.clone().into_owned(),
    }
}

pub(crate) fn seconds(window: Duration) -> String {
    if window.subsec_millis() == 0 { format!("{} s", window.as_secs()) } else { format!("{} ms", window.as_millis()) }
}
