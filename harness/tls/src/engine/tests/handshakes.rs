//! Handshakes that succeed.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::{ExtensionType, HandshakeType, MaxFragmentLength};

#[test]
fn each_version_and_suite() {
    for (version, suite) in everywhere() {
        for (etm, ems) in [(false, false), (true, false), (false, true), (true, true)] {
            let (mut client, mut server) = configs(version, suite);
            client.common.encrypt_then_mac = etm;
            server.common.extended_master_secret = ems;
            let (mut client, mut server, told) = shake(client, server);
            let [one] = Told::established(&told.client)[..] else { panic!("{told:?}") };
            assert_eq!(Told::established(&told.server), [one]);
            assert_eq!((one.version, one.suite, one.resumed), (version, suite, false));
            assert_eq!((one.encrypt_then_mac, one.extended_master_secret, one.secure_renegotiation), (etm, ems, true));
            assert_eq!(one.identity, IDENTITY);
            talk(&mut client, &mut server);
        }
    }
}

#[test]
fn events_tell_every_message_both_ways() {
    let (client, mut server) = (client_config(), server_config());
    server.hint = Some(b"hint".to_vec());
    let (_, _, told) = shake(client, server);
    let up = ["client_hello", "client_key_exchange", "change_cipher_spec", "finished"];
    let down = ["server_hello", "server_key_exchange", "server_hello_done", "change_cipher_spec", "finished"];
    assert_eq!(Told::messages(&told.client, Direction::Sent), up);
    assert_eq!(Told::messages(&told.server, Direction::Received), up);
    assert_eq!(Told::messages(&told.server, Direction::Sent), down);
    assert_eq!(Told::messages(&told.client, Direction::Received), down);
    for event in &told.client {
        if let Event::Handshake { message, octets, .. } = event {
            assert_eq!(Handshake::decode(octets).as_ref(), Ok(message));
        }
    }
    let hint = Handshake::ServerKeyExchange { hint: b"hint".to_vec() };
    assert!(told.client.iter().any(|event| matches!(event, Event::Handshake { message, .. } if *message == hint)));
}

#[test]
fn octets_one_by_one_and_messages_in_pieces() {
    for fragment in [1, 3, 50] {
        for coalesce in [false, true] {
            let (mut client, mut server) = (client_config(), server_config());
            for common in [&mut client.common, &mut server.common] {
                (common.fragment, common.coalesce) = (fragment, coalesce);
            }
            let (mut client, mut server) = (Client::new(client, 1), Server::new(server, 2));
            let told = exchange(&mut client, &mut server, 1);
            assert_eq!(Told::established(&told.server).len(), 1, "{told:?}");
            talk(&mut client, &mut server);
        }
    }
}

#[test]
fn sessions_are_resumed_in_each_version_and_suite() {
    for (version, suite) in everywhere() {
        for ems in [false, true] {
            let (mut first, mut before) = configs(version, suite);
            first.common.extended_master_secret = ems;
            before.common.key_log = true;
            let (client, server, _) = shake(first, before);
            let (mut again, mut later) = configs(version, suite);
            again.common.extended_master_secret = ems;
            again.session = client.session().cloned();
            later.cache.insert(server.session().unwrap().clone());
            later.common.key_log = true;
            assert_eq!(client.session(), server.session());
            let (mut client, mut resumed, told) = shake(again, later);
            let [one] = Told::established(&told.client)[..] else { panic!("{told:?}") };
            assert!(one.resumed && one.identity == IDENTITY);
            assert_eq!(
                Told::messages(&told.server, Direction::Sent),
                ["server_hello", "change_cipher_spec", "finished"]
            );
            assert_eq!(
                Told::messages(&told.client, Direction::Sent),
                ["client_hello", "change_cipher_spec", "finished"]
            );
            talk(&mut client, &mut resumed);
            // The same secret, another random.
            let secret = |server: &Server| server.key_log().trim_end().rsplit(' ').next().unwrap().to_owned();
            assert_eq!(secret(&server), secret(&resumed));
        }
    }
}

#[test]
fn a_session_that_the_server_does_not_have_is_no_error() {
    let (client, _, _) = shake(client_config(), server_config());
    let mut again = client_config();
    again.session = client.session().cloned();
    let (_, _, told) = shake(again, server_config());
    assert!(Told::established(&told.client).iter().all(|one| !one.resumed));
    assert_eq!(Told::established(&told.client).len(), 1);
    // Without an identifier there is nothing to resume.
    let mut server = server_config();
    server.resumable = false;
    assert_eq!(shake(client_config(), server).0.session(), None);
}

#[test]
fn resumption_agrees_on_the_extended_master_secret() {
    let resume = |before: bool, after: bool| {
        let mut first = client_config();
        first.common.extended_master_secret = before;
        let (client, server, _) = shake(first, server_config());
        let (mut again, mut later) = (client_config(), server_config());
        again.session = client.session().cloned();
        again.common.extended_master_secret = after;
        later.cache.insert(server.session().unwrap().clone());
        shake(again, later).2
    };
    assert_eq!(Told::alert(&resume(true, false).server), Some(Description::HandshakeFailure));
    let told = resume(false, true);
    assert!(Told::established(&told.client).iter().all(|one| !one.resumed && one.extended_master_secret));
}

#[test]
fn renegotiation_is_refused_or_honoured() {
    for policy in [Renegotiation::Refused, Renegotiation::Secure, Renegotiation::Any] {
        for secure in [false, true] {
            for by_client in [false, true] {
                let (mut client, mut server) = (client_config(), server_config());
                client.signal = if secure { Signal::Extension } else { Signal::None };
                client.common.renegotiation = policy;
                server.common.renegotiation = policy;
                let (mut client, mut server, _) = shake(client, server);
                if by_client {
                    client.renegotiate()
                } else {
                    server.renegotiate()
                }
                let told = exchange(&mut client, &mut server, 5);
                let honoured = policy == Renegotiation::Any || policy == Renegotiation::Secure && secure;
                let count = usize::from(honoured);
                assert_eq!(Told::established(&told.client).len(), count, "{policy:?} {secure} {by_client} {told:?}");
                assert_eq!(Told::established(&told.server).len(), count);
                let refused =
                    Event::Alert { direction: Direction::Sent, alert: Alert::warning(Description::NoRenegotiation) };
                let refuser = if by_client { &told.server } else { &told.client };
                assert_eq!(refuser.contains(&refused), !honoured);
                talk(&mut client, &mut server);
            }
        }
    }
}

#[test]
fn max_fragment_length_holds_for_all_records() {
    let (mut client, server) = (client_config(), server_config());
    client.max_fragment_length = Some(MaxFragmentLength::Octets512);
    let (mut client, mut server, told) = shake(client, server);
    assert_eq!(Told::established(&told.server)[0].max_fragment_length, Some(MaxFragmentLength::Octets512));
    server.send(&[7; 1300]).unwrap();
    let told = exchange(&mut client, &mut server, usize::MAX);
    let lengths: Vec<usize> = told
        .client
        .iter()
        .filter_map(|event| if let Event::Data(data) = event { Some(data.len()) } else { None })
        .collect();
    assert_eq!(lengths, [512, 512, 276]);
    server.send_record(crate::ContentType::ApplicationData, &[7; 513]);
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!(Told::alert(&told.client), Some(Description::RecordOverflow));
    // A server that does not answer leaves the limit where it is.
    let (mut client, mut server) = (client_config(), server_config());
    client.max_fragment_length = Some(MaxFragmentLength::Octets512);
    server.max_fragment_length = false;
    assert_eq!(Told::established(&shake(client, server).2.client)[0].max_fragment_length, None);
}

#[test]
fn data_are_split_in_tls_1_0_only() {
    let lengths = |version, split| {
        let (mut client, server) = configs(version, Suite::PskAes128CbcSha);
        client.common.split = split;
        let (mut client, mut server, _) = shake(client, server);
        client.send(b"hello").unwrap();
        let told = exchange(&mut client, &mut server, usize::MAX);
        let data =
            told.server.iter().filter_map(|event| if let Event::Data(data) = event { Some(data.len()) } else { None });
        data.collect::<Vec<_>>()
    };
    assert_eq!(lengths(Version::Tls10, Split::OneAndRest), [1, 4]);
    assert_eq!(lengths(Version::Tls10, Split::EmptyFirst), [0, 5]);
    assert_eq!(lengths(Version::Tls10, Split::None), [5]);
    assert_eq!(lengths(Version::Tls11, Split::OneAndRest), [5]);
}

#[test]
fn long_padding_is_read() {
    for (version, suite) in everywhere() {
        for padding in [Padding::Longest, Padding::Drawn] {
            let (mut client, mut server) = configs(version, suite);
            (client.common.padding, server.common.padding) = (padding, padding);
            server.common.encrypt_then_mac = padding == Padding::Drawn;
            let (mut client, mut server, _) = shake(client, server);
            talk(&mut client, &mut server);
        }
    }
}

#[test]
fn a_hello_in_the_form_of_ssl_2() {
    let mut client = client_config();
    client.ssl2_hello = true;
    client.common.max_version = Version::Tls11;
    let (mut client, mut server) = (Client::new(client, 1), Server::new(server_config(), 2));
    let hello = client.take_output();
    // 9 octets, three suites with the SCSV, and a challenge of 32.
    assert_eq!(hello.get(..11), Some([0x80, 50, 1, 3, 2, 0, 9, 0, 0, 0, 32].as_slice()));
    hello.iter().for_each(|octet| server.receive(&[*octet]));
    let told = exchange(&mut client, &mut server, 1);
    let [one] = Told::established(&told.server)[..] else { panic!("{told:?}") };
    assert!(one.version == Version::Tls11 && one.secure_renegotiation && !one.encrypt_then_mac);
    assert!(matches!(&told.server[0], Event::Handshake { message: Handshake::Ssl2ClientHello(_), .. }));
    talk(&mut client, &mut server);
}

#[test]
fn identities_of_any_length() {
    for length in [0, 1, 128, 65_535] {
        let identity = vec![b'i'; length];
        let client = ClientConfig::new(identity.clone(), Secret::new(vec![1; 64]));
        let server = ServerConfig::new(vec![(identity.clone(), Secret::new(vec![1; 64]))]);
        let (mut client, mut server, told) = shake(client, server);
        assert_eq!(Told::established(&told.server)[0].identity, identity);
        talk(&mut client, &mut server);
    }
}

#[test]
fn suites_in_the_order_of_the_one_who_says() {
    let chosen = |client_order| {
        let (mut client, mut server) = (client_config(), server_config());
        client.common.suites.reverse();
        server.client_order = client_order;
        Told::established(&shake(client, server).2.client)[0].suite
    };
    assert_eq!((chosen(false), chosen(true)), (Suite::PskAes128CbcSha, Suite::Psk3DesEdeCbcSha));
}

#[test]
fn unknown_suites_extensions_and_versions_are_passed_over() {
    let mut client = client_config();
    client.common.fixed.version = Some(Version::Other(0x0305));
    client.common.fixed.suites = Some(vec![Suite::Other(0x0A0A), Suite::Other(0xC0FF), Suite::Psk3DesEdeCbcSha]);
    let grease = crate::Extension { kind: ExtensionType::Other(0x1A1A), data: vec![0] };
    client.common.fixed.extensions = Some(Some(vec![grease]));
    let (mut client, mut server, told) = shake(client, server_config());
    let [one] = Told::established(&told.client)[..] else { panic!("{told:?}") };
    assert_eq!((one.version, one.suite, one.secure_renegotiation), (Version::Tls12, Suite::Psk3DesEdeCbcSha, false));
    talk(&mut client, &mut server);
}

#[test]
fn fixed_values_go_out() {
    let (mut client, mut server) = (client_config(), server_config());
    client.common.fixed.random = Some([0xAA; 32]);
    client.common.fixed.session_id = Some(vec![1, 2, 3]);
    client.common.fixed.record_version = Some(Version::Tls12);
    server.common.fixed.random = Some([0xBB; 32]);
    server.common.fixed.session_id = Some(vec![4]);
    server.common.key_log = true;
    let (client, server, told) = shake(client, server);
    let hellos: Vec<_> = told
        .client
        .iter()
        .filter_map(|event| match event {
            Event::Handshake { message: Handshake::ClientHello(hello), .. } => {
                Some((hello.random, hello.session_id.clone()))
            }
            Event::Handshake { message: Handshake::ServerHello(hello), .. } => {
                Some((hello.random, hello.session_id.clone()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(hellos, [([0xAA; 32], vec![1, 2, 3]), ([0xBB; 32], vec![4])]);
    assert_eq!(client.session().map(|session| session.id.as_slice()), Some([4].as_slice()));
    let log = server.key_log();
    assert!(log.starts_with(&format!("CLIENT_RANDOM {} ", "aa".repeat(32))) && log.len() == 14 + 64 + 1 + 96 + 1);
    assert_eq!(client.key_log(), "");
    assert!(!format!("{server:?}").contains(&log[79..100]));
}

#[test]
fn the_hook_sees_everything_that_goes_out() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let mut client = client_config();
    client.common.alter = Some(Box::new(move |outgoing: Outgoing<'_>| {
        note.lock().unwrap().push(match outgoing {
            Outgoing::Handshake { kind, .. } => format!("{kind}"),
            Outgoing::ChangeCipherSpec(octets) => format!("{octets:?}"),
            Outgoing::Alert(alert) => format!("{alert}"),
            Outgoing::Block { octets, .. } => format!("block of {}", octets.len()),
            Outgoing::Record { content, .. } => format!("record of {content}"),
        });
    }));
    let (mut client, _, _) = shake(client, server_config());
    client.close();
    let expected = [
        "client_hello (01)",
        "record of handshake (16)",
        "client_key_exchange (10)",
        "record of handshake (16)",
        "[1]",
        "record of change_cipher_spec (14)",
        "finished (14)",
        "block of 32",
        "record of handshake (16)",
        "warning close_notify (0)",
        "block of 16",
        "record of alert (15)",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_message_that_is_altered_the_same_for_both_is_no_fault() {
    let mut server = server_config();
    server.common.alter = Some(Box::new(|outgoing: Outgoing<'_>| {
        if let Outgoing::Handshake { kind: HandshakeType::ServerHelloDone, octets } = outgoing {
            // A hint comes before it, in the same breath.
            octets.splice(0..0, [12, 0, 0, 3, 0, 1, b'h']);
        }
    }));
    let (mut client, mut server, told) = shake(client_config(), server);
    assert!(Told::messages(&told.client, Direction::Received).contains(&"server_key_exchange".to_owned()));
    talk(&mut client, &mut server);
}

#[test]
fn the_end_is_proper_or_not() {
    let (mut client, mut server, _) = shake(client_config(), server_config());
    client.close();
    client.close();
    assert_eq!(client.send(b"more"), Err(SendError::Closed));
    let told = exchange(&mut client, &mut server, usize::MAX);
    assert_eq!(told.server.last(), Some(&Event::Closed(Closure::Proper)));
    assert_eq!(told.client.last(), Some(&Event::Closed(Closure::Proper)));
    client.end_of_input();
    server.end_of_input();
    assert_eq!((client.next_event(), server.next_event()), (None, None));

    let (mut client, mut server, _) = shake(client_config(), server_config());
    client.send(b"half").unwrap();
    let octets = client.take_output();
    server.receive(&octets[..octets.len() - 1]);
    server.end_of_input();
    assert_eq!(server.next_event(), Some(Event::Closed(Closure::Truncated { left: octets.len() - 1 })));
    let mut early = Client::new(client_config(), 1);
    assert_eq!(early.send(b""), Err(SendError::NotEstablished));
    early.end_of_input();
    assert!(
        std::iter::from_fn(|| early.next_event()).any(|event| event == Event::Closed(Closure::Truncated { left: 0 }))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn data_arrive_as_they_were_sent(texts: Vec<Vec<u8>>, piece in 1usize..60, fragment in 1usize..40, which in 0usize..6) {
        let (version, suite) = everywhere().nth(which).unwrap();
        let (mut client, mut server) = configs(version, suite);
        client.common.fragment = fragment;
        server.common.padding = Padding::Drawn;
        client.common.split = Split::OneAndRest;
        let (mut client, mut server, _) = shake(client, server);
        for text in &texts {
            client.send(text).unwrap();
            server.send(text).unwrap();
        }
        let told = exchange(&mut client, &mut server, piece);
        prop_assert_eq!(Told::data(&told.client), texts.concat());
        prop_assert_eq!(Told::data(&told.server), texts.concat());
    }

    #[test]
    fn any_octets_are_survived(octets: Vec<u8>, more: Vec<u8>, content in 20u8..24, kind: u8, handshaken: bool) {
        let (mut client, mut server) = if handshaken {
            let (client, server, _) = shake(client_config(), server_config());
            (client, server)
        } else {
            (Client::new(client_config(), 1), Server::new(server_config(), 2))
        };
        for octets in [&octets, &more] {
            let length = u8::try_from(octets.len().min(200)).unwrap();
            let body = &octets[..usize::from(length)];
            let wire = [&[content, 3, 1, 0, length + 4, kind, 0, 0, length], body].concat();
            client.receive(&wire);
            server.receive(&wire);
            client.receive(octets);
            server.receive(octets);
        }
        client.end_of_input();
        let told = told(&mut client, &mut server);
        prop_assert!(told.client.len() < 600);
    }
}

#[test]
fn nothing_secret_is_shown() {
    let (mut client, mut server) = configs(Version::Tls10, Suite::PskAes128CbcSha);
    client.common.key_log = true;
    server.common.key_log = true;
    let config = format!("{client:?}");
    assert!(config.contains("key: Secret") && !config.contains("11, 11"), "{config}");
    let (client, server, _) = shake(client, server);
    let master = client.session().unwrap().master.expose().to_vec();
    for shown in [format!("{client:?}"), format!("{server:?}"), format!("{:?}", client.session())] {
        let decimal = format!("{master:?}");
        assert!(!shown.contains(decimal.trim_matches(['[', ']'])), "{shown}");
        assert!(!shown.to_uppercase().contains(&dmsc_octets::to_hex(&master)), "{shown}");
    }
}
