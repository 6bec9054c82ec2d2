use crate::command::ProactiveCommand;
use crate::envelope::{Envelope, EnvelopeTag};
use crate::fields::FieldKind;
use crate::layout::{Layout, default_cr};
use crate::object::{Object, ObjectKind, ObjectList};
use crate::response::TerminalResponse;
use dmsc_octets::{from_hex, to_hex};
use proptest::prelude::*;
use serde_json::json;
use serde_json::{Map, Value};

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not a tree"),
    }
}

fn command_error(value: Value) -> String {
    ProactiveCommand::from_fields(&map(value)).unwrap_err().to_string()
}

#[test]
fn open_channel() {
    let command = ProactiveCommand::parse(&from_hex("D012810301400082028182B9020578BC03031014").unwrap()).unwrap();
    let fields = json!({
        "number": 1, "type": "open-channel", "qualifier": 0, "source": 0x81, "destination": 0x82,
        "buffer_size": 1400, "transport": { "protocol": "tcp-uicc-server", "port": 4116 },
    });
    assert_eq!(command.to_fields(), map(fields.clone()));
    assert_eq!(ProactiveCommand::from_fields(&map(fields)).unwrap(), command);
}

#[test]
fn other_flags_are_told_and_taken() {
    let command = ProactiveCommand::parse(&from_hex("D012810301400082028182390205783C03031014").unwrap()).unwrap();
    let fields = command.to_fields();
    assert_eq!(fields.get("no_cr"), Some(&json!(["buffer_size", "transport"])));
    assert_eq!(ProactiveCommand::from_fields(&fields).unwrap(), command);
    let envelope = Envelope::parse(&from_hex("DC1582028281F10DC0000407444D20436C69656E74F000").unwrap()).unwrap();
    assert_eq!(envelope.to_fields().get("cr"), Some(&json!(["applications", "last_envelope"])));
    assert_eq!(Envelope::from_fields(&envelope.to_fields()).unwrap(), envelope);
}

#[test]
fn short_forms_of_a_case_have_defaults() {
    let fields = map(json!({
        "tag": "terminal-applications", "source": 0x82, "destination": 0x81,
        "applications": [{ "port": 0xC000, "type": 7 }], "last_envelope": true,
    }));
    let envelope = Envelope::from_fields(&fields).unwrap();
    assert_eq!(to_hex(&envelope.encode()), "DC1482028281710CC0000007C42668C84E97DD747000");
    let fields = map(json!({
        "number": 2, "type": "send-data", "qualifier": 1, "source": 0x82, "destination": 0x81,
        "result": 0x20, "additional": 0,
    }));
    assert_eq!(to_hex(&TerminalResponse::from_fields(&fields).unwrap().encode()), "81030243018202828183022000");
}

#[test]
fn odd_messages_are_built() {
    let base = json!({ "type": "open-channel", "source": 0x81, "destination": 0x82, "transport": { "protocol": 0x7F, "port": 4116 } });
    let mut fields = map(base);
    fields.insert("buffer_size".to_owned(), Value::Null);
    fields.insert("extra".to_owned(), json!([{ "tag": 0x5F, "cr": true, "value": "01" }]));
    let command = ProactiveCommand::from_fields(&fields).unwrap();
    assert_eq!(to_hex(&command.encode()), "D011810301400082028182BC037F1014DF0101");
    fields.insert("source".to_owned(), Value::Null);
    fields.insert("type".to_owned(), json!(0xFF));
    let command = ProactiveCommand::from_fields(&fields).unwrap();
    assert_eq!(to_hex(&command.encode()), "D00D81 0301FF00 BC037F1014 DF0101".replace(' ', ""));
}

#[test]
fn errors_name_the_field_and_what_is_allowed() {
    for (fields, text) in [
        (
            json!({ "transport": { "protocol": "tcp", "port": 1 } }),
            "transport.protocol: \"tcp\" does not fit; allowed: udp-client-remote, tcp-client-remote, tcp-uicc-server, udp-client-local, tcp-client-local, direct or an integer from 0 to 255",
        ),
        (
            json!({ "transport": { "protocol": 5, "ports": 1 } }),
            "transport.ports: there is no such field; allowed: protocol, port",
        ),
        (
            json!({ "transport": { "protocol": 5 } }),
            "transport.port: a value is missing; allowed: an integer from 0 to 65535",
        ),
        (json!({ "buffer_size": 65536 }), "buffer_size: 65536 does not fit; allowed: an integer from 0 to 65535"),
        (
            json!({ "channel_data": "ABC" }),
            "channel_data: half an octet: write two hexadecimal digits for each octet; allowed: hexadecimal digits, two an octet",
        ),
        (json!({ "timer_value": "1:2" }), "timer_value: \"1:2\" does not fit; allowed: a time hh:mm:ss"),
        (
            json!({ "address": "+12a3x" }),
            "address: \"+12a3x\" cannot be coded; allowed: text, or hex: and hexadecimal digits",
        ),
        (json!({ "extra": [{ "tag": 1, "cr": 1 }] }), "extra[0].cr: 1 does not fit; allowed: true or false"),
        (json!({ "event_list": ["data-available", "x"], "type": 5 }), ""),
    ] {
        let error = command_error(fields);
        if text.is_empty() {
            assert!(error.starts_with("event_list[1]: \"x\" does not fit; allowed: mt-call, "), "{error}");
        } else {
            assert_eq!(error, text);
        }
    }
    assert!(
        command_error(json!({ "results": 1 })).starts_with("results: there is no such field; allowed: number, type, ")
    );
    assert!(Envelope::from_fields(&Map::new()).unwrap_err().to_string().starts_with("tag: a value is missing"));
}

#[test]
fn what_has_no_field_goes_to_extra() {
    let octets = from_hex("D0148103014000 82028182 39020001 39020002 390103").unwrap();
    let fields = ProactiveCommand::parse(&octets).unwrap().to_fields();
    let extra = json!([{ "tag": 0x39, "cr": false, "value": "0002" }, { "tag": 0x39, "cr": false, "value": "03" }]);
    assert_eq!((fields.get("buffer_size"), fields.get("extra")), (Some(&json!(1)), Some(&extra)));
    let again = ProactiveCommand::from_fields(&fields).unwrap();
    assert_eq!(to_hex(&again.encode()), to_hex(&octets));
}

#[test]
fn texts_fall_back_to_hex() {
    for (hex, field, value) in [
        ("8500", "alpha_id", json!("")),
        ("85014A", "alpha_id", json!("J")),
        ("850190", "alpha_id", json!("hex:90")),
        ("860291F1", "address", json!("+1")),
        ("8602A1F1", "address", json!("hex:A1F1")),
        ("8D00", "text", json!("")),
        ("8D03044869", "text", json!("Hi")),
        ("8D030C00E9", "text", json!("hex:0C00E9")),
        ("8D0308041F", "text", json!("\u{41F}")),
        ("BE0521 7F000001", "other_address", json!("127.0.0.1")),
        ("BE00", "other_address", json!("")),
        ("C705 0461706E73", "network_access_name", json!("apns")),
        ("C70109", "network_access_name", json!("hex:09")),
        ("C702012E", "network_access_name", json!("hex:012E")),
        ("8402 0905", "duration", json!({ "unit": 9, "interval": 5 })),
    ] {
        let body = from_hex(hex).unwrap();
        let command = ProactiveCommand { objects: ObjectList::parse(&body, 0).unwrap() };
        let fields = command.to_fields();
        assert_eq!(fields.get(field), Some(&value), "{hex}");
        assert_eq!(ProactiveCommand::from_fields(&fields).unwrap(), command, "{hex}");
    }
}

#[test]
fn a_text_is_the_same_in_all_its_codings() {
    for (hex, field, text, sent) in [
        ("8505444DFFFFFF", "alpha_id", "DM", "8502444D"),
        ("8508810508444D20A1B5", "alpha_id", "DM \u{421}\u{435}", "850B800044004D002004210435"),
        ("850982050400444D20A1B5", "alpha_id", "DM \u{421}\u{435}", "850B800044004D002004210435"),
        ("8501FF", "alpha_id", "", "8500"),
        ("8D0104", "text", "", "8D00"),
        ("8D0300C834", "text", "Hi", "8D03044869"),
        ("8D05F5 4869 1B70", "text", "Hip", "8D0404486970"),
        ("8D030800E9", "text", "\u{E9}", "8D020405"),
        ("8D06 0441421B7043", "text", "ABpC", "8D050441427043"),
    ] {
        let body = from_hex(hex).unwrap();
        let command = ProactiveCommand { objects: ObjectList::parse(&body, 0).unwrap() };
        let fields = command.to_fields();
        assert_eq!(fields.get(field), Some(&json!(text)), "{hex}");
        let sent = ObjectList::parse(&from_hex(sent).unwrap(), 0).unwrap();
        assert_eq!(ProactiveCommand::from_fields(&fields).unwrap().objects, sent, "{hex}");
    }
}

/// A value of the right shape.
fn sample(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Int { .. } | FieldKind::Code { .. } => json!(1),
        FieldKind::NameOrInt { names, .. } | FieldKind::Name { names } => json!(names[0]),
        FieldKind::Hex | FieldKind::HexOrInt => json!("0102"),
        FieldKind::Text => json!("127.0.0.1"),
        FieldKind::Time => json!("00:00:01"),
        FieldKind::Bool => json!(true),
        FieldKind::Record(fields) => fields.iter().map(|field| (field.name.to_owned(), sample(field.kind))).collect(),
        FieldKind::List(of) => json!([sample(*of)]),
    }
}

#[test]
fn tables_and_code_agree() {
    for layout in [Layout::Command, Layout::Response, Layout::Envelope] {
        let names: Vec<_> = layout.fields().iter().map(|field| field.name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        for field in layout.fields() {
            assert!(field.doc.ends_with('.'), "{}", field.name);
        }
        // Every field of the table is read, and comes back under its name with the same value.
        let mut all: Map<String, Value> =
            layout.fields().iter().map(|field| (field.name.to_owned(), sample(field.kind))).collect();
        all.insert("cr".to_owned(), json!([]));
        all.insert("no_cr".to_owned(), json!([]));
        if all.contains_key("address") {
            all.insert("address".to_owned(), json!("123"));
        }
        let back = match layout {
            Layout::Command => ProactiveCommand::from_fields(&all).unwrap().to_fields(),
            Layout::Response => TerminalResponse::from_fields(&all).unwrap().to_fields(),
            Layout::Envelope => Envelope::from_fields(&all).unwrap().to_fields(),
        };
        all.remove("cr");
        all.remove("no_cr");
        if let Some(extra) = all.get("extra").cloned() {
            assert_eq!(extra, json!([{ "tag": 1, "cr": true, "value": "0102" }]));
        }
        let names = |map: &Map<String, Value>| map.keys().cloned().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(names(&back), names(&all));
        for (name, value) in &all {
            assert_eq!(back.get(name), Some(value), "{name}");
        }
        // A value of the wrong shape is refused for every field.
        for field in layout.fields() {
            let mut wrong = map(json!({ "tag": 0xD6 }));
            if layout != Layout::Envelope {
                wrong.clear();
            }
            wrong.insert(field.name.to_owned(), json!(-1.5));
            let error = match layout {
                Layout::Command => ProactiveCommand::from_fields(&wrong).err(),
                Layout::Response => TerminalResponse::from_fields(&wrong).err(),
                Layout::Envelope => Envelope::from_fields(&wrong).err(),
            };
            assert!(error.is_some(), "{} takes -1.5", field.name);
        }
    }
}

/// Objects in the order of the layout, with the usual flags; values are random octets that fit the kind.
fn canonical(layout: Layout, values: &[(bool, Vec<u8>)]) -> ObjectList {
    let mut list = ObjectList::default();
    let mut command_type = None;
    for (kind, (present, value)) in layout.members().iter().map(|(kind, _)| *kind).zip(values) {
        let object = Object::from_value(u16::from(kind.code()), value);
        if *present && object.kind().is_some() {
            if let Object::CommandDetails(details) = &object {
                command_type = Some(details.command_type);
            }
            list.push(object, default_cr(layout, command_type, kind));
        }
    }
    list.push(Object::from_value(0x5F, &[1]), true);
    list
}

/// The objects as (tag, CR, value). What is text in one of several codings is its text.
fn told(list: &ObjectList) -> Vec<(u16, bool, String)> {
    let value = |object: &Object| match object {
        Object::AlphaIdentifier(_) | Object::TextString(_) | Object::RegistryApplication(_) => {
            object.write().to_string()
        }
        _ => to_hex(&object.value()),
    };
    list.0.iter().map(|(object, cr)| (object.tag(), *cr, value(object))).collect()
}

/// What must not be lost, in whichever order.
fn sorted(list: &ObjectList) -> Vec<(u16, bool, String)> {
    let mut all = told(list);
    all.sort();
    all
}

fn values() -> impl Strategy<Value = Vec<(bool, Vec<u8>)>> {
    let value = proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..10, Just(0x40)], 0..6);
    proptest::collection::vec((any::<bool>(), value), 25)
}

proptest! {
    #[test]
    fn canonical_messages_come_back(values in values(), tag: u8) {
        let command = ProactiveCommand { objects: canonical(Layout::Command, &values) };
        prop_assert_eq!(told(&ProactiveCommand::from_fields(&command.to_fields()).unwrap().objects), told(&command.objects));
        let response = TerminalResponse { objects: canonical(Layout::Response, &values) };
        prop_assert_eq!(told(&TerminalResponse::from_fields(&response.to_fields()).unwrap().objects), told(&response.objects));
        let envelope = Envelope { tag: EnvelopeTag::from_code(tag), objects: canonical(Layout::Envelope, &values) };
        let back = Envelope::from_fields(&envelope.to_fields()).unwrap();
        prop_assert_eq!((back.tag, told(&back.objects)), (envelope.tag, told(&envelope.objects)));
    }

    #[test]
    fn no_object_is_ever_lost(objects in proptest::collection::vec((1u16..0x80, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..5)), 0..12)) {
        let list = ObjectList(objects.iter().map(|(tag, cr, value)| (Object::from_value(*tag, value), *cr)).collect());
        let command = ProactiveCommand { objects: list.clone() };
        prop_assert_eq!(sorted(&ProactiveCommand::from_fields(&command.to_fields()).unwrap().objects), sorted(&list));
        let response = TerminalResponse { objects: list.clone() };
        prop_assert_eq!(sorted(&TerminalResponse::from_fields(&response.to_fields()).unwrap().objects), sorted(&list));
        let envelope = Envelope { tag: EnvelopeTag::EventDownload, objects: list.clone() };
        prop_assert_eq!(sorted(&Envelope::from_fields(&envelope.to_fields()).unwrap().objects), sorted(&list));
    }
}

/// Each message with one object, as octets and as fields that were read and written again.
fn alone(layout: Layout, object: &Object) -> (ObjectList, Map<String, Value>, ObjectList) {
    let mut objects = ObjectList::default();
    objects.push(object.clone(), default_cr(layout, None, ObjectKind::Unknown(0)));
    match layout {
        Layout::Command => {
            let command = ProactiveCommand::parse(&ProactiveCommand { objects: objects.clone() }.encode()).unwrap();
            let fields = command.to_fields();
            (command.objects, fields.clone(), ProactiveCommand::from_fields(&fields).unwrap().objects)
        }
        Layout::Response => {
            let response = TerminalResponse::parse(&TerminalResponse { objects: objects.clone() }.encode()).unwrap();
            let fields = response.to_fields();
            (response.objects, fields.clone(), TerminalResponse::from_fields(&fields).unwrap().objects)
        }
        Layout::Envelope => {
            let envelope = Envelope { tag: EnvelopeTag::EventDownload, objects: objects.clone() };
            let envelope = Envelope::parse(&envelope.encode()).unwrap();
            let mut fields = envelope.to_fields();
            let back = Envelope::from_fields(&fields).unwrap().objects;
            fields.remove("tag");
            (envelope.objects, fields, back)
        }
    }
}

#[test]
fn every_declared_object_comes_back_from_octets_and_from_fields() {
    for kind in ObjectKind::ALL.iter().copied() {
        let layouts = [Layout::Command, Layout::Response, Layout::Envelope].into_iter().filter(|l| l.has(kind));
        let layouts: Vec<_> = layouts.collect();
        assert!(!layouts.is_empty(), "{kind} has a field in no message");
        assert!(!kind.samples().is_empty(), "{kind} has no sample");
        for (layout, sample) in layouts.iter().flat_map(|l| kind.samples().into_iter().map(|s| (*l, s))) {
            let object = Object::from_value(u16::from(kind.code()), &sample);
            assert_eq!((object.kind(), object.tag()), (Some(kind), u16::from(kind.code())), "{sample:02X?}");
            assert_eq!(object.value(), sample);
            let (decoded, fields, back) = alone(layout, &object);
            assert_eq!(decoded.0[0].0, object, "{layout:?}");
            let names: Vec<_> = kind.fields().iter().map(|field| field.name).collect();
            let others: Vec<_> = fields.keys().filter(|name| !names.contains(&name.as_str())).collect();
            assert!(others.iter().all(|name| *name == "no_cr" || *name == "cr"), "{kind}: {others:?}");
            assert!(fields.keys().any(|name| names.contains(&name.as_str())), "{kind}");
            assert_eq!(back, decoded, "{kind} in {layout:?}, {}", json!(fields));
        }
    }
}
