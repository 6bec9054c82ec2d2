//! Work shared among the cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// Does `work` for each item, on all cores for which the system has a thread, and gives the results in the order of the items. `progress` is told how many
/// of how many are done.
pub(crate) fn each<I: Sync, R: Send>(
    items: &[I],
    work: impl Fn(&I) -> R + Sync,
    progress: &mut dyn FnMut(usize, usize),
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let (done, all) = channel();
        let mut started = 0_usize;
        for _ in 0..workers {
            let (done, next, work) = (done.clone(), &next, &work);
            let run = move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    if done.send((index, work(item))).is_err() {
                        return;
                    }
                }
            };
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
            started += 1;
        }
        drop(done);
        let mut results = Vec::with_capacity(items.len());
        if started == 0 {
            for (index, item) in items.iter().enumerate() {
                results.push((index, work(item)));
                progress(results.len(), items.len());
            }
        }
        for result in all {
            results.push(result);
            progress(results.len(), items.len());
        }
        results
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..200).collect();
        let mut told = Vec::new();
        let doubled = each(&items, |item| item * 2, &mut |done, total| told.push((done, total)));
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(told, (1..=200).map(|done| (done, 200)).collect::<Vec<_>>());
        assert_eq!(each(&[] as &[usize], |item| *item, &mut |_, _| panic!("nothing is done")), [0_usize; 0]);
    }
}
