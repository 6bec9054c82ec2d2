//! The command that goes on with a run.

use std::ffi::OsString;
use std::path::Path;

/// The options that say where a run is recorded.
const PLACES: [&str; 2] = ["--out", "--resume"];

/// The command of `args`, with the run in `folder` taken up, as a shell takes it.
pub(super) fn command(args: impl IntoIterator<Item = OsString>, folder: &Path) -> String {
    let mut words = Vec::new();
    let mut args = args.into_iter().map(|arg| arg.to_string_lossy().into_owned());
    while let Some(arg) = args.next() {
        if PLACES.contains(&arg.as_str()) {
            args.next();
        } else if !PLACES.iter().any(|place| arg.strip_prefix(place).is_some_and(|rest| rest.starts_with('='))) {
            words.push(quoted(&arg));
        }
    }
    words.extend(["--resume".to_owned(), quoted(&folder.to_string_lossy())]);
    words.join(" ")
}

/// A word that a POSIX shell leaves as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
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
}
