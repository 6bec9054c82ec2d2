//! The name by which a person chooses cases.

use std::fmt;

use dmsc_language::case::Head;
use dmsc_octets::glob;

/// What every name of a DM_SC case begins with, and may be left out.
const STEM: &str = "DM_SC-";

/// The name by which a person chooses cases: that of one, `DM_SC-C-001-M/session-id[encoding=xml]`; without the values
/// in brackets, then all instances of that file; or a pattern in which `*` is any text. `DM_SC-` can be left out, and
/// upper and lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseName(String);

impl CaseName {
    /// A name or pattern.
    pub fn new(text: impl Into<String>) -> CaseName {
        CaseName(text.into())
    }

    /// As the person wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names the case.
    pub fn is_of(&self, case: &Head) -> bool {
        self.fits(&case.id) || case.has_parameters() && self.fits(&case.name)
    }

    /// The same of a case of which no more is known than its name, values in brackets included.
    pub fn is_of_named(&self, name: &str) -> bool {
        self.fits(name) || name.split_once('[').is_some_and(|(id, _)| self.fits(id))
    }

    fn fits(&self, name: &str) -> bool {
        glob(&self.0, name) || name.strip_prefix(STEM).is_some_and(|stem| glob(&self.0, stem))
    }

    /// What the person may have meant, when it names none of these cases: a pattern for those that begin so, or whose file
    /// is called so, or the name that is nearest.
    pub fn nearest<'n>(&self, names: impl Iterator<Item = &'n str> + Clone) -> Option<String> {
        let patterns = [format!("{}*", self.0), format!("*/{}", self.0), format!("*/{}*", self.0)].map(CaseName);
        let is_pattern = self.0.is_empty() || self.0.contains('*');
        let mut patterns = patterns.into_iter().filter(|_| !is_pattern);
        if let Some(pattern) = patterns.find(|pattern| names.clone().any(|name| pattern.is_of_named(name))) {
            return Some(pattern.0);
        }
        let ids = names.clone().filter_map(|name| name.split_once('[')).map(|(id, _)| id);
        let all = names.chain(ids).flat_map(|name| [Some(name), name.strip_prefix(STEM)]).flatten();
        dmsc_doc::nearest(&self.0, all).map(str::to_owned)
    }
}

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use dmsc_language::case::{Case, Library};

    use super::*;

    /// The names of the built-in cases that a text chooses.
    fn chosen(text: &str) -> Vec<String> {
        let name = CaseName::new(text);
        cases().iter().filter(|case| name.is_of(case)).map(Case::name).collect()
    }

    fn cases() -> Vec<Case> {
        Library::builtin().load().unwrap()
    }

    #[test]
    fn a_name_is_that_of_one_case_and_not_of_those_that_begin_so() {
        let all = cases();
        let longer = all.iter().find_map(|case| {
            all.iter()
                .find(|short| short.id != case.id && case.id.starts_with(short.id.as_str()))
                .map(|short| (short, case))
        });
        let (short, long) = longer.expect("the name of a case begins another's");
        let names = chosen(&short.id);
        assert!(names.contains(&short.name()) && !names.contains(&long.name()));
        assert!(chosen(&format!("{}*", short.id)).contains(&long.name()));
    }

    #[test]
    fn instances_are_named_one_by_one_or_all_at_once() {
        let all = cases();
        let one = all.iter().find(|case| !case.instance.is_empty()).expect("a case has parameters");
        assert_eq!(chosen(&one.name()), [one.name()]);
        let stem = one.name().trim_start_matches(STEM).to_ascii_lowercase();
        assert_eq!(chosen(&stem), [one.name()]);
        assert!(
            CaseName::new(stem).is_of_named(&one.name()) && CaseName::new(one.id.as_str()).is_of_named(&one.name())
        );
        let of_file: Vec<String> = all.iter().filter(|case| case.id == one.id).map(Case::name).collect();
        assert!(of_file.len() > 1);
        assert_eq!(chosen(&one.id), of_file);
    }

    #[test]
    fn what_names_none_has_a_proposal() {
        let names: Vec<String> = cases().iter().map(Case::name).collect();
        let near = |text: &str| CaseName::new(text).nearest(names.iter().map(String::as_str));
        let one = &cases()[0];
        let (folder, file) = one.id.split_once('/').unwrap();
        assert_eq!(near(folder), Some(format!("{folder}*")));
        assert!(chosen(folder).is_empty());
        assert_eq!(near(file), Some(format!("*/{file}")));
        let typo = format!("{}/{}x", folder.trim_start_matches(STEM), file);
        assert_eq!(near(&typo), Some(one.id.trim_start_matches(STEM).to_owned()));
        assert_eq!((near("zzzz"), near(""), near("***x")), (None, None, None));
    }
}
