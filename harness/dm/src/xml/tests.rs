use proptest::prelude::*;

use super::decode::decode_element as decode_noting;
use super::*;
use crate::element::{Element, Elements, Namespace};
use crate::syncml::strategies;
use crate::syncml::{Command, CommandName, Data, Item};

fn decode_element(octets: &[u8]) -> Result<Elements<'_>, XmlError> {
    decode_noting(octets, &mut Irregularities::default())
}

fn text_of(xml: &str) -> Option<String> {
    decode_element(xml.as_bytes()).unwrap().root().text().map(Into::into)
}

#[test]
fn character_data_in_every_notation_is_the_same() {
    let expected = Some("a<b>&\u{E9}\u{1F600}\n".to_owned());
    assert_eq!(text_of("<x>a&lt;b&gt;&amp;\u{E9}&#x1F600;\r\n</x>"), expected);
    assert_eq!(text_of("<x><![CDATA[a<b>&\u{E9}\u{1F600}]]>&#10;</x>"), expected);
    assert_eq!(text_of("<x>a<!-- no -->&lt;b<![CDATA[>&]]><?pi?>&#233;&#128512;\r</x>"), expected);
    assert_eq!(text_of("<x></x>"), Some(String::new()));
    assert_eq!(text_of("<x><y/></x>"), None);
}

#[test]
fn references_that_follow_each_other_are_one_text() {
    let xml = "<x>&#x41;&#66;&#x1F600;&#000067;d&#69;&amp;&#x46;</x>";
    assert_eq!(text_of(xml).as_deref(), Some("AB\u{1F600}CdE&F"));
    let document = decode_element(xml.as_bytes()).unwrap();
    assert_eq!(document.root().contents().count(), 5);
    for wrong in
        ["&#x41;&#;", "&#x41;&#x;", "&#x41;&#x42", "&#x41;&#xD800;", "&#65;&#4294967361;", "&#65;&#x100000041;"]
    {
        let error = decode_element(format!("<x>{wrong}</x>").as_bytes()).unwrap_err();
        assert_eq!(error.offset, "<x>".len() + wrong.rfind('&').unwrap(), "{wrong}: {error}");
    }
}

#[test]
fn an_attribute_that_is_there_twice_is_found_among_many() {
    // In an order of their own: 389 and 1000 share no divisor.
    let names: Vec<String> = (0..1000).map(|number| format!(" a{}=''", number * 389 % 1000)).collect();
    let tag = |names: &[String]| format!("<x xmlns:p='u' xmlns:q='u'{}/>", names.concat());
    assert!(decode_element(tag(&names).as_bytes()).is_ok());
    for (first, second, rule) in
        [(" a=''", " a=''", "WFC: Unique Att Spec"), (" p:a=''", " q:a=''", "Namespaces in XML 1.0, 6.3")]
    {
        let mut names = names.clone();
        names.insert(10, first.to_owned());
        names.insert(700, second.to_owned());
        names.insert(900, second.to_owned());
        let place = tag(&names[..700]).len() - "/>".len() + " ".len();
        let error = decode_element(tag(&names).as_bytes()).unwrap_err();
        assert_eq!(error.offset, place);
        assert!(error.to_string().contains(rule), "{error}");
    }
}

#[test]
fn namespaces_by_default_and_by_prefix() {
    let root = decode_element(
        b"\xEF\xBB\xBF<s:Meta xmlns:s='SYNCML:SYNCML1.2' xmlns='syncml:metinf'><Type/><s:Data/><x xmlns=''/></s:Meta>",
    )
    .unwrap();
    assert_eq!(root.root().namespace(), &Namespace::SyncMl);
    let elements: Vec<_> = root.root().elements().map(|e| (e.namespace().clone(), e.name())).collect();
    let none = Namespace::Other("".into());
    assert_eq!(elements, [(Namespace::MetInf, "Type"), (Namespace::SyncMl, "Data"), (none, "x")]);
}

#[test]
fn faults_are_located() {
    for (xml, error) in [
        (&b""[..], "line 1, column 1 (octet 0): not well-formed: there is no element (XML 1.0, 2.1 [1])"),
        (b"<a>\n<b>", "line 2, column 4 (octet 7): not well-formed: the document ends inside <b> (XML 1.0, 2.1 [1])"),
        (
            b"<a/>\n \xC3\xA9",
            "line 2, column 2 (octet 6): not well-formed: `\u{E9}` after the root element (XML 1.0, 2.1 [1])",
        ),
        (b"<a/><b/>", "line 1, column 5 (octet 4): not well-formed: `<` after the root element (XML 1.0, 2.1 [1])"),
        (
            b"<a>\xC3\xA9\xFF</a>",
            "line 1, column 5 (octet 5): not well-formed: octets that are not UTF-8 (XML 1.0, 4.3.3)",
        ),
        (
            b"\xEF\xBB\xBF<a>x\x01</a>",
            "line 1, column 5 (octet 7): not well-formed: the character U+0001 is not allowed in XML (XML 1.0, 2.2 [2])",
        ),
        (
            b"<a>&#1;</a>",
            "line 1, column 4 (octet 3): not well-formed: `&#1;` is to no character of XML \
             (XML 1.0, 4.1, WFC: Legal Character)",
        ),
        (
            b"<a>&lol;</a>",
            "line 1, column 4 (octet 3): not well-formed: the entity `&lol;` is neither predefined nor defined; \
             write the character (XML 1.0, 4.1, WFC: Entity Declared)",
        ),
        (
            b"<!DOCTYPE a SYSTEM 'x'><a>&lol;</a>",
            "line 1, column 27 (octet 26): the entity `&lol;` is not predefined and not expanded; \
             write the character instead",
        ),
        (
            b"<!DOCTYPE a [<!ENTITY lol 'x'>]><a/>",
            "line 1, column 14 (octet 13): `<!ENTITY`: definitions inside a DOCTYPE are refused and never expanded; \
             remove them",
        ),
        (
            b"<!DOCTYPE a [%lol;]><a/>",
            "line 1, column 14 (octet 13): `%lol;`: definitions inside a DOCTYPE are refused and never expanded; \
             remove them",
        ),
        (
            b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>",
            "line 1, column 31 (octet 30): the encoding is ISO-8859-1; SyncML DM is read as UTF-8 only, send UTF-8",
        ),
        (
            b"\xFE\xFF\0<\0a",
            "line 1, column 1 (octet 0): the encoding is UTF-16; SyncML DM is read as UTF-8 only, send UTF-8",
        ),
        (
            b"<\0a\0/\0>\0",
            "line 1, column 1 (octet 0): the encoding is UTF-16; SyncML DM is read as UTF-8 only, send UTF-8",
        ),
        (
            b"<p:a/>",
            "line 1, column 1 (octet 0): not well-formed: the prefix `p` is not bound to a namespace \
             (Namespaces in XML 1.0, 5)",
        ),
        (
            b"<a></b>",
            "line 1, column 4 (octet 3): not well-formed: </b> where <a> is open (XML 1.0, 3, WFC: Element Type Match)",
        ),
        (
            b"<a b='' b=''/>",
            "line 1, column 9 (octet 8): not well-formed: the attribute `b` is there twice \
             (XML 1.0, 3.1, WFC: Unique Att Spec)",
        ),
        (
            b"<a xmlns:p='u' xmlns:q='&#x75;' p:b='' q:b=''/>",
            "line 1, column 40 (octet 39): not well-formed: the attribute `q:b` is there twice \
             (Namespaces in XML 1.0, 6.3)",
        ),
        (
            b"<a b=''><c d/></a>",
            "line 1, column 13 (octet 12): not well-formed: `d` without `=` and a value (XML 1.0, 3.1 [41])",
        ),
        (
            b"\n<?xml version='1.0'?><a/>",
            "line 2, column 1 (octet 1): not well-formed: an XML declaration that is not at the very start of the document \
             (XML 1.0, 2.8 [22])",
        ),
    ] {
        let found = decode_element(xml).unwrap_err().to_string();
        assert_eq!(found, error);
    }
}

#[test]
fn a_doctype_that_only_names_is_passed() {
    for doctype in [
        "<!DOCTYPE SyncML PUBLIC '-//SYNCML//DTD SyncML 1.2//EN' 'http://example.com/x.dtd'>",
        "<!DOCTYPE SyncML [<?oma-syncml-ver supported-versions=\"1.2\"?>]>",
        "<!DOCTYPE SyncML[ <!-- no <!ENTITY --> ] >",
        "<!DOCTYPE s:SyncML SYSTEM '[<!ENTITY'[]>",
    ] {
        assert_eq!(
            decode_element(format!("{doctype}<SyncML/>").as_bytes()).unwrap().root().name(),
            "SyncML",
            "{doctype}"
        );
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(decode_element(nested(MAX_DEPTH).as_bytes()).is_ok());
    assert_eq!(decode_element(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().fault, Fault::Depth);
}

#[test]
fn octets_become_base64_under_their_format() {
    let item = Item { data: Some(Data::Binary(vec![0, 1, 2])), ..Item::default() };
    let add = Command { items: vec![item], ..Command::new(CommandName::Add, "1") };
    let message = Message { commands: vec![add], ..Message::default() };
    let xml = String::from_utf8(encode(&message).unwrap()).unwrap();
    assert!(xml.contains("<Meta><Format xmlns=\"syncml:metinf\">b64</Format></Meta><Data>AAEC</Data>"), "{xml}");
}

#[test]
fn what_xml_cannot_carry_is_refused() {
    let alert = Command { data: Some("a\u{FFFF}\u{1}".into()), ..Command::new(CommandName::Alert, "1") };
    let error = encode(&Message { commands: vec![alert], ..Message::default() }).unwrap_err();
    assert_eq!((error.element.as_str(), error.character), ("Data", 0xFFFF));
}

fn irregular(xml: &str) -> Vec<(&'static str, String, &str)> {
    let mut irregular = Irregularities::default();
    decode_noting(xml.as_bytes(), &mut irregular).unwrap();
    let all = irregular.into_vec().into_iter();
    all.map(|found| (found.kind, found.what, &xml[found.at.unwrap()])).collect()
}

#[test]
fn what_is_forgiven_is_told_with_its_octets() {
    for (xml, kind, what, at) in [
        ("<a xmlns:x='z'><b x:y='\n'>c</b></a>", "unknown-attribute", "<b> has the attribute `x:y`", "<b x:y='\n'>"),
        (
            "<?xml version='1.1'?><a/>",
            "other-xml-version",
            "an XML declaration of another version than 1.0",
            "<?xml version='1.1'?>",
        ),
        ("\u{FEFF}<a b=''/>", "unknown-attribute", "<a> has the attribute `b`", "<a b=''/>"),
    ] {
        assert_eq!(irregular(xml), [(kind, what.to_owned(), at)], "{xml}");
    }
    let regular = "\u{FEFF}<?xml version='1.0'?><!DOCTYPE a><!-- b -->\n<a xmlns='c' xmlns:d='e'>f &gt; g<?h?></a>\n";
    assert_eq!(irregular(regular), []);
}

#[test]
fn bindings_end_with_their_element() {
    let xml = "<a xmlns='1' xmlns:p='2'><p:b xmlns='3' xmlns:p='4'/><p:c><d/></p:c><e xmlns=''><f/></e></a>";
    let elements = decode_element(xml.as_bytes()).unwrap();
    let namespaces: Vec<_> = elements
        .root()
        .elements()
        .flat_map(|element| std::iter::once(element).chain(element.elements()))
        .map(|element| format!("{} {}", element.name(), element.namespace().uri()))
        .collect();
    assert_eq!(namespaces, ["b 4", "c 2", "d 1", "e ", "f "]);
    let ended = decode_element(b"<a><b xmlns:p='1'/><p:c/></a>").unwrap_err();
    assert_eq!((ended.offset, ended.fault.word()), (19, "prefix-declared"));
}

#[test]
fn a_namespace_is_what_its_attribute_says_after_normalising() {
    let root = decode_element(b"<SyncML xmlns='SYNCML&#58;SYNC&#x4D;L1.2'/>").unwrap();
    assert_eq!(root.root().namespace(), &Namespace::SyncMl);
    let root = decode_element(b"<SyncML xmlns='a\r\n&lt;\tb'/>").unwrap();
    assert_eq!(root.root().namespace(), &Namespace::Other("a < b".into()));
}

#[test]
fn elements_and_text_know_their_octets() {
    let xml = "\u{FEFF}<a xmlns:p='q'> <p:b>1&amp;2</p:b><c><![CDATA[3]]></c><d/></a>";
    let elements = decode_element(xml.as_bytes()).unwrap();
    let places: Vec<_> = elements
        .root()
        .elements()
        .map(|e: Element<'_, '_>| [e.at(), e.head(), e.value_at()].map(|at| &xml[at]))
        .collect();
    assert_eq!(
        places,
        [["<p:b>1&amp;2</p:b>", "<p:b>", "1&amp;2"], ["<c><![CDATA[3]]></c>", "<c>", "3"], ["<d/>", "<d/>", "<d/>"],]
    );
    assert_eq!(elements.root().at(), 3..xml.len());
}

proptest! {
    #[test]
    fn any_octets_decode_or_fail_inside(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = decode_element(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }

    #[test]
    fn anything_like_xml_decodes_or_fails_inside(xml in "(<[a-c/!?:]{0,3} ?[a-z='\"]{0,6}>?|&#?x?[0-9a-z]{0,4};?|[ -~\u{E9}]|\\]\\]>|<!\\[CDATA\\[){0,20}") {
        if let Err(error) = decode_element(xml.as_bytes()) {
            prop_assert!(error.offset <= xml.len());
        }
    }

    #[test]
    fn messages_round_trip(message in strategies::message(false)) {
        let decoded = decode(&encode(&message).unwrap()).unwrap();
        prop_assert_eq!(decoded.irregular, []);
        prop_assert_eq!(decoded.value, message);
    }
}
