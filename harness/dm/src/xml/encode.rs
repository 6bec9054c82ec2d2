//! From elements to XML octets.

use std::ops::Range;

use thiserror::Error;

use crate::base64::base64;
use crate::element::{Element, Elements, Name, Namespace, Sink, Vocabulary, is_xml_char};
use crate::scan::SPECIAL;
use crate::style::{Prolog, TextForm, XmlStyle};
use crate::word::Word;

/// A text that XML cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{element} holds the character U+{character:04X}, which XML cannot carry; send it as WBXML or base64")]
pub struct EncodeError {
    /// Name of the element.
    pub element: String,
    /// The character.
    pub character: u32,
}

/// Writes an XML document in UTF-8, in the manner of [`Writer`].
///
/// # Errors
/// [`EncodeError`] if a text holds a character XML cannot carry.
pub(super) fn encode_element(elements: &Elements<'_>, style: XmlStyle) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(style);
    elements.root().tell(&mut writer);
    writer.finish()
}

/// The XML text of what stands inside an element, each child element with its own namespace.
///
/// Characters XML cannot carry are left out, since the text is for people or for a second decoding.
pub(crate) fn fragment(element: Element<'_, '_>) -> String {
    let mut writer = Writer::new(XmlStyle { prolog: Prolog::Nothing, ..XmlStyle::default() });
    element.tell_contents(&mut writer);
    writer.out
}

/// Writes a document as it is told of it. Unless the style says otherwise it is declaration and root element without line
/// breaks, and a namespace is declared as the default one where it changes, as DM messages do for Meta.
pub(crate) struct Writer<'t> {
    out: String,
    style: XmlStyle,
    /// The elements that are open.
    open: Vec<Open>,
    /// Namespaces and names of those that are not both known.
    others: Vec<(Namespace, Name<'t>)>,
    /// Whether the tag of the innermost element has not ended: it may turn out to be empty.
    in_tag: bool,
    /// The first character that XML cannot carry; it is left out.
    refused: Option<EncodeError>,
}

/// An element that is open, in few octets: each is put on the stack and taken off it.
#[derive(Clone, Copy)]
struct Open {
    /// Its name, if it is known.
    word: Option<Word>,
    vocabulary: Vocabulary,
    /// Whether each element in it has a line of its own: where the first thing in it is an element, all are.
    lines: bool,
}

impl Open {
    fn new(namespace: &Namespace, name: &Name<'_>) -> Self {
        Self { word: name.word(), vocabulary: namespace.vocabulary(), lines: false }
    }

    /// Whether namespace and name are both known.
    fn is_known(self) -> bool {
        self.word.is_some() && self.vocabulary != Vocabulary::Other
    }
}

/// Octets that a document has room for at first.
const ROOM: usize = 2048;

/// The prefixes of the namespaces of SyncML, where they have some.
const PREFIXES: [(&str, Namespace); 3] =
    [("dm", Namespace::SyncMl), ("met", Namespace::MetInf), ("ddf", Namespace::DmDdf)];

impl<'t> Writer<'t> {
    pub(crate) fn new(style: XmlStyle) -> Self {
        Self {
            out: String::with_capacity(ROOM),
            style,
            open: Vec::new(),
            others: Vec::new(),
            in_tag: false,
            refused: None,
        }
    }

    /// The document.
    ///
    /// # Errors
    /// [`EncodeError`]: the first character that XML cannot carry.
    pub(crate) fn finish(self) -> Result<Vec<u8>, EncodeError> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(self.into_octets()),
        }
    }

    /// The document without the characters that XML cannot carry.
    pub(crate) fn into_octets(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// What comes before the root element.
    fn prolog(&mut self, namespace: &Namespace, name: &Name<'t>) {
        const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        match self.style.prolog {
            Prolog::Declaration => self.out.push_str(DECLARATION),
            Prolog::Nothing => {}
            Prolog::ByteOrderMark => {
                self.out.push('\u{FEFF}');
                self.out.push_str(DECLARATION);
            }
            Prolog::Comment => {
                self.out
                    .push_str("<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>\r\n<!-- DM -->\n<?dm 1?>\n");
            }
            Prolog::DocumentType => {
                self.out.push_str(DECLARATION);
                self.out.push_str("\n<!DOCTYPE ");
                self.out.push_str(self.prefix(namespace).unwrap_or_default());
                self.out.push_str(name.as_str());
                self.out.push_str(" PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"SyncML.dtd\">\n");
            }
        }
    }

    /// The prefix of a namespace with its colon, where namespaces have prefixes.
    #[inline]
    fn prefix(&self, namespace: &Namespace) -> Option<&'static str> {
        if !self.style.prefixes {
            return None;
        }
        match namespace {
            Namespace::SyncMl => Some("dm:"),
            Namespace::MetInf => Some("met:"),
            Namespace::DmDdf => Some("ddf:"),
            Namespace::Literal | Namespace::Other(_) => None,
        }
    }

    /// Declares what the element needs that is opened.
    fn declarations(&mut self, namespace: &Namespace, name: &Name<'t>) {
        if self.prefix(namespace).is_some() {
            if self.open.is_empty() {
                for (prefix, namespace) in PREFIXES {
                    self.out.push_str(&format!(" xmlns:{prefix}=\"{}\"", namespace.uri()));
                }
            }
            return;
        }
        // Nothing is in a default namespace where those around have prefixes.
        let others = self.others.last().map_or(&Namespace::SyncMl, |(namespace, _)| namespace);
        let outer = self.open.last().map(|open| open.vocabulary.namespace().unwrap_or(others));
        let outer = outer.filter(|outer| self.prefix(outer).is_none());
        if outer == Some(namespace) {
            return;
        }
        match namespace {
            Namespace::MetInf => self.out.push_str(" xmlns=\"syncml:metinf\""),
            _ if outer.map_or("", Namespace::uri) == namespace.uri() => {}
            _ => {
                self.out.push_str(" xmlns=\"");
                self.escape(namespace.uri(), Some(name.as_str()));
                self.out.push('"');
            }
        }
    }

    /// Something is in the innermost element, which comes next.
    #[inline]
    fn content(&mut self, is_element: bool) {
        let Some(open) = self.open.last_mut() else { return };
        if self.in_tag {
            self.in_tag = false;
            self.out.push('>');
            // White space is a part of Data, whatever else is in it.
            open.lines = is_element && self.style.indented && open.word != Some(Word::Data);
        }
        if is_element && open.lines {
            self.line(self.open.len());
        }
    }

    fn line(&mut self, depth: usize) {
        self.out.push('\n');
        (0..depth).for_each(|_| self.out.push('\t'));
    }

    fn string(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.content(false);
        if self.style.text == TextForm::Plain {
            return self.escape(text, None);
        }
        let mut characters = text.chars();
        match self.style.text {
            // A line end in a section would be another one, and its end cannot stand in it.
            TextForm::Cdata if !text.contains("]]>") && text.chars().all(|c| is_xml_char(c) && c != '\r') => {
                self.out.push_str("<![CDATA[");
                self.out.push_str(text);
                self.out.push_str("]]>");
            }
            TextForm::References if characters.next().is_some_and(is_xml_char) => {
                let first = text.chars().next().map_or(0, u32::from);
                self.out.push_str(&format!("&#x{first:X};"));
                self.escape(characters.as_str(), None);
            }
            TextForm::Plain | TextForm::Cdata | TextForm::References => self.escape(text, None),
        }
    }

    /// The name of the innermost element.
    fn innermost(&self) -> &str {
        let word = self.open.last().and_then(|open| open.word);
        let other = || self.others.last().map(|(_, name)| name.as_str());
        word.map(Word::as_str).or_else(other).unwrap_or_default()
    }

    /// Text of the innermost element, or of an attribute of one that is going to be it and has that name.
    fn escape(&mut self, text: &str, attribute_of: Option<&str>) {
        let mut rest = text;
        loop {
            let (plain, special) = rest.split_at_checked(SPECIAL.first(rest.as_bytes())).unwrap_or((rest, ""));
            self.out.push_str(plain);
            if special.is_empty() {
                return;
            }
            let mut characters = special.chars();
            match characters.next() {
                Some('&') => self.out.push_str("&amp;"),
                Some('<') => self.out.push_str("&lt;"),
                // Needed after `]]`, harmless elsewhere.
                Some('>') => self.out.push_str("&gt;"),
                Some('"') if attribute_of.is_some() => self.out.push_str("&quot;"),
                // A bare one would be read as a line feed.
                Some('\r') => self.out.push_str("&#13;"),
                Some(character) if is_xml_char(character) => self.out.push(character),
                Some(character) => {
                    let element = attribute_of.unwrap_or_else(|| self.innermost()).to_owned();
                    self.refused.get_or_insert(EncodeError { element, character: character.into() });
                }
                None => return,
            }
            rest = characters.as_str();
        }
    }
}

impl<'t> Sink<'t> for Writer<'t> {
    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'t>, _head: Range<usize>) {
        if self.open.is_empty() {
            self.prolog(namespace, &name);
        }
        self.content(true);
        match (name, self.prefix(namespace)) {
            (Name::Word(word), None) => self.out.push_str(word.start()),
            (_, prefix) => {
                self.out.push('<');
                self.out.push_str(prefix.unwrap_or_default());
                self.out.push_str(name.as_str());
            }
        }
        self.declarations(namespace, &name);
        let open = Open::new(namespace, &name);
        if !open.is_known() {
            self.others.push((namespace.clone(), name));
        }
        self.open.push(open);
        self.in_tag = true;
    }

    #[inline]
    fn text(&mut self, text: &'t str, _at: Range<usize>) {
        self.string(text);
    }

    fn made(&mut self, text: &str, _at: Range<usize>) {
        self.string(text);
    }

    fn binary(&mut self, octets: &'t [u8], _at: Range<usize>) {
        self.content(false);
        self.out.push_str(&base64(octets));
    }

    #[inline]
    fn close(&mut self, _end: usize) {
        if self.in_tag {
            self.in_tag = false;
            if !self.style.end_tags {
                if self.open.pop().is_some_and(|open| !open.is_known()) {
                    self.others.pop();
                }
                self.out.push_str("/>");
                return;
            }
            self.out.push('>');
        }
        let Some(open) = self.open.pop() else { return };
        if open.lines {
            self.line(self.open.len());
        }
        if let (Some(word), true, false) = (open.word, open.is_known(), self.style.prefixes) {
            return self.out.push_str(word.end());
        }
        let other = if open.is_known() { None } else { self.others.pop() };
        let known = open.vocabulary.namespace().cloned().unwrap_or_default();
        let (namespace, name) = other.unwrap_or((known, open.word.map_or(Name::Other(""), Name::Word)));
        self.out.push_str("</");
        self.out.push_str(self.prefix(&namespace).unwrap_or_default());
        self.out.push_str(name.as_str());
        self.out.push('>');
    }
}
