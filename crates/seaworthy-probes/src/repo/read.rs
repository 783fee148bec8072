//! Reads every file once, several at a time, and shows it to all who look for something.
//!
//! Long files are searched for secrets and for words about stores in pieces, and understood by nobody, which is told to those who
//! would have.

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

use super::gaps::{EVERYTHING, Gap, Subject, unheld, unopened, ununderstood};
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
    /// What was not done with files.
    pub(crate) gaps: Vec<Gap>,
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
/// What helps where a repository is larger than the bounds.
const NARROWER: &str = "the service's own directory instead of the whole repository: `repo: PATH`";

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
        self.gaps.append(&mut part.gaps);
        self.files_count += part.files_count;
        self.bytes_count += part.bytes_count;
    }

    /// The order of the paths, so that the same repository gives the same facts.
    fn sort(&mut self) {
        self.secrets.sort_by_key(|(file, hit)| (*file, hit.line, hit.rule));
        self.leftovers.sort_by_key(|(file, leftover)| (*file, leftover.line));
        self.told.sort_by_key(|(file, _)| *file);
        self.kept.sort_by_key(|(file, _)| *file);
        self.gaps.sort_by(|a, b| a.path.cmp(&b.path));
    }

    fn gap(&mut self, path: &Path, why: Unseen, lacks: Vec<Subject>) {
        if !lacks.is_empty() {
            self.gaps.push(Gap { path: path.to_owned(), why, lacks });
        }
    }

    fn scanned(&mut self, file: usize, path: &Path, mut scan: Scan) {
        scan.hits.retain(|hit| !(hit.bare && is_source(path)));
        if scan.crowded {
            let why = Unseen::new(
                Blind::CutShort,
                "it holds more that may be a secret than is looked at in one file",
            )
            .give("keep it outside of the repository, or as several files");
            if !self.gaps.iter().any(|gap| gap.path == path && gap.lacks == [Subject::Secrets]) {
                self.gap(path, why, vec![Subject::Secrets]);
            }
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
                harvest.gap(&found.path, why, EVERYTHING.to_vec());
                // The first says why; a list of all that were not read would be as long as the repository.
                self.next.store(usize::MAX / 2, Ordering::Relaxed);
                return harvest;
            }
            match self.open(&found.path, &mut directory) {
                Ok(file) => self.one(index, found, &file, &mut buffer, &mut harvest),
                Err(error) => harvest.gap(&found.path, unseen(&found.shown(), &error), unopened(found)),
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
            return Some(Unseen::new(Blind::CutShort, why).give(NARROWER));
        }
        let late = self.begun.elapsed() > self.time;
        late.then(|| {
            Unseen::new(
                Blind::Timeout,
                format!("reading the files took longer than {} s", self.time.as_secs()),
            )
            .give(NARROWER)
        })
    }

    fn one(&self, index: usize, found: &Found, file: &OpenFile, buffer: &mut Vec<u8>, harvest: &mut Harvest) {
        if file.size > FILE_BYTES_MAX as u64 {
            return self.long(index, found, file, harvest);
        }
        if let Err(error) = file.whole_into(FILE_BYTES_MAX as u64 + 1, buffer) {
            return harvest.gap(&found.path, unseen(&found.shown(), &error), unopened(found));
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
                harvest.gap(
                    &found.path,
                    Unseen::new(Blind::CutShort, why).give(NARROWER),
                    unheld(found, buffer),
                );
            } else {
                harvest.kept.push((index, buffer.clone()));
            }
        }
    }

    /// Searches a long file for secrets and for words about stores, piece by piece.
    fn long(&self, index: usize, found: &Found, file: &OpenFile, harvest: &mut Harvest) {
        let why = format!("it has {} bytes, more than are read of one file", file.size);
        let why = Unseen::new(Blind::CutShort, why);
        if !found.in_code || file.size > SEARCHED_FILE_BYTES_MAX {
            let why = why.give("keep it outside of the repository, or shorter");
            return harvest.gap(&found.path, why, unopened(found));
        }
        harvest.files_count += 1;
        let mut buffer = vec![0; PIECE_BYTES];
        let (mut offset, mut lines) = (0_u64, 0_u64);
        while offset < file.size {
            if let Some(why) = self.spent() {
                return harvest.gap(&found.path, why, unopened(found));
            }
            let filled = match file.at(offset, &mut buffer) {
                Ok(filled) => filled,
                Err(error) => {
                    return harvest.gap(&found.path, unseen(&found.shown(), &error), unopened(found));
                }
            };
            let piece = buffer.get(..filled).unwrap_or_default();
            if offset == 0 {
                not_whole(found, piece, why.clone(), harvest);
            }
            self.bytes.fetch_add(filled as u64, Ordering::Relaxed);
            harvest.bytes_count += filled as u64;
            self.piece((index, found), piece, lines, harvest);
            if filled < PIECE_BYTES {
                return;
            }
            let step = PIECE_BYTES - OVERLAP_BYTES;
            lines += newlines(piece.get(..step).unwrap_or_default());
            offset += step as u64;
        }
    }

    fn piece(&self, (index, found): (usize, &Found), piece: &[u8], lines: u64, harvest: &mut Harvest) {
        let mut scan = self.searcher.search(piece);
        for hit in &mut scan.hits {
            hit.line += lines;
        }
        scan.hits.retain(|hit| !harvest.secrets.contains(&(index, hit.clone())));
        harvest.scanned(index, &found.path, scan);
        for told in uses::told(&found.path, found.role, piece) {
            let told = (index, told.after(lines));
            if !harvest.told.contains(&told) {
                harvest.told.push(told);
            }
        }
    }
}

/// Tells who would have understood a long file, of which the beginning is given.
fn not_whole(found: &Found, beginning: &[u8], why: Unseen, harvest: &mut Harvest) {
    let held = unheld(found, beginning);
    if !held.is_empty() {
        let most = FILE_BYTES_MAX / 1024 / 1024;
        harvest.gap(&found.path, why.clone().give(format!("keep it below {most} MiB")), held);
    }
    let why = why.give("split it, or keep it in a directory named `generated` or `vendor` where it is such");
    harvest.gap(&found.path, why, ununderstood(found).into_iter().collect());
}
