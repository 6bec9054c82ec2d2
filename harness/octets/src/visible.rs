//! Text of foreign origin, made safe to show.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character is one that a terminal, XML 1.0 or a reader's eye would not take literally: a control character,
/// one of the two non-characters that XML excludes, a separator of lines, a mark that changes the direction of writing, or
/// one that is not seen at all (Unicode: Default_Ignorable_Code_Point, save what chooses between forms of a letter).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// The text with every [hidden](is_hidden) character escaped, save line feeds and tabs. Escapes read `\u{1b}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\n' || c == '\t')
}

/// As [`visible`], on one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// JSON with its hidden characters as JSON escapes them: they stand in texts only, so that what it says stays the same.
/// Line feeds between values stay.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let hidden = |c: char| c != '\n' && is_hidden(c);
    if !json.contains(hidden) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |c: char| is_hidden(c) && !keep(c);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if hidden(c) { push_escaped(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Adds a character, escaped.
pub fn push_escaped(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_shown_is_escaped() {
        assert_eq!(visible("a\tb\nc\u{1b}[31m\r"), "a\tb\nc\\u{1b}[31m\\r");
        assert_eq!(one_line("a\tb\nc"), "a\\tb\\nc");
        assert_eq!(visible("\u{202e}x\u{FFFF}\u{0}"), "\\u{202e}x\\u{ffff}\\u{0}");
        assert_eq!(one_line("pa\u{200b}ss\u{ad}\u{e0041}"), "pa\\u{200b}ss\\u{ad}\\u{e0041}");
        assert_eq!(visible_json("\"\u{e0041}\""), "\"\\udb40\\udc41\"");
        assert!(matches!(visible("plain, grüß"), Cow::Borrowed(_)));
        assert_eq!(visible_json("{\n\"a\": \"\u{202e}\u{7f}ü\"}"), "{\n\"a\": \"\\u202e\\u007fü\"}");
        assert!(matches!(visible_json("{\n}"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_is_visible_is_legal_xml(text: String) {
            prop_assert!(visible(&text).chars().all(|c| c == '\n' || c == '\t' || !is_hidden(c)));
            prop_assert!(!one_line(&text).contains(is_hidden));
        }
    }
}
