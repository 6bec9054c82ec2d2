//! JUnit XML: one suite for each SCR item, one test case for each case and DUT.
//!
//! The dialect is that of the Jenkins xUnit schema (`junit-10.xsd`): `file` is not an attribute of
//! a test case there, `skipped` is one of a suite, and times have no unit but seconds.

use std::collections::HashMap;

use dmsc_scr::Tables;
use junit_report::{Duration, Report, TestCase, TestResult, TestSuite};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer};

use crate::evidence::check_text;
use crate::folder::{Record, RunFolder};
use crate::journal::OutcomeKind;
use crate::log::log_path;
use crate::text::{one_line, visible};

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
/// A pass is a success, a fail a failure and an error an error. Inconclusive, not applicable and
/// not run are skipped, with the reason: JUnit has no word for them, and none may read as a pass.
pub fn junit(run: &RunFolder, tables: &Tables) -> Result<String, JunitError> {
    let mut suites: Vec<TestSuite> =
        tables.items().iter().map(|item| suite(run, item.id.as_str(), &item.function)).collect();
    let mut by_item = homes(tables);
    for record in &run.records {
        let item = &run.case(record).item;
        // An item of no table is refused when cases are loaded; a record that has one nonetheless
        // must not vanish.
        let at = *by_item.entry(item.clone()).or_insert_with(|| {
            suites.push(suite(run, item, "item of no table"));
            suites.len() - 1
        });
        suites[at].add_testcase(test_case(run, record));
    }
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
    complete(&String::from_utf8_lossy(&xml), &totals, &skipped)
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

fn test_case(run: &RunFolder, record: &Record) -> TestCase {
    let case = run.case(record);
    let mut test = TestCase::success(&one_line(&case.id), milliseconds(record.duration_us));
    // A dot would make a package of its own in most viewers.
    let dut = run.dut(record).name.replace('.', "_");
    test.set_classname(&one_line(&format!("{dut}.{}", case.item)));

    let message = one_line(&record.reason()).into_owned();
    let evidence: String =
        record.checks().filter(|check| Some(check.verdict) == record.outcome.kind.verdict()).map(check_text).collect();
    let cause = (!evidence.is_empty()).then(|| cdata(&evidence));
    let kind = record.outcome.kind;
    let type_ = kind.as_str().to_owned();
    test.result = match kind {
        OutcomeKind::Pass => TestResult::Success,
        OutcomeKind::Fail => TestResult::Failure { type_, message, cause },
        OutcomeKind::Error => TestResult::Error { type_, message, cause },
        OutcomeKind::Inconclusive | OutcomeKind::NotApplicable | OutcomeKind::NotRun => {
            TestResult::SkippedWithCause { message: format!("{type_}: {message}"), type_, cause }
        }
    };
    let mut out = format!("{}\nlog: {}\n", case.title, log_path(run, record));
    for remark in &record.remarks {
        out.push_str(&format!("remark: {remark}\n"));
    }
    test.set_system_out(&cdata(&out));
    test
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

/// Adds what the writer leaves out, the totals and the number of skipped cases of each suite;
/// writes times with three digits, where the writer has the rounding of binary fractions; and
/// indents. That the text parses again is the proof of its well-formedness.
fn complete(xml: &str, totals: &[(&str, String)], skipped: &[usize]) -> Result<String, JunitError> {
    let mut reader = Reader::from_str(xml);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let mut skipped = skipped.iter();
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
            Event::Start(element) => Event::Start(edit(&element)?),
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

    #[test]
    fn a_run_with_every_outcome() {
        let xml = junit(&synthetic::folder(), Tables::builtin()).unwrap();
        assert_valid(&xml);
        insta::assert_snapshot!(xml);
    }

    #[test]
    fn every_item_has_a_suite_and_the_counts_are_the_runs() {
        let run = synthetic::folder();
        let xml = junit(&run, Tables::builtin()).unwrap();
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
    fn a_case_of_another_enabler_stands_with_the_item_that_requires_it() {
        let mut run = synthetic::folder();
        run.header.cases[0].item = "SCR-DM-NOTI-C-001".into();
        run.header.cases[1].item = "NOWHERE-C-001".into();
        let xml = junit(&run, Tables::builtin()).unwrap();
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
            run.header.duts[0].name = format!("d{text}");
            for record in &mut run.records {
                record.outcome.reason = Some(text.clone());
                record.remarks.push(text.clone());
                for entry in &mut record.entries {
                    if let crate::folder::Entry::Check(check) = entry {
                        check.got.push_str(&text);
                    }
                }
            }
            assert_valid(&junit(&run, Tables::builtin()).unwrap());
        }
    }
}
