//! Generated messages for the round trips of both encodings.

use proptest::option::of;
use proptest::prelude::*;

use super::{Chal, Command, CommandName, Cred, Data, Item, Message, Meta, SyncHdr, Text};
use crate::auth::AuthType;

/// Text XML can carry, with everything that needs escaping.
fn text() -> impl Strategy<Value = Text> {
    "[a-zA-Z0-9 ./<>&\"'\\]\r\n\t\u{E9}\u{20AC}\u{1F600}]{0,12}".prop_map(Text::from)
}

fn mandatory() -> impl Strategy<Value = Text> {
    "[a-zA-Z0-9./<&\u{E9}]{1,8}".prop_map(Text::from)
}

/// A word as elements hold it that are compared or counted: no white space around it.
fn word() -> impl Strategy<Value = Text> {
    "[a-zA-Z0-9./<&\u{E9}]{0,8}".prop_map(Text::from)
}

fn size() -> impl Strategy<Value = Text> {
    (1..=u64::MAX).prop_map(|size| Text::from(size.to_string()))
}

fn auth_type() -> impl Strategy<Value = AuthType> {
    prop_oneof![
        Just(AuthType::Basic),
        Just(AuthType::Md5),
        Just(AuthType::Mac),
        text().prop_map(|name| AuthType::from(name.as_str())),
    ]
}

/// Octets are led by one that no UTF-8 has, since an OPAQUE of text is read as text.
fn binary() -> impl Strategy<Value = Data> {
    prop::collection::vec(any::<u8>(), 0..9).prop_map(|octets| Data::Binary([&[0xFF], octets.as_slice()].concat()))
}

fn data(binary_too: bool) -> BoxedStrategy<Data> {
    let text = text().prop_map(Data::Text);
    if binary_too { prop_oneof![text, binary()].boxed() } else { text.boxed() }
}

prop_compose! {
    fn cred(binary: bool)(format in of(text()), type_ in of(auth_type()), data in data(binary)) -> Cred {
        Cred { format, type_, data }
    }
}

prop_compose! {
    fn chal()(format in of(text()), type_ in of(auth_type()), next_nonce in of(text())) -> Chal {
        Chal { format, type_, next_nonce }
    }
}

prop_compose! {
    fn meta()(
        format in text(),
        type_ in of(text()),
        size in of(text()),
        mark in of(text()),
        next_nonce in of(text()),
        sizes in (of(size()), of(size())),
        emi in prop::collection::vec(text(), 0..3),
    ) -> Meta {
        // Format is always there: a Meta without any content is not written.
        let (max_msg_size, max_obj_size) = sizes;
        Meta { format: Some(format), type_, size, mark, next_nonce, max_msg_size, max_obj_size, emi }
    }
}

prop_compose! {
    fn item(binary: bool)(
        target in of(text()),
        target_name in of(text()),
        source in of(text()),
        source_name in of(text()),
        parents in (of(text()), of(text())),
        meta in of(meta()),
        data in of(data(binary)),
        more_data in any::<bool>(),
    ) -> Item {
        // A name stands only beside an address.
        let target_name = target_name.filter(|_| target.is_some());
        let source_name = source_name.filter(|_| source.is_some());
        let (source_parent, target_parent) = parents;
        Item { target, target_name, source, source_name, source_parent, target_parent, meta, data, more_data }
    }
}

fn flat_command(binary: bool) -> impl Strategy<Value = Command> {
    let names = prop::sample::select(vec!["Status", "Results", "Alert", "Replace", "Get", "Exec", "Put"]);
    (
        names,
        mandatory(),
        (word(), word(), word()),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(text(), 0..3),
        (of(cred(binary)), of(chal()), data(false), of(text()), of(meta())),
        prop::collection::vec(item(binary), 1..3),
    )
        .prop_map(|(cmd, cmd_id, refs, target_ref, source_ref, parts, items)| Command {
            msg_ref: Some(refs.0),
            cmd_ref: Some(refs.1),
            name: Some(refs.2),
            target_ref,
            source_ref,
            cred: parts.0.map(Box::new),
            chal: parts.1.map(Box::new),
            data: Some(parts.2),
            correlator: parts.3,
            meta: parts.4.map(Box::new),
            items,
            ..Command::new(CommandName::from(cmd), cmd_id)
        })
}

fn command(binary: bool) -> impl Strategy<Value = Command> {
    flat_command(binary).prop_recursive(3, 6, 3, |inner| {
        (any::<bool>(), mandatory(), prop::collection::vec(inner, 0..3)).prop_map(|(atomic, cmd_id, commands)| {
            let cmd = if atomic { CommandName::Atomic } else { CommandName::Sequence };
            Command { commands, ..Command::new(cmd, cmd_id) }
        })
    })
}

prop_compose! {
    fn header(binary: bool)(
        texts in (mandatory(), mandatory(), mandatory(), mandatory(), mandatory(), mandatory()),
        target_name in of(text()),
        source_name in of(text()),
        resp_uri in of(text()),
        no_resp in any::<bool>(),
        cred in of(cred(binary)),
        max_msg_size in of(size()),
        max_obj_size in of(size()),
    ) -> SyncHdr {
        let (ver_dtd, ver_proto, session_id, msg_id, target, source) = texts;
        SyncHdr {
            ver_dtd, ver_proto, session_id, msg_id, target, target_name, source, source_name, resp_uri, no_resp,
            cred, max_msg_size, max_obj_size,
        }
    }
}

/// Messages whose data are text, or with `binary` octets as well.
pub(crate) fn message(binary: bool) -> impl Strategy<Value = Message> {
    (header(binary), prop::collection::vec(command(binary), 0..3), any::<bool>())
        .prop_map(|(header, commands, is_final)| Message { header, commands, is_final })
}
