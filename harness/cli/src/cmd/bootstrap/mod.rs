//! `dmsc bootstrap`: how a device is given its DM account.

mod account;
mod keys;
mod octets;
mod read;
mod show;
mod write;

use clap::{Args, Subcommand};

use crate::failure::Done;
use crate::terminal::Terminal;

/// Write the DM account of a DUT file for a device to take in, and read what others have written
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Bootstrap {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Write(write::Write),
    Read(read::Read),
}

impl Bootstrap {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        match &self.verb {
            Verb::Write(write) => write.run(terminal),
            Verb::Read(read) => read.run(terminal),
        }
    }
}
