//! The thread of a pipe: moves transfers between it, the EEM endpoint, the node, and whoever holds the link.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use dmsc_ip::Node;
use dmsc_usb::eem::{Endpoint, Event};

use super::waiting::Waiting;
use super::{Broken, EemState, Pipe};
use crate::{Clock, Poster, Signal, Time};

/// Transfers that are taken before what follows from them is done. Answering a burst at once saves acknowledgements.
const BURST: usize = 64;

/// What the holder of the link asks of the thread.
pub(super) enum Command {
    Signal(Signal),
    /// End the streams, and say so.
    Begin(Sender<()>),
    /// Send an Echo, and hand over when it was answered.
    Echo(Vec<u8>, Sender<()>),
    /// Send these octets as a transfer, as they are.
    Transfer(Vec<u8>),
    State(Sender<EemState>),
}

pub(super) struct Pump {
    pub(super) pipe: Box<dyn Pipe>,
    pub(super) endpoint: Endpoint,
    pub(super) node: Node,
    pub(super) clock: Clock,
    pub(super) commands: Receiver<Command>,
    pub(super) poster: Poster,
    pub(super) waiting: Waiting,
    pub(super) generation: u64,
    /// Who waits for the answer to an Echo, in the order in which they were sent.
    pub(super) echoes: VecDeque<Sender<()>>,
}

/// Why the thread ends.
enum End {
    /// Nobody holds the link any more.
    Released,
    Broken(Broken),
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

impl From<Broken> for End {
    fn from(broken: Broken) -> End {
        End::Broken(broken)
    }
}

/// Says that the link is gone if the thread ends by a panic: the stack below is not ours.
struct Obituary<'a>(&'a Poster);

impl Drop for Obituary<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.gone("the IP stack behind USB EEM failed; begin the session again");
        }
    }
}

impl Pump {
    /// Runs until the pipe breaks or nobody holds the link any more.
    pub(super) fn run(mut self) {
        let poster = self.poster.clone();
        let _obituary = Obituary(&poster);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let end = loop {
            if let Err(end) = self.turn(&mut context) {
                break end;
            }
        };
        if let End::Broken(Broken(why)) = end {
            poster.gone(why);
        }
    }

    /// Does what there is to do, then waits until there is more.
    fn turn(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        self.follow();
        let obeyed = self.obey()?;
        let read = self.read(context)?;
        let now = self.now();
        self.node.poll(now);
        let written = self.write(context)?;
        while let Some(event) = self.node.event() {
            let signal = signal(event);
            self.waiting.posted(&signal);
            self.poster.signal(signal);
        }
        // What was read may have left more to read; a full pipe wakes the thread when it has room.
        if obeyed || read || written {
            return Ok(());
        }
        match self.node.wake_at(now) {
            None => thread::park(),
            Some(at) => thread::park_timeout(at.saturating_sub(self.now())),
        }
        Ok(())
    }

    /// The time as the node has it.
    fn now(&self) -> Duration {
        self.clock.now().since(Time::ZERO)
    }

    /// Begins again when the other side did.
    fn follow(&mut self) {
        let generation = self.pipe.generation();
        if generation != self.generation {
            self.generation = generation;
            self.node.restart(self.now());
            self.endpoint.reset();
            self.echoes.clear();
        }
    }

    fn obey(&mut self) -> Result<bool, End> {
        let mut obeyed = false;
        loop {
            let command = match self.commands.try_recv() {
                Ok(command) => command,
                Err(TryRecvError::Empty) => return Ok(obeyed),
                Err(TryRecvError::Disconnected) => return Err(End::Released),
            };
            obeyed = true;
            // Whoever asked may have given up waiting; then nobody wants the answer.
            match command {
                Command::Signal(signal) => self.hand_over(signal),
                Command::Begin(done) => {
                    self.node.begin();
                    let _ = done.send(());
                }
                Command::Echo(payload, answered) => {
                    if self.endpoint.send_echo(&payload).is_ok() {
                        self.echoes.push_back(answered);
                    }
                }
                Command::Transfer(octets) => self.endpoint.send_transfer(octets),
                Command::State(answer) => {
                    let _ = answer.send(EemState {
                        counters: *self.endpoint.counters(),
                        addresses: self.node.addresses().collect(),
                        peer: self.node.peer(),
                    });
                }
            }
        }
    }

    fn hand_over(&mut self, signal: Signal) {
        match signal {
            Signal::Connect(id) => self.node.connect(self.now(), id),
            Signal::Data(id, octets) => self.node.write(id, octets),
            Signal::Close(id) => self.node.close(id),
            // The holder passes on no other.
            _ => {}
        }
    }

    /// Takes transfers, unless too much waits already: the other side has to wait, too, until there is room.
    fn read(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if self.waiting.is_full() {
            return Ok(false);
        }
        for count in 0..BURST {
            let Poll::Ready(transfer) = self.pipe.poll_read(context) else { return Ok(count > 0) };
            let (transfer, now) = (transfer?, self.now());
            let Pump { endpoint, node, echoes, .. } = self;
            endpoint.receive(&transfer, |event| match event {
                Event::Frame(frame) => node.receive(now, frame),
                Event::EchoAnswered(_) => {
                    let _ = echoes.pop_front().map(|answered| answered.send(()));
                }
                // Counted; whether they are a fault is not for a link to say.
                _ => {}
            });
        }
        Ok(true)
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        self.endpoint.set_max_packet_size(self.pipe.max_packet_size());
        while let Some(frame) = self.node.frame() {
            // The node's frames are as long as its MTU at most, and have a header at least.
            let _ = self.endpoint.send_frame(&frame);
        }
        let mut written = false;
        while self.endpoint.has_transfer() {
            match self.pipe.poll_ready(context) {
                Poll::Pending => break,
                Poll::Ready(ready) => ready?,
            }
            if let Some(transfer) = self.endpoint.poll_transfer() {
                self.pipe.write(transfer);
                written = true;
            }
        }
        Ok(written)
    }
}

/// The stream event of a node as a link says it.
fn signal(event: dmsc_ip::Event) -> Signal {
    match event {
        dmsc_ip::Event::Accepted(id) => Signal::Connect(id),
        dmsc_ip::Event::Connected(id) => Signal::Connected(id),
        dmsc_ip::Event::Refused(id, why) => Signal::Refused(id, why),
        dmsc_ip::Event::Data(id, octets) => Signal::Data(id, octets),
        dmsc_ip::Event::Closed(id) => Signal::Close(id),
    }
}
