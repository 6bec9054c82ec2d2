//! Streams over the operating system's TCP.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::exhausted::{self, start_thread};
use crate::{LinkError, Signal, StreamId};

/// How long a connection, and a write to the DUT, may take before the stream is given up.
const LIMIT: Duration = Duration::from_secs(10);

/// How many octets may wait for whoever takes the signals, all streams together. A DUT that sends more has to wait, too:
/// nothing is read for so long.
pub(crate) const WAITING_LIMIT: usize = 4 * 1024 * 1024;

/// Open streams by their number. A thread for each reads, and posts what comes and the end.
pub(crate) struct Sockets {
    post: Box<dyn Fn(Signal) + Send + Sync>,
    streams: Mutex<HashMap<StreamId, Arc<TcpStream>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
    queue: Queue,
}

/// What was posted and not taken yet.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    octets: usize,
    /// Nobody takes anything any more.
    over: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for so many octets more, and takes it.
    fn enter(&self, octets: usize) {
        let mut state = self.state();
        while !state.over && state.octets > 0 && state.octets.saturating_add(octets) > WAITING_LIMIT {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.octets = state.octets.saturating_add(octets);
    }

    fn leave(&self, octets: usize) {
        let mut state = self.state();
        state.octets = state.octets.saturating_sub(octets);
        self.changed.notify_all();
    }

    /// Lets everybody through, or starts again from nothing.
    fn set_over(&self, over: bool) {
        *self.state() = QueueState { octets: 0, over };
        self.changed.notify_all();
    }
}

/// Why a stream could not be had.
#[derive(Debug)]
pub(crate) enum StreamError {
    /// The other side, or the way there, did not let it be.
    Refused(std::io::Error),
    /// The harness has no more of what it needs for it.
    Link(LinkError),
}

impl From<std::io::Error> for StreamError {
    fn from(cause: std::io::Error) -> StreamError {
        match exhausted::of_this_machine("a connection cannot be opened", cause) {
            Ok(error) => StreamError::Link(error),
            Err(cause) => StreamError::Refused(cause),
        }
    }
}

impl Sockets {
    /// No stream yet; `post` takes the signals.
    pub(crate) fn new(post: impl Fn(Signal) + Send + Sync + 'static) -> Arc<Sockets> {
        Arc::new(Sockets {
            post: Box::new(post),
            streams: Mutex::default(),
            readers: Mutex::default(),
            queue: Queue::default(),
        })
    }

    /// Takes over a stream.
    ///
    /// # Errors
    /// [`StreamError`].
    pub(crate) fn adopt(self: &Arc<Sockets>, id: StreamId, stream: TcpStream) -> Result<(), StreamError> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(LIMIT))?;
        // One descriptor does for both directions: another that cannot be had would be the end of a write that nobody sees.
        let stream = Arc::new(stream);
        let (sockets, reader) = (Arc::clone(self), Arc::clone(&stream));
        self.streams().insert(id, stream);
        let reader = start_thread("stream", move || {
            let mut buffer = [0; 16 * 1024];
            loop {
                match (&*reader).read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => {
                        sockets.queue.enter(n);
                        (sockets.post)(Signal::Data(id, buffer.get(..n).unwrap_or_default().to_vec()));
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            (sockets.post)(Signal::Close(id));
        });
        let reader = reader.inspect_err(|_| self.close(id)).map_err(StreamError::Link)?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| !reader.is_finished());
        readers.push(reader);
        Ok(())
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// [`StreamError`].
    pub(crate) fn connect(self: &Arc<Sockets>, id: StreamId, address: &SocketAddr) -> Result<(), StreamError> {
        self.adopt(id, TcpStream::connect_timeout(address, LIMIT)?)
    }

    /// Writes to a stream.
    pub(crate) fn write(&self, id: StreamId, octets: &[u8]) {
        // Not under the lock: a DUT that does not read must not hold up the other streams.
        let stream = self.streams().get(&id).map(Arc::clone);
        // A stream that broke under a write shows as its end, which the reader posts.
        if let Some(stream) = stream
            && (&*stream).write_all(octets).is_err()
        {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Closes a stream.
    pub(crate) fn close(&self, id: StreamId) {
        if let Some(stream) = self.streams().remove(&id) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whoever takes the signals says so of each.
    pub(crate) fn taken(&self, signal: &Signal) {
        if let Signal::Data(_, octets) = signal {
            self.queue.leave(octets.len());
        }
    }

    /// Closes all streams. Nothing is posted any more when this returns.
    pub(crate) fn close_all(&self) {
        // A thread that waits for room would not see that its stream has ended.
        self.queue.set_over(true);
        for (_, stream) in self.streams().drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in readers {
            let _ = reader.join();
        }
        self.queue.set_over(false);
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<StreamId, Arc<TcpStream>>> {
        // The map is valid after any panic of a holder: each operation on it is a single call.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;

    use super::*;

    /// Streams, what they post, and the far end of one.
    fn bench() -> (Arc<Sockets>, Receiver<Signal>, TcpStream) {
        let (sender, signals) = channel();
        let sockets = Sockets::new(move |signal| drop(sender.send(signal)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        sockets.adopt(1, listener.accept().unwrap().0).unwrap();
        (sockets, signals, far)
    }

    #[test]
    fn a_dut_that_sends_faster_than_it_is_read_has_to_wait() {
        let (sockets, signals, mut far) = bench();
        let whole = WAITING_LIMIT * 4;
        let writer = thread::spawn(move || far.write_all(&vec![7; whole]).unwrap());
        let (mut read, mut most) = (0, 0);
        while read < whole {
            let signal = signals.recv().unwrap();
            most = most.max(sockets.queue.state().octets);
            sockets.taken(&signal);
            read += signal.octets().unwrap().len();
        }
        writer.join().unwrap();
        assert_eq!(read, whole);
        assert!(most <= WAITING_LIMIT, "{most} octets waited");
    }

    #[test]
    fn streams_close_while_a_dut_waits() {
        let (sockets, signals, mut far) = bench();
        let dut = far.try_clone().unwrap();
        let writer = thread::spawn(move || far.write_all(&vec![7; WAITING_LIMIT * 8]).is_err());
        while sockets.queue.state().octets < WAITING_LIMIT - 16 * 1024 {
            thread::yield_now();
        }
        sockets.close_all();
        // Where its window was full when the other side closed, the system lets it wait for a minute (tcp_fin_timeout);
        // elsewhere the connection is reset by now.
        let _ = dut.shutdown(Shutdown::Both);
        assert!(writer.join().unwrap());
        assert!(signals.try_iter().count() > 0);
        assert_eq!(sockets.queue.state().octets, 0);
    }
}
