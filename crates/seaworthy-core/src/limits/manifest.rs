//! How much one environment may name.

/// Most URLs.
pub const URLS_MAX: usize = 50;
/// Most machines.
pub const HOSTS_MAX: usize = 50;
/// Most names to resolve.
pub const NAMES_MAX: usize = 100;
/// Most reports of other tools.
pub const REPORTS_MAX: usize = 100;
/// Most log files.
pub const LOGS_MAX: usize = 8;
/// Most origins that may call from a browser.
pub const ORIGINS_MAX: usize = 100;
/// Longest version or commit, in characters.
pub const VERSION_CHARS_MAX: usize = 128;
