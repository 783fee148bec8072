//! Bounds of looking over HTTP.

use std::time::Duration;

/// Longest head of an answer, in bytes.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header lines of an answer.
pub const HEADERS_MAX: usize = 100;
/// Most informational (1xx) answers before the real one.
pub const INFORMATIONAL_MAX: u32 = 16;
/// Longest body that is kept of an answer, in bytes, after decompression.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes read for one answer, head, chunk framing and all. Tiny chunks carry more framing than content.
pub const ANSWER_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Most redirects that are followed, each judged like the first address.
pub const REDIRECTS_MAX: usize = 5;
/// Most addresses of one name that are dialled.
pub const ADDRESSES_MAX: usize = 4;
/// Most requests that looking at one site may take at `observe`.
pub const OBSERVE_REQUESTS_MAX: u32 = 60;
/// Most requests that looking at one site may take at `probe`, those of `observe` included.
pub const PROBE_REQUESTS_MAX: u32 = 400;
/// Most requests that are under way at once in a burst.
pub const BURST_CONCURRENT_MAX: usize = 20;
/// After so many failures in a row an origin is not asked again.
pub const FAILURES_IN_A_ROW_MAX: u32 = 2;
/// Most bytes of a body that are sent to find a limit of body size.
pub const BODY_SENT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Longest wait for a rate limit's window to pass.
pub const WINDOW_WAIT_MAX: Duration = Duration::from_mins(2);
/// Most bytes of a log that are searched for one request.
pub const LOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest OpenAPI document that is read, in bytes.
pub const OPENAPI_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most operations of an OpenAPI document that are asked.
pub const OPERATIONS_MAX: usize = 60;
/// Most static files of a page that are asked.
pub const ASSETS_MAX: usize = 6;
/// Longest time that one answer's questions to patterns may read, in bytes of its body.
pub const PATTERN_BYTES_MAX: usize = 256 * 1024;
