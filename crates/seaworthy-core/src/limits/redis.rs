//! Bounds of looking at Redis.

/// Longest answer that is read, in bytes. `INFO` of one section is below 4 KiB.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Deepest that an answer may be nested. `ACL GETUSER` with selectors nests three deep.
pub const ANSWER_DEPTH_MAX: usize = 8;
/// Most elements of one answer, nested ones included.
pub const ANSWER_ELEMENTS_MAX: usize = 4096;
/// Most commands of one session; one for each user is among them.
pub const COMMANDS_MAX: u32 = 160;
/// Most users whose need of a password is looked at.
pub const USERS_MAX: usize = 100;
/// Most addresses in `bind` that are kept.
pub const BIND_ADDRESSES_MAX: usize = 64;
/// Most addresses of this machine at which the server is tried.
pub const OWN_ADDRESSES_MAX: usize = 16;
/// Most save rules that are kept.
pub const SAVE_RULES_MAX: usize = 32;
