use dmsc_octets::from_hex;
use proptest::prelude::*;

use super::*;
use crate::{Extension, ExtensionType, Suite, Version};

const RANDOM: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";

fn octets(text: &str) -> Vec<u8> {
    from_hex(&text.replace("RANDOM", RANDOM)).unwrap()
}

#[test]
fn a_client_hello_keeps_what_nobody_knows() {
    let wire = octets("01 000040 0303 RANDOM 02 A1A2 0008 DADA 008C 008B 00FF 01 00 000D 2A2A0000 0001000102 00160000");
    let Ok(Handshake::ClientHello(hello)) = Handshake::decode(&wire) else { panic!("{:?}", Handshake::decode(&wire)) };
    assert_eq!(hello.version, Version::Tls12);
    assert_eq!(hello.session_id, [0xA1, 0xA2]);
    assert_eq!(hello.suites[0], Suite::Other(0xDADA));
    assert_eq!(hello.suites[1..3], Suite::DM_SC);
    let extensions = hello.extensions.clone().unwrap();
    assert_eq!(extensions[0], Extension::empty(ExtensionType::Other(0x2A2A)));
    let message = Handshake::ClientHello(hello);
    assert_eq!(message.encode(), Ok(wire));
    let shown: Vec<String> = message.fields().iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
    assert_eq!(
        shown,
        [
            "msg_type: client_hello (01)",
            "client_version: TLS 1.2 (0303)",
            &format!("random: {RANDOM}"),
            "session_id: A1A2",
            "cipher_suite: GREASE (DADA)",
            "cipher_suite: TLS_PSK_WITH_AES_128_CBC_SHA (008C)",
            "cipher_suite: TLS_PSK_WITH_3DES_EDE_CBC_SHA (008B)",
            "cipher_suite: TLS_EMPTY_RENEGOTIATION_INFO_SCSV (00FF)",
            "compression_methods: 00",
            "extension: GREASE (2A2A)",
            "extension: max_fragment_length (0001): 1024 octets (02)",
            "extension: encrypt_then_mac (0016)",
        ]
    );
}

#[test]
fn the_form_of_ssl_2_is_read() {
    let wire = octets("01 0301 0006 0000 0010 00008C 010080 000102030405060708090A0B0C0D0E0F");
    let hello = Ssl2ClientHello::decode(&wire).unwrap();
    assert_eq!(hello.encode(), Ok(wire.clone()));
    let as_tls = hello.to_client_hello();
    assert_eq!(as_tls.suites, [Suite::PskAes128CbcSha]);
    assert_eq!(as_tls.random, *octets("00000000000000000000000000000000 000102030405060708090A0B0C0D0E0F").as_slice());
    assert_eq!(Handshake::Ssl2ClientHello(hello).fields()[3].value, "of SSL 2.0 (010080)");
    let fault = |wire: &[u8]| Ssl2ClientHello::decode(wire).unwrap_err().to_string();
    assert_eq!(fault(&[4]), "octet 0: msg_type is 04; it is 01, a ClientHello");
    assert_eq!(fault(&octets("01 0301 0004 0000 0010")), "octet 3: cipher_specs has 4 octets; it has a multiple of 3");
    assert_eq!(fault(&octets("01 0301 0003 0000 0008")), "octet 7: challenge has 8 octets; it has 16 to 32");
    let longer = [wire.as_slice(), &[0]].concat();
    let told =
        "octet 31: 1 octets follow the last field of V2ClientHello; take them out, or check the lengths before them";
    assert_eq!(fault(&longer), told);
}

#[test]
fn the_other_messages_are_read_and_written() {
    let hello = ServerHello {
        version: Version::Tls10,
        random: octets(RANDOM).try_into().unwrap(),
        session_id: vec![9],
        suite: Suite::Psk3DesEdeCbcSha,
        compression: 0,
        extensions: None,
    };
    for (message, wire) in [
        (Handshake::HelloRequest, octets("00 000000")),
        (Handshake::ServerHello(hello), octets("02 000027 0301 RANDOM 01 09 008B 00")),
        (Handshake::ServerKeyExchange { hint: b"h".to_vec() }, octets("0C 000003 0001 68")),
        (Handshake::ServerHelloDone, octets("0E 000000")),
        (Handshake::ClientKeyExchange { identity: b"id".to_vec() }, octets("10 000004 0002 6964")),
        (Handshake::Finished { verify_data: vec![7; 12] }, octets("14 00000C 070707070707070707070707")),
        (Handshake::Other { kind: HandshakeType::Certificate, body: vec![0; 3] }, octets("0B 000003 000000")),
        (Handshake::Other { kind: HandshakeType::Other(99), body: vec![] }, octets("63 000000")),
    ] {
        assert_eq!(message.encode().as_ref(), Ok(&wire));
        assert_eq!(Handshake::decode(&wire), Ok(message));
    }
}

#[test]
fn errors_say_where_and_what() {
    let fault = |wire: &str| Handshake::decode(&octets(wire)).unwrap_err().to_string();
    assert_eq!(fault("01"), "octet 1: length needs 3 octets and 0 are left; check the length before it");
    assert_eq!(fault("0E 000001"), "octet 4: the body needs 1 octets and 0 are left; check the length before it");
    assert_eq!(fault("14 000001 00"), "octet 4: verify_data has 1 octets; it has 12");
    let trailing = "1 octets follow the last field of the message; take them out, or check the lengths before them";
    assert_eq!(fault("0E 000001 00"), format!("octet 4: {trailing}"));
    let hello = |rest: &str| {
        let body = octets(&format!("0303 RANDOM {rest}"));
        Handshake::decode(&[&[1, 0, 0, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()).unwrap_err()
    };
    assert_eq!(hello("21").fault, Fault::Truncated { field: "session_id", needs: 33, left: 0 });
    assert_eq!(
        hello("00 0003 008C00 01 00").to_string(),
        "octet 39: cipher_suites has 3 octets; it has an even number, at least 2"
    );
    assert_eq!(hello("00 0002 008C 00").to_string(), "octet 43: compression_methods has 0 octets; it has at least 1");
    assert_eq!(
        hello("00 0002 008C 01 00 0003 001600").fault,
        Fault::Truncated { field: "extension_data", needs: 2, left: 1 }
    );
    let identity = Handshake::ClientKeyExchange { identity: vec![0; 65_536] }.encode().unwrap_err();
    assert_eq!(identity.to_string(), "psk_identity has 65536 octets, and its length can say 65535; shorten it");
}

fn extension() -> impl Strategy<Value = Extension> {
    (any::<u16>(), prop::collection::vec(any::<u8>(), 0..20))
        .prop_map(|(kind, data)| Extension { kind: ExtensionType::from_code(kind), data })
}

prop_compose! {
    fn client_hello()(
        version: u16, random: [u8; 32], session_id in prop::collection::vec(any::<u8>(), 0..33),
        suites in prop::collection::vec(any::<u16>(), 1..40), compressions in prop::collection::vec(any::<u8>(), 1..4),
        extensions in prop::option::of(prop::collection::vec(extension(), 0..5)),
    ) -> ClientHello {
        let suites = suites.into_iter().map(Suite::from_code).collect();
        ClientHello { version: Version::from_code(version), random, session_id, suites, compressions, extensions }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(hello in client_hello(), at: prop::sample::Index) {
        let message = Handshake::ClientHello(hello);
        let wire = message.encode().unwrap();
        prop_assert_eq!(Handshake::decode(&wire), Ok(message));
        // Cut anywhere, it is an error: nothing is read beyond the lengths.
        prop_assert!(Handshake::decode(&wire[..at.index(wire.len())]).is_err());
    }

    #[test]
    fn any_octets_are_survived(kind: u8, body: Vec<u8>) {
        let _ = Handshake::decode(&body);
        let _ = Ssl2ClientHello::decode(&body).map(|hello| hello.to_client_hello());
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let wire = [&[kind], &length[1..], &body].concat();
        if let Ok(message) = Handshake::decode(&wire) {
            let _ = message.fields();
            prop_assert_eq!(message.encode(), Ok(wire));
        }
    }
}
