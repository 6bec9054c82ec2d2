//! `dmsc card` and `dmsc terminal`: one side played by itself, against whatever is at the other end.

mod card;
mod keyboard;
mod terminal;
mod trace;

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::Args;
use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::play::{Audience, play};
use dmsc_bench::rig::Rig;
use dmsc_doc::{Source, parse_duration};
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::event::Event;
use dmsc_language::bundle::Bundle;
use dmsc_language::catalogue::Role;
use dmsc_language::dut::{Chosen, Connection, Dut};
use dmsc_link::Poster;
use dmsc_runner::redact::Redactor;

pub(crate) use card::Card;
pub(crate) use terminal::Terminal as TerminalPlay;

use self::keyboard::Keyboard;
use self::trace::{Format, Trace};
use crate::cmd::bootstrap;
use crate::exit::Exit;
use crate::failure::{Done, Failure};
use crate::library;
use crate::terminal::Terminal;

/// What both players take.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// A DUT file whose account, values and faults the player has; its link does not matter
    #[arg(long, value_name = "FILE", help_heading = "Player")]
    dut: Option<PathBuf>,
    /// A folder with `fixtures` in it instead of those that are part of dmsc
    #[arg(long, value_name = "DIR", help_heading = "Player")]
    cases: Option<PathBuf>,
    /// What random values follow from
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, help_heading = "Player")]
    seed: u64,
    /// End after so long, such as `30 s`; otherwise Ctrl-C ends it
    #[arg(long = "for", value_name = "TIME", value_parser = duration, help_heading = "Player")]
    time: Option<Duration>,
    /// Show the octets of each message, too
    #[arg(long, help_heading = "Output")]
    octets: bool,
    /// One JSON object a message instead of the trace
    #[arg(long, help_heading = "Output")]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
}

/// The connection of `--link`, as DUT files write it: of several interfaces that it names the first that is there.
fn link(text: &str, plays: Role, terminal: &Terminal) -> Result<Connection, Failure> {
    let connection = Connection::parse(&Source::new("--link", text), plays)?;
    Ok(match connection.first() {
        Some(Chosen { connection, why }) => {
            terminal.note(&why);
            connection
        }
        None => connection,
    })
}

impl Common {
    /// Plays until it is told to end. `card` is the card to play, unless it is that of the DUT file or the fixtures;
    /// with `bootstrap` it has the account of the DUT file on it.
    fn play(
        &self,
        plays: Role,
        connection: &Connection,
        card: Option<FileSystem>,
        bootstrap: bool,
        terminal: &Terminal,
    ) -> Done {
        let bundle = library::bundle(self.cases.as_deref())?;
        let mut dut = self.player(&bundle, plays)?;
        dut.card = card.or(dut.card);
        let fixtures = Fixtures::load(&bundle).map_err(Failure::input)?;
        if bootstrap {
            let documents = bootstrap::card_documents(&dut.ixit.account)?;
            dut.card = Some(fixtures.card(&dut).clone().provisioned(&documents));
        }
        let rig = Rig::new(&dut, &fixtures, self.seed);
        let (player, opening) = rig.alone(connection);

        let (orders, inbox) = channel();
        let keyboard = Keyboard::new(orders);
        keyboard.end_on_interrupt()?;
        if let Some(time) = self.time {
            keyboard.end_after(time)?;
        }
        // A card does nothing by itself.
        if plays == Role::Terminal {
            keyboard.listen(plays)?;
        }
        let format = if self.json { Format::Json } else { Format::Text { octets: self.octets } };
        // The account of a file is a real one, whatever link the file has; those of the fixtures are published.
        let redactor = if self.dut.is_some() { Redactor::of_accounts(&dut) } else { Redactor::default() };
        let mut stage = Stage { redactor, trace: Trace::new(format), terminal, connection, keyboard, broken: None };
        let mut open = || connection.open();
        let ended = play(player, &opening, &mut open, &inbox, &mut stage);
        if let Some(failure) = stage.broken {
            return Err(failure);
        }
        ended.map(|()| Exit::Conforms).map_err(|error| {
            let mut told = error.to_string();
            stage.redactor.text(&mut told);
            Failure::Rig(told)
        })
    }

    fn player(&self, bundle: &Bundle, plays: Role) -> Result<Dut, Failure> {
        let name = match plays {
            Role::Card => "reference-card",
            Role::Terminal => "reference-terminal",
        };
        let Some(path) = &self.dut else { return library::reference(bundle, name, &[]) };
        let dut = library::dut(path, &library::faults(bundle)?)?;
        if dut.role() == plays {
            return Err(Failure::Input(format!(
                "{}: this is the file of a {}, and a {} is to be played; name the file of a {2}",
                path.display(),
                dut.kind,
                plays.as_str(),
            )));
        }
        Ok(dut)
    }
}

/// Where a player's messages and troubles are told.
struct Stage<'a> {
    redactor: Redactor,
    trace: Trace,
    terminal: &'a Terminal,
    connection: &'a Connection,
    keyboard: Keyboard,
    /// Standard output cannot be written to.
    broken: Option<Failure>,
}

impl Stage<'_> {
    fn note(&self, mut text: String) {
        self.redactor.text(&mut text);
        self.terminal.note(&text);
    }
}

impl Audience for Stage<'_> {
    fn opened(&mut self, poster: Option<Poster>) {
        self.keyboard.reaches(poster);
        self.terminal.note(&format!("on {}; Ctrl-C ends it", self.connection));
    }

    fn lost(&mut self, what: &str) {
        self.keyboard.reaches(None);
        self.note(format!("{what}; waiting until it is back"));
    }

    fn event(&mut self, event: &Event) {
        let event = self.redactor.passing(event.without_secrets().into_owned());
        if let Err(failure) = self.terminal.out(&self.trace.line(&event, self.terminal)) {
            self.broken = Some(failure);
            self.keyboard.quit();
        }
    }

    fn refused(&mut self, why: &str) {
        self.note(format!("not sent: {why}"));
    }
}
