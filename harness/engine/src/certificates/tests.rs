use rustls::pki_types::CertificateDer;
use serde_json::{Map, Value, json};

use super::summary::{Chain, Summary};
use super::*;
use crate::layer::{Flow, Layer, Told};
use crate::switch::Switch;

const HOST: &str = "127.0.0.1";

/// What both sides tell of a connection over which the client says one thing, and what the server reads.
fn connect(
    shown: ShownCertificate,
    version: Version,
    host: &str,
    faults: &[Switch],
) -> (Vec<Told>, Vec<Told>, Vec<u8>) {
    let (known, choices) = (Certificates { used: true, ..Certificates::default() }, Choice::default());
    let switches = Switches::new(faults.iter().copied());
    let mut client = client(&known, host, &TlsClientWith::default(), &choices, &switches).unwrap();
    let mut server = server(false);
    let with = TlsServerWith {
        version: Some(Answered::Set(TlsVersion(version))),
        certificate: Some(shown),
        ..TlsServerWith::default()
    };
    let (mut told, mut heard, mut read) = (Vec::new(), Vec::new(), Vec::new());
    let mut flow = Flow::default();
    client.open(&mut flow);
    client.send(b"hello", &mut flow);
    for _ in 0..4 {
        let octets = std::mem::take(&mut flow);
        told.extend(octets.told);
        let mut answer = Flow::default();
        let _ = server.receive(&octets.transport, &mut answer);
        if server.is_asked() {
            server.greet(super::answer(HOST, &known, &with, &choices).unwrap(), &mut answer).unwrap();
        }
        heard.extend(answer.told);
        read.extend(answer.http);
        let _ = client.receive(&answer.transport, &mut flow);
    }
    (told, heard, read)
}

fn field<'a>(told: &'a [Told], kind: &str, name: &str) -> Option<&'a Value> {
    told.iter().find(|one| one.kind == kind)?.fields.get(name)
}

#[test]
fn both_versions_carry_http_under_the_right_certificate() {
    for (version, word) in [(Version::Tls12, "1.2"), (Version::Tls13, "1.3")] {
        let (client, server, read) = connect(ShownCertificate::Valid, version, HOST, &[]);
        assert_eq!(read, b"hello");
        for told in [&client, &server] {
            let kinds: Vec<_> = told.iter().map(|one| one.kind).collect();
            assert_eq!(kinds, ["tls.client-hello", "tls.server-hello", "tls.established"]);
            let fields = &told[2].fields;
            assert_eq!(fields["version"], word);
            assert_eq!(fields["subject"], "CN=dmsc server, O=dmsc");
            assert_eq!(fields["issuer"], "CN=dmsc test intermediate, O=dmsc");
            assert_eq!(fields["valid_from"], "2024-01-01T00:00:00Z");
            assert_eq!(fields["valid_until"], "2074-01-01T00:00:00Z");
            assert_eq!(fields["certificates"], 2);
        }
    }
}

#[test]
fn what_does_not_hold_is_refused_with_its_alert_and_overlooked_by_the_fault_for_it() {
    use ShownCertificate::{Expired, NoIntermediate, NotYetValid, SelfSigned, UnknownIssuer, WrongName};
    for (shown, alert, fault) in [
        (Expired, "certificate_expired", Switch::TlsTakesAnyDate),
        (NotYetValid, "certificate_expired", Switch::TlsTakesAnyDate),
        (WrongName, "bad_certificate", Switch::TlsTakesAnyName),
        (UnknownIssuer, "unknown_ca", Switch::TlsTakesAnyIssuer),
        (SelfSigned, "unknown_ca", Switch::TlsTakesSelfSigned),
        (NoIntermediate, "unknown_ca", Switch::TlsTakesAnyIssuer),
    ] {
        for version in [Version::Tls12, Version::Tls13] {
            let (client, server, read) = connect(shown, version, HOST, &[]);
            assert_eq!(read, b"", "{shown:?}");
            assert_eq!(field(&client, "tls.over", "sent"), Some(&json!(alert)), "{shown:?}");
            assert!(field(&client, "tls.over", "reason").is_some());
            assert_eq!(field(&server, "tls.alert", "description"), Some(&json!(alert)));
            assert_eq!(field(&server, "tls.over", "established"), Some(&json!(false)));
            let (_, _, read) = connect(shown, version, HOST, &[fault]);
            assert_eq!(read, b"hello", "{shown:?}");
        }
    }
}

#[test]
fn certificates_in_another_order_still_lead_to_the_root() {
    assert_eq!(connect(ShownCertificate::WrongOrder, Version::Tls12, HOST, &[]).2, b"hello");
}

#[test]
fn a_client_that_takes_none_takes_none() {
    let (_, server, read) = connect(ShownCertificate::Valid, Version::Tls13, HOST, &[Switch::TlsTakesNoCertificate]);
    assert_eq!((read.len(), field(&server, "tls.over", "established")), (0, Some(&json!(false))));
}

#[test]
fn names_of_the_card_are_those_of_table_2_of_dm_sc_8_1() {
    for host in ["127.0.0.1", "localhost", "::1", "0.0.0.0.0.0.0.1", "localuicc"] {
        assert_eq!(connect(ShownCertificate::Valid, Version::Tls13, host, &[]).2, b"hello", "{host}");
        let answer = super::answer(host, &Certificates::default(), &TlsServerWith::default(), &Choice::default());
        assert!(answer.is_ok());
    }
    let other = super::answer("card.example", &Certificates::default(), &TlsServerWith::default(), &Choice::default());
    assert!(other.unwrap_err().contains("make.sh"));
}

#[test]
fn the_date_and_the_root_are_those_of_the_account() {
    let with = |root: Option<&str>, date: &str| Certificates {
        used: true,
        root: root.map(str::to_owned),
        date: Certificates::date(date),
    };
    let fails = |known: &Certificates| {
        let (choices, switches) = (Choice::default(), Switches::default());
        let mut client = client(known, HOST, &TlsClientWith::default(), &choices, &switches)?;
        let mut server = super::server(false);
        let (mut flow, mut answer) = (Flow::default(), Flow::default());
        client.open(&mut flow);
        server.receive(&flow.transport, &mut answer)?;
        server.greet(super::answer(HOST, known, &TlsServerWith::default(), &choices)?, &mut answer)?;
        client.receive(&answer.transport, &mut flow)
    };
    assert_eq!(fails(&with(None, "2026-07-01")), Ok(()));
    assert!(fails(&with(None, "2080-01-01")).unwrap_err().contains("expired"));
    assert!(fails(&with(Some(files::ROOT), "2026-07-01")).is_ok());
    let stranger = include_str!("../../../../fixtures/certificates/stranger-root.pem");
    assert!(fails(&with(Some(stranger), "2026-07-01")).unwrap_err().contains("UnknownIssuer"));
    assert!(fails(&with(Some("nothing"), "2026-07-01")).unwrap_err().contains("BEGIN CERTIFICATE"));
}

#[test]
fn what_is_for_keys_is_refused_where_a_case_sets_it() {
    let change = |value: Value| Change::with(value.as_object().cloned().unwrap_or_default());
    assert_eq!(check(&change(json!({ "version": "1.3", "certificate": "expired" }))), Ok(()));
    assert!(check(&change(json!({ "padding": "longest" }))).unwrap_err().to_string().starts_with("padding:"));
    assert!(check(&change(json!({ "version": "1.1" }))).unwrap_err().to_string().starts_with("version:"));
}

#[test]
fn a_server_takes_http_in_the_clear_only_to_show_it() {
    let request = b"POST / HTTP/1.1\r\n\r\n";
    let mut flow = Flow::default();
    let mut shows = server(true);
    assert_eq!((shows.receive(request, &mut flow), &flow.http[..]), (Ok(()), &request[..]));
    assert!(!shows.is_protected());
    let mut flow = Flow::default();
    assert!(server(false).receive(request, &mut flow).is_err());
    assert_eq!((flow.http.len(), flow.told[0].kind), (0, "tls.over"));
}

proptest::proptest! {
    #[test]
    fn nothing_that_comes_stops_an_end(octets: Vec<u8>, at: u8, mask: u8) {
        let _ = Summary::read(&octets);
        let mut flow = Flow::default();
        let _ = server(true).receive(&octets, &mut flow);
        let _ = server(false).receive(&octets, &mut flow);
        let chain = files::chain(ShownCertificate::Valid).unwrap();
        let mut changed = chain[0].to_vec();
        if let Some(octet) = changed.get_mut(usize::from(at)) {
            *octet ^= mask;
        }
        let _: Map<String, Value> = Chain::of(&[CertificateDer::from(changed)]).fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    }
}
