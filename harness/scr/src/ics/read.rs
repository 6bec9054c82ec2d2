//! The form of a statement: keys, names and values, each checked where it stands.

use std::collections::BTreeMap;

use dmsc_doc::{Entry, Node, Problem, Problems, Source, Span, Value, line_col, nearest};

use super::{Dut, DutKind, FeatureAnswer};
use crate::{Feature, ItemId, Tables};

/// A statement whose form is right, answered or not, contradictory or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The text it was read from.
    pub source: Source,
    /// The DUT.
    pub dut: Dut,
    /// The answers, by item. Items that the DUT is asked for and that are not here have no line in the text.
    pub answers: BTreeMap<ItemId, Answer>,
    /// The readings chosen, by interpretation.
    pub interpretations: BTreeMap<String, String>,
    /// The answers on features; those that are not here have their default.
    pub features: BTreeMap<Feature, FeatureAnswer>,
    answers_span: Span,
}

/// One answer and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no; none where the value is left open.
    pub value: Option<bool>,
    /// The octets of the line's key.
    pub key: Span,
    /// The octets of the value; empty where there is none.
    pub span: Span,
}

const KEYS: [&str; 5] = ["ics", "dut", "answers", "features", "interpretations"];
const DUT_KEYS: [&str; 2] = ["name", "kind"];

impl Draft {
    /// Reads a statement.
    ///
    /// # Errors
    /// Every deviation from the form: YAML that does not parse, unknown keys, wrong types, names that are no
    /// item of the DUT, values other than yes and no, unknown readings.
    pub fn parse(source: &Source, tables: &Tables) -> Result<Self, Problems> {
        let root = dmsc_doc::parse(source)?;
        let mut reader = Reader { tables, problems: Vec::new() };
        let draft = reader.statement(source, &root);
        match draft {
            Some(draft) => Problems::none_or(source, reader.problems, draft),
            None => Err(Problems::new(source.clone(), reader.problems)),
        }
    }

    /// Line and column, from 1, of an answer; of `answers:` if the item has no line.
    pub fn place(&self, item: &str) -> (usize, usize) {
        let span = self.answers.get(item).map_or(self.answers_span, |answer| answer.key);
        line_col(&self.source, span.start)
    }

    /// The items that the DUT is asked for and that have no answer, in the order of the tables.
    pub fn unanswered(&self, tables: &Tables) -> Vec<ItemId> {
        let answered = |id: &ItemId| self.answers.get(id).is_some_and(|answer| answer.value.is_some());
        self.dut.kind.items(tables).into_iter().filter(|id| !answered(id)).collect()
    }

    pub(crate) fn unanswered_problems(&self, tables: &Tables) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut missing = Vec::new();
        for item in self.unanswered(tables) {
            match self.answers.get(&item) {
                Some(answer) => problems.push(
                    Problem::new(answer.key, format!("{item} is not answered"))
                        .label(describe(tables, item.as_str()))
                        .help("write yes or no after the colon"),
                ),
                None => missing.push(item),
            }
        }
        let (count, verb) = match missing.as_slice() {
            [] => return problems,
            [_] => ("one item".to_owned(), "has"),
            _ => (format!("{} items", missing.len()), "have"),
        };
        let mut problem = Problem::new(self.answers_span, format!("{count} of the DUT {verb} no answer"))
            .label(format!("a {} has to answer", self.dut.kind))
            .help("add a line for each, with yes or no; an item left out is never a silent no");
        for item in missing {
            problem = problem.note(format!("{item}: {}", describe(tables, item.as_str())));
        }
        problems.push(problem);
        problems
    }
}

/// One line on an item, for a person who has to answer it.
pub(crate) fn describe(tables: &Tables, id: &str) -> String {
    match (tables.item(id), tables.external_item(id)) {
        (Some(item), _) => {
            let function = item.function.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            format!("{}, {}, {}", function.unwrap_or(&item.function), item.status, item.reference)
        }
        (_, Some(item)) => {
            let sentence = item.what.split(". ").next().unwrap_or_default();
            format!("[{}] {}", item.document, sentence.trim_end_matches('.'))
        }
        _ => "no item of the tables".to_owned(),
    }
}

struct Reader<'a> {
    tables: &'a Tables,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn statement(&mut self, source: &Source, root: &Node) -> Option<Draft> {
        self.mapping(root, "a conformance statement")?;
        self.known_keys(root, &KEYS);
        self.version(root);
        let dut = self.dut(root);
        let answers = self.required(root, "answers", "the answers, one line an item");
        let (dut, answers) = (dut?, answers?);
        self.mapping(&answers.value, "`answers`")?;
        let expected = dut.kind.items(self.tables);
        let mut found = BTreeMap::new();
        for entry in answers.value.entries() {
            let value = self.answer(entry);
            if let Some(item) = self.item(entry, dut.kind, &expected) {
                found.insert(item, Answer { value, key: entry.key_span, span: entry.value.span });
            }
        }
        let features = self.features(root);
        let interpretations = self.interpretations(root);
        let (source, answers_span) = (source.clone(), answers.key_span);
        Some(Draft { source, dut, answers: found, interpretations, features, answers_span })
    }

    fn version(&mut self, root: &Node) {
        let Some(entry) = self.required(root, "ics", "the version of this format, 1") else {
            return;
        };
        if entry.value.as_int() != Some(1) {
            self.problems.push(
                Problem::new(place(entry), "this format version is not known")
                    .label("expected 1")
                    .help("write `ics: 1`, or use the release of the harness that the file was made for"),
            );
        }
    }

    fn dut(&mut self, root: &Node) -> Option<Dut> {
        let dut = self.required(root, "dut", "the DUT, with `name` and `kind`")?;
        self.mapping(&dut.value, "`dut`")?;
        self.known_keys(&dut.value, &DUT_KEYS);
        let name = self.required(&dut.value, "name", "a name for reports");
        let name = name.and_then(|entry| match entry.value.written() {
            Some(name) if !name.trim().is_empty() => Some(name.to_owned()),
            _ => {
                self.problems.push(Problem::new(place(entry), "the DUT has no name").label("expected text"));
                None
            }
        });
        let kind = self.required(&dut.value, "kind", "card or terminal");
        let kind = kind.and_then(|entry| {
            let found = DutKind::ALL.into_iter().find(|kind| entry.value.as_str() == Some(kind.as_str()));
            if found.is_none() {
                self.problems.push(
                    Problem::new(place(entry), "this is no kind of DUT")
                        .label("expected card or terminal")
                        .help("a card answers class S, a terminal the classes C and D"),
                );
            }
            found
        });
        Some(Dut { name: name?, kind: kind? })
    }

    fn item(&mut self, entry: &Entry, kind: DutKind, expected: &[ItemId]) -> Option<ItemId> {
        if let Some(item) = expected.iter().find(|item| item.as_str() == entry.key) {
            return Some(item.clone());
        }
        let problem = if let Some(item) = self.tables.item(&entry.key) {
            Problem::new(entry.key_span, format!("{} does not bind a {kind}", entry.key))
                .label(format!("an item of the {}", item.class))
                .help("remove the line, or correct `kind`")
        } else if self.tables.external_item(&entry.key).is_some() {
            Problem::new(entry.key_span, format!("{} does not bind a {kind}", entry.key))
                .label(format!("no requirement of a {kind} reaches it"))
                .help("remove the line, or correct `kind`")
        } else {
            let near = self.tables.nearest(&entry.key);
            let problem = Problem::new(entry.key_span, format!("{} is not an item", entry.key))
                .label("neither DM_SC nor a requirement of it has this name");
            problem.help(match near {
                Some(near) => format!("did you mean {near}?"),
                None => "`dmsc scr list` shows the items".to_owned(),
            })
        };
        self.problems.push(problem);
        None
    }

    fn answer(&mut self, entry: &Entry) -> Option<bool> {
        let help = match &entry.value.value {
            Value::Null => return None,
            Value::Text(text) if text == "yes" => return Some(true),
            Value::Text(text) if text == "no" => return Some(false),
            Value::Bool(true) => "write yes",
            Value::Bool(false) => "write no",
            Value::Text(text) if text.eq_ignore_ascii_case("yes") => "write yes, in lower case",
            Value::Text(text) if text.eq_ignore_ascii_case("no") => "write no, in lower case",
            _ => "a partial implementation is a no; the remark belongs into a comment",
        };
        self.problems.push(
            Problem::new(entry.value.span, format!("the answer on {} is neither yes nor no", entry.key))
                .label("expected yes or no")
                .help(help),
        );
        None
    }

    fn features(&mut self, root: &Node) -> BTreeMap<Feature, FeatureAnswer> {
        let Some(node) = root.get("features").filter(|node| !node.is_null()) else { return BTreeMap::new() };
        if self.mapping(node, "`features`").is_none() {
            return BTreeMap::new();
        }
        self.known_keys(node, &Feature::ALL.map(Feature::as_str));
        let mut found = BTreeMap::new();
        for entry in node.entries() {
            let feature = Feature::from_name(&entry.key);
            if let (Some(feature), Some(value)) = (feature, feature.and_then(|_| self.answer(entry))) {
                found.insert(feature, FeatureAnswer { value, key: entry.key_span });
            }
        }
        found
    }

    fn interpretations(&mut self, root: &Node) -> BTreeMap<String, String> {
        let mut chosen = BTreeMap::new();
        let Some(node) = root.get("interpretations").filter(|node| !node.is_null()) else {
            return chosen;
        };
        if self.mapping(node, "`interpretations`").is_none() {
            return chosen;
        }
        for entry in node.entries() {
            match self.alternative(entry) {
                Ok(alternative) => {
                    chosen.insert(entry.key.clone(), alternative);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        chosen
    }

    fn alternative(&self, entry: &Entry) -> Result<String, Problem> {
        let Some(interpretation) = self.tables.interpretation(&entry.key) else {
            let all = self.tables.interpretations().iter().map(|one| one.id.as_str());
            let problem = Problem::new(entry.key_span, format!("{} is not an interpretation", entry.key));
            return Err(problem.help(match nearest(&entry.key, all) {
                Some(near) => format!("did you mean {near}?"),
                None => "`dmsc scr interpretations` shows them".to_owned(),
            }));
        };
        let found = entry.value.written().and_then(|id| interpretation.alternative(id));
        found.map(|alternative| alternative.id.clone()).ok_or_else(|| {
            let mut problem = Problem::new(place(entry), format!("{} has no such reading", entry.key))
                .label(interpretation.title.clone());
            for alternative in &interpretation.alternatives {
                problem = problem.note(format!("{}: {}", alternative.id, alternative.meaning));
            }
            let all = interpretation.alternatives.iter().map(|alternative| alternative.id.as_str());
            match entry.value.written().and_then(|id| nearest(id, all)) {
                Some(near) => problem.help(format!("did you mean {near}?")),
                None => problem.help(format!("the default is {}", interpretation.default)),
            }
        })
    }

    fn mapping(&mut self, node: &Node, what: &str) -> Option<()> {
        match node.value {
            Value::Map(_) => Some(()),
            _ => {
                let problem = Problem::new(node.span, format!("{what} is a mapping of keys and values"));
                self.problems.push(problem.label(format!("found {}", node.kind())));
                None
            }
        }
    }

    fn known_keys(&mut self, node: &Node, allowed: &[&'static str]) {
        for entry in node.entries().iter().filter(|entry| !allowed.contains(&entry.key.as_str())) {
            let mut problem = Problem::new(entry.key_span, format!("unknown key `{}`", entry.key))
                .note(format!("allowed keys: {}", allowed.join(", ")));
            if let Some(near) = nearest(&entry.key, allowed.iter().copied()) {
                problem = problem.help(format!("did you mean `{near}`?"));
            }
            self.problems.push(problem);
        }
    }

    fn required<'n>(&mut self, node: &'n Node, key: &str, what: &str) -> Option<&'n Entry> {
        let found = node.entry(key);
        if found.is_none() {
            self.problems.push(Problem::new(node.span, format!("`{key}` is missing")).label(format!("add {what}")));
        }
        found
    }
}

/// The place of a value; of its key if there is no value.
fn place(entry: &Entry) -> Span {
    if entry.value.span.is_empty() { entry.key_span } else { entry.value.span }
}
