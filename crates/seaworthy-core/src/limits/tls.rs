//! Bounds of looking at TLS.

/// Most HTTPS origins of one environment that are looked at.
pub const ORIGINS_MAX: usize = 8;
/// Most connections that looking at one address of an origin may take at `observe`.
pub const OBSERVE_CONNECTIONS_MAX: u32 = 60;
/// Most connections that looking at one address of an origin may take at `probe`.
pub const PROBE_CONNECTIONS_MAX: u32 = 100;
/// Most connections to one origin that are open at one time.
pub const CONNECTIONS_AT_ONCE_MAX: usize = 4;
/// Most suites in one hello; more make some servers hang up.
pub const SUITES_OFFERED_MAX: usize = 120;
/// Longest first flight of a server that is read, in bytes.
pub const FLIGHT_BYTES_MAX: usize = 256 * 1024;
/// Most addresses of one name that are looked at.
pub const ADDRESSES_MAX: usize = 4;
/// Most certificates of one chain that are looked at.
pub const CHAIN_MAX: usize = 16;
/// Most names of one certificate that are kept.
pub const NAMES_MAX: usize = 100;
/// Most different certificates of one origin.
pub const CERTIFICATES_MAX: usize = 16;
/// Longest file of extra roots, in bytes.
pub const ROOTS_BYTES_MAX: u64 = 1024 * 1024;
