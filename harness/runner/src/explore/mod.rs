//! Looks for conforming DUTs that the cases misjudge, among combinations of choices that nobody has written down.
//!
//! Every DUT is drawn from the seed: an alternative of each choice that the documents leave, and values of the IXIT. One
//! that is failed is brought down to the fewest of them that still do it.

mod draw;
mod entry;
mod shrink;

use std::collections::BTreeMap;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::rig::RigError;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::Case;
use dmsc_language::dut::Dut;
use dmsc_language::variant::Variant;
use serde::Serialize;

use self::draw::{Pick, draw, everything};
pub use self::entry::entry;
use self::shrink::Shrinker;
use crate::prove::pool::each;
use crate::prove::suite::run;
use crate::prove::{Judged, ProveError, Unclean, judged};

/// Where to look.
#[derive(Debug)]
pub struct Explore<'a> {
    /// The reference DUTs, of which the drawn ones are variants, in turn.
    pub clean: &'a [Dut],
    /// The cases.
    pub cases: &'a [Case],
    /// What is written down: a drawn DUT that makes all the choices of a variant, and more, may leave open what that may.
    pub known: &'a [Variant],
    /// Where the fixtures are.
    pub bundle: &'a Bundle,
    /// What the draws follow from.
    pub seed: u64,
    /// How many DUTs are drawn.
    pub count: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Explored {
    /// How many DUTs were drawn.
    pub duts: usize,
    /// How many of them were misjudged.
    pub misjudged: usize,
    /// The causes, each once.
    pub findings: Vec<Finding>,
    /// How often each alternative of a choice, or value of the IXIT, was drawn.
    pub drawn: Vec<Drawn>,
}

/// A combination of choices that is misjudged.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The kind of DUT: `card` or `terminal`.
    pub side: String,
    /// The fewest choices that do it.
    pub choices: Vec<String>,
    /// The cases that misjudge it, as it was seen first.
    pub cases: Vec<Unclean>,
    /// In how many of the drawn DUTs it was met.
    pub met: usize,
    /// The same as a variant.
    #[serde(skip)]
    pub variant: Variant,
    #[serde(skip)]
    picks: Vec<Pick>,
}

/// How often something was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// The choice, or the value of the IXIT.
    pub choice: String,
    /// The alternative.
    pub alternative: String,
    /// How often.
    pub count: usize,
}

/// A DUT that was drawn.
struct Candidate<'a> {
    number: usize,
    dut: &'a Dut,
    picks: Vec<Pick>,
}

impl Explore<'_> {
    /// The variant of a DUT that has made these picks.
    fn variant(&self, id: &str, dut: &Dut, picks: &[Pick]) -> Variant {
        let mut variant = entry::variant(id, dut, picks);
        entry::go_along(&mut variant, self.known);
        let part = |known: &&Variant| entry::is_part(known, &variant);
        variant.inconclusive =
            self.known.iter().filter(part).flat_map(|known| known.inconclusive.iter().cloned()).collect();
        variant
    }
}

/// Draws DUTs and runs the cases against them, on all cores. `progress` is told how many of how many are done.
///
/// # Errors
/// [`ProveError`] when a fixture is wrong, or a drawn DUT contradicts itself.
pub fn explore(what: &Explore<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<Explored, ProveError> {
    let fixtures = Fixtures::load(what.bundle).map_err(RigError::from)?;
    let candidates: Vec<Candidate<'_>> = (0..what.count)
        .zip(what.clean.iter().cycle())
        .map(|(number, dut)| Candidate { number, dut, picks: draw(dut.kind, what.seed, number) })
        .collect();
    let judge = |candidate: &Candidate<'_>| -> Result<Judged, ProveError> {
        let id = format!("explored-{}-{}", what.seed, candidate.number);
        let variant = what.variant(&id, candidate.dut, &candidate.picks);
        let dut = variant.of(candidate.dut)?;
        let outcomes = run(&dut, what.cases, what.bundle, &fixtures, what.seed);
        // What may be left open need not be.
        Ok(Judged { needless: Vec::new(), ..judged(&variant, &dut, &outcomes) })
    };
    let all = each(&candidates, judge, progress);

    let mut explored =
        Explored { duts: candidates.len(), drawn: counted(&candidates, what.clean), ..Explored::default() };
    let mut shrinker = Shrinker { what, fixtures: &fixtures, findings: Vec::new() };
    for (candidate, judged) in candidates.iter().zip(all) {
        let judged = judged?;
        if !judged.is_right() {
            explored.misjudged = explored.misjudged.saturating_add(1);
            shrinker.explain(candidate, &judged)?;
        }
    }
    explored.findings = shrinker.findings;
    explored.findings.sort_by_key(|finding| std::cmp::Reverse(finding.met));
    Ok(explored)
}

/// How often everything was drawn that can be.
fn counted(candidates: &[Candidate<'_>], clean: &[Dut]) -> Vec<Drawn> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for candidate in candidates {
        for pick in &candidate.picks {
            let count = counts.entry(pick.named()).or_default();
            *count = count.saturating_add(1);
        }
    }
    let mut drawn: Vec<Drawn> = Vec::new();
    for pick in clean.iter().flat_map(|dut| everything(dut.kind)) {
        let (choice, alternative) = pick.named();
        let count = counts.get(&(choice.clone(), alternative.clone())).copied().unwrap_or_default();
        let row = Drawn { choice, alternative, count };
        if !drawn.contains(&row) {
            drawn.push(row);
        }
    }
    drawn
}
