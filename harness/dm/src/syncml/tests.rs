use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::AuthType;
use crate::xml;

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
    assert_eq!(decoded.warnings, Vec::<String>::new());
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
    assert_eq!(decoded.value.header.msg_number(), Some(1));
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
    let header = "<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
        <Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI></Source></SyncHdr>";
    xml::decode(format!("<SyncML xmlns='SYNCML:SYNCML1.2'>{header}{body}</SyncML>").as_bytes())
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
            Err(xml::DecodeError::Message(error)) => assert_eq!(error.path(), path),
            other => panic!("{path}: {other:?}"),
        }
    }
    let error = xml::decode(b"<html/>").unwrap_err();
    assert_eq!(error.to_string(), "the root element is html, not SyncML");
}

#[test]
fn strange_things_are_remarked_and_kept_out() {
    let decoded = with_body(
        "<SyncBody>stray<Map/><Put><CmdID>1</CmdID><Item><Data>x</Data></Item></Put>\
         <Get><CmdID>2</CmdID><NoResults/><Item><Meta><Format>chr</Format></Meta></Item></Get></SyncBody>",
    )
    .unwrap();
    assert_eq!(
        decoded.warnings,
        [
            "SyncML/SyncBody holds character data between elements; skipped",
            "SyncML/SyncBody/Map is not expected here; skipped",
            "SyncML/SyncBody/Get/NoResults is not expected here; skipped",
            "SyncML/SyncBody/Get/Item/Meta/Format is in SYNCML:SYNCML1.2 instead of syncml:metinf; \
             read as if it were right",
        ]
    );
    assert_eq!(decoded.value.commands[0].cmd, CommandName::Unknown("Put".to_owned()));
    assert_eq!(decoded.value.commands[1].items[0].meta.as_ref().unwrap().format.as_deref(), Some("chr"));
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
        let decoded = Message::from_element(&message.to_element()).unwrap();
        prop_assert_eq!(decoded.warnings, Vec::<String>::new());
        prop_assert_eq!(decoded.value, message);
    }
}
