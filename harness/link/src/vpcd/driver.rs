//! The link to vpcd.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dmsc_usb::t0::CardT0;
use rustix::event::{PollFd, PollFlags, Timespec};

use super::frame::{Frame, Frames};
use super::socket::{self, Socket};
use super::tpdu::{self, Taken};
use super::{VpcdConfig, VpcdLevel};
use crate::{Capabilities, Clock, Link, LinkError, Mailbox, Opening, Poster, Signal, Time};

/// How long a write to vpcd may block before the connection is given up.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// How long a card stays out of the reader, so that pcscd sees that it was.
const OUT: Duration = Duration::from_secs(1);

/// The link to vpcd; signals are those of the terminal.
pub struct Vpcd {
    config: VpcdConfig,
    clock: Clock,
    mailbox: Mailbox,
    /// Readable when a post waits.
    woken: UnixStream,
    socket: Socket,
    /// None while the card is out of the reader.
    stream: Option<TcpStream>,
    /// When the card is put in again, if it is out.
    back_at: Instant,
    frames: Frames,
    input: Box<[u8]>,
    output: Vec<u8>,
    /// The answer to reset of the card as it was described, before any reset.
    described: Vec<u8>,
    atr: Answer,
    /// vpcd waits for the ATR that the player has not given yet; until when.
    question: Option<Instant>,
    /// A command waits for its response.
    unanswered: bool,
    /// The card at TPDU level, where the terminal's programs are.
    t0: Option<CardT0>,
}

/// What is known of the answer to reset.
enum Answer {
    /// Also true of a card without power: vpcd asks all the time.
    Known(Vec<u8>),
    /// The player was told of a reset and has not answered.
    Awaited,
}

enum Ready {
    Stream,
    Post,
    Nothing,
}

impl Vpcd {
    /// Connects to vpcd, or waits for it, and then for its first question: only that shows that vpcd has taken the
    /// connection, for it serves one card at a time.
    ///
    /// While nothing listens at the address the attempt is repeated, at most four times a second: there is no event
    /// for a port being opened.
    ///
    /// # Errors
    /// [`LinkError::Missing`] when vpcd does not appear or does not ask within [`VpcdConfig::appear`];
    /// [`LinkError::Address`] when the address cannot be used at all.
    pub fn open(config: VpcdConfig) -> Result<Vpcd, LinkError> {
        let until = Instant::now() + config.appear;
        let (woken, waker) = UnixStream::pair().map_err(|cause| failed(&config, "wake a link to", cause))?;
        for end in [&woken, &waker] {
            end.set_nonblocking(true).map_err(|cause| failed(&config, "wake a link to", cause))?;
        }
        let mailbox = Mailbox::waking(Arc::new(move || {
            // A full pipe wakes as well as one octet more in it.
            let _ = (&waker).write(&[1]);
        }));
        let socket = Socket::prepare(&config)?;
        let stream = socket.connect(&config, until)?;
        let link = Vpcd {
            clock: Clock::new(),
            mailbox,
            woken,
            socket,
            stream: Some(stream),
            back_at: until,
            frames: Frames::default(),
            input: vec![0; 64 * 1024].into_boxed_slice(),
            output: Vec::new(),
            described: Vec::new(),
            atr: Answer::Awaited,
            question: None,
            unanswered: false,
            t0: (config.level == VpcdLevel::Tpdu).then(CardT0::new),
            config,
        };
        match link.wait(Some(until.saturating_duration_since(Instant::now())))? {
            Ready::Stream => Ok(link),
            Ready::Post | Ready::Nothing => Err(LinkError::Missing {
                what: format!("vpcd at {} took the connection but asks for no card", link.config.address),
                remedy: "check that no other virtual card is connected to it, and that pcscd is not stopped".into(),
            }),
        }
    }

    /// Takes what vpcd said; a signal is for the player.
    fn hear(&mut self, frame: Frame) -> Result<Option<Signal>, LinkError> {
        Ok(match frame {
            Frame::PowerOn | Frame::Reset => {
                self.atr = Answer::Awaited;
                self.unanswered = false;
                self.t0.iter_mut().for_each(|t0| *t0 = CardT0::new());
                Some(if frame == Frame::PowerOn { Signal::PowerOn } else { Signal::Reset })
            }
            Frame::PowerOff => {
                self.unanswered = false;
                Some(Signal::PowerOff)
            }
            Frame::AtrQuestion => {
                self.question = Some(Instant::now() + self.config.atr_limit);
                self.answer()?;
                None
            }
            Frame::Command(octets) => match self.t0.as_mut().map(|t0| tpdu::take(t0, &octets)) {
                Some(Taken::Answer(answer)) => {
                    self.respond(&answer)?;
                    None
                }
                taken => {
                    self.unanswered = true;
                    Some(Signal::Command(if let Some(Taken::Command(command)) = taken { command } else { octets }))
                }
            },
        })
    }

    /// Answers the question for the ATR, if it was asked and the ATR is known.
    fn answer(&mut self) -> Result<(), LinkError> {
        if self.question.is_none() {
            return Ok(());
        }
        let Answer::Known(atr) = &self.atr else { return Ok(()) };
        // vpcd does not come back from reading an answer of no octets.
        if atr.is_empty() {
            self.pull();
            return Ok(());
        }
        if Frames::wrap(atr, &mut self.output).is_none() {
            return Err(LinkError::Unsupported("an answer to reset of more than 65535 octets"));
        }
        self.question = None;
        self.write()
    }

    fn respond(&mut self, octets: &[u8]) -> Result<(), LinkError> {
        if Frames::wrap(octets, &mut self.output).is_none() {
            return Err(LinkError::Unsupported("a response APDU of more than 65535 octets"));
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), LinkError> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        match stream.write_all(&self.output) {
            Ok(()) => Ok(()),
            Err(cause) => Err(LinkError::Gone { what: format!("vpcd takes no answer: {cause}") }),
        }
    }

    /// Reads what is there.
    fn read(&mut self) -> Result<(), LinkError> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        match stream.read(&mut self.input) {
            Ok(0) => self.ended("it closed the connection, so that pcscd has ended or given the reader up"),
            Ok(length) => {
                self.frames.push(self.input.get(..length).unwrap_or_default());
                Ok(())
            }
            Err(cause) if cause.kind() == ErrorKind::Interrupted => Ok(()),
            Err(cause) => self.ended(&cause.to_string()),
        }
    }

    fn ended(&self, why: &str) -> Result<(), LinkError> {
        Err(LinkError::Gone { what: format!("vpcd at {} is gone: {why}", self.config.address) })
    }

    /// Pulls the card, for [`OUT`]. Whatever vpcd waited for, it waits for no more.
    fn pull(&mut self) {
        self.stream = None;
        self.back_at = Instant::now() + OUT;
        self.frames = Frames::default();
        self.atr = Answer::Known(self.described.clone());
        self.question = None;
        self.unanswered = false;
    }

    /// Puts the card in again, if it is out and time.
    fn put_in(&mut self) -> Result<(), LinkError> {
        let now = Instant::now();
        if self.stream.is_some() || now < self.back_at {
            return Ok(());
        }
        let stream = self.socket.connect(&self.config, now + self.config.appear);
        // What is missing now was there before the card was pulled.
        self.stream = Some(stream.map_err(|error| LinkError::Gone { what: error.to_string() })?);
        Ok(())
    }

    fn wait(&self, limit: Option<Duration>) -> Result<Ready, LinkError> {
        if let Some(stream) = self.stream.as_ref().filter(|_| self.config.quickack) {
            socket::quickack(stream);
        }
        let woken = PollFd::new(&self.woken, PollFlags::IN);
        let mut both;
        let mut one;
        let polled: &mut [PollFd<'_>] = match &self.stream {
            Some(stream) => {
                both = [woken, PollFd::new(stream, PollFlags::IN)];
                &mut both
            }
            None => {
                one = [woken];
                &mut one
            }
        };
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        match rustix::event::poll(polled, limit.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Ready::Nothing),
            Err(cause) => return Err(LinkError::Gone { what: format!("cannot wait for vpcd: {cause}") }),
        }
        let mut ready = polled.iter().map(|fd| !fd.revents().is_empty());
        let (woken, stream) = (ready.next() == Some(true), ready.next() == Some(true));
        if woken {
            // One octet a post at most; what is left of them wakes once more, and finds nothing.
            let _ = (&self.woken).read(&mut [0; 64]);
        }
        Ok(if stream {
            Ready::Stream
        } else if woken {
            Ready::Post
        } else {
            Ready::Nothing
        })
    }
}

impl Link for Vpcd {
    fn now(&self) -> Time {
        self.clock.now()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { contact: true, ..Capabilities::default() }
    }

    fn poster(&self) -> Option<Poster> {
        Some(self.mailbox.poster())
    }

    /// What vpcd has said and nobody has read yet is not forgotten: the terminal waits for it to be answered.
    fn begin(&mut self, opening: &Opening) -> Result<(), LinkError> {
        if opening.atr.is_empty() {
            return Err(LinkError::Unsupported("a session without the answer to reset of the card that is played"));
        }
        self.described.clone_from(&opening.atr);
        if self.unanswered || self.config.reinsert {
            self.pull();
        }
        self.mailbox.forget()?;
        self.clock = Clock::new();
        self.atr = Answer::Known(opening.atr.clone());
        self.answer()
    }

    fn send(&mut self, signal: Signal) -> Result<(), LinkError> {
        match signal {
            Signal::Atr(atr) => {
                self.atr = Answer::Known(atr);
                self.answer()
            }
            // A response to what a reset has cut off, or to nothing, has nowhere to go.
            Signal::Response(_) if !self.unanswered => Ok(()),
            Signal::Response(octets) => {
                let octets = match &mut self.t0 {
                    Some(t0) => tpdu::given(t0.response(&octets)),
                    None => octets,
                };
                self.respond(&octets)?;
                self.unanswered = false;
                Ok(())
            }
            other => Err(LinkError::Unsupported(other.name())),
        }
    }

    fn recv(&mut self, until: Time) -> Result<Option<Signal>, LinkError> {
        let mut looked = false;
        loop {
            if let Some(posted) = self.mailbox.look()? {
                return Ok(posted);
            }
            if let Some(frame) = self.frames.take().map_err(|error| LinkError::Protocol(error.to_string()))? {
                match self.hear(frame)? {
                    Some(signal) => return Ok(Some(signal)),
                    None => continue,
                }
            }
            if self.question.is_some_and(|until| until <= Instant::now()) {
                self.pull();
            }
            self.put_in()?;
            let mut limit = self.clock.wait(until);
            if looked && limit == Some(Duration::ZERO) {
                return Ok(None);
            }
            looked = true;
            if let Some(until) = self.question.or(self.stream.is_none().then_some(self.back_at)) {
                let left = until.saturating_duration_since(Instant::now());
                limit = Some(limit.map_or(left, |limit| limit.min(left)));
            }
            match self.wait(limit)? {
                Ready::Stream => self.read()?,
                // Nothing in the mailbox: somebody only woke the wait.
                Ready::Post => return self.mailbox.take(),
                Ready::Nothing => {}
            }
        }
    }
}

pub(super) fn failed(config: &VpcdConfig, action: &'static str, cause: std::io::Error) -> LinkError {
    LinkError::Address { action, address: config.address.clone(), cause }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
