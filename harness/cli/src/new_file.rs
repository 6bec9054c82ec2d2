//! A file that a command writes and that must not be there yet.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::failure::Failure;

/// Writes a file that is not there yet: answers given once are not lost to a slip.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    write(OpenOptions::new().write(true).create_new(true), path, text)
}

/// Writes a file that is not there yet and that nobody else is to read, where the system knows of such.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    write(&options, path, text)
}

fn write(options: &OpenOptions, path: &Path, text: &str) -> Result<(), Failure> {
    let file = options.open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Failure::Input(format!(
            "cannot write {}: {error}; name a file that does not exist yet, in a folder that does",
            path.display()
        ))
    })
}
