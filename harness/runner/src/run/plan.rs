//! Which cases a run has, and which of them run.

use dmsc_language::case::{Case, Cases, Head};
use dmsc_language::dut::Dut;
use dmsc_scr::{NotRun, Outcome, Tables, Verdict};

use super::RunConfig;
use crate::select;

/// A case and a DUT.
#[derive(Clone, Debug)]
pub(crate) struct Planned<'a> {
    /// The DUT.
    pub dut: &'a Dut,
    /// What is known of the case.
    pub head: &'a Head,
    /// The case, where it is to run; else the outcome it has without running.
    pub case: Result<&'a Case, Outcome>,
}

/// Every case of each DUT's role, with the decision whether it runs. Of those that were not chosen no file is read.
pub(crate) fn plan<'a>(config: &RunConfig<'a>, tables: &Tables) -> Vec<Planned<'a>> {
    let (cases, selection) = (config.cases, &config.selection);
    let of_dut = |dut: &'a Dut| {
        let ours = ours(cases, dut).enumerate();
        ours.map(move |(index, (place, head))| (dut, place, head, selection.leaves_out(head, dut, index)))
    };
    let all: Vec<_> = config.duts.iter().flat_map(of_dut).collect();
    cases.read(all.iter().filter(|(_, _, _, left_out)| left_out.is_none()).map(|(_, place, _, _)| *place));
    let decided = all.into_iter().map(|(dut, place, head, left_out)| {
        let case = match left_out {
            Some(by) => Err(Outcome::NotRun(NotRun::NotSelected(by))),
            None => match cases.case(place) {
                Some(case) => select::without_running(case, dut, config.person_at(dut), tables).map_or(Ok(case), Err),
                // The index is held against the files; were a case missing all the same, it is not to vanish.
                None => Err(Outcome::Verdict(Verdict::Error)),
            },
        };
        Planned { dut, head, case }
    });
    decided.collect()
}

/// The cases that concern a DUT, with their places among all.
pub(crate) fn ours<'a>(cases: &'a Cases<'_>, dut: &'a Dut) -> impl Iterator<Item = (usize, &'a Head)> {
    cases.heads().enumerate().filter(|(_, head)| head.role == dut.role() && concerns(head, dut))
}

/// Whether the item of a case is one the DUT is asked for at all.
fn concerns(head: &Head, dut: &Dut) -> bool {
    !head.item.is_dm_sc() || dut.kind.classes().contains(&head.item.class())
}

#[cfg(test)]
mod tests {
    use dmsc_language::bundle::Bundle;
    use dmsc_language::case::Library;

    use super::*;
    use crate::select::{CaseName, Selection};

    #[test]
    fn files_are_read_of_cases_that_were_chosen() {
        let bundle = Bundle::builtin_as_checked();
        let library = Library::new(bundle.clone());
        let duts = ["reference-card", "reference-terminal"].map(|name| Dut::from_bundle(&bundle, name, &[]).unwrap());
        let planned = |cases: &Cases<'_>, selection: Selection| {
            let config = RunConfig {
                duts: &duts,
                cases,
                bundle: &bundle,
                selection,
                seed: 0,
                strict: false,
                person: false,
                out: None,
                resume: false,
                all: false,
                stop_after: None,
                jobs: None,
            };
            let plan = plan(&config, Tables::builtin());
            plan.into_iter().map(|one| (one.head.name.clone(), one.case.err())).collect::<Vec<_>>()
        };
        let one = || Selection { cases: vec![CaseName::new("C-001-M/session-id")], ..Selection::default() };
        let (cases, whole) = (library.cases().unwrap(), library.load().unwrap());
        let plan = planned(&cases, one());
        assert!(plan.iter().any(|(_, skipped)| skipped.is_none()) && plan.len() > 600);
        assert_eq!(cases.files_read().map(|(files, _)| files), Some(1));
        // What is read later or at once is decided alike.
        assert_eq!(plan, planned(&Cases::from(&whole[..]), one()));
        assert_eq!(planned(&cases, Selection::default()), planned(&Cases::from(&whole[..]), Selection::default()));
    }
}
