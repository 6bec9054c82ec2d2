//! All cases against the built-in reference DUTs, without a journal: what a developer waits for.

use dmsc_language::bundle::Bundle;
use dmsc_language::case::{Case, Cases, Library};
use dmsc_language::dut::Dut;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;

fn main() {
    divan::main();
}

struct Silent;

impl Observer for Silent {
    fn planned(&mut self, _total: usize) {}
    fn started(&mut self, _dut: &str, _case: &str) {}
    fn finished(&mut self, _finished: &Finished) {}
}

fn duts(bundle: &Bundle) -> Vec<Dut> {
    let names = ["reference-card", "reference-terminal"];
    names.iter().filter_map(|name| Dut::from_bundle(bundle, name, &[]).ok()).collect()
}

fn cases(bundle: &Bundle) -> Vec<Case> {
    Library::new(bundle.clone()).load().unwrap_or_default()
}

#[divan::bench]
fn load() -> usize {
    let bundle = Bundle::builtin();
    duts(&bundle).len() + cases(&bundle).len()
}

#[divan::bench]
fn heads() -> usize {
    Library::new(Bundle::builtin_as_checked()).cases().map_or(0, |cases| cases.heads().count())
}

#[divan::bench]
fn suite(bencher: divan::Bencher<'_, '_>) {
    let bundle = Bundle::builtin();
    let (duts, cases) = (duts(&bundle), cases(&bundle));
    bencher.bench(|| {
        let config = RunConfig {
            duts: &duts,
            cases: &Cases::from(&cases[..]),
            bundle: &bundle,
            selection: Selection::default(),
            seed: 0,
            strict: false,
            person: false,
            out: None,
            resume: false,
            all: true,
            stop_after: None,
            jobs: None,
        };
        let finished = run(&config, &mut Silent);
        assert!(finished.as_ref().is_ok_and(|ended| !ended.finished.is_empty()));
        finished
    });
}
