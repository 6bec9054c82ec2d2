//! Variants: named ways in which a reference DUT behaves otherwise than it does by itself and still conforms, as data.
//!
//! No case may fail one, and each comes to a pass of every mandatory item.

use std::collections::BTreeMap;

use dmsc_doc::{Case, Field, Mapping, Node, Problem, Problems, Schema, Source, Tagged};
use dmsc_engine::choice::{Choice, Chosen};
use dmsc_engine::messages::{FacilitiesWith, Group};
use dmsc_engine::patch::Patch;
use dmsc_engine::switch::Switch;
use dmsc_octets::glob;
use dmsc_scr::ItemId;
use serde_json::{Map, Value};

use crate::behaviour;
use crate::bundle::Bundle;
use crate::case::{Found, definitions, json};
use crate::catalogue::Role;
use crate::catalogue::schema::settings;
use crate::ixit::{DEFAULT_PORT, Ixit, ixit_schema};

/// One variant.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name.
    pub id: String,
    /// Which reference DUT behaves so.
    pub side: Role,
    /// What it does, in one line.
    pub what: String,
    /// What leaves it open.
    pub clause: String,
    /// Where it is listed elsewhere, for tables of them.
    pub reference: Option<String>,
    /// Other choices.
    pub choices: Vec<Chosen>,
    /// Other decisions.
    pub switches: Vec<Switch>,
    /// Other messages.
    pub patches: Vec<Patch>,
    /// Facilities of the terminal profile that are not offered, or offered besides.
    pub profile: FacilitiesWith,
    /// Other values of the IXIT.
    pub ixit: Map<String, Value>,
    /// Other answers in the statement.
    pub statement: BTreeMap<ItemId, bool>,
    /// The cases that may come to no verdict.
    pub inconclusive: Vec<Allowed>,
}

impl PartialEq for Variant {
    /// Variants are known by name: a library has no two of one name.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.side == other.side
    }
}

/// Cases that may come to no verdict against a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Their name, or a pattern of it.
    pub case: String,
    /// Why too little is seen.
    pub why: String,
}

impl Allowed {
    /// Whether it speaks of a case: by its name, that of its file, or a pattern; `DM_SC-` can be left out.
    pub fn names(&self, case: &str) -> bool {
        let short = case.strip_prefix("DM_SC-").unwrap_or(case);
        let file = |name: &str| name.split('[').next().is_some_and(|file| glob(&self.case, file));
        [case, short].iter().any(|name| glob(&self.case, name) || file(name))
    }
}

/// The folder of the variant files.
const VARIANTS: &str = "fixtures/variants/";

/// Every variant of a bundle, in the order of files and text.
///
/// # Errors
/// All that is wrong, file by file.
pub fn load(bundle: &Bundle) -> Result<Vec<Variant>, Vec<Problems>> {
    let mut found = Found::default();
    let mut variants: Vec<Variant> = Vec::new();
    behaviour::entries(bundle, VARIANTS, &variants_schema(), &mut found, |source, node, found| {
        let id = behaviour::text(node, "id");
        if behaviour::is_new(source, node, "variant", variants.iter().any(|known| known.id == id), found) {
            variants.push(read(source, node, id, found));
        }
    });
    found.none_or(variants)
}

/// The keys that make a variant differ.
const DOES: [&str; 6] = ["choices", "switches", "patches", "profile", "ixit", "statement"];

/// What a variant file may hold.
pub fn variants_schema() -> Schema {
    let sides = Role::ALL.map(|side| {
        let doc = match side {
            Role::Card => "The reference card.",
            Role::Terminal => "The reference terminal.",
        };
        let mut fields = behaviour::fields(side);
        fields.push(choices_field(Choice::of(side)));
        if side == Role::Terminal {
            fields.push(profile_field());
        }
        Case::new(side.as_str(), doc, fields)
    });
    let allowed = Mapping::new([
        Field::required("case", Schema::text(), "Name of the case, or a pattern with `*`."),
        Field::required("why", Schema::text(), "Why too little is seen, in one line."),
    ]);
    let variant = Tagged::new([
        Field::required("id", crate::variables::name_schema(), "Name of the variant."),
        Field::required("what", Schema::text(), "What it does otherwise, in one line."),
        Field::required("clause", Schema::text(), "What leaves it open."),
        Field::optional("ref", Schema::text(), "Where it is listed elsewhere."),
        Field::optional("ixit", ixit_schema(), "Values of the IXIT that are other."),
        behaviour::statement_field(),
        Field::optional("inconclusive", Schema::seq_of(allowed, 1, usize::MAX), "Cases that may come to no verdict."),
    ])
    .value("side", "Which reference DUT it is a variant of.", sides);
    let some = Schema::Tagged(variant).with(|node| {
        let does = DOES.iter().any(|key| node.get(key).is_some());
        let at = node.entry("id").map_or(node.span, |entry| entry.key_span);
        (!does).then(|| Problem::new(at, "a variant that changes nothing").help(format!("add {}", one_of(&DOES))))
    });
    Schema::seq_of(some, 1, usize::MAX)
}

fn one_of(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    format!("one of {}", quoted.join(", "))
}

/// The key `choices`, of these choices.
pub(crate) fn choices_field(choices: impl Iterator<Item = &'static Choice>) -> Field {
    let fields = choices.map(|choice| {
        let alternatives = choice.alternatives.iter().map(|one| (one.name, one.doc));
        let doc = format!("{} Left open by {}.", choice.doc, choice.clause);
        Field::optional(choice.name, Schema::documented_choice(alternatives), doc)
    });
    let fields = Mapping::new(fields.collect::<Vec<_>>());
    Field::optional("choices", fields, "Choices that the built-in DUT makes otherwise than by itself.")
}

/// The key `profile`.
pub(crate) fn profile_field() -> Field {
    let profile = settings(FacilitiesWith::NAME);
    Field::optional("profile", profile, "Facilities of the terminal profile of the built-in terminal to switch.")
}

/// The alternatives under `choices`.
pub(crate) fn read_choices(node: &Node) -> Vec<Chosen> {
    let entries = node.get("choices").map(Node::entries).unwrap_or_default().iter();
    entries.filter_map(|one| Chosen::named(&one.key, one.value.written()?)).collect()
}

/// The facilities under `profile`.
pub(crate) fn read_profile(node: &Node) -> Result<FacilitiesWith, Problem> {
    let Some(given) = node.get("profile") else { return Ok(FacilitiesWith::default()) };
    let profile = json(&settings(FacilitiesWith::NAME).into(), given, definitions());
    FacilitiesWith::from_fields(&object(Some(profile))).map_err(|problem| Problem::new(given.span, problem.to_string()))
}

fn read(source: &Source, node: &Node, id: String, found: &mut Found) -> Variant {
    let statement = behaviour::statement(source, node, found);
    let ixit = object(node.get("ixit").map(|given| json(&ixit_schema(), given, definitions())));
    if let Err(problem) = Ixit::from_value(&ixit, DEFAULT_PORT) {
        let span = node.get("ixit").map_or(node.span, |given| given.span);
        found.add(source, Problem::new(span, problem.to_string()));
    }
    let profile = read_profile(node).unwrap_or_else(|problem| {
        found.add(source, problem);
        FacilitiesWith::default()
    });
    let allowed = node.get("inconclusive").map(Node::items).unwrap_or_default().iter();
    Variant {
        id,
        side: behaviour::side(node),
        what: behaviour::text(node, "what"),
        clause: behaviour::text(node, "clause"),
        reference: node.get("ref").and_then(Node::written).map(str::to_owned),
        choices: read_choices(node),
        switches: behaviour::switches(node),
        patches: behaviour::patches(source, node, found),
        profile,
        ixit,
        statement,
        inconclusive: allowed
            .map(|one| Allowed { case: behaviour::text(one, "case"), why: behaviour::text(one, "why") })
            .collect(),
    }
}

/// What a value holds that is an object; nothing of another.
pub(crate) fn object(value: Option<Value>) -> Map<String, Value> {
    value.as_ref().and_then(Value::as_object).cloned().unwrap_or_default()
}

/// A variant that its DUT cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("variant {id}: {cause}")]
pub struct VariantError {
    /// The variant.
    pub id: String,
    /// Why.
    pub cause: String,
}

impl Variant {
    /// The reference DUT that makes these choices, and has a terminal profile with these differences.
    pub(crate) fn with(side: Role, choices: Vec<Chosen>, profile: FacilitiesWith) -> Variant {
        Variant {
            id: "as-its-file-says".into(),
            side,
            what: String::new(),
            clause: String::new(),
            reference: None,
            choices,
            switches: Vec::new(),
            patches: Vec::new(),
            profile,
            ixit: Map::new(),
            statement: BTreeMap::new(),
            inconclusive: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(text: &str) -> Result<Vec<Variant>, Vec<Problems>> {
        load(&Bundle::of([("fixtures/variants/a.yaml", text)]))
    }

    const WAITS: &str = "
- id: waits
  side: terminal
  what: The client waits to be asked.
  clause: DMPRO 8.3
  ref: '1.0'
  choices: { first-credentials: after-challenge }
  profile: { off: [timer-management-start-stop] }
  ixit: { http_port: 4116, client_auth: basic }
  statement: { DM_SC-C-005-O: yes, DM-PRO-Abort-C-003: yes }
  inconclusive: [{ case: DM_SC-C-001-M/x, why: Nothing is sent. }]
";

    #[test]
    fn a_variant_is_read() {
        let all = variants(WAITS).unwrap_or_else(|all| panic!("{}", all[0]));
        let one = &all[0];
        assert_eq!((one.side, one.reference.as_deref()), (Role::Terminal, Some("1.0")));
        assert_eq!(one.choices, [Chosen::named("first-credentials", "after-challenge").unwrap()]);
        assert_eq!(one.inconclusive[0].why, "Nothing is sent.");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |from: &str, to: &str| variants(&WAITS.replace(from, to)).unwrap_err()[0].to_string();
        assert!(refused("after-challenge", "tomorrow").contains("tomorrow"));
        assert!(refused("DM_SC-C-005-O: yes", "DM_SC-C-055-O: yes").contains("there is no item `DM_SC-C-055-O`"));
        let nothing = "- { id: a, side: card, what: W., clause: C }";
        assert!(variants(nothing).unwrap_err()[0].to_string().contains("changes nothing"));
        let two = format!("{WAITS}{WAITS}");
        assert!(variants(&two).unwrap_err()[0].to_string().contains("two variants are called `waits`"));
    }
}
