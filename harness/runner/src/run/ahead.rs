//! Cases run ahead of the one that is wanted: on all cores, for DUTs in whose time nobody has a part, and against several
//! DUTs at once, where there are several.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};

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
    /// Begins with `count` pieces of work, by so many `hands`, up to `lead` of them for each ahead of what is wanted: a
    /// result is kept until it is. Each hand is numbered from 0, and takes up its work with what `begin` gives it. What is
    /// not taken when this is dropped is not done. None where the system has no thread for a single hand.
    pub(super) fn new<'scope, H>(
        scope: &'scope Scope<'scope, '_>,
        count: usize,
        hands: usize,
        lead: usize,
        begin: impl Fn(usize) -> H + Send + Sync + 'scope,
        work: impl Fn(&mut H, usize) -> R + Send + Sync + 'scope,
    ) -> Option<Ahead<R>>
    where
        R: 'scope,
    {
        let (pace, both) = (Arc::new(Pace::default()), Arc::new((begin, work)));
        let (done, results) = channel();
        let hands = hands.min(count);
        let mut started = 0_usize;
        for hand in 0..hands {
            let (pace, both, done) = (Arc::clone(&pace), Arc::clone(&both), done.clone());
            let run = move || {
                let (begin, work) = &*both;
                let mut holds = begin(hand);
                while let Some(index) = pace.next(count, hands.saturating_mul(lead)) {
                    if done.send((index, work(&mut holds, index))).is_err() {
                        return;
                    }
                }
            };
            // Fewer hands do it as well.
            if Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
            started += 1;
        }
        (started > 0).then(|| Ahead { results, early: BTreeMap::new(), pace })
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
    use std::thread;

    use super::*;

    #[test]
    fn results_are_those_of_their_numbers_and_what_is_not_wanted_is_not_done() {
        let done = AtomicUsize::new(0);
        let work = |_: &mut (), index: usize| {
            done.fetch_add(1, Ordering::Relaxed);
            index * 2
        };
        thread::scope(|scope| {
            let mut ahead = Ahead::new(scope, 10_000, 3, 4, |_| (), work).unwrap();
            assert_eq!(ahead.take(0), Some(0));
            assert_eq!(ahead.take(1), Some(2));
            assert_eq!(ahead.take(7), Some(14));
            assert_eq!(ahead.take(200), Some(400));
        });
        assert!(done.load(Ordering::Relaxed) <= 202 + 3 * (4 + 1), "{done:?}");
    }

    #[test]
    fn there_is_no_result_of_work_that_is_not_there() {
        thread::scope(|scope| {
            let mut ahead = Ahead::new(scope, 1, 2, 1, |_| (), |_: &mut (), index| index).unwrap();
            assert_eq!((ahead.take(0), ahead.take(1)), (Some(0), None));
            assert!(Ahead::new(scope, 0, 2, 1, |_| (), |_: &mut (), index| index).is_none());
        });
    }

    #[test]
    fn each_hand_has_what_it_began_with() {
        thread::scope(|scope| {
            let begin = |hand: usize| (hand, 0);
            let work = |holds: &mut (usize, usize), _: usize| {
                holds.1 += 1;
                *holds
            };
            let mut ahead = Ahead::new(scope, 50, 2, 1, begin, work).unwrap();
            let mut worked = [0, 0];
            for index in 0..50 {
                let (hand, times) = ahead.take(index).unwrap();
                worked[hand] += 1;
                assert!(times >= worked[hand], "a hand counts what it has done itself");
            }
            assert_eq!(worked[0] + worked[1], 50);
        });
    }
}
