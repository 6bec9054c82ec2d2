//! Embeds the cases and fixtures, so that a lab copies one file, and what is known of the cases without reading them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "fnv.rs"]
mod fnv;

/// Extensions of the files that are embedded; the same as in `src/bundle.rs`.
const EXTENSIONS: [&str; 6] = ["yaml", "xml", "pem", "json", "hex", "txt"];

/// What is known of the cases; `src/case/index.rs` says what it holds.
const INDEX: &str = "index.txt";

fn main() -> io::Result<()> {
    let variable =
        |name| env::var_os(name).map(PathBuf::from).ok_or_else(|| io::Error::other(format!("{name} is not set")));
    let own = variable("CARGO_MANIFEST_DIR")?;
    let root = own.join("../..");
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
    let out = variable("OUT_DIR")?;
    fs::write(out.join("embedded.rs"), table)?;

    println!("cargo::rerun-if-changed={INDEX}");
    println!("cargo::rerun-if-changed=build.rs");
    // Without an index every file is read.
    let text = fs::read_to_string(own.join(INDEX)).unwrap_or_default();
    fs::write(out.join("index.rs"), index(&text, &files)?)
}

/// The lines of the index that are of files which are what they were when it was written, as Rust.
fn index(text: &str, files: &[(String, PathBuf)]) -> io::Result<String> {
    let mut sums = BTreeMap::new();
    let mut includes = Vec::new();
    for (name, path) in files.iter().filter(|(name, _)| name.starts_with("testcases/")) {
        let octets = fs::read(path)?;
        sums.insert(name.as_str(), format!("{:016x}", fnv::fnv(&octets)));
        if name.starts_with("testcases/include/") {
            includes.extend(octets);
        }
    }
    sums.insert("includes", format!("{:016x}", fnv::fnv(&includes)));
    // A case is made of its includes, too.
    let fresh = |sum: &str, name: &str| sums.get(name).is_some_and(|now| now == sum);
    let usable = text.lines().next().and_then(|line| line.split_once('\t')).is_some_and(|(sum, name)| fresh(sum, name));
    let mut known: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for line in text.lines().skip(1).filter(|_| usable) {
        if let [sum, name, place, says] = line.splitn(4, '\t').collect::<Vec<_>>().as_slice()
            && fresh(sum, name)
        {
            known.entry(name).or_default().push((place, says));
        }
    }
    let mut table = String::from("static INDEX: &[(&str, &[Line])] = &[\n");
    for (name, lines) in known {
        // A file of which a line was lost would have an instance less.
        if (1..).zip(&lines).any(|(number, (place, _))| *place != format!("{number}/{}", lines.len())) {
            continue;
        }
        writeln!(table, "    ({name:?}, &[").map_err(io::Error::other)?;
        for (_, says) in lines {
            writeln!(table, "        Line({says}),").map_err(io::Error::other)?;
        }
        table.push_str("    ]),\n");
    }
    table.push_str("];\n");
    Ok(table)
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
