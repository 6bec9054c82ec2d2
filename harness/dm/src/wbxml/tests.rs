use dmsc_octets::{Irregularity, Spans, from_hex, to_hex};
use proptest::prelude::*;

use super::decode::decode_document as decode_noting;
use super::*;
use crate::auth::AuthType;
use crate::element::{Builder, Content, Elements, Name, Namespace, Sink};
use crate::syncml::{Command, CommandName, Cred, Data, Item, Meta, SyncHdr, strategies};
use crate::word::Word;

/// The client's abort message in octets, agreed on by two independent encoders.
const ABORT: &str = "02A4016A006D6C7103312E3200017203444D2F312E3200016503413500015B033200016E5703530001016757034300010101\
    6B694B033100015C033100014C033000014A0353796E6348647200014F03323132000101464B033200014F0331323233000101120101";

fn abort() -> Message {
    let status = Command {
        msg_ref: Some("1".into()),
        cmd_ref: Some("0".into()),
        name: Some("SyncHdr".into()),
        data: Some("212".into()),
        ..Command::new(CommandName::Status, "1")
    };
    let alert = Command { data: Some("1223".into()), ..Command::new(CommandName::Alert, "2") };
    Message { header: header(), commands: vec![status, alert], is_final: true }
}

fn header() -> SyncHdr {
    SyncHdr {
        session_id: "A5".into(),
        msg_id: "2".into(),
        target: "S".into(),
        source: "C".into(),
        ..SyncHdr::default()
    }
}

#[test]
fn the_reference_encoding_octet_for_octet() {
    let octets = encode(&abort()).unwrap();
    assert_eq!(to_hex(&octets), ABORT);
    assert_eq!(octets.len(), 104);
    let decoded = decode(&octets).unwrap();
    assert_eq!(decoded.value, abort());
    assert_eq!(decoded.irregular, []);
}

#[test]
fn code_pages_switch_just_before_the_tag() {
    let cred = Cred { format: Some("b64".into()), type_: Some(AuthType::Md5), data: "AA==".into() };
    let message = Message { header: SyncHdr { cred: Some(cred), ..header() }, ..Message::default() };
    let octets = to_hex(&encode(&message).unwrap());
    let scheme = to_hex(b"syncml:auth-md5");
    let expected = format!("4E5A0001470362363400015303{scheme}00010100004F0341413D3D000101");
    assert!(octets.contains(&expected), "{octets}");
}

fn decode_document(octets: &[u8]) -> Result<Document<'_>, WbxmlError> {
    decode_noting(octets, &mut Irregularities::default())
}

/// A body in hexadecimal after the usual header of five octets.
fn body(body: &str) -> Vec<u8> {
    from_hex(&format!("02A4016A00{body}")).unwrap()
}

/// What the root of a body holds: text as it is, octets in hexadecimal after `#`, elements by their names; and the
/// octets it stands in.
fn contents(octets: &[u8]) -> Vec<(String, String)> {
    let document = decode_document(octets).unwrap();
    let contents = document.elements.root().contents().map(|content| match content {
        Content::Text(text, at) => (text.to_owned(), to_hex(&octets[at])),
        Content::Binary(binary, at) => (format!("#{}", to_hex(binary)), to_hex(&octets[at])),
        Content::Element(element) => (format!("<{}>", element.name()), to_hex(&octets[element.at()])),
    });
    contents.collect()
}

#[test]
fn every_kind_of_content() {
    let expect = |octets: &str, expected: &[(&str, &str)]| {
        let found = contents(&body(octets));
        let found: Vec<_> = found.iter().map(|(what, at)| (what.as_str(), at.as_str())).collect();
        assert_eq!(found, expected, "{octets}");
    };
    expect(
        "4F 03 6100 03 C3A900 02 20 02 818400 01",
        &[("a", "61"), ("\u{E9}", "C3A9"), (" ", "0220"), ("\u{4200}", "02818400")],
    );
    expect("4F C3 02 00FF 01", &[("#00FF", "00FF")]);
    expect("4F C3 00 01", &[("#", "")]);
    expect("4F 0300 01", &[]);
    expect("4F 01", &[]);
    expect("0F", &[]);
}

#[test]
fn the_string_table_serves_strings_tags_and_the_public_identifier() {
    let id = to_hex(SYNCML_1_2.as_bytes());
    for (length, end) in [("1E", "00"), ("1D", "")] {
        let octets = from_hex(&format!("0200006A{length}{id}{end}2D")).unwrap();
        let mut irregular = Irregularities::default();
        let document = decode_noting(&octets, &mut irregular).unwrap();
        assert_eq!(document.head.public_id, PublicId::Literal(SYNCML_1_2));
        assert!(document.head.public_id.is_syncml_1_2());
        let told: Vec<_> = irregular.into_vec().into_iter().map(|found| (found.kind, found.at)).collect();
        assert_eq!(told, if end.is_empty() { vec![("unterminated-string", Some(2..3))] } else { vec![] });
    }
    // Table: "ab", "Odd"; content: STR_T 1, then the literal tag at 3 with content.
    let octets = from_hex("02A4016A07 616200 4F646400 4F 83 01 44 03 0378 00 01 01").unwrap();
    assert_eq!(
        contents(&octets),
        [("b".to_owned(), "8301".to_owned()), ("<Odd>".to_owned(), "440303780001".to_owned())]
    );
    let document = decode_document(&octets).unwrap();
    let odd = document.elements.root().elements().find(|inner| inner.name() == "Odd").unwrap();
    assert_eq!((odd.namespace(), odd.text().as_deref()), (&Namespace::Literal, Some("x")));
    assert_eq!((to_hex(&octets[odd.head()]), to_hex(&octets[odd.value_at()])), ("4403".to_owned(), "78".to_owned()));
}

#[test]
fn pages_stay_until_switched_again() {
    // Meta, page 1, Format, END, Type, END, END (neutral), page 0.
    let octets = body("54 5A 0001 47 0378 00 01 13 01 0000 0F 01");
    let document = decode_document(&octets).unwrap();
    let meta = document.elements.root().child(Word::Meta).unwrap();
    let names: Vec<_> = meta.elements().map(|e| (e.namespace().clone(), e.name())).collect();
    assert_eq!(names, [(Namespace::MetInf, "Format"), (Namespace::MetInf, "Type")]);
    assert_eq!(document.elements.root().child(Word::Data).unwrap().namespace(), &Namespace::SyncMl);
}

#[test]
fn faults_are_located() {
    for (octets, error) in [
        ("", "octet 0: the document ends inside the version"),
        ("12", "octet 0: version octet 12 is not WBXML 1.x (01, 02 or 03)"),
        ("02", "octet 1: the document ends inside the public identifier"),
        ("02A401", "octet 3: the document ends inside the character set"),
        ("02A40104", "octet 3: character set 4 is neither UTF-8 (106) nor US-ASCII (3); send UTF-8"),
        ("02 FFFFFFFF7F", "octet 1: a multi-octet integer does not fit 32 bits"),
        ("02 808080808001", "octet 1: a multi-octet integer does not fit 32 bits"),
        ("02A4016A 05 00", "octet 4: the string table of 5 octets, 1 follow"),
        ("0200026A 02 6100 2D", "octet 2: index 2 is outside the string table of 2 octets"),
        ("02A4016A00", "octet 5: the document ends inside the body"),
        ("02A4016A00 6D", "octet 6: the document ends inside an element"),
        ("02A4016A00 01", "octet 5: END stands where the root element should"),
        ("02A4016A00 036100", "octet 5: content stands where the root element should"),
        ("02A4016A00 2D00", "octet 6: 1 octets follow the root element"),
        ("02A4016A00 0003", "octet 5: code page 3 does not exist; SyncML has 0, 1 and 2"),
        ("02A4016A00 6D 30", "octet 6: tag 30 is not defined in code page 0"),
        ("02A4016A00 6D 0001 17", "octet 8: tag 17 is not defined in code page 1"),
        ("02A4016A00 AD", "octet 5: tag AD has attributes; SyncML has none"),
        ("02A4016A00 6D 43", "octet 6: global token 43 does not occur in SyncML"),
        ("02A4016A00 6D C0", "octet 6: global token C0 does not occur in SyncML"),
        ("02A4016A00 4F 03 61", "octet 8: the document ends inside a string"),
        ("02A4016A00 4F 03 61FF00", "octet 8: a string that is not UTF-8"),
        ("02A4016A00 4F C3 05 61", "octet 7: opaque data of 5 octets, 1 follow"),
        ("02A4016A00 4F 02 83B000", "octet 6: entity 55296 is no character"),
        ("02A4016A00 4F 83 00", "octet 6: index 0 is outside the string table of 0 octets"),
        ("02A4016A03 612000 4F 04 00", "octet 9: the literal tag `a ` is not an XML name"),
    ] {
        let found = decode_document(&from_hex(octets).unwrap()).unwrap_err().to_string();
        assert_eq!(found, error, "{octets}");
    }
}

#[test]
fn a_message_cut_anywhere_is_refused_and_more_octets_after_it_too() {
    let whole = from_hex(ABORT).unwrap();
    for length in 0..whole.len() {
        match decode(&whole[..length]) {
            Err(DecodeError::Wbxml(error)) => assert!(error.offset <= length, "{length}: {error}"),
            other => panic!("{length}: {other:?}"),
        }
    }
    for more in [&[0x00][..], &[0x01], &[0x00, 0x00], &whole] {
        let error = decode(&[&whole, more].concat()).unwrap_err().to_string();
        assert_eq!(error, format!("octet 104: {} octets follow the root element", more.len()));
    }
}

#[test]
fn what_the_grammar_does_not_have_is_told_with_its_octets() {
    let irregular = |octets: &[u8]| -> Vec<_> {
        let mut irregular = Irregularities::default();
        decode_noting(octets, &mut irregular).unwrap();
        let told = irregular.into_vec().into_iter();
        told.map(|found| (found.kind, found.what, to_hex(&octets[found.at.unwrap()]))).collect()
    };
    for (octets, kind, what, at) in [
        ("4F 0001 01", "stray-page-switch", "a switch to code page 1 with no tag after it", "0001"),
        ("4F 0000 036100 01", "stray-page-switch", "a switch to code page 0 with no tag after it", "0000"),
        ("0001 0000 4F 01", "stray-page-switch", "a switch to code page 1 with no tag after it", "0001"),
        ("4F 03 610100 01", "not-xml-character", "the character U+0001, which XML does not have", "6101"),
        ("4F 02 0B 01", "not-xml-character", "the character U+000B, which XML does not have", "020B"),
        ("4F 02 00 01", "not-xml-character", "the character U+0000, which XML does not have", "0200"),
        ("4F 03 EFBFBF00 01", "not-xml-character", "the character U+FFFF, which XML does not have", "EFBFBF"),
    ] {
        assert_eq!(irregular(&body(octets)), [(kind, what.to_owned(), at.to_owned())], "{octets}");
    }
    assert_eq!(irregular(&body("4F 03 610D0A09C3A900 01")), []);
    let table = from_hex("02A4016A02 0200 4F 8300 01").unwrap();
    let what = "the character U+0002, which XML does not have".to_owned();
    assert_eq!(irregular(&table), [("not-xml-character", what, "8300".to_owned())]);
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "64".repeat(depth), "01".repeat(depth));
    assert!(decode_document(&body(&nested(MAX_DEPTH))).is_ok());
    assert_eq!(decode_document(&body(&nested(MAX_DEPTH + 1))).unwrap_err().fault, Fault::Depth);
}

#[test]
fn versions_and_identifiers_a_decoder_meets() {
    for version in ["01", "02", "03"] {
        let octets = from_hex(&ABORT.replacen("02", version, 1)).unwrap();
        assert_eq!(decode(&octets).unwrap(), Decoded { value: abort(), irregular: vec![] });
    }
    for (from, to, kind, what, at) in [
        ("A401", "01", "other-public-id", "the public identifier is 0001, not that of SyncML 1.2", 1..2),
        ("02", "04", "other-wbxml-version", "version octet 04 is not that of WBXML 1.1, 1.2 or 1.3", 0..1),
        ("6A", "03", "other-charset", "character set 3 instead of UTF-8 (106)", 3..4),
        (
            "A4016A00",
            "00006A03780D00",
            "other-public-id",
            "the public identifier is `x\\r`, not that of SyncML 1.2",
            1..3,
        ),
    ] {
        let decoded = decode(&from_hex(&ABORT.replacen(from, to, 1)).unwrap()).unwrap();
        assert_eq!(decoded.value, abort());
        assert_eq!(decoded.irregular, [Irregularity::new(kind, what).at(at)]);
    }
}

fn add(data: Data, format: &str) -> Message {
    let item = Item {
        target: Some("./Inbox".into()),
        meta: Some(Meta::new(format, "application/vnd.syncml.dmtnds+wbxml")),
        data: Some(data),
        ..Item::default()
    };
    let add = Command { items: vec![item], ..Command::new(CommandName::Add, "1") };
    Message { header: header(), commands: vec![add], is_final: true }
}

/// A tree object that says no more than its version.
fn tree_object() -> Elements<'static> {
    let mut builder = Builder::default();
    builder.open(&Namespace::DmDdf, Name::Word(Word::MgmtTree), 0..0);
    builder.open(&Namespace::DmDdf, Name::Word(Word::VerDtd), 0..0);
    builder.text("1.2", 0..0);
    builder.close(0);
    builder.close(0);
    builder.complete().unwrap()
}

#[test]
fn an_embedded_document_stays_octets() {
    let public_id = "-//OMA//DTD-DM-DDF 1.2//EN";
    let embedded = encode_document(&Document::new(PublicId::Literal(public_id), tree_object()), false).unwrap();
    let id = to_hex(public_id.as_bytes());
    assert_eq!(to_hex(&embedded), format!("0200006A1B{id}0000026077 03312E32000101").replace(' ', ""));
    let message = add(Data::Binary(embedded.clone()), "bin");
    let decoded = decode(&encode(&message).unwrap()).unwrap().value;
    assert_eq!(decoded, message);
}

#[test]
fn a_tree_object_inline_becomes_its_xml() {
    // The object in place of the text of Data, on page 2, with a switch to page 0 for the tags that follow.
    let octets = to_hex(&encode(&add("?".into(), "xml")).unwrap());
    let octets = octets.replace("4F033F0001", "4F00026077 03312E32000101 01").replace(' ', "");
    let octets = from_hex(&octets.replace("010101120101", "0101010000120101")).unwrap();
    let decoded = decode(&octets).unwrap();
    let expected = "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>";
    assert_eq!(decoded.value.commands[0].items[0].data, Some(expected.into()));
    assert_eq!(decoded.irregular, [], "page 2 is there for it");
    let at = spans(&octets).commands[0].items[0].find("data").unwrap();
    assert_eq!(to_hex(&octets[at]), "607703312E32000101");
}

#[test]
fn opaque_is_text_where_it_can_be_unless_the_format_is_bin() {
    let sent = |octets: &[u8], format| {
        let message = add(Data::Binary(octets.to_vec()), format);
        decode(&encode(&message).unwrap()).unwrap().value.commands[0].items[0].data.clone().unwrap()
    };
    assert_eq!(sent(b"chr", "chr"), Data::from("chr"));
    assert_eq!(sent(b"chr", "bin"), Data::Binary(b"chr".to_vec()));
    assert_eq!(sent(&[0], "chr"), Data::Binary(vec![0]));
}

#[test]
fn an_element_without_a_token_is_refused() {
    let message = Message { commands: vec![Command::new(CommandName::from("Fly"), "1")], ..Message::default() };
    assert_eq!(
        encode(&message).unwrap_err().to_string(),
        "element Fly of SYNCML:SYNCML1.2 has no token in code pages 0 to 2; send it as XML"
    );
}

proptest! {
    #[test]
    fn any_octets_decode_or_fail_inside(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = decode_document(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }

    #[test]
    fn any_body_decodes_or_fails_inside(body in prop::collection::vec(
        prop_oneof![0u8..0x10, 0x40u8..0x70, Just(0x83), Just(0xC3), any::<u8>()], 0..200)
    ) {
        let octets = [&[0x02, 0xA4, 0x01, 0x6A, 0x02, 0x41, 0x00], body.as_slice()].concat();
        match decode(&octets) {
            Ok(decoded) => prop_assert!(decoded.irregular.iter().all(|found| octets.get(found.at.clone().unwrap()).is_some())),
            Err(DecodeError::Wbxml(error)) => prop_assert!(error.offset <= octets.len()),
            Err(DecodeError::Message(_)) => {}
        }
        let _ = Spans::from(spans(&octets));
    }

    #[test]
    fn a_changed_octet_never_panics(at in 0usize..104, octet: u8) {
        let mut octets = from_hex(ABORT).unwrap();
        octets[at] = octet;
        if let Err(DecodeError::Wbxml(error)) = decode(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }

    #[test]
    fn integers_round_trip(number in 2u32.., index in 0u32..4) {
        // Numbers of every length in octets.
        let number = (number >> (index * 8)).max(2);
        let octets = encode_document(&Document::new(PublicId::Number(number), tree_object()), false).unwrap();
        prop_assert_eq!(decode_document(&octets).unwrap().head.public_id, PublicId::Number(number));
    }

    #[test]
    fn messages_round_trip(message in strategies::message(true)) {
        let decoded = decode(&encode(&message).unwrap()).unwrap();
        prop_assert_eq!(decoded.irregular, []);
        prop_assert_eq!(decoded.value, message);
    }

    #[test]
    fn both_encodings_say_the_same(message in strategies::message(false)) {
        let through_xml = crate::xml::decode(&crate::xml::encode(&message).unwrap()).unwrap().value;
        let through_wbxml = decode(&encode(&through_xml).unwrap()).unwrap().value;
        prop_assert_eq!(through_wbxml, message);
    }
}
