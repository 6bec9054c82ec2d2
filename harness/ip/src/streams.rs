//! TCP connections as byte streams.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use smoltcp::iface::{Context, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};

use super::node::{resolve, stack_duration};
use super::{Event, IpConfig, StreamId, Target};

/// The first of the ports that nobody is assigned (RFC 6335 6).
const FIRST_PORT: u16 = 49152;

/// Every stream of a node, and the sockets that wait for more.
pub(super) struct Streams {
    target: Option<Target>,
    window: usize,
    patience: Duration,
    open: BTreeMap<StreamId, Stream>,
    listeners: Vec<Listener>,
    /// Over for whoever uses streams, and not yet for TCP.
    dying: Vec<SocketHandle>,
    next_id: StreamId,
    next_port: u16,
}

struct Listener {
    port: u16,
    handle: SocketHandle,
}

struct Stream {
    /// `None` until it is known where the stream leads.
    handle: Option<SocketHandle>,
    /// When an attempt to connect is given up; `None` once the stream is open.
    deadline: Option<Duration>,
    outbox: VecDeque<Vec<u8>>,
    /// Octets of the first of the outbox that have gone.
    gone: usize,
    /// Closed by this side; FIN follows the outbox.
    closing: bool,
    /// The end of the other side has been told.
    ended: bool,
}

impl Stream {
    fn new(handle: Option<SocketHandle>, deadline: Option<Duration>) -> Stream {
        Stream { handle, deadline, outbox: VecDeque::new(), gone: 0, closing: false, ended: false }
    }
}

impl Streams {
    pub(super) fn new(config: &IpConfig, seed: u64, sockets: &mut SocketSet<'static>) -> Streams {
        let mut streams = Streams {
            target: config.connect,
            window: config.window,
            patience: config.patience,
            open: BTreeMap::new(),
            listeners: Vec::new(),
            dying: Vec::new(),
            next_id: 1,
            next_port: FIRST_PORT | u16::try_from(seed & 0x3FFF).unwrap_or_default(),
        };
        for &port in &config.listen {
            for _ in 0..config.backlog.max(1) {
                let handle = streams.listen(port, sockets);
                streams.listeners.push(Listener { port, handle });
            }
        }
        streams
    }

    fn socket(&self) -> Socket<'static> {
        let buffer = || SocketBuffer::new(vec![0; self.window]);
        let mut socket = Socket::new(buffer(), buffer());
        // What a session writes is whole messages; waiting for more of them only costs time.
        socket.set_nagle_enabled(false);
        socket
    }

    fn listen(&self, port: u16, sockets: &mut SocketSet<'static>) -> SocketHandle {
        let mut socket = self.socket();
        // Who begins a connection and does not go on with it shall not hold the place for ever.
        socket.set_timeout(Some(stack_duration(self.patience)));
        // Fails on port 0, which was refused before, and on an open socket only.
        let _ = socket.listen(port);
        sockets.add(socket)
    }

    pub(super) fn connect(&mut self, now: Duration, id: StreamId) {
        let before = self.open.insert(id, Stream::new(None, Some(now.saturating_add(self.patience))));
        self.dying.extend(before.and_then(|stream| stream.handle));
    }

    pub(super) fn data(&mut self, id: StreamId, octets: Vec<u8>) {
        if let Some(stream) = self.open.get_mut(&id).filter(|stream| !stream.closing && !octets.is_empty()) {
            stream.outbox.push_back(octets);
        }
    }

    pub(super) fn close(&mut self, id: StreamId) {
        if let Some(stream) = self.open.get_mut(&id) {
            stream.closing = true;
        }
    }

    pub(super) fn reset(&mut self, sockets: &mut SocketSet<'static>) {
        for handle in std::mem::take(&mut self.open).into_values().filter_map(|stream| stream.handle) {
            sockets.get_mut::<Socket<'_>>(handle).abort();
            self.dying.push(handle);
        }
    }

    /// What is to be said of the streams when the other side has left.
    pub(super) fn ends(&self) -> impl Iterator<Item = Event> {
        self.open.iter().filter(|(_, stream)| !stream.ended).map(|(&id, stream)| match stream.deadline {
            Some(_) => Event::Refused(id, "the other side has left".into()),
            None => Event::Closed(id),
        })
    }

    /// Counts on from where the streams before have come to.
    pub(super) fn follow(&mut self, before: &Streams) {
        self.next_id = before.next_id;
    }

    /// Takes out what has come.
    pub(super) fn receive(&mut self, sockets: &mut SocketSet<'static>, events: &mut VecDeque<Event>) {
        for (&id, stream) in self.open.iter_mut().filter(|(_, stream)| stream.deadline.is_none()) {
            if let Some(handle) = stream.handle {
                stream.receive(id, sockets.get_mut(handle), events);
            }
        }
    }

    /// Goes on with every stream as far as it goes by now.
    pub(super) fn work(
        &mut self,
        now: Duration,
        peer: Option<IpAddr>,
        context: &mut Context,
        sockets: &mut SocketSet<'static>,
        events: &mut VecDeque<Event>,
    ) {
        self.accept(sockets, events);
        self.dial(peer, context, sockets, events);
        let (patience, mut over) = (self.patience, Vec::new());
        for (&id, stream) in &mut self.open {
            if !stream.work(now, id, patience, sockets, events) {
                over.push(id);
            }
        }
        self.dying.extend(over.into_iter().filter_map(|id| self.open.remove(&id)?.handle));
        self.dying.retain(|&handle| {
            // Until a reset has gone, or the time to wait for a late FIN has passed.
            let lives = sockets.get::<Socket<'_>>(handle).remote_endpoint().is_some();
            if !lives {
                sockets.remove(handle);
            }
            lives
        });
    }

    /// When an attempt to connect is to be given up next.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.open.values().filter_map(|stream| stream.deadline).min()
    }

    fn accept(&mut self, sockets: &mut SocketSet<'static>, events: &mut VecDeque<Event>) {
        for at in 0..self.listeners.len() {
            let Some(&Listener { port, handle }) = self.listeners.get(at) else { return };
            let taken = match sockets.get::<Socket<'_>>(handle).state() {
                State::Listen | State::SynReceived => continue,
                // It was reset before it came about.
                State::Closed => None,
                _ => Some(handle),
            };
            let fresh = self.listen(port, sockets);
            if let Some(listener) = self.listeners.get_mut(at) {
                listener.handle = fresh;
            }
            match taken {
                None => drop(sockets.remove(handle)),
                Some(handle) => {
                    while self.open.contains_key(&self.next_id) {
                        self.next_id = self.next_id.wrapping_add(1);
                    }
                    events.push_back(Event::Accepted(self.next_id));
                    self.open.insert(self.next_id, Stream::new(Some(handle), None));
                    self.next_id = self.next_id.wrapping_add(1);
                }
            }
        }
    }

    /// Begins the connections whose end has become known.
    fn dial(
        &mut self,
        peer: Option<IpAddr>,
        context: &mut Context,
        sockets: &mut SocketSet<'static>,
        events: &mut VecDeque<Event>,
    ) {
        let waiting = |stream: &Stream| stream.handle.is_none() && stream.deadline.is_some();
        let ids: Vec<_> = self.open.iter().filter(|(_, stream)| waiting(stream)).map(|(id, _)| *id).collect();
        for id in ids {
            let Some(target) = self.target else {
                self.open.remove(&id);
                events.push_back(Event::Refused(id, "no address to connect to is configured".into()));
                continue;
            };
            let Some(address) = resolve(target.host, peer) else { continue };
            let mut socket = self.socket();
            let local = self.next_port;
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
            match socket.connect(context, (address, target.port), local) {
                Ok(()) => {
                    let handle = sockets.add(socket);
                    if let Some(stream) = self.open.get_mut(&id) {
                        stream.handle = Some(handle);
                    }
                }
                // No address of this side goes with it yet; one may come.
                Err(_) => self.next_port = local,
            }
        }
    }
}

impl Stream {
    /// Goes on as far as it goes; false when the stream is over.
    fn work(
        &mut self,
        now: Duration,
        id: StreamId,
        patience: Duration,
        sockets: &mut SocketSet<'static>,
        events: &mut VecDeque<Event>,
    ) -> bool {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            let why = match self.handle.take() {
                None => "no address of the other side is known; check the addressing rules of the link",
                Some(handle) => {
                    // There is nobody to tell.
                    sockets.remove(handle);
                    "the other side does not answer"
                }
            };
            events.push_back(Event::Refused(id, why.into()));
            return false;
        }
        let Some(handle) = self.handle else { return true };
        let socket = sockets.get_mut::<Socket<'_>>(handle);
        if self.deadline.is_some() {
            match socket.state() {
                State::SynSent | State::SynReceived => return true,
                State::Closed => {
                    events.push_back(Event::Refused(id, "the other side resets the connection".into()));
                    return false;
                }
                _ => {
                    self.deadline = None;
                    events.push_back(Event::Connected(id));
                }
            }
        }
        self.send(socket);
        // The stack counts idle time too, so it is told to count only while something is to be acknowledged.
        socket.set_timeout((socket.send_queue() > 0).then(|| stack_duration(patience)));
        self.receive(id, socket, events);
        !matches!(socket.state(), State::TimeWait | State::Closed)
    }

    fn send(&mut self, socket: &mut Socket<'static>) {
        while socket.can_send()
            && let Some(octets) = self.outbox.front()
        {
            let rest = octets.get(self.gone..).unwrap_or_default();
            let sent = socket.send_slice(rest).unwrap_or_default();
            if sent == rest.len() {
                self.outbox.pop_front();
                self.gone = 0;
            } else {
                self.gone = self.gone.saturating_add(sent);
            }
        }
        if self.closing && self.outbox.is_empty() {
            socket.close();
        }
    }

    fn receive(&mut self, id: StreamId, socket: &mut Socket<'static>, events: &mut VecDeque<Event>) {
        while socket.can_recv() {
            let Ok(octets) = socket.recv(|octets| (octets.len(), octets.to_vec())) else { break };
            match events.back_mut() {
                // Frames of one burst are one piece to whoever reads.
                Some(Event::Data(last, so_far)) if *last == id => so_far.extend(octets),
                _ => events.push_back(Event::Data(id, octets)),
            }
        }
        if !self.ended && !socket.may_recv() {
            self.ended = true;
            events.push_back(Event::Closed(id));
        }
    }
}
