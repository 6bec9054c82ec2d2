//! What a run of many case instances takes: the journal, and the reports made of it.
//!
//! `cargo bench -p dmsc --bench scale`: 250, 2 500 and 25 000 instances, which are those of the suite again and again, each
//! with all its messages. With `-- --test` the smallest alone, and the times mean nothing. The reports are made in a process
//! of their own, whose greatest memory is told, where the system tells it. With `-- --keep DIR` the run folders stay there.
//!
//! Then the suite in one piece and in 200 shards, put together as `dmsc report merge` does.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end at once")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Cases, Library};
use dmsc_language::dut::Dut;
use dmsc_report::folder::{Entry, Record};
use dmsc_report::journal::{CaseFinished, CaseHeader, CaseStarted, Event, JournalWriter, Recorded, RunHeader};
use dmsc_report::{RunFolder, render_all};
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;
use dmsc_scr::{LeftOut, NotRun, Outcome, Tables, Unshown};

const INSTANCES: [usize; 3] = [250, 2_500, 25_000];

/// Parts of a run that are put together.
const SHARDS: [usize; 2] = [1, 200];

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "--render") {
        return render(Path::new(&words[at + 1]));
    }
    if let Some(at) = words.iter().position(|word| word == "--merge") {
        return merge(Path::new(&words[at + 1]));
    }
    let once = words.iter().any(|word| word == "--test");
    let folder = Folder(std::env::temp_dir().join(format!("dmsc-scale-{}", std::process::id())));
    let keep = words.iter().position(|word| word == "--keep").map(|at| PathBuf::from(&words[at + 1]));
    let suite = suite(&folder.0.join("suite"));
    println!("{:>9} {:>12} {:>12} {:>10} {:>12}", "instances", "journal, s", "reports, s", "MiB", "MB of disk");
    for instances in INSTANCES.into_iter().take(if once { 1 } else { INSTANCES.len() }) {
        let folder = keep.as_ref().unwrap_or(&folder.0).join(instances.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        let began = Instant::now();
        write(&suite, instances, &folder.join("journal.jsonl"));
        let written = began.elapsed();
        let this = std::env::current_exe().unwrap();
        let told = Command::new(this).arg("--render").arg(&folder).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8(told.stdout).unwrap();
        let disk = size(&folder) / 1_000_000;
        println!("{instances:>9} {:>12.2} {} {disk:>12}", written.as_secs_f64(), told.trim_end());
        if keep.is_none() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
    }
    println!("\n{:>9} {:>12} {:>10} {:>12}", "shards", "merge, s", "MiB", "MB of disk");
    for shards in SHARDS {
        let folder = keep.as_ref().unwrap_or(&folder.0).join(format!("shards-{shards}"));
        for this in 1..=shards {
            write_shard(&suite, this, shards, &folder.join(this.to_string()));
        }
        let told = Command::new(std::env::current_exe().unwrap()).arg("--merge").arg(&folder).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8(told.stdout).unwrap();
        let disk = size(&folder.join("merged")) as f64 / 1e6;
        println!("{shards:>9} {} {disk:>12.1}", told.trim_end());
    }
}

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A case of the suite, and what is recorded of it.
struct Ran {
    header: CaseHeader,
    record: Record,
    dut: String,
    entries: Vec<Entry>,
}

struct Silent;

impl Observer for Silent {
    fn planned(&mut self, _: usize) {}
    fn started(&mut self, _: &str, _: &str) {}
    fn finished(&mut self, _: &Finished) {}
}

/// Runs the suite once.
fn suite(out: &Path) -> (RunHeader, Vec<Ran>) {
    let bundle = Bundle::builtin();
    let cases = Library::new(bundle.clone()).load().unwrap();
    let duts = ["reference-card", "reference-terminal"].map(|name| Dut::from_bundle(&bundle, name, &[]).unwrap());
    let config = RunConfig {
        duts: &duts,
        cases: &Cases::from(&cases[..]),
        bundle: &bundle,
        selection: Selection::default(),
        seed: 1,
        strict: false,
        person: false,
        out: Some(out.to_owned()),
        resume: false,
        all: true,
        stop_after: None,
        jobs: None,
    };
    run(&config, &mut Silent).unwrap();
    let run = RunFolder::open(out).unwrap();
    let mut all = Vec::new();
    run.visit(
        |_| true,
        |record, entries| {
            let (header, dut) = (run.case(record).clone(), run.dut(record).name.clone());
            all.push(Ran { header, record: record.clone(), dut, entries });
        },
    )
    .unwrap();
    (run.header, all)
}

/// Writes the journal of a run of so many instances.
fn write((header, suite): &(RunHeader, Vec<Ran>), instances: usize, path: &Path) {
    let name = |id: &str, turn: usize| format!("{id}[turn={turn}]");
    let all = || suite.iter().cycle().zip(0..instances).map(|(ran, number)| (ran, number / suite.len()));
    let cases = all().map(|(ran, turn)| CaseHeader { id: name(&ran.header.id, turn), ..ran.header.clone() });
    let header = RunHeader { cases: cases.collect(), ..header.clone() };
    let mut writer = JournalWriter::create(path, &header).unwrap();
    for (ran, turn) in all() {
        tell(&mut writer, ran, &name(&ran.header.id, turn));
    }
    writer.finish(false).unwrap();
}

/// Writes what is recorded of a case, under a name.
fn tell(writer: &mut JournalWriter, ran: &Ran, name: &str) {
    let case = || name.to_owned();
    let dut = || ran.dut.clone();
    writer.write(&Event::CaseStarted(CaseStarted { case: case(), dut: dut(), at_us: 0, gap: None })).unwrap();
    for entry in &ran.entries {
        let event = match entry.clone() {
            Entry::Message(message) => Event::Message(message),
            Entry::Check(check) => Event::Check(dmsc_report::journal::Check { case: case(), ..check }),
        };
        writer.write(&event).unwrap();
    }
    let Record { outcome, remarks, duration_us, wall, .. } = ran.record.clone();
    let end = CaseFinished { case: case(), dut: dut(), outcome, remarks, duration_us, wall };
    writer.write(&Event::CaseFinished(end)).unwrap();
}

/// Writes the journal of one of several parts of the suite.
fn write_shard((header, suite): &(RunHeader, Vec<Ran>), this: usize, of: usize, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let header = RunHeader { selection: format!("shard {this}/{of}"), ..header.clone() };
    let mut writer = JournalWriter::create(&folder.join("journal.jsonl"), &header).unwrap();
    for (number, ran) in suite.iter().enumerate() {
        if number % of == this - 1 {
            tell(&mut writer, ran, &ran.header.id);
            continue;
        }
        let reason = NotRun::NotSelected(LeftOut::Shard { this, of });
        let outcome = Recorded::from(&Outcome::NotRun(reason));
        let (case, dut, remarks) = (ran.header.id.clone(), ran.dut.clone(), Vec::new());
        let end = CaseFinished { case, dut, outcome, remarks, duration_us: 0, wall: false };
        writer.write(&Event::CaseFinished(end)).unwrap();
    }
    writer.finish(false).unwrap();
}

/// Puts the runs of the folders in a folder together, beside them, and tells how long that took and how much memory.
fn merge(folder: &Path) {
    let began = Instant::now();
    let parts: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let out = folder.join("merged");
    RunFolder::merge(&parts).unwrap().write_journals(&out).unwrap();
    let run = RunFolder::open(&out).unwrap();
    render_all(&run, Tables::builtin(), Unshown::default(), &out).unwrap();
    let took: Duration = began.elapsed();
    println!("{:>12.2} {:>10}", took.as_secs_f64(), memory().map_or("?".into(), |kilo| (kilo / 1024).to_string()));
}

/// Makes the reports of a run, and tells how long that took and how much memory.
fn render(folder: &Path) {
    let began = Instant::now();
    let run = RunFolder::open(folder).unwrap();
    render_all(&run, Tables::builtin(), Unshown::default(), folder).unwrap();
    let took: Duration = began.elapsed();
    println!("{:>12.2} {:>10}", took.as_secs_f64(), memory().map_or("?".into(), |kilo| (kilo / 1024).to_string()));
}

/// The greatest memory of this process in kB, where the system tells it.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => size(&entry.path()),
            false => entry.metadata().unwrap().len(),
        })
        .sum()
}
