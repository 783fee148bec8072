//! Looks at what a service answers over HTTP.

pub mod client;

#[cfg(test)]
pub(crate) mod fake;
