//! A hook on what goes out.

use crate::alert::Alert;
use crate::message::HandshakeType;
use crate::record::ContentType;

/// What is about to go out, to be changed in place. The transcript and the events have what was really sent.
#[derive(Debug)]
pub enum Outgoing<'a> {
    /// A handshake message with its header, before it is put into records. Emptied, it is not sent; several messages
    /// may take its place.
    Handshake {
        /// The type of the message that was to be sent.
        kind: HandshakeType,
        /// The message.
        octets: &'a mut Vec<u8>,
    },
    /// The body of ChangeCipherSpec, one octet `01`. Emptied, it is not sent, but the keys change.
    ChangeCipherSpec(&'a mut Vec<u8>),
    /// An alert, before its record is made.
    Alert(&'a mut Alert),
    /// What a record is encrypted of: content, MAC unless it comes after, padding. Zeroes fill up the last block.
    Block {
        /// What the record carries.
        content: ContentType,
        /// The octets.
        octets: &'a mut Vec<u8>,
    },
    /// A record as it goes out, header included. Emptied, it is not sent, but counts in the sequence.
    Record {
        /// What the record carries.
        content: ContentType,
        /// The octets.
        octets: &'a mut Vec<u8>,
    },
}

/// Changes what goes out; a closure is one.
pub trait Alter {
    /// Is asked once for each thing that goes out.
    fn alter(&mut self, outgoing: Outgoing<'_>);
}

impl<F: FnMut(Outgoing<'_>)> Alter for F {
    fn alter(&mut self, outgoing: Outgoing<'_>) {
        self(outgoing);
    }
}

impl std::fmt::Debug for dyn Alter + Send {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alter")
    }
}
