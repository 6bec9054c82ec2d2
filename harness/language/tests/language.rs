//! The case language from outside: broken files and their texts, published schemas, the reference, mutated files.
//!
//! `UPDATE_GOLDEN=1 cargo test -p dmsc-language --test language` writes goldens, schemas and the generated pages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dmsc_doc::{Problems, Source};
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::choice::{Choice, Chosen};
use dmsc_engine::terminal::tree;
use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Head, Library};
use dmsc_language::dut::{Dut, FileError, Files};
use dmsc_language::fault::{self, Fault};
use dmsc_language::variant;
use proptest::prelude::*;

#[path = "../fnv.rs"]
mod fnv;

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn broken(folder: &str) -> PathBuf {
    crate_folder().join("tests/broken").join(folder)
}

fn update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The files of a folder with an extension: name without it, and text.
fn files(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

fn shown(all: &[Problems]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Compares with the golden text, or writes it.
fn compare(golden: &Path, found: &str, wrong: &mut Vec<String>) {
    let found = format!("{}\n", found.trim_end());
    if fs::read_to_string(golden).ok().as_deref() == Some(&found) {
        return;
    }
    // Only what differs is written: other tests read these files meanwhile.
    if update() {
        fs::write(golden, found).unwrap();
    } else {
        wrong.push(format!("{} is no longer\n{found}", golden.display()));
    }
}

/// Refuses every file of a folder and compares what is said.
fn walk(folder: &str, refuse: impl Fn(&str, &str) -> Result<(), Vec<Problems>>) -> usize {
    let folder = broken(folder);
    let mut wrong = Vec::new();
    let sources = files(&folder, "yaml");
    for (name, text) in &sources {
        match refuse(name, text) {
            Ok(()) => wrong.push(format!("{name}.yaml was accepted")),
            Err(problems) => compare(&folder.join(format!("{name}.txt")), &shown(&problems), &mut wrong),
        }
    }
    assert!(wrong.is_empty(), "{}\nif that is right, run with UPDATE_GOLDEN=1", wrong.join("\n"));
    let names = |all: &[(String, String)]| all.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&files(&folder, "txt")), names(&sources), "a text without its file, or the other way round");
    sources.len()
}

/// The includes that broken cases use.
fn good_includes() -> impl Iterator<Item = (String, String)> {
    files(&broken("good"), "yaml").into_iter().map(|(name, text)| (format!("testcases/include/{name}.yaml"), text))
}

/// What `index.txt` is to be: the check sum of the includes, and for each instance that of its file, the file, which
/// instance of how many it is, and what is known of it.
fn index(bundle: &Bundle, heads: &[Head]) -> String {
    let includes: String = bundle.under("testcases/include/").map(|(_, text)| text).collect();
    let mut out = format!("{:016x}\tincludes\n", fnv::fnv(includes.as_bytes()));
    for file in heads.chunk_by(|one, next| one.file == next.file) {
        for (number, head) in (1..).zip(file) {
            let sum = fnv::fnv(bundle.text(&head.file).unwrap().as_bytes());
            let Head { name, title, purpose, aim, spec, refs, covers, role, file: path, hash, .. } = head;
            let refs: Vec<_> = refs.iter().map(|one| (&one.body, &one.id)).collect();
            let says = format!(
                "{name:?}, {title:?}, {purpose:?}, Aim::{aim:?}, &{spec:?}, &{refs:?}, &{:?}, Role::{role:?}, {hash:?}",
                covers.iter().map(|item| item.as_str()).collect::<Vec<_>>(),
            );
            out += &format!("{sum:016x}\t{path}\t{number}/{}\t{says}\n", file.len());
        }
    }
    out
}

#[test]
fn the_index_is_what_the_cases_say() {
    let checked = Library::new(Bundle::builtin()).load().unwrap_or_else(|wrong| panic!("{}", shown(&wrong)));
    let heads: Vec<Head> = checked.into_iter().map(|case| case.head).collect();
    let mut wrong = Vec::new();
    compare(&crate_folder().join("index.txt"), &index(&Bundle::builtin(), &heads), &mut wrong);
    assert!(wrong.is_empty(), "index.txt is not what the cases say; run with UPDATE_GOLDEN=1");
    let indexed = Library::new(Bundle::builtin_as_checked()).cases().unwrap();
    assert!(indexed.heads().eq(&heads));
    // What was written now is in the next build.
    assert!(update() || indexed.files_read() == Some((0, 0)), "a file was read for its head");
}

#[test]
fn broken_files_are_refused_with_their_golden_text() {
    let mut count = walk("cases", |name, text| {
        let path = match text.lines().next().and_then(|line| line.strip_prefix("# at: ")) {
            Some(path) => path.to_owned(),
            None => format!("DM_SC-C-001-M/{name}.yaml"),
        };
        let case = (format!("testcases/{path}"), text.to_owned());
        Library::new(Bundle::of(good_includes().chain([case]))).load().map(drop)
    });
    count += walk("includes", |name, text| {
        let user = format!(
            "title: t\npurpose: p\nspec: [DM_SC 7.1]\nrole: card\nsteps:\n  - expect: dm.message\n  - include: {name}\n"
        );
        let case = ("testcases/DM_SC-C-001-M/user.yaml".to_owned(), user);
        let include = (format!("testcases/include/{name}.yaml"), text.to_owned());
        Library::new(Bundle::of([case, include])).load().map(drop)
    });
    count += walk("duts", |name, text| {
        let source = Source::new(format!("{name}.yaml"), text);
        Dut::parse(&source, &Statements, &faults()).map(drop)
    });
    count += walk("faults", |name, text| {
        fault::load(&Bundle::of([(format!("fixtures/faults/{name}.yaml"), text)])).map(drop)
    });
    count += walk("variants", |name, text| {
        variant::load(&Bundle::of([(format!("fixtures/variants/{name}.yaml"), text)])).map(drop)
    });
    count += walk("cards", |name, text| {
        FileSystem::read(&Source::new(format!("{name}.yaml"), text)).map(drop).map_err(|problems| vec![problems])
    });
    count += walk("trees", |name, text| {
        tree::read(&Source::new(format!("{name}.yaml"), text)).map(drop).map_err(|problems| vec![problems])
    });
    assert!(count >= 110, "{count} broken files");
}

#[test]
fn what_is_wrong_with_a_dut_file_tells_none_of_its_secrets() {
    let told = files(&broken("duts"), "txt").into_iter().filter(|(name, _)| name.starts_with("secret_"));
    let told: Vec<(String, String)> = told.collect();
    assert!(told.len() >= 11);
    for (name, text) in told {
        assert!(!["hunter2", "F1E2", "Zq7p"].iter().any(|part| text.contains(part)), "{name}: {text}");
    }
}

#[test]
fn very_many_mistakes_are_told_in_time() {
    let begin = std::time::Instant::now();
    let head = "dut: 1\nname: x\nkind: card\nlink: { builtin: card }\nics: reference-card.ics.yaml\n";
    let many = |one: &dyn Fn(usize) -> String| (0..20_000).map(one).collect::<String>();
    for more in [
        many(&|number| format!("unknown{number}: 1\n")),
        format!("faults: [{}]\n", many(&|number| format!("nothing-like-it{number}, "))),
        "twice: 1\n".repeat(20_000),
        format!("ixit: {{ {} }}\n", many(&|number| format!("server_secret{number}: hunter2, "))),
    ] {
        let source = Source::new("many.yaml", format!("{head}{more}"));
        let told = shown(&Dut::parse(&source, &Statements, &faults()).unwrap_err());
        assert!(told.ends_with(" more in many.yaml"), "{}", told.lines().last().unwrap_or_default());
        assert!(told.len() < 200_000 && !told.contains("hunter2"), "{}", told.len());
    }
    assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{:?}", begin.elapsed());
}

/// The statements that broken DUT files name.
struct Statements;

impl Files for Statements {
    fn read(&self, name: &str) -> Result<Source, FileError> {
        let own = broken("duts").join(name);
        let fixture = crate_folder().join("../../fixtures/duts").join(name);
        let path = if own.exists() { own } else { fixture };
        let text = fs::read_to_string(path).map_err(|_| FileError::Unreadable("no such file".into()))?;
        Ok(Source::new(name, text))
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        // From the folder of the crate, in which tests run: the place stands in errors.
        Some(Path::new("tests/broken/duts").join(name))
    }
}

fn faults() -> Vec<Fault> {
    let text = "
- { id: stale-nonce, side: card, what: w, switches: [stale-challenge] }
- { id: any-digest, side: terminal, what: w, switches: [accept-any-digest] }
";
    fault::load(&Bundle::of([("fixtures/faults/a.yaml", text)])).unwrap()
}

#[test]
fn the_reference_duts_are_sound() {
    let bundle = Bundle::builtin();
    for name in ["reference-card", "reference-terminal"] {
        let dut = Dut::from_bundle(&bundle, name, &[]).unwrap_or_else(|error| panic!("{error}"));
        let (own, default) = (&dut.ixit, dmsc_language::ixit::Ixit::default());
        assert_eq!(
            (&own.account, own.encoding),
            (&default.account, default.encoding),
            "{name} writes the defaults out"
        );
        assert_eq!((own.http_port, own.window, own.wake_up), (default.http_port, default.window, default.wake_up));
        assert!(dut.ics.answers().iter().all(|(item, yes)| *yes || item.status() != Some(dmsc_scr::Status::Mandatory)));
        let path = crate_folder().join(format!("../../fixtures/duts/{name}.yaml"));
        let from_disk = Dut::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((from_disk.name, from_disk.ics), (dut.name, dut.ics));
    }
    // The card of a terminal can be another than that of the fixtures.
    let path = crate_folder().join("../../fixtures/duts/reference-terminal.yaml");
    let text = fs::read_to_string(path).unwrap() + "card: ../cards/pin.yaml\n";
    let dut = Dut::parse(&Source::new("terminal.yaml", text), &Statements, &[]).unwrap();
    let card = FileSystem::read(&Source::new("pin.yaml", bundle.text("fixtures/cards/pin.yaml").unwrap()));
    assert_eq!(dut.card, Some(card.unwrap()));

    let error = Dut::from_bundle(&bundle, "nix", &[]).unwrap_err();
    assert!(error.to_string().contains("reference-card"), "{error}");
}

#[test]
fn the_embedded_cases_and_faults_are_sound() {
    let library = Library::builtin();
    library.load().unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    fault::load(library.bundle()).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
}

/// A choice without a variant for each of its alternatives has shown nothing.
#[test]
fn every_alternative_of_every_choice_is_a_variant() {
    let bundle = Bundle::builtin();
    let variants = variant::load(&bundle).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    let mut missing = Vec::new();
    for choice in Choice::all() {
        for (side, alternative) in
            choice.sides.iter().flat_map(|side| choice.alternatives.iter().skip(1).map(move |a| (side, a)))
        {
            let has = |one: &&Chosen| one.choice == choice && one.alternative == alternative;
            if !variants.iter().any(|known| known.side == *side && known.choices.iter().any(|one| has(&one))) {
                missing.push(format!("{side}: {} {}", choice.name, alternative.name));
            }
        }
    }
    assert!(missing.is_empty(), "no variant in fixtures/variants/ has {missing:#?}");
    for variant in &variants {
        let dut = Dut::from_bundle(&bundle, &format!("reference-{}", variant.side), &[]).unwrap();
        variant.of(&dut).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_published_schemas_are_up_to_date() {
    let mut wrong = Vec::new();
    for (name, schema) in dmsc_language::editors::json_schemas() {
        let text = dmsc_language::editors::text(&schema);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), schema);
        compare(&crate_folder().join("schema").join(name), &text, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}\nrun with UPDATE_GOLDEN=1", wrong.join("\n"));
}

const BEGIN: &str = "<!-- The rest is written from the schemas; UPDATE_GOLDEN=1 renews it. -->\n\n";

#[test]
fn the_generated_pages_are_up_to_date() {
    let pages =
        [("REFERENCE.md", dmsc_language::pages::reference()), ("DUT-FILES.md", dmsc_language::pages::dut_keys())];
    for (name, generated) in pages {
        let path = crate_folder().join(name);
        let text = fs::read_to_string(&path).unwrap();
        let (written, _) =
            text.split_once(BEGIN).unwrap_or_else(|| panic!("{name} lost the mark of the generated part"));
        let mut wrong = Vec::new();
        compare(&path, &format!("{written}{BEGIN}{generated}"), &mut wrong);
        assert!(wrong.is_empty(), "the tables of {name} are old; run with UPDATE_GOLDEN=1");
    }
}

/// The pages that show files.
const PAGES: [&str; 4] = ["GUIDE.md", "DUT-FILES.md", "../../README.md", "../../CONTRIBUTING.md"];

/// The YAML blocks of a page; the first line of each names the file it would be.
fn blocks(page: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(crate_folder().join(page)).unwrap();
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```yaml") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            let path = block.first().and_then(|line| line.strip_prefix("# "));
            let path =
                path.unwrap_or_else(|| panic!("{page}: a block whose first line is no path:\n{}", block.join("\n")));
            blocks.push((path.to_owned(), block.join("\n")));
        }
    }
    blocks
}

/// What DUT files of the pages name: a statement of their kind, the reference card, nonces that are not there yet.
struct Named {
    kind: &'static str,
}

impl Files for Named {
    fn read(&self, name: &str) -> Result<Source, FileError> {
        let path = match name {
            _ if name.ends_with(".ics.yaml") => format!("fixtures/duts/reference-{}.ics.yaml", self.kind),
            _ => "fixtures/cards/reference.yaml".to_owned(),
        };
        Ok(Source::new(name, Bundle::builtin().text(&path).unwrap()))
    }

    fn place(&self, name: &str) -> Option<PathBuf> {
        Some(PathBuf::from("/no-such-folder").join(name))
    }
}

/// The files that the pages show, by the folder that their paths begin with.
#[test]
fn the_files_that_the_pages_show_work() {
    let library = Bundle::builtin();
    let includes = library.under("testcases/include/").map(|(path, text)| (path.to_owned(), text.to_owned()));
    let includes: Vec<_> = includes.collect();
    let known = fault::load(&library).unwrap_or_else(|problems| panic!("{}", shown(&problems)));
    let (mut cases, mut duts, mut links) = (0, 0, BTreeSet::new());
    for page in PAGES {
        let blocks = blocks(page);
        let bundled = |(path, _): &&(String, String)| {
            path.starts_with("testcases/")
                || path.starts_with("fixtures/faults/")
                || path.starts_with("fixtures/variants/")
        };
        let bundle = Bundle::of(includes.iter().cloned().chain(blocks.iter().filter(bundled).cloned()));
        let loaded = Library::new(bundle.clone()).load().unwrap_or_else(|p| panic!("{page}: {}", shown(&p)));
        let files = blocks.iter().filter(|(path, _)| path.starts_with("testcases/DM_SC")).count();
        assert!(loaded.len() >= files, "{page}: {} instances of {files} cases", loaded.len());
        cases += files;
        fault::load(&bundle).unwrap_or_else(|problems| panic!("{page}: {}", shown(&problems)));
        variant::load(&bundle).unwrap_or_else(|problems| panic!("{page}: {}", shown(&problems)));
        for (path, text) in blocks.iter().filter(|block| !bundled(block)) {
            assert!(path.ends_with(".yaml") && !path.contains('/'), "{page}: `{path}` is of no kind that is checked");
            let kind = if text.contains("\nkind: card") { "card" } else { "terminal" };
            let source = Source::new(path.as_str(), text.as_str());
            let dut = Dut::parse(&source, &Named { kind }, &known);
            dut.unwrap_or_else(|problems| panic!("{page}: {}", shown(&problems)));
            let root = dmsc_doc::parse(&source).unwrap();
            for link in [root.get("link"), root.get("bench").and_then(|bench| bench.get("link"))].into_iter().flatten()
            {
                links.extend(link.entries().iter().map(|entry| entry.key.clone()));
            }
            duts += 1;
        }
    }
    assert!(cases >= 4 && duts >= 8, "{cases} cases, {duts} DUT files");
    let dmsc_doc::Schema::Map(file) = dmsc_language::dut::dut_schema() else { panic!("a DUT file is a mapping") };
    let link = file.fields.iter().find(|field| field.name == "link").unwrap();
    let dmsc_doc::Schema::Map(link) = &link.schema else { panic!("a link is a mapping") };
    for word in &link.fields {
        assert!(links.contains(word.name.as_ref()), "DUT-FILES.md has no example with `{}`", word.name);
    }
}

/// Links from page to page lead to a file, and to a heading in it.
#[test]
fn the_links_of_the_pages_lead_somewhere() {
    for page in PAGES.into_iter().chain(["REFERENCE.md"]) {
        let path = crate_folder().join(page);
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            if file.contains("://") || file.contains(' ') {
                continue;
            }
            let file = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(file.exists(), "{page}: {target}: no such file");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&file).unwrap();
                assert!(anchors(&text).contains(anchor), "{page}: {target}: no such heading");
            }
        }
    }
}

/// The anchors of a page: those of its headings as GitHub makes them, and those it sets.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let kept = line.trim_start_matches('#').trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    });
    let set = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    headings.chain(set).collect()
}

/// Texts of files of all kinds, good and broken.
fn seeds() -> Vec<String> {
    let folders = ["cases", "includes", "duts", "faults", "variants", "good"];
    folders.into_iter().flat_map(|folder| files(&broken(folder), "yaml")).map(|(_, text)| text).collect()
}

/// Fragments that have a meaning somewhere.
const FRAGMENTS: [&str; 16] = [
    "${",
    "}",
    "${ixit.server_id}",
    "{",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "  ",
    "include: loop-a",
    "one_of",
    "null",
    "\"",
    "0x",
    "any",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn mutated_files_never_panic(
        seed in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..3usize), 1..6),
    ) {
        let seeds = seeds();
        let mut text: Vec<char> = seed.get(&seeds).chars().collect();
        for (place, fragment, what) in edits {
            if text.is_empty() {
                break;
            }
            let at = place.index(text.len());
            match what {
                0 => {
                    text.remove(at);
                }
                1 => {
                    let end = (at + 12).min(text.len());
                    text.drain(at..end);
                }
                _ => {
                    let fragment = fragment.get(&FRAGMENTS).chars();
                    text.splice(at..at, fragment);
                }
            }
        }
        let text: String = text.into_iter().collect();
        let case = ("testcases/DM_SC-C-001-M/x.yaml".to_owned(), text.clone());
        let _: Result<Vec<Case>, _> = Library::new(Bundle::of(good_includes().chain([case]))).load();
        let include = ("testcases/include/ping.yaml".to_owned(), text.clone());
        let _ = Library::new(Bundle::of(good_includes().chain([include]))).load();
        let _ = fault::load(&Bundle::of([("fixtures/faults/x.yaml", text.as_str())]));
        let _ = variant::load(&Bundle::of([("fixtures/variants/x.yaml", text.as_str())]));
        let _ = Dut::parse(&Source::new("x.yaml", text), &Statements, &faults());
    }
}
