//! From XML octets to elements.
//!
//! The reader is a whole one, but for definitions of a document type, which it refuses by name: whatever XML 1.0 and
//! Namespaces in XML 1.0 call not well-formed is refused, with its place and the rule. It goes through the octets once.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::{Fault, Rule, XmlError};
use super::input::{Found, Input, QualifiedName, Reference, is_space, not_a_character, wrong};
use super::namespaces::{Namespaces, Number};
use super::prolog::{miscellaneous, read_declaration, read_prolog};
use crate::element::{Builder, Elements, Name, Sink, is_xml_char, shown};
use crate::irregular::Irregularities;
use crate::scan::{ATTRIBUTE, DOUBTFUL, MARKUP};

/// Greatest number of elements inside one another; a message of DM 1.2 needs some ten, a serialised
/// object one for each level of the tree.
pub(crate) const MAX_DEPTH: usize = 64;

/// What opens a CDATA section.
const CDATA: &str = "<![CDATA[";

/// Octets of a document for each of its nodes, about.
const OCTETS_A_NODE: usize = 16;

/// Reads an XML document; comments and processing instructions are skipped.
///
/// # Errors
/// [`XmlError`] with offset, line and column.
pub(super) fn decode_element<'a>(octets: &'a [u8], irregular: &mut Irregularities) -> Result<Elements<'a>, XmlError> {
    let mut builder = Builder::with_room(octets.len() / OCTETS_A_NODE);
    decode_into(octets, irregular, &mut builder)?;
    // The document has a root, or there was an error.
    Ok(builder.complete().unwrap_or_default())
}

/// Reads a document and tells `sink` of its elements.
///
/// # Errors
/// As of [`decode_element`]. What was told by then is no document.
pub(super) fn decode_into<'a>(
    octets: &'a [u8],
    irregular: &mut Irregularities,
    sink: &mut impl Sink<'a>,
) -> Result<(), XmlError> {
    if let Some(name) = foreign_encoding(octets) {
        return Err(locate("", 0, Found { at: 0, fault: Fault::Encoding(name.to_owned()) }));
    }
    let body = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    let skipped = octets.len() - body.len();
    if u32::try_from(octets.len()).is_err() {
        return Err(locate("", 0, Found { at: 0, fault: Fault::Long(octets.len()) }));
    }
    match str::from_utf8(body) {
        Ok(text) => {
            Parser::new(text, skipped, sink, irregular).document().map_err(|found| locate(text, skipped, found))
        }
        Err(error) => {
            let valid =
                body.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok()).unwrap_or_default();
            // The declaration may say why.
            let found = match read_declaration(&mut Input::new(valid)) {
                Err(found @ Found { fault: Fault::Encoding(_), .. }) => found,
                _ => Found { at: valid.len(), fault: Fault::against(Rule::Octets, "octets that are not UTF-8") },
            };
            Err(locate(valid, skipped, found))
        }
    }
}

/// The encoding that a document cannot but have that starts with these octets, if it is not UTF-8 (XML 1.0, appendix F).
fn foreign_encoding(octets: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 9] = [
        (&[0xFF, 0xFE, 0x00, 0x00], "UTF-32"),
        (&[0x00, 0x00, 0xFE, 0xFF], "UTF-32"),
        (&[0x3C, 0x00, 0x00, 0x00], "UTF-32"),
        (&[0x00, 0x00, 0x00, 0x3C], "UTF-32"),
        (&[0xFF, 0xFE], "UTF-16"),
        (&[0xFE, 0xFF], "UTF-16"),
        (&[0x3C, 0x00], "UTF-16"),
        (&[0x00, 0x3C], "UTF-16"),
        (&[0x4C, 0x6F, 0xA7, 0x94], "EBCDIC"),
    ];
    starts.into_iter().find(|(start, _)| octets.starts_with(start)).map(|(_, name)| name)
}

struct Parser<'a, 'i, S> {
    input: Input<'a>,
    /// Octets of a byte order mark in front of the text.
    skipped: usize,
    sink: &'i mut S,
    namespaces: Namespaces<'a>,
    /// The names of the elements that are open, as they are written.
    open: Vec<&'a str>,
    /// What references stand for, while they are read.
    made: String,
    /// The attributes of the tag that is read.
    attributes: Vec<Attribute<'a>>,
    /// Whether entities may be defined where this reader does not look.
    external: bool,
    irregular: &'i mut Irregularities,
}

/// An attribute without its value.
struct Attribute<'a> {
    name: QualifiedName<'a>,
    at: usize,
}

impl<'a, 'i, S: Sink<'a>> Parser<'a, 'i, S> {
    fn new(text: &'a str, skipped: usize, sink: &'i mut S, irregular: &'i mut Irregularities) -> Self {
        Self {
            input: Input::new(text),
            skipped,
            sink,
            namespaces: Namespaces::default(),
            open: Vec::new(),
            made: String::new(),
            attributes: Vec::new(),
            external: false,
            irregular,
        }
    }

    fn document(mut self) -> Result<(), Found> {
        self.prolog()?;
        if self.input.next() != Some(b'<') || self.input.starts_with("<!") {
            let what = match self.input.next() {
                Some(b'<') => "`<!` that starts nothing that stands in front of the root element".to_owned(),
                Some(_) => format!("{} where the root element is to be", self.input.shown()),
                None => "there is no element".to_owned(),
            };
            return self.input.wrong(Rule::Document, what);
        }
        self.start_tag()?;
        while !self.open.is_empty() {
            self.content()?;
            if !self.sink.wants_more() {
                return Ok(());
            }
        }
        miscellaneous(&mut self.input)?;
        if self.input.next().is_some() {
            let what = format!("{} after the root element", self.input.shown());
            return self.input.wrong(Rule::Document, what);
        }
        Ok(())
    }

    fn prolog(&mut self) -> Result<(), Found> {
        let prolog = read_prolog(&mut self.input)?;
        self.external = prolog.external;
        if let Some(at) = prolog.other_version {
            let at = at.start + self.skipped..at.end + self.skipped;
            let what = || "an XML declaration of another version than 1.0".to_owned();
            self.irregular.note("other-xml-version", "", at, what);
        }
        Ok(())
    }

    /// The next piece of what an element holds, or its end.
    fn content(&mut self) -> Result<(), Found> {
        match self.input.octets() {
            [b'<', b'/', ..] => self.end_tag(),
            [b'<', b'!', ..] if self.input.starts_with("<!--") => self.input.comment(),
            [b'<', b'!', ..] if self.input.starts_with(CDATA) => self.cdata(),
            [b'<', b'!', ..] => {
                let what = "`<!` that starts neither a comment nor a CDATA section, which alone stand in an element";
                self.input.wrong(Rule::Content, what)
            }
            [b'<', b'?', ..] => self.input.instruction(),
            [b'<', ..] => self.start_tag(),
            [b'&', ..] => self.reference(),
            [_, ..] => self.characters(),
            [] => {
                let name = self.open.last().copied().unwrap_or_default();
                self.input.wrong(Rule::Document, format!("the document ends inside <{}>", shown(name)))
            }
        }
    }

    fn start_tag(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        self.input.skip(1);
        let name = self.input.qualified_name("an element")?;
        let is_empty = self.rest_of_tag(start, name)?;
        // That its prefix is bound is looked at before what is wrong with its attributes.
        self.namespaces.of_element(name.prefix, start)?;
        let at = self.since(start);
        if !self.attributes.is_empty() {
            self.attributes_differ()?;
        }
        for Attribute { name: QualifiedName { prefix, whole, .. }, .. } in self.attributes.drain(..) {
            if prefix != Some("xmlns") && whole != "xmlns" {
                let what = || format!("<{}> has the attribute `{}`", shown(name.whole), shown(whole));
                self.irregular.note("unknown-attribute", whole, at.clone(), what);
            }
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Found { at: start, fault: Fault::Depth });
        }
        let namespace = self.namespaces.of_element(name.prefix, start)?;
        self.sink.open(namespace, Name::of(name.local), at);
        self.open.push(name.whole);
        if is_empty {
            self.close();
        }
        Ok(())
    }

    /// What follows the name of a start-tag; whether the element is empty.
    fn rest_of_tag(&mut self, start: usize, element: QualifiedName<'a>) -> Result<bool, Found> {
        // Nearly all tags have a name and no more.
        if self.input.eat(">") {
            return Ok(false);
        }
        loop {
            let spaced = self.input.spaces();
            if self.input.eat(">") {
                return Ok(false);
            }
            if self.input.eat("/>") {
                return Ok(true);
            }
            if self.input.next().is_none() {
                let what = format!("the tag <{}> does not end with `>`", shown(element.whole));
                return wrong(start, Rule::StartTag, what);
            }
            if !spaced {
                let what = format!("{} in the tag <{}>", self.input.shown(), shown(element.whole));
                return self.input.wrong(Rule::StartTag, what);
            }
            self.attribute()?;
        }
    }

    fn attribute(&mut self) -> Result<(), Found> {
        let at = self.input.at();
        let name = self.input.qualified_name("an attribute")?;
        self.input.spaces();
        if !self.input.eat("=") {
            return self.input.wrong(Rule::Attribute, format!("`{}` without `=` and a value", shown(name.whole)));
        }
        self.input.spaces();
        let value = self.attribute_value(name)?;
        // An element's own bindings end with it.
        let depth = self.open.len();
        match name.prefix {
            Some("xmlns") => self.namespaces.bind(Some(name.local), &value, depth, at)?,
            None if name.local == "xmlns" => self.namespaces.bind(None, &value, depth, at)?,
            _ => {}
        }
        self.attributes.push(Attribute { name, at });
        Ok(())
    }

    /// The value of an attribute, as XML hands it on (3.3.3).
    fn attribute_value(&mut self, name: QualifiedName<'a>) -> Result<Cow<'a, str>, Found> {
        let start = self.input.at();
        let Some(quote @ (b'"' | b'\'')) = self.input.next() else {
            return self.input.wrong(Rule::Attribute, format!("the value of `{}` is not in quotes", shown(name.whole)));
        };
        self.input.skip(1);
        let mut value = Cow::Borrowed("");
        loop {
            let (rest, octets) = (self.input.rest(), self.input.octets());
            let (mut length, mut doubtful) = (0, false);
            loop {
                length += ATTRIBUTE.first(octets.get(length..).unwrap_or_default());
                match octets.get(length) {
                    Some(b'<' | b'&' | b'\t' | b'\r' | b'\n') | None => break,
                    Some(octet) if *octet == quote => break,
                    Some(octet) => doubtful |= DOUBTFUL.has(*octet),
                }
                length += 1;
            }
            if doubtful {
                self.input.characters_only(length)?;
            }
            append(&mut value, rest.get(..length).unwrap_or_default());
            self.input.skip(length);
            match self.input.next() {
                Some(b'<') => {
                    return self.input.wrong(Rule::AttributeValue, "`<` in the value of an attribute; write `&lt;`");
                }
                Some(b'&') => {
                    let at = self.input.at();
                    let reference = self.input.reference()?;
                    value.to_mut().push_str(self.expanded(reference, at, &mut [0; 4])?);
                }
                Some(octet) if is_space(octet) => {
                    let pair = self.input.starts_with("\r\n");
                    self.input.skip(if pair { 2 } else { 1 });
                    value.to_mut().push(' ');
                }
                Some(_) => {
                    self.input.skip(1);
                    return Ok(value);
                }
                None => {
                    let what = format!("the value of `{}` does not end", shown(name.whole));
                    return wrong(start, Rule::AttributeValue, what);
                }
            }
        }
    }

    /// No two attributes of a tag are one, whatever their prefixes.
    fn attributes_differ(&self) -> Result<(), Found> {
        // Most tags have one attribute at most, which needs no set.
        if let [Attribute { name, at }] = self.attributes.as_slice() {
            return self.namespaces.of_attribute(name.prefix, *at).map(drop);
        }
        // In order, what is there twice stands side by side; senders that write many have them in some order already.
        let mut expanded = Vec::with_capacity(self.attributes.len());
        for Attribute { name, at } in &self.attributes {
            expanded.push((self.namespaces.of_attribute(name.prefix, *at)?, name.local, *at));
        }
        expanded.sort_unstable();
        let same = |pair: &&[(Number, &str, usize)]| matches!(pair, [(n, l, _), (m, k, _)] if n == m && l == k);
        let later = expanded.windows(2).filter(same).filter_map(|pair| pair.last().map(|(_, _, at)| *at));
        let Some(at) = later.min() else { return Ok(()) };
        let names = self.attributes.iter().map(|attribute| (attribute.name.whole, attribute.at));
        let name = names.clone().find(|(_, place)| *place == at).map(|(name, _)| name).unwrap_or_default();
        let doubled = names.clone().any(|(other, place)| place < at && other == name);
        let rule = if doubled { Rule::UniqueAttribute } else { Rule::UniqueExpanded };
        wrong(at, rule, format!("the attribute `{}` is there twice", shown(name)))
    }

    fn end_tag(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        self.input.skip("</".len());
        let open = self.open.last().copied().unwrap_or_default();
        // The name of what is open and no more, as in nearly every document that is read.
        let rest = self.input.octets().strip_prefix(open.as_bytes());
        if let Some([b'>', ..]) = rest {
            self.input.skip(open.len() + 1);
            self.close();
            return Ok(());
        }
        let name = self.input.qualified_name("an element")?;
        self.input.spaces();
        if !self.input.eat(">") {
            let what = format!("{} in the end-tag </{}>", self.input.shown(), shown(name.whole));
            return self.input.wrong(Rule::EndTag, what);
        }
        if name.whole != open {
            let what = format!("</{}> where <{}> is open", shown(name.whole), shown(open));
            return wrong(start, Rule::TypeMatch, what);
        }
        self.close();
        Ok(())
    }

    /// Ends the innermost element.
    #[inline]
    fn close(&mut self) {
        self.sink.close(self.input.at() + self.skipped);
        self.open.pop();
        self.namespaces.end(self.open.len());
    }

    /// Character data up to the next markup.
    fn characters(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        let (text, octets) = (self.input.rest(), self.input.octets());
        let (mut length, mut has_returns) = (0, false);
        loop {
            length += MARKUP.first(octets.get(length..).unwrap_or_default());
            match octets.get(length..).unwrap_or_default() {
                [] | [b'<' | b'&', ..] => break,
                [b']', b']', b'>', ..] => {
                    return wrong(start + length, Rule::CharacterData, "`]]>` in character data; write `]]&gt;`");
                }
                [b']' | b'\t' | b'\n', ..] => length += 1,
                [b'\r', ..] => {
                    has_returns = true;
                    length += 1;
                }
                _ => match text.get(length..).and_then(|rest| rest.chars().next()) {
                    Some(character) if !is_xml_char(character) => return not_a_character(start + length, character),
                    character => length += character.map_or(1, char::len_utf8),
                },
            }
        }
        self.input.skip(length);
        self.text(text.get(..length).unwrap_or_default(), start, has_returns);
        Ok(())
    }

    fn cdata(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        self.input.skip(CDATA.len());
        let rest = self.input.rest();
        let Some(text) = rest.find("]]>").and_then(|length| rest.get(..length)) else {
            return wrong(start, Rule::Cdata, "a CDATA section that does not end with `]]>`");
        };
        self.input.characters_only(text.len())?;
        self.text(text, self.input.at(), text.contains('\r'));
        self.input.skip(text.len() + "]]>".len());
        Ok(())
    }

    fn reference(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        if self.input.starts_with("&#") {
            return self.character_references();
        }
        let reference = self.input.reference()?;
        let at = self.since(start);
        match reference {
            Reference::Predefined(text) => self.sink.text(text, at),
            _ => self.sink.made(self.expanded(reference, start, &mut [0; 4])?, at),
        }
        Ok(())
    }

    /// References to characters, as many as follow each other: one piece of text.
    fn character_references(&mut self) -> Result<(), Found> {
        let start = self.input.at();
        self.made.clear();
        while self.input.starts_with("&#") {
            let character = self.input.character_reference()?;
            self.made.push(character);
        }
        self.sink.made(&self.made, start + self.skipped..self.input.at() + self.skipped);
        Ok(())
    }

    /// What a reference at an octet stands for, in the place that is given for it.
    fn expanded<'p>(&self, reference: Reference<'a>, at: usize, place: &'p mut [u8; 4]) -> Result<&'p str, Found> {
        match reference {
            Reference::Character(character) => Ok(character.encode_utf8(place)),
            Reference::Predefined(text) => Ok(text),
            Reference::Entity(name) if self.external => Err(Found { at, fault: Fault::Entity(shown(name)) }),
            Reference::Entity(name) => {
                let what =
                    format!("the entity `&{};` is neither predefined nor defined; write the character", shown(name));
                wrong(at, Rule::EntityDeclared, what)
            }
        }
    }

    /// Hands on character data that starts at an octet.
    fn text(&mut self, text: &'a str, start: usize, has_returns: bool) {
        let at = start + self.skipped..start + text.len() + self.skipped;
        // Line ends are one line feed, whatever the sender's system writes (XML 1.0, 2.11).
        if has_returns {
            self.sink.made(&text.replace("\r\n", "\n").replace('\r', "\n"), at);
        } else {
            self.sink.text(text, at);
        }
    }

    /// The octets of what was read last and began at `start`.
    fn since(&self, start: usize) -> Range<usize> {
        start + self.skipped..self.input.at() + self.skipped
    }
}

/// Puts text at the end of a value, which stays borrowed as long as it is in one piece.
fn append<'a>(value: &mut Cow<'a, str>, text: &'a str) {
    if value.is_empty() {
        *value = Cow::Borrowed(text);
    } else if !text.is_empty() {
        value.to_mut().push_str(text);
    }
}

/// The error at an octet of the text; `skipped` octets stand in front of the text.
fn locate(text: &str, skipped: usize, found: Found) -> XmlError {
    let before = text.get(..found.at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    XmlError {
        offset: before.len() + skipped,
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        fault: found.fault,
    }
}
