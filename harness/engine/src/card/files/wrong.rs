//! What is wrong with a card that a person wrote, and where it stands.

use dmsc_doc::{Node, Problem, nearest};

/// Something of a card that has fields: a file, an application, a PIN, a rule, or the card itself.
pub(super) struct Part {
    /// How a person calls it.
    pub(super) name: String,
    /// Where it stands: `files.3`; nothing for the card itself.
    pub(super) path: String,
}

/// A field that is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The part that has it, as a person calls it.
    name: String,
    /// The field.
    field: &'static str,
    /// Where it stands, or would.
    path: String,
    cause: Cause,
}

pub(super) type Built<T> = Result<T, Wrong>;

/// What is wrong with a field.
#[derive(Debug)]
pub(super) enum Cause {
    /// Another number of octets than needed.
    Octets { found: usize, least: usize, most: usize },
    /// A number out of its range.
    Range { found: usize, least: usize, most: usize },
    /// It must differ from that of another, and is this.
    Twice(String),
    /// A rule that is not there, and those that are.
    NoRule { found: String, known: Vec<String> },
    /// A PIN that the card does not have.
    NoPin(&'static str),
    /// It has to be there; what to write.
    Missing(&'static str),
    /// A file identifier that stands for something else (TS 102 221 8.6).
    Reserved,
    /// It does not go with other fields; what does.
    Mixed(&'static str),
    /// A key or PIN, whose text is not repeated, is this.
    Secret(&'static str),
}

impl Part {
    pub(super) fn wrong<T>(&self, field: &'static str, cause: Cause) -> Built<T> {
        let path = if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) };
        Err(Wrong { name: self.name.clone(), field, path, cause })
    }

    /// A number, if it is within a range.
    pub(super) fn within(&self, field: &'static str, found: usize, least: usize, most: usize) -> Built<usize> {
        if (least..=most).contains(&found) { Ok(found) } else { self.wrong(field, Cause::Range { found, least, most }) }
    }

    /// Octets, if there are as many as needed.
    pub(super) fn octets<'o>(
        &self,
        field: &'static str,
        octets: &'o [u8],
        least: usize,
        most: usize,
    ) -> Built<&'o [u8]> {
        let found = octets.len();
        if (least..=most).contains(&found) {
            Ok(octets)
        } else {
            self.wrong(field, Cause::Octets { found, least, most })
        }
    }
}

impl Wrong {
    /// The same for a person, at its place in the file.
    pub(super) fn problem(&self, root: &Node) -> Problem {
        let (what, help) = self.words();
        let problem = Problem::new(root.at(&self.path).span, format!("{}: `{}` {what}", self.name, self.field));
        let problem = match &self.cause {
            Cause::NoRule { known, .. } if !known.is_empty() => {
                problem.note(format!("the rules are {}", known.join(", ")))
            }
            _ => problem,
        };
        match help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }

    /// What is wrong, and what to try.
    fn words(&self) -> (String, Option<String>) {
        let range = |least: &usize, most: &usize| match least == most {
            true => least.to_string(),
            false => format!("{least} to {most}"),
        };
        match &self.cause {
            Cause::Octets { found, least, most } => {
                let octets = if *found == 1 { "octet" } else { "octets" };
                let what = format!("has {found} {octets}, and {} are needed", range(least, most));
                (what, Some("lengthen or shorten it".into()))
            }
            Cause::Range { found, least, most } => (format!("is {found}, and {} is allowed", range(least, most)), None),
            Cause::Twice(name) => {
                (format!("is {name}, which another one has already"), Some("give each its own".into()))
            }
            Cause::NoRule { found, known } => {
                let near = nearest(found, known.iter().map(String::as_str));
                (
                    format!("names \"{found}\", which is not among the rules"),
                    near.map(|near| format!("did you mean `{near}`?")),
                )
            }
            Cause::NoPin(name) => (
                format!("asks for `{name}`, which the card does not have"),
                Some(format!("add `{name}` to `pins`, or write another condition; an `activate` left out is `adm`")),
            ),
            Cause::Missing(hint) => ("is missing".into(), Some((*hint).into())),
            Cause::Reserved => ("is reserved (TS 102 221 8.6)".into(), Some("choose another".into())),
            Cause::Mixed(rule) => ("does not go with the other fields".into(), Some((*rule).into())),
            Cause::Secret(what) => (format!("is {what}"), None),
        }
    }
}
