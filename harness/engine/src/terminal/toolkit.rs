//! How the terminal answers proactive commands (TS 102 223 6.4, 6.11).

use std::time::Duration;

use dmsc_link::Signal;
use dmsc_link::Time;
use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::channel::{ChannelStatus, Link, TransportProtocol};
use dmsc_uicc::command::{CommandType, ProactiveCommand};
use dmsc_uicc::envelope::{Envelope, EnvelopeTag, Event};
use dmsc_uicc::object::{CommandDetails, Duration as ObjectDuration, Object, ObjectKind, TimeUnit, TimerValue};
use dmsc_uicc::profile::Facility;
use dmsc_uicc::response::{GeneralResult, TerminalResponse};
use dmsc_uicc::sms::CdmaMessage;
use serde_json::{Map, json};

use super::bip::{ApplicationData, Delivery, Failure, Opened};
use super::offers::OWN_POLLING;
use super::{Out, Purpose, Terminal};
use crate::apdu::build_response;
use crate::choice::terminal::{BipCause, ChannelList, NotificationData, OnCall, Performed, Polling};
use crate::conduit::Transport;
use crate::event::Actor;
use crate::player::{PlayerError, Reply};
use crate::switch::Switch;

/// What is done after a TERMINAL RESPONSE.
pub(super) enum After {
    Nothing,
    Deliver(Delivery),
    /// The client behind this channel is cut off.
    Cut(u8),
    /// Nothing more comes through this channel.
    Closed(u8),
    /// The card has read all it was told of on this channel.
    Read(u8),
    Reset,
    /// The card is asked first whether the command may be carried out.
    Ask(Box<Envelope>),
    /// The network delivers a short message.
    Arrives(Vec<u8>),
    /// The network delivers a short message of CDMA.
    CdmaArrives(CdmaMessage),
}

pub(super) struct Outcome {
    result: u8,
    additional: Vec<u8>,
    objects: Vec<Object>,
    after: After,
}

impl Outcome {
    pub(super) fn new(result: u8) -> Outcome {
        Outcome { result, additional: Vec::new(), objects: Vec::new(), after: After::Nothing }
    }

    /// A result with its cause.
    pub(super) fn caused(result: u8, cause: u8) -> Outcome {
        Outcome { additional: vec![cause], ..Outcome::new(result) }
    }

    fn with(mut self, object: Object) -> Outcome {
        self.objects.push(object);
        self
    }

    pub(super) fn then(mut self, after: After) -> Outcome {
        self.after = after;
        self
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Outcome {
        Outcome { additional: failure.1.into_iter().collect(), ..Outcome::new(failure.0) }
    }
}

/// The general result of an error of the bearer independent protocol.
const BIP_ERROR: u8 = 0x3A;

impl Terminal {
    pub(super) fn answer_command(
        &mut self,
        command: Result<ProactiveCommand, String>,
        reply: &Reply,
    ) -> Result<(), PlayerError> {
        let asked = match reply {
            Reply::Silent => return Ok(()),
            Reply::Default => None,
            Reply::With(change) => Some(change),
        };
        // A case that answers with a failure does not want the command carried out.
        let refused = asked
            .and_then(|change| change.with.get("result"))
            .and_then(serde_json::Value::as_u64)
            .is_some_and(|result| result >= 0x20);
        let details = command.as_ref().ok().and_then(ProactiveCommand::details);
        let outcome = match &command {
            Ok(command) if details.is_some() && !refused => self.perform_command(command),
            Ok(_) if refused => Outcome::new(0x20),
            // Nothing of a command that does not parse is understood (TS 102 223 6.11).
            _ => Outcome::new(0x32),
        };
        if let (Ok(command), After::Ask(envelope)) = (&command, &outcome.after) {
            return self.ask_card((**envelope).clone(), command.clone(), reply);
        }
        let outcome = match self.config.choices.terminal.bip_cause {
            BipCause::Unspecific if outcome.result == BIP_ERROR => Outcome { additional: vec![0x00], ..outcome },
            _ => outcome,
        };
        let details =
            details.unwrap_or(CommandDetails { number: 1, command_type: CommandType::from_code(0), qualifier: 0 });
        let mut response =
            TerminalResponse::new(details, GeneralResult::from_code(outcome.result), &outcome.additional);
        for object in outcome.objects {
            response = response.with(object);
        }
        let name = details.command_type.name();
        let kind = format!("terminal-response.{name}");
        let change = self.io.change(&kind, asked, || response.to_fields());
        if change.as_ref().is_some_and(|c| c.drop) {
            return Ok(());
        }
        let data = build_response(response, change.as_ref())?;
        let command = CommandApdu::new(0x80, 0x14, 0, 0).with_data(data);
        if matches!(outcome.after, After::Reset) {
            // A reset of the card takes the place of the answer (TS 102 223 6.4.7).
            self.power(Signal::Reset);
            return Ok(());
        }
        self.queue.push_front(Out { command, octets: None, purpose: Purpose::Response });
        self.pump();
        match outcome.after {
            After::Deliver(delivery) => self.deliver(delivery),
            After::Cut(channel) if self.visitor_cut(Transport::Channel(channel)) => {}
            After::Cut(channel) => {
                self.channel_cut(channel);
                self.let_in();
            }
            After::Closed(channel) => self.channel_closed(channel),
            After::Read(channel) => {
                self.channel_read(channel);
                self.visitor_read(channel);
                if let Some(notice) = self.bip.next_chunk(channel) {
                    self.tell(notice);
                }
            }
            After::Arrives(tpdu) => self.short_message(&tpdu),
            After::CdmaArrives(message) => self.cdma_message(&message),
            After::Nothing | After::Ask(_) | After::Reset => {}
        }
        Ok(())
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Client(channel, octets) => {
                if !self.visitor_hears(Transport::Channel(channel), &octets) {
                    self.channel_data(channel, &octets);
                }
            }
            Delivery::Application(data) => {
                let lost = self.switches.on(Switch::LoseNotification) || !self.client_alive;
                if !lost && self.is_dm_client(data.port) {
                    self.hand_over(data);
                }
            }
        }
    }

    /// Hands data to the DM Client.
    fn hand_over(&mut self, data: ApplicationData) {
        if !data.stream || self.config.choices.terminal.notification_data == NotificationData::One {
            return self.notify(data.octets);
        }
        let accounts = &self.client.accounts;
        let notification =
            self.package0.take(self.io.now, data.channel, &data.octets, self.client.framing(), |package0| {
                accounts.iter().any(|account| {
                    account.server_id.as_bytes() == package0.trigger.server_id
                        && account.has_signed(package0, &account.server_nonce)
                })
            });
        if let Some(octets) = notification {
            self.notify(octets);
        }
    }

    /// The card does something else than send through this channel.
    pub(super) fn turned_away(&mut self, from_all_but: Option<u8>) {
        for octets in self.package0.turned_away(from_all_but) {
            self.notify(octets);
        }
    }

    /// The channel is closed: what came through it is all there is.
    fn channel_closed(&mut self, channel: u8) {
        if let Some(octets) = self.package0.close(channel) {
            self.notify(octets);
        }
    }

    fn is_dm_client(&self, port: u16) -> bool {
        use dmsc_uicc::object::RegistryApplication;
        self.config.applications.iter().any(|a| a.port == port && a.application_type == RegistryApplication::DM_CLIENT)
    }

    fn perform_command(&mut self, command: &ProactiveCommand) -> Outcome {
        if let Some(outcome) = self.incomprehensible(command) {
            return outcome;
        }
        let qualifier = command.details().map_or(0, |details| details.qualifier);
        match command.command_type() {
            Some(kind) if !self.has(kind) => Outcome::new(0x30),
            Some(CommandType::MoreTime | CommandType::DisplayText | CommandType::SetUpIdleModeText) => {
                Outcome::new(0x00)
            }
            Some(CommandType::Refresh) if qualifier == 0x04 => Outcome::new(0x00).then(After::Reset),
            Some(CommandType::Refresh) => Outcome::new(0x00),
            Some(CommandType::SetUpEventList) => match command.objects.events() {
                Some(events)
                    if events.contains(&Event::LocationStatus) && !self.offers(Facility::EventLocationStatus) =>
                {
                    Outcome::new(0x30)
                }
                Some(events) => {
                    self.events = events.to_vec();
                    Outcome::new(0x00)
                }
                None => Outcome::new(0x36),
            },
            Some(CommandType::PollInterval) => self.poll_interval(command),
            Some(CommandType::PollingOff) => {
                self.poll_interval = Some(Duration::from_secs(30));
                Outcome::new(0x00)
            }
            Some(CommandType::TimerManagement) => {
                let outcome = self.timer(command, qualifier);
                self.timer_started();
                outcome
            }
            Some(CommandType::ProvideLocalInformation) if qualifier == 0x00 => Outcome::new(0x00).with(self.location()),
            Some(CommandType::SendShortMessage) => self.send_short_message(command, qualifier),
            Some(CommandType::OpenChannel) => self.open_channel(command),
            Some(CommandType::CloseChannel) => match self.channel(command) {
                Ok(channel) => match self.bip.close(channel, qualifier) {
                    Ok(true) => Outcome::new(0x00).then(After::Cut(channel)),
                    Ok(false) => Outcome::new(0x00).then(After::Closed(channel)),
                    Err(failure) => failure.into(),
                },
                Err(outcome) => outcome,
            },
            Some(CommandType::SendData) => self.send_data(command, qualifier),
            Some(CommandType::ReceiveData) => self.receive_data(command),
            Some(CommandType::GetChannelStatus) => {
                let statuses = self.listed();
                statuses.into_iter().fold(Outcome::new(0x00), |outcome, s| outcome.with(Object::ChannelStatus(s)))
            }
            Some(known) if known.known_name().is_some() => Outcome::new(0x30),
            _ if self.switches.on(Switch::ClaimUnknownProactive) => Outcome::new(0x00),
            _ => Outcome::new(0x31),
        }
    }

    /// Whether the terminal has a command, of those that not every terminal has.
    fn has(&self, kind: CommandType) -> bool {
        match kind {
            CommandType::MoreTime => self.offers(Facility::MoreTime),
            CommandType::Refresh => self.offers(Facility::Refresh),
            CommandType::TimerManagement => self.offers(Facility::TimerStartStop),
            CommandType::SendShortMessage => {
                self.offers(Facility::SendShortMessage) || self.offers(Facility::SendCdmaSms)
            }
            CommandType::ProvideLocalInformation => self.offers(Facility::ProvideLocalInformation),
            _ => true,
        }
    }

    pub(super) fn offers(&self, facility: Facility) -> bool {
        self.config.profile.has(facility)
    }

    /// The channels that GET CHANNEL STATUS tells of.
    fn listed(&self) -> Vec<ChannelStatus> {
        let open = self.bip.statuses();
        match self.config.choices.terminal.channel_list {
            ChannelList::Open => open,
            ChannelList::OrNothing if open.is_empty() => vec![ChannelStatus::new(0, Link::Closed)],
            ChannelList::OrNothing => open,
            ChannelList::All => (1..=self.config.profile.channels())
                .map(|id| {
                    let known = open.iter().find(|status| status.channel == id).copied();
                    known.unwrap_or(ChannelStatus::new(id, Link::Closed))
                })
                .collect(),
        }
    }

    /// An object that must be comprehended and is not ends the command (TS 102 223 6.11).
    fn incomprehensible(&self, command: &ProactiveCommand) -> Option<Outcome> {
        if self.switches.on(Switch::IgnoreComprehension) {
            return None;
        }
        let required = command.objects.0.iter().any(|(object, cr)| *cr && matches!(object, Object::Unknown { .. }));
        required.then(|| Outcome::new(0x32))
    }

    fn poll_interval(&mut self, command: &ProactiveCommand) -> Outcome {
        let Some(duration) = command.objects.duration() else { return Outcome::new(0x36) };
        let interval = u64::from(duration.interval);
        let wanted = match duration.unit {
            TimeUnit::Minutes => Duration::from_secs(interval.saturating_mul(60)),
            TimeUnit::Seconds => Duration::from_secs(interval),
            TimeUnit::Tenths => Duration::from_millis(interval.saturating_mul(100)),
            TimeUnit::Unknown(_) => return Outcome::new(0x32),
        };
        if self.config.choices.terminal.polling == Polling::Own {
            // The answer says what the interval is, whatever was asked for (TS 102 223 6.8).
            let interval = u8::try_from(OWN_POLLING.as_secs()).unwrap_or(u8::MAX);
            let own = ObjectDuration { unit: TimeUnit::Seconds, interval };
            return Outcome::new(0x00).with(Object::Duration(own));
        }
        self.poll_interval = Some(wanted.max(Duration::from_secs(1)));
        Outcome::new(0x00).with(Object::Duration(duration))
    }

    fn timer(&mut self, command: &ProactiveCommand, qualifier: u8) -> Outcome {
        let Some(id) = command.objects.timer_id() else { return Outcome::new(0x36) };
        let now = self.io.now;
        let hasty = self.switches.on(Switch::HastyTimers);
        let Some(place) = usize::from(id).checked_sub(1).and_then(|index| self.timers.get_mut(index)) else {
            return Outcome::new(0x32);
        };
        let identified = |outcome: Outcome| outcome.with(Object::TimerIdentifier(id));
        let left =
            place.map(|(at, _)| TimerValue::from_seconds(u32::try_from(at.since(now).as_secs()).unwrap_or(u32::MAX)));
        match (qualifier & 0x03, left) {
            (0x00, _) => match command.objects.timer_value() {
                Some(value) => {
                    let seconds = if hasty { value.seconds() / 2 } else { value.seconds() };
                    *place = Some((now + Duration::from_secs(u64::from(seconds)), value.seconds()));
                    identified(Outcome::new(0x00))
                }
                None => Outcome::new(0x36),
            },
            (0x01, Some(left)) => {
                *place = None;
                identified(Outcome::new(0x00)).with(Object::TimerValue(left))
            }
            (0x02, Some(left)) => identified(Outcome::new(0x00)).with(Object::TimerValue(left)),
            _ => identified(Outcome::new(0x24)),
        }
    }

    /// Sends the expirations that have become due.
    pub(super) fn expire(&mut self, now: Time) {
        if self.switches.on(Switch::DeadTimers) {
            return;
        }
        for index in 0..self.timers.len() {
            let Some((at, seconds)) = self.timers.get(index).copied().flatten() else { continue };
            if at > now {
                continue;
            }
            if let Some(place) = self.timers.get_mut(index) {
                *place = None;
            }
            let id = u8::try_from(index.saturating_add(1)).unwrap_or(u8::MAX);
            let envelope = Envelope::new(EnvelopeTag::TimerExpiration)
                .with(Object::TimerIdentifier(id))
                .with(Object::TimerValue(TimerValue::from_seconds(seconds)));
            if let Err(error) = self.envelope(envelope, None) {
                self.io.break_off(&error);
            }
        }
    }

    fn open_channel(&mut self, command: &ProactiveCommand) -> Outcome {
        let lenient = self.switches.on(Switch::AcceptMissingObjects);
        let transport = command.objects.transport();
        let bearer = command.get(ObjectKind::BearerDescription).is_some();
        let transport = match transport {
            Some(transport) => transport,
            None if lenient => {
                dmsc_uicc::object::TransportLevel { protocol: TransportProtocol::TcpUiccServer, port: 4116 }
            }
            None => return Outcome::new(0x36),
        };
        let wanted = match command.objects.buffer_size() {
            Some(size) => size,
            None if lenient => 0,
            None => return Outcome::new(0x36),
        };
        let facility = match transport.protocol {
            TransportProtocol::TcpUiccServer => Facility::TcpUiccServer,
            TransportProtocol::TcpClientLocal => Facility::TcpClientLocal,
            TransportProtocol::UdpClientLocal => Facility::UdpClientLocal,
            TransportProtocol::Direct => Facility::DirectChannelTerminalServer,
            TransportProtocol::TcpClientRemote | TransportProtocol::UdpClientRemote => return Outcome::new(0x30),
            _ => return Outcome::new(0x32),
        };
        if bearer {
            return Outcome::new(0x32);
        }
        if !self.config.profile.has(facility) {
            return Outcome::new(0x30);
        }
        let local = transport.protocol.is_terminal_server();
        let known = self.config.applications.iter().any(|a| a.port == transport.port);
        if local && !known && !self.switches.on(Switch::AcceptUnknownPort) {
            return Failure::PORT.into();
        }
        match self.bip.open(transport.protocol, transport.port, wanted) {
            Ok(Opened { status, buffer, modified }) => {
                // Granting another size than asked is "performed with modification" (TS 102 223 6.8).
                let performed = match self.config.choices.terminal.performed {
                    _ if modified => 0x07,
                    Performed::Successfully => 0x00,
                    Performed::PartialComprehension => 0x01,
                    Performed::MissingInformation => 0x02,
                };
                Outcome::new(performed).with(Object::ChannelStatus(status)).with(Object::BufferSize(buffer))
            }
            Err(failure) => Outcome::from(failure).with(Object::BufferSize(wanted)),
        }
    }

    fn channel(&self, command: &ProactiveCommand) -> Result<u8, Outcome> {
        let device = command.devices().map(|devices| devices.destination);
        device.and_then(dmsc_uicc::channel::Device::channel_number).ok_or_else(|| Outcome::new(0x32))
    }

    fn send_data(&mut self, command: &ProactiveCommand, qualifier: u8) -> Outcome {
        let channel = match self.channel(command) {
            Ok(channel) => channel,
            Err(outcome) => return outcome,
        };
        let Some(data) = command.objects.channel_data() else { return Outcome::new(0x36) };
        if self.on_call && self.bip.mode(channel) == "terminal-server" {
            if self.switches.on(Switch::CallAsBipError) {
                return Outcome::caused(BIP_ERROR, 0x00);
            }
            if self.config.choices.terminal.on_call == OnCall::Refused {
                return Outcome::caused(0x20, 0x02);
            }
        }
        match self.bip.send(channel, data, qualifier & 1 == 1) {
            Ok((_, Some(Delivery::Application(_))))
                if !self.client_alive && !self.switches.on(Switch::HideDeadClient) =>
            {
                // DM_SC 7.1 step 2: general result 20 with the cause, when the data cannot reach the DM Client. There is
                // no cause value for it, so "no specific cause" is all the coding allows (TS 102 223 8.12.2).
                Outcome { additional: vec![0x00], ..Outcome::new(0x20) }
            }
            Ok((free, delivery)) => {
                let outcome = Outcome::new(0x00).with(Object::ChannelDataLength(free));
                match delivery {
                    Some(delivery) => outcome.then(After::Deliver(delivery)),
                    None => outcome,
                }
            }
            Err(failure) => failure.into(),
        }
    }

    fn receive_data(&mut self, command: &ProactiveCommand) -> Outcome {
        let channel = match self.channel(command) {
            Ok(channel) => channel,
            Err(outcome) => return outcome,
        };
        let Some(wanted) = command.objects.data_length() else { return Outcome::new(0x36) };
        match self.bip.receive(channel, wanted) {
            Ok((octets, left, missing)) => {
                // Fewer octets than asked for is "performed, but missing information".
                let outcome = Outcome::new(if missing { 0x02 } else { 0x00 });
                let outcome = if octets.is_empty() { outcome } else { outcome.with(Object::ChannelData(octets)) };
                outcome.with(Object::ChannelDataLength(left)).then(After::Read(channel))
            }
            Err(failure) => failure.into(),
        }
    }

    /// What became of a connection attempt, for a case that plays the terminal.
    pub(super) fn connection_event(&mut self, state: &str) {
        self.io.observe(Actor::Server, "connection", &[], || Map::from_iter([("state".to_owned(), json!(state))]));
    }
}
