//! Authentication of subscriber and network (TS 33.102 6.3; coding of the command in TS 31.102 7.1.2).
//!
//! [`Algorithm`] holds a subscriber's key and computes f1 to f5*; [`Authenticator`] is the side of the USIM, with the
//! sequence numbers it has seen; [`Challenge`] and [`Outcome`] are the data of AUTHENTICATE.

mod command;
mod milenage;
mod usim;
mod xor;

pub use command::{Challenge, ChallengeError};
pub use milenage::Milenage;
pub use usim::{Authenticator, GsmKeys, Outcome, Sequence, UmtsKeys};
pub use xor::Xor;

/// A key, a challenge or whatever else has 128 bits.
pub type Block = [u8; 16];

/// A sequence number SQN of 48 bits, most significant octet first.
pub type Sqn = [u8; 6];

/// An authentication management field.
pub type Amf = [u8; 2];

/// The algorithm of a subscription, with its keys. Neither form shows them when it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Algorithm {
    /// MILENAGE (TS 35.206).
    Milenage(Milenage),
    /// The test algorithm (TS 34.108 8.1.2).
    Xor(Xor),
}

/// What f2 to f5 make of a challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct Answers {
    /// f2: the response, 4 to 16 octets.
    pub res: Vec<u8>,
    /// f3: the cipher key.
    pub ck: Block,
    /// f4: the integrity key.
    pub ik: Block,
    /// f5: the anonymity key, which hides the sequence number.
    pub ak: Sqn,
}

impl Algorithm {
    /// f1: the MAC of an authentication token.
    #[must_use]
    pub fn mac(&self, rand: &Block, sqn: Sqn, amf: Amf) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1(rand, sqn, amf).0,
            Self::Xor(xor) => xor.f1(rand, sqn, amf),
        }
    }

    /// f1*: the MAC of a resynchronisation token.
    #[must_use]
    pub fn resynchronisation_mac(&self, rand: &Block, sqn: Sqn, amf: Amf) -> [u8; 8] {
        match self {
            Self::Milenage(milenage) => milenage.f1(rand, sqn, amf).1,
            Self::Xor(xor) => xor.f1(rand, sqn, amf),
        }
    }

    /// f2 to f5.
    #[must_use]
    pub fn answers(&self, rand: &Block) -> Answers {
        match self {
            Self::Milenage(milenage) => milenage.f2345(rand),
            Self::Xor(xor) => xor.f2345(rand),
        }
    }

    /// f5*: the anonymity key of a resynchronisation token.
    #[must_use]
    pub fn resynchronisation_key(&self, rand: &Block) -> Sqn {
        match self {
            Self::Milenage(milenage) => milenage.f5_star(rand),
            Self::Xor(xor) => xor.f2345(rand).ak,
        }
    }

    /// AUTN, the token a network sends with `rand` (TS 33.102 6.3.2).
    #[must_use]
    pub fn token(&self, rand: &Block, sqn: Sqn, amf: Amf) -> Block {
        let mut token = [0; 16];
        let hidden = xor(sqn, self.answers(rand).ak);
        let octets = hidden.into_iter().chain(amf).chain(self.mac(rand, sqn, amf));
        token.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet);
        token
    }
}

/// The bitwise difference of two strings of one length.
fn xor<const N: usize>(mut a: [u8; N], b: [u8; N]) -> [u8; N] {
    a.iter_mut().zip(b).for_each(|(a, b)| *a ^= b);
    a
}
