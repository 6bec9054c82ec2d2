//! `dmsc card`: the reference card for a handset, a host or a PC/SC program.

use std::path::{Path, PathBuf};

use clap::Args;
use dmsc_doc::Source;
use dmsc_engine::card::files::FileSystem;
use dmsc_language::catalogue::Role;
use dmsc_octets::file;

use super::{Common, link};
use crate::failure::{Done, Failure};
use crate::terminal::Terminal;
use crate::yaml::quoted;

/// Play the reference card for whatever is at the other end of a link
///
/// Serves a UICC with a file system, PIN, authentication, a CAT application, an SCWS and a DM_SC Server, and shows
/// each message as it passes. When the link is lost the card waits, and is there again with the state it had.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc card --vpcd                                 in the virtual reader of vsmartcard: for any PC/SC program
  dmsc card --vpcd 192.0.2.7:35963 --octets        with the octets of each message
  dmsc card --simtrace2                            in the slot of a handset
  dmsc card --gadget bulk                          for the host that this machine is plugged into
  dmsc card --vpcd --card my-card.yaml             another card
  dmsc card --vpcd --bootstrap                     with files that give a terminal its DM account
  dmsc card --link 'vpcd: { level: tpdu }'           for a program that sends TPDUs of T=0
  dmsc card --link 'vpcd: { side: listen, address: 127.0.0.1:40000 }'
                                                   any link, written as in a DUT file")]
pub(crate) struct Card {
    #[command(flatten)]
    link: CardLink,
    /// The card to play: a file written like fixtures/cards/reference.yaml, instead of that one
    #[arg(long, value_name = "FILE", help_heading = "Player")]
    card: Option<PathBuf>,
    /// Give the card the smart card bootstrap of its account: a PKCS#15 application with a document of Client Provisioning
    #[arg(long, help_heading = "Player")]
    bootstrap: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct CardLink {
    /// In the virtual reader of vsmartcard, at this address or 127.0.0.1:35963
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:35963")]
    vpcd: Option<String>,
    /// In the slot of a handset through a SIMtrace2 board: that of this serial number, or the only one
    #[arg(long, value_name = "SERIAL", num_args = 0..=1, default_missing_value = "")]
    simtrace2: Option<String>,
    /// As a UICC on USB, on a USB device controller of this machine: `bulk`, `control-a` or `control-b`
    #[arg(long, value_name = "VARIANT", num_args = 0..=1, default_missing_value = "control-b")]
    gadget: Option<String>,
    /// Over this link, written as after `link:` in a DUT file
    #[arg(long, value_name = "YAML")]
    link: Option<String>,
}

impl CardLink {
    /// The link as a DUT file writes it. The parser has seen to it that one is given.
    fn text(&self) -> String {
        if let Some(address) = &self.vpcd {
            return format!("vpcd: {{ address: {} }}", quoted(address));
        }
        if let Some(variant) = &self.gadget {
            return format!("gadget: {{ variant: {} }}", quoted(variant));
        }
        match &self.simtrace2 {
            Some(serial) if serial.is_empty() => "simtrace2: {}".into(),
            Some(serial) => format!("simtrace2: {{ serial: {} }}", quoted(serial)),
            None => self.link.clone().unwrap_or_default(),
        }
    }
}

/// The card of a file.
fn read(path: &Path) -> Result<FileSystem, Failure> {
    let octets = file::read(path, file::DOCUMENT)
        .map_err(|cause| Failure::Input(format!("{}: {cause}; name a file that can be read", path.display())))?;
    let source = Source::from_octets(path.display().to_string(), octets)?;
    Ok(FileSystem::read(&source)?)
}

impl Card {
    pub(crate) fn run(&self, terminal: &Terminal) -> Done {
        let connection = link(&self.link.text(), Role::Card, terminal)?;
        let card = self.card.as_deref().map(read).transpose()?;
        self.common.play(Role::Card, &connection, card, self.bootstrap, terminal)
    }
}
