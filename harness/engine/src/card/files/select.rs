//! SELECT and STATUS (TS 102 221 8.4, 8.5, 11.1.1, 11.1.2).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::ber;
use dmsc_uicc::status::StatusWord;

use super::tree::Body;
use super::{Access, Answer, Done};

impl Access<'_> {
    pub(super) fn select(&mut self, command: &CommandApdu) -> Done {
        let with_parameters = match command.p2 & 0x0C {
            // 00 asks for file control information in ISO/IEC 7816-4; programs that know no UICC send it.
            0x04 | 0x00 => true,
            0x0C => false,
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        // An application's session and which of several are meant only where it is selected by name (TS 102 221 table
        // 11.2).
        if command.p2 & if command.p1 == 0x04 { 0x90 } else { 0xF3 } != 0 {
            return Err(StatusWord::WRONG_P1_P2);
        }
        let (directory, application) = (self.channel.directory, self.channel.application);
        let found = match (command.p1, command.data.as_slice()) {
            (0x00, []) => Some(0),
            (0x00, [high, low]) => self.system.by_id(directory, u16::from_be_bytes([*high, *low]), application),
            (0x01, [high, low]) => {
                let child = self.system.child(directory, u16::from_be_bytes([*high, *low]));
                child.filter(|place| self.node(*place).is_ok_and(|node| node.is_directory()))
            }
            (0x03, []) => Some(self.system.parent(directory)),
            (0x04, aid) => return self.select_application(aid, command.p2, with_parameters),
            (0x08, path) => self.system.walk(0, path, application),
            (0x09, path) => self.system.walk(directory, path, application),
            (0x00 | 0x01 | 0x03, _) => return Err(StatusWord::WRONG_LENGTH),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        let place = found.ok_or(StatusWord::FILE_NOT_FOUND)?;
        self.choose(place);
        self.selected(place, with_parameters)
    }

    /// Selection by AID, of which the first octets will do; P2 tells which of several, and whether the application's
    /// session begins or ends.
    fn select_application(&mut self, aid: &[u8], p2: u8, with_parameters: bool) -> Done {
        if !(1..=16).contains(&aid.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let current = self.channel.application;
        let known = self.system.applications();
        let matching: Vec<usize> = known.filter(|(_, known)| known.starts_with(aid)).map(|(place, _)| place).collect();
        let mut places = matching.into_iter();
        let found = match p2 & 0x03 {
            0x00 => places.next(),
            0x01 => places.next_back(),
            0x02 => places.find(|place| current.is_none_or(|current| *place > current)),
            _ => places.rfind(|place| current.is_none_or(|current| *place < current)),
        };
        let place = found.ok_or(StatusWord::FILE_NOT_FOUND)?;
        match p2 & 0x60 {
            0x00 => {
                self.choose(place);
                self.selected(place, with_parameters)
            }
            0x40 => {
                let answer = self.selected(place, with_parameters);
                self.channel.application = self.channel.application.filter(|active| *active != place);
                self.choose(0);
                answer
            }
            _ => Err(StatusWord::WRONG_P1_P2),
        }
    }

    /// Makes a file the current one.
    pub(super) fn choose(&mut self, place: usize) {
        let Some(node) = self.system.nodes.get(place) else { return };
        // In a cyclic file the record written last is current, in another none is.
        self.channel.record = matches!(&node.body, Body::Records(records) if records.cyclic).then_some(1);
        if node.is_directory() {
            if node.aid().is_some() {
                self.channel.application = Some(place);
            }
            self.channel.directory = place;
            self.channel.file = None;
        } else {
            self.channel.directory = node.parent;
            self.channel.file = Some(place);
        }
    }

    fn selected(&self, place: usize, with_parameters: bool) -> Done {
        let data = if with_parameters { self.system.parameters(place) } else { Vec::new() };
        let sw = if self.node(place)?.active { StatusWord::OK } else { StatusWord::DEACTIVATED };
        Ok(Answer { data, sw: sw.0 })
    }

    pub(super) fn status(&self, command: &CommandApdu) -> Done {
        if command.p1 > 0x02 {
            return Err(StatusWord::WRONG_P1_P2);
        }
        let data = match command.p2 {
            0x00 => self.system.parameters(self.channel.directory),
            0x01 => {
                let application = self.channel.application.ok_or(StatusWord::CONDITIONS_OF_USE)?;
                let mut data = Vec::new();
                ber::write(&mut data, 0x84, self.node(application)?.aid().unwrap_or_default());
                data
            }
            0x0C => return Ok(Answer::ok(Vec::new())),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        match command.le {
            None => Err(StatusWord::wrong_le(data.len())),
            Some(le @ 1..=255) if usize::try_from(le) != Ok(data.len()) => Err(StatusWord::wrong_le(data.len())),
            _ => Ok(Answer::ok(data)),
        }
    }
}
