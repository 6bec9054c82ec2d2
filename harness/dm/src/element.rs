//! The elements of a document, in the form that XML and WBXML share.
//!
//! Both encodings decode to [`Elements`], and the mapping to messages is written once, against them
//! ([`crate::syncml`]). A WBXML code page is a [`Namespace`] here. The nodes of a document stand in one list in the
//! order of the document and borrow their text from it, so that reading a message costs no allocation an element.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

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

impl Namespace {
    /// The namespace name.
    pub(crate) fn uri(&self) -> &str {
        match self {
            Self::SyncMl => "SYNCML:SYNCML1.2",
            Self::MetInf => "syncml:metinf",
            Self::DmDdf => "syncml:dmddf1.2",
            Self::Literal => "literal",
            Self::Other(uri) => uri,
        }
    }

    /// The namespace of SyncML that has the name; case counts.
    pub(crate) fn known(uri: &str) -> Option<Self> {
        [Self::SyncMl, Self::MetInf, Self::DmDdf].into_iter().find(|namespace| namespace.uri() == uri)
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

/// What a document holds: its root element and everything inside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Elements<'a> {
    root: Tag<'a>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Elements<'a> {
    pub(crate) fn root(&self) -> Element<'_, 'a> {
        Element { tag: &self.root, nodes: &self.nodes }
    }
}

/// An element without what it holds.
#[derive(Debug, Clone, Default)]
struct Tag<'a> {
    namespace: Namespace,
    name: Cow<'a, str>,
    /// Octets of the document from the start of the element to its end.
    at: Range<usize>,
    /// Where its content begins.
    head: usize,
    /// How many of the nodes after it are inside it.
    inside: usize,
}

#[derive(Debug, Clone)]
enum Node<'a> {
    Element(Tag<'a>),
    Text(Cow<'a, str>, Range<usize>),
    Binary(&'a [u8], Range<usize>),
}

/// An element with what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'e, 'a> {
    tag: &'e Tag<'a>,
    nodes: &'e [Node<'a>],
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
    pub(crate) fn namespace(self) -> &'e Namespace {
        &self.tag.namespace
    }

    /// The local name.
    pub(crate) fn name(self) -> &'e str {
        &self.tag.name
    }

    /// The octets of the whole element.
    pub(crate) fn at(self) -> Range<usize> {
        self.tag.at.clone()
    }

    /// The octets of what opens it: the start tag, or the tag octet.
    pub(crate) fn head(self) -> Range<usize> {
        self.tag.at.start..self.tag.head
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
        Contents { rest: self.nodes }
    }

    /// The child elements in their order.
    pub(crate) fn elements(self) -> impl Iterator<Item = Element<'e, 'a>> {
        self.contents().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(..) | Content::Binary(..) => None,
        })
    }

    /// The first child element of that local name.
    pub(crate) fn child(self, name: &str) -> Option<Element<'e, 'a>> {
        self.elements().find(|element| element.name() == name)
    }

    /// The text directly inside, if there are neither elements nor octets.
    pub(crate) fn text(self) -> Option<Cow<'e, str>> {
        match self.nodes {
            [] => Some(Cow::Borrowed("")),
            [Node::Text(text, _)] => Some(Cow::Borrowed(text)),
            nodes => {
                let pieces = nodes.iter().map(|node| match node {
                    Node::Text(text, _) => Some(text.as_ref()),
                    Node::Element(_) | Node::Binary(..) => None,
                });
                pieces.collect::<Option<String>>().map(Cow::Owned)
            }
        }
    }

    /// Whether the two are one element of one document.
    pub(crate) fn is(self, other: Element<'_, '_>) -> bool {
        std::ptr::addr_eq(self.tag, other.tag)
    }
}

/// What an element holds, in order.
#[derive(Debug, Clone)]
pub(crate) struct Contents<'e, 'a> {
    rest: &'e [Node<'a>],
}

impl<'e, 'a> Iterator for Contents<'e, 'a> {
    type Item = Content<'e, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match first {
            Node::Element(tag) => {
                let (nodes, rest) = rest.split_at_checked(tag.inside).unwrap_or((rest, &[]));
                self.rest = rest;
                Content::Element(Element { tag, nodes })
            }
            Node::Text(text, at) => Content::Text(text, at.clone()),
            Node::Binary(octets, at) => Content::Binary(octets, at.clone()),
        })
    }
}

/// Puts a document together in its order.
#[derive(Debug, Default)]
pub(crate) struct Builder<'a> {
    root: Option<Tag<'a>>,
    nodes: Vec<Node<'a>>,
    /// Nodes of the open elements inside the root.
    open: Vec<usize>,
    /// Elements that are open, the root among them.
    depth: usize,
}

impl<'a> Builder<'a> {
    /// How many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Opens an element whose tag stands in the octets `head`.
    pub(crate) fn open(&mut self, namespace: Namespace, name: impl Into<Cow<'a, str>>, head: Range<usize>) {
        let tag = Tag { namespace, name: name.into(), head: head.end, at: head, inside: 0 };
        self.depth += 1;
        if self.root.is_none() {
            self.root = Some(tag);
        } else {
            self.open.push(self.nodes.len());
            self.nodes.push(Node::Element(tag));
        }
    }

    /// Character data in the octets `at`.
    pub(crate) fn text(&mut self, text: impl Into<Cow<'a, str>>, at: Range<usize>) {
        let text = text.into();
        if !text.is_empty() {
            self.nodes.push(Node::Text(text, at));
        }
    }

    /// Octets in the octets `at`.
    pub(crate) fn binary(&mut self, octets: &'a [u8], at: Range<usize>) {
        self.nodes.push(Node::Binary(octets, at));
    }

    /// Ends the innermost element before the octet `end`.
    pub(crate) fn close(&mut self, end: usize) {
        self.depth = self.depth.saturating_sub(1);
        let count = self.nodes.len();
        let tag = match self.open.pop() {
            Some(index) => match self.nodes.get_mut(index) {
                Some(Node::Element(tag)) => {
                    tag.inside = count - index - 1;
                    Some(tag)
                }
                _ => None,
            },
            None => self.root.as_mut(),
        };
        if let Some(tag) = tag {
            tag.at.end = end;
        }
    }

    /// The document, once its root has ended; none if there was no element.
    pub(crate) fn take_complete(&mut self) -> Option<Elements<'a>> {
        Some(Elements { root: self.root.take()?, nodes: std::mem::take(&mut self.nodes) })
    }
}

/// Whether XML 1.0 can carry the character (its production Char).
pub(crate) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The first character that XML cannot carry, with its offset in octets.
pub(crate) fn not_xml(text: &str) -> Option<(usize, char)> {
    // All others that are refused start with the octet EF in UTF-8.
    let plain = |octet: u8| octet >= b' ' && octet != 0xEF || matches!(octet, b'\t' | b'\n' | b'\r');
    if text.bytes().all(plain) {
        return None;
    }
    text.char_indices().find(|(_, character)| !is_xml_char(*character))
}
