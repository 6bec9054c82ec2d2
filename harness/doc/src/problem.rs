//! Located errors, and how they are shown.

use std::borrow::Cow;
use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::json;

use crate::source::{Lines, Source, Span, floor_char};

/// One thing that is wrong at one place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The octets that are wrong; shown on their first line.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
    /// What was found or is expected, printed beside the caret; may be empty.
    pub label: String,
    /// What is allowed, and other facts.
    pub notes: Vec<String>,
    /// What to try.
    pub help: Option<String>,
}

impl Problem {
    /// A problem with a message only.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: String::new(), notes: Vec::new(), help: None }
    }

    /// The same problem with a text beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// The same problem with one more note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same problem with a proposal.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Octets of a quotation that tell of a secret.
const SHORTEST_QUOTED: usize = 3;

impl Problem {
    /// Takes a secret out of what is said, with what quotes a part of it.
    fn without(&mut self, secret: &str) {
        let said = [&mut self.message, &mut self.label].into_iter().chain(&mut self.notes).chain(&mut self.help);
        for text in said {
            let mut told = String::with_capacity(text.len());
            for (number, part) in text.split('`').enumerate() {
                if number > 0 {
                    told.push('`');
                }
                // Every second part is a quotation.
                let quoted = part.trim_end_matches('\u{2026}');
                let tells = number % 2 == 1 && quoted.len() >= SHORTEST_QUOTED && secret.contains(quoted);
                told.push_str(if tells { "(secret)" } else { part });
            }
            *text = told;
        }
    }
}

/// Problems of one document that are kept in words; of more than that the number is told.
pub(crate) const MOST_KEPT: usize = 1000;

/// Those that a person is shown.
const MOST_SHOWN: usize = 50;

/// What is wrong with one document, in the order of the text.
///
/// `Display` is the plain rendering, the one that belongs in logs and JUnit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The document.
    pub source: Source,
    /// What is wrong with it; not empty when it stands for an error.
    pub problems: Vec<Problem>,
    /// How many there are besides.
    pub more: usize,
    /// Places of the text that are not shown.
    hidden: Vec<Span>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Problems {
    /// The problems of a document, sorted by position; problems at one place keep their order. Of very many the first
    /// ones, and how many there are besides: those without words are only counted.
    pub fn new(source: Source, problems: Vec<Problem>) -> Self {
        let all = problems.len();
        let mut problems: Vec<Problem> = problems.into_iter().filter(|problem| !problem.message.is_empty()).collect();
        problems.sort_by_key(|problem| problem.span.start);
        problems.truncate(MOST_KEPT);
        let more = all - problems.len();
        Self { source, problems, more, hidden: Vec::new() }
    }

    /// `value` when nothing is wrong, else the problems.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn none_or<T>(source: &Source, problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(value) } else { Err(Self::new(source.clone(), problems)) }
    }

    /// The same problems, shown in a text in which a star or dot stands for every character of these places, beside those that
    /// are hidden already: what is secret is not shown beside what is wrong, nor in words about it.
    #[must_use]
    pub fn hiding(mut self, secrets: &[Span]) -> Self {
        let mut secrets = secrets.to_vec();
        secrets.sort_unstable();
        for problem in &mut self.problems {
            let last = secrets.partition_point(|secret| secret.start <= problem.span.end);
            let touches = |secret: &&Span| secret.end >= problem.span.start && !secret.is_empty();
            // One place may stand in another, so the nearest one is not always the one that is touched.
            if let Some(secret) = secrets.iter().take(last).rev().find(touches) {
                problem.without(self.source.text.get(secret.start..secret.end).unwrap_or_default());
            }
        }
        self.hidden.extend(secrets);
        self.hidden.sort_unstable();
        self.hidden.dedup();
        self
    }

    /// The document as it may be shown.
    fn shown(&self) -> Cow<'_, Source> {
        if self.hidden.is_empty() {
            return Cow::Borrowed(&self.source);
        }
        let mut text = String::with_capacity(self.source.text.len());
        let (mut next, mut end) = (self.hidden.iter().peekable(), 0);
        for (at, c) in self.source.text.char_indices() {
            while let Some(secret) = next.next_if(|secret| secret.start <= at) {
                end = secret.end.max(end);
            }
            // Each takes as many octets as what it hides, so that every place stays where it is.
            text.push(match c.len_utf8() {
                _ if c.is_control() || at >= end => c,
                1 => '*',
                2 => '\u{b7}',
                3 => '\u{2022}',
                _ => '\u{1f784}',
            });
        }
        Cow::Owned(Source { name: self.source.name.clone(), text })
    }

    /// The problems as a person reads them, with terminal colours or without; no final newline.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let source = self.shown();
        let lines = Lines::of(&source);
        let first = self.problems.iter().take(MOST_SHOWN);
        let mut rendered: Vec<String> = first.map(|problem| render_one(&source, &renderer, &lines, problem)).collect();
        let more = self.problems.len().saturating_sub(MOST_SHOWN).saturating_add(self.more);
        if more > 0 {
            rendered.push(format!("{more} more in {}", self.source.name));
        }
        rendered.join("\n\n")
    }

    /// The problems for scripts: `[{file, line, column, end_line, end_column, message, label,
    /// notes, help}]`; lines and columns count from 1, the end is after the last character.
    pub fn to_json(&self) -> serde_json::Value {
        let lines = Lines::of(&self.source);
        self.problems
            .iter()
            .map(|problem| {
                let (line, column) = lines.line_col(&self.source, problem.span.start);
                let (end_line, end_column) = lines.line_col(&self.source, problem.span.end);
                json!({
                    "file": self.source.name,
                    "line": line,
                    "column": column,
                    "end_line": end_line,
                    "end_column": end_column,
                    "message": problem.message,
                    "label": problem.label,
                    "notes": problem.notes,
                    "help": problem.help,
                })
            })
            .collect()
    }
}

/// One problem, with the line of the document as it may be shown.
fn render_one(source: &Source, renderer: &Renderer, lines: &Lines, problem: &Problem) -> String {
    let shown = on_one_line(source, problem.span);
    let text = source.text.as_str();
    // What begins after the last line end is shown at the end of the line before it.
    let behind = shown.start == text.len() && text.ends_with('\n');
    // The renderer looks through all that it is given, for each problem.
    let line = lines.around(source, shown.start - usize::from(behind));
    let mut annotation = AnnotationKind::Primary.span(shown.start - line.start..shown.end - line.start);
    if !problem.label.is_empty() {
        annotation = annotation.label(problem.label.as_str());
    }
    let snippet = Snippet::source(text.get(line.start..line.end).unwrap_or_default())
        .line_start(lines.line(line.start))
        .path(source.name.as_str())
        .annotation(annotation);
    let mut group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
    for note in &problem.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The part of a span on its first line: a caret under one line reads better than a bracket around a whole mapping.
fn on_one_line(source: &Source, span: Span) -> Span {
    let start = floor_char(&source.text, span.start);
    let end = floor_char(&source.text, span.end).max(start);
    let line = source.text[start..end].split(['\n', '\r']).next().unwrap_or("");
    Span::new(start, start + line.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_problems() -> Problems {
        let source = Source::new("cases/a.yaml", "title: Ünï\nsteps:\n  - send: x\n    wiht: 1\n");
        let problems = vec![
            Problem::new(Span::new(36, 40), "unknown key `wiht`")
                .label("not a key of this step")
                .note("allowed keys: `send`, `with`")
                .help("did you mean `with`?"),
            Problem::new(Span::new(7, 31), "something at the title"),
        ];
        Problems::new(source, problems)
    }

    #[test]
    fn problems_are_sorted_and_show_one_line_each() {
        insta::assert_snapshot!(two_problems(), @r"
        error: something at the title
         --> cases/a.yaml:1:8
          |
        1 | title: Ünï
          |        ^^^

        error: unknown key `wiht`
         --> cases/a.yaml:4:5
          |
        4 |     wiht: 1
          |     ^^^^ not a key of this step
          |
          = note: allowed keys: `send`, `with`
          = help: did you mean `with`?
        ");
    }

    #[test]
    fn colour_is_opt_in() {
        let problems = two_problems();
        assert!(problems.render(true).contains("\u{1b}["));
        assert!(!problems.render(false).contains("\u{1b}["));
    }

    #[test]
    fn an_empty_span_at_the_end_of_the_text_is_shown() {
        let problems = Problems::new(
            Source::new("a.yaml", "title: x\n"),
            vec![Problem::new(Span::new(9, 9), "`steps` is missing").label("add `steps:`")],
        );
        insta::assert_snapshot!(problems, @r"
        error: `steps` is missing
         --> a.yaml:1:10
          |
        1 | title: x
          |         ^ add `steps:`
        ");
    }

    #[test]
    fn secrets_are_hidden() {
        let source = Source::new("a.yaml", "k: { key: 'töp', siez: 1 }\n");
        let problems = Problems::new(source, vec![Problem::new(Span::new(18, 22), "unknown key `siez`")]);
        insta::assert_snapshot!(problems.hiding(&[Span::new(10, 16)]), @r"
        error: unknown key `siez`
         --> a.yaml:1:18
          |
        1 | k: { key: **·**, siez: 1 }
          |                  ^^^^
        ");
    }

    #[test]
    fn more_is_hidden_beside_what_is_hidden_already() {
        let source = Source::new("a.yaml", "k: { key: abcd, pin: 1234, siez: 1 }\n");
        let problems = Problems::new(source, vec![Problem::new(Span::new(27, 31), "unknown key `siez`")]);
        let once = problems.hiding(&[Span::new(10, 14)]);
        let both = once.clone().hiding(&[Span::new(21, 25)]).to_string();
        assert!(both.contains("k: { key: ****, pin: ****, siez: 1 }"), "{both}");
        assert_eq!(once.clone().hiding(&[Span::new(10, 14)]), once);
    }

    #[test]
    fn secrets_are_hidden_in_words_about_them() {
        let source = Source::new("a.yaml", "key: xyzzy\n");
        let problem = Problem::new(Span::new(5, 10), "`xyzzy` has no digit `y`, see `else`").help("not `xyzzy`");
        let hidden = Problems::new(source, vec![problem]).hiding(&[Span::new(5, 10)]).to_string();
        assert!(!hidden.contains("xyz"), "{hidden}");
        assert!(hidden.contains("`(secret)` has no digit `y`, see `else`"), "{hidden}");
    }

    #[test]
    fn of_very_many_problems_the_first_are_shown_and_the_rest_counted() {
        let text = "x: 1 ".repeat(50_000);
        let every = |number: usize| Problem::new(Span::new(number * 5, number * 5 + 1), "unknown key `x`");
        let begin = std::time::Instant::now();
        let problems = Problems::new(Source::new("a.yaml", text), (0..50_000).map(every).collect());
        let shown = problems.to_string();
        assert_eq!(shown.matches("unknown key").count(), 50);
        assert!(shown.ends_with("\n\n49950 more in a.yaml"), "{}", &shown[shown.len() - 50..]);
        assert_eq!(problems.to_json().as_array().map(Vec::len), Some(1000));
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{:?}", begin.elapsed());
    }

    #[test]
    fn scripts_get_lines_and_columns() {
        let json = two_problems().to_json();
        assert_eq!(json[0]["file"], "cases/a.yaml");
        assert_eq!(json[0]["line"], 1);
        assert_eq!(json[1]["line"], 4);
        assert_eq!(json[1]["column"], 5);
        assert_eq!(json[1]["end_column"], 9);
        assert_eq!(json[1]["help"], "did you mean `with`?");
    }
}
