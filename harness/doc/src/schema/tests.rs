use proptest::prelude::*;

use super::*;
use crate::node::Node;
use crate::source::Span;

/// Loads as everybody does, and asks besides where the value does not comply.
fn load(source: &Source, schema: &Schema, definitions: &Definitions) -> Result<Node, Problems> {
    let loaded = super::load(source, schema, definitions);
    if let Ok(node) = parse(source) {
        assert_eq!(schema.misfits(&node, definitions).is_empty(), loaded.is_ok(), "{}", source.text);
    }
    loaded
}

/// A small case language, of the shape of the real one.
fn case() -> (Schema, Definitions) {
    let port = || Schema::int(0, 0xFFFF);
    let message = |name: &'static str, doc: &'static str, with: Mapping| {
        Case::new(name, doc, [Field::optional("with", with, "Fields that differ.")])
    };
    let sent = [
        message(
            "dm.message",
            "A DM message.",
            Mapping::new([
                Field::optional("session_id", Schema::verbatim(), ""),
                Field::optional("alert", Schema::int(1000, 1999), ""),
            ]),
        ),
        message(
            "open-channel",
            "The proactive command OPEN CHANNEL.",
            Mapping::new([
                Field::required("port", port(), "Port of the server."),
                Field::optional("apdu", Schema::hex(1, 4), ""),
                Field::optional("ipv4", Schema::text(), ""),
                Field::optional("ipv6", Schema::text(), ""),
            ])
            .at_most_one(["ipv4", "ipv6"]),
        ),
    ];
    let step = Tagged::new([Field::optional("level", Schema::choice(["must", "should"]), "How bad a miss is.")])
        .value("send", "Sends a message.", sent)
        .key(
            "expect",
            "Waits for a message.",
            Schema::text(),
            [
                Field::optional("within", Schema::Duration, "How long to wait.").formerly("timeout"),
                Field::optional(
                    "match",
                    Mapping::default().free(Schema::text(), Schema::reference("matcher")),
                    "What must hold.",
                ),
            ],
        )
        .key("expect-none", "Nothing may come.", Schema::Duration, []);
    let capture = Schema::verbatim().named("a capture `${name}`").with(|node| {
        let is_capture = node.written().is_some_and(|text| text.starts_with("${"));
        (!is_capture).then(|| Problem::new(node.span, "not a capture").label("expected `${name}`"))
    });
    let matcher = Schema::one_of([
        Schema::choice(["any", "absent"]),
        capture,
        Schema::int(i64::MIN, i64::MAX),
        Schema::seq(Schema::reference("matcher")),
        Tagged::new([])
            .key("range", "", Schema::seq_of(Schema::int(0, 99), 2, 2), [])
            .key("hex", "", Schema::hex_pattern(), [])
            .into(),
        Mapping::default().free(Schema::text(), Schema::reference("matcher")).into(),
    ]);
    let root = Mapping::new([
        Field::required("title", Schema::text(), "One line."),
        Field::optional("strict", Schema::Bool, "Whether remarks fail."),
        Field::optional("dm", Schema::choice(["1.2", "1.3"]), "Version of OMA DM."),
        Field::optional("after", Schema::Null, "A mark."),
        Field::required("steps", Schema::seq_of(Schema::reference("step"), 1, 4), "What happens."),
        Field::optional(
            "files",
            Mapping::default().free(Schema::int(0, 0xFFFF), Schema::hex(0, 8)),
            "Contents by file id.",
        ),
    ]);
    let definitions = Definitions::new().define("step", step).define("matcher", matcher);
    (root.into(), definitions)
}

fn load_case(text: &str) -> Result<Node, Problems> {
    let (schema, definitions) = case();
    load(&Source::new("case.yaml", text), &schema, &definitions)
}

fn errors(text: &str) -> String {
    load_case(text).unwrap_err().to_string()
}

/// The errors of one step.
fn step(text: &str) -> String {
    errors(&format!("title: x\nsteps:\n  - {}\n", text.replace('\n', "\n    ")))
}

const VALID: &str = r#"
title: All that is allowed
strict: true
dm: 1.2
after:
files: { 0x6F07: 08 49, 24: '' }
steps:
  - send: dm.message
    with: { session_id: 0012, alert: 0x4B0 }
    level: should
  - send: open-channel
    with: { port: 0xC000, apdu: 0102, ipv6: "::1" }
  - expect: dm.message
    within: 1.5 min
    match:
      id: any
      number: 12
      captured: ${ixit.id}
      list: [any, 1, { range: [1, 2] }]
      octets: { hex: D0 ?? * 1? }
      inner: { deep: { deeper: absent } }
  - expect-none: 500 ms
"#;

#[test]
fn what_is_allowed() {
    let node = load_case(VALID).unwrap();
    assert_eq!(node.get("steps").unwrap().items().len(), 4);
}

#[test]
fn every_error_of_a_file_is_reported() {
    insta::assert_snapshot!(errors("titel: x\nstrict: yes\ndm: 1.4\nafter: 1\nfiles: { x: 0 }\nsteps: []\n"), @r"
    error: unknown key `titel`
     --> case.yaml:1:1
      |
    1 | titel: x
      | ^^^^^ not a key here
      |
      = note: allowed here: `title`, `strict`, `dm`, `after`, `steps` or `files`
      = help: did you mean `title`?

    error: found text `yes`, expected `true` or `false`
     --> case.yaml:2:9
      |
    2 | strict: yes
      |         ^^^ expected `true` or `false`
      |
      = help: write `true`

    error: `1.4` is not a value of this key
     --> case.yaml:3:5
      |
    3 | dm: 1.4
      |     ^^^ not one of the names allowed here
      |
      = note: allowed: `1.2` or `1.3`
      = help: did you mean `1.2`?

    error: found the whole number `1`, expected nothing
     --> case.yaml:4:8
      |
    4 | after: 1
      |        ^ expected nothing

    error: found text `x`, expected a whole number from 0 to 65535
     --> case.yaml:5:10
      |
    5 | files: { x: 0 }
      |          ^ expected a whole number from 0 to 65535

    error: half an octet: write two hexadecimal digits for each octet
     --> case.yaml:5:13
      |
    5 | files: { x: 0 }
      |             ^ expected octets in hexadecimal, such as `D0 1A`

    error: found 0 items, expected 1 to 4 items
     --> case.yaml:6:1
      |
    6 | steps: []
      | ^^^^^ expected 1 to 4 items
    ");
}

#[test]
fn missing_keys_point_at_the_owner() {
    insta::assert_snapshot!(errors("strict: true\n"), @r"
    error: `title` is missing
     --> case.yaml:1:1
      |
    1 | strict: true
      | ^^^^^^^^^^^^ `title` must stand in this mapping
      |
      = note: `title`: One line.

    error: `steps` is missing
     --> case.yaml:1:1
      |
    1 | strict: true
      | ^^^^^^^^^^^^ `steps` must stand in this mapping
      |
      = note: `steps`: What happens.
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith:\n  ipv4: a"), @r"
    error: `port` is missing
     --> case.yaml:4:5
      |
    4 |     with:
      |     ^^^^ `port` must stand in this mapping
      |
      = note: `port`: Port of the server.
    ");
}

#[test]
fn an_unknown_key_names_the_nearest_and_its_owner() {
    insta::assert_snapshot!(step("expect: x\nwihtin: 1 s"), @r"
    error: unknown key `wihtin`
     --> case.yaml:4:5
      |
    4 |     wihtin: 1 s
      |     ^^^^^^ not a key with `expect`
      |
      = note: allowed with `expect`: `expect`, `level`, `within` or `match`
      = help: did you mean `within`?
    ");
    insta::assert_snapshot!(step("expect: x\ntimeout: 1 s"), @r"
    error: unknown key `timeout`
     --> case.yaml:4:5
      |
    4 |     timeout: 1 s
      |     ^^^^^^^ not a key with `expect`
      |
      = note: allowed with `expect`: `expect`, `level`, `within` or `match`
      = help: `timeout` is now called `within`
    ");
    insta::assert_snapshot!(step("send: dm.message\nwithin: 1 s"), @r"
    error: unknown key `within`
     --> case.yaml:4:5
      |
    4 |     within: 1 s
      |     ^^^^^^ not a key with `send: dm.message`
      |
      = note: allowed with `send: dm.message`: `send`, `level` or `with`
      = note: `within` belongs to `expect`
    ");
    insta::assert_snapshot!(step("send: dm.message\nwith: { port: 1 }"), @r"
    error: unknown key `port`
     --> case.yaml:4:13
      |
    4 |     with: { port: 1 }
      |             ^^^^ not a key here
      |
      = note: allowed here: `session_id` or `alert`
    ");
}

#[test]
fn the_selecting_key() {
    insta::assert_snapshot!(step("send: dm-message"), @r"
    error: `dm-message` is not a value of `send`
     --> case.yaml:3:11
      |
    3 |   - send: dm-message
      |           ^^^^^^^^^^ not one of the names allowed here
      |
      = note: allowed: `dm.message` or `open-channel`
      = help: did you mean `dm.message`?
    ");
    insta::assert_snapshot!(step("send: [x]\nlevel: shall"), @r"
    error: `send` needs a name, found a sequence
     --> case.yaml:3:11
      |
    3 |   - send: [x]
      |           ^^^ not one of the names allowed here
      |
      = note: allowed: `dm.message` or `open-channel`

    error: `shall` is not a value of this key
     --> case.yaml:4:12
      |
    4 |     level: shall
      |            ^^^^^ not one of the names allowed here
      |
      = note: allowed: `must` or `should`
    ");
    insta::assert_snapshot!(step("level: must"), @r"
    error: `send`, `expect` or `expect-none` is missing
     --> case.yaml:3:5
      |
    3 |   - level: must
      |     ^^^^^^^^^^^ this mapping does not say what it is
      |
      = help: add one of `send`, `expect` or `expect-none`
    ");
    insta::assert_snapshot!(step("exepct: x"), @r"
    error: unknown key `exepct`
     --> case.yaml:3:5
      |
    3 |   - exepct: x
      |     ^^^^^^ not a key of this mapping
      |
      = note: a mapping here has exactly one of `send`, `expect` or `expect-none`
      = help: did you mean `expect`?
    ");
    insta::assert_snapshot!(step("send: dm.message\nexpect: x"), @r"
    error: both `send` and `expect`
     --> case.yaml:4:5
      |
    4 |     expect: x
      |     ^^^^^^ `send` stands in the same mapping
      |
      = note: a mapping here has exactly one of `send`, `expect` or `expect-none`
      = help: keep one, and put the other into a mapping of its own
    ");
}

#[test]
fn values() {
    insta::assert_snapshot!(step("expect: 1234"), @r#"
    error: found the whole number `1234`, expected text
     --> case.yaml:3:13
      |
    3 |   - expect: 1234
      |             ^^^^ expected text
      |
      = help: put it in quotes: `"1234"`
    "#);
    insta::assert_snapshot!(step("expect: ''\nwithin: 60"), @r"
    error: empty text
     --> case.yaml:3:13
      |
    3 |   - expect: ''
      |             ^^ expected text that is not empty

    error: found the whole number `60`, expected a duration such as `60 s`
     --> case.yaml:4:13
      |
    4 |     within: 60
      |             ^^ expected a duration such as `60 s`
      |
      = help: add a unit (`h`, `min`, `s`, `ms` or `us`): `60 s`
    ");
    insta::assert_snapshot!(step("expect: x\nwithin: 60 sec"), @r"
    error: `sec` is not a unit of time; the units are `h`, `min`, `s`, `ms`, `us`
     --> case.yaml:4:13
      |
    4 |     within: 60 sec
      |             ^^^^^^ expected a duration such as `60 s`
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith: { port: C000, apdu: 0x0102 }"), @r"
    error: found text `C000`, expected a whole number from 0 to 65535
     --> case.yaml:4:19
      |
    4 |     with: { port: C000, apdu: 0x0102 }
      |                   ^^^^ expected a whole number from 0 to 65535
      |
      = help: a hexadecimal number is written `0xC000`

    error: `x` is not a hexadecimal digit; use 0-9 and A-F
     --> case.yaml:4:32
      |
    4 |     with: { port: C000, apdu: 0x0102 }
      |                                ^ expected octets in hexadecimal, such as `D0 1A`
      |
      = help: leave out the `0x`
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith: { port: 65536, apdu: '01 0G' }"), @r"
    error: the whole number `65536` is out of range
     --> case.yaml:4:19
      |
    4 |     with: { port: 65536, apdu: '01 0G' }
      |                   ^^^^^ expected a whole number from 0 to 65535

    error: `G` is not a hexadecimal digit; use 0-9 and A-F
     --> case.yaml:4:37
      |
    4 |     with: { port: 65536, apdu: '01 0G' }
      |                                     ^ expected octets in hexadecimal, such as `D0 1A`
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith: { port: '1', apdu: 0102030405 }"), @r"
    error: found text `1`, expected a whole number from 0 to 65535
     --> case.yaml:4:19
      |
    4 |     with: { port: '1', apdu: 0102030405 }
      |                   ^^^ expected a whole number from 0 to 65535
      |
      = help: leave out the quotes: `1`

    error: found 5 octets, expected 1 to 4 octets
     --> case.yaml:4:30
      |
    4 |     with: { port: '1', apdu: 0102030405 }
      |                              ^^^^^^^^^^ expected 1 to 4 octets
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith: { port: 99999999999999999999, apdu: }"), @r"
    error: the whole number `99999999999999999999` is out of range
     --> case.yaml:4:19
      |
    4 |     with: { port: 99999999999999999999, apdu: }
      |                   ^^^^^^^^^^^^^^^^^^^^ expected a whole number from 0 to 65535

    error: found nothing, expected octets in hexadecimal
     --> case.yaml:4:45
      |
    4 |     with: { port: 99999999999999999999, apdu: }
      |                                             ^ expected octets in hexadecimal
      |
      = help: write a value
    ");
    insta::assert_snapshot!(step("send: open-channel\nwith: { port: 1, ipv4: a, ipv6: b }"), @r"
    error: both `ipv4` and `ipv6`
     --> case.yaml:4:31
      |
    4 |     with: { port: 1, ipv4: a, ipv6: b }
      |                               ^^^^ `ipv4` excludes it
      |
      = help: keep one of `ipv4` or `ipv6`
    ");
}

#[test]
fn alternatives_are_chosen_before_they_complain() {
    insta::assert_snapshot!(step("expect: x\nmatch: { a: anny }"), @r"
    error: found text `anny`, expected `any`, `absent` or a capture `${name}`
     --> case.yaml:4:17
      |
    4 |     match: { a: anny }
      |                 ^^^^ expected `any`, `absent` or a capture `${name}`
      |
      = help: did you mean `any`?
    ");
    insta::assert_snapshot!(step("expect: x\nmatch: { a: 1.5 }"), @r"
    error: found the number `1.5`, expected `any`, `absent`, a capture `${name}`, a whole number, a sequence, a mapping with `range` or `hex` or a mapping
     --> case.yaml:4:17
      |
    4 |     match: { a: 1.5 }
      |                 ^^^ not allowed here
    ");
    insta::assert_snapshot!(step("expect: x\nmatch: { a: { range: [1, 200, 3] } }"), @r"
    error: found 3 items, expected 2 items
     --> case.yaml:4:19
      |
    4 |     match: { a: { range: [1, 200, 3] } }
      |                   ^^^^^ expected 2 items

    error: the whole number `200` is out of range
     --> case.yaml:4:30
      |
    4 |     match: { a: { range: [1, 200, 3] } }
      |                              ^^^ expected a whole number from 0 to 99
    ");
    insta::assert_snapshot!(step("expect: x\nmatch: { a: { hex: D0 1 } }"), @r"
    error: half an octet: write two hexadecimal digits for each octet
     --> case.yaml:4:27
      |
    4 |     match: { a: { hex: D0 1 } }
      |                           ^ expected octets in hexadecimal, such as `D0 1A`
      |
      = note: `?` stands for any digit, `*` for any run of octets
    ");
    insta::assert_snapshot!(step("expect: x\nmatch: { a: }"), @r"
    error: found nothing, expected `any`, `absent`, a capture `${name}`, a whole number, a sequence, a mapping with `range` or `hex` or a mapping
     --> case.yaml:4:15
      |
    4 |     match: { a: }
      |               ^ not allowed here
      |
      = help: write a value
    ");
}

#[test]
fn one_scalar_among_collections_says_why() {
    let schema = Schema::one_of([Schema::int(1, 9), Schema::seq(Schema::int(1, 9))]);
    let error = |text| load(&Source::new("a.yaml", text), &schema, &Definitions::new()).unwrap_err().to_string();
    insta::assert_snapshot!(error("10"), @r"
    error: the whole number `10` is out of range
     --> a.yaml:1:1
      |
    1 | 10
      | ^^ expected a whole number from 1 to 9
    ");
    insta::assert_snapshot!(error("[1, 10]"), @r"
    error: the whole number `10` is out of range
     --> a.yaml:1:5
      |
    1 | [1, 10]
      |     ^^ expected a whole number from 1 to 9
    ");
    insta::assert_snapshot!(error("{ a: 1 }"), @r"
    error: found a mapping, expected a whole number from 1 to 9 or a sequence
     --> a.yaml:1:1
      |
    1 | { a: 1 }
      | ^^^^^^^^ expected a whole number from 1 to 9 or a sequence
    ");
}

#[test]
fn sequences_are_told_apart_by_their_first_item() {
    let schema = Schema::one_of([Schema::seq(Schema::text()), Schema::seq(Schema::int(0, 9))]);
    let error = |text| load(&Source::new("a.yaml", text), &schema, &Definitions::new()).unwrap_err().to_string();
    assert!(load(&Source::new("a.yaml", "[1, 2]"), &schema, &Definitions::new()).is_ok());
    insta::assert_snapshot!(error("[1, x]"), @r"
    error: found text `x`, expected a whole number from 0 to 9
     --> a.yaml:1:5
      |
    1 | [1, x]
      |     ^ expected a whole number from 0 to 9
    ");
}

#[test]
fn exactly_one_of_a_group() {
    let schema: Schema =
        Mapping::new([Field::optional("reader", Schema::text(), ""), Field::optional("socket", Schema::text(), "")])
            .exactly_one(["reader", "socket"])
            .into();
    let error = |text| load(&Source::new("a.yaml", text), &schema, &Definitions::new()).unwrap_err().to_string();
    insta::assert_snapshot!(error("{}"), @r"
    error: `reader` or `socket` is missing
     --> a.yaml:1:1
      |
    1 | {}
      | ^^ exactly one of them must stand in this mapping
    ");
    insta::assert_snapshot!(error("raeder: x"), @r"
    error: unknown key `raeder`
     --> a.yaml:1:1
      |
    1 | raeder: x
      | ^^^^^^ not a key here
      |
      = note: allowed here: `reader` or `socket`
      = help: did you mean `reader`?
    ");
}

#[test]
fn definitions_that_do_not_exist_or_do_not_end() {
    let node = parse(&Source::new("a.yaml", "x")).unwrap();
    let messages = |schema: Schema, definitions: Definitions| -> Vec<String> {
        let problems = schema.check(&node, &definitions);
        problems.into_iter().map(|problem| problem.message).collect()
    };
    let undefined = messages(Schema::reference("a"), Definitions::new());
    assert_eq!(undefined, ["the schema refers to `a`, which is defined nowhere but there"]);
    for circle in [
        Schema::reference("a"),
        Schema::reference("a").named("a circle"),
        Schema::reference("a").with(|_| None),
        Schema::one_of([Schema::reference("a")]),
        Schema::one_of([Schema::reference("a").named("a circle"), Schema::Bool]),
    ] {
        let found = messages(Schema::reference("a"), Definitions::new().define("a", circle));
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn the_json_schema() {
    let schema: Schema = Tagged::new([Field::optional("level", Schema::choice(["must"]), "How bad.")])
        .value(
            "send",
            "Sends.",
            [Case::new("1.2", "A version.", [Field::required("to", Schema::reference("port"), "Where to.")])],
        )
        .key("wait", "Waits.", Schema::Duration, [])
        .into();
    let definitions = Definitions::new().define("port", Schema::int(0, 65535));
    insta::assert_snapshot!(serde_json::to_string_pretty(&schema.json_schema(&definitions)).unwrap(), @r##"
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "allOf": [
        {
          "type": "object",
          "properties": {
            "send": {
              "anyOf": [
                {
                  "enum": [
                    "1.2",
                    1.2
                  ],
                  "description": "A version."
                }
              ],
              "description": "Sends."
            },
            "wait": {
              "type": "string",
              "pattern": "^\\s*[0-9]+(\\.[0-9]+)?\\s*(h|min|s|ms|us)\\s*$",
              "description": "Waits."
            }
          },
          "oneOf": [
            {
              "required": [
                "send"
              ]
            },
            {
              "required": [
                "wait"
              ]
            }
          ],
          "allOf": [
            {
              "if": {
                "required": [
                  "send"
                ],
                "properties": {
                  "send": {
                    "enum": [
                      "1.2",
                      1.2
                    ]
                  }
                }
              },
              "then": {
                "type": "object",
                "properties": {
                  "send": {},
                  "level": {
                    "enum": [
                      "must"
                    ],
                    "description": "How bad."
                  },
                  "to": {
                    "description": "Where to.",
                    "allOf": [
                      {
                        "$ref": "#/definitions/port"
                      }
                    ]
                  }
                },
                "additionalProperties": false,
                "required": [
                  "send",
                  "to"
                ]
              }
            },
            {
              "if": {
                "required": [
                  "wait"
                ]
              },
              "then": {
                "type": "object",
                "properties": {
                  "wait": {
                    "type": "string",
                    "pattern": "^\\s*[0-9]+(\\.[0-9]+)?\\s*(h|min|s|ms|us)\\s*$"
                  },
                  "level": {
                    "enum": [
                      "must"
                    ],
                    "description": "How bad."
                  }
                },
                "additionalProperties": false,
                "required": [
                  "wait"
                ]
              }
            }
          ]
        }
      ],
      "definitions": {
        "port": {
          "type": "integer",
          "minimum": 0,
          "maximum": 65535
        }
      }
    }
    "##);
}

#[test]
fn the_json_schema_of_mappings() {
    let schema: Schema =
        Mapping::new([Field::optional("a", Schema::hex(1, 2), ""), Field::optional("b", Schema::verbatim(), "")])
            .at_most_one(["a", "b"])
            .free(Schema::choice(["c"]), Schema::Any)
            .into();
    insta::assert_snapshot!(schema.json_schema(&Definitions::new()), @r#"{"$schema":"http://json-schema.org/draft-07/schema#","allOf":[{"type":"object","properties":{"a":{"type":["string","number"],"pattern":"^\\s*([0-9A-Fa-f]{2}\\s*)*$"},"b":{"type":["string","number","boolean"],"minLength":1}},"additionalProperties":{},"propertyNames":{"anyOf":[{"enum":["a","b"]},{"enum":["c"]}]},"allOf":[{"oneOf":[{"required":["a"]},{"required":["b"]},{"not":{"anyOf":[{"required":["a"]},{"required":["b"]}]}}]}]}]}"#);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_are_checked_without_panic(
        edits in prop::collection::vec((0..VALID.len(), 0..12usize, "[a-z0-9:{}\\[\\]'\"?* ,\n]{0,6}"), 1..4)
    ) {
        let mut text = VALID.to_owned();
        for (at, removed, inserted) in edits {
            let start = crate::source::floor_char(&text, at);
            let end = crate::source::floor_char(&text, start + removed).max(start);
            text.replace_range(start..end, &inserted);
        }
        if let Err(problems) = load_case(&text) {
            prop_assert!(!problems.problems.is_empty());
            for problem in &problems.problems {
                let Span { start, end } = problem.span;
                prop_assert!(text.get(start..end).is_some(), "{:?}", problem);
                prop_assert!(!problem.message.is_empty());
            }
            prop_assert!(problems.problems.is_sorted_by_key(|problem| problem.span.start));
            prop_assert!(problems.to_string().contains("case.yaml:"));
        }
    }
}
