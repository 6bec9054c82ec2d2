//! `dmsc scr check`: the tables, or an expression.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use dmsc_doc::{Problem, Problems, Source, Span};
use dmsc_language::purposes;
use dmsc_octets::file;
use dmsc_scr::{Coverage, Expr, Tables};
use serde_json::json;

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library::{self, CasesArg};
use crate::terminal::Terminal;

/// Check the SCR tables, the test purposes and what cases cover, or a requirement expression
///
/// Tables: every name that one of them uses exists in another, expressions parse, no item requires itself. Purposes:
/// each has cases, which exist and play the right role, or a reason. Coverage: a clause or requirement with MUST has a
/// case, or its reason in the tables; if one has neither, the exit code is 1. An expression: its notation and its
/// names; AND and OR side by side need parentheses.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr check
  dmsc scr check fixtures/scr
  dmsc scr check --cases .
  dmsc scr check --expression 'DM_SC-C-001-M AND (DM_SC-C-002-O OR DM_SC-C-003-O)'")]
pub(super) struct Check {
    /// A folder with the tables; those that are part of dmsc unless given
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    cases: CasesArg,
    /// Check this expression against the tables
    #[arg(short, long, value_name = "EXPRESSION")]
    expression: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let loaded;
        let tables = match &self.folder {
            None => Tables::builtin(),
            Some(folder) => {
                loaded = load(folder)?;
                &loaded
            }
        };
        match &self.expression {
            Some(text) => {
                let expr = expression(text, tables)?;
                if self.json {
                    let names: Vec<String> = expr.refs().iter().map(|name| name.key().to_string()).collect();
                    let unverified = expr.has_unverified();
                    terminal.json(&json!({ "expression": expr, "items": names, "unverified": unverified }))?;
                } else {
                    terminal.out(&format!("{expr}\n"))?;
                    if expr.has_unverified() {
                        terminal.note("note: NOT is known from memory of an older grammar only, unverified");
                    }
                }
            }
            None => {
                let bundle = self.cases.bundle()?;
                let cases = library::cases(&bundle)?;
                let purposes = purposes::load(&bundle, &cases)?;
                let refs: Vec<_> = cases.iter().map(|case| case.coverage()).collect();
                let uncovered = unexcused(&Coverage::of(tables, &refs));
                let counts = json!({
                    "items": tables.items().len(),
                    "external": tables.external().len(),
                    "requirements": tables.requirements().len(),
                    "clauses": tables.clauses().len(),
                    "interpretations": tables.interpretations().len(),
                    "purposes": purposes.all().len(),
                    "uncovered": uncovered,
                });
                if self.json {
                    terminal.json(&counts)?;
                } else {
                    let count = |name: &str| counts[name].to_string();
                    terminal.out(&format!(
                        "The tables hold: {} items, {} items of other enablers, {} requirements, {} clauses, {} interpretations, {} test purposes\n",
                        count("items"), count("external"), count("requirements"), count("clauses"), count("interpretations"), count("purposes"),
                    ))?;
                    for id in &uncovered {
                        terminal.out(&format!(
                            "{id} has no case; write one, or add to it as `untested` why there can be none\n"
                        ))?;
                    }
                }
                if !uncovered.is_empty() {
                    return Ok(Exit::Fails);
                }
            }
        }
        Ok(Exit::Conforms)
    }
}

/// What has MUST or MUST NOT, and neither a case nor a reason.
fn unexcused(coverage: &Coverage) -> Vec<String> {
    let all = coverage.clauses.iter().chain(&coverage.requirements);
    all.filter(|entry| entry.is_unexcused()).map(|entry| entry.id.clone()).collect()
}

fn text(path: &Path) -> io::Result<String> {
    String::from_utf8(file::read(path, file::DOCUMENT)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn load(folder: &Path) -> Result<Tables, Failure> {
    let mut files = Vec::new();
    for name in Tables::FILES {
        let path = folder.join(name);
        let text = text(&path).map_err(|error| {
            Failure::Input(format!(
                "cannot read {}: {error}; name a folder that holds {}",
                path.display(),
                Tables::FILES.join(", ")
            ))
        })?;
        files.push((name, text));
    }
    Tables::load(&files).map_err(|error| Failure::Input(format!("{}: {error}", folder.display())))
}

/// The expression, with all its names in the tables.
fn expression(text: &str, tables: &Tables) -> Result<Expr, Failure> {
    let source = Source::new("expression", text);
    let wrong = |problem| Failure::from(Problems::new(source.clone(), vec![problem]));
    let expr = Expr::parse(text).map_err(|error| {
        let span = Span::new(error.offset, error.offset.saturating_add(error.length));
        wrong(Problem::new(span, error.kind.to_string()))
    })?;
    let strange = expr.refs().into_iter().find(|name| !tables.knows(name.key().as_str()));
    match strange {
        None => Ok(expr),
        Some(name) => {
            let shown = name.name.as_str();
            let at = text.find(shown).unwrap_or_default();
            let problem =
                Problem::new(Span::new(at, at.saturating_add(shown.len())), format!("`{}` is no SCR item", name.key()));
            Err(wrong(match tables.nearest(shown) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`dmsc scr list --external` shows all items"),
            }))
        }
    }
}
