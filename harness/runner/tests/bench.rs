//! A bench, over a cable of its own: the verdicts of the process, a DUT that lives on, a link that is cut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test stops at what it does not expect.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dmsc_bench::device_link::{DeviceLink, Opener};
use dmsc_engine::role::Role;
use dmsc_engine::switch::Switch;
use dmsc_link::{Cable, Cutter, Disturbance, LinkError, Mishap, Opening, Place, Schedule};
use dmsc_scr::Verdict;

use dmsc_bench::fixtures::Fixtures;
use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::rig::Rig;
use dmsc_doc::Source;
use dmsc_language::bundle::Bundle;
use dmsc_language::dut::{BenchSpec, Builtin, Connection, Device, Dut, LinkSpec};
use dmsc_language::fault::Fault;
use dmsc_runner::execute::Options;
use dmsc_runner::run::{Attempted, attempt};

/// A cable for each time that both ends were opened, and what cuts the newest.
#[derive(Default)]
struct Drum {
    far: Vec<Cable>,
    cutter: Option<Cutter>,
}

fn bench(name: &str, builtin: Builtin) -> (Dut, DeviceLink, Arc<Mutex<Drum>>) {
    let bundle = Bundle::builtin();
    let mut dut = Dut::from_bundle(&bundle, name, &[]).unwrap();
    let connection = Connection::parse(&Source::new("--link", "vpcd: {}"), Role::Card).unwrap();
    dut.link = LinkSpec::Device(Device {
        connection: connection.clone(),
        bench: Some(BenchSpec { builtin, connection }),
        recovery: Duration::from_secs(10),
        choice: None,
    });
    let drum = Arc::new(Mutex::new(Drum::default()));
    let (near, far) = (Arc::clone(&drum), Arc::clone(&drum));
    let near: Opener = Box::new(move || {
        let (one, two, cutter) = Cable::pair();
        let mut drum = near.lock().unwrap();
        drum.far.push(two);
        drum.cutter = Some(cutter);
        Ok(Box::new(one))
    });
    let far: Opener = Box::new(move || match far.lock().unwrap().far.pop() {
        Some(end) => Ok(Box::new(end)),
        None => Err(LinkError::Gone { what: "no cable".into() }),
    });
    (
        dut,
        DeviceLink::new(near, Some((far, Opening::default())), Duration::from_secs(10), Duration::from_millis(10)),
        drum,
    )
}

fn run(name: &str, builtin: Builtin, wanted: &[&str], cut: bool) -> Vec<(String, Attempted)> {
    let (dut, wire, drum) = bench(name, builtin);
    let bundle = Bundle::builtin();
    let fixtures = Fixtures::load(&bundle).unwrap();
    let cases = dmsc_language::case::Library::builtin().load().unwrap();
    let mut rig = Rig::over(&dut, &fixtures, 1, wire);
    let options = Options { dut: dut.name.clone(), ..Options::default() };
    // Those of another reading are not for it.
    let chosen = cases.iter().filter(|case| case.when.is_empty() && case.role == dut.role());
    let chosen = chosen.filter(|case| wanted.iter().any(|w| case.name().contains(w)));
    let mut all = Vec::new();
    for case in chosen {
        let scissors = cut.then(|| {
            let drum = Arc::clone(&drum);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(3));
                if let Some(cutter) = &drum.lock().unwrap().cutter {
                    cutter.cut();
                }
            })
        });
        let attempted =
            attempt(&mut rig, case, &options, Instant::now(), false, &mut |_| {}, &mut DutFileOperator::new(&dut));
        scissors.into_iter().for_each(|thread| thread.join().unwrap());
        all.push((case.name(), attempted));
    }
    assert!(!all.is_empty());
    all
}

#[test]
fn a_bench_gives_the_verdicts_of_the_process() {
    for (name, builtin, wanted) in [
        ("reference-card", Builtin::Card, ["S-001-M/trigger", "S-002-M", "S-001-M/reset-in-mid-apdu"]),
        ("reference-terminal", Builtin::Terminal, ["D-003-M/trigger", "C-008-M", "D-001-M/lost-response"]),
    ] {
        for (case, Attempted { result, .. }) in run(name, builtin, &wanted, false) {
            assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
        }
    }
}

/// What a case comes to after a session in which a response is lost, with the DUT that lost it.
fn after_a_loss(faults: Vec<Fault>) -> Verdict {
    let (mut dut, wire, _drum) = bench("reference-terminal", Builtin::Terminal);
    dut.faults = faults;
    let bundle = Bundle::builtin();
    let fixtures = Fixtures::load(&bundle).unwrap();
    let cases = dmsc_language::case::Library::builtin().load().unwrap();
    let case = cases.iter().find(|case| case.id == "DM_SC-D-001-M/listen").unwrap();
    let mut disturbed = case.clone();
    let lost = Disturbance { at: Place::Response(3), mishap: Mishap::Drop };
    disturbed.setup.set_schedule(Some(Schedule(vec![lost])));
    let mut rig = Rig::over(&dut, &fixtures, 1, wire);
    rig.keep_dut();
    let options = Options { dut: dut.name.clone(), ..Options::default() };
    let mut verdict = Verdict::Pass;
    for case in [&disturbed, case] {
        let hands = &mut DutFileOperator::new(&dut);
        verdict = attempt(&mut rig, case, &options, Instant::now(), false, &mut |_| {}, hands).result.verdict;
    }
    assert!(rig.disturbances().is_empty(), "the link is given back undisturbed");
    verdict
}

#[test]
fn a_dut_behind_a_link_of_its_own_lives_on_when_it_is_kept() {
    assert_eq!(after_a_loss(Vec::new()), Verdict::Pass);
    let stubborn = Fault {
        id: "stubborn".into(),
        side: Role::Card,
        what: "stubborn".into(),
        switches: vec![Switch::GiveUpOnSilence],
        patches: Vec::new(),
        statement: BTreeMap::new(),
    };
    assert!(after_a_loss(vec![stubborn]) > Verdict::Pass);
}

#[test]
fn a_cut_makes_a_case_begin_again_and_never_fail() {
    let mut gaps = 0;
    for (case, Attempted { result, lost, .. }) in run("reference-card", Builtin::Card, &["S-001-M"], true) {
        assert!(!lost, "{case}");
        assert_eq!((result.verdict, result.reason.as_str()), (Verdict::Pass, ""), "{case}");
        gaps += result.remarks.iter().filter(|remark| remark.contains("the cable was cut")).count();
    }
    assert!(gaps > 0, "no cut came in the middle of a case");
}
