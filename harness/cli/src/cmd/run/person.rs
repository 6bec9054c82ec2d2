//! A person at the bench, asked for what neither the harness nor a command can do.

use std::io::{self, Write as _};

use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::operator::Operator;
use dmsc_bench::session::Session;
use dmsc_engine::terminal::DELIVER_SMS;
use dmsc_language::dut::Dut;
use dmsc_octets::{one_line, to_hex, visible};
use indicatif::ProgressBar;

/// Commands of the DUT file first, then a person at the terminal.
pub(super) struct Person<'d> {
    dut: &'d Dut,
    dut_file: DutFileOperator<'d>,
    bar: ProgressBar,
}

impl<'d> Person<'d> {
    /// A person at the bench of a DUT; the bar makes way for the question.
    pub(super) fn new(dut: &'d Dut, bar: ProgressBar) -> Self {
        Self { dut, dut_file: DutFileOperator::new(dut), bar }
    }
}

impl Operator for Person<'_> {
    fn act(&mut self, name: &str, prompt: &str, session: &mut Session) -> Result<(), String> {
        if DutFileOperator::can(self.dut, name) {
            return self.dut_file.act(name, prompt, session);
        }
        self.bar.suspend(|| ask(name, prompt))
    }

    fn deliver(&mut self, tpdu: &[u8], session: &mut Session) -> Result<(), String> {
        if DutFileOperator::can(self.dut, DELIVER_SMS) {
            return self.dut_file.deliver(tpdu, session);
        }
        let prompt = format!("Have the network deliver this short message to the device: {}", to_hex(tpdu));
        self.bar.suspend(|| ask(DELIVER_SMS, &prompt))
    }
}

fn ask(name: &str, prompt: &str) -> Result<(), String> {
    let mut err = io::stderr().lock();
    let shown =
        write!(err, "\n[{}] {}\nEnter when done, s and Enter if it cannot be done: ", one_line(name), visible(prompt))
            .and_then(|()| err.flush());
    shown.map_err(|error| format!("the operator cannot be asked: {error}"))?;
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(0) => Err("standard input has ended, so nobody can be asked".into()),
        Ok(_) if answer.trim().eq_ignore_ascii_case("s") => Err("the operator said that it cannot be done".into()),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the operator's answer cannot be read: {error}")),
    }
}
