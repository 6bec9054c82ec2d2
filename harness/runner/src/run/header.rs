//! The first event of a journal: what was run, against what.

use std::collections::BTreeMap;

use dmsc_engine::role::Role;
use dmsc_language::case::{Cases, Head};
use dmsc_language::digest::Digest;
use dmsc_language::dut::{Builtin, Dut, LinkSpec};
use dmsc_language::ixit::Secrets;
use dmsc_report::journal::{self, CaseHeader, DutHeader, RunHeader, Timestamp, VERSION};

use super::RunConfig;

/// The SHA-256 over all cases of a catalogue.
fn catalogue_hash(cases: &Cases<'_>) -> String {
    let mut digest = Digest::default();
    for case in cases.heads() {
        digest.add(&case.name);
        digest.add([0]);
        digest.add(&case.hash);
        digest.add([0]);
    }
    digest.finish()
}

/// The first event of a journal.
pub fn header(config: &RunConfig<'_>, started: Timestamp) -> RunHeader {
    RunHeader {
        journal: VERSION,
        harness: env!("CARGO_PKG_VERSION").into(),
        started,
        seed: config.seed,
        catalogue: catalogue_hash(config.cases),
        selection: config.selection.to_string(),
        strict: config.strict,
        duts: config.duts.iter().map(dut_header).collect(),
        cases: config.cases.heads().map(case_header).collect(),
    }
}

fn dut_header(dut: &Dut) -> DutHeader {
    let answers: BTreeMap<String, bool> =
        dut.ics.answers().iter().map(|(item, yes)| (item.to_string(), *yes)).collect();
    let mut digest = Digest::default();
    answers.iter().for_each(|(item, yes)| digest.add(format!("{item}={yes}\n")));
    dut.ics.features().iter().for_each(|(feature, yes)| digest.add(format!("{feature}={yes}\n")));
    let link = match &dut.link {
        LinkSpec::Builtin(builtin) => format!("in-process ({})", builtin_name(*builtin, dut)),
        LinkSpec::Tcp(_) => "tcp".into(),
        LinkSpec::Device(device) => match &device.bench {
            Some(bench) => format!("{device} (bench: {})", builtin_name(bench.builtin, dut)),
            None => device.to_string(),
        },
    };
    DutHeader {
        name: dut.name.clone(),
        kind: dut.kind.into(),
        link,
        ics: journal::Ics { hash: digest.finish(), answers },
        ixit: dut.ixit.to_json(Secrets::Hidden),
        interpretations: dut.readings().into_map(),
    }
}

fn builtin_name(builtin: Builtin, dut: &Dut) -> String {
    if dut.faults.is_empty() {
        return builtin.as_str().to_owned();
    }
    let faults: Vec<&str> = dut.faults.iter().map(|fault| fault.id.as_str()).collect();
    format!("{} with faults {}", builtin.as_str(), faults.join(", "))
}

fn case_header(case: &Head) -> CaseHeader {
    CaseHeader {
        id: case.name.to_string(),
        title: case.title.to_string(),
        purpose: case.purpose.to_string(),
        item: case.item.to_string(),
        covers: case.covers.iter().map(ToString::to_string).collect(),
        spec: case.spec.clone(),
        refs: case.refs.clone(),
        role: match case.role {
            Role::Card => journal::Role::Card,
            Role::Terminal => journal::Role::Terminal,
        },
        file: case.file.to_string(),
        hash: case.hash.to_string(),
    }
}
