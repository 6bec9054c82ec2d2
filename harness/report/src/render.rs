//! All reports of a run, written to a folder.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use dmsc_scr::{Tables, Unshown};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::folder::{Entry, FolderError, Record, RunFolder};
use crate::junit::{JunitError, junit};
use crate::log::{log, log_path, path_of_log};
use crate::matrix::{HtmlError, Matrix, MatrixError};

/// The reports that were written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The files, relative to the folder: `junit.xml`, `matrix.*`, then the logs in the order of
    /// the run.
    pub files: Vec<PathBuf>,
    /// The matrix they show, for the caller to summarise.
    pub matrix: Matrix,
}

/// Why the reports could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}; check that the folder is writable and has room, then run `dmsc report` on the run folder", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder of the reports is a link.
    #[error("{} is a link to another place, where nothing is written; remove it, then run `dmsc report` on the run folder", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// What passed can no longer be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// JUnit XML could not be made.
    #[error(transparent)]
    Junit(#[from] JunitError),
    /// There is no matrix of the run.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// The HTML matrix could not be made.
    #[error(transparent)]
    Html(#[from] HtmlError),
    /// The JSON matrix could not be made.
    #[error("cannot write matrix.json: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes every report of a run to the folder `out`, which is made if it is not there: `junit.xml`,
/// `matrix.md`, `matrix.csv`, `matrix.json`, `matrix.html` and the logs that the run is to have.
///
/// Each file appears whole or not at all, also over an earlier one; the same run gives the same
/// octets each time.
///
/// What `unshown` says of cases that were claimed and not shown, `junit.xml` shows.
///
/// # Errors
/// If something cannot be written. Files written before that stay.
pub fn render_all(run: &RunFolder, tables: &Tables, unshown: Unshown, out: &Path) -> Result<Written, RenderError> {
    let matrix = Matrix::new(run, tables)?;
    let mut files = Vec::new();
    let mut put = |name: &str, text: &str| {
        files.push(PathBuf::from(name));
        write_whole(out, name, text)
    };
    put("junit.xml", &junit(run, &matrix, tables, unshown)?)?;
    put("matrix.md", &matrix.markdown())?;
    put("matrix.csv", &matrix.csv())?;
    put("matrix.json", &matrix.json()?)?;
    put("matrix.html", &matrix.html()?)?;
    let mut logs = Written { files, matrix };
    let mut waiting = Vec::with_capacity(AT_ONCE);
    let mut broken = None;
    run.visit(
        |record| log_path(run, record).is_some(),
        |record, entries| {
            waiting.push((record.clone(), entries));
            if waiting.len() >= AT_ONCE {
                broken = broken.take().or(write_logs(run, out, &mut waiting, &mut logs.files).err());
            }
        },
    )?;
    broken = broken.or(write_logs(run, out, &mut waiting, &mut logs.files).err());
    if let Some(broken) = broken {
        return Err(broken);
    }
    remove_others(run, out)?;
    Ok(logs)
}

/// Removes the logs that an earlier rendering has left of cases that have none now, as one that was broken off and has passed
/// since. Nothing else is touched.
fn remove_others(run: &RunFolder, out: &Path) -> Result<(), RenderError> {
    let kept: BTreeSet<String> = run.records.iter().filter_map(|record| log_path(run, record)).collect();
    let stale = run.records.iter().map(|record| path_of_log(run, record)).filter(|name| !kept.contains(name));
    for path in stale.map(|name| out.join(name)) {
        if path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            std::fs::remove_file(&path).map_err(|source| RenderError::Io { path, source })?;
        }
    }
    Ok(())
}

/// How many logs are written at once.
const AT_ONCE: usize = 32;

/// The threads that write logs; that of rayon itself ends the program where it cannot have any.
static THREADS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| ThreadPoolBuilder::new().build().ok());

fn write_logs(
    run: &RunFolder,
    out: &Path,
    waiting: &mut Vec<(Record, Vec<Entry>)>,
    files: &mut Vec<PathBuf>,
) -> Result<(), RenderError> {
    let write = |(record, entries): &(Record, Vec<Entry>)| {
        let Some(name) = log_path(run, record) else { return Ok(None) };
        write_whole(out, &name, &log(run, record, entries)).map(|()| Some(PathBuf::from(name)))
    };
    // Where the system has no threads for that, this one does it.
    let written: Result<Vec<Option<PathBuf>>, RenderError> = match &*THREADS {
        Some(pool) => pool.install(|| waiting.par_iter().map(write).collect()),
        None => waiting.iter().map(write).collect(),
    };
    waiting.clear();
    files.extend(written?.into_iter().flatten());
    Ok(())
}

/// Writes a file of a folder beside its place and moves it there.
fn write_whole(out: &Path, name: &str, text: &str) -> Result<(), RenderError> {
    let path = &out.join(name);
    let io = |source| RenderError::Io { path: path.into(), source };
    // What the folder holds is ours; where a link in it leads to is not.
    let mut within = path.ancestors().skip(1).take_while(|folder| *folder != out);
    if let Some(link) = within.find(|folder| folder.is_symlink()).map(PathBuf::from) {
        return Err(RenderError::Link { path: link });
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    // Two renderings of one folder do not write into each other's file.
    let beside = |number: u32| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{number}.part"));
        PathBuf::from(beside)
    };
    let (beside, mut file) = (std::process::id()..)
        .map(|number| (beside(number), OpenOptions::new().write(true).create_new(true).open(beside(number))))
        .find_map(|(beside, made)| match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
            made => Some(made.map(|file| (beside, file))),
        })
        .unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))
        .map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| std::fs::rename(&beside, path)).map_err(|source| {
        // Best effort: the error that matters is the first.
        let _ = std::fs::remove_file(&beside);
        io(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Logs;
    use crate::synthetic;

    /// Every file below a folder, by path, with its octets.
    fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut pending = vec![folder.to_owned()];
        while let Some(next) = pending.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    let name = path.strip_prefix(folder).unwrap().to_owned();
                    found.push((name, std::fs::read(&path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn rendering_twice_gives_the_same_files_and_no_others() {
        let folder = synthetic::Folder::new();
        let run = synthetic::folder();
        let written = render_all(&run, Tables::builtin(), Unshown::default(), folder.path()).unwrap();
        let first = tree(folder.path());
        render_all(&run, Tables::builtin(), Unshown::default(), folder.path()).unwrap();
        assert_eq!(tree(folder.path()), first);
        let mut names = written.files.clone();
        names.sort();
        assert_eq!(first.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
        assert_eq!(written.files.len(), 5 + 3, "logs of a fail, an inconclusive and an error");
        let mut run = run;
        for (logs, count) in [(Logs::All, run.records.len()), (Logs::Nothing, 0)] {
            run.logs = logs;
            let written = render_all(&run, Tables::builtin(), Unshown::default(), folder.path()).unwrap();
            assert_eq!(written.files.len(), 5 + count);
        }
    }

    #[test]
    fn shards_render_as_the_whole_run_does() {
        let whole = synthetic::Folder::new();
        let merged = synthetic::Folder::new();
        render_all(&synthetic::folder(), Tables::builtin(), Unshown::default(), whole.path()).unwrap();

        let (header, _) = synthetic::run();
        let (one, two) = synthetic::shards();
        let parts = [(synthetic::Folder::new(), one), (synthetic::Folder::new(), two)];
        for (folder, events) in &parts {
            let path = folder.path().join("journal.jsonl");
            let mut writer = crate::journal::JournalWriter::create(&path, &header).unwrap();
            for event in events {
                writer.write(event).unwrap();
            }
        }
        let paths = [parts[1].0.path(), parts[0].0.path()];
        let run = RunFolder::merge(&paths).unwrap();
        render_all(&run, Tables::builtin(), Unshown::default(), merged.path()).unwrap();
        assert_eq!(tree(merged.path()), tree(whole.path()));
    }

    #[test]
    fn the_log_of_a_case_that_has_passed_since_goes_and_nothing_else_does() {
        let folder = synthetic::Folder::new();
        let mut run = synthetic::folder();
        let files = |written: Result<Written, RenderError>| written.unwrap().files;
        let render = |run: &RunFolder| files(render_all(run, Tables::builtin(), Unshown::default(), folder.path()));
        let logs: Vec<PathBuf> = render(&run).into_iter().filter(|name| name.starts_with("cases")).collect();
        let first = folder.path().join(&logs[0]);
        let own = first.with_file_name("my-notes.log");
        std::fs::write(&own, "mine").unwrap();
        let missed =
            run.records.iter().position(|record| Some(&logs[0]) == log_path(&run, record).map(PathBuf::from).as_ref());
        let record = &mut run.records[missed.unwrap()];
        (record.outcome.kind, record.outcome.reason) = (crate::journal::OutcomeKind::Pass, None);
        record.missed.clear();
        assert_eq!(render(&run).len(), 5 + logs.len() - 1);
        assert!(!first.exists() && folder.path().join(&logs[1]).exists());
        run.logs = Logs::Nothing;
        render(&run);
        let left: Vec<PathBuf> = tree(folder.path()).into_iter().map(|(name, _)| name).collect();
        assert!(!logs.iter().any(|log| left.contains(log)), "{left:?}");
        assert_eq!(std::fs::read(&own).unwrap(), b"mine");
    }

    #[test]
    #[cfg(unix)]
    fn nothing_is_written_where_a_link_leads() {
        let (folder, other) = (synthetic::Folder::new(), synthetic::Folder::new());
        std::os::unix::fs::symlink(other.path(), folder.path().join("cases")).unwrap();
        let error = render_all(&synthetic::folder(), Tables::builtin(), Unshown::default(), folder.path()).unwrap_err();
        assert!(matches!(&error, RenderError::Link { path } if path.ends_with("cases")), "{error}");
        assert_eq!(tree(other.path()), []);
        // The folder itself may be one.
        let link = other.path().join("link");
        std::fs::remove_file(folder.path().join("cases")).unwrap();
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(render_all(&synthetic::folder(), Tables::builtin(), Unshown::default(), &link).is_ok());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = synthetic::Folder::new();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = render_all(&synthetic::folder(), Tables::builtin(), Unshown::default(), &file).unwrap_err();
        assert!(error.to_string().contains("junit.xml"));
    }
}
