//! Bounds of looking at Redis.

use std::time::Duration;

/// Longest answer that is read, in bytes. `INFO` of one section is below 4 KiB.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Deepest that an answer may be nested. `ACL GETUSER` with selectors nests three deep.
pub const ANSWER_DEPTH_MAX: usize = 8;
/// Most elements of one answer, nested ones included.
pub const ANSWER_ELEMENTS_MAX: usize = 4096;
/// Most commands of one session; one for each user is among them.
pub const COMMANDS_MAX: u32 = 320;
/// Most users whose need of a password is looked at.
pub const USERS_MAX: usize = 100;
/// Most addresses in `bind` that are kept.
pub const BIND_ADDRESSES_MAX: usize = 64;
/// Most addresses of this machine at which the server is tried.
pub const OWN_ADDRESSES_MAX: usize = 16;
/// Most save rules that are kept.
pub const SAVE_RULES_MAX: usize = 32;
/// Longest rehearsal of a restart.
pub const REHEARSAL_TIME_MAX: Duration = Duration::from_secs(20);
/// Most memory that the server of a rehearsal may ask for, in bytes. Its allocator sets aside more than it uses.
pub const REHEARSAL_MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Most bytes of data that are copied for a rehearsal.
pub const COPY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most files that are copied for a rehearsal.
pub const COPY_FILES_MAX: usize = 1_000;
/// Longest configuration file that is read, in bytes.
pub const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
