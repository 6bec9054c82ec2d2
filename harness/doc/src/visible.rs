//! Characters that nobody sees.

use std::borrow::Cow;

/// Whether a character takes no room, or turns the text around it.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text with the numbers of the characters that nobody sees: `steps<U+200B>`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return text.into();
    }
    let shown = |c: char| if is_invisible(c) { format!("<U+{:04X}>", u32::from(c)) } else { c.to_string() };
    text.chars().map(shown).collect::<String>().into()
}

/// A note on the characters of a text that nobody sees, if it has any.
pub(crate) fn note(text: &str) -> Option<String> {
    let hidden = text.chars().find(|c| is_invisible(*c))?;
    Some(format!("it holds the character U+{:04X}, which takes no room on the screen", u32::from(hidden)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_shown() {
        assert_eq!(visible("steps\u{200b}"), "steps<U+200B>");
        assert_eq!(visible("\u{202e}a\u{ad}"), "<U+202E>a<U+00AD>");
        assert_eq!(visible("f\u{fc}r"), "f\u{fc}r");
        assert_eq!(note("a"), None);
        assert!(note("a\u{feff}").unwrap().contains("U+FEFF"));
    }
}
