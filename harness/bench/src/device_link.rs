//! The link to a device, kept open from one case to the next, and opened again when it was lost.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use dmsc_link::{AWAY, Capabilities, LastWords, Link, LinkError, Opening, Peer, Poster, Signal, Time, is_interrupted};

pub use crate::far_end::Opener;
use crate::far_end::{FarEnd, FarHandle, OVER, idle};
use crate::pace::{End, Pace, Paced};
use dmsc_engine::role::Role;
use dmsc_language::dut::{Connection, Device};

/// How long a far end that was told to fall silent may take before a command it may wait on is answered.
const LAST_WORDS: Duration = Duration::from_millis(20);

/// How long it waits before it tries again to open a link that says at once that it cannot be had.
const AGAIN: Duration = Duration::from_millis(100);

/// The link to a device, with the far end of the bench where there is one.
pub struct DeviceLink {
    open: Opener,
    near: Option<Box<dyn Link>>,
    far: Option<FarEnd>,
    pace: Pace,
    /// How long a lost link may take to come back.
    limit: Duration,
}

impl DeviceLink {
    /// A link that `open` opens when it is first needed; on a bench with what `far` opens at its far end, and what that is
    /// before the first session. A lost link may take `limit` to come back; the far end stays `away` meanwhile.
    pub fn new(open: Opener, far: Option<(Opener, Opening)>, limit: Duration, away: Duration) -> DeviceLink {
        let pace = Pace::default();
        let far = far.map(|(open, idle)| FarEnd::start(open, idle, away, pace.clone()));
        DeviceLink { open, near: None, far, pace, limit }
    }

    /// The link to a device; `atr` is that of the card, if one is played at the far end of a bench.
    pub(crate) fn of(device: &Device, atr: &[u8]) -> DeviceLink {
        let far = device.bench.as_ref().map(|bench| (opener(&bench.connection), Opening { atr: atr.to_vec() }));
        DeviceLink::new(opener(&device.connection), far, device.recovery, AWAY)
    }

    /// The link, open.
    pub(crate) fn take(&mut self) -> Result<Box<dyn Link>, LinkError> {
        match self.near.take() {
            Some(near) => Ok(near),
            None => self.opened(),
        }
    }

    /// Begins a session on the link. On a bench, `reference` is the DUT at the far end.
    pub(crate) fn begin(
        &self,
        near: &mut dyn Link,
        opening: &Opening,
        reference: Option<(Box<dyn Peer + Send>, Opening)>,
    ) -> Result<(), LinkError> {
        near.begin(opening)?;
        let (Some(far), Some((peer, theirs))) = (&self.far, reference) else { return Ok(()) };
        self.meet(near, opening, &far.handle())?;
        // What passed until the two had met is not of the session.
        near.begin(opening)?;
        far.handle().begin(peer, theirs, near.poster())
    }

    /// Waits for the link of the far end, which may in turn wait for what is played here: a card that is put into a
    /// reader has to answer it.
    fn meet(&self, near: &mut dyn Link, opening: &Opening, far: &FarHandle) -> Result<(), LinkError> {
        let ready = far.ready();
        let until = Instant::now() + self.limit;
        loop {
            match ready.try_recv() {
                Ok(()) => return Ok(()),
                Err(_) if is_interrupted() => return Err(LinkError::Interrupted),
                Err(_) if Instant::now() > until => {
                    return Err(LinkError::Missing {
                        what: format!("the far end of the bench has no link: {}", far.trouble()),
                        remedy: "see what `bench` in the DUT file leads over".into(),
                    });
                }
                Err(_) => {}
            }
            if let Some(signal) = near.recv(near.now() + LAST_WORDS)? {
                idle(near, opening, &signal)?;
            }
        }
    }

    fn opened(&mut self) -> Result<Box<dyn Link>, LinkError> {
        let near = (self.open)()?;
        Ok(match &self.far {
            Some(far) => {
                let near = Paced::new(near, self.pace.clone(), End::Near);
                Box::new(BenchLink { near, far: far.handle() })
            }
            None => near,
        })
    }

    /// Takes back the link of a session that is over. A far end is brought to silence, so that nothing of this session
    /// reaches the next.
    pub(crate) fn end(&mut self, mut near: Box<dyn Link>, role: Role) {
        if let Some(far) = &self.far {
            let halted = far.handle().halt();
            let until = Instant::now() + self.limit;
            loop {
                // A terminal that waits for an answer would not hear that it is over.
                if role == Role::Card && near.send(Signal::Response(OVER.to_vec())).is_err() {
                    return;
                }
                match halted.recv_timeout(LAST_WORDS) {
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) if Instant::now() > until => return,
                    Err(RecvTimeoutError::Timeout) => {}
                }
                while let Ok(Some(_)) = near.recv(near.now()) {}
            }
        }
        self.near = Some(near);
    }

    /// Opens the link again after it was lost; gives how long that took.
    ///
    /// # Errors
    /// What stood in the way when the limit had passed.
    pub(crate) fn recover(&mut self) -> Result<Duration, LinkError> {
        self.near = None;
        let began = Instant::now();
        loop {
            match self.opened() {
                Ok(near) => {
                    self.near = Some(near);
                    return Ok(began.elapsed());
                }
                Err(error) if began.elapsed() > self.limit || is_interrupted() => return Err(error),
                Err(_) => std::thread::sleep(AGAIN),
            }
        }
    }
}

fn opener(connection: &Connection) -> Opener {
    let connection = connection.clone();
    Box::new(move || connection.open())
}

/// The link to a bench: acts and short messages go to the reference DUT at the far end, and not over the link.
struct BenchLink {
    near: Paced,
    far: FarHandle,
}

impl Link for BenchLink {
    fn now(&self) -> Time {
        self.near.now()
    }

    fn capabilities(&self) -> Capabilities {
        self.near.capabilities()
    }

    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        self.near.begin(opening)
    }

    fn poster(&self) -> Option<Poster> {
        self.near.poster()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Act(_) | Signal::Sms(_) => {
                self.far.aside(signal);
                Ok(())
            }
            signal => self.near.send(signal),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        self.near.recv(until)
    }

    fn last_words(&self) -> LastWords {
        self.near.last_words()
    }
}
