//! Brings a misjudged DUT down to the fewest choices that do it.

use dmsc_bench::fixtures::Fixtures;
use dmsc_language::case::Case;
use dmsc_scr::{Tables, Verdict};

use super::draw::Pick;
use super::{Candidate, Explore, Finding};
use crate::prove::suite::run;
use crate::prove::{Judged, ProveError, Unclean};

/// What is known of the causes so far.
pub(super) struct Shrinker<'a> {
    pub(super) what: &'a Explore<'a>,
    pub(super) fixtures: &'a Fixtures,
    pub(super) findings: Vec<Finding>,
}

impl Shrinker<'_> {
    /// Explains every case that misjudges a DUT, by what is known or by a new finding.
    pub(super) fn explain(&mut self, candidate: &Candidate<'_>, judged: &Judged) -> Result<(), ProveError> {
        let missed = !judged.items.is_empty();
        let open = judged.open.iter().filter(|open| missed && self.is_mandatory(open));
        let wrong: Vec<&Unclean> = judged.wrong.iter().chain(open).collect();
        let mut met: Vec<usize> = Vec::new();
        for unclean in wrong {
            let known = self.findings.iter().position(|finding| {
                finding.side == judged.side
                    && finding.picks.iter().all(|pick| candidate.picks.iter().any(|own| own.named() == pick.named()))
                    && finding.cases.iter().any(|case| case.case == unclean.case)
            });
            let index = match known {
                Some(index) => index,
                None => self.shrink(candidate, unclean)?,
            };
            if !met.contains(&index) {
                met.push(index);
            }
        }
        for index in met {
            if let Some(finding) = self.findings.get_mut(index) {
                finding.met = finding.met.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Whether a case is one of those that a mandatory item needs.
    fn is_mandatory(&self, open: &Unclean) -> bool {
        let case = self.what.cases.iter().find(|case| case.name() == open.case);
        let item = case.and_then(|case| Tables::builtin().item(case.item.as_str()));
        item.is_some_and(dmsc_scr::Item::is_mandatory)
    }

    /// The fewest picks with which a case still misjudges a DUT; gives the place of the finding.
    fn shrink(&mut self, candidate: &Candidate<'_>, unclean: &Unclean) -> Result<usize, ProveError> {
        let mut picks: Vec<Pick> = candidate.picks.iter().filter(|pick| !pick.is_default()).cloned().collect();
        let mut size = picks.len().div_ceil(2);
        while size > 0 {
            let mut start = 0_usize;
            while start < picks.len() {
                let end = start.saturating_add(size).min(picks.len());
                let fewer: Vec<Pick> = picks.iter().take(start).chain(picks.iter().skip(end)).cloned().collect();
                if self.is_misjudged(candidate, &fewer, unclean)? {
                    picks = fewer;
                } else {
                    start = end;
                }
            }
            size /= 2;
        }
        let same = |finding: &Finding| finding.side == candidate.dut.kind.as_str() && finding.picks == picks;
        if let Some(index) = self.findings.iter().position(same) {
            if let Some(finding) = self.findings.get_mut(index) {
                finding.cases.push(unclean.clone());
            }
            return Ok(index);
        }
        let number = self.findings.len().saturating_add(1);
        self.findings.push(Finding {
            side: candidate.dut.kind.as_str().to_owned(),
            choices: picks
                .iter()
                .map(|pick| {
                    let (choice, alternative) = pick.named();
                    format!("{choice}: {alternative}")
                })
                .collect(),
            cases: vec![unclean.clone()],
            met: 0,
            variant: self.what.variant(&format!("explored-{}-{number}", self.what.seed), candidate.dut, &picks),
            picks,
        });
        Ok(number.saturating_sub(1))
    }

    /// Whether a case still comes to such a verdict on a DUT with these picks.
    fn is_misjudged(&self, candidate: &Candidate<'_>, picks: &[Pick], unclean: &Unclean) -> Result<bool, ProveError> {
        let variant = self.what.variant("shrunk", candidate.dut, picks);
        let dut = variant.of(candidate.dut)?;
        let case: Vec<Case> = self.what.cases.iter().filter(|case| case.name() == unclean.case).cloned().collect();
        let outcomes = run(&dut, &case, self.what.bundle, self.fixtures, self.what.seed);
        let open = unclean.verdict == Verdict::Inconclusive.as_str();
        let may_be_open = open && variant.inconclusive.iter().any(|one| one.names(&unclean.case));
        let alike = |found: Unclean| (found.verdict == Verdict::Inconclusive.as_str()) == open;
        Ok(!may_be_open && outcomes.not(Verdict::Pass).any(alike))
    }
}
