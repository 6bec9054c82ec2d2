//! Where the fields of a message stand in its octets.

use std::borrow::Cow;
use std::ops::Range;

/// The place of a message or of a part of it, and the places of its fields. Offsets count from the first octet of the
/// message.
///
/// Spans are made when something wants to point at octets, by decoding once more; nothing pays for them otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    own: Option<Range<usize>>,
    parts: Vec<(Cow<'static, str>, Spans)>,
}

impl Spans {
    /// No place is known.
    pub fn new() -> Spans {
        Spans::default()
    }

    /// A part without fields that stands in these octets.
    pub fn at(octets: Range<usize>) -> Spans {
        Spans { own: Some(octets), parts: Vec::new() }
    }

    /// A field stands in these octets.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, octets: Range<usize>) {
        self.put(name, Spans::at(octets));
    }

    /// A field with fields of its own. Of two of one name the first counts, as decoders have it.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, part: Spans) {
        let name = name.into();
        if self.parts.iter().all(|(known, _)| *known != name) {
            self.parts.push((name, part));
        }
    }

    /// The same with a field more.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, part: Spans) -> Spans {
        self.put(name, part);
        self
    }

    /// The elements of a list, named by their index from 0.
    pub fn list(elements: impl IntoIterator<Item = Spans>) -> Spans {
        let parts = elements.into_iter().enumerate().map(|(index, part)| (index.to_string().into(), part));
        Spans { own: None, parts: parts.collect() }
    }

    /// The same, as a whole in these octets.
    #[must_use]
    pub fn within(self, octets: Range<usize>) -> Spans {
        Spans { own: Some(octets), ..self }
    }

    /// The same, in a message in which this one begins at `offset`.
    #[must_use]
    pub fn shifted(mut self, offset: usize) -> Spans {
        let moved = |range: Range<usize>| range.start.saturating_add(offset)..range.end.saturating_add(offset);
        self.own = self.own.map(moved);
        self.parts = self.parts.into_iter().map(|(name, part)| (name, part.shifted(offset))).collect();
        self
    }

    /// The octets of the whole part, where they are known.
    pub fn own(&self) -> Option<Range<usize>> {
        self.own.clone()
    }

    /// A field, by its own name.
    pub fn part(&self, name: &str) -> Option<&Spans> {
        self.parts.iter().find(|(known, _)| known == name).map(|(_, part)| part)
    }

    /// The octets of the field at a dotted path, or of the innermost part around it whose octets are known. Names may
    /// hold dots themselves. `None` where no part on the way has a place.
    pub fn find(&self, path: &str) -> Option<Range<usize>> {
        self.inner(path, Spans::find).or_else(|| self.own())
    }

    /// The octets of the field at a dotted path itself; `None` where it is not there, or its place is not known.
    pub fn exact(&self, path: &str) -> Option<Range<usize>> {
        self.inner(path, Spans::exact)
    }

    fn inner(&self, path: &str, deeper: fn(&Spans, &str) -> Option<Range<usize>>) -> Option<Range<usize>> {
        self.parts.iter().find_map(|(name, part)| {
            let rest = path.strip_prefix(name.as_ref())?;
            match rest.strip_prefix('.') {
                Some(rest) => deeper(part, rest),
                None if rest.is_empty() => part.own(),
                None => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_place_that_is_known_is_found() {
        let items = Spans::list([Spans::at(4..6), Spans::at(6..9).with("data", Spans::at(7..8))]);
        let mut spans = Spans::at(0..9).with("items", items);
        spans.set("./DevInfo/a.b", 1..3);
        assert_eq!(spans.find("items.1.data"), Some(7..8));
        assert_eq!(spans.find("items.1.meta.type"), Some(6..9));
        assert_eq!(spans.find("items.7"), Some(0..9));
        assert_eq!(Spans::list([Spans::at(4..6)]).within(4..9).find("7"), Some(4..9));
        assert_eq!(spans.find("./DevInfo/a.b"), Some(1..3));
        assert_eq!(spans.find(""), Some(0..9));
        assert_eq!((spans.exact("items.1.data"), spans.exact("items.1.meta.type")), (Some(7..8), None));
        assert_eq!((spans.exact("./DevInfo/a.b"), spans.exact("")), (Some(1..3), None));
        assert_eq!(Spans::new().find("x"), None);
    }

    #[test]
    fn a_message_within_a_message_is_shifted_as_a_whole() {
        let spans = Spans::at(0..2).with("a", Spans::at(1..2)).shifted(10);
        assert_eq!((spans.own(), spans.find("a")), (Some(10..12), Some(11..12)));
    }

    #[test]
    fn of_two_fields_of_one_name_the_first_counts() {
        let spans = Spans::new().with("a", Spans::at(0..1)).with("a", Spans::at(2..3));
        assert_eq!(spans.find("a"), Some(0..1));
    }
}
