//! The text of a document up to where it is read, and what both the prolog and the elements are made of.

use super::fault::{Fault, Rule};
use super::names::{is_ascii_in_name, is_in_name, starts_name};
use crate::element::{is_xml_char, not_xml, shown};

/// A fault at an octet of the text.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) at: usize,
    pub(super) fault: Fault,
}

/// A name with its prefix apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct QualifiedName<'a> {
    pub(super) prefix: Option<&'a str>,
    pub(super) local: &'a str,
    /// The name as it is written.
    pub(super) whole: &'a str,
}

/// What a reference refers to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reference<'a> {
    /// A character by its number.
    Character(char),
    /// An entity that XML predefines: the character it stands for.
    Predefined(&'static str),
    /// An entity that XML does not predefine.
    Entity(&'a str),
}

/// A document and the place up to which it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    text: &'a str,
    /// The octet that is next; always the first of a character.
    at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The octets of the rest.
    #[inline]
    pub(super) fn octets(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The octet that is next.
    #[inline]
    pub(super) fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The octets from `start` up to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline]
    pub(super) fn starts_with(&self, what: &str) -> bool {
        self.octets().starts_with(what.as_bytes())
    }

    /// Goes on by octets that were looked at.
    #[inline]
    pub(super) fn skip(&mut self, octets: usize) {
        self.at += octets;
    }

    /// Reads `what`, if it is next.
    #[inline]
    pub(super) fn eat(&mut self, what: &str) -> bool {
        let is_next = self.starts_with(what);
        if is_next {
            self.at += what.len();
        }
        is_next
    }

    /// Reads white space; whether there was some.
    #[inline]
    pub(super) fn spaces(&mut self) -> bool {
        let count = self.octets().iter().take_while(|octet| is_space(**octet)).count();
        self.at += count;
        count > 0
    }

    /// A fault at what is next.
    pub(super) fn wrong<T>(&self, rule: Rule, what: impl Into<String>) -> Result<T, Found> {
        wrong(self.at, rule, what)
    }

    /// What is next, for a person: a character, or the end.
    pub(super) fn shown(&self) -> String {
        match self.rest().chars().next() {
            Some(character) => format!("`{}`", character.escape_debug()),
            None => "the end of the document".to_owned(),
        }
    }

    /// A name without colon; `None` if none is next.
    #[inline]
    pub(super) fn name(&mut self) -> Option<&'a str> {
        let octets = self.octets();
        let length = octets.iter().position(|octet| !is_ascii_in_name(*octet)).unwrap_or(octets.len());
        if octets.get(length).is_some_and(|octet| !octet.is_ascii()) {
            return self.name_beyond_ascii();
        }
        if !octets.first().is_some_and(|first| starts_name(char::from(*first))) {
            return None;
        }
        let start = self.at;
        self.at += length;
        self.text.get(start..self.at)
    }

    fn name_beyond_ascii(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let mut characters = rest.char_indices();
        let (_, first) = characters.next()?;
        if !starts_name(first) {
            return None;
        }
        let length = characters.find(|(_, character)| !is_in_name(*character)).map_or(rest.len(), |(index, _)| index);
        self.at += length;
        rest.get(..length)
    }

    /// A name with or without a prefix; `what` has it.
    pub(super) fn qualified_name(&mut self, what: &str) -> Result<QualifiedName<'a>, Found> {
        let start = self.at;
        let Some(first) = self.name() else {
            return self.wrong(Rule::Name, format!("the name of {what} cannot start with {}", self.shown()));
        };
        if !self.eat(":") {
            return Ok(QualifiedName { prefix: None, local: first, whole: first });
        }
        let Some(local) = self.name() else {
            let what = format!("after `{}:` no name can start with {}", shown(first), self.shown());
            return self.wrong(Rule::QualifiedName, what);
        };
        if self.next() == Some(b':') {
            return self.wrong(Rule::QualifiedName, format!("the name of {what} has two colons"));
        }
        Ok(QualifiedName { prefix: Some(first), local, whole: self.since(start) })
    }

    /// A comment, whose `<!--` is next.
    pub(super) fn comment(&mut self) -> Result<(), Found> {
        let start = self.at;
        self.skip("<!--".len());
        let Some(length) = self.rest().find("--") else {
            return wrong(start, Rule::Comment, "a comment that does not end with `-->`");
        };
        self.characters_only(length)?;
        self.skip(length);
        if self.eat("-->") { Ok(()) } else { self.wrong(Rule::Comment, "`--` in a comment") }
    }

    /// A processing instruction, whose `<?` is next.
    pub(super) fn instruction(&mut self) -> Result<(), Found> {
        let start = self.at;
        self.skip("<?".len());
        let Some(target) = self.name() else {
            let what = format!("the target of a processing instruction cannot start with {}", self.shown());
            return self.wrong(Rule::Instruction, what);
        };
        if target.eq_ignore_ascii_case("xml") {
            return if target == "xml" {
                wrong(start, Rule::Prolog, "an XML declaration that is not at the very start of the document")
            } else {
                wrong(start, Rule::Instruction, format!("the target `{target}` is reserved"))
            };
        }
        if self.eat("?>") {
            return Ok(());
        }
        if !self.spaces() {
            let what = format!("{} in the target of a processing instruction", self.shown());
            return self.wrong(Rule::Instruction, what);
        }
        let Some(length) = self.rest().find("?>") else {
            return wrong(start, Rule::Instruction, "a processing instruction that does not end with `?>`");
        };
        self.characters_only(length)?;
        self.skip(length + "?>".len());
        Ok(())
    }

    /// A reference, whose `&` is next. Five entities are predefined (4.6).
    pub(super) fn reference(&mut self) -> Result<Reference<'a>, Found> {
        let start = self.at;
        let (character, octets) = match self.octets() {
            [_, b'a', b'm', b'p', b';', ..] => ("&", "&amp;".len()),
            [_, b'l', b't', b';', ..] => ("<", "&lt;".len()),
            [_, b'g', b't', b';', ..] => (">", "&gt;".len()),
            [_, b'q', b'u', b'o', b't', b';', ..] => ("\"", "&quot;".len()),
            [_, b'a', b'p', b'o', b's', b';', ..] => ("'", "&apos;".len()),
            _ => ("", 1),
        };
        if self.starts_with("&#") {
            return self.character_reference().map(Reference::Character);
        }
        self.skip(octets);
        if !character.is_empty() {
            return Ok(Reference::Predefined(character));
        }
        let Some(name) = self.name() else {
            return wrong(start, Rule::Reference, "`&` that starts no reference; write `&amp;`");
        };
        if !self.eat(";") {
            let what = format!("the reference `&{}` does not end with `;`", shown(name));
            return wrong(start, Rule::Reference, what);
        }
        Ok(Reference::Entity(name))
    }

    /// A reference to a character, whose `&#` is next.
    #[inline]
    pub(super) fn character_reference(&mut self) -> Result<char, Found> {
        let start = self.at;
        self.skip("&#".len());
        let radix = if self.eat("x") { 16 } else { 10 };
        let octets = self.octets();
        let (mut number, mut digits) = (0_u32, 0);
        while let Some(digit) = octets.get(digits).and_then(|octet| char::from(*octet).to_digit(radix)) {
            // What is too large for a character stays so.
            number = number.saturating_mul(radix).saturating_add(digit);
            digits += 1;
        }
        self.skip(digits);
        if digits == 0 || !self.eat(";") {
            return wrong(
                start,
                Rule::Reference,
                "a character reference is `&#`, digits and `;`, or `&#x` in hexadecimal",
            );
        }
        char::from_u32(number).filter(|character| is_xml_char(*character)).map_or_else(
            || wrong(start, Rule::LegalCharacter, format!("`{}` is to no character of XML", shown(self.since(start)))),
            Ok,
        )
    }

    /// Text in quotes; what is in them, and `None` if no quotes are next. `what` has the text.
    pub(super) fn quoted(&mut self, what: &str, rule: Rule) -> Result<Option<&'a str>, Found> {
        let start = self.at;
        let Some(quote @ (b'"' | b'\'')) = self.next() else { return Ok(None) };
        self.skip(1);
        let Some(length) = self.rest().find(char::from(quote)) else {
            return wrong(start, rule, format!("{what} does not end with `{}`", char::from(quote)));
        };
        let text = self.rest().get(..length).unwrap_or_default();
        self.skip(length + 1);
        Ok(Some(text))
    }

    /// Sees to it that the next `length` octets are characters of XML.
    pub(super) fn characters_only(&self, length: usize) -> Result<(), Found> {
        match self.rest().get(..length).and_then(not_xml) {
            Some((index, character)) => not_a_character(self.at + index, character),
            None => Ok(()),
        }
    }
}

pub(super) fn wrong<T>(at: usize, rule: Rule, what: impl Into<String>) -> Result<T, Found> {
    Err(Found { at, fault: Fault::against(rule, what) })
}

pub(super) fn not_a_character<T>(at: usize, character: char) -> Result<T, Found> {
    wrong(at, Rule::Character, format!("the character U+{:04X} is not allowed in XML", u32::from(character)))
}

/// White space of XML (2.3 [3]).
pub(super) fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}
