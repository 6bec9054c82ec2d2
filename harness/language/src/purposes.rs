//! The test purposes of a bundle.

use dmsc_doc::{Problems, Source};
use dmsc_scr::{Purposes, Tables};

use crate::bundle::Bundle;
use crate::case::Case;

/// The folder of the files.
const PURPOSES: &str = "fixtures/scr/purposes/";

/// Every test purpose of a bundle, held against its cases.
///
/// # Errors
/// All that is wrong, file by file.
pub fn load(bundle: &Bundle, cases: &[Case]) -> Result<Purposes, Vec<Problems>> {
    let files = bundle.under(PURPOSES).filter(|(path, _)| path.ends_with(".yaml"));
    let sources: Vec<Source> = files.map(|(path, text)| Source::new(bundle.shown(path), text)).collect();
    let cases: Vec<_> = cases.iter().map(Case::coverage).collect();
    Purposes::read(&sources, Tables::builtin(), &cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Library;

    #[test]
    fn the_purposes_are_those_of_the_cases() {
        let bundle = Bundle::builtin();
        let cases = Library::new(bundle.clone()).load().unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        let purposes = load(&bundle, &cases).unwrap_or_else(|wrong| panic!("{}", wrong[0]));
        assert!(purposes.all().len() >= 594, "{}", purposes.all().len());
        let items = Tables::builtin().items();
        let without: Vec<_> =
            items.iter().filter(|item| !purposes.all().iter().any(|one| one.item == item.id)).collect();
        assert!(without.is_empty(), "{without:?}");
    }
}
