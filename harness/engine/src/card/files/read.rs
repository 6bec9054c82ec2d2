//! Reads a card that a person wrote.

use dmsc_doc::{Node, Problem, Problems, Source, Span, parse, secret_values};

use super::spec::CardSpec;
use super::tree::FileSystem;

/// The keys of a PIN and of an algorithm whose values anybody may see; those of other keys may be secrets, with a typing
/// error in their name.
const PUBLIC: [&str; 8] = ["name", "enabled", "tries", "puk_tries", "algorithm", "res_length", "sequence", "sqn"];

/// The keys of PINs and keys, in a text of which nothing but words is known.
const SECRET: [&str; 6] = ["value", "puk", "k", "op", "opc", "key"];

/// What to try where nothing better is known.
const HEAD: &str = "the head of `fixtures/cards/reference.yaml` tells how a card is written";

impl FileSystem {
    /// Whether a key of the document of a card may have a PIN or a key as its value, where nothing is known of where it stands.
    pub fn may_be_secret(key: &str) -> bool {
        SECRET.contains(&key.to_lowercase().as_str())
    }

    /// Reads a card, as the head of `fixtures/cards/reference.yaml` tells how one is written.
    ///
    /// # Errors
    /// What is wrong, and where. PINs and keys are not shown.
    pub fn read(source: &Source) -> Result<FileSystem, Problems> {
        let root = parse(source).map_err(|problems| {
            let secrets = secret_values(source, &FileSystem::may_be_secret);
            problems.hiding(&secrets)
        })?;
        let card = root.read::<CardSpec>().and_then(|spec| {
            let built = FileSystem::build(&spec);
            built.map_err(|wrong| vec![wrong.problem(&root)])
        });
        card.map_err(|problems| {
            let helped = problems.into_iter().map(|problem| match problem.help {
                Some(_) => problem,
                None => problem.help(HEAD),
            });
            let helped: Vec<Problem> = helped.collect();
            Problems::new(source.clone(), helped).hiding(&secrets(&root))
        })
    }
}

/// Where PINs and keys stand.
fn secrets(root: &Node) -> Vec<Span> {
    let items = |key: &str| root.get(key).map(Node::items).unwrap_or_default();
    let algorithms = items("applications").iter().filter_map(|application| application.get("authentication"));
    let entries = items("pins").iter().chain(algorithms).flat_map(Node::entries);
    entries.filter(|entry| !PUBLIC.contains(&entry.key.as_str())).map(|entry| entry.value.span).collect()
}
