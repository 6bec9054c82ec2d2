//! Command lines of a DUT file.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A command line of the DUT file.
///
/// In its arguments `{host}` and `{port}` stand for the address the harness listens on, or the one that it connects to,
/// `{package0}` for the notification in hexadecimal, and `{job}` for the number of the DUT among those that run at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub words: Vec<String>,
    /// Where it runs: what a relative path among its words counts from. The folder that this program runs in unless given.
    pub folder: Option<PathBuf>,
    /// How long it may take for what it is run for; what is usual for that unless given.
    pub within: Option<Duration>,
    /// What `{job}` stands for. Messages show the command as it is written.
    pub job: usize,
}

/// What stands for the number of a DUT among those that run at once, in commands and addresses.
pub const JOB: &str = "{job}";

impl Command {
    /// A command that runs where this program does, and may take the usual time.
    pub fn new(words: Vec<String>) -> Command {
        Command { words, folder: None, within: None, job: 0 }
    }

    /// The same with each word as `fill` makes it.
    #[must_use]
    pub fn filled(&self, fill: impl Fn(&str) -> String) -> Command {
        Command { words: self.words.iter().map(|word| fill(word)).collect(), ..self.clone() }
    }

    /// The command as it is started, each word as `fill` and the number of the job make it.
    pub(crate) fn to_start(&self, fill: impl Fn(&str) -> String) -> Command {
        let job = self.job.to_string();
        self.filled(|word| fill(&word.replace(JOB, &job)))
    }

    /// What is to be started. A name without a separator is looked for where the system looks for programs; a relative
    /// path counts from the folder of the command, which systems do not agree on otherwise.
    pub(crate) fn program(&self) -> OsString {
        let name = self.words.first().map(String::as_str).unwrap_or_default();
        match &self.folder {
            Some(folder) if name.contains(std::path::is_separator) => folder.join(Path::new(name)).into_os_string(),
            _ => name.into(),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An empty argument is seen, too.
        let words: Vec<_> = self.words.iter().map(|word| if word.is_empty() { "\"\"" } else { word }).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_a_path_counts_from_the_folder_and_another_does_not() {
        let of = |name: &str, folder: Option<&str>| {
            let folder = folder.map(PathBuf::from);
            Command { folder, ..Command::new(vec![name.into(), "x/y".into()]) }.program()
        };
        assert_eq!(of("bin/client", Some("/lab")), "/lab/bin/client");
        assert_eq!(of("/bin/client", Some("/lab")), "/bin/client");
        assert_eq!(of("client", Some("/lab")), "client");
        assert_eq!(of("./client", None), "./client");
    }
}
