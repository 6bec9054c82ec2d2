//! Requirement expressions: AND, OR and parentheses over items (DM_SC appendix B, notation of the SCR rules).
//!
//! ```text
//! expr   := factor {"AND" factor} | factor {"OR" factor}
//! factor := ["NOT"] ( "(" expr ")" | ref )
//! ref    := ["[" document "]" ":"] name [":" SET]
//! name   := 1*( letter | digit | "_" | "-" )
//! ```
//!
//! No text that could be read defines a precedence, so a mix of AND and OR without parentheses is refused
//! rather than guessed. NOT is known only from memory of an older grammar: it parses, and
//! [`Expr::has_unverified`] tells.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{ItemId, Ternary};

/// Parentheses deeper than this are refused, so that no input can exhaust the stack.
pub const MAX_DEPTH: usize = 64;

/// A requirement expression. [`Display`](fmt::Display) writes the canonical text, which parses back to the
/// same value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr {
    /// One item, or one feature set.
    Item(ItemRef),
    /// All of them; two or more.
    And(Vec<Expr>),
    /// At least one of them; two or more.
    Or(Vec<Expr>),
    /// The contrary; unverified, see the module text.
    Not(Box<Expr>),
}

/// A name in an expression, with the document it is a name of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ItemRef {
    /// The document in brackets, such as `DMNOTI1.2`; none for an item of DM_SC itself.
    pub document: Option<String>,
    /// The item, or the feature that owns the set.
    pub name: ItemId,
    /// The feature set, if the whole of a document's class is meant.
    pub set: Option<FeatureSet>,
}

/// A feature set of another specification: every mandatory or optional feature of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeatureSet {
    /// `MCF`, mandatory client features.
    MandatoryClient,
    /// `OCF`, optional client features.
    OptionalClient,
    /// `MSF`, mandatory server features; from memory, unverified.
    MandatoryServer,
    /// `OSF`, optional server features; from memory, unverified.
    OptionalServer,
}

/// Why a text is no requirement expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (octet {offset})")]
pub struct ExprError {
    /// Octet offset of the offending text.
    pub offset: usize,
    /// Its length in octets; zero at the end of the text.
    pub length: usize,
    /// What is wrong.
    pub kind: ExprErrorKind,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExprErrorKind {
    /// Nothing but white space.
    #[error("the expression is empty; leave the requirement out if there is none")]
    Empty,
    /// AND and OR side by side.
    #[error("AND and OR are mixed and no rule says which binds first; add parentheses")]
    Mixed,
    /// Something else stands where an item has to.
    #[error("expected an item, `(` or NOT, found {0}")]
    ExpectedItem(String),
    /// Something else stands after a complete operand.
    #[error("expected AND, OR or the end, found {0}; the keywords are upper case")]
    ExpectedOperator(String),
    /// A parenthesis that is never closed.
    #[error("this `(` is never closed; add `)`")]
    Unclosed,
    /// A document in brackets that is malformed.
    #[error("a document prefix reads `[NAME]:`; {0}")]
    Document(&'static str),
    /// A suffix that is no feature set.
    #[error("{0:?} is not a feature set; MCF, OCF, MSF and OSF are")]
    Set(String),
    /// Parentheses nested beyond [`MAX_DEPTH`].
    #[error("parentheses are nested more than {MAX_DEPTH} deep; simplify the expression")]
    TooDeep,
}

impl Expr {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first deviation from the grammar of the module text, with its octet offset.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        if parser.peek().0 == Token::End {
            return Err(ExprError { offset: 0, length: 0, kind: ExprErrorKind::Empty });
        }
        let expr = parser.expr()?;
        match parser.next() {
            (Token::End, _) => Ok(expr),
            (token, span) => Err(span.error(ExprErrorKind::ExpectedOperator(token.to_string()))),
        }
    }

    /// The value under a valuation of the names, by Kleene's rules.
    pub fn eval(&self, value: &impl Fn(&ItemRef) -> Ternary) -> Ternary {
        match self {
            Self::Item(item) => value(item),
            Self::And(parts) => parts.iter().fold(Ternary::True, |all, part| all.and(part.eval(value))),
            Self::Or(parts) => parts.iter().fold(Ternary::False, |any, part| any.or(part.eval(value))),
            Self::Not(part) => !part.eval(value),
        }
    }

    /// Every name, left to right, repeated ones included.
    pub fn refs(&self) -> Vec<&ItemRef> {
        let mut refs = Vec::new();
        self.collect(&mut refs);
        refs
    }

    /// Whether the expression uses NOT, whose place in the notation is unverified.
    pub fn has_unverified(&self) -> bool {
        match self {
            Self::Item(_) => false,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(Self::has_unverified),
            Self::Not(_) => true,
        }
    }

    fn collect<'a>(&'a self, refs: &mut Vec<&'a ItemRef>) {
        match self {
            Self::Item(item) => refs.push(item),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(refs)),
            Self::Not(part) => part.collect(refs),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::And(_) | Self::Or(_) => write!(f, "({part})")?,
                    Self::Item(_) | Self::Not(_) => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Item(item) => item.fmt(f),
            Self::And(parts) => joined(f, parts, "AND"),
            Self::Or(parts) => joined(f, parts, "OR"),
            Self::Not(part) => match **part {
                Self::Item(_) => write!(f, "NOT {part}"),
                _ => write!(f, "NOT ({part})"),
            },
        }
    }
}

/// An expression is written as its canonical text.
impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ItemRef {
    /// The key of the name among answers and verdicts: the item itself, or `feature:SET`.
    pub fn key(&self) -> ItemId {
        match self.set {
            None => self.name.clone(),
            Some(set) => format!("{}:{}", self.name, set.as_str()).parse().unwrap_or_else(|_| self.name.clone()),
        }
    }
}

impl fmt::Display for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(document) = &self.document {
            write!(f, "[{document}]: ")?;
        }
        write!(f, "{}", self.name)?;
        match self.set {
            Some(set) => write!(f, ":{}", set.as_str()),
            None => Ok(()),
        }
    }
}

impl FeatureSet {
    /// All four.
    pub const ALL: [Self; 4] =
        [Self::MandatoryClient, Self::OptionalClient, Self::MandatoryServer, Self::OptionalServer];

    /// The word in the expression.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MandatoryClient => "MCF",
            Self::OptionalClient => "OCF",
            Self::MandatoryServer => "MSF",
            Self::OptionalServer => "OSF",
        }
    }
}

/// Octets `start..end` of the text.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn error(self, kind: ExprErrorKind) -> ExprError {
        ExprError { offset: self.start, length: self.end.saturating_sub(self.start), kind }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Bracket,
    Colon,
    Word(&'a str),
    Other(char),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::Bracket => f.write_str("`[`"),
            Self::Colon => f.write_str("`:`"),
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Other(c) => write!(f, "{c:?}"),
            Self::End => f.write_str("the end"),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn expr(&mut self) -> Result<Expr, ExprError> {
        let first = self.factor()?;
        let word = match self.peek().0 {
            Token::Word(word @ ("AND" | "OR")) => word,
            _ => return Ok(first),
        };
        let mut parts = vec![first];
        loop {
            match self.peek() {
                (Token::Word(next), _) if next == word => {
                    self.next();
                    parts.push(self.factor()?);
                }
                (Token::Word("AND" | "OR"), span) => return Err(span.error(ExprErrorKind::Mixed)),
                _ => break,
            }
        }
        Ok(if word == "AND" { Expr::And(parts) } else { Expr::Or(parts) })
    }

    fn factor(&mut self) -> Result<Expr, ExprError> {
        match self.peek() {
            (Token::Word("NOT"), _) => {
                self.next();
                Ok(Expr::Not(Box::new(self.operand()?)))
            }
            _ => self.operand(),
        }
    }

    fn operand(&mut self) -> Result<Expr, ExprError> {
        let (token, span) = self.next();
        match token {
            Token::Open => {
                if self.depth >= MAX_DEPTH {
                    return Err(span.error(ExprErrorKind::TooDeep));
                }
                self.depth += 1;
                let inner = self.expr()?;
                self.depth -= 1;
                match self.next() {
                    (Token::Close, _) => Ok(inner),
                    (Token::End, _) => Err(span.error(ExprErrorKind::Unclosed)),
                    (token, at) => Err(at.error(ExprErrorKind::ExpectedOperator(token.to_string()))),
                }
            }
            Token::Bracket => {
                let document = self.document(span)?;
                let (token, span) = self.next();
                self.item(Some(document), token, span)
            }
            _ => self.item(None, token, span),
        }
    }

    fn document(&mut self, bracket: Span) -> Result<String, ExprError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(length) = rest.find(']') else {
            return Err(bracket.error(ExprErrorKind::Document("the `]` is missing")));
        };
        let name = rest.get(..length).unwrap_or_default().trim();
        let whole = Span { start: bracket.start, end: self.at.saturating_add(length).saturating_add(1) };
        if name.is_empty() {
            return Err(whole.error(ExprErrorKind::Document("the name is empty")));
        }
        if name.contains(|c: char| c == '[' || c.is_control()) {
            return Err(whole.error(ExprErrorKind::Document("the name holds a bracket or a line break")));
        }
        self.at = whole.end;
        match self.next() {
            (Token::Colon, _) => Ok(name.to_owned()),
            (_, span) => Err(span.error(ExprErrorKind::Document("the `:` is missing"))),
        }
    }

    fn item(&mut self, document: Option<String>, token: Token<'a>, span: Span) -> Result<Expr, ExprError> {
        let expected = |token: Token<'_>| span.error(ExprErrorKind::ExpectedItem(token.to_string()));
        let name = match token {
            Token::Word(word) if !matches!(word, "AND" | "OR" | "NOT") => word.parse().map_err(|_| expected(token))?,
            _ => return Err(expected(token)),
        };
        let mut set = None;
        if self.peek().0 == Token::Colon {
            self.next();
            let (token, span) = self.next();
            let word = match token {
                Token::Word(word) => word.to_owned(),
                other => other.to_string(),
            };
            set = FeatureSet::ALL.into_iter().find(|set| set.as_str() == word);
            if set.is_none() {
                return Err(span.error(ExprErrorKind::Set(word)));
            }
        }
        Ok(Expr::Item(ItemRef { document, name, set }))
    }

    fn peek(&self) -> (Token<'a>, Span) {
        let text = self.text.get(self.at..).unwrap_or_default();
        let rest = text.trim_start();
        let start = self.at.saturating_add(text.len().saturating_sub(rest.len()));
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let (token, length) = match rest.chars().next() {
            None => (Token::End, 0),
            Some('(') => (Token::Open, 1),
            Some(')') => (Token::Close, 1),
            Some('[') => (Token::Bracket, 1),
            Some(':') => (Token::Colon, 1),
            Some(c) if word(c) => {
                let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
                (Token::Word(rest.get(..length).unwrap_or_default()), length)
            }
            Some(c) => (Token::Other(c), c.len_utf8()),
        };
        (token, Span { start, end: start.saturating_add(length) })
    }

    fn next(&mut self) -> (Token<'a>, Span) {
        let (token, span) = self.peek();
        self.at = span.end;
        (token, span)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Expr {
        Expr::parse(text).unwrap()
    }

    fn error(text: &str) -> (usize, ExprErrorKind) {
        let error = Expr::parse(text).unwrap_err();
        (error.offset, error.kind)
    }

    #[test]
    fn the_expressions_of_the_tables_parse() {
        assert_eq!(
            parse("([DMNOTI1.2]: SCR-DM-NOTI-C-001 AND [DMNOTI1.2]: SCR-DM-NOTI-C-002) \n     AND\n([DMPRO1.2]:DM-PRO-Session-C-001 AND [DMPRO1.2]: DM-PRO-Session-C-003)").to_string(),
            "([DMNOTI1.2]: SCR-DM-NOTI-C-001 AND [DMNOTI1.2]: SCR-DM-NOTI-C-002) AND \
             ([DMPRO1.2]: DM-PRO-Session-C-001 AND [DMPRO1.2]: DM-PRO-Session-C-003)"
        );
        assert_eq!(parse("([DMPRO1.2]: DM-PRO-Session-S-001)").to_string(), "[DMPRO1.2]: DM-PRO-Session-S-001");
        assert_eq!(parse("DM-PRO:MCF OR (A AND NOT B)").to_string(), "DM-PRO:MCF OR (A AND NOT B)");
    }

    #[test]
    fn three_operands_stay_three() {
        let expr = parse("A AND B AND C");
        assert!(matches!(&expr, Expr::And(parts) if parts.len() == 3));
        let without_c = |item: &ItemRef| Ternary::from(item.name != "C");
        assert_eq!(expr.eval(&without_c), Ternary::False);
    }

    #[test]
    fn not_binds_to_one_operand_and_is_told() {
        let expr = parse("NOT A AND B");
        assert!(expr.has_unverified());
        assert_eq!(expr.eval(&|item| Ternary::from(item.name == "B")), Ternary::True);
        assert_eq!(expr.eval(&|_| false.into()), Ternary::False);
        assert!(!parse("A AND B").has_unverified());
    }

    #[test]
    fn errors_are_located() {
        use ExprErrorKind::{Document, Empty, ExpectedItem, ExpectedOperator, Mixed, Set, TooDeep, Unclosed};
        assert_eq!(error("  \n "), (0, Empty));
        assert_eq!(error("A AND B OR C"), (8, Mixed));
        assert_eq!(error("A AND"), (5, ExpectedItem("the end".into())));
        assert_eq!(error("A AND OR"), (6, ExpectedItem("`OR`".into())));
        assert_eq!(error("A and B"), (2, ExpectedOperator("`and`".into())));
        assert_eq!(error("A AND (B"), (6, Unclosed));
        assert_eq!(error("A)"), (1, ExpectedOperator("`)`".into())));
        assert_eq!(error("A & B"), (2, ExpectedOperator("'&'".into())));
        assert_eq!(error("[DM"), (0, Document("the `]` is missing")));
        assert_eq!(error("[ ]: A"), (0, Document("the name is empty")));
        assert_eq!(error("[DM] A"), (5, Document("the `:` is missing")));
        assert_eq!(error("A:XYZ"), (2, Set("XYZ".into())));
        assert_eq!(error("NOT NOT A"), (4, ExpectedItem("`NOT`".into())));
        assert_eq!(error(&"(".repeat(10_000)), (MAX_DEPTH, TooDeep));
    }

    /// Any expression; NOT only if `not`.
    pub(crate) fn any_expr(names: &'static [&'static str], not: bool) -> impl Strategy<Value = Expr> {
        let leaf = prop::sample::select(names)
            .prop_map(|name| Expr::Item(ItemRef { document: None, name: name.parse().unwrap(), set: None }));
        leaf.prop_recursive(3, 12, 4, move |inner| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            let mut any = vec![parts.clone().prop_map(Expr::And).boxed(), parts.prop_map(Expr::Or).boxed()];
            if not {
                any.push(inner.prop_map(|part| Expr::Not(Box::new(part))).boxed());
            }
            prop::strategy::Union::new(any)
        })
    }

    const NAMES: &[&str] = &["A-C-001", "B-C-002", "C_X", "D4", "DM_SC-S-001-M"];

    /// The completions of a valuation: every way to make its unknowns known.
    fn completions(values: &[Ternary]) -> Vec<Vec<bool>> {
        values.iter().fold(vec![vec![]], |all, value| {
            let choices: &[bool] = match value.known() {
                Some(true) => &[true],
                Some(false) => &[false],
                None => &[false, true],
            };
            all.iter().flat_map(|prefix| choices.iter().map(move |&c| [prefix.as_slice(), &[c]].concat())).collect()
        })
    }

    fn two_valued(expr: &Expr, value: &dyn Fn(&str) -> bool) -> bool {
        match expr {
            Expr::Item(item) => value(item.name.as_str()),
            Expr::And(parts) => parts.iter().all(|part| two_valued(part, value)),
            Expr::Or(parts) => parts.iter().any(|part| two_valued(part, value)),
            Expr::Not(part) => !two_valued(part, value),
        }
    }

    fn ternary() -> impl Strategy<Value = Ternary> {
        prop::sample::select(vec![Ternary::False, Ternary::Unknown, Ternary::True])
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            expr in any_expr(NAMES, true),
            document in "[A-Z][A-Z0-9.]{0,8}",
            set in prop::option::of(prop::sample::select(FeatureSet::ALL.to_vec())),
        ) {
            let full = ItemRef { document: Some(document), name: "F-S-001".parse().unwrap(), set };
            let expr = Expr::And(vec![expr, Expr::Item(full)]);
            prop_assert_eq!(Expr::parse(&expr.to_string()), Ok(expr));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "[ A-C()\\[\\]:\\n]{0,40}|\\PC{0,40}|(A |AND |OR |NOT |\\( |\\) ){0,12}") {
            match Expr::parse(&text) {
                Ok(expr) => prop_assert_eq!(Expr::parse(&expr.to_string()), Ok(expr)),
                Err(error) => prop_assert!(error.offset.saturating_add(error.length) <= text.len()),
            }
        }

        /// Without NOT, Kleene's value is known exactly if every completion of the unknowns agrees on it.
        #[test]
        fn evaluation_agrees_with_every_completion(
            expr in any_expr(NAMES, false),
            values in prop::collection::vec(ternary(), NAMES.len()),
        ) {
            let place = |name: &str| NAMES.iter().position(|n| *n == name).unwrap();
            let kleene = expr.eval(&|item| values[place(item.name.as_str())]);
            let all: Vec<bool> =
                completions(&values).iter().map(|row| two_valued(&expr, &|name| row[place(name)])).collect();
            let expected = match (all.contains(&true), all.contains(&false)) {
                (true, false) => Ternary::True,
                (false, true) => Ternary::False,
                _ => Ternary::Unknown,
            };
            prop_assert_eq!(kleene, expected);
        }

        #[test]
        fn evaluation_over_known_values_is_two_valued(
            expr in any_expr(NAMES, true),
            values in prop::collection::vec(any::<bool>(), NAMES.len()),
        ) {
            let value = |name: &str| values[NAMES.iter().position(|n| *n == name).unwrap()];
            prop_assert_eq!(expr.eval(&|item| value(item.name.as_str()).into()), two_valued(&expr, &value).into());
        }
    }
}
