//! Looking for octets in texts: eight at a time where they are near, more behind that.

/// Octets to look for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Set<const N: usize> {
    /// All that are less, 128 at most.
    below: u8,
    /// But not these three: tab, line feed and carriage return.
    spaces: bool,
    /// And these.
    others: [u8; N],
}

/// The octet that ends a string of WBXML.
pub(crate) const ZERO: Set<0> = Set { below: 1, spaces: false, others: [] };

/// What may begin a character that XML cannot carry: control characters, and EF, with which all others begin.
pub(crate) const DOUBTFUL: Set<1> = Set { below: b' ', spaces: true, others: [0xEF] };

/// What character data of XML may not have as it is, what ends it, and white space.
pub(crate) const MARKUP: Set<4> = Set { below: b' ', spaces: false, others: [b'<', b'&', b']', 0xEF] };

/// What the value of an attribute may not have as it is, what may end it, and white space.
pub(crate) const ATTRIBUTE: Set<5> = Set { below: b' ', spaces: false, others: [b'<', b'&', b'"', b'\'', 0xEF] };

/// What is written otherwise in XML, or may not be written.
pub(crate) const SPECIAL: Set<5> = Set { below: b' ', spaces: false, others: [b'<', b'&', b'>', b'"', 0xEF] };

/// Each octet of a word is 1.
const ONES: u64 = u64::MAX / 255;

/// The highest bit of each octet of a word.
const TOPS: u64 = ONES << 7;

/// Octets that are looked at word by word. Most texts of a message are not longer.
const NEAR: usize = 32;

/// Octets that are looked at together behind that, for which the compiler has vectors.
const BLOCK: usize = 32;

impl<const N: usize> Set<N> {
    /// Whether it has the octet.
    #[inline]
    pub(crate) const fn has(&self, octet: u8) -> bool {
        let mut has = octet < self.below;
        if self.spaces {
            has = has && octet != b'\t' && octet != b'\n' && octet != b'\r';
        }
        let mut index = 0;
        while index < N {
            has |= octet == self.others[index];
            index += 1;
        }
        has
    }

    /// Where the first of them stands; behind the last octet where none does.
    #[inline]
    pub(crate) fn first(&self, octets: &[u8]) -> usize {
        let mut at = 0;
        while at < NEAR {
            let Some(word) = octets.get(at..).and_then(|rest| rest.first_chunk()) else {
                return self.last(octets, at);
            };
            // The first octet that is marked is so rightly; others may be by its carry.
            let marks = self.marks(u64::from_le_bytes(*word));
            if marks == 0 {
                at += size_of::<u64>();
                continue;
            }
            at += marks.trailing_zeros() as usize / 8;
            // White space is marked, too.
            if !self.spaces || octets.get(at).is_some_and(|octet| self.has(*octet)) {
                return at;
            }
            at += 1;
        }
        self.far(octets, at)
    }

    /// The highest bit of each octet of a word that is less than `below`, or one of the others.
    #[inline]
    const fn marks(&self, word: u64) -> u64 {
        let mut marks = word.wrapping_sub(ONES * self.below as u64) & !word;
        let mut index = 0;
        while index < N {
            let same = word ^ (ONES * self.others[index] as u64);
            marks |= same.wrapping_sub(ONES) & !same;
            index += 1;
        }
        marks & TOPS
    }

    /// As [`Set::first`], from an octet on and for many octets.
    fn far(&self, octets: &[u8], mut at: usize) -> usize {
        for block in octets.get(at..).unwrap_or_default().chunks_exact(BLOCK) {
            if block.iter().fold(false, |any, octet| any | self.has(*octet)) {
                break;
            }
            at += BLOCK;
        }
        self.last(octets, at)
    }

    /// As [`Set::first`], from an octet on and for few octets.
    fn last(&self, octets: &[u8], at: usize) -> usize {
        let rest = octets.get(at..).unwrap_or_default();
        at + rest.iter().position(|octet| self.has(*octet)).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What it does by looking at each.
    fn plain<const N: usize>(set: Set<N>, octets: &[u8]) -> usize {
        octets.iter().position(|octet| set.has(*octet)).unwrap_or(octets.len())
    }

    #[test]
    fn sets_have_what_they_say() {
        let all = |has: fn(u8) -> bool| (0..=255).filter(|octet| has(*octet)).count();
        assert_eq!(all(|octet| ZERO.has(octet)), 1);
        assert_eq!(all(|octet| DOUBTFUL.has(octet)), 32 - 3 + 1);
        assert_eq!(all(|octet| MARKUP.has(octet)), 32 + 4);
        assert_eq!(all(|octet| ATTRIBUTE.has(octet)), 32 + 5);
    }

    proptest! {
        #[test]
        fn the_first_is_found_wherever_it_stands(
            before in prop::collection::vec(prop_oneof![b'a'..=b'z', 0x80u8..=0xEE, 0xF0u8.., Just(b'\n')], 0..150),
            after in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let octets = [before, after].concat();
            prop_assert_eq!(ZERO.first(&octets), plain(ZERO, &octets));
            prop_assert_eq!(DOUBTFUL.first(&octets), plain(DOUBTFUL, &octets));
            prop_assert_eq!(MARKUP.first(&octets), plain(MARKUP, &octets));
            prop_assert_eq!(ATTRIBUTE.first(&octets), plain(ATTRIBUTE, &octets));
            prop_assert_eq!(SPECIAL.first(&octets), plain(SPECIAL, &octets));
        }
    }
}
