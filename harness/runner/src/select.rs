//! Which cases run against a DUT, and for each that does not, why.

use std::fmt;

use dmsc_scr::{ItemId, LeftOut, NotApplicable, NotRun, Outcome, Status, Tables};
use serde_json::Value;

use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Offers;
use dmsc_engine::role::Role;
use dmsc_language::case::Case;
use dmsc_language::dut::{Dut, Secrets};

/// What a person chose to run. Empty, it chooses everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Items; a case belongs to the item of its folder and to those it covers. Any of them.
    pub items: Vec<String>,
    /// Prefixes of case names. Any of them.
    pub cases: Vec<String>,
    /// The role the harness plays.
    pub role: Option<Role>,
    /// A further condition, with its text.
    pub expression: Option<(String, Condition)>,
    /// One part of several: this one, counted from 1, of so many.
    pub shard: Option<(usize, usize)>,
}

/// A condition over cases: `item:`, `case:`, `covers:` and `role:` with patterns, `claimed`, `mandatory`, joined by
/// `and`, `or`, `not` and parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The item of the folder matches the pattern (`*` is any text).
    Item(String),
    /// The case's name matches.
    Case(String),
    /// An item it covers matches.
    Covers(String),
    /// The role the harness plays.
    Role(String),
    /// The DUT's statement claims the item.
    Claimed,
    /// The item is mandatory.
    Mandatory,
    /// All hold.
    And(Vec<Condition>),
    /// One holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

/// Why a condition cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{message} at column {column}; a condition is made of item:PATTERN, case:PATTERN, covers:PATTERN, role:card, role:terminal, claimed, mandatory, and, or, not and parentheses"
)]
pub struct ConditionError {
    /// What is wrong.
    pub message: String,
    /// Where, counted from 1.
    pub column: usize,
}

impl Condition {
    /// Reads a condition. `and` binds tighter than `or`; `not` tightest.
    ///
    /// # Errors
    /// [`ConditionError`] with the column.
    pub fn parse(text: &str) -> Result<Condition, ConditionError> {
        let mut parser = Parser { tokens: tokens(text), at: 0, end: text.chars().count() };
        let condition = parser.any()?;
        match parser.peek() {
            None => Ok(condition),
            Some((column, word)) => Err(ConditionError { message: format!("`{word}` is one too many"), column }),
        }
    }

    /// Whether a case meets the condition for a DUT.
    pub fn holds(&self, case: &Case, dut: &Dut) -> bool {
        match self {
            Condition::Item(pattern) => matches(pattern, case.item.as_str()),
            Condition::Case(pattern) => matches(pattern, &case.name()),
            Condition::Covers(pattern) => case.covers.iter().any(|item| matches(pattern, item.as_str())),
            Condition::Role(role) => case.role.as_str() == role,
            Condition::Claimed => dut.ics.claims(case.item.as_str()) == Some(true),
            Condition::Mandatory => case.item.status() == Some(Status::Mandatory),
            Condition::And(all) => all.iter().all(|c| c.holds(case, dut)),
            Condition::Or(any) => any.iter().any(|c| c.holds(case, dut)),
            Condition::Not(inner) => !inner.holds(case, dut),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, &'a str)>,
    at: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<(usize, &'a str)> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|(_, token)| token == word);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn any(&mut self) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.all()?];
        while self.take("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Condition::Or))
    }

    fn all(&mut self) -> Result<Condition, ConditionError> {
        let mut parts = vec![self.one()?];
        while self.take("and") {
            parts.push(self.one()?);
        }
        Ok(single(parts, Condition::And))
    }

    fn one(&mut self) -> Result<Condition, ConditionError> {
        if self.take("not") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.any()?;
            if self.take(")") {
                return Ok(inner);
            }
            let column = self.peek().map_or(self.end.saturating_add(1), |(column, _)| column);
            return Err(ConditionError { message: "a `)` is missing".into(), column });
        }
        let Some((column, word)) = self.peek() else {
            return Err(ConditionError {
                message: "a condition is missing".into(),
                column: self.end.saturating_add(1),
            });
        };
        self.at = self.at.saturating_add(1);
        match word.split_once(':') {
            Some(("item", pattern)) => Ok(Condition::Item(pattern.into())),
            Some(("case", pattern)) => Ok(Condition::Case(pattern.into())),
            Some(("covers", pattern)) => Ok(Condition::Covers(pattern.into())),
            Some(("role", role @ ("card" | "terminal"))) => Ok(Condition::Role(role.into())),
            None if word == "claimed" => Ok(Condition::Claimed),
            None if word == "mandatory" => Ok(Condition::Mandatory),
            _ => Err(ConditionError { message: format!("`{word}` is not a condition"), column }),
        }
    }
}

fn single(mut parts: Vec<Condition>, join: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

/// Words and parentheses with their columns, counted from 1.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut word: Option<(usize, usize)> = None;
    let mut column = 0_usize;
    for (offset, c) in text.char_indices() {
        column = column.saturating_add(1);
        let ends = c.is_whitespace() || c == '(' || c == ')';
        if ends && let Some((start, at)) = word.take() {
            tokens.extend(text.get(start..offset).map(|w| (at, w)));
        }
        if c == '(' || c == ')' {
            tokens.extend(text.get(offset..offset.saturating_add(1)).map(|w| (column, w)));
        } else if !ends && word.is_none() {
            word = Some((offset, column));
        }
    }
    if let Some((start, at)) = word {
        tokens.extend(text.get(start..).map(|w| (at, w)));
    }
    tokens
}

/// Whether a text matches a pattern in which `*` stands for any text. Case does not matter.
pub fn matches(pattern: &str, text: &str) -> bool {
    fn inner(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|tail| inner(rest, tail))),
            Some((c, rest)) => {
                text.split_first().is_some_and(|(t, tail)| t.eq_ignore_ascii_case(c) && inner(rest, tail))
            }
        }
    }
    inner(pattern.as_bytes(), text.as_bytes())
}

impl Selection {
    /// Whether nothing was chosen, so that everything runs.
    pub fn is_everything(&self) -> bool {
        *self == Selection::default()
    }

    /// By which choice a case is left out, if it is.
    fn refuses(&self, case: &Case, dut: &Dut, index: usize) -> Option<LeftOut> {
        let short = |item: &ItemId, wanted: &str| {
            // `C-001` and `DM_SC-C-001` stand for `DM_SC-C-001-M`.
            let id = item.as_str();
            id.eq_ignore_ascii_case(wanted)
                || id.strip_suffix("-M").or(id.strip_suffix("-O")).is_some_and(|stem| {
                    stem.eq_ignore_ascii_case(wanted)
                        || stem.strip_prefix("DM_SC-").is_some_and(|s| s.eq_ignore_ascii_case(wanted))
                })
        };
        if !self.items.is_empty() {
            let belongs =
                |wanted: &String| short(&case.item, wanted) || case.covers.iter().any(|item| short(item, wanted));
            if !self.items.iter().any(belongs) {
                return Some(LeftOut::Item);
            }
        }
        let name = case.name();
        let stem = name.strip_prefix("DM_SC-").unwrap_or(&name);
        if !self.cases.is_empty()
            && !self.cases.iter().any(|p| name.starts_with(p.as_str()) || stem.starts_with(p.as_str()))
        {
            return Some(LeftOut::Case);
        }
        if self.role.is_some_and(|role| role != case.role) {
            return Some(LeftOut::Role);
        }
        if self.expression.as_ref().is_some_and(|(_, e)| !e.holds(case, dut)) {
            return Some(LeftOut::Condition);
        }
        match self.shard {
            Some((this, of)) if of > 0 && index % of != this.saturating_sub(1) => Some(LeftOut::Shard { this, of }),
            _ => None,
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return f.write_str("all");
        }
        let mut parts = Vec::new();
        if !self.items.is_empty() {
            parts.push(format!("items {}", self.items.join(", ")));
        }
        if !self.cases.is_empty() {
            parts.push(format!("cases {}", self.cases.join(", ")));
        }
        if let Some(role) = self.role {
            parts.push(format!("role {}", role.as_str()));
        }
        if let Some((text, _)) = &self.expression {
            parts.push(format!("where {text}"));
        }
        if let Some((this, of)) = self.shard {
            parts.push(format!("shard {this}/{of}"));
        }
        f.write_str(&parts.join("; "))
    }
}

/// Whether a case runs against a DUT: `None` when it does, else the outcome it has without running.
///
/// `index` is the place of the case among those of the DUT's role; shards are dealt by it.
pub fn decide(
    case: &Case,
    dut: &Dut,
    selection: &Selection,
    index: usize,
    person: bool,
    tables: &Tables,
) -> Option<Outcome> {
    selection
        .refuses(case, dut, index)
        .map(|by| Outcome::NotRun(NotRun::NotSelected(by)))
        .or_else(|| not_applicable(case, dut, tables).map(Outcome::NotApplicable))
        .or_else(|| {
            let missing = case.acts().into_iter().find(|act| !person && !DutFileOperator::can(dut, act))?;
            Some(Outcome::NotRun(NotRun::NoOperator { act: missing.to_owned() }))
        })
}

/// Why a case does not concern a DUT.
fn not_applicable(case: &Case, dut: &Dut, tables: &Tables) -> Option<NotApplicable> {
    let needed = std::iter::once(&case.item).chain(&case.claims);
    if let Some(item) = needed.into_iter().find(|item| dut.ics.claims(item.as_str()) != Some(true)) {
        return Some(NotApplicable::NotClaimed(item.clone()));
    }
    for (id, wanted) in &case.when {
        let default = || tables.interpretation(id).map(|i| i.default.clone());
        let chosen = dut.interpretations.get(id).cloned().or_else(default);
        if chosen.as_ref() != Some(wanted) {
            return Some(NotApplicable::OtherReading { id: id.clone() });
        }
    }
    let ixit = dut.ixit.to_json(Secrets::Hidden);
    for (name, wanted) in &case.ixit {
        let value = ixit.get(name).and_then(Value::as_str).unwrap_or_default();
        if value != wanted {
            let (name, wanted, value) = (name.clone(), wanted.clone(), value.to_owned());
            return Some(NotApplicable::OtherIxit { name, wanted, value });
        }
    }
    let offers = Offers::of(dut);
    if case.needs_contact() && !offers.contact {
        return Some(NotApplicable::NoContact);
    }
    if case.needs_contact() && offers.streams {
        return Some(NotApplicable::ContactAlone);
    }
    if case.needs_notification() && !offers.notify {
        return Some(NotApplicable::NoNotification);
    }
    if case.role == Role::Card && case.setup.contains_key("encoding") && !offers.provision {
        return Some(NotApplicable::FixedEncoding);
    }
    if case.setup.contains_key("account") && !offers.provision {
        return Some(NotApplicable::FixedAccount);
    }
    let encoding = case.setup.get("encoding").and_then(Value::as_str);
    if let Some(wanted) = encoding.filter(|wanted| !offers.provision && *wanted != dut.ixit.encoding.name()) {
        let (wanted, declared) = (wanted.to_owned(), dut.ixit.encoding.name().to_owned());
        return Some(NotApplicable::OtherEncoding { wanted, declared });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_with_the_usual_precedence() {
        let parsed = Condition::parse("item:DM_SC-C-* and not (case:*/x or claimed) or mandatory").unwrap();
        let inner = Condition::Or(vec![Condition::Case("*/x".into()), Condition::Claimed]);
        let left = Condition::And(vec![Condition::Item("DM_SC-C-*".into()), Condition::Not(Box::new(inner))]);
        assert_eq!(parsed, Condition::Or(vec![left, Condition::Mandatory]));
    }

    #[test]
    fn errors_say_where() {
        let column = |text| Condition::parse(text).unwrap_err();
        assert_eq!(column("item:x and").column, 11);
        assert_eq!(column("(claimed").message, "a `)` is missing");
        let wrong = column("claimed or itm:x");
        assert_eq!((wrong.column, wrong.message.as_str()), (12, "`itm:x` is not a condition"));
        assert_eq!(column("claimed claimed").message, "`claimed` is one too many");
        assert!(Condition::parse("role:phone").is_err());
    }

    #[test]
    fn patterns_match_whole_texts() {
        assert!(matches("dm_sc-c-*", "DM_SC-C-001-M"));
        assert!(matches("*001*", "DM_SC-C-001-M"));
        assert!(!matches("C-001", "DM_SC-C-001-M"));
        assert!(matches("*", ""));
    }
}
