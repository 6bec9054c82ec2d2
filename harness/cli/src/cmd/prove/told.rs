//! A proof as a person reads it.

use std::collections::BTreeMap;

use dmsc_runner::prove::{Judged, Proof, Unclean};

use crate::layout::{Cell, Table};
use crate::terminal::{BOLD, ERROR, GOOD, Terminal, Verbosity, WARNING, paint};

/// The whole of it: tables, then what is wrong, then whether it holds.
pub(super) fn proof(proof: &Proof, terminal: &Terminal) -> String {
    let mut text = faults(proof, terminal) + &variants(proof, terminal);
    let wrong = paint(terminal.color, ERROR, "wrong:");
    for Unclean { case, verdict, reason } in &proof.unclean {
        text.push_str(&format!("{wrong} {case} is {verdict} against the clean reference: {reason}\n"));
    }
    for fault in &proof.faults {
        for error in &fault.errors {
            text.push_str(&format!("{wrong} fault {} breaks the harness in {error}\n", fault.fault));
        }
        if fault.caught_by.is_empty() {
            text.push_str(&format!(
                "{wrong} fault {} is not caught ({}); {} cases were inconclusive\n",
                fault.fault, fault.what, fault.inconclusive
            ));
        }
    }
    for case in &proof.never_failed {
        text.push_str(&format!("{wrong} no fault makes {case} fail\n"));
    }
    for case in &proof.never_passed {
        text.push_str(&format!("{wrong} no variant without the item passes {case}\n"));
    }
    for variant in proof.variants.iter().filter(|variant| !variant.is_right()) {
        text.push_str(&misjudged(variant, &wrong, terminal));
    }
    text + &by_case(proof, terminal) + &summary(proof, terminal)
}

fn faults(proof: &Proof, terminal: &Terminal) -> String {
    let mut table = Table::new(["side", "fault", "caught by"]);
    for fault in &proof.faults {
        let by = match fault.caught_by.as_slice() {
            [] => Cell::new(ERROR, "no case"),
            all => shortened(all, terminal.verbosity).into(),
        };
        table.row([fault.side.as_str().into(), Cell::new(BOLD, fault.fault.as_str()), by]);
    }
    rendered(&table, terminal)
}

fn variants(proof: &Proof, terminal: &Terminal) -> String {
    let mut table = Table::new(["side", "variant", "passes", "inconclusive", "wrong"]);
    for variant in &proof.variants {
        let number = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
        let open = number(variant.open.len().saturating_add(variant.allowed.len())).to_string();
        let wrong = match variant.wrong.len() {
            0 if variant.is_right() => "-".into(),
            0 => Cell::new(WARNING, "items"),
            count => Cell::new(ERROR, count.to_string()),
        };
        let name = Cell::new(BOLD, variant.variant.as_str());
        table.row([variant.side.as_str().into(), name, variant.passed.to_string().into(), open.into(), wrong]);
    }
    rendered(&table, terminal)
}

fn rendered<const N: usize>(table: &Table<N>, terminal: &Terminal) -> String {
    if table.is_empty() { String::new() } else { table.render(terminal) + "\n" }
}

/// What is wrong about how a variant was judged.
fn misjudged(variant: &Judged, wrong: &str, terminal: &Terminal) -> String {
    let Judged { variant: id, what, clause, .. } = variant;
    let mut text = format!("{wrong} variant {id} conforms ({clause}): {what}\n");
    let mut case = |one: &Unclean| text.push_str(&format!("  {} is {}: {}\n", one.case, one.verdict, one.reason));
    variant.wrong.iter().for_each(&mut case);
    if !variant.items.is_empty() || terminal.verbosity >= Verbosity::Verbose {
        variant.open.iter().for_each(&mut case);
    }
    for item in &variant.items {
        text.push_str(&format!("  {item}\n"));
    }
    for pattern in &variant.needless {
        text.push_str(&format!("  {pattern} may be inconclusive by its entry, and is not: take it out\n"));
    }
    text
}

/// The cases that misjudge variants, with how many each does.
fn by_case(proof: &Proof, terminal: &Terminal) -> String {
    let mut cases: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for variant in proof.variants.iter().filter(|variant| !variant.is_right()) {
        for one in &variant.wrong {
            cases.entry(&one.case).or_default().0 += 1;
        }
        for one in variant.open.iter().filter(|_| !variant.items.is_empty()) {
            cases.entry(&one.case).or_default().1 += 1;
        }
    }
    let mut table = Table::new(["case that misjudges variants", "fails", "left open"]);
    for (case, (wrong, open)) in cases {
        table.row([Cell::new(BOLD, case), wrong.to_string().into(), open.to_string().into()]);
    }
    if table.is_empty() { String::new() } else { "\n".to_owned() + &rendered(&table, terminal) }
}

fn summary(proof: &Proof, terminal: &Terminal) -> String {
    let caught = proof.faults.iter().filter(|fault| !fault.caught_by.is_empty()).count();
    let right = proof.variants.iter().filter(|variant| variant.is_right()).count();
    let nothing = proof.faults.is_empty() && proof.variants.is_empty();
    let verdict = match (nothing, proof.holds()) {
        (true, _) => paint(terminal.color, ERROR, "there are no faults and no variants, so nothing is proven"),
        (false, true) => paint(terminal.color, GOOD, "the proof holds"),
        (false, false) => paint(terminal.color, ERROR, "the proof does not hold"),
    };
    let faults = format!("{caught} of {} faults caught", proof.faults.len());
    let variants = format!("{right} of {} variants judged rightly", proof.variants.len());
    format!("{faults}, {variants}, {} cases: {verdict}\n", proof.cases)
}

/// The first few names, and how many more there are; all of them with -v.
fn shortened(names: &[String], verbosity: Verbosity) -> String {
    const SHOWN: usize = 3;
    match names.split_at_checked(SHOWN) {
        Some((shown, more)) if !more.is_empty() && verbosity < Verbosity::Verbose => {
            format!("{} and {} more", shown.join(", "), more.len())
        }
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_shortened_unless_asked_for() {
        let names = |count: usize| (0..count).map(|number| format!("c{number}")).collect::<Vec<_>>();
        assert_eq!(shortened(&names(3), Verbosity::Normal), "c0, c1, c2");
        assert_eq!(shortened(&names(5), Verbosity::Normal), "c0, c1, c2 and 2 more");
        assert_eq!(shortened(&names(5), Verbosity::Verbose), "c0, c1, c2, c3, c4");
    }
}
