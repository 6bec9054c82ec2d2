//! What the cases of a catalogue cover: items, clauses, requirements; and what each case covers.

mod fields;
mod show;

use std::collections::BTreeMap;

use serde::Serialize;

pub use fields::FieldUse;

use crate::{Aim, Aims, Clause, ItemId, Level, Requirement, Tables};

/// What a case says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRef {
    /// Its name.
    pub case: String,
    /// The item whose folder it lies in.
    pub item: ItemId,
    /// Further items that it covers.
    pub covers: Vec<ItemId>,
    /// The places it cites: `DM_SC 7.1-6`, `DM-SC-GEN-14`, `DMNOTI 6.2`.
    pub spec: Vec<String>,
    /// What it gives the DUT to deal with.
    pub aim: Aim,
}

/// The coverage of the tables by some cases. [`Display`](std::fmt::Display) is the text for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Every item with its cases, those of DM_SC first.
    pub items: Vec<Covered<ItemId>>,
    /// Every clause with the cases that cite it, or one that says the same in detail.
    pub clauses: Vec<Covered<String>>,
    /// Every requirement with the cases that cite it, or one of its clauses. That a case lies under one of its items
    /// shows nothing of it.
    pub requirements: Vec<Covered<String>>,
    /// Every case with what it covers.
    pub cases: Vec<CaseCoverage>,
    /// Every field of a message with what the cases do with it; empty unless who has the cases fills it in.
    pub fields: Vec<FieldUse>,
    /// Names and citations that the tables do not have.
    pub unknown: Vec<Unknown>,
}

/// An entry of the tables and the cases on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Covered<I> {
    /// The entry.
    pub id: I,
    /// The cases, in their order, each once.
    pub cases: Vec<String>,
    /// How many of them have each aim.
    pub aims: Aims,
    /// Whether the entry is one that cases are expected for: not a permission, not a requirement that
    /// nothing in DM_SC 1.0 realises, and nothing that no case can show.
    pub expected: bool,
    /// Its key word; items have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// What it says, in own words.
    pub summary: String,
    /// Why no case can show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
}

/// A case and what it covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseCoverage {
    /// Its name.
    pub case: String,
    /// What it gives the DUT to deal with.
    pub aim: &'static str,
    /// Its items, that of its folder first; a topic is none.
    pub items: Vec<ItemId>,
    /// The clauses of DM_SC that it cites.
    pub clauses: Vec<String>,
    /// The requirements that it cites, and those that its clauses realise.
    pub requirements: Vec<String>,
    /// What it cites of other documents.
    pub elsewhere: Vec<String>,
}

impl<I> Covered<I> {
    /// Whether a MUST or MUST NOT has neither a case nor a reason.
    pub fn is_unexcused(&self) -> bool {
        self.expected && self.cases.is_empty() && matches!(self.level, Some(Level::Must | Level::MustNot))
    }
}

/// A name or citation of a case that the tables do not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The case.
    pub case: String,
    /// The name.
    pub name: String,
    /// The nearest that the tables have.
    pub nearest: Option<String>,
}

impl Coverage {
    /// The coverage of the tables by the cases.
    pub fn of(tables: &Tables, cases: &[CaseRef]) -> Self {
        let mut by_item: BTreeMap<&ItemId, Vec<String>> = BTreeMap::new();
        let mut by_place: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut unknown = Vec::new();
        let mut by_case = Vec::new();
        for case in cases {
            by_case.push(CaseCoverage::of(tables, case));
            for id in std::iter::once(&case.item).chain(&case.covers) {
                push(by_item.entry(id).or_default(), &case.case);
                if !tables.subjects().any(|known| known == id) {
                    let nearest = tables.nearest_subject(id.as_str()).map(ToString::to_string);
                    unknown.push(Unknown { case: case.case.clone(), name: id.to_string(), nearest });
                }
            }
            for citation in &case.spec {
                match place(tables, citation) {
                    Place::Known(id) => push(by_place.entry(id).or_default(), &case.case),
                    Place::Elsewhere => {}
                    Place::Unknown(nearest) => {
                        unknown.push(Unknown { case: case.case.clone(), name: citation.clone(), nearest });
                    }
                }
            }
        }
        let aim_of: BTreeMap<&str, Aim> = cases.iter().map(|case| (case.case.as_str(), case.aim)).collect();
        let aims = |cases: &[String]| {
            let mut aims = Aims::default();
            cases.iter().filter_map(|case| aim_of.get(case.as_str())).for_each(|aim| aims += *aim);
            aims
        };
        let items_of = |id: &ItemId| by_item.get(id).cloned().unwrap_or_default();
        let cases_of = |id: &str| by_place.get(id).cloned().unwrap_or_default();
        let of_clause = |clause: &Clause| {
            let mut cases = Vec::new();
            if clause.untested.is_none() {
                let ids = std::iter::once(&clause.id).chain(&clause.by);
                ids.flat_map(|id| cases_of(id)).for_each(|case| push(&mut cases, &case));
            }
            cases
        };
        let clause = |clause: &Clause| {
            let cases = of_clause(clause);
            Covered {
                id: clause.id.clone(),
                aims: aims(&cases),
                cases,
                expected: clause.level != Level::May && !clause.items.is_empty() && clause.untested.is_none(),
                level: Some(clause.level),
                summary: clause.summary.clone(),
                untested: clause.untested.clone(),
            }
        };
        let requirement = |requirement: &Requirement| {
            let mut all = cases_of(&requirement.id);
            let clauses = requirement.clauses.iter().filter_map(|id| tables.clause(id));
            clauses.flat_map(of_clause).for_each(|case| push(&mut all, &case));
            let realised = !requirement.items.is_empty() || !requirement.clauses.is_empty();
            let untested = requirement.untested.clone().or_else(|| of_all_clauses(tables, requirement));
            Covered {
                id: requirement.id.clone(),
                expected: realised && requirement.level != Level::May && (untested.is_none() || !all.is_empty()),
                aims: aims(&all),
                cases: all,
                level: Some(requirement.level),
                summary: requirement.summary.clone(),
                untested,
            }
        };
        Self {
            items: tables
                .ids()
                .map(|id| {
                    let cases = items_of(id);
                    Covered {
                        id: id.clone(),
                        aims: aims(&cases),
                        cases,
                        expected: true,
                        level: None,
                        summary: about(tables, id),
                        untested: None,
                    }
                })
                .collect(),
            clauses: tables.clauses().iter().map(clause).collect(),
            requirements: tables.requirements().iter().map(requirement).collect(),
            cases: by_case,
            fields: Vec::new(),
            unknown,
        }
    }
}

impl CaseCoverage {
    fn of(tables: &Tables, case: &CaseRef) -> Self {
        let mut found = Self {
            case: case.case.clone(),
            aim: case.aim.as_str(),
            items: std::iter::once(&case.item)
                .chain(&case.covers)
                .filter(|id| tables.topic(id.as_str()).is_none())
                .cloned()
                .collect(),
            clauses: Vec::new(),
            requirements: Vec::new(),
            elsewhere: Vec::new(),
        };
        for citation in &case.spec {
            match place(tables, citation) {
                Place::Known(id) if tables.clause(id).is_some() => push(&mut found.clauses, id),
                Place::Known(id) => push(&mut found.requirements, id),
                Place::Elsewhere | Place::Unknown(_) => push(&mut found.elsewhere, citation),
            }
        }
        for requirement in tables.requirements() {
            if requirement.clauses.iter().any(|clause| found.clauses.contains(clause)) {
                push(&mut found.requirements, &requirement.id);
            }
        }
        found
    }
}

/// Why no case can show a requirement of whose clauses none can be shown.
fn of_all_clauses(tables: &Tables, requirement: &Requirement) -> Option<String> {
    let untested = |id: &String| tables.clause(id)?.untested.as_deref();
    let mut reasons: Vec<&str> = requirement.clauses.iter().map(untested).collect::<Option<_>>()?;
    reasons.dedup();
    (!reasons.is_empty()).then(|| reasons.join(" "))
}

/// What an item is about, in own words where its document was not readable.
fn about(tables: &Tables, id: &ItemId) -> String {
    let own = tables.item(id.as_str()).map(|item| item.function.clone());
    own.or_else(|| tables.external_item(id.as_str()).map(|item| item.what.clone())).unwrap_or_default()
}

enum Place<'a> {
    /// A clause or requirement of the tables.
    Known(&'a str),
    /// Another document, or a section of DM_SC as a whole.
    Elsewhere,
    /// Meant to be one of the tables; the nearest there is.
    Unknown(Option<String>),
}

fn place<'a>(tables: &'a Tables, citation: &str) -> Place<'a> {
    let words: Vec<&str> = citation.split_whitespace().collect();
    // What follows the place is a remark: `DM_SC 7.1-14 "in any case"`.
    let cited = match words.as_slice() {
        ["DM_SC", section, ..] => format!("DM_SC {section}"),
        [first, ..] => (*first).to_owned(),
        [] => return Place::Unknown(None),
    };
    if let Some(clause) = tables.clause(&cited) {
        return Place::Known(&clause.id);
    }
    if let Some(requirement) = tables.requirement(&cited) {
        return Place::Known(&requirement.id);
    }
    let of_ours = cited.starts_with("DM_SC-") || cited.starts_with("DM-SC-");
    let section = cited.strip_prefix("DM_SC ");
    let numbered =
        section.is_some_and(|section| section.starts_with(|c: char| c.is_ascii_digit()) && section.contains('-'));
    if of_ours || numbered {
        let wanted = cited.replace("DM_SC ", "DM_SC-");
        let clauses = tables.clauses().iter().map(|clause| clause.id.as_str());
        let all = clauses.chain(tables.requirements().iter().map(|requirement| requirement.id.as_str()));
        return Place::Unknown(dmsc_doc::nearest(&wanted, all).map(str::to_owned));
    }
    Place::Elsewhere
}

fn push(cases: &mut Vec<String>, case: &str) {
    if !cases.iter().any(|known| known == case) {
        cases.push(case.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(name: &str, item: &str, covers: &[&str], spec: &[&str]) -> CaseRef {
        CaseRef {
            case: name.into(),
            item: item.parse().unwrap(),
            covers: covers.iter().map(|id| id.parse().unwrap()).collect(),
            spec: spec.iter().map(ToString::to_string).collect(),
            aim: Aim::Positive,
        }
    }

    fn cases_of<'a, I: PartialEq<&'a str>>(all: &[Covered<I>], id: &'a str) -> Vec<String> {
        all.iter().find(|entry| entry.id == id).unwrap().cases.clone()
    }

    #[test]
    fn cases_count_for_items_clauses_and_requirements() {
        let coverage = Coverage::of(
            Tables::builtin(),
            &[
                case("a", "DM_SC-D-003-M", &["DM_SC-D-003-M", "SCWS-ME-001"], &["DM_SC 7.1-6", "TS 102 223 8.88"]),
                case("b", "DM_SC-S-001-M", &[], &["DM_SC 7.1-14 \"in any case\"", "DM-SC-GEN-21"]),
            ],
        );
        assert_eq!(cases_of(&coverage.items, "DM_SC-D-003-M"), ["a"]);
        assert_eq!(cases_of(&coverage.items, "SCWS-ME-001"), ["a"]);
        assert_eq!(cases_of(&coverage.items, "DM_SC-C-001-M"), Vec::<String>::new());
        assert_eq!(cases_of(&coverage.clauses, "DM_SC-7.1-14"), ["b"]);
        assert_eq!(cases_of(&coverage.requirements, "DM-SC-GEN-13"), ["a"]);
        assert_eq!(cases_of(&coverage.requirements, "DM-SC-GEN-14"), Vec::<String>::new(), "no clause of it was cited");
        assert_eq!(cases_of(&coverage.requirements, "DM-SC-GEN-21"), ["b"]);
        assert_eq!(coverage.unknown, []);
    }

    #[test]
    fn what_is_about_a_topic_counts_for_no_item() {
        let coverage = Coverage::of(Tables::builtin(), &[case("a", "bootstrap", &[], &["DMBOOT 5.4"])]);
        assert_eq!((coverage.cases[0].items.as_slice(), coverage.unknown.as_slice()), (&[][..], &[][..]));
        assert!(coverage.items.iter().all(|item| item.cases.is_empty()));
    }

    #[test]
    fn unknown_names_are_told_with_the_nearest() {
        let cases =
            [case("a", "DM_SC-D-003-O", &["HTTPS"], &["DM_SC 7.1-99", "DM_SC 7.1", "DM_SC B.2", "DM-SC-GEN-41"])];
        let coverage = Coverage::of(Tables::builtin(), &cases);
        let names: Vec<&str> = coverage.unknown.iter().map(|unknown| unknown.name.as_str()).collect();
        assert_eq!(names, ["DM_SC-D-003-O", "HTTPS", "DM_SC 7.1-99", "DM-SC-GEN-41"]);
        assert_eq!(coverage.unknown[0].nearest.as_deref(), Some("DM_SC-D-003-M"));
        assert!(coverage.unknown[2].nearest.as_deref().is_some_and(|near| near.starts_with("DM_SC-7.1-")));
    }

    #[test]
    fn the_text_counts_what_is_expected() {
        let coverage = Coverage::of(
            Tables::builtin(),
            &[case("a", "DM_SC-D-003-M", &[], &["DM_SC 7.1-6"]), case("b", "DM_SC-D-003-M", &[], &["DM_SC-7.1-66"])],
        );
        insta::assert_snapshot!(coverage);
    }
}
