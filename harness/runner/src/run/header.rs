//! The first event of a journal: what was run, against what.

use std::collections::BTreeMap;

use dmsc_engine::role::Role;
use dmsc_language::case::{Cases, Head};
use dmsc_language::digest::Digest;
use dmsc_language::dut::{Builtin, Dut, LinkSpec};
use dmsc_language::ixit::Secrets;
use dmsc_report::journal::{self, CaseHeader, DutHeader, RunHeader, Timestamp, VERSION};

use super::RunConfig;
use crate::redact::Redactor;

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
    let redactor = Redactor::of_head(dut);
    let mut link = match &dut.link {
        LinkSpec::Builtin(builtin) => format!("in-process ({})", builtin_name(*builtin, dut)),
        LinkSpec::Tcp(_) => "tcp".into(),
        LinkSpec::Device(device) => match &device.bench {
            Some(bench) => format!("{device} (bench: {})", builtin_name(bench.builtin, dut)),
            None => device.to_string(),
        },
    };
    redactor.text(&mut link);
    // A secret may stand in another value, such as the password in an address.
    let mut ixit = dut.ixit.to_json(Secrets::Hidden);
    redactor.values(&mut ixit);
    DutHeader {
        name: dut.name.clone(),
        kind: dut.kind.into(),
        link,
        ics: journal::Ics { hash: digest.finish(), answers },
        ixit,
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

#[cfg(test)]
mod tests {
    use dmsc_language::bundle::Bundle;

    use super::*;
    use crate::redact::hide_in_name;

    fn with_secrets(shown: bool) -> Dut {
        let mut dut = Dut::from_bundle(&Bundle::builtin(), "reference-terminal", &[]).unwrap();
        dut.link = LinkSpec::Tcp(Box::default());
        dut.name = "handset of Zq7pKw4T_hunter2-Xy".into();
        dut.ixit.account.client_secret = "Zq7pKw4T_hunter2-Xy".into();
        // A secret that is the name of a value, too.
        dut.ixit.account.server_secret = "server_id".into();
        dut.ixit.account.address = "http://u:Zq7pKw4T_hunter2-Xy@{host}:{port}/".into();
        dut.shows_secrets = shown;
        hide_in_name(&mut dut);
        dut
    }

    #[test]
    fn a_secret_inside_another_value_is_not_in_the_header() {
        let header = dut_header(&with_secrets(false));
        assert_eq!(header.name, "handset of (secret)");
        assert_eq!(header.ixit["address"], "http://u:(secret)@{host}:{port}/");
        assert_eq!(header.ixit["server_id"], "dmsc.example.com");
        // A run is known by it, whether or not it is taken up with --show-secrets.
        assert_eq!(header, dut_header(&with_secrets(true)));
    }

    #[test]
    fn what_is_published_with_a_reference_dut_stays() {
        let mut dut = with_secrets(false);
        dut.link = LinkSpec::Builtin(Builtin::Terminal);
        assert_eq!(dut_header(&dut).ixit["address"], "http://u:Zq7pKw4T_hunter2-Xy@{host}:{port}/");
    }
}
