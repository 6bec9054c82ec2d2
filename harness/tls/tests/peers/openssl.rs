//! OpenSSL: `openssl s_server` and `openssl s_client`. Debian's is built without 3DES.

use std::process::Command;

use dmsc_tls::{Cause, Closure, Description, Event, MaxFragmentLength, Renegotiation, Server, Suite, Version};

use super::glue::*;

const CIPHERS: &str = "PSK-AES128-CBC-SHA:@SECLEVEL=0";
const SUITES: [Suite; 1] = [Suite::PskAes128CbcSha];

fn option(version: Version) -> &'static str {
    match version {
        Version::Tls10 => "-tls1",
        Version::Tls11 => "-tls1_1",
        _ => "-tls1_2",
    }
}

fn serve(version: Version, more: &[&str]) -> (Program, u16) {
    let port = free_port();
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-nocert", "-no_ticket", "-rev"]);
    command.args(["-psk", KEY, "-psk_identity", IDENTITY, "-cipher", CIPHERS, option(version)]).args(more);
    (Program::start(&mut command), port)
}

fn speak(version: Version, port: u16, key: &str, identity: &str, more: &[&str]) -> Program {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-no_ticket"]);
    command.args(["-psk", key, "-psk_identity", identity, "-cipher", CIPHERS, option(version)]).args(more);
    Program::start(&mut command)
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_client_in_each_version_with_resumption() {
    for (version, suite, extended) in matrix(&SUITES) {
        let (_program, port) = serve(version, &["-psk_hint", "a hint"]);
        let config = || {
            with(client(), |config| {
                config.common.encrypt_then_mac = extended;
                config.common.extended_master_secret = extended;
                config.signal = if extended { dmsc_tls::Signal::Extension } else { dmsc_tls::Signal::Scsv };
            })
        };
        let (first, events) = call(config(), port, "olleh\n");
        let one = established(&events);
        assert_eq!((one.version, one.suite, one.resumed), (version, suite, false));
        assert_eq!((one.encrypt_then_mac, one.extended_master_secret), (extended, extended));
        assert!(one.secure_renegotiation);
        let session = first.session().cloned();
        let (_, events) = call(with(config(), |config| config.session = session), port, "olleh\n");
        assert!(established(&events).resumed, "{version}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_server_in_each_version_with_resumption() {
    for (version, suite, extended) in matrix(&SUITES) {
        let (listener, port) = listen();
        // Connects once and five times again, the last of which stays.
        let mut program = speak(version, port, KEY, IDENTITY, &["-reconnect"]);
        let config = || {
            with(server(), |config| {
                config.hint = Some(b"a hint".to_vec());
                config.common.encrypt_then_mac = extended;
                config.common.extended_master_secret = extended;
            })
        };
        let mut stream = accept(&listener);
        let mut first = Server::new(config(), 1);
        let events = carry(&mut first, &mut stream, |_| false);
        let one = established(&events);
        assert_eq!((one.version, one.suite), (version, suite));
        assert_eq!((one.encrypt_then_mac, one.extended_master_secret), (extended, extended));
        let again = || with(config(), |config| config.cache.insert(first.session().unwrap().clone()));
        for seed in 2..6 {
            let events = carry(&mut Server::new(again(), seed), &mut accept(&listener), |_| false);
            assert!(established(&events).resumed, "{version}");
        }
        let (_, events) = answer(again(), 6, &listener, &mut program);
        assert!(established(&events).resumed);
        let output = program.output();
        assert!(output.contains("answered") && output.contains("Reused"), "{output}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn lengths_pieces_and_old_hellos_are_taken() {
    for version in VERSIONS {
        let (_program, port) = serve(version, &[]);
        let config = with(client(), |config| {
            config.max_fragment_length = Some(MaxFragmentLength::Octets1024);
            config.common.split = dmsc_tls::Split::EmptyFirst;
            config.common.padding = dmsc_tls::Padding::Longest;
            config.common.coalesce = true;
        });
        let (_, events) = call(config, port, "olleh\n");
        assert_eq!(established(&events).max_fragment_length, Some(MaxFragmentLength::Octets1024));
        let config = with(client(), |config| {
            config.ssl2_hello = true;
            config.common.fragment = 20;
        });
        call(config, port, "olleh\n");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn another_handshake_is_had_on_the_same_connection() {
    let count = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Established(_))).count();
    for version in VERSIONS {
        let (_program, port) = serve(version, &["-client_renegotiation"]);
        let mut stream = connect(port);
        let mut client = dmsc_tls::Client::new(client(), 1);
        assert!(is_up(&carry(&mut client, &mut stream, is_up)));
        client.renegotiate();
        let events = carry(&mut client, &mut stream, is_up);
        assert_eq!(count(&events), 1, "{events:?}");

        let (listener, port) = listen();
        let _program = speak(version, port, KEY, IDENTITY, &[]);
        let mut stream = accept(&listener);
        let config = with(server(), |config| config.common.renegotiation = Renegotiation::Secure);
        let mut server = Server::new(config, 1);
        assert!(is_up(&carry(&mut server, &mut stream, is_up)));
        server.renegotiate();
        let events = carry(&mut server, &mut stream, is_up);
        assert_eq!(count(&events), 1, "{events:?}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_client_is_refused() {
    for version in VERSIONS {
        let (_program, port) = serve(version, &[]);
        let wrong = with(client(), |config| config.key = dmsc_tls::Secret::new(vec![0xFF; 16]));
        assert_eq!(peer_alert(&refused(wrong, port)), Description::BadRecordMac);
        // s_server warns of an identity that is not the one it expects, and goes on.
        let nobody = with(client(), |config| config.identity = b"nobody".to_vec());
        assert!(is_up(&refused(nobody, port)));
        let other = with(client(), |config| config.common.suites = vec![Suite::Psk3DesEdeCbcSha]);
        assert_eq!(peer_alert(&refused(other, port)), Description::HandshakeFailure);
        let liar = with(client(), |config| config.common.fixed.verify_data = Some(vec![0; 12]));
        assert_eq!(peer_alert(&refused(liar, port)), Description::DecryptError);
    }
    let (_program, port) = serve(Version::Tls12, &[]);
    let old = with(client(), |config| config.common.max_version = Version::Tls11);
    assert_eq!(peer_alert(&refused(old, port)), Description::ProtocolVersion);
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_server_refuses() {
    for version in VERSIONS {
        let try_with = |config, key, identity| {
            let (listener, port) = listen();
            let program = speak(version, port, key, identity, &[]);
            let mut stream = accept(&listener);
            let events = carry(&mut Server::new(config, 1), &mut stream, is_up);
            let up = is_up(&events);
            let events = if up { events } else { vec![Event::Failed(failure(&events).clone())] };
            drop(stream);
            (events, program.output())
        };
        let (events, output) = try_with(server(), OTHER_KEY, IDENTITY);
        assert_eq!(failure(&events).cause, Cause::WrongKey);
        assert!(output.contains("alert number 20"), "{output}");
        let (events, output) = try_with(server(), KEY, "nobody");
        assert_eq!(failure(&events).cause, Cause::UnknownIdentity(b"nobody".to_vec()));
        assert!(output.contains("alert number 115"), "{output}");
        // Without renegotiation_info it is the client that refuses.
        let silent = with(server(), |config| config.renegotiation_info = false);
        let (events, output) = try_with(silent, KEY, IDENTITY);
        assert_eq!(peer_alert(&events), Description::HandshakeFailure);
        assert!(output.contains("unsafe legacy renegotiation disabled"), "{output}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn what_our_client_does_wrong_is_told() {
    for version in VERSIONS {
        let (_program, port) = serve(version, &[]);
        let (mac, overflow) = (Description::BadRecordMac, Description::RecordOverflow);
        for encrypt_then_mac in [false, true] {
            let heard = misdeeds(port, encrypt_then_mac);
            assert_eq!(heard, [mac, mac, mac, overflow, Description::UnexpectedMessage], "{version}");
        }
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn a_peer_that_dies_does_not_close() {
    let version = Version::Tls12;
    let (program, port) = serve(version, &[]);
    let events = misbehave(client(), port, |_| drop(program));
    assert!(matches!(events.last(), Some(Event::Closed(Closure::Truncated { left: 0 }))), "{events:?}");
}
