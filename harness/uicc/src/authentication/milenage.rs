//! MILENAGE (TS 35.206): f1 to f5* on AES-128. Test data: TS 35.207 and 35.208.

use aes::Aes128;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::{Amf, Answers, Block, Sqn};

/// The algorithm set with the key of a subscriber and OPc.
#[derive(Clone, PartialEq, Eq)]
pub struct Milenage {
    key: Block,
    opc: u128,
}

impl Milenage {
    /// With K and OPc, the operator's value as it is stored on a card.
    #[must_use]
    pub fn with_opc(key: Block, opc: Block) -> Self {
        Self { key, opc: u128::from_be_bytes(opc) }
    }

    /// With K and OP, the operator's value from which OPc is derived (TS 35.206 4.1).
    #[must_use]
    pub fn with_op(key: Block, op: Block) -> Self {
        let mut milenage = Self::with_opc(key, op);
        milenage.opc ^= milenage.encrypt(milenage.opc);
        milenage
    }

    /// OPc.
    #[must_use]
    pub fn opc(&self) -> Block {
        self.opc.to_be_bytes()
    }

    /// f1 and f1*, which come from one calculation.
    #[must_use]
    pub fn f1(&self, rand: &Block, sqn: Sqn, amf: Amf) -> ([u8; 8], [u8; 8]) {
        let half = sqn.into_iter().chain(amf).fold(0_u128, |sum, octet| sum << 8 | u128::from(octet));
        let input = (half << 64 | half) ^ self.opc;
        let output = self.encrypt(self.temp(rand) ^ input.rotate_left(64)) ^ self.opc;
        (((output >> 64) as u64).to_be_bytes(), (output as u64).to_be_bytes())
    }

    /// f2 to f5.
    #[must_use]
    pub fn f2345(&self, rand: &Block) -> Answers {
        let temp = self.temp(rand);
        let second = self.output(temp, 0, 1);
        Answers {
            res: (second as u64).to_be_bytes().to_vec(),
            ck: self.output(temp, 32, 2).to_be_bytes(),
            ik: self.output(temp, 64, 4).to_be_bytes(),
            ak: top(second),
        }
    }

    /// f5*.
    #[must_use]
    pub fn f5_star(&self, rand: &Block) -> Sqn {
        top(self.output(self.temp(rand), 96, 8))
    }

    fn temp(&self, rand: &Block) -> u128 {
        self.encrypt(u128::from_be_bytes(*rand) ^ self.opc)
    }

    /// OUT2 to OUT5, with the rotation r and the constant c of each (TS 35.206 4.1).
    fn output(&self, temp: u128, r: u32, c: u128) -> u128 {
        self.encrypt((temp ^ self.opc).rotate_left(r) ^ c) ^ self.opc
    }

    fn encrypt(&self, plain: u128) -> u128 {
        let mut block = plain.to_be_bytes().into();
        Aes128::new(&self.key.into()).encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    }
}

/// The most significant 48 bits.
fn top(value: u128) -> Sqn {
    let [a, b, c, d, e, f, ..] = value.to_be_bytes();
    [a, b, c, d, e, f]
}

impl std::fmt::Debug for Milenage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Milenage").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Algorithm;
    use super::*;
    use dmsc_octets::{from_hex, to_hex};

    /// The sets with their columns in the order of the file.
    const SETS: &str = include_str!("sets.txt");

    fn octets<const N: usize>(text: &str) -> [u8; N] {
        from_hex(text).unwrap().try_into().unwrap()
    }

    #[test]
    fn published_test_sets() {
        let mut sets = 0;
        for line in SETS.lines().filter(|line| !line.starts_with('#')) {
            let [k, rand, sqn, amf, op, opc, f1, f1_star, f2, f5, f3, f4, f5_star] =
                line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
            let milenage = Milenage::with_op(octets(k), octets(op));
            assert_eq!(milenage.opc(), octets(opc), "OPc of {k}");
            assert_eq!(milenage, Milenage::with_opc(octets(k), octets(opc)));
            let rand = octets(rand);
            assert_eq!(milenage.f1(&rand, octets(sqn), octets(amf)), (octets(f1), octets(f1_star)), "f1 of {k}");
            let answers = milenage.f2345(&rand);
            assert_eq!(to_hex(&answers.res), f2.to_uppercase(), "f2 of {k}");
            assert_eq!((answers.ck, answers.ik), (octets(f3), octets(f4)), "f3, f4 of {k}");
            assert_eq!((answers.ak, milenage.f5_star(&rand)), (octets(f5), octets(f5_star)), "f5, f5* of {k}");
            sets += 1;
        }
        assert_eq!(sets, 20);
    }

    #[test]
    fn keys_are_not_printed() {
        let algorithm = Algorithm::Milenage(Milenage::with_opc([0xAB; 16], [0xCD; 16]));
        assert_eq!(format!("{algorithm:?}"), "Milenage(Milenage { .. })");
    }
}
