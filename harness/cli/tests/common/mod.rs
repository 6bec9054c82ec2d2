//! Runs the built command as a user would, in the folder of the tests, without a terminal.

#![allow(dead_code, reason = "each test target uses a part of it")]
#![allow(clippy::expect_used, reason = "called by tests only, whose failure it is")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// Runs `dmsc` with these arguments.
pub(crate) fn dmsc(args: &[&str]) -> Ran {
    dmsc_with(args, &[])
}

/// Runs `dmsc` with these arguments and environment variables.
pub(crate) fn dmsc_with(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dmsc"));
    command.args(args).current_dir(here()).stdin(Stdio::null());
    for name in ["COLUMNS", "LINES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.envs(variables.iter().copied());
    let Output { status, stdout, stderr } = command.output().expect("the built command starts");
    let text = |octets| String::from_utf8(octets).expect("the command writes UTF-8");
    Ran { code: status.code().expect("the command exits"), out: text(stdout), err: text(stderr) }
}

/// Everything of a command that a person sees.
pub(crate) fn shown(args: &[&str]) -> String {
    let Ran { code, out, err } = dmsc(args);
    format!("$ dmsc {}\n{out}{err}[exit {code}]\n", args.join(" "))
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A folder of its own, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dmsc-cli-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Self(path)
    }

    /// A path in it, as an argument.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Best effort: the system clears its folder of temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
