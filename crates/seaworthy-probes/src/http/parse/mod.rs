//! Headers with a grammar of their own, read the way browsers read them. Pure.

pub(super) mod cache;
pub(super) mod cookie;
pub(super) mod csp;
pub(super) mod date;
pub(super) mod metrics;
pub(super) mod policies;

#[cfg(test)]
mod tests;
