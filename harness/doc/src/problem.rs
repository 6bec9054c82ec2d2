//! Located errors, and how they are shown.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::json;

use crate::source::{Source, Span, floor_char, line_col};

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

/// All that is wrong with one document, in the order of the text.
///
/// `Display` is the plain rendering, the one that belongs in logs and JUnit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The document.
    pub source: Source,
    /// What is wrong with it; not empty when it stands for an error.
    pub problems: Vec<Problem>,
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl Problems {
    /// The problems of a document, sorted by position; problems at one place keep their order.
    pub fn new(source: Source, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.start);
        Self { source, problems }
    }

    /// `value` when nothing is wrong, else the problems.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn none_or<T>(source: &Source, problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(value) } else { Err(Self::new(source.clone(), problems)) }
    }

    /// The same problems, in a text in which a star or dot stands for every character of these places: what is secret is
    /// not shown beside what is wrong.
    #[must_use]
    pub fn hiding(mut self, secrets: &[Span]) -> Self {
        let is_secret = |at: usize| secrets.iter().any(|span| (span.start..span.end).contains(&at));
        let mut text = String::with_capacity(self.source.text.len());
        for (at, c) in self.source.text.char_indices() {
            // Each takes as many octets as what it hides, so that every place stays where it is.
            text.push(match c.len_utf8() {
                _ if c.is_control() || !is_secret(at) => c,
                1 => '*',
                2 => '\u{b7}',
                3 => '\u{2022}',
                _ => '\u{1f784}',
            });
        }
        self.source.text = text;
        self
    }

    /// The problems as a person reads them, with terminal colours or without; no final newline.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let rendered: Vec<String> = self.problems.iter().map(|problem| self.render_one(&renderer, problem)).collect();
        rendered.join("\n\n")
    }

    /// The problems for scripts: `[{file, line, column, end_line, end_column, message, label,
    /// notes, help}]`; lines and columns count from 1, the end is after the last character.
    pub fn to_json(&self) -> serde_json::Value {
        self.problems
            .iter()
            .map(|problem| {
                let (line, column) = line_col(&self.source, problem.span.start);
                let (end_line, end_column) = line_col(&self.source, problem.span.end);
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

    fn render_one(&self, renderer: &Renderer, problem: &Problem) -> String {
        let shown = self.on_one_line(problem.span);
        let mut annotation = AnnotationKind::Primary.span(shown.start..shown.end);
        if !problem.label.is_empty() {
            annotation = annotation.label(problem.label.as_str());
        }
        let snippet = Snippet::source(self.source.text.as_str()).path(self.source.name.as_str()).annotation(annotation);
        let mut group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
        for note in &problem.notes {
            group = group.element(Level::NOTE.message(note.as_str()));
        }
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    /// The part of a span on its first line: a caret under one line reads better than a bracket
    /// around a whole mapping.
    fn on_one_line(&self, span: Span) -> Span {
        let text = &self.source.text;
        let start = floor_char(text, span.start);
        let end = floor_char(text, span.end).max(start);
        let line = text[start..end].split(['\n', '\r']).next().unwrap_or("");
        Span::new(start, start + line.trim_end().len())
    }
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
