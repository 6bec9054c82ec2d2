//! From messages to elements, in the order of the document type.

use super::Data;
use super::message::{Chal, Command, Cred, Item, Message, Meta, SyncHdr};
use crate::auth::{AuthType, base64};
use crate::element::{Element, Namespace, Node};

impl Message {
    /// The SyncML element of the message.
    ///
    /// Mandatory texts that are empty (a CmdID, a SessionID) are left out, which is how a message that
    /// lacks them is made.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut body = syncml("SyncBody");
        for command in &self.commands {
            body.push(command.to_element());
        }
        if self.is_final {
            body.push(syncml("Final"));
        }
        let mut root = syncml("SyncML");
        root.push(sync_hdr(&self.header));
        root.push(body);
        root
    }

    /// The message as XML has to carry it: octets become base64 text under Format b64 (MetInf 1.2).
    #[must_use]
    pub fn with_text_data(&self) -> Self {
        let mut message = self.clone();
        if let Some(cred) = &mut message.header.cred {
            cred_with_text(cred);
        }
        message.commands.iter_mut().for_each(command_with_text);
        message
    }
}

fn command_with_text(command: &mut Command) {
    if let Some(cred) = &mut command.cred {
        cred_with_text(cred);
    }
    if let Some(Data::Binary(octets)) = &command.data {
        command.data = Some(Data::Text(base64(octets)));
    }
    for item in &mut command.items {
        if let Some(Data::Binary(octets)) = &item.data {
            item.data = Some(Data::Text(base64(octets)));
            item.meta.get_or_insert_default().format = Some("b64".to_owned());
        }
    }
    command.commands.iter_mut().for_each(command_with_text);
}

fn cred_with_text(cred: &mut Cred) {
    if let Data::Binary(octets) = &cred.data {
        cred.data = Data::Text(base64(octets));
        cred.format = Some("b64".to_owned());
    }
}

fn syncml(name: &str) -> Element {
    Element::new(Namespace::SyncMl, name)
}

/// Adds an element with text, if there is text to carry.
fn push_some(parent: &mut Element, name: &str, text: Option<&String>) {
    if let Some(text) = text {
        parent.push(Element::with_text(parent.namespace.clone(), name, text));
    }
}

/// Adds a mandatory element, unless its text is empty.
fn push_mandatory(parent: &mut Element, name: &str, text: &String) {
    push_some(parent, name, Some(text).filter(|text| !text.is_empty()));
}

fn push_location(parent: &mut Element, name: &str, uri: Option<&String>, loc_name: Option<&String>) {
    if uri.is_some() || loc_name.is_some() {
        let mut location = syncml(name);
        push_some(&mut location, "LocURI", uri);
        push_some(&mut location, "LocName", loc_name);
        parent.push(location);
    }
}

fn sync_hdr(header: &SyncHdr) -> Element {
    let mut element = syncml("SyncHdr");
    push_mandatory(&mut element, "VerDTD", &header.ver_dtd);
    push_mandatory(&mut element, "VerProto", &header.ver_proto);
    push_mandatory(&mut element, "SessionID", &header.session_id);
    push_mandatory(&mut element, "MsgID", &header.msg_id);
    let some = |text| Some(text).filter(|text: &&String| !text.is_empty());
    push_location(&mut element, "Target", some(&header.target), header.target_name.as_ref());
    push_location(&mut element, "Source", some(&header.source), header.source_name.as_ref());
    push_some(&mut element, "RespURI", header.resp_uri.as_ref());
    if header.no_resp {
        element.push(syncml("NoResp"));
    }
    if let Some(cred) = &header.cred {
        element.push(cred_element(cred));
    }
    push_meta(
        &mut element,
        &Meta {
            max_msg_size: header.max_msg_size.clone(),
            max_obj_size: header.max_obj_size.clone(),
            ..Meta::default()
        },
    );
    element
}

impl Command {
    /// The element of the command.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut element = syncml(self.cmd.as_str());
        push_mandatory(&mut element, "CmdID", &self.cmd_id);
        push_some(&mut element, "MsgRef", self.msg_ref.as_ref());
        push_some(&mut element, "CmdRef", self.cmd_ref.as_ref());
        push_some(&mut element, "Cmd", self.name.as_ref());
        // The document type puts Meta before the references in Results, and Status has no Meta.
        if let Some(meta) = &self.meta {
            push_meta(&mut element, meta);
        }
        for target in &self.target_ref {
            push_some(&mut element, "TargetRef", Some(target));
        }
        for source in &self.source_ref {
            push_some(&mut element, "SourceRef", Some(source));
        }
        if let Some(cred) = &self.cred {
            element.push(cred_element(cred));
        }
        if let Some(chal) = &self.chal {
            element.push(chal_element(chal));
        }
        if let Some(data) = &self.data {
            element.push(data_element(data));
        }
        push_some(&mut element, "Correlator", self.correlator.as_ref());
        for item in &self.items {
            element.push(item_element(item));
        }
        for command in &self.commands {
            element.push(command.to_element());
        }
        element
    }
}

fn item_element(item: &Item) -> Element {
    let mut element = syncml("Item");
    push_location(&mut element, "Target", item.target.as_ref(), item.target_name.as_ref());
    push_location(&mut element, "Source", item.source.as_ref(), item.source_name.as_ref());
    push_location(&mut element, "SourceParent", item.source_parent.as_ref(), None);
    push_location(&mut element, "TargetParent", item.target_parent.as_ref(), None);
    if let Some(meta) = &item.meta {
        push_meta(&mut element, meta);
    }
    if let Some(data) = &item.data {
        element.push(data_element(data));
    }
    if item.more_data {
        element.push(syncml("MoreData"));
    }
    element
}

fn data_element(data: &Data) -> Element {
    match data {
        Data::Text(text) => Element::with_text(Namespace::SyncMl, "Data", text),
        Data::Binary(octets) => {
            let mut element = syncml("Data");
            element.children.push(Node::Binary(octets.clone()));
            element
        }
    }
}

fn cred_element(cred: &Cred) -> Element {
    let mut element = syncml("Cred");
    push_meta(
        &mut element,
        &Meta {
            format: cred.format.clone(),
            type_: cred.type_.as_ref().map(|scheme| scheme.as_str().to_owned()),
            ..Meta::default()
        },
    );
    element.push(data_element(&cred.data));
    element
}

fn chal_element(chal: &Chal) -> Element {
    let scheme = chal.type_.as_ref().map(AuthType::as_str);
    let mut meta = Element::new(Namespace::SyncMl, "Meta");
    push_metinf(
        &mut meta,
        &Meta {
            format: chal.format.clone(),
            type_: scheme.map(str::to_owned),
            next_nonce: chal.next_nonce.clone(),
            ..Meta::default()
        },
    );
    let mut element = syncml("Chal");
    // Meta is the only content a Chal can have, so it stands even when nothing is in it.
    element.push(meta);
    element
}

/// Adds Meta, unless nothing is in it.
fn push_meta(parent: &mut Element, meta: &Meta) {
    if !meta.is_empty() {
        let mut element = syncml("Meta");
        push_metinf(&mut element, meta);
        parent.push(element);
    }
}

fn push_metinf(element: &mut Element, meta: &Meta) {
    let mut push = |name: &str, text: Option<&String>| {
        if let Some(text) = text {
            element.push(Element::with_text(Namespace::MetInf, name, text));
        }
    };
    push("Format", meta.format.as_ref());
    push("Type", meta.type_.as_ref());
    push("Mark", meta.mark.as_ref());
    push("Size", meta.size.as_ref());
    push("NextNonce", meta.next_nonce.as_ref());
    push("MaxMsgSize", meta.max_msg_size.as_ref());
    push("MaxObjSize", meta.max_obj_size.as_ref());
    for emi in &meta.emi {
        push("EMI", Some(emi));
    }
}
