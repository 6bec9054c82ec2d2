//! Processes that a DUT file names. Each has a group of its own (on Windows a job object), and a mark in its environment, so
//! that what it started ends with it.

use std::collections::VecDeque;
use std::fmt;
use std::io::{ErrorKind, Read};
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap};

use crate::LinkError;
use crate::command::Command;
use crate::exhausted::start_thread;
use crate::interrupt::{is_interrupted, on_interrupt};
use crate::mark;
#[cfg(unix)]
use crate::warden;

/// How long a command that the harness waits for may take: `reset`, and the commands that stand in for the operator.
///
/// Long enough to boot a phone's emulator into a snapshot, short enough that a forgotten prompt does not hold up a night.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Octets of a command's output that are kept from its beginning and from its end for an error text.
const HEAD: usize = 600;
const TAIL: usize = 1400;

/// The pauses between two looks whether a process has ended: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How long the last output of a process is waited for once its group has been killed. A process that left the group
/// may hold the pipe for ever.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long it is waited that a process ends which was killed, and all of its group. Only what nobody can kill takes it.
const DYING: Duration = Duration::from_secs(1);

/// Runs a command of the DUT file to its end, at most for as long as it says, or [`COMMAND_LIMIT`]. What it leaves in the
/// background when it succeeds goes on, for it may have been asked to start something; [`end_what_is_left`] ends that.
///
/// # Errors
/// [`LinkError::Command`] when it does not start, [`LinkError::Failed`] when it ends with an error,
/// [`LinkError::Overdue`] when it does not end in time, [`LinkError::Interrupted`] when somebody wants this program to end;
/// then it was killed, and all that it started.
pub fn run_command(command: &Command) -> Result<(), LinkError> {
    run_within(command, command.within.unwrap_or(COMMAND_LIMIT))
}

fn run_within(command: &Command, limit: Duration) -> Result<(), LinkError> {
    let (process, pipes) = Process::start(command, str::to_owned, [Stdio::null(), Stdio::piped(), Stdio::piped()])?;
    let (held, closed) = channel();
    let gathered = Output::gather(pipes.stdout, held.clone())
        .and_then(|output| Output::gather(pipes.stderr, held).map(|errors| (output, errors)));
    let (output, errors) = gathered.inspect_err(|_| _ = process.end())?;
    let until = Instant::now().checked_add(limit);
    let interrupted = Arc::downgrade(&process);
    let _waking = on_interrupt(move || interrupted.upgrade().iter().for_each(|process| process.kill()));
    let ended =
        process.wait(until, &closed).map_err(|cause| LinkError::Command { command: command.to_string(), cause })?;
    if is_interrupted() {
        process.end();
        return Err(LinkError::Interrupted);
    }
    if ended.is_some_and(|status| status.success()) {
        return Ok(());
    }
    let goes_on = process.end();
    // Nothing is ever sent: the wait ends when both pipes are closed.
    let _ = closed.recv_timeout(LAST_WORDS);
    let said = [errors.to_string(), output.to_string()].into_iter().find(|said| !said.is_empty());
    let said = said.unwrap_or_else(|| "it wrote nothing".into());
    let command = command.to_string();
    Err(match ended {
        Some(status) => LinkError::Failed { command, status: status.to_string(), stderr: said },
        None => {
            let end = goes_on.map_or_else(|| "was killed".to_owned(), |why| format!("goes on: {why}"));
            LinkError::Overdue { command, limit, end, said }
        }
    })
}

/// Kills every process that this program has started for a DUT, with all that they started, and lets nobody start another:
/// the last act of a program that is interrupted, for a Ctrl-C reaches its own group alone. What cannot be killed is not
/// waited for.
pub fn end_processes() {
    let mut running = running();
    ENDING.store(true, Ordering::SeqCst);
    let all = std::mem::take(&mut *running);
    drop(running);
    let all: Vec<Arc<Process>> = all.iter().filter_map(Weak::upgrade).collect();
    Process::end_all(&all);
    end_what_is_left();
}

/// Kills what commands that succeeded have left in the background: the last act of a run. Where processes cannot be found
/// by their environment, as they can on Linux, such goes on.
pub fn end_what_is_left() {
    if STARTED.load(Ordering::SeqCst) {
        mark::end_all(mark::Of::Program);
    }
}

/// Does not return once [`end_processes`] was called: that a DUT is gone then is no doing of its own, and nobody shall
/// record it as such. For whoever is about to record what became of a DUT.
pub fn hold_while_ending() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}

static ENDING: AtomicBool = AtomicBool::new(false);

/// Whether any process was started.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Every process that somebody may still have to end.
static RUNNING: Mutex<Vec<Weak<Process>>> = Mutex::new(Vec::new());

fn running() -> MutexGuard<'static, Vec<Weak<Process>>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process with all that it started. Should this program be killed, that is, too.
#[derive(Debug)]
pub(crate) struct Process {
    /// Locked for single calls that do not wait, so that whoever wants to end it can.
    child: Mutex<Box<dyn ChildWrapper>>,
    /// Its number, and that of its group.
    group: u32,
    mark: String,
    /// Whether all of it was ended; its number may be another's then.
    ended: AtomicBool,
}

/// The ends of a process's pipes that are on this side.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: Option<ChildStdout>,
    pub(crate) stderr: Option<ChildStderr>,
}

impl Process {
    /// Starts a command, each of its words as `fill` makes it; `stdio` is input, output and errors.
    ///
    /// # Errors
    /// [`LinkError::Command`] when it does not start.
    pub(crate) fn start(
        command: &Command,
        fill: impl Fn(&str) -> String,
        stdio: [Stdio; 3],
    ) -> Result<(Arc<Process>, Pipes), LinkError> {
        let filled = command.to_start(fill);
        let [stdin, stdout, stderr] = stdio;
        let mut wrapped = CommandWrap::with_new(filled.program(), |started| {
            started.args(filled.words.iter().skip(1)).stdin(stdin).stdout(stdout).stderr(stderr);
            filled.folder.iter().for_each(|folder| _ = started.current_dir(folder));
        });
        #[cfg(unix)]
        wrapped.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        wrapped.wrap(process_wrap::std::JobObject);
        // Held while it is started, so that whoever ends all of them misses none; after that, none is started.
        let mut running = running();
        while ENDING.load(Ordering::SeqCst) {
            drop(running);
            hold_while_ending();
            running = self::running();
        }
        let mark = mark::next();
        wrapped.command_mut().env(mark::VARIABLE, &mark);
        #[cfg(unix)]
        warden::hire();
        STARTED.store(true, Ordering::SeqCst);
        let spawned = wrapped.spawn();
        let mut child = spawned.map_err(|cause| LinkError::Command { command: command.to_string(), cause })?;
        #[cfg(unix)]
        warden::watch(child.id());
        let pipes = Pipes { stdin: child.stdin().take(), stdout: child.stdout().take(), stderr: child.stderr().take() };
        let group = child.id();
        let process = Arc::new(Process { child: Mutex::new(child), group, mark, ended: AtomicBool::new(false) });
        running.retain(|process| process.strong_count() > 0);
        running.push(Arc::downgrade(&process));
        Ok((process, pipes))
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn status(&self) -> std::io::Result<Option<ExitStatus>> {
        self.child().try_wait()
    }

    /// Waits until it ends, until `until`, or until somebody wants this program to end; a message or the end of `hint`
    /// says that it may end soon.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn wait(&self, until: Option<Instant>, hint: &Receiver<()>) -> std::io::Result<Option<ExitStatus>> {
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(status) = self.status()? {
                return Ok(Some(status));
            }
            let left = until.map_or(pause, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() || is_interrupted() {
                return Ok(None);
            }
            match hint.recv_timeout(pause.min(left)) {
                Ok(()) => pause = FIRST_PAUSE,
                Err(RecvTimeoutError::Timeout) => pause = longer(pause),
                // Its pipes are closed, which is nearly its end.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(FIRST_PAUSE.min(left)),
            }
        }
    }

    /// Kills it and all of its group, whether it has ended itself or not, and waits for nothing.
    pub(crate) fn kill(&self) {
        let _ = self.kill_group();
    }

    fn kill_group(&self) -> std::io::Result<()> {
        if self.ended.load(Ordering::SeqCst) { Ok(()) } else { self.child().start_kill() }
    }

    /// Kills it, and all that it started, whether it has ended itself or not. Where some of that goes on nevertheless: why.
    pub(crate) fn end(self: &Arc<Process>) -> Option<String> {
        Process::end_all(std::slice::from_ref(self)).pop().flatten()
    }

    /// The same of several at once, for each of them.
    pub(crate) fn end_all(all: &[Arc<Process>]) -> Vec<Option<String>> {
        let not_ended: Vec<&str> = all
            .iter()
            .filter(|process| !process.ended.load(Ordering::SeqCst))
            .map(|process| process.mark.as_str())
            .collect();
        let killed: Vec<std::io::Result<()>> = all.iter().map(|process| process.kill_group()).collect();
        if !not_ended.is_empty() {
            mark::end_all(mark::Of::Each(&not_ended));
        }
        let until = Instant::now().checked_add(DYING);
        all.iter().zip(killed).map(|(process, killed)| process.gone(killed, until)).collect()
    }

    /// Waits until all of its group has ended; if that does not come about, why.
    fn gone(&self, mut killed: std::io::Result<()>, until: Option<Instant>) -> Option<String> {
        let mut pause = FIRST_PAUSE;
        while !self.ended.load(Ordering::SeqCst) {
            let ended = !matches!(self.status(), Ok(None));
            if ended {
                // Those who are left may be others than those who were there.
                killed = self.kill_group();
            }
            let refused = killed.as_ref().err().filter(|error| error.kind() == ErrorKind::PermissionDenied);
            if ended && ((killed.is_err() && refused.is_none()) || !mark::is_inhabited(self.group)) {
                self.release();
                return None;
            }
            if refused.is_some() || until.is_none_or(|until| until <= Instant::now()) {
                let why = refused.map_or_else(|| "it does not end".to_owned(), ToString::to_string);
                let group = self.group;
                return Some(if ended {
                    format!(
                        "what it started cannot be killed ({why}); it is of process group {group}, which has to be ended by hand"
                    )
                } else {
                    format!("it cannot be killed ({why}); it is process {group}, which has to be ended by hand")
                });
            }
            thread::sleep(pause);
            pause = longer(pause);
        }
        None
    }

    /// Nothing of it is left to be ended, or what is may go on: the number of its group may be another's from now on.
    fn release(&self) {
        if !self.ended.swap(true, Ordering::SeqCst) {
            #[cfg(unix)]
            warden::release(self.group);
        }
    }

    fn child(&self) -> MutexGuard<'_, Box<dyn ChildWrapper>> {
        // Each use is a single call, which leaves the child as it was.
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn longer(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(LONGEST_PAUSE)
}

impl Drop for Process {
    fn drop(&mut self) {
        self.release();
    }
}

/// The beginning and the end of what a process wrote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output(Arc<Mutex<HeadAndTail>>);

#[derive(Debug, Default)]
struct HeadAndTail {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// Octets between the two that were not kept.
    left_out: usize,
}

impl Output {
    /// Reads a pipe to its end, in a thread of its own; `held` is dropped at the end.
    ///
    /// # Errors
    /// [`LinkError::Exhausted`] when there is no thread for it.
    pub(crate) fn gather(pipe: Option<impl Read + Send + 'static>, held: Sender<()>) -> Result<Output, LinkError> {
        let output = Output::default();
        if let Some(pipe) = pipe {
            let kept = output.clone();
            start_thread("output of a command", move || {
                kept.read(pipe);
                drop(held);
            })?;
        }
        Ok(output)
    }

    /// Reads a pipe to its end.
    fn read(&self, mut pipe: impl Read) {
        let mut buffer = [0; 4096];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => self.kept().add(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, HeadAndTail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeadAndTail {
    fn add(&mut self, octets: &[u8]) {
        let (head, rest) = octets.split_at(octets.len().min(HEAD.saturating_sub(self.head.len())));
        self.head.extend(head);
        self.tail.extend(rest);
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.left_out = self.left_out.saturating_add(surplus);
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept();
        let tail: Vec<u8> = kept.tail.iter().copied().collect();
        if kept.left_out == 0 {
            return f.write_str(String::from_utf8_lossy(&[kept.head.as_slice(), &tail].concat()).trim());
        }
        let (head, tail) = (String::from_utf8_lossy(&kept.head), String::from_utf8_lossy(&tail));
        write!(f, "{}\n[{} octets left out]\n{}", head.trim(), kept.left_out, tail.trim())
    }
}

/// A limit for a person.
pub(crate) fn in_words(limit: Duration) -> String {
    match limit.subsec_millis() {
        0 => format!("{} s", limit.as_secs()),
        _ => format!("{} ms", limit.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        Command::new(vec!["sh".into(), "-c".into(), script.into()])
    }

    /// A process whose group holds the writing end of a pipe, and the reading end: that ends when the last one has gone.
    fn held(script: &str) -> (Arc<Process>, impl Read) {
        let (reader, writer) = std::io::pipe().unwrap();
        let stdio = [Stdio::null(), Stdio::from(writer), Stdio::null()];
        (Process::start(&shell(script), str::to_owned, stdio).unwrap().0, reader)
    }

    #[test]
    fn what_a_process_started_ends_with_it() {
        let (process, mut group) = held("echo up; sleep 543; true");
        let mut up = [0; 3];
        group.read_exact(&mut up).unwrap();
        process.end();
        assert_eq!(group.read(&mut up).unwrap(), 0);
        assert!(process.status().unwrap().is_some());
    }

    #[test]
    fn what_a_process_left_behind_ends_with_it() {
        let (process, mut group) = held("sleep 543 & echo up");
        let mut up = [0; 3];
        group.read_exact(&mut up).unwrap();
        let (_never, hint) = channel();
        assert!(process.wait(None, &hint).unwrap().unwrap().success());
        process.end();
        assert_eq!(group.read(&mut up).unwrap(), 0);
    }

    /// `timeout` makes a group of its own, `setsid` a session.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_left_the_group_of_a_process_ends_with_it_and_that_of_another_does_not() {
        for leaving in ["timeout 543 sleep 543; true", "setsid sleep 543 & sleep 543"] {
            let script = format!("echo up; {leaving}");
            let ((one, mut its), (other, mut others)) = (held(&script), held(&script));
            let mut up = [0; 3];
            its.read_exact(&mut up).unwrap();
            others.read_exact(&mut up).unwrap();
            assert_eq!(one.end(), None);
            assert_eq!(its.read(&mut up).unwrap(), 0, "{leaving}");
            assert!(other.status().unwrap().is_none(), "{leaving}");
            assert_eq!(other.end(), None);
            assert_eq!(others.read(&mut up).unwrap(), 0, "{leaving}");
        }
    }

    /// As one that runs as another user.
    #[derive(Debug)]
    struct OfAnother(Box<dyn ChildWrapper>);

    impl ChildWrapper for OfAnother {
        fn inner(&self) -> &dyn ChildWrapper {
            self.0.as_ref()
        }

        fn inner_mut(&mut self) -> &mut dyn ChildWrapper {
            self.0.as_mut()
        }

        fn into_inner(self: Box<Self>) -> Box<dyn ChildWrapper> {
            self.0
        }

        fn start_kill(&mut self) -> std::io::Result<()> {
            Err(ErrorKind::PermissionDenied.into())
        }
    }

    #[test]
    fn what_cannot_be_killed_is_told_of_and_not_waited_for() {
        let child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let group = child.id();
        let child: Box<dyn ChildWrapper> = Box::new(OfAnother(Box::new(child)));
        let (child, mark) = (Mutex::new(child), mark::next());
        let process = Arc::new(Process { child, group, mark, ended: AtomicBool::new(false) });
        let began = Instant::now();
        let expected =
            format!("it cannot be killed (permission denied); it is process {group}, which has to be ended by hand");
        assert_eq!(process.end(), Some(expected));
        assert!(began.elapsed() < DYING);
        process.child().inner_mut().start_kill().unwrap();
        let (_never, hint) = channel();
        assert!(process.wait(None, &hint).unwrap().is_some());
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_all_that_it_started() {
        let command = shell("echo waiting for a phone >&2; sleep 543; true");
        let error = run_within(&command, Duration::from_millis(300)).unwrap_err().to_string();
        let expected = "the command `sh -c echo waiting for a phone >&2; sleep 543; true` did not end within 300 ms \
                        and was killed; run it by hand to see what it waits for; it wrote: waiting for a phone";
        assert_eq!(error, expected);
        assert_eq!(in_words(COMMAND_LIMIT), "60 s");
    }

    #[test]
    fn a_command_that_fails_tells_its_status_or_signal_and_what_it_wrote() {
        let failed = |script: &str| run_command(&shell(script)).unwrap_err().to_string();
        let error = failed("echo no such account >&2; echo unused; exit 3");
        assert!(error.ends_with("ended with exit status: 3: no such account"), "{error}");
        let error = failed("echo only here; exit 1");
        assert!(error.ends_with("ended with exit status: 1: only here"), "{error}");
        let error = failed("kill -9 $$");
        assert!(error.contains("ended with signal: 9") && error.ends_with("it wrote nothing"), "{error}");
        let error = run_command(&Command::new(vec!["./no-such-program".into()])).unwrap_err().to_string();
        assert!(error.starts_with("cannot start `./no-such-program`"), "{error}");
    }

    #[test]
    fn a_command_may_leave_something_in_the_background() {
        // Its standard output is held open by what it leaves, which is no reason to wait.
        run_command(&shell("sleep 3 & true")).unwrap();
    }

    #[test]
    fn of_long_output_the_beginning_and_the_end_are_kept() {
        let output = Output::default();
        output.read([b"begin ".as_slice(), &[b'x'; 10_000], b" end"].concat().as_slice());
        let text = output.to_string();
        assert!(text.starts_with("begin x") && text.ends_with("x end"), "{text}");
        assert!(text.contains("\n[8010 octets left out]\n") && text.len() < 2100, "{text}");
        let output = Output::default();
        output.read(b"short\n".as_slice());
        assert_eq!(output.to_string(), "short");
    }
}
