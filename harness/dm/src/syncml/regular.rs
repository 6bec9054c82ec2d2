//! Messages as nearly all of them are, read while the decoder tells of their elements.
//!
//! Regular is a message that has nothing to forgive and nothing that an element further on could change: each element
//! where it belongs, in its namespace and no more often than it may stand there, Meta in front of what it speaks of, texts
//! that are characters. It needs no list of its elements. Any other message is left to [`super::from_element`] as soon as
//! that shows; what both can read they read alike.

mod slot;

use std::ops::Range;

use self::slot::{fill, fill_mandatory, made_of, push, put, raise};
use super::message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
use super::order::Order;
use super::place::{is_size, is_space, is_word};
use super::{Data, Text};
use crate::auth_type::AuthType;
use crate::element::{Name, Namespace, Sink, is_xml_char};
use crate::word::Word;

/// Elements inside one another that there is room for at first; a message without nesting commands has fewer.
const DEPTH: usize = 16;

/// An element that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Message,
    Header,
    Body,
    Command,
    Item,
    Cred,
    Chal,
    Meta,
    MetInf,
    /// Target, Source and their parents.
    Location(Word),
    /// An element that is there or not.
    Flag(Word),
    /// An element that holds text, or Data.
    Text(Word),
}

/// What the innermost element holds.
#[derive(Debug, Clone, Copy, Default)]
enum Held<'a> {
    #[default]
    Nothing,
    /// One text of the document.
    Text(&'a str),
    /// What has been put together.
    Made,
    /// Octets of the document.
    Octets(&'a [u8]),
}

/// Takes a message as it is told of it, as long as it is regular.
#[derive(Debug)]
pub(crate) struct Regular<'a> {
    header: SyncHdr,
    is_final: bool,
    /// The commands of the SyncBody, or of the innermost nesting command that is open.
    commands: Vec<Command>,
    /// The lists around that one.
    outer: Vec<Vec<Command>>,
    /// Whether the innermost command is a nesting one, so that it is the last of the innermost list around.
    nests: bool,
    /// The elements that are open, the innermost last.
    inside: Vec<Inside>,
    /// How far each of them has come in the order of what stands in it.
    places: Vec<u8>,
    /// The Cred that is open: the Meta and the Data it has so far.
    cred: (Option<Meta>, Option<Data>),
    /// The Chal that is open: the Meta it has so far.
    chal: Option<Meta>,
    /// What the Meta that is open speaks of.
    about: Inside,
    /// That Meta, unless it is made where it belongs.
    meta: Meta,
    /// Where the fields of that Meta stand.
    wrapping: Wrapping,
    held: Held<'a>,
    /// Text that stands in several pieces, or in other characters.
    made: String,
    progress: Progress,
}

/// Where the fields of a Meta stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    Unknown,
    /// In the Meta itself.
    Bare,
    /// In a MetInf.
    MetInf,
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    /// The SyncHdr is there, with or without Meta.
    Header {
        has_meta: bool,
    },
    Body,
    /// All of it has been read.
    Whole,
    /// It is for another to read.
    Irregular,
}

impl Default for Regular<'_> {
    fn default() -> Self {
        let none = Text::default;
        let header = SyncHdr { ver_dtd: none(), ver_proto: none(), msg_id: none(), ..SyncHdr::default() };
        Self {
            header,
            is_final: false,
            commands: Vec::new(),
            outer: Vec::new(),
            nests: false,
            inside: Vec::with_capacity(DEPTH),
            places: Vec::with_capacity(DEPTH),
            cred: (None, None),
            chal: None,
            about: Inside::Message,
            meta: Meta::default(),
            wrapping: Wrapping::Unknown,
            held: Held::Nothing,
            made: String::new(),
            progress: Progress::Nothing,
        }
    }
}

impl<'a> Regular<'a> {
    /// The message, if it was regular to its end.
    pub(crate) fn message(self) -> Option<Message> {
        if self.progress != Progress::Whole {
            return None;
        }
        Some(Message { header: self.header, commands: self.commands, is_final: self.is_final })
    }

    fn command(&mut self) -> Option<&mut Command> {
        let list = if self.nests { self.outer.last_mut()? } else { &mut self.commands };
        list.last_mut()
    }

    fn item(&mut self) -> Option<&mut Item> {
        self.command()?.items.last_mut()
    }

    /// Whether an element follows what stands before it in the same element.
    #[inline]
    fn follows(&mut self, word: Word) -> bool {
        let order = match self.inside.last() {
            Some(Inside::Command) => match self.command().map(|command| &command.cmd) {
                Some(CommandName::Status) => Order::Status,
                Some(CommandName::Results) => Order::Results,
                Some(CommandName::Alert) => Order::Alert,
                _ => Order::Command,
            },
            Some(Inside::Message) => Order::Message,
            Some(Inside::Header) => Order::Header,
            Some(Inside::Body) => Order::Body,
            Some(Inside::Item) => Order::Item,
            Some(Inside::Cred) => Order::Cred,
            Some(Inside::Location(_)) => Order::Location,
            _ => return true,
        };
        let place = order.place(word);
        match self.places.last_mut() {
            Some(last) if place != 0 => std::mem::replace(last, place) <= place,
            _ => true,
        }
    }

    /// What an element is where it stands; none if it is not regular there.
    #[inline]
    fn enter(&mut self, word: Word) -> Option<Inside> {
        let Some(around) = self.inside.last().copied() else {
            return (word == Word::SyncMl && self.progress == Progress::Nothing).then_some(Inside::Message);
        };
        let is_text = match (around, word) {
            (Inside::Message, Word::SyncHdr) if self.progress == Progress::Nothing => {
                self.progress = Progress::Header { has_meta: false };
                return Some(Inside::Header);
            }
            (Inside::Message, Word::SyncBody) if matches!(self.progress, Progress::Header { .. }) => {
                self.progress = Progress::Body;
                return Some(Inside::Body);
            }
            (Inside::Body, Word::Final) => return Some(Inside::Flag(word)),
            (Inside::Body, _) => return self.enter_command(word),
            (Inside::Header | Inside::Item, Word::Target | Word::Source)
            | (Inside::Item, Word::TargetParent | Word::SourceParent) => return self.enter_location(around, word),
            (Inside::Header, Word::NoResp) | (Inside::Item, Word::MoreData) => return Some(Inside::Flag(word)),
            (Inside::Header | Inside::Command, Word::Cred) => return self.enter_cred(around),
            (Inside::Command, Word::Chal) => {
                self.chal = None;
                return self.command()?.chal.is_none().then_some(Inside::Chal);
            }
            (Inside::Command, Word::Item) => {
                push(&mut self.command()?.items, Item::default);
                return Some(Inside::Item);
            }
            (Inside::Header | Inside::Command | Inside::Item | Inside::Cred | Inside::Chal, Word::Meta) => {
                return self.enter_meta(around);
            }
            (Inside::Meta, Word::MetInf) if self.wrapping == Wrapping::Unknown => {
                self.wrapping = Wrapping::MetInf;
                return Some(Inside::MetInf);
            }
            (Inside::Meta, _) if self.wrapping != Wrapping::MetInf => {
                self.wrapping = Wrapping::Bare;
                true
            }
            (Inside::Command, _) if self.nests && CommandName::of_word(word).is_some() => {
                return self.enter_command(word);
            }
            (Inside::Header | Inside::Command | Inside::MetInf | Inside::Location(_), _)
            | (Inside::Item | Inside::Cred, Word::Data) => true,
            _ => false,
        };
        // Whether there is a place for the text shows when it ends.
        self.held = Held::Nothing;
        is_text.then_some(Inside::Text(word))
    }

    fn enter_command(&mut self, word: Word) -> Option<Inside> {
        let name = CommandName::of_word(word)?;
        self.nests = name.nests();
        let list = &mut self.commands;
        // Inside another often stands one alone; room for more would be the most of what a message nested deep takes.
        if list.is_empty() && !self.outer.is_empty() {
            list.reserve_exact(1);
        }
        list.resize_with(list.len() + 1, || Command::new(name.clone(), Text::default()));
        if self.nests {
            self.outer.push(std::mem::take(list));
        }
        Some(Inside::Command)
    }

    fn enter_location(&mut self, around: Inside, word: Word) -> Option<Inside> {
        let is_free = match around {
            Inside::Header if word == Word::Target => self.header.target.is_empty(),
            Inside::Header => self.header.source.is_empty(),
            _ => self.item()?.location(word)?.0.is_none(),
        };
        is_free.then_some(Inside::Location(word))
    }

    fn enter_cred(&mut self, around: Inside) -> Option<Inside> {
        self.cred = (None, None);
        let is_free = match around {
            Inside::Header => self.header.cred.is_none(),
            _ => self.command()?.cred.is_none(),
        };
        is_free.then_some(Inside::Cred)
    }

    /// A Meta, which has to stand in front of what it speaks of.
    fn enter_meta(&mut self, around: Inside) -> Option<Inside> {
        (self.about, self.wrapping) = (around, Wrapping::Unknown);
        let is_free = match around {
            Inside::Header => self.progress == Progress::Header { has_meta: false },
            Inside::Command => {
                let command = self.command()?;
                let is_free = command.meta.is_none() && command.items.is_empty();
                command.meta.get_or_insert_default();
                is_free
            }
            Inside::Item => {
                let item = self.item()?;
                let is_free = item.meta.is_none() && item.data.is_none();
                item.meta.get_or_insert_default();
                is_free
            }
            Inside::Cred => matches!(self.cred, (None, None)),
            _ => self.chal.is_none(),
        };
        is_free.then_some(Inside::Meta)
    }

    /// The Meta that is open.
    #[inline]
    fn meta_read(&mut self) -> Option<&mut Meta> {
        match self.about {
            Inside::Item => self.item()?.meta.as_mut(),
            Inside::Command => self.command()?.meta.as_deref_mut(),
            _ => Some(&mut self.meta),
        }
    }

    /// Puts what the element has held where it belongs; none if that is not regular.
    #[inline]
    fn leave(&mut self, inside: Inside) -> Option<()> {
        let around = self.inside.last().copied();
        match inside {
            Inside::Text(word) => self.leave_text(around?, word),
            Inside::Flag(Word::Final) => raise(&mut self.is_final),
            Inside::Flag(Word::NoResp) => raise(&mut self.header.no_resp),
            Inside::Flag(_) => raise(&mut self.item()?.more_data),
            Inside::Location(word) => self.leave_location(around?, word),
            Inside::Meta => self.leave_meta(around?),
            Inside::MetInf | Inside::Item | Inside::Body => Some(()),
            Inside::Cred => {
                let (meta, data) = std::mem::take(&mut self.cred);
                let Meta { format, type_, .. } = meta.unwrap_or_default();
                let cred = Cred { format, type_: type_.as_deref().map(AuthType::from), data: data? };
                match around? {
                    Inside::Header => self.header.cred = Some(cred),
                    _ => self.command()?.cred = Some(Box::new(cred)),
                }
                Some(())
            }
            Inside::Chal => {
                let Meta { format, type_, next_nonce, .. } = self.chal.take()?;
                let chal = Chal { format, type_: type_.as_deref().map(AuthType::from), next_nonce };
                self.command()?.chal = Some(Box::new(chal));
                Some(())
            }
            Inside::Command => {
                if self.nests {
                    let commands = std::mem::replace(&mut self.commands, self.outer.pop()?);
                    self.nests = false;
                    self.command()?.commands = commands;
                }
                let command = self.command()?;
                let is_whole = !command.cmd_id.is_empty() && command.lacks().is_none();
                self.nests = around == Some(Inside::Command);
                is_whole.then_some(())
            }
            Inside::Header => {
                let SyncHdr { ver_dtd, ver_proto, session_id, msg_id, target, source, .. } = &self.header;
                let mandatory = [ver_dtd, ver_proto, session_id, msg_id, target, source];
                mandatory.iter().all(|text| !text.is_empty()).then_some(())
            }
            Inside::Message => {
                let is_whole = self.progress == Progress::Body;
                self.progress = Progress::Whole;
                is_whole.then_some(())
            }
        }
    }

    #[inline]
    fn leave_text(&mut self, around: Inside, word: Word) -> Option<()> {
        if word == Word::Data {
            return self.leave_data(around);
        }
        let held = self.held;
        let made = if matches!(held, Held::Made) { std::mem::take(&mut self.made) } else { String::new() };
        let text = match held {
            Held::Nothing => "",
            Held::Text(text) => text,
            Held::Made => made.as_str(),
            Held::Octets(_) => return None,
        };
        let is_sound = match word {
            Word::MaxMsgSize | Word::MaxObjSize => is_size(text),
            word => !is_word(word) || !(text.starts_with(is_space) || text.ends_with(is_space)),
        };
        if !is_sound {
            return None;
        }
        match around {
            Inside::Header => match word {
                Word::VerDtd => fill_mandatory(&mut self.header.ver_dtd, text),
                Word::VerProto => fill_mandatory(&mut self.header.ver_proto, text),
                Word::SessionId => fill_mandatory(&mut self.header.session_id, text),
                Word::MsgId => fill_mandatory(&mut self.header.msg_id, text),
                Word::RespUri => fill(&mut self.header.resp_uri, text),
                _ => None,
            },
            Inside::Command => {
                let command = self.command()?;
                match word {
                    Word::CmdId => fill_mandatory(&mut command.cmd_id, text),
                    Word::TargetRef => push(&mut command.target_ref, || made_of(text)),
                    Word::SourceRef => push(&mut command.source_ref, || made_of(text)),
                    _ => fill(command.text(word)?, text),
                }
            }
            Inside::Meta | Inside::MetInf => {
                let meta = self.meta_read()?;
                if word == Word::Emi { push(&mut meta.emi, || made_of(text)) } else { fill(meta.text(word)?, text) }
            }
            Inside::Location(of) => {
                let (uri, name) = match (self.around(1)?, of) {
                    (Inside::Item, _) => self.item()?.location(of)?,
                    (_, Word::Target) if word == Word::LocUri => return fill_mandatory(&mut self.header.target, text),
                    (..) if word == Word::LocUri => return fill_mandatory(&mut self.header.source, text),
                    (_, Word::Target) => {
                        return fill(&mut self.header.target_name, text).filter(|()| word == Word::LocName);
                    }
                    (..) => return fill(&mut self.header.source_name, text).filter(|()| word == Word::LocName),
                };
                match word {
                    Word::LocUri => fill(uri, text),
                    Word::LocName => fill(name?, text),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn leave_data(&mut self, around: Inside) -> Option<()> {
        match around {
            Inside::Command => {
                let data = self.data(|_| None);
                put(&mut self.command()?.data, data)
            }
            Inside::Item => {
                let data = self.data(|regular| {
                    let command = regular.command()?;
                    let own = command.items.last().and_then(|item| item.meta.as_ref()?.format.as_ref());
                    own.or_else(|| command.meta.as_ref()?.format.as_ref()).cloned()
                });
                put(&mut self.item()?.data, data)
            }
            Inside::Cred => {
                let data = self.data(|regular| regular.cred.0.as_ref()?.format.clone());
                put(&mut self.cred.1, data)
            }
            _ => None,
        }
    }

    /// A location has an address.
    fn leave_location(&mut self, around: Inside, word: Word) -> Option<()> {
        let has_address = match around {
            Inside::Header if word == Word::Target => !self.header.target.is_empty(),
            Inside::Header => !self.header.source.is_empty(),
            _ => self.item()?.location(word)?.0.is_some(),
        };
        has_address.then_some(())
    }

    fn leave_meta(&mut self, around: Inside) -> Option<()> {
        match around {
            Inside::Header => {
                let meta = std::mem::take(&mut self.meta);
                self.progress = Progress::Header { has_meta: true };
                (self.header.max_msg_size, self.header.max_obj_size) = (meta.max_msg_size, meta.max_obj_size);
            }
            Inside::Cred => self.cred.0 = Some(std::mem::take(&mut self.meta)),
            Inside::Chal => self.chal = Some(std::mem::take(&mut self.meta)),
            // It is where it belongs.
            _ => {}
        }
        Some(())
    }

    /// The element that stands so many elements around the innermost.
    fn around(&self, outwards: usize) -> Option<Inside> {
        self.inside.get(self.inside.len().checked_sub(outwards + 1)?).copied()
    }

    /// The content of a Data element, whose Meta Format is asked for if need be. Octets may be text: see
    /// [`super::data_of`].
    fn data(&mut self, format: impl FnOnce(&mut Self) -> Option<Text>) -> Data {
        match self.held {
            Held::Nothing => Data::default(),
            Held::Text(text) => Data::Text(made_of(text)),
            Held::Made => Data::Text(made_of(&self.made)),
            Held::Octets(octets) => {
                let text = if format(self).as_deref() == Some("bin") { None } else { str::from_utf8(octets).ok() };
                match text.filter(|text| text.chars().all(is_xml_char)) {
                    Some(text) => Data::from(text),
                    None => Data::Binary(octets.to_vec()),
                }
            }
        }
    }

    /// Takes a piece of text that is not the first, or that the document has in other characters.
    fn piece(&mut self, text: &str) {
        match self.held {
            Held::Nothing => self.made.clear(),
            Held::Text(first) => {
                self.made.clear();
                self.made.push_str(first);
            }
            Held::Made => {}
            Held::Octets(_) => return self.give_up(),
        }
        // Most references are to a character of ASCII.
        match text.as_bytes() {
            [octet] => self.made.push(char::from(*octet)),
            _ => self.made.push_str(text),
        }
        self.held = Held::Made;
    }

    fn holds_text(&self) -> bool {
        matches!(self.inside.last(), Some(Inside::Text(_)))
    }

    #[cold]
    fn give_up(&mut self) {
        self.progress = Progress::Irregular;
    }
}

impl<'a> Sink<'a> for Regular<'a> {
    #[inline]
    fn wants_more(&self) -> bool {
        self.progress != Progress::Irregular
    }

    #[inline]
    fn open(&mut self, namespace: &Namespace, name: Name<'a>, _head: Range<usize>) {
        let of_meta = matches!(self.inside.last(), Some(Inside::Meta | Inside::MetInf));
        let is_in_place = match namespace {
            Namespace::SyncMl => !of_meta,
            Namespace::MetInf => of_meta,
            _ => false,
        };
        match name.word().filter(|word| is_in_place && self.follows(*word)).and_then(|word| self.enter(word)) {
            Some(inside) => {
                self.inside.push(inside);
                self.places.push(0);
            }
            None => self.give_up(),
        }
    }

    #[inline]
    fn text(&mut self, text: &'a str, _at: Range<usize>) {
        if !self.holds_text() {
            // White space between elements means nothing.
            if !text.trim().is_empty() {
                self.give_up();
            }
        } else if let (Held::Nothing, false) = (self.held, text.is_empty()) {
            self.held = Held::Text(text);
        } else {
            self.piece(text);
        }
    }

    fn made(&mut self, text: &str, _at: Range<usize>) {
        if self.holds_text() {
            self.piece(text);
        } else if !text.trim().is_empty() {
            self.give_up();
        }
    }

    fn binary(&mut self, octets: &'a [u8], _at: Range<usize>) {
        match (self.inside.last(), self.held) {
            (Some(Inside::Text(Word::Data)), Held::Nothing) => self.held = Held::Octets(octets),
            _ => self.give_up(),
        }
    }

    #[inline]
    fn close(&mut self, _end: usize) {
        self.places.pop();
        if self.inside.pop().and_then(|inside| self.leave(inside)).is_none() {
            self.give_up();
        }
    }
}

#[cfg(test)]
mod tests;
