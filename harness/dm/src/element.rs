//! The tree of elements that XML and WBXML share.
//!
//! Both encodings decode to an [`Element`], and the mapping to messages is written once, against it
//! ([`crate::syncml`]). A WBXML code page is a [`Namespace`] here.

use std::fmt;

/// The vocabulary an element belongs to: an XML namespace, or a WBXML code page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespace {
    /// `SYNCML:SYNCML1.2`, code page 0 (DMREPPRO).
    SyncMl,
    /// `syncml:metinf`, code page 1.
    MetInf,
    /// `syncml:dmddf1.2`, code page 2: device descriptions and serialised tree objects.
    DmDdf,
    /// Any other XML namespace; empty for an element without one.
    Other(String),
}

impl Namespace {
    /// The namespace name.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self {
            Self::SyncMl => "SYNCML:SYNCML1.2",
            Self::MetInf => "syncml:metinf",
            Self::DmDdf => "syncml:dmddf1.2",
            Self::Other(uri) => uri,
        }
    }

    /// The namespace of a name; case counts.
    #[must_use]
    pub fn from_uri(uri: &str) -> Self {
        match uri {
            "SYNCML:SYNCML1.2" => Self::SyncMl,
            "syncml:metinf" => Self::MetInf,
            "syncml:dmddf1.2" => Self::DmDdf,
            _ => Self::Other(uri.to_owned()),
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(uri) if uri.is_empty() => formatter.write_str("no namespace"),
            _ => formatter.write_str(self.uri()),
        }
    }
}

/// An element with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its vocabulary.
    pub namespace: Namespace,
    /// Its local name.
    pub name: String,
    /// Elements, text and octets in their order.
    pub children: Vec<Node>,
}

/// One thing inside an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data.
    Text(String),
    /// Octets: the OPAQUE of WBXML; base64 text when written as XML.
    Binary(Vec<u8>),
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(namespace: Namespace, name: impl Into<String>) -> Self {
        Self { namespace, name: name.into(), children: Vec::new() }
    }

    /// An element holding `text`; without any child if the text is empty.
    #[must_use]
    pub fn with_text(namespace: Namespace, name: impl Into<String>, text: &str) -> Self {
        let mut element = Self::new(namespace, name);
        element.push_text(text);
        element
    }

    /// Adds character data, joining it to text that stands last.
    pub fn push_text(&mut self, text: &str) {
        match self.children.last_mut() {
            Some(Node::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.children.push(Node::Text(text.to_owned())),
        }
    }

    /// Adds a child element.
    pub fn push(&mut self, child: Element) {
        self.children.push(Node::Element(child));
    }

    /// The child elements in their order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Binary(_) => None,
        })
    }

    /// The first child element of that local name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|element| element.name == name)
    }

    /// The text directly inside, if there are neither elements nor octets.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self.children.as_slice() {
            [] => Some(""),
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }
}
