//! The channels through which clients of the terminal reach the web server: UICC Server Mode (TS 102 223 6.4.27 to
//! 6.4.31).

use dmsc_uicc::channel::{Device, Link, TransportProtocol};
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::envelope::Envelope;
use dmsc_uicc::object::Object;
use dmsc_uicc::response::TerminalResponse;

use super::raw::Raw;
use super::{Applet, FULL_SEND_LIMIT, RECEIVE_LIMIT, SEND_LIMIT};
use crate::card::cat::{Cat, Issued, Origin};
use crate::choice::card::Flushing;
use crate::conduit::{Conduit, Transport};
use crate::player::{PlayerError, PlayerIo};
use crate::switch::Switch;

/// The buffer of a channel whose TERMINAL RESPONSE names none, in octets.
const BUFFER: usize = 200;

/// A channel in UICC Server Mode.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) channel: u8,
    /// The port it listens on.
    pub(super) port: u16,
    buffer: usize,
    /// The client that is connected.
    pub(super) client: Option<Conduit>,
    /// Whether the terminal has told of the client, not only of its data: nothing says which event comes first.
    pub(super) announced: bool,
    /// Whether a RECEIVE DATA is on its way.
    receiving: bool,
    /// Whether the client has gone, and what it left is still being fetched.
    leaving: bool,
    /// Whether the terminal still has to tell of a client whose data came first, and whose connection was closed since.
    owed: bool,
    /// Whether the connection is being closed: what still comes over it is nothing to anybody.
    closing: bool,
    /// What has passed over the connection, where nobody looks at its meaning.
    pub(super) raw: Raw,
}

impl Served {
    fn client(&mut self) -> &mut Conduit {
        self.client.get_or_insert_with(|| Conduit::server(Transport::Channel(self.channel)))
    }
}

impl Applet {
    /// Keeps account of a channel that was opened in UICC Server Mode.
    pub(super) fn adopt(&mut self, issued: &Issued, response: &TerminalResponse) {
        let asked = ProactiveCommand::parse(&issued.octets).ok();
        let transport = asked.as_ref().and_then(|c| c.objects.transport());
        let Some(port) = transport.filter(|t| t.protocol == TransportProtocol::TcpUiccServer).map(|t| t.port) else {
            return;
        };
        let Some(status) = response.objects.channel_statuses().next() else { return };
        let buffer = response.objects.buffer_size().map_or(BUFFER, usize::from);
        self.served.retain(|s| s.channel != status.channel);
        self.served.push(Served {
            channel: status.channel,
            port,
            buffer,
            client: None,
            announced: false,
            receiving: false,
            leaving: false,
            closing: false,
            owed: false,
            raw: Raw::default(),
        });
    }

    /// Channel Status: a client has come or gone, or the channel is closed.
    pub(super) fn channel_status(&mut self, envelope: &Envelope) {
        let statuses: Vec<_> = envelope.objects.channel_statuses().collect();
        for status in statuses {
            let keep = self.switches.on(Switch::KeepHalfRequest);
            if let Some(served) = self.served.iter_mut().find(|s| s.channel == status.channel) {
                let established = status.link == Link::Established;
                let owed = std::mem::take(&mut served.owed);
                if established && owed && !served.announced {
                    continue;
                }
                let told = std::mem::replace(&mut served.announced, established);
                if established && !told && served.client.is_some() && !served.leaving {
                    // Its data came before.
                    continue;
                }
                if !established && served.receiving && served.client.as_ref().is_some_and(Conduit::is_tls) {
                    // Its last words are an alert; the answer that brings them is asked for already.
                    served.leaving = true;
                    continue;
                }
                // A RECEIVE DATA that is on its way brings what the new client has sent.
                served.receiving &= served.leaving;
                if keep && served.client.is_some() {
                    continue;
                }
                (served.leaving, served.closing) = (false, false);
                self.gone.extend(served.client.take());
                if established {
                    served.client();
                } else {
                    served.raw = Raw::default();
                }
            }
            if status.link == Link::Closed {
                self.serve_no_more(status.channel);
            }
        }
    }

    /// Asks for what has come through a channel.
    pub(super) fn receive(&mut self, channel: u8, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let Some(served) = self.served.iter_mut().find(|s| s.channel == channel && !s.receiving) else { return Ok(()) };
        served.receiving = true;
        // Who sets sizes may ask for more than an answer holds: the terminal gives what fits, and keeps the rest.
        let most = if self.portions.is_set() { usize::from(u8::MAX) } else { RECEIVE_LIMIT };
        let length = u8::try_from(self.portions.take(most)).unwrap_or(u8::MAX);
        let command = Self::command(CommandType::ReceiveData, 0, Device::channel(channel), cat)
            .with(Object::ChannelDataLength(length));
        self.issue(Origin::Receive(channel), command, cat, io)
    }

    /// The answer to RECEIVE DATA; gives the channel whose connection has new data.
    pub(super) fn received(
        &mut self,
        channel: u8,
        response: &TerminalResponse,
        performed: bool,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<Option<u8>, PlayerError> {
        let Some(served) = self.served.iter_mut().find(|s| s.channel == channel) else { return Ok(None) };
        served.receiving = false;
        if !performed {
            if self.switches.on(Switch::ReceiveAtOnce) {
                self.receive(channel, cat, io)?;
                return Ok(None);
            }
            self.serve_no_more(channel);
            return Ok(None);
        }
        let more = response.objects.data_length().is_some_and(|left| left > 0);
        if self.raw {
            served.raw.take(response.objects.channel_data().unwrap_or_default());
            if !more {
                return Ok(served.raw.tell(io).then_some(channel));
            }
            self.receive(channel, cat, io)?;
            return Ok(None);
        }
        // Without octets there need be no client: the event may be about one whose connection was closed since.
        if let Some(octets) = response.objects.channel_data().filter(|octets| !octets.is_empty() && !served.closing) {
            served.client().receive(octets);
        }
        if !more && std::mem::take(&mut served.leaving) {
            self.gone.extend(served.client.take());
            return Ok(None);
        }
        if more && !self.switches.on(Switch::ReadOnce) {
            self.receive(channel, cat, io)?;
        }
        Ok(Some(channel))
    }

    /// CLOSE CHANNEL is answered: whatever comes now is another client's.
    pub(super) fn hung_up(&mut self, issued: &Issued) {
        let channel = hung_up_on(issued);
        for served in self.served.iter_mut().filter(|served| Some(served.channel) == channel) {
            served.closing = false;
        }
    }

    /// The terminal takes no data for a client: it has gone, and what else was meant for it is not for the next one. One
    /// with TLS may have left an alert.
    pub(super) fn refused_by(&mut self, channel: u8, cat: &mut Cat) {
        cat.withdraw(|issued| match issued.origin {
            Origin::Respond(to) => to == channel,
            Origin::Hang => hung_up_on(issued) == Some(channel),
            _ => false,
        });
        for served in self.served.iter_mut().filter(|served| served.channel == channel) {
            served.closing = false;
        }
        if let Some(served) = self.served.iter_mut().find(|s| s.channel == channel) {
            served.leaving = served.client.as_ref().is_some_and(Conduit::is_tls);
            if !served.leaving {
                self.gone.extend(served.client.take());
            }
        }
    }

    /// Lets a channel go, and its client.
    fn serve_no_more(&mut self, channel: u8) {
        let (gone, kept): (Vec<Served>, _) = self.served.drain(..).partition(|s| s.channel == channel);
        self.served = kept;
        self.gone.extend(gone.into_iter().filter_map(|served| served.client));
    }

    /// The connections that have ended since this was asked.
    pub(in crate::card) fn take_gone(&mut self) -> Vec<Conduit> {
        std::mem::take(&mut self.gone)
    }

    /// The channels that have a client, in the order in which they were opened.
    pub(in crate::card) fn connections(&self) -> impl Iterator<Item = u8> + '_ {
        self.served.iter().filter(|served| served.client.is_some()).map(|served| served.channel)
    }

    /// The client's connection on a channel, if the SCWS serves it by itself.
    pub(in crate::card) fn conduit(&mut self, channel: u8) -> Option<&mut Conduit> {
        if !self.scws || self.raw {
            return None;
        }
        self.served.iter_mut().find(|s| s.channel == channel).and_then(|s| s.client.as_mut())
    }

    /// The connections of clients.
    pub(in crate::card) fn conduits(&self) -> impl Iterator<Item = &Conduit> {
        self.served.iter().filter_map(|served| served.client.as_ref())
    }

    /// Sends octets over a channel, and closes the client's connection after them.
    pub(in crate::card) fn transmit(
        &mut self,
        channel: u8,
        octets: &[u8],
        close: bool,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) {
        if let Err(error) = self.try_transmit(channel, octets, close, cat, io) {
            io.break_off(&error);
        }
    }

    fn try_transmit(
        &mut self,
        channel: u8,
        octets: &[u8],
        close: bool,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let buffer = self.served.iter().find(|s| s.channel == channel).map_or(BUFFER, |s| s.buffer).max(1);
        let most = if self.full_commands { FULL_SEND_LIMIT } else { SEND_LIMIT };
        let mut parts = Vec::new();
        let mut rest = octets;
        while !rest.is_empty() {
            let (part, tail) = rest.split_at(self.portions.take(most.min(buffer)).min(rest.len()));
            parts.push(part);
            rest = tail;
        }
        let mut stored = 0_usize;
        for (i, part) in parts.iter().enumerate() {
            stored = stored.saturating_add(part.len());
            let next = parts.get(i.saturating_add(1)).map_or(0, |p| p.len());
            // Flush before the terminal's buffer overflows, and at the end.
            let immediate =
                self.choices.flushing == Flushing::Immediate || next == 0 || stored.saturating_add(next) > buffer;
            if immediate {
                stored = 0;
            }
            let command = Self::command(CommandType::SendData, u8::from(immediate), Device::channel(channel), cat)
                .with(Object::ChannelData(part.to_vec()));
            self.issue(Origin::Respond(channel), command, cat, io)?;
        }
        if close {
            // Qualifier 1 goes back to LISTEN (TS 102 223 6.4.28).
            let command = Self::command(CommandType::CloseChannel, 1, Device::channel(channel), cat);
            if let Some(served) = self.served.iter_mut().find(|s| s.channel == channel) {
                self.gone.extend(served.client.take());
                (served.owed, served.announced, served.closing) = (!served.announced, false, true);
            }
            self.issue(Origin::Hang, command, cat, io)?;
        }
        Ok(())
    }
}

/// The channel that a CLOSE CHANNEL names.
fn hung_up_on(issued: &Issued) -> Option<u8> {
    let command = ProactiveCommand::parse(&issued.octets).ok()?;
    command.devices()?.destination.channel_number()
}
