//! Packing a part of a journal while it is still being written.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use flate2::{Compression, GzBuilder};

use super::files::packed_path;

/// Octets that are read at once.
const AT_ONCE: usize = 256 * 1024;

/// Octets that are worth a step.
pub(super) const STEP: u64 = 512 * 1024;

/// A part that is packed, as far as it is known to be written, by a thread.
#[derive(Debug)]
pub(super) struct Packing {
    progress: Arc<Progress>,
    thread: Option<JoinHandle<bool>>,
}

#[derive(Debug, Default)]
struct Progress {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Octets that are there to be packed.
    written: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// All is written.
    Closed,
    /// Nobody wants it any more.
    Dropped,
}

impl Packing {
    /// Begins to pack a file that is written under one name and closed under another.
    pub(super) fn begin(written: &Path, closed: PathBuf) -> io::Result<Packing> {
        let from = File::open(written)?;
        let progress = Arc::new(Progress::default());
        let known = Arc::clone(&progress);
        // Whoever has no room for it will learn of that where it matters.
        let work = move || matches!(pack(from, &closed, &known), Ok(true));
        let thread = thread::Builder::new().name("pack journal".into()).spawn(work).map_err(|error| {
            io::Error::new(error.kind(), format!("no thread can be started to pack it: {error}; see `ulimit -u`"))
        })?;
        Ok(Packing { progress, thread: Some(thread) })
    }

    /// So many octets of the file are written.
    pub(super) fn reached(&self, written: u64) {
        self.progress.state().written = written;
        self.progress.moved.notify_one();
    }

    /// All of it is written, and has the name under which it is closed. Waits until it is packed, and gone; false where it
    /// could not be packed, and is there as it was.
    pub(super) fn closed(mut self) -> bool {
        self.end(End::Closed)
    }

    fn end(&mut self, end: End) -> bool {
        self.progress.state().end = Some(end);
        self.progress.moved.notify_one();
        let ended = self.thread.take().map(JoinHandle::join);
        matches!(ended, Some(Ok(true)))
    }
}

impl Drop for Packing {
    fn drop(&mut self) {
        self.end(End::Dropped);
    }
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        // It is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until more than so many octets are written, or all; gives how many are, and whether there will be more.
    fn beyond(&self, packed: u64) -> (u64, Option<End>) {
        let none = |state: &mut State| state.written <= packed && state.end.is_none();
        let state = self.moved.wait_while(self.state(), none).unwrap_or_else(PoisonError::into_inner);
        (state.written, state.end)
    }
}

/// Packs a part, and removes what it was packed from once it is there whole; false where nobody wants it any more.
fn pack(mut from: File, closed: &Path, progress: &Progress) -> io::Result<bool> {
    let packed = packed_path(closed);
    let beside = packed.with_extension("gz.part");
    let written = pack_to(&mut from, &beside, progress);
    match written {
        Ok(true) => {}
        Ok(false) => return fs::remove_file(&beside).map(|()| false),
        Err(error) => {
            // Best effort: the error that matters is the first.
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
    }
    fs::rename(&beside, &packed)?;
    fs::remove_file(closed).map(|()| true)
}

/// Packs to a file; false where nobody wants it any more.
fn pack_to(from: &mut File, beside: &Path, progress: &Progress) -> io::Result<bool> {
    let mut gzip = GzBuilder::new().mtime(0).write(File::create(beside)?, Compression::fast());
    let mut packed = 0;
    loop {
        let (written, end) = progress.beyond(packed);
        match end {
            Some(End::Dropped) => return Ok(false),
            Some(End::Closed) => break,
            None => {
                let news = from.take(written.saturating_sub(packed));
                packed += io::copy(&mut BufReader::with_capacity(AT_ONCE, news), &mut gzip)?;
            }
        }
    }
    io::copy(&mut BufReader::with_capacity(AT_ONCE, from), &mut gzip)?;
    gzip.finish()?.sync_data()?;
    Ok(true)
}
