//! Who ends what was started for a DUT when this program is killed and cannot: a shell that holds the end of a pipe, is
//! told of every process group, and outlives its other end.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::mark;

/// Its argument is what every mark of this program begins with. Lines `+ GROUP` once a process is started, and `- GROUP`
/// when it is let go of. At the end of the input the groups that are left are killed, and then all that has such a mark,
/// until none is found: what has left its group, what a command left in the background, and what was being started when the
/// end came. The end comes no sooner than that has its own environment, for up to then it holds the pipe, too. A mark is
/// looked at again before the kill, as the number of a process may be another's by then.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=
while read -r sign what; do
  case $sign in
    '+') groups="$groups $what" ;;
    '-') rest=
         for one in $groups; do [ "$one" = "$what" ] || rest="$rest $one"; done
         groups=$rest ;;
  esac
done
for one in $groups; do kill -9 "-$one" 2>/dev/null; done
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for file in $(grep -l "$1" /proc/[0-9]*/environ 2>/dev/null); do
    one=${file#/proc/}
    grep -q "$1" "$file" 2>/dev/null && kill -9 "${one%/environ}" 2>/dev/null && found=1
  done
  [ "$found" ] || break
done
"#;

/// One for this program, from the first process on.
static WARDEN: Mutex<Warden> = Mutex::new(Warden::Unneeded);

enum Warden {
    Unneeded,
    /// Its input. None where there is no shell: what this program starts then outlives its being killed.
    Hired(Option<ChildStdin>),
}

/// A process is about to be started.
pub(crate) fn hire() {
    let mut warden = warden();
    if let Warden::Unneeded = *warden {
        *warden = Warden::Hired(start());
    }
}

/// It was started: its process group is killed when this program is gone.
pub(crate) fn watch(group: u32) {
    tell('+', group);
}

/// A process group is ended, or may go on without its process: its number may be another's.
pub(crate) fn release(group: u32) {
    tell('-', group);
}

fn tell(sign: char, group: u32) {
    if let Warden::Hired(Some(input)) = &mut *warden() {
        // One that somebody has killed watches over nothing.
        let _ = input.write_all(format!("{sign} {group}\n").as_bytes());
    }
}

fn start() -> Option<ChildStdin> {
    let mut shell = Command::new("sh");
    let marks = format!("{}={}", mark::VARIABLE, mark::of_program());
    shell.args(["-c", SCRIPT, "dmsc-warden", &marks]);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // This program may itself have been started for a DUT, and its warden has to outlive it then, too.
    shell.env_remove(mark::VARIABLE);
    // In a group of its own, which Ctrl-C does not reach, and out of the way of whoever unmounts this folder.
    shell.process_group(0).current_dir("/").spawn().ok()?.stdin.take()
}

fn warden() -> MutexGuard<'static, Warden> {
    // A half-written line is the worst that a holder leaves behind.
    WARDEN.lock().unwrap_or_else(PoisonError::into_inner)
}
