//! ACTIVATE FILE and DEACTIVATE FILE (TS 102 221 11.1.14, 11.1.15).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::Operation;
use dmsc_uicc::status::StatusWord;

use super::{Access, Answer, Done};

impl Access<'_> {
    pub(super) fn change_life_cycle(&mut self, command: &CommandApdu) -> Done {
        let (directory, application) = (self.channel.directory, self.channel.application);
        let found = match (command.p1, command.p2, command.data.as_slice()) {
            (0x00, 0x00, []) => self.channel.file,
            (0x00, 0x00, [high, low]) => self.system.by_id(directory, u16::from_be_bytes([*high, *low]), application),
            (0x08, 0x00, path) => self.system.walk(0, path, application),
            (0x09, 0x00, path) => self.system.walk(directory, path, application),
            (0x00, 0x00, _) => return Err(StatusWord::WRONG_LENGTH),
            _ => return Err(StatusWord::WRONG_P1_P2),
        };
        let place =
            found.ok_or(if command.data.is_empty() { StatusWord::NO_EF } else { StatusWord::FILE_NOT_FOUND })?;
        let activate = command.ins == 0x44;
        self.allow(place, if activate { Operation::Activate } else { Operation::Deactivate })?;
        if let Some(node) = self.system.nodes.get_mut(place) {
            node.active = activate;
        }
        Ok(Answer::ok(Vec::new()))
    }
}
