//! Coverage as a text for a person.

use std::fmt;

use super::{Coverage, Covered, Unknown};

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        section(f, "items", &self.items, true)?;
        section(f, "clauses", &self.clauses, false)?;
        section(f, "requirements", &self.requirements, false)?;
        if !self.fields.is_empty() {
            let count = |does: fn(&super::FieldUse) -> usize| self.fields.iter().filter(|one| does(one) > 0).count();
            writeln!(f, "fields of messages: {}", self.fields.len())?;
            writeln!(f, "  {:<22} {}", "sent", count(|one| one.sent))?;
            writeln!(f, "  {:<22} {}", "received", count(|one| one.received))?;
            writeln!(f, "  {:<22} {}", "asserted", count(|one| one.asserted))?;
            writeln!(f, "  {:<22} {}\n", "mutated", count(|one| one.mutated))?;
        }
        if !self.unknown.is_empty() {
            writeln!(f, "names that the tables do not have")?;
        }
        for Unknown { case, name, nearest } in &self.unknown {
            match nearest {
                Some(nearest) => writeln!(f, "  {name}  in {case}; did you mean {nearest}?")?,
                None => writeln!(f, "  {name}  in {case}")?,
            }
        }
        Ok(())
    }
}

/// One kind of entry: how many have cases, then each with its count, and with those of its aims where `aims` asks for them.
fn section<I: fmt::Display>(f: &mut fmt::Formatter<'_>, title: &str, all: &[Covered<I>], aims: bool) -> fmt::Result {
    let expected = all.iter().filter(|entry| entry.expected);
    let (with, without): (Vec<_>, Vec<_>) = expected.partition(|entry| !entry.cases.is_empty());
    writeln!(f, "{title}: {} of {} have cases", with.len(), with.len() + without.len())?;
    for entry in all {
        let note = match (entry.cases.len(), entry.expected, &entry.untested) {
            (0, true, None) => "no case".to_owned(),
            (0, _, Some(why)) => format!("no case: {why}"),
            (0, false, None) => "no case, none expected".to_owned(),
            (1, ..) if !aims => "1 case".to_owned(),
            (count, ..) if !aims => format!("{count} cases"),
            (1, ..) => format!("1 case: {}", entry.aims),
            (count, ..) => format!("{count} cases: {}", entry.aims),
        };
        writeln!(f, "  {:<22} {note}", entry.id)?;
    }
    writeln!(f)
}
