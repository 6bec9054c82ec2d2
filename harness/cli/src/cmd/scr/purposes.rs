//! `dmsc scr purposes`: the test purposes and where they stand.

use clap::Args;
use dmsc_language::purposes;
use dmsc_scr::{Purpose, Purposes as All, Reason, Standing};

use super::{Subjects, subject};
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table, sheet};
use crate::library::{self, CasesArg};
use crate::terminal::{BOLD, Terminal};

/// List the test purposes and the cases that see them, or show some
///
/// A purpose is one thing that is to be seen of a DUT. Cases are about it, or one that is about something wider sees it
/// too, or there is a reason why none does.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc scr purposes --item C-001
  dmsc scr purposes --open
  dmsc scr purposes C001-19
  dmsc scr purposes --json | jq -r '.[] | select(.none.reason == \"hardware-only\") | .id'")]
pub(super) struct Purposes {
    /// Show these with all there is to say on them
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    cases: CasesArg,
    /// Purposes of this item only, or of a topic, which is no item, such as `bootstrap`
    #[arg(long, value_parser = Subjects, hide_possible_values = true)]
    item: Option<String>,
    /// Purposes that no case sees only
    #[arg(long)]
    open: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Purposes {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let item = self.item.as_deref().map(subject).transpose()?;
        let bundle = self.cases.bundle()?;
        let purposes = purposes::load(&bundle, &library::cases(&bundle)?)?;
        let named = self.named(&purposes)?;
        let chosen: Vec<&Purpose> = (named.iter().copied())
            .filter(|purpose| item.is_none_or(|item| purpose.item == *item))
            .filter(|purpose| !self.open || purpose.standing.is_open())
            .collect();
        if self.json {
            terminal.json(&chosen)?;
        } else if self.ids.is_empty() {
            let mut table = Table::new(["purpose", "item", "stands", "to be seen"]);
            for purpose in &chosen {
                table.row([
                    Cell::new(BOLD, purpose.id.as_str()),
                    purpose.item.to_string().into(),
                    purpose.standing.to_string().into(),
                    purpose.seen.as_str().into(),
                ]);
            }
            terminal.out(&table.render(terminal))?;
            terminal.note(&counts(&chosen));
        } else {
            let sheets: Vec<String> = chosen.iter().map(|purpose| as_sheet(purpose, terminal)).collect();
            terminal.out(&sheets.join("\n"))?;
        }
        Ok(Exit::Conforms)
    }

    /// The purposes that were named; all unless some were.
    fn named<'a>(&self, purposes: &'a All) -> Result<Vec<&'a Purpose>, Failure> {
        if self.ids.is_empty() {
            return Ok(purposes.all().iter().collect());
        }
        let find = |id: &String| {
            let known = purposes.all().iter().map(|purpose| purpose.id.as_str());
            purposes.get(id).ok_or_else(|| Failure::unknown("test purpose", id, known, "dmsc scr purposes"))
        };
        self.ids.iter().map(find).collect()
    }
}

/// How many purposes stand how, in one line.
fn counts(purposes: &[&Purpose]) -> String {
    let count = |wanted: &dyn Fn(&Standing) -> bool| purposes.iter().filter(|one| wanted(&one.standing)).count();
    let with = count(&|standing| matches!(standing, Standing::Cases(_)));
    let within = count(&|standing| matches!(standing, Standing::Merged(_)));
    let open = Reason::ALL.map(|reason| {
        let open = count(&|standing| matches!(standing, Standing::None(open) if open.reason == reason));
        (if reason == Reason::Duplicate { "duplicate".to_owned() } else { reason.to_string() }, open)
    });
    let open = open.iter().filter(|(_, count)| *count > 0).map(|(reason, count)| format!(", {count} {reason}"));
    format!("{} purposes: {with} with cases, {within} within a wider case{}", purposes.len(), open.collect::<String>())
}

fn as_sheet(purpose: &Purpose, terminal: &Terminal) -> String {
    let reason = match &purpose.standing {
        Standing::None(open) => vec![open.why.clone()],
        _ => Vec::new(),
    };
    let stands = match &purpose.standing {
        Standing::Cases(cases) => cases.clone(),
        other => vec![other.to_string()],
    };
    let fields = [
        ("to be seen", vec![purpose.seen.clone()]),
        ("item", vec![purpose.item.to_string()]),
        ("clause", vec![purpose.clause.clone()]),
        ("trust", vec![purpose.trust.to_string()]),
        ("stands", stands),
        ("reason", reason),
        ("note", purpose.note.iter().cloned().collect()),
        ("refs", purpose.refs.iter().map(ToString::to_string).collect()),
    ];
    sheet(terminal, &purpose.id, &fields)
}
