//! Logical channels (TS 102 221 8.7, 11.1.17): each has its own selection; what is verified holds for all of them.

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::ber;
use dmsc_uicc::status::StatusWord;

use super::{Answer, Done, Files};

/// The highest channel, and the highest for a terminal that does not say that it knows the extended ones.
const EXTENDED: u8 = 19;
const USUAL: u8 = 3;

/// What is selected on a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Channel {
    /// The current directory; the MF is the first place.
    pub(super) directory: usize,
    /// The current elementary file.
    pub(super) file: Option<usize>,
    /// The current record, from 1.
    pub(super) record: Option<usize>,
    /// The active application.
    pub(super) application: Option<usize>,
}

/// The channels that are open.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    open: [Option<Channel>; 20],
    /// The terminal knows channels above 3.
    extended: bool,
}

impl Default for Channels {
    fn default() -> Channels {
        let mut open = [const { None }; 20];
        open[0] = Some(Channel::default());
        Channels { open, extended: false }
    }
}

impl Channels {
    pub(super) fn is_open(&self, number: u8) -> bool {
        matches!(self.open.get(usize::from(number)), Some(Some(_)))
    }

    pub(super) fn get_mut(&mut self, number: u8) -> Option<&mut Channel> {
        self.open.get_mut(usize::from(number))?.as_mut()
    }

    /// Whether an application is active on any channel.
    pub(super) fn any_in(&self, application: Option<usize>) -> bool {
        self.open.iter().flatten().any(|channel| channel.application == application)
    }

    /// TERMINAL CAPABILITY (TS 102 221 11.1.19): of what a terminal tells, the card heeds that it knows channels 4 to 19.
    pub(super) fn terminal_capability(&mut self, command: &CommandApdu) -> Done {
        if (command.p1, command.p2) != (0x00, 0x00) {
            return Err(StatusWord::WRONG_P1_P2);
        }
        let (template, _) = ber::read(&command.data).map_err(|_| StatusWord::WRONG_DATA)?;
        let objects = ber::read_all(template.value).map_err(|_| StatusWord::WRONG_DATA)?;
        if template.tag != 0xA9 {
            return Err(StatusWord::WRONG_DATA);
        }
        self.extended = objects.iter().any(|object| object.tag == 0x81);
        Ok(Answer::ok(Vec::new()))
    }

    /// Opens the lowest free channel with the selection given.
    fn open(&mut self, selection: Channel) -> Option<u8> {
        let highest = if self.extended { EXTENDED } else { USUAL };
        let number = (1..=highest).find(|number| !self.is_open(*number))?;
        *self.open.get_mut(usize::from(number))? = Some(selection);
        Some(number)
    }
}

impl Files {
    /// MANAGE CHANNEL. A channel opened from the basic one begins at the MF, any other where the one it was opened from
    /// is.
    pub(super) fn manage_channel(&mut self, from: u8, command: &CommandApdu) -> Done {
        match (command.p1, command.p2) {
            (0x00, 0x00) => {
                let selection = match from {
                    0 => Channel::default(),
                    _ => self.channels.get_mut(from).cloned().unwrap_or_default(),
                };
                let number = self.channels.open(selection).ok_or(StatusWord::NOT_SUPPORTED)?;
                Ok(Answer::ok(vec![number]))
            }
            // The basic channel is always open.
            (0x80, number @ 1..=EXTENDED) => {
                let place = self.channels.open.get_mut(usize::from(number)).ok_or(StatusWord::NO_CHANNEL)?;
                let closed = place.take().ok_or(StatusWord::NO_CHANNEL)?;
                self.end_session(closed.application, false);
                Ok(Answer::ok(Vec::new()))
            }
            _ => Err(StatusWord::WRONG_P1_P2),
        }
    }
}
