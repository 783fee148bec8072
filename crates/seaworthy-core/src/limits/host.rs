//! Bounds of looking at hosts.

/// Most environment files of one host.
pub const ENV_FILES_MAX: usize = 100;
/// Longest environment file, in bytes.
pub const ENV_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest `/etc/passwd`, in bytes.
pub const PASSWD_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most that a program may print on either stream, in bytes.
pub const OUTPUT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most settings in `Match` blocks that are listed.
pub const SSH_MATCHES_MAX: usize = 500;
/// Longest table of sockets that is read, in bytes.
pub const SOCKETS_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most listening sockets that are listed.
pub const PORTS_MAX: usize = 2_000;
/// Most processes that are read.
pub const PROCESSES_MAX: usize = 32_768;
/// Longest `status`, `stat` and `cgroup` of a process, in bytes.
pub const STATUS_BYTES_MAX: u64 = 64 * 1024;
/// Longest command line and environment that is read, in bytes.
pub const BLOCK_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most open files that are looked through for sockets, over all processes.
pub const HANDLES_MAX: usize = 400_000;
/// Longest unit file, in bytes.
pub const UNIT_BYTES_MAX: u64 = 256 * 1024;
/// Most entries of a folder of units.
pub const UNITS_MAX: usize = 20_000;
/// Longest file of an SSH server's settings, in bytes.
pub const SSHD_CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// Most files of an SSH server's settings; sshd itself stops at 16 levels of `Include`.
pub const SSHD_CONFIG_FILES_MAX: usize = 256;
/// Deepest that files of an SSH server may include one another.
pub const SSHD_CONFIG_DEPTH_MAX: usize = 16;
/// Most entries of a folder that `Include` names.
pub const SSHD_CONFIG_NAMES_MAX: usize = 10_000;
/// Longest list of mounts, in bytes.
pub const MOUNTS_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most disk file systems that are measured.
pub const DISKS_MAX: usize = 256;
/// Most chains of the packet filter, rules and sets that are read.
pub const RULES_MAX: usize = 100_000;
/// Most openings that are listed.
pub const OPENINGS_MAX: usize = 1_000;
/// Longest table of routes and interfaces that is read, in bytes.
pub const ROUTES_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most rules that are gone through for one host, over all packets.
pub const RULE_STEPS_MAX: u64 = 20_000_000;
/// Deepest that chains may call one another.
pub const RULE_CALLS_MAX: u32 = 16;
/// Most lists of packages, and most files of settings of the package manager.
pub const PACKAGE_LISTS_MAX: usize = 5_000;
/// Most that is read of one list of packages once it is inflated, and of the status file, in bytes.
pub const PACKAGE_LIST_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest line that a list of packages may have, in bytes.
pub const PACKAGE_LINE_BYTES_MAX: u64 = 1024 * 1024;
/// Most pending updates that are listed.
pub const UPDATES_MAX: usize = 500;
/// Most processes of a service that are listed.
pub const SERVICE_PROCESSES_MAX: usize = 1_000;
/// Most names of variables that are listed.
pub const VARIABLES_MAX: usize = 2_000;
