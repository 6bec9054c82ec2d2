//! What both sides answer commands and missing credentials with.

use dmsc_dm::syncml::{Command, CommandName, Message, Text};

use crate::choice::dm::ChallengeCode;

/// A Status for the SyncHdr (`command` is `None`) or for a command of `request`.
pub(super) fn status(request: &Message, command: Option<&Command>, code: u16) -> Command {
    let mut status = Command::new(CommandName::Status, "");
    status.msg_ref = Some(request.header.msg_id.clone());
    status.cmd_ref = Some(command.map_or(Text::new_static("0"), |c| c.cmd_id.clone()));
    status.name = Some(command.map_or("SyncHdr", |c| c.cmd.as_str()).into());
    status.data = Some(code.to_string().into());
    if command.is_none() {
        status.target_ref = vec![request.header.target.clone()];
        status.source_ref = vec![request.header.source.clone()];
    }
    status
}

/// The code by which credentials that are missing are asked for.
pub(super) fn missing(code: ChallengeCode) -> u16 {
    match code {
        ChallengeCode::Required => 407,
        ChallengeCode::Unauthorized => 401,
    }
}
