use std::fs;

use proptest::prelude::*;

use super::*;
use crate::folder::{Entry, FolderError, RunFolder};
use crate::journal::{CaseStarted, JournalWriter, Lines};
use crate::synthetic;

/// The lines of events without links, as version 1 had them.
fn plain(events: &[Event]) -> Vec<u8> {
    let mut octets = Vec::new();
    for event in events {
        let mut value = serde_json::to_value(event).unwrap();
        if value["event"] == "run" {
            value["journal"] = 1.into();
        }
        octets.extend(serde_json::to_vec(&value).unwrap());
        octets.push(b'\n');
    }
    octets
}

fn linked(header: &RunHeader, events: &[Event]) -> Vec<u8> {
    Lines::journal(header, events).unwrap()
}

/// A journal with all that it tells, messages apart.
fn read(files: JournalFiles) -> Result<(Journal, Vec<Event>), ReadError> {
    let (_, mut journal) = Journal::open(files)?;
    let mut events = Vec::new();
    journal.read(&mut |line, _| {
        if let Line::Event(event) = line {
            events.push(event);
        }
        Ok(())
    })?;
    Ok((journal, events))
}

fn parse(octets: &[u8]) -> Result<(Journal, Vec<Event>), ReadError> {
    read(JournalFiles::memory(Path::new("run/journal.jsonl"), octets))
}

fn without_messages(events: &[Event]) -> Vec<Event> {
    events.iter().filter(|event| !matches!(event, Event::Message(_))).cloned().collect()
}

#[test]
fn lines_that_are_appended_at_once_are_those_that_are_written_one_by_one() {
    let (header, events) = synthetic::run();
    let events = &events[..events.len() - 1];
    let folder = synthetic::Folder::new();
    let (one, other) = (folder.path().join("one.jsonl"), folder.path().join("other.jsonl"));
    let mut writer = JournalWriter::create(&one, &header).unwrap();
    events.iter().for_each(|event| writer.write(event).unwrap());
    let mut lines = Lines::default();
    events.iter().for_each(|event| lines.push(event.clone()));
    JournalWriter::create(&other, &header).unwrap().append(lines).unwrap();
    let written = fs::read(one).unwrap();
    assert_eq!(written, fs::read(other).unwrap());
    assert_eq!(written, linked(&header, events));
}

#[test]
fn what_is_written_is_read_back_packed() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    assert!(JournalWriter::create(&path, &header).is_err(), "a record is never overwritten");
    for event in &events {
        writer.write(event).unwrap();
    }
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["journal.0001.jsonl.gz"]);
    let (journal, read) = read(JournalFiles::of_file(&path).unwrap()).unwrap();
    assert_eq!(RunFolder::open(folder.path()).unwrap().header, header);
    assert_eq!(read, without_messages(&events));
    assert_eq!((journal.truncated, journal.lines), (None, events.len() as u64 + 1));
}

#[test]
fn a_run_that_has_ended_is_taken_up_in_another_part() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    events[..6].iter().for_each(|event| writer.write(event).unwrap());
    writer.finish(true).unwrap();
    let mut seen = Vec::new();
    let (mut writer, known) = JournalWriter::resume(&path, |event| seen.push(event.clone())).unwrap();
    assert_eq!(known, header);
    assert_eq!(seen.len(), without_messages(&events[..6]).len() + 1);
    events[6..events.len() - 1].iter().for_each(|event| writer.write(event).unwrap());
    writer.finish(false).unwrap();
    assert!(folder.path().join("journal.0002.jsonl.gz").is_file());
    let run = RunFolder::open(folder.path()).unwrap();
    assert_eq!(synthetic::told(&run), synthetic::told(&synthetic::folder()));

    fs::remove_file(folder.path().join("journal.0001.jsonl.gz")).unwrap();
    let error = RunFolder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("journal.0001.jsonl.gz is missing"), "{error}");
}

#[test]
fn every_cut_loses_at_most_one_line_and_is_reported() {
    let (header, events) = synthetic::run();
    let octets = linked(&header, &events);
    let first = octets.iter().position(|&o| o == b'\n').unwrap();
    for cut in 0..=octets.len() {
        let whole = octets[..cut].iter().filter(|&&o| o == b'\n').count();
        match parse(&octets[..cut]) {
            Ok((journal, read)) => {
                assert_eq!(read, without_messages(&events[..whole - 1]));
                assert_eq!(journal.truncated.is_some(), octets[cut - 1] != b'\n');
                assert_eq!(journal.end.is_some(), cut == octets.len());
            }
            Err(ReadError::NoHeader { .. }) => assert!(cut <= first),
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
}

#[test]
fn a_killed_run_goes_on_after_the_last_whole_line() {
    let (header, events) = synthetic::run();
    for chained in [true, false] {
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        let begun = std::slice::from_ref(&events[0]);
        let mut octets = match chained {
            true => linked(&header, begun),
            false => plain(&[Event::Run(header.clone()), events[0].clone()]),
        };
        octets.extend(b"{\"event\":\"mess");
        fs::write(&path, &octets).unwrap();
        let (journal, _) = read(JournalFiles::of_file(&path).unwrap()).unwrap();
        let truncated = journal.truncated.unwrap();
        assert_eq!((truncated.line, truncated.length), (3, 14));
        let (mut writer, _) = JournalWriter::resume(&path, |_| {}).unwrap();
        writer.finish(false).unwrap();
        let (journal, read) = read(JournalFiles::of_file(&path).unwrap()).unwrap();
        let end = RunFinished { interrupted: false, lines: chained.then_some(3) };
        assert_eq!(read, [events[0].clone(), Event::RunFinished(end)]);
        assert_eq!(journal.truncated, None);
    }
}

#[test]
fn another_version_is_refused_before_anything_else() {
    let text = |octets: &[u8]| parse(octets).unwrap_err().to_string();
    insta::assert_snapshot!(
        text(b"{\"event\":\"start\",\"journal\":4}\nnot json\n"),
        @"run/journal.jsonl:1: journal version 4, and this harness reads versions 1 to 3; use the version of dmsc that wrote it"
    );
    insta::assert_snapshot!(
        text(b"{}\n"),
        @"run/journal.jsonl:1: no journal version, and this harness reads versions 1 to 3; use the version of dmsc that wrote it"
    );
    insta::assert_snapshot!(
        text(b""),
        @"run/journal.jsonl: no complete first line; the run was killed before it began, remove the file"
    );
}

#[test]
fn a_damaged_line_is_refused_with_its_place() {
    let (header, events) = synthetic::run();
    let mut octets = plain(&[Event::Run(header.clone()), events[0].clone()]);
    octets.extend(b"{\"event\":\"check\"\n{}\n");
    insta::assert_snapshot!(
        parse(&octets).unwrap_err(),
        @"run/journal.jsonl:3: EOF while parsing an object at column 16; a finished line is never rewritten, so the file was damaged or edited: restore it from a copy"
    );
    let stranger = Event::CaseStarted(CaseStarted {
        case: "nowhere".into(),
        dut: header.duts[0].name.clone(),
        at_us: 0,
        gap: None,
    });
    let text = parse(&linked(&header, &[stranger])).unwrap_err().to_string();
    assert!(text.contains("jsonl:2: case `nowhere` is not in the first line"));
    let text = parse(&linked(&header, &[Event::Run(header.clone())])).unwrap_err().to_string();
    assert!(text.contains("jsonl:2: a second `run` event"));
}

#[test]
fn fields_of_a_later_writer_are_ignored() {
    let (header, _) = synthetic::run();
    let mut value = serde_json::to_value(Event::Run(header.clone())).unwrap();
    (value["weather"], value["journal"]) = ("fine".into(), 1.into());
    let text = format!("{value}\n");
    let (read, _) = Journal::open(JournalFiles::memory(Path::new("j"), text.as_bytes())).unwrap();
    assert_eq!(read.cases, header.cases);
}

#[test]
fn a_message_of_no_case_is_refused() {
    let (header, events) = synthetic::run();
    let text = parse(&linked(&header, &events[1..2])).unwrap_err().to_string();
    assert!(text.contains("jsonl:2: a message, and no case is begun"), "{text}");
}

#[test]
fn a_message_that_cannot_be_read_is_refused_though_its_links_are_right() {
    let (header, events) = synthetic::run();
    let message = serde_json::to_value(&events[1]).unwrap();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let write = |message: &[u8]| {
        let (mut octets, mut chain) = (Vec::new(), Chain::default());
        chain.add(&serde_json::to_vec(&Event::Run(header.clone())).unwrap(), &mut octets);
        chain.add(&serde_json::to_vec(&events[0]).unwrap(), &mut octets);
        chain.add(message, &mut octets);
        fs::write(&path, octets).unwrap();
    };
    let with = |name: &str, value: serde_json::Value| {
        let mut message = message.clone();
        message[name] = value;
        serde_json::to_vec(&message).unwrap()
    };
    let open = || RunFolder::open(folder.path()).map_err(|error| error.to_string());
    write(&with("octets", "9000".into()));
    assert!(open().is_ok());
    for (broken, what) in [
        (b"{\"event\":\"message\",\0\xFF garbage}".to_vec(), "key must be a string"),
        (with("octets", "900".into()), "half an octet"),
        (with("octets", "90x0".into()), "hexadecimal"),
        (with("from", "nobody".into()), "unknown variant `nobody`"),
    ] {
        write(&broken);
        let error = open().unwrap_err();
        assert!(error.contains("journal.jsonl:3: ") && error.contains(what), "{error}");
    }
    // What is not looked at then is told of when the log is asked for.
    write(&with("context", "no mapping".into()));
    let error = open().unwrap().visit(|_| true, |_, _| {}).unwrap_err().to_string();
    assert!(error.contains("the message at octet ") && error.contains("invalid type: string"), "{error}");
}

#[test]
fn journals_of_version_2_name_the_case_in_each_message() {
    let (mut header, events) = synthetic::run();
    header.journal = 2;
    let (mut octets, mut chain) = (Vec::new(), Chain::default());
    for event in std::iter::once(&Event::Run(header.clone())).chain(&events[..2]) {
        let mut value = serde_json::to_value(event).unwrap();
        if value["event"] == "message" {
            (value["case"], value["dut"], value["to"]) =
                ("DM_SC-C-001-M/alert".into(), "phone".into(), "terminal".into());
        }
        chain.add(&serde_json::to_vec(&value).unwrap(), &mut octets);
    }
    let folder = synthetic::Folder::new();
    fs::write(folder.path().join("journal.jsonl"), octets).unwrap();
    let run = RunFolder::open(folder.path()).unwrap();
    let mut found = Vec::new();
    run.visit(|record| record.place.is_some(), |_, entries| found.extend(entries)).unwrap();
    let Event::Message(message) = &events[1] else { panic!("a message") };
    assert_eq!(found, [Entry::Message(message.clone())]);
    // It goes on with links, as it was begun.
    let path = folder.path().join("journal.jsonl");
    JournalWriter::resume(&path, |_| {}).unwrap().0.finish(true).unwrap();
    assert!(RunFolder::open(folder.path()).is_ok());
}

#[test]
fn what_was_told_while_it_was_written_is_what_is_read() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    let (one_by_one, at_once) = events[..events.len() - 1].split_at(6);
    one_by_one.iter().for_each(|event| writer.write(event).unwrap());
    let mut lines = Lines::default();
    at_once.iter().for_each(|event| lines.push(event.clone()));
    writer.append(lines).unwrap();
    writer.finish(false).unwrap();
    let told = writer.into_recorded().unwrap().folder(&path).unwrap();
    let read = RunFolder::open(folder.path()).unwrap();
    assert_eq!((&told.header, &told.records, &told.notes), (&read.header, &read.records, &read.notes));
    let mut entries = [Vec::new(), Vec::new()];
    for (run, into) in [&told, &read].into_iter().zip(&mut entries) {
        run.visit(|_| true, |record, entries| into.push((record.case, entries))).unwrap();
    }
    assert_eq!(entries[0], entries[1]);
    let (writer, _) = JournalWriter::resume(&path, |_| {}).unwrap();
    assert!(writer.into_recorded().is_none(), "what another process wrote is to be read");
}

#[test]
fn a_contradiction_is_told_without_reading() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    for event in &events[..events.len() - 1] {
        let mut event = event.clone();
        if let Event::CaseFinished(finished) = &mut event {
            finished.outcome.kind = crate::journal::OutcomeKind::Pass;
        }
        writer.write(&event).unwrap();
    }
    writer.finish(false).unwrap();
    let error = writer.into_recorded().unwrap().folder(&path).unwrap_err();
    assert!(matches!(error, FolderError::Contradiction { .. }), "{error}");
}

/// What a single change makes of a journal, as someone would read it.
fn changed(octets: &[u8]) -> String {
    let files = JournalFiles::memory(Path::new("journal.jsonl"), octets);
    let mut journal = match Journal::open(files) {
        Ok((_, journal)) => journal,
        Err(error) => return error.to_string(),
    };
    let told = journal.read(&mut |_, _| Ok(()));
    told.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_changed_removed_added_or_moved_line_is_named() {
    let (header, events) = synthetic::run();
    let octets = linked(&header, &events);
    let lines: Vec<&[u8]> = octets.split_inclusive(|octet| *octet == b'\n').collect();
    let journal_of = |lines: &[&[u8]]| changed(&lines.concat());
    assert_eq!(journal_of(&lines), "");
    let last = lines.len() - 1;
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        let mut added = lines.clone();
        added.insert(at, lines[at]);
        let mut moved = lines.clone();
        moved.swap(at, (at + 1) % lines.len());
        let text = String::from_utf8(lines[at].to_vec()).unwrap().replacen("\"event\"", "\"Event\"", 1);
        let mut edited = lines.clone();
        edited[at] = text.as_bytes();
        // That the end is missing is told by whoever reads the run: it was killed, or still goes.
        if at < last {
            assert!(!journal_of(&removed).is_empty(), "removed {at}");
        }
        for (what, lines) in [("added", added), ("moved", moved)] {
            let named = journal_of(&lines);
            assert!(named.starts_with("journal.jsonl:"), "{what} {at}: {named}");
        }
        let named = journal_of(&edited);
        let place = format!("journal.jsonl:{}: ", at + 1);
        assert!(named.starts_with(&place), "edited {at}: {named}");
    }
}

#[test]
fn the_version_of_a_journal_cannot_be_lowered_to_be_believed() {
    let (header, events) = synthetic::run();
    let text = String::from_utf8(linked(&header, &events)).unwrap();
    let named = changed(text.replacen("\"journal\":3", "\"journal\":1", 1).as_bytes());
    assert!(named.contains("journal.jsonl:1: the line is not as it was written"), "{named}");
}

#[test]
fn no_octet_of_a_packed_part_can_be_changed_unseen() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    events.iter().for_each(|event| writer.write(event).unwrap());
    let packed = folder.path().join("journal.0001.jsonl.gz");
    let whole = fs::read(&packed).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&packed, &changed).unwrap();
        assert!(RunFolder::open(folder.path()).is_err(), "octet {at} of {}", whole.len());
    }
    for cut in [&whole[..whole.len() - 1], &[&whole[..], b"x"].concat()] {
        fs::write(&packed, cut).unwrap();
        let error = RunFolder::open(folder.path()).unwrap_err();
        assert!(matches!(error, FolderError::Read(ReadError::Packed { .. })), "{error}");
    }
}

proptest! {
    #[test]
    fn random_octets_never_panic(octets: Vec<u8>) {
        let _ = parse(&octets);
        let (header, _) = synthetic::run();
        let mut after = linked(&header, &[]);
        after.extend(octets.clone());
        let _ = parse(&after);
        let mut after = plain(&[Event::Run(header)]);
        after.extend(octets);
        let _ = parse(&after);
    }

    #[test]
    fn no_single_change_goes_unseen(place: prop::sample::Index, octet: u8, kind in 0..3_u8) {
        let (header, events) = synthetic::run();
        let mut octets = linked(&header, &events);
        let at = place.index(octets.len() - 1);
        match kind {
            0 => {
                prop_assume!(octets[at] != octet);
                octets[at] = octet;
            }
            1 => octets.insert(at, octet),
            _ => {
                octets.remove(at);
            }
        }
        prop_assert_ne!(changed(&octets), "");
    }

    #[test]
    fn any_message_comes_back(at_us: u64, octets: Vec<u8>, kind: String, case: String, whole: bool, note: Option<String>) {
        prop_assume!(!case.is_empty());
        let (mut header, _) = synthetic::run();
        header.cases[0].id = case.clone();
        let message = crate::journal::Message {
            at_us,
            from: crate::journal::Party::Server,
            fields: whole.then(|| serde_json::json!({ "name": kind.clone(), "at": at_us })),
            context: if whole { Default::default() } else { [("to".to_owned(), at_us.into())].into_iter().collect() },
            kind: kind.into(),
            octets: octets.into(),
            written: Default::default(),
            note,
        };
        let begun = CaseStarted { case, dut: header.duts[0].name.clone(), at_us: 0, gap: None };
        let begun = Event::CaseStarted(begun);
        let run = RunFolder::of_memory(Path::new("j"), &header, &[begun, Event::Message(message.clone())]).unwrap();
        let mut found = Vec::new();
        run.visit(|_| true, |_, entries| found.extend(entries)).unwrap();
        prop_assert_eq!(found, vec![Entry::Message(message)]);
    }
}

#[test]
fn a_line_without_end_is_refused_before_it_fills_the_memory() {
    let (header, events) = synthetic::run();
    let whole = linked(&header, &events[..1]);
    for (begun, line) in [(&whole[..], 3), (&b"{\"event\":"[..], 1)] {
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, begun).unwrap();
        // A hole, which takes no room on the disk.
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        let error = RunFolder::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("journal.jsonl:{line}: the line has more than 32 MiB; ")), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn a_journal_that_is_no_file_is_refused() {
    for name in ["journal.jsonl", "journal.0001.jsonl.gz"] {
        let folder = synthetic::Folder::new();
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join(name)).status().unwrap().success());
        let error = RunFolder::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("{name}: it is no file, but a pipe")), "{error}");
    }
}
