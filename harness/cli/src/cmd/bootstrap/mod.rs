//! `dmsc bootstrap`: how a device is given its DM account.

mod keys;
mod octets;
mod read;
mod show;
mod write;

use clap::{Args, Subcommand};
use dmsc_engine::account::Account;
use dmsc_engine::bootstrap::{self, Profile};
use dmsc_provision::smart_card::Kind;

use crate::failure::{Done, Failure};
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

/// The documents that a card carries to give a terminal this account.
///
/// # Errors
/// A text of the account cannot stand in one.
pub(super) fn card_documents(account: &Account) -> Result<Vec<(Kind, Vec<u8>)>, Failure> {
    let document = bootstrap::document(Profile::ClientProvisioning, &bootstrap::given(account));
    Ok(vec![document.map_err(Failure::input)?])
}
