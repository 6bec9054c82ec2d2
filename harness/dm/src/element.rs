//! The elements of a document, in the form that XML and WBXML share.
//!
//! Both encodings decode to [`Elements`], and the mapping to messages is written once, against them
//! ([`crate::syncml`]). A WBXML code page is a [`Namespace`] here. The nodes of a document stand in one list in the
//! order of the document and borrow their text from it, so that reading a message costs no allocation an element.
//!
//! Whoever reads a document tells of its parts in their order, and whoever takes them is a [`Sink`]: the list, or one that
//! writes the other encoding and needs no list.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::scan::DOUBTFUL;
use crate::word::Word;

/// The vocabulary an element belongs to: an XML namespace, or a WBXML code page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// `SYNCML:SYNCML1.2`, code page 0 (DMREPPRO).
    #[default]
    SyncMl,
    /// `syncml:metinf`, code page 1.
    MetInf,
    /// `syncml:dmddf1.2`, code page 2: device descriptions and serialised tree objects.
    DmDdf,
    /// None: a WBXML tag that is named in the string table.
    Literal,
    /// Any other XML namespace; empty for an element without one. Elements of one namespace share its name.
    Other(Rc<str>),
}

const SYNCML: &str = "SYNCML:SYNCML1.2";
const METINF: &str = "syncml:metinf";
const DMDDF: &str = "syncml:dmddf1.2";

impl Namespace {
    /// The namespace name.
    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::SyncMl => SYNCML,
            Self::MetInf => METINF,
            Self::DmDdf => DMDDF,
            Self::Literal => "literal",
            Self::Other(uri) => uri,
        }
    }

    /// The namespace of SyncML that has the name; case counts.
    pub(crate) fn known(uri: &str) -> Option<Self> {
        match uri {
            SYNCML => Some(Self::SyncMl),
            METINF => Some(Self::MetInf),
            DMDDF => Some(Self::DmDdf),
            _ => None,
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(uri) if uri.is_empty() => formatter.write_str("no namespace"),
            _ => formatter.write_str(&shown(self.uri())),
        }
    }
}

/// A name from the wire as people may see it: what does not print is escaped, and what is very long is cut.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push_str("...");
    }
    text
}

/// The local name of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// One that SyncML has.
    Word(Word),
    /// Any other.
    Other(&'a str),
}

impl<'a> Name<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        Word::of(name).map_or(Self::Other(name), Self::Word)
    }

    pub(crate) fn as_str(self) -> &'a str {
        match self {
            Self::Word(word) => word.as_str(),
            Self::Other(name) => name,
        }
    }

    /// The word that the name is, if it is one.
    pub(crate) fn word(self) -> Option<Word> {
        match self {
            Self::Word(word) => Some(word),
            Self::Other(_) => None,
        }
    }
}

/// Takes the parts of a document in their order. Octets are those of the document that is read; all are 0 in one that is
/// put together.
pub(crate) trait Sink<'a> {
    /// Whether the rest is to be read. What was told is for nothing if it is not.
    fn wants_more(&self) -> bool {
        true
    }

    /// Opens an element whose tag stands in the octets `head`.
    fn open(&mut self, namespace: &Namespace, name: Name<'a>, head: Range<usize>);

    /// Character data in the octets `at`. Nothing is told by an empty text.
    fn text(&mut self, text: &'a str, at: Range<usize>);

    /// Character data that the document has in other characters than these.
    fn made(&mut self, text: &str, at: Range<usize>);

    /// Octets in the octets `at`.
    fn binary(&mut self, octets: &'a [u8], at: Range<usize>);

    /// Ends the innermost element before the octet `end`.
    fn close(&mut self, end: usize);
}

/// What a document holds: its root element and everything inside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Elements<'a> {
    /// The root and all behind it.
    nodes: Vec<Node<'a>>,
    /// Names and namespaces that are not both known.
    foreign: Vec<(Namespace, Name<'a>)>,
    /// Texts that the document has in other characters.
    made: String,
}

impl<'a> Elements<'a> {
    pub(crate) fn root(&self) -> Element<'_, 'a> {
        Element::at_index(self, 0)
    }
}

/// An element without what it holds. Places are octets of the document, which has less than 4 GiB.
#[derive(Debug, Clone, Copy)]
struct Tag {
    /// The place of namespace and name in the list of others, if they are not both known.
    other: u32,
    /// Where the element starts.
    start: u32,
    /// Where its content begins.
    head: u32,
    /// Where it ends.
    end: u32,
    /// How many of the nodes after it are inside it.
    inside: u32,
}

/// A namespace without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    SyncMl,
    MetInf,
    DmDdf,
    Literal,
    Other,
}

impl Vocabulary {
    /// The namespace, unless it needs its name.
    pub(crate) fn namespace(self) -> Option<&'static Namespace> {
        match self {
            Self::SyncMl => Some(&Namespace::SyncMl),
            Self::MetInf => Some(&Namespace::MetInf),
            Self::DmDdf => Some(&Namespace::DmDdf),
            Self::Literal => Some(&Namespace::Literal),
            Self::Other => None,
        }
    }
}

impl Namespace {
    #[inline]
    pub(crate) fn vocabulary(&self) -> Vocabulary {
        match self {
            Self::SyncMl => Vocabulary::SyncMl,
            Self::MetInf => Vocabulary::MetInf,
            Self::DmDdf => Vocabulary::DmDdf,
            Self::Literal => Vocabulary::Literal,
            Self::Other(_) => Vocabulary::Other,
        }
    }
}

/// A document has very many of these, so that they are kept small.
#[derive(Debug, Clone, Copy)]
enum Node<'a> {
    /// An element with its name, if SyncML has it, and its namespace.
    Element(Option<Word>, Vocabulary, Tag),
    /// Text that begins at an octet and stands in so many octets; 0 for its own.
    Text { text: &'a str, start: u32, written: u16 },
    /// A range of the made texts, and the octets it stands in.
    Made { from: u32, to: u32, start: u32, end: u32 },
    /// Octets that begin at an octet.
    Binary { octets: &'a [u8], start: u32 },
}

/// An element with what it holds. Who reads a message asks for name and namespace first, so that both are at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'e, 'a> {
    document: &'e Elements<'a>,
    index: usize,
    word: Option<Word>,
    vocabulary: Vocabulary,
}

/// One thing inside an element, with the octets it stands in.
#[derive(Debug, Clone)]
pub(crate) enum Content<'e, 'a> {
    /// A child element.
    Element(Element<'e, 'a>),
    /// Character data; what XML writes in several notations comes in several pieces.
    Text(&'e str, Range<usize>),
    /// Octets: the OPAQUE of WBXML; base64 text when written as XML.
    Binary(&'e [u8], Range<usize>),
}

impl<'e, 'a> Element<'e, 'a> {
    fn at_index(document: &'e Elements<'a>, index: usize) -> Self {
        let (word, vocabulary) = match document.nodes.get(index) {
            Some(Node::Element(word, vocabulary, _)) => (*word, *vocabulary),
            _ => (None, Vocabulary::SyncMl),
        };
        Self { document, index, word, vocabulary }
    }

    #[inline]
    fn tag(self) -> &'e Tag {
        const NONE: Tag = Tag { other: u32::MAX, start: 0, head: 0, end: 0, inside: 0 };
        match self.document.nodes.get(self.index) {
            Some(Node::Element(_, _, tag)) => tag,
            _ => &NONE,
        }
    }

    fn other(self) -> Option<&'e (Namespace, Name<'a>)> {
        self.document.foreign.get(self.tag().other as usize)
    }

    pub(crate) fn namespace(self) -> &'e Namespace {
        let other = || self.other().map_or(&Namespace::SyncMl, |(namespace, _)| namespace);
        self.vocabulary.namespace().unwrap_or_else(other)
    }

    /// Whether it is in a namespace of SyncML.
    #[inline]
    pub(crate) fn is_in(self, namespace: &Namespace) -> bool {
        self.vocabulary == namespace.vocabulary()
            && (!matches!(namespace, Namespace::Other(_)) || self.namespace() == namespace)
    }

    /// The local name.
    pub(crate) fn name(self) -> &'e str {
        self.named().as_str()
    }

    /// The local name, known or not.
    pub(crate) fn named(self) -> Name<'e> {
        match self.word {
            Some(word) => Name::Word(word),
            None => self.other().map_or(Name::Other(""), |(_, name)| *name),
        }
    }

    /// The local name, if SyncML has it.
    #[inline]
    pub(crate) fn word(self) -> Option<Word> {
        self.word
    }

    /// The octets of the whole element.
    pub(crate) fn at(self) -> Range<usize> {
        let tag = self.tag();
        range(tag.start, tag.end)
    }

    /// The octets of what opens it: the start tag, or the tag octet.
    pub(crate) fn head(self) -> Range<usize> {
        let tag = self.tag();
        range(tag.start, tag.head)
    }

    /// The octets of what it holds; those of the element if it holds nothing.
    pub(crate) fn value_at(self) -> Range<usize> {
        let mut contents = self.contents().map(|content| match content {
            Content::Element(element) => element.at(),
            Content::Text(_, at) | Content::Binary(_, at) => at,
        });
        match contents.next() {
            Some(first) => first.start..contents.last().map_or(first.end, |last| last.end),
            None => self.at(),
        }
    }

    /// What it holds, in order.
    pub(crate) fn contents(self) -> Contents<'e, 'a> {
        let next = self.index.saturating_add(1);
        Contents { document: self.document, next, end: next.saturating_add(self.tag().inside as usize) }
    }

    /// The child elements in their order.
    pub(crate) fn elements(self) -> impl Iterator<Item = Element<'e, 'a>> {
        self.contents().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(..) | Content::Binary(..) => None,
        })
    }

    /// The first child element of that local name.
    pub(crate) fn child(self, word: Word) -> Option<Element<'e, 'a>> {
        self.elements().find(|element| element.word() == Some(word))
    }

    /// What is inside, if it is one text.
    #[inline]
    pub(crate) fn one_text(self) -> Option<&'e str> {
        let nodes = self.document.nodes.get(self.index..).unwrap_or_default();
        match nodes {
            [Node::Element(_, _, Tag { inside: 1, .. }), Node::Text { text, .. }, ..] => Some(text),
            _ => None,
        }
    }

    /// The text directly inside, if there are neither elements nor octets.
    pub(crate) fn text(self) -> Option<Cow<'e, str>> {
        let mut pieces = self.contents().map(|content| match content {
            Content::Text(text, _) => Some(text),
            Content::Element(_) | Content::Binary(..) => None,
        });
        let Some(first) = pieces.next() else { return Some(Cow::Borrowed("")) };
        let mut text = Cow::Borrowed(first?);
        for piece in pieces {
            text.to_mut().push_str(piece?);
        }
        Some(text)
    }

    /// Whether the two are one element of one document.
    pub(crate) fn is(self, other: Element<'_, '_>) -> bool {
        std::ptr::addr_eq(self.document, other.document) && self.index == other.index
    }

    /// Tells of the element and all in it.
    pub(crate) fn tell(self, sink: &mut impl Sink<'e>) {
        sink.open(self.namespace(), self.named(), self.head());
        self.tell_contents(sink);
        sink.close(self.at().end);
    }

    /// Tells of all that is in the element.
    pub(crate) fn tell_contents(self, sink: &mut impl Sink<'e>) {
        for content in self.contents() {
            match content {
                Content::Element(child) => child.tell(sink),
                Content::Text(text, at) => sink.text(text, at),
                Content::Binary(octets, at) => sink.binary(octets, at),
            }
        }
    }
}

/// What an element holds, in order.
#[derive(Debug, Clone)]
pub(crate) struct Contents<'e, 'a> {
    document: &'e Elements<'a>,
    next: usize,
    end: usize,
}

impl<'e, 'a> Iterator for Contents<'e, 'a> {
    type Item = Content<'e, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let (document, index) = (self.document, self.next);
        self.next += 1;
        Some(match document.nodes.get(index)? {
            Node::Element(word, vocabulary, tag) => {
                self.next = self.next.saturating_add(tag.inside as usize);
                Content::Element(Element { document, index, word: *word, vocabulary: *vocabulary })
            }
            Node::Text { text, start, written } => {
                let start = *start as usize;
                let length = if *written == 0 { text.len() } else { usize::from(*written) };
                Content::Text(text, start..start.saturating_add(length))
            }
            Node::Made { from, to, start, end } => {
                Content::Text(document.made.get(range(*from, *to)).unwrap_or_default(), range(*start, *end))
            }
            Node::Binary { octets, start } => {
                let start = *start as usize;
                Content::Binary(octets, start..start.saturating_add(octets.len()))
            }
        })
    }
}

fn range(start: u32, end: u32) -> Range<usize> {
    start as usize..end as usize
}

/// A place in a document. The decoders refuse documents that have places beyond.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Puts a document together in its order.
#[derive(Debug, Default)]
pub(crate) struct Builder<'a> {
    elements: Elements<'a>,
    /// Nodes of the elements that are open.
    open: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// One for about so many nodes.
    pub(crate) fn with_room(nodes: usize) -> Self {
        let mut builder = Self::default();
        builder.elements.nodes.reserve(nodes);
        builder
    }

    /// The document, once its root has ended; none if there was no element.
    pub(crate) fn complete(self) -> Option<Elements<'a>> {
        (!self.elements.nodes.is_empty()).then_some(self.elements)
    }

    /// The place of a namespace and a name that are not both known. Where elements repeat them they are kept once.
    #[cold]
    fn other(&mut self, namespace: &Namespace, name: Name<'a>) -> u32 {
        let others = &mut self.elements.foreign;
        if others.last().is_none_or(|(last, its)| last != namespace || *its != name) {
            others.push((namespace.clone(), name));
        }
        place(others.len() - 1)
    }
}

impl<'a> Sink<'a> for Builder<'a> {
    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'a>, head: Range<usize>) {
        let (word, vocabulary) = (name.word(), namespace.vocabulary());
        let known = word.is_some() && vocabulary != Vocabulary::Other;
        let other = if known { u32::MAX } else { self.other(namespace, name) };
        let (start, head) = (place(head.start), place(head.end));
        self.open.push(self.elements.nodes.len());
        let tag = Tag { other, start, head, end: head, inside: 0 };
        self.elements.nodes.push(Node::Element(word, vocabulary, tag));
    }

    #[inline]
    fn text(&mut self, text: &'a str, at: Range<usize>) {
        let written = if at.len() == text.len() { Some(0) } else { u16::try_from(at.len()).ok() };
        match written {
            _ if text.is_empty() => {}
            Some(written) => self.elements.nodes.push(Node::Text { text, start: place(at.start), written }),
            None => self.made(text, at),
        }
    }

    fn made(&mut self, text: &str, at: Range<usize>) {
        if !text.is_empty() {
            let from = place(self.elements.made.len());
            self.elements.made.push_str(text);
            let to = place(self.elements.made.len());
            self.elements.nodes.push(Node::Made { from, to, start: place(at.start), end: place(at.end) });
        }
    }

    #[inline]
    fn binary(&mut self, octets: &'a [u8], at: Range<usize>) {
        self.elements.nodes.push(Node::Binary { octets, start: place(at.start) });
    }

    #[inline]
    fn close(&mut self, end: usize) {
        let Some(index) = self.open.pop() else { return };
        let count = self.elements.nodes.len();
        if let Some(Node::Element(_, _, tag)) = self.elements.nodes.get_mut(index) {
            tag.inside = place(count - index - 1);
            tag.end = place(end);
        }
    }
}

/// Counts the elements of a document, and keeps nothing of it.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    /// How many there were.
    pub(crate) elements: usize,
}

impl<'a> Sink<'a> for Counter {
    fn open(&mut self, _: &Namespace, _: Name<'a>, _: Range<usize>) {
        self.elements = self.elements.saturating_add(1);
    }

    fn text(&mut self, _: &'a str, _: Range<usize>) {}

    fn made(&mut self, _: &str, _: Range<usize>) {}

    fn binary(&mut self, _: &'a [u8], _: Range<usize>) {}

    fn close(&mut self, _: usize) {}
}

/// Whether XML 1.0 can carry the character (its production Char).
pub(crate) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The first character that XML cannot carry, with its offset in octets.
pub(crate) fn not_xml(text: &str) -> Option<(usize, char)> {
    let from = DOUBTFUL.first(text.as_bytes());
    let doubtful = text.get(from..).filter(|rest| !rest.is_empty())?;
    let mut characters = doubtful.char_indices();
    characters.find(|(_, character)| !is_xml_char(*character)).map(|(at, character)| (from + at, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<Node<'_>>(), 24);
    }
}
