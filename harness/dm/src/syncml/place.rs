//! An element on the way down from the root: what reading a message needs to know where it stands.

use super::from_element::MessageError;
use super::order::Order;
use super::{CommandName, Data, Text};
use crate::element::{Content, Element, Namespace, is_xml_char, shown};
use crate::irregular::Irregularities;
use crate::word::Word;
use crate::xml::encode::fragment;

/// An element with the elements around it. Its path is made only when an error or an irregularity asks for it.
pub(super) struct Place<'p, 'e, 'a> {
    pub(super) element: Element<'e, 'a>,
    /// The vocabulary its children should have.
    inside: &'static Namespace,
    parent: Option<&'p Place<'p, 'e, 'a>>,
}

impl<'p, 'e, 'a> Place<'p, 'e, 'a> {
    /// The root element of a message.
    pub(super) fn root(element: Element<'e, 'a>, irregular: &mut Irregularities) -> Self {
        let place = Self { element, inside: &Namespace::SyncMl, parent: None };
        place.check_namespace(&Namespace::SyncMl, irregular);
        place
    }

    #[inline]
    fn child<'c>(&'c self, element: Element<'e, 'a>, irregular: &mut Irregularities) -> Place<'c, 'e, 'a> {
        // Meta names its own vocabulary for what is inside; Meta itself is SyncML.
        let inside = if element.word() == Some(Word::Meta) { &Namespace::MetInf } else { self.inside };
        let place = Place { element, inside, parent: Some(self) };
        place.check_namespace(self.inside, irregular);
        place
    }

    #[inline]
    fn check_namespace(&self, wanted: &Namespace, irregular: &mut Irregularities) {
        if !self.element.is_in(wanted) {
            self.wrong_namespace(wanted, irregular);
        }
    }

    #[cold]
    fn wrong_namespace(&self, wanted: &Namespace, irregular: &mut Irregularities) {
        let found = self.element.namespace();
        self.note("wrong-namespace", found.uri(), irregular, |path| {
            format!("{path} is in {found} instead of {wanted}; read as if it were right")
        });
    }

    fn name(&self) -> &'e str {
        self.element.name()
    }

    /// Its name, if SyncML has it.
    #[inline]
    pub(super) fn word(&self) -> Option<Word> {
        self.element.word()
    }

    /// Gives each child element to `read`; text between them is passed over.
    pub(super) fn children(
        &self,
        irregular: &mut Irregularities,
        mut read: impl FnMut(&Place<'_, 'e, 'a>, &mut Irregularities) -> Result<(), MessageError>,
    ) -> Result<(), MessageError> {
        let (order, mut last) = (Order::of(self.word()), 0);
        for content in self.element.contents() {
            match content {
                Content::Element(child) => {
                    let child = self.child(child, irregular);
                    let place = child.word().map_or(0, |word| order.place(word));
                    if place != 0 && place < last {
                        child.late(irregular);
                    }
                    last = place.max(last);
                    read(&child, irregular)?;
                }
                Content::Text(text, _) if text.trim().is_empty() => {}
                Content::Text(_, at) | Content::Binary(_, at) => {
                    let what = || format!("{} holds character data between elements; skipped", self.path());
                    irregular.note("stray-text", self.name(), at, what);
                }
            }
        }
        Ok(())
    }

    /// The element is not known here, and is passed over.
    pub(super) fn skipped(&self, irregular: &mut Irregularities) {
        let what = |path: String| format!("{path} is not expected here; skipped");
        self.note("unknown-element", self.name(), irregular, what);
    }

    /// The element is that of a command nobody has defined.
    pub(super) fn unknown_command(&self, irregular: &mut Irregularities) {
        let what = |path: String| format!("{path} is no command of SyncML; read as one, since it has a CmdID");
        self.note("unknown-element", self.name(), irregular, what);
    }

    /// The element stands here once more than it may.
    pub(super) fn again(&self, irregular: &mut Irregularities) {
        let what = |path: String| format!("{path} stands here again; the first one counts");
        self.note("repeated-element", self.name(), irregular, what);
    }

    /// The element stands behind one that should follow it.
    #[cold]
    fn late(&self, irregular: &mut Irregularities) {
        let what =
            |path: String| format!("{path} stands behind what should follow it; read as if it stood in its place");
        self.note("element-order", self.name(), irregular, what);
    }

    fn note(
        &self,
        kind: &'static str,
        name: &str,
        irregular: &mut Irregularities,
        what: impl FnOnce(String) -> String,
    ) {
        irregular.note(kind, name, self.element.at(), || what(self.path()));
    }

    pub(super) fn missing(&self, name: &'static str) -> MessageError {
        MessageError::Missing { path: self.path(), name }
    }

    /// Fills a slot, unless an element before this one has.
    pub(super) fn put<T>(&self, slot: &mut Option<T>, value: T, irregular: &mut Irregularities) {
        if slot.is_some() {
            self.again(irregular);
        } else {
            *slot = Some(value);
        }
    }

    /// Puts the text of this element into the slot, unless the slot is taken.
    pub(super) fn set(&self, slot: &mut Option<Text>, irregular: &mut Irregularities) -> Result<(), MessageError> {
        let text = self.text()?;
        self.put(slot, text, irregular);
        Ok(())
    }

    /// As [`Place::set`], for what is compared or counted: white space around it is none of it.
    pub(super) fn set_word(&self, slot: &mut Option<Text>, irregular: &mut Irregularities) -> Result<(), MessageError> {
        let text = self.text()?;
        let word = text.trim_matches(is_space);
        let text = if word.len() == text.len() {
            text
        } else {
            let what = |path: String| format!("{path} has white space around what it holds; read without");
            self.note("white-space", self.name(), irregular, what);
            word.into()
        };
        self.put(slot, text, irregular);
        Ok(())
    }

    /// As [`Place::set`], for what should be a number above zero.
    pub(super) fn set_size(&self, slot: &mut Option<Text>, irregular: &mut Irregularities) -> Result<(), MessageError> {
        let text = self.text()?;
        if !is_size(&text) {
            let what = |path: String| format!("{path} is no number of octets above zero in decimal digits");
            self.note("no-number", self.name(), irregular, what);
        }
        self.put(slot, text, irregular);
        Ok(())
    }

    /// Raises the flag that an empty element is.
    pub(super) fn raise(&self, flag: &mut bool, irregular: &mut Irregularities) {
        if *flag {
            self.again(irregular);
        }
        *flag = true;
        let mut contents = self.element.contents();
        if contents.any(|content| !matches!(content, Content::Text(text, _) if text.trim().is_empty())) {
            let what = |path: String| format!("{path} is not empty; what it holds is skipped");
            self.note("content-in-empty-element", self.name(), irregular, what);
        }
    }

    /// The text of this element, from character data and octets that are UTF-8.
    pub(super) fn text(&self) -> Result<Text, MessageError> {
        if let Some(text) = self.element.one_text() {
            return Ok(text.into());
        }
        let not_text = |found| MessageError::NotText { path: self.path(), found };
        let mut text = String::new();
        for content in self.element.contents() {
            text.push_str(match content {
                Content::Text(part, _) => part,
                Content::Binary(octets, _) => {
                    std::str::from_utf8(octets).map_err(|_| not_text("octets that are not UTF-8"))?
                }
                Content::Element(_) => return Err(not_text("elements")),
            });
        }
        Ok(text.into())
    }

    /// The content of a Data element of that Meta Format.
    pub(super) fn data(&self, format: Option<&str>, irregular: &mut Irregularities) -> Data {
        if let Some(text) = self.element.one_text() {
            return Data::from(text);
        }
        if self.element.elements().next().is_some() {
            // A tree object may stand in Data as it is, on the code page that is there for it.
            if self.element.elements().any(|inner| *inner.namespace() != Namespace::DmDdf) {
                let what = |path: String| format!("{path} holds elements; kept as their XML text");
                self.note("markup-in-data", self.name(), irregular, what);
            }
            return Data::from(fragment(self.element));
        }
        data_of(self.element, format)
    }

    /// The names from the root down to here; the position is told where equal siblings exist.
    pub(super) fn path(&self) -> String {
        let mut path = match self.parent {
            Some(parent) => parent.path() + "/",
            None => String::new(),
        };
        path.push_str(&shown(self.name()));
        if let Some(parent) = self.parent {
            let mut twins = parent.element.elements().filter(|sibling| sibling.name() == self.name());
            let before = twins.position(|sibling| sibling.is(self.element)).unwrap_or(0);
            if before > 0 || twins.next().is_some() {
                path.push_str(&format!("[{}]", before + 1));
            }
        }
        path
    }
}

/// White space as XML has it.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Whether a text is a size in octets, which is above zero and no larger than anybody counts.
pub(super) fn is_size(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.parse::<u64>().is_ok_and(|size| size > 0)
}

/// Whether an element holds what is compared or counted.
pub(super) fn is_word(word: Word) -> bool {
    use Word::{Cmd, CmdId, CmdRef, MsgId, MsgRef, SessionId, VerDtd, VerProto};
    matches!(word, Cmd | CmdId | CmdRef | MsgId | MsgRef | SessionId | VerDtd | VerProto)
}

/// The name of the command that an element is where commands stand: one by its name, or because it has what every command
/// has.
pub(super) fn command_name(element: Element<'_, '_>) -> Option<CommandName> {
    let known = element.word().and_then(CommandName::of_word);
    known.or_else(|| element.child(Word::CmdId).map(|_| CommandName::Unknown(element.name().to_owned())))
}

/// What a Data element without elements in it holds, under that Meta Format.
///
/// WBXML does not tell text from octets: an OPAQUE may be either. It is taken for text if XML could carry it, unless the
/// format is `bin`.
pub(crate) fn data_of(element: Element<'_, '_>, format: Option<&str>) -> Data {
    let mut octets = Vec::new();
    let mut opaque = false;
    for content in element.contents() {
        match content {
            Content::Text(part, _) => octets.extend_from_slice(part.as_bytes()),
            Content::Binary(part, _) => {
                opaque = true;
                octets.extend_from_slice(part);
            }
            Content::Element(_) => {}
        }
    }
    match String::from_utf8(octets) {
        Ok(text) if !opaque || (format != Some("bin") && text.chars().all(is_xml_char)) => Data::from(text),
        Ok(text) => Data::Binary(text.into_bytes()),
        Err(error) => Data::Binary(error.into_bytes()),
    }
}
