//! DUT files: how to reach a DUT, what it claims, and the values needed to test it.

mod connection;
mod device;
mod jobs;
mod nonces;
mod read;
mod schema;
mod variation;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dmsc_doc::{Problems, Source};
use dmsc_engine::card::files::FileSystem;
use dmsc_link::{Command, TcpConfig};
use dmsc_octets::file;
use dmsc_scr::{DutKind, Ics, Readings, Tables};
use serde_json::{Value, json};

pub use connection::{Chosen, Connection};
pub use device::{BenchSpec, Device};
pub use dmsc_engine::messages::WakeUp;
pub use jobs::Jobs;
pub use schema::dut_schema;

use crate::bundle::Bundle;
use crate::catalogue::Role;
use crate::fault::Fault;
use crate::ixit::Ixit;
use crate::secrets::of_dut_file;
use crate::variant::Variant;
pub use nonces::NonceFile;

/// A DUT.
#[derive(Clone, Debug, PartialEq)]
pub struct Dut {
    /// Its name, as reports print it.
    pub name: String,
    /// What it is.
    pub kind: DutKind,
    /// How it is reached.
    pub link: LinkSpec,
    /// What it claims.
    pub ics: Ics,
    /// The values needed to test it.
    pub ixit: Ixit,
    /// The readings it chooses: those of the file, and where the file is silent, those of the statement.
    pub interpretations: BTreeMap<String, String>,
    /// The faults of a built-in DUT.
    pub faults: Vec<Fault>,
    /// What a built-in DUT does otherwise, and conforms all the same.
    pub variant: Option<Variant>,
    /// The card that the harness plays, or that is built in; the one of the fixtures unless given.
    pub card: Option<FileSystem>,
    /// Where its nonces are kept from one run to the next.
    pub nonces: Option<NonceFile>,
    /// How many of it may run at once, and which of them it is.
    pub jobs: Jobs,
    /// Run before each case.
    pub reset: Option<Command>,
    /// Commands that stand for a person, by act.
    pub operator: BTreeMap<String, Command>,
    /// The file, as errors name it.
    pub file: String,
    /// Whether its secrets are written to records and messages, as who looks for the fault in them may want.
    pub shows_secrets: bool,
}

/// How a DUT is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkSpec {
    /// It runs in this process.
    Builtin(Builtin),
    /// It is a process or a device on the network.
    Tcp(Box<TcpConfig>),
    /// It is a device at hand.
    Device(Device),
}

impl LinkSpec {
    /// Whether the DUT behind it goes on by itself when a session is over.
    fn lives_on(&self) -> bool {
        match self {
            LinkSpec::Builtin(_) => false,
            LinkSpec::Tcp(config) => config.start.is_none(),
            LinkSpec::Device(device) => device.bench.is_none(),
        }
    }
}

/// The DUTs that are part of the harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// The reference terminal.
    Terminal,
    /// The reference card.
    Card,
    /// A DUT that answers nothing.
    Silent,
    /// A DUT that answers 9000 and 200 to everything.
    Yes,
}

impl Builtin {
    pub(crate) const ALL: [Builtin; 4] = [Builtin::Terminal, Builtin::Card, Builtin::Silent, Builtin::Yes];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Builtin::Terminal => "terminal",
            Builtin::Card => "card",
            Builtin::Silent => "silent",
            Builtin::Yes => "yes",
        }
    }
}

/// Where the files that a DUT file names are read from.
pub trait Files {
    /// The text of a file named in a DUT file.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, name: &str) -> Result<Source, FileError>;

    /// Where a file named in a DUT file is to be written; `None` where nothing can be.
    fn place(&self, _name: &str) -> Option<PathBuf> {
        None
    }

    /// Where the commands of a DUT file run; `None`: where this program does.
    fn folder(&self) -> Option<PathBuf> {
        None
    }
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// It cannot be read, in words.
    Unreadable(String),
    /// It is wrong, and where.
    Wrong(Problems),
}

impl Dut {
    /// A DUT from a file on disk; the statement is looked for beside it.
    ///
    /// # Errors
    /// All that is wrong with the file and with those that it names.
    pub fn load(path: &Path, faults: &[Fault]) -> Result<Dut, DutError> {
        let folder = Folder(path.parent().unwrap_or(Path::new("")).to_owned());
        let source = match read_source(path) {
            Ok(source) => source,
            Err(FileError::Unreadable(cause)) => return Err(DutError::Read { path: path.to_owned(), cause }),
            Err(FileError::Wrong(problems)) => return Err(DutError::Wrong(vec![of_dut_file(problems)])),
        };
        Dut::parse(&source, &folder, faults).map_err(DutError::Wrong)
    }

    /// A DUT of the fixtures, such as `reference-card`.
    ///
    /// # Errors
    /// All that is wrong with the file; [`DutError::Read`] when there is none of that name.
    pub fn from_bundle(bundle: &Bundle, name: &str, faults: &[Fault]) -> Result<Dut, DutError> {
        let path = format!("{DUTS}{name}.yaml");
        let Some(text) = bundle.text(&path) else {
            return Err(DutError::Read { path: path.into(), cause: "no such file among the fixtures".into() });
        };
        let source = Source::new(bundle.shown(&path), text);
        Dut::parse(&source, &InBundle(bundle), faults).map_err(DutError::Wrong)
    }

    /// A DUT from the text of its file.
    ///
    /// # Errors
    /// All that is wrong with the file and with those that it names.
    pub fn parse(source: &Source, files: &dyn Files, faults: &[Fault]) -> Result<Dut, Vec<Problems>> {
        read::parse(source, files, faults).map_err(|wrong| {
            // Those of other files, which have no secrets of the account, stay as they are.
            let hide = |problems: Problems| match problems.source == *source {
                true => of_dut_file(problems),
                false => problems,
            };
            wrong.into_iter().map(hide).collect()
        })
    }

    /// The readings in force for it.
    pub fn readings(&self) -> Readings {
        Readings::of(Tables::builtin(), &self.interpretations)
    }

    /// What the harness plays against it.
    pub fn role(&self) -> Role {
        match self.kind {
            DutKind::Card => Role::Terminal,
            DutKind::Terminal => Role::Card,
        }
    }

    /// Whether it is a reference DUT, in this process or at the far end of a bench.
    pub fn is_reference(&self) -> bool {
        match &self.link {
            LinkSpec::Builtin(_) => true,
            LinkSpec::Device(device) => device.bench.is_some(),
            LinkSpec::Tcp(_) => false,
        }
    }

    /// Settles on one of the interfaces of a card, where the file names several: the first that is there, USB before
    /// ISO (DM_SC TS 5.1). To be done once before a run, so that all its cases see the same one. Gives what was chosen
    /// and why, if there was a choice.
    pub fn settle(&mut self) -> Option<String> {
        let LinkSpec::Device(device) = &mut self.link else { return None };
        device.settle();
        device.choice.as_ref()?;
        Some(format!("{}: {device}", self.name))
    }

    /// Whether it goes into the next session as the last one leaves it.
    pub fn lives_on(&self) -> bool {
        self.link.lives_on() || (matches!(self.link, LinkSpec::Tcp(_)) && self.reset.is_some())
    }

    /// Whether its nonces have to be followed from session to session: nothing brings it back to those of its file.
    pub fn is_followed(&self) -> bool {
        self.lives_on() && self.reset.is_none()
    }

    /// What cases know of it as `dut`.
    pub fn as_value(&self) -> Value {
        json!({ "name": self.name, "kind": self.kind.as_str() })
    }
}

/// Why a DUT file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DutError {
    /// It cannot be read.
    #[error("cannot read the DUT file {}: {cause}; name a file such as fixtures/duts/reference-card.yaml", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        cause: String,
    },
    /// It is wrong, file by file.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Wrong(Vec<Problems>),
}

/// The folder of the DUT files.
pub(crate) const DUTS: &str = "fixtures/duts/";

/// Files beside a DUT file.
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, name: &str) -> Result<Source, FileError> {
        read_source(&self.0.join(name))
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        Some(self.0.join(name))
    }

    fn folder(&self) -> Option<PathBuf> {
        // An empty path is no folder to the system; where there is none, commands run where this program does.
        std::path::absolute(if self.0.as_os_str().is_empty() { Path::new(".") } else { &self.0 }).ok()
    }
}

fn read_source(path: &Path) -> Result<Source, FileError> {
    let octets = file::read(path, file::DOCUMENT).map_err(|error| FileError::Unreadable(error.to_string()))?;
    Source::from_octets(path.display().to_string(), octets).map_err(FileError::Wrong)
}

/// Files beside the DUT files of the fixtures.
struct InBundle<'a>(&'a Bundle);

impl Files for InBundle<'_> {
    fn read(&self, name: &str) -> Result<Source, FileError> {
        // A card is in the folder beside.
        let path = match name.strip_prefix("../") {
            Some(beside) => format!("fixtures/{beside}"),
            None => format!("{DUTS}{name}"),
        };
        match self.0.text(&path) {
            Some(text) => Ok(Source::new(self.0.shown(&path), text)),
            None => Err(FileError::Unreadable("no such file among the fixtures".into())),
        }
    }
}
