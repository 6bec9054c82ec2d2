//! Cases and fixtures as files: those embedded in the binary, or those of a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use dmsc_doc::{Problems, Source};
use dmsc_octets::file;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The folder of the cases.
pub const CASES: &str = "testcases/";
/// The folder of what cases and DUTs share.
pub(crate) const FIXTURES: &str = "fixtures/";
/// The folder of the includes, within that of the cases.
pub const INCLUDES: &str = "testcases/include/";

/// The folder of the numbers that others have for the cases.
pub(crate) const REFS: &str = "refs/";

/// Extensions of the files that belong to a bundle.
const EXTENSIONS: [&str; 6] = ["yaml", "xml", "pem", "json", "hex", "txt"];

/// Text files by their path from the root: `testcases/DM_SC-C-001-M/session-id.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    files: BTreeMap<String, Cow<'static, str>>,
    /// The folders that stand for the first parts of paths.
    roots: Vec<(&'static str, PathBuf)>,
    /// Whether its cases are taken to be sound.
    sound: bool,
}

/// Why a folder is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {cause}", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// A file is no text.
    #[error("{0}")]
    NoText(Problems),
    /// No case is in it.
    #[error("{} holds no cases; name a folder with `testcases/<SCR item>/<name>.yaml`, or the folder `testcases` itself", .0.display())]
    Empty(PathBuf),
}

impl Bundle {
    /// The files embedded when the binary was built.
    pub fn builtin() -> Bundle {
        Bundle {
            files: EMBEDDED.iter().map(|(path, text)| ((*path).to_owned(), Cow::Borrowed(*text))).collect(),
            roots: Vec::new(),
            sound: false,
        }
    }

    /// The same, its cases taken to be sound: they are read without the checks that the tests of this crate put them to.
    pub fn builtin_as_checked() -> Bundle {
        Bundle { sound: true, ..Bundle::builtin() }
    }

    /// Whether its cases are read without being checked.
    pub(crate) fn is_sound(&self) -> bool {
        self.sound
    }

    /// The files of a folder that holds `testcases` and perhaps `fixtures` and `refs`, or that is itself a folder of
    /// cases. What it does not hold of the first two stays as embedded.
    ///
    /// # Errors
    /// [`BundleError`] for files that cannot be read, or when there is no case.
    pub fn from_dir(path: &Path) -> Result<Bundle, BundleError> {
        let mut files = BTreeMap::new();
        let whole = path.join("testcases").is_dir();
        let cases = if whole { path.join("testcases") } else { path.to_owned() };
        collect(&cases, CASES, &mut files)?;
        if files.is_empty() {
            return Err(BundleError::Empty(path.to_owned()));
        }
        let mut roots = vec![(CASES, cases)];
        let fixtures = path.join("fixtures");
        if whole && fixtures.is_dir() {
            collect(&fixtures, FIXTURES, &mut files)?;
            roots.push((FIXTURES, fixtures));
        } else {
            files.extend(Bundle::builtin().files.into_iter().filter(|(path, _)| path.starts_with(FIXTURES)));
        }
        let refs = path.join("refs");
        if whole && refs.is_dir() {
            collect(&refs, REFS, &mut files)?;
            roots.push((REFS, refs));
        }
        Ok(Bundle { files, roots, sound: false })
    }

    /// The same with the numbers that others have for its cases, from a file beside them.
    ///
    /// # Errors
    /// [`BundleError`] when the file cannot be read.
    pub fn with_refs(mut self, path: &Path) -> Result<Bundle, BundleError> {
        let failed = |cause| BundleError::Read { path: path.to_owned(), cause };
        let octets = file::read(path, file::DOCUMENT).map_err(failed)?;
        let source = Source::from_octets(path.display().to_string(), octets).map_err(BundleError::NoText)?;
        self.files.insert(format!("{REFS}{}", path.display()), Cow::Owned(source.text));
        Ok(self)
    }

    /// A bundle of these files.
    pub fn of<N: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (N, T)>) -> Bundle {
        let files = files.into_iter().map(|(path, text)| (path.into(), Cow::Owned(text.into()))).collect();
        Bundle { files, roots: Vec::new(), sound: false }
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// The files under a folder, by path.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .range(folder.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(folder))
            .map(|(path, text)| (path.as_str(), text.as_ref()))
    }

    /// How errors name a file: a path that the user can open, where there is one.
    pub fn shown(&self, path: &str) -> String {
        let in_root =
            |(prefix, root): &(&str, PathBuf)| Some(root.join(path.strip_prefix(prefix)?).display().to_string());
        if !self.roots.iter().any(|(prefix, _)| *prefix == REFS)
            && let Some(file) = path.strip_prefix(REFS)
        {
            return file.to_owned();
        }
        self.roots.iter().find_map(in_root).unwrap_or_else(|| path.to_owned())
    }
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Cow<'static, str>>) -> Result<(), BundleError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| BundleError::Read { path, cause }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if path.is_dir() {
            let (whole, inner) = (folder.canonicalize(), path.canonicalize());
            if whole.map_err(failed(folder))?.starts_with(inner.map_err(failed(&path))?) {
                let cause = io::Error::other("it is a link to a folder that it is in");
                return Err(BundleError::Read { path, cause });
            }
            collect(&path, &format!("{prefix}{name}/"), files)?;
        } else if EXTENSIONS.iter().any(|extension| path.extension().is_some_and(|found| found == *extension)) {
            let octets = file::read(&path, file::DOCUMENT).map_err(failed(&path))?;
            let source = Source::from_octets(path.display().to_string(), octets).map_err(BundleError::NoText)?;
            files.insert(format!("{prefix}{name}"), Cow::Owned(source.text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn what_is_embedded_is_what_lies_in_the_repository() {
        let embedded = Bundle::builtin();
        let mut files = BTreeMap::new();
        for folder in ["testcases", "fixtures"] {
            let path = repository().join(folder);
            if path.is_dir() {
                collect(&path, &format!("{folder}/"), &mut files).unwrap();
            }
        }
        let other = |path: &&String| embedded.files.get(*path) != files.get(*path);
        let differ: Vec<_> = embedded.files.keys().chain(files.keys()).filter(other).collect();
        assert!(differ.is_empty(), "embedded otherwise than in the repository, or not at all: {differ:?}");
        assert!(embedded.text("fixtures/scr/items.yaml").is_some());
    }

    #[test]
    fn a_folder_without_cases_is_refused() {
        let error = Bundle::from_dir(&repository().join("harness/language/src")).unwrap_err();
        assert!(error.to_string().contains("testcases/<SCR item>"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn links_that_lead_back_and_files_that_are_none_are_named() {
        let folder = std::env::temp_dir().join(format!("dmsc-links-{}", std::process::id()));
        let cases = folder.join("DM_SC-C-001-M");
        std::fs::create_dir_all(&cases).unwrap();
        std::os::unix::fs::symlink("..", cases.join("back")).unwrap();
        let error = Bundle::from_dir(&folder).unwrap_err().to_string();
        assert!(error.contains("DM_SC-C-001-M/back: it is a link to a folder that it is in"), "{error}");
        std::fs::remove_file(cases.join("back")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", cases.join("x.yaml")).unwrap();
        let error = Bundle::from_dir(&folder).unwrap_err().to_string();
        assert!(error.contains("x.yaml: it is no file, but a pipe, a socket or a device"), "{error}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_is_no_text_is_located() {
        let folder = std::env::temp_dir().join(format!("dmsc-no-text-{}", std::process::id()));
        let cases = folder.join("DM_SC-C-001-M");
        std::fs::create_dir_all(&cases).unwrap();
        std::fs::write(cases.join("x.yaml"), b"title: a\npurpose: \xFF\n").unwrap();
        let error = Bundle::from_dir(&folder).unwrap_err().to_string();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("x.yaml:2:10") && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn files_under_a_folder_come_in_order() {
        let bundle = Bundle::of([("a/z", "1"), ("a/b", "2"), ("b/a", "3"), ("a", "4")]);
        let paths: Vec<_> = bundle.under("a/").collect();
        assert_eq!(paths, [("a/b", "2"), ("a/z", "1")]);
    }
}
