//! A statement that says what was seen.

use std::collections::BTreeMap;

use dmsc_scr::{DutKind, ItemId, ItemRef, Tables, Ternary};

use super::{Audit, Audited, shown};

/// An answer, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Yes or no; none where nothing could be seen.
    pub claimed: Option<bool>,
    /// What it rests on, in a line.
    pub why: String,
}

/// The answers that what was seen of a DUT calls for: the mandatory items are claimed, an optional one if it was shown
/// and what it requires is not denied. An item of another enabler is claimed where one that is claimed requires it.
pub fn answers(audit: &Audit, kind: DutKind, tables: &Tables) -> BTreeMap<ItemId, Answered> {
    let mut answers = BTreeMap::new();
    for item in tables.items().iter().filter(|item| kind.classes().contains(&item.class)) {
        let seen = audit.items.iter().find(|one| one.item == item.id);
        answers.insert(item.id.clone(), answer(item.is_mandatory(), seen));
    }
    while let Some((id, needed)) = unfounded(&answers, tables) {
        let why = format!("it requires {needed}, and that is not there");
        answers.insert(id, Answered { claimed: Some(false), why });
    }
    let claimed = |answers: &BTreeMap<ItemId, Answered>, wanted: Option<bool>| {
        let those = answers.iter().filter(|(_, answered)| answered.claimed == wanted);
        those.flat_map(|(id, _)| tables.closure(id.as_str())).collect::<Vec<_>>()
    };
    let (required, open) = (claimed(&answers, Some(true)), claimed(&answers, None));
    for id in kind.items(tables) {
        let rests = |claimed, why: &str| Answered { claimed, why: why.to_owned() };
        answers.entry(id.clone()).or_insert_with(|| match (required.contains(&id), open.contains(&id)) {
            (true, _) => rests(Some(true), "what is claimed requires it"),
            (false, true) => rests(None, "what requires it is open"),
            (false, false) => rests(Some(false), "nothing that is claimed requires it"),
        });
    }
    answers
}

/// An optional item that is not denied though what it requires is, and what that is. Each that is found is denied, so
/// there is an end.
fn unfounded(answers: &BTreeMap<ItemId, Answered>, tables: &Tables) -> Option<(ItemId, ItemId)> {
    let value = |item: &ItemRef| match answers.get(&item.key()).and_then(|answered| answered.claimed) {
        Some(true) => Ternary::True,
        Some(false) => Ternary::False,
        None => Ternary::Unknown,
    };
    let open = tables.items().iter().filter(|item| {
        !item.is_mandatory() && answers.get(&item.id).is_some_and(|answered| answered.claimed != Some(false))
    });
    open.filter_map(|item| Some((item, item.requirement.as_ref()?))).find_map(|(item, requirement)| {
        let denied = requirement.refs().into_iter().find(|one| value(one) == Ternary::False)?.key();
        (requirement.eval(&value) == Ternary::False).then(|| (item.id.clone(), denied))
    })
}

fn answer(mandatory: bool, seen: Option<&Audited>) -> Answered {
    let evidence = seen.map(|one| one.evidence.as_slice()).unwrap_or_default();
    let shown = shown(evidence);
    let trace = evidence.iter().find(|one| one.shows == shown);
    let why = trace.map(|one| format!("{}, in {}", one.what, one.case));
    match (mandatory, shown) {
        (true, Some(false)) => {
            let why = why.unwrap_or_default();
            Answered { claimed: Some(true), why: format!("mandatory, though: {why}") }
        }
        (true, _) => Answered { claimed: Some(true), why: why.unwrap_or_else(|| "mandatory; nothing shows it".into()) },
        (false, claimed) => Answered { claimed, why: why.unwrap_or_else(|| "nothing in the run could show it".into()) },
    }
}
