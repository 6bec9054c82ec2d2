use proptest::prelude::*;

use super::*;
use crate::node::Kind;

fn tree(text: &str) -> Node {
    parse(&Source::new("a.yaml", text)).unwrap()
}

fn error(text: &str) -> String {
    parse(&Source::new("a.yaml", text)).unwrap_err().to_string()
}

/// Every node and key with the octets it stands on, in the order of the text.
fn places(text: &str, node: &Node) -> Vec<String> {
    let mut places = vec![format!("{}: {:?}", node.kind(), &text[node.span.start..node.span.end])];
    for item in node.items() {
        places.extend(places_of(text, item));
    }
    for entry in node.entries() {
        let key = &text[entry.key_span.start..entry.key_span.end];
        places.push(format!("key: {key:?}"));
        places.extend(places_of(text, &entry.value));
    }
    places
}

fn places_of(text: &str, node: &Node) -> Vec<String> {
    let inner = places(text, node);
    inner.into_iter().map(|line| format!("  {line}")).collect()
}

const CASE: &str = r#"# A case.
title: Session id ä arrives as "A0B"
purpose: |
  Leading zeros are dropped.

  Letters are upper case.
spec: [DMNOTI 6.2, 'DM_SC 7.1-3', "x\ty"]
steps:
  - send: notification
    with: { session_id: 0x0A0B, raw: 0A10, on: true }
  - expect: dm.message
    within: 60 s
    empty:
  -
    match: {alert: 1200, ratio: -1.5e3,
      note: null}
last: folded
  text
"#;

#[test]
fn the_tree_of_a_case() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&tree(CASE).to_json()).unwrap(), @r#"
    {
      "title": "Session id ä arrives as \"A0B\"",
      "purpose": "Leading zeros are dropped.\n\nLetters are upper case.\n",
      "spec": [
        "DMNOTI 6.2",
        "DM_SC 7.1-3",
        "x\ty"
      ],
      "steps": [
        {
          "send": "notification",
          "with": {
            "session_id": 2571,
            "raw": "0A10",
            "on": true
          }
        },
        {
          "expect": "dm.message",
          "within": "60 s",
          "empty": null
        },
        {
          "match": {
            "alert": 1200,
            "ratio": -1500.0,
            "note": null
          }
        }
      ],
      "last": "folded text"
    }
    "#);
}

#[test]
fn places_in_a_case() {
    insta::assert_snapshot!(places(CASE, &tree(CASE)).join("\n"), @r#"
    a mapping: "title: Session id ä arrives as \"A0B\"\npurpose: |\n  Leading zeros are dropped.\n\n  Letters are upper case.\nspec: [DMNOTI 6.2, 'DM_SC 7.1-3', \"x\\ty\"]\nsteps:\n  - send: notification\n    with: { session_id: 0x0A0B, raw: 0A10, on: true }\n  - expect: dm.message\n    within: 60 s\n    empty:\n  -\n    match: {alert: 1200, ratio: -1.5e3,\n      note: null}\nlast: folded\n  text"
    key: "title"
      text: "Session id ä arrives as \"A0B\""
    key: "purpose"
      text: "Leading zeros are dropped.\n\n  Letters are upper case."
    key: "spec"
      a sequence: "[DMNOTI 6.2, 'DM_SC 7.1-3', \"x\\ty\"]"
        text: "DMNOTI 6.2"
        text: "'DM_SC 7.1-3'"
        text: "\"x\\ty\""
    key: "steps"
      a sequence: "- send: notification\n    with: { session_id: 0x0A0B, raw: 0A10, on: true }\n  - expect: dm.message\n    within: 60 s\n    empty:\n  -\n    match: {alert: 1200, ratio: -1.5e3,\n      note: null}"
        a mapping: "send: notification\n    with: { session_id: 0x0A0B, raw: 0A10, on: true }"
        key: "send"
          text: "notification"
        key: "with"
          a mapping: "{ session_id: 0x0A0B, raw: 0A10, on: true }"
          key: "session_id"
            a whole number: "0x0A0B"
          key: "raw"
            text: "0A10"
          key: "on"
            a truth value: "true"
        a mapping: "expect: dm.message\n    within: 60 s\n    empty"
        key: "expect"
          text: "dm.message"
        key: "within"
          text: "60 s"
        key: "empty"
          nothing: ""
        a mapping: "match: {alert: 1200, ratio: -1.5e3,\n      note: null}"
        key: "match"
          a mapping: "{alert: 1200, ratio: -1.5e3,\n      note: null}"
          key: "alert"
            a whole number: "1200"
          key: "ratio"
            a number: "-1.5e3"
          key: "note"
            nothing: "null"
    key: "last"
      text: "folded\n  text"
    "#);
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_move_places() {
    let text = format!("\u{feff}{}", CASE.replace('\n', "\r\n"));
    let marked = parse(&Source::new("a.yaml", text.clone())).unwrap();
    assert_eq!(marked.to_json(), tree(CASE).to_json());
    let unix = places(CASE, &tree(CASE));
    let dos: Vec<String> = places(&text, &marked).iter().map(|line| line.replace("\\r\\n", "\\n")).collect();
    assert_eq!(dos, unix);
}

#[test]
fn scalars_keep_how_they_were_written() {
    let node = tree("[0A10, 1234, 0012, '1234', 1e5, 00112233445566778899AABB, ~, 99999999999999999999]");
    let kinds: Vec<Kind> = node.items().iter().map(Node::kind).collect();
    use Kind::{Float, Int, Null, Text};
    assert_eq!(kinds, [Text, Int, Int, Text, Float, Text, Null, Text]);
    let written: Vec<Option<&str>> = node.items().iter().map(Node::written).collect();
    assert_eq!(
        written,
        [
            Some("0A10"),
            Some("1234"),
            Some("0012"),
            Some("1234"),
            Some("1e5"),
            Some("00112233445566778899AABB"),
            None,
            Some("99999999999999999999")
        ]
    );
    let plain: Vec<bool> = node.items().iter().map(|item| item.plain).collect();
    assert_eq!(plain, [true, true, true, false, true, true, true, true]);
}

#[test]
fn parts_of_scalars_have_places() {
    let text = "[A AND B, \"A AND B\", \"A\\x41 AND\"]";
    let node = tree(text);
    let part = |item: usize| {
        let span = node.items()[item].span_within(2, 5);
        &text[span.start..span.end]
    };
    assert_eq!(part(0), "AND");
    assert_eq!(part(1), "AND");
    assert_eq!(part(2), "\"A\\x41 AND\"", "escapes: the whole scalar");
    assert_eq!(node.items()[0].span_within(99, 100), node.items()[0].span);
}

#[test]
fn an_empty_document_is_null() {
    for text in ["", "\n", "# only a comment\n", "---\n", "\u{feff}"] {
        assert_eq!(tree(text).kind(), Kind::Null, "{text:?}");
    }
}

#[test]
fn duplicate_keys() {
    insta::assert_snapshot!(error("a: 1\nb: 2\na: 3\n'b': 4\n"), @r"
    error: the key `a` stands here twice
     --> a.yaml:3:1
      |
    3 | a: 3
      | ^ second time in the same mapping
      |
      = note: the first time is at line 1, column 1
      = help: keep one of the two; for several values use a sequence

    error: the key `b` stands here twice
     --> a.yaml:4:1
      |
    4 | 'b': 4
      | ^^^ second time in the same mapping
      |
      = note: the first time is at line 2, column 1
      = help: keep one of the two; for several values use a sequence
    ");
}

#[test]
fn what_is_left_out_of_yaml() {
    insta::assert_snapshot!(error("a: &x 1\nb: *x\nc: !!str 1\nd: { [1]: 2 }\n: 5\n"), @r"
    error: an anchor
     --> a.yaml:1:4
      |
    1 | a: &x 1
      |    ^^^^ anchors are not part of this format
      |
      = help: remove it, or put the value in quotes if `&` belongs to it

    error: an alias
     --> a.yaml:2:4
      |
    2 | b: *x
      |    ^^ aliases are not part of this format
      |
      = help: write the value out, or put it in quotes if `*` belongs to it

    error: a tag
     --> a.yaml:3:4
      |
    3 | c: !!str 1
      |    ^^^^^^^ tags are not part of this format
      |
      = help: remove it, or put the value in quotes if `!` belongs to it

    error: a sequence as a key
     --> a.yaml:4:6
      |
    4 | d: { [1]: 2 }
      |      ^^^ a key must be text
      |
      = help: put the key in quotes if the brackets belong to it

    error: an empty key
     --> a.yaml:5:1
      |
    5 | : 5
      | ^ a key is missing here
      |
      = help: write a name before the `:`
    ");
}

#[test]
fn a_second_document() {
    insta::assert_snapshot!(error("a: 1\n---\nb: 2\n"), @r"
    error: a second document in one file
     --> a.yaml:2:1
      |
    2 | ---
      | ^^^ `---` starts another document
      |
      = help: put each document into a file of its own
    ");
}

#[test]
fn tabs_and_control_characters() {
    insta::assert_snapshot!(error("a:\n\t- 1\n\t- \u{7}2\n"), @r"
    error: a tab character
     --> a.yaml:2:1
      |
    2 |     - 1
      | ^ use spaces here
      |
      = note: the file has 2 tabs
      = help: indent with spaces; inside double quotes a tab is written `\t`

    error: the control character U+0007
     --> a.yaml:3:4
      |
    3 |     - ␇2
      |       ^ not allowed in a document
      |
      = help: inside double quotes it is written `\u0007`
    ");
    insta::assert_snapshot!(error("a: 1\rb: 2\n"), @r"
    error: the control character U+000D
     --> a.yaml:1:5
      |
    1 | a: 1␍b: 2
      |     ^ not allowed in a document
      |
      = help: inside double quotes it is written `\u000D`
    ");
}

#[test]
fn syntax_errors_say_what_to_try() {
    insta::assert_snapshot!(error("title: a: b\n"), @r"
    error: not valid YAML: mapping values are not allowed in this context
     --> a.yaml:1:9
      |
    1 | title: a: b
      |         ^
      |
      = help: a text with `: ` in it must stand in quotes; else check the indentation
    ");
    insta::assert_snapshot!(error("match: { id: ${ixit.id} }\nx: 1\n"), @r"
    error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
     --> a.yaml:1:15
      |
    1 | match: { id: ${ixit.id} }
      |               ^
      |
      = help: check commas and brackets; inside brackets a text with `{`, `}`, `[`, `]` or `,` must stand in quotes
    ");
    insta::assert_snapshot!(error("title: x\n  steps: 1\n"), @r"
    error: not valid YAML: mapping values are not allowed in this context
     --> a.yaml:2:8
      |
    2 |   steps: 1
      |        ^
      |
      = help: a text with `: ` in it must stand in quotes; else check the indentation
    ");
    insta::assert_snapshot!(error("title: x\nsteps\nrole: card\n"), @r"
    error: not valid YAML: simple key expect ':'
     --> a.yaml:3:1
      |
    3 | role: card
      | ^
      |
      = help: a `:` may be missing after the key, or its indentation differs from the lines above
    ");
    insta::assert_snapshot!(error("title: \"x\n"), @r#"
    error: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
     --> a.yaml:1:8
      |
    1 | title: "x
      |        ^
      |
      = help: check that the quotes are closed
    "#);
    insta::assert_snapshot!(error("title: @x\n"), @r"
    error: not valid YAML: unexpected character: `@'
     --> a.yaml:1:8
      |
    1 | title: @x
      |        ^
      |
      = help: a text that starts with this character must stand in quotes
    ");
    insta::assert_snapshot!(error("a:\n  - x\n - y\n"), @r"
    error: not valid YAML: while parsing a block mapping, did not find expected key
     --> a.yaml:3:2
      |
    3 |  - y
      |  ^
      |
      = help: check that keys of one mapping have the same indentation, and that texts with special characters stand in quotes
    ");
    insta::assert_snapshot!(error("a: [1, 2\nb: 3\n"), @r"
    error: not valid YAML: illegal placement of ':' indicator
     --> a.yaml:2:2
      |
    2 | b: 3
      |  ^
      |
      = help: check that the brackets above are closed
    ");
    insta::assert_snapshot!(error("a: *x\n"), @r"
    error: not valid YAML: while parsing node, found unknown anchor
     --> a.yaml:1:4
      |
    1 | a: *x
      |    ^
      |
      = help: a text that starts with `*` must stand in quotes
    ");
}

#[test]
fn depth_is_limited() {
    assert_eq!(tree(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))).kind(), Kind::Seq);
    let deep = error(&format!("a: {}\n", "[".repeat(100)));
    assert!(deep.contains("too many levels"), "{deep}");
    let deepest = error(&format!("a: {}\n", "[".repeat(1000)));
    assert!(deepest.contains("at most 64 levels"), "{deepest}");
    let dashes = error(&"- ".repeat(100_000));
    assert!(dashes.contains("too many levels"), "{dashes}");
}

/// Checks that every place lies in the text, on character boundaries, inside its parent's.
fn assert_places(text: &str, node: &Node, within: Span) {
    let inside = |span: Span| {
        assert!(within.start <= span.start && span.end <= within.end, "{span:?} in {within:?}");
        assert!(text.get(span.start..span.end).is_some());
    };
    inside(node.span);
    for item in node.items() {
        assert_places(text, item, node.span);
    }
    for entry in node.entries() {
        inside(entry.key_span);
        assert_places(text, &entry.value, node.span);
    }
}

fn assert_sound(text: &str) {
    let source = Source::new("a.yaml", text);
    let whole = Span::new(0, text.len());
    match parse(&source) {
        Ok(node) => assert_places(text, &node, whole),
        Err(problems) => {
            assert!(!problems.problems.is_empty());
            for problem in &problems.problems {
                assert!(problem.span.end <= text.len());
            }
            assert!(problems.to_string().contains("a.yaml:"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_text_never_panics(text in any::<String>()) {
        assert_sound(&text);
    }

    #[test]
    fn random_yaml_like_text_never_panics(parts in prop::collection::vec(
        prop::sample::select(vec![
            "a", "b", ":", ": ", "- ", "-", "\n", "\n  ", "\n    ", " ", "{", "}", "[", "]", ", ", "'", "\"", "|", ">",
            "|2", "?", "? ", "#", " #", "&x", "*x", "!t", "!", "!!", "%", "---", "...", "\n---\n", "\\", "0x1F", "~",
            "ä", "\r\n", "<<", "@", "`", "|-\n", ">+\n", "\\u", "\u{10FFFF}",
        ]), 0..40)) {
        assert_sound(&parts.concat());
    }

    #[test]
    fn mutated_cases_never_panic(
        edits in prop::collection::vec((0..CASE.len(), 0..8usize, "[a-z:{}\\[\\]#'\"|>&*!%\\-, \n]{0,6}"), 1..6)
    ) {
        let mut text = CASE.to_owned();
        for (at, removed, inserted) in edits {
            let start = crate::source::floor_char(&text, at);
            let end = crate::source::floor_char(&text, start + removed).max(start);
            text.replace_range(start..end, &inserted);
        }
        assert_sound(&text);
    }
}
