//! Packets into a transfer.

use std::num::NonZeroU16;

use super::header::Code;
use super::{ECHO_MAX, FRAME_MAX, FRAME_MIN, Header, Packet};

/// Why a packet cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A frame that no data packet can carry.
    #[error("a frame of {length} octets does not fit a data packet; send 14 to 16379, or build a raw packet")]
    FrameLength {
        /// Its octets.
        length: usize,
    },
    /// A payload longer than an Echo can carry.
    #[error("an echo of {length} octets does not fit a command packet; send at most 2047")]
    EchoLength {
        /// Its octets.
        length: usize,
    },
}

/// Writes transfers for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    /// wMaxPacketSize of the endpoint, in octets: 8 to 64 at full speed, 512 at high speed.
    pub max_packet_size: NonZeroU16,
}

impl Encoder {
    /// One transfer of these packets, in order, filled up if it would otherwise end in a packet of full size: EEM
    /// sends `0000` where other classes send a packet of length zero.
    ///
    /// # Errors
    /// [`EncodeError`] when one of the packets is too long or too short.
    pub fn transfer(&self, packets: &[Packet<'_>]) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        for packet in packets {
            append(&mut out, packet)?;
        }
        self.fill(&mut out);
        Ok(out)
    }

    /// Fills a transfer up, if that is needed.
    pub fn fill(&self, transfer: &mut Vec<u8>) {
        if !transfer.is_empty() && transfer.len().is_multiple_of(usize::from(self.max_packet_size.get())) {
            transfer.extend(Header::FILLER.octets());
        }
    }
}

/// Appends one packet to a transfer that is under way, without filling it up.
///
/// # Errors
/// [`EncodeError`] when it is too long or too short; nothing is appended then.
pub(super) fn append(out: &mut Vec<u8>, packet: &Packet<'_>) -> Result<(), EncodeError> {
    match *packet {
        Packet::Filler => out.extend(Header::FILLER.octets()),
        Packet::Frame { check, frame } => {
            let length = u16::try_from(frame.len().saturating_add(super::CHECK_LENGTH))
                .ok()
                .filter(|_| (FRAME_MIN..=FRAME_MAX).contains(&frame.len()))
                .ok_or(EncodeError::FrameLength { length: frame.len() })?;
            out.reserve(frame.len().saturating_add(super::HEADER_LENGTH * 2 + super::CHECK_LENGTH));
            out.extend(Header::Data { check, length }.octets());
            out.extend_from_slice(frame);
            out.extend(check.octets(frame));
        }
        Packet::Echo(payload) => append_echo(out, Code::Echo, payload)?,
        Packet::EchoResponse(payload) => append_echo(out, Code::EchoResponse, payload)?,
        Packet::Hint { hint, param } => {
            out.extend(Header::Command { reserved: false, code: hint.code(), param }.octets());
        }
        Packet::Reserved(header) => out.extend(header.octets()),
    }
    Ok(())
}

fn append_echo(out: &mut Vec<u8>, code: Code, payload: &[u8]) -> Result<(), EncodeError> {
    let param = u16::try_from(payload.len())
        .ok()
        .filter(|_| payload.len() <= ECHO_MAX)
        .ok_or(EncodeError::EchoLength { length: payload.len() })?;
    out.extend(Header::Command { reserved: false, code, param }.octets());
    out.extend_from_slice(payload);
    Ok(())
}
