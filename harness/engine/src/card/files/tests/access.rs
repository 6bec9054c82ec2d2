//! READ and UPDATE BINARY, PINs, conditions, life cycle and authentication.

use dmsc_uicc::authentication::{Algorithm, Block, Milenage, Xor};

use super::*;

#[test]
fn octets_are_read_and_written() {
    let mut card = files(REFERENCE);
    dialogue(
        &mut card,
        &[
            ("00A4000C022FE2", "9000"),
            ("00B000000A", "988812010000000010F1 9000"),
            ("00B0000000", "988812010000000010F1 9000"),
            ("00B0000103", "881201 9000"),
            ("00B0000109", "8812010000000010F1 9000"),
            ("00B000010A", "6C09"),
            // At the end there is nothing to ask for with another length.
            ("00B0000A01", "6B00"),
            ("00B0000A00", "6B00"),
            ("00B0000B01", "6B00"),
            ("00B00000", "6C0A"),
            ("00B2010405", "6981"),
            ("00D6000001FF", "6982"),
            (USIM, "9000"),
            ("00A4000C026F7B", "9000"),
            ("00D600000300F120", "9000"),
            ("00D6000A0300F120", "6700"),
            ("00D6000D0100", "6B00"),
            ("00D60000", "6700"),
            ("00D6 8D 03 03 00F130", "9000"),
            ("00B0000007", "00F12000F130FF 9000"),
        ],
    );
    // What was written is still there after a reset, what was selected is not.
    card.reset();
    dialogue(&mut card, &[("00B0000001", "6986"), (USIM, "9000"), ("00B08D0003", "00F120 9000")]);
}

#[test]
fn pins_open_files() {
    let mut card = files(PIN);
    let all = [
        (USIM, "9000"),
        ("00B0870009", "6982"),
        (PIN1, "9000"),
        ("00B0870009", "080910100000000020 9000"),
        // The administrative key is not implied.
        ("00D687000108", "6982"),
        (ADM, "9000"),
        ("00D687000108", "9000"),
    ];
    dialogue(&mut card, &all);
    card.reset();
    dialogue(&mut card, &all);
}

#[test]
fn what_is_verified_holds_on_all_channels_and_ends_with_the_session() {
    dialogue(
        &mut files(PIN),
        &[
            (USIM, "9000"),
            ("0070000001", "01 9000"),
            ("01A4040C07A0000000871002", "9000"),
            ("0120000108 32343638FFFFFFFF", "9000"),
            ("00B0870009", "080910100000000020 9000"),
            (PIN2, "9000"),
            ("00A4000C026F37", "9000"),
            ("00D6000003000064", "9000"),
            // The other channel still runs the application: nothing is lost.
            ("00A4040C07A0000000871004", "9000"),
            ("01B0870009", "080910100000000020 9000"),
            ("01A4000C026F37", "9000"),
            ("01D6000003000065", "9000"),
            // No channel does any more: PIN2, which is the application's own, is lost.
            ("01A4040C07A0000000871004", "9000"),
            (USIM, "9000"),
            ("00B0870009", "080910100000000020 9000"),
            ("00A4000C026F37", "9000"),
            ("00D6000003000066", "6982"),
            // With the end of the session so is PIN1, but not the universal PIN.
            (UNIVERSAL, "9000"),
            ("00A4044C07A0000000871002", "9000"),
            (USIM, "9000"),
            ("00B0870009", "6982"),
            ("00A4040C07A0000000871004", "9000"),
            ("00B0820002", "8010 9000"),
        ],
    );
}

#[test]
fn tries_are_counted_and_survive_a_reset() {
    let mut card = files(PIN);
    dialogue(
        &mut card,
        &[
            ("00200001", "63C3"),
            ("0020000100", "63C3"),
            ("0020000108 30303030FFFFFFFF", "63C2"),
            (PIN1, "9000"),
            ("0020000108 30303030FFFFFFFF", "63C2"),
            ("0024000110 30303030FFFFFFFF 31313131FFFFFFFF", "63C1"),
        ],
    );
    card.reset();
    dialogue(
        &mut card,
        &[
            ("00200001", "63C1"),
            ("0026000108 30303030FFFFFFFF", "63C0"),
            (PIN1, "6983"),
            ("00200001", "63C0"),
            // UNBLOCK PIN has tries of its own, sets a new value and opens what the PIN guards.
            ("002C0001", "63CA"),
            ("002C000110 3030303030303030 31313131FFFFFFFF", "63C9"),
            ("002C000110 3133323433353436 31313131FFFFFFFF", "9000"),
            ("002C0001", "63CA"),
            ("00200001", "63C3"),
            (USIM, "9000"),
            ("00B0870009", "080910100000000020 9000"),
            (PIN1, "63C2"),
            ("0020000108 31313131FFFFFFFF", "9000"),
        ],
    );
    for left in (0..10).rev() {
        let answer = send(&mut card, "002C008110 3030303030303030 31313131FFFFFFFF");
        assert_eq!(answer, StatusWord::tries_left(left).0.to_be_bytes().map(|o| format!("{o:02X}")).concat());
    }
    assert_eq!(send(&mut card, "002C008110 3038393738363735 31313131FFFFFFFF"), "6983");
}

#[test]
fn pins_are_changed_disabled_and_enabled() {
    dialogue(
        &mut files(PIN),
        &[
            ("0024000110 32343638FFFFFFFF 31313131FFFFFFFF", "9000"),
            ("0028000108 31313131FFFFFFFF", "6984"),
            ("0026000108 31313131FFFFFFFF", "9000"),
            ("0026000108 31313131FFFFFFFF", "6984"),
            ("0020000108 31313131FFFFFFFF", "6984"),
            ("0024000110 31313131FFFFFFFF 32323232FFFFFFFF", "6984"),
            // The state of the PIN is seen in the parameters of a directory.
            (USIM, "9000"),
            ("00B0870009", "080910100000000020 9000"),
            (
                "80F2000000",
                "623C 82027821 83027FFF 8410A0000000871002FFFFFFFF8907090000 A503800171 8A0105 8B032F0601 C60F900160830101950108830111830181 8102019B 9000",
            ),
            ("0028000108 31313131FFFFFFFF", "9000"),
            ("0028000108 31313131FFFFFFFF", "6984"),
            // What is not a PIN, and lengths that are none.
            ("0020000208 31313131FFFFFFFF", "6A88"),
            ("0020010108 31313131FFFFFFFF", "6A86"),
            ("0020000104 31313131", "6700"),
            ("0024000108 31313131FFFFFFFF", "6700"),
            ("002C000108 31313131FFFFFFFF", "6700"),
            ("0026000A08 3132333435363738", "6985"),
            ("002C000A10 3132333435363738 3132333435363738", "6A88"),
        ],
    );
}

#[test]
fn files_are_deactivated_and_activated() {
    let mut card = files(PIN);
    dialogue(
        &mut card,
        &[
            (USIM, "9000"),
            (PIN1, "9000"),
            ("00A4000C026F3B", "6283"),
            ("00B2010400", "6984"),
            ("00DC010412 000000000000000000000000000000000000", "6984"),
            ("0044000000", "6982"),
            (PIN2, "9000"),
            ("00440000", "9000"),
            ("00A4000C026F3B", "9000"),
            ("00B2010412", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000"),
            ("0004080004 7FFF6F3B", "9000"),
            ("00A4000C026F3B", "6283"),
            ("0004000002 6F3B", "9000"),
            ("0044090002 6F3B", "9000"),
            ("0004000002 6F07", "6982"),
            ("0004000002 6F0F", "6A82"),
            ("0004000001 6F", "6700"),
            ("0004010002 6F3B", "6A86"),
            ("00A4000C027FFF", "9000"),
            ("00040000", "6986"),
            // A directory has no condition that could be met.
            ("0004000002 3F00", "6982"),
        ],
    );
}

fn block(text: &str) -> Block {
    from_hex(text).unwrap().try_into().unwrap()
}

fn authenticate(rand: &Block, autn: &Block) -> String {
    format!("008800812210{}10{}00", to_hex(rand), to_hex(autn))
}

#[test]
fn the_network_is_authenticated_with_milenage() {
    let mut card = files(REFERENCE);
    let (k, opc) = ("465B5CE8B199B49FAA5F0A2EE238A6BC", "CD63CB71954A9F4E48A5994E37A02BAF");
    let network = Algorithm::Milenage(Milenage::with_opc(block(k), block(opc)));
    let rand = block("23553CBE9637A89D218AE64DAE47BF35");
    // Test set 1 of TS 35.208: SQN FF9BB4D0B607, AMF B9B9.
    let autn = block("55F328B43577B9B94A9FFAC354DFAFB3");
    let answer = "DB 08 A54211D5E3BA50BF 10 B40BA9A3C58B2A05BBF0D987B21BF8CB \
                  10 F769BCD751044604127672711C6D3441 08 EAE4BE823AF9A08B 9000";
    let challenge = authenticate(&rand, &autn);
    dialogue(
        &mut card,
        &[
            (&challenge, "6985"),
            (USIM, "9000"),
            (&challenge, answer),
            ("008800801110 23553CBE9637A89D218AE64DAE47BF35 00", "0446F8416A08EAE4BE823AF9A08B 9000"),
            ("00880084 11 10 23553CBE9637A89D218AE64DAE47BF35 00", "9864"),
            ("00880001 11 10 23553CBE9637A89D218AE64DAE47BF35 00", "6A86"),
            ("00880180 11 10 23553CBE9637A89D218AE64DAE47BF35 00", "6A86"),
            ("00880081 11 10 23553CBE9637A89D218AE64DAE47BF35 00", "6700"),
            // From a directory of the application, too, but not from outside.
            ("00A4000C025F3B", "9000"),
            ("008800801110 23553CBE9637A89D218AE64DAE47BF35 00", "0446F8416A08EAE4BE823AF9A08B 9000"),
            ("00A4000C023F00", "9000"),
            ("008800801110 23553CBE9637A89D218AE64DAE47BF35 00", "6985"),
            (USIM, "9000"),
        ],
    );
    // The same token again is stale; AUTS has SQN FF9BB4D0B607 behind AK* 451E8BECA43B. The number survives a reset.
    card.reset();
    send(&mut card, USIM);
    let stale = send(&mut card, &challenge);
    assert!(stale.starts_with("DC0EBA853F3C123C") && stale.ends_with("9000") && stale.len() == 36, "{stale}");
    // The network goes on from there.
    let autn = network.token(&rand, [0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x27], [0x80, 0x00]);
    assert!(send(&mut card, &authenticate(&rand, &autn)).starts_with("DB08A54211D5E3BA50BF10"));
    let mut forged = autn;
    forged[15] ^= 0x01;
    assert_eq!(send(&mut card, &authenticate(&rand, &forged)), "9862");
}

#[test]
fn a_test_usim_wants_its_pin_and_has_no_gsm_key() {
    let mut card = files(PIN);
    let network = Algorithm::Xor(Xor::new(block("000102030405060708090A0B0C0D0E0F"), 8));
    let rand = [0x55; 16];
    let challenge = authenticate(&rand, &network.token(&rand, [0; 6], [0x80, 0x00]));
    let answer =
        "DB 08 5554575651505352 10 5457565150535 25D5C5F5E59585B5A55 10 57565150535 25D5C5F5E59585B5A5554 9000";
    dialogue(
        &mut card,
        &[
            (USIM, "9000"),
            (&challenge, "6982"),
            (PIN1, "9000"),
            (&challenge, answer),
            (&challenge, answer),
            // Service 38 is not there, nor any algorithm in the other application.
            ("008800801110 55555555555555555555555555555555 00", "9864"),
            ("00A4040C07A0000000871004", "9000"),
            (&challenge, "6985"),
        ],
    );
    send(&mut card, USIM);
    let resynch = authenticate(&rand, &network.token(&rand, [0; 6], [0xFF, 0xFF]));
    assert!(send(&mut card, &resynch).starts_with("DC0E"));
}
