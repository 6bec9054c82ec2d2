use super::*;
use crate::folder::{Entry, RunFolder};
use crate::journal::OutcomeKind;
use crate::synthetic;

/// The files of a folder with their octets, by name.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn write_all(writer: &mut JournalWriter, events: &[Event]) {
    events.iter().for_each(|event| writer.write(event).unwrap());
}

#[test]
fn a_journal_of_which_a_part_is_there_is_never_begun_again() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    write_all(&mut JournalWriter::create(&path, &header).unwrap(), &events);
    let before = files(folder.path());
    let again = JournalWriter::create(&path, &header);
    assert!(matches!(again, Err(WriteError::Taken { .. })), "{again:?}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn processes_of_one_number_have_journals_of_their_own() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let begin = || {
        let mut writer = JournalWriter::create_beside(folder.path(), &header).unwrap();
        write_all(&mut writer, &events);
    };
    std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(begin))));
    begin();
    let journals = JournalFiles::of_folder(folder.path()).unwrap();
    assert_eq!(journals.len(), 7);
    assert!(RunFolder::open(folder.path()).is_ok());
}

#[test]
#[cfg(unix)]
fn a_journal_that_is_being_written_is_not_taken_up() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let busy = || {
        let before = files(folder.path());
        let other = JournalWriter::resume(&path, |_| {});
        assert!(matches!(other, Err(WriteError::Busy { .. })), "{other:?}");
        assert_eq!(files(folder.path()), before);
    };
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    busy();
    write_all(&mut writer, &events[..3]);
    busy();
    // Between two parts it is that of the same process.
    writer.close(true).unwrap();
    busy();
    drop(writer);
    let (writer, _) = JournalWriter::resume(&path, |_| {}).unwrap();
    busy();
    drop(writer);

    // One that has ended is its last closed part until there is more.
    JournalWriter::resume(&path, |_| {}).unwrap().0.finish(true).unwrap();
    let (mut writer, _) = JournalWriter::resume(&path, |_| {}).unwrap();
    busy();
    write_all(&mut writer, &events[3..5]);
    busy();
    writer.finish(true).unwrap();
    assert!(JournalWriter::resume(&path, |_| {}).is_ok());
    assert!(RunFolder::open(folder.path()).is_ok());
}

#[test]
fn a_part_is_never_closed_over_another_file() {
    let (header, events) = synthetic::run();
    for name in ["journal.0001.jsonl", "journal.0001.jsonl.gz"] {
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        let mut writer = JournalWriter::create(&path, &header).unwrap();
        fs::write(folder.path().join(name), "another record").unwrap();
        write_all(&mut writer, &events[..3]);
        let error = writer.finish(false).unwrap_err().to_string();
        assert!(error.contains(&format!("{name} is there already")), "{error}");
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"another record");
        assert!(path.is_file());
    }
}

#[test]
fn a_half_line_at_the_end_of_a_closed_part_is_refused_and_nothing_is_changed() {
    let (header, events) = synthetic::run();
    let octets = Lines::journal(&header, &events[..3]).unwrap();
    let first = octets.iter().position(|octet| *octet == b'\n').unwrap();
    for (cut, line) in [(octets.len() - 5, 4), (first - 5, 1)] {
        let folder = synthetic::Folder::new();
        fs::write(folder.path().join("journal.0001.jsonl"), &octets[..cut]).unwrap();
        let before = files(folder.path());
        let error = JournalWriter::resume(&folder.path().join("journal.jsonl"), |_| {}).unwrap_err().to_string();
        assert!(
            error.contains(&format!("journal.jsonl:{line}: the line has no end, and journal.0001.jsonl, of")),
            "{error}"
        );
        assert_eq!(files(folder.path()), before);
    }
}

#[test]
fn what_was_read_is_found_again_after_its_part_was_closed_and_packed() {
    let (header, events) = synthetic::run();
    let folder = synthetic::Folder::new();
    let path = folder.path().join("journal.jsonl");
    let mut writer = JournalWriter::create(&path, &header).unwrap();
    write_all(&mut writer, &events[..events.len() - 1]);
    let run = RunFolder::open(folder.path()).unwrap();
    let entries = || {
        let mut found = Vec::new();
        run.visit(|_| true, |record, entries| found.push((record.case, entries))).unwrap();
        found
    };
    let before = entries();
    assert!(before.iter().any(|(_, entries)| entries.iter().any(|entry| matches!(entry, Entry::Message(_)))));
    writer.close(true).unwrap();
    assert_eq!(entries(), before);
    // Another part has the name that this one had.
    write_all(&mut writer, &events[..3]);
    assert_eq!(entries(), before);
}

/// A way to write events.
type Way<'a> = &'a dyn Fn(&mut JournalWriter, &[Event]);

#[test]
fn beyond_its_room_a_journal_has_verdicts_and_checks_and_says_so() {
    let (header, events) = synthetic::run();
    let one_by_one = |writer: &mut JournalWriter, events: &[Event]| write_all(writer, events);
    let at_once = |writer: &mut JournalWriter, events: &[Event]| {
        let mut lines = Lines::default();
        events.iter().for_each(|event| lines.push(event.clone()));
        writer.append(lines).unwrap();
    };
    let ways: [Way<'_>; 2] = [&one_by_one, &at_once];
    let journals = ways.map(|way| {
        let folder = synthetic::Folder::new();
        let path = folder.path().join("journal.jsonl");
        let mut writer = JournalWriter::create(&path, &header).unwrap().with_room(1024);
        way(&mut writer, &events[..events.len() - 1]);
        writer.finish(false).unwrap();
        let (told, read) =
            (writer.into_recorded().unwrap().folder(&path).unwrap(), RunFolder::open(folder.path()).unwrap());
        assert_eq!(told.records, read.records);
        let whole = synthetic::folder();
        let outcomes = |run: &RunFolder| -> Vec<(OutcomeKind, usize)> {
            run.records.iter().map(|record| (record.outcome.kind, record.missed.len())).collect()
        };
        assert_eq!(outcomes(&read), outcomes(&whole));
        let mut notes = Vec::new();
        read.visit(
            |_| true,
            |_, entries| {
                let messages = entries.iter().filter_map(|entry| match entry {
                    Entry::Message(message) => Some((message.octets.0.len(), message.note.clone())),
                    Entry::Check(_) => None,
                });
                let messages: Vec<_> = messages.collect();
                assert!(messages.len() <= 1, "{messages:?}");
                notes.extend(messages);
            },
        )
        .unwrap();
        assert!(!notes.is_empty());
        for (octets, note) in notes {
            assert_eq!(octets, 0);
            let note = note.unwrap_or_default();
            assert_eq!(note, "no more messages are recorded of this case: the journal has more than 1 KiB");
        }
        files(folder.path()).remove(0).1
    });
    assert_eq!(journals[0], journals[1]);
}
