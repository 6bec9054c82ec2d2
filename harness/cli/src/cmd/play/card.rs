//! `dmsc card`: the reference card for a handset, a host or a PC/SC program.

use clap::Args;
use dmsc_runner::catalogue::Role;

use super::{Common, link};
use crate::failure::Done;
use crate::terminal::Terminal;

/// Play the reference card for whatever is at the other end of a link
///
/// Serves a UICC with a file system, PIN, authentication, a CAT application, an SCWS and a DM_SC Server, and shows
/// each message as it passes. When the link is lost the card waits, and is there again with the state it had.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc card --vpcd                                 in the virtual reader of vsmartcard: for any PC/SC program
  dmsc card --vpcd 192.0.2.7:35963 --octets        with the octets of each message
  dmsc card --link 'vpcd: { side: listen, address: 127.0.0.1:40000 }'
                                                   any link, written as in a DUT file")]
pub(crate) struct Card {
    #[command(flatten)]
    link: CardLink,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct CardLink {
    /// In the virtual reader of vsmartcard, at this address or 127.0.0.1:35963
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:35963")]
    vpcd: Option<String>,
    /// Over this link, written as behind `link:` in a DUT file
    #[arg(long, value_name = "YAML")]
    link: Option<String>,
}

impl Card {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        let text = match (&self.link.vpcd, &self.link.link) {
            (Some(address), _) => format!("vpcd: {{ address: '{address}' }}"),
            (None, Some(text)) => text.clone(),
            // The parser has seen to it that one is given.
            (None, None) => String::new(),
        };
        let connection = link(&text, Role::Card)?;
        self.common.play(Role::Card, &connection, false, terminal)
    }
}
