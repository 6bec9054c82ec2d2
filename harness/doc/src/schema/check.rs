//! Comparing a document with a schema.

use dmsc_octets::{HexError, HexPattern, from_hex};

use super::describe::{Agreement, alternatives, bare, expectations, fit, found, is_huge, list};
use super::{Choice, Definitions, Schema, Text};
use crate::duration::{UNITS, parse_duration};
use crate::nearest::nearest;
use crate::node::{Kind, Node};
use crate::parse::MAX_DEPTH;
use crate::problem::{MOST_KEPT, Problem};
use crate::source::Span;
use crate::visible::{note, visible};

impl Schema {
    /// All that is wrong with a value, in no particular order.
    ///
    /// A reference without definition is reported as a problem of the value.
    pub fn check(&self, node: &Node, definitions: &Definitions) -> Vec<Problem> {
        let mut checker = Checker::new(definitions, 0);
        checker.value(self, node, node.span);
        checker.problems
    }

    /// Where a value does not comply; nothing, where it does. That costs a fraction of what [`Schema::check`] does for
    /// what is wrong with it.
    pub fn misfits(&self, node: &Node, definitions: &Definitions) -> Vec<Span> {
        let mut checker = Checker { wordless: true, ..Checker::new(definitions, 0) };
        checker.value(self, node, node.span);
        checker.problems.into_iter().map(|problem| problem.span).collect()
    }
}

pub(super) struct Checker<'s> {
    pub(super) definitions: &'s Definitions,
    pub(super) problems: Vec<Problem>,
    /// How many schemas are being looked at, each inside the one before.
    depth: usize,
    /// Whether nobody reads the problems, but only asks where there are any: their words cost more than the check.
    wordless: bool,
}

/// More than any document needs; a definition that is nothing but itself gets here.
const MAX_NESTED: usize = 16 * MAX_DEPTH;

impl<'s> Checker<'s> {
    fn new(definitions: &'s Definitions, depth: usize) -> Self {
        Self { definitions, problems: Vec::new(), depth, wordless: false }
    }

    /// Checks a value. `owner` is where to point for what is missing in it: the key it belongs to.
    pub(super) fn value(&mut self, schema: &'s Schema, node: &Node, owner: Span) {
        if self.depth >= MAX_NESTED {
            let message = "the schema of this value refers to nothing but itself";
            self.problems.push(Problem::new(node.span, message));
            return;
        }
        self.depth += 1;
        self.alternative(schema, node, owner);
        self.depth -= 1;
    }

    fn alternative(&mut self, schema: &'s Schema, node: &Node, owner: Span) {
        let schemas = match alternatives(schema, self.definitions) {
            Ok(schemas) => schemas,
            Err(name) => {
                let message = format!("the schema refers to `{name}`, which is defined nowhere but there");
                self.problems.push(Problem::new(node.span, message));
                return;
            }
        };
        match self.chosen(&schemas, node) {
            Chosen::One(schema) => self.single(schema, node, owner),
            Chosen::Accepted => {}
            Chosen::Problem(problem) => self.problems.push(problem),
            Chosen::Nothing => self.problems.push(Problem::new(node.span, "")),
        }
    }

    fn chosen(&self, schemas: &[&'s Schema], node: &Node) -> Chosen<'s> {
        let fits = |least: Agreement| -> Vec<&'s Schema> {
            let all = schemas.iter().copied();
            all.filter(|schema| fit(schema, node, self.definitions) >= least).collect()
        };
        let fitting = fits(Agreement::Written);
        match (fitting.as_slice(), schemas) {
            ([only], _) | ([], [only]) => return Chosen::One(only),
            ([], _) if self.is_wordless() => return Chosen::Nothing,
            ([], _) => return Chosen::Problem(wrong_type(schemas, node)),
            _ => {}
        }
        match node.kind() {
            Kind::Map => Chosen::One(self.by_keys(&fitting, node)),
            Kind::Seq => Chosen::One(self.by_first_item(&fitting, node)),
            _ if fitting.iter().any(|schema| self.accepts(schema, node)) => Chosen::Accepted,
            _ if self.is_wordless() => Chosen::Nothing,
            _ => match fits(Agreement::Native).as_slice() {
                [only] => Chosen::One(only),
                [] => Chosen::Problem(not_allowed(schemas, node, self.definitions)),
                native => Chosen::Problem(not_allowed(native, node, self.definitions)),
            },
        }
    }

    fn accepts(&self, schema: &'s Schema, node: &Node) -> bool {
        let mut trial = Checker { wordless: true, ..Checker::new(self.definitions, self.depth) };
        trial.single(schema, node, node.span);
        trial.problems.is_empty()
    }

    fn by_first_item(&self, schemas: &[&'s Schema], node: &Node) -> &'s Schema {
        let takes_first = |schema: &Schema| match (bare(schema, self.definitions), node.items()) {
            (Schema::Seq { item, .. }, [first, ..]) => fit(item, first, self.definitions) > Agreement::None,
            _ => true,
        };
        let chosen = schemas.iter().find(|schema| takes_first(schema));
        chosen.or(schemas.first()).copied().unwrap_or(&Schema::Any)
    }

    /// Checks a value against a schema that is neither a reference nor a set of alternatives.
    fn single(&mut self, schema: &'s Schema, node: &Node, owner: Span) {
        match schema {
            Schema::OneOf(_) | Schema::Ref(_) => self.value(schema, node, owner),
            Schema::Named(_, inner) => {
                // The name goes into the error when the type is wrong; what is inside a value of
                // the right type has better words of its own.
                let innermost = bare(inner, self.definitions);
                let is_one_of = matches!(innermost, Schema::OneOf(_));
                if !is_one_of && fit(innermost, node, self.definitions) == Agreement::None {
                    self.tell(node.span, || wrong_type(&[schema], node));
                } else {
                    self.value(inner, node, owner);
                }
            }
            Schema::With(inner, check) => {
                let before = self.problems.len();
                self.value(inner, node, owner);
                if self.problems.len() == before {
                    self.problems.extend(check.run(node));
                }
            }
            Schema::Map(mapping) if node.kind() == Kind::Map => self.mapping(mapping, node, owner),
            Schema::Tagged(tagged) if node.kind() == Kind::Map => self.tagged(tagged, node, owner),
            Schema::Seq { item, min, max } if node.kind() == Kind::Seq => {
                self.length("item", node.items().len(), (*min, *max), owner);
                for child in node.items() {
                    self.value(item, child, child.span);
                }
            }
            scalar => {
                if let Err(wrong) = comply(scalar, node, self.definitions) {
                    self.tell(node.span, || wrong.problem(scalar, node));
                }
            }
        }
    }

    fn length(&mut self, noun: &str, count: usize, limits: (usize, usize), at: Span) {
        if is_outside(count, limits) {
            self.tell(at, || wrong_length(noun, count, limits, at));
        }
    }

    /// Adds a problem, in words where somebody reads them.
    pub(super) fn tell(&mut self, at: Span, words: impl FnOnce() -> Problem) {
        self.problems.push(if self.is_wordless() { Problem::new(at, "") } else { words() });
    }

    /// Whether the next problem is only counted.
    pub(super) fn is_wordless(&self) -> bool {
        self.wordless || self.problems.len() >= MOST_KEPT
    }
}

enum Chosen<'s> {
    One(&'s Schema),
    Accepted,
    Problem(Problem),
    /// None takes the value, and nobody asks why.
    Nothing,
}

/// What is wrong with a scalar.
enum Wrong {
    Type,
    Range,
    Empty,
    Name,
    /// Octets, as many.
    Count(usize),
    Hex(HexError),
    Duration(String),
}

/// Compares a scalar with the schema of one.
fn comply(schema: &Schema, node: &Node, definitions: &Definitions) -> Result<(), Wrong> {
    if fit(schema, node, definitions) == Agreement::None {
        return Err(Wrong::Type);
    }
    let written = node.written().unwrap_or("");
    match schema {
        Schema::Int { min, max } if !node.as_int().is_some_and(|int| (*min..=*max).contains(&int)) => Err(Wrong::Range),
        Schema::Text(Text { empty: false, .. }) if written.is_empty() => Err(Wrong::Empty),
        Schema::Choice(choices) if choices.iter().all(|choice| choice.name != written) => Err(Wrong::Name),
        Schema::Hex { min, max, wildcards } => {
            let count = if *wildcards {
                HexPattern::parse(written).map(|pattern| pattern.min_len())
            } else {
                from_hex(written).map(|octets| octets.len())
            };
            match count.map_err(Wrong::Hex)? {
                count if is_outside(count, (*min, *max)) => Err(Wrong::Count(count)),
                _ => Ok(()),
            }
        }
        Schema::Duration => parse_duration(written).map(drop).map_err(|error| Wrong::Duration(error.to_string())),
        _ => Ok(()),
    }
}

impl Wrong {
    fn problem(self, schema: &Schema, node: &Node) -> Problem {
        match (self, schema) {
            (Wrong::Range, _) => out_of_range(schema, node),
            (Wrong::Empty, _) => Problem::new(node.span, "empty text").label("expected text that is not empty"),
            (Wrong::Name, Schema::Choice(choices)) => no_choice(choices, node, node.written().unwrap_or("")),
            (Wrong::Count(count), Schema::Hex { min, max, .. }) => {
                wrong_length("octet", count, (*min, *max), node.span)
            }
            (Wrong::Hex(error), Schema::Hex { wildcards, .. }) => {
                no_hex(node, node.written().unwrap_or(""), &error, *wildcards)
            }
            (Wrong::Duration(error), _) => Problem::new(node.span, error).label("expected a duration such as `60 s`"),
            _ => wrong_type(&[schema], node),
        }
    }
}

fn out_of_range(schema: &Schema, node: &Node) -> Problem {
    let expected = expectations([schema].into_iter());
    Problem::new(node.span, format!("{} is out of range", found(node))).label(format!("expected {expected}"))
}

fn no_choice(choices: &[Choice], node: &Node, written: &str) -> Problem {
    let names = || choices.iter().map(|choice| choice.name.as_ref());
    let problem = Problem::new(node.span, format!("`{}` is not a value of this key", visible(written)));
    let problem = note(written).into_iter().fold(problem, Problem::note);
    let problem = problem.label("not one of the names allowed here").note(format!("allowed: {}", list(names())));
    match nearest(written, names()) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem,
    }
}

fn no_hex(node: &Node, written: &str, error: &HexError, wildcards: bool) -> Problem {
    let width = match error {
        HexError::Digit { found, .. } | HexError::Wildcard { found, .. } => found.len_utf8(),
        HexError::Half { .. } => 1,
    };
    let span = node.span_within(error.at(), error.at() + width);
    let problem = Problem::new(span, error.to_string()).label("expected octets in hexadecimal, such as `D0 1A`");
    if written.starts_with("0x") || written.starts_with("0X") {
        problem.help("leave out the `0x`")
    } else if wildcards {
        problem.note("`?` stands for any digit, `*` for any run of octets")
    } else {
        problem
    }
}

/// Whether a number of items or octets is not within its limits.
fn is_outside(count: usize, (min, max): (usize, usize)) -> bool {
    !(min..=max).contains(&count)
}

fn wrong_length(noun: &str, count: usize, limits: (usize, usize), at: Span) -> Problem {
    let plural = |count: usize| {
        if count == 1 { noun.to_owned() } else { format!("{noun}s") }
    };
    let wanted = match limits {
        (min, max) if min == max => format!("{min} {}", plural(min)),
        (min, usize::MAX) => format!("at least {min} {}", plural(min)),
        (min, max) => format!("{min} to {max} {}", plural(max)),
    };
    let message = format!("found {count} {}, expected {wanted}", plural(count));
    Problem::new(at, message).label(format!("expected {wanted}"))
}

/// A value of a type that no alternative takes.
pub(crate) fn wrong_type(schemas: &[&Schema], node: &Node) -> Problem {
    let problem = unexpected(schemas, node);
    match schemas.iter().find_map(|schema| remedy(schema, node)) {
        Some(help) => problem.help(help),
        None => problem,
    }
}

/// A value of a type that several alternatives take, none of which takes the value.
fn not_allowed(schemas: &[&Schema], node: &Node, definitions: &Definitions) -> Problem {
    let problem = unexpected(schemas, node);
    let names = schemas.iter().flat_map(|schema| match bare(schema, definitions) {
        Schema::Choice(choices) => choices.as_slice(),
        _ => &[],
    });
    let names = names.map(|choice| choice.name.as_ref());
    match nearest(node.written().unwrap_or(""), names) {
        Some(name) => problem.help(format!("did you mean `{name}`?")),
        None => problem,
    }
}

fn unexpected(schemas: &[&Schema], node: &Node) -> Problem {
    /// Beyond this many characters the message alone says what is expected.
    const LABEL: usize = 50;
    let expected = expectations(schemas.iter().copied());
    let message = format!("found {}, expected {expected}", found(node));
    let problem = Problem::new(node.span, message);
    if expected.chars().count() > LABEL {
        problem.label("not allowed here")
    } else {
        problem.label(format!("expected {expected}"))
    }
}

/// What to write instead of a value of the wrong type.
fn remedy(schema: &Schema, node: &Node) -> Option<String> {
    let written = node.written();
    match (schema, written) {
        (Schema::Named(_, inner) | Schema::With(inner, _), _) => remedy(inner, node),
        (Schema::Null, _) => None,
        (_, None) if node.is_null() => Some("write a value".to_owned()),
        (Schema::Bool, Some("yes" | "on")) => Some("write `true`".to_owned()),
        (Schema::Bool, Some("no" | "off")) => Some("write `false`".to_owned()),
        (Schema::Int { .. }, Some(text)) if !node.plain && crate::scalar::is_integer(text) => {
            Some(format!("leave out the quotes: `{text}`"))
        }
        (Schema::Int { .. }, Some(text)) if crate::scalar::is_integer(&format!("0x{text}")) => {
            Some(format!("a hexadecimal number is written `0x{text}`"))
        }
        (Schema::Text(_), Some(text)) if node.plain => Some(format!("put it in quotes: `\"{text}\"`")),
        (Schema::Duration, Some(number)) if node.as_f64().is_some() || is_huge(node) => {
            let units = list(UNITS.iter().map(|(unit, _)| *unit));
            Some(format!("add a unit ({units}): `{number} s`"))
        }
        (Schema::Seq { .. }, Some(text)) => Some(format!("write a sequence of one: `[{text}]`")),
        _ => None,
    }
}
