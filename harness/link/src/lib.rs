//! How octets reach the DUT: an in-process peer on a virtual clock, TCP on loopback, the virtual reader vpcd,
//! a card in a PC/SC reader or on USB, a host to which this machine is such a card, the slot of a handset. Any of
//! them can be disturbed on purpose.
//!
//! A link carries [`Signal`]s and knows nothing of what the octets mean. Both ends of an in-process link are
//! [`Peer`]s, state machines that are handed signals and the time; a [`Link`] is what the runner holds in its hand,
//! whatever is behind it. Here a driver is an implementation of [`Link`];
//! the word by which DUT files name it stands in the crate `language`.

// What tests of this crate and those beside it share speaks of it by its name.
#[cfg(test)]
extern crate self as dmsc_link;

mod advice;
mod cable;
mod clock;
mod command;
mod disturb;
pub mod eem;
mod exhausted;
pub mod gadget;
mod in_process;
mod interrupt;
mod mailbox;
mod mark;
mod meeting_place;
pub mod pcsc;
mod peer;
mod process;
mod signal;
mod sockets;
mod stillness;
mod tcp;
mod time;
pub mod usb;
pub mod vpcd;
#[cfg(unix)]
mod warden;

pub use cable::{Cable, Cutter};
pub use clock::Clock;
pub use command::{Command, JOB};
pub use disturb::{Disturbance, Disturbed, Ledger, Mishap, Place, Schedule, Shape, Side, Tally};
pub use in_process::InProcess;
pub use interrupt::{Waking, interrupt, is_interrupted, on_interrupt};
pub use mailbox::{Mailbox, Poster};
pub use meeting_place::MeetingPlace;
pub use peer::Peer;
pub use process::{COMMAND_LIMIT, end_processes, end_what_is_left, hold_while_ending, run_command};
pub use signal::{Signal, StreamId};
pub use stillness::stood_still;
pub use tcp::{Tcp, TcpConfig};
pub use time::Time;
#[cfg(unix)]
pub use vpcd::Vpcd;
pub use vpcd::{VpcdConfig, VpcdLevel, VpcdSide};

/// How long a side whose link was lost stays away before it opens it again.
///
/// pcscd looks for a card every 400 ms. One that was pulled in the middle of an exchange and is back before that look
/// counts as absent for it until the next time that it sees none: the card has to stay out for longer, and on a machine
/// under load for longer still.
pub const AWAY: std::time::Duration = std::time::Duration::from_secs(1);

/// What a link can carry; a case that needs more than its link offers is not applicable to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Power, reset and APDUs cross the link.
    pub contact: bool,
    /// Byte streams can be opened by the DUT towards the harness, or by the harness towards the DUT.
    pub streams: bool,
    /// A notification can be delivered to the DUT outside the contact interface.
    pub notify: bool,
    /// Once a notification was handed over and the command that took it has ended, nothing more can come from the DUT.
    pub ends_with_notification: bool,
    /// Time is virtual: waiting costs nothing, and two runs from one seed are the same.
    pub virtual_time: bool,
}

/// Why a link could not do what it was asked; always the rig's fault, never a verdict on the DUT.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The address could not be bound or connected.
    #[error("cannot {action} {address}: {cause}; check that the address is free and the DUT file names the right one")]
    Address {
        /// What was tried: `listen on` or `connect to`.
        action: &'static str,
        /// The address as the DUT file gives it.
        address: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A command of the DUT file could not be started.
    #[error("cannot start `{command}`: {cause}; check the path in the DUT file and that it is executable")]
    Command {
        /// The command line.
        command: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A command of the DUT file ended with an error.
    #[error("`{command}` ended with {status}: {stderr}")]
    Failed {
        /// The command line.
        command: String,
        /// Its exit status, in words.
        status: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// A command of the DUT file did not end in time.
    #[error(
        "the command `{command}` did not end within {} and {end}; run it by hand to see what it waits for; it wrote: {said}",
        process::in_words(*limit)
    )]
    Overdue {
        /// The command line.
        command: String,
        /// How long it was given.
        limit: std::time::Duration,
        /// What became of it, in words.
        end: String,
        /// The beginning and the end of what it wrote.
        said: String,
    },
    /// What the link leads to, or leads over, is not there any more: a reader was unplugged, a card pulled, a daemon
    /// ended. The link has to be opened again; what was under way says nothing about the DUT.
    #[error("{what}")]
    Gone {
        /// What is gone, in words.
        what: String,
    },
    /// What the link leads over is not there, or not to be had, when the link is opened.
    #[error("{what}; {remedy}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to try.
        remedy: String,
    },
    /// What came over the link is not what its protocol knows; the text says where, and what to try.
    #[error("{0}")]
    Protocol(String),
    /// What carries the commands to the card refused one, could not say what became of it, or has failed. Whether the card
    /// had a part in it nobody can tell.
    #[error("{what}; {remedy}")]
    Reader {
        /// What was refused or has failed, and the error by its name.
        what: String,
        /// What to try.
        remedy: String,
    },
    /// The machine that the harness runs on has no more of what it needs.
    #[error(
        "{what}: {cause}; the DUT has no part in that: let the harness have more (`ulimit -n`, `ulimit -u`, limits of its \
         container), or run less beside it (`--jobs 1`)"
    )]
    Exhausted {
        /// What could not be done.
        what: String,
        /// What the operating system said, with its name.
        cause: String,
    },
    /// Somebody wants this program to end: [`interrupt`].
    #[error("the run was interrupted")]
    Interrupted,
    /// What carries the commands may have answered one of them with what was meant for another: what the DUT does from
    /// then on cannot be held against it.
    #[error("{what}; {remedy}")]
    Unsure {
        /// What has happened.
        what: String,
        /// What to try.
        remedy: String,
    },
    /// The settings of an IP link contradict each other.
    #[error(transparent)]
    Ip(#[from] dmsc_ip::ConfigError),
    /// The link does not carry this signal.
    #[error("this link does not carry {0}")]
    Unsupported(&'static str),
}

impl LinkError {
    /// Whether the link may come back by itself, so that it is worth opening again.
    pub fn is_interruption(&self) -> bool {
        matches!(self, LinkError::Gone { .. })
    }

    /// The same of a link that was open already: what is missing now was there, and may come back.
    #[must_use]
    pub fn of_open_link(self) -> LinkError {
        match self {
            LinkError::Missing { what, .. } => LinkError::Gone { what },
            other => other,
        }
    }
}

/// What a link must know of the player before power comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The answer to reset of the card that is played; empty for a terminal. Some links send it by themselves.
    pub atr: Vec<u8>,
}

/// The harness's end of a link. It stays open from one session to the next.
pub trait Link {
    /// The time on the link's clock, since the session began.
    fn now(&self) -> Time;
    /// Begins a session: the clock starts at zero, and what came before is forgotten.
    ///
    /// # Errors
    /// [`LinkError`] when the rig, not the DUT, prevents it.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError>;
    /// A handle by which another thread puts a signal into this link, so that [`Link::recv`] returns it at once.
    fn poster(&self) -> Option<Poster> {
        None
    }
    /// What this link can carry.
    fn capabilities(&self) -> Capabilities;
    /// Sends one signal towards the DUT.
    ///
    /// # Errors
    /// [`LinkError`] when the rig, not the DUT, prevents it.
    fn send(&mut self, signal: Signal) -> Result<(), LinkError>;
    /// Waits for the next signal from the DUT, at most until `until`; `None` means that the time came first, or that
    /// somebody woke the wait.
    ///
    /// # Errors
    /// [`LinkError`] when the rig, not the DUT, prevents it.
    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError>;
    /// What there is to tell of the session once it is over: of the processes that were started for it, and of exchanges
    /// that failed.
    fn last_words(&self) -> LastWords {
        LastWords::default()
    }
}

/// What there is to tell of a session once it is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords {
    /// Of each process that wrote to standard error or ended with an error: how it ended, and the first and last of what
    /// it wrote. Of a card: why its latest answer that was none was none.
    pub told: Vec<String>,
    /// Whether one was ended by a signal, and not by the harness.
    pub killed: bool,
}
