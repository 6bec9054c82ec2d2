use super::*;
use crate::fields::add_irregular;

/// The first message of a client whose DmV is the number of the XML declaration as well.
const PACKAGE1: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\"><SyncHdr>\
    <VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>A5</SessionID><MsgID>1</MsgID>\
    <Target><LocURI>https://localuicc:443/OMA/DM</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source>\
    <Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>AA==</Data></Cred></SyncHdr><SyncBody>\
    <Alert><CmdID>1</CmdID><Data>1200</Data></Alert><Replace><CmdID>2</CmdID>\
    <Item><Source><LocURI>./DevInfo/Man</LocURI></Source></Item>\
    <Item><Source><LocURI>DevInfo/DmV</LocURI></Source><Data>1.0</Data></Item></Replace><Final/></SyncBody></SyncML>";

/// A client's answer: two statuses and a result.
const ANSWER: &str = "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>\
    <SessionID>A5</SessionID><MsgID>2</MsgID><Target><LocURI>S</LocURI></Target><Source><LocURI>C</LocURI></Source>\
    </SyncHdr><SyncBody>\
    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>S</TargetRef>\
    <Data>212</Data></Status>\
    <Status><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd><TargetRef>a</TargetRef>\
    <TargetRef>b</TargetRef><Data>200</Data></Status>\
    <Status><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd><Data>404</Data></Status>\
    <Results><CmdID>4</CmdID><CmdRef>1</CmdRef><Item><Source><LocURI>./A.b/C</LocURI></Source><Data>old</Data></Item>\
    <Item><Source><LocURI>A.b/C</LocURI></Source><Data>new</Data></Item></Results></SyncBody></SyncML>";

fn find<'o>(octets: &'o str, spans: &Spans, path: &str) -> &'o str {
    &octets[spans.find(path).unwrap()]
}

#[test]
fn derived_fields_stand_where_their_values_are_written() {
    let spans = spans(PACKAGE1.as_bytes(), Encoding::Xml);
    for (path, text) in [
        ("devinfo.DmV", "1.0"),
        ("devinfo.Man", "<Item><Source><LocURI>./DevInfo/Man</LocURI></Source></Item>"),
        ("alerts.0", "1200"),
        ("names.1", "<Replace>"),
        ("session_id", "A5"),
        ("cred.type", "syncml:auth-md5"),
        (
            "credentials",
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>AA==</Data></Cred>",
        ),
        ("final", "<Final/>"),
        ("commands.1.items.1.data", "1.0"),
    ] {
        assert_eq!(find(PACKAGE1, &spans, path), text, "{path}");
    }
    // The same digits stand in the XML declaration.
    assert_eq!(PACKAGE1.find("1.0"), Some(15));
    assert_eq!(spans.find("devinfo.DmV").map(|at| at.start), PACKAGE1.rfind("1.0"));
}

#[test]
fn statuses_and_results_stand_where_they_are_written() {
    let spans = spans(ANSWER.as_bytes(), Encoding::Xml);
    for (path, text) in [
        ("status.SyncHdr", "212"),
        ("status.Get", "200"),
        ("statuses.0.of", "SyncHdr"),
        ("statuses.0.target_ref", "S"),
        ("statuses.1.target_ref", "a"),
        ("statuses.2.code", "404"),
        ("statuses.2.cmd_ref", "2"),
        ("results../A.b/C", "new"),
    ] {
        assert_eq!(find(ANSWER, &spans, path), text, "{path}");
    }
    let fields = fields(&Encoding::Xml.decode(ANSWER.as_bytes()).unwrap().value, Encoding::Xml);
    assert_eq!(fields["results"], json!({ "./A.b/C": "new" }));
    assert_eq!(fields["status"], json!({ "SyncHdr": 212, "Get": 200 }));
}

#[test]
fn both_encodings_have_the_same_places() {
    for document in [PACKAGE1, ANSWER] {
        let message = Encoding::Xml.decode(document.as_bytes()).unwrap().value;
        let octets = Encoding::Wbxml.encode(&message, &crate::choice::octets::Octets::default()).unwrap();
        let (xml, wbxml) = (spans(document.as_bytes(), Encoding::Xml), spans(&octets, Encoding::Wbxml));
        for path in
            ["devinfo.DmV", "alerts.0", "status.SyncHdr", "status.Get", "statuses.1.of", "results../A.b/C", "msg_id"]
        {
            if fields(&message, Encoding::Xml)[path.split('.').next().unwrap()] != json!({}) {
                let text = find(document, &xml, path);
                if !text.starts_with('<') {
                    assert_eq!(&octets[wbxml.find(path).unwrap()], text.as_bytes(), "{path}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_message_has_few_places() {
    assert_eq!(spans(b"", Encoding::Xml).find("session_id"), None);
    assert_eq!(spans(&[2, 0xA4], Encoding::Wbxml).find("session_id"), None);
    let lacking = "<SyncML><SyncHdr><SessionID>1</SessionID></SyncHdr></SyncML>";
    assert_eq!(find(lacking, &spans(lacking.as_bytes(), Encoding::Xml), "session_id"), "1");
}

#[test]
fn irregularities_are_a_field_only_where_there_are_any() {
    let told = |document: &str| {
        let decoded = Encoding::Xml.decode(document.as_bytes()).unwrap();
        let mut map = fields(&decoded.value, Encoding::Xml);
        add_irregular(&mut map, &decoded.irregular);
        map.remove("irregular")
    };
    assert_eq!(told(PACKAGE1), None);
    assert_eq!(
        told(&PACKAGE1.replace("<SessionID>", "<Bogus>1</Bogus><SessionID>")),
        Some(json!([
            { "kind": "unknown-element", "what": "SyncML/SyncHdr/Bogus is not expected here; skipped" },
        ]))
    );
    let many = "<Results><CmdID>1</CmdID><CmdRef>1</CmdRef><Item><Source><LocURI>N</LocURI></Source></Item></Results>";
    let many: String = (0..2000).map(|number| many.replace('N', &format!("./N/{number}"))).collect();
    let many = PACKAGE1.replace("<Final/>", &many);
    assert!(spans(many.as_bytes(), Encoding::Xml).part("results").is_some());
}
