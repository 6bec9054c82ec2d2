//! One Rust file: the module it is, what it imports, and what a person reads in it.

use std::path::Path;

use crate::lexer::{Prose, Token, lex};

/// A file.
pub(crate) struct Source {
    /// From the root of the workspace, with `/`.
    pub(crate) path: String,
    /// Its module from the root of the crate: `["case", "read"]`.
    pub(crate) module: Vec<String>,
    /// How many lines it has.
    pub(crate) lines: usize,
    /// The modules that it declares with a file of their own.
    pub(crate) children: Vec<String>,
    /// What it names of other modules and crates.
    pub(crate) imports: Vec<Import>,
    /// Its words.
    pub(crate) tokens: Vec<Token>,
    /// Its doc comments and strings.
    pub(crate) prose: Vec<Prose>,
}

/// A path to another module or crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    /// `crate` and the path from the root, or `dmsc_...` and the path in it.
    pub(crate) path: Vec<String>,
    /// Where it stands.
    pub(crate) line: usize,
    /// Whether it is there for tests alone.
    pub(crate) test: bool,
    /// Whether what is named is passed on under this module's name.
    pub(crate) passed_on: bool,
}

impl Import {
    /// Where the path begins: `crate`, or the name of another crate.
    pub(crate) fn first(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

impl Source {
    /// Reads the file of this path from the root of the workspace.
    pub(crate) fn read(root: &Path, path: &Path) -> Source {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Source::new(&slashed(path.strip_prefix(root).unwrap_or(path)), &text)
    }

    /// The file of this path, with this text.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
        let mut module: Vec<String> = inside.split('/').map(|part| part.trim_end_matches(".rs").into()).collect();
        if module.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
            module.pop();
        }
        let (tokens, prose) = lex(text);
        let (children, imports) = Reader::new(&tokens, &module).read();
        Source { path: path.to_owned(), module, lines: text.lines().count(), children, imports, tokens, prose }
    }

    /// Whether it is a test.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// Whether two files stand in one folder. A module that has files of its own stands in their folder, too: `case.rs`
    /// both beside `fault.rs` and beside `case/read.rs`.
    pub(crate) fn stands_beside(&self, other: &Source) -> bool {
        let folders = |file: &Source| {
            let outer = file.module.split_last().map(|(_, outer)| outer.to_vec());
            let inner = (!file.children.is_empty()).then(|| file.module.clone());
            [outer, inner].into_iter().flatten().collect::<Vec<_>>()
        };
        let others = folders(other);
        folders(self).iter().any(|folder| others.contains(folder))
    }
}

fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Walks over the words of a file.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// The module that is read, and those within its file with the depth of braces where each ends.
    module: Vec<String>,
    inner: Vec<usize>,
    depth: usize,
    /// Where the item ends that is for tests alone.
    test_until: usize,
    children: Vec<String>,
    imports: Vec<Import>,
}

impl<'a> Reader<'a> {
    fn new(tokens: &'a [Token], module: &[String]) -> Reader<'a> {
        // Children are known before paths are read that begin with one.
        let mut children = Vec::new();
        for window in tokens.windows(3) {
            if let [keyword, name, end] = window
                && keyword.text == "mod"
                && end.text == ";"
            {
                children.push(name.text.clone());
            }
        }
        let (module, test_until) = (module.to_vec(), 0);
        Reader { tokens, at: 0, module, inner: Vec::new(), depth: 0, test_until, children, imports: Vec::new() }
    }

    fn read(mut self) -> (Vec<String>, Vec<Import>) {
        while let Some(token) = self.tokens.get(self.at) {
            match token.text.as_str() {
                "#" => self.attribute(),
                "use" => self.import(),
                "mod" if self.text(2) == "{" => {
                    self.module.push(self.text(1).to_owned());
                    self.inner.push(self.depth);
                    self.depth += 1;
                    self.at += 3;
                }
                "{" => {
                    self.depth += 1;
                    self.at += 1;
                }
                "}" => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.inner.last() == Some(&self.depth) {
                        self.inner.pop();
                        self.module.pop();
                    }
                    self.at += 1;
                }
                _ => self.path(),
            }
        }
        (self.children, self.imports)
    }

    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text.as_str())
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    /// `#[cfg(test)]` is about the item that follows.
    fn attribute(&mut self) {
        let words = self.tokens[self.at..].iter().take_while(|token| token.text != "]");
        let words: Vec<&str> = words.map(|token| token.text.as_str()).collect();
        self.at += 1;
        if words.contains(&"cfg") && words.contains(&"test") && !words.contains(&"not") {
            self.test_until = self.test_until.max(self.end_of_item(self.at + words.len()));
        }
    }

    /// After the `}` or `;` that ends an item.
    fn end_of_item(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(from) {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" if depth <= 1 => return index + 1,
                "}" => depth -= 1,
                ";" if depth == 0 => return index + 1,
                _ => {}
            }
        }
        self.tokens.len()
    }

    /// A `use` with all its branches.
    fn import(&mut self) {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or("", |token| token.text.as_str());
        let passed_on = before == "pub" || before == ")";
        self.at += 1;
        let mut stems: Vec<Vec<String>> = Vec::new();
        let mut path: Vec<String> = Vec::new();
        loop {
            let (text, line) = (self.text(0), self.line());
            self.at += 1;
            match text {
                "{" => stems.push(path.clone()),
                "," | "}" | ";" | "" => {
                    let stem = stems.last().cloned().unwrap_or_default();
                    if path.len() > stem.len() || path.last().is_some_and(|last| last == "*") {
                        self.found(&path, line, passed_on);
                    }
                    if text == "}" {
                        // What stands before the braces was read with its branches.
                        stems.pop();
                        path = stems.last().cloned().unwrap_or_default();
                        if stems.is_empty() {
                            path.clear();
                        }
                    } else {
                        path = stem;
                    }
                    if text == ";" || text.is_empty() {
                        return;
                    }
                }
                "::" => {}
                "as" => self.at += 1,
                // `use a::{self}` is a path to `a`.
                "self" if !path.is_empty() => self.found(&path.clone(), line, passed_on),
                word => path.push(word.to_owned()),
            }
        }
    }

    /// A path in the midst of an item.
    fn path(&mut self) {
        let start = self.at;
        let before =
            |ahead: usize| start.checked_sub(ahead).and_then(|at| self.tokens.get(at)).map(|t| t.text.as_str());
        // What follows `pub(in` says who may see, and names nothing of it.
        let within = before(1) == Some("::") || (before(1) == Some("in") && before(2) == Some("("));
        let mut path = vec![self.text(0).to_owned()];
        let line = self.line();
        self.at += 1;
        while self.text(0) == "::" && self.text(1).starts_with(|c: char| c.is_alphabetic() || c == '_') {
            path.push(self.text(1).to_owned());
            self.at += 2;
        }
        if path.len() > 1 && !within {
            self.found(&path, line, false);
        }
    }

    /// Notes a path that leads out of this file, made whole.
    fn found(&mut self, path: &[String], line: usize, passed_on: bool) {
        let Some(first) = path.first() else { return };
        let mut whole = vec!["crate".to_owned()];
        let mut rest = path;
        match first.as_str() {
            "crate" => rest = &path[1..],
            "self" | "super" => {
                let ups = path.iter().take_while(|part| *part == "super" || *part == "self").count();
                let supers = path[..ups].iter().filter(|part| *part == "super").count();
                whole.extend(self.module[..self.module.len().saturating_sub(supers)].iter().cloned());
                rest = &path[ups..];
            }
            child if self.inner.is_empty() && self.children.iter().any(|one| one == child) => {
                whole.extend(self.module.iter().cloned());
            }
            other if other.starts_with("dmsc_") => whole.clear(),
            _ => return,
        }
        whole.extend(rest.iter().filter(|part| *part != "*").cloned());
        self.imports.push(Import { path: whole, line, test: self.at <= self.test_until, passed_on });
    }
}

#[test]
fn paths_are_made_whole() {
    let text = "mod child; pub use child::{Thing, deep::Other as Else}; use super::{self, x::Y};\n\
                use dmsc_doc::Problem; fn f() { crate::a::b(); child::g(); pub(in crate::no) x; other::h() }\n\
                #[cfg(test)] mod tests { use super::*; use crate::only; } use crate::{c::{d, e}, f};";
    let (tokens, _) = lex(text);
    let (children, imports) = Reader::new(&tokens, &["m".into(), "n".into()]).read();
    assert_eq!(children, ["child"]);
    let shown: Vec<String> = imports
        .iter()
        .map(|i| {
            format!(
                "{}{}{}",
                i.path.join("::"),
                if i.test { " test" } else { "" },
                if i.passed_on { " on" } else { "" }
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "crate::m::n::child::Thing on",
            "crate::m::n::child::deep::Other on",
            "crate::m",
            "crate::m::x::Y",
            "dmsc_doc::Problem",
            "crate::a::b",
            "crate::m::n::child::g",
            "crate::m::n test",
            "crate::only test",
            "crate::c::d",
            "crate::c::e",
            "crate::f"
        ]
    );
}
