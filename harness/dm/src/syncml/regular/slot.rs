//! Places that an element fills, mostly once.

use super::super::{Data, Text};

/// A text as a message has it. Nearly all are short, and those are made where they belong.
#[inline]
pub(super) fn made_of(text: &str) -> Text {
    if text.len() <= Text::INLINE_CAP { Text::new_inline(text) } else { Text::new(text) }
}

/// Fills the place of a text that nothing has filled before.
#[inline]
pub(super) fn fill(slot: &mut Option<Text>, text: &str) -> Option<()> {
    if slot.is_some() {
        return None;
    }
    *slot = Some(made_of(text));
    Some(())
}

/// Fills a text that is there in every message, so that it is not empty.
#[inline]
pub(super) fn fill_mandatory(slot: &mut Text, text: &str) -> Option<()> {
    if text.is_empty() || !slot.is_empty() {
        return None;
    }
    *slot = made_of(text);
    Some(())
}

/// Fills the place of data that nothing has filled before.
pub(super) fn put(slot: &mut Option<Data>, data: Data) -> Option<()> {
    if slot.is_some() {
        return None;
    }
    *slot = Some(data);
    Some(())
}

/// Raises a flag that has not been raised before.
pub(super) fn raise(flag: &mut bool) -> Option<()> {
    if *flag {
        return None;
    }
    *flag = true;
    Some(())
}

/// Adds to a list that mostly has one entry. Entries are large, so that each is made in its place and not moved there.
#[inline]
pub(super) fn push<T>(list: &mut Vec<T>, entry: impl FnMut() -> T) -> Option<()> {
    if list.is_empty() {
        list.reserve_exact(1);
    }
    list.resize_with(list.len() + 1, entry);
    Some(())
}
