//! Verdicts of items: what the cases of an item found, combined with what it requires.
//!
//! The cases of an item are those in its folder and those that cover it. Two conjunctions in Kleene's logic
//! decide: over its own cases (pass is true, fail is false, inconclusive and not run are unknown, not
//! applicable does not count), and its requirement over the *measured* verdicts of the items it names, never
//! over what the statement declares. A named item that the statement denies is false.
//!
//! | own cases | no requirement or true | unknown | false |
//! |---|---|---|---|
//! | one is an error | error | error | error |
//! | one failed | fail | fail | fail |
//! | none ran | not run | not run | fail |
//! | one inconclusive, or one not run | inconclusive | inconclusive | fail |
//! | all passed | pass | inconclusive | fail |
//!
//! The first line that applies holds. So an item of which no case ran is never a pass, however true its
//! requirement. Before the table:
//!
//! - an item that the DUT is not asked for is `not applicable`;
//! - an item that the statement denies is `not claimed`, whatever its cases found; the tally still shows it.
//!
//! As an operand of another item's requirement, a pass is true, a fail false, an item not claimed false, and
//! everything else unknown. The items an item names may name others; the tables have no circles.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Ics, Item, ItemId, Outcome, Tables, Ternary, Verdict};

/// What became of one case, as far as items are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The name of the case.
    pub case: String,
    /// The item whose folder the case lies in.
    pub item: ItemId,
    /// Further items that it covers.
    pub covers: Vec<ItemId>,
    /// What became of it.
    pub outcome: Outcome,
}

/// The verdict of an item and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemVerdict {
    /// The item.
    pub item: ItemId,
    /// Whether the statement claims it; none if the DUT is not asked for it.
    pub claimed: Option<bool>,
    /// The verdict.
    pub outcome: ItemOutcome,
    /// The item's own cases, counted.
    pub own: Tally,
    /// The requirement over the measured verdicts; none if the item has none or is not claimed.
    pub requirement: Option<Ternary>,
    /// Why the verdict is not a pass, the decisive reason first; for an item denied, what there is to know.
    pub reasons: Vec<String>,
}

/// What can be said of an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// It was tested.
    Verdict(Verdict),
    /// The statement claims it and no case of it ran, for the reason given: it is only declared.
    NotRun(String),
    /// The statement denies it; the reason also says where the catalogue has no case anyway.
    NotClaimed(String),
    /// The DUT is not asked for it; the reason.
    NotApplicable(String),
}

/// The cases of an item by outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Inconclusive.
    pub inconclusive: usize,
    /// Broken by the harness or the rig.
    pub error: usize,
    /// Not called for by the statement, or about what the DUT does not offer.
    pub not_applicable: usize,
    /// Called for and not run.
    pub not_run: usize,
}

/// What the verdict of an item rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// A case of its own ran.
    Tested,
    /// The statement claims it, and nothing more is known.
    Declared,
    /// Neither.
    None,
}

/// The verdict of every item of the tables, those of DM_SC first, in the order of the tables.
///
/// `measured` holds every case of the catalogue, those that are not applicable or did not run included, so
/// that an item without a case can be told from one whose cases were left out.
pub fn item_verdicts(tables: &Tables, ics: &Ics, measured: &[Measured]) -> Vec<ItemVerdict> {
    let mut judge = Judge { tables, ics, own: own_cases(measured), found: BTreeMap::new() };
    let ids: Vec<&ItemId> = tables.ids().collect();
    for id in &ids {
        judge.judge(id);
    }
    ids.into_iter().filter_map(|id| judge.found.remove(id)).collect()
}

impl ItemVerdict {
    /// What the verdict rests on: tested and only declared never look alike.
    pub fn evidence(&self) -> Evidence {
        match (self.own.ran(), self.claimed) {
            (1.., _) => Evidence::Tested,
            (0, Some(true)) => Evidence::Declared,
            _ => Evidence::None,
        }
    }
}

impl ItemOutcome {
    /// The verdict, if the item has one.
    pub fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Verdict(verdict) => Some(*verdict),
            _ => None,
        }
    }

    /// The words used in reports, without the reason.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Verdict(verdict) => verdict.as_str(),
            Self::NotRun(_) => "not run",
            Self::NotClaimed(_) => "not claimed",
            Self::NotApplicable(_) => "not applicable",
        }
    }

    /// Why there is no verdict.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Verdict(_) => None,
            Self::NotRun(reason) | Self::NotClaimed(reason) | Self::NotApplicable(reason) => Some(reason),
        }
    }

    /// The value as an operand of a requirement.
    pub fn as_operand(&self) -> Ternary {
        match self {
            Self::Verdict(Verdict::Pass) => Ternary::True,
            Self::Verdict(Verdict::Fail) | Self::NotClaimed(_) => Ternary::False,
            Self::Verdict(Verdict::Inconclusive | Verdict::Error) | Self::NotRun(_) | Self::NotApplicable(_) => {
                Ternary::Unknown
            }
        }
    }
}

impl fmt::Display for ItemOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.as_str()),
            None => f.pad(self.as_str()),
        }
    }
}

impl Tally {
    /// Counts one more case.
    pub fn add(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Verdict(Verdict::Pass) => &mut self.pass,
            Outcome::Verdict(Verdict::Fail) => &mut self.fail,
            Outcome::Verdict(Verdict::Inconclusive) => &mut self.inconclusive,
            Outcome::Verdict(Verdict::Error) => &mut self.error,
            Outcome::NotApplicable(_) => &mut self.not_applicable,
            Outcome::NotRun(_) => &mut self.not_run,
        };
        *counter = counter.saturating_add(1);
    }

    /// How many cases ran.
    pub fn ran(&self) -> usize {
        [self.pass, self.fail, self.inconclusive, self.error].into_iter().fold(0, usize::saturating_add)
    }

    /// How many cases there are.
    pub fn total(&self) -> usize {
        self.ran().saturating_add(self.not_applicable).saturating_add(self.not_run)
    }
}

/// The cases of each item, each once.
fn own_cases(measured: &[Measured]) -> BTreeMap<&ItemId, Vec<&Measured>> {
    let mut own: BTreeMap<&ItemId, Vec<&Measured>> = BTreeMap::new();
    for case in measured {
        own.entry(&case.item).or_default().push(case);
        for (index, id) in case.covers.iter().enumerate() {
            if *id != case.item && !case.covers.iter().take(index).any(|earlier| earlier == id) {
                own.entry(id).or_default().push(case);
            }
        }
    }
    own
}

struct Judge<'a> {
    tables: &'a Tables,
    ics: &'a Ics,
    own: BTreeMap<&'a ItemId, Vec<&'a Measured>>,
    found: BTreeMap<ItemId, ItemVerdict>,
}

impl Judge<'_> {
    /// Judges an item, after the items that its requirement names.
    fn judge(&mut self, id: &ItemId) -> Ternary {
        if let Some(verdict) = self.found.get(id) {
            return verdict.outcome.as_operand();
        }
        let cases = self.own.get(id).cloned().unwrap_or_default();
        let mut own = Tally::default();
        cases.iter().for_each(|case| own.add(&case.outcome));
        let claimed = self.ics.claims(id.as_str());
        let (outcome, requirement, reasons) = match claimed {
            None => {
                let kind = self.ics.dut().kind;
                (ItemOutcome::NotApplicable(format!("a {kind} is not asked for it")), None, Vec::new())
            }
            Some(false) => (not_claimed(&own), None, found_all_the_same(&cases)),
            Some(true) => {
                let (requirement, unmet) = self.requirement(id);
                let (outcome, mut reasons) = combine(&cases, &own, requirement);
                if outcome.verdict() != Some(Verdict::Pass) {
                    reasons.extend(unmet);
                }
                (outcome, requirement, reasons)
            }
        };
        let operand = outcome.as_operand();
        let verdict = ItemVerdict { item: id.clone(), claimed, outcome, own, requirement, reasons };
        self.found.insert(id.clone(), verdict);
        operand
    }

    /// The requirement of an item over measured verdicts, and the named items that keep it from being true.
    fn requirement(&mut self, id: &ItemId) -> (Option<Ternary>, Vec<String>) {
        let tables = self.tables;
        let Some(expr) = tables.item(id.as_str()).and_then(|item: &Item| item.requirement.as_ref()) else {
            return (None, Vec::new());
        };
        let values: BTreeMap<ItemId, Ternary> =
            expr.refs().into_iter().map(|name| (name.key(), self.judge(&name.key()))).collect();
        let value = expr.eval(&|name| values.get(&name.key()).copied().unwrap_or(Ternary::Unknown));
        let mut unmet = Vec::new();
        if value != Ternary::True {
            for (id, _) in values.iter().filter(|(_, value)| **value != Ternary::True) {
                unmet.extend(self.found.get(id).map(|found| format!("requires {id}, which is {}", found.outcome)));
            }
        }
        (Some(value), unmet)
    }
}

/// The table of the module text, and the reasons that the item's own cases give.
fn combine(cases: &[&Measured], own: &Tally, requirement: Option<Ternary>) -> (ItemOutcome, Vec<String>) {
    let with = |wanted: fn(&Outcome) -> bool| -> Vec<String> {
        let cases = cases.iter().filter(|case| wanted(&case.outcome));
        cases.map(|case| format!("{}: {}", case.case, case.outcome)).collect()
    };
    let verdict = |wanted: Verdict, reasons| (ItemOutcome::Verdict(wanted), reasons);
    let required = requirement.unwrap_or(Ternary::True);
    if own.error > 0 {
        verdict(Verdict::Error, with(|outcome| outcome.verdict() == Some(Verdict::Error)))
    } else if own.fail > 0 || required == Ternary::False {
        verdict(Verdict::Fail, with(|outcome| outcome.verdict() == Some(Verdict::Fail)))
    } else if own.ran() == 0 {
        (ItemOutcome::NotRun(why_none_ran(cases)), Vec::new())
    } else if own.inconclusive > 0 || own.not_run > 0 {
        let open = |outcome: &Outcome| matches!(outcome, Outcome::Verdict(Verdict::Inconclusive) | Outcome::NotRun(_));
        verdict(Verdict::Inconclusive, with(open))
    } else if required == Ternary::Unknown {
        verdict(Verdict::Inconclusive, Vec::new())
    } else {
        verdict(Verdict::Pass, Vec::new())
    }
}

/// Why an item has no case that ran: the reasons of its cases, each once, those not run first.
fn why_none_ran(cases: &[&Measured]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let not_run = cases.iter().filter(|case| matches!(case.outcome, Outcome::NotRun(_)));
    let not_applicable = cases.iter().filter(|case| matches!(case.outcome, Outcome::NotApplicable(_)));
    for reason in not_run.chain(not_applicable).filter_map(|case| case.outcome.reason()) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() { NO_CASE.to_owned() } else { reasons.join("; ") }
}

fn not_claimed(own: &Tally) -> ItemOutcome {
    let said = "the statement says no";
    ItemOutcome::NotClaimed(if own.total() == 0 { format!("{said}; {NO_CASE}") } else { said.to_owned() })
}

/// What cases of an item not claimed found: it decides nothing, and it is worth knowing.
fn found_all_the_same(cases: &[&Measured]) -> Vec<String> {
    let ran = cases.iter().filter(|case| case.outcome.verdict().is_some());
    ran.map(|case| format!("not claimed, yet {}: {}", case.case, case.outcome)).collect()
}

const NO_CASE: &str = "no case";

#[cfg(test)]
mod tests {
    use dmsc_doc::Source;
    use proptest::prelude::*;

    use super::*;
    use crate::{DutKind, Expr, LeftOut, NotApplicable, NotRun};

    /// A statement on a terminal: everything yes but the items given.
    fn ics(denied: &[&str]) -> Ics {
        let mut text = String::from("ics: 1\ndut: { name: T, kind: terminal }\nanswers:\n");
        for id in DutKind::Terminal.items(Tables::builtin()) {
            let answer = if denied.contains(&id.as_str()) { "no" } else { "yes" };
            text.push_str(&format!("  {id}: {answer}\n"));
        }
        Ics::parse(&Source::new("t.yaml", text), Tables::builtin()).unwrap_or_else(|error| panic!("{error}"))
    }

    fn case(name: &str, item: &str, covers: &[&str], outcome: impl Into<Outcome>) -> Measured {
        Measured {
            case: name.into(),
            item: item.parse().unwrap(),
            covers: covers.iter().map(|id| id.parse().unwrap()).collect(),
            outcome: outcome.into(),
        }
    }

    fn verdict_of(id: &str, ics: &Ics, measured: &[Measured]) -> ItemVerdict {
        item_verdicts(Tables::builtin(), ics, measured).into_iter().find(|found| found.item == *id).unwrap()
    }

    /// One case with the outcome for each item of the terminal, but for the items given.
    fn one_each(outcome: &Outcome, except: &[&str]) -> Vec<Measured> {
        let ids = DutKind::Terminal.items(Tables::builtin()).into_iter();
        let ids = ids.filter(|id| !except.contains(&id.as_str()));
        ids.map(|id| case(&format!("{id}/a"), id.as_str(), &[], outcome.clone())).collect()
    }

    #[test]
    fn a_declaration_alone_is_never_a_pass() {
        let all = item_verdicts(Tables::builtin(), &ics(&[]), &[]);
        assert_eq!(all.len(), 19 + 22);
        for found in &all {
            match found.claimed {
                Some(true) => {
                    assert_eq!(found.outcome, ItemOutcome::NotRun("no case".into()), "{}", found.item);
                    assert_eq!(found.evidence(), Evidence::Declared);
                }
                _ => {
                    assert_eq!(found.outcome.as_str(), "not applicable", "{}", found.item);
                    assert_eq!(found.evidence(), Evidence::None);
                }
            }
        }
    }

    #[test]
    fn passes_everywhere_make_every_item_pass() {
        for found in item_verdicts(Tables::builtin(), &ics(&[]), &one_each(&Verdict::Pass.into(), &[])) {
            if found.claimed == Some(true) {
                assert_eq!(found.outcome, Verdict::Pass.into(), "{}: {:?}", found.item, found.reasons);
                assert_eq!(found.evidence(), Evidence::Tested);
            }
        }
    }

    #[test]
    fn a_true_requirement_does_not_replace_cases_of_ones_own() {
        let measured = one_each(&Verdict::Pass.into(), &["DM_SC-D-003-M"]);
        let found = verdict_of("DM_SC-D-003-M", &ics(&[]), &measured);
        assert_eq!(found.requirement, Some(Ternary::True));
        assert_eq!(found.outcome.to_string(), "not run: no case");
    }

    #[test]
    fn a_failed_part_fails_all_that_require_it() {
        let mut measured = one_each(&Verdict::Pass.into(), &["DM-PRO-GAlert-C-006"]);
        measured.push(case("mark", "DM-PRO-GAlert-C-006", &[], Verdict::Fail));
        let found = verdict_of("DM_SC-C-006-O", &ics(&[]), &measured);
        assert_eq!(found.outcome, Verdict::Fail.into());
        assert_eq!(found.reasons, ["requires DM_SC-C-007-O, which is fail"]);
        let found = verdict_of("DM_SC-C-007-O", &ics(&[]), &measured);
        assert_eq!(found.reasons, ["requires DM-PRO-GAlert-C-006, which is fail"]);
    }

    #[test]
    fn an_unmeasured_part_leaves_the_item_inconclusive() {
        let measured = one_each(&Verdict::Pass.into(), &["SCWS-ME-001"]);
        let found = verdict_of("DM_SC-D-001-M", &ics(&[]), &measured);
        assert_eq!(found.outcome, Verdict::Inconclusive.into());
        assert_eq!(found.reasons, ["requires SCWS-ME-001, which is not run: no case"]);
    }

    #[test]
    fn covered_items_count_a_case_once() {
        let measured = [case("a", "DM_SC-C-002-O", &["SCR-DM-NOTI-C-003", "DM_SC-C-002-O"], Verdict::Pass)];
        let found = verdict_of("DM_SC-C-002-O", &ics(&[]), &measured);
        assert_eq!(found.own, Tally { pass: 1, ..Tally::default() });
        assert_eq!(found.outcome, Verdict::Pass.into());
        assert_eq!(verdict_of("SCR-DM-NOTI-C-003", &ics(&[]), &measured).own.pass, 1);
    }

    #[test]
    fn cases_left_out_are_told_apart_from_none() {
        let ics = ics(&[]);
        let not_run = |text: &str| Outcome::NotRun(NotRun::Recorded { code: None, text: text.into() });
        let measured = [
            case("a", "DM_SC-D-002-O", &[], Outcome::NotApplicable(NotApplicable::NoContact)),
            case("b", "DM_SC-D-002-O", &[], not_run("no SMS rig")),
            case("c", "DM_SC-D-002-O", &[], not_run("no SMS rig")),
        ];
        let found = verdict_of("DM_SC-D-002-O", &ics, &measured);
        assert_eq!(
            found.outcome.to_string(),
            "not run: no SMS rig; it needs the contact interface, which this link does not have"
        );
        let measured = [case("a", "DM_SC-D-002-O", &[], Verdict::Pass), measured[1].clone()];
        let found = verdict_of("DM_SC-D-002-O", &ics, &measured);
        assert_eq!(found.outcome, Verdict::Inconclusive.into());
        assert_eq!(found.reasons, ["b: not run: no SMS rig"]);
        let measured = [case("a", "DM_SC-D-002-O", &[], Outcome::NotApplicable(NotApplicable::ContactAlone))];
        assert_eq!(
            verdict_of("DM_SC-D-002-O", &ics, &measured).outcome.to_string(),
            "not run: it is about the contact interface alone, and on this link sessions go over EEM"
        );
    }

    #[test]
    fn what_is_not_claimed_is_said_so_whatever_ran() {
        let ics = ics(&["DM_SC-C-002-O"]);
        let found = verdict_of("DM_SC-C-002-O", &ics, &[]);
        assert_eq!(found.outcome.to_string(), "not claimed: the statement says no; no case");
        let measured = [case("a", "DM_SC-C-002-O", &[], Verdict::Fail)];
        let found = verdict_of("DM_SC-C-002-O", &ics, &measured);
        assert_eq!(found.outcome.to_string(), "not claimed: the statement says no");
        assert_eq!((found.own.fail, found.requirement), (1, None));
        assert_eq!(found.reasons, ["not claimed, yet a: fail"]);
    }

    #[test]
    fn an_error_outranks_a_fail() {
        let measured =
            [case("a", "DM_SC-D-002-O", &[], Verdict::Fail), case("b", "DM_SC-D-002-O", &[], Verdict::Error)];
        let found = verdict_of("DM_SC-D-002-O", &ics(&[]), &measured);
        assert_eq!(found.outcome, Verdict::Error.into());
        assert_eq!(found.reasons, ["b: error"]);
    }

    #[test]
    fn verdicts_survive_json() {
        let measured = one_each(&Verdict::Inconclusive.into(), &["DM_SC-D-002-O"]);
        let all = item_verdicts(Tables::builtin(), &ics(&["DM_SC-C-003-O"]), &measured);
        let json = serde_json::to_string(&all).unwrap();
        assert_eq!(serde_json::from_str::<Vec<ItemVerdict>>(&json).unwrap(), all);
    }

    impl From<Verdict> for ItemOutcome {
        fn from(verdict: Verdict) -> Self {
            Self::Verdict(verdict)
        }
    }

    fn any_outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            4 => Just(Outcome::Verdict(Verdict::Pass)),
            1 => Just(Outcome::Verdict(Verdict::Inconclusive)),
            1 => Just(Outcome::Verdict(Verdict::Fail)),
            1 => Just(Outcome::Verdict(Verdict::Error)),
            1 => Just(Outcome::NotApplicable(NotApplicable::NoContact)),
            1 => Just(Outcome::NotRun(NotRun::NotSelected(LeftOut::Case))),
        ]
    }

    /// Outcomes of cases of terminal items, each covering up to two more.
    fn any_measured() -> impl Strategy<Value = Vec<Measured>> {
        let ids = DutKind::Terminal.items(Tables::builtin());
        let id = prop::sample::select(ids);
        let case = (id.clone(), prop::collection::vec(id, 0..3), any_outcome());
        prop::collection::vec(case, 0..60).prop_map(|cases| {
            let numbered = cases.into_iter().enumerate();
            numbered
                .map(|(n, (item, covers, outcome))| Measured { case: format!("case{n}"), item, covers, outcome })
                .collect()
        })
    }

    /// Every way to make the unknowns of some conjuncts known.
    fn conjunction_by_enumeration(values: &[Ternary]) -> Ternary {
        let unknowns: Vec<usize> = (0..values.len()).filter(|&i| values[i] == Ternary::Unknown).collect();
        let mut seen = [false; 2];
        for bits in 0..1_usize << unknowns.len() {
            let value = |i: usize| match unknowns.iter().position(|&u| u == i) {
                Some(place) => bits >> place & 1 == 1,
                None => values[i] == Ternary::True,
            };
            seen[usize::from((0..values.len()).all(value))] = true;
        }
        match seen {
            [false, true] => Ternary::True,
            [true, false] => Ternary::False,
            _ => Ternary::Unknown,
        }
    }

    proptest! {
        #[test]
        fn verdicts_agree_with_kleene_logic_by_enumeration(measured in any_measured()) {
            let ics = ics(&["DM_SC-C-003-O", "DM_SC-D-002-O", "DM_SC-D-004-O"]);
            let all = item_verdicts(Tables::builtin(), &ics, &measured);
            let operand = |id: &ItemId| {
                let found = all.iter().find(|found| found.item == *id).unwrap();
                match (found.claimed, found.outcome.verdict()) {
                    (Some(true), Some(Verdict::Pass)) => Ternary::True,
                    (Some(true), Some(Verdict::Fail)) | (Some(false), _) => Ternary::False,
                    _ => Ternary::Unknown,
                }
            };
            for found in all.iter().filter(|found| found.claimed == Some(true)) {
                let own: Vec<&Outcome> = measured.iter()
                    .filter(|case| case.item == found.item || case.covers.contains(&found.item))
                    .map(|case| &case.outcome)
                    .collect();
                // The requirements of DM_SC are conjunctions, so their operands join those of the cases.
                let item = Tables::builtin().item(found.item.as_str());
                let required: Vec<Ternary> = item.and_then(|item| item.requirement.as_ref()).iter()
                    .flat_map(|expr: &&Expr| expr.refs())
                    .map(|name| operand(&name.key()))
                    .collect();
                let mut conjuncts: Vec<Ternary> = own.iter().filter_map(|outcome| match outcome {
                    Outcome::Verdict(Verdict::Pass) => Some(Ternary::True),
                    Outcome::Verdict(Verdict::Fail) => Some(Ternary::False),
                    Outcome::NotApplicable(_) => None,
                    _ => Some(Ternary::Unknown),
                }).collect();
                conjuncts.extend(required);
                let ran = own.iter().any(|outcome| outcome.verdict().is_some());
                let error = own.iter().any(|outcome| outcome.verdict() == Some(Verdict::Error));
                let expected = match (error, conjunction_by_enumeration(&conjuncts), ran) {
                    (true, _, _) => Some(Verdict::Error),
                    (_, Ternary::False, _) => Some(Verdict::Fail),
                    (_, _, false) => None,
                    (_, Ternary::Unknown, true) => Some(Verdict::Inconclusive),
                    (_, Ternary::True, true) => Some(Verdict::Pass),
                };
                prop_assert_eq!(found.outcome.verdict(), expected, "{}", found.item);
                prop_assert_eq!(found.own.total(), own.len());
                prop_assert!(found.outcome.verdict() == Some(Verdict::Pass)
                    || !found.reasons.is_empty() || found.outcome.reason().is_some(), "{}", found.item);
            }
        }
    }
}
