//! Steps: includes expanded, names checked in the order in which they come to be known, templates tried.

use std::collections::BTreeMap;

use dmsc_doc::{Lines, Node, Problem, Schema, Source, Span, nearest};
use dmsc_engine::messages::normalise;
use dmsc_engine::template::Template;
use dmsc_scr::Reading;
use serde_json::{Map, Value};

use super::convert::{is_reference, json};
use super::includes::Includes;
use super::lint::{self, MOST_STEPS, Tried};
use super::read::{Found, explained, problems_of, trust_of};
use super::requires::{self, Requires};
use super::{
    Delay, Expect, ExpectNone, Level, Location, OperatorAct, Repeat, ReplySpec, Send, Step, StepKind, Trust, Wait,
    definitions, include_schema,
};
use crate::bundle::{Bundle, INCLUDES};
use crate::catalogue::schema::{mutations, template, with};
use crate::catalogue::{Catalogue, Kind, Role};
use crate::digest::Digest;
use crate::ixit::ixit_names;
use crate::reading;
use crate::variables::{RESERVED, fill, references};

/// How deep includes may use includes.
const MAX_INCLUDES: usize = 16;

/// The files that steps may come from.
#[derive(Clone, Copy)]
pub(super) struct Shelf<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) includes: &'a Includes,
}

/// Turns nodes into steps, file by file.
pub(super) struct Expander<'a> {
    role: Role,
    trust: Trust,
    /// The names that stand in the file already: parameters, or the variables of the include being expanded.
    given: Vec<String>,
    shelf: Shelf<'a>,
    found: &'a mut Found,
    hash: &'a mut Digest,
    tried: &'a mut Tried,
    /// The lines of the files met so far, by name.
    lines: BTreeMap<String, Lines>,
    /// How many steps there are so far.
    count: usize,
    /// The includes being expanded, outermost first.
    open: Vec<String>,
    /// The includes that went into the hash.
    hashed: Vec<String>,
    /// What is kept so far.
    captures: Vec<Capture>,
    /// The readings under which the step that is read is done, those of the steps around it included.
    when: Vec<Reading>,
    /// The readings under which it is demanded.
    judged: Vec<Reading>,
    /// What the case and its includes require.
    required: Requires,
}

/// What an earlier step keeps.
struct Capture {
    name: String,
    /// The group of the fields, where it is a whole message.
    group: Option<&'static str>,
    /// The readings without which it may not be there.
    under: Vec<Reading>,
}

impl<'a> Expander<'a> {
    pub(super) fn new(
        role: Role,
        trust: Trust,
        given: Vec<String>,
        shelf: Shelf<'a>,
        found: &'a mut Found,
        hash: &'a mut Digest,
        tried: &'a mut Tried,
    ) -> Self {
        let (open, hashed, captures) = (Vec::new(), Vec::new(), Vec::new());
        let (when, judged) = (Vec::new(), Vec::new());
        let (lines, count) = (BTreeMap::new(), 0);
        let required = Requires::default();
        Expander {
            role,
            trust,
            given,
            shelf,
            found,
            hash,
            tried,
            lines,
            count,
            open,
            hashed,
            captures,
            when,
            judged,
            required,
        }
    }

    /// Reads what a case or an include requires.
    pub(super) fn requires(&mut self, source: &Source, root: &Node) {
        let Some(node) = root.get("requires") else { return };
        self.check_names(source, node);
        let required = requires::read(self.role, node, |node, group| self.compiled(source, node, group, false));
        self.required.join(required);
    }

    /// What was required by all that was read.
    pub(super) fn required(&mut self) -> Requires {
        std::mem::take(&mut self.required)
    }

    /// The steps of a sequence that complies with the schema.
    pub(super) fn steps(&mut self, source: &Source, nodes: &[Node]) -> Vec<Step> {
        let mut steps = Vec::new();
        for node in nodes {
            self.count = self.count.saturating_add(1);
            if self.count > MOST_STEPS {
                let problem = Problem::new(node.span, format!("more than {MOST_STEPS} steps"))
                    .label("those of includes are counted wherever they are included")
                    .help("split the case, or use `repeat`");
                self.found.add(source, problem);
                break;
            }
            let outer = self.when.len();
            self.when.extend(readings(node, "when"));
            self.judged = readings(node, "judged");
            if node.get("include").is_some() {
                steps.extend(self.include(source, node));
            } else if let Some(kind) = self.kind(source, node) {
                steps.push(self.step(source, node, kind));
            }
            self.when.truncate(outer);
        }
        steps
    }

    fn step(&mut self, source: &Source, node: &Node, kind: StepKind) -> Step {
        let text = |key: &str| node.get(key).and_then(Node::written).map(|text| text.trim_end().to_owned());
        let line = self.line(source, node);
        Step {
            kind,
            location: Location { file: source.name.clone(), line },
            level: if text("level").as_deref() == Some("should") { Level::Should } else { Level::Must },
            trust: trust_of(node).unwrap_or(self.trust),
            spec: text("spec"),
            hint: text("hint"),
            when: self.when.clone(),
            judged: readings(node, "judged"),
            needs_wake_up: false,
        }
    }

    fn line(&mut self, source: &Source, node: &Node) -> usize {
        match self.lines.get(&source.name) {
            Some(lines) => lines.line(node.span.start),
            None => self.lines.entry(source.name.clone()).or_insert(Lines::of(source)).line(node.span.start),
        }
    }

    fn kind(&mut self, source: &Source, node: &Node) -> Option<StepKind> {
        for key in ["within", "during", "wait", "prompt", "spec", "hint"] {
            if let Some(value) = node.get(key) {
                self.check_names(source, value);
            }
        }
        let delay = |key: &str| node.get(key).and_then(Node::written).map(|text| Delay(text.to_owned()));
        let written = |key: &str| node.get(key).and_then(Node::written).map(str::to_owned);
        let nested = |key: &str| node.get(key).map(Node::items).unwrap_or_default();
        Some(if let Some(name) = written("send") {
            let kind = self.message(&name)?;
            let (with, mutate) = self.change(source, node, "with", kind);
            let capture = written("as");
            if let Some(name) = &capture {
                self.keep(name, Some(kind.fields));
            }
            StepKind::Send(Send { kind, with, mutate, capture })
        } else if let Some(name) = written("expect") {
            StepKind::Expect(self.expect(source, node, self.message(&name)?, delay("within")))
        } else if let Some(name) = written("expect-none") {
            let kind = self.message(&name)?;
            let filter = self.template(source, node, "where", kind.fields);
            let control = self.control(source, node);
            StepKind::ExpectNone(ExpectNone { kind, filter, during: delay("during")?, control })
        } else if let Some(delay) = delay("wait") {
            let until = written("until").and_then(|name| self.message(&name));
            let matching = self.until_match(source, node, until);
            StepKind::Wait(Wait { delay, until, matching })
        } else if let Some(act) = written("operator") {
            let until = written("until").and_then(|name| self.message(&name));
            let matching = self.until_match(source, node, until);
            StepKind::Operator(OperatorAct {
                act,
                prompt: written("prompt")?,
                until,
                matching,
                within: delay("within"),
            })
        } else {
            let count = node.get("repeat")?.as_int().and_then(|count| u32::try_from(count).ok());
            let Some(count) = count else {
                let at = node.get("repeat").map_or(node.span, |value| value.span);
                let problem = Problem::new(at, "how often is not known before the case runs")
                    .help("write a number, or the name of a parameter");
                self.found.add(source, problem);
                return None;
            };
            StepKind::Repeat(Repeat { count, steps: self.steps(source, nested("steps")) })
        })
    }

    fn message(&self, kind: &str) -> Option<&'static Kind> {
        Catalogue::get().kind(self.role, kind)
    }

    fn expect(&mut self, source: &Source, node: &Node, kind: &'static Kind, within: Option<Delay>) -> Expect {
        let group = kind.fields;
        let filter = self.template(source, node, "where", group);
        let matching = self.template(source, node, "match", group);
        let capture = node.get("as").and_then(Node::written).map(str::to_owned);
        if let Some(name) = &capture {
            self.keep(name, Some(group));
        }
        let reply = match node.get("reply") {
            Some(reply) if reply.written() == Some("none") => {
                if let Some(entry) = node.entry("mutate") {
                    let problem = Problem::new(entry.key_span, "`mutate` beside `reply: none`")
                        .label("there is no answer to edit")
                        .help("leave out one of them");
                    self.found.add(source, problem);
                }
                ReplySpec::None
            }
            None if node.get("mutate").is_none() => ReplySpec::Default,
            _ => {
                let (with, mutate) = self.change(source, node, "reply", kind);
                ReplySpec::With { with, mutate }
            }
        };
        let sent = node.get("sent").and_then(Node::written).map(str::to_owned);
        if let Some(name) = &sent {
            self.keep(name, Some(group));
        }
        let optional = node.get("absence").and_then(Node::written) == Some("inconclusive");
        Expect { kind, within, filter, matching, reply, capture, sent, optional }
    }

    /// The steps that show that a message could have come.
    fn control(&mut self, source: &Source, node: &Node) -> Vec<Step> {
        let before = self.found.told();
        let control = self.steps(source, node.get("control").map(Node::items).unwrap_or_default());
        if self.found.told() == before
            && !lint::demand(&control)
            && let Some(entry) = node.entry("control")
        {
            let problem = Problem::new(entry.key_span, "a control that demands nothing")
                .label("a DUT that is dead would pass it")
                .note("silence shows something only where the DUT has to do something after it")
                .help("add an `expect` at level `must` that is done in any case, of a message that the DUT sends");
            self.found.add(source, problem);
        }
        control
    }

    /// The fields under `key`, `with` or `reply`, and the edits under `mutate`.
    fn change(
        &mut self,
        source: &Source,
        node: &Node,
        key: &str,
        kind: &'static Kind,
    ) -> (Map<String, Value>, Vec<Value>) {
        let reply = key == "reply";
        let group = if reply { kind.reply } else { kind.build }.unwrap_or("none");
        let mut read = |key: &str, schema: &Schema| {
            let value = node.get(key)?;
            self.check_names(source, value);
            Some(json(schema, value, definitions()))
        };
        let fields = read(key, &with(group)).and_then(|value| value.as_object().cloned()).unwrap_or_default();
        let edits = read("mutate", &mutations()).and_then(|value| value.as_array().cloned());
        if let Some(value) = node.get(key)
            && !self.shelf.bundle.is_sound()
        {
            self.tried.change((&mut *self.found, source), value, kind, &fields, reply);
        }
        (fields, edits.unwrap_or_default())
    }

    /// What the message that `until` names must look like.
    fn until_match(&mut self, source: &Source, node: &Node, until: Option<&Kind>) -> Option<Value> {
        let entry = node.entry("match")?;
        let Some(kind) = until else {
            let problem = Problem::new(entry.key_span, "`match` without `until`")
                .label("there is no message to compare")
                .help("add `until:` with the kind of message that is waited for");
            self.found.add(source, problem);
            return None;
        };
        if self.shelf.bundle.is_sound() {
            return self.template(source, node, "match", kind.fields);
        }
        let problems = problems_of(&template(kind.fields), &entry.value, definitions());
        let sound = problems.is_empty();
        for problem in problems {
            self.found.add(source, problem);
        }
        if sound { self.template(source, node, "match", kind.fields) } else { None }
    }

    /// The template under `key`; what it keeps is known from here on.
    fn template(&mut self, source: &Source, node: &Node, key: &str, group: &'static str) -> Option<Value> {
        let value = node.get(key)?;
        self.check_names(source, value);
        let compiled = self.compiled(source, value, group, key == "match");
        self.captured(value);
        Some(compiled)
    }

    /// The template at a node, which is tried; `demand` says whether something is demanded by it.
    fn compiled(&mut self, source: &Source, value: &Node, group: &'static str, demand: bool) -> Value {
        let mut compiled = json(&template(group), value, definitions());
        normalise(&mut compiled, group);
        if self.shelf.bundle.is_sound() {
            return compiled;
        }
        if let Some((path, readings)) = reading::gap(&compiled) {
            let under = readings.iter().map(|(id, choice)| format!("`{id}: {choice}`")).collect::<Vec<_>>();
            let problem = Problem::new(value.at(&path).span, "an impossible matcher")
                .label(format!("no entry counts under {}", under.join(", ")))
                .help("add an entry for that reading, or one without `when`");
            self.found.add(source, problem);
        }
        let of_any = reading::of_any(compiled.clone());
        match Template::compile(&of_any) {
            // What counts under some readings only is tried when the reading is known.
            Ok(_) if of_any != compiled => {}
            Ok(_) => self.tried.template((&mut *self.found, source), value, &of_any, group, demand),
            Err(error) => {
                let place = value.at(&error.path);
                // What is not known yet is tried when it is.
                if !is_reference(place) {
                    self.found.add(source, Problem::new(place.span, "an impossible matcher").label(error.message));
                }
            }
        }
        compiled
    }

    fn keep(&mut self, name: &str, group: Option<&'static str>) {
        let under = self.when.iter().chain(&self.judged).cloned().collect();
        self.captures.push(Capture { name: name.to_owned(), group, under });
    }

    fn captured(&mut self, node: &Node) {
        if let Some(name) = node.get("as").and_then(Node::as_str) {
            self.keep(name, None);
        }
        node.items().iter().for_each(|item| self.captured(item));
        node.entries().iter().for_each(|entry| self.captured(&entry.value));
    }

    /// Checks that every name in a tree is known by now.
    pub(super) fn check_names(&mut self, source: &Source, node: &Node) {
        if self.shelf.bundle.is_sound() {
            return;
        }
        node.items().iter().for_each(|item| self.check_names(source, item));
        node.entries().iter().for_each(|entry| self.check_names(source, &entry.value));
        let Some(text) = node.as_str() else { return };
        match references(text) {
            Ok(found) => {
                for reference in found {
                    let span = node.span_within(reference.span.start, reference.span.end);
                    let problem = self.unknown(&reference.name, span);
                    problem.into_iter().for_each(|problem| self.found.add(source, problem));
                }
            }
            Err((span, message)) => {
                let problem = Problem::new(node.span_within(span.start, span.end), message)
                    .help("write a name as `${name}`, such as `${ixit.server_id}`");
                self.found.add(source, problem);
            }
        }
    }

    fn unknown(&self, name: &str, span: Span) -> Option<Problem> {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let known: Vec<String> = match first {
            "ixit" | "dut" | "link" => {
                let names = match first {
                    "ixit" => ixit_names(),
                    "dut" => ["name", "kind"].map(str::to_owned).to_vec(),
                    _ => ["address", "authority", "path", "port", "account_authority", "account_port"]
                        .map(str::to_owned)
                        .to_vec(),
                };
                if rest.is_some_and(|rest| names.iter().any(|name| name == rest)) {
                    return None;
                }
                names.iter().map(|name| format!("{first}.{name}")).collect()
            }
            _ => match self.captures.iter().rfind(|kept| kept.name == first) {
                Some(kept) if !kept.under.iter().all(|one| self.when.contains(one)) => {
                    let under = kept.under.iter().filter(|one| !self.when.contains(one));
                    return Some(only_under(first, span, under));
                }
                Some(Capture { group: Some(group), .. }) => {
                    let fields = Catalogue::get().group(group);
                    let member = rest.map(|rest| rest.split('.').next().unwrap_or_default());
                    if member.is_none_or(|member| fields.iter().any(|field| field.name == member)) {
                        return None;
                    }
                    fields.iter().map(|field| format!("{first}.{}", field.name)).collect()
                }
                Some(Capture { group: None, .. }) => return None,
                None => {
                    let captures = self.captures.iter().map(|kept| kept.name.clone());
                    self.given.iter().cloned().chain(captures).chain(RESERVED.map(str::to_owned)).collect()
                }
            },
        };
        let names = known.iter().map(String::as_str);
        // A name that lacks its first part: `${server_id}` for `${ixit.server_id}`.
        let meant = ixit_names().into_iter().find(|known| known == name).map(|name| format!("ixit.{name}"));
        // Only the first part is unknown when nothing bears it.
        let parts = known.iter().filter_map(|known| known.split('.').next());
        let by_part =
            || nearest(first, parts).map(|near| rest.map_or(near.to_owned(), |rest| format!("{near}.{rest}")));
        let near = nearest(name, names.clone()).map(str::to_owned).or(meant).or_else(by_part);
        let listed = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let problem = Problem::new(span, format!("nothing is called `{name}` here"))
            .label("not known when this step begins")
            .note(format!("known: {listed}"));
        Some(match near {
            Some(near) => problem.help(format!("did you mean `${{{near}}}`?")),
            None => problem.help("an earlier step keeps a message under a name with `as:`"),
        })
    }

    fn include(&mut self, source: &Source, node: &Node) -> Vec<Step> {
        let Some(name_node) = node.get("include") else { return Vec::new() };
        let name = name_node.written().unwrap_or_default();
        let path = format!("{INCLUDES}{name}.yaml");
        let shelf = self.shelf;
        let (included, root) = match shelf.includes.get(shelf.bundle, &path) {
            Some(Some((included, root))) => (included, root),
            // What is wrong with it is told at its place.
            Some(None) => {
                self.found.again();
                return Vec::new();
            }
            None => {
                let problem = self.no_include(name, name_node.span);
                self.found.add(source, problem);
                return Vec::new();
            }
        };
        if self.open.contains(&path) || self.open.len() >= MAX_INCLUDES {
            let chain: Vec<&str> = self.open.iter().chain([&path]).map(|path| include_name(path)).collect();
            let problem = Problem::new(name_node.span, format!("`{name}` includes itself"))
                .label(chain.join(" → "))
                .help("break the circle");
            self.found.add(source, problem);
            return Vec::new();
        }
        if !self.hashed.contains(&path) {
            self.hash.add(&included.text);
            self.hashed.push(path.clone());
        }
        let Some(values) = self.variables(source, node, root) else { return Vec::new() };
        let filled = fill(root, &values);
        let sound = self.shelf.bundle.is_sound();
        let problems =
            if sound { Vec::new() } else { problems_of(&include_schema(Some(self.role)), &filled, definitions()) };
        if !problems.is_empty() {
            let line = self.line(source, node);
            for problem in explained(problems, Some(self.role), &filled) {
                self.found
                    .add(included, problem.note(format!("included by {}:{line}, role {}", source.name, self.role)));
            }
            return Vec::new();
        }
        self.open.push(path);
        let outer = std::mem::replace(&mut self.given, values.into_iter().map(|(name, _)| name).collect());
        self.requires(included, &filled);
        let before = self.captures.len();
        let mut steps = self.steps(included, filled.get("steps").map(Node::items).unwrap_or_default());
        self.given = outer;
        self.open.pop();
        if node.get("skip").is_some() {
            steps.iter_mut().for_each(|step| step.needs_wake_up = true);
            // What may be left out keeps nothing.
            self.captures.truncate(before);
        }
        steps
    }

    /// The values of an include's variables; none when something is wrong with them.
    fn variables(&mut self, source: &Source, node: &Node, root: &Node) -> Option<Vec<(String, Node)>> {
        let defaults = root.get("variables").map(Node::entries).unwrap_or_default();
        let given = node.get("with").map(Node::entries).unwrap_or_default();
        let before = self.found.count();
        for entry in given {
            self.check_names(source, &entry.value);
            if !defaults.iter().any(|default| default.key == entry.key) {
                let names = || defaults.iter().map(|default| default.key.as_str());
                let listed = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                let problem = Problem::new(entry.key_span, format!("the include has no variable `{}`", entry.key));
                let problem = if defaults.is_empty() {
                    problem.label("it has no variables")
                } else {
                    problem.label("not one of its variables").note(format!("its variables: {listed}"))
                };
                let near = nearest(&entry.key, names()).map(|near| format!("did you mean `{near}`?"));
                self.found.add(source, near.into_iter().fold(problem, Problem::help));
            }
        }
        let mut values = Vec::new();
        for default in defaults {
            let value =
                given.iter().find(|entry| entry.key == default.key).map_or(&default.value, |entry| &entry.value);
            if value.is_null() && default.value.is_null() {
                let problem = Problem::new(node.span, format!("the include needs a value for `{}`", default.key))
                    .label("has no default")
                    .help(format!("add `with: {{ {}: ... }}`", default.key));
                self.found.add(source, problem);
            }
            values.push((default.key.clone(), value.clone()));
        }
        (self.found.count() == before).then_some(values)
    }

    fn no_include(&self, name: &str, span: Span) -> Problem {
        let names: Vec<&str> = self.shelf.bundle.under(INCLUDES).map(|(path, _)| include_name(path)).collect();
        let problem = Problem::new(span, format!("there is no include `{name}`"))
            .label(format!("no file `testcases/include/{name}.yaml`"));
        match nearest(name, names.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => problem.help("there are no includes yet"),
            None => problem.help(format!("there are: {}", names.join(", "))),
        }
    }
}

/// A name that is there under some readings alone.
fn only_under<'r>(name: &str, span: Span, under: impl Iterator<Item = &'r Reading>) -> Problem {
    let under = under.map(|(id, choice)| format!("`{id}: {choice}`")).collect::<Vec<_>>().join(" and ");
    Problem::new(span, format!("`{name}` is kept for certain only under {under}"))
        .label("this step is done under other readings, too")
        .help("give this step that `when`, or keep the name in a step without conditions")
}

/// The readings under a key of a step.
fn readings(node: &Node, key: &str) -> Vec<Reading> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.written()?.to_owned()))).collect()
}

fn include_name(path: &str) -> &str {
    path.strip_prefix(INCLUDES).unwrap_or(path).trim_end_matches(".yaml")
}
