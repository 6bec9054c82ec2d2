//! `dmsc terminal`: the reference terminal against a card at hand, with a person to give it orders.

use clap::Args;
use dmsc_runner::catalogue::Role;

use super::keyboard::ORDERS;
use super::{Common, link};
use crate::failure::Done;
use crate::terminal::Terminal as Screen;

/// Play the reference terminal against a card at hand
///
/// Powers the card up as a handset does, runs its proactive commands and its DM sessions, and shows each message as
/// it passes. Orders come from standard input.
#[derive(Debug, Args)]
#[command(after_help = format!("\
{ORDERS}

Examples:
  dmsc terminal --reader 'ACS*'                    the card in a PC/SC reader
  dmsc terminal --reader '*' --for '10 s' --json   for a script
  echo 'send wake-up' | dmsc terminal --reader '*' --for '30 s'"))]
pub(crate) struct Terminal {
    #[command(flatten)]
    link: TerminalLink,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct TerminalLink {
    /// The card in the PC/SC reader whose name matches; * is any text
    #[arg(long, value_name = "PATTERN")]
    reader: Option<String>,
    /// Over this link, written as behind `link:` in a DUT file
    #[arg(long, value_name = "YAML")]
    link: Option<String>,
}

impl Terminal {
    pub(crate) fn run(&self, terminal: &Screen) -> Done {
        let text = match (&self.link.reader, &self.link.link) {
            (Some(pattern), _) => format!("pcsc: {{ reader: '{}' }}", pattern.replace('\'', "''")),
            (None, Some(text)) => text.clone(),
            // The parser has seen to it that one is given.
            (None, None) => String::new(),
        };
        let connection = link(&text, Role::Terminal)?;
        self.common.play(Role::Terminal, &connection, true, terminal)
    }
}
