use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::Octets;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Card {
    name: String,
    colour: Option<Colour>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    on: bool,
    ratio: Option<f64>,
    pair: Option<(u8, i16)>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct File {
    id: Octets,
    size: u16,
    body: Option<Body>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
    Blue,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Body {
    Empty,
    Text(String),
    Rows(u8, u8),
    Fill { with: Octets },
}

fn source(text: &str) -> Source {
    Source::new("card.yaml", text)
}

fn wrong(text: &str) -> String {
    read::<Card>(&source(text)).unwrap_err().to_string()
}

#[test]
fn values_of_every_kind() {
    let text = "
name: 0010
colour: green
on: true
ratio: 2
pair: [1, -300]
labels: { a: true, 7: 1.20 }
files:
  - { id: 6010, size: 0x10, body: empty }
  - { id: '6f 20', size: 7, body: { text: 'no' } }
  - { id: '', size: 0, body: { rows: [1, 2] } }
  - { id: 00, size: 1, body: { fill: { with: FF } } }
";
    let file = |id: &[u8], size, body| File { id: Octets(id.to_owned()), size, body: Some(body) };
    let labels = [("a", "true"), ("7", "1.20")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let card = Card {
        name: "0010".into(),
        colour: Some(Colour::Green),
        files: vec![
            file(&[0x60, 0x10], 16, Body::Empty),
            file(&[0x6F, 0x20], 7, Body::Text("no".into())),
            file(&[], 0, Body::Rows(1, 2)),
            file(&[0x00], 1, Body::Fill { with: Octets(vec![0xFF]) }),
        ],
        on: true,
        ratio: Some(2.0),
        pair: Some((1, -300)),
        labels: Some(labels.into()),
    };
    assert_eq!(read::<Card>(&source(text)), Ok(card));
    let none = Card { name: "x".into(), colour: None, files: vec![], on: false, ratio: None, pair: None, labels: None };
    assert_eq!(read::<Card>(&source("name: x\ncolour:\nratio: ~\n")), Ok(none));
}

#[test]
fn keys() {
    insta::assert_snapshot!(wrong("name: x\nfils: []\nratoi: 1\n"), @r"
    error: unknown key `fils`
     --> card.yaml:2:1
      |
    2 | fils: []
      | ^^^^ not a key here
      |
      = note: allowed here: `name`, `colour`, `files`, `on`, `ratio`, `pair` or `labels`
      = help: did you mean `files`?

    error: unknown key `ratoi`
     --> card.yaml:3:1
      |
    3 | ratoi: 1
      | ^^^^^ not a key here
      |
      = note: allowed here: `name`, `colour`, `files`, `on`, `ratio`, `pair` or `labels`
      = help: did you mean `ratio`?
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles:\n  - { size: 1, body: empty }\n"), @r"
    error: `id` is missing
     --> card.yaml:3:5
      |
    3 |   - { size: 1, body: empty }
      |     ^^^^^^^^^^^^^^^^^^^^^^^^ `id` must stand in this mapping
    ");
    insta::assert_snapshot!(wrong("colour: red\n"), @r"
    error: `name` is missing
     --> card.yaml:1:1
      |
    1 | colour: red
      | ^^^^^^^^^^^ `name` must stand in this mapping
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: 1, body: { fill: { wiht: FF } } }]\n"), @r"
    error: unknown key `wiht`
     --> card.yaml:2:44
      |
    2 | files: [{ id: 00, size: 1, body: { fill: { wiht: FF } } }]
      |                                            ^^^^ not a key here
      |
      = note: allowed here: `with`
      = help: did you mean `with`?
    ");
}

#[test]
fn names() {
    insta::assert_snapshot!(wrong("name: x\ncolour: gren\n"), @r"
    error: `gren` is not a value of this key
     --> card.yaml:2:9
      |
    2 | colour: gren
      |         ^^^^ not one of the names allowed here
      |
      = note: allowed: `red`, `green` or `blue`
      = help: did you mean `green`?
    ");
    insta::assert_snapshot!(wrong("name: x\ncolour: [red]\n"), @r"
    error: found a sequence, expected `red`, `green` or `blue`
     --> card.yaml:2:9
      |
    2 | colour: [red]
      |         ^^^^^ expected `red`, `green` or `blue`
    ");
    insta::assert_snapshot!(wrong("name: x\ncolour: { red: 1 }\n"), @r"
    error: found the whole number `1`, expected nothing
     --> card.yaml:2:16
      |
    2 | colour: { red: 1 }
      |                ^ expected nothing
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: 1, body: text }]\n"), @r"
    error: this name needs a value; write it as `name: value`
     --> card.yaml:2:34
      |
    2 | files: [{ id: 00, size: 1, body: text }]
      |                                  ^^^^
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: 1, body: { txet: x } }]\n"), @r"
    error: `txet` is not a value of this key
     --> card.yaml:2:36
      |
    2 | files: [{ id: 00, size: 1, body: { txet: x } }]
      |                                    ^^^^ not one of the names allowed here
      |
      = note: allowed: `empty`, `text`, `rows` or `fill`
      = help: did you mean `text`?
    ");
}

#[test]
fn types() {
    insta::assert_snapshot!(wrong("name:\n"), @r"
    error: found nothing, expected text
     --> card.yaml:1:5
      |
    1 | name:
      |     ^ expected text
      |
      = help: write a value
    ");
    insta::assert_snapshot!(wrong("name: [x]\n"), @r"
    error: found a sequence, expected text
     --> card.yaml:1:7
      |
    1 | name: [x]
      |       ^^^ expected text
    ");
    insta::assert_snapshot!(wrong("name: x\non: yes\n"), @r"
    error: found text `yes`, expected `true` or `false`
     --> card.yaml:2:5
      |
    2 | on: yes
      |     ^^^ expected `true` or `false`
      |
      = help: write `true`
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: 6F01\n"), @r"
    error: found text `6F01`, expected a sequence
     --> card.yaml:2:8
      |
    2 | files: 6F01
      |        ^^^^ expected a sequence
      |
      = help: write a sequence of one: `[6F01]`
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [6F01]\n"), @r"
    error: found text `6F01`, expected a mapping
     --> card.yaml:2:9
      |
    2 | files: [6F01]
      |         ^^^^ expected a mapping
    ");
    insta::assert_snapshot!(wrong("name: x\nratio: much\n"), @r"
    error: found text `much`, expected a number
     --> card.yaml:2:8
      |
    2 | ratio: much
      |        ^^^^ expected a number
    ");
    insta::assert_snapshot!(wrong("- name: x\n"), @r"
    error: found a sequence, expected a mapping
     --> card.yaml:1:1
      |
    1 | - name: x
      | ^^^^^^^^^ expected a mapping
    ");
    insta::assert_snapshot!(wrong(""), @r"
    error: found nothing, expected a mapping
     --> card.yaml:1:1
      |
    1 |
      | ^ expected a mapping
      |
      = help: write a value
    ");
}

#[test]
fn numbers() {
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: '1' }]\n"), @r"
    error: found text `1`, expected a whole number from 0 to 65535
     --> card.yaml:2:25
      |
    2 | files: [{ id: 00, size: '1' }]
      |                         ^^^ expected a whole number from 0 to 65535
      |
      = help: leave out the quotes: `1`
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: 65536 }]\n"), @r"
    error: the whole number `65536` is out of range
     --> card.yaml:2:25
      |
    2 | files: [{ id: 00, size: 65536 }]
      |                         ^^^^^ expected a whole number from 0 to 65535
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 00, size: 99999999999999999999 }]\n"), @r"
    error: the whole number `99999999999999999999` is out of range
     --> card.yaml:2:25
      |
    2 | files: [{ id: 00, size: 99999999999999999999 }]
      |                         ^^^^^^^^^^^^^^^^^^^^ expected a whole number from 0 to 65535
    ");
    insta::assert_snapshot!(wrong("name: x\npair: [1]\n"), @r"
    error: found a sequence of length 1, expected a tuple of size 2
     --> card.yaml:2:7
      |
    2 | pair: [1]
      |       ^^^
    ");
    insta::assert_snapshot!(wrong("name: x\npair: [1, 2, 3]\n"), @r"
    error: more items than expected
     --> card.yaml:2:14
      |
    2 | pair: [1, 2, 3]
      |              ^
    ");
}

#[test]
fn octets() {
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: '6F0G', size: 1 }]\n"), @r"
    error: `G` is not a hexadecimal digit; use 0-9 and A-F
     --> card.yaml:2:19
      |
    2 | files: [{ id: '6F0G', size: 1 }]
      |                   ^ expected octets in hexadecimal, such as `D0 1A`
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 600, size: 1 }]\n"), @r"
    error: half an octet: write two hexadecimal digits for each octet
     --> card.yaml:2:17
      |
    2 | files: [{ id: 600, size: 1 }]
      |                 ^ expected octets in hexadecimal, such as `D0 1A`
    ");
    insta::assert_snapshot!(wrong("name: x\nfiles: [{ id: 0x6F01, size: 1 }]\n"), @r"
    error: `x` is not a hexadecimal digit; use 0-9 and A-F
     --> card.yaml:2:16
      |
    2 | files: [{ id: 0x6F01, size: 1 }]
      |                ^ expected octets in hexadecimal, such as `D0 1A`
      |
      = help: leave out the `0x`
    ");
}

/// What a type that takes anything does, and what it says.
#[derive(Debug, PartialEq)]
struct Leaf(String);

impl<'de> Deserialize<'de> for Leaf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LeafVisitor;
        impl Visitor<'_> for LeafVisitor {
            type Value = Leaf;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text or an integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Leaf, E> {
                if text.is_empty() { Err(E::custom("an empty leaf")) } else { Ok(Leaf(text.to_owned())) }
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Leaf, E> {
                Ok(Leaf(number.to_string()))
            }
        }
        deserializer.deserialize_any(LeafVisitor)
    }
}

#[test]
fn types_that_look_at_the_value() {
    let leaves = |text: &str| read::<BTreeMap<String, Leaf>>(&source(text));
    let found: Vec<String> = leaves("a: 0070\nb: 70\nc: 0x46\nd: .inf\n").unwrap().into_values().map(|l| l.0).collect();
    assert_eq!(found, ["0070", "70", "70", ".inf"]);
    insta::assert_snapshot!(leaves("a: 1.0\n").unwrap_err(), @r#"
    error: found the number `1.0`, expected text or an integer
     --> card.yaml:1:4
      |
    1 | a: 1.0
      |    ^^^ expected text or an integer
      |
      = help: put it in quotes: `"1.0"`
    "#);
    insta::assert_snapshot!(leaves("a: { b: c }\n").unwrap_err(), @r"
    error: found a mapping, expected text or an integer
     --> card.yaml:1:4
      |
    1 | a: { b: c }
      |    ^^^^^^^^ expected text or an integer
    ");
    insta::assert_snapshot!(leaves("a: b\nc: ''\n").unwrap_err(), @r"
    error: an empty leaf
     --> card.yaml:2:4
      |
    2 | c: ''
      |    ^^
    ");
}

/// As [`Node::to_json`], but a number that begins with zeros is text.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            let entries = entries.iter().map(|entry| (entry.key.clone(), json(&entry.value)));
            entries.collect::<serde_json::Map<_, _>>().into()
        }
        Value::Int(_) if has_leading_zero(node.raw.as_deref().unwrap()) => node.raw.clone().into(),
        _ => node.to_json(),
    }
}

/// Text of YAML, and what is nearly that.
fn yaml() -> impl Strategy<Value = String> {
    let word = prop::sample::select(
        &[
            "name",
            "colour",
            "files",
            "id",
            "size",
            "body",
            "fill",
            "red",
            "text",
            "pair",
            "labels",
            ": ",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "\n- ",
            "{ ",
            " }",
            "[",
            "]",
            ", ",
            "0070",
            "-5",
            "1.5",
            "0x1F",
            ".inf",
            "1e999",
            "~",
            "true",
            "'6F'",
            "\"",
            "'",
            "99999999999999999999",
            "?",
            "#",
            "é",
        ][..],
    );
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1e9..1e9).prop_map(|float: f64| float.into()),
        "[ -~]{0,8}".prop_map(Into::into),
    ];
    scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in prop_oneof![any::<String>(), yaml()]) {
        let source = source(&text);
        for problems in [read::<Card>(&source).err(), read::<BTreeMap<String, Leaf>>(&source).err()] {
            prop_assert!(problems.is_none_or(|problems| !problems.to_string().is_empty()));
        }
        if let Ok(root) = parse(&source) {
            prop_assert_eq!(root.read::<serde_json::Value>(), Ok(json(&root)));
        }
    }

    #[test]
    fn values_are_read_as_nodes_are(value in any_value()) {
        let root = parse(&source(&value.to_string())).unwrap();
        prop_assert_eq!(root.read::<serde_json::Value>(), Ok(root.to_json()));
    }
}
