//! The test algorithm of conformance testers (TS 34.108 8.1.2): no secret, but the shape of the real one.

use super::{Amf, Answers, Block, Sqn, xor};

/// The test algorithm with a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Xor {
    key: Block,
    res_length: usize,
}

impl Xor {
    /// With K and the length of RES in octets; the tester chooses one of 4 to 16, and a length outside is brought into
    /// that range.
    #[must_use]
    pub fn new(key: Block, res_length: u8) -> Self {
        Self { key, res_length: usize::from(res_length.clamp(4, 16)) }
    }

    /// f1, and f1* as well, for which the field is all zeros.
    #[must_use]
    pub fn f1(&self, rand: &Block, sqn: Sqn, amf: Amf) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = xor(self.key, *rand);
        let [s, t, u, v, w, x] = sqn;
        xor([a, b, c, d, e, f, g, h], [s, t, u, v, w, x, amf[0], amf[1]])
    }

    /// f2 to f5, all of them parts of the same string; f5* is f5.
    #[must_use]
    pub fn f2345(&self, rand: &Block) -> Answers {
        let out = xor(self.key, *rand);
        let whole = u128::from_be_bytes(out);
        let [_, _, _, a, b, c, d, e, f, ..] = out;
        Answers {
            res: out.get(..self.res_length).unwrap_or(&out).to_vec(),
            ck: whole.rotate_left(8).to_be_bytes(),
            ik: whole.rotate_left(16).to_be_bytes(),
            ak: [a, b, c, d, e, f],
        }
    }
}

impl std::fmt::Debug for Xor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Xor").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Algorithm;
    use super::*;
    use dmsc_octets::{from_hex, to_hex};

    /// What a tester's log shows of an attach with K 0011..FF: RAND, CK, IK, and AUTN with SQN 0 and AMF 8000.
    #[test]
    fn an_exchange_of_a_tester() {
        let key = from_hex("00112233445566778899AABBCCDDEEFF").unwrap().try_into().unwrap();
        let rand = from_hex("31323131353836343132313135383634").unwrap().try_into().unwrap();
        let answers = Xor::new(key, 16).f2345(&rand);
        assert_eq!(to_hex(&answers.res), "31231302716D5043B9AB9B8AF9E5D8CB");
        assert_eq!(to_hex(&answers.ck), "231302716D5043B9AB9B8AF9E5D8CB31");
        assert_eq!(to_hex(&answers.ik), "1302716D5043B9AB9B8AF9E5D8CB3123");
        let token = Algorithm::Xor(Xor::new(key, 16)).token(&rand, [0; 6], [0x80, 0x00]);
        assert_eq!(to_hex(&token), "02716D5043B9800031231302716DD043");
    }

    #[test]
    fn the_length_of_res_is_the_testers() {
        for (asked, given) in [(0, 4), (4, 4), (8, 8), (16, 16), (255, 16)] {
            assert_eq!(Xor::new([1; 16], asked).f2345(&[0; 16]).res.len(), given);
        }
        assert_eq!(format!("{:?}", Xor::new([1; 16], 8)), "Xor { .. }");
    }
}
