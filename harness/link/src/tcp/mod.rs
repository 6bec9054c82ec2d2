//! A DUT that is an ordinary process: byte streams over TCP, notifications through a command.
//!
//! Threads block in `accept`, `read` and `wait` and post what happened to one channel, so no stream is polled.
//! Everything started for a session ends with it.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dmsc_octets::{from_hex, to_hex};

use crate::MeetingPlace;
use crate::command::{Command, JOB};
use crate::exhausted::{self, start_thread};
use crate::interrupt::{is_interrupted, on_interrupt};
use crate::mailbox::{Mailbox, Poster};
use crate::process::{LAST_WORDS, Output, Pipes, Process, in_words};
use crate::sockets::{Sockets, StreamError};
use crate::{Capabilities, Clock, LastWords, Link, LinkError, Opening, Signal, StreamId, Time};

/// Octets that a `wake` command may print; a notification of 64 kB in hexadecimal, and white space, is half of that.
const PRINTED_MAX: u64 = 256 * 1024;

/// Octets of a line of the `start` command that are looked at as one.
const LINE_MAX: u64 = 64 * 1024;

/// How long the line named by `ready` may take, unless the command says.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// How long is waited after a connection that could not be accepted.
const MISSED_PAUSE: Duration = Duration::from_millis(20);

/// What the DUT file says of a TCP link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpConfig {
    /// Where the harness listens for a DM Client, as `host:port`; port 0 lets the system choose.
    pub listen: Option<String>,
    /// Where the harness connects to a DM server, as `host:port`.
    pub connect: Option<String>,
    /// Started at the beginning of each session and killed at its end.
    pub start: Option<Command>,
    /// A line of the started process's standard output that says it is ready; without it, it is ready at once.
    pub ready: Option<String>,
    /// Run to deliver a notification to a DM Client: in `{package0}` if an argument has it, else on standard input.
    pub notify: Option<Command>,
    /// Whether the end of the `notify` command is the end of the client it started, so that nothing more can come.
    pub ends_with_command: bool,
    /// Run to make a DM server send a notification; its standard output is the message in hexadecimal.
    pub wake: Option<Command>,
}

impl TcpConfig {
    /// The link to the DUT of this number among those that run at once.
    #[must_use]
    pub fn of_job(&self, job: usize) -> TcpConfig {
        let mut config = self.clone();
        for address in [&mut config.listen, &mut config.connect].into_iter().flatten() {
            *address = address.replace(JOB, &job.to_string());
        }
        let commands = [&mut config.start, &mut config.notify, &mut config.wake];
        commands.into_iter().flatten().for_each(|command| command.job = job);
        config
    }
}

/// The TCP link of one session.
pub struct Tcp {
    config: TcpConfig,
    clock: Clock,
    address: Option<SocketAddr>,
    mailbox: Mailbox,
    shared: Arc<Shared>,
    /// Every process started for the session; none outlives it.
    processes: Vec<Started>,
}

/// A process that was started for the session.
struct Started {
    command: String,
    process: Arc<Process>,
    errors: Output,
}

/// The same, as the thread sees it that waits for its end.
struct Watched {
    process: Arc<Process>,
    errors: Output,
    /// Closed when its standard error is.
    closed: Receiver<()>,
}

struct Shared {
    poster: Poster,
    sockets: Arc<Sockets>,
    next: AtomicU32,
    over: AtomicBool,
    /// Whether it was told that a connection could not be accepted.
    missed: AtomicBool,
    /// Whether a process was ended by a signal before the session was over.
    killed: AtomicBool,
}

impl Shared {
    fn post(&self, signal: Signal) {
        self.poster.signal(signal);
    }

    /// Takes over a connection of the DUT.
    fn take(&self, stream: TcpStream) {
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        self.post(Signal::Connect(id));
        match self.sockets.adopt(id, stream) {
            Ok(()) => {}
            Err(StreamError::Refused(cause)) => self.post(Signal::Refused(id, cause.to_string())),
            Err(StreamError::Link(error)) => self.poster.broken(error),
        }
    }

    /// A connection of the DUT could not be had.
    fn miss(&self, cause: std::io::Error) {
        // One that was given up before it was taken is not missed.
        if let Ok(error) = exhausted::of_this_machine("a connection of the DUT cannot be accepted", cause)
            && !self.missed.swap(true, Ordering::SeqCst)
        {
            self.poster.broken(error);
        }
        // It waits to be accepted, and would be refused at once again.
        thread::sleep(MISSED_PAUSE);
    }

    /// How a process ended, in words.
    fn account_for(&self, status: ExitStatus) -> String {
        if by_signal(status) && !self.over.load(Ordering::SeqCst) {
            self.killed.store(true, Ordering::SeqCst);
        }
        format!("ended with {status}")
    }
}

impl Tcp {
    /// Opens the link: binds the listening address and starts the DUT's process, as far as `config` names them.
    ///
    /// # Errors
    /// [`LinkError::Address`] when the address is not free, [`LinkError::Command`] when the process does not start.
    pub fn open(config: TcpConfig) -> Result<Tcp, LinkError> {
        let mailbox = Mailbox::default();
        let posts = mailbox.poster();
        let shared = Arc::new(Shared {
            poster: mailbox.poster(),
            sockets: Sockets::new(move |signal| posts.signal(signal)),
            next: AtomicU32::new(1),
            over: AtomicBool::new(false),
            missed: AtomicBool::new(false),
            killed: AtomicBool::new(false),
        });
        let mut tcp = Tcp { config, clock: Clock::new(), address: None, mailbox, shared, processes: Vec::new() };
        tcp.listen()?;
        tcp.start()?;
        Ok(tcp)
    }

    /// The address the harness listens on, port resolved.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Where DUT and harness meet: what `{host}` and `{port}` stand for.
    pub fn place(&self) -> Option<MeetingPlace> {
        match (self.address, &self.config.connect) {
            (Some(listens), _) => Some(MeetingPlace::listening(listens)),
            (None, Some(connect)) => MeetingPlace::of_target(connect),
            (None, None) => None,
        }
    }

    fn listen(&mut self) -> Result<(), LinkError> {
        let Some(listen) = &self.config.listen else { return Ok(()) };
        let failed = |cause| LinkError::Address { action: "listen on", address: listen.clone(), cause };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        self.address = Some(listener.local_addr().map_err(failed)?);
        let shared = Arc::clone(&self.shared);
        start_thread("listener", move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::SeqCst) {
                    return;
                }
                match stream {
                    Ok(stream) => shared.take(stream),
                    Err(cause) => shared.miss(cause),
                }
            }
        })?;
        Ok(())
    }

    fn start(&mut self) -> Result<(), LinkError> {
        let Some(command) = self.config.start.clone() else { return Ok(()) };
        let (watched, pipes) = self.spawn(&command, "", Stdio::null(), Stdio::piped())?;
        let process = Arc::clone(&watched.process);
        let watched = Arc::new(Mutex::new(watched));
        let Some(output) = pipes.stdout else { return Ok(()) };
        let ready = self.config.ready.clone();
        let shared = Arc::clone(&self.shared);
        let (told, is_ready) = channel();
        let text = command.to_string();
        let at_its_end = Arc::clone(&watched);
        start_thread("output of the DUT", move || {
            // Read to its end even after the ready line, so that the process never blocks on a full pipe.
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            // A line that is longer counts as several.
            while matches!((&mut output).take(LINE_MAX).read_until(b'\n', &mut line), Ok(1..)) {
                if ready.as_ref().is_some_and(|wanted| String::from_utf8_lossy(&line).contains(wanted)) {
                    let _ = told.send(());
                }
                line.clear();
            }
            drop(told);
            let end = how_it_ended(&at_its_end, &shared);
            shared.post(Signal::Ended(format!("`{text}` {end}")));
        })?;
        if self.config.ready.is_none() {
            return Ok(());
        }
        let interrupted = Arc::downgrade(&process);
        let _waking = on_interrupt(move || interrupted.upgrade().iter().for_each(|process| process.kill()));
        let limit = command.within.unwrap_or(READY_LIMIT);
        let why = match is_ready.recv_timeout(limit) {
            Ok(()) => return Ok(()),
            Err(_) if is_interrupted() => return Err(LinkError::Interrupted),
            Err(RecvTimeoutError::Timeout) => {
                format!("the line named by `ready` did not come within {}", in_words(limit))
            }
            Err(RecvTimeoutError::Disconnected) => {
                format!("before the line named by `ready` came, it {}", how_it_ended(&watched, &self.shared))
            }
        };
        Err(LinkError::Failed {
            command: command.to_string(),
            status: "no ready line".into(),
            stderr: format!("{why}; check `ready` in the DUT file, and run the command by hand"),
        })
    }

    /// Starts a process that ends with the session at the latest.
    fn spawn(
        &mut self,
        command: &Command,
        package0: &str,
        input: Stdio,
        output: Stdio,
    ) -> Result<(Watched, Pipes), LinkError> {
        let place = self.place().unwrap_or_default();
        let fill = |word: &str| place.fill(word).replace("{package0}", package0);
        let (process, mut pipes) = Process::start(command, fill, [input, output, Stdio::piped()])?;
        let (held, closed) = channel();
        let errors = Output::gather(pipes.stderr.take(), held).inspect_err(|_| _ = process.end())?;
        let started = Started { command: command.to_string(), process: Arc::clone(&process), errors: errors.clone() };
        self.processes.push(started);
        Ok((Watched { process, errors, closed }, pipes))
    }

    fn notify(&mut self, octets: Vec<u8>) -> Result<(), LinkError> {
        let Some(command) = self.config.notify.clone() else { return Err(LinkError::Unsupported("a notification")) };
        let (watched, pipes) = self.spawn(&command, &to_hex(&octets), Stdio::piped(), Stdio::null())?;
        let in_argument = command.words.iter().any(|word| word.contains("{package0}"));
        let shared = Arc::clone(&self.shared);
        start_thread("notification", move || {
            if let Some(mut stdin) = pipes.stdin
                && !in_argument
            {
                // A client that does not read its input shows so by its verdict, not by an error here.
                let _ = stdin.write_all(&octets);
            }
            match watched.ended(&command, &shared) {
                Ok(()) => shared.post(Signal::Notified),
                Err(text) => shared.post(Signal::Ended(text)),
            }
        })?;
        Ok(())
    }

    fn wake(&mut self) -> Result<(), LinkError> {
        let Some(command) = self.config.wake.clone() else { return Err(LinkError::Unsupported("a wake-up")) };
        let (watched, pipes) = self.spawn(&command, "", Stdio::null(), Stdio::piped())?;
        let shared = Arc::clone(&self.shared);
        start_thread("wake-up", move || {
            let mut printed = Vec::new();
            if let Some(mut output) = pipes.stdout {
                let _ = (&mut output).take(PRINTED_MAX).read_to_end(&mut printed);
                if matches!(output.read(&mut [0]), Ok(1..)) {
                    shared.post(Signal::Ended(format!(
                        "`{command}` printed more than {PRINTED_MAX} octets, so it was not a notification in hexadecimal"
                    )));
                    // Read to its end, which need not come, so that the process never blocks on a full pipe.
                    let _ = std::io::copy(&mut output, &mut std::io::sink());
                    return shared.post(Signal::Notified);
                }
            }
            if let Err(text) = watched.ended(&command, &shared) {
                return shared.post(Signal::Ended(text));
            }
            match from_hex(&String::from_utf8_lossy(&printed)) {
                Ok(octets) if !octets.is_empty() => shared.post(Signal::Notify(octets)),
                Ok(_) => {}
                Err(why) => shared.post(Signal::Ended(format!(
                    "`{command}` did not print a notification in hexadecimal and nothing else: {why}"
                ))),
            }
            shared.post(Signal::Notified);
        })?;
        Ok(())
    }

    /// Ends what was started for the session; gives what there is to tell of that.
    fn end(&self) -> Vec<String> {
        self.shared.over.store(true, Ordering::SeqCst);
        let all: Vec<Arc<Process>> = self.processes.iter().map(|started| Arc::clone(&started.process)).collect();
        let left = Process::end_all(&all).into_iter().zip(&self.processes);
        left.filter_map(|(why, started)| Some(format!("`{}` goes on: {}", started.command, why?))).collect()
    }

    /// Opens a stream to the DUT; the answer comes as a signal, whether it could be opened or not.
    fn connect(&mut self, id: StreamId) -> Result<(), LinkError> {
        let Some(target) = &self.config.connect else { return Err(LinkError::Unsupported("a connection to the DUT")) };
        let address = target.to_socket_addrs().ok().and_then(|mut found| found.next());
        let Some(address) = address else {
            return Err(LinkError::Address {
                action: "connect to",
                address: target.clone(),
                cause: ErrorKind::NotFound.into(),
            });
        };
        match self.shared.sockets.connect(id, &address) {
            Ok(()) => self.shared.post(Signal::Connected(id)),
            Err(StreamError::Refused(cause)) => self.shared.post(Signal::Refused(id, cause.to_string())),
            Err(StreamError::Link(error)) => return Err(error),
        }
        Ok(())
    }
}

impl Link for Tcp {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            contact: false,
            streams: true,
            notify: self.config.notify.is_some() || self.config.wake.is_some(),
            ends_with_notification: self.config.ends_with_command,
            virtual_time: false,
        }
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    /// Opened for one session; its process was started with it.
    fn begin(&mut self, _opening: &Opening) -> Result<(), LinkError> {
        Ok(())
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Data(id, octets) => self.shared.sockets.write(id, &octets),
            Signal::Close(id) => self.shared.sockets.close(id),
            Signal::Connect(id) => self.connect(id)?,
            Signal::Notify(octets) => self.notify(octets)?,
            Signal::Wake => self.wake()?,
            Signal::Connected(_) | Signal::Refused(..) => {}
            other => return Err(LinkError::Unsupported(other.name())),
        }
        Ok(())
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let signal = self.mailbox.recv(until, &self.clock)?;
        signal.iter().for_each(|signal| self.shared.sockets.taken(signal));
        Ok(signal)
    }

    fn last_words(&self) -> LastWords {
        let mut told: Vec<String> = self.processes.iter().filter_map(Started::told).collect();
        let killed = self.shared.killed.load(Ordering::SeqCst);
        // Whether they can be ended is part of it.
        told.extend(self.end());
        LastWords { told, killed }
    }
}

impl Started {
    /// What there is to tell of it; nothing where it did as it was told.
    fn told(&self) -> Option<String> {
        let status = self.process.status().ok().flatten();
        let errors = self.errors.to_string();
        let end = status.map_or_else(|| "goes on".to_owned(), |status| format!("ended with {status}"));
        let quiet = errors.is_empty() && status.is_none_or(|status| status.success());
        let wrote = if errors.is_empty() { "nothing".to_owned() } else { errors };
        (!quiet).then(|| format!("`{}` {end}; it wrote to standard error: {wrote}", self.command))
    }
}

impl Watched {
    /// Waits until a command closes its standard error and ends; the text says how, when it ended with an error. It has
    /// as long as the session, for it may be the client itself.
    fn ended(&self, command: &Command, shared: &Shared) -> Result<(), String> {
        // Blocks until the process and all that it started have closed it, which is as good as their end.
        let _ = self.closed.recv();
        // Nobody hints: all that could is closed.
        let (_, hint) = channel();
        match self.process.wait(None, &hint) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(format!("`{command}` {}", with_errors(shared.account_for(status), &self.errors))),
            Ok(None) => Err(format!("`{command}` goes on")),
            Err(cause) => Err(format!("`{command}`: {cause}")),
        }
    }
}

/// How a process ended that has closed its standard output, in words; it may go on without.
fn how_it_ended(watched: &Mutex<Watched>, shared: &Shared) -> String {
    // What is guarded is only looked at.
    let watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = watched.closed.recv_timeout(LAST_WORDS);
    let (_, hint) = channel();
    let status = watched.process.wait(Instant::now().checked_add(LAST_WORDS), &hint).ok().flatten();
    match status {
        None => "closed its standard output".into(),
        Some(status) => with_errors(shared.account_for(status), &watched.errors),
    }
}

/// How a process ended, with what it wrote to standard error, if anything.
fn with_errors(end: String, errors: &Output) -> String {
    match errors.to_string() {
        errors if errors.is_empty() => end,
        errors => format!("{end}: {errors}"),
    }
}

/// Whether it was a signal that ended a process.
fn by_signal(status: ExitStatus) -> bool {
    #[cfg(unix)]
    let by_signal = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
    #[cfg(not(unix))]
    let by_signal = status.code().is_none();
    by_signal
}

impl Drop for Tcp {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.shared.sockets.close_all();
        if let Some(address) = self.address {
            // Frees the thread that blocks in `accept`.
            let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
        }
        self.end();
    }
}

#[cfg(test)]
mod tests;
