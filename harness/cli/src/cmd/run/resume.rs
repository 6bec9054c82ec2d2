//! The command that goes on with a run.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::Path;

/// The options that say where a run is recorded.
const PLACES: [&str; 2] = ["--out", "--resume"];

/// The command of `args`, with the run in `folder` taken up, as a shell takes it.
pub(super) fn command(args: impl IntoIterator<Item = OsString>, folder: &Path) -> String {
    let mut words = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let octets = arg.as_encoded_bytes();
        if PLACES.iter().any(|place| octets == place.as_bytes()) {
            args.next();
        } else if !PLACES
            .iter()
            .any(|place| octets.strip_prefix(place.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
        {
            words.push(quoted(&arg));
        }
    }
    let folder = folder.as_os_str();
    if folder.as_encoded_bytes().starts_with(b"-") {
        // As a word of its own it would be another option.
        words.push(format!("--resume={}", quoted(folder)));
    } else {
        words.extend(["--resume".to_owned(), quoted(folder)]);
    }
    words.join(" ")
}

/// A word that a POSIX shell leaves as it is.
fn quoted(word: &OsStr) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    match word.to_str().filter(|text| !text.contains(char::is_control)) {
        Some(text) if !text.is_empty() && text.chars().all(plain) => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', "'\\''")),
        None => escaped(word),
    }
}

/// A word that is no text, or text that would not stay on its line, as shells take it that have `$'...'`.
fn escaped(word: &OsStr) -> String {
    let mut out = String::from("$'");
    for chunk in word.as_encoded_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => octets(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out),
                c => out.push(c),
            }
        }
        octets(chunk.invalid(), &mut out);
    }
    out.push('\'');
    out
}

/// In octal, three digits each: what follows is then no digit of it.
fn octets(octets: &[u8], out: &mut String) {
    for octet in octets {
        let _ = write!(out, "\\{octet:03o}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_replaced_and_the_rest_stays() {
        let args = |text: &str| text.split('|').map(OsString::from).collect::<Vec<_>>();
        let resumed = |text| command(args(text), Path::new("reports/a b"));
        assert_eq!(resumed("dmsc|run"), "dmsc run --resume 'reports/a b'");
        assert_eq!(
            resumed("dmsc|run|--out|x|--dut|it's.yaml|--select|role:card and not x|--seed=7"),
            r"dmsc run --dut 'it'\''s.yaml' --select 'role:card and not x' --seed=7 --resume 'reports/a b'"
        );
        assert_eq!(resumed("dmsc|run|--resume=x|--strict|--outer"), "dmsc run --strict --outer --resume 'reports/a b'");
    }

    #[test]
    fn a_folder_that_looks_like_an_option_is_none() {
        let args = ["dmsc", "run", "--out=-r5"].map(OsString::from);
        assert_eq!(command(args, Path::new("-r5")), "dmsc run --resume=-r5");
        assert_eq!(command(["dmsc".into()], Path::new("-a b")), "dmsc --resume='-a b'");
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_text_comes_back_from_a_shell_as_it_was() {
        use std::os::unix::ffi::OsStrExt as _;

        for octets in [&b"r\xff6"[..], b"a\nb", b"it's \xc3\x28\\7", b"\x1b[1m\xe9", b"\xc2\x857"] {
            let word = OsStr::from_bytes(octets);
            let command = command(["printf".into(), "%s".into(), word.into()], Path::new("r"));
            let line = command.strip_suffix(" --resume r").unwrap();
            assert!(!line.contains(char::is_control) && !line.contains('\u{FFFD}'), "{line}");
            let Ok(said) = std::process::Command::new("bash").args(["-c", line]).env("LC_ALL", "C.UTF-8").output()
            else {
                return;
            };
            assert_eq!(said.stdout, octets, "{line}");
        }
        assert_eq!(quoted(OsStr::from_bytes(b"n\xff")), r"$'n\377'");
    }
}
