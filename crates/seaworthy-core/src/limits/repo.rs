//! Bounds for reading a repository. Beyond them the rest is not read, and the facts say so.

use std::time::Duration;

/// Most files and directories that are listed.
pub const ENTRIES_MAX: usize = 200_000;
/// Deepest directory that is entered, counted from the root.
pub const DEPTH_MAX: usize = 64;
/// Longest relative path that is opened, in bytes.
pub const PATH_BYTES_MAX: usize = 4096;
/// Longest a file may be that is read whole and understood, in bytes. Longer ones are searched for secrets in pieces.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest a file may be that is searched for secrets in pieces, in bytes.
pub const SEARCHED_FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most bytes read from the files of one repository.
pub const TREE_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Most bytes of manifests, lock files, workflows and the like that are held at once.
pub const KEPT_BYTES_MAX: usize = 48 * 1024 * 1024;
/// Longest line that rules look at, in bytes; of longer lines the part around a hit.
pub const LINE_BYTES_MAX: usize = 4096;
/// Longest wait for the files of one repository to be read.
pub const TREE_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait for the history of one repository to be read.
pub const HISTORY_TIME_MAX: Duration = Duration::from_secs(15);
/// Most threads that read one repository.
pub const THREADS_MAX: usize = 8;
/// Longest index, packed references or pack index, in bytes.
pub const GIT_FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// Most references.
pub const REFS_MAX: usize = 100_000;
/// Most packs.
pub const PACKS_MAX: usize = 512;
/// Most objects of a repository's history.
pub const OBJECTS_MAX: usize = 1_000_000;
/// Longest object that is held in memory, in bytes. Longer ones that are no deltas are searched in pieces.
pub const OBJECT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most bytes of objects that one thread holds while it resolves deltas.
pub const DELTA_BYTES_MAX: u64 = 48 * 1024 * 1024;
/// Most bytes of objects inflated from a repository's history.
pub const HISTORY_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Most references from commits and trees to other objects.
pub const EDGES_MAX: usize = 24_000_000;
/// Most findings of one kind that are listed.
pub const FINDINGS_MAX: usize = 500;
/// Most names, places or packages that one list holds.
pub const LISTED_MAX: usize = 5_000;
/// Most places that show one use.
pub const PLACES_MAX: usize = 10;
/// Most migrations of one schema that are tried.
pub const TRIAL_MIGRATIONS_MAX: usize = 200;
/// Longest file of a migration that is tried, in bytes.
pub const TRIAL_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest dump of a schema that is compared, in bytes.
pub const TRIAL_DUMP_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Largest scratch cluster, in bytes; an empty one takes 40 MB.
pub const TRIAL_DISK_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Most memory that one process of a scratch cluster may ask for, in bytes.
pub const TRIAL_MEMORY_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
