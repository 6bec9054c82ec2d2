//! Embeds the cases and fixtures, so that a lab copies one file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Extensions of the files that are embedded; the same as in `src/bundle.rs`.
const EXTENSIONS: [&str; 6] = ["yaml", "xml", "pem", "json", "hex", "txt"];

fn main() -> io::Result<()> {
    let variable =
        |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("{name} is not set")));
    let root = variable("CARGO_MANIFEST_DIR")?.join("../..");
    let mut files = Vec::new();
    for folder in ["testcases", "fixtures"] {
        let path = root.join(folder);
        // A folder is watched with all that is in it, so that new files are noticed too.
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            collect(&path, folder, &mut files)?;
        }
    }
    files.sort();
    let mut table = String::from("const EMBEDDED: &[(&str, &str)] = &[\n");
    for (name, path) in &files {
        writeln!(table, "    ({name:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    table.push_str("];\n");
    fs::write(variable("OUT_DIR")?.join("embedded.rs"), table)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let name = format!("{prefix}/{name}");
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else if path.extension().is_some_and(|found| EXTENSIONS.iter().any(|extension| found == *extension)) {
            files.push((name, fs::canonicalize(&path)?));
        }
    }
    Ok(())
}
