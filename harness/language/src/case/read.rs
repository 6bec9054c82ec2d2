//! Reading case files: instances, checks, and all problems of all files at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use dmsc_doc::{Definitions, Node, Problem, Problems, Schema, Source, Span};
use dmsc_engine::template::OPERATORS;
use dmsc_scr::{Aim, Cited, ItemId, Known, Tables};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::convert::is_reference;
use super::includes::Includes;
use super::lint::{self, MOST_DONE, MOST_STEPS, Tried};
use super::steps::{Expander, Shelf};
use super::{Case, Head, Setup, Step, Trust, case_schema, definitions, head, setup};
use crate::bundle::{Bundle, CASES, INCLUDES};
use crate::catalogue::schema::LONGEST;
use crate::catalogue::{Catalogue, Kind, Role};
use crate::digest::Digest;
use crate::variables::{fill, references};

/// More instances than this are a mistake.
const MAX_INSTANCES: usize = 1000;

/// More steps than this in all instances of a file together are a mistake.
const MOST_TOGETHER: usize = 100_000;

/// So few files are read without the help of other threads, which have to be made first.
const FEW: usize = 4;

/// The threads that help to read; that of rayon itself ends the program where it cannot have any.
static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| ThreadPoolBuilder::new().build().ok());

/// Every instance of every case of a bundle, in the order of their names.
pub(super) fn load(bundle: &Bundle) -> Result<Vec<Case>, Vec<Problems>> {
    let mut found = Found::default();
    let includes = Includes::read(bundle, &mut found);
    let read = files(bundle, &includes, &case_files(bundle), &mut found);
    let mut cases: Vec<Case> = read.into_iter().flatten().collect();
    super::numbers::put_on(bundle, cases.iter_mut().map(|case| &mut case.head), &mut found);
    found.none_or(cases)
}

/// The files of the cases, by path, with their text.
pub(super) fn case_files(bundle: &Bundle) -> Vec<(&str, &str)> {
    let all = bundle.under(CASES).filter(|(path, _)| path.ends_with(".yaml"));
    all.filter(|(path, _)| !path.starts_with(INCLUDES)).collect()
}

/// The instances of each of these files, without the numbers of files beside the cases.
pub(super) fn files(bundle: &Bundle, includes: &Includes, files: &[(&str, &str)], found: &mut Found) -> Vec<Vec<Case>> {
    let schema = (!bundle.is_sound()).then(case_schema);
    // A file is read by itself; what was tried for one serves those after it.
    let read = |files: &[(&str, &str)]| {
        let (found, tried) = (Found::default(), Tried::default());
        let mut reader = Reader { bundle, schema: schema.as_ref(), found, includes, tried };
        let cases: Vec<Vec<Case>> = files.iter().map(|(path, text)| reader.case(path, text)).collect();
        (cases, reader.found)
    };
    // Where the system has no threads for that, this one does it.
    let pool = THREADS.as_ref().filter(|_| files.len() > FEW);
    let parts: Vec<(Vec<Vec<Case>>, Found)> = match pool {
        None => vec![read(files)],
        Some(pool) => {
            let each = files.len().div_ceil(pool.current_num_threads()).max(1);
            pool.install(|| files.par_chunks(each).map(read).collect())
        }
    };
    let mut cases = Vec::new();
    for (part, problems) in parts {
        cases.extend(part);
        found.take(problems);
    }
    cases
}

/// Problems by file, each once.
#[derive(Debug, Default)]
pub(crate) struct Found {
    files: BTreeMap<String, (Source, Vec<Problem>)>,
    told: usize,
}

impl Found {
    pub(crate) fn add(&mut self, source: &Source, problem: Problem) {
        self.told = self.told.saturating_add(1);
        let (_, problems) = self.files.entry(source.name.clone()).or_insert_with(|| (source.clone(), Vec::new()));
        // Instances of one file, and cases with one include, find the same things wrong.
        let known = |earlier: &Problem| earlier.span == problem.span && earlier.message == problem.message;
        if !problems.iter().any(known) {
            problems.push(problem);
        }
    }

    pub(crate) fn add_all(&mut self, problems: Problems) {
        for problem in problems.problems {
            self.add(&problems.source, problem);
        }
    }

    /// Adds all that another has found.
    fn take(&mut self, other: Found) {
        for (source, problems) in other.files.into_values() {
            problems.into_iter().for_each(|problem| self.add(&source, problem));
        }
    }

    /// Counts a problem that was told before, at its place.
    pub(super) fn again(&mut self) {
        self.told = self.told.saturating_add(1);
    }

    /// How many problems there were so far, those told before included.
    pub(super) fn told(&self) -> usize {
        self.told
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(crate) fn count(&self) -> usize {
        self.files.values().map(|(_, problems)| problems.len()).sum()
    }

    pub(crate) fn none_or<T>(self, value: T) -> Result<T, Vec<Problems>> {
        if self.files.is_empty() {
            return Ok(value);
        }
        Err(self.files.into_values().map(|(source, problems)| Problems::new(source, problems)).collect())
    }
}

/// What is wrong with a node, values aside that are not known before the case runs.
pub(crate) fn problems_of(schema: &Schema, node: &Node, definitions: &Definitions) -> Vec<Problem> {
    let mut problems = schema.check(node, definitions);
    if !problems.is_empty() {
        let open = open_in(node);
        problems.retain(|problem| !is_within(problem.span, &open));
    }
    problems
}

/// Whether nothing is wrong with a node, values aside that are not known before the case runs.
pub(super) fn complies(schema: &Schema, node: &Node, definitions: &Definitions) -> bool {
    let misfits = schema.misfits(node, definitions);
    misfits.is_empty() || {
        let open = open_in(node);
        misfits.into_iter().all(|span| is_within(span, &open))
    }
}

/// The places of values that are not known before the case runs.
fn open_in(node: &Node) -> Vec<Span> {
    let mut open = Vec::new();
    collect_references(node, &mut open);
    open
}

/// What is wrong with a digit of a name is wrong within it.
fn is_within(span: Span, open: &[Span]) -> bool {
    open.iter().any(|open| open.start <= span.start && span.end <= open.end)
}

/// Keys whose values decide what a step or a case is; a name that is not known yet cannot stand there.
const FIXED: [&str; 11] =
    ["role", "send", "expect", "expect-none", "operator", "until", "include", "level", "trust", "when", "judged"];

fn collect_references(node: &Node, open: &mut Vec<Span>) {
    if is_reference(node) {
        open.push(node.span);
    }
    node.items().iter().for_each(|item| collect_references(item, open));
    for entry in node.entries().iter().filter(|entry| !FIXED.contains(&entry.key.as_str())) {
        collect_references(&entry.value, open);
    }
}

/// Every name that a tree uses.
fn collect_names(node: &Node, used: &mut Vec<String>) {
    let found = node.as_str().map(|text| references(text).unwrap_or_default()).unwrap_or_default();
    used.extend(found.into_iter().map(|reference| reference.name));
    node.items().iter().for_each(|item| collect_names(item, used));
    node.entries().iter().for_each(|entry| collect_names(&entry.value, used));
}

/// The problems in words that know the other role, the other direction, and what a matcher is.
pub(crate) fn explained(problems: Vec<Problem>, role: Option<Role>, root: &Node) -> Vec<Problem> {
    let mut words = Vec::new();
    collect_words(root, &mut words);
    let explain = |mut problem: Problem| {
        problem.notes.iter_mut().for_each(shorten);
        match words.iter().find(|(_, span, _)| *span == problem.span) {
            Some((Word::Kind(key), _, name)) => {
                role.map_or(problem.clone(), |role| wrong_kind(problem, role, key, name))
            }
            Some((Word::Operator, _, name)) => problem
                .note(format!("`{name}` is a matcher, and matchers stand alone, not among field names"))
                .help(format!("put it under a field: `field: {{ {name}: ... }}`")),
            None => problem,
        }
    };
    problems.into_iter().map(explain).collect()
}

/// A word of the language.
#[derive(Clone, Copy)]
enum Word<'n> {
    /// The name of a kind, after this key.
    Kind(&'n str),
    /// A matcher as a key.
    Operator,
}

/// The names of kinds and the matchers in a tree.
fn collect_words<'n>(node: &'n Node, words: &mut Vec<(Word<'n>, Span, &'n str)>) {
    for entry in node.entries() {
        if let ("send" | "expect" | "expect-none" | "until" | "on", Some(name)) =
            (entry.key.as_str(), entry.value.written())
        {
            words.push((Word::Kind(&entry.key), entry.value.span, name));
        }
        // These are keys of steps too, where their absence of sense has other reasons.
        if OPERATORS.contains(&entry.key.as_str()) && !matches!(entry.key.as_str(), "as" | "match") {
            words.push((Word::Operator, entry.key_span, &entry.key));
        }
        collect_words(&entry.value, words);
    }
    node.items().iter().for_each(|item| collect_words(item, words));
}

/// A note on where a key belongs names some places, not fifty.
fn shorten(note: &mut String) {
    const SHOWN: usize = 6;
    let places: Vec<&str> = note.split(", ").collect();
    if note.contains("` belongs to `") && places.len() > SHOWN {
        *note = format!("{} and {} more", places[..SHOWN].join(", "), places.len() - SHOWN);
    }
}

/// `role` is the one that sends or hears as the key says; for `on` of a fault, the one that hears it.
fn wrong_kind(mut problem: Problem, role: Role, key: &str, name: &str) -> Problem {
    let catalogue = Catalogue::get();
    let takes = |kind: &&Kind| match key {
        "send" => kind.sent,
        "on" => kind.patched,
        _ => kind.heard,
    };
    let mut names: Vec<String> = Vec::new();
    for kind in catalogue.kinds(role).filter(takes) {
        // The members of a family are too many to list.
        let shown = match kind.name.split_once('.') {
            Some((family @ ("envelope" | "event" | "terminal-response"), _)) => format!("`{family}.*`"),
            _ => format!("`{}`", kind.name),
        };
        if !names.contains(&shown) {
            names.push(shown);
        }
    }
    problem.notes = vec![format!("allowed: {}", names.join(", "))];
    let way = |kind: &Kind| match (kind.heard, kind.sent) {
        (true, true) => "sent and expected",
        (true, false) => "expected",
        _ => "sent",
    };
    for other in [role, role.other()] {
        match catalogue.kind(other, name) {
            Some(kind) if key != "on" => problem = problem.note(format!("in role {other}, `{name}` is {}", way(kind))),
            Some(kind) if kind.patched => problem = problem.note(format!("`{name}` comes from a {}", other.other())),
            Some(kind) if kind.heard => {
                problem = problem.note(format!("the reference {} cannot be made to change `{name}`", other.other()))
            }
            _ => {}
        }
    }
    problem
}

/// A name that nothing uses is a mistake: the instances would be all the same.
pub(super) fn unused(noun: &str, key: &str, source: &Source, root: &Node, found: &mut Found) {
    let mut used = Vec::new();
    collect_names(root, &mut used);
    for entry in root.get(key).map(Node::entries).unwrap_or_default() {
        if !used.contains(&entry.key) {
            let problem = Problem::new(entry.key_span, format!("the {noun} `{}` is not used", entry.key))
                .label(format!("no `${{{}}}` in this file", entry.key))
                .help("use it in a step, or remove it");
            found.add(source, problem);
        }
    }
}

struct Reader<'a> {
    bundle: &'a Bundle,
    /// What a case may be; none where the cases are taken to be sound.
    schema: Option<&'a Schema>,
    found: Found,
    includes: &'a Includes,
    tried: Tried,
}

impl Reader<'_> {
    fn case(&mut self, path: &str, text: &str) -> Vec<Case> {
        let source = Source::new(self.bundle.shown(path), text);
        let root = match dmsc_doc::parse(&source) {
            Ok(root) => root,
            Err(problems) => {
                self.found.add_all(problems);
                return Vec::new();
            }
        };
        let before = self.found.told();
        let item = self.item(path, &source);
        if !self.bundle.is_sound() {
            unused("parameter", "parameters", &source, &root, &mut self.found);
        }
        let instances = match combinations(&root) {
            Ok(instances) => instances,
            Err(problem) => {
                self.found.add(&source, problem);
                return Vec::new();
            }
        };
        if let Some(problem) = too_long(&root, instances.len()) {
            self.found.add(&source, problem);
            return Vec::new();
        }
        let mut cases = Vec::new();
        for instance in &instances {
            cases.extend(self.instance(path, &source, &root, item.as_ref(), instance));
        }
        if self.found.told() > before {
            return Vec::new();
        }
        if self.bundle.is_sound() {
            return cases;
        }
        for problem in cases.iter().filter_map(|case: &Case| at_fault(&root, &case.steps)) {
            self.found.add(&source, problem);
        }
        if self.found.told() > before { Vec::new() } else { cases }
    }

    /// The item that the folder of a case names, or the topic.
    fn item(&mut self, path: &str, source: &Source) -> Option<ItemId> {
        let inner = path.strip_prefix(CASES).unwrap_or(path);
        let folder = match inner.split('/').collect::<Vec<_>>().as_slice() {
            [folder, _] => (*folder).to_owned(),
            _ => {
                let problem = Problem::new(Span::default(), "a case lies at `testcases/<SCR item>/<name>.yaml`")
                    .help("move it into the folder of the item it is about");
                self.found.add(source, problem);
                return None;
            }
        };
        let tables = Tables::builtin();
        if tables.subjects().any(|known| *known == *folder) {
            return folder.parse().ok();
        }
        let problem = Problem::new(Span::default(), format!("the folder `{folder}` names no SCR item and no topic"));
        self.found.add(
            source,
            match tables.nearest_subject(&folder) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("a case lies in the folder of the item it is about, such as `DM_SC-C-001-M`"),
            },
        );
        None
    }

    fn instance(
        &mut self,
        path: &str,
        source: &Source,
        root: &Node,
        item: Option<&ItemId>,
        instance: &[(String, Node)],
    ) -> Option<Case> {
        let filled = if instance.is_empty() { Cow::Borrowed(root) } else { Cow::Owned(fill(root, instance)) };
        let sound = self.bundle.is_sound();
        let problems = self.schema.map(|schema| problems_of(schema, &filled, definitions())).unwrap_or_default();
        if !problems.is_empty() {
            let values = describe(instance);
            let role = filled.get("role").and_then(Node::as_str).and_then(Role::from_name);
            for problem in explained(problems, role, &filled) {
                // Only what a parameter brings in is due to the parameter.
                let due = !instance.is_empty()
                    && source.text.get(problem.span.start..problem.span.end).is_some_and(|text| text.contains("${"));
                self.found.add(source, if due { problem.note(format!("with {values}")) } else { problem });
            }
            return None;
        }
        let role = filled.get("role").and_then(Node::as_str).and_then(Role::from_name)?;
        let texts = |key: &str| -> Vec<String> {
            let items = filled.get(key).map(Node::items).unwrap_or_default();
            items.iter().filter_map(Node::written).map(str::to_owned).collect()
        };
        let ids = |key: &str| texts(key).iter().filter_map(|id| id.parse().ok()).collect::<Vec<ItemId>>();
        let text = |key: &str| filled.get(key).and_then(Node::written).unwrap_or_default().trim_end().to_owned();
        let pairs = |key: &str| -> Vec<(String, String)> {
            let entries = filled.get(key).map(Node::entries).unwrap_or_default();
            entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.written()?.to_owned()))).collect()
        };
        let trust = trust_of(&filled).unwrap_or_default();
        if !sound
            && trust.can_fail()
            && let Some(problem) = hearsay(&filled, trust)
        {
            self.found.add(source, problem);
        }
        let mut hash = Digest::default();
        hash.add(&source.text);
        let given = instance.iter().map(|(name, _)| name.clone()).collect();
        let shelf = Shelf { bundle: self.bundle, includes: self.includes };
        let mut expander = Expander::new(role, trust, given, shelf, &mut self.found, &mut hash, &mut self.tried);
        for key in ["title", "purpose"] {
            if let Some(node) = filled.get(key) {
                expander.check_names(source, node);
            }
        }
        expander.requires(source, &filled);
        let steps = expander.steps(source, filled.get("steps").map(Node::items).unwrap_or_default());
        let requires = expander.required();
        let setup = match filled.get("setup") {
            Some(node) => match setup::read(role, node, instance) {
                Ok(setup) => setup,
                Err(problems) => {
                    problems.into_iter().for_each(|problem| self.found.add(source, problem));
                    return None;
                }
            },
            None => Setup::new(role),
        };
        let id = path.strip_prefix(CASES).unwrap_or(path).trim_end_matches(".yaml").to_owned();
        let instance: Vec<_> = instance.iter().map(|(name, node)| (name.clone(), node.to_json())).collect();
        let head = Head {
            name: head::name(&id, &instance).into(),
            id: id.into(),
            title: text("title").into(),
            purpose: text("purpose").into(),
            aim: filled.get("aim").and_then(Node::as_str).and_then(Aim::from_name).unwrap_or_default(),
            spec: texts("spec"),
            refs: filled.get("refs").map(super::numbers::read).unwrap_or_default(),
            item: item?.clone(),
            covers: ids("covers"),
            role,
            file: source.name.as_str().into(),
            hash: hash.finish().into(),
        };
        Some(Case {
            head,
            instance,
            joins_packages: filled.get("packages").and_then(Node::as_str).map(|word| word == "joined"),
            about_credentials: filled.get("about_credentials").and_then(Node::as_bool),
            claims: ids("claims"),
            unclaimed: ids("unclaimed"),
            when: pairs("when"),
            judged: pairs("judged"),
            ixit: pairs("ixit"),
            requires,
            trust,
            setup,
            steps,
        })
    }
}

/// A demand that nobody has read, and that is to be a fail.
fn hearsay(case: &Node, trust: Trust) -> Option<Problem> {
    let spec = case.entry("spec")?;
    let from_memory = |citation: &str| match Tables::builtin().cited(citation) {
        Cited::Known(document) => document.basis == Known::Memory,
        _ => false,
    };
    let all = spec.value.items().iter().filter_map(Node::written).all(from_memory);
    all.then(|| {
        Problem::new(
            spec.key_span,
            format!("`trust: {}`, and every document cited is known from memory", trust.as_str()),
        )
        .label("nobody has read the demand")
        .help("write `trust: memory`, or cite the clause of a document that was read")
    })
}

/// More steps than a case may have, or than all instances of it may have together.
fn too_long(root: &Node, instances: usize) -> Option<Problem> {
    fn count(steps: &[Node]) -> usize {
        let within =
            |step: &Node| ["control", "steps"].iter().filter_map(|key| step.get(key)).map(|n| count(n.items())).sum();
        steps.iter().fold(0, |all, step| all.saturating_add(1).saturating_add(within(step)))
    }
    let entry = root.entry("steps")?;
    let steps = count(entry.value.items());
    if steps > MOST_STEPS {
        let problem = Problem::new(entry.key_span, format!("more than {MOST_STEPS} steps"));
        return Some(problem.label(format!("{steps} steps")).help("split the case, or use `repeat`"));
    }
    let together = steps.saturating_mul(instances);
    (together > MOST_TOGETHER).then(|| {
        Problem::new(entry.key_span, format!("more than {MOST_TOGETHER} steps in all instances together"))
            .label(format!("{instances} instances of {steps} steps"))
            .help("leave out values of parameters, or split the case")
    })
}

/// What is wrong with the steps of a case as a whole.
fn at_fault(root: &Node, steps: &[Step]) -> Option<Problem> {
    let at = root.entry("steps")?.key_span;
    if !lint::looks(steps) {
        let problem = Problem::new(at, "a case that demands nothing").label("no step looks at what the DUT does");
        return Some(problem.help("add an `expect`, or an `operator` with `until`"));
    }
    let (done, time) = lint::effort(steps);
    if done > MOST_DONE {
        let problem = Problem::new(at, format!("more than {MOST_DONE} steps are done"));
        return Some(problem.label(format!("{done} with those that are repeated")).help("repeat them less often"));
    }
    (time > LONGEST).then(|| {
        Problem::new(at, format!("the waits last more than {} h", LONGEST.as_secs() / 3600))
            .label("`wait` and `during` of all steps, those that are repeated included")
            .help("wait less, or make several cases")
    })
}

/// The `trust` of a case or a step.
pub(super) fn trust_of(node: &Node) -> Option<Trust> {
    let word = node.get("trust")?.written()?;
    Trust::ALL.into_iter().find(|trust| trust.as_str() == word)
}

fn describe(instance: &[(String, Node)]) -> String {
    let values = instance.iter().map(|(name, node)| format!("`{name}: {}`", node.written().unwrap_or_default()));
    values.collect::<Vec<_>>().join(", ")
}

/// Every combination of the values of the parameters; one without any where there are none.
fn combinations(root: &Node) -> Result<Vec<Vec<(String, Node)>>, Problem> {
    let mut all: Vec<Vec<(String, Node)>> = vec![Vec::new()];
    let Some(entry) = root.entry("parameters") else { return Ok(all) };
    for parameter in entry.value.entries() {
        let values = parameter.value.items();
        if values.is_empty() {
            // Wrong, and the schema says so.
            continue;
        }
        if all.len().saturating_mul(values.len()) > MAX_INSTANCES {
            return Err(Problem::new(entry.key_span, format!("more than {MAX_INSTANCES} instances"))
                .help("leave out values, or split the case"));
        }
        all = all
            .iter()
            .flat_map(|before| {
                values.iter().map(|value| {
                    let mut one = before.clone();
                    one.push((parameter.key.clone(), value.clone()));
                    one
                })
            })
            .collect();
    }
    Ok(all)
}
