//! One side of an EEM link, without I/O: transfers in, events out, answers by itself.

use std::collections::VecDeque;
use std::num::NonZeroU16;

use super::encode::append;
use super::{
    ANSWERS_WAITING, Check, Counters, DecodeError, ECHO_MAX, EncodeError, Encoder, FRAMES_WAITING, Fault,
    HEADER_LENGTH, Header, Hint, Packet, packets,
};

/// Which side of the bus it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The terminal.
    Host,
    /// The card.
    Peripheral,
}

/// How an endpoint writes, and what it puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which side it is: hints and tickles have a direction.
    pub role: Role,
    /// What is written after each frame; what is received may have either.
    pub check: Check,
    /// wMaxPacketSize of the endpoint it writes to, in octets.
    pub max_packet_size: NonZeroU16,
    /// Octets up to which frames that wait share a transfer; 0 sends each in a transfer of its own, as Linux does on
    /// both sides. Linux hosts before the correction of their CRC check lose all but the last of a bundle with CRCs.
    pub bundle: usize,
    /// Whether a packet may go on in the next transfers. The sources disagree; this side never writes so. Not past one
    /// that is whole frames in itself, and not where what is put together is no packet: then each transfer counts anew.
    pub straddling: bool,
}

impl Settings {
    /// A correct side that writes a frame a transfer, with the sentinel, and takes a packet as ended with its transfer.
    pub fn new(role: Role, max_packet_size: NonZeroU16) -> Settings {
        Settings { role, check: Check::Sentinel, max_packet_size, bundle: 0, straddling: false }
    }
}

/// What came; what needs an answer has got it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// An Ethernet frame.
    Frame(&'a [u8]),
    /// The oldest open Echo was answered with these octets, the right ones.
    EchoAnswered(&'a [u8]),
    /// An Echo Response that does not answer the oldest open Echo.
    Unsolicited(&'a [u8]),
    /// A hint or a tickle, with its parameter.
    Hint(Hint, u16),
    /// A hint from a host, or a tickle from a peripheral.
    Misdirected(Hint, u16),
    /// A reserved command, passed over.
    Reserved(Header),
    /// A packet that could not be taken.
    Error(DecodeError),
}

/// One side of an EEM link.
#[derive(Clone, Debug)]
pub struct Endpoint {
    settings: Settings,
    counters: Counters,
    /// Payloads of the Echoes that were sent and not answered, oldest first.
    open: VecDeque<Vec<u8>>,
    ready: VecDeque<Vec<u8>>,
    /// The transfer that frames are being bundled into.
    bundle: Vec<u8>,
    /// The beginning of a packet that goes on in the next transfer.
    carry: Vec<u8>,
}

impl Endpoint {
    /// An endpoint that has seen nothing.
    pub fn new(settings: Settings) -> Endpoint {
        Endpoint {
            settings,
            counters: Counters::default(),
            open: VecDeque::new(),
            ready: VecDeque::new(),
            bundle: Vec::new(),
            carry: Vec::new(),
        }
    }

    /// Follows a change of wMaxPacketSize, as when a device is plugged into a port of another speed; in octets.
    pub fn set_max_packet_size(&mut self, octets: NonZeroU16) {
        self.settings.max_packet_size = octets;
    }

    /// What it has seen and done.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes one transfer and hands `sink` what was in it, in order. Each begins with a packet, whatever became of the one
    /// before; where packets may straddle, one that was begun goes on first, unless that leads nowhere.
    pub fn receive(&mut self, transfer: &[u8], mut sink: impl FnMut(Event<'_>)) {
        count(&mut self.counters.transfers);
        if self.carry.is_empty() {
            return self.take(transfer, &mut sink);
        }
        let mut whole = std::mem::take(&mut self.carry);
        let begun = whole.len();
        whole.extend_from_slice(transfer);
        let alone = stands_alone(transfer) && packets(&whole).any(|packet| packet.is_err());
        match packets(&whole).next() {
            Some(Err(error)) if is_cut(error.fault) && !alone => self.carry = whole,
            Some(Ok(_)) if !alone => self.take(&whole, &mut sink),
            first => {
                // What was begun is no packet when it is put together, or is never to be ended.
                let error = match first {
                    Some(Err(error)) if !is_cut(error.fault) => error,
                    _ => DecodeError {
                        at: 0,
                        fault: Fault::Truncated {
                            announced: announced(&whole),
                            left: begun.saturating_sub(HEADER_LENGTH),
                        },
                    },
                };
                self.count_error(error.fault);
                sink(Event::Error(error));
                self.take(transfer, &mut sink);
            }
        }
    }

    fn take(&mut self, transfer: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        for packet in packets(transfer) {
            match packet {
                Err(DecodeError { at, fault }) if self.settings.straddling && is_cut(fault) => {
                    self.carry = transfer.get(at..).unwrap_or_default().to_vec();
                }
                // 00 40, a filler that claims a CRC: Linux's host passes it over, its gadget counts an error.
                Err(DecodeError { fault: Fault::Runt { length: 0 }, .. }) if self.settings.role == Role::Host => {
                    count(&mut self.counters.fillers);
                }
                Err(error) => {
                    self.count_error(error.fault);
                    sink(Event::Error(error));
                }
                Ok(packet) => self.packet(packet, sink),
            }
        }
    }

    fn packet(&mut self, packet: Packet<'_>, sink: &mut impl FnMut(Event<'_>)) {
        match packet {
            Packet::Filler => count(&mut self.counters.fillers),
            Packet::Frame { check, frame } => {
                match check {
                    Check::Sentinel => count(&mut self.counters.frames_with_sentinel),
                    Check::Crc => count(&mut self.counters.frames_with_crc),
                }
                sink(Event::Frame(frame));
            }
            Packet::Echo(_) if self.ready.len() >= ANSWERS_WAITING => count(&mut self.counters.echoes_dropped),
            Packet::Echo(payload) => {
                count(&mut self.counters.echoes_answered);
                self.ready_packet(Packet::EchoResponse(payload));
            }
            Packet::EchoResponse(payload) => {
                if self.open.front().is_some_and(|asked| asked == payload) {
                    self.open.pop_front();
                    count(&mut self.counters.echo_responses);
                    sink(Event::EchoAnswered(payload));
                } else {
                    count(&mut self.counters.unsolicited_responses);
                    sink(Event::Unsolicited(payload));
                }
            }
            Packet::Hint { hint, param } => {
                if hint.is_from_host() == (self.settings.role == Role::Peripheral) {
                    count(&mut self.counters.hints);
                    sink(Event::Hint(hint, param));
                } else {
                    count(&mut self.counters.misdirected);
                    sink(Event::Misdirected(hint, param));
                }
            }
            Packet::Reserved(header) => {
                count(&mut self.counters.reserved);
                sink(Event::Reserved(header));
            }
        }
    }

    fn count_error(&mut self, fault: Fault) {
        count(match fault {
            Fault::LoneOctet { .. } | Fault::Truncated { .. } => &mut self.counters.cut_short,
            Fault::Runt { .. } => &mut self.counters.runts,
            Fault::WrongSentinel { .. } | Fault::WrongCrc { .. } => &mut self.counters.wrong_checks,
        });
    }

    /// Readies a frame, without its frame check sequence. It is lost while [`FRAMES_WAITING`] transfers wait to be written.
    ///
    /// # Errors
    /// [`EncodeError::FrameLength`] when it is shorter than 14 octets or longer than 16379.
    pub fn send_frame(&mut self, frame: &[u8]) -> Result<(), EncodeError> {
        if self.ready.len() >= FRAMES_WAITING {
            count(&mut self.counters.frames_lost);
            return Ok(());
        }
        let length = HEADER_LENGTH + super::CHECK_LENGTH + frame.len();
        if !self.bundle.is_empty() && self.bundle.len().saturating_add(length) > self.settings.bundle {
            self.close_bundle();
        }
        append(&mut self.bundle, &Packet::Frame { check: self.settings.check, frame })?;
        count(&mut self.counters.frames_sent);
        if self.bundle.len() >= self.settings.bundle {
            self.close_bundle();
        }
        Ok(())
    }

    /// Readies an Echo; the answer comes as [`Event::EchoAnswered`].
    ///
    /// # Errors
    /// [`EncodeError::EchoLength`] when the payload is longer than 2047 octets.
    pub fn send_echo(&mut self, payload: &[u8]) -> Result<(), EncodeError> {
        if payload.len() > ECHO_MAX {
            return Err(EncodeError::EchoLength { length: payload.len() });
        }
        self.open.push_back(payload.to_vec());
        self.ready_packet(Packet::Echo(payload));
        Ok(())
    }

    /// Readies a transfer exactly as it is.
    pub fn send_transfer(&mut self, transfer: Vec<u8>) {
        self.close_bundle();
        self.ready.push_back(transfer);
    }

    /// Forgets what is under way, as when the other side was plugged in again; what was counted stays.
    pub fn reset(&mut self) {
        *self = Endpoint { counters: self.counters, ..Endpoint::new(self.settings) };
    }

    /// Whether there is a transfer to write.
    pub fn has_transfer(&self) -> bool {
        !(self.ready.is_empty() && self.bundle.is_empty())
    }

    /// The next transfer to write.
    pub fn poll_transfer(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front().or_else(|| {
            self.close_bundle();
            self.ready.pop_front()
        })
    }

    /// A command goes in a transfer of its own: Linux hosts read what follows an Echo Response as headers.
    fn ready_packet(&mut self, packet: Packet<'_>) {
        self.close_bundle();
        // A response has the length of its Echo, and an Echo was measured before.
        if let Ok(transfer) = self.encoder().transfer(&[packet]) {
            self.ready.push_back(transfer);
        }
    }

    fn close_bundle(&mut self) {
        if !self.bundle.is_empty() {
            let mut transfer = std::mem::take(&mut self.bundle);
            self.encoder().fill(&mut transfer);
            self.ready.push_back(transfer);
        }
    }

    fn encoder(&self) -> Encoder {
        Encoder { max_packet_size: self.settings.max_packet_size }
    }
}

/// Whether a packet ends with its transfer before it is whole.
fn is_cut(fault: Fault) -> bool {
    matches!(fault, Fault::LoneOctet { .. } | Fault::Truncated { .. })
}

/// Whether a transfer is whole packets that say something: then it is hardly the middle of another.
fn stands_alone(transfer: &[u8]) -> bool {
    let mut says = false;
    let whole = packets(transfer).all(|packet| {
        says |= matches!(packet, Ok(Packet::Frame { .. }));
        packet.is_ok()
    });
    whole && says
}

/// Octets that the first header announces.
fn announced(octets: &[u8]) -> usize {
    octets.first_chunk().map_or(0, |header| Header::from_octets(*header).body_length())
}

fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
