//! XML is well-formed for this crate where it is for expat: on every document of the corpus, with expat's recorded
//! verdict. `corpus/wellformed.py` asks expat itself.

use std::collections::{BTreeMap, BTreeSet};

use dmsc_dm::xml::{self, DecodeError, Rule};

const DOCUMENTS: &str = include_str!("../corpus/xml/documents.tsv");

/// The octets of a document as the corpus writes them: `\n`, `\r`, `\t`, `\\`, `\xHH`, and ASCII for itself.
fn octets(written: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = written.chars();
    while let Some(character) = rest.next() {
        octets.push(match character {
            '\\' => match rest.next()? {
                'n' => b'\n',
                'r' => b'\r',
                't' => b'\t',
                '\\' => b'\\',
                'x' => u8::from_str_radix(&rest.by_ref().take(2).collect::<String>(), 16).ok()?,
                _ => return None,
            },
            other => u8::try_from(other).ok()?,
        });
    }
    Some(octets)
}

#[test]
fn every_document_is_judged_as_by_expat() {
    let mut ids = BTreeSet::new();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for line in DOCUMENTS.lines().filter(|line| !line.starts_with('#')) {
        let [id, expat, word, document] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let document = octets(document).unwrap();
        let found = match xml::decode(&document) {
            Err(DecodeError::Xml(error)) => {
                assert!(error.offset <= document.len() && error.line > 0 && error.column > 0, "{id}: {error}");
                error.fault.word()
            }
            Ok(_) | Err(DecodeError::Message(_)) => "well-formed",
        };
        assert_eq!(found, word, "{id}");
        match (expat, word) {
            ("well-formed" | "ill-formed", refused) if refused.starts_with("refused-") => {}
            ("well-formed", word) => assert_eq!(word, "well-formed", "{id}"),
            ("ill-formed", word) => assert_ne!(word, "well-formed", "{id}"),
            other => panic!("{id}: {other:?}"),
        }
        assert!(ids.insert(id), "{id} twice");
        *words.entry(word.to_owned()).or_default() += 1;
    }
    assert!(ids.len() >= 300, "{} documents", ids.len());
    for rule in Rule::ALL {
        assert!(words.contains_key(rule.word()), "no document breaks {rule:?}");
    }
}
