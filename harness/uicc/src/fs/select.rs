//! Commands on files (TS 102 221 11.1). The class octet is 00 plus the logical channel 0 to 3.

use crate::apdu::CommandApdu;

/// P2 of SELECT: return file control parameters.
const RETURN_FCP: u8 = 0x04;

/// SELECT by file identifier, answered with file control parameters.
#[must_use]
pub fn select_id(id: u16) -> CommandApdu {
    CommandApdu::new(0x00, 0xA4, 0x00, RETURN_FCP).with_data(id.to_be_bytes()).with_le(256)
}

/// SELECT an application by its AID or the first octets of it, and activate it.
#[must_use]
pub fn select_aid(aid: &[u8]) -> CommandApdu {
    CommandApdu::new(0x00, 0xA4, 0x04, RETURN_FCP).with_data(aid).with_le(256)
}

/// SELECT by path from the MF, which the path leaves out.
#[must_use]
pub fn select_path(path: &[u16]) -> CommandApdu {
    let octets: Vec<u8> = path.iter().flat_map(|id| id.to_be_bytes()).collect();
    CommandApdu::new(0x00, 0xA4, 0x08, RETURN_FCP).with_data(octets).with_le(256)
}

/// READ BINARY of 1 to 256 octets from an offset of 0 to 7FFF; b16 of the offset is dropped.
#[must_use]
pub fn read_binary(offset: u16, length: u16) -> CommandApdu {
    let [high, low] = (offset & 0x7FFF).to_be_bytes();
    CommandApdu::new(0x00, 0xB0, high, low).with_le(u32::from(length))
}

/// READ RECORD of a record number (from 1) of the current file.
#[must_use]
pub fn read_record(record: u8, length: u16) -> CommandApdu {
    CommandApdu::new(0x00, 0xB2, record, 0x04).with_le(u32::from(length))
}

/// STATUS without data: the carrier of proactive polling.
#[must_use]
pub fn status() -> CommandApdu {
    CommandApdu::new(0x80, 0xF2, 0x00, 0x0C).with_le(256)
}

/// VERIFY PIN of up to eight digits, padded with FF; key references: 01 PIN1, 11 universal PIN, 81 local PIN.
#[must_use]
pub fn verify_pin(reference: u8, pin: &str) -> CommandApdu {
    let mut octets: Vec<u8> = pin.bytes().take(8).collect();
    octets.resize(8, 0xFF);
    CommandApdu::new(0x00, 0x20, 0x00, reference).with_data(octets)
}

/// GET RESPONSE of 1 to 256 octets, on the channel of the command before.
#[must_use]
pub fn get_response(length: u16) -> CommandApdu {
    CommandApdu::new(0x00, 0xC0, 0x00, 0x00).with_le(u32::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dmsc_octets::to_hex;

    #[test]
    fn headers() {
        for (apdu, hex) in [
            (select_id(0x3F00), "00A40004023F0000"),
            (select_aid(&[0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02]), "00A4040407A000000087100200"),
            (select_path(&[0x7F10, 0x5F50]), "00A40804047F105F5000"),
            (read_binary(0x8102, 10), "00B001020A"),
            (read_record(1, 38), "00B2010426"),
            (status(), "80F2000C00"),
            (verify_pin(1, "1234"), "002000010831323334FFFFFFFF"),
            (get_response(2), "00C0000002"),
        ] {
            assert_eq!(to_hex(&apdu.encode().unwrap()), hex);
        }
    }
}
