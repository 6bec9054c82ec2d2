//! Whether a DUT that is a command can still say something (`ends_with_command` of a DUT file).

use std::time::Duration;

use dmsc_link::Time;

/// How long octets of a process that has ended may take to arrive on the same machine.
const IN_FLIGHT: Duration = Duration::from_millis(200);

/// The commands that are the DUT: each begins with a notification and says all it has to say before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The DUT is something else, which may speak at any time.
    Never,
    /// It is a command.
    Command {
        /// How many run.
        running: u32,
        /// When the last one ended, or the case began.
        ended: Time,
    },
}

impl Ending {
    /// At the beginning of a case; `is_command`: the end of the command is the end of all the DUT has to say.
    pub(crate) fn new(is_command: bool, began: Time) -> Ending {
        if is_command { Ending::Command { running: 0, ended: began } } else { Ending::Never }
    }

    /// A notification goes out, and a command with it.
    pub(crate) fn notifies(&mut self) {
        if let Ending::Command { running, .. } = self {
            *running = running.saturating_add(1);
        }
    }

    /// A person or a command of the operator acts, which may bring the DUT to speak by itself.
    pub(crate) fn acted(&mut self) {
        *self = Ending::Never;
    }

    /// A command has ended.
    pub(crate) fn notified(&mut self, now: Time) {
        if let Ending::Command { running, ended } = self {
            (*running, *ended) = (running.saturating_sub(1), now);
        }
    }

    /// The end of a window: earlier where no command runs, so that only what is on its way can still come.
    pub(crate) fn cut(self, until: Time) -> Time {
        match self {
            Ending::Command { running: 0, ended } => until.min(ended + IN_FLIGHT),
            _ => until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Time = Time::from_micros(60_000_000);

    #[test]
    fn a_window_ends_with_the_last_command() {
        let mut ending = Ending::new(true, Time::ZERO);
        assert_eq!(ending.cut(UNTIL), Time::from_micros(200_000), "nothing was asked of it yet");
        ending.notifies();
        ending.notifies();
        ending.notified(Time::from_micros(1_000_000));
        assert_eq!(ending.cut(UNTIL), UNTIL, "another one runs");
        ending.notified(Time::from_micros(2_000_000));
        assert_eq!(ending.cut(UNTIL), Time::from_micros(2_200_000));
        assert_eq!(ending.cut(Time::from_micros(2_100_000)), Time::from_micros(2_100_000));
        ending.notifies();
        assert_eq!(ending.cut(UNTIL), UNTIL);
    }

    #[test]
    fn a_dut_that_goes_on_ends_no_window() {
        let mut ending = Ending::new(false, Time::ZERO);
        ending.notifies();
        ending.notified(Time::from_micros(1_000_000));
        assert_eq!(ending.cut(UNTIL), UNTIL);
        let mut ending = Ending::new(true, Time::ZERO);
        ending.acted();
        assert_eq!(ending.cut(UNTIL), UNTIL, "who acts may have started it");
    }
}
