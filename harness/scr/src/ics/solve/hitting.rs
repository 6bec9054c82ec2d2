//! Sets that hit other sets.

/// A smallest set, rising, that shares an element with each of the sets; of several, the first in the order of the
/// elements. The sets rise; none of them is empty. It is known to have `least` elements or more; none if it needs
/// more than `most`.
pub(super) fn first_hitting_set(sets: &[Vec<usize>], least: usize, most: usize) -> Option<Vec<usize>> {
    let missed: Vec<&[usize]> = sets.iter().map(Vec::as_slice).collect();
    let mut chosen = Vec::new();
    (least..=most).any(|size| hit(&missed, size, &mut chosen)).then_some(chosen)
}

/// Chooses at most `left` elements, rising, that hit the sets; of each set, what stands before the last choice is gone.
fn hit(missed: &[&[usize]], left: usize, chosen: &mut Vec<usize>) -> bool {
    if missed.is_empty() {
        return true;
    }
    if apart(missed) > left {
        return false;
    }
    // What comes after the last element of a set does not hit it any more.
    let Some(&last) = missed.iter().filter_map(|set| set.last()).min() else {
        return false;
    };
    let mut elements: Vec<usize> = missed.iter().flat_map(|set| set.iter().copied()).filter(|&e| e <= last).collect();
    elements.sort_unstable();
    elements.dedup();
    elements.into_iter().any(|element| {
        let rest = missed.iter().filter(|set| set.binary_search(&element).is_err());
        let rest: Vec<&[usize]> =
            rest.map(|set| set.get(set.partition_point(|&other| other < element)..).unwrap_or_default()).collect();
        chosen.push(element);
        let found = hit(&rest, left.saturating_sub(1), chosen);
        if !found {
            chosen.pop();
        }
        found
    })
}

/// A lower bound of what it takes to hit all: sets no two of which share an element, the smallest first.
fn apart(sets: &[&[usize]]) -> usize {
    let mut by_size: Vec<&[usize]> = sets.to_vec();
    by_size.sort_by_key(|set| set.len());
    let mut taken: Vec<&[usize]> = Vec::new();
    for set in by_size {
        if taken.iter().all(|other| other.iter().all(|element| set.binary_search(element).is_err())) {
            taken.push(set);
        }
    }
    taken.len()
}
