use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use dmsc_octets::to_hex;
use dmsc_report::journal::Party;
use dmsc_uicc::coding::gsm7;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

fn hiding(secret: &[u8]) -> Redactor {
    Redactor::hiding([Cow::Borrowed(secret)].into_iter())
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let redactor = hiding(b"s3cr3t-P@ss");
    let basic = STANDARD.encode(b"client1:s3cr3t-P@ss");
    for text in
        ["s3cr3t-P@ss", "7333637233742D50407373", "7333637233742d50407373", &STANDARD.encode(b"s3cr3t-P@ss"), &basic]
    {
        let mut said = format!("sh -c 'login --password={text}' failed");
        redactor.text(&mut said);
        assert!(said.contains(SECRET), "{text}: {said}");
        let mut octets = format!("Authorization: {text}\r\n").into_bytes();
        let length = octets.len();
        redactor.octets(&mut octets);
        assert_eq!(octets.len(), length);
        assert!(octets.windows(4).any(|four| four == b"****"), "{text}: {}", String::from_utf8_lossy(&octets));
        let mut field = Value::String(to_hex(text.as_bytes()));
        redactor.value(&mut field);
        assert!(field.as_str().is_some_and(|text| text.contains(SECRET)), "{text}: {field}");
    }
}

#[test]
fn xml_and_addresses_write_a_secret_in_their_own_way() {
    let redactor = hiding("a<b>&\"c/é".as_bytes());
    for text in [
        "a&lt;b>&amp;\"c/é",
        "a&amp;lt;b>&amp;amp;\"c/é",
        "a&lt;b&gt;&amp;&quot;c/é",
        "a%3Cb%3E%26%22c%2F%C3%A9",
        "a%3Cb%3E%26%22c/%C3%A9",
    ] {
        let mut said = format!("in {text}.");
        redactor.text(&mut said);
        assert_eq!(said, "in (secret).", "{text}");
    }
}

#[test]
fn what_is_short_or_published_stays() {
    let mut said = "an x in abc".to_owned();
    hiding(b"abc").text(&mut said);
    assert_eq!(said, "an x in abc");
}

const PASSWORD: &str = "Zq7pKw4T_hunter2-Xy";
const KEY: [u8; 16] = [0xF1, 0xE2, 0xD3, 0xC4, 0xB5, 0xA6, 0x97, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0];

fn both() -> Redactor {
    Redactor::hiding([Cow::Borrowed(PASSWORD.as_bytes()), Cow::Borrowed(&KEY)].into_iter())
}

fn joined(between: &str, one: impl Fn(u8) -> String) -> String {
    PASSWORD.bytes().map(one).collect::<Vec<_>>().join(between)
}

/// Ways to write a secret that only a reader undoes.
fn ways() -> Vec<(&'static str, Vec<u8>)> {
    let (first, last) = PASSWORD.split_at(9);
    let hex = to_hex(&KEY);
    let (high, low) = hex.split_at(14);
    let text = |name, text: String| (name, text.into_bytes());
    let mut ways = vec![
        text("two chunks", format!("9\r\n{first}\r\na;x=y\r\n{last}\r\n0\r\n\r\n")),
        text("decimal references", joined("", |octet| format!("&#{octet};"))),
        text("hexadecimal references", joined("", |octet| format!("&#x{octet:X};"))),
        text("one reference", format!("&#90;{}", &PASSWORD[1..])),
        text("CDATA", format!("<![CDATA[{first}]]><![CDATA[{last}]]>")),
        text("a comment", format!("{first}<!-- x -->{last}")),
        text("obs-fold", format!("X-A: {first}\r\n {last}\r\n")),
        text("percent", joined("", |octet| format!("%{octet:02X}"))),
        text("percent in mixed case", joined("", |octet| format!("%{octet:02x}")).replacen("5f", "5F", 1)),
        text("references in percent", joined("", |octet| format!("%26%23{octet}%3B"))),
        text("percent in JSON in hexadecimal", to_hex(joined("", |octet| format!("\\u0025{octet:02X}")).as_bytes())),
        text("small letters", PASSWORD.to_lowercase()),
        text("a line break and colours", format!("{first}\n\u{1b}[1m\u{202e}{last}")),
        text("colons", joined(":", |octet| format!("{octet:02x}"))),
        text("0x", joined(", ", |octet| format!("0x{octet:02x}"))),
        text("a program", joined("", |octet| format!("\\x{octet:02x}"))),
        text("lines of hexadecimal", joined("\n", |octet| format!("{octet:02X}"))),
        text("case that changes", format!("{}{}", high.to_lowercase(), low)),
        text("odd hexadecimal", format!("5{hex}5")),
        text("base64url", URL_SAFE.encode(format!("?>?{PASSWORD}"))),
        text("base64url without padding", URL_SAFE_NO_PAD.encode(KEY)),
        text("base64 in lines", STANDARD.encode(PASSWORD).replace("c", "c\r\n")),
        text("base64 of hexadecimal", STANDARD.encode(format!("u:{hex}"))),
        ("UCS-2", PASSWORD.bytes().flat_map(|octet| [0, octet]).collect()),
        ("STR_I in two", [b"\x03", first.as_bytes(), b"\0\x03", last.as_bytes(), b"\0\x01"].concat()),
        ("ENTITY", PASSWORD.bytes().flat_map(|octet| [2, octet]).collect()),
        ("semi-octets", KEY.iter().map(|octet| octet.rotate_left(4)).collect()),
    ];
    ways.extend(further_ways());
    let septets = gsm7::encode(PASSWORD).unwrap();
    ways.extend((0..8).map(|bits| ("seven bits", gsm7::pack(&septets, bits))));
    ways
}

fn key_joined(between: &str, one: impl Fn(u8) -> String) -> String {
    KEY.iter().map(|octet| one(*octet)).collect::<Vec<_>>().join(between)
}

/// Those of programs, mail and pages.
fn further_ways() -> Vec<(&'static str, Vec<u8>)> {
    let (first, last) = PASSWORD.split_at(9);
    let text = |name, text: String| (name, text.into_bytes());
    let percent = |text: &str| text.bytes().map(|octet| format!("%{octet:02X}")).collect::<String>();
    let base64 = |octets: &[u8]| STANDARD.encode(octets);
    let utf16: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        text("escape of JavaScript", joined("", |octet| format!("%u{octet:04X}"))),
        text("percent three times", percent(PASSWORD).replace('%', "%2525")),
        text("names of HTML", PASSWORD.replace('_', "&lowbar;").replace('-', "&#x2D;")),
        text("names of HTML in markup", PASSWORD.replace('_', "&amp;UnderBar;")),
        text("octal", joined("", |octet| format!("\\{octet:03o}"))),
        text("Rust and ECMAScript", joined("", |octet| format!("\\u{{{octet:x}}}"))),
        text("C", joined("", |octet| format!("\\U{octet:08x}"))),
        text("Java, hexadecimal", key_joined(", ", |octet| format!("(byte)0x{octet:02x}"))),
        text("Java, decimal", format!("[{}]", key_joined(", ", |octet| octet.cast_signed().to_string()))),
        text("assembler", key_joined(" ", |octet| format!("{octet:02X}h"))),
        text("Perl", key_joined("=>", |octet| format!("{octet:02x}"))),
        text("bars", key_joined("|", |octet| format!("{octet:02x}"))),
        text("slashes", joined("/", |octet| format!("{octet:02X}"))),
        text("wide", key_joined("        ", |octet| format!("{octet:02x}"))),
        text("xxd", "00000000: f1e2 d3c4 b5a6 9788  ........\n00000008: 7766 5544 3322 1100  wfUD3\"..\n".into()),
        text("decimal", joined(" ", |octet| octet.to_string())),
        text("decimal with commas", joined(", ", |octet| octet.to_string())),
        text("a number", u128::from_be_bytes(KEY).to_string()),
        text("quoted-printable", joined("", |octet| format!("={octet:02X}"))),
        text("a soft break", format!("{first}=\r\n{last}")),
        text(
            "words of a header",
            format!("=?utf-8?B?{}?=\r\n =?utf-8?Q?{}?=", base64(first.as_bytes()), last.replace('_', "=5F")),
        ),
        text("base64 of UCS-2", base64(&utf16)),
        text("base64 three times", base64(base64(base64(PASSWORD.as_bytes()).as_bytes()).as_bytes())),
        text("base64 in JSON in base64", base64(format!("{{\"a\":\"{}\"}}", base64(&utf16)).as_bytes())),
        text("base64 beside a path", format!("/a/{}", base64(base64(PASSWORD.as_bytes()).as_bytes()))),
        text("base32", base32(PASSWORD.as_bytes())),
        text("base32 of more", base32(format!("u:{PASSWORD}").as_bytes()).to_lowercase()),
        text("full width", PASSWORD.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect()),
        text("soft hyphens", PASSWORD.chars().flat_map(|c| [c, '\u{ad}']).collect()),
        text("nothing between", PASSWORD.chars().flat_map(|c| [c, '\u{200b}', '\u{fe0f}']).collect()),
    ]
}

/// RFC 4648 6, without padding.
fn base32(octets: &[u8]) -> String {
    let bits: Vec<u8> = octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1)).collect();
    let value = |five: &[u8]| (0..5).fold(0, |value, bit| value << 1 | five.get(bit).copied().unwrap_or(0));
    bits.chunks(5).map(|five| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(value(five))])).collect()
}

#[test]
fn numbers_and_words_that_are_no_secret_stay() {
    for text in [
        "at 12:34:56 the DUT sent 90 00, 113 octets from 192.168.0.1 = face 12 ab\r\n",
        "a&nbsp;b \\101 %41 =41 aGVsbG8gd29ybGQgaGVsbG8= \u{ff21}",
        "[-15, -30, 45, 60, 75, 90]",
    ] {
        let mut said = text.to_owned();
        both().text(&mut said);
        assert_eq!(said, text);
    }
}

#[test]
fn a_secret_is_found_in_every_way_to_write_it() {
    let redactor = both();
    for (name, octets) in ways() {
        let mut found = [b"before ".as_slice(), &octets, b" after"].concat();
        let length = found.len();
        redactor.octets(&mut found);
        assert_eq!(found.len(), length);
        assert!(found.windows(8).any(|eight| eight == b"********"), "{name}: {found:?}");
        for (kind, text) in [("as it is", String::from_utf8(octets.clone()).ok()), ("shown", Some(to_hex(&octets)))] {
            let Some(text) = text else { continue };
            let mut said = format!("before {text} after");
            redactor.text(&mut said);
            assert!(said.contains(SECRET), "{name} {kind}: {said}");
        }
    }
}

type Form = fn(&str) -> String;

#[test]
fn beside_a_cut_no_part_of_a_secret_is_left() {
    let redactor = both();
    for count in 3..PASSWORD.len() {
        let (first, last) = PASSWORD.split_at(count);
        let forms: [(&str, Form); 4] = [
            ("as it is", str::to_owned),
            ("hexadecimal", |part| to_hex(part.as_bytes())),
            ("percent", |part| part.bytes().map(|octet| format!("%{octet:02x}")).collect()),
            ("references", |part| part.bytes().map(|octet| format!("&#{octet};")).collect()),
        ];
        for (name, form) in forms {
            let (begin, end) = (form(first), form(last));
            for cut in ["\u{2026}", "... (60000 octets of text)", "\n[8010 octets left out]\n"] {
                let mut said = format!("got: \"xx{begin}{cut}zz");
                redactor.text(&mut said);
                assert_eq!(said, format!("got: \"xx{SECRET}{cut}zz"), "{name} {count}");
                if last.len() >= 3 && !cut.ends_with(')') {
                    let mut said = format!("xx{cut}{end} zz");
                    redactor.text(&mut said);
                    assert_eq!(said, format!("xx{cut}{SECRET} zz"), "{name} {count}");
                }
            }
            let mut octets = format!("xx{begin}").into_bytes();
            redactor.tell_octets(&mut octets, true);
            assert!(octets.starts_with(b"xx*") && octets.ends_with(b"***"), "{name} {count}");
        }
    }
}

fn message(octets: &[u8], fields: Value) -> Message {
    Message {
        at_us: 0,
        from: Party::Client,
        kind: "http.request".into(),
        octets: Octets(octets.to_vec()),
        fields: Some(fields),
        context: Map::new(),
        written: [(format!("a.{PASSWORD}"), "text".to_owned())].into(),
        note: None,
    }
}

#[test]
fn the_names_of_fields_are_no_place_for_secrets() {
    let mut message = message(PASSWORD.as_bytes(), json!({ "devinfo": { PASSWORD: 1, (PASSWORD.to_lowercase()): 2 } }));
    both().message(&mut message);
    assert_eq!(message.fields, Some(json!({ "devinfo": { "(secret)": 1, "(secret) 2": 2 } })));
    assert_eq!(message.written.keys().collect::<Vec<_>>(), ["a.(secret)"]);
}

#[test]
fn octets_that_do_not_show_what_their_fields_tell_are_blanked() {
    let redactor = both();
    let mut coded = message(b"coded", json!({ "body": PASSWORD }));
    redactor.message(&mut coded);
    assert_eq!(coded.octets.0, b"*****");
    let mut plain = message(format!("in {PASSWORD}").as_bytes(), json!({ "body": PASSWORD }));
    redactor.message(&mut plain);
    assert!(plain.octets.0.starts_with(b"in *"));
}

#[test]
fn to_look_for_secrets_takes_time_in_proportion() {
    let redactor = both();
    // What each reader may look through again and again.
    for unit in [
        "&",
        "<!--",
        "%",
        "\\u",
        "\r\n1;",
        "F1E2D3",
        "Zq7pKw4T_hunter2-X",
        "\u{2026}Zq7",
        "f1:",
        "=?u?Q?",
        "=5",
        "f1 241 ",
        "&#38;%25\\x5c=3Df1 241 QUJDREVGR0hJSktM\r\n1;\r\n",
    ] {
        let mut text = unit.repeat(200_000 / unit.len());
        let begin = std::time::Instant::now();
        redactor.text(&mut text);
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{unit}: {:?}", begin.elapsed());
    }
}

proptest! {
    #[test]
    fn no_secret_is_left_in_any_text(secret in "[ -~]{6,24}", before in "[ -~]{0,7}", after in "[ -~]{0,7}") {
        let redactor = hiding(secret.as_bytes());
        let mut plain = format!("{before}{secret}{after}");
        redactor.text(&mut plain);
        prop_assert!(!plain.contains(&secret) || SECRET.contains(&secret));
        let mut octets = format!("{before}{secret}{after}").into_bytes();
        redactor.octets(&mut octets);
        prop_assert!(find(&octets, secret.as_bytes()).is_none() || secret.bytes().all(|octet| octet == b'*'));
        // What remains of base64 text says less than four characters of the secret at each end.
        let mut encoded = STANDARD.encode(format!("{before}{secret}{after}").as_bytes());
        redactor.text(&mut encoded);
        prop_assert!(encoded.contains(SECRET), "{encoded}");
    }
}
