//! From WBXML to a provisioning document.

use dmsc_octets::Irregularity;

use dmsc_dm::wbxml::parts::{
    END, ENTITY, Input, LITERAL, OPAQUE, PartFault, STR_I, STR_T, SWITCH_PAGE, Table, WITH_ATTRIBUTES, WITH_CONTENT,
};

use super::tokens::{element, start, value};
use super::{
    Assembly, Decoded, Element, Fault, MAX_DEPTH, Opened, PUBLIC_ID, PUBLIC_ID_NUMBER, WbxmlError, not_xml, shown,
};

/// The number of a public identifier that is not known.
const UNKNOWN_ID: u32 = 1;
/// How many irregularities are told of one document.
const MOST: usize = 64;

fn fault<T>(offset: usize, fault: Fault) -> Result<T, WbxmlError> {
    Err(WbxmlError { offset, fault })
}

/// Reads a document.
pub(super) fn document(octets: &[u8]) -> Result<Decoded, WbxmlError> {
    let mut input = Input::new(octets);
    let head = input.head()?;
    let (number, at) = (head.number, head.public_id_at);
    let mut irregular = Vec::new();
    match head.literal {
        None if number == PUBLIC_ID_NUMBER => {}
        // What the document is, its elements tell.
        None if number == UNKNOWN_ID => {
            let what = "the public identifier is the number of one that is not known";
            irregular.push(Irregularity::new("other-public-id", what).at(at));
        }
        None => return fault(at.start, Fault::PublicId(format!("{number:02X}"))),
        Some((text, _)) if text == PUBLIC_ID => {}
        Some((text, _)) => return fault(at.start, Fault::PublicId(format!("`{}`", shown(text)))),
    }
    let mut body = Body { input, table: head.table, tags: 0, attributes: 0, assembly: Assembly::default(), irregular };
    body.read()?;
    match octets.len().saturating_sub(body.input.at()) {
        0 => Ok(Decoded { document: body.assembly.document(), irregular: body.irregular }),
        left => fault(body.input.at(), Fault::Trailing(left)),
    }
}

struct Body<'a> {
    input: Input<'a>,
    table: Table<'a>,
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
            let at = self.input.at();
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
                    let text = self.table.string(index, at)?.0;
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
            self.irregular.push(Irregularity::new(kind, what).at(at..self.input.at()));
        }
    }

    /// An element with its attributes, whose tag is this octet; and whether something stands in it.
    fn element(&mut self, token: u8, at: usize) -> Result<(Element, bool), WbxmlError> {
        let tag = token & !(WITH_CONTENT | WITH_ATTRIBUTES);
        let element = if tag == LITERAL {
            let index = self.input.integer("a literal tag")?;
            let name = self.table.string(index, at)?.0;
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
            let at = self.input.at();
            let place = "the attributes of an element";
            let text = match self.input.octet(place)? {
                END => return Ok(found),
                SWITCH_PAGE => {
                    self.attributes = self.page(at)?;
                    continue;
                }
                LITERAL => {
                    let index = self.input.integer("a literal attribute")?;
                    let name = self.table.string(index, at)?.0;
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
                    self.table.string(index, at)?.0.to_owned()
                }
                OPAQUE => {
                    let octets = self.input.sized("opaque data")?;
                    self.note("opaque-value", "a value as opaque data, which stands for text here", at);
                    String::from_utf8(octets.to_vec()).or_else(|_| fault(at, Fault::Part(PartFault::Utf8)))?
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
