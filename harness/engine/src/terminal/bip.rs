//! The terminal's end of the bearer independent protocol: UICC Server Mode as a gateway for local clients, Terminal
//! Server Mode towards announced applications (TS 102 223 6.4.27 to 6.4.31, 8.56; DM_SC 7.1).

use dmsc_uicc::channel::{ChannelStatus, Link, TransportProtocol};

use crate::choice::terminal::{FullBuffer, Handset, UnheardData};
use crate::chunks::Chunks;
use crate::switch::{Switch, Switches};

/// The largest buffer a channel is granted, in octets.
const MAX_BUFFER: u16 = 1400;

/// The most octets of channel data that fit a TERMINAL RESPONSE.
const MAX_RECEIVE: usize = 237;

/// One channel.
#[derive(Clone, Debug)]
struct Channel {
    id: u8,
    server: bool,
    stream: bool,
    port: u16,
    link: Link,
    buffer: u16,
    /// For the card, not yet received by it.
    incoming: Vec<u8>,
    /// For the card, and not told of yet.
    coming: Vec<u8>,
    /// From the card, stored until it is to be sent.
    stored: Vec<u8>,
    /// Its client has gone while the card was in the middle of something, which may be about that client.
    left: bool,
}

/// All channels.
#[derive(Clone, Debug)]
pub(super) struct Bip {
    channels: Vec<Channel>,
    /// Channels that were closed, for a terminal that goes on serving their ports.
    closed: Vec<Channel>,
    limit: u8,
    max_buffer: u16,
    /// How much of what a client sent the card is told of at once.
    arriving: Chunks,
    /// How much the card is given at once.
    given: Chunks,
    choices: Handset,
    switches: Switches,
}

/// Why a BIP command fails: general result and additional information.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure(pub(super) u8, pub(super) Option<u8>);

impl Failure {
    const NO_CHANNEL: Failure = Failure(0x3A, Some(0x01));
    const CLOSED: Failure = Failure(0x3A, Some(0x02));
    const INVALID: Failure = Failure(0x3A, Some(0x03));
    const BUFFER: Failure = Failure(0x3A, Some(0x04));
    pub(super) const PORT: Failure = Failure(0x3A, Some(0x10));
}

/// A channel that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) status: ChannelStatus,
    pub(super) buffer: u16,
    /// Whether the buffer is smaller than asked.
    pub(super) modified: bool,
}

/// Data that leave a channel towards the terminal's own side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// For the client connected through the gateway.
    Client(u8, Vec<u8>),
    /// For the application that announced the port.
    Application(ApplicationData),
}

/// Data for an application of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApplicationData {
    /// The channel they came through.
    pub(super) channel: u8,
    /// The port of the application.
    pub(super) port: u16,
    /// Whether they are a piece of a stream (TCP), and not a message by themselves.
    pub(super) stream: bool,
    pub(super) octets: Vec<u8>,
}

/// Something the card should be told by an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The state of a channel changed by no act of the card.
    Status(ChannelStatus),
    /// Data arrived on a channel that had none; the length as it is coded.
    Data(ChannelStatus, u8),
}

impl Channel {
    /// Octets leave it.
    fn deliver(&self, octets: Vec<u8>) -> Delivery {
        if self.server {
            Delivery::Client(self.id, octets)
        } else {
            let (channel, port, stream) = (self.id, self.port, self.stream);
            Delivery::Application(ApplicationData { channel, port, stream, octets })
        }
    }
}

impl Bip {
    pub(super) fn new(limit: u8, max_buffer: Option<u16>, chunks: Chunks, choices: Handset, switches: Switches) -> Bip {
        Bip {
            channels: Vec::new(),
            closed: Vec::new(),
            limit: limit.clamp(1, 7),
            max_buffer: max_buffer.unwrap_or(MAX_BUFFER),
            arriving: chunks.clone(),
            given: chunks,
            choices,
            switches,
        }
    }

    fn find(&mut self, id: u8) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|c| c.id == id)
    }

    fn free_id(&self) -> Option<u8> {
        (1..=self.limit).find(|id| self.channels.iter().all(|c| c.id != *id))
    }

    /// OPEN CHANNEL in one of the server modes.
    pub(super) fn open(&mut self, protocol: TransportProtocol, port: u16, wanted: u16) -> Result<Opened, Failure> {
        let server = protocol == TransportProtocol::TcpUiccServer;
        let taken = self.channels.iter().any(|c| c.server && c.port == port);
        if server && taken && !self.switches.on(Switch::AllowPortTwice) {
            return Err(Failure::PORT);
        }
        let id = self.free_id().ok_or(Failure::NO_CHANNEL)?;
        let buffer = if wanted == 0 { self.max_buffer } else { wanted.min(self.max_buffer) };
        let link = if server { Link::Listen } else { Link::Established };
        let stream = protocol == TransportProtocol::TcpClientLocal;
        self.channels.push(Channel {
            id,
            server,
            stream,
            port,
            link,
            buffer,
            incoming: Vec::new(),
            coming: Vec::new(),
            stored: Vec::new(),
            left: false,
        });
        Ok(Opened { status: ChannelStatus::new(id, link), buffer, modified: buffer != wanted })
    }

    /// CLOSE CHANNEL. Gives whether a client connection was cut.
    pub(super) fn close(&mut self, id: u8, qualifier: u8) -> Result<bool, Failure> {
        let leak = self.switches.on(Switch::LeakListener);
        let serves_on = self.switches.on(Switch::ServeClosedPort);
        let channel = self.find(id).ok_or(Failure::INVALID)?;
        let cut = channel.server && channel.link == Link::Established;
        if channel.server && (qualifier & 1 == 1 || leak) {
            channel.link = Link::Listen;
            channel.incoming.clear();
            channel.coming.clear();
            channel.stored.clear();
        } else {
            let served = (serves_on && channel.server).then(|| channel.clone());
            self.closed.extend(served);
            self.channels.retain(|c| c.id != id);
        }
        Ok(cut)
    }

    /// SEND DATA. Gives the free room of the buffer, coded, and what leaves the channel.
    pub(super) fn send(&mut self, id: u8, data: &[u8], immediate: bool) -> Result<(u8, Option<Delivery>), Failure> {
        if self.find(id).is_none() && self.switches.on(Switch::AcceptUnknownChannel) {
            return Ok((0xFF, None));
        }
        let at_once = immediate || self.switches.on(Switch::SendStoredAtOnce);
        let (keeps, loses) = (self.switches.on(Switch::KeepForNextClient), self.switches.on(Switch::LoseOverflow));
        let (unheard, full) = (self.choices.unheard_data, self.choices.full_buffer);
        let mask = self.mask();
        let channel = self.find(id).ok_or(Failure::INVALID)?;
        let data: Vec<u8> = data.iter().map(|octet| if channel.server { octet & mask } else { *octet }).collect();
        if channel.server && channel.link != Link::Established {
            return match unheard {
                _ if keeps => {
                    channel.stored.extend_from_slice(&data);
                    Ok((coded(usize::from(channel.buffer)), None))
                }
                UnheardData::Refused => Err(Failure::CLOSED),
                UnheardData::Dropped => Ok((coded(usize::from(channel.buffer)), None)),
            };
        }
        let buffer = usize::from(channel.buffer);
        let mut leaving = Vec::new();
        if channel.stored.len().saturating_add(data.len()) > buffer {
            if loses {
                return Ok((coded(buffer), None));
            }
            if full == FullBuffer::Refuses || data.len() > buffer {
                return Err(Failure::BUFFER);
            }
            leaving = std::mem::take(&mut channel.stored);
        }
        channel.stored.extend_from_slice(&data);
        if at_once {
            leaving.append(&mut channel.stored);
        }
        let delivery = (at_once || !leaving.is_empty()).then(|| channel.deliver(leaving));
        Ok((coded(buffer.saturating_sub(channel.stored.len())), delivery))
    }

    /// The bits of each octet that pass between card and client.
    fn mask(&self) -> u8 {
        if self.switches.on(Switch::SevenBits) { 0x7F } else { 0xFF }
    }

    /// RECEIVE DATA. Gives the octets, how many are left (coded), and whether fewer came than were asked for.
    pub(super) fn receive(&mut self, id: u8, wanted: u8) -> Result<(Vec<u8>, u8, bool), Failure> {
        let drop_last = self.switches.on(Switch::DropLastOctet);
        let drop_rest = self.switches.on(Switch::DropRest);
        let most = if self.switches.on(Switch::OneOctet) { 1 } else { self.given.take(MAX_RECEIVE) };
        let channel = self.find(id).ok_or(Failure::INVALID)?;
        let count = usize::from(wanted).min(most).min(channel.incoming.len());
        let mut rest = channel.incoming.split_off(count);
        if drop_rest {
            let lost = usize::from(wanted).saturating_sub(count).min(rest.len());
            rest.drain(..lost);
        }
        let mut octets = std::mem::replace(&mut channel.incoming, rest);
        let missing = count < usize::from(wanted);
        if drop_last && octets.len() > 1 {
            octets.pop();
        }
        Ok((octets, coded(channel.incoming.len()), missing))
    }

    /// GET CHANNEL STATUS.
    pub(super) fn statuses(&self) -> Vec<ChannelStatus> {
        self.channels.iter().map(|c| ChannelStatus::new(c.id, c.link)).collect()
    }

    /// A local client connects to a port of the gateway.
    pub(super) fn connect(&mut self, port: u16) -> Option<(u8, Notice)> {
        let listens = |c: &Channel| c.server && c.port == port && c.link == Link::Listen;
        if !self.channels.iter().any(listens) {
            self.channels.extend(self.closed.iter().position(listens).map(|at| self.closed.remove(at)));
        }
        let channel = self.channels.iter_mut().find(|c| listens(c))?;
        channel.link = Link::Established;
        channel.left = false;
        Some((channel.id, Notice::Status(ChannelStatus::new(channel.id, Link::Established))))
    }

    /// The channel of a port that has a client.
    pub(super) fn taken(&self, port: u16) -> Option<u8> {
        let taken = |c: &&Channel| c.server && c.port == port && c.link == Link::Established;
        self.channels.iter().find(taken).map(|c| c.id)
    }

    /// Whether the card has read all that came through a channel.
    pub(super) fn is_read(&self, id: u8) -> bool {
        self.channels.iter().any(|c| c.id == id && c.incoming.is_empty() && c.coming.is_empty())
    }

    /// Whether the card has fetched what the last client of a port has written, and is in the middle of nothing that it
    /// began with that one.
    pub(super) fn is_done(&self, port: u16) -> bool {
        let over = |c: &&Channel| c.server && c.port == port && c.link == Link::Listen;
        self.channels.iter().filter(over).all(|c| c.incoming.is_empty() && c.coming.is_empty() && !c.left)
    }

    /// The card is in the middle of nothing.
    pub(super) fn rest(&mut self) {
        self.channels.iter_mut().for_each(|channel| channel.left = false);
    }

    /// The last client of a port is waited for no longer: what it has written and nobody has fetched is lost.
    pub(super) fn forget_last(&mut self, port: u16) {
        for channel in self.channels.iter_mut().filter(|c| c.server && c.port == port && c.link == Link::Listen) {
            channel.incoming.clear();
            channel.coming.clear();
            channel.left = false;
        }
    }

    /// A local client writes.
    pub(super) fn write(&mut self, id: u8, octets: &[u8]) -> Option<Notice> {
        let mask = self.mask();
        let octets: Vec<u8> = octets.iter().map(|octet| octet & mask).collect();
        if self.arriving.is_set() {
            self.find(id)?.coming.extend_from_slice(&octets);
            return self.next_chunk(id);
        }
        let channel = self.find(id)?;
        let was_empty = channel.incoming.is_empty();
        channel.incoming.extend_from_slice(&octets);
        let status = ChannelStatus::new(id, channel.link);
        was_empty.then(|| Notice::Data(status, coded(channel.incoming.len())))
    }

    /// The next piece of what a client has written arrives, where the card has read all before it.
    pub(super) fn next_chunk(&mut self, id: u8) -> Option<Notice> {
        let channel = self.channels.iter_mut().find(|c| c.id == id && c.incoming.is_empty() && !c.coming.is_empty())?;
        let size = self.arriving.take(channel.coming.len());
        let rest = channel.coming.split_off(size);
        channel.incoming = std::mem::replace(&mut channel.coming, rest);
        Some(Notice::Data(ChannelStatus::new(id, channel.link), coded(channel.incoming.len())))
    }

    /// A local client closes its connection, `amid` what the card does or not.
    pub(super) fn hang_up(&mut self, id: u8, amid: bool) -> Option<Notice> {
        let channel = self.find(id).filter(|c| c.link == Link::Established)?;
        channel.link = Link::Listen;
        channel.left = amid;
        channel.stored.clear();
        channel.incoming.append(&mut channel.coming);
        Some(Notice::Status(ChannelStatus::new(id, Link::Listen)))
    }

    /// What a channel is: `uicc-server`, `terminal-server`, or `none` when there is no such channel.
    pub(super) fn mode(&self, id: u8) -> &'static str {
        match self.channels.iter().find(|c| c.id == id) {
            Some(channel) if channel.server => "uicc-server",
            Some(_) => "terminal-server",
            None => "none",
        }
    }

    /// Whether a client is connected through the channel.
    pub(super) fn is_connected(&self, id: u8) -> bool {
        self.channels.iter().any(|c| c.id == id && c.server && c.link == Link::Established)
    }
}

/// A length as Channel data length codes it: 255 stands for 255 or more (TS 102 223 8.54).
fn coded(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(0xFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bip() -> Bip {
        Bip::new(2, None, Chunks::default(), Handset::default(), Switches::default())
    }

    const SERVER: TransportProtocol = TransportProtocol::TcpUiccServer;

    #[test]
    fn a_client_reaches_the_card_and_back() {
        let mut b = bip();
        assert_eq!(b.connect(4116), None);
        let opened = b.open(SERVER, 4116, 2000).unwrap();
        assert_eq!((opened.status.link, opened.buffer, opened.modified), (Link::Listen, 1400, true));
        let (id, notice) = b.connect(4116).unwrap();
        assert_eq!(notice, Notice::Status(ChannelStatus::new(1, Link::Established)));
        assert_eq!(b.write(id, &[7; 300]), Some(Notice::Data(ChannelStatus::new(1, Link::Established), 0xFF)));
        assert_eq!(b.write(id, &[8]), None);
        let (octets, left, missing) = b.receive(id, 0xFF).unwrap();
        assert_eq!((octets.len(), left, missing), (237, 64, true));
        assert_eq!(b.receive(id, 64).unwrap().1, 0);
        assert_eq!(b.send(id, b"ab", false).unwrap(), (0xFF, None));
        assert_eq!(b.send(id, b"c", true).unwrap().1, Some(Delivery::Client(1, b"abc".to_vec())));
        assert_eq!(b.close(id, 1), Ok(true));
        assert_eq!(b.statuses(), [ChannelStatus::new(1, Link::Listen)]);
    }

    #[test]
    fn a_port_waits_for_a_card_that_is_busy_with_the_client_before() {
        let mut b = bip();
        b.open(SERVER, 80, 500).unwrap();
        for amid in [true, false] {
            let (id, _) = b.connect(80).unwrap();
            assert!(b.hang_up(id, amid).is_some());
            assert_eq!(b.is_done(80), !amid);
            b.rest();
            assert!(b.is_done(80));
        }
    }

    #[test]
    fn data_arrive_and_are_given_in_the_sizes_asked_for() {
        let mut b = Bip::new(2, None, Chunks::new(vec![3, 1]), Handset::default(), Switches::default());
        b.open(SERVER, 4116, 1400).unwrap();
        let (id, _) = b.connect(4116).unwrap();
        let status = ChannelStatus::new(1, Link::Established);
        assert_eq!(b.write(id, b"abcde"), Some(Notice::Data(status, 3)));
        assert_eq!(b.write(id, b"f"), None);
        assert_eq!(b.receive(id, 2).unwrap(), (b"ab".to_vec(), 1, false));
        assert_eq!(b.next_chunk(id), None, "the card has not read all yet");
        assert_eq!(b.receive(id, 9).unwrap(), (b"c".to_vec(), 0, true));
        assert_eq!(b.next_chunk(id), Some(Notice::Data(status, 1)));
        assert_eq!(b.receive(id, 9).unwrap().0, b"d");
        assert_eq!(b.next_chunk(id), Some(Notice::Data(status, 2)));
        assert_eq!(b.receive(id, 9).unwrap(), (b"e".to_vec(), 1, true));
        assert_eq!(b.receive(id, 9).unwrap(), (b"f".to_vec(), 0, true));
        assert_eq!(b.next_chunk(id), None);
    }

    #[test]
    fn what_the_buffer_has_no_room_for_is_refused_or_makes_room() {
        let fills = |full_buffer| {
            let choices = Handset { full_buffer, ..Handset::default() };
            let mut b = Bip::new(2, None, Chunks::default(), choices, Switches::default());
            b.open(SERVER, 4116, 4).unwrap();
            b.connect(4116).unwrap();
            assert_eq!(b.send(1, b"abc", false), Ok((1, None)));
            (b.send(1, b"de", false), b.send(1, b"f", true))
        };
        let leaves = |octets: &[u8]| Some(Delivery::Client(1, octets.to_vec()));
        assert_eq!(fills(FullBuffer::Refuses), (Err(Failure::BUFFER), Ok((4, leaves(b"abcf")))));
        assert_eq!(fills(FullBuffer::Sends), (Ok((2, leaves(b"abc"))), Ok((4, leaves(b"def")))));
    }

    #[test]
    fn data_for_nobody_are_refused_or_dropped() {
        let choices = Handset { unheard_data: UnheardData::Dropped, ..Handset::default() };
        let mut b = Bip::new(2, None, Chunks::default(), choices, Switches::default());
        b.open(SERVER, 4116, 100).unwrap();
        assert_eq!((b.send(1, b"x", true), b.taken(4116)), (Ok((100, None)), None));
        b.connect(4116).unwrap();
        assert_eq!(b.taken(4116), Some(1));
        assert_eq!(b.send(1, b"y", true).unwrap().1, Some(Delivery::Client(1, b"y".to_vec())));
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let mut b = bip();
        assert_eq!(b.send(1, b"x", true), Err(Failure::INVALID));
        assert_eq!(b.close(1, 0), Err(Failure::INVALID));
        b.open(SERVER, 4116, 100).unwrap();
        assert_eq!(b.open(SERVER, 4116, 100), Err(Failure::PORT));
        assert_eq!(b.send(1, b"x", true), Err(Failure::CLOSED));
        b.open(TransportProtocol::TcpClientLocal, 0xC000, 10).unwrap();
        assert_eq!(b.send(2, &[0; 11], true), Err(Failure::BUFFER));
        assert_eq!(b.open(SERVER, 3516, 100), Err(Failure::NO_CHANNEL));
    }
}
