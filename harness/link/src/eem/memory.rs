//! A pipe in memory, for benches without USB.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Broken, Pipe};

/// Transfers that may be on the way in one direction; a host has about as many.
const IN_FLIGHT: usize = 32;

/// One end of a pipe in memory. When one end is dropped, the other is [`Broken`].
#[derive(Debug)]
pub struct MemoryPipe {
    max_packet_size: NonZeroU16,
    incoming: Arc<Mutex<Queue>>,
    outgoing: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    transfers: VecDeque<Vec<u8>>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    cut: bool,
}

impl Queue {
    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

impl MemoryPipe {
    /// Both ends, with packets of that many octets.
    pub fn pair(max_packet_size: NonZeroU16) -> (MemoryPipe, MemoryPipe) {
        let (one, two) = (Arc::<Mutex<Queue>>::default(), Arc::<Mutex<Queue>>::default());
        (
            MemoryPipe { max_packet_size, incoming: Arc::clone(&one), outgoing: Arc::clone(&two) },
            MemoryPipe { max_packet_size, incoming: two, outgoing: one },
        )
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Valid after any panic of a holder: each operation on it is a single call.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken() -> Broken {
    Broken("the other end of the pipe is gone".into())
}

impl Pipe for MemoryPipe {
    fn max_packet_size(&self) -> NonZeroU16 {
        self.max_packet_size
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Broken>> {
        let mut queue = lock(&self.incoming);
        match queue.transfers.pop_front() {
            Some(transfer) => {
                queue.writer.take().into_iter().for_each(Waker::wake);
                Poll::Ready(Ok(transfer))
            }
            None if queue.cut => Poll::Ready(Err(broken())),
            None => {
                queue.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let mut queue = lock(&self.outgoing);
        if queue.cut {
            return Poll::Ready(Err(broken()));
        }
        if queue.transfers.len() < IN_FLIGHT {
            return Poll::Ready(Ok(()));
        }
        queue.writer = Some(context.waker().clone());
        Poll::Pending
    }

    fn write(&mut self, transfer: Vec<u8>) {
        let mut queue = lock(&self.outgoing);
        queue.transfers.push_back(transfer);
        queue.reader.take().into_iter().for_each(Waker::wake);
    }
}

impl Drop for MemoryPipe {
    fn drop(&mut self) {
        for queue in [&self.incoming, &self.outgoing] {
            let mut queue = lock(queue);
            queue.cut = true;
            queue.wake();
        }
    }
}
