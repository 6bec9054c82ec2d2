//! SELECT, STATUS, file control parameters, classes and logical channels.

use super::*;

#[test]
fn parameters_of_files() {
    dialogue(
        &mut files(PIN),
        &[
            // Of the PINs those of the user are told, the universal one with its usage; the rule is record 1 of 2F06.
            (
                "00A40004023F00",
                "622D 82027821 83023F00 A506800171870101 8A0105 8B032F0601 \
                 C60F9001E0830101950108830111830181 81020327 9000",
            ),
            ("00A40004022FE2", "6217 82024121 83022FE2 8A0105 8B032F0602 8002000A 880110 9000"),
            ("00A40004022F00", "621A 82054221001A02 83022F00 8A0105 8B032F0602 80020034 8801F0 9000"),
            (
                "00A4040407A0000000871002",
                "623C 82027821 83027FFF 8410A0000000871002FFFFFFFF8907090000 A503800171 8A0105 8B032F0601 \
                 C60F9001E0830101950108830111830181 8102019B 9000",
            ),
            // An EF without short identifier says so; its rule stands in the EF.ARR of the application.
            ("00A40004026F39", "6219 82054621000303 83026F39 8A0105 8B036F0607 80020009 8800 9000"),
            // A deactivated file is selected with a warning.
            ("00A40004026F3B", "6219 82054221001203 83026F3B 8A0104 8B036F0606 80020036 8800 6283"),
        ],
    );
}

#[test]
fn parameters_are_looked_at_and_no_more_is_given_than_asked_for() {
    dialogue(
        &mut files(REFERENCE),
        &[
            // STATUS asks for what it gets: without Le, as over T=0 with P3 00, it is told how much there is.
            ("80F20000", "6C29"),
            ("80F2000C", "9000"),
            // Of case 4 Le octets come back.
            ("00A4000402 2FE2 05", "6217820241 9000"),
            // A bit without a meaning, and one that means something only where an application is selected by name.
            ("00A4001402 2FE2", "6A86"),
            ("00A4004402 2FE2", "6A86"),
            ("00A4040409 A00000008710020000", "6A82"),
            ("00A4048407 A0000000871002", "6A86"),
            // The next record has no number.
            (USIM, "9000"),
            ("00A4000C02 6F3C", "9000"),
            ("00B20102B0", "6A86"),
            ("00B20103B0", "6A86"),
            ("8010010001 00", "6A86"),
            ("80C2000102 D600", "6A86"),
        ],
    );
}

#[test]
fn the_rules_of_files_stand_in_the_records_their_parameters_name() {
    let mut card = files(PIN);
    dialogue(
        &mut card,
        &[
            ("00A4000C022F06", "9000"),
            ("00B2010400", &format!("80017F9700{}9000", "FF".repeat(39))),
            ("00B2020400", &format!("800101900080011AA40683010A950108{}9000", "FF".repeat(28))),
            (
                "00B2070400",
                "800101A4068301019501088401 32A406830101950108800102A406830181950108800118A40683010A9501089000",
            ),
            (USIM, "9000"),
            (
                "00B2 07BC 2C",
                "800101A4068301019501088401 32A406830101950108800102A406830181950108800118A40683010A9501089000",
            ),
        ],
    );
}

#[test]
fn files_are_found_by_identifier_path_and_short_identifier() {
    dialogue(
        &mut files(REFERENCE),
        &[
            ("00A4000C023F00", "9000"),
            ("00A4000C026F07", "6A82"),
            // By identifier: a child, the directory itself, its parent, what is beside it.
            ("00A4000C027F10", "9000"),
            ("00A4000C025F3A", "9000"),
            ("00A4000C024F30", "9000"),
            ("00A4000C025F3A", "9000"),
            ("00A4000C027F10", "9000"),
            ("00A4000C022FE2", "9000"),
            // A child directory, and the parent; an EF is no child directory.
            ("00A4010C027F10", "9000"),
            ("00A4010C026F3A", "6A82"),
            ("00A4010C025F3A", "9000"),
            ("00A40304", "621F 82027821 83027F10 8A0105 8B032F0601 C6099001408301018301818102 0FE8 9000"),
            // By path, from the MF and from the current directory; the application only once there is one.
            ("00A4080C067F105F3A4F30", "9000"),
            ("00A4090C024F3A", "9000"),
            ("00A4080C047FFF6F07", "6A82"),
            ("00A4080C037F105F", "6A82"),
            (USIM, "9000"),
            ("00A4080C047FFF6F07", "9000"),
            ("00B0000009", "080910100000000010 9000"),
            ("00A4090C045F3B4F20", "9000"),
            ("00A4000C027FFF", "9000"),
            // By short identifier, which selects the file.
            ("00B0870009", "080910100000000010 9000"),
            ("00B0000101", "09 9000"),
            ("00B0 9E 00 01", "FF 9000"),
            ("00B0 9F 00 01", "6A82"),
            ("00B0 A7 00 01", "6A86"),
            // Nothing but the MF goes without an identifier.
            ("00A4000C", "9000"),
            ("00B0000001", "6986"),
            ("00A4000C012F", "6700"),
            ("00A4020C022F00", "6A86"),
            ("00A40008022F00", "6A86"),
        ],
    );
}

#[test]
fn applications_are_found_by_the_first_octets_of_their_identifiers() {
    dialogue(
        &mut files(PIN),
        &[
            ("80F2000100", "6985"),
            ("00A4040C05A000000087", "9000"),
            ("80F2000100", "8410A0000000871002FFFFFFFF8907090000 9000"),
            // Next, previous, last, first of several.
            ("00A4040E05A000000087", "9000"),
            ("80F2000100", "8410A0000000871004FFFFFFFF8907090000 9000"),
            ("00A4040E05A000000087", "6A82"),
            ("00A4040F05A000000087", "9000"),
            ("80F2000112", "8410A0000000871002FFFFFFFF8907090000 9000"),
            ("00A4040D05A000000087", "9000"),
            ("80F2000111", "6C12"),
            ("00A4040C10A0000000871002FFFFFFFF8907090000", "9000"),
            ("00A4040C11A0000000871002FFFFFFFF890709000000", "6700"),
            ("00A4040C05A000000343", "6A82"),
            // The end of the session; what was selected of the application is no more.
            ("00A4044C05A000000087", "9000"),
            ("80F2000100", "6985"),
            ("00A4000C026F07", "6A82"),
            ("00A4042C05A000000087", "6A86"),
        ],
    );
}

#[test]
fn status_tells_of_the_current_directory() {
    let mut card = files(REFERENCE);
    let parameters = send(&mut card, "00A40004023F00");
    dialogue(
        &mut card,
        &[("00A4000C022FE2", "9000"), ("80F2000C00", "9000"), ("80F2000C", "9000"), ("80F2010000", &parameters)],
    );
    dialogue(&mut card, &[("80F2030000", "6A86"), ("80F2000200", "6A86"), ("80F2000005", "6C29")]);
}

#[test]
fn a_command_needs_its_class() {
    dialogue(
        &mut files(REFERENCE),
        &[
            ("80A4000C023F00", "6E00"),
            ("00F2000C00", "6E00"),
            ("A0A40000023F00", "6E00"),
            ("FFA40000023F00", "6E00"),
            ("10A4000C023F00", "6E00"),
            ("0CA4000C023F00", "6882"),
            ("01A4000C023F00", "6881"),
            ("8010000001FF", "6D00"),
            // GET IDENTITY, SUSPEND UICC, GET CHALLENGE, CREATE FILE: not offered.
            ("8078000000", "6D00"),
            ("8076000000", "6D00"),
            ("0084000008", "6D00"),
            ("00E0000000", "6D00"),
            ("00C0000000", "6F00"),
        ],
    );
    let card = files(REFERENCE);
    let toolkit = |cla| card.admit(&CommandApdu::new(cla, 0x10, 0, 0));
    assert_eq!((toolkit(0x80), toolkit(0x00)), (Ok(0), Err(StatusWord::UNKNOWN_CLASS)));
    assert_eq!(toolkit(0x81), Err(StatusWord::NO_CHANNEL));
}

#[test]
fn each_channel_has_its_own_selection() {
    dialogue(
        &mut files(REFERENCE),
        &[
            (USIM, "9000"),
            ("0070000001", "01 9000"),
            // Opened from the basic channel, it begins at the MF.
            ("01A4000C026F07", "6A82"),
            ("81F2000100", "6985"),
            ("01A4040C07A0000000871002", "9000"),
            ("01A4000C026FAD", "9000"),
            // Opened from there, the next one begins where that one is.
            ("0170000000", "02 9000"),
            ("82F2000100", "8410A0000000871002FFFFFFFF8907090000 9000"),
            ("02B0000004", "00000002 9000"),
            ("02A4000C023F00", "9000"),
            ("01B0000004", "00000002 9000"),
            ("00B0000001", "6986"),
            ("00700000", "03 9000"),
            ("0070000001", "6A81"),
            // A number is the card's to choose, and the basic channel stays.
            ("0070000201", "6A86"),
            ("00708000", "6A86"),
            ("00708001", "9000"),
            ("01B0000004", "6881"),
            ("00708001", "6881"),
            ("0070000001", "01 9000"),
            // A terminal that knows more channels gets them.
            ("80AA000004A9028100", "9000"),
            ("0070000001", "04 9000"),
            ("40A4000C022FE2", "9000"),
            ("40B0000002", "9888 9000"),
            ("41B0000002", "6881"),
            ("80AA0000 03 A9058100", "6A80"),
            ("80AA0000 02 8100", "6A80"),
        ],
    );
    let mut card = files(REFERENCE);
    send(&mut card, "80AA000004A9028100");
    let numbers: Vec<String> = (0..20).map(|_| send(&mut card, "0070000001")).collect();
    assert_eq!((numbers[18].as_str(), numbers[19].as_str()), ("139000", "6A81"));
    // A reset closes all of them.
    card.reset();
    assert_eq!(send(&mut card, "4FA4000C023F00"), "6881");
}
