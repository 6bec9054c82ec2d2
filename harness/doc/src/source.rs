//! The text of a document and places in it.

use crate::problem::{Problem, Problems};

/// A document as it was read: its text, and the name by which the user knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path (or other name) shown in errors.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source from a name and a text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// A source from the octets of a file.
    ///
    /// # Errors
    /// Octets that are not UTF-8: one problem, located at the first of them.
    pub fn from_octets(name: impl Into<String>, octets: Vec<u8>) -> Result<Self, Problems> {
        let name = name.into();
        match String::from_utf8(octets) {
            Ok(text) => Ok(Self::new(name, text)),
            Err(error) => {
                if let Some(problems) = two_octets_each(&name, error.as_bytes()) {
                    return Err(problems);
                }
                let start = error.utf8_error().valid_up_to();
                let octet = error.as_bytes().get(start).copied().unwrap_or_default();
                // The replacement character takes three octets, and the text before it is intact.
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let problem = Problem::new(
                    Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8()),
                    "the file is not UTF-8 text",
                )
                .label(format!("octet 0x{octet:02X} does not belong here"))
                .help("save the file in the encoding UTF-8");
                Err(Problems::new(Self::new(name, text), vec![problem]))
            }
        }
    }
}

/// The problem of a text in UTF-16, which begins with a byte order mark of its own. The text is shown as far as it can
/// be read.
fn two_octets_each(name: &str, octets: &[u8]) -> Option<Problems> {
    let unit: fn([u8; 2]) -> u16 = match octets {
        [0xFF, 0xFE, ..] => u16::from_le_bytes,
        [0xFE, 0xFF, ..] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, _) = octets.get(2..)?.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    let text = String::from_utf16_lossy(&units);
    let first = text.chars().next().map_or(0, char::len_utf8);
    let problem = Problem::new(Span::new(0, first), "the file is UTF-16, not UTF-8 text")
        .label("begins with the mark of UTF-16")
        .help("save the file in the encoding UTF-8");
    Some(Problems::new(Source::new(name, text), vec![problem]))
}

/// A range of octets in a [`Source`]; `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first octet.
    pub start: usize,
    /// Offset after the last octet.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`; empty at `start` when `end` lies before it.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Number of octets.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no octet.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Where the lines of a text begin, for many lookups in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
    /// Characters that begin before each block of the text.
    characters: Vec<usize>,
}

/// Octets of a block of which the characters are counted.
const BLOCK: usize = 256;

impl Lines {
    /// The lines of a document.
    pub fn of(source: &Source) -> Self {
        let breaks = source.text.match_indices('\n').map(|(at, _)| at + 1);
        let mut before = 0;
        let blocks = source.text.as_bytes().chunks(BLOCK).map(|block| {
            before += begun(block);
            before
        });
        Self {
            starts: std::iter::once(0).chain(breaks).collect(),
            characters: std::iter::once(0).chain(blocks).collect(),
        }
    }

    /// The line of an octet offset, counted from 1; as [`line_col`] gives it.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Line and column of an octet offset, as [`line_col`] gives them, whatever the length of line and text; `source` is
    /// the text that these are the lines of.
    pub fn line_col(&self, source: &Source, offset: usize) -> (usize, usize) {
        let offset = floor_char(&source.text, offset);
        let line = self.line(offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(offset);
        (line, self.characters_before(source, offset) - self.characters_before(source, start) + 1)
    }

    /// The octets of the line that an offset is on, with its end.
    pub(crate) fn around(&self, source: &Source, offset: usize) -> Span {
        let line = self.line(offset.min(source.text.len()));
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        Span::new(start, self.starts.get(line).copied().unwrap_or(source.text.len()))
    }

    fn characters_before(&self, source: &Source, offset: usize) -> usize {
        let block = offset / BLOCK;
        let part = source.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default();
        self.characters.get(block).copied().unwrap_or_default() + begun(part)
    }
}

/// Characters that begin among octets of UTF-8.
fn begun(octets: &[u8]) -> usize {
    octets.iter().filter(|octet| **octet & 0xC0 != 0x80).count()
}

/// Line and column of an octet offset, both counted from 1, the column in characters.
///
/// An offset after the text counts as its end; one inside a character as that character's start.
pub fn line_col(source: &Source, offset: usize) -> (usize, usize) {
    let before = &source.text[..floor_char(&source.text, offset)];
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[line_start..].chars().count() + 1)
}

/// The largest character boundary not after `offset`.
pub(crate) fn floor_char(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("a.yaml", "ä: ö\nkey: x\n");
        assert_eq!(line_col(&source, 0), (1, 1));
        assert_eq!(line_col(&source, 4), (1, 4));
        assert_eq!(line_col(&source, 5), (1, 4), "inside the second letter");
        assert_eq!(line_col(&source, 7), (2, 1));
        assert_eq!(line_col(&source, 999), (3, 1));
        let lines = Lines::of(&source);
        for offset in 0..=source.text.len() {
            assert_eq!(lines.line(offset), line_col(&source, offset).0, "{offset}");
        }
        let long = Source::new("a.yaml", "äö: €\n".repeat(99) + &"ä€x".repeat(200));
        let lines = Lines::of(&long);
        for offset in 0..=long.text.len() + 1 {
            assert_eq!(lines.line_col(&long, offset), line_col(&long, offset), "{offset}");
        }
    }

    #[test]
    fn a_text_in_utf16_is_told_as_such() {
        let text = "title: x\n";
        let little: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let big: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let told = |octets| Source::from_octets("a.yaml", octets).unwrap_err().to_string();
        assert_eq!(told(big), told(little.clone()));
        insta::assert_snapshot!(told(little), @r"
        error: the file is UTF-16, not UTF-8 text
         --> a.yaml:1:1
          |
        1 | title: x
          | ^ begins with the mark of UTF-16
          |
          = help: save the file in the encoding UTF-8
        ");
    }

    #[test]
    fn octets_that_are_not_utf8_are_located() {
        let problems = Source::from_octets("a.yaml", b"title: Pr\xFCfung\n".to_vec()).unwrap_err();
        insta::assert_snapshot!(problems, @r"
        error: the file is not UTF-8 text
         --> a.yaml:1:10
          |
        1 | title: Pr�fung
          |          ^ octet 0xFC does not belong here
          |
          = help: save the file in the encoding UTF-8
        ");
    }
}
