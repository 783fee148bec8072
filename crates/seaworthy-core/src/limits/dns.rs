//! Bounds of looking at the DNS.

/// Most names of one environment that are looked up.
pub const NAMES_MAX: usize = 32;
/// Most names that are looked up at one time.
pub const NAMES_AT_ONCE_MAX: usize = 4;
/// Most name servers that are asked.
pub const SERVERS_MAX: usize = 4;
/// Most aliases that are followed from one name.
pub const ALIASES_MAX: usize = 8;
/// Most records of one answer that are read.
pub const RECORDS_MAX: usize = 100;
/// Most addresses of one name that are kept.
pub const ADDRESSES_MAX: usize = 32;
