//! Imports between the files of a crate, and the circles in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::Source;
use crate::workspace::Crate;

/// Circles that are there and are to be cut: files of each, in different folders. The list only shrinks.
pub(crate) const KNOWN_CIRCLES: &[&[&str]] = &[];

/// Files of more than one folder that import each other.
pub(crate) struct Circle {
    /// All of them.
    files: BTreeSet<String>,
    /// A way around through two folders: each file with the line where it imports the next.
    way: Vec<(String, usize)>,
}

impl Circle {
    /// Whether all of these are in it.
    pub(crate) fn has(&self, files: &[&str]) -> bool {
        files.iter().all(|file| self.files.contains(*file))
    }

    /// The way around, and what else is in it.
    pub(crate) fn shown(&self) -> String {
        let steps: Vec<String> = self.way.iter().map(|(file, line)| format!("{file}:{line}")).collect();
        let first = self.way.first().map_or("", |(file, _)| file.as_str());
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        format!("{} -> {first}\n    is a circle among {} files: {}", steps.join(" -> "), files.len(), files.join(", "))
    }
}

/// The circles of a crate that go through more than one folder. What is there for tests alone does not count, nor what
/// a module passes on of its own children.
pub(crate) fn between_folders(one: &Crate) -> Vec<Circle> {
    let files: Vec<&Source> = one.files.iter().filter(|file| !file.is_test()).collect();
    let edges = edges(&files);
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for start in 0..files.len() {
        if seen.contains(&start) {
            continue;
        }
        let reached = reach(&edges, start);
        let members: BTreeSet<usize> =
            reached.iter().copied().filter(|end| reach(&edges, *end).contains(&start)).collect();
        seen.extend(members.iter().copied());
        if let Some(way) = way(&files, &edges, &members) {
            let way = way.into_iter().map(|(at, line)| (files[at].path.clone(), line)).collect();
            circles.push(Circle { files: members.iter().map(|at| files[*at].path.clone()).collect(), way });
        }
    }
    circles
}

/// For each file those that it imports, with the first line that does.
type Edges = Vec<BTreeMap<usize, usize>>;

fn edges(files: &[&Source]) -> Edges {
    let places: BTreeMap<&[String], usize> =
        files.iter().enumerate().map(|(at, file)| (&file.module[..], at)).collect();
    let mut edges = vec![BTreeMap::new(); files.len()];
    for (from, file) in files.iter().enumerate() {
        for import in file.imports.iter().filter(|import| import.first() == "crate" && !import.test) {
            let path = &import.path[1..];
            let own = path.len() > file.module.len() && path.starts_with(&file.module);
            if import.passed_on && own {
                continue;
            }
            for to in targets(files, &places, path, 0).into_iter().filter(|to| *to != from) {
                edges[from].entry(to).or_insert(import.line);
            }
        }
    }
    edges
}

/// The file that a path leads to, and the one that defines what it names, if the first only passes it on.
fn targets(files: &[&Source], places: &BTreeMap<&[String], usize>, path: &[String], depth: usize) -> Vec<usize> {
    let Some((length, to)) = (0..=path.len()).rev().find_map(|n| Some((n, *places.get(&path[..n])?))) else {
        return Vec::new();
    };
    let mut found = vec![to];
    if let Some(name) = path.get(length)
        && depth < 4
    {
        let passed = files[to].imports.iter().filter(|import| import.passed_on && import.first() == "crate");
        for import in passed.filter(|import| import.path.last() == Some(name)) {
            found.extend(targets(files, places, &import.path[1..], depth + 1));
        }
    }
    found
}

/// What can be reached from a file, itself included.
fn reach(edges: &Edges, start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        open.extend(edges[at].keys().copied().filter(|to| reached.insert(*to)));
    }
    reached
}

/// The shortest way around among the members that leaves a folder.
fn way(files: &[&Source], edges: &Edges, members: &BTreeSet<usize>) -> Option<Vec<(usize, usize)>> {
    let steps = members.iter().flat_map(|from| edges[*from].keys().map(move |to| (*from, *to)));
    let across = steps.filter(|(from, to)| members.contains(to) && !files[*from].stands_beside(files[*to]));
    let ways = across.filter_map(|(from, to)| {
        let mut way = shortest(edges, members, to, from)?;
        way.insert(0, (from, edges[from][&to]));
        Some(way)
    });
    ways.min_by_key(Vec::len)
}

/// The files from one to before another, each with the line of its import.
fn shortest(edges: &Edges, members: &BTreeSet<usize>, from: usize, to: usize) -> Option<Vec<(usize, usize)>> {
    let mut came = BTreeMap::from([(from, from)]);
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        for next in edges[at].keys().filter(|next| members.contains(*next)) {
            if !came.contains_key(next) {
                came.insert(*next, at);
                open.push_back(*next);
            }
        }
    }
    let mut way = Vec::new();
    let mut at = to;
    while at != from {
        let before = *came.get(&at)?;
        way.insert(0, (before, edges[before][&at]));
        at = before;
    }
    Some(way)
}

#[test]
fn only_circles_that_leave_a_folder_are_found() {
    let file = |path: &str, text: &str| Source::new(&format!("harness/x/src/{path}.rs"), text);
    let shown = |files: Vec<Source>| {
        let one = Crate { name: "x".into(), dependencies: Vec::new(), files, others: Vec::new() };
        between_folders(&one).iter().map(Circle::shown).collect::<Vec<_>>()
    };
    // A module and its file, two files beside each other, and what is passed on.
    let fine = vec![
        file("lib", "mod a; mod b; pub use a::deep::A;"),
        file("a", "pub mod deep; use crate::b::B; use deep::A;"),
        file("a/deep", "use super::C;"),
        file("b", "use crate::a::C; #[cfg(test)] mod tests { use crate::a::deep::A; }"),
    ];
    assert!(shown(fine).is_empty());
    let wrong = vec![
        file("a", "mod deep;\npub use deep::A;"),
        file("a/deep", "use crate::b::B;"),
        file("b", "use\n    crate::a::A;"),
    ];
    assert_eq!(
        shown(wrong),
        [
            "harness/x/src/a/deep.rs:1 -> harness/x/src/b.rs:2 -> harness/x/src/a/deep.rs\n    is a circle among 2 files: \
          harness/x/src/a/deep.rs, harness/x/src/b.rs"
        ]
    );
}
