use super::*;
use crate::journal::{CaseFinished, CaseStarted, Lines, OutcomeKind, RunFinished};
use crate::synthetic;

fn journal(name: &str, header: RunHeader, events: Vec<Event>) -> (RunHeader, Journal) {
    let octets = Lines::journal(&header, &events).unwrap();
    Journal::open(JournalFiles::memory(Path::new(name), &octets)).unwrap()
}

fn together(journals: Vec<(RunHeader, Journal)>) -> Result<RunFolder, FolderError> {
    let mut agreed = Agreed::default();
    let mut all = Vec::new();
    for (header, journal) in journals {
        let part = agreed.add(header, &journal.files.path)?;
        all.push((part, journal));
    }
    RunFolder::of(agreed, all).map(Option::unwrap)
}

/// How many entries each record of a run has.
fn entries(run: &RunFolder) -> Vec<usize> {
    let mut counts = vec![0; run.records.len()];
    let place = |record: &Record| run.records.iter().position(|one| std::ptr::eq(one, record)).unwrap();
    run.visit(|_| true, |record, entries| counts[place(record)] = entries.len()).unwrap();
    counts
}

fn finished(header: &RunHeader, case: usize, kind: OutcomeKind) -> Event {
    Event::CaseFinished(CaseFinished {
        case: header.cases[case].id.clone(),
        dut: header.duts[0].name.clone(),
        outcome: Recorded { kind, reason: None, code: None },
        remarks: vec![],
        duration_us: 1,
        wall: true,
    })
}

fn end() -> Event {
    Event::RunFinished(RunFinished { interrupted: false, lines: None })
}

#[test]
fn every_case_has_a_record_for_each_dut_it_is_meant_for() {
    let run = synthetic::folder();
    let shown: Vec<String> =
        run.records.iter().map(|r| format!("{} {} {}", run.dut(r).name, run.case(r).id, r.outcome.kind)).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    phone DM_SC-C-001-M/alert pass
    phone DM_SC-C-001-M/session-id fail
    phone DM_SC-C-002-O/nonce not applicable
    phone DM_SC-D-001-M/bip[ipv4] inconclusive
    phone DM_SC-D-001-M/bip[ipv6] error
    card DM_SC-S-001-M/package0 pass
    ");
    assert_eq!(run.notes, Vec::<String>::new());
}

#[test]
fn two_shards_are_the_run() {
    let (header, events) = synthetic::run();
    let whole = together(vec![journal("a", header.clone(), events.clone())]).unwrap();
    for start in 0..2 {
        let (mut one, mut two) = synthetic::shards();
        let mut second = header.clone();
        second.started = "2026-01-31T12:00:05Z".parse().unwrap();
        if start == 1 {
            std::mem::swap(&mut one, &mut two);
        }
        let merged = together(vec![journal("b", second.clone(), one), journal("c", header.clone(), two)]).unwrap();
        assert_eq!(synthetic::told(&merged), synthetic::told(&whole));
        assert_eq!(entries(&merged), entries(&whole));
    }
}

#[test]
fn a_case_without_result_is_not_run_and_says_why() {
    let (header, events) = synthetic::run();
    let run = together(vec![journal("a", header, events[..2].to_vec())]).unwrap();
    assert!(run.records.iter().all(|r| r.outcome.kind == OutcomeKind::NotRun));
    assert_eq!(run.records[0].outcome.reason.as_deref(), Some("started, but the journal ends before its verdict"));
    assert_eq!(entries(&run)[0], 1, "what passed is kept for the log");
    assert_eq!(run.records[1].outcome.reason.as_deref(), Some("no result in any journal"));
    assert_eq!(run.notes, ["a: the run was killed, or still goes"]);
}

#[test]
fn of_two_results_the_worse_stands_with_a_remark() {
    use OutcomeKind::{Error, Fail, NotApplicable, NotRun, Pass};
    let (header, _) = synthetic::run();
    for (a, b, kept, remark) in [
        (Pass, Pass, Pass, None),
        (Pass, Fail, Fail, Some("recorded twice, as pass and as fail; the worse stands")),
        (Fail, Error, Fail, Some("recorded twice, as error and as fail; the verdict stands")),
        (Pass, Error, Pass, Some("recorded twice, as error and as pass; the verdict stands")),
        (NotRun, Pass, Pass, None),
        (NotApplicable, Pass, Pass, Some("recorded twice, as not applicable and as pass; the worse stands")),
    ] {
        for (x, y) in [(a, b), (b, a)] {
            let run = together(vec![
                journal("a", header.clone(), vec![finished(&header, 0, x), end()]),
                journal("b", header.clone(), vec![finished(&header, 0, y), end()]),
            ])
            .unwrap();
            assert_eq!(run.records[0].outcome.kind, kept, "{x} {y}");
            assert_eq!(run.records[0].remarks.first().map(String::as_str), remark);
        }
    }
}

#[test]
fn a_new_attempt_drops_the_unfinished_one() {
    let (header, events) = synthetic::run();
    let start = Event::CaseStarted(CaseStarted {
        case: header.cases[0].id.clone(),
        dut: header.duts[0].name.clone(),
        at_us: 9,
        gap: None,
    });
    let again = vec![
        events[0].clone(),
        events[1].clone(),
        start,
        events[2].clone(),
        finished(&header, 0, OutcomeKind::Pass),
        end(),
    ];
    let run = together(vec![journal("a", header, again)]).unwrap();
    assert_eq!(entries(&run)[0], 1);
}

#[test]
fn runs_that_cannot_be_compared_are_refused_with_what_differs() {
    let (header, events) = synthetic::run();
    let mut other = header.clone();
    other.harness = "0.2.0".into();
    other.catalogue = String::new();
    other.strict = true;
    other.duts[0].ics.hash = "other".into();
    other.duts[1].interpretations.clear();
    let error =
        together(vec![journal("a/journal.jsonl", header, events.clone()), journal("b/journal.jsonl", other, events)])
            .unwrap_err();
    insta::assert_snapshot!(error, @"a/journal.jsonl and b/journal.jsonl cannot be read together: harness 0.1.0 and 0.2.0; the cases differ; one run is strict, the other is not; the ICS of DUT phone differs; DUT card is read with other interpretations of package0-framing; run both with the same harness, cases and DUT files, or report them apart");
}

#[test]
fn runs_of_different_duts_become_columns_and_other_differences_are_noted() {
    let (header, events) = synthetic::run();
    let mut other = header.clone();
    other.seed = 8;
    other.duts[1].link = "pcsc".into();
    other.duts[0].name = "tablet".into();
    let run = together(vec![journal("a", header, events), journal("b", other, vec![end()])]).unwrap();
    assert_eq!(run.header.duts.len(), 3);
    assert_eq!(run.notes, ["the seeds differ: 7 and 8", "the links of DUT card differ: in-process and pcsc"]);
}

#[test]
fn a_folder_is_read_with_all_its_journals() {
    let folder = synthetic::Folder::new();
    let (header, _) = synthetic::run();
    let (one, two) = synthetic::shards();
    for (name, events) in [("journal-1.jsonl", one), ("journal-2.jsonl", two)] {
        let mut writer = crate::journal::JournalWriter::create(&folder.path().join(name), &header).unwrap();
        for event in &events {
            writer.write(event).unwrap();
        }
    }
    let run = RunFolder::open(folder.path()).unwrap();
    assert_eq!(synthetic::told(&run), synthetic::told(&synthetic::folder()));
    assert_eq!(entries(&run), entries(&synthetic::folder()));

    std::fs::write(folder.path().join("journal-3.jsonl"), b"{\"jou").unwrap();
    let run = RunFolder::open(folder.path()).unwrap();
    assert_eq!(synthetic::told(&run).1, synthetic::told(&synthetic::folder()).1);
    assert!(run.notes[0].contains("no complete first line"));
}

#[test]
fn an_empty_folder_says_what_to_give() {
    let folder = synthetic::Folder::new();
    let text = RunFolder::open(folder.path()).unwrap_err().to_string();
    assert!(text.starts_with("no journal in "));
    assert!(text.ends_with("give the folder of a run, as `dmsc run` printed it"));
    assert!(RunFolder::open(&folder.path().join("nowhere")).is_err());
    assert!(matches!(RunFolder::merge::<&Path>(&[]), Err(FolderError::NoJournal { .. })));
}

#[test]
fn the_decisive_step_is_the_first_must_of_that_verdict() {
    let run = synthetic::folder();
    assert_eq!(run.records[0].decisive(), None);
    assert_eq!(run.records[0].reason(), "");
    let fail = run.records[1].decisive().unwrap();
    assert_eq!(fail.what, "session_id");
    let mut record = run.records[1].clone();
    let mut should = fail.clone();
    should.level = Level::Should;
    record.missed.insert(0, should);
    assert_eq!(record.decisive(), Some(fail));
}

#[test]
fn an_outcome_that_its_steps_do_not_bear_out_is_refused() {
    let (header, events) = synthetic::run();
    for (from, to, place) in [(OutcomeKind::Fail, OutcomeKind::Pass, 11), (OutcomeKind::Pass, OutcomeKind::Fail, 7)] {
        let mut events = events.clone();
        let forged = events.iter_mut().find_map(|event| match event {
            Event::CaseFinished(end) if end.outcome.kind == from => Some(end),
            _ => None,
        });
        forged.unwrap().outcome.kind = to;
        let error = together(vec![journal("a", header.clone(), events)]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("a:{place}: the outcome is {to}, and ")), "{error}");
    }
}
