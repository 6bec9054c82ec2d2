//! APDUs in parts, in both directions.

use super::failure::{EMPTY_PARTS, Failure, LONGEST_RESPONSE};
use super::status::Chain;

/// An APDU that goes out in parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing {
    rest: Vec<u8>,
    part: usize,
    begun: bool,
}

impl Outgoing {
    pub(crate) fn new(apdu: Vec<u8>, part: usize) -> Outgoing {
        Outgoing { rest: apdu, part, begun: false }
    }

    /// The next part with its place in the chain.
    pub(crate) fn next(&mut self) -> (Chain, Vec<u8>) {
        let tail = self.rest.split_off(self.part.min(self.rest.len()));
        let part = std::mem::replace(&mut self.rest, tail);
        let chain = Chain::of(!self.begun, self.rest.is_empty());
        self.begun = true;
        (chain, part)
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.rest.is_empty()
    }
}

/// A response that comes in parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Incoming {
    data: Vec<u8>,
    begun: bool,
    /// Parts in a row that brought nothing.
    empty: u32,
}

impl Incoming {
    /// Takes a part; gives the response when it is whole.
    pub(crate) fn push(&mut self, chain: Chain, part: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let more = match (chain, self.begun) {
            (Chain::Whole, false) | (Chain::Ends, true) => false,
            (Chain::Begins, false) | (Chain::Continues, true) => true,
            (Chain::Other(other), _) => return Err(Failure::UnknownType(other)),
            (found, true) => return Err(Failure::Chain { found, expected: "the response continues" }),
            (found, false) => return Err(Failure::Chain { found, expected: "the response begins" }),
        };
        if self.data.len() + part.len() > LONGEST_RESPONSE {
            return Err(Failure::Endless);
        }
        self.empty = if part.is_empty() { self.empty.saturating_add(1) } else { 0 };
        if more && self.empty >= EMPTY_PARTS {
            return Err(Failure::EmptyParts);
        }
        self.begun = true;
        self.data.extend_from_slice(part);
        // ISO/IEC 7816-4 5.1.
        if !more && self.data.len() < 2 {
            return Err(Failure::Size {
                what: "the response (2 octets for its status word alone)",
                found: self.data.len(),
            });
        }
        Ok((!more).then(|| std::mem::take(&mut self.data)))
    }
}
