//! The four octets behind a frame.

/// What stands behind a frame whose CRC was not computed, in wire order.
pub const SENTINEL: [u8; 4] = [0xDE, 0xAD, 0xBE, 0xEF];

/// How a frame is checked: header bit 14 (bmCRC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Check {
    /// bmCRC 0: the fixed octets of [`SENTINEL`]. USB already has a CRC of its own.
    #[default]
    Sentinel,
    /// bmCRC 1: the CRC-32 of Ethernet over the frame, little endian.
    Crc,
}

impl Check {
    /// The four octets for `frame`, in wire order.
    pub fn octets(self, frame: &[u8]) -> [u8; 4] {
        match self {
            Check::Sentinel => SENTINEL,
            Check::Crc => crc32fast::hash(frame).to_le_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_ethernet() {
        // The check value every CRC catalogue gives for CRC-32.
        assert_eq!(Check::Crc.octets(b"123456789"), 0xCBF4_3926_u32.to_le_bytes());
        assert_eq!(Check::Sentinel.octets(b"123456789"), [0xDE, 0xAD, 0xBE, 0xEF]);
    }
}
