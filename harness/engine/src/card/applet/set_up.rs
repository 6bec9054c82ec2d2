//! What the card asks of the terminal after its start (TS 102 223 6.4).

use dmsc_uicc::channel::{Device, TransportProtocol};
use dmsc_uicc::command::CommandType;
use dmsc_uicc::envelope::Event;
use dmsc_uicc::object::{Duration, Object, TimeUnit, TransportLevel};
use dmsc_uicc::profile::Facility;

use super::Applet;
use crate::card::cat::{Cat, Origin};
use crate::choice::card::{EventList, Listeners, OtherCommands, ServerBuffer};
use crate::player::{PlayerError, PlayerIo};

/// The port of the web server that is protected by TLS (OMA SCWS).
const SECURE_PORT: u16 = 4116;

/// The fewest channels of a terminal with which a card has a second listener: one has to stay for the notification.
const CHANNELS_FOR_TWO: u8 = 3;

impl Applet {
    /// Opens the channels of the web server.
    pub(super) fn listen(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        // Where HTTP has a way of its own, nobody is to look for the SCWS on a channel (DM_SC 5.1).
        if !(self.listens && self.offers(Facility::OpenChannel) && self.offers(Facility::TcpUiccServer)) {
            return Ok(());
        }
        let own = self.http_port;
        let ports: &[u16] = match self.choices.listeners {
            _ if self.profile.channels() < CHANNELS_FOR_TWO || own == SECURE_PORT => &[own],
            Listeners::One => &[own],
            Listeners::SecureLast | Listeners::SecureForAWhile => &[own, SECURE_PORT],
            Listeners::SecureFirst => &[SECURE_PORT, own],
        };
        for port in ports {
            let transport = TransportLevel { protocol: TransportProtocol::TcpUiccServer, port: *port };
            let size = match self.choices.server_buffer {
                ServerBuffer::Usual => self.buffer_size,
                ServerBuffer::Small => 255,
                ServerBuffer::Large => 4096,
            };
            let command = Self::command(CommandType::OpenChannel, 0, Device::Terminal, cat)
                .with(Object::BufferSize(size))
                .with(Object::TransportLevel(transport));
            self.issue(Origin::Listen, command, cat, io)?;
        }
        Ok(())
    }

    /// Closes the second listener, where the card has it for a while only. A card whose account names it keeps it.
    pub(super) fn close_secure(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        if self.secure || self.choices.listeners != Listeners::SecureForAWhile {
            return Ok(());
        }
        let Some(place) = self.served.iter().position(|served| served.port == SECURE_PORT) else { return Ok(()) };
        let served = self.served.remove(place);
        let command = Self::command(CommandType::CloseChannel, 0, Device::channel(served.channel), cat);
        self.issue(Origin::Hang, command, cat, io)
    }

    /// Asks to be told of events.
    pub(super) fn ask_for_events(
        &mut self,
        mut events: Vec<Event>,
        cat: &mut Cat,
        io: &mut PlayerIo,
    ) -> Result<(), PlayerError> {
        let mut lists = Vec::new();
        if self.choices.event_list == EventList::Twice {
            lists.push(events.iter().take(1).copied().collect());
            events.reverse();
        }
        lists.push(events);
        for list in lists {
            let command = Self::command(CommandType::SetUpEventList, 0, Device::Terminal, cat);
            self.issue(Origin::SetUp, command.with(Object::EventList(list)), cat, io)?;
        }
        Ok(())
    }

    /// Asks for things that have nothing to do with DM_SC.
    pub(super) fn ask_for_more(&mut self, cat: &mut Cat, io: &mut PlayerIo) -> Result<(), PlayerError> {
        let mut commands = Vec::new();
        match self.choices.other_commands {
            OtherCommands::Nothing => {}
            OtherCommands::Polling => {
                if self.offers(Facility::PollInterval) {
                    let duration = Duration { unit: TimeUnit::Seconds, interval: 20 };
                    let command = Self::command(CommandType::PollInterval, 0, Device::Terminal, cat);
                    commands.push(command.with(Object::Duration(duration)));
                }
                if self.offers(Facility::ProvideLocalInformation) {
                    commands.push(Self::command(CommandType::ProvideLocalInformation, 0, Device::Terminal, cat));
                }
            }
            OtherCommands::MoreTime if self.offers(Facility::MoreTime) => {
                commands.extend((0..2).map(|_| Self::command(CommandType::MoreTime, 0, Device::Terminal, cat)));
            }
            OtherCommands::MoreTime => {}
        }
        commands.into_iter().try_for_each(|command| self.issue(Origin::SetUp, command, cat, io))
    }
}
