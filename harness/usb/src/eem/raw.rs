//! Packets that a correct side never sends, for tests.

use super::{CHECK_LENGTH, Check, Code, Header, SENTINEL};

/// A packet whose every part is chosen by hand; nothing is checked and nothing is filled up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    /// The header; `None` leaves it out.
    header: Option<Header>,
    /// What follows it.
    body: Vec<u8>,
    /// What stands behind the body.
    trailer: Vec<u8>,
}

impl Raw {
    /// A correct data packet, to be changed.
    pub(super) fn frame(check: Check, frame: &[u8]) -> Raw {
        let length = u16::try_from(frame.len().saturating_add(CHECK_LENGTH)).unwrap_or(u16::MAX);
        let header = Some(Header::Data { check, length });
        Raw { header, body: frame.to_vec(), trailer: check.octets(frame).to_vec() }
    }

    /// A frame that claims a real CRC and has a wrong one: one bit is turned.
    pub(super) fn wrong_crc(frame: &[u8]) -> Raw {
        let mut raw = Raw::frame(Check::Crc, frame);
        raw.trailer.iter_mut().take(1).for_each(|octet| *octet ^= 1);
        raw
    }

    /// A frame that claims the sentinel and ends in other octets: its own, byte by byte in the wrong order.
    pub(super) fn wrong_sentinel(frame: &[u8]) -> Raw {
        let mut raw = Raw::frame(Check::Sentinel, frame);
        raw.trailer = SENTINEL.iter().rev().copied().collect();
        raw
    }

    /// A frame whose length field announces `excess` octets more than follow.
    pub(super) fn oversize(check: Check, frame: &[u8], excess: u16) -> Raw {
        let mut raw = Raw::frame(check, frame);
        if let Some(Header::Data { length, .. }) = &mut raw.header {
            *length = length.saturating_add(excess);
        }
        raw
    }

    /// A data packet with room for a check but for no Ethernet header.
    pub(super) fn runt(check: Check, content: &[u8]) -> Raw {
        Raw::frame(check, content)
    }

    /// The first octet of a header and nothing behind it.
    pub(super) fn lone_octet(octet: u8) -> Raw {
        Raw { header: None, body: vec![octet], trailer: Vec::new() }
    }

    /// An Echo Response that nobody asked for.
    pub(super) fn unsolicited_response(payload: &[u8]) -> Raw {
        let param = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let header = Header::Command { reserved: false, code: Code::EchoResponse, param };
        Raw { header: Some(header), body: payload.to_vec(), trailer: Vec::new() }
    }

    /// A command that is not defined: code 6 or 7, or any code with bit 14 set.
    pub(super) fn reserved_command(reserved: bool, code: u8, param: u16) -> Raw {
        let header = Header::Command { reserved, code: Code::Reserved(code), param };
        Raw { header: Some(header), body: Vec::new(), trailer: Vec::new() }
    }

    /// The packet on the wire.
    pub(super) fn octets(&self) -> Vec<u8> {
        let header = self.header.map(Header::octets);
        header.iter().flatten().chain(&self.body).chain(&self.trailer).copied().collect()
    }
}
