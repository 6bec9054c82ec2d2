//! The UICC's file system and the commands on it (TS 102 221 clauses 8 to 11 and 13).
//!
//! What files there are is data (`fixtures/cards/`); these modules are the selection logic, the access commands, the
//! PINs, the logical channels and the authentication. What a command changes on the card survives a reset; what is
//! selected and verified does not.

mod activate;
mod authenticate;
mod binary;
mod build;
mod channel;
mod parameters;
mod pin;
mod provision;
mod read;
mod record;
mod search;
mod select;
mod spec;
#[cfg(test)]
mod tests;
mod tree;
mod wrong;

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::class::{Class, Family};
use dmsc_uicc::fs::{Condition, Operation};
use dmsc_uicc::status::StatusWord;

use channel::{Channel, Channels};
pub use tree::FileSystem;
use tree::Node;

/// What the card answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Response data.
    pub data: Vec<u8>,
    /// The status word.
    pub sw: u16,
}

/// What a command comes to: an answer, which may carry a warning, or the status word of a refusal.
type Done = Result<Answer, StatusWord>;

impl Answer {
    fn ok(data: Vec<u8>) -> Answer {
        Answer { data, sw: StatusWord::OK.0 }
    }
}

/// The files of a card, and what is selected of them in this session.
#[derive(Clone, Debug)]
pub struct Files {
    system: FileSystem,
    channels: Channels,
}

/// The card as a command on one logical channel sees it.
struct Access<'a> {
    system: &'a mut FileSystem,
    channel: &'a mut Channel,
}

/// The class that a command must have (TS 102 221 table 10.5); `None` for those the card does not know.
fn family(ins: u8) -> Option<Family> {
    match ins {
        0xA4 | 0xB0 | 0xD6 | 0xB2 | 0xDC | 0xA2 | 0x20 | 0x24 | 0x26 | 0x28 | 0x2C | 0x04 | 0x44 | 0x88 | 0x70
        | 0xC0 => Some(Family::Interindustry),
        0xF2 | 0x32 | 0xAA | 0x10 | 0xC2 | 0x12 | 0x14 => Some(Family::Uicc),
        _ => None,
    }
}

/// TERMINAL PROFILE, ENVELOPE, FETCH and TERMINAL RESPONSE have no logical channel but the basic one.
fn is_toolkit(ins: u8) -> bool {
    matches!(ins, 0x10 | 0xC2 | 0x12 | 0x14)
}

impl Files {
    /// The files of a card that was just powered.
    pub fn new(system: FileSystem) -> Files {
        Files { system, channels: Channels::default() }
    }

    /// The answer to reset.
    pub fn atr(&self) -> Vec<u8> {
        self.system.atr.clone()
    }

    /// A reset: the basic channel is the only one, the MF is selected on it, and no PIN is verified. Contents, PINs and
    /// what is left of their tries stay (TS 102 221 6.4, 9.5).
    pub fn reset(&mut self) {
        self.channels = Channels::default();
        self.system.pins.forget(|_| true);
    }

    /// Whether a command has a class that goes with its instruction, and a logical channel that is open; gives the
    /// channel.
    ///
    /// # Errors
    /// The status word that refuses the command (TS 102 221 10.2.1.5).
    pub fn admit(&self, command: &CommandApdu) -> Result<u8, StatusWord> {
        let class = Class::parse(command.cla).ok_or(StatusWord::UNKNOWN_CLASS)?;
        let family = family(command.ins).ok_or(StatusWord::UNKNOWN_INS)?;
        if class.family != family {
            return Err(StatusWord::UNKNOWN_CLASS);
        }
        if class.secure {
            return Err(StatusWord::NO_SECURE_MESSAGING);
        }
        if is_toolkit(command.ins) && class.channel != 0 || !self.channels.is_open(class.channel) {
            return Err(StatusWord::NO_CHANNEL);
        }
        if is_toolkit(command.ins) && (command.p1, command.p2) != (0x00, 0x00) {
            return Err(StatusWord::WRONG_P1_P2);
        }
        Ok(class.channel)
    }

    /// Carries out a command on the file system.
    pub fn command(&mut self, command: &CommandApdu) -> Answer {
        let mut answer = self.perform(command).unwrap_or_else(|sw| Answer { data: Vec::new(), sw: sw.0 });
        // Of case 4 no more comes back than Le allows (ISO/IEC 7816-3 12.1.2).
        if let (Some(le), false) = (command.le.and_then(|le| usize::try_from(le).ok()), command.data.is_empty()) {
            answer.data.truncate(le);
        }
        answer
    }

    fn perform(&mut self, command: &CommandApdu) -> Done {
        let number = self.admit(command)?;
        match command.ins {
            0x70 => return self.manage_channel(number, command),
            0xAA => return self.channels.terminal_capability(command),
            _ => {}
        }
        let channel = self.channels.get_mut(number).ok_or(StatusWord::NO_CHANNEL)?;
        let before = channel.application;
        let mut access = Access { system: &mut self.system, channel };
        let done = match command.ins {
            0xA4 => access.select(command),
            0xF2 => access.status(command),
            0xB0 => access.read_binary(command),
            0xD6 => access.update_binary(command),
            0xB2 => access.read_record(command),
            0xDC => access.update_record(command),
            0xA2 => access.search_record(command),
            0x32 => access.increase(command),
            0x20 | 0x24 | 0x26 | 0x28 | 0x2C => access.system.pins.command(command),
            0x04 | 0x44 => access.change_life_cycle(command),
            0x88 => access.authenticate(command),
            // Response data are never held back here, so none are there to get (TS 102 221 12.1.1).
            0xC0 => Err(StatusWord::TECHNICAL_PROBLEM),
            _ => Err(StatusWord::UNKNOWN_INS),
        };
        let after = access.channel.application;
        if before != after {
            self.end_session(before, after.is_none());
        }
        done
    }

    /// An application is no longer active on a channel. If it is on no other, what was verified for it alone is lost:
    /// its own PIN too, when its session was ended and not just left for another (TS 102 221 9.4).
    fn end_session(&mut self, application: Option<usize>, explicitly: bool) {
        if application.is_some() && !self.channels.any_in(application) {
            self.system
                .pins
                .forget(|reference| reference & 0x80 != 0 || explicitly && (0x01..=0x08).contains(&reference));
        }
    }
}

impl Access<'_> {
    fn node(&self, place: usize) -> Result<&Node, StatusWord> {
        self.system.nodes.get(place).ok_or(StatusWord::FILE_NOT_FOUND)
    }

    /// The file a command is on: by short identifier, which selects it, or the current one.
    fn target(&mut self, sfi: Option<u8>) -> Result<usize, StatusWord> {
        let Some(sfi) = sfi else { return self.channel.file.ok_or(StatusWord::NO_EF) };
        let place = self.system.by_sfi(self.channel.directory, sfi).ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.choose(place);
        Ok(place)
    }

    /// Whether an operation on a file is allowed now: the file is activated and its condition is met.
    fn allow(&self, place: usize, operation: Operation) -> Result<(), StatusWord> {
        let node = self.node(place)?;
        if !node.active && !matches!(operation, Operation::Activate | Operation::Deactivate) {
            return Err(StatusWord::INVALIDATED);
        }
        let rule = node.rule.and_then(|rule| self.system.rules.get(rule));
        let met = match rule.map_or(Condition::Never, |rule| rule.condition(operation)) {
            Condition::Always => true,
            Condition::Never => false,
            Condition::Pin(reference) => self.system.pins.is_met(reference),
        };
        if met { Ok(()) } else { Err(StatusWord::SECURITY_STATUS) }
    }
}

/// The octets asked for, or the hint how many there are: also where none were asked for, since over T=0 that is Le 00.
fn exact(octets: &[u8], le: Option<u32>) -> Done {
    let le = le.and_then(|le| usize::try_from(le).ok());
    let le = le.ok_or_else(|| StatusWord::wrong_le(octets.len().min(256)))?;
    if le >= 256 {
        return Ok(Answer::ok(octets.get(..octets.len().min(le)).unwrap_or_default().to_vec()));
    }
    octets.get(..le).map(|octets| Answer::ok(octets.to_vec())).ok_or(StatusWord::wrong_le(octets.len()))
}
