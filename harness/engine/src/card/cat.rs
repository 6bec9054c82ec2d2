//! The proactive side of a UICC: one command pending at a time, fetched, answered (TS 102 221 7.4.2, TS 102 223 6).

use std::collections::VecDeque;

use dmsc_uicc::command::ProactiveCommand;
use dmsc_uicc::response::TerminalResponse;

use crate::choice::card::CommandNumbers;

/// Why the card issued a command, and so what its answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A case or a person asked for it.
    Script,
    /// SET UP EVENT LIST, TIMER MANAGEMENT and the like at start-up.
    SetUp,
    /// OPEN CHANNEL of the SCWS.
    Listen,
    /// OPEN CHANNEL to the DM Client.
    TriggerOpen,
    /// SEND DATA with a part of Package#0.
    TriggerSend,
    /// CLOSE CHANNEL after Package#0.
    TriggerClose,
    /// SEND SHORT MESSAGE that a case asked for.
    ScriptSms,
    /// SEND SHORT MESSAGE with a part of a notification.
    TriggerSms,
    /// RECEIVE DATA for the SCWS on this channel.
    Receive(u8),
    /// SEND DATA of the SCWS on this channel.
    Respond(u8),
    /// CLOSE CHANNEL of the SCWS.
    Hang,
}

/// A command on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Why it was issued.
    pub origin: Origin,
    /// The name of its type, as cases know it.
    pub name: String,
    /// The octets of the BER-TLV object.
    pub octets: Vec<u8>,
}

/// The queue of proactive commands.
#[derive(Clone, Debug, Default)]
pub struct Cat {
    queue: VecDeque<Issued>,
    /// Fetched, and not yet answered.
    fetched: Option<Issued>,
    number: u8,
    numbers: CommandNumbers,
}

impl Cat {
    /// Commands numbered like this.
    pub fn numbered(numbers: CommandNumbers) -> Cat {
        Cat { numbers, ..Cat::default() }
    }

    /// Forgets every command, as a reset does.
    pub fn reset(&mut self) {
        *self = Cat::numbered(self.numbers);
    }

    /// The command number for the next command; 1 to 254, in turn unless chosen otherwise.
    pub fn next_number(&mut self) -> u8 {
        if self.numbers == CommandNumbers::Constant {
            return 1;
        }
        self.number = if self.number >= 0xFE { 1 } else { self.number.saturating_add(1) };
        self.number
    }

    /// Queues a command.
    pub fn issue(&mut self, issued: Issued) {
        self.queue.push_back(issued);
    }

    /// The length of the command that waits to be fetched; none while another is being performed.
    pub fn pending(&self) -> Option<usize> {
        if self.fetched.is_some() {
            return None;
        }
        self.queue.front().map(|issued| issued.octets.len())
    }

    /// Hands out the pending command.
    pub fn fetch(&mut self) -> Option<Issued> {
        if self.fetched.is_some() {
            return None;
        }
        let issued = self.queue.pop_front()?;
        self.fetched = Some(issued.clone());
        Some(issued)
    }

    /// Loses the pending command.
    pub fn lose(&mut self) {
        self.queue.pop_front();
    }

    /// The terminal answered: gives the command the answer is for. An answer with another command number ends the
    /// command all the same, since the terminal will not answer twice.
    pub fn answered(&mut self) -> Option<Issued> {
        self.fetched.take()
    }

    /// Whether an answer says that the command was not performed, or has another command number.
    pub fn is_disappointed(&self, response: &TerminalResponse) -> bool {
        let Some(issued) = &self.fetched else { return false };
        let command = ProactiveCommand::parse(&issued.octets).ok();
        let number = command.and_then(|command| command.details()).map(|details| details.number);
        let performed = response.result().is_some_and(|(result, _)| result.is_performed());
        !performed || response.details().map(|details| details.number) != number
    }

    /// Takes back commands that wait to be fetched.
    pub fn withdraw(&mut self, unwanted: impl Fn(&Issued) -> bool) {
        self.queue.retain(|issued| !unwanted(issued));
    }

    /// Whether data of the SCWS are still on their way.
    pub fn responds(&self) -> bool {
        self.queue.iter().chain(&self.fetched).any(|issued| matches!(issued.origin, Origin::Respond(_)))
    }

    /// The name of the command that is being performed.
    pub fn fetched_name(&self) -> Option<&str> {
        self.fetched.as_ref().map(|issued| issued.name.as_str())
    }
}

/// The name of the command in these octets; `proactive` when they do not parse.
pub fn name_of(octets: &[u8]) -> String {
    ProactiveCommand::parse(octets).map_or_else(|_| "proactive".into(), |command| command.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_at_a_time() {
        let mut cat = Cat::default();
        let issued =
            |octets: &[u8]| Issued { origin: Origin::Script, name: "more-time".into(), octets: octets.to_vec() };
        cat.issue(issued(&[1]));
        cat.issue(issued(&[1, 2]));
        assert_eq!(cat.pending(), Some(1));
        assert_eq!(cat.fetch().map(|i| i.octets), Some(vec![1]));
        assert_eq!((cat.pending(), cat.fetch()), (None, None));
        assert_eq!(cat.answered().map(|i| i.octets), Some(vec![1]));
        assert_eq!(cat.pending(), Some(2));
    }

    #[test]
    fn command_numbers_stay_between_1_and_254() {
        let mut cat = Cat::default();
        let numbers: Vec<u8> = (0..600).map(|_| cat.next_number()).collect();
        assert!(numbers.iter().all(|n| (1..=254).contains(n)));
        assert_eq!(numbers[254], 1);
    }
}
