//! What the lines of the handset mean for a card: power on, reset, power off.
//!
//! Reports of single changes come on the interrupt endpoint, in order; of those not fetched in time the oldest are
//! lost, the newest never is. Choosing the emulated card makes some, too, where the handset is on already.

use super::status::StatusFlags;

/// How a card comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// With power: a cold reset.
    Cold,
    /// With power kept: a warm reset.
    Warm,
}

/// What a report means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Power is gone from a card that had it.
    PowerOff,
    /// Whatever was under way has ended.
    Broken,
    /// The card runs.
    Run(Run),
    /// Reset was let go, but no power is seen.
    ResetWithoutPower,
}

/// The lines as far as they are known.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// The last report of a change.
    last: Option<StatusFlags>,
    /// What it is when the card comes to run; none while it runs.
    due: Option<Run>,
    /// Whether the card was said to have power.
    on: bool,
    /// Whether reset was never seen held: a card that seems to come to run then has run before anybody looked.
    fresh: bool,
    /// Whether the handset is in the middle of a session with another card.
    midway: bool,
}

const ALL: StatusFlags = StatusFlags::VCC.and(StatusFlags::CLOCK).and(StatusFlags::RESET);

impl Lines {
    pub(super) fn new() -> Lines {
        Lines { last: None, due: Some(Run::Cold), on: false, fresh: true, midway: false }
    }

    /// Whether the card runs.
    pub(super) fn running(&self) -> bool {
        self.due.is_none()
    }

    /// Whether the handset is in a session with another card: one that began before we listened, or was given up.
    pub(super) fn midway(&self) -> bool {
        self.midway
    }

    /// Takes the report of a change.
    pub(super) fn changed(&mut self, flags: StatusFlags) -> Vec<Step> {
        let flags = StatusFlags(flags.0 & ALL.0);
        let last = self.last.replace(flags);
        self.fresh &= !flags.has(StatusFlags::RESET);
        let mut steps = Vec::new();
        if !flags.has(StatusFlags::VCC) {
            self.lose_power(&mut steps);
            if last.is_some_and(|last| last == StatusFlags::RESET) && !flags.has(StatusFlags::RESET) {
                steps.push(Step::ResetWithoutPower);
            }
        } else if flags.has(StatusFlags::RESET) {
            // The clock follows power. A clock that went away means that a report of power lost was lost.
            if !flags.has(StatusFlags::CLOCK) && last.is_some_and(|last| last.has(StatusFlags::CLOCK)) {
                self.lose_power(&mut steps);
            }
            self.due = self.due.or(Some(Run::Warm));
            steps.push(Step::Broken);
        } else if flags.running() && self.fresh {
            self.midway = true;
        } else if flags.running() {
            // Every report is of a change. One that changes nothing tells that others between were lost.
            if last == Some(flags) {
                self.due = self.due.or(Some(Run::Warm));
                steps.push(Step::Broken);
            }
            self.run(&mut steps);
        }
        steps
    }

    /// Takes a report of a change from before anybody asked for any.
    pub(super) fn left_over(&mut self, flags: StatusFlags) {
        self.fresh = !flags.has(StatusFlags::RESET);
    }

    /// Takes a report that was asked for when the emulated card was chosen; it tells whether the handset began without us.
    pub(super) fn asked(&mut self, flags: StatusFlags) -> Vec<Step> {
        let mut steps = Vec::new();
        if flags.running() {
            self.midway |= self.fresh;
        } else if flags.has(StatusFlags::RESET) && std::mem::take(&mut self.fresh) && self.midway {
            // The report that reset was let go was faster.
            self.run(&mut steps);
        }
        steps
    }

    /// The session that runs is no longer ours.
    pub(super) fn abandon(&mut self) {
        self.midway |= self.running();
    }

    fn lose_power(&mut self, steps: &mut Vec<Step>) {
        steps.push(Step::Broken);
        if self.on {
            steps.push(Step::PowerOff);
        }
        self.on = false;
        self.due = Some(Run::Cold);
    }

    fn run(&mut self, steps: &mut Vec<Step>) {
        if let Some(run) = self.due.take() {
            self.on = true;
            self.midway = false;
            steps.push(Step::Run(run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: &mut Lines, flags: &[u32]) -> Vec<Step> {
        let all = flags.iter().flat_map(|flags| lines.changed(StatusFlags(*flags)));
        all.filter(|step| *step != Step::Broken).collect()
    }

    #[test]
    fn an_activation_is_a_cold_reset_and_a_deactivation_powers_off() {
        let mut lines = Lines::new();
        // As reported by users of a SIMtrace2: power, clock, reset let go; later reset, power, clock.
        assert_eq!(steps(&mut lines, &[0x11, 0x13, 0x03]), [Step::Run(Run::Cold)]);
        assert_eq!(steps(&mut lines, &[0x13]), []);
        assert!(!lines.running());
        assert_eq!(steps(&mut lines, &[0x03]), [Step::Run(Run::Warm)]);
        assert_eq!(steps(&mut lines, &[0x13, 0x12, 0x10]), [Step::PowerOff]);
        assert_eq!(steps(&mut lines, &[0x11, 0x13, 0x03]), [Step::Run(Run::Cold)]);
        // Power without a reset.
        assert_eq!(steps(&mut lines, &[0x02, 0x00, 0x01, 0x03]), [Step::PowerOff, Step::Run(Run::Cold)]);
    }

    #[test]
    fn lost_reports_are_noticed() {
        let mut lines = Lines::new();
        steps(&mut lines, &[0x11, 0x13, 0x03]);
        // Of 13 12 10 11 13 03 only the last three were fetched, then only the last of 13 03.
        assert_eq!(steps(&mut lines, &[0x11, 0x13, 0x03]), [Step::PowerOff, Step::Run(Run::Cold)]);
        assert_eq!(steps(&mut lines, &[0x03]), [Step::Run(Run::Warm)]);
    }

    #[test]
    fn a_stopped_clock_is_no_reset() {
        let mut lines = Lines::new();
        steps(&mut lines, &[0x11, 0x13, 0x03]);
        assert_eq!(steps(&mut lines, &[0x01, 0x03, 0x01]), []);
        assert!(lines.running());
    }

    #[test]
    fn reset_that_moves_without_power_is_told() {
        let mut lines = Lines::new();
        // As reported of a handset whose voltage the board did not see.
        assert_eq!(steps(&mut lines, &[0x00, 0x10, 0x00]), [Step::ResetWithoutPower]);
        assert!(!lines.running());
    }

    #[test]
    fn a_session_that_began_without_us_ends_with_the_next_reset() {
        let mut lines = Lines::new();
        assert_eq!(lines.asked(StatusFlags(0x03)), []);
        assert!(lines.midway() && !lines.running());
        assert_eq!(steps(&mut lines, &[0x13, 0x03]), [Step::Run(Run::Cold)]);
        assert!(!lines.midway());
        lines.asked(StatusFlags(0x03));
        assert!(!lines.midway());
        lines.abandon();
        assert!(lines.midway());
        assert_eq!(steps(&mut lines, &[0x13, 0x03]), [Step::Run(Run::Warm)]);
        assert!(!lines.midway());
        steps(&mut lines, &[0x13]);
        lines.abandon();
        assert!(!lines.midway());
    }

    #[test]
    fn what_choosing_the_card_reports_is_no_reset() {
        // As after a program that chose the card on the board at its end, before and behind the answer to the question.
        for first in [0x00, 0x03] {
            let mut lines = Lines::new();
            assert_eq!(lines.asked(StatusFlags(first)), []);
            assert_eq!(steps(&mut lines, &[0x01, 0x03]), []);
            assert!(lines.midway() && !lines.running());
            assert_eq!(steps(&mut lines, &[0x13, 0x03]), [Step::Run(Run::Cold)]);
        }
        // A handset that held reset in the last report to somebody else, and let it go in the first to us.
        let mut lines = Lines::new();
        lines.left_over(StatusFlags(0x03));
        lines.left_over(StatusFlags(0x13));
        assert_eq!(steps(&mut lines, &[0x03]), [Step::Run(Run::Cold)]);
        // A handset that held reset when it was asked, and let it go at once.
        let mut lines = Lines::new();
        assert_eq!(steps(&mut lines, &[0x03]), []);
        assert_eq!(lines.asked(StatusFlags(0x13)), [Step::Run(Run::Cold)]);
        assert!(lines.running() && !lines.midway());
    }
}
