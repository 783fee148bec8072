//! A list being gathered from several answers, some of which may not come.

use seaworthy_core::facts::{Listed, Seen, Unseen};

/// What was seen, and the first reason why something was not.
#[derive(Debug)]
pub(super) struct Gathered<T> {
    items: Vec<T>,
    missed: Option<Unseen>,
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Self { items: Vec::new(), missed: None }
    }
}

impl<T> Gathered<T> {
    /// Nothing, for this reason.
    pub(super) fn nothing(why: Unseen) -> Self {
        Self { items: Vec::new(), missed: Some(why) }
    }

    pub(super) fn push(&mut self, item: T) {
        self.items.push(item);
    }

    pub(super) fn miss(&mut self, why: Unseen) {
        self.missed.get_or_insert(why);
    }

    pub(super) fn add(&mut self, item: Result<T, Unseen>) {
        match item {
            Ok(item) => self.push(item),
            Err(why) => self.miss(why),
        }
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
        if let Some(why) = other.missed {
            self.miss(why);
        }
    }

    /// Why something was not seen.
    pub(super) fn missed(&self) -> Option<&Unseen> {
        self.missed.as_ref()
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// The fact: unseen where nothing was seen and something missed, else a list that ends in what was missed.
    pub(super) fn seen(self, left_out: Option<&Unseen>) -> Seen<Listed<T>> {
        match self.missed.or_else(|| left_out.cloned()) {
            Some(why) if self.items.is_empty() => Seen::Unseen(why),
            cut => Seen::new(Listed { items: self.items, cut }),
        }
    }
}
