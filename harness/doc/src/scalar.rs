//! Plain scalars by the core schema (YAML 1.2.2, 10.3.2).

use crate::node::Value;

/// The value of an unquoted scalar.
///
/// An integer beyond 64 bits stays text: it is most likely an octet string, whose schema reads it
/// as written.
pub(crate) fn resolve(raw: &str) -> Value {
    match raw {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    if is_integer(raw) {
        return integer(raw).map_or_else(|| Value::Text(raw.to_owned()), Value::Int);
    }
    float(raw).map_or_else(|| Value::Text(raw.to_owned()), Value::Float)
}

/// Whether the core schema calls the scalar an integer, of whatever size.
pub(crate) fn is_integer(raw: &str) -> bool {
    let all = |digits: &str, radix| !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if let Some(digits) = raw.strip_prefix("0x") {
        all(digits, 16)
    } else if let Some(digits) = raw.strip_prefix("0o") {
        all(digits, 8)
    } else {
        all(raw.strip_prefix(['-', '+']).unwrap_or(raw), 10)
    }
}

fn integer(raw: &str) -> Option<i64> {
    if let Some(digits) = raw.strip_prefix("0x") {
        i64::from_str_radix(digits, 16).ok()
    } else if let Some(digits) = raw.strip_prefix("0o") {
        i64::from_str_radix(digits, 8).ok()
    } else {
        raw.parse().ok()
    }
}

fn float(raw: &str) -> Option<f64> {
    let unsigned = raw.strip_prefix(['-', '+']).unwrap_or(raw);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Some(if raw.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    // The standard library also reads `inf`, `nan` and `infinity`, which YAML takes as text.
    let starts_as_number = unsigned.starts_with(|c: char| c.is_ascii_digit())
        || unsigned.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if starts_as_number { raw.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        for (raw, value) in [
            ("0", 0),
            ("-19", -19),
            ("+12", 12),
            ("007", 7),
            ("0o14", 12),
            ("0x0A0B", 0x0A0B),
            ("0xff", 255),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(resolve(raw), Value::Int(value), "{raw}");
        }
    }

    #[test]
    fn floats() {
        for (raw, value) in [("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("-2.", -2.0), ("0e10", 0.0)] {
            assert_eq!(resolve(raw), Value::Float(value), "{raw}");
        }
        assert_eq!(resolve("-.inf"), Value::Float(f64::NEG_INFINITY));
        assert!(matches!(resolve(".nan"), Value::Float(f) if f.is_nan()));
    }

    #[test]
    fn text_that_looks_like_something_else() {
        for raw in [
            "yes",
            "no",
            "on",
            "off",
            "inf",
            "nan",
            "NaN",
            "infinity",
            "0A10",
            "0b1",
            "0x",
            "0xG1",
            "-0x1",
            "1_000",
            "1.2.3",
            "60 s",
            "12:30",
            ".",
            "-",
            "+",
            "e5",
            "9223372036854775808",
            "11223344556677889900",
            "0xFFFFFFFFFFFFFFFF",
        ] {
            assert_eq!(resolve(raw), Value::Text(raw.to_owned()), "{raw}");
        }
    }
}
