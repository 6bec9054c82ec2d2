//! How messages are cut out of USB packets.

use super::board::PACKET;
use super::message::{HEADER, LONGEST, Message, MessageError};

/// Cuts messages out of the packets of an IN endpoint.
///
/// The firmware sends a message as one transfer. An empty packet follows one of just [`PACKET`] octets, but none whose
/// length is another multiple of it. So packets are to be read one by one: the length in the header tells the end, a short packet confirms it.
#[derive(Clone, Debug, Default)]
pub struct Packets {
    waiting: Vec<u8>,
}

impl Packets {
    /// Takes one packet of at most [`PACKET`] octets; gives what is complete now, in order.
    pub fn push(&mut self, packet: &[u8]) -> Vec<Result<Message, MessageError>> {
        self.waiting.extend_from_slice(packet);
        let mut messages = Vec::new();
        while !self.waiting.is_empty() {
            match Message::parse(&self.waiting) {
                Ok((message, rest)) => {
                    self.waiting = rest.to_vec();
                    messages.push(Ok(message));
                }
                // More of it is to come.
                Err(MessageError::Length { said, .. })
                    if packet.len() >= PACKET && (HEADER..=LONGEST).contains(&said) =>
                {
                    break;
                }
                Err(MessageError::Header { .. }) if packet.len() >= PACKET => break,
                Err(MessageError::Payload { .. }) => {
                    messages.extend(self.skip());
                }
                Err(error) => {
                    self.waiting.clear();
                    messages.push(Err(error));
                }
            }
        }
        messages
    }

    /// Leaves out a message whose length is known but whose payload cannot be read.
    fn skip(&mut self) -> Option<Result<Message, MessageError>> {
        let error = Message::parse(&self.waiting).err()?;
        let said = match self.waiting.get(6..HEADER) {
            Some([low, high]) => usize::from(u16::from_le_bytes([*low, *high])).max(HEADER),
            _ => self.waiting.len(),
        };
        self.waiting = self.waiting.get(said..).unwrap_or_default().to_vec();
        Some(Err(error))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simtrace2::message::{Body, Data, DataFlags};

    fn received(length: usize) -> Message {
        Message::new(Body::RxData(Data { flags: DataFlags::FINAL, octets: vec![7; length] }))
    }

    #[test]
    fn a_message_of_whole_packets_ends_without_an_empty_one() {
        let mut packets = Packets::default();
        for (length, count) in [(50, 1), (114, 2), (178, 3), (242, 4), (255, 5)] {
            let octets = received(length).encode().unwrap();
            let got: Vec<_> = octets.chunks(PACKET).map(|packet| packets.push(packet)).collect();
            assert_eq!(got.len(), count);
            assert_eq!(got.concat(), [Ok(received(length))], "{length}");
            // An empty packet, should one come, changes nothing.
            assert_eq!(packets.push(&[]), []);
        }
    }

    #[test]
    fn after_a_broken_message_the_next_is_read() {
        let mut packets = Packets::default();
        let request = Message::new(Body::StatusRequest);
        let octets = request.encode().unwrap();
        assert_eq!(packets.push(&[1, 4, 0]), [Err(MessageError::Header { found: 3 })]);
        assert_eq!(packets.push(&octets), [Ok(request.clone())]);
        // A known length with a payload that makes no sense, and a good one in the same packet.
        let two = [&[1, 6, 0, 0, 0, 0, 9, 0, 1], &octets[..]].concat();
        assert!(matches!(packets.push(&two).as_slice(), [Err(MessageError::Payload { .. }), Ok(_)]));
        // A packet of a long message was lost: what came of it is dropped with the short packet.
        let long = received(200).encode().unwrap();
        assert_eq!(packets.push(&long[..64]), []);
        assert_eq!(packets.push(&long[192..]), [Err(MessageError::Length { said: 214, found: 86 })]);
        assert_eq!(packets.push(&octets), [Ok(request)]);
    }

    proptest! {
        #[test]
        fn packets_give_back_the_messages(lengths in proptest::collection::vec(0usize..=266, 0..6)) {
            let mut packets = Packets::default();
            for length in lengths {
                let octets = received(length).encode().unwrap();
                let got: Vec<_> = octets.chunks(PACKET).flat_map(|packet| packets.push(packet)).collect();
                prop_assert_eq!(got, [Ok(received(length))]);
            }
        }

        #[test]
        fn any_packets_are_survived(broken: Vec<Vec<u8>>) {
            let mut packets = Packets::default();
            for packet in broken {
                let _ = packets.push(packet.get(..PACKET).unwrap_or(&packet));
            }
            // However broken it was, a short packet ends it.
            let _ = packets.push(&[]);
            prop_assert_eq!(packets.push(&received(9).encode().unwrap()), [Ok(received(9))]);
        }
    }
}
