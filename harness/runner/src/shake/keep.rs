//! Writes a finding as a case file that loads.

use std::path::{Path, PathBuf};

use dmsc_doc::{Kind, Node, Source};

use super::Finding;
use super::plan::{flow, lines_of};
use dmsc_language::bundle::{Bundle, CASES, INCLUDES};
use dmsc_language::case::{Case, Library};

/// Why a finding cannot be written as a case.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A file or folder cannot be written.
    #[error("cannot write {}: {cause}; name a folder that is writable", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file of the case cannot be changed.
    #[error("{case} cannot be written with its disturbance: {cause}; put the lines shown into its `setup` by hand")]
    Text {
        /// The case.
        case: String,
        /// What stands in the way.
        cause: String,
    },
}

/// Writes the case of a finding, with the disturbance in its `setup`, into a folder of cases, and the includes it uses
/// beside it; gives the file. No file is overwritten.
///
/// # Errors
/// [`KeepError`] when the file cannot be written.
pub fn keep(folder: &Path, finding: &Finding, case: &Case, bundle: &Bundle, seed: u64) -> Result<PathBuf, KeepError> {
    let wrong = |cause: String| KeepError::Text { case: case.name(), cause };
    let path = format!("{CASES}{}.yaml", case.id);
    let text = bundle.text(&path).ok_or_else(|| wrong("its file is not there".into()))?;
    let text = header(finding, case, seed) + &disturbed(text, finding, case).map_err(wrong)?;
    // What is written is what was tried.
    let includes = || bundle.under(INCLUDES).map(|(path, text)| (path.to_owned(), text.to_owned()));
    let loaded = Library::new(Bundle::of(includes().chain([(path, text.clone())]))).load();
    let loaded = loaded.map_err(|all| wrong(all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    if !matches!(loaded.as_slice(), [one] if one.setup == finding.plan.setup_of(case)) {
        return Err(wrong("its `setup` cannot be added to".into()));
    }

    let cases = if folder.join("testcases").is_dir() { folder.join("testcases") } else { folder.to_owned() };
    for (path, text) in includes() {
        let name = path.strip_prefix(INCLUDES).unwrap_or(&path);
        let place = cases.join("include").join(name);
        if text_uses(&text_of(bundle, case), name.trim_end_matches(".yaml"), bundle) && !place.exists() {
            write(&place, &text)?;
        }
    }
    let place = free(&cases, case);
    write(&place, &text)?;
    Ok(place)
}

fn text_of(bundle: &Bundle, case: &Case) -> String {
    bundle.text(&format!("{CASES}{}.yaml", case.id)).unwrap_or_default().to_owned()
}

/// Whether a text includes something of this name, by itself or by way of other includes.
fn text_uses(text: &str, name: &str, bundle: &Bundle) -> bool {
    let mut pending = vec![text.to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(text) = pending.pop() {
        for used in included(&text) {
            if used == name {
                return true;
            }
            if !seen.contains(&used) {
                pending.extend(bundle.text(&format!("{INCLUDES}{used}.yaml")).map(str::to_owned));
                seen.push(used);
            }
        }
    }
    false
}

/// The names that a text includes.
fn included(text: &str) -> Vec<String> {
    fn collect(node: &Node, names: &mut Vec<String>) {
        for entry in node.entries() {
            if entry.key == "include" {
                names.extend(entry.value.written().map(str::to_owned));
            }
            collect(&entry.value, names);
        }
        node.items().iter().for_each(|item| collect(item, names));
    }
    let mut names = Vec::new();
    if let Ok(root) = dmsc_doc::parse(&Source::new("", text)) {
        collect(&root, &mut names);
    }
    names
}

fn write(path: &Path, text: &str) -> Result<(), KeepError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| KeepError::Write { path, cause }
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    std::fs::write(path, text).map_err(failed(path))
}

/// A file name that is free: `DM_SC-S-001-M/sequence-shaken.yaml`, or with a number after it.
fn free(cases: &Path, case: &Case) -> PathBuf {
    let mut number = 1_u32;
    loop {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = cases.join(format!("{}-shaken{suffix}.yaml", case.id));
        if !path.exists() || number == u32::MAX {
            return path;
        }
        number = number.saturating_add(1);
    }
}

fn header(finding: &Finding, case: &Case, seed: u64) -> String {
    let undisturbed = "an undisturbed session of the same case then";
    let what = match finding.what {
        super::What::NotRecovered => format!("{undisturbed} had the verdict {}", finding.came.as_str()),
        super::What::HarnessError => "the harness broke in it".to_owned(),
    };
    let reason = finding.reason.lines().next().unwrap_or_default();
    let name = case.name();
    format!(
        "# Found by dmsc shake with --seed {seed} in round {} of {name} against {}:\n# {what}: {reason}\n\
         # The steps are those of the case it was found with; a case about recovery says in its steps what has to come.\n",
        finding.round, finding.dut
    )
}

/// The text of a case with the disturbance in its `setup`, as the one instance that was disturbed.
fn disturbed(text: &str, finding: &Finding, case: &Case) -> Result<String, String> {
    let source = Source::new(case.file.clone(), text);
    let root = dmsc_doc::parse(&source).map_err(|problems| problems.to_string())?;
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (name, value) in &case.instance {
        let list = root.get("parameters").and_then(|all| all.get(name)).ok_or("its parameters are not there")?;
        let item = list.items().iter().find(|item| item.to_json() == *value).ok_or("its instance is not there")?;
        let written = slice(text, item.span.start, item.span.end)?;
        edits.push((list.span.start, list.span.end, format!("[{written}]")));
    }
    let settings = finding.plan.added_to(case);
    match root.entry("setup").map(|entry| &entry.value) {
        Some(setup) if setup.kind() == Kind::Map && slice(text, setup.span.start, setup.span.end)?.starts_with('{') => {
            let added: String = settings.iter().map(|(name, value)| format!(" {name}: {},", flow(value))).collect();
            edits.push((setup.span.start + 1, setup.span.start + 1, added));
        }
        Some(setup) => {
            let first = setup.entries().first().ok_or("its `setup` is empty")?.key_span.start;
            let line = text.get(..first).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
            let indent = " ".repeat(first.saturating_sub(line));
            let added: String = lines_of(settings).iter().map(|line| format!("{line}\n{indent}")).collect();
            edits.push((first, first, added));
        }
        None => {
            let steps = root.entry("steps").ok_or("it has no steps")?.key_span.start;
            let added: String = lines_of(settings).iter().map(|line| format!("  {line}\n")).collect();
            edits.push((steps, steps, format!("setup:\n{added}")));
        }
    }
    edits.sort_by_key(|(start, ..)| std::cmp::Reverse(*start));
    let mut out = text.to_owned();
    for (start, end, new) in edits {
        if out.get(start..end).is_none() {
            return Err("its text cannot be taken apart".into());
        }
        out.replace_range(start..end, &new);
    }
    Ok(out)
}

fn slice(text: &str, start: usize, end: usize) -> Result<&str, String> {
    text.get(start..end).ok_or_else(|| "its text cannot be taken apart".to_owned())
}
