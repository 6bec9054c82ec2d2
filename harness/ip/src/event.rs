//! What happens to the byte streams of a node.

/// The number of a stream. Who opens it chooses the number; those that the other side opens are counted from 1.
pub type StreamId = u32;

/// Something that happened to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The other side has opened it.
    Accepted(StreamId),
    /// What [`crate::Node::connect`] asked for is done.
    Connected(StreamId),
    /// It could not be opened; the text says why.
    Refused(StreamId, String),
    /// Octets, in order.
    Data(StreamId, Vec<u8>),
    /// The other side closes its direction, after all its octets.
    Closed(StreamId),
}
