//! The crates of the workspace: their manifests and source files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::Source;

/// All there is.
pub(crate) struct Workspace {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// The crates under `harness/`, by name.
    pub(crate) crates: Vec<Crate>,
}

/// A crate.
pub(crate) struct Crate {
    /// The name of its folder, which is that of the package without `dmsc-`.
    pub(crate) name: String,
    /// The crates that its manifest names.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its files under `src`.
    pub(crate) files: Vec<Source>,
    /// Its other Rust files: tests and benchmarks.
    pub(crate) others: Vec<Source>,
}

/// A crate in a manifest.
pub(crate) struct Dependency {
    /// As the manifest has it.
    pub(crate) name: String,
    /// Whether it is for tests alone.
    pub(crate) dev: bool,
    /// File and line.
    pub(crate) at: String,
}

impl Workspace {
    pub(crate) fn load() -> Workspace {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().expect("the workspace is there");
        let mut crates = Vec::new();
        for folder in entries(&root.join("harness")) {
            let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
            let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let at = format!("harness/{name}/Cargo.toml");
            let (files, others) =
                rust_files(&folder).into_iter().partition(|path| path.starts_with(folder.join("src")));
            let read = |paths: Vec<PathBuf>| paths.iter().map(|path| Source::read(&root, path)).collect();
            crates.push(Crate {
                dependencies: dependencies(&manifest, &at),
                files: read(files),
                others: read(others),
                name,
            });
        }
        Workspace { root, crates }
    }

    /// Every Rust file.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.crates.iter().flat_map(|one| one.files.iter().chain(&one.others))
    }
}

impl Dependency {
    /// A crate of the workspace, without `dmsc-`.
    pub(crate) fn ours(&self) -> Option<&str> {
        self.name.strip_prefix("dmsc-")
    }

    /// The name in Rust text.
    pub(crate) fn word(&self) -> String {
        // The library of this package has another name.
        if self.name == "md-5" { "md5".into() } else { self.name.replace('-', "_") }
    }
}

/// The crates in the tables of dependencies.
fn dependencies(manifest: &str, file: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut table = None;
    for (index, line) in manifest.lines().enumerate() {
        if let Some(header) = line.trim().strip_prefix('[') {
            // `[target.'cfg(unix)'.dependencies]` too; features are none.
            let header = header.trim_end_matches(']');
            table = header.ends_with("dependencies").then(|| header.ends_with("dev-dependencies"));
        } else if let Some(dev) = table
            && line.starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned();
            found.push(Dependency { name, dev, at: format!("{file}:{}", index + 1) });
        }
    }
    found
}

/// The Rust files in a folder and those in it.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    files(folder, &["rs"])
}

/// The files in a folder and those in it whose name ends so.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in entries(folder) {
        let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if entry.is_dir() && !hidden && !entry.ends_with("target") {
            found.extend(files(&entry, extensions));
        } else if entry.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)) {
            found.push(entry);
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    paths.sort();
    paths
}
