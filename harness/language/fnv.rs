// A check sum of octets, for the build script and for the test that writes what it reads.

/// FNV-1a of 64 bits, which tells whether a text is still the one it was.
pub(crate) fn fnv(octets: &[u8]) -> u64 {
    octets.iter().fold(0xCBF2_9CE4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3))
}
