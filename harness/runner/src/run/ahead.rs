//! Cases run ahead of the one that is wanted, on all cores, for DUTs in whose time nobody has a part.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

/// How many results may wait for each core: what a case tells is kept until it is wanted.
const LEAD: usize = 4;

/// Results of work that goes on, to be taken in order.
#[derive(Debug)]
pub(super) struct Ahead<R> {
    results: Receiver<(usize, R)>,
    early: BTreeMap<usize, R>,
    pace: Arc<Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    /// How far results have been taken.
    wanted: usize,
    stopped: bool,
}

impl Pace {
    fn state(&self) -> MutexGuard<'_, State> {
        // The numbers are whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next of `count`, once it is not too far ahead.
    fn next(&self, count: usize, lead: usize) -> Option<usize> {
        let too_far = |state: &mut State| !state.stopped && state.next > state.wanted.saturating_add(lead);
        let mut state = self.moved.wait_while(self.state(), too_far).unwrap_or_else(PoisonError::into_inner);
        let index = state.next;
        state.next = index.saturating_add(1);
        (!state.stopped && index < count).then_some(index)
    }
}

impl<R: Send> Ahead<R> {
    /// Begins with `count` pieces of work. What is not taken when this is dropped is not done.
    pub(super) fn new<'scope>(
        scope: &'scope Scope<'scope, '_>,
        count: usize,
        work: impl Fn(usize) -> R + Send + Sync + 'scope,
    ) -> Ahead<R>
    where
        R: 'scope,
    {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (pace, work) = (Arc::new(Pace::default()), Arc::new(work));
        let (done, results) = channel();
        for _ in 0..cores.min(count) {
            let (pace, work, done) = (Arc::clone(&pace), Arc::clone(&work), done.clone());
            scope.spawn(move || {
                while let Some(index) = pace.next(count, cores.saturating_mul(LEAD)) {
                    if done.send((index, work(index))).is_err() {
                        return;
                    }
                }
            });
        }
        Ahead { results, early: BTreeMap::new(), pace }
    }

    /// The result of one piece; those before it are let go. None when its work has panicked, or it was taken.
    pub(super) fn take(&mut self, index: usize) -> Option<R> {
        self.pace.state().wanted = index;
        self.pace.moved.notify_all();
        self.early = self.early.split_off(&index);
        while !self.early.contains_key(&index) {
            let (found, result) = self.results.recv().ok()?;
            if found >= index {
                self.early.insert(found, result);
            }
        }
        self.early.remove(&index)
    }
}

impl<R> Drop for Ahead<R> {
    fn drop(&mut self) {
        self.pace.state().stopped = true;
        self.pace.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_are_those_of_their_numbers_and_what_is_not_wanted_is_not_done() {
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            let mut ahead = Ahead::new(scope, 10_000, |index| {
                done.fetch_add(1, Ordering::Relaxed);
                index * 2
            });
            assert_eq!(ahead.take(0), Some(0));
            assert_eq!(ahead.take(1), Some(2));
            assert_eq!(ahead.take(7), Some(14));
            assert_eq!(ahead.take(200), Some(400));
        });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        assert!(done.load(Ordering::Relaxed) <= 202 + cores * (LEAD + 1), "{done:?}");
    }

    #[test]
    fn there_is_no_result_of_work_that_is_not_there() {
        thread::scope(|scope| assert_eq!(Ahead::new(scope, 0, |index| index).take(0), None));
    }
}
