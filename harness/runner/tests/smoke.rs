//! Runs the catalogue against the built-in DUTs and prints what came of it.
use dmsc_runner::case::Library;
use dmsc_runner::dut::Dut;
use dmsc_runner::run::{Finished, Observer, RunConfig, run};
use dmsc_runner::select::Selection;

struct Print;
impl Observer for Print {
    fn planned(&mut self, total: usize) {
        println!("{total} cases");
    }
    fn started(&mut self, _dut: &str, _case: &str) {}
    fn finished(&mut self, f: &Finished) {
        println!("{:14} {} {}", f.outcome.as_str(), f.case, f.reason);
        for r in &f.remarks {
            println!("      remark: {r}");
        }
    }
}

#[test]
fn smoke() {
    let library = Library::builtin();
    let cases = match library.load() {
        Ok(cases) => cases,
        Err(problems) => {
            for p in problems {
                println!("{p}");
            }
            panic!("cases");
        }
    };
    let duts: Vec<Dut> = ["reference-card", "reference-terminal"]
        .iter()
        .map(|n| Dut::from_bundle(library.bundle(), n, &[]).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    let config = RunConfig { duts: &duts, cases: &cases, bundle: library.bundle(), selection: Selection::default(), seed: 1, strict: false, person: false, out: None, resume: false };
    let began = std::time::Instant::now();
    run(&config, &mut Print).unwrap();
    println!("{:?}", began.elapsed());
}
