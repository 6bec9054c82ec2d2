//! The CAT application of the card: start-up, the trigger towards the DM Client (DM_SC 7.1), the BIP channels of the
//! SCWS (OMA SCWS local transport, TS 102 223 6.4.27 to 6.4.31).

mod channels;
mod online;
mod order;
mod raw;
mod set_up;

use std::collections::VecDeque;
use std::time::Duration;

use dmsc_link::Time;
use dmsc_uicc::channel::{Device, TransportProtocol};
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::envelope::{Envelope, EnvelopeTag, Event};
use dmsc_uicc::object::{Object, ObjectKind, RegistryApplication, TimerValue, TransportLevel};
use dmsc_uicc::profile::{Facility, TerminalProfile};
use dmsc_uicc::response::{GeneralResult, TerminalResponse};
use serde_json::{Map, Value};

use super::cat::{Cat, Issued, Origin, name_of};
use super::config::{CardConfig, Cause};
use crate::apdu::build_command;
use crate::choice::card::{
    NotificationParts, Portions, Retries, SetUpOrder, TriggerBuffer, TriggerTime, Triggers, Uicc,
};
use crate::chunks::Chunks;
use crate::conduit::Conduit;
use crate::dm::DmServer;
use crate::messages::{NotificationWith, TriggerWays};
use crate::patch::Change;
use crate::player::{Delivery, PlayerError, PlayerIo};
use crate::switch::{Switch, Switches};
use channels::Served;
use online::Online;
pub(super) use order::Order;

/// The most channel data that fit a SEND DATA that is fetched with one octet of length.
const SEND_LIMIT: usize = 240;

/// The most that fit one of 256 octets, whose length FETCH codes as 00.
const FULL_SEND_LIMIT: usize = 241;

/// The most channel data that fit the TERMINAL RESPONSE to RECEIVE DATA.
const RECEIVE_LIMIT: usize = 237;

/// How long the card waits before it repeats a trigger the terminal could not take (results 2x).
const BACK_OFF: Duration = Duration::from_secs(30);

/// The channel that commands go to while none is open.
const FIRST_CHANNEL: u8 = 1;

/// How often a trigger is tried.
const TRIES: u32 = 3;

/// A notification being sent.
#[derive(Clone, Debug)]
struct Sending {
    order: Order,
    channel: u8,
    chunks: VecDeque<Vec<u8>>,
    /// Whether each part must leave the terminal's buffer by itself.
    flush: bool,
    retry: bool,
}

/// A general result in words.
fn told(result: Option<GeneralResult>) -> String {
    result.map_or_else(|| "no result".into(), |result| format!("result {:02X}", result.code()))
}

/// The application.
#[derive(Debug)]
pub(super) struct Applet {
    http_port: u16,
    buffer_size: u16,
    transport: TransportProtocol,
    pub(super) causes: Vec<Cause>,
    scws: bool,
    /// Whether what passes through its channels is octets, whatever they mean.
    pub(super) raw: bool,
    /// Whether SEND DATA may have 256 octets.
    full_commands: bool,
    /// Whether the SCWS is reached through channels.
    listens: bool,
    /// Whether its account is reached over TLS.
    secure: bool,
    chunks: Chunks,
    /// How much the web server sends and asks for at once, where a case does not say.
    portions: Chunks,
    choices: Uicc,
    switches: Switches,
    profile: TerminalProfile,
    client: Option<RegistryApplication>,
    announced: bool,
    /// Whether it has sent a notification since power-on.
    triggered: bool,
    /// Whether a STATUS has woken it in this card session.
    polled: bool,
    orders: VecDeque<Order>,
    sending: Option<Sending>,
    own_number: Option<String>,
    ways: TriggerWays,
    /// A notification that goes in short messages, and those that are still to be sent.
    online: Option<Online>,
    served: Vec<Served>,
    /// Connections that have ended, and of which nobody was told.
    gone: Vec<Conduit>,
    /// The channels that were opened and not closed since, the latest at the end.
    open: Vec<u8>,
}

impl Applet {
    pub(super) fn new(config: &CardConfig) -> Applet {
        Applet {
            http_port: config.http_port,
            buffer_size: config.buffer_size,
            transport: config.transport,
            causes: config.causes.clone(),
            scws: config.scws,
            raw: config.raw,
            full_commands: config.full_commands,
            listens: !config.medium.has_streams(),
            secure: config.account.is_secure(),
            chunks: Chunks::new(config.bip_chunks.clone()),
            portions: Chunks::new(match (config.choices.card.portions, config.bip_chunks.as_slice()) {
                (Portions::Full, sizes) | (_, sizes @ [_, ..]) => sizes.to_vec(),
                (Portions::Hundred, []) => vec![100],
                (Portions::Uneven, []) => vec![1, 200, 7, 90],
            }),
            choices: config.choices.card,
            switches: config.switches.clone(),
            profile: TerminalProfile(Vec::new()),
            client: None,
            announced: false,
            triggered: false,
            polled: false,
            orders: VecDeque::new(),
            sending: None,
            own_number: config.own_number.clone(),
            ways: config.triggers,
            online: None,
            served: Vec::new(),
            gone: Vec::new(),
            open: Vec::new(),
        }
    }

    /// The channel that a command of a case goes to by default: of those open the latest, whatever number it was given.
    pub(super) fn latest_channel(&self) -> u8 {
        self.open.last().copied().unwrap_or(FIRST_CHANNEL)
    }

    /// Keeps account of the channels that are open.
    fn track(&mut self, issued: &Issued, response: &TerminalResponse) {
        match issued.name.as_str() {
            "open-channel" => self.open.extend(response.objects.channel_statuses().next().map(|status| status.channel)),
            "close-channel" => {
                let command = ProactiveCommand::parse(&issued.octets).ok();
                let channel =
                    command.and_then(|c| c.devices()).and_then(|devices| devices.destination.channel_number());
                // Qualifier 1 keeps a channel of the UICC Server Mode listening (TS 102 223 6.4.28).
                let kept = self.served.iter().any(|s| Some(s.channel) == channel)
                    && response.details().is_some_and(|details| details.qualifier & 1 == 1);
                if !kept {
                    self.open.retain(|open| Some(*open) != channel);
                }
            }
            _ => {}
        }
    }

    /// A reset ends every channel and every toolkit session (TS 102 221 6.4).
    pub(super) fn reset(&mut self) {
        self.profile = TerminalProfile(Vec::new());
        if !self.switches.on(Switch::KeepFirstPort) {
            self.client = None;
        }
        (self.announced, self.triggered, self.polled) = (false, false, false);
        // What was asked for before the card was powered is still to be sent.
        self.orders.retain(|order| order.asked);
        (self.sending, self.online) = (None, None);
        self.served.clear();
        self.gone.clear();
        self.open.clear();
    }

    fn offers(&self, facility: Facility) -> bool {
        self.switches.on(Switch::IgnoreProfile) || self.profile.has(facility)
    }

    fn issue(
        &self,
        origin: Origin,
        command: ProactiveCommand,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let name = command.name();
        let change = io.change(&name, None, || command.to_fields());
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let octets = build_command(command, change.as_ref())?;
        cat.issue(Issued { origin, name: name_of(&octets), octets });
        Ok(())
    }

    fn command(kind: CommandType, qualifier: u8, to: Device, cat: &mut Cat) -> ProactiveCommand {
        ProactiveCommand::new(cat.next_number(), kind, qualifier, Device::Uicc, to)
    }

    /// TERMINAL PROFILE: learns what the terminal offers and starts up.
    pub(super) fn profile(
        &mut self,
        profile: &TerminalProfile,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        self.profile = profile.clone();
        if !self.scws {
            return Ok(());
        }
        let mut events = Vec::new();
        if self.offers(Facility::EventDataAvailable) && self.offers(Facility::EventChannelStatus) {
            events.extend([Event::DataAvailable, Event::ChannelStatus]);
        }
        if self.causes.contains(&Cause::Location) && self.offers(Facility::EventLocationStatus) {
            events.push(Event::LocationStatus);
        }
        if self.choices.set_up_order == SetUpOrder::ChannelFirst {
            self.listen(cat, io)?;
        }
        if !events.is_empty() && self.offers(Facility::SetUpEventList) {
            self.ask_for_events(events, cat, io)?;
        }
        self.ask_for_more(cat, io)?;
        let timer = self.causes.iter().find_map(|cause| match cause {
            Cause::Timer(seconds) => Some(*seconds),
            _ => None,
        });
        if let Some(seconds) = timer.filter(|_| self.offers(Facility::TimerStartStop)) {
            let command = Self::command(CommandType::TimerManagement, 0, Device::Terminal, cat)
                .with(Object::TimerIdentifier(1))
                .with(Object::TimerValue(TimerValue::from_seconds(seconds)));
            self.issue(Origin::SetUp, command, cat, io)?;
        }
        if self.choices.set_up_order == SetUpOrder::EventsFirst {
            self.listen(cat, io)?;
        }
        Ok(())
    }

    /// An ENVELOPE; gives the response data.
    pub(super) fn envelope(
        &mut self,
        envelope: &Envelope,
        server: &mut DmServer,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<Vec<u8>, PlayerError> {
        match envelope.tag {
            EnvelopeTag::TerminalApplications => self.applications(envelope, server, cat, io)?,
            EnvelopeTag::TimerExpiration => {
                let ours = envelope.objects.timer_id() == Some(1);
                let any = self.switches.on(Switch::WakeByAnyTimer);
                if any || ours && self.causes.iter().any(|cause| matches!(cause, Cause::Timer(_))) {
                    self.wake(server, cat, io)?;
                }
            }
            EnvelopeTag::CallControl => {
                let number = match envelope.get(ObjectKind::Address) {
                    Some(Object::Address(address)) => Some(address.digits().to_owned()),
                    _ => None,
                };
                let any = self.switches.on(Switch::WakeByAnyCall);
                let ours =
                    |cause: &Cause| matches!(cause, Cause::CallControl(wanted) if Some(wanted) == number.as_ref());
                if any || self.causes.iter().any(ours) {
                    self.wake(server, cat, io)?;
                }
                // Allowed, no modification.
                return Ok(vec![0x00, 0x00]);
            }
            EnvelopeTag::SmsPpDownload if self.causes.contains(&Cause::SmsPp) => self.wake(server, cat, io)?,
            EnvelopeTag::EventDownload => self.event(envelope, server, cat, io)?,
            _ => {}
        }
        Ok(Vec::new())
    }

    fn applications(
        &mut self,
        envelope: &Envelope,
        server: &mut DmServer,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let first_only = self.switches.on(Switch::FirstPort);
        let is_client = |a: &&RegistryApplication| a.application_type == RegistryApplication::DM_CLIENT || first_only;
        let found = envelope.objects.applications().find(is_client).cloned();
        let Some(found) = found else { return Ok(()) };
        if !(self.client.is_some() && self.switches.on(Switch::KeepFirstPort)) {
            self.client = Some(found);
        }
        let again = std::mem::replace(&mut self.announced, true);
        if self.causes.contains(&Cause::Applications) && !again {
            self.wake(server, cat, io)?;
        }
        if self.choices.trigger_time == TriggerTime::NextStatus && self.orders.iter().all(|order| !order.asked) {
            return Ok(());
        }
        self.next_order(cat, io)
    }

    fn event(
        &mut self,
        envelope: &Envelope,
        server: &mut DmServer,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        match envelope.first_event() {
            Some(Event::LocationStatus) => {
                let normal = envelope.get(ObjectKind::LocationStatus).map(Object::value) == Some(vec![0]);
                if normal && self.causes.contains(&Cause::Location) {
                    self.wake(server, cat, io)?;
                }
            }
            Some(Event::ChannelStatus) => self.channel_status(envelope),
            Some(Event::DataAvailable) if self.scws => {
                if let Some(status) = envelope.objects.channel_statuses().next() {
                    self.receive(status.channel, cat, io)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// STATUS: what has become due goes out now, for a card cannot speak first.
    pub(super) fn status(
        &mut self,
        server: &mut DmServer,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        if self.announced && self.causes.contains(&Cause::Status) && !std::mem::replace(&mut self.polled, true) {
            self.wake(server, cat, io)?;
        }
        self.next_order(cat, io)
    }

    /// The DM_SC Server is awake: it sends a notification.
    pub(super) fn wake(&mut self, server: &mut DmServer, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let again = std::mem::replace(&mut self.triggered, true) && self.choices.triggers == Triggers::Once;
        if again || self.switches.on(Switch::NeverTrigger) {
            return Ok(());
        }
        let digest = server.next_digest();
        let server_id = &server.account.server_id;
        let change = io.change("notification", None, || {
            let fields = [("server_id", server_id.as_str()), ("digest", digest.word())];
            fields.map(|(name, text)| (name.to_owned(), Value::from(text))).into_iter().collect::<Map<_, _>>()
        });
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let with: NotificationWith = change.as_ref().map(Change::read).transpose()?.unwrap_or_default();
        let with = NotificationWith { digest: with.digest.or(Some(digest)), ..with };
        let mut order = Order::new(with, server)?;
        if let Some(change) = change {
            change.edit(&mut order.octets)?;
        }
        if self.choices.trigger_time == TriggerTime::NextStatus {
            self.orders.push_back(order);
            return Ok(());
        }
        self.trigger(order, cat, io)
    }

    /// Takes a notification to send as soon as the channel to the DM Client can be opened.
    pub(super) fn trigger(&mut self, order: Order, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        self.orders.push_back(order);
        self.next_order(cat, io)
    }

    fn next_order(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        if self.sending.is_some()
            || self.online.is_some()
            || self.orders.front().is_none_or(|order| order.not_before > io.now)
        {
            return Ok(());
        }
        let Some(order) = self.orders.pop_front() else { return Ok(()) };
        if !order.asked && self.goes_online() {
            return self.send_online(order, cat, io);
        }
        let announced = self.client.as_ref().map(|client| client.port);
        let Some(port) = order.port.or(announced) else {
            // There is no DM Client to reach yet; its announcement sets this going.
            self.orders.push_front(order);
            return Ok(());
        };
        let protocol = match order.transport {
            Some(protocol) => Some(protocol),
            None => self.local_transport(order.asked),
        };
        let Some(protocol) = protocol else { return Ok(()) };
        let command = Self::command(CommandType::OpenChannel, 0, Device::Terminal, cat)
            .with(Object::BufferSize(match self.choices.trigger_buffer {
                // Where it holds the whole of a long one, that can be sent as the data of one transmission.
                TriggerBuffer::Usual => u16::try_from(order.octets.len()).unwrap_or(u16::MAX).max(200),
                TriggerBuffer::Large => 1500,
                TriggerBuffer::Exact => u16::try_from(order.octets.len()).unwrap_or(u16::MAX),
            }))
            .with(Object::TransportLevel(TransportLevel { protocol, port }));
        if order.asked {
            io.delivery = Delivery::Failed("the OPEN CHANNEL for it was not answered".into());
        }
        self.sending = Some(Sending { order, channel: 0, chunks: VecDeque::new(), flush: false, retry: false });
        self.issue(Origin::TriggerOpen, command, cat, io)
    }

    /// The transport for the trigger: the preferred one if the terminal offers it, else one that it does offer.
    fn local_transport(&self, asked: bool) -> Option<TransportProtocol> {
        let offered = |protocol: TransportProtocol| match protocol {
            TransportProtocol::TcpClientLocal => self.offers(Facility::TcpClientLocal),
            TransportProtocol::UdpClientLocal => self.offers(Facility::UdpClientLocal),
            TransportProtocol::Direct => self.offers(Facility::DirectChannel),
            _ => false,
        };
        let needed = [Facility::OpenChannel, Facility::SendData, Facility::CloseChannel];
        let all = [
            self.transport,
            TransportProtocol::TcpClientLocal,
            TransportProtocol::UdpClientLocal,
            TransportProtocol::Direct,
        ];
        let chosen = all.into_iter().find(|protocol| offered(*protocol) && needed.iter().all(|f| self.offers(*f)));
        // Who asks decides whether the profile allows what it asks.
        chosen.or(asked.then_some(self.transport))
    }

    /// A TERMINAL RESPONSE; gives the channel whose connection has new data.
    pub(super) fn answered(
        &mut self,
        issued: &Issued,
        response: &TerminalResponse,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<Option<u8>, PlayerError> {
        let result = response.result().map(|(result, _)| result);
        let performed = result.is_some_and(GeneralResult::is_performed);
        if performed {
            self.track(issued, response);
            self.raw_answered(issued);
        }
        match issued.origin {
            Origin::Script if issued.name == "open-channel" && performed => self.adopt(issued, response),
            Origin::Listen if performed => self.adopt(issued, response),
            Origin::Listen if self.switches.on(Switch::ListenAtOnce) => cat.issue(issued.clone()),
            Origin::TriggerOpen => self.opened(response, performed, result, cat, io)?,
            Origin::TriggerSend => self.sent(performed, result, cat, io)?,
            Origin::TriggerClose => {
                self.finish(io);
                self.next_order(cat, io)?;
            }
            Origin::TriggerSms => self.sms_answered(performed, result, cat, io)?,
            Origin::Receive(channel) => return self.received(channel, response, performed, cat, io),
            Origin::Hang => self.hung_up(issued),
            Origin::Respond(channel) if !performed => self.refused_by(channel, cat),
            _ => {}
        }
        Ok(None)
    }

    fn opened(
        &mut self,
        response: &TerminalResponse,
        performed: bool,
        result: Option<GeneralResult>,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let Some(mut sending) = self.sending.take() else { return Ok(()) };
        if !performed && sending.order.asked {
            io.delivery = Delivery::Failed(format!("the OPEN CHANNEL for it was answered with {}", told(result)));
        }
        if !performed && !self.switches.on(Switch::SendWithoutChannel) {
            self.again_later(sending.order, result, cat, io)?;
            return Ok(());
        }
        sending.channel = response.objects.channel_statuses().next().map_or(1, |status| status.channel);
        let granted = response.objects.buffer_size().map_or(usize::from(u16::MAX), usize::from).max(1);
        let granted = if self.switches.on(Switch::IgnoreBufferSize) { usize::MAX } else { granted };
        let octets = &sending.order.octets;
        sending.flush = octets.len() > granted;
        let whole = octets.len() <= granted.min(SEND_LIMIT);
        if !whole && sending.order.chunks.is_empty() && self.choices.notification_parts == NotificationParts::One {
            let command = Self::command(CommandType::CloseChannel, 0, Device::channel(sending.channel), cat);
            self.sending = Some(sending);
            return self.issue(Origin::TriggerClose, command, cat, io);
        }
        let mut rest = octets.as_slice();
        let mut sizes = sending.order.chunks.iter().copied();
        while !rest.is_empty() || sending.chunks.is_empty() {
            let size = sizes.next().unwrap_or_else(|| self.chunks.take(SEND_LIMIT)).min(granted).min(rest.len());
            let (chunk, tail) = rest.split_at(size);
            sending.chunks.push_back(chunk.to_vec());
            rest = tail;
        }
        self.sending = Some(sending);
        self.send_chunk(cat, io)
    }

    fn send_chunk(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let Some(sending) = self.sending.as_mut() else { return Ok(()) };
        let Some(chunk) = sending.chunks.pop_front() else { return Ok(()) };
        let immediate = sending.chunks.is_empty() || sending.flush;
        let qualifier = sending.order.qualifier.unwrap_or(u8::from(immediate));
        let channel = sending.channel;
        let command = Self::command(CommandType::SendData, qualifier, Device::channel(channel), cat)
            .with(Object::ChannelData(chunk));
        self.issue(Origin::TriggerSend, command, cat, io)
    }

    fn sent(
        &mut self,
        performed: bool,
        result: Option<GeneralResult>,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let Some(sending) = self.sending.as_mut() else { return Ok(()) };
        if performed && !sending.chunks.is_empty() {
            return self.send_chunk(cat, io);
        }
        if sending.order.asked {
            io.delivery = match performed {
                true => Delivery::Delivered(io.now),
                false => Delivery::Failed(format!("the SEND DATA with it was answered with {}", told(result))),
            };
        }
        sending.retry = result.is_some_and(|r| (0x20..0x30).contains(&r.code()));
        let leave = if performed {
            sending.order.leave_open || self.switches.on(Switch::NoCloseChannel)
        } else {
            self.switches.on(Switch::NoCloseAfterError)
        };
        let channel = sending.channel;
        self.close_secure(cat, io)?;
        if leave {
            self.finish(io);
            return self.next_order(cat, io);
        }
        // Whatever became of the data, the channel is closed after them (DM_SC 7.1 step 2).
        let command = Self::command(CommandType::CloseChannel, 0, Device::channel(channel), cat);
        self.issue(Origin::TriggerClose, command, cat, io)
    }

    fn finish(&mut self, io: &mut PlayerIo) {
        let Some(sending) = self.sending.take() else { return };
        if sending.retry && !sending.order.asked {
            self.put_back(sending.order, io.now);
        }
    }

    fn again_later(
        &mut self,
        order: Order,
        result: Option<GeneralResult>,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        // Results 2x may be retried; 3x say that an identical retry is pointless (TS 102 223 8.12).
        let worth = result.is_some_and(|r| (0x20..0x30).contains(&r.code())) || self.switches.on(Switch::RetryAtOnce);
        if worth && !order.asked {
            self.put_back(order, io.now);
        }
        self.next_order(cat, io)
    }

    fn put_back(&mut self, mut order: Order, now: Time) {
        if self.choices.retries == Retries::Never && !self.switches.on(Switch::RetryAtOnce) {
            return;
        }
        order.tries = order.tries.saturating_add(1);
        if self.switches.on(Switch::RetryAtOnce) {
            self.orders.push_front(order);
        } else if order.tries < TRIES {
            order.not_before = now + BACK_OFF;
            self.orders.push_back(order);
        }
    }
}
