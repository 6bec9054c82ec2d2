//! The far end of a bench: a reference DUT behind a link of its own, in a thread of its own.
//!
//! The harness reaches it as it reaches a device, through a reader, a cable or a kernel, and so shows that these carry
//! what a case needs. A link that breaks on this side is told to the harness, which cannot always see it from its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::pace::{End, Pace, Paced};
use dmsc_link::{Link, LinkError, Opening, Peer, Poster, Signal, Time};

/// Opens a link; called again when it was lost.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn Link>, LinkError> + Send>;

/// How long a far end with an open link may take to begin a session.
const BEGIN_LIMIT: Duration = Duration::from_secs(30);

/// What a card answers to a command that comes when no session is on: a technical problem (TS 102 221 10.2.1.6).
pub(crate) const OVER: [u8; 2] = [0x6F, 0x00];

/// The thread, and how to speak to it.
#[derive(Debug)]
pub(crate) struct FarEnd {
    handle: FarHandle,
    thread: Option<JoinHandle<()>>,
}

/// Speaks to a far end.
#[derive(Clone, Debug)]
pub(crate) struct FarHandle {
    control: Sender<Control>,
    /// Wakes the thread out of its link; there is none while the link is being opened.
    poster: Arc<Mutex<Option<Poster>>>,
    /// Why it has no link, when it has none.
    trouble: Arc<Mutex<Option<String>>>,
    pace: Pace,
}

enum Control {
    /// Answered once the link is open.
    Ready(Sender<()>),
    Begin {
        peer: Box<dyn Peer + Send>,
        opening: Opening,
        near: Option<Poster>,
        done: Sender<()>,
    },
    /// A signal that goes around the link.
    Aside(Signal),
    Halt(Sender<()>),
    Stop,
}

impl FarEnd {
    /// Starts the thread, which opens its link by itself. Until a session begins it is there as `idle` says: a card that
    /// is not in its reader cannot be waited for. For `away` it does without a link that was lost.
    pub(crate) fn start(open: Opener, idle: Opening, away: Duration, pace: Pace) -> FarEnd {
        let (control, orders) = channel();
        let poster = Arc::new(Mutex::new(None));
        let trouble = Arc::new(Mutex::new(None));
        let (shared, told, paced) = (Arc::clone(&poster), Arc::clone(&trouble), pace.clone());
        let run = move || {
            Thread { open, idle, away, orders, poster: shared, trouble: told, pace: paced, session: None }.run();
        };
        // Where there is no thread, whoever begins a session finds that nobody is there.
        let thread = std::thread::Builder::new().name("far end".into()).spawn(run).ok();
        FarEnd { handle: FarHandle { control, poster, trouble, pace }, thread }
    }

    pub(crate) fn handle(&self) -> FarHandle {
        self.handle.clone()
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        self.handle.order(Control::Stop);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing left to say.
            let _ = thread.join();
        }
    }
}

impl FarHandle {
    fn order(&self, order: Control) {
        // A thread that has ended takes no orders.
        let _ = self.control.send(order);
        if let Some(poster) = self.poster.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            poster.wake();
        }
    }

    /// The receiver is told when the link is open.
    pub(crate) fn ready(&self) -> Receiver<()> {
        let (done, ready) = channel();
        self.order(Control::Ready(done));
        ready
    }

    /// What keeps the link from being open.
    pub(crate) fn trouble(&self) -> String {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().unwrap_or_else(|| "it is still being opened".into())
    }

    /// Begins a session: `peer` is the DUT from now on; what breaks is told to `near`.
    pub(crate) fn begin(
        &self,
        peer: Box<dyn Peer + Send>,
        opening: Opening,
        near: Option<Poster>,
    ) -> Result<(), LinkError> {
        let (done, begun) = channel();
        self.order(Control::Begin { peer, opening, near, done });
        begun.recv_timeout(BEGIN_LIMIT).map_err(|_| LinkError::Gone {
            what: format!("the far end of the bench did not begin a session within {} s", BEGIN_LIMIT.as_secs()),
        })
    }

    /// Gives the DUT what does not cross the link: an act of the operator, a short message.
    pub(crate) fn aside(&self, signal: Signal) {
        self.pace.act_ordered();
        self.order(Control::Aside(signal));
    }

    /// Ends the DUT; the receiver is told when it has fallen silent.
    pub(crate) fn halt(&self) -> Receiver<()> {
        let (done, halted) = channel();
        self.order(Control::Halt(done));
        halted
    }
}

/// The DUT of a session.
struct Session {
    peer: Box<dyn Peer + Send>,
    near: Option<Poster>,
}

impl Session {
    fn tell(&self, what: &str) {
        if let Some(near) = &self.near {
            near.gone(format!("the far end of the bench: {what}"));
        }
    }
}

struct Thread {
    open: Opener,
    idle: Opening,
    /// How long it does without a link that was lost.
    away: Duration,
    orders: Receiver<Control>,
    poster: Arc<Mutex<Option<Poster>>>,
    trouble: Arc<Mutex<Option<String>>>,
    pace: Pace,
    session: Option<Session>,
}

/// Whether the thread goes on.
enum Next {
    On,
    Stop,
}

impl Thread {
    fn run(mut self) {
        // What came while there was no link.
        let mut early = Vec::new();
        loop {
            let lost = match (self.open)() {
                Ok(link) => {
                    let mut link = Paced::new(link, self.pace.clone(), End::Far);
                    *self.poster.lock().unwrap_or_else(PoisonError::into_inner) = link.poster();
                    let ended = self.serve(&mut link, std::mem::take(&mut early));
                    *self.poster.lock().unwrap_or_else(PoisonError::into_inner) = None;
                    match ended {
                        Ok(()) => return,
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if let Some(session) = self.session.take() {
                session.tell(&lost.to_string());
            }
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(lost.to_string());
            if let Next::Stop = self.stay_away(&mut early) {
                return;
            }
        }
    }

    /// Does without a link for a while.
    fn stay_away(&mut self, early: &mut Vec<Control>) -> Next {
        let until = Instant::now() + self.away;
        loop {
            match self.orders.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Control::Stop) | Err(RecvTimeoutError::Disconnected) => return Next::Stop,
                Ok(Control::Halt(done)) => {
                    early.retain(|order| matches!(order, Control::Ready(_)));
                    let _ = done.send(());
                }
                Ok(order @ (Control::Begin { .. } | Control::Ready(_))) => early.push(order),
                Ok(Control::Aside(_)) => self.pace.act_done(),
                Err(RecvTimeoutError::Timeout) => return Next::On,
            }
        }
    }

    /// Lets the DUT speak until it is stopped.
    fn serve(&mut self, link: &mut dyn Link, early: Vec<Control>) -> Result<(), LinkError> {
        let mut early = early.into_iter();
        link.begin(&self.idle)?;
        loop {
            while let Some(order) = early.next().or_else(|| self.orders.try_recv().ok()) {
                if let Next::Stop = self.obey(order, link)? {
                    return Ok(());
                }
            }
            let until = self.speak(link)?;
            match (link.recv(until)?, &mut self.session) {
                (None, _) => {}
                (Some(signal), Some(session)) => session.peer.handle(link.now(), signal),
                (Some(signal), None) => idle(link, &self.idle, &signal)?,
            }
        }
    }

    fn obey(&mut self, order: Control, link: &mut dyn Link) -> Result<Next, LinkError> {
        match order {
            Control::Begin { peer, opening, near, done } => {
                self.session = None;
                link.begin(&opening)?;
                self.session = Some(Session { peer, near });
                let _ = done.send(());
            }
            Control::Ready(done) => {
                let _ = done.send(());
            }
            Control::Aside(signal) => {
                if let Some(session) = &mut self.session {
                    session.peer.handle(link.now(), signal);
                }
                self.pace.act_done();
            }
            Control::Halt(done) => {
                self.session = None;
                let _ = done.send(());
            }
            Control::Stop => return Ok(Next::Stop),
        }
        Ok(Next::On)
    }

    /// Sends what the DUT has to say; gives the time it wants to be woken at.
    fn speak(&mut self, link: &mut dyn Link) -> Result<Time, LinkError> {
        let Some(session) = &mut self.session else { return Ok(Time::NEVER) };
        let now = link.now();
        if session.peer.wake_at().is_some_and(|at| at <= now) {
            session.peer.tick(now);
        }
        while let Some(signal) = session.peer.poll() {
            match signal {
                // That the reference DUT cannot go on, and what it gave to the network, is for the harness to know and
                // not for the wire.
                Signal::Ended(_) | Signal::Sms(_) => {
                    if let Some(near) = &session.near {
                        near.signal(signal);
                    }
                }
                signal => link.send(signal)?,
            }
        }
        Ok(session.peer.wake_at().unwrap_or(Time::NEVER))
    }
}

/// Between sessions a card is there, and nothing more: a reader powers it when it is put in.
pub(crate) fn idle(link: &mut dyn Link, opening: &Opening, signal: &Signal) -> Result<(), LinkError> {
    match signal {
        Signal::PowerOn | Signal::Reset if !opening.atr.is_empty() => link.send(Signal::Atr(opening.atr.clone())),
        Signal::Command(_) => link.send(Signal::Response(OVER.to_vec())),
        _ => Ok(()),
    }
}
