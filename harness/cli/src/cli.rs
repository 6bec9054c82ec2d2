//! The command line as a whole: verbs, options that all of them have, and the end of the process.

use std::ffi::OsString;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::cmd;
use crate::exit::{self, Exit};
use crate::interrupt;
use crate::terminal::{ColorWhen, Terminal, Verbosity};

/// A conformance harness for OMA DM_SC 1.0.
///
/// dmsc plays the card against a terminal, or the terminal against a card, and gives a verdict for each SCR item
/// that the DUT claims. Without a DUT file it runs against the reference card and the reference terminal that are
/// part of it.
#[derive(Debug, Parser)]
#[command(name = "dmsc", version, max_term_width = 110, arg_required_else_help = true, after_help = EXAMPLES, after_long_help = long_help())]
pub(crate) struct Cli {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  dmsc run                              all cases against the built-in reference DUTs
  dmsc ics new card -o my-card-ics.yaml a conformance statement to fill in
  dmsc run --dut my-card.yaml           the cases that the statement of a DUT calls for
  dmsc devices                          what is attached, and what it can be used for
  dmsc scr show DM_SC-C-001-M           what an SCR item asks for";

fn long_help() -> String {
    format!("{EXAMPLES}\n\nExit codes:\n{}", indented(exit::TABLE))
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    lines.collect::<Vec<_>>().join("\n")
}

/// Options that every verb has.
#[derive(Debug, Args)]
struct Output {
    /// When to colour; NO_COLOR is respected
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    color: ColorWhen,
    /// Tell more on the way
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,
    /// Tell results and errors only
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<cmd::run::Run>),
    Prove(cmd::prove::Prove),
    Shake(cmd::shake::Shake),
    Devices(cmd::devices::Devices),
    Card(cmd::play::Card),
    Terminal(cmd::play::TerminalPlay),
    Bootstrap(cmd::bootstrap::Bootstrap),
    Cases(cmd::cases::Cases),
    Scr(cmd::scr::Scr),
    Ics(cmd::ics::Ics),
    Report(cmd::report::Report),
    Completion(cmd::completion::Completion),
    /// Explain the exit codes
    #[command(after_help = exit::TABLE)]
    ExitCodes,
}

/// Does what the arguments ask for.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args: Vec<OsString> = args.into_iter().collect();
    let command = Cli::command().color(color_of(&args));
    let parsed =
        command.try_get_matches_from(&args).and_then(|matches| clap::FromArgMatches::from_arg_matches(&matches));
    let cli: Cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            if !error.use_stderr() {
                // There is nobody left to tell when that fails.
                let _ = error.print();
                return Exit::Conforms;
            }
            // What was given is shown in it.
            let terminal = Terminal::new(color_when(&args), Verbosity::Normal);
            let text = error.render();
            terminal.note(&if terminal.error_color { text.ansi().to_string() } else { text.to_string() });
            return Exit::Input;
        }
    };
    let verbosity = match (cli.output.quiet, cli.output.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, false) => Verbosity::Normal,
        (false, true) => Verbosity::Verbose,
    };
    let terminal = Terminal::new(cli.output.color, verbosity);
    interrupt::outlives_full_files();
    match cli.command {
        Command::Run(_) => interrupt::ends_in_good_order(),
        Command::Prove(_) | Command::Shake(_) => interrupt::ends_at_once(),
        _ => {}
    }
    let done = match cli.command {
        Command::Run(run) => run.run(&terminal),
        Command::Prove(prove) => prove.run(&terminal),
        Command::Shake(shake) => shake.run(&terminal),
        Command::Devices(devices) => devices.run(&terminal),
        Command::Card(card) => card.run(&terminal),
        Command::Terminal(played) => played.run(&terminal),
        Command::Bootstrap(bootstrap) => bootstrap.run(&terminal),
        Command::Cases(cases) => cases.run(&terminal),
        Command::Scr(scr) => scr.run(&terminal),
        Command::Ics(ics) => ics.run(&terminal),
        Command::Report(report) => report.run(&terminal),
        Command::Completion(completion) => completion.run(&terminal, &mut Cli::command()),
        Command::ExitCodes => terminal.out(&format!("{}\n", exit::TABLE)).map(|()| Exit::Conforms),
    };
    // What a `reset` left in the background ends with the command.
    dmsc_link::end_what_is_left();
    done.unwrap_or_else(|failure| {
        terminal.fail(&failure);
        failure.exit()
    })
}

/// The colour asked for, before the arguments are known to be right: help and usage errors follow it too.
fn color_of(args: &[OsString]) -> clap::ColorChoice {
    let texts: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let next = texts.windows(2).find(|pair| pair[0] == "--color").map(|pair| pair[1]);
    let joined = || texts.iter().find_map(|arg| arg.strip_prefix("--color="));
    match next.or_else(joined) {
        Some("always") => clap::ColorChoice::Always,
        Some("never") => clap::ColorChoice::Never,
        _ => clap::ColorChoice::Auto,
    }
}

/// The same, for what is written here.
fn color_when(args: &[OsString]) -> ColorWhen {
    match color_of(args) {
        clap::ColorChoice::Always => ColorWhen::Always,
        clap::ColorChoice::Never => ColorWhen::Never,
        clap::ColorChoice::Auto => ColorWhen::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
