//! Reads a management tree that a person wrote.

use dmsc_dm::tree::{ManagementTree, TreeSpec};
use dmsc_doc::{Problem, Problems, Source, parse};

/// Reads a tree, as `fixtures/trees/reference.yaml` shows how one is written: an entry for each node, by its address.
///
/// # Errors
/// What is wrong, and where.
pub fn read(source: &Source) -> Result<ManagementTree, Problems> {
    let root = parse(source)?;
    let tree = root.read::<TreeSpec>().and_then(|spec| {
        ManagementTree::from_spec(&spec).map_err(|error| {
            let entry = root.entry(&error.uri);
            let field = entry.and_then(|entry| entry.value.get(error.field?));
            let span = field.map(|field| field.span).or(entry.map(|entry| entry.key_span));
            vec![Problem::new(span.unwrap_or(root.span), error.reason)]
        })
    });
    tree.map_err(|problems| Problems::new(source.clone(), problems))
}
