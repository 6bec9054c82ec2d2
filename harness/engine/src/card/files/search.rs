//! SEARCH RECORD (TS 102 221 11.1.7).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::Operation;
use dmsc_uicc::status::StatusWord;

use super::record::sfi;
use super::{Access, Answer, Done};

/// What to look for, where in a record, and from which record on.
struct Search<'a> {
    pattern: &'a [u8],
    place: Place,
    start: Start,
    backward: bool,
}

/// Where in a record a search begins.
enum Place {
    /// At an offset.
    Offset(u8),
    /// After the first occurrence of an octet.
    After(u8),
}

/// The record a search begins with.
enum Start {
    /// A number from 1; 0 is the current record.
    Record(u8),
    /// The record after the current one in the direction of the search.
    Beside,
}

impl<'a> Search<'a> {
    /// A simple search (P2 b3 to b1 100 or 101), or an enhanced one (110), whose first two octets say how.
    fn of(command: &'a CommandApdu) -> Result<Search<'a>, StatusWord> {
        let here = Start::Record(command.p1);
        let search = match (command.p2 & 0x07, command.data.as_slice()) {
            (mode @ 0x04..=0x05, pattern) => {
                Search { pattern, place: Place::Offset(0), start: here, backward: mode == 0x05 }
            }
            (0x06, [indication, value, pattern @ ..]) => {
                let place = match indication & 0xF8 {
                    0x00 => Place::Offset(*value),
                    0x08 => Place::After(*value),
                    _ => return Err(StatusWord::WRONG_DATA),
                };
                let start = match indication & 0x06 {
                    0x04 => here,
                    0x06 => Start::Beside,
                    _ => return Err(StatusWord::WRONG_DATA),
                };
                Search { pattern, place, start, backward: indication & 0x01 != 0 }
            }
            (0x06, _) => return Err(StatusWord::WRONG_LENGTH),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        if search.pattern.is_empty() { Err(StatusWord::WRONG_LENGTH) } else { Ok(search) }
    }

    fn finds(&self, record: &[u8]) -> bool {
        let from = match self.place {
            Place::Offset(offset) => usize::from(offset),
            Place::After(octet) => match record.iter().position(|found| *found == octet) {
                Some(at) => at.saturating_add(1),
                None => return false,
            },
        };
        record.get(from..).is_some_and(|rest| rest.windows(self.pattern.len()).any(|part| part == self.pattern))
    }

    /// The number of the first record, given the current one; `None` when there is no such record.
    fn first(&self, current: Option<usize>, count: usize) -> Option<usize> {
        match (&self.start, current) {
            (Start::Record(0), current) => current,
            (Start::Record(number), _) => Some(usize::from(*number)),
            (Start::Beside, None) => Some(if self.backward { count } else { 1 }),
            (Start::Beside, Some(current)) if self.backward => current.checked_sub(1),
            (Start::Beside, Some(current)) => current.checked_add(1),
        }
    }
}

impl Access<'_> {
    /// Gives the numbers of the records that hold a string; the first of them becomes the current one.
    pub(super) fn search_record(&mut self, command: &CommandApdu) -> Done {
        let search = Search::of(command)?;
        let place = self.record_file(sfi(command))?;
        self.allow(place, Operation::Read)?;
        let rows = &self.records(place)?.rows;
        let first = search.first(self.channel.record, rows.len());
        let inside = first.filter(|first| (1..=rows.len()).contains(first));
        let first = match (inside, &search.start) {
            (Some(first), _) => first,
            (None, Start::Record(_)) => return Err(StatusWord::RECORD_NOT_FOUND),
            // Nothing is left in that direction.
            (None, Start::Beside) => return Err(StatusWord::EOF),
        };
        let finds = |number: &usize| rows.get(number.saturating_sub(1)).is_some_and(|record| search.finds(record));
        let found: Vec<usize> = if search.backward {
            (1..=first).rev().filter(finds).collect()
        } else {
            (first..=rows.len()).filter(finds).collect()
        };
        let current = *found.first().ok_or(StatusWord::EOF)?;
        self.channel.record = Some(current);
        let most = command.le.and_then(|le| usize::try_from(le).ok()).unwrap_or(256);
        Ok(Answer::ok(found.into_iter().filter_map(|number| u8::try_from(number).ok()).take(most).collect()))
    }
}
