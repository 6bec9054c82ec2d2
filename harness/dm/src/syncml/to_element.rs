//! From messages to elements, in the order of the document type.

use std::borrow::Cow;

use super::Data;
use super::message::{Chal, Command, Cred, Item, Message, Meta, SyncHdr};
use crate::auth_type::AuthType;
use crate::base64::base64;
use crate::element::{Builder, Elements, Namespace};

/// What the elements are going to be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// XML, where octets become base64 text under Format b64 (MetInf 1.2).
    Xml,
    /// WBXML, which carries octets.
    Wbxml,
}

impl Message {
    /// The SyncML element of the message.
    ///
    /// Mandatory texts that are empty (a CmdID, a SessionID) are left out, which is how a message that
    /// lacks them is made.
    pub(crate) fn to_elements(&self, carrier: Carrier) -> Elements<'_> {
        let mut writer = Writer { builder: Builder::default(), carrier };
        writer.open("SyncML");
        writer.sync_hdr(&self.header);
        writer.open("SyncBody");
        for command in &self.commands {
            writer.command(command);
        }
        writer.flag("Final", self.is_final);
        writer.close();
        writer.close();
        writer.builder.take_complete().unwrap_or_default()
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
    emi: &'a [String],
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

    /// Names and texts of what is set.
    fn texts(self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let single = [
            ("Format", self.format),
            ("Type", self.type_),
            ("Mark", self.mark),
            ("Size", self.size),
            ("NextNonce", self.next_nonce),
            ("MaxMsgSize", self.max_msg_size),
            ("MaxObjSize", self.max_obj_size),
        ];
        let single = single.into_iter().filter_map(|(name, text)| text.map(|text| (name, text)));
        single.chain(self.emi.iter().map(|text| ("EMI", text.as_str())))
    }
}

struct Writer<'a> {
    builder: Builder<'a>,
    carrier: Carrier,
}

impl<'a> Writer<'a> {
    fn open(&mut self, name: &'a str) {
        self.builder.open(Namespace::SyncMl, name, 0..0);
    }

    fn close(&mut self) {
        self.builder.close(0);
    }

    fn element(&mut self, namespace: Namespace, name: &'a str, text: impl Into<Cow<'a, str>>) {
        self.builder.open(namespace, name, 0..0);
        self.builder.text(text, 0..0);
        self.builder.close(0);
    }

    /// An element with text, if there is text to carry.
    fn some(&mut self, name: &'a str, text: Option<&'a String>) {
        if let Some(text) = text {
            self.element(Namespace::SyncMl, name, text.as_str());
        }
    }

    /// A mandatory element, unless its text is empty.
    fn mandatory(&mut self, name: &'a str, text: &'a String) {
        self.some(name, Some(text).filter(|text| !text.is_empty()));
    }

    fn flag(&mut self, name: &'a str, flag: bool) {
        if flag {
            self.element(Namespace::SyncMl, name, "");
        }
    }

    fn location(&mut self, name: &'a str, uri: Option<&'a String>, loc_name: Option<&'a String>) {
        if uri.is_some() || loc_name.is_some() {
            self.open(name);
            self.some("LocURI", uri);
            self.some("LocName", loc_name);
            self.close();
        }
    }

    fn sync_hdr(&mut self, header: &'a SyncHdr) {
        self.open("SyncHdr");
        self.mandatory("VerDTD", &header.ver_dtd);
        self.mandatory("VerProto", &header.ver_proto);
        self.mandatory("SessionID", &header.session_id);
        self.mandatory("MsgID", &header.msg_id);
        let some = |text: &'a String| Some(text).filter(|text| !text.is_empty());
        self.location("Target", some(&header.target), header.target_name.as_ref());
        self.location("Source", some(&header.source), header.source_name.as_ref());
        self.some("RespURI", header.resp_uri.as_ref());
        self.flag("NoResp", header.no_resp);
        if let Some(cred) = &header.cred {
            self.cred(cred);
        }
        let (max_msg_size, max_obj_size) = (header.max_msg_size.as_deref(), header.max_obj_size.as_deref());
        self.meta(About { max_msg_size, max_obj_size, ..About::default() });
        self.close();
    }

    fn command(&mut self, command: &'a Command) {
        self.open(command.cmd.as_str());
        self.mandatory("CmdID", &command.cmd_id);
        self.some("MsgRef", command.msg_ref.as_ref());
        self.some("CmdRef", command.cmd_ref.as_ref());
        self.some("Cmd", command.name.as_ref());
        // The document type puts Meta before the references in Results, and Status has no Meta.
        if let Some(meta) = &command.meta {
            self.meta(About::new(meta));
        }
        for target in &command.target_ref {
            self.some("TargetRef", Some(target));
        }
        for source in &command.source_ref {
            self.some("SourceRef", Some(source));
        }
        if let Some(cred) = &command.cred {
            self.cred(cred);
        }
        if let Some(chal) = &command.chal {
            self.chal(chal);
        }
        if let Some(data) = &command.data {
            self.data(data);
        }
        self.some("Correlator", command.correlator.as_ref());
        for item in &command.items {
            self.item(item);
        }
        for command in &command.commands {
            self.command(command);
        }
        self.close();
    }

    fn item(&mut self, item: &'a Item) {
        self.open("Item");
        self.location("Target", item.target.as_ref(), item.target_name.as_ref());
        self.location("Source", item.source.as_ref(), item.source_name.as_ref());
        self.location("SourceParent", item.source_parent.as_ref(), None);
        self.location("TargetParent", item.target_parent.as_ref(), None);
        let mut about = item.meta.as_ref().map(About::new).unwrap_or_default();
        if let Some(Data::Binary(_)) = item.data {
            about.format = self.format_of_octets(about.format);
        }
        self.meta(about);
        if let Some(data) = &item.data {
            self.data(data);
        }
        self.flag("MoreData", item.more_data);
        self.close();
    }

    fn data(&mut self, data: &'a Data) {
        match data {
            Data::Text(text) => self.element(Namespace::SyncMl, "Data", text.as_str()),
            Data::Binary(octets) if self.carrier == Carrier::Xml => {
                self.element(Namespace::SyncMl, "Data", base64(octets));
            }
            Data::Binary(octets) => {
                self.open("Data");
                self.builder.binary(octets, 0..0);
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
        self.open("Cred");
        self.meta(About { format, type_: cred.type_.as_ref().map(AuthType::as_str), ..About::default() });
        self.data(&cred.data);
        self.close();
    }

    fn chal(&mut self, chal: &'a Chal) {
        self.open("Chal");
        // Meta is the only content a Chal can have, so it stands even when nothing is in it.
        self.open("Meta");
        let about = About {
            format: chal.format.as_deref(),
            type_: chal.type_.as_ref().map(AuthType::as_str),
            next_nonce: chal.next_nonce.as_deref(),
            ..About::default()
        };
        about.texts().for_each(|(name, text)| self.element(Namespace::MetInf, name, text));
        self.close();
        self.close();
    }

    /// Meta, unless nothing is in it.
    fn meta(&mut self, about: About<'a>) {
        let mut texts = about.texts().peekable();
        if texts.peek().is_some() {
            self.open("Meta");
            texts.for_each(|(name, text)| self.element(Namespace::MetInf, name, text));
            self.close();
        }
    }
}
