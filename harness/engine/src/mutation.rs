//! Edits of the octets of a message, after it was built from its fields.

use serde::{Deserialize, Serialize};

/// One edit. Offsets count from the start, or from the end when negative (-1 is the last octet); an offset beyond
/// the message addresses its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Mutation {
    /// Inverts the bits of `mask` in the octet at `at`.
    Flip {
        /// The octet's offset.
        at: i64,
        /// The bits to invert.
        mask: u8,
    },
    /// Overwrites octets from `at` on.
    Set {
        /// The first octet's offset.
        at: i64,
        /// The new octets, in hexadecimal.
        octets: String,
    },
    /// Inserts octets before `at`.
    Insert {
        /// Where to insert.
        at: i64,
        /// The octets, in hexadecimal.
        octets: String,
    },
    /// Removes octets from `at` on.
    Remove {
        /// The first octet's offset.
        at: i64,
        /// How many to remove.
        count: usize,
    },
    /// Keeps only the first octets.
    Truncate(usize),
    /// Adds octets at the end, in hexadecimal.
    Append(String),
    /// Replaces every occurrence of one text by another.
    Replace {
        /// The text to look for.
        find: String,
        /// The text to put in its place.
        with: String,
    },
    /// Replaces the whole message by octets in hexadecimal.
    Octets(String),
}

/// Why an edit cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MutationError {
    /// The octets are not hexadecimal.
    #[error("\"{0}\" is not hexadecimal; write octets as pairs of hexadecimal digits")]
    Hex(String),
    /// The text to replace does not occur, so the edit would change nothing.
    #[error("\"{0}\" does not occur in the message, so replacing it changes nothing")]
    NotFound(String),
}

impl Mutation {
    /// Applies the edit.
    ///
    /// # Errors
    /// [`MutationError`] when the edit is not well formed or would change nothing by mistake.
    pub fn apply(&self, octets: &mut Vec<u8>) -> Result<(), MutationError> {
        match self {
            Mutation::Flip { at, mask } => {
                let at = offset(*at, octets.len());
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= mask;
                }
            }
            Mutation::Set { at, octets: new } => {
                let at = offset(*at, octets.len());
                for (i, octet) in hex(new)?.into_iter().enumerate() {
                    match octets.get_mut(at.saturating_add(i)) {
                        Some(place) => *place = octet,
                        None => octets.push(octet),
                    }
                }
            }
            Mutation::Insert { at, octets: new } => {
                let at = offset(*at, octets.len());
                octets.splice(at..at, hex(new)?);
            }
            Mutation::Remove { at, count } => {
                let at = offset(*at, octets.len());
                octets.drain(at..at.saturating_add(*count).min(octets.len()));
            }
            Mutation::Truncate(length) => octets.truncate(*length),
            Mutation::Append(new) => octets.extend(hex(new)?),
            Mutation::Replace { find, with } => {
                let (changed, count) = replace(octets, find.as_bytes(), with.as_bytes());
                if count == 0 {
                    return Err(MutationError::NotFound(find.clone()));
                }
                *octets = changed;
            }
            Mutation::Octets(new) => *octets = hex(new)?,
        }
        Ok(())
    }

    /// Whether the edit's own arguments are well formed.
    ///
    /// # Errors
    /// [`MutationError::Hex`] when they are not.
    pub fn check(&self) -> Result<(), MutationError> {
        match self {
            Mutation::Set { octets, .. }
            | Mutation::Insert { octets, .. }
            | Mutation::Append(octets)
            | Mutation::Octets(octets) => hex(octets).map(|_| ()),
            Mutation::Replace { find, .. } if find.is_empty() => Err(MutationError::NotFound(find.clone())),
            _ => Ok(()),
        }
    }
}

fn offset(at: i64, length: usize) -> usize {
    match usize::try_from(at) {
        Ok(at) => at.min(length),
        Err(_) => length.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)),
    }
}

fn hex(text: &str) -> Result<Vec<u8>, MutationError> {
    dmsc_octets::from_hex(text).map_err(|_| MutationError::Hex(text.to_owned()))
}

fn replace(octets: &[u8], find: &[u8], with: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    let mut count = 0;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(find).filter(|_| !find.is_empty()) {
            Some(tail) => {
                out.extend_from_slice(with);
                rest = tail;
                count += 1;
            }
            None => {
                out.push(*first);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    (out, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn apply(mutation: Mutation, octets: &[u8]) -> Vec<u8> {
        let mut octets = octets.to_vec();
        mutation.apply(&mut octets).unwrap();
        octets
    }

    #[test]
    fn each_edit_changes_what_it_names() {
        let message = [0x01, 0x02, 0x03];
        assert_eq!(apply(Mutation::Flip { at: 0, mask: 0x80 }, &message), [0x81, 0x02, 0x03]);
        assert_eq!(apply(Mutation::Set { at: -1, octets: "FF EE".into() }, &message), [0x01, 0x02, 0xFF, 0xEE]);
        assert_eq!(apply(Mutation::Insert { at: 1, octets: "AA".into() }, &message), [0x01, 0xAA, 0x02, 0x03]);
        assert_eq!(apply(Mutation::Remove { at: 1, count: 9 }, &message), [0x01]);
        assert_eq!(apply(Mutation::Truncate(2), &message), [0x01, 0x02]);
        assert_eq!(apply(Mutation::Append("04".into()), &message), [0x01, 0x02, 0x03, 0x04]);
        assert!(apply(Mutation::Octets("".into()), &message).is_empty());
        let text = Mutation::Replace { find: "1.2".into(), with: "1.9".into() };
        assert_eq!(apply(text, b"<V>1.2</V>"), b"<V>1.9</V>");
    }

    #[test]
    fn a_replacement_that_finds_nothing_is_an_error() {
        let mutation = Mutation::Replace { find: "x".into(), with: "y".into() };
        assert_eq!(mutation.apply(&mut b"abc".to_vec()), Err(MutationError::NotFound("x".into())));
    }

    proptest! {
        #[test]
        fn no_edit_panics(at in any::<i64>(), count in any::<usize>(), octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            for mutation in [
                Mutation::Flip { at, mask: 1 },
                Mutation::Set { at, octets: "0102".into() },
                Mutation::Insert { at, octets: "0102".into() },
                Mutation::Remove { at, count },
                Mutation::Truncate(count),
            ] {
                mutation.apply(&mut octets.clone()).unwrap();
            }
        }
    }
}
