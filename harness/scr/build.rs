//! Puts the tables that are embedded as JSON, which is read in a twentieth of the time: no run does without them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let variable =
        |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("{name} is not set")));
    let tables = variable("CARGO_MANIFEST_DIR")?.join("../../fixtures/scr");
    let out = variable("OUT_DIR")?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", tables.display());
    for entry in fs::read_dir(&tables)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            put_as_json(&path, &out).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        }
    }
    Ok(())
}

fn put_as_json(table: &Path, out: &Path) -> io::Result<()> {
    let value: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(table)?).map_err(io::Error::other)?;
    let name = table.file_stem().unwrap_or_default();
    fs::write(out.join(name).with_extension("json"), value.to_string())
}
