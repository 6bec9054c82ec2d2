//! The USIM's side of an authentication (TS 33.102 6.3.3, annex C) and of its conversion for GSM (6.8.1).

use super::{Algorithm, Amf, Block, Sqn, xor};

/// AMF* of a resynchronisation (TS 33.102 6.3.3).
const AMF_STAR: Amf = [0x00, 0x00];

/// The field by which a tester asks a test USIM for a resynchronisation (TS 34.108 8.1.2.2); its value is from memory.
const AMF_RESYNCH: Amf = [0xFF, 0xFF];

/// Bits of a sequence number that choose the place where it is remembered (TS 33.102 C.3.2).
const INDEX_BITS: u32 = 5;

/// How a USIM judges sequence numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sequence {
    /// A number must be above the last one of its place (TS 33.102 C.2): 32 places of SEQ.
    Fresh(Box<[u64; 32]>),
    /// Any number is taken as it comes, as a test USIM does (TS 34.108 8.1.2.1); AMF FFFF makes a failure.
    Any,
}

impl Sequence {
    /// Numbers above `sqn` are fresh.
    #[must_use]
    pub fn above(sqn: Sqn) -> Self {
        Self::Fresh(Box::new([number(sqn) >> INDEX_BITS; 32]))
    }
}

/// A USIM's algorithm and what it remembers of earlier authentications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticator {
    algorithm: Algorithm,
    sequence: Sequence,
    /// The highest number accepted, which is what a resynchronisation tells the network.
    highest: Sqn,
}

/// What came of a challenge in a 3G context.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The network is the subscriber's own and its token is fresh.
    Success(UmtsKeys),
    /// The token is not the home network's.
    MacFailure,
    /// The token is the home network's, but was used before: AUTS, which tells the network where to go on.
    SyncFailure([u8; 14]),
}

/// RES, CK and IK.
#[derive(Clone, PartialEq, Eq)]
pub struct UmtsKeys {
    /// The response, 4 to 16 octets.
    pub res: Vec<u8>,
    /// Cipher key.
    pub ck: Block,
    /// Integrity key.
    pub ik: Block,
}

/// SRES and Kc.
#[derive(Clone, PartialEq, Eq)]
pub struct GsmKeys {
    /// The response.
    pub sres: [u8; 4],
    /// Cipher key.
    pub kc: [u8; 8],
}

impl UmtsKeys {
    /// The conversions c2 and c3 (TS 33.102 6.8.1.2).
    #[must_use]
    pub fn gsm(&self) -> GsmKeys {
        let sres = self.res.chunks(4).fold([0; 4], |sum, part| {
            let mut word = [0; 4];
            word.iter_mut().zip(part).for_each(|(place, octet)| *place = *octet);
            xor(sum, word)
        });
        let folded = u128::from_be_bytes(self.ck) ^ u128::from_be_bytes(self.ik);
        GsmKeys { sres, kc: ((folded >> 64) as u64 ^ folded as u64).to_be_bytes() }
    }
}

impl Authenticator {
    /// A USIM that has accepted `highest` last.
    #[must_use]
    pub fn new(algorithm: Algorithm, sequence: Sequence, highest: Sqn) -> Self {
        Self { algorithm, sequence, highest }
    }

    /// A 3G context. The MAC is judged before the sequence number, so that nobody but the home network learns of it.
    pub fn umts(&mut self, rand: &Block, autn: &Block) -> Outcome {
        let answers = self.algorithm.answers(rand);
        let [a, b, c, d, e, f, g, h, mac @ ..] = *autn;
        let sqn = xor([a, b, c, d, e, f], answers.ak);
        let amf = [g, h];
        if self.algorithm.mac(rand, sqn, amf) != mac {
            return Outcome::MacFailure;
        }
        if !self.accept(sqn, amf) {
            return Outcome::SyncFailure(self.resynchronise(rand, sqn));
        }
        Outcome::Success(UmtsKeys { res: answers.res, ck: answers.ck, ik: answers.ik })
    }

    /// A GSM context.
    #[must_use]
    pub fn gsm(&self, rand: &Block) -> GsmKeys {
        let answers = self.algorithm.answers(rand);
        UmtsKeys { res: answers.res, ck: answers.ck, ik: answers.ik }.gsm()
    }

    fn accept(&mut self, sqn: Sqn, amf: Amf) -> bool {
        match &mut self.sequence {
            Sequence::Any => return amf != AMF_RESYNCH,
            Sequence::Fresh(seen) => {
                let seq = number(sqn) >> INDEX_BITS;
                let index = usize::try_from(number(sqn) % 32).unwrap_or_default();
                let Some(last) = seen.get_mut(index) else { return false };
                if seq <= *last {
                    return false;
                }
                *last = seq;
            }
        }
        self.highest = self.highest.max(sqn);
        true
    }

    fn resynchronise(&self, rand: &Block, received: Sqn) -> [u8; 14] {
        // A test USIM has no number of its own: it returns the one it got.
        let sqn = if self.sequence == Sequence::Any { received } else { self.highest };
        let hidden = xor(sqn, self.algorithm.resynchronisation_key(rand));
        let mut auts = [0; 14];
        let octets = hidden.into_iter().chain(self.algorithm.resynchronisation_mac(rand, sqn, AMF_STAR));
        auts.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet);
        auts
    }
}

fn number(sqn: Sqn) -> u64 {
    sqn.into_iter().fold(0, |sum, octet| sum << 8 | u64::from(octet))
}

#[cfg(test)]
mod tests {
    use super::super::{Milenage, Xor};
    use super::*;
    use dmsc_octets::{from_hex, to_hex};
    use proptest::prelude::*;

    fn block(text: &str) -> Block {
        from_hex(text).unwrap().try_into().unwrap()
    }

    /// Test set 1 of TS 35.208.
    fn milenage() -> Algorithm {
        let (key, opc) = ("465B5CE8B199B49FAA5F0A2EE238A6BC", "CD63CB71954A9F4E48A5994E37A02BAF");
        Algorithm::Milenage(Milenage::with_opc(block(key), block(opc)))
    }

    fn rand() -> Block {
        block("23553CBE9637A89D218AE64DAE47BF35")
    }

    fn usim(highest: Sqn) -> Authenticator {
        Authenticator::new(milenage(), Sequence::above(highest), highest)
    }

    fn sqn(number: u64) -> Sqn {
        let [_, _, sqn @ ..] = number.to_be_bytes();
        sqn
    }

    #[test]
    fn the_first_test_set_end_to_end() {
        let token = milenage().token(&rand(), [0xFF, 0x9B, 0xB4, 0xD0, 0xB6, 0x07], [0xB9, 0xB9]);
        // SQN xor AK, AMF, f1.
        assert_eq!(to_hex(&token), "55F328B43577B9B94A9FFAC354DFAFB3");
        let answer = usim([0; 6]).umts(&rand(), &token).encode(true).unwrap();
        let expected = "DB 08 A54211D5E3BA50BF 10 B40BA9A3C58B2A05BBF0D987B21BF8CB \
                        10 F769BCD751044604127672711C6D3441 08 EAE4BE823AF9A08B";
        assert_eq!(to_hex(&answer), expected.replace(' ', ""));
        // The published GSM results of the set: SRES by c2, Kc by c3.
        assert_eq!(to_hex(&usim([0; 6]).gsm(&rand()).encode()), "0446F8416A08EAE4BE823AF9A08B");
    }

    #[test]
    fn a_wrong_mac_is_told_apart_from_a_stale_number() {
        let mut usim = usim(sqn(0x40));
        let mut token = milenage().token(&rand(), sqn(0x21), [0x80, 0x00]);
        let Outcome::SyncFailure(auts) = usim.umts(&rand(), &token) else { panic!("stale") };
        // AUTS hides SQN 40 behind f5*, and its MAC is f1* with AMF* 0000.
        let [a, b, c, d, e, f, mac @ ..] = auts;
        assert_eq!(xor([a, b, c, d, e, f], milenage().resynchronisation_key(&rand())), sqn(0x40));
        assert_eq!(mac, milenage().resynchronisation_mac(&rand(), sqn(0x40), [0, 0]));
        assert_eq!(Outcome::SyncFailure(auts).encode(true).unwrap()[..2], [0xDC, 0x0E]);
        token[15] ^= 1;
        assert!(usim.umts(&rand(), &token) == Outcome::MacFailure);
        assert_eq!(Outcome::MacFailure.encode(true), None);
    }

    #[test]
    fn a_number_is_fresh_once_at_its_place() {
        let mut usim = usim([0; 6]);
        let mut attempt = |number: u64| {
            let token = milenage().token(&rand(), sqn(number), [0x80, 0x00]);
            matches!(usim.umts(&rand(), &token), Outcome::Success(_))
        };
        // SEQ 1 at place 0, then 3 at place 0; SEQ 2 is late at place 0 but still fresh at place 1.
        let tries = [(0x20, true), (0x20, false), (0x60, true), (0x40, false), (0x41, true), (0x41, false)];
        for (number, fresh) in tries {
            assert_eq!(attempt(number), fresh, "{number:02X}");
        }
    }

    #[test]
    fn a_test_usim_takes_any_number_and_resynchronises_when_told() {
        let algorithm = Algorithm::Xor(Xor::new(block("000102030405060708090A0B0C0D0E0F"), 8));
        let mut usim = Authenticator::new(algorithm.clone(), Sequence::Any, [0; 6]);
        for _ in 0..2 {
            let token = algorithm.token(&rand(), sqn(5), [0x00, 0x00]);
            assert!(matches!(usim.umts(&rand(), &token), Outcome::Success(_)));
        }
        let token = algorithm.token(&rand(), sqn(5), [0xFF, 0xFF]);
        let Outcome::SyncFailure(auts) = usim.umts(&rand(), &token) else { panic!("no failure") };
        let [a, b, c, d, e, f, ..] = auts;
        assert_eq!(xor([a, b, c, d, e, f], algorithm.resynchronisation_key(&rand())), sqn(5));
    }

    proptest! {
        #[test]
        fn what_the_network_makes_the_usim_accepts(key: Block, opc: Block, rand: Block, seq in 1_u64..1 << 48, amf: Amf) {
            let algorithm = Algorithm::Milenage(Milenage::with_op(key, opc));
            let mut usim = Authenticator::new(algorithm.clone(), Sequence::above([0; 6]), [0; 6]);
            let token = algorithm.token(&rand, sqn(seq), amf);
            let fresh = seq >> 5 > 0;
            prop_assert_eq!(matches!(usim.umts(&rand, &token), Outcome::Success(_)), fresh);
            prop_assert!(matches!(usim.umts(&rand, &token), Outcome::SyncFailure(_)));
        }

        #[test]
        fn any_token_is_survived(rand: Block, autn: Block) {
            prop_assert!(usim([0; 6]).umts(&rand, &autn) == Outcome::MacFailure);
        }
    }
}
