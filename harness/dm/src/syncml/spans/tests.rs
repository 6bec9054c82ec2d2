use dmsc_octets::to_hex;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::syncml::{Message, strategies};
use crate::{wbxml, xml};

const XML: &str = "<?xml version=\"1.0\"?>\n<s:SyncML xmlns:s='SYNCML:SYNCML1.2'><s:SyncHdr><s:VerDTD>1.2</s:VerDTD>\
    <s:VerProto>DM/1.2</s:VerProto><s:SessionID>A5</s:SessionID><s:MsgID>1</s:MsgID>\
    <s:Target><s:LocURI>http://a</s:LocURI></s:Target><s:Source><s:LocName>n</s:LocName><s:LocURI>IMEI:1</s:LocURI>\
    </s:Source><s:Meta><MetInf xmlns='syncml:metinf'><MaxMsgSize>4096</MaxMsgSize></MetInf></s:Meta></s:SyncHdr>\
    <s:SyncBody><s:Status><s:CmdID>1</s:CmdID><s:MsgRef>1</s:MsgRef><s:CmdRef>0</s:CmdRef><s:Cmd>SyncHdr</s:Cmd>\
    <s:TargetRef>a</s:TargetRef><s:TargetRef>b&amp;c</s:TargetRef>\
    <s:Chal><s:Meta><Type xmlns='syncml:metinf'>syncml:auth-md5</Type></s:Meta></s:Chal><s:Data>212</s:Data>\
    <s:Data>401</s:Data></s:Status><s:Atomic><s:CmdID>2</s:CmdID><s:Get><s:CmdID>3</s:CmdID><s:Item/><s:Item>\
    <s:Data><![CDATA[1.0]]></s:Data><s:MoreData/></s:Item></s:Get></s:Atomic><s:Final></s:Final>\
    </s:SyncBody></s:SyncML>";

#[test]
fn fields_of_xml_stand_where_they_are_written() {
    let spans = Spans::from(xml::spans(XML.as_bytes()));
    for (path, text) in [
        ("session_id", "A5"),
        ("target", "http://a"),
        ("source", "IMEI:1"),
        ("source_name", "n"),
        ("max_msg_size", "4096"),
        ("commands.0.cmd", "<s:Status>"),
        ("commands.0.name", "SyncHdr"),
        ("commands.0.target_ref.1", "b&amp;c"),
        ("commands.0.chal.type", "syncml:auth-md5"),
        ("commands.0.data", "212"),
        ("commands.1.commands.0.cmd_id", "3"),
        ("commands.1.commands.0.items.0", "<s:Item/>"),
        ("commands.1.commands.0.items.1.data", "1.0"),
        ("commands.1.commands.0.items.1.more_data", "<s:MoreData/>"),
        ("final", "<s:Final></s:Final>"),
    ] {
        assert_eq!(spans.find(path).map(|at| &XML[at]), Some(text), "{path}");
    }
    // What is not there is missing in what is around it.
    let root = XML.find("<s:SyncML").unwrap();
    assert_eq!(spans.find("cred.data"), Some(root..XML.len()));
    assert!(spans.find("commands.0.items.0").is_some_and(|at| XML[at].starts_with("<s:Status>")));
}

#[test]
fn fields_of_wbxml_stand_where_they_are_written() {
    // The string table holds "A5"; SessionID refers to it, MsgID is opaque.
    let octets = [
        "02A4016A03413500 6D 6C 7103312E3200 01 7203444D2F312E320001 65 8300 01 5B C30131 01",
        "6E57 036100 0101 6757 036200 0101 01 6B 46 4B 033100 01 4F 0331323030 00 01 01 12 01 01",
    ];
    let octets = dmsc_octets::from_hex(&octets.concat()).unwrap();
    assert_eq!(wbxml::decode(&octets).unwrap().value.header.session_id, "A5");
    let spans = Spans::from(wbxml::spans(&octets));
    for (path, found) in [
        ("ver_proto", "444D2F312E32"),
        ("session_id", "8300"),
        ("msg_id", "31"),
        ("target", "61"),
        ("commands.0.cmd", "46"),
        ("commands.0.data", "31323030"),
        ("commands.0.items.0.data", "464B03310001 4F033132303000 0101"),
        ("final", "12"),
    ] {
        assert_eq!(spans.find(path).map(|at| to_hex(&octets[at])), Some(found.replace(' ', "")), "{path}");
    }
    assert_eq!(wbxml::spans(&octets[..20]), MessageSpans::default());
}

/// Every scalar of the tree form of a message, with its path.
fn leaves(message: &Message) -> Vec<(String, Value)> {
    fn walk(path: &str, value: Value, leaves: &mut Vec<(String, Value)>) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            // The fields of the header are those of the message.
            Value::Object(map) => map.into_iter().for_each(|(key, value)| {
                let path = if path.is_empty() && key == "header" { String::new() } else { below(&key) };
                walk(&path, value, leaves);
            }),
            Value::Array(list) => {
                list.into_iter().enumerate().for_each(|(index, value)| walk(&below(&index.to_string()), value, leaves));
            }
            Value::Bool(false) => {}
            scalar => leaves.push((path.to_owned(), scalar)),
        }
    }
    let mut found = Vec::new();
    walk("", serde_json::to_value(message).unwrap(), &mut found);
    found
}

proptest! {
    #[test]
    fn every_value_of_xml_stands_in_its_octets(message in strategies::message(false)) {
        let octets = String::from_utf8(xml::encode(&message).unwrap()).unwrap();
        let spans = Spans::from(xml::spans(octets.as_bytes()));
        for (path, value) in leaves(&message) {
            let found = &octets[spans.find(&path).unwrap()];
            let value = value.as_str().unwrap_or_default();
            if path.ends_with("cmd") {
                prop_assert_eq!(found, format!("<{value}>"));
            } else if value.is_empty() {
                // An empty element, or a flag.
                prop_assert!(found.starts_with('<') && found.ends_with("/>"), "{}: {}", path, found);
                prop_assert_eq!(found.matches('<').count(), 1);
            } else {
                let text = found.replace("&#13;", "\r").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                prop_assert_eq!(text, value, "{}", path);
            }
        }
    }

    #[test]
    fn every_value_of_wbxml_stands_in_its_octets(message in strategies::message(true)) {
        let octets = wbxml::encode(&message).unwrap();
        let spans = Spans::from(wbxml::spans(&octets));
        for (path, value) in leaves(&message) {
            let found = &octets[spans.find(&path).unwrap()];
            let value = value.as_str().unwrap_or_default();
            if path.ends_with("cmd") || value.is_empty() {
                prop_assert_eq!(found.len(), 1, "{}", path);
            } else if path.ends_with(".hex") {
                prop_assert_eq!(to_hex(found), value, "{}", path);
            } else {
                prop_assert_eq!(found, value.as_bytes(), "{}", path);
            }
        }
    }

    #[test]
    fn any_octets_have_spans_or_none(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = (xml::spans(&octets), wbxml::spans(&octets));
    }

    #[test]
    fn what_is_cut_or_changed_has_spans_or_none(at in 0..XML.len(), put in "[<>/&a-z'=]{0,3}") {
        let changed = [&XML[..at], &put, XML.get(at + 1..).unwrap_or_default()].concat();
        for spans in [xml::spans(changed.as_bytes()), xml::spans(&XML.as_bytes()[..at])] {
            prop_assert!(Spans::from(spans).own().is_none_or(|at| changed.get(at).is_some()));
        }
    }
}
