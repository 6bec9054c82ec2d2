//! From WBXML to a provisioning document.

use dmsc_octets::Irregularity;

use super::tokens::{
    END, ENTITY, LITERAL, OPAQUE, STR_I, STR_T, SWITCH_PAGE, WITH_ATTRIBUTES, WITH_CONTENT, element, start, value,
};
use super::{
    Assembly, Decoded, Element, Fault, MAX_DEPTH, Opened, PUBLIC_ID, PUBLIC_ID_NUMBER, WbxmlError, not_xml, shown,
};

/// MIBenum of UTF-8.
const UTF_8: u32 = 106;
/// MIBenum of US-ASCII, a part of UTF-8.
const US_ASCII: u32 = 3;
/// The number of a public identifier that is not known.
const UNKNOWN_ID: u32 = 1;
/// How many irregularities are told of one document.
const MOST: usize = 64;

fn fault<T>(offset: usize, fault: Fault) -> Result<T, WbxmlError> {
    Err(WbxmlError { offset, fault })
}

/// Reads a document.
pub(super) fn document(octets: &[u8]) -> Result<Decoded, WbxmlError> {
    let mut input = Input { octets, at: 0 };
    let version = input.octet("the version")?;
    if version >> 4 != 0 {
        return fault(0, Fault::Version(version));
    }
    let id_at = input.at;
    let number = input.integer("the public identifier")?;
    let index = if number == 0 { Some(input.integer("the public identifier")?) } else { None };
    let charset_at = input.at;
    let charset = input.integer("the character set")?;
    if !matches!(charset, UTF_8 | US_ASCII) {
        return fault(charset_at, Fault::Charset(charset));
    }
    let table = input.sized("the string table")?;
    let mut irregular = Vec::new();
    match index {
        None if number == PUBLIC_ID_NUMBER => {}
        // What the document is, its elements tell.
        None if number == UNKNOWN_ID => {
            let what = "the public identifier is the number of one that is not known";
            irregular.push(Irregularity::new("other-public-id", what).at(id_at..charset_at));
        }
        None => return fault(id_at, Fault::PublicId(format!("{number:02X}"))),
        Some(index) => {
            let text = string_of(table, index, id_at)?;
            if text != PUBLIC_ID {
                return fault(id_at, Fault::PublicId(format!("`{}`", shown(text))));
            }
        }
    }
    let mut body = Body { input, table, tags: 0, attributes: 0, assembly: Assembly::default(), irregular };
    body.read()?;
    match octets.len().saturating_sub(body.input.at) {
        0 => Ok(Decoded { document: body.assembly.document(), irregular: body.irregular }),
        left => fault(body.input.at, Fault::Trailing(left)),
    }
}

/// A string of the string table, for the reference to it at an octet.
fn string_of(table: &[u8], index: u32, at: usize) -> Result<&str, WbxmlError> {
    let rest = usize::try_from(index).ok().and_then(|start| table.get(start..)).filter(|rest| !rest.is_empty());
    let Some(rest) = rest else { return fault(at, Fault::StringTable { index, length: table.len() }) };
    let string = rest.split(|octet| *octet == 0).next().unwrap_or_default();
    std::str::from_utf8(string).or_else(|_| fault(at, Fault::Utf8))
}

struct Input<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn rest(&self) -> &'a [u8] {
        self.octets.get(self.at..).unwrap_or_default()
    }

    fn octet(&mut self, what: &'static str) -> Result<u8, WbxmlError> {
        match self.rest().first() {
            Some(octet) => {
                self.at += 1;
                Ok(*octet)
            }
            None => fault(self.at, Fault::End(what)),
        }
    }

    /// A multi-octet integer of at most 32 bits.
    fn integer(&mut self, what: &'static str) -> Result<u32, WbxmlError> {
        let start = self.at;
        let mut value = 0u32;
        for _ in 0..5 {
            let octet = self.octet(what)?;
            if value.leading_zeros() < 7 {
                return fault(start, Fault::Integer);
            }
            value = value << 7 | u32::from(octet & 0x7F);
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        fault(start, Fault::Integer)
    }

    /// Octets with their number in front.
    fn sized(&mut self, what: &'static str) -> Result<&'a [u8], WbxmlError> {
        let start = self.at;
        let length = self.integer(what)?;
        let rest = self.rest();
        match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
            Some(octets) => {
                self.at += octets.len();
                Ok(octets)
            }
            None => fault(start, Fault::Length { what, length, present: rest.len() }),
        }
    }

    /// A string in place.
    fn string(&mut self) -> Result<&'a str, WbxmlError> {
        let start = self.at;
        let rest = self.rest();
        let Some(end) = rest.iter().position(|octet| *octet == 0) else {
            return fault(self.octets.len(), Fault::End("a string"));
        };
        self.at += end + 1;
        let octets = rest.get(..end).unwrap_or_default();
        std::str::from_utf8(octets).or_else(|error| fault(start + error.valid_up_to(), Fault::Utf8))
    }
}

struct Body<'a> {
    input: Input<'a>,
    table: &'a [u8],
    /// The code page of tags, and that of attributes: each goes on until it is switched.
    tags: u8,
    attributes: u8,
    assembly: Assembly,
    irregular: Vec<Irregularity>,
}

impl Body<'_> {
    /// All elements, from the root to its end.
    fn read(&mut self) -> Result<(), WbxmlError> {
        // The elements that are open.
        let mut open: Vec<Element> = Vec::new();
        loop {
            let at = self.input.at;
            let what = if open.is_empty() { "the root element" } else { "an element" };
            match self.input.octet(what)? {
                SWITCH_PAGE => self.tags = self.page(at)?,
                END if !open.is_empty() => {
                    if let Some(element) = open.pop() {
                        self.assembly.close(element);
                    }
                }
                // Nothing has a text; white space may have come over from XML.
                STR_I if !open.is_empty() => {
                    let text = self.input.string()?;
                    self.blank(text, at)?;
                }
                STR_T if !open.is_empty() => {
                    let index = self.input.integer("a string index")?;
                    let text = string_of(self.table, index, at)?;
                    self.blank(text, at)?;
                }
                token if matches!(token & !(WITH_CONTENT | WITH_ATTRIBUTES), 0..LITERAL) => {
                    return fault(at, Fault::Token { token, place: "an element" });
                }
                token => {
                    let (element, has_content) = self.element(token, at)?;
                    if has_content {
                        if open.len() >= MAX_DEPTH {
                            return fault(at, Fault::Depth);
                        }
                        open.push(element);
                    } else {
                        self.assembly.close(element);
                    }
                }
            }
            if open.is_empty() && self.assembly.begun {
                return Ok(());
            }
        }
    }

    fn page(&mut self, at: usize) -> Result<u8, WbxmlError> {
        match self.input.octet("a code page")? {
            page @ (0 | 1) => Ok(page),
            page => fault(at, Fault::Page(page)),
        }
    }

    fn blank(&mut self, text: &str, at: usize) -> Result<(), WbxmlError> {
        if !text.trim().is_empty() {
            return fault(
                at,
                Fault::Structure(format!("the text `{}` between elements, which have none", shown(text))),
            );
        }
        self.note("text", "white space between elements", at);
        Ok(())
    }

    fn note(&mut self, kind: &'static str, what: impl Into<String>, at: usize) {
        if self.irregular.len() < MOST && !self.irregular.iter().any(|told| told.kind == kind) {
            self.irregular.push(Irregularity::new(kind, what).at(at..self.input.at));
        }
    }

    /// An element with its attributes, whose tag is this octet; and whether something stands in it.
    fn element(&mut self, token: u8, at: usize) -> Result<(Element, bool), WbxmlError> {
        let tag = token & !(WITH_CONTENT | WITH_ATTRIBUTES);
        let element = if tag == LITERAL {
            let index = self.input.integer("a literal tag")?;
            let name = string_of(self.table, index, at)?;
            self.note("literal-tag", format!("the tag `{}` is written out", shown(name)), at);
            Element::of(name).map_or_else(|| fault(at, Fault::Name(shown(name))), Ok)?
        } else {
            let known = element(self.tags, tag);
            known.map_or_else(|| fault(at, Fault::Tag { page: self.tags, token: tag }), Ok)?
        };
        let attributes = if token & WITH_ATTRIBUTES == 0 { Vec::new() } else { self.attributes()? };
        let has_content = token & WITH_CONTENT != 0;
        if has_content && element == Element::Parm {
            self.note("parm-content", "a parm that has content", at);
        }
        let opened = self.assembly.open(Opened { element, attributes });
        opened.or_else(|what| fault(at, Fault::Structure(what)))?;
        Ok((element, has_content))
    }

    /// The attributes of an element, up to their end.
    fn attributes(&mut self) -> Result<Vec<(String, String)>, WbxmlError> {
        let mut found: Vec<(String, String)> = Vec::new();
        loop {
            let at = self.input.at;
            let place = "the attributes of an element";
            let text = match self.input.octet(place)? {
                END => return Ok(found),
                SWITCH_PAGE => {
                    self.attributes = self.page(at)?;
                    continue;
                }
                LITERAL => {
                    let index = self.input.integer("a literal attribute")?;
                    let name = string_of(self.table, index, at)?;
                    self.begin(&mut found, name, "", at)?;
                    continue;
                }
                ENTITY => {
                    let number = self.input.integer("an entity")?;
                    match char::from_u32(number) {
                        Some(character) => character.to_string(),
                        None => return fault(at, Fault::Entity(number)),
                    }
                }
                STR_I => self.input.string()?.to_owned(),
                STR_T => {
                    let index = self.input.integer("a string index")?;
                    string_of(self.table, index, at)?.to_owned()
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?;
                    self.note("opaque-value", "a value as opaque data, which stands for text here", at);
                    String::from_utf8(octets.to_vec()).or_else(|_| fault(at, Fault::Utf8))?
                }
                token @ 0x05..0x80 if !matches!(token & 0x3F, 0..=4) => {
                    let Some((name, value)) = start(self.attributes, token) else {
                        return fault(at, Fault::Attribute { page: self.attributes, token });
                    };
                    self.begin(&mut found, name, value, at)?;
                    continue;
                }
                token => match value(self.attributes, token) {
                    Some(text) => text.to_owned(),
                    None if token & 0x80 != 0 && !matches!(token & 0x3F, 0..=4) => {
                        return fault(at, Fault::Attribute { page: self.attributes, token });
                    }
                    None => return fault(at, Fault::Token { token, place }),
                },
            };
            if let Some(character) = not_xml(&text) {
                let what = format!("the character U+{:04X}, which XML does not have", u32::from(character));
                self.note("not-xml-character", what, at);
            }
            match found.last_mut() {
                Some((_, value)) => value.push_str(&text),
                None => return fault(at, Fault::Structure("a value in front of the first attribute".into())),
            }
        }
    }

    /// Begins an attribute.
    fn begin(
        &mut self,
        found: &mut Vec<(String, String)>,
        name: &str,
        value: &str,
        at: usize,
    ) -> Result<(), WbxmlError> {
        if !matches!(name, "name" | "value" | "type" | "version") {
            return fault(at, Fault::Name(shown(name)));
        }
        if found.iter().any(|(own, _)| own == name) {
            return fault(at, Fault::Structure(format!("the attribute `{name}` is there twice")));
        }
        found.push((name.to_owned(), value.to_owned()));
        Ok(())
    }
}
