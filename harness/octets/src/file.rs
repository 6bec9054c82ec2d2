//! Files that the user names: read without waiting for what never comes, and no more of them than there may be.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// Octets of a document at most: a case, a statement, a DUT file, a table, the files of a card, a bootstrap message.
pub const DOCUMENT: u64 = 1024 * 1024;

/// What was given to this process, which may be a pipe: whoever names it has opened it.
const GIVEN: [&str; 3] = ["/dev/stdin", "/dev/fd", "/proc/self/fd"];

/// Opens a file to read it.
///
/// # Errors
/// If it cannot be opened, or is no file: a pipe could be waited for without end, and a device has none.
pub fn open(path: &Path) -> io::Result<File> {
    // Looked at first: to open a pipe is to wait for whoever writes to it.
    regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

fn regular(found: &fs::Metadata) -> io::Result<()> {
    if found.is_file() || found.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::Unsupported, "it is no file, but a pipe, a socket or a device"))
}

/// Reads a file of at most so many octets. The standard input may be named as `/dev/stdin`, and so may what a shell puts in
/// the place of `<(...)`.
///
/// # Errors
/// As of [`open`], and if it is larger.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = if GIVEN.iter().any(|given| path.starts_with(given)) { File::open(path)? } else { open(path)? };
    let mut octets = Vec::new();
    let length = file.take(most.saturating_add(1)).read_to_end(&mut octets)?;
    if length as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {}", amount(most))));
    }
    Ok(octets)
}

/// A number of octets, as people say it.
pub fn amount(octets: u64) -> String {
    let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let unit = units.into_iter().find(|(shift, _)| octets > 0 && octets.trailing_zeros() >= *shift);
    unit.map_or_else(|| format!("{octets} octets"), |(shift, unit)| format!("{} {unit}", octets >> shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(std::path::PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn scratch(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("dmsc-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = scratch("bound");
        let path = folder.0.join("a");
        fs::write(&path, [0; 1024]).unwrap();
        assert_eq!(read(&path, 1024).unwrap().len(), 1024);
        fs::write(&path, [0; 1025]).unwrap();
        assert_eq!(read(&path, 1024).unwrap_err().to_string(), "it has more than 1 KiB");
        assert_eq!(read(&path, 1000).unwrap_err().to_string(), "it has more than 1000 octets");
        // A hole without end is no more than it says.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path, DOCUMENT).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    #[cfg(unix)]
    fn pipes_and_devices_are_refused_at_once() {
        let folder = scratch("pipes");
        let pipe = folder.0.join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let link = folder.0.join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        for path in [pipe.as_path(), link.as_path(), Path::new("/dev/zero")] {
            let told =
                |error: io::Error| assert!(error.to_string().contains("a pipe, a socket or a device"), "{error}");
            told(open(path).unwrap_err());
            told(read(path, DOCUMENT).unwrap_err());
        }
        assert_eq!(open(&folder.0.join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
