//! Runs cases of a folder against the reference DUTs while they are being written.
//!
//! `suite DIR [PREFIX] [--fault ID] [--log] [--prove]`
use dmsc_report::journal::{Check, Message};
use dmsc_runner::case::Library;
use dmsc_runner::dut::Dut;
use dmsc_runner::execute::{Options, Recorder};
use dmsc_runner::rig::{Fixtures, Hands, Rig};
use dmsc_runner::run::{RunConfig, plan, run_case};
use dmsc_runner::select::Selection;

struct Tape(bool);
impl Recorder for Tape {
    fn message(&mut self, m: Message) {
        if self.0 {
            println!("    {:>10} {:8} {} {}", m.at_us, m.from.as_str(), m.kind, m.fields.unwrap_or_default());
        }
    }
    fn check(&mut self, c: Check) {
        if self.0 {
            println!("    CHECK {:?} {} expected {} got {} ({})", c.verdict, c.what, c.expected, c.got, c.location);
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    let library = Library::from_dir(std::path::Path::new(&args[0])).unwrap_or_else(|e| panic!("{e}"));
    let cases = library.load().unwrap_or_else(|problems| {
        problems.iter().for_each(|p| eprintln!("{p}"));
        std::process::exit(3)
    });
    let faults = dmsc_runner::fault::load(library.bundle()).unwrap_or_else(|problems| {
        problems.iter().for_each(|p| eprintln!("{p}"));
        std::process::exit(3)
    });
    let duts: Vec<Dut> = ["reference-card", "reference-terminal"]
        .iter()
        .map(|n| Dut::from_bundle(library.bundle(), n, &[]).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    if args.iter().any(|a| a == "--prove") {
        let proof = dmsc_runner::prove::prove(&duts, &cases, &faults, library.bundle(), 1, &mut |_, _| {}).unwrap();
        for f in &proof.faults {
            println!(
                "{:40} caught by {:2} inconclusive {:2} errors {:?}  {}",
                f.fault,
                f.caught_by.len(),
                f.inconclusive,
                f.errors,
                f.caught_by.iter().take(3).cloned().collect::<Vec<_>>().join(" ")
            );
        }
        println!("unclean {:#?}\nnever failed {:#?}\nholds {}", proof.unclean, proof.never_failed, proof.holds());
        return;
    }
    let prefix = args.get(1).filter(|a| !a.starts_with("--")).cloned().unwrap_or_default();
    let fixtures = Fixtures::load(library.bundle()).unwrap();
    for mut dut in duts {
        if let Some(id) = option("--fault") {
            dut.faults = faults.iter().filter(|f| f.id == *id && f.side != dut.role()).cloned().collect();
        }
        let config = RunConfig {
            duts: std::slice::from_ref(&dut),
            cases: &cases,
            bundle: library.bundle(),
            selection: Selection::default(),
            seed: 1,
            strict: false,
            person: false,
            out: None,
            resume: false,
        };
        for p in plan(&config, dmsc_scr::Tables::builtin()) {
            if !p.case.name().starts_with(&prefix) {
                continue;
            }
            if let Some(skip) = &p.skip {
                println!("{:14} {} {}", skip.as_str(), p.case.name(), skip.reason().unwrap_or_default());
                continue;
            }
            let mut rig = Rig::new(&dut, &fixtures, 1);
            let options = Options { strict: false, window: dut.ixit.window, dut: dut.name.clone() };
            let r = run_case(
                &mut rig,
                p.case,
                &options,
                &mut Tape(args.iter().any(|a| a == "--log")),
                &mut Hands::new(&dut),
            );
            println!("{:14} {} {}", r.verdict.as_str(), p.case.name(), r.reason);
            for remark in r.remarks {
                println!("      remark: {remark}");
            }
        }
    }
}
