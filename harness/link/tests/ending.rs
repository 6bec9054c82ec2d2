//! What holds once the program is ending. A process of its own, for it does not go on after that.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use dmsc_link::{end_processes, hold_while_ending};

#[test]
fn nobody_records_what_became_of_a_dut_that_was_killed() {
    hold_while_ending();
    end_processes();
    let (sender, went_on) = channel();
    std::thread::spawn(move || {
        hold_while_ending();
        sender.send(())
    });
    assert_eq!(went_on.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
}
