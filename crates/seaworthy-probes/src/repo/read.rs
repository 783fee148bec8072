//! Reads every file once, several at a time, and shows it to all who look for something.
//!
//! Long files are searched for secrets in pieces and understood by nobody, which is told.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{
    FILE_BYTES_MAX, KEPT_BYTES_MAX, SEARCHED_FILE_BYTES_MAX, THREADS_MAX, TREE_BYTES_MAX,
};

use super::kept;
use super::leftovers::{self, Leftover};
use super::lines::newlines;
use super::role::language;
use super::secrets::{Hit, Scan, Searcher};
use super::stack::uses::{self, Told};
use super::tree::{self, OpenFile, Tree, unseen};
use super::walk::Found;

/// What the files gave, each with the index of its file.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    pub(crate) secrets: Vec<(usize, Hit)>,
    pub(crate) placeholders: u64,
    pub(crate) leftovers: Vec<(usize, Leftover)>,
    pub(crate) told: Vec<(usize, Told)>,
    /// Files that are understood as a whole afterwards.
    pub(crate) kept: Vec<(usize, Vec<u8>)>,
    /// Files that could not be read, or not as a whole.
    pub(crate) unread: Vec<(PathBuf, Unseen)>,
    pub(crate) files_count: u64,
    pub(crate) bytes_count: u64,
}

/// Whether a file is source code, in which a text stands in quotes.
pub(crate) fn is_source(path: &Path) -> bool {
    language(path).is_some_and(|language| !matches!(language, "shell" | "sql"))
}

/// Notes of hits in Rust that they stand in tests, which many keep beside the code.
pub(crate) fn mark_tests(path: &Path, source: &[u8], hits: &mut [Hit]) {
    if hits.is_empty() || language(path) != Some("rust") {
        return;
    }
    let tests = leftovers::rust_test_lines(source);
    for hit in hits {
        hit.in_test |= tests.iter().any(|lines| lines.contains(&hit.line));
    }
}

/// Length of the pieces of a long file, and how far they overlap, so that a secret on the seam is found.
const PIECE_BYTES: usize = 1024 * 1024;
const OVERLAP_BYTES: usize = 4 * 1024;

struct Reading<'a> {
    tree: &'a Tree,
    files: &'a [Found],
    searcher: &'a Searcher,
    next: AtomicUsize,
    bytes: AtomicU64,
    kept_bytes: AtomicUsize,
    begun: Instant,
    time: Duration,
}

/// Reads the files.
pub(crate) fn read(tree: &Tree, files: &[Found], searcher: &Searcher, time: Duration) -> Harvest {
    let reading = Reading {
        tree,
        files,
        searcher,
        next: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        kept_bytes: AtomicUsize::new(0),
        begun: Instant::now(),
        time,
    };
    let whole = Mutex::new(Harvest::default());
    let work = || {
        let part = reading.part();
        whole.lock().unwrap_or_else(PoisonError::into_inner).add(part);
    };
    if files.len() < 16 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads() {
                scope.spawn(work);
            }
        });
    }
    let mut harvest = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
    harvest.sort();
    harvest
}

/// How many threads read one repository.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX)
}

impl Harvest {
    fn add(&mut self, mut part: Self) {
        self.secrets.append(&mut part.secrets);
        self.placeholders += part.placeholders;
        self.leftovers.append(&mut part.leftovers);
        self.told.append(&mut part.told);
        self.kept.append(&mut part.kept);
        self.unread.append(&mut part.unread);
        self.files_count += part.files_count;
        self.bytes_count += part.bytes_count;
    }

    /// The order of the paths, so that the same repository gives the same facts.
    fn sort(&mut self) {
        self.secrets.sort_by_key(|(file, hit)| (*file, hit.line, hit.rule));
        self.leftovers.sort_by_key(|(file, leftover)| (*file, leftover.line));
        self.told.sort_by_key(|(file, _)| *file);
        self.kept.sort_by_key(|(file, _)| *file);
        self.unread.sort_by(|a, b| a.0.cmp(&b.0));
    }

    fn unread(&mut self, path: &Path, why: Unseen) {
        self.unread.push((path.to_owned(), why));
    }

    fn scanned(&mut self, file: usize, path: &Path, mut scan: Scan) {
        scan.hits.retain(|hit| !(hit.bare && is_source(path)));
        if scan.crowded {
            let why = Unseen::new(
                Blind::CutShort,
                "it holds more that may be a secret than is looked at in one file",
            );
            self.unread(path, why);
        }
        self.placeholders += scan.placeholders;
        self.secrets.extend(scan.hits.into_iter().map(|hit| (file, hit)));
    }
}

impl Reading<'_> {
    fn part(&self) -> Harvest {
        let mut harvest = Harvest::default();
        let mut buffer = Vec::new();
        let mut directory: Option<(PathBuf, OwnedFd)> = None;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(found) = self.files.get(index) else { return harvest };
            if let Some(why) = self.spent() {
                harvest.unread(&found.path, why);
                // The first says why; a list of all that were not read would be as long as the repository.
                self.next.store(usize::MAX / 2, Ordering::Relaxed);
                return harvest;
            }
            match self.open(&found.path, &mut directory) {
                Ok(file) => self.one(index, found, &file, &mut buffer, &mut harvest),
                Err(error) => harvest.unread(&found.path, unseen(&found.shown(), &error)),
            }
        }
    }

    /// Opens a file in its directory, which stays open for the next file.
    fn open(&self, path: &Path, held: &mut Option<(PathBuf, OwnedFd)>) -> std::io::Result<OpenFile> {
        let parent = path.parent().unwrap_or(Path::new(""));
        if held.as_ref().is_none_or(|(held, _)| held != parent) {
            *held = Some((parent.to_owned(), self.tree.directory(parent)?));
        }
        let Some((_, directory)) = held else { return Err(std::io::ErrorKind::NotFound.into()) };
        tree::file_at(directory.as_fd(), path.file_name().unwrap_or(OsStr::new("")))
    }

    fn spent(&self) -> Option<Unseen> {
        if self.bytes.load(Ordering::Relaxed) > TREE_BYTES_MAX {
            let why = format!("the files are more than {} MiB together", TREE_BYTES_MAX / 1024 / 1024);
            return Some(Unseen::new(Blind::CutShort, why));
        }
        let late = self.begun.elapsed() > self.time;
        late.then(|| {
            Unseen::new(
                Blind::Timeout,
                format!("reading the files took longer than {} s", self.time.as_secs()),
            )
        })
    }

    fn one(&self, index: usize, found: &Found, file: &OpenFile, buffer: &mut Vec<u8>, harvest: &mut Harvest) {
        if file.size > FILE_BYTES_MAX as u64 {
            return self.long(index, found, file, harvest);
        }
        if let Err(error) = file.whole_into(FILE_BYTES_MAX as u64 + 1, buffer) {
            return harvest.unread(&found.path, unseen(&found.shown(), &error));
        }
        harvest.files_count += 1;
        harvest.bytes_count += buffer.len() as u64;
        self.bytes.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        if found.in_code {
            let mut scan = self.searcher.search(buffer);
            mark_tests(&found.path, buffer, &mut scan.hits);
            harvest.scanned(index, &found.path, scan);
            harvest
                .told
                .extend(uses::told(&found.path, found.role, buffer).into_iter().map(|told| (index, told)));
            if let Some(language) = language(&found.path) {
                let found = leftovers::find(language, found.role, buffer);
                harvest.leftovers.extend(found.into_iter().map(|leftover| (index, leftover)));
            }
        }
        if kept::is_kept(&found.path, buffer) {
            if self.kept_bytes.fetch_add(buffer.len(), Ordering::Relaxed) + buffer.len() > KEPT_BYTES_MAX {
                let why = format!(
                    "manifests and lock files are more than {} MiB together",
                    KEPT_BYTES_MAX / 1024 / 1024
                );
                harvest.unread(&found.path, Unseen::new(Blind::CutShort, why));
            } else {
                harvest.kept.push((index, buffer.clone()));
            }
        }
    }

    /// Searches a long file for secrets, piece by piece.
    fn long(&self, index: usize, found: &Found, file: &OpenFile, harvest: &mut Harvest) {
        let not_understood = language(&found.path).is_some() || kept::is_kept(&found.path, b"");
        if not_understood || file.size > SEARCHED_FILE_BYTES_MAX {
            let why = format!("it has {} bytes, more than are read of one file", file.size);
            harvest.unread(&found.path, Unseen::new(Blind::CutShort, why));
        }
        if !found.in_code || file.size > SEARCHED_FILE_BYTES_MAX {
            return;
        }
        harvest.files_count += 1;
        let mut buffer = vec![0; PIECE_BYTES];
        let (mut offset, mut lines) = (0_u64, 0_u64);
        while offset < file.size {
            if let Some(why) = self.spent() {
                return harvest.unread(&found.path, why);
            }
            let filled = match file.at(offset, &mut buffer) {
                Ok(filled) => filled,
                Err(error) => return harvest.unread(&found.path, unseen(&found.shown(), &error)),
            };
            let piece = buffer.get(..filled).unwrap_or_default();
            self.bytes.fetch_add(filled as u64, Ordering::Relaxed);
            harvest.bytes_count += filled as u64;
            let mut scan = self.searcher.search(piece);
            for hit in &mut scan.hits {
                hit.line += lines;
            }
            scan.hits.retain(|hit| !harvest.secrets.contains(&(index, hit.clone())));
            harvest.scanned(index, &found.path, scan);
            if filled < PIECE_BYTES {
                return;
            }
            let step = PIECE_BYTES - OVERLAP_BYTES;
            lines += newlines(piece.get(..step).unwrap_or_default());
            offset += step as u64;
        }
    }
}
