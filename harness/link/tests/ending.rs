//! What holds once the program is ending. A process of its own, for it does not go on after that.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use dmsc_link::{Command, end_processes, hold_while_ending, run_command};

#[test]
fn nobody_records_what_became_of_a_dut_that_was_killed_or_starts_another() {
    hold_while_ending();
    end_processes();
    end_processes();
    let (sender, went_on) = channel();
    std::thread::spawn(move || {
        hold_while_ending();
        sender.send(())
    });
    assert_eq!(went_on.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
    let (sender, started) = channel();
    std::thread::spawn(move || sender.send(run_command(&Command::new(vec!["true".into()])).is_ok()));
    assert_eq!(started.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
    end_processes();
}
