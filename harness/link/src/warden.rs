//! Who ends what was started for a DUT when this program is killed and cannot: a shell that holds the end of a pipe, is
//! told of every process group, and outlives its other end.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines `? MARK` before a process is started, `+ GROUP` once it is, `! MARK` when it could not be, and `- GROUP` when it is
/// let go of. At the end of the input the groups that are left are killed. If the end came while one was being started, it
/// is found by its mark: the end comes no sooner than that process has its own environment, for up to then it holds the
/// pipe, too.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
mark= groups=
while read -r sign what; do
  case $sign in
    '?') mark=$what ;;
    '!') mark= ;;
    '+') mark= groups="$groups $what" ;;
    '-') rest=
         for one in $groups; do [ "$one" = "$what" ] || rest="$rest $one"; done
         groups=$rest ;;
  esac
done
if [ -n "$mark" ]; then
  for file in $(grep -l "$mark" /proc/[0-9]*/environ 2>/dev/null); do
    one=${file#/proc/}
    groups="$groups ${one%/environ}"
  done
fi
for one in $groups; do kill -9 "-$one" 2>/dev/null; done
"#;

/// The variable that has the mark of a process.
pub(crate) const MARK: &str = "DMSC_STARTED";

/// One for this program, from the first process on.
static WARDEN: Mutex<Warden> = Mutex::new(Warden::Unneeded);

enum Warden {
    Unneeded,
    /// Its input. None where there is no shell: what this program starts then outlives its being killed.
    Hired(Option<ChildStdin>),
}

/// A process is about to be started, with this in its variable [`MARK`]. One is started at a time.
pub(crate) fn expect() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mark = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    tell('?', &format!("{MARK}={mark}"));
    mark
}

/// It could not be started.
pub(crate) fn give_up() {
    tell('!', "");
}

/// It was started: its process group is killed when this program is gone.
pub(crate) fn watch(group: u32) {
    tell('+', &group.to_string());
}

/// A process group is ended, or may go on: it is no longer this program's.
pub(crate) fn release(group: u32) {
    tell('-', &group.to_string());
}

fn tell(sign: char, what: &str) {
    let mut warden = warden();
    if let Warden::Unneeded = *warden {
        *warden = Warden::Hired(hire());
    }
    if let Warden::Hired(Some(input)) = &mut *warden {
        // One that somebody has killed watches over nothing.
        let _ = input.write_all(format!("{sign} {what}\n").as_bytes());
    }
}

fn hire() -> Option<ChildStdin> {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "dmsc-warden"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a group of its own, which Ctrl-C does not reach, and out of the way of whoever unmounts this folder.
    shell.process_group(0).current_dir("/").spawn().ok()?.stdin.take()
}

fn warden() -> MutexGuard<'static, Warden> {
    // A half-written line is the worst that a holder leaves behind.
    WARDEN.lock().unwrap_or_else(PoisonError::into_inner)
}
