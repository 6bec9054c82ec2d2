//! The operator: a person at the bench, or what stands in for one.

use dmsc_engine::card::ABORT_SESSION;
use dmsc_engine::terminal::{ACTS, DELIVER_SMS};
use dmsc_language::dut::Dut;
use dmsc_link::{Command, run_command};
use dmsc_octets::to_hex;
use dmsc_scr::DutKind;

use crate::session::Session;

/// Who does at the bench what a case asks a person for.
pub trait Operator {
    /// Does an act of the given name; the prompt is for a person.
    ///
    /// # Errors
    /// The reason why the act could not be done.
    fn act(&mut self, name: &str, prompt: &str, session: &mut Session) -> Result<(), String>;

    /// Has the network deliver a short message, given as its TPDU, to the DUT.
    ///
    /// # Errors
    /// The reason why that could not be done.
    fn deliver(&mut self, tpdu: &[u8], session: &mut Session) -> Result<(), String>;
}

/// Does the acts a case asks for: on the reference terminal itself, or by the command of the DUT file.
#[derive(Clone, Copy, Debug)]
pub struct DutFileOperator<'a> {
    dut: &'a Dut,
}

impl<'a> DutFileOperator<'a> {
    /// The operator of `dut`.
    pub fn new(dut: &'a Dut) -> DutFileOperator<'a> {
        DutFileOperator { dut }
    }

    /// The acts that can be done without a person.
    pub fn can(dut: &Dut, act: &str) -> bool {
        if dut.is_reference() { is_of_reference(dut, act) } else { dut.operator.contains_key(act) }
    }
}

/// Whether a reference DUT does an act by itself.
fn is_of_reference(dut: &Dut, act: &str) -> bool {
    match dut.kind {
        DutKind::Card => act == ABORT_SESSION,
        DutKind::Terminal => ACTS.contains(&act),
    }
}

impl Operator for DutFileOperator<'_> {
    fn act(&mut self, name: &str, _prompt: &str, session: &mut Session) -> Result<(), String> {
        match self.dut.operator.get(name) {
            _ if self.dut.is_reference() && is_of_reference(self.dut, name) => {
                session.act(name).map_err(|e| e.to_string())
            }
            Some(command) => run_command(command).map_err(|e| e.to_string()),
            None => Err("nobody is at the bench, and the DUT file names no command for it".into()),
        }
    }

    fn deliver(&mut self, tpdu: &[u8], session: &mut Session) -> Result<(), String> {
        match self.dut.operator.get(DELIVER_SMS) {
            _ if self.dut.is_reference() => session.deliver(tpdu).map_err(|e| e.to_string()),
            Some(command) => run_command(&filled(command, tpdu)).map_err(|e| e.to_string()),
            None => Err("nobody is at the bench, and the DUT file names no command for it".into()),
        }
    }
}

/// The command with the message in the place of `{tpdu}`, in hexadecimal.
fn filled(command: &Command, tpdu: &[u8]) -> Command {
    command.filled(|word| word.replace("{tpdu}", &to_hex(tpdu)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_put_into_the_command() {
        let words = ["send-sms", "--tpdu={tpdu}"].map(str::to_owned).to_vec();
        assert_eq!(filled(&Command::new(words), &[0x44, 0x0B]).words, ["send-sms", "--tpdu=440B"]);
    }
}
