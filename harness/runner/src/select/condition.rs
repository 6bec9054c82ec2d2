//! A condition over cases, as `--select` takes it.

use dmsc_engine::role::Role;
use dmsc_language::case::Head;
use dmsc_language::dut::Dut;
use dmsc_octets::glob;
use dmsc_scr::{Aim, Status};

/// A condition over cases: `item:`, `case:` and `covers:` with patterns, `role:`, `aim:`, `claimed`, `mandatory`, joined
/// by `and`, `or`, `not` and parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The item of the folder matches the pattern (`*` is any text).
    Item(String),
    /// The case's name matches.
    Case(String),
    /// An item it covers matches.
    Covers(String),
    /// The role the harness plays.
    Role(Role),
    /// What it gives the DUT to deal with.
    Aim(Aim),
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
    "{message} at column {column}; a condition is made of item:PATTERN, case:PATTERN, covers:PATTERN, role:card, role:terminal, aim:positive, aim:negative, aim:boundary, claimed, mandatory, and, or, not and parentheses"
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
    pub fn holds(&self, case: &Head, dut: &Dut) -> bool {
        match self {
            Condition::Item(pattern) => glob(pattern, case.item.as_str()),
            Condition::Case(pattern) => glob(pattern, &case.name),
            Condition::Covers(pattern) => case.covers.iter().any(|item| glob(pattern, item.as_str())),
            Condition::Role(role) => case.role == *role,
            Condition::Aim(aim) => case.aim == *aim,
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
        if let Some(aim) = word.strip_prefix("aim:").and_then(Aim::from_name) {
            return Ok(Condition::Aim(aim));
        }
        match word.split_once(':') {
            Some(("item", pattern)) => Ok(Condition::Item(pattern.into())),
            Some(("case", pattern)) => Ok(Condition::Case(pattern.into())),
            Some(("covers", pattern)) => Ok(Condition::Covers(pattern.into())),
            Some(("role", "card")) => Ok(Condition::Role(Role::Card)),
            Some(("role", "terminal")) => Ok(Condition::Role(Role::Terminal)),
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
        assert!(Condition::parse("aim:odd").is_err());
        assert_eq!(Condition::parse("aim:negative"), Ok(Condition::Aim(Aim::Negative)));
    }
}
