//! GnuTLS: gnutls-serv and gnutls-cli.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use dmsc_tls::{Cause, Closure, Description, Event, MaxFragmentLength, Renegotiation, Suite, Version};

use super::glue::*;

fn priority(version: Version, suite: Suite) -> String {
    let version = match version {
        Version::Tls10 => "VERS-TLS1.0",
        Version::Tls11 => "VERS-TLS1.1",
        _ => "VERS-TLS1.2",
    };
    let cipher = if suite == Suite::PskAes128CbcSha { "AES-128-CBC" } else { "3DES-CBC" };
    format!("NONE:+{version}:+PSK:+{cipher}:+SHA1:+COMP-NULL:+SIGN-ALL")
}

/// The file with the keys of gnutls-serv, which reads it at each connection.
fn keys() -> &'static PathBuf {
    static KEYS: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = std::env::temp_dir().join(format!("dmsc-tls-psk-{}.txt", std::process::id()));
        std::fs::write(&path, format!("{IDENTITY}:{KEY}\n")).unwrap();
        path
    });
    &KEYS
}

fn serve(version: Version, suite: Suite, more: &[&str]) -> (Program, u16) {
    let port = free_port();
    let mut command = Command::new("gnutls-serv");
    command.args(["--echo", "--noticket", "--pskpasswd"]).arg(keys());
    command.args(["--port", &port.to_string(), "--priority", &priority(version, suite)]).args(more);
    (Program::start(&mut command), port)
}

fn speak(version: Version, suite: Suite, port: u16, key: &str, identity: &str, more: &[&str]) -> Program {
    let mut command = Command::new("gnutls-cli");
    command.args(["--insecure", "--noticket", "--pskusername", identity, "--pskkey", key]);
    command.args(["--port", &port.to_string(), "--priority", &priority(version, suite)]).args(more).arg("127.0.0.1");
    Program::start(&mut command)
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_client_in_each_version_and_suite_with_resumption() {
    for (version, suite, extended) in matrix(&Suite::DM_SC) {
        let (_program, port) = serve(version, suite, &["--pskhint", "a hint"]);
        let config = || {
            with(client(), |config| {
                config.common.encrypt_then_mac = extended;
                config.common.extended_master_secret = extended;
            })
        };
        let (first, events) = call(config(), port, "hello\n");
        let one = established(&events);
        assert_eq!((one.version, one.suite, one.resumed), (version, suite, false));
        assert_eq!((one.encrypt_then_mac, one.extended_master_secret), (extended, extended));
        assert!(one.secure_renegotiation);
        let session = first.session().cloned();
        let (_, events) = call(with(config(), |config| config.session = session), port, "hello\n");
        assert!(established(&events).resumed, "{version} {suite}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_server_in_each_version_and_suite_with_resumption() {
    for (version, suite, extended) in matrix(&Suite::DM_SC) {
        let (listener, port) = listen();
        let mut program = speak(version, suite, port, KEY, IDENTITY, &["--resume"]);
        let config = || {
            with(server(), |config| {
                config.hint = Some(b"a hint".to_vec());
                config.common.encrypt_then_mac = extended;
                config.common.extended_master_secret = extended;
            })
        };
        // The first connection is closed by gnutls-cli as soon as it is up.
        let mut stream = accept(&listener);
        let mut first = dmsc_tls::Server::new(config(), 1);
        let events = carry(&mut first, &mut stream, |_| false);
        let one = established(&events);
        assert_eq!((one.version, one.suite), (version, suite));
        assert_eq!((one.encrypt_then_mac, one.extended_master_secret), (extended, extended));
        drop(stream);
        let again = with(config(), |config| config.cache.insert(first.session().unwrap().clone()));
        let (_, events) = answer(again, 2, &listener, &mut program);
        assert!(established(&events).resumed);
        let output = program.output();
        assert!(output.contains("answered") && output.contains("This is a resumed session"), "{output}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn records_have_the_length_that_was_asked_for() {
    let (_program, port) = serve(Version::Tls12, Suite::PskAes128CbcSha, &[]);
    let config = with(client(), |config| config.max_fragment_length = Some(MaxFragmentLength::Octets512));
    let (_, events) = call(config, port, "hello\n");
    assert_eq!(established(&events).max_fragment_length, Some(MaxFragmentLength::Octets512));
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn pieces_splits_and_padding_are_taken() {
    for version in VERSIONS {
        let (_program, port) = serve(version, Suite::Psk3DesEdeCbcSha, &[]);
        let config = with(client(), |config| {
            config.common.fragment = 20;
            config.common.split = dmsc_tls::Split::OneAndRest;
            config.common.padding = dmsc_tls::Padding::Longest;
        });
        call(config, port, "hello\n");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn another_handshake_is_had_on_the_same_connection() {
    for version in VERSIONS {
        let (listener, port) = listen();
        let _program = speak(version, Suite::PskAes128CbcSha, port, KEY, IDENTITY, &["--rehandshake"]);
        let config = with(server(), |config| config.common.renegotiation = Renegotiation::Secure);
        let count = |events: &[dmsc_tls::Event]| {
            events.iter().filter(|event| matches!(event, dmsc_tls::Event::Established(_))).count()
        };
        let mut stream = accept(&listener);
        let events = carry(&mut dmsc_tls::Server::new(config, 1), &mut stream, |events| count(events) == 2);
        assert_eq!(count(&events), 2, "{events:?}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_client_is_refused() {
    for version in VERSIONS {
        let (_program, port) = serve(version, Suite::Psk3DesEdeCbcSha, &[]);
        let wrong = with(client(), |config| config.key = dmsc_tls::Secret::new(vec![0xFF; 16]));
        assert_eq!(peer_alert(&refused(wrong, port)), Description::BadRecordMac);
        // GnuTLS hides that it does not know somebody.
        let nobody = with(client(), |config| config.identity = b"nobody".to_vec());
        assert_eq!(peer_alert(&refused(nobody, port)), Description::BadRecordMac);
        let other = with(client(), |config| config.common.suites = vec![Suite::PskAes128CbcSha]);
        assert_eq!(peer_alert(&refused(other, port)), Description::HandshakeFailure);
    }
    let (_program, port) = serve(Version::Tls12, Suite::PskAes128CbcSha, &[]);
    let old = with(client(), |config| config.common.max_version = Version::Tls11);
    assert_eq!(peer_alert(&refused(old, port)), Description::ProtocolVersion);
    let liar = with(client(), |config| config.common.fixed.verify_data = Some(vec![0; 12]));
    let alert = peer_alert(&refused(liar, port));
    assert!(matches!(alert, Description::DecryptError | Description::IllegalParameter), "{alert}");
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn our_server_refuses() {
    for version in VERSIONS {
        let try_with = |key, identity| {
            let (listener, port) = listen();
            let program = speak(version, Suite::PskAes128CbcSha, port, key, identity, &[]);
            let mut stream = accept(&listener);
            let events = carry(&mut dmsc_tls::Server::new(server(), 1), &mut stream, is_up);
            drop(stream);
            (failure(&events).clone(), program.output())
        };
        let (failure, output) = try_with(OTHER_KEY, IDENTITY);
        assert_eq!(failure.cause, Cause::WrongKey);
        assert!(output.contains("[20]: Bad record MAC"), "{output}");
        let (failure, output) = try_with(KEY, "nobody");
        assert_eq!(failure.cause, Cause::UnknownIdentity(b"nobody".to_vec()));
        assert!(output.contains("[115]"), "{output}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn what_our_client_does_wrong_is_told() {
    for version in VERSIONS {
        let (_program, port) = serve(version, Suite::PskAes128CbcSha, &[]);
        let (mac, overflow) = (Description::BadRecordMac, Description::RecordOverflow);
        // With encrypt_then_mac, GnuTLS does not look at padding octets.
        assert_eq!(misdeeds(port, false), [mac, mac, mac, overflow, Description::UnexpectedMessage], "{version}");
    }
}

#[test]
#[ignore = "needs gnutls-bin and openssl"]
fn a_peer_that_dies_does_not_close() {
    let version = Version::Tls12;
    let (program, port) = serve(version, Suite::PskAes128CbcSha, &[]);
    let events = misbehave(client(), port, |_| drop(program));
    assert!(matches!(events.last(), Some(Event::Closed(Closure::Truncated { left: 0 }))), "{events:?}");
}
