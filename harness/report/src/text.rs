//! Text of foreign origin, made safe to show.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with everything escaped that a terminal, XML 1.0 or a reader's eye would not take
/// literally: control characters other than line feed and tab, the two non-characters that XML
/// excludes, and the marks that change the direction of writing. Escapes read `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |c| c == '\n' || c == '\t')
}

/// As [`visible`], on one line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |c: char| {
        (c.is_control() && !keep(c))
            || matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{2028}' | '\u{2029}' | '\u{200E}' | '\u{200F}')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !hidden(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// A name as one component of a path, safe on every file system and unique: characters outside a
/// small set become `_`, and a name that had to be changed ends in a hash of the original.
pub(crate) fn component(name: &str) -> String {
    const LONGEST: usize = 120;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-=,+@[]()".contains(c);
    let mut out: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if out == name && !out.starts_with('.') && !out.is_empty() && out.len() <= LONGEST {
        return out;
    }
    out.truncate(LONGEST);
    // FNV-1a: no secrecy is asked for, only that names which look alike stay apart. `~` is in no
    // plain name, so an altered name never meets an unaltered one.
    let hash = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x100_0000_01B3));
    format!("{}~{hash:016x}", out.replacen('.', "_", usize::from(out.starts_with('.'))))
}

/// A case id as a relative path: each part between slashes is a component.
pub(crate) fn relative_path(id: &str) -> String {
    id.split('/').map(component).collect::<Vec<_>>().join("/")
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
        assert!(matches!(visible("plain, grüß"), Cow::Borrowed(_)));
    }

    #[test]
    fn names_become_paths_that_stay_inside_their_folder() {
        assert_eq!(relative_path("DM_SC-C-001-M/bip[ipv4]"), "DM_SC-C-001-M/bip[ipv4]");
        assert_eq!(component("a b"), format!("a_b~{:016x}", 0xe63f_9919_0483_3892_u64));
        assert!(component("..").starts_with("_.~"));
        assert!(component("").starts_with('~'));
        assert_ne!(component("a b"), component("a:b"));
    }

    proptest! {
        #[test]
        fn no_path_leaves_its_folder(id: String) {
            for part in relative_path(&id).split('/') {
                prop_assert!(!part.is_empty() && !part.starts_with('.'));
                prop_assert!(part.len() <= 140 && part.is_ascii());
            }
        }

        #[test]
        fn what_is_visible_is_legal_xml(text: String) {
            prop_assert!(visible(&text).chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
            prop_assert!(!one_line(&text).contains('\n'));
        }
    }
}
