//! What a link holds of the thread of its pipe.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dmsc_ip::Node;
use dmsc_usb::eem::{Counters, ECHO_MAX, Endpoint};

use super::pump::{Command, Pump};
use super::waiting::Waiting;
use super::{EemConfig, OpenPipe};
use crate::{Clock, LinkError, Poster, Signal};

/// How long the thread may take to answer; it never waits for the other side.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What is to be seen of an EEM link from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EemState {
    /// What the EEM endpoint has seen and done.
    pub counters: Counters,
    /// The addresses of this side.
    pub addresses: Vec<IpAddr>,
    /// Where the other side is, if it is known.
    pub peer: Option<IpAddr>,
}

/// The streams of a pipe that is opened again when it broke.
pub(super) struct Streams {
    config: EemConfig,
    open: OpenPipe,
    poster: Poster,
    waiting: Waiting,
    running: Option<Running>,
    /// What was counted when the session began.
    before: Counters,
}

struct Running {
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Streams {
    pub(super) fn open(config: EemConfig, mut open: OpenPipe, poster: Poster) -> Result<Streams, LinkError> {
        let waiting = Waiting::default();
        let running = Some(Running::start(&config, &mut open, &poster, &waiting)?);
        Ok(Streams { config, open, poster, waiting, running, before: Counters::default() })
    }

    /// Ends every stream, and opens a broken pipe again.
    pub(super) fn begin(&mut self) -> Result<(), LinkError> {
        if self.running.as_ref().is_some_and(|running| running.ask(Command::Begin).is_ok()) {
            self.before = self.state().map(|state| state.counters).unwrap_or_default();
            return Ok(());
        }
        self.before = Counters::default();
        // Given back before it is claimed again.
        self.running = None;
        let running = Running::start(&self.config, &mut self.open, &self.poster, &self.waiting);
        self.running = Some(running.map_err(LinkError::of_open_link)?);
        Ok(())
    }

    /// Whoever takes the signals says so of each.
    pub(super) fn taken(&self, signal: &Signal) {
        if self.waiting.taken(signal) {
            self.running.iter().for_each(Running::wake);
        }
    }

    /// What was posted was thrown away.
    pub(super) fn forget(&self) {
        self.waiting.forget();
        self.running.iter().for_each(Running::wake);
    }

    pub(super) fn send(&self, signal: Signal) -> Result<(), LinkError> {
        self.running()?.command(Command::Signal(signal))
    }

    pub(super) fn transfer(&self, octets: Vec<u8>) -> Result<(), LinkError> {
        self.running()?.command(Command::Transfer(octets))
    }

    pub(super) fn state(&self) -> Result<EemState, LinkError> {
        self.running()?.ask(Command::State)
    }

    /// What the other side has done wrong since the session began, in words.
    pub(super) fn wrong(&self) -> Option<String> {
        let wrong = self.state().ok()?.counters.wrong_since(&self.before)?;
        Some(format!("what came over EEM was not as it should be: {wrong}"))
    }

    pub(super) fn echo(&self, payload: &[u8], limit: Duration) -> Result<Option<Duration>, LinkError> {
        if payload.len() > ECHO_MAX {
            return Err(LinkError::Unsupported("an echo of more than 2047 octets"));
        }
        let (answered, answer) = channel();
        let began = Instant::now();
        self.running()?.command(Command::Echo(payload.to_vec(), answered))?;
        Ok(answer.recv_timeout(limit).ok().map(|()| began.elapsed()))
    }

    fn running(&self) -> Result<&Running, LinkError> {
        self.running.as_ref().ok_or_else(gone)
    }
}

impl Running {
    fn start(
        config: &EemConfig,
        open: &mut OpenPipe,
        poster: &Poster,
        waiting: &Waiting,
    ) -> Result<Running, LinkError> {
        let seed = config.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        let node = Node::new(config.ip.clone(), seed, Duration::ZERO)?;
        let pipe = open()?;
        let (sender, commands) = channel();
        let pump = Pump {
            generation: pipe.generation(),
            endpoint: Endpoint::new(config.settings(pipe.max_packet_size())),
            pipe,
            node,
            clock: Clock::new(),
            commands,
            poster: poster.clone(),
            waiting: waiting.clone(),
            echoes: VecDeque::new(),
        };
        let thread = thread::Builder::new()
            .name("eem".into())
            .spawn(|| pump.run())
            .map_err(|cause| LinkError::Command { command: "thread eem".into(), cause })?;
        Ok(Running { commands: Some(sender), thread: Some(thread) })
    }

    /// Makes the thread look again.
    fn wake(&self) {
        self.thread.iter().for_each(|thread| thread.thread().unpark());
    }

    fn command(&self, command: Command) -> Result<(), LinkError> {
        let (Some(commands), Some(thread)) = (&self.commands, &self.thread) else { return Err(gone()) };
        commands.send(command).map_err(|_| gone())?;
        thread.thread().unpark();
        Ok(())
    }

    fn ask<T>(&self, command: impl FnOnce(Sender<T>) -> Command) -> Result<T, LinkError> {
        let (sender, answer) = channel();
        self.command(command(sender))?;
        answer.recv_timeout(ANSWER_LIMIT).map_err(|_| gone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has told its end already if it panicked.
            let _ = thread.join();
        }
    }
}

fn gone() -> LinkError {
    LinkError::Gone { what: "the USB EEM link was lost; plug the device in again".into() }
}
