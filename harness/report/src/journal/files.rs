//! The files of a journal: closed parts, and the one that is being written.
//!
//! A journal is written to its own file, `journal.jsonl`. When that has grown to [`PART`] octets, and when the run ends, it
//! is closed: it gets a number, as `journal.0001.jsonl`, and is packed into `journal.0001.jsonl.gz`. So whenever a run is
//! killed, each part is there, packed or not.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::ReadError;

/// Octets after which a part is closed, at the next end of a case.
pub(super) const PART: u64 = 32 * 1024 * 1024;

/// How a packed part begins: what `gzip` may say of a file, its name and time, is not there, so that nothing in it can be
/// changed unseen.
const GZIP_HEAD: [u8; 10] = [0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0xFF];

/// The files of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFiles {
    /// The file that is written while the run goes. It names the journal, also when all of it is packed.
    pub path: PathBuf,
    /// The parts in their order; the last may be that file.
    pub(super) parts: Vec<Part>,
    /// A part that should be there and is not.
    pub(super) missing: Option<PathBuf>,
}

/// A part of a journal.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Lines as they are.
    Plain(PathBuf),
    /// Lines packed by gzip.
    Packed(PathBuf),
    /// Lines that are in no file.
    #[cfg(test)]
    Memory(PathBuf, Arc<[u8]>),
}

impl JournalFiles {
    /// A journal that is in no file.
    #[cfg(test)]
    pub(crate) fn memory(path: &Path, octets: &[u8]) -> Self {
        Self { path: path.into(), parts: vec![Part::Memory(path.into(), octets.into())], missing: None }
    }

    /// The journals of a folder, `journal*.jsonl` and their closed parts, by name.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn of_folder(folder: &Path) -> io::Result<Vec<Self>> {
        let mut found: BTreeMap<String, BTreeMap<u32, Part>> = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some(Name { stem, number, packed }) = Name::of(name) else { continue };
            let part = if packed { Part::Packed(path.clone()) } else { Part::Plain(path.clone()) };
            let parts = found.entry(stem.to_owned()).or_default();
            // Killed between packing a part and removing what it was packed from: both say the same.
            if packed || !parts.contains_key(&number) {
                parts.insert(number, part);
            }
        }
        Ok(found.into_iter().map(|(stem, parts)| Self::of_parts(folder, &stem, parts)).collect())
    }

    /// The journal that is written to this file.
    ///
    /// # Errors
    /// If its folder cannot be listed, or has no part of it.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let all = Self::of_folder(folder)?;
        let nothing = || io::Error::new(io::ErrorKind::NotFound, "it is not there, nor is a part of it");
        all.into_iter().find(|files| files.path == path).ok_or_else(nothing)
    }

    fn of_parts(folder: &Path, stem: &str, parts: BTreeMap<u32, Part>) -> Self {
        let closed = parts.keys().copied().filter(|number| *number != OPEN);
        let gap = (1..).zip(closed).find(|(wanted, number)| wanted != number);
        Self {
            path: folder.join(format!("{stem}.jsonl")),
            parts: parts.into_values().collect(),
            missing: gap.map(|(wanted, _)| folder.join(format!("{stem}.{wanted:04}.jsonl.gz"))),
        }
    }

    /// The files that there are, with their names in a journal of the name `stem`.
    pub fn named(&self, stem: &str) -> Vec<(PathBuf, String)> {
        let parts = self.paths().filter_map(|path| {
            let name = Name::of(path.file_name()?.to_str()?)?;
            let number = if name.number == OPEN { String::new() } else { format!(".{:04}", name.number) };
            let packed = if name.packed { ".gz" } else { "" };
            Some((path.to_owned(), format!("{stem}{number}.jsonl{packed}")))
        });
        parts.collect()
    }

    /// The lines of a part.
    pub(crate) fn part(&self, number: usize) -> Result<Box<dyn BufRead + '_>, ReadError> {
        let failed = |source| ReadError::Io { path: self.path.clone(), source };
        let gone = || io::Error::new(io::ErrorKind::NotFound, "a part of it is gone");
        let part = self.parts.get(number).ok_or_else(gone).map_err(failed)?;
        part.lines().map_err(failed)
    }

    /// The files that there are.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().map(Part::path)
    }

    /// The number of the last closed part; 0 for none.
    pub(super) fn closed(&self) -> u32 {
        let numbers = self.paths().filter_map(|path| Name::of(path.file_name()?.to_str()?).map(|name| name.number));
        numbers.filter(|number| *number != OPEN).max().unwrap_or(0)
    }
}

/// The number of the file that is being written, which comes after all others.
const OPEN: u32 = u32::MAX;

/// What the name of a file says.
struct Name<'a> {
    stem: &'a str,
    number: u32,
    packed: bool,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Option<Self> {
        if !name.starts_with("journal") {
            return None;
        }
        let (plain, packed) = name.strip_suffix(".gz").map_or((name, false), |plain| (plain, true));
        let stem = plain.strip_suffix(".jsonl")?;
        let numbered = stem.rsplit_once('.').and_then(|(stem, number)| Some((stem, number.parse().ok()?)));
        match numbered {
            Some((stem, number)) => Some(Self { stem, number, packed }),
            None if packed => None,
            None => Some(Self { stem, number: OPEN, packed }),
        }
    }
}

/// The file of a closed part, not yet packed.
pub(super) fn closed_path(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("journal");
    path.with_file_name(format!("{stem}.{number:04}.jsonl"))
}

impl Part {
    /// Its file, or a name for messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Part::Plain(path) | Part::Packed(path) => path,
            #[cfg(test)]
            Part::Memory(path, _) => path,
        }
    }

    /// Its lines.
    pub(super) fn lines(&self) -> io::Result<Box<dyn BufRead + '_>> {
        Ok(match self {
            Part::Plain(path) => Box::new(BufReader::with_capacity(BUFFER, File::open(path)?)),
            #[cfg(test)]
            Part::Memory(_, octets) => Box::new(&octets[..]),
            Part::Packed(path) => {
                let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
                let head = file.fill_buf()?;
                if head.get(..GZIP_HEAD.len()) != Some(&GZIP_HEAD) {
                    return Err(damaged("it does not begin as dmsc packs a part"));
                }
                Box::new(BufReader::with_capacity(BUFFER, Packed(GzDecoder::new(file))))
            }
        })
    }
}

const BUFFER: usize = 256 * 1024;

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Plain(path) => f.debug_tuple("Plain").field(path).finish(),
            Part::Packed(path) => f.debug_tuple("Packed").field(path).finish(),
            #[cfg(test)]
            Part::Memory(_, octets) => write!(f, "Memory({} octets)", octets.len()),
        }
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// A packed part, which ends where its file ends.
struct Packed(GzDecoder<BufReader<File>>);

impl Read for Packed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(into)?;
        if count == 0 && !into.is_empty() && !self.0.get_mut().fill_buf()?.is_empty() {
            return Err(damaged("something follows the packed lines"));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_journal_and_part() {
        let of = |name| Name::of(name).map(|name| (name.stem, name.number, name.packed));
        assert_eq!(of("journal.jsonl"), Some(("journal", OPEN, false)));
        assert_eq!(of("journal-7.jsonl"), Some(("journal-7", OPEN, false)));
        assert_eq!(of("journal.0002.jsonl"), Some(("journal", 2, false)));
        assert_eq!(of("journal-7.0012.jsonl.gz"), Some(("journal-7", 12, true)));
        assert_eq!((of("journal.jsonl.gz"), of("notes.jsonl"), of("journal.0002.gz.part")), (None, None, None));
    }
}
