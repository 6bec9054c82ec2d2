//! A person at the bench, asked for what neither the harness nor a command can do.

use std::io::{self, Write as _};
use std::sync::mpsc::channel;

use dmsc_bench::operator::DutFileOperator;
use dmsc_bench::operator::Operator;
use dmsc_bench::session::Session;
use dmsc_engine::terminal::DELIVER_SMS;
use dmsc_language::dut::Dut;
use dmsc_link::on_interrupt;
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
    let question =
        format!("\n[{}] {}\nEnter when done, s and Enter if it cannot be done: ", one_line(name), visible(prompt));
    // The lock is given back before the wait, for who is told of an interrupt needs it.
    let shown = io::stderr().lock().write_all(question.as_bytes());
    shown.map_err(|error| format!("the operator cannot be asked: {error}"))?;
    match line() {
        Some(Ok(line)) if line.is_empty() => Err("standard input has ended, so nobody can be asked".into()),
        Some(Ok(line)) if line.trim().eq_ignore_ascii_case("s") => {
            Err("the operator said that it cannot be done".into())
        }
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(format!("the operator's answer cannot be read: {error}")),
        None => Err("the run was interrupted".into()),
    }
}

/// A line of standard input with its end; none when the run is interrupted first. The thread that reads is then left to
/// its read, which nothing ends, for the program is about to end.
fn line() -> Option<io::Result<String>> {
    let (answers, answer) = channel();
    let interrupts = answers.clone();
    let _waking = on_interrupt(move || drop(interrupts.send(None)));
    let reading = std::thread::Builder::new().name("operator".into()).spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line).map(|_| line);
        // Nobody waits any more after an interrupt.
        let _ = answers.send(Some(read));
    });
    match reading {
        Ok(_) => answer.recv().ok().flatten(),
        Err(error) => Some(Err(error)),
    }
}
