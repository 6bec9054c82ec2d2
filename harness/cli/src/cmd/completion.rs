//! `dmsc completion`: scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::exit::Exit;
use crate::failure::Done;
use crate::terminal::Terminal;

/// Write a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  dmsc completion bash > ~/.local/share/bash-completion/completions/dmsc
  dmsc completion zsh  > ~/.zfunc/_dmsc
  dmsc completion fish > ~/.config/fish/completions/dmsc.fish")]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completion {
    pub(crate) fn run(&self, terminal: &Terminal, command: &mut Command) -> Done {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "dmsc", &mut script);
        terminal.raw(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Conforms)
    }
}
