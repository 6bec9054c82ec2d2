//! The signals by which a person or the system ends a command: SIGINT, SIGTERM and SIGHUP.

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

/// The first signal has what is under way broken off, so that devices are left in good order and reports are written; the
/// second, or the end of [`GRACE`], ends the command at once.
pub(crate) fn ends_in_good_order() {
    static AGAIN: AtomicBool = AtomicBool::new(false);
    on_signal(|| {
        if AGAIN.swap(true, Ordering::SeqCst) {
            end();
        }
        // Where nobody can be told, nobody has to be.
        let _ = writeln!(std::io::stderr(), "interrupted: what is under way is broken off; once more ends at once");
        std::thread::spawn(|| {
            let (given_back, news) = &GIVEN_BACK;
            let waiting = given_back.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = news.wait_timeout_while(waiting, GRACE, |given_back| !*given_back);
            if waited.is_ok_and(|(_, timeout)| timeout.timed_out()) {
                end();
            }
        });
        dmsc_link::interrupt();
    });
}

/// Nothing is under way any more that could hold up the end of the command.
pub(crate) fn given_back() {
    let (given_back, news) = &GIVEN_BACK;
    *given_back.lock().unwrap_or_else(PoisonError::into_inner) = true;
    news.notify_all();
}

/// A signal ends the command, and before that what was started for a DUT: Ctrl-C reaches the command's own group alone.
pub(crate) fn ends_at_once() {
    on_signal(|| end());
}

fn on_signal(act: impl FnMut() + Send + 'static) {
    // Fails where one of the signals is ignored on purpose, as under nohup; then all of them stay as they are.
    let _ = ctrlc::try_set_handler(act);
}

fn end() -> ! {
    dmsc_link::end_processes();
    std::process::exit(Exit::Interrupted as i32)
}
