//! DUTs of which several may run at once.

use std::num::NonZeroUsize;

use super::Dut;

/// The most that may run at once; each is a process, and a few of its own.
pub(super) const MOST: i64 = 64;

/// How a DUT is told apart from the others of it that run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// How many may.
    pub most: NonZeroUsize,
    /// Which of them this one is.
    pub number: usize,
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs { most: NonZeroUsize::MIN, number: 0 }
    }
}

impl Dut {
    /// One of those that run at once; number 0 is the one that the DUT itself is.
    #[must_use]
    pub fn job(&self, number: usize) -> Dut {
        let mut dut = self.clone();
        dut.jobs.number = number;
        // The rig puts it into the link.
        dut.reset.iter_mut().chain(dut.operator.values_mut()).for_each(|command| command.job = number);
        dut
    }
}
