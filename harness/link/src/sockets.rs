//! Streams over the operating system's TCP.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::{Signal, StreamId};

/// How long a connection, and a write to the DUT, may take before the stream is given up.
const LIMIT: Duration = Duration::from_secs(10);

/// Open streams by their number. A thread for each reads, and posts what comes and the end.
pub(crate) struct Sockets {
    post: Box<dyn Fn(Signal) + Send + Sync>,
    streams: Mutex<HashMap<StreamId, TcpStream>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
}

impl Sockets {
    /// No stream yet; `post` takes the signals.
    pub(crate) fn new(post: impl Fn(Signal) + Send + Sync + 'static) -> Arc<Sockets> {
        Arc::new(Sockets { post: Box::new(post), streams: Mutex::default(), readers: Mutex::default() })
    }

    /// Takes over a stream.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn adopt(self: &Arc<Sockets>, id: StreamId, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(LIMIT))?;
        let mut reader = stream.try_clone()?;
        self.streams().insert(id, stream);
        let sockets = Arc::clone(self);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            loop {
                match reader.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => (sockets.post)(Signal::Data(id, buffer.get(..n).unwrap_or_default().to_vec())),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            (sockets.post)(Signal::Close(id));
        });
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| !reader.is_finished());
        readers.push(reader);
        Ok(())
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn connect(self: &Arc<Sockets>, id: StreamId, address: &SocketAddr) -> std::io::Result<()> {
        self.adopt(id, TcpStream::connect_timeout(address, LIMIT)?)
    }

    /// Writes to a stream.
    pub(crate) fn write(&self, id: StreamId, octets: &[u8]) {
        // Not under the lock: a DUT that does not read must not hold up the other streams.
        let stream = self.streams().get(&id).map(TcpStream::try_clone);
        // A stream that broke under a write shows as its end, which the reader posts.
        if let Some(Ok(mut stream)) = stream
            && stream.write_all(octets).is_err()
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

    /// Closes all streams. Nothing is posted any more when this returns.
    pub(crate) fn close_all(&self) {
        for (_, stream) in self.streams().drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in readers {
            let _ = reader.join();
        }
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<StreamId, TcpStream>> {
        // The map is valid after any panic of a holder: each operation on it is a single call.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
