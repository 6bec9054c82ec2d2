//! The cases of a catalogue: the heads of all, and each whole once it is asked for.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use dmsc_doc::Problems;

use super::includes::Includes;
use super::read::{self, Found};
use super::{Case, Head, index, numbers};
use crate::bundle::Bundle;

/// The cases of a catalogue, by name of item and file: the heads of all, and each whole once it is asked for.
#[derive(Debug)]
pub struct Cases<'a>(Store<'a>);

#[derive(Debug)]
enum Store<'a> {
    /// All of them whole.
    Read(Cow<'a, [Case]>),
    Filed(Box<Filed>),
}

/// Cases whose files are read one by one.
#[derive(Debug)]
struct Filed {
    bundle: Bundle,
    includes: Includes,
    heads: Vec<Head>,
    files: Vec<File>,
    /// For each head its file, and which of the instances of that it is.
    places: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct File {
    path: String,
    /// Which of the heads is the first of its instances.
    first: usize,
    cases: OnceLock<Vec<Case>>,
}

impl<'a> From<&'a [Case]> for Cases<'a> {
    fn from(cases: &'a [Case]) -> Cases<'a> {
        Cases(Store::Read(Cow::Borrowed(cases)))
    }
}

impl From<Vec<Case>> for Cases<'_> {
    fn from(cases: Vec<Case>) -> Self {
        Cases(Store::Read(Cow::Owned(cases)))
    }
}

impl Cases<'_> {
    /// The cases of a bundle.
    ///
    /// # Errors
    /// All that is wrong, file by file.
    pub(super) fn of(bundle: &Bundle) -> Result<Cases<'static>, Vec<Problems>> {
        Ok(Cases(if bundle.is_sound() {
            Store::Filed(Box::new(Filed::of(bundle)?))
        } else {
            Store::Read(Cow::Owned(read::load(bundle)?))
        }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Store::Read(cases) => cases.len(),
            Store::Filed(filed) => filed.heads.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of each without its steps.
    pub fn heads(&self) -> impl Iterator<Item = &Head> + Clone {
        (0..self.len()).filter_map(|place| self.head(place))
    }

    /// What is known of the one at this place, counted from 0.
    pub fn head(&self, place: usize) -> Option<&Head> {
        match &self.0 {
            Store::Read(cases) => cases.get(place).map(|case| &case.head),
            Store::Filed(filed) => filed.heads.get(place),
        }
    }

    /// The one at this place, counted from 0; its file is read if it was not.
    pub fn case(&self, place: usize) -> Option<&Case> {
        match &self.0 {
            Store::Read(cases) => cases.get(place),
            Store::Filed(filed) => filed.case(place),
        }
    }

    /// Reads the files of those at these places, on all cores where there are many.
    pub fn read(&self, places: impl IntoIterator<Item = usize>) {
        if let Store::Filed(filed) = &self.0 {
            filed.read(places);
        }
    }

    /// How many files of cases, and how many includes, were read so far; none where all cases were there whole.
    pub fn files_read(&self) -> Option<(usize, usize)> {
        match &self.0 {
            Store::Read(_) => None,
            Store::Filed(filed) => {
                let read = filed.files.iter().filter(|file| file.cases.get().is_some());
                Some((read.count(), filed.includes.count_read()))
            }
        }
    }
}

impl Filed {
    /// The cases that are embedded. Of files that were changed since the index was written there is no head yet: they
    /// are read.
    fn of(bundle: &Bundle) -> Result<Filed, Vec<Problems>> {
        let includes = Includes::of(bundle);
        let mut found = Found::default();
        let paths = read::case_files(bundle);
        let unknown: Vec<_> = paths.iter().filter(|(path, _)| index::lines(path).is_none()).copied().collect();
        let mut read = read::files(bundle, &includes, &unknown, &mut found).into_iter();
        let known = paths.iter().filter_map(|(path, _)| index::lines(path)).map(|(_, lines)| lines.len());
        let (mut heads, mut places) = (Vec::with_capacity(known.sum()), Vec::new());
        let mut files = Vec::with_capacity(paths.len());
        for (path, _) in &paths {
            let (first, number) = (heads.len(), files.len());
            let cases = match index::lines(path) {
                Some((path, lines)) => {
                    heads.extend(lines.iter().filter_map(|line| line.head(path)));
                    OnceLock::new()
                }
                None => {
                    let cases = read.next().unwrap_or_default();
                    heads.extend(cases.iter().map(|case| case.head.clone()));
                    cases.into()
                }
            };
            places.extend((0..heads.len().saturating_sub(first)).map(|instance| (number, instance)));
            files.push(File { path: (*path).to_owned(), first, cases });
        }
        numbers::put_on(bundle, heads.iter_mut(), &mut found);
        for file in &mut files {
            let own = heads.iter().skip(file.first);
            let cases = file.cases.get_mut().into_iter().flatten();
            cases.zip(own).for_each(|(case, head)| case.head.clone_from(head));
        }
        let bundle = bundle.clone();
        found.none_or(Filed { bundle, includes, heads, files, places })
    }

    fn case(&self, place: usize) -> Option<&Case> {
        let (file, instance) = *self.places.get(place)?;
        let file = self.files.get(file)?;
        let cases = file.cases.get_or_init(|| self.parsed(&[file]).into_iter().next().unwrap_or_default());
        cases.get(instance)
    }

    fn read(&self, places: impl IntoIterator<Item = usize>) {
        let wanted: BTreeSet<usize> = places.into_iter().filter_map(|place| Some(self.places.get(place)?.0)).collect();
        let wanted = wanted.into_iter().filter_map(|file| self.files.get(file));
        let wanted: Vec<&File> = wanted.filter(|file| file.cases.get().is_none()).collect();
        for (file, cases) in wanted.iter().zip(self.parsed(&wanted)) {
            // Another thread may have been first, with the same.
            let _ = file.cases.set(cases);
        }
    }

    /// The instances of each of these files.
    fn parsed(&self, files: &[&File]) -> Vec<Vec<Case>> {
        let texts = files.iter().filter_map(|file| Some((file.path.as_str(), self.bundle.text(&file.path)?)));
        let mut found = Found::default();
        let mut all = read::files(&self.bundle, &self.includes, &texts.collect::<Vec<_>>(), &mut found);
        for (file, cases) in files.iter().zip(&mut all) {
            let own = self.heads.get(file.first..).unwrap_or_default();
            let alike = cases.iter_mut().zip(own).all(|(case, head)| {
                let alike = case.head.name == head.name;
                case.head.clone_from(head);
                alike
            });
            if !alike || !found.is_empty() {
                unreachable!("a test holds the index against the cases: {}", file.path);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{CASES, INCLUDES};

    fn embedded() -> Cases<'static> {
        Cases::of(&Bundle::builtin_as_checked()).unwrap_or_else(|wrong| panic!("{}", wrong[0]))
    }

    #[test]
    fn no_file_is_read_before_a_case_of_it_is_asked_for() {
        let cases = embedded();
        assert!(cases.len() > 600 && cases.heads().count() == cases.len());
        assert_eq!(cases.files_read(), Some((0, 0)), "a file is not in the index; UPDATE_GOLDEN=1 writes it");

        let place = cases.heads().position(|head| head.has_parameters()).unwrap();
        let case = cases.case(place).unwrap();
        assert_eq!(&case.head, cases.head(place).unwrap());
        let text = Bundle::builtin().text(&format!("{CASES}{}.yaml", case.id)).unwrap().to_owned();
        let direct = text.matches("include: ").count();
        let (files, includes) = cases.files_read().unwrap();
        assert_eq!(files, 1);
        assert!((direct > 0) == (includes > 0) && includes < 14, "{includes} includes for {direct} uses");
        cases.case(place + 1).unwrap();
        assert_eq!(cases.files_read().unwrap().0, 1, "the next instance is of the same file");
        assert!(cases.case(cases.len()).is_none());
    }

    #[test]
    fn cases_read_one_by_one_are_those_read_all_at_once() {
        let all = read::load(&Bundle::builtin_as_checked()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let cases = embedded();
        cases.read([0, cases.len() - 1, cases.len()]);
        assert_eq!(cases.files_read().unwrap().0, 2);
        cases.read(0..cases.len());
        assert_eq!(cases.len(), all.len());
        for (place, one) in all.iter().enumerate() {
            assert_eq!(cases.case(place), Some(one));
        }
        let bundle = Bundle::builtin();
        let files = bundle.under(CASES).filter(|(path, _)| !path.starts_with(INCLUDES));
        assert_eq!(cases.files_read().unwrap().0, files.count());
    }

    #[test]
    fn numbers_beside_the_cases_are_on_the_heads_and_on_the_cases() {
        let folder = std::env::temp_dir().join(format!("dmsc-numbers-{}", std::process::id()));
        let name = embedded().head(0).unwrap().name.clone();
        std::fs::write(&folder, format!("[{{ case: \"{name}\", refs: [{{ body: Lab, id: 7 }}] }}]")).unwrap();
        let bundle = Bundle::builtin_as_checked().with_refs(&folder);
        std::fs::remove_file(&folder).unwrap();
        let cases = Cases::of(&bundle.unwrap()).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        assert_eq!(cases.files_read(), Some((0, 0)));
        assert_eq!(cases.head(0).unwrap().refs.last().unwrap().to_string(), "Lab 7");
        assert_eq!(cases.case(0).unwrap().refs, cases.head(0).unwrap().refs);
    }
}
