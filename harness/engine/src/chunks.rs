//! The sizes in which a player cuts channel data.

/// Sizes taken in turn, from the beginning again after the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    sizes: Vec<u8>,
    next: usize,
}

impl Chunks {
    /// These sizes in turn, in octets; a size of 0 counts as 1. Without any, each piece is as large as it may be.
    pub fn new(sizes: Vec<u8>) -> Chunks {
        Chunks { sizes, next: 0 }
    }

    /// Whether pieces are cut smaller than they need to be.
    pub fn is_set(&self) -> bool {
        !self.sizes.is_empty()
    }

    /// The size of the next piece, at most `limit`.
    pub fn take(&mut self, limit: usize) -> usize {
        let Some(size) = self.sizes.get(self.next) else { return limit };
        self.next = self.next.saturating_add(1).checked_rem(self.sizes.len()).unwrap_or(0);
        usize::from(*size).max(1).min(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_in_turn_within_the_limit() {
        let mut chunks = Chunks::new(vec![1, 255, 0]);
        let taken: Vec<usize> = (0..5).map(|_| chunks.take(240)).collect();
        assert_eq!(taken, [1, 240, 1, 1, 240]);
        assert!(chunks.is_set());
    }

    #[test]
    fn without_sizes_a_piece_is_as_large_as_it_may_be() {
        let mut chunks = Chunks::default();
        assert_eq!((chunks.take(240), chunks.take(7), chunks.is_set()), (240, 7, false));
    }
}
