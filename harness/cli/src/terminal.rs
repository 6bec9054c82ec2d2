//! What goes to the user: results on standard output, everything else on standard error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use dmsc_octets::{visible, visible_json};

use crate::failure::Failure;

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Also into files and pipes.
    Always,
    /// Not at all.
    Never,
}

/// How much is told on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Results and errors only.
    Quiet,
    /// The usual.
    Normal,
    /// Each case as it goes.
    Verbose,
}

/// The two ends that a person or a script reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// How much is told.
    pub(crate) verbosity: Verbosity,
    /// Whether results are coloured.
    pub(crate) color: bool,
    /// Whether errors and progress are coloured.
    pub(crate) error_color: bool,
    /// Columns of standard output; none if it is no terminal, so that nothing is broken for scripts.
    pub(crate) width: Option<usize>,
    /// Whether results go to a terminal: one that cannot be written to has been hung up, and nobody reads there any more.
    pub(crate) is_watched: bool,
}

/// Errors.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
/// What deserves attention.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Names and headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();

impl Terminal {
    /// The terminal of this process.
    pub(crate) fn new(color: ColorWhen, verbosity: Verbosity) -> Self {
        let out = io::stdout();
        let width = terminal_size::terminal_size_of(&out).map(|(width, _)| usize::from(width.0));
        Self {
            verbosity,
            color: wants_color(color, out.is_terminal()),
            error_color: wants_color(color, io::stderr().is_terminal()),
            width: width.filter(|_| out.is_terminal()),
            is_watched: out.is_terminal(),
        }
    }

    /// Writes a result for a person: nothing in it steers the terminal but our own colours. A reader that has gone
    /// away, such as `head` or a terminal that was hung up, is no error.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn out(&self, text: &str) -> Result<(), Failure> {
        self.raw(&steady(text, self.color))
    }

    /// Writes what is for a program, as it is.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe && !self.is_watched => Err(Failure::Rig(format!(
                "cannot write to standard output: {error}; check that there is room where it goes"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes a result as JSON, indented, for scripts.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn json(&self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Rig(format!("no JSON: {error}")))?;
        self.json_text(&(text + "\n"))
    }

    /// Writes one of several results as JSON, on a line of its own.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn json_line(&self, value: &serde_json::Value) -> Result<(), Failure> {
        self.json_text(&format!("{value}\n"))
    }

    /// Writes a result that is JSON already.
    ///
    /// # Errors
    /// Standard output cannot be written to.
    pub(crate) fn json_text(&self, json: &str) -> Result<(), Failure> {
        self.raw(&visible_json(json))
    }

    /// Tells something beside the result, unless the user wants quiet.
    pub(crate) fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.err(text);
        }
    }

    /// Tells what went wrong.
    pub(crate) fn fail(&self, failure: &Failure) {
        self.err(&self.failure_text(failure));
    }

    fn failure_text(&self, failure: &Failure) -> String {
        match failure {
            Failure::Located(all) => {
                let rendered: Vec<String> = all.iter().map(|problems| problems.render(self.error_color)).collect();
                let count: usize = all.iter().map(|problems| problems.problems.len()).sum();
                let mut text = rendered.join("\n\n");
                if count > 1 {
                    let _ = write!(text, "\n\n{} {count} problems", paint(self.error_color, ERROR, "error:"));
                }
                text
            }
            Failure::Input(text) | Failure::Rig(text) => {
                // What a DUT or a system says in it begins no line.
                format!("{} {}", paint(self.error_color, ERROR, "error:"), text.replace('\n', "\n  "))
            }
        }
    }

    /// A line on standard error. There is nobody left to tell when that fails.
    fn err(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", steady(text.trim_end_matches('\n'), self.error_color));
    }
}

/// The text in a style, or plain.
pub(crate) fn paint(color: bool, style: Style, text: &str) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// The text without anything that could steer the terminal, save colours where there are colours.
fn steady(text: &str, color: bool) -> Cow<'_, str> {
    if !color || !text.contains('\u{1b}') {
        return visible(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{1b}');
    out.push_str(&visible(parts.next().unwrap_or_default()));
    for part in parts {
        // SGR, ECMA-48 8.3.117: parameters between CSI and `m`.
        let end = part.strip_prefix('[').and_then(|rest| rest.find(|c: char| !c.is_ascii_digit() && c != ';'));
        let is_colour = end.is_some_and(|end| part.get(end + 1..).is_some_and(|rest| rest.starts_with('m')));
        out.push_str(if is_colour { "\u{1b}" } else { "\\u{1b}" });
        out.push_str(&visible(part));
    }
    Cow::Owned(out)
}

/// <https://no-color.org>: any value but the empty one counts.
fn wants_color(when: ColorWhen, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = || std::env::var_os("TERM").is_some_and(|term| term.is_empty() || term == "dumb");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => terminal && !set("NO_COLOR") && !dumb(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal_but_colours() {
        let text = "a\u{1b}[2Jb\u{202e}c\u{1b}]0;t\u{7}";
        assert_eq!(steady(text, false), "a\\u{1b}[2Jb\\u{202e}c\\u{1b}]0;t\\u{7}");
        assert_eq!(steady(text, true), steady(text, false));
        let painted = paint(true, ERROR, "fail") + "\u{1b}";
        assert_eq!(steady(&painted, true), paint(true, ERROR, "fail") + "\\u{1b}");
        assert!(!steady(&painted, false).contains('\u{1b}'));
        assert_eq!(steady("\u{1b}[1;3", true), "\\u{1b}[1;3");
    }
}
