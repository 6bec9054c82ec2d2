//! A handset's start on the reference cards, APDU by APDU: what modems send between power-on and their first session.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use dmsc_doc::Source;
use dmsc_engine::account::{Account, AuthScheme};
use dmsc_engine::card::files::FileSystem;
use dmsc_engine::card::{Card, CardConfig};
use dmsc_engine::medium::Medium;
use dmsc_engine::switch::Switches;
use dmsc_link::{Peer, Signal, Time};
use dmsc_octets::{from_hex, to_hex};
use dmsc_uicc::authentication::{Algorithm, Block, Milenage, Xor};
use dmsc_uicc::channel::TransportProtocol;
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::fs::{Fcp, PinStatus};
use proptest::prelude::*;

const REFERENCE: &str = include_str!("../../../fixtures/cards/reference.yaml");
const PIN: &str = include_str!("../../../fixtures/cards/pin.yaml");

struct Handset {
    card: Card,
    /// Names of the proactive commands fetched.
    fetched: Vec<String>,
}

impl Handset {
    fn new(fixture: &str) -> Handset {
        let account = Account {
            server_id: "dmsc.example.com".into(),
            address: "http://127.0.0.1:3516/OMA/DM".into(),
            auth_name: None,
            server_secret: "s3cr3t-P@ss".into(),
            server_nonce: (0..16).collect(),
            server_auth: AuthScheme::Md5,
            client_name: "client1".into(),
            client_secret: "pwd-C".into(),
            client_nonce: (0..16).collect(),
            client_auth: AuthScheme::Md5,
            form: dmsc_engine::trigger_form::TriggerForm::default(),
            psk: dmsc_engine::account::Psk::default(),
            certificates: dmsc_engine::account::Certificates::default(),
        };
        let card = Card::new(CardConfig {
            versions: dmsc_engine::dm::version::Versions::default(),
            choices: dmsc_engine::choice::Choices::default(),
            medium: Medium::Contact,
            files: FileSystem::read(&Source::new("card.yaml", fixture)).unwrap(),
            account,
            program: Vec::new(),
            http_port: 3516,
            own_number: None,
            triggers: dmsc_engine::messages::TriggerWays::default(),
            buffer_size: 1400,
            transport: TransportProtocol::TcpClientLocal,
            type_first: false,
            causes: Vec::new(),
            scws: true,
            raw: false,
            full_commands: false,
            bip_chunks: Vec::new(),
            switches: Switches::default(),
            patches: Vec::new(),
            scripted: false,
            seed: 1,
        });
        Handset { card, fetched: Vec::new() }
    }

    /// The one signal the card has for another one.
    fn exchange(&mut self, signal: Signal) -> Signal {
        self.card.handle(Time::ZERO, signal);
        let answer = self.card.poll().unwrap_or_else(|| panic!("no answer"));
        assert!(self.card.poll().is_none(), "two answers");
        answer
    }

    fn power_on(&mut self) -> Vec<u8> {
        match self.exchange(Signal::PowerOn) {
            Signal::Atr(atr) => atr,
            other => panic!("{other:?}"),
        }
    }

    fn send(&mut self, octets: &[u8]) -> (Vec<u8>, u16) {
        match self.exchange(Signal::Command(octets.to_vec())) {
            Signal::Response(octets) => {
                let (data, sw) = octets.split_at(octets.len() - 2);
                (data.to_vec(), u16::from_be_bytes([sw[0], sw[1]]))
            }
            other => panic!("{other:?}"),
        }
    }

    /// Sends a command, then fetches and performs what the card wants done.
    fn command(&mut self, apdu: &str) -> String {
        let (data, mut sw) = self.send(&from_hex(apdu).unwrap());
        let answer = format!("{}{:04X}", to_hex(&data), if sw >> 8 == 0x91 { 0x9000 } else { sw });
        while sw >> 8 == 0x91 {
            let (octets, fetched) = self.send(&[0x80, 0x12, 0x00, 0x00, (sw & 0xFF) as u8]);
            assert_eq!(fetched, 0x9000);
            let command = ProactiveCommand::parse(&octets).unwrap();
            self.fetched.push(command.name());
            let mut response =
                vec![0x81, 0x03, octets[4], octets[5], octets[6], 0x82, 0x02, 0x82, 0x81, 0x83, 0x01, 0x00];
            if command.command_type() == Some(CommandType::OpenChannel) {
                response.extend_from_slice(&[0xB8, 0x02, 0x41, 0x00, 0xB9, 0x02, 0x05, 0x78]);
            }
            let header = [0x80, 0x14, 0x00, 0x00, response.len() as u8];
            sw = self.send(&[&header[..], &response].concat()).1;
        }
        answer
    }

    fn script(&mut self, lines: &[(&str, &str)]) {
        for (i, (apdu, answer)) in lines.iter().enumerate() {
            let found = self.command(apdu);
            let expected = answer.replace(' ', "");
            // An answer that ends in dots is given by its beginning.
            match expected.strip_suffix("..") {
                Some(start) => {
                    assert!(found.starts_with(start) && found.ends_with("9000"), "line {i}: {apdu}: {found}")
                }
                None => assert_eq!(found, expected, "line {i}: {apdu}"),
            }
        }
    }
}

fn block(text: &str) -> Block {
    from_hex(text).unwrap().try_into().unwrap()
}

#[test]
fn a_handset_starts_from_the_reference_card() {
    let mut handset = Handset::new(REFERENCE);
    assert_eq!(to_hex(&handset.power_on()), "3B9F96801F878031E073FE211B57444D53432D303195");
    handset.script(&[
        // What kind of card is it? An older class, then the UICC.
        ("A0A40000023F00", "6E00"),
        ("00A40004023F0000", "6227820278218302 3F00 A506800171870101 .."),
        ("80AA000005A903800100", "9000"),
        ("00A40004022F0500", "62.."),
        ("00B0000004", "656EFFFF 9000"),
        ("00A40004022FE200", "62.."),
        ("00B000000A", "988812010000000010F1 9000"),
        ("00A40004022F0000", "621A 8205422100260183022F00 .."),
        ("00B2010426", "61184F10A0000000871002FFFFFFFF890709000050045553494D .."),
        ("00B2020426", "6A83"),
        ("00B0880005", "0A3C00FFFF 9000"),
        // The application, and whether a PIN is wanted.
        ("00A4040410A0000000871002FFFFFFFF890709000000", "623682027821 83027FFF 8410 .."),
        ("0020000100", "63C3"),
        ("0020008100", "63C3"),
        ("002C000100", "63CA"),
        // What the UICC may ask of the terminal; the SCWS listens.
        ("801000001EB317E942110C00870000001F420000001F00000000000000000000000004", "9000"),
        // TS 31.102 5.1.1: languages, access rules, emergency numbers, services, identity.
        ("00A40804047FFF6F0500", "62.."),
        ("00B0000006", "656EFFFFFFFF 9000"),
        ("00A40804047FFF6F0600", "62.."),
        ("00B2030400", "800101.."),
        ("00B2010C04", "11F2FF00 9000"),
        ("00B2020C04", "19F1FF00 9000"),
        ("00B2030C04", "6A83"),
        ("00A40804047FFF6F3800", "62.."),
        ("00B000000D", "0EDA1F2C233604004010100000 9000"),
        ("00A40804047FFF6F0700", "62178202412183026F07 8A0105 8B036F0605 80020009 880138 9000"),
        ("00B0000009", "080910100000000010 9000"),
        ("00A40804047FFF6FAD00", "62.."),
        ("00B0000004", "00000002 9000"),
        ("00B0860002", "0001 9000"),
        ("00B0850001", "00 9000"),
        ("00B0920001", "0A 9000"),
        ("00B09300 05", "00F110C080 9000"),
        ("00B0910000", "FFFFFF0000 .."),
        ("00B08A0000", "FFFFFF0000 .."),
        ("00B08D000C", "FFFFFFFFFFFFFFFFFFFFFFFF 9000"),
        ("00B09D0003", "00F110 9000"),
        // Where it was last, and its keys.
        ("00B08B000B", "FFFFFFFF00F1100001FF01 9000"),
        ("00B08C000E", "FFFFFFFFFFFFFF00F1100001FF01 9000"),
        ("00B09E0012", "FFFFFFFFFFFFFFFFFFFFFFFF00F110000101 9000"),
        ("00B201C450", "FFFF.."),
        ("00B0880021", "07FFFF.."),
        ("00B0890021", "07FFFF.."),
        ("00B08F0006", "F00000F00000 9000"),
        ("00B0900003", "FFFFFF 9000"),
        // Names of network and provider.
        ("00A40804047FFF6F4600", "62.."),
        ("00B0000011", "01444D115343 .."),
        ("00B201CC18", "430A82C426683A0451CB733A .."),
        ("00B201D408", "00F1100000FFFE01 9000"),
        ("00B09B0011", "A305800300F110 .."),
        // Short messages and numbers.
        ("00A40804047FFF6F4200", "62.."),
        ("00B201042A", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFD .."),
        ("00A40804047FFF6F4300", "62.."),
        ("00B0000002", "FFFF 9000"),
        ("00A40804047FFF6F3C00", "6219 820542 2100B00A 83026F3C .."),
        ("00B20104B0", "00FFFF.."),
        ("00B20A04B0", "00FFFF.."),
        ("00A40804047FFF6F4000", "62.."),
        ("00B201041C", "FFFFFFFFFFFFFFFFFFFFFFFFFFFF06915155214365FFFFFFFFFFFFFF 9000"),
        ("00A40804067F105F3A4F3000", "62.."),
        ("00B2010414", "A805C0034F3A01AA05C2034F4A02 .."),
        ("00A40804067F105F3A4F3A00", "62.."),
        ("00B201041C", "FFFF.."),
        // The application is up; services the card does not have are not there.
        ("80F2010C", "9000"),
        ("00A4080C047FFF6FC7", "6A82"),
        ("00A4080C047FFF5FC0", "6A82"),
    ]);
    assert_eq!(handset.fetched, ["set-up-event-list", "open-channel"]);
    // Channels for what runs beside the telephony; what is selected there disturbs nothing.
    handset.script(&[
        ("0070000001", "01 9000"),
        ("01A4040C07A0000000871004", "6A82"),
        ("01A4040C09A00000015141434C00", "6A82"),
        ("00708001", "9000"),
        ("0070000001", "01 9000"),
        ("01A4040007A0000000871002", "6236 .."),
        ("01B0870009", "080910100000000010 9000"),
        ("00B201041C", "FFFF.."),
        ("00A40804047FFF6F7E00", "62.."),
        ("00D600000B 1122334400F1100007FF00", "9000"),
        ("00708001", "9000"),
        ("80F2000000", "6236 .."),
    ]);
    // The network lets the handset in, and is let in itself.
    let network = Algorithm::Milenage(Milenage::with_opc(
        block("465B5CE8B199B49FAA5F0A2EE238A6BC"),
        block("CD63CB71954A9F4E48A5994E37A02BAF"),
    ));
    let rand = [0x11; 16];
    let token = network.token(&rand, [0x00, 0x00, 0x00, 0x00, 0x00, 0x20], [0x80, 0x00]);
    let challenge = format!("008800812210{}10{}00", to_hex(&rand), to_hex(&token));
    let answers = network.answers(&rand);
    let expected = format!("DB08{}10{}10{}08..", to_hex(&answers.res), to_hex(&answers.ck), to_hex(&answers.ik));
    handset.script(&[(&challenge, &expected), (&challenge, "DC0E..")]);
    // Lengths that a card without extended ones has to refuse, and octets that are no command.
    handset.script(&[
        ("00B00000000000", "6700"),
        ("00A400040000023F00", "6700"),
        ("00A40004053F00", "6700"),
        ("00A4", "6700"),
        ("80C2000003D60500", "6A80"),
        ("8112000000", "6881"),
        ("8012000000", "6985"),
    ]);
    // After a reset the handset finds what it has written.
    assert!(matches!(handset.exchange(Signal::Reset), Signal::Atr(_)));
    handset.script(&[("00A4040C07A0000000871002", "9000"), ("00B08B000B", "1122334400F1100007FF00 9000")]);
}

#[test]
fn a_handset_asks_its_user_for_the_pin() {
    let mut handset = Handset::new(PIN);
    handset.power_on();
    let parameters = handset.command("00A4040407A000000087100200");
    let fcp = Fcp::parse(&from_hex(parameters.strip_suffix("9000").unwrap()).unwrap()).unwrap();
    let pin = |reference, usage| PinStatus { reference, enabled: true, usage };
    assert_eq!(fcp.pins(), Some(vec![pin(0x01, None), pin(0x11, Some(0x08)), pin(0x81, None)]));
    let network = Algorithm::Xor(Xor::new(block("000102030405060708090A0B0C0D0E0F"), 8));
    let rand = [0x22; 16];
    let token = network.token(&rand, [0; 6], [0x80, 0x00]);
    let challenge = format!("008800812210{}10{}00", to_hex(&rand), to_hex(&token));
    handset.script(&[
        ("00B0830004", "80000002 9000"),
        ("00B0870009", "6982"),
        ("00B0840005", "6982"),
        (&challenge, "6982"),
        ("0020000108 31313131FFFFFFFF", "63C2"),
        ("0020000100", "63C2"),
        ("0020000108 32343638FFFFFFFF", "9000"),
        ("00B0870009", "080910100000000020 9000"),
        ("00B0840005", "0210000003 9000"),
        ("00D68B000B 1122334400F1100007FF00", "9000"),
        (&challenge, "DB08 .."),
        // The user switches the PIN off; then it is no longer asked for.
        ("0026000108 32343638FFFFFFFF", "9000"),
    ]);
    handset.exchange(Signal::Reset);
    handset.script(&[("00A4040C07A0000000871002", "9000"), ("00B0870009", "080910100000000020 9000")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever octets come, between resets, each command gets one answer with a status word.
    #[test]
    fn no_command_goes_without_an_answer(
        commands in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                (
                    proptest::sample::select(&[0x00_u8, 0x01, 0x80, 0x81, 0xA0][..]),
                    proptest::sample::select(&[
                        0x10_u8, 0x12, 0x14, 0xC2, 0xA4, 0xF2, 0xB0, 0xB2, 0xD6, 0xDC, 0x20, 0x70, 0x88, 0xAA,
                    ][..]),
                    any::<[u8; 2]>(),
                    proptest::collection::vec(any::<u8>(), 0..40),
                )
                    .prop_map(|(cla, ins, [p1, p2], data)| {
                        let mut octets = vec![cla, ins, p1 & 0x04, p2 & 0x04, data.len() as u8];
                        octets.extend_from_slice(&data);
                        octets
                    }),
                Just(from_hex("801000001EB317E942110C00870000001F420000001F00000000000000000000000004").unwrap()),
                Just(from_hex("8012000000").unwrap()),
                Just(from_hex("80F2000C").unwrap()),
                Just(Vec::new()),
            ],
            1..40,
        ),
    ) {
        let mut handset = Handset::new(REFERENCE);
        handset.power_on();
        for octets in commands {
            if octets == [0x00] {
                handset.exchange(Signal::Reset);
            }
            let (data, sw) = handset.send(&octets);
            prop_assert!(data.len() <= 256 && (0x61..=0x9F).contains(&(sw >> 8)), "{sw:04X}");
        }
    }
}
