//! `dmsc ics audit`: a statement against what a run showed.

use std::path::PathBuf;

use clap::Args;
use dmsc_report::RunFolder;
use dmsc_runner::audit::{Audit as Audits, Audited, Finding, Trace};
use dmsc_scr::Tables;

use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, Terminal};

/// How many characters of a message are shown.
const SHOWN: usize = 48;

/// Set what a DUT showed in a run against its statement
///
/// What the DUT sent, such as its terminal profile, the announcement of its DM Client, EF UST, DevInfo, alerts and HTTP
/// requests, and what its cases came to, shows items or shows that they are not there. Ends with exit code 1 where an
/// item is claimed and not seen or seen and not claimed, and with 2 where no more is wrong than that a claim could not
/// be looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc run --dut my-card.yaml --out reports/monday
  dmsc ics audit reports/monday
  dmsc ics audit reports/monday --json | jq '.[].items[] | select(.finding == \"not-seen\")'")]
pub(super) struct Audit {
    /// The run folder
    run: PathBuf,
    /// Only where claim and observation do not agree
    #[arg(long)]
    disagreeing: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(&self, terminal: &Terminal) -> Done {
        let run = RunFolder::open(&self.run)
            .map_err(|error| Failure::Input(format!("{error}; name a folder that `dmsc run` has written")))?;
        let mut audits = Audits::of(&run, Tables::builtin()).map_err(Failure::input)?;
        let exit = exit(&audits);
        if self.disagreeing {
            for audit in &mut audits {
                audit.items.retain(|one| one.finding != Finding::Agrees);
            }
        }
        if self.json {
            terminal.json(&audits)?;
        } else {
            for audit in &audits {
                terminal.out(&as_table(audit, terminal))?;
            }
        }
        Ok(exit)
    }
}

fn exit(audits: &[Audits]) -> Exit {
    if audits.iter().any(Audits::disagrees) {
        Exit::Fails
    } else if audits.iter().any(Audits::is_partial) {
        Exit::Inconclusive
    } else {
        Exit::Conforms
    }
}

fn as_table(audit: &Audits, terminal: &Terminal) -> String {
    let mut table = Table::new(["item", "claimed", "finding", "evidence"]);
    for Audited { item, claimed, finding, evidence } in &audit.items {
        let mut lines = evidence.iter().map(as_line);
        table.row([
            Cell::new(BOLD, item.as_str()),
            if *claimed { "yes" } else { "no" }.into(),
            finding.as_str().into(),
            lines.next().unwrap_or_default().into(),
        ]);
        for line in lines {
            table.row(["".into(), "".into(), "".into(), line.into()]);
        }
    }
    format!("{}\n{}\n", audit.dut, table.render(terminal))
}

/// What was seen, where, and the beginning of the octets.
fn as_line(trace: &Trace) -> String {
    let message = trace.message.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
    let octets = trace.octets.as_ref().map(|octets| match octets.get(..SHOWN) {
        Some(begin) if octets.len() > SHOWN => format!(" {begin}..."),
        _ => format!(" {octets}"),
    });
    format!("{} ({}{message}{})", trace.what, trace.case, octets.unwrap_or_default())
}
