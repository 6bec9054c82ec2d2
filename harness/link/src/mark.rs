//! The mark that everything started for a DUT has in its environment, and hands on to what it starts: by it that is found
//! wherever it has gone. A process can leave its group (`timeout`, `setsid` and daemons do), not its environment, unless it
//! wants to.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that has it.
pub(crate) const VARIABLE: &str = "DMSC_STARTED";

/// What all marks of this program begin with, and those of no other: another may have had its number before, or has it in
/// another namespace.
pub(crate) fn of_program() -> &'static str {
    static BEGINNING: LazyLock<String> = LazyLock::new(|| {
        // A clock before 1970 is as good as any.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}-{:x}-", std::process::id(), now.as_nanos())
    });
    &BEGINNING
}

/// The mark of the next process that is started.
pub(crate) fn next() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}{}", of_program(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Whose marks are looked for.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// These.
    Each(&'a [&'a str]),
    /// All of this program.
    Program,
}

/// Kills all that have such a mark, until none is found for long enough: one that starts others may have done so while it
/// was looked for. Only systems that show the environment of processes as files under `/proc` have an answer.
#[cfg(target_os = "linux")]
pub(crate) fn end_all(of: Of<'_>) {
    linux::end_all(of);
}

/// Nobody can be found by a mark here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_all(_: Of<'_>) {}

/// Whether somebody in a process group has not ended.
#[cfg(target_os = "linux")]
pub(crate) fn is_inhabited(group: u32) -> bool {
    linux::processes().any(|process| linux::lives_in(process, group))
}

/// Nobody knows here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_inhabited(_: u32) -> bool {
    false
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

    use super::{Of, VARIABLE, of_program};

    /// How often is looked, with longer pauses each time: half a second together.
    const ROUNDS: u32 = 10;

    impl Of<'_> {
        fn includes(self, mark: &[u8]) -> bool {
            match self {
                Of::Each(marks) => marks.iter().any(|one| one.as_bytes() == mark),
                Of::Program => mark.starts_with(of_program().as_bytes()),
            }
        }
    }

    pub(super) fn end_all(of: Of<'_>) {
        let mut found = true;
        for round in 0..ROUNDS {
            let found_before = found;
            found = false;
            for process in processes().filter(|process| has(*process, of)) {
                found |= kill(process, of).is_ok();
            }
            // Twice, for in the middle of an exec(2) a process has no environment.
            if !found && !found_before {
                return;
            }
            std::thread::sleep(Duration::from_millis(1 << round.min(7)));
        }
    }

    /// The numbers of all processes.
    pub(super) fn processes() -> impl Iterator<Item = Pid> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
    }

    /// Whether a process has such a mark. The environment of one that has ended is empty, and that of another user's is
    /// kept from this program, which could not end it.
    fn has(process: Pid, of: Of<'_>) -> bool {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        let marks = environment
            .split(|octet| *octet == 0)
            .filter_map(|variable| variable.strip_prefix(VARIABLE.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")));
        // The first counts where there are several, as for getenv(3).
        marks.take(1).any(|mark| of.includes(mark))
    }

    fn kill(process: Pid, of: Of<'_>) -> Result<(), Errno> {
        match pidfd_open(process, PidfdFlags::empty()) {
            // Its number may have become another's since it was looked at, and cannot any more: only now it is known who is
            // killed.
            Ok(held) if has(process, of) => pidfd_send_signal(held, Signal::KILL),
            Ok(_) => Err(Errno::SRCH),
            // Linux before 5.3.
            Err(Errno::NOSYS) => kill_process(process, Signal::KILL),
            Err(error) => Err(error),
        }
    }

    /// Whether a process is in this group, and has not ended.
    pub(super) fn lives_in(process: Pid, group: u32) -> bool {
        let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind its name, which may have anything in it: the state, the parent, the group.
        let Some((_, told)) = told.rsplit_once(')') else { return false };
        let mut told = told.split_whitespace();
        let (state, of) = (told.next(), told.nth(1));
        !matches!(state, None | Some("Z" | "X")) && of.and_then(|of| of.parse().ok()) == Some(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_another_and_all_tell_whose_they_are() {
        let (one, other) = (next(), next());
        assert_ne!(one, other);
        assert!(one.starts_with(of_program()) && other.starts_with(of_program()));
        assert!(one.starts_with(&format!("{}-", std::process::id())));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_has_a_mark_is_ended_and_who_has_one_that_begins_alike_is_not() {
        use std::io::Read as _;
        use std::process::{Child, Command, Stdio};

        let start = |mark: &str| -> Child {
            let mut shell = Command::new("sh");
            shell.args(["-c", "echo up; sleep 543; true"]).env(VARIABLE, mark).stdout(Stdio::piped());
            let mut child = shell.spawn().unwrap();
            child.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
            child
        };
        let mark = next();
        let longer = format!("{mark}0");
        let (mut ours, mut other) = (start(&mark), start(&longer));
        end_all(Of::Each(&[&mark]));
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        end_all(Of::Each(&[&longer]));
        other.wait().unwrap();
    }
}
