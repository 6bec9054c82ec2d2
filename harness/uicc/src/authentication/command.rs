//! The data of AUTHENTICATE (TS 31.102 7.1.2): what the terminal sends and what the USIM answers.

use super::{Block, GsmKeys, Outcome, UmtsKeys};

/// What a terminal asks a USIM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// P2 80: RAND of a GSM network.
    Gsm {
        /// The challenge.
        rand: Block,
    },
    /// P2 81: RAND and AUTN of a UMTS, EPS or 5G network.
    Umts {
        /// The challenge.
        rand: Block,
        /// The network's token.
        autn: Block,
    },
}

/// Why AUTHENTICATE cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// P2 names another context.
    #[error("P2 {found:02X} is no GSM (80) or 3G (81) context")]
    Context {
        /// The value found.
        found: u8,
    },
    /// The data are not one or two strings of 16 octets, each behind its length.
    #[error("{found} octets of data are not 10 and RAND, and 10 and AUTN behind it in a 3G context")]
    Length {
        /// Octets found.
        found: usize,
    },
}

impl Challenge {
    /// Reads the data of a command with this P2.
    ///
    /// # Errors
    /// Any [`ChallengeError`].
    pub fn parse(context: u8, data: &[u8]) -> Result<Self, ChallengeError> {
        let wrong = ChallengeError::Length { found: data.len() };
        let (rand, rest) = field(data).ok_or(wrong)?;
        match context {
            0x80 if rest.is_empty() => Ok(Self::Gsm { rand }),
            0x81 => {
                let (autn, rest) = field(rest).ok_or(wrong)?;
                if rest.is_empty() { Ok(Self::Umts { rand, autn }) } else { Err(wrong) }
            }
            0x80 => Err(wrong),
            found => Err(ChallengeError::Context { found }),
        }
    }

    /// P2 and the data of the command.
    #[must_use]
    pub fn encode(&self) -> (u8, Vec<u8>) {
        let mut data = Vec::with_capacity(34);
        match self {
            Self::Gsm { rand } => {
                put(&mut data, rand);
                (0x80, data)
            }
            Self::Umts { rand, autn } => {
                put(&mut data, rand);
                put(&mut data, autn);
                (0x81, data)
            }
        }
    }
}

impl Outcome {
    /// The response data; `None` for a wrong MAC, which is told by a status word alone. `kc` adds the GSM key, as a
    /// USIM with service 27 (GSM access) does.
    #[must_use]
    pub fn encode(&self, kc: bool) -> Option<Vec<u8>> {
        match self {
            Self::Success(keys) => Some(encode_keys(keys, kc)),
            Self::SyncFailure(auts) => {
                let mut data = vec![0xDC];
                put(&mut data, auts);
                Some(data)
            }
            Self::MacFailure => None,
        }
    }
}

impl GsmKeys {
    /// The response data of a GSM context.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(14);
        put(&mut data, &self.sres);
        put(&mut data, &self.kc);
        data
    }
}

fn encode_keys(keys: &UmtsKeys, kc: bool) -> Vec<u8> {
    let mut data = vec![0xDB];
    put(&mut data, &keys.res);
    put(&mut data, &keys.ck);
    put(&mut data, &keys.ik);
    if kc {
        put(&mut data, &keys.gsm().kc);
    }
    data
}

/// Appends a string behind its length; no string here is longer than 16 octets.
fn put(data: &mut Vec<u8>, value: &[u8]) {
    data.push(value.len() as u8);
    data.extend_from_slice(value);
}

fn field(data: &[u8]) -> Option<(Block, &[u8])> {
    let (length, rest) = data.split_first()?;
    let (value, rest) = rest.split_first_chunk::<16>()?;
    (*length == 0x10).then_some((*value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_challenge_is_refused() {
        assert_eq!(Challenge::parse(0x81, &[]), Err(ChallengeError::Length { found: 0 }));
        assert_eq!(Challenge::parse(0x81, &[0x10; 17]), Err(ChallengeError::Length { found: 17 }));
        assert_eq!(Challenge::parse(0x80, &[0x10; 34]), Err(ChallengeError::Length { found: 34 }));
        assert_eq!(Challenge::parse(0x81, &[0x10; 35]), Err(ChallengeError::Length { found: 35 }));
        assert_eq!(Challenge::parse(0x84, &[0x10; 17]), Err(ChallengeError::Context { found: 0x84 }));
        assert_eq!(Challenge::parse(0x80, &[0x10; 17]), Ok(Challenge::Gsm { rand: [0x10; 16] }));
    }

    proptest! {
        #[test]
        fn challenges_round_trip(rand: Block, autn: Block) {
            for challenge in [Challenge::Gsm { rand }, Challenge::Umts { rand, autn }] {
                let (context, data) = challenge.encode();
                prop_assert_eq!(Challenge::parse(context, &data), Ok(challenge));
            }
        }

        #[test]
        fn any_octets_are_survived(context: u8, data: Vec<u8>) {
            let _ = Challenge::parse(context, &data);
        }
    }
}
