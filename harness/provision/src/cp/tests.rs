use dmsc_octets::{from_hex, to_hex};
use proptest::prelude::*;

use super::*;
use crate::account::samples;

/// A document as another program writes it, with APPID in the second code page and its value in the first.
const THEIRS: &str = "030B6A00C54601C60001550187360000060377370001870001380000060361266200010101";

#[test]
fn a_document_of_another_program() {
    let decoded = Document::decode(&from_hex(THEIRS).unwrap()).unwrap();
    assert_eq!(decoded.irregular, []);
    let application = &decoded.document.characteristics[0];
    assert_eq!((application.value("APPID"), application.value("PROVIDER-ID")), (Some("w7"), Some("a&b")));
    assert_eq!(decoded.document.version.as_deref(), Some("1.0"));
}

#[test]
fn the_account_of_dm_sc() {
    let account = samples::account();
    let document = Document::of_accounts(std::slice::from_ref(&account));
    let octets = document.to_wbxml().unwrap();
    // Root with its version; APPLICATION and APPID of code page 1, the value of page 0.
    let hex = to_hex(&octets);
    assert!(hex.starts_with("030B6A00C54601C600015501873600000603773700018700013800000603"), "{hex}");
    assert_eq!(Document::decode(&octets).unwrap(), Decoded { document: document.clone(), irregular: vec![] });
    let text = document.to_xml().unwrap();
    assert!(text.contains("    <parm name=\"NAME\" value=\"DM &amp; SC\"/>\n"), "{text}");
    assert_eq!(Document::decode(text.as_bytes()).unwrap().document, document);
    let [reading] = &document.accounts()[..] else { panic!("one account") };
    assert!(reading.remarks.is_empty());
    // A URI is what an address is unless told otherwise.
    let mut read = reading.account.clone();
    read.addresses[0].kind = Some(crate::AddressType::Uri);
    assert_eq!(read, account);
}

#[test]
fn what_a_document_lacks_is_remarked() {
    let text = r#"<wap-provisioningdoc>
      <characteristic type="APPLICATION">
        <parm name="APPID" value="w7"/>
        <parm name="ADDR" value="http://a/"/>
        <characteristic type="APPADDR"><characteristic type="PORT"><parm name="PORTNBR" value="70000"/></characteristic></characteristic>
        <characteristic type="APPAUTH"><parm name="AAUTHSECRET" value="x"/></characteristic>
        <characteristic type="APPAUTH"><parm name="AAUTHLEVEL" value="CLIENT"/><parm name="AAUTHDATA" value="?"/></characteristic>
      </characteristic>
      <characteristic type="APPLICATION"><parm name="APPID" value="w2"/></characteristic>
    </wap-provisioningdoc>"#;
    let accounts = Document::decode(text.as_bytes()).unwrap().document.accounts();
    let [reading] = &accounts[..] else { panic!("one account") };
    assert_eq!(reading.account.addresses.len(), 2);
    assert_eq!(reading.remarks.len(), 5, "{:?}", reading.remarks);
    assert!(!format!("{:?}", Document::decode(text.as_bytes())).contains("\"x\""));
}

#[test]
fn octets_that_are_no_document_are_refused_at_their_place() {
    for (hex, expected) in [
        ("030B6A", "octet 3: the document ends inside the string table"),
        ("130B6A00", "octet 0: version octet 13 is not WBXML 1.x"),
        (
            "03046A0045",
            "octet 1: the public identifier 04 is not that of a provisioning document (0B, `-//WAPFORUM//DTD PROV 1.0//EN`)",
        ),
        (
            "0300006A024100",
            "octet 1: the public identifier `A` is not that of a provisioning document (0B, `-//WAPFORUM//DTD PROV 1.0//EN`)",
        ),
        ("0300096A024100", "octet 2: index 9 is outside the string table of 2 octets"),
        ("030B0400", "octet 2: character set 4 is neither UTF-8 (106) nor US-ASCII (3)"),
        ("030B6A7F45", "octet 3: the string table of 127 octets, 1 follow"),
        ("030B6AFFFFFFFF7F", "octet 3: a multi-octet integer does not fit 32 bits"),
        ("030B6A0006", "octet 4: <characteristic> where <wap-provisioningdoc> should stand"),
        ("030B6A0045", "octet 5: the document ends inside an element"),
        ("030B6A004505", "octet 5: <wap-provisioningdoc> stands in another"),
        ("030B6A004506", "octet 5: a characteristic without a type"),
        ("030B6A0045870503410001", "octet 5: the parm `A` stands in no characteristic"),
        ("030B6A004508", "octet 5: tag 08 is not defined in code page 0"),
        ("030B6A00450002", "octet 5: code page 2 does not exist; there are 0 and 1"),
        ("030B6A0045C65D01", "octet 6: attribute 5D is not defined in code page 0"),
        ("030B6A0045C6500503410001", "octet 5: <characteristic> has the attribute `name`"),
        ("030B6A0045C6505001", "octet 7: the attribute `type` is there twice"),
        ("030B6A0045C68501", "octet 6: a value in front of the first attribute"),
        ("030B6A0045C650FF01", "octet 7: attribute FF is not defined in code page 0"),
        ("030B6A0045C650C001", "octet 7: token C0 does not stand in the attributes of an element"),
        ("030B6A004502", "octet 5: token 02 does not stand in an element"),
        ("030B6A0045C65003FF00", "octet 8: a string that is not UTF-8"),
        ("030B6A0045C65003FF", "octet 9: the document ends inside a string"),
        ("030B6A0045C65002FFFF7F01", "octet 7: entity 2097151 is no character"),
        ("030B6A024100C504000141", "octet 7: `A` is no element or attribute of a provisioning document"),
        ("030B6A00450344000101", "octet 5: the text `D` between elements, which have none"),
        ("030B6A000500", "octet 5: 1 octets follow the document"),
    ] {
        let error = Document::from_wbxml(&from_hex(hex).unwrap());
        match error {
            Err(error) => assert!(error.to_string().starts_with(expected), "{hex}: {error}"),
            Ok(read) => panic!("{hex}: {read:?}"),
        }
    }
    let deep = [from_hex("030B6A0045").unwrap(), from_hex("C65001").unwrap().repeat(40)].concat();
    assert!(Document::decode(&deep).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn text_that_is_no_document_is_refused_at_its_place() {
    for (text, expected) in [
        ("", "line 1, column 1: there is no <wap-provisioningdoc>"),
        ("<a/>", "line 1, column 1: <a> is no element of a provisioning document"),
        (
            "<wap-provisioningdoc>\n  <parm name=\"A\"/></wap-provisioningdoc>",
            "line 2, column 3: the parm `A` stands in no characteristic",
        ),
        (
            "<wap-provisioningdoc/><wap-provisioningdoc/>",
            "line 1, column 23: <wap-provisioningdoc> after the end of the document",
        ),
        ("<wap-provisioningdoc>x</wap-provisioningdoc>", "line 1, column 22: the text `x`"),
        (
            "<wap-provisioningdoc><characteristic/></wap-provisioningdoc>",
            "line 1, column 22: a characteristic without a type",
        ),
        ("<wap-provisioningdoc version='1' version='2'/>", "line 1, column 1: "),
        ("<wap-provisioningdoc version='&x;'/>", "line 1, column 1: the attribute `version`"),
        ("<wap-provisioningdoc version='&#1;'/>", "line 1, column 1: "),
        ("<wap-provisioningdoc>", "line 1, column 22: the document ends inside an element"),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><wap-provisioningdoc/>",
            "line 1, column 1: a document type declaration with definitions",
        ),
        ("<wap-provisioningdoc>\u{1}</wap-provisioningdoc>", "line 1, column 22: the character U+0001"),
    ] {
        let error = Document::decode(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}: {error}");
    }
    assert_eq!(
        Document::decode(b"<wap\xFF").unwrap_err().to_string(),
        "line 1, column 5: a character that is not UTF-8"
    );
    let deep = format!("<wap-provisioningdoc>{}", "<characteristic type='A'>".repeat(99));
    assert!(Document::decode(deep.as_bytes()).unwrap_err().to_string().contains("nested deeper"));
}

#[test]
fn what_is_written_otherwise_is_read_with_a_remark() {
    // The public identifier in the string table, and a literal attribute.
    let table = [PUBLIC_ID.as_bytes(), b"\0type\0PORT\0"].concat();
    let index = PUBLIC_ID.len() as u8 + 1;
    let head = [&[0x02, 0x00, 0x00, 0x6A, table.len() as u8], table.as_slice()].concat();
    let octets = [head.as_slice(), &[0x45, 0x86, 0x04, index, 0x83, index + 5, 0x01, 0x01]].concat();
    let decoded = Document::decode(&octets).unwrap();
    assert_eq!(decoded.document.characteristics[0].kind, "PORT");
    let kinds = |hex: &str| {
        let decoded = Document::decode(&from_hex(hex).unwrap()).unwrap();
        decoded.irregular.iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("03016A0005"), ["other-public-id"]);
    // White space as text, a value as opaque data, and a parm with content.
    assert_eq!(kinds("030B6A0045032000C65301C70503410006C3014101010101"), ["text", "opaque-value", "parm-content"]);
}

#[test]
fn texts_without_a_notation_are_not_written() {
    let document = Document { version: Some("\u{0}".into()), characteristics: vec![] };
    let refusal = "version has the character U+0000, which no XML has; take it out";
    assert_eq!(document.to_wbxml().unwrap_err().to_string(), refusal);
    assert_eq!(document.to_xml().unwrap_err().to_string(), refusal);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("APPLICATION".to_owned()),
        Just("APPSRV".to_owned()),
        Just("IPV6".to_owned()),
        Just("ADDRTYPE".to_owned()),
        Just("NAPID".to_owned()),
        "[ -~äß€\t\n\r]{0,12}",
    ]
}

fn characteristic() -> impl Strategy<Value = Characteristic> {
    let parm = || (text(), proptest::option::of(text())).prop_map(|(name, value)| Entry::Parm(Parm { name, value }));
    let leaf =
        (text(), proptest::collection::vec(parm(), 0..4)).prop_map(|(kind, entries)| Characteristic { kind, entries });
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let entry = prop_oneof![parm(), inner.prop_map(Entry::Characteristic)];
        (text(), proptest::collection::vec(entry, 0..4)).prop_map(|(kind, entries)| Characteristic { kind, entries })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(version in proptest::option::of(text()), characteristics in proptest::collection::vec(characteristic(), 0..4)) {
        let document = Document { version, characteristics };
        let decoded = Document::decode(&document.to_wbxml().unwrap()).unwrap();
        prop_assert_eq!(&decoded.document, &document);
        prop_assert_eq!(decoded.irregular, []);
        prop_assert_eq!(&Document::decode(document.to_xml().unwrap().as_bytes()).unwrap().document, &document);
    }

    #[test]
    fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..60), at in 0usize..40, octet: u8) {
        let _ = Document::decode(&octets).map(|decoded| decoded.document.accounts());
        let _ = Document::decode(&[&[0x03, 0x0B, 0x6A, 0x00, 0x45], octets.as_slice()].concat());
        let mut right = from_hex(THEIRS).unwrap();
        let length = right.len();
        right[at % length] = octet;
        let _ = Document::decode(&right).map(|decoded| decoded.document.accounts());
        let _ = Document::from_xml(&octets);
    }
}
