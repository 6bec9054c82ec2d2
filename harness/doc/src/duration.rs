//! Durations as people write them: `60 s`, `500 ms`, `1.5 min`.

use std::time::Duration;

/// The units, longest name first where one starts another, with their length in nanoseconds.
pub(crate) const UNITS: [(&str, u64); 5] =
    [("h", 3_600_000_000_000), ("min", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000)];

/// Reads a duration: a decimal number, optional spaces, and one of the units `h`, `min`, `s`,
/// `ms`, `us`. The result is exact to the nanosecond, at most about 584 years.
///
/// # Errors
/// One line that says what is wrong and what a duration looks like.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    if number.is_empty() {
        return Err(format!("`{text}` is not a duration such as `60 s`"));
    }
    if unit.is_empty() {
        return Err(format!("`{text}` has no unit; write `{number} s`, say"));
    }
    let Some(&(_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let names: Vec<String> = UNITS.iter().map(|(name, _)| format!("`{name}`")).collect();
        return Err(format!("`{unit}` is not a unit of time; the units are {}", names.join(", ")));
    };
    scaled(number, nanos)
        .map(Duration::from_nanos)
        .ok_or_else(|| format!("the number `{number}` is malformed, too large or too fine"))
}

/// `number` times `scale`, if that is a whole number that fits.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let mut total = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    if fraction.is_empty() || !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let mut unit = scale;
    for digit in fraction.chars().filter_map(|c| c.to_digit(10)) {
        if digit != 0 && !unit.is_multiple_of(10) {
            return None;
        }
        unit /= 10;
        total = total.checked_add(unit.checked_mul(u64::from(digit))?)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations() {
        for (text, millis) in [
            ("60 s", 60_000),
            ("60s", 60_000),
            ("500 ms", 500),
            ("2 min", 120_000),
            ("1.5 min", 90_000),
            ("0.250 s", 250),
            ("0 s", 0),
            ("2  h", 7_200_000),
            ("3000 us", 3),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn errors_name_what_is_allowed() {
        let error = |text| parse_duration(text).unwrap_err();
        insta::assert_snapshot!(error("60"), @"`60` has no unit; write `60 s`, say");
        insta::assert_snapshot!(error("soon"), @"`soon` is not a duration such as `60 s`");
        insta::assert_snapshot!(error("-1 s"), @"`-1 s` is not a duration such as `60 s`");
        insta::assert_snapshot!(error("3 sec"), @"`sec` is not a unit of time; the units are `h`, `min`, `s`, `ms`, `us`");
        insta::assert_snapshot!(error("1.2.3 s"), @"the number `1.2.3` is malformed, too large or too fine");
        insta::assert_snapshot!(error("0.0001 us"), @"the number `0.0001` is malformed, too large or too fine");
        insta::assert_snapshot!(error("99999999999999999999 h"), @"the number `99999999999999999999` is malformed, too large or too fine");
        insta::assert_snapshot!(error("6000000 h"), @"the number `6000000` is malformed, too large or too fine");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[0-9. a-zä]{0,24}") {
            let _ = parse_duration(&text);
        }

        #[test]
        fn whole_milliseconds_come_back(millis in 0..u64::from(u32::MAX)) {
            prop_assert_eq!(parse_duration(&format!("{millis} ms")), Ok(Duration::from_millis(millis)));
        }
    }
}
