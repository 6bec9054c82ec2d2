//! `requires`: what a DUT has to offer for a case to apply to it. Part of it is known before the case runs, the rest is
//! seen in the DUT's own messages.

use dmsc_doc::{Field, Mapping, Node, Schema, Tagged};
use dmsc_engine::messages::WakeUp;
use dmsc_scr::Feature;
use dmsc_uicc::profile::Facility;
use serde_json::{Value, json};

use crate::catalogue::schema::{kinds, template};
use crate::catalogue::{Catalogue, Kind, Role};

/// What a DUT has to offer. Empty, the case applies to every DUT.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requires {
    /// Features by its statement: of each of these lists, one.
    pub features: Vec<Vec<Feature>>,
    /// What has to wake the card up, by its IXIT: of each of these lists, one.
    pub wake_up: Vec<Vec<WakeUp>>,
    /// What the DUT's messages show.
    pub seen: Vec<Seen>,
}

/// What each message of a kind has to look like. The first that does not shows that the DUT does not offer it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The kind of message.
    pub kind: &'static Kind,
    /// Which messages of the kind count.
    pub filter: Option<Value>,
    /// What they have to match; names are not put in yet.
    pub matching: Value,
    /// What it means that one does not, in a line.
    pub why: String,
}

impl Requires {
    /// Takes over what an include requires.
    pub(super) fn join(&mut self, other: Requires) {
        let Requires { features, wake_up, seen } = other;
        extend(&mut self.features, features);
        extend(&mut self.wake_up, wake_up);
        extend(&mut self.seen, seen);
    }
}

/// Adds what is not there yet.
fn extend<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !all.contains(&one) {
            all.push(one);
        }
    }
}

/// The kind of message in which a terminal says what it offers.
const PROFILE: &str = "terminal-profile";

/// What `requires` may hold.
pub(super) fn requires_schema(role: Role) -> Schema {
    let facility = || Schema::documented_choice(Facility::ALL.iter().map(|one| (one.name(), "")));
    let facilities =
        |name: &'static str, doc: &'static str| Field::optional(name, Schema::seq_of(facility(), 1, usize::MAX), doc);
    let seen = |kind: &Kind| {
        vec![
            Field::optional("where", template(kind.fields), "Which messages count."),
            Field::required("match", template(kind.fields), "What each of them has to look like."),
        ]
    };
    let why = Field::required("why", Schema::text(), "What it means when one does not: the reason in reports.");
    let seen = Tagged::new([why]).value("message", "The kind of message.", kinds(role, |kind| kind.heard, seen));
    let seen = Field::optional("seen", Schema::seq_of(seen, 1, usize::MAX), "What the DUT's messages have to show.");
    let feature = || Schema::documented_choice(Feature::ALL.map(|one| (one.as_str(), one.question())));
    let any = Schema::seq_of(feature(), 2, usize::MAX);
    let features = Schema::seq_of(Schema::one_of([feature(), any]), 1, usize::MAX);
    let features = Field::optional("features", features, "Features by the statement; of a list within the list, one.");
    let fields = match role {
        Role::Card => vec![
            features,
            facilities("facilities", "Facilities that the terminal profile offers."),
            facilities("without", "Facilities that the terminal profile does not offer."),
            Field::optional("channels", Schema::int(1, 7), "Channels that the terminal profile offers at least."),
            seen,
        ],
        Role::Terminal => {
            let ways = Schema::documented_choice(WakeUp::ALL.map(|way| (way.as_str(), way.doc())));
            let doc = "What has to wake the card up, by its IXIT: one of these.";
            vec![features, Field::optional("wake_up", Schema::seq_of(ways, 1, usize::MAX), doc), seen]
        }
    };
    Mapping::new(fields).into()
}

/// Reads a `requires` that complies with its schema. `compile` gives the template at a node over a group of fields.
pub(super) fn read(role: Role, node: &Node, mut compile: impl FnMut(&Node, &'static str) -> Value) -> Requires {
    let words = |key: &str| -> Vec<&str> {
        node.get(key).map(Node::items).unwrap_or_default().iter().filter_map(Node::written).collect()
    };
    let named = |node: &Node| node.written().and_then(Feature::from_name);
    let any = |node: &Node| match node.items() {
        [] => named(node).into_iter().collect(),
        all => all.iter().filter_map(named).collect::<Vec<_>>(),
    };
    let features = node.get("features").map(Node::items).unwrap_or_default().iter().map(any).collect();
    let ways = words("wake_up");
    let ways: Vec<WakeUp> = WakeUp::ALL.into_iter().filter(|way| ways.contains(&way.as_str())).collect();
    let wake_up = if ways.is_empty() { Vec::new() } else { vec![ways] };
    let mut seen: Vec<Seen> = Vec::new();
    if let Some(kind) = Catalogue::get().kind(role, PROFILE).filter(|kind| kind.heard) {
        let profile = |matching, why| Seen { kind, filter: None, matching, why };
        seen.extend(words("facilities").into_iter().map(|facility| {
            let offered = json!({ "facilities": { "contains": facility } });
            profile(offered, format!("its terminal profile does not offer `{facility}`"))
        }));
        seen.extend(words("without").into_iter().map(|facility| {
            let missing = json!({ "facilities": { "not": { "contains": facility } } });
            profile(missing, format!("its terminal profile offers `{facility}`"))
        }));
        seen.extend(node.get("channels").and_then(Node::as_int).map(|least| {
            let enough = json!({ "channels": { "range": [least, 7] } });
            profile(enough, format!("its terminal profile offers fewer channels than {least}"))
        }));
    }
    for one in node.get("seen").map(Node::items).unwrap_or_default() {
        let kind = one.get("message").and_then(Node::written).and_then(|name| Catalogue::get().kind(role, name));
        let (Some(kind), Some(matching)) = (kind, one.get("match")) else { continue };
        let filter = one.get("where").map(|filter| compile(filter, kind.fields));
        let matching = compile(matching, kind.fields);
        let why = one.get("why").and_then(Node::written).unwrap_or_default().trim_end().to_owned();
        seen.push(Seen { kind, filter, matching, why });
    }
    Requires { features, wake_up, seen }
}
