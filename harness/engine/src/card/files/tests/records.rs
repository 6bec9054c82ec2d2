//! READ, UPDATE and SEARCH RECORD, INCREASE, and where the current record goes.

use super::*;

#[test]
fn records_are_read_and_written() {
    dialogue(
        &mut files(REFERENCE),
        &[
            ("00B201F400", "61184F10A0000000871002FFFFFFFF890709000050045553494DFFFFFFFFFFFFFFFFFFFFFFFF 9000"),
            // A record is read as a whole.
            ("00B2010410", "6C26"),
            ("00B20104", "6C26"),
            ("00B2020426", "6A83"),
            ("00B2000426", "6A83"),
            ("00B2010126", "6A86"),
            ("00B0000001", "6981"),
            (USIM, "9000"),
            ("00A4000C026FB7", "9000"),
            ("00B2020404", "19F1FF00 9000"),
            ("00DC020404 19F1FF01", "6982"),
            ("00A4000C026F4B", "9000"),
            ("00DC02040D 02030405060708090A0B0C0D0E", "6982"),
            ("0020008108 33353739FFFFFFFF", "9000"),
            ("00DC02040D 02030405060708090A0B0C0D0E", "9000"),
            ("00DC02040C 02030405060708090A0B0C0D", "6700"),
            ("00DC06040D 02030405060708090A0B0C0D0E", "6A83"),
            ("00B202040D", "02030405060708090A0B0C0D0E 9000"),
        ],
    );
}

/// A linear fixed and a cyclic file of three records.
const THREE: &str = "
atr: '3B00'
rules: [{ name: all, read: always, update: always, increase: always, activate: never }]
files:
  - { id: '6F01', name: linear, sfi: 1, rule: all, records: ['A1B2C3', 'B2C3D4', 'A1B2FF'] }
  - { id: '6F02', name: cyclic, sfi: 2, rule: all, records: ['000003', '000002', '000001'], cyclic: true }
";

#[test]
fn the_current_record_moves_with_next_and_previous() {
    dialogue(
        &mut files(THREE),
        &[
            ("00A4000C026F01", "9000"),
            // There is none at first: next is the first, previous the last.
            ("00B2000403", "6A83"),
            ("00B2000203", "A1B2C3 9000"),
            ("00B2000403", "A1B2C3 9000"),
            // A number does not move it, nor does a command that fails.
            ("00B2030403", "A1B2FF 9000"),
            ("00B2000202", "6C03"),
            ("00B2000203", "B2C3D4 9000"),
            ("00B2000203", "A1B2FF 9000"),
            ("00B2000203", "6A83"),
            ("00B2000403", "A1B2FF 9000"),
            ("00B2000303", "B2C3D4 9000"),
            ("00DC000403 111111", "9000"),
            ("00DC000303 222222", "9000"),
            ("00B2000303", "6A83"),
            ("00B2000403", "222222 9000"),
            // A short identifier selects the file again.
            ("00B2000B03", "A1B2FF 9000"),
            ("00B2000C03", "6A83"),
        ],
    );
}

#[test]
fn the_oldest_record_of_a_cyclic_file_is_written() {
    dialogue(
        &mut files(THREE),
        &[
            ("00A4000C026F02", "9000"),
            // The record written last is the first, and current from the start; next goes round.
            ("00B2000403", "000003 9000"),
            ("00B2000203", "000002 9000"),
            ("00B2000203", "000001 9000"),
            ("00B2000203", "000003 9000"),
            ("00B2000303", "000001 9000"),
            ("00DC000303 000004", "9000"),
            ("00B2000403", "000004 9000"),
            ("00B2020403", "000003 9000"),
            ("00B2030403", "000002 9000"),
            ("00DC010403 000005", "6981"),
            ("00DC000203 000005", "6981"),
            ("00DC000302 0005", "6700"),
            // INCREASE adds to the record written last.
            ("8032000002 0010", "000014 0010 9000"),
            ("8032820003 000001", "000015 000001 9000"),
            ("00B2020403", "000014 9000"),
            ("8032000003 FFFFFF", "9850"),
            ("8032000004 00000001", "6700"),
            ("80320000", "6700"),
            ("8032000101 01", "6A86"),
            // The short identifier of the other file has selected that.
            ("80328100 01 01", "6981"),
            ("00B2010403", "A1B2C3 9000"),
        ],
    );
}

#[test]
fn a_meter_is_increased_with_its_pin() {
    dialogue(
        &mut files(PIN),
        &[
            (USIM, "9000"),
            ("00A4000C026F39", "9000"),
            ("8032000001 01", "6982"),
            (PIN1, "9000"),
            ("8032000001 0F", "FFFFFF 0F 9000"),
            ("8032000001 01", "9850"),
            ("00DC000303 000000", "6982"),
        ],
    );
}

#[test]
fn records_are_searched() {
    dialogue(
        &mut files(THREE),
        &[
            ("00A4000C026F01", "9000"),
            // Simple: from a record on, forward or backward; what is found first becomes current.
            ("00A2010402 A1B2 00", "0103 9000"),
            ("00B2000403", "A1B2C3 9000"),
            ("00A2030502 A1B2 00", "0301 9000"),
            ("00B2000403", "A1B2FF 9000"),
            ("00A2020402 B2C3 00", "02 9000"),
            ("00A2010402 C3D4", "02 9000"),
            ("00A2000402 A1B2 00", "03 9000"),
            ("00A2010402 A1B2 01", "01 9000"),
            ("00A2010402 4711 00", "6282"),
            ("00A2010404 A1B2C3D4 00", "6282"),
            ("00A2040402 A1B2 00", "6A83"),
            ("00A20104", "6700"),
            ("00A2010701 A1 00", "6A86"),
            // Enhanced: at an offset, or after an octet; from the record beside the current one.
            ("00A2010604 0401B2C3 00", "01 9000"),
            ("00A2010604 0400B2C3 00", "0102 9000"),
            ("00A2010604 0CB2C3D4 00", "02 9000"),
            ("00A2010604 0CEEC3D4 00", "6282"),
            ("00A2000604 0600A1B2 00", "03 9000"),
            ("00A2000604 0600A1B2 00", "6282"),
            ("00A2000604 0700A1B2 00", "01 9000"),
            ("00A2030604 0500A1B2 00", "0301 9000"),
            ("00A2010604 0200A1B2 00", "6A80"),
            ("00A2010604 1400A1B2 00", "6A80"),
            ("00A2010602 0400 00", "6700"),
            ("00A2010601 04 00", "6700"),
            ("00A2010C02 A1B2 00", "0103 9000"),
        ],
    );
    let mut card = files(REFERENCE);
    dialogue(&mut card, &[("00A4000C022FE2", "9000"), ("00A2010401 98 00", "6981")]);
}
