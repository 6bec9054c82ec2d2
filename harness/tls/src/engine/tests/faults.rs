//! Handshakes and connections that fail, and with what alert.

use super::*;
use crate::{ContentType, Extension, ExtensionType, HandshakeType};

/// Changes handshake messages of one type.
fn altering(wanted: HandshakeType, change: impl Fn(&mut Vec<u8>) + Send + 'static) -> Option<Box<dyn Alter + Send>> {
    Some(Box::new(move |outgoing: Outgoing<'_>| {
        if let Outgoing::Handshake { kind, octets } = outgoing
            && kind == wanted
        {
            change(octets);
        }
    }))
}

/// The alert of the client and the one of the server.
fn alerts(client: ClientConfig, server: ServerConfig) -> (Option<Description>, Option<Description>) {
    let (client, server, told) = shake(client, server);
    assert!(Told::established(&told.client).is_empty() || Told::established(&told.server).is_empty(), "{told:?}");
    let (Some(ours), Some(theirs)) = (Told::failure(&told.client), Told::failure(&told.server)) else {
        panic!("both fail: {told:?}")
    };
    assert!(matches!(ours.cause, Cause::PeerAlert(_)) != matches!(theirs.cause, Cause::PeerAlert(_)), "{told:?}");
    assert_eq!((client.session(), server.session()), (None, None));
    (Told::alert(&told.client), Told::alert(&told.server))
}

#[test]
fn a_wrong_key_is_told_by_the_server_as_it_is_configured() {
    for (version, suite) in everywhere() {
        for (wrong_key, alert) in
            [(WrongKey::BadRecordMac, Description::BadRecordMac), (WrongKey::DecryptError, Description::DecryptError)]
        {
            let (mut client, mut server) = configs(version, suite);
            client.key = Secret::new(vec![0x0C; 16]);
            server.common.wrong_key = wrong_key;
            assert_eq!(alerts(client, server), (None, Some(alert)));
        }
    }
}

#[test]
fn an_unknown_identity_is_told_or_hidden() {
    for identity in [b"nobody".to_vec(), vec![], vec![b'x'; 65_535]] {
        let client = || ClientConfig::new(identity.clone(), key());
        assert_eq!(alerts(client(), server_config()), (None, Some(Description::UnknownPskIdentity)));
        let mut hiding = server_config();
        hiding.unknown_identity = UnknownIdentity::Hidden;
        assert_eq!(alerts(client(), hiding), (None, Some(Description::BadRecordMac)));
    }
}

#[test]
fn what_cannot_be_agreed_on() {
    let (client, mut server) = (client_config(), server_config());
    server.common.suites = vec![Suite::PskAes256CbcSha];
    assert_eq!(alerts(client, server), (None, Some(Description::HandshakeFailure)));

    let (mut client, mut server) = (client_config(), server_config());
    client.common.max_version = Version::Tls11;
    server.common.min_version = Version::Tls12;
    assert_eq!(alerts(client, server), (None, Some(Description::ProtocolVersion)));

    let (mut client, mut server) = (client_config(), server_config());
    client.common.min_version = Version::Tls12;
    server.common.max_version = Version::Tls11;
    assert_eq!(alerts(client, server), (Some(Description::ProtocolVersion), None));

    let (mut client, server) = (client_config(), server_config());
    client.common.max_version = Version::Tls11;
    client.common.suites.push(Suite::FallbackScsv);
    assert_eq!(alerts(client, server), (None, Some(Description::InappropriateFallback)));

    let mut client = client_config();
    client.common.alter = altering(HandshakeType::ClientHello, |octets| {
        // The compression method stands behind three suites.
        octets[4 + 2 + 32 + 1 + 2 + 6 + 1] = 1;
    });
    assert_eq!(alerts(client, server_config()), (None, Some(Description::IllegalParameter)));
}

#[test]
fn a_server_that_answers_what_was_not_asked() {
    let answer = |change: fn(&mut Fixed)| {
        let mut server = server_config();
        change(&mut server.common.fixed);
        let told = shake(client_config(), server).2;
        Told::alert(&told.client)
    };
    assert_eq!(answer(|fixed| fixed.suites = Some(vec![Suite::PskRc4Sha])), Some(Description::IllegalParameter));
    let scsv = |fixed: &mut Fixed| fixed.suites = Some(vec![Suite::EmptyRenegotiationInfoScsv]);
    assert_eq!(answer(scsv), Some(Description::IllegalParameter));
    assert_eq!(answer(|fixed| fixed.version = Some(Version::Tls13)), Some(Description::ProtocolVersion));
    let unasked =
        |fixed: &mut Fixed| fixed.extensions = Some(Some(vec![Extension::empty(ExtensionType::SessionTicket)]));
    assert_eq!(answer(unasked), Some(Description::UnsupportedExtension));
    let twice = |fixed: &mut Fixed| {
        fixed.extensions = Some(Some(vec![Extension::empty(ExtensionType::EncryptThenMac); 2]));
    };
    assert_eq!(answer(twice), Some(Description::IllegalParameter));
    let not_empty = |fixed: &mut Fixed| {
        fixed.extensions = Some(Some(vec![Extension::renegotiation_info(&[1]).unwrap()]));
    };
    assert_eq!(answer(not_empty), Some(Description::HandshakeFailure));
    assert_eq!(answer(|fixed| fixed.verify_data = Some(vec![0; 12])), Some(Description::DecryptError));
    assert_eq!(answer(|fixed| fixed.verify_data = Some(vec![0; 11])), Some(Description::DecodeError));
    assert_eq!(answer(|fixed| fixed.session_id = Some(vec![0; 33])), Some(Description::DecodeError));
}

#[test]
fn a_session_resumed_otherwise() {
    let (client, server, _) = shake(client_config(), server_config());
    let resume = |change: fn(&mut ServerConfig)| {
        let (mut again, mut later) = (client_config(), server_config());
        again.session = client.session().cloned();
        later.cache.insert(server.session().unwrap().clone());
        later.hint = server.session().map(|session| session.id.clone());
        change(&mut later);
        Told::alert(&shake(again, later).2.client)
    };
    let suite = |config: &mut ServerConfig| config.common.fixed.suites = Some(vec![Suite::Psk3DesEdeCbcSha]);
    assert_eq!(resume(suite), Some(Description::IllegalParameter));
    // Another version is another session: a handshake from the beginning.
    assert_eq!(resume(|config| config.common.max_version = Version::Tls11), None);
    let wrong = |config: &mut ServerConfig| {
        let session = config.cache.find(&config.hint.take().unwrap()).unwrap().clone();
        config.common.max_version = Version::Tls11;
        config.common.fixed.session_id = Some(session.id);
    };
    assert_eq!(resume(wrong), Some(Description::IllegalParameter));
    assert_eq!(resume(|config| config.common.fixed.extensions = Some(None)), Some(Description::HandshakeFailure));
}

#[test]
fn messages_that_are_out_of_turn_or_cut() {
    let server = |kind, change: fn(&mut Vec<u8>)| {
        let mut server = server_config();
        server.common.alter = altering(kind, change);
        Told::alert(&shake(client_config(), server).2.client)
    };
    let twice = |octets: &mut Vec<u8>| octets.extend(octets.clone());
    assert_eq!(server(HandshakeType::ServerHelloDone, twice), Some(Description::UnexpectedMessage));
    assert_eq!(server(HandshakeType::ServerHello, twice), Some(Description::UnexpectedMessage));
    assert_eq!(server(HandshakeType::ServerHello, Vec::clear), Some(Description::UnexpectedMessage));
    assert_eq!(server(HandshakeType::Finished, Vec::clear), None);
    // A length that is one too small leaves an octet that begins another message.
    let cut = |octets: &mut Vec<u8>| {
        octets.pop();
        octets[3] -= 1;
    };
    assert_eq!(server(HandshakeType::ServerHello, cut), Some(Description::DecodeError));
    assert_eq!(server(HandshakeType::ServerHelloDone, |octets| octets[1] = 0xFF), Some(Description::DecodeError));
    assert_eq!(server(HandshakeType::ServerHelloDone, |octets| octets[0] = 11), Some(Description::UnexpectedMessage));

    let client = |kind, change: fn(&mut Vec<u8>)| {
        let mut client = client_config();
        client.common.alter = altering(kind, change);
        Told::alert(&shake(client, server_config()).2.server)
    };
    assert_eq!(client(HandshakeType::ClientKeyExchange, Vec::clear), Some(Description::UnexpectedMessage));
    assert_eq!(client(HandshakeType::ClientKeyExchange, |octets| octets[5] = 9), Some(Description::DecodeError));
    // The hash that the server has is of what came, so that only what it cannot read or check is a fault.
    assert_eq!(client(HandshakeType::Finished, |octets| octets[4] ^= 1), Some(Description::DecryptError));
    assert_eq!(client(HandshakeType::Finished, |octets| octets[0] = 15), Some(Description::UnexpectedMessage));
}

#[test]
fn change_cipher_spec_out_of_turn_or_misshapen() {
    let mut client = Client::new(client_config(), 1);
    client.receive(&[20, 3, 1, 0, 1, 1]);
    let told: Vec<Event> = std::iter::from_fn(|| client.next_event()).collect();
    assert_eq!(Told::alert(&told), Some(Description::UnexpectedMessage));
    let shown = Told::failure(&told).unwrap().to_string();
    assert_eq!(shown, "ChangeCipherSpec came where a ServerHello was expected");
    for body in [vec![2], vec![1, 1]] {
        let mut server = Server::new(server_config(), 1);
        server.send_record(ContentType::ChangeCipherSpec, &body);
        let mut client = Client::new(client_config(), 1);
        let told = exchange(&mut client, &mut server, usize::MAX);
        assert_eq!(Told::alert(&told.client), Some(Description::DecodeError));
    }
    // In the middle of a message.
    let mut server = Server::new(server_config(), 1);
    server.receive(&[22, 3, 1, 0, 1, 1, 20, 3, 1, 0, 1, 1]);
    let told: Vec<Event> = std::iter::from_fn(|| server.next_event()).collect();
    assert_eq!(Told::alert(&told), Some(Description::UnexpectedMessage));
}

#[test]
fn octets_that_are_not_tls() {
    let server = |octets: &[u8]| {
        let mut server = Server::new(server_config(), 1);
        server.receive(octets);
        server.receive(b"nothing is read after it");
        let told: Vec<Event> = std::iter::from_fn(|| server.next_event()).collect();
        (Told::alert(&told).unwrap(), server.take_output())
    };
    assert_eq!(server(b"GET / HTTP/1.1\r\n"), (Description::UnexpectedMessage, vec![21, 3, 1, 0, 2, 2, 10]));
    assert_eq!(server(&[22, 3, 1, 0x48, 1]).0, Description::RecordOverflow);
    assert_eq!(server(&[22, 4, 0, 0, 1]).0, Description::ProtocolVersion);
    assert_eq!(server(&[22, 3, 1, 0, 0]).0, Description::UnexpectedMessage);
    assert_eq!(server(&[23, 3, 1, 0, 1, 0]).0, Description::UnexpectedMessage);
    assert_eq!(server(&[22, 3, 1, 0, 4, 1, 255, 255, 255]).0, Description::DecodeError);
    assert_eq!(server(&[0x80, 9, 1, 3, 1, 0, 0, 0, 0, 0, 0]).0, Description::DecodeError);
    let plain = [[22, 3, 1, 0x40, 1].as_slice(), &[0; 0x4001]].concat();
    assert_eq!(server(&plain).0, Description::RecordOverflow);
}

/// Data of the client that somebody changes on the way.
fn tampered(change: impl Fn(&mut Vec<Vec<u8>>)) -> (Vec<u8>, Option<Description>) {
    let (mut client, mut server, _) = shake(client_config(), server_config());
    let mut records: Vec<Vec<u8>> = [b"one", b"two"]
        .map(|text| {
            client.send(text).unwrap();
            client.take_output()
        })
        .to_vec();
    change(&mut records);
    records.iter().for_each(|record| server.receive(record));
    let told = exchange(&mut client, &mut server, usize::MAX);
    let alert = Told::alert(&told.server);
    assert!(alert.is_none() || matches!(Told::failure(&told.client).unwrap().cause, Cause::PeerAlert(_)));
    (Told::data(&told.server), alert)
}

#[test]
fn records_that_somebody_changes_on_the_way() {
    let mac = Some(Description::BadRecordMac);
    assert_eq!(tampered(|_| {}), (b"onetwo".to_vec(), None));
    assert_eq!(tampered(|records| records[1][30] ^= 1), (b"one".to_vec(), mac));
    assert_eq!(tampered(|records| records.reverse()), (vec![], mac));
    assert_eq!(tampered(|records| records[1] = records[0].clone()), (b"one".to_vec(), mac));
    assert_eq!(tampered(|records| drop(records.remove(0))), (vec![], mac));
    assert_eq!(tampered(|records| records[0][0] = 22), (vec![], mac));
    assert_eq!(tampered(|records| records[0][2] = 2), (vec![], Some(Description::ProtocolVersion)));
    assert_eq!(tampered(|records| records[0].truncate(9)).1, mac);
    let shorter = |records: &mut Vec<Vec<u8>>| {
        let record = &mut records[0];
        record.pop();
        record[4] -= 1;
    };
    assert_eq!(tampered(shorter), (vec![], mac));
}

#[test]
fn padding_and_mac_have_one_alert() {
    for (version, suite) in everywhere() {
        for etm in [false, true] {
            // The last octet but one is padding: 8 octets and a MAC of 20 leave some in both ciphers.
            for back in [1, 2] {
                let (mut client, mut server) = configs(version, suite);
                server.common.encrypt_then_mac = etm;
                client.common.alter = Some(Box::new(move |outgoing: Outgoing<'_>| {
                    if let Outgoing::Block { content: ContentType::ApplicationData, octets } = outgoing {
                        let at = octets.len() - back;
                        octets[at] ^= 0x40;
                    }
                }));
                let (mut client, mut server, _) = shake(client, server);
                client.send(b"12345678").unwrap();
                let told = exchange(&mut client, &mut server, usize::MAX);
                assert_eq!(Told::alert(&told.server), Some(Description::BadRecordMac));
                assert_eq!(Told::data(&told.server), b"");
            }
        }
    }
}

#[test]
fn more_plaintext_than_a_record_may_have() {
    let (mut client, mut server, _) = shake(client_config(), server_config());
    client.send_record(ContentType::ApplicationData, &[0; 16_384]);
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!((Told::data(&told.server).len(), Told::alert(&told.server)), (16_384, None));
    client.send_record(ContentType::ApplicationData, &[0; 16_385]);
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!(Told::alert(&told.server), Some(Description::RecordOverflow));
    assert_eq!(client.send(b"more"), Err(SendError::Failed));
    assert_eq!(server.send(b"more"), Err(SendError::Failed));
}

#[test]
fn alerts_in_pieces_altered_and_unknown() {
    let (mut client, mut server, _) = shake(client_config(), server_config());
    client.send_record(ContentType::Alert, &[1]);
    client.send_record(ContentType::Alert, &[90, 1, 200]);
    let told = exchange(&mut client, &mut server, usize::MAX);
    let alert = |level, code| Event::Alert { direction: Direction::Received, alert: Alert::from_octets([level, code]) };
    assert_eq!(told.server, [alert(1, 90), alert(1, 200)]);
    talk(&mut client, &mut server);
    client.send_alert(Alert::fatal(Description::InternalError));
    let told = exchange(&mut client, &mut server, usize::MAX);
    let cause = Cause::PeerAlert(Alert::fatal(Description::InternalError));
    assert_eq!(told.server, [alert(2, 80), Event::Failed(Failure { sent: None, cause })]);

    let mut server = server_config();
    server.common.alter = Some(Box::new(|outgoing: Outgoing<'_>| {
        if let Outgoing::Alert(alert) = outgoing {
            *alert = Alert::fatal(Description::Other(7));
        }
    }));
    server.common.suites.clear();
    let told = shake(client_config(), server).2;
    assert_eq!(Told::failure(&told.client).unwrap().cause, Cause::PeerAlert(Alert::from_octets([2, 7])));
}

#[test]
fn messages_after_the_handshake() {
    let send = |message: Handshake| {
        let (mut client, mut server, _) = shake(client_config(), server_config());
        server.send_handshake(&message).unwrap();
        Told::alert(&exchange(&mut client, &mut server, usize::MAX).client)
    };
    assert_eq!(send(Handshake::ServerHelloDone), Some(Description::UnexpectedMessage));
    assert_eq!(send(Handshake::Finished { verify_data: vec![0; 12] }), Some(Description::UnexpectedMessage));
    assert_eq!(send(Handshake::HelloRequest), None);
}

/// A hello on a connection that is up, with these extensions and what the client's Finished had in renegotiation_info, if
/// that is wanted; the cause for which the server fails.
fn renewed(knows: bool, mut extensions: Vec<Extension>) -> Cause {
    let (client, mut server) = (client_config(), server_config());
    server.common.renegotiation = Renegotiation::Secure;
    let (mut client, mut server, told) = shake(client, server);
    let finished = told.client.iter().find_map(|event| match event {
        Event::Handshake { direction: Direction::Sent, message: Handshake::Finished { verify_data }, .. } => {
            Some(verify_data.clone())
        }
        _ => None,
    });
    if knows {
        extensions.push(Extension::renegotiation_info(&finished.unwrap()).unwrap());
    }
    let hello = crate::ClientHello {
        version: Version::Tls12,
        random: [3; 32],
        session_id: vec![],
        suites: Suite::DM_SC.to_vec(),
        compressions: vec![0],
        extensions: Some(extensions),
    };
    client.send_handshake(&Handshake::ClientHello(hello)).unwrap();
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!(Told::alert(&told.server), Some(Description::HandshakeFailure));
    Told::failure(&told.server).unwrap().cause.clone()
}

#[test]
fn a_renegotiation_that_does_not_know_what_was_before() {
    // Somebody's hello without renegotiation_info, as the attack of 2009 has it, or with that of a first handshake.
    assert_eq!(renewed(false, vec![]), Cause::RenegotiationInfo);
    let first = Extension::renegotiation_info(&[]).unwrap();
    assert_eq!(renewed(false, vec![first]), Cause::RenegotiationInfo);
    // RFC 7366 3.1: encrypt_then_mac is not given up.
    assert_eq!(renewed(true, vec![]), Cause::WeakerMac);
}

#[test]
fn max_fragment_length_that_is_another_or_none() {
    let asked = |code: u8| Extension { kind: ExtensionType::MaxFragmentLength, data: vec![code] };
    let mut client = client_config();
    client.common.fixed.extensions = Some(Some(vec![asked(5)]));
    assert_eq!(alerts(client, server_config()), (None, Some(Description::IllegalParameter)));
    let (mut client, mut server) = (client_config(), server_config());
    client.max_fragment_length = Some(crate::MaxFragmentLength::Octets512);
    server.common.fixed.extensions = Some(Some(vec![asked(2)]));
    assert_eq!(Told::alert(&shake(client, server).2.client), Some(Description::IllegalParameter));
}

#[test]
fn a_handshake_that_is_cut_off() {
    let mut server = Server::new(server_config(), 1);
    server.receive(&[22, 3, 1, 0, 6, 1, 0, 0, 50, 3, 3, 22]);
    server.end_of_input();
    assert_eq!(server.next_event(), Some(Event::Closed(Closure::Truncated { left: 7 })));
    assert_eq!(server.send(b"data"), Err(SendError::NotEstablished));
    server.receive(&[0]);
    assert_eq!(server.next_event(), None);
}

#[test]
fn a_refusal_of_what_nobody_asked_for_changes_nothing() {
    let (mut client, mut server) = (Client::new(client_config(), 1), Server::new(server_config(), 2));
    server.send_alert(Alert::warning(Description::NoRenegotiation));
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!(Told::established(&told.client).len(), 1);
    talk(&mut client, &mut server);
}
