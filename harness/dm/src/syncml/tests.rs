use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::AuthType;
use crate::element::Builder;
use crate::irregular::Irregularities;
use crate::{wbxml, xml};

const PACKAGE_1: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<SyncML xmlns="SYNCML:SYNCML1.2">
  <SyncHdr>
    <VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>A5</SessionID><MsgID>1</MsgID>
    <Target><LocURI>https://localuicc:443/OMA/DM</LocURI></Target>
    <Source><LocURI>IMEI:493005100592800</LocURI><LocName>client1</LocName></Source>
    <Cred>
      <Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta>
      <Data>S9I24CGF7eX9CyUw6r9Gkg==</Data>
    </Cred>
    <Meta><MetInf xmlns="syncml:metinf"><MaxMsgSize>4096</MaxMsgSize></MetInf></Meta>
  </SyncHdr>
  <SyncBody>
    <Alert><CmdID>1</CmdID><Data>1200</Data></Alert>
    <Replace>
      <CmdID>2</CmdID>
      <Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Acme &amp; sons</Data></Item>
    </Replace>
    <Final/>
  </SyncBody>
</SyncML>"#;

#[test]
fn package_1_reads_into_its_tree_form() {
    let decoded = xml::decode(PACKAGE_1.as_bytes()).unwrap();
    assert_eq!(decoded.irregular, []);
    let tree = json!({
        "header": {
            "ver_dtd": "1.2", "ver_proto": "DM/1.2", "session_id": "A5", "msg_id": "1",
            "target": "https://localuicc:443/OMA/DM", "source": "IMEI:493005100592800", "source_name": "client1",
            "cred": { "format": "b64", "type": "syncml:auth-md5", "data": "S9I24CGF7eX9CyUw6r9Gkg==" },
            "max_msg_size": "4096",
        },
        "commands": [
            { "cmd": "Alert", "cmd_id": "1", "data": "1200" },
            { "cmd": "Replace", "cmd_id": "2", "items": [{ "source": "./DevInfo/Man", "data": "Acme & sons" }] },
        ],
        "final": true,
    });
    assert_eq!(serde_json::to_value(&decoded.value).unwrap(), tree);
    assert_eq!(serde_json::from_value::<Message>(tree).unwrap(), decoded.value);
    assert_eq!(decoded.value.commands[0].alert_code(), Some(AlertCode::ServerInitiated));
    assert_eq!(decoded.value.commands[0].status_code(), None);
    assert_eq!(decoded.value.header.cred.unwrap().type_, Some(AuthType::Md5));
}

#[test]
fn the_tree_form_takes_bare_numbers_and_single_references() {
    let command: Command = serde_json::from_value(json!({
        "cmd": "Status", "cmd_id": 2, "msg_ref": 1, "cmd_ref": 0, "name": "SyncHdr", "target_ref": "IMEI:1", "data": 212,
    }))
    .unwrap();
    assert_eq!(command.cmd_ref.as_deref(), Some("0"));
    assert_eq!(command.target_ref, ["IMEI:1"]);
    assert_eq!(command.status_code(), Some(StatusCode::Authenticated));

    let error = serde_json::from_value::<Command>(json!({ "cmd": "Get", "item": [] })).unwrap_err();
    assert!(error.to_string().starts_with("unknown field `item`, expected one of `cmd`, `cmd_id`"));
}

fn with_body(body: &str) -> Result<Decoded<Message>, xml::DecodeError> {
    xml::decode(document(body).as_bytes())
}

/// A message in XML with that in place of its SyncBody.
fn document(body: &str) -> String {
    let header = "<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
        <Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr>";
    format!("<SyncML xmlns='SYNCML:SYNCML1.2'>{header}{body}</SyncML>")
}

#[test]
fn missing_elements_are_named_by_their_path() {
    for (body, path) in [
        ("", "SyncML/SyncBody"),
        ("<SyncBody><Alert><Data>1200</Data></Alert></SyncBody>", "SyncML/SyncBody/Alert/CmdID"),
        ("<SyncBody><Alert><CmdID/><Data>1200</Data></Alert></SyncBody>", "SyncML/SyncBody/Alert/CmdID"),
        (
            "<SyncBody><Alert><CmdID>1</CmdID><Data>1</Data></Alert><Alert><CmdID>2</CmdID></Alert></SyncBody>",
            "SyncML/SyncBody/Alert[2]/Data",
        ),
        (
            "<SyncBody><Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Cmd>Get</Cmd><Data>200</Data></Status></SyncBody>",
            "SyncML/SyncBody/Status/CmdRef",
        ),
        (
            "<SyncBody><Get><CmdID>1</CmdID><Item><Target><LocName>x</LocName></Target></Item></Get></SyncBody>",
            "SyncML/SyncBody/Get/Item/Target/LocURI",
        ),
        ("<SyncBody><Get><CmdID>1</CmdID></Get></SyncBody>", "SyncML/SyncBody/Get/Item"),
        (
            "<SyncBody><Atomic><CmdID>1</CmdID><Get><Item/></Get></Atomic></SyncBody>",
            "SyncML/SyncBody/Atomic/Get/CmdID",
        ),
        ("<SyncBody><Get><CmdID><b/></CmdID></Get></SyncBody>", "SyncML/SyncBody/Get/CmdID"),
    ] {
        match with_body(body) {
            Err(xml::DecodeError::Message(error)) => {
                assert_eq!(error.to_string().split(' ').next(), Some(path), "{error}");
            }
            other => panic!("{path}: {other:?}"),
        }
    }
    let error = xml::decode(b"<html/>").unwrap_err();
    assert_eq!(error.to_string(), "the root element is html, not SyncML");
}

fn told(decoded: &Decoded<Message>) -> Vec<(&'static str, &str)> {
    decoded.irregular.iter().map(|found| (found.kind, found.what.as_str())).collect()
}

#[test]
fn strange_things_are_remarked_and_kept_out() {
    let decoded = with_body(
        "<SyncBody>stray<Map/><Put><CmdID>1</CmdID><Item><Data>x</Data></Item></Put>\
         <Get><CmdID>2</CmdID><NoResults/><Item><Meta><Format>chr</Format></Meta></Item></Get></SyncBody>",
    )
    .unwrap();
    assert_eq!(
        told(&decoded),
        [
            ("stray-text", "SyncML/SyncBody holds character data between elements; skipped"),
            ("unknown-element", "SyncML/SyncBody/Map is not expected here; skipped"),
            ("unknown-element", "SyncML/SyncBody/Get/NoResults is not expected here; skipped"),
            (
                "wrong-namespace",
                "SyncML/SyncBody/Get/Item/Meta/Format is in SYNCML:SYNCML1.2 instead of syncml:metinf; \
                 read as if it were right"
            ),
        ]
    );
    assert_eq!(decoded.value.commands[0].cmd, CommandName::Unknown("Put".to_owned()));
    assert_eq!(decoded.value.commands[1].items[0].meta.as_ref().unwrap().format.as_deref(), Some("chr"));
}

#[test]
fn elements_out_of_their_order_are_told() {
    for (body, what) in [
        ("<Final/><Alert><CmdID>1</CmdID><Data>1200</Data></Alert>", "SyncML/SyncBody/Alert"),
        ("<Alert><Data>1200</Data><CmdID>1</CmdID></Alert>", "SyncML/SyncBody/Alert/CmdID"),
        (
            "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Cmd>Get</Cmd><CmdRef>2</CmdRef><Data>200</Data></Status>",
            "SyncML/SyncBody/Status/CmdRef",
        ),
        (
            "<Results><CmdID>1</CmdID><CmdRef>2</CmdRef><Item><Data>x</Data></Item><Meta/></Results>",
            "SyncML/SyncBody/Results/Meta",
        ),
        (
            "<Replace><CmdID>1</CmdID><Item><Data>x</Data><Source><LocURI>a</LocURI></Source></Item></Replace>",
            "SyncML/SyncBody/Replace/Item/Source",
        ),
        (
            "<Get><CmdID>1</CmdID><Item><Target><LocName>a</LocName><LocURI>b</LocURI></Target></Item></Get>",
            "SyncML/SyncBody/Get/Item/Target/LocURI",
        ),
    ] {
        let decoded = with_body(&format!("<SyncBody>{body}</SyncBody>")).unwrap();
        let text = format!("{what} stands behind what should follow it; read as if it stood in its place");
        assert_eq!(told(&decoded), [("element-order", text.as_str())], "{body}");
    }
    let decoded = with_body(
        "<SyncBody><Status><CmdID> 1\n</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status></SyncBody>",
    )
    .unwrap();
    assert_eq!(
        told(&decoded),
        [("white-space", "SyncML/SyncBody/Status/CmdID has white space around what it holds; read without")]
    );
    assert_eq!(decoded.value.commands[0].cmd_id, "1");
}

#[test]
fn what_is_forgiven_is_told_once_for_each_kind_and_element() {
    for (body, kind, what, at) in [
        ("<Put><CmdID>1</CmdID></Put>", "", "", ""),
        (
            "<Fly><CmdID>1</CmdID></Fly>",
            "unknown-element",
            "SyncML/SyncBody/Fly is no command of SyncML; read as one, since it has a CmdID",
            "<Fly><CmdID>1</CmdID></Fly>",
        ),
        (
            "<Final/><Final/><Final/>",
            "repeated-element",
            "SyncML/SyncBody/Final[2] stands here again; the first one counts",
            "<Final/>",
        ),
        (
            "<Final>now</Final>",
            "content-in-empty-element",
            "SyncML/SyncBody/Final is not empty; what it holds is skipped",
            "<Final>now</Final>",
        ),
        (
            "<Alert><CmdID>1</CmdID><Data>1200</Data><Data>1201</Data></Alert>",
            "repeated-element",
            "SyncML/SyncBody/Alert/Data[2] stands here again; the first one counts",
            "<Data>1201</Data>",
        ),
        (
            "<Alert><CmdID>1</CmdID><Data>1</Data></Alert><Alert><CmdID>2<!-- -->3</CmdID><Data>1</Data>x &amp; y</Alert>",
            "stray-text",
            "SyncML/SyncBody/Alert[2] holds character data between elements; skipped",
            "x ",
        ),
        (
            "<a xmlns='b\u{202E}'>c</a><a/>",
            "unknown-element",
            "SyncML/SyncBody/a[1] is not expected here; skipped",
            "<a xmlns='b\u{202E}'>c</a>",
        ),
    ] {
        let body = format!("<SyncBody>{body}</SyncBody>");
        let decoded = with_body(&body).unwrap();
        let octets = document(&body);
        // An element in another namespace is that as well.
        let mut irregular = decoded.irregular.iter().filter(|found| found.kind != "wrong-namespace");
        match irregular.next() {
            Some(found) => {
                assert_eq!((found.kind, found.what.as_str()), (kind, what));
                assert_eq!(&octets[found.at.clone().unwrap()], at);
            }
            None => assert_eq!(kind, "", "{body}"),
        }
        assert_eq!(irregular.next(), None, "{body}");
        assert!(decoded.irregular.iter().all(|found| found.what.chars().all(|c| c != '\u{202E}')));
    }
    let second = with_body("<SyncBody><Alert><CmdID>1</CmdID><Data>1</Data><Data>2</Data></Alert></SyncBody>").unwrap();
    assert_eq!(second.value.commands[0].data, Some("1".into()));
}

#[test]
fn another_namespace_is_told_once() {
    let other = document("<SyncBody><Final/></SyncBody>").replacen("SYNCML1.2", "SYNCML1.1", 1);
    let decoded = xml::decode(other.as_bytes()).unwrap();
    assert_eq!(
        told(&decoded),
        [("wrong-namespace", "SyncML is in SYNCML:SYNCML1.1 instead of SYNCML:SYNCML1.2; read as if it were right")]
    );
    assert_eq!(decoded.irregular[0].at, Some(0..other.len()));
}

#[test]
fn no_more_is_kept_than_an_honest_message_could_have() {
    let elements: String = (0..1000).map(|number| format!("<x{number}/>")).collect();
    let decoded = with_body(&format!("<SyncBody>{elements}<Final/></SyncBody>")).unwrap();
    assert!(decoded.value.is_final);
    assert_eq!(decoded.irregular.len(), 64);
}

/// With a path made for each element, by counting its siblings, this would take minutes.
#[test]
fn many_siblings_are_read_in_one_pass() {
    const MANY: usize = 200_000;
    let octets = document(&format!("<SyncBody>{}</SyncBody>", "<Final/>".repeat(MANY)));
    let decoded = xml::decode(octets.as_bytes()).unwrap();
    assert_eq!(
        told(&decoded),
        [("repeated-element", "SyncML/SyncBody/Final[2] stands here again; the first one counts")]
    );

    let once = wbxml::encode(&decoded.value).unwrap();
    let (finals, ends) = (vec![0x12; MANY], [0x01, 0x01]);
    let octets = [once.strip_suffix(&[0x12, 0x01, 0x01]).unwrap(), &finals, &ends].concat();
    assert_eq!(wbxml::decode(&octets).unwrap().value, decoded.value);
    assert_eq!(wbxml::spans(&octets).is_final, Some(once.len() - 3..once.len() - 2));
}

#[test]
fn markup_in_data_is_kept_as_text() {
    let decoded = with_body(
        "<SyncBody><Add><CmdID>1</CmdID><Item><Data>\
         <MgmtTree xmlns='syncml:dmddf1.2'><VerDTD>1.2</VerDTD></MgmtTree></Data></Item></Add></SyncBody>",
    )
    .unwrap();
    let data = decoded.value.commands[0].items[0].data.clone();
    assert_eq!(data, Some(Data::from("<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>")));
}

#[test]
fn empty_mandatory_texts_are_left_out() {
    let message = Message { commands: vec![Command::new(CommandName::Get, "")], ..Message::default() };
    let text = String::from_utf8(xml::encode(&message).unwrap()).unwrap();
    assert!(!text.contains("CmdID") && !text.contains("SessionID") && !text.contains("Target"));
}

proptest! {
    #[test]
    fn tree_form_round_trips(message in strategies::message(true)) {
        let tree = serde_json::to_value(&message).unwrap();
        prop_assert_eq!(serde_json::from_value::<Message>(tree).unwrap(), message);
    }

    #[test]
    fn elements_round_trip(message in strategies::message(true)) {
        let mut builder = Builder::default();
        message.tell(Carrier::Wbxml, &mut builder);
        let decoded = Message::from_elements(&builder.complete().unwrap(), Irregularities::default()).unwrap();
        prop_assert_eq!(decoded.irregular, []);
        prop_assert_eq!(decoded.value, message);
    }
}
