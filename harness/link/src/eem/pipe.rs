//! What carries transfers.

use std::num::NonZeroU16;
use std::task::{Context, Poll};

use crate::LinkError;

/// That a pipe carries nothing any more, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// Opens a pipe, at the beginning and again when it broke.
pub type OpenPipe = Box<dyn FnMut() -> Result<Box<dyn Pipe>, LinkError> + Send>;

/// Two bulk endpoints, one for each direction, as one thread uses them: it asks, and is woken when an answer has
/// changed.
pub trait Pipe: Send {
    /// wMaxPacketSize of the endpoint that is written to, in octets, as far as it is known by now.
    fn max_packet_size(&self) -> NonZeroU16;

    /// Counts how often the other side was plugged in again, and knows nothing of what was before.
    fn generation(&self) -> u64 {
        0
    }

    /// The next transfer from the other side, whole.
    ///
    /// # Errors
    /// [`Broken`] when no more will come.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Broken>>;

    /// Whether a transfer can be taken for the other side.
    ///
    /// # Errors
    /// [`Broken`] when none will be taken any more.
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;

    /// Takes a transfer; only after [`Pipe::poll_ready`] said so. Transfers arrive in the order in which they are taken.
    fn write(&mut self, transfer: Vec<u8>);
}
