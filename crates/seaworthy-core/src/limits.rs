//! Every bound of Seaworthy, named with its unit. A probe takes its bounds from here and nowhere else.

pub mod http;
pub mod tls;

use std::time::Duration;

/// Longest a manifest or a catalog file may be, in bytes; checked before parsing.
pub const YAML_BYTES_MAX: usize = 1024 * 1024;
/// Longest a facts document may be that is judged again, in bytes.
pub const FACTS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest an expression may be, in bytes. `cel` 0.15 aborts on deep input of about 8 KB.
pub const EXPRESSION_BYTES_MAX: usize = 2 * 1024;
/// Most nodes an expression may have.
pub const EXPRESSION_NODES_MAX: usize = 500;
/// Deepest that comprehensions may be nested; each level multiplies the work.
pub const COMPREHENSION_DEPTH_MAX: usize = 2;
/// Deepest a facts document may be nested.
pub const FACTS_DEPTH_MAX: usize = 64;
/// Longest text from a target that a finding quotes, in characters.
pub const QUOTE_CHARS_MAX: usize = 300;
/// Most facts that a finding cites.
pub const CITED_FACTS_MAX: usize = 20;
/// Most places that a finding names; the rest are counted.
pub const PLACES_MAX: usize = 20;

/// The bounds that a run sets for its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// When the whole run must have been looked at.
    pub deadline: Duration,
    /// Longest wait for one connection to be made.
    pub connect: Duration,
    /// Longest wait for one answer.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(5),
        }
    }
}
