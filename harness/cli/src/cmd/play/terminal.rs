//! `dmsc terminal`: the reference terminal against a card at hand, with a person to give it orders.

use clap::Args;
use dmsc_language::catalogue::Role;

use super::keyboard::ORDERS;
use super::{Common, link};
use crate::failure::Done;
use crate::terminal::Terminal as Screen;
use crate::yaml::quoted;

/// Play the reference terminal against a card at hand
///
/// Powers the card up as a handset does, runs its proactive commands and its DM sessions, and shows each message as
/// it passes. Orders come from standard input.
#[derive(Debug, Args)]
#[command(after_help = format!("\
{ORDERS}

Examples:
  dmsc terminal --reader 'ACS*'                    the card in a PC/SC reader
  dmsc terminal --usb                              the UICC on USB
  dmsc terminal --usb --reader '*'                 on USB if it is there, else in the reader
  dmsc terminal --reader '*' --for '10 s' --json   for a script
  echo 'send wake-up' | dmsc terminal --reader '*' --for '30 s'"))]
pub(crate) struct Terminal {
    #[command(flatten)]
    link: TerminalLink,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct TerminalLink {
    /// The card in the PC/SC reader whose name matches; * is any text. With --usb: where it is not on USB
    #[arg(long, value_name = "PATTERN")]
    reader: Option<String>,
    /// The UICC on USB with this serial number, or the only one
    #[arg(long, value_name = "SERIAL", num_args = 0..=1, default_missing_value = "")]
    usb: Option<String>,
    /// Over this link, written as after `link:` in a DUT file
    #[arg(long, value_name = "YAML", conflicts_with_all = ["reader", "usb"])]
    link: Option<String>,
}

impl TerminalLink {
    /// The link as a DUT file writes it. The parser has seen to it that one is given.
    fn text(&self) -> String {
        let reader = self.reader.as_ref().map(|pattern| format!("{{ reader: {} }}", quoted(pattern)));
        match (&self.usb, reader) {
            (None, Some(reader)) => format!("pcsc: {reader}"),
            (None, None) => self.link.clone().unwrap_or_default(),
            (Some(serial), reader) => {
                let serial = (!serial.is_empty()).then(|| format!("serial: {}", quoted(serial)));
                let iso = reader.map(|reader| format!("iso: {reader}"));
                let settings: Vec<String> = serial.into_iter().chain(iso).collect();
                format!("usb: {{ {} }}", settings.join(", "))
            }
        }
    }
}

impl Terminal {
    pub(crate) fn run(&self, terminal: &Screen) -> Done {
        let connection = link(&self.link.text(), Role::Terminal, terminal)?;
        self.common.play(Role::Terminal, &connection, None, false, terminal)
    }
}
