//! "Did you mean": the allowed name that a mistyped one most likely stands for.

use crate::visible::is_invisible;

/// The name among `allowed` nearest to `found`, if one is near enough to be worth proposing.
///
/// Case, the separators `_`, `-`, `.` and space, and characters that nobody sees do not count; about a third of the letters may
/// differ, a swap of neighbours being one difference. Failing that, a name is near of which
/// `found` is one whole part: `message` proposes `dm.message`. Among equals the first wins.
pub fn nearest<'a>(found: &str, allowed: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(found);
    if wanted.is_empty() {
        return None;
    }
    let count = wanted.chars().count();
    let mut best: Option<(usize, &'a str)> = None;
    let mut by_part: Option<&'a str> = None;
    for name in allowed {
        let folded = fold(name);
        let (one, other) = (count, folded.chars().count());
        let limit = (one.max(other) / 3).max(1);
        // Names differ by no less than their lengths do, and a very long one is not compared letter by letter.
        if one.abs_diff(other) <= limit {
            let distance = strsim::osa_distance(&wanted, &folded);
            // A distance that is the whole of the shorter name means that nothing is shared.
            let shared = distance < one.min(other);
            if shared && distance <= limit && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, name));
            }
        }
        let is_part = || name.split(SEPARATORS).any(|part| fold(part) == wanted);
        if by_part.is_none() && is_part() {
            by_part = Some(name);
        }
    }
    best.map(|(_, name)| name).or(by_part)
}

const SEPARATORS: [char; 4] = ['_', '-', '.', ' '];

fn fold(name: &str) -> String {
    name.chars().filter(|c| !SEPARATORS.contains(c) && !is_invisible(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["send", "expect", "expect-none", "with", "within", "dm.message"];

    #[test]
    fn names_that_are_near() {
        for (found, expected) in [
            ("wiht", "with"),
            ("Expect", "expect"),
            ("expect_none", "expect-none"),
            ("expcet", "expect"),
            ("message", "dm.message"),
            ("dm-message", "dm.message"),
            ("sned", "send"),
            ("with\u{200b}", "with"),
        ] {
            assert_eq!(nearest(found, KEYS.into_iter()), Some(expected), "{found}");
        }
    }

    #[test]
    fn names_that_are_not() {
        for found in ["", "x", "title", "zzzz", "-"] {
            assert_eq!(nearest(found, KEYS.into_iter()), None, "{found}");
        }
        assert_eq!(nearest("a", ["b", "c"].into_iter()), None);
    }
}
