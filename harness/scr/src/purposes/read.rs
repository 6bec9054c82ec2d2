//! Reading and checking the test purposes.

use std::collections::{BTreeMap, BTreeSet};

use dmsc_doc::{Node, Problem, Problems, Source, nearest};
use serde::Deserialize;

use super::{Footing, Open, Purpose, Purposes, Reason, Standing};
use crate::{CaseRef, DutKind, ItemId, Reference, Tables};

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    item: String,
    seen: String,
    clause: String,
    trust: Footing,
    #[serde(default)]
    cases: Option<Vec<String>>,
    #[serde(default)]
    merged: Option<String>,
    #[serde(default)]
    none: Option<Open>,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    refs: Vec<Reference>,
}

impl Purposes {
    /// The purposes of some files, held against the tables and the cases there are.
    ///
    /// # Errors
    /// All that is wrong, file by file: the form, a name that stands twice, items and cases that do not exist, a case
    /// that plays the other role than the item asks for, an entry that has a reason beside its cases or neither.
    pub fn read(sources: &[Source], tables: &Tables, cases: &[CaseRef]) -> Result<Self, Vec<Problems>> {
        let mut reader = Reader { tables, cases: known(cases), seen: BTreeSet::new() };
        let mut purposes = Vec::new();
        let mut places = Vec::new();
        let mut wrong: Vec<Vec<Problem>> = Vec::new();
        for (at, source) in sources.iter().enumerate() {
            let mut problems = Vec::new();
            match dmsc_doc::parse(source) {
                Err(found) => problems.extend(found.problems),
                Ok(root) if root.items().is_empty() => {
                    problems.push(Problem::new(root.span, "this is no list of purposes").help("write `- id: ...`"));
                }
                Ok(root) => {
                    for node in root.items() {
                        let (purpose, found) = reader.purpose(node);
                        problems.extend(found);
                        if let Some(purpose) = purpose {
                            places.push((at, node.at("none.of").span, purpose.id.clone()));
                            purposes.push(purpose);
                        }
                    }
                }
            }
            wrong.push(problems);
        }
        let all = Self { all: purposes };
        for (at, span, id) in places {
            if let Some((message, help)) = all.duplicate(&id) {
                wrong[at].push(Problem::new(span, message).help(help));
            }
        }
        let mut found = Vec::new();
        for (source, problems) in sources.iter().zip(wrong) {
            found.extend(Problems::none_or(source, problems, ()).err());
        }
        if found.is_empty() { Ok(all) } else { Err(found) }
    }

    /// What is wrong with what a duplicate says that it is one of.
    fn duplicate(&self, id: &str) -> Option<(String, String)> {
        let Standing::None(open) = &self.get(id)?.standing else { return None };
        match (open.reason, open.of.as_deref()) {
            (Reason::Duplicate, None) => Some((
                format!("{id} is a duplicate, and does not say of what"),
                "add `of:` with the name of the other purpose".to_owned(),
            )),
            (Reason::Duplicate, Some(of)) => match self.get(of) {
                Some(other) if of != id && !matches!(&other.standing, Standing::None(open) if open.of.is_some()) => {
                    None
                }
                Some(_) => Some((
                    format!("{of}, of which {id} is a duplicate, is one itself"),
                    "name the purpose that is not a duplicate".to_owned(),
                )),
                None => Some((
                    format!("there is no purpose `{of}`"),
                    match nearest(of, self.all.iter().map(|purpose| purpose.id.as_str())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`dmsc scr purposes` shows all".to_owned(),
                    },
                )),
            },
            (_, Some(_)) => Some((
                format!("{id} names another purpose, and is no duplicate"),
                "write `reason: duplicate`, or leave `of` out".to_owned(),
            )),
            (_, None) => None,
        }
    }
}

/// The cases by the names that a purpose may use: those of the files and those of the instances.
fn known(cases: &[CaseRef]) -> BTreeMap<&str, Option<DutKind>> {
    let names = cases.iter().flat_map(|case| {
        let file = case.case.split('[').next().unwrap_or_default();
        [(file, DutKind::of(case.item.class())), (case.case.as_str(), DutKind::of(case.item.class()))]
    });
    names.collect()
}

struct Reader<'a> {
    tables: &'a Tables,
    cases: BTreeMap<&'a str, Option<DutKind>>,
    seen: BTreeSet<String>,
}

impl Reader<'_> {
    /// The purpose of a node, and what is wrong with it.
    fn purpose(&mut self, node: &Node) -> (Option<Purpose>, Vec<Problem>) {
        let written: Written = match node.read() {
            Ok(written) => written,
            Err(problems) => return (None, problems),
        };
        let mut problems = Vec::new();
        for key in ["id", "seen", "clause"] {
            if node.at(key).written().is_none_or(|text| text.trim().is_empty()) {
                problems.push(Problem::new(node.at(key).span, format!("`{key}` is empty")));
            }
        }
        if !self.seen.insert(written.id.clone()) {
            let problem = Problem::new(node.at("id").span, format!("two purposes are called `{}`", written.id));
            problems.push(problem.help("give one of them another name"));
        }
        let item = self.item(node, &written.item, &mut problems);
        let standing = self.standing(node, &written, item.as_ref(), &mut problems);
        let (Some(item), Some(standing)) = (item, standing) else { return (None, problems) };
        let Written { id, seen, clause, trust, note, refs, .. } = written;
        let seen = seen.trim_end().to_owned();
        (Some(Purpose { id, item, seen, clause, trust, standing, note, refs }), problems)
    }

    fn item(&self, node: &Node, item: &str, problems: &mut Vec<Problem>) -> Option<ItemId> {
        let known = self.tables.subjects().find(|id| id.as_str() == item).cloned();
        if known.is_none() {
            let problem = Problem::new(node.at("item").span, format!("`{item}` is no SCR item and no topic"));
            problems.push(match self.tables.nearest_subject(item) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`dmsc scr list --external` shows all items"),
            });
        }
        known
    }

    fn standing(
        &self,
        node: &Node,
        written: &Written,
        item: Option<&ItemId>,
        problems: &mut Vec<Problem>,
    ) -> Option<Standing> {
        let at = node.entry("id").map_or(node.span, |entry| entry.value.span);
        let before = problems.len();
        let named = written.cases.iter().flatten().chain(&written.merged);
        let nodes = node.get("cases").map(Node::items).unwrap_or_default().iter().chain(node.get("merged"));
        for (name, place) in named.zip(nodes) {
            self.case(name, place, item, problems);
        }
        let standing = match (&written.cases, &written.merged, &written.none) {
            (Some(cases), None, None) if cases.is_empty() => {
                let problem = Problem::new(node.at("cases").span, "no case is named");
                problems.push(problem.help("name one, or write `none` with a reason"));
                None
            }
            (Some(cases), None, None) => Some(Standing::Cases(cases.clone())),
            (None, Some(case), None) => Some(Standing::Merged(case.clone())),
            (None, None, Some(open)) => {
                if open.why.trim().is_empty() {
                    problems.push(Problem::new(node.at("none.why").span, "a reason without a sentence"));
                }
                Some(Standing::None(open.clone()))
            }
            (None, None, None) => {
                let problem = Problem::new(at, format!("{} does not say where it stands", written.id));
                problems.push(problem.help("add `cases`, `merged`, or `none` with a reason"));
                None
            }
            (_, _, Some(_)) => {
                let problem = Problem::new(node.at("none").span, "a reason stands beside cases");
                problems.push(problem.label("cases see it").help("remove `none`, or the cases"));
                None
            }
            _ => {
                let problem = Problem::new(node.at("merged").span, "`merged` stands beside `cases`");
                problems.push(problem.help("keep one of them"));
                None
            }
        };
        standing.filter(|_| problems.len() == before)
    }

    fn case(&self, name: &str, place: &Node, item: Option<&ItemId>, problems: &mut Vec<Problem>) {
        match self.cases.get(name) {
            None => {
                let problem = Problem::new(place.span, format!("there is no case `{name}`"));
                problems.push(match nearest(name, self.cases.keys().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("`dmsc cases list` shows all"),
                });
            }
            Some(kind) => {
                let wanted = item.map(|item| DutKind::of(item.class()));
                if let (Some(Some(wanted)), Some(kind)) = (wanted, kind)
                    && wanted != *kind
                {
                    let problem = Problem::new(place.span, format!("`{name}` is a case for a {kind}"));
                    problems.push(problem.label(format!("the item is one of a {wanted}")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<CaseRef> {
        let case = |case: &str, item: &str| CaseRef {
            case: case.into(),
            item: item.parse().unwrap(),
            covers: Vec::new(),
            spec: Vec::new(),
            aim: crate::Aim::Positive,
        };
        vec![
            case("DM_SC-C-001-M/session-id[1]", "DM_SC-C-001-M"),
            case("DM_SC-C-001-M/session-id[A5]", "DM_SC-C-001-M"),
            case("DM_SC-S-001-M/sequence", "DM_SC-S-001-M"),
        ]
    }

    fn read(texts: &[&str]) -> Result<Purposes, String> {
        let sources: Vec<Source> =
            texts.iter().enumerate().map(|(at, text)| Source::new(format!("{at}.yaml"), *text)).collect();
        Purposes::read(&sources, Tables::builtin(), &cases())
            .map_err(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    /// An entry of one line with these further keys.
    fn entry(id: &str, rest: &str) -> String {
        format!("- {{ id: {id}, item: DM_SC-C-001-M, seen: Seen., clause: DM_SC 7.1, trust: stated, {rest} }}\n")
    }

    #[test]
    fn purposes_are_read_with_where_they_stand() {
        let first = entry("A-1", "cases: [\"DM_SC-C-001-M/session-id[A5]\"], note: Half of it.")
            + &entry("A-2", "merged: DM_SC-C-001-M/session-id, refs: [{ body: ETCS, id: 5.2.1 }]");
        let second = entry("A-3", "none: { reason: duplicate, of: A-1, why: The same. }")
            + &entry("A-4", "none: { reason: no-text, why: Nothing asks for it. }");
        let purposes = read(&[&first, &second]).unwrap();
        let shown: Vec<String> =
            purposes.all().iter().map(|purpose| format!("{}: {}", purpose.id, purpose.standing)).collect();
        assert_eq!(
            shown,
            [
                "A-1: DM_SC-C-001-M/session-id[A5]",
                "A-2: within DM_SC-C-001-M/session-id",
                "A-3: duplicate of A-1",
                "A-4: no text obliges"
            ]
        );
        assert_eq!(purposes.get("A-2").unwrap().refs[0].to_string(), "ETCS 5.2.1");
        let of = |case: &str| purposes.of_case(case).map(|one| one.id.as_str()).collect::<Vec<_>>().join(" ");
        assert_eq!(of("DM_SC-C-001-M/session-id[A5]"), "A-1 A-2");
        assert_eq!(of("DM_SC-C-001-M/session-id[1]"), "A-2");
        assert_eq!(of("DM_SC-C-001-M/session-id-2"), "");
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let text = [
            entry("A-1", "cases: [DM_SC-C-001-M/sesion-id]"),
            entry("A-1", "merged: DM_SC-S-001-M/sequence"),
            entry("A-2", "cases: [DM_SC-C-001-M/session-id], none: { reason: no-text, why: Nothing. }"),
            entry("A-3", "cases: []"),
            entry("A-4", "note: Nothing else."),
            entry("A-5", "none: { reason: duplicate, of: A-9, why: The same. }"),
            entry("A-6", "none: { reason: duplicate, why: The same. }"),
            entry("A-7", "none: { reason: no-txt, why: Nothing. }"),
            entry("A-8", "cases: [DM_SC-C-001-M/session-id]").replace("C-001-M, seen", "C-001-O, seen"),
        ]
        .concat();
        insta::assert_snapshot!(read(&[&text, "{}"]).unwrap_err());
    }
}
