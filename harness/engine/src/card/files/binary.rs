//! READ BINARY and UPDATE BINARY (TS 102 221 11.1.3, 11.1.4).

use dmsc_uicc::apdu::CommandApdu;
use dmsc_uicc::fs::Operation;
use dmsc_uicc::status::StatusWord;

use super::tree::Body;
use super::{Access, Answer, Done, exact};

/// The short file identifier, if P1 holds one, and the offset.
fn span(command: &CommandApdu) -> Result<(Option<u8>, usize), StatusWord> {
    match command.p1 {
        p1 if p1 & 0x80 == 0 => Ok((None, usize::from(u16::from_be_bytes([p1, command.p2])))),
        p1 if p1 & 0x60 == 0 => Ok((Some(p1 & 0x1F), usize::from(command.p2))),
        _ => Err(StatusWord::WRONG_P1_P2),
    }
}

impl Access<'_> {
    pub(super) fn read_binary(&mut self, command: &CommandApdu) -> Done {
        let (sfi, offset) = span(command)?;
        let place = self.transparent(sfi)?;
        self.allow(place, Operation::Read)?;
        let Body::Transparent(content) = &self.node(place)?.body else { return Err(StatusWord::FILE_STRUCTURE) };
        let rest = content.get(offset..).filter(|rest| !rest.is_empty());
        exact(rest.ok_or(StatusWord::OFFSET)?, command.le)
    }

    pub(super) fn update_binary(&mut self, command: &CommandApdu) -> Done {
        let (sfi, offset) = span(command)?;
        let place = self.transparent(sfi)?;
        self.allow(place, Operation::Update)?;
        let Some(Body::Transparent(content)) = self.system.nodes.get_mut(place).map(|node| &mut node.body) else {
            return Err(StatusWord::FILE_STRUCTURE);
        };
        if command.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        let rest = content.get_mut(offset..).ok_or(StatusWord::OFFSET)?;
        let span = rest.get_mut(..command.data.len()).ok_or(StatusWord::WRONG_LENGTH)?;
        span.copy_from_slice(&command.data);
        Ok(Answer::ok(Vec::new()))
    }

    fn transparent(&mut self, sfi: Option<u8>) -> Result<usize, StatusWord> {
        let place = self.target(sfi)?;
        match self.node(place)?.body {
            Body::Transparent(_) => Ok(place),
            _ => Err(StatusWord::FILE_STRUCTURE),
        }
    }
}
