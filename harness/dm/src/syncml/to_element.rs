//! From messages to elements, in the order of the document type.

use super::message::{Chal, Command, CommandName, Cred, Item, Message, Meta, SyncHdr};
use super::{Data, Text};
use crate::auth_type::AuthType;
use crate::base64::base64;
use crate::element::{Name, Namespace, Sink};
use crate::word::Word;

/// What the elements are going to be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// XML, where octets become base64 text under Format b64 (MetInf 1.2).
    Xml,
    /// WBXML, which carries octets.
    Wbxml,
}

impl Message {
    /// Tells of the SyncML element of the message.
    ///
    /// Mandatory texts that are empty (a CmdID, a SessionID) are left out, which is how a message that
    /// lacks them is made.
    pub(crate) fn tell<'a>(&'a self, carrier: Carrier, sink: &mut impl Sink<'a>) {
        let mut writer = Writer { sink, carrier };
        writer.open(Word::SyncMl);
        writer.sync_hdr(&self.header);
        writer.open(Word::SyncBody);
        for command in &self.commands {
            writer.command(command);
        }
        writer.flag(Word::Final, self.is_final);
        writer.close();
        writer.close();
    }
}

/// Meta information from wherever it comes.
#[derive(Default)]
struct About<'a> {
    format: Option<&'a str>,
    type_: Option<&'a str>,
    mark: Option<&'a str>,
    size: Option<&'a str>,
    next_nonce: Option<&'a str>,
    max_msg_size: Option<&'a str>,
    max_obj_size: Option<&'a str>,
    emi: &'a [Text],
}

impl<'a> About<'a> {
    fn new(meta: &'a Meta) -> Self {
        Self {
            format: meta.format.as_deref(),
            type_: meta.type_.as_deref(),
            mark: meta.mark.as_deref(),
            size: meta.size.as_deref(),
            next_nonce: meta.next_nonce.as_deref(),
            max_msg_size: meta.max_msg_size.as_deref(),
            max_obj_size: meta.max_obj_size.as_deref(),
            emi: &meta.emi,
        }
    }

    /// Words and texts of what is set.
    fn texts(self) -> impl Iterator<Item = (Word, &'a str)> {
        let single = [
            (Word::Format, self.format),
            (Word::Type, self.type_),
            (Word::Mark, self.mark),
            (Word::Size, self.size),
            (Word::NextNonce, self.next_nonce),
            (Word::MaxMsgSize, self.max_msg_size),
            (Word::MaxObjSize, self.max_obj_size),
        ];
        let single = single.into_iter().filter_map(|(word, text)| text.map(|text| (word, text)));
        single.chain(self.emi.iter().map(|text| (Word::Emi, text.as_str())))
    }
}

struct Writer<'s, S> {
    sink: &'s mut S,
    carrier: Carrier,
}

impl<'a, S: Sink<'a>> Writer<'_, S> {
    fn open(&mut self, word: Word) {
        self.named(Name::Word(word));
    }

    fn named(&mut self, name: Name<'a>) {
        self.sink.open(&Namespace::SyncMl, name, 0..0);
    }

    fn close(&mut self) {
        self.sink.close(0);
    }

    fn element(&mut self, namespace: &Namespace, word: Word, text: &'a str) {
        self.sink.open(namespace, Name::Word(word), 0..0);
        self.sink.text(text, 0..0);
        self.sink.close(0);
    }

    /// An element with text, if there is text to carry.
    fn some(&mut self, word: Word, text: Option<&'a Text>) {
        if let Some(text) = text {
            self.element(&Namespace::SyncMl, word, text);
        }
    }

    /// A mandatory element, unless its text is empty.
    fn mandatory(&mut self, word: Word, text: &'a Text) {
        self.some(word, Some(text).filter(|text| !text.is_empty()));
    }

    fn flag(&mut self, word: Word, flag: bool) {
        if flag {
            self.element(&Namespace::SyncMl, word, "");
        }
    }

    fn location(&mut self, word: Word, uri: Option<&'a Text>, loc_name: Option<&'a Text>) {
        if uri.is_some() || loc_name.is_some() {
            self.open(word);
            self.some(Word::LocUri, uri);
            self.some(Word::LocName, loc_name);
            self.close();
        }
    }

    fn sync_hdr(&mut self, header: &'a SyncHdr) {
        self.open(Word::SyncHdr);
        self.mandatory(Word::VerDtd, &header.ver_dtd);
        self.mandatory(Word::VerProto, &header.ver_proto);
        self.mandatory(Word::SessionId, &header.session_id);
        self.mandatory(Word::MsgId, &header.msg_id);
        let some = |text: &'a Text| Some(text).filter(|text| !text.is_empty());
        self.location(Word::Target, some(&header.target), header.target_name.as_ref());
        self.location(Word::Source, some(&header.source), header.source_name.as_ref());
        self.some(Word::RespUri, header.resp_uri.as_ref());
        self.flag(Word::NoResp, header.no_resp);
        if let Some(cred) = &header.cred {
            self.cred(cred);
        }
        let (max_msg_size, max_obj_size) = (header.max_msg_size.as_deref(), header.max_obj_size.as_deref());
        self.meta(About { max_msg_size, max_obj_size, ..About::default() });
        self.close();
    }

    fn command(&mut self, command: &'a Command) {
        self.named(command.cmd.word().map_or_else(|| Name::of(command.cmd.as_str()), Name::Word));
        self.mandatory(Word::CmdId, &command.cmd_id);
        self.some(Word::MsgRef, command.msg_ref.as_ref());
        self.some(Word::CmdRef, command.cmd_ref.as_ref());
        self.some(Word::Cmd, command.name.as_ref());
        // The document type puts Cred before Meta, Meta before the references in Results, and Cred behind them in Status.
        let cred = command.cred.as_deref();
        let (first, later) = match command.cmd {
            CommandName::Status | CommandName::Results => (None, cred),
            _ => (cred, None),
        };
        if let Some(cred) = first {
            self.cred(cred);
        }
        if let Some(meta) = &command.meta {
            self.meta(About::new(meta));
        }
        for target in &command.target_ref {
            self.some(Word::TargetRef, Some(target));
        }
        for source in &command.source_ref {
            self.some(Word::SourceRef, Some(source));
        }
        if let Some(cred) = later {
            self.cred(cred);
        }
        if let Some(chal) = &command.chal {
            self.chal(chal);
        }
        if let Some(data) = &command.data {
            self.data(data);
        }
        self.some(Word::Correlator, command.correlator.as_ref());
        for item in &command.items {
            self.item(item);
        }
        for command in &command.commands {
            self.command(command);
        }
        self.close();
    }

    fn item(&mut self, item: &'a Item) {
        self.open(Word::Item);
        self.location(Word::Target, item.target.as_ref(), item.target_name.as_ref());
        self.location(Word::Source, item.source.as_ref(), item.source_name.as_ref());
        self.location(Word::SourceParent, item.source_parent.as_ref(), None);
        self.location(Word::TargetParent, item.target_parent.as_ref(), None);
        let mut about = item.meta.as_ref().map(About::new).unwrap_or_default();
        if let Some(Data::Binary(_)) = item.data {
            about.format = self.format_of_octets(about.format);
        }
        self.meta(about);
        if let Some(data) = &item.data {
            self.data(data);
        }
        self.flag(Word::MoreData, item.more_data);
        self.close();
    }

    fn data(&mut self, data: &'a Data) {
        match data {
            Data::Text(text) => self.element(&Namespace::SyncMl, Word::Data, text),
            Data::Binary(octets) => {
                self.open(Word::Data);
                match self.carrier {
                    Carrier::Xml => self.sink.made(&base64(octets), 0..0),
                    Carrier::Wbxml => self.sink.binary(octets, 0..0),
                }
                self.close();
            }
        }
    }

    /// The Format that octets have to have on the carrier.
    fn format_of_octets(&self, given: Option<&'a str>) -> Option<&'a str> {
        match self.carrier {
            Carrier::Xml => Some("b64"),
            Carrier::Wbxml => given,
        }
    }

    fn cred(&mut self, cred: &'a Cred) {
        let format = match &cred.data {
            Data::Binary(_) => self.format_of_octets(cred.format.as_deref()),
            Data::Text(_) => cred.format.as_deref(),
        };
        self.open(Word::Cred);
        self.meta(About { format, type_: cred.type_.as_ref().map(AuthType::as_str), ..About::default() });
        self.data(&cred.data);
        self.close();
    }

    fn chal(&mut self, chal: &'a Chal) {
        self.open(Word::Chal);
        // Meta is the only content a Chal can have, so it stands even when nothing is in it.
        self.open(Word::Meta);
        let about = About {
            format: chal.format.as_deref(),
            type_: chal.type_.as_ref().map(AuthType::as_str),
            next_nonce: chal.next_nonce.as_deref(),
            ..About::default()
        };
        about.texts().for_each(|(word, text)| self.element(&Namespace::MetInf, word, text));
        self.close();
        self.close();
    }

    /// Meta, unless nothing is in it.
    fn meta(&mut self, about: About<'a>) {
        let mut texts = about.texts().peekable();
        if texts.peek().is_some() {
            self.open(Word::Meta);
            texts.for_each(|(word, text)| self.element(&Namespace::MetInf, word, text));
            self.close();
        }
    }
}
