//! READ RECORD, UPDATE RECORD and INCREASE (TS 102 221 11.1.5, 11.1.6, 11.1.8).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::Operation;
use dmsc_uicc::status::StatusWord;

use super::tree::{Body, Records};
use super::{Access, Answer, Done};

/// How a command names a record, P2 b3 to b1.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Next,
    Previous,
    /// P1 is the number; 00 is the current record.
    Absolute,
}

impl Mode {
    fn of(command: &CommandApdu) -> Result<Mode, StatusWord> {
        match command.p2 & 0x07 {
            // What is next has no number (TS 102 221 table 11.11).
            0x02 | 0x03 if command.p1 != 0x00 => Err(StatusWord::WRONG_P1_P2),
            0x02 => Ok(Mode::Next),
            0x03 => Ok(Mode::Previous),
            0x04 => Ok(Mode::Absolute),
            _ => Err(StatusWord::WRONG_P1_P2),
        }
    }
}

/// The short file identifier in P2, if there is one.
pub(super) fn sfi(command: &CommandApdu) -> Option<u8> {
    Some(command.p2 >> 3).filter(|sfi| *sfi != 0)
}

impl Access<'_> {
    pub(super) fn read_record(&mut self, command: &CommandApdu) -> Done {
        let mode = Mode::of(command)?;
        let place = self.record_file(sfi(command))?;
        self.allow(place, Operation::Read)?;
        let records = self.records(place)?;
        let number = self.number(records, mode, command.p1)?;
        let record = nth(records, number)?;
        // A record is read as a whole; the pointer moves only when it was.
        let le = command.le.ok_or_else(|| StatusWord::wrong_le(record.len()))?;
        if le != 256 && usize::try_from(le) != Ok(record.len()) {
            return Err(StatusWord::wrong_le(record.len()));
        }
        let answer = Answer::ok(record.clone());
        self.moved(mode, number);
        Ok(answer)
    }

    pub(super) fn update_record(&mut self, command: &CommandApdu) -> Done {
        let mode = Mode::of(command)?;
        let place = self.record_file(sfi(command))?;
        self.allow(place, Operation::Update)?;
        let records = self.records(place)?;
        if records.cyclic && mode != Mode::Previous {
            return Err(StatusWord::FILE_STRUCTURE);
        }
        if command.data.len() != records.length() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if records.cyclic {
            return self.push(place, command.data.clone());
        }
        let number = self.number(records, mode, command.p1)?;
        let row = self.records_mut(place)?.rows.get_mut(number.saturating_sub(1));
        row.ok_or(StatusWord::RECORD_NOT_FOUND)?.copy_from_slice(&command.data);
        self.moved(mode, number);
        Ok(Answer::ok(Vec::new()))
    }

    /// Adds a value to the record written last and writes the sum over the oldest one.
    pub(super) fn increase(&mut self, command: &CommandApdu) -> Done {
        let sfi = match (command.p1, command.p2) {
            (0x00, 0x00) => None,
            (p1, 0x00) if p1 & 0xE0 == 0x80 => Some(p1 & 0x1F),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        let place = self.record_file(sfi)?;
        let records = self.records(place)?;
        if !records.cyclic {
            return Err(StatusWord::FILE_STRUCTURE);
        }
        self.allow(place, Operation::Increase)?;
        if command.data.is_empty() || command.data.len() > records.length() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let sum = add(nth(records, 1)?, &command.data).ok_or(StatusWord::INCREASE_AT_MAXIMUM)?;
        self.push(place, sum.clone())?;
        Ok(Answer::ok([sum, command.data.clone()].concat()))
    }

    fn push(&mut self, place: usize, octets: Vec<u8>) -> Done {
        self.records_mut(place)?.push(octets);
        self.channel.record = Some(1);
        Ok(Answer::ok(Vec::new()))
    }

    /// The number of the record a command means, from 1.
    fn number(&self, records: &Records, mode: Mode, p1: u8) -> Result<usize, StatusWord> {
        let count = records.rows.len();
        let number = match (mode, self.channel.record) {
            (Mode::Absolute, current) if p1 == 0 => current,
            (Mode::Absolute, _) => Some(usize::from(p1)),
            (Mode::Next, None) => Some(1),
            (Mode::Next, Some(current)) if current < count => Some(current.saturating_add(1)),
            (Mode::Next, Some(_)) => records.cyclic.then_some(1),
            (Mode::Previous, None) => Some(count),
            (Mode::Previous, Some(current)) if current > 1 => Some(current.saturating_sub(1)),
            (Mode::Previous, Some(_)) => records.cyclic.then_some(count),
        };
        number.filter(|number| (1..=count).contains(number)).ok_or(StatusWord::RECORD_NOT_FOUND)
    }

    /// The current record follows the modes that go from record to record, and no other.
    fn moved(&mut self, mode: Mode, number: usize) {
        if mode != Mode::Absolute {
            self.channel.record = Some(number);
        }
    }

    pub(super) fn record_file(&mut self, sfi: Option<u8>) -> Result<usize, StatusWord> {
        let place = self.target(sfi)?;
        self.records(place).map(|_| place)
    }

    pub(super) fn records(&self, place: usize) -> Result<&Records, StatusWord> {
        match &self.node(place)?.body {
            Body::Records(records) => Ok(records),
            _ => Err(StatusWord::FILE_STRUCTURE),
        }
    }

    fn records_mut(&mut self, place: usize) -> Result<&mut Records, StatusWord> {
        match self.system.nodes.get_mut(place).map(|node| &mut node.body) {
            Some(Body::Records(records)) => Ok(records),
            _ => Err(StatusWord::FILE_STRUCTURE),
        }
    }
}

/// The record with a number, from 1.
pub(super) fn nth(records: &Records, number: usize) -> Result<&Vec<u8>, StatusWord> {
    number.checked_sub(1).and_then(|index| records.rows.get(index)).ok_or(StatusWord::RECORD_NOT_FOUND)
}

/// The sum of two binary numbers, as long as the first; `None` if it does not fit.
fn add(value: &[u8], added: &[u8]) -> Option<Vec<u8>> {
    let mut sum = value.to_vec();
    let mut added = added.iter().rev();
    let mut carry = 0_u16;
    for place in sum.iter_mut().rev() {
        let total = u16::from(*place) + u16::from(added.next().copied().unwrap_or(0)) + carry;
        *place = (total & 0xFF) as u8;
        carry = total >> 8;
    }
    (carry == 0).then_some(sum)
}
