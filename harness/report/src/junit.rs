//! JUnit XML: one suite for each SCR item, one test case for each case and DUT.
//!
//! The dialect is that of the Jenkins xUnit schema (`junit-10.xsd`): `file` is not an attribute of
//! a test case there, `skipped` is one of a suite, and times have no unit but seconds.

use std::borrow::Cow;
use std::collections::HashMap;

use dmsc_scr::{Gate, Tables, Unshown};
use junit_report::{Duration, Report, TestCase, TestResult, TestSuite};
use quick_xml::events::{BytesEnd, BytesStart, Event};
use quick_xml::{Reader, Writer};

use crate::cause::Causes;
use crate::evidence::check_text;
use crate::folder::{Record, RunFolder};
use crate::journal::CaseHeader;
use crate::log::log_path;
use crate::matrix::{Gates, Matrix, ShutItem};
use crate::text::{brief, one_line, visible};

/// Why JUnit XML could not be written. Neither can come from what a run holds; both are here
/// because writing XML has errors at all.
#[derive(Debug, thiserror::Error)]
pub enum JunitError {
    /// The report could not be written.
    #[error("cannot write JUnit XML: {0}")]
    Write(#[from] junit_report::Error),
    /// What was written could not be completed.
    #[error("cannot complete JUnit XML: {0}")]
    Complete(#[from] quick_xml::Error),
}

/// The run as JUnit XML. Every item of the tables has its suite, in the order of the tables, also
/// when no case belongs to it; a case of an item of another enabler stands in the suite of the
/// first item that requires it.
///
/// The gate decides, as it does for the exit code: what passes is a success, what fails a failure, what broke an
/// error. An error is also, unless it is to be skipped, a case that was claimed and not shown: inconclusive or not run.
/// Not applicable, and what the user left out, are skipped, with the reason. An item that keeps the gate shut though
/// none of its cases does, and a run in which nothing ran, have a test case of their own, which is an error.
pub fn junit(run: &RunFolder, matrix: &Matrix, tables: &Tables, unshown: Unshown) -> Result<String, JunitError> {
    let mut suites: Vec<TestSuite> =
        tables.items().iter().map(|item| suite(run, item.id.as_str(), &item.function)).collect();
    let gates = matrix.gates(unshown);
    let mut by_item = homes(tables);
    let mut add = |item: &str, test: TestCase| {
        // An item of no table is refused when cases are loaded; a record that has one nonetheless
        // must not vanish.
        let at = *by_item.entry(item.to_owned()).or_insert_with(|| {
            let topic = tables.topic(item).map_or("item of no table", |topic| &topic.what);
            suites.push(suite(run, item, topic));
            suites.len() - 1
        });
        suites[at].add_testcase(test);
    };
    let mut causes = Causes::default();
    for (at, (record, gate)) in run.records.iter().zip(&gates.cases).enumerate() {
        let case = run.case(record);
        let first =
            record.cause(&case.id).map(|cause| causes.first(record.dut, &cause, at)).filter(|first| *first != at);
        let same_as = first.and_then(|first| run.records.get(first)).map(|first| run.case(first).id.as_str());
        add(&case.item, test_case(run, record, *gate, same_as));
    }
    for item in &gates.items {
        add(&item.row.item, item_case(item));
    }
    if let (true, Some(first)) = (gates.nothing_ran, tables.items().first()) {
        let none = TestResult::Error { type_: "not run".into(), message: Gates::NOTHING_RAN.into(), cause: None };
        add(first.id.as_str(), TestCase { result: none, ..TestCase::success("dmsc", Duration::ZERO) });
    }
    let known = run.header.cases.iter().filter(|case| !case.refs.is_empty());
    let known: HashMap<_, _> = known.map(|case| (one_line(&case.id), case)).collect();
    let numbers: Vec<Vec<(String, String)>> = suites.iter().map(|suite| properties(&known, suite)).collect();
    let skipped: Vec<usize> = suites.iter().map(TestSuite::skipped).collect();
    let sum = |count: fn(&TestSuite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    let totals = [
        ("name", "dmsc".to_owned()),
        ("tests", sum(TestSuite::tests)),
        ("failures", sum(TestSuite::failures)),
        ("errors", sum(TestSuite::errors)),
    ];
    let mut report = Report::new();
    report.add_testsuites(suites);
    let mut xml = Vec::new();
    report.write_xml(&mut xml)?;
    complete(&String::from_utf8_lossy(&xml), &totals, &skipped, &numbers)
}

/// For each item the position, in the tables, of the DM_SC item in whose suite its cases stand.
fn homes(tables: &Tables) -> HashMap<String, usize> {
    let mut homes: HashMap<String, usize> =
        tables.items().iter().enumerate().map(|(at, item)| (item.id.to_string(), at)).collect();
    for (at, item) in tables.items().iter().enumerate() {
        for required in tables.closure(item.id.as_str()) {
            homes.entry(required.to_string()).or_insert(at);
        }
    }
    homes
}

fn suite(run: &RunFolder, name: &str, function: &str) -> TestSuite {
    let mut suite = TestSuite::new(&one_line(name));
    suite.package = "dmsc".into();
    suite.set_timestamp(run.header.started.date_time());
    suite.set_system_out(&cdata(function));
    suite
}

/// The test case of a record; `same_as` is the case before it that had the same cause.
fn test_case(run: &RunFolder, record: &Record, gate: Gate, same_as: Option<&str>) -> TestCase {
    let case = run.case(record);
    let mut test = TestCase::success(&one_line(&case.id), milliseconds(record.duration_us));
    test.set_classname(&class_name(&run.dut(record).name, &case.item));

    let note = same_as.map(|case| format!("same cause as {case}\n"));
    let checks = record.missed.iter().filter(|check| Some(check.verdict) == record.outcome.kind.verdict());
    let evidence: String = note.into_iter().chain(checks.map(check_text)).collect();
    let cause = (!evidence.is_empty()).then(|| cdata(&evidence));
    test.result = result(gate, record.outcome.kind.as_str(), &record.reason(), cause);
    let mut out = format!("{}\n", case.title);
    if let Some(log) = log_path(run, record) {
        out.push_str(&format!("log: {log}\n"));
    }
    for remark in &record.remarks {
        out.push_str(&format!("remark: {}\n", brief(remark)));
    }
    test.set_system_out(&cdata(&out));
    test
}

/// An item that keeps the gate shut though none of its cases does.
fn item_case(item: &ShutItem<'_>) -> TestCase {
    let mut test = TestCase::success(&format!("{} as a whole", one_line(&item.row.item)), Duration::ZERO);
    test.set_classname(&class_name(&item.dut.name, &item.row.item));
    test.result = result(item.gate, item.cell.words(), &item.cell.reasons.join("; "), None);
    test
}

/// A dot of the DUT's name would make a package of its own in most viewers.
fn class_name(dut: &str, item: &str) -> String {
    one_line(&format!("{}.{item}", dut.replace('.', "_"))).into_owned()
}

/// The result that a gate stands for. Where its word is not the outcome's, as for an error, the message begins with the
/// outcome's.
fn result(gate: Gate, outcome: &str, reason: &str, cause: Option<String>) -> TestResult {
    let type_ = outcome.to_owned();
    let message = one_line(reason).into_owned();
    let named = |message: String| format!("{outcome}: {message}");
    match gate {
        Gate::Passed => TestResult::Success,
        Gate::Failed => TestResult::Failure { type_, message, cause },
        Gate::Broken => TestResult::Error { type_, message, cause },
        Gate::Unshown => TestResult::Error { type_, message: named(message), cause },
        Gate::Skipped => TestResult::SkippedWithCause { type_, message: named(message), cause },
    }
}

/// Rounded to milliseconds, which is all that readers of JUnit agree on.
fn milliseconds(us: u64) -> Duration {
    Duration::milliseconds(i64::try_from(us.div_ceil(1_000)).unwrap_or(i64::MAX))
}

/// Text for a CDATA section, whose end mark the writer does not look for: the section is ended
/// within the mark and begun again.
fn cdata(text: &str) -> String {
    visible(text).replace("]]>", "]]]]><![CDATA[>")
}

/// The numbers by which others know the cases of a suite: whose and of which case, and the number. A test case has no
/// properties in the dialect, so they are those of its suite.
fn properties(known: &HashMap<Cow<'_, str>, &CaseHeader>, suite: &TestSuite) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    for test in &suite.testcases {
        for one in known.get(test.name.as_str()).iter().flat_map(|case| &case.refs) {
            let property = (format!("{} {}", one_line(&one.body), test.name), one_line(&one.id).into_owned());
            if !properties.contains(&property) {
                properties.push(property);
            }
        }
    }
    properties
}

fn write_properties(writer: &mut Writer<Vec<u8>>, properties: &[(String, String)]) -> Result<(), JunitError> {
    if properties.is_empty() {
        return Ok(());
    }
    let mut write = |event: Event| writer.write_event(event).map_err(quick_xml::Error::from);
    write(Event::Start(BytesStart::new("properties")))?;
    for (name, value) in properties {
        let mut property = BytesStart::new("property");
        property.push_attribute(("name", name.as_str()));
        property.push_attribute(("value", value.as_str()));
        write(Event::Empty(property))?;
    }
    Ok(write(Event::End(BytesEnd::new("properties")))?)
}

/// Adds what the writer leaves out, the totals, the number of skipped cases of each suite, and its properties;
/// writes times with three digits, where the writer has the rounding of binary fractions; and
/// indents. That the text parses again is the proof of its well-formedness.
fn complete(
    xml: &str,
    totals: &[(&str, String)],
    skipped: &[usize],
    properties: &[Vec<(String, String)>],
) -> Result<String, JunitError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let mut skipped = skipped.iter();
    let mut properties = properties.iter();
    let mut edit = |element: &BytesStart| -> Result<BytesStart<'static>, JunitError> {
        let mut edited = BytesStart::new(element.name().as_ref().to_owned());
        for attribute in element.attributes() {
            let attribute = attribute.map_err(quick_xml::Error::from)?;
            let seconds = match attribute.key.as_ref() {
                "time" => attribute.value.parse::<f64>().ok(),
                _ => None,
            };
            match seconds {
                Some(seconds) => edited.push_attribute(("time", format!("{seconds:.3}").as_str())),
                None => edited.push_attribute(attribute),
            }
        }
        match element.name().as_ref() {
            "testsuites" => {
                for (name, value) in totals {
                    edited.push_attribute((*name, value.as_str()));
                }
            }
            "testsuite" => {
                if let Some(count) = skipped.next() {
                    edited.push_attribute(("skipped", count.to_string().as_str()));
                }
            }
            _ => {}
        }
        Ok(edited)
    };
    loop {
        let event = match reader.read_event()? {
            Event::Eof => break,
            Event::Start(element) => {
                writer.write_event(Event::Start(edit(&element)?)).map_err(quick_xml::Error::from)?;
                if element.name().as_ref() == "testsuite" {
                    write_properties(&mut writer, properties.next().map_or(&[][..], Vec::as_slice))?;
                }
                continue;
            }
            Event::Empty(element) => Event::Empty(edit(&element)?),
            other => other,
        };
        writer.write_event(event).map_err(quick_xml::Error::from)?;
    }
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::OutcomeKind;
    use crate::synthetic;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Element and attributes of every tag in the text, read back.
    fn tags(xml: &str) -> Vec<(String, BTreeMap<String, String>)> {
        let mut reader = Reader::from_str(xml);
        reader.config_mut().check_end_names = true;
        let mut tags = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => return tags,
                Event::Start(e) | Event::Empty(e) => {
                    let attributes = e.attributes().map(|a| {
                        let a = a.unwrap();
                        (
                            a.key.as_ref().to_owned(),
                            a.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned(),
                        )
                    });
                    tags.push((e.name().as_ref().to_owned(), attributes.collect()));
                }
                _ => {}
            }
        }
    }

    /// What the schema of Jenkins allows.
    fn assert_valid(xml: &str) {
        for (element, attributes) in tags(xml) {
            let (required, optional): (&[&str], &[&str]) = match element.as_str() {
                "testsuites" => (&[], &["name", "time", "tests", "failures", "errors"]),
                "testsuite" => (
                    &["name", "tests", "failures", "errors"],
                    &["group", "time", "skipped", "timestamp", "hostname", "id", "package"],
                ),
                "properties" => (&[], &[]),
                "property" => (&["name", "value"], &[]),
                "testcase" => (&["name"], &["time", "classname", "group"]),
                "failure" | "error" | "skipped" => (&[], &["type", "message"]),
                "system-out" => (&[], &[]),
                other => panic!("<{other}> is not in the schema"),
            };
            for name in required {
                assert!(!attributes[*name].is_empty(), "{name} of <{element}> is empty");
            }
            for (name, value) in &attributes {
                assert!(
                    required.contains(&name.as_str()) || optional.contains(&name.as_str()),
                    "{name} of <{element}> is not in the schema"
                );
                if name == "time" {
                    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
                    assert!((whole.to_owned() + part).bytes().all(|o| o.is_ascii_digit()));
                    assert!(part.len() <= 3, "{value} is finer than readers take");
                }
            }
        }
        let legal = |c: char| c == '\n' || c == '\t' || (c >= ' ' && !('\u{FFFE}'..='\u{FFFF}').contains(&c));
        assert!(xml.chars().all(legal));
    }

    fn junit(run: &RunFolder, unshown: Unshown) -> String {
        let matrix = Matrix::new(run, Tables::builtin()).unwrap();
        super::junit(run, &matrix, Tables::builtin(), unshown).unwrap()
    }

    #[test]
    fn a_run_with_every_outcome() {
        let xml = junit(&synthetic::folder(), Unshown::Error);
        assert_valid(&xml);
        insta::assert_snapshot!(xml);
    }

    #[test]
    fn every_item_has_a_suite_and_the_counts_are_the_runs() {
        let run = synthetic::folder();
        let xml = junit(&run, Unshown::Skip);
        let tags = tags(&xml);
        let suites: Vec<_> = tags.iter().filter(|(name, _)| name == "testsuite").collect();
        let names: Vec<&str> = suites.iter().map(|(_, a)| a["name"].as_str()).collect();
        let items: Vec<&str> = Tables::builtin().items().iter().map(|i| i.id.as_str()).collect();
        assert_eq!(names, items);
        assert_eq!(names.len(), 19);
        for (attribute, kinds) in [
            ("tests", &OutcomeKind::ALL[..]),
            ("failures", &[OutcomeKind::Fail]),
            ("errors", &[OutcomeKind::Error]),
            ("skipped", &[OutcomeKind::Inconclusive, OutcomeKind::NotApplicable, OutcomeKind::NotRun]),
        ] {
            let in_xml: usize = suites.iter().map(|(_, a)| a[attribute].parse::<usize>().unwrap()).sum();
            let in_run = run.records.iter().filter(|r| kinds.contains(&r.outcome.kind)).count();
            assert_eq!(in_xml, in_run, "{attribute}");
            if attribute != "skipped" {
                assert_eq!(tags[0].1[attribute], in_run.to_string());
            }
        }
    }

    #[test]
    fn what_no_case_explains_has_a_test_case_and_what_is_skipped_by_choice_none() {
        let mut run = synthetic::folder();
        for record in &mut run.records {
            record.outcome.kind = OutcomeKind::Pass;
        }
        let found = |run: &RunFolder, unshown, name: &str| {
            let xml = junit(run, unshown);
            assert_valid(&xml);
            tags(&xml).iter().any(|(_, attributes)| attributes.get("name").is_some_and(|known| known == name))
        };
        assert!(found(&run, Unshown::Error, "DM_SC-C-009-O as a whole"));
        assert!(!found(&run, Unshown::Skip, "DM_SC-C-009-O as a whole"));
        for record in &mut run.records {
            record.outcome.kind = OutcomeKind::NotApplicable;
        }
        assert!(found(&run, Unshown::Skip, "dmsc"), "nothing that ran is never a pass");
    }

    #[test]
    fn the_numbers_of_others_are_properties_of_the_suite() {
        let mut run = synthetic::folder();
        let number = |body: &str, id: &str| dmsc_scr::Reference { body: body.into(), id: id.into() };
        run.header.cases[0].refs = vec![number("ETCS", "5.2.1"), number("<lab>", "\"7\"")];
        let xml = junit(&run, Unshown::Error);
        assert_valid(&xml);
        let tags = tags(&xml);
        let properties = tags.iter().filter(|(element, _)| element == "property");
        let id = &run.header.cases[0].id;
        let found: Vec<_> = properties.map(|(_, a)| (a["name"].clone(), a["value"].clone())).collect();
        assert_eq!(found, [(format!("ETCS {id}"), "5.2.1".to_owned()), (format!("<lab> {id}"), "\"7\"".to_owned())]);
    }

    #[test]
    fn a_cause_is_told_once() {
        let mut run = synthetic::folder();
        let mut again = run.records[1].clone();
        again.case = 0;
        run.records[0] = again;
        let xml = junit(&run, Unshown::Error);
        assert_eq!(xml.matches("same cause as DM_SC-C-001-M/alert\n").count(), 1, "{xml}");
    }

    #[test]
    fn a_case_of_another_enabler_stands_with_the_item_that_requires_it() {
        let mut run = synthetic::folder();
        run.header.cases[0].item = "SCR-DM-NOTI-C-001".into();
        run.header.cases[1].item = "NOWHERE-C-001".into();
        let xml = junit(&run, Unshown::Skip);
        assert_valid(&xml);
        let tags = tags(&xml);
        let at = tags.iter().position(|(_, a)| a.get("classname").is_some_and(|c| c == "phone.SCR-DM-NOTI-C-001"));
        let suite = tags[..at.unwrap()].iter().rev().find(|(name, _)| name == "testsuite").unwrap();
        assert_eq!(suite.1["name"], "DM_SC-C-001-M");
        assert_eq!(tags.iter().filter(|(name, _)| name == "testsuite").count(), 20);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_valid_report(text: String, mark in "[\\]>&<\"\u{0}-\u{1f}]{0,8}") {
            let mut run = synthetic::folder();
            let text = format!("{mark}{text}{mark}");
            run.header.cases[1].title = text.clone();
            run.header.cases[1].refs = vec![dmsc_scr::Reference { body: text.clone(), id: format!("x{text}") }];
            run.header.duts[0].name = format!("d{text}");
            for record in &mut run.records {
                record.outcome.reason = Some(text.clone());
                record.remarks.push(text.clone());
                record.missed.iter_mut().for_each(|check| check.got.push_str(&text));
            }
            assert_valid(&junit(&run, Unshown::Error));
        }
    }
}
