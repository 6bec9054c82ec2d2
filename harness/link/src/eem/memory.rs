//! A pipe in memory: for benches without USB, and before devices that can only be used from threads that block.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Broken, Pipe};

/// Transfers that may be on the way in one direction; a host has about as many.
const IN_FLIGHT: usize = 16;

/// One end of a pipe in memory. When one end is dropped, the other is [`Broken`].
#[derive(Debug)]
pub struct MemoryPipe(End);

/// The other end of a [`MemoryPipe`], for threads that block. Its clones are the same end.
#[derive(Clone, Debug)]
pub struct FarEnd(Arc<End>);

#[derive(Debug)]
struct End {
    incoming: Arc<Direction>,
    outgoing: Arc<Direction>,
}

#[derive(Debug)]
struct Direction {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug)]
struct Queue {
    transfers: VecDeque<Vec<u8>>,
    max_packet_size: NonZeroU16,
    generation: u64,
    reader: Option<Waker>,
    writer: Option<Waker>,
    cut: Option<Broken>,
}

impl MemoryPipe {
    /// Both ends, with packets of that many octets.
    #[must_use]
    pub fn pair(max_packet_size: NonZeroU16) -> (MemoryPipe, MemoryPipe) {
        let (one, two) = End::pair(max_packet_size);
        (MemoryPipe(one), MemoryPipe(two))
    }

    /// Both ends, one of them for threads.
    #[must_use]
    pub fn to_threads(max_packet_size: NonZeroU16) -> (MemoryPipe, FarEnd) {
        let (one, two) = End::pair(max_packet_size);
        (MemoryPipe(one), FarEnd(Arc::new(two)))
    }
}

impl FarEnd {
    /// Hands a transfer over.
    pub fn deliver(&self, transfer: Vec<u8>) {
        self.0.outgoing.push(transfer);
    }

    /// Waits for a transfer from the other end; `None` when there will be no more.
    #[must_use]
    pub fn take(&self) -> Option<Vec<u8>> {
        let direction = &self.0.incoming;
        let mut queue = direction.lock();
        loop {
            if let Some(transfer) = queue.pop() {
                return Some(transfer);
            }
            if queue.cut.is_some() {
                return None;
            }
            queue = direction.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Tells the other end that it writes to somebody new, and in packets of that many octets; what it wrote to
    /// somebody else is forgotten.
    pub fn renew(&self, max_packet_size: NonZeroU16) {
        {
            let mut queue = self.0.incoming.lock();
            queue.transfers.clear();
            queue.max_packet_size = max_packet_size;
            queue.generation = queue.generation.wrapping_add(1);
            queue.wake();
        }
        // Who waits to read learns it, too.
        self.0.outgoing.lock().wake();
    }

    /// Whether there is nobody at the other end any more.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.incoming.lock().cut.is_some()
    }

    /// Breaks the pipe, and says why.
    pub fn cut(&self, why: Broken) {
        self.0.cut(&why);
    }
}

impl End {
    fn pair(max_packet_size: NonZeroU16) -> (End, End) {
        let direction = || {
            let queue = Queue {
                transfers: VecDeque::new(),
                max_packet_size,
                generation: 0,
                reader: None,
                writer: None,
                cut: None,
            };
            Arc::new(Direction { queue: Mutex::new(queue), changed: Condvar::new() })
        };
        let (one, two) = (direction(), direction());
        (End { incoming: Arc::clone(&one), outgoing: Arc::clone(&two) }, End { incoming: two, outgoing: one })
    }

    fn cut(&self, why: &Broken) {
        for direction in [&self.incoming, &self.outgoing] {
            let mut queue = direction.lock();
            queue.cut.get_or_insert_with(|| why.clone());
            queue.wake();
            direction.changed.notify_all();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.cut(&Broken("the other end of the pipe is gone".into()));
    }
}

impl Direction {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Valid after any panic of a holder: each change of it is a single call.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, transfer: Vec<u8>) {
        let mut queue = self.lock();
        queue.transfers.push_back(transfer);
        queue.reader.take().into_iter().for_each(Waker::wake);
        self.changed.notify_all();
    }
}

impl Queue {
    fn pop(&mut self) -> Option<Vec<u8>> {
        let transfer = self.transfers.pop_front()?;
        self.writer.take().into_iter().for_each(Waker::wake);
        Some(transfer)
    }

    fn wake(&mut self) {
        self.reader.take().into_iter().chain(self.writer.take()).for_each(Waker::wake);
    }
}

impl Pipe for MemoryPipe {
    fn max_packet_size(&self) -> NonZeroU16 {
        self.0.outgoing.lock().max_packet_size
    }

    fn generation(&self) -> u64 {
        self.0.outgoing.lock().generation
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<u8>, Broken>> {
        let mut queue = self.0.incoming.lock();
        if let Some(transfer) = queue.pop() {
            return Poll::Ready(Ok(transfer));
        }
        match &queue.cut {
            Some(why) => Poll::Ready(Err(why.clone())),
            None => {
                queue.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        let mut queue = self.0.outgoing.lock();
        if let Some(why) = &queue.cut {
            return Poll::Ready(Err(why.clone()));
        }
        if queue.transfers.len() < IN_FLIGHT {
            return Poll::Ready(Ok(()));
        }
        queue.writer = Some(context.waker().clone());
        Poll::Pending
    }

    fn write(&mut self, transfer: Vec<u8>) {
        self.0.outgoing.push(transfer);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const FULL_SPEED: NonZeroU16 = NonZeroU16::new(64).unwrap();
    const HIGH_SPEED: NonZeroU16 = NonZeroU16::new(512).unwrap();

    #[test]
    fn a_thread_gets_what_is_written_and_hears_of_the_end() {
        let (mut pipe, far) = MemoryPipe::to_threads(FULL_SPEED);
        let thread = {
            let far = far.clone();
            thread::spawn(move || std::iter::from_fn(|| far.take()).collect::<Vec<_>>())
        };
        far.renew(HIGH_SPEED);
        assert_eq!((pipe.max_packet_size(), pipe.generation()), (HIGH_SPEED, 1));
        let mut context = Context::from_waker(Waker::noop());
        for octet in 0..100 {
            // Only a bounded number is on the way.
            while pipe.poll_ready(&mut context).is_pending() {
                thread::yield_now();
            }
            pipe.write(vec![octet]);
        }
        far.deliver(vec![7]);
        assert_eq!(pipe.poll_read(&mut context), Poll::Ready(Ok(vec![7])));
        assert_eq!(pipe.poll_read(&mut context), Poll::Pending);
        drop(pipe);
        assert_eq!(thread.join().unwrap(), (0..100).map(|octet| vec![octet]).collect::<Vec<_>>());
    }

    #[test]
    fn the_reason_of_an_end_is_the_first_one_given() {
        let (mut pipe, far) = MemoryPipe::to_threads(FULL_SPEED);
        far.cut(Broken("unplugged".into()));
        drop(far);
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pipe.poll_read(&mut context), Poll::Ready(Err(Broken("unplugged".into()))));
        assert_eq!(pipe.poll_ready(&mut context), Poll::Ready(Err(Broken("unplugged".into()))));
    }
}
