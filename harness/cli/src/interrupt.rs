//! The signals by which a person or the system ends a command: SIGINT, SIGTERM and SIGHUP; and SIGXFSZ, which shall not.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::exit::Exit;

/// How long what was under way may take to come to its end. A card that answers slowly, or a device that is waited for
/// while it is opened, does not hear of an interrupt.
const GRACE: Duration = Duration::from_secs(10);

/// Whether the devices and processes of a run are given back, and the time for that is over.
static GIVEN_BACK: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// A file that may grow no further (`ulimit -f`) is an error of whoever writes it, with a name and a text; SIGXFSZ would end
/// the command without a word. What the command starts has the signal as it is by default.
pub(crate) fn outlives_full_files() {
    // Noted by nobody. Where that cannot be had, nothing else is to be done.
    #[cfg(unix)]
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

/// The first signal has what is under way broken off, so that devices are left in good order and reports are written; the
/// second, or the end of [`GRACE`], ends the command at once.
pub(crate) fn ends_in_good_order() {
    static AGAIN: AtomicBool = AtomicBool::new(false);
    let act = || {
        if AGAIN.swap(true, Ordering::SeqCst) {
            end();
        }
        // Where nobody can be told, nobody has to be.
        let _ = writeln!(std::io::stderr(), "interrupted: what is under way is broken off; once more ends at once");
        let grace = || {
            let (given_back, news) = &GIVEN_BACK;
            let waiting = given_back.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = news.wait_timeout_while(waiting, GRACE, |given_back| !*given_back);
            if waited.is_ok_and(|(_, timeout)| timeout.timed_out()) {
                end();
            }
        };
        // Where there is no thread for that, a second signal ends it.
        let _ = std::thread::Builder::new().name("grace".into()).spawn(grace);
        dmsc_link::interrupt();
    };
    // A run that cannot be told to end can still be ended.
    let _ = on_signal(act);
}

/// Nothing is under way any more that could hold up the end of the command.
pub(crate) fn given_back() {
    let (given_back, news) = &GIVEN_BACK;
    *given_back.lock().unwrap_or_else(PoisonError::into_inner) = true;
    news.notify_all();
}

/// A signal ends the command, and before that what was started for a DUT: Ctrl-C reaches the command's own group alone.
pub(crate) fn ends_at_once() {
    let _ = on_signal(|| end());
}

/// Has `act` called for each signal that comes; those that are ignored on purpose, as SIGHUP under nohup, stay as they are.
///
/// # Errors
/// That the system has no room for what waits for signals.
#[cfg(unix)]
pub(crate) fn on_signal(mut act: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use std::io::Read as _;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::low_level::pipe;

    // An octet comes for each signal, so that two are two however soon one follows the other.
    let (mut came, coming) = std::os::unix::net::UnixStream::pair()?;
    let ignored = ignored();
    for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_among(ignored, *signal)) {
        pipe::register(signal, coming.try_clone()?)?;
    }
    let waiting = move || {
        while came.read_exact(&mut [0]).is_ok() {
            act();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(waiting).map(drop)
}

/// Has `act` called for each Ctrl-C.
///
/// # Errors
/// That it cannot be had.
#[cfg(not(unix))]
pub(crate) fn on_signal(act: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    ctrlc::try_set_handler(act).map_err(std::io::Error::other)
}

/// The signals that this process was begun with to ignore, a bit for each (proc(5)). Elsewhere than on Linux none, since
/// they cannot be asked for without unsafe code.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(unix)]
fn is_among(signals: u64, signal: i32) -> bool {
    u32::try_from(signal - 1).ok().and_then(|bit| signals.checked_shr(bit)).is_some_and(|rest| rest & 1 == 1)
}

fn end() -> ! {
    dmsc_link::end_processes();
    std::process::exit(Exit::Interrupted as i32)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn signals_are_counted_from_one() {
        // SIGHUP is 1, SIGINT 2, SIGTERM 15 (signal(7)).
        assert!(is_among(0x0001, 1) && !is_among(0x0001, 2));
        assert!(is_among(0x4002, 15) && is_among(0x4002, 2) && !is_among(0x4002, 1));
        assert!(!is_among(u64::MAX, 0) && !is_among(u64::MAX, 65));
    }
}
