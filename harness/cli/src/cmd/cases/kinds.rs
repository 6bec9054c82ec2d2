//! `dmsc cases kinds`: what cases can send and expect.

use clap::Args;
use dmsc_language::catalogue::{Catalogue, FieldSpec, Kind, Role};
use dmsc_language::pages;
use serde_json::{Value, json};

use crate::cmd::run::PlayedRole;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, Terminal, paint};

/// List the kinds of message that cases send and expect, or the fields of one
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc cases kinds card
  dmsc cases kinds terminal open-channel
  dmsc cases kinds --markdown > kinds.md")]
pub(super) struct Kinds {
    /// What the harness plays; both unless given
    #[arg(value_enum)]
    role: Option<PlayedRole>,
    /// Show the fields of this kind
    #[arg(value_name = "KIND", requires = "role")]
    kind: Option<String>,
    /// Write everything, fields included, as Markdown
    #[arg(long, conflicts_with_all = ["role", "kind", "json"])]
    markdown: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Kinds {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        if self.markdown {
            terminal.out(&pages::messages())?;
            return Ok(Exit::Conforms);
        }
        let catalogue = Catalogue::get();
        let roles: Vec<Role> = self.role.map_or_else(|| Role::ALL.to_vec(), |role| vec![role.into()]);
        let mut kinds: Vec<&Kind> = roles.iter().flat_map(|role| catalogue.kinds(*role)).collect();
        if let Some(name) = &self.kind {
            let known: Vec<&str> = kinds.iter().map(|kind| &*kind.name).collect();
            if !known.contains(&name.as_str()) {
                return Err(Failure::unknown("kind of message", name, known.into_iter(), "dmsc cases kinds"));
            }
            kinds.retain(|kind| kind.name == *name);
        }
        if self.json {
            let all: Vec<Value> = kinds.iter().map(|kind| as_json(kind)).collect();
            terminal.json(&all)?;
        } else if self.kind.is_some() {
            let all: Vec<String> = kinds.iter().map(|kind| fields(kind, terminal)).collect();
            terminal.out(&all.concat())?;
        } else {
            terminal.out(&overview(&kinds, terminal))?;
        }
        Ok(Exit::Conforms)
    }
}

fn overview(kinds: &[&Kind], terminal: &Terminal) -> String {
    let mut table = Table::new(["role", "kind", "use", "link", "what it is"]);
    for kind in kinds {
        let uses = match (kind.sent, kind.heard) {
            (true, true) => "send, expect",
            (true, false) => "send",
            _ => "expect",
        };
        let link = if kind.contact { "contact" } else { "any" };
        let name = Cell::new(BOLD, &*kind.name);
        table.row([kind.role.as_str().into(), name, uses.into(), link.into(), (&*kind.doc).into()]);
    }
    table.render(terminal)
}

/// The groups of fields of a kind, by the key of the step under which they stand.
fn groups(kind: &Kind) -> Vec<(&'static str, &'static str)> {
    let build = kind.build.filter(|_| kind.sent).map(|group| ("with", group));
    let seen = kind.heard.then_some(("match", kind.fields));
    let reply = kind.reply.map(|group| ("reply", group));
    build.into_iter().chain(seen).chain(reply).collect()
}

fn fields(kind: &Kind, terminal: &Terminal) -> String {
    let mut text = format!("{}  {}\n", paint(terminal.color, BOLD, &kind.name), kind.doc);
    for (key, group) in groups(kind) {
        let fields = Catalogue::get().group(group);
        if fields.is_empty() {
            continue;
        }
        let mut table = Table::new(["field", "value", "meaning"]);
        for field in fields {
            table.row([Cell::new(BOLD, field.name), plain(&field.words()).into(), field.doc.into()]);
        }
        text.push_str(&format!("\n{key}: ({group})\n{}", table.render(terminal)));
    }
    text
}

/// Without the links of Markdown: `[text](#place)` reads `text`.
fn plain(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once("](#") {
        out.push_str(before);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out.replace(['[', '`'], "")
}

fn as_json(kind: &Kind) -> Value {
    let field = |field: &FieldSpec| json!({ "name": field.name, "value": plain(&field.words()), "meaning": field.doc });
    let groups: serde_json::Map<String, Value> = groups(kind)
        .into_iter()
        .map(|(key, group)| (key.to_owned(), Catalogue::get().group(group).iter().map(field).collect()))
        .collect();
    json!({
        "name": kind.name,
        "role": kind.role,
        "doc": kind.doc,
        "sent": kind.sent,
        "heard": kind.heard,
        "contact": kind.contact,
        "fields": groups,
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn links_of_markdown_are_taken_out() {
        assert_eq!(plain("`auto`, or mapping: [a.b](#fields-ab)"), "auto, or mapping: a.b");
        assert_eq!(plain("list of [edits](#edits), or text"), "list of edits, or text");
    }
}
