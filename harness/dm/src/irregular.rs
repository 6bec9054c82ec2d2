//! What the decoders of this crate forgave, within bounds.

use std::ops::Range;

use dmsc_octets::Irregularity;

/// How many are kept of one message. They are told once for each kind and name, so that an honest message never has as
/// many, and a hostile one costs no more.
const MOST: usize = 64;

/// The irregularities of a message: the first of each kind and name.
#[derive(Debug, Default)]
pub(crate) struct Irregularities {
    kept: Vec<(String, Irregularity)>,
}

impl Irregularities {
    /// Takes one, unless one of the same kind and `name` was told before. The text is made only for one that is kept.
    pub(crate) fn note(&mut self, kind: &'static str, name: &str, at: Range<usize>, what: impl FnOnce() -> String) {
        if self.kept.len() >= MOST {
            return;
        }
        let known = self.kept.iter().any(|(known, irregular)| irregular.kind == kind && known == name);
        if !known {
            self.kept.push((name.to_owned(), Irregularity::new(kind, what()).at(at)));
        }
    }

    /// All, in the order in which they were met.
    pub(crate) fn into_vec(self) -> Vec<Irregularity> {
        self.kept.into_iter().map(|(_, irregular)| irregular).collect()
    }
}
