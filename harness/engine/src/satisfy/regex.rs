//! Expressions that find a match in every text.

/// Whether an expression certainly finds a match in every text of one line.
pub(super) fn finds_always(pattern: &str) -> bool {
    let body = pattern.strip_prefix("(?s)").unwrap_or(pattern);
    let starts = body.strip_prefix('^').or_else(|| body.strip_prefix("\\A"));
    let ends = |body: &'_ str| {
        let cut = body.strip_suffix('$').or_else(|| body.strip_suffix("\\z"))?;
        let escapes = cut.chars().rev().take_while(|c| *c == '\\').count();
        // `\$` is a character, and `\\z` a backslash and a letter.
        (escapes % 2 == 0).then(|| cut.to_owned())
    };
    match (starts, ends(body)) {
        // The whole text has to be of this form.
        (Some(rest), Some(_)) => ends(rest).is_some_and(|middle| takes_all(&middle)),
        // The empty match at one end is enough.
        (Some(rest), None) => takes_nothing(rest),
        (None, Some(rest)) => takes_nothing(&rest),
        (None, None) => takes_nothing(body),
    }
}

/// Forms that take the whole of any text.
fn takes_all(body: &str) -> bool {
    let inner = body.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(body);
    matches!(
        inner.strip_prefix("?:").unwrap_or(inner),
        ".*" | ".*?" | "[\\s\\S]*" | "[\\S\\s]*" | "[\\d\\D]*" | "[\\w\\W]*"
    )
}

/// Whether an expression without anchors takes the empty text, wherever it stands. Alternatives are not looked into
/// where there could be an anchor in one of them.
fn takes_nothing(body: &str) -> bool {
    let anchors = ["^", "$", "\\b", "\\B", "\\A", "\\z", "\\<", "\\>"];
    let could_be_anchored = anchors.iter().any(|anchor| body.contains(anchor));
    !could_be_anchored && regex_lite::Regex::new(body).is_ok_and(|regex| regex.is_match(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_find_a_match_anywhere() {
        for pattern in
            ["", ".*", "^", "$", "^.*", ".*$", "^.*$", "^(.*)$", "a*", "a?b*", "(a|)", "(?s)^.*$", "x{0,3}", "(?s)"]
        {
            assert!(finds_always(pattern), "{pattern}");
        }
        for pattern in
            [".", "a", "^.+$", "^a*$", "\\$", "^$", "^\\$", "a|^", "\\b", "^(a|.*x)$", "^[0-9A-F]{1,4}$", "\\\\z"]
        {
            assert!(!finds_always(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_is_said_to_find_always_does() {
        for pattern in ["", "^.*", ".*$", "^.*$", "a*", "(a|)", "x{0,3}"] {
            let regex = regex_lite::Regex::new(pattern).unwrap();
            for text in ["", "a", "$", "one two", "\u{e4}"] {
                assert!(finds_always(pattern) && regex.is_match(text), "{pattern} in {text}");
            }
        }
    }
}
