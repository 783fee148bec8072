//! Secrets in a repository's history: every object that a reference reaches, read once. Of a directory in a larger
//! repository, what its own history holds; messages of commits and tags belong to all.
//!
//! What was not read is told: a shallow clone, a damaged object, a bound that was reached.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::HISTORY_BYTES_MAX;

use super::git::Git;
use super::git::graph::{Found, Graph, Inside};
use super::git::object::{self, DIRECTORY, Kind, TreeEntries};
use super::git::objects::Objects;
use super::git::refs::Refs;
use super::git::traverse::{Faults, Sink, all};
use super::lines::newlines;
use super::read::{is_source, mark_tests, threads};
use super::secrets::{Hit, Scan, Searcher};

/// A secret in the history.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) hit: Hit,
    /// The file, or in round brackets what else holds it.
    pub(crate) path: PathBuf,
    pub(crate) commit: Option<String>,
    /// The day of the commit.
    pub(crate) day: Option<String>,
}

/// What the history holds.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) past: Vec<Past>,
    pub(crate) placeholders: u64,
    pub(crate) commits_count: u64,
    pub(crate) cut: Option<Unseen>,
}

/// Searches the whole history.
pub(crate) fn search(git: &Git, refs: &Refs, searcher: &Searcher, time: Duration) -> Result<History, Unseen> {
    let objects = git.objects()?;
    let sink = Search {
        searcher,
        objects: &objects,
        graph: Graph::new(objects.len()),
        found: Mutex::new(BTreeMap::new()),
        large: Mutex::new(Vec::new()),
        lines: Mutex::new(BTreeMap::new()),
        bytes: AtomicU64::new(0),
        full: AtomicBool::new(false),
        crowded: AtomicU64::new(0),
        begun: Instant::now(),
        time,
    };
    let faults = all(&objects, &sink, threads());
    let large_unread = sink.large_files(git);
    let cut = sink.cut(&faults, large_unread);
    let found = sink.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let wanted: BTreeSet<u32> =
        found.iter().filter(|(_, scan)| !scan.hits.is_empty()).map(|(number, _)| *number).collect();
    let tips: Vec<u32> =
        refs.by_name.values().chain(&refs.head).filter_map(|oid| objects.find(oid)).collect();
    let gone = refs.by_name.values().chain(&refs.head).any(|oid| objects.find(oid).is_none());
    let directories = git.directories();
    let reached = sink.graph.reach(&tips, &wanted, &|tree| inside(&objects, &directories, tree));
    let unread = (reached.unread_count > 0 || gone).then(|| {
        let why = format!("{} objects of the history are missing or damaged", reached.unread_count.max(1));
        Unseen::new(Blind::CutShort, why).give("git fsck   shows which; a fresh clone has them")
    });
    let mut history = History {
        placeholders: found.values().map(|scan| scan.placeholders).sum(),
        commits_count: reached.commits_count,
        cut: git.left_out().or_else(|| objects.cut.first().cloned()).or(cut).or(unread),
        past: Vec::new(),
    };
    for place in &reached.found {
        let Some(scan) = found.get(&place.object) else { continue };
        let (path, commit, day) = named(&objects, place);
        let mut hits: Vec<Hit> =
            scan.hits.iter().filter(|hit| !(hit.bare && is_source(&path))).cloned().collect();
        if !hits.is_empty() {
            mark_tests(&path, &objects.read(place.object).unwrap_or((Kind::Blob, Vec::new())).1, &mut hits);
        }
        history.past.extend(hits.into_iter().map(|hit| Past {
            hit,
            path: path.clone(),
            commit: commit.clone(),
            day: day.clone(),
        }));
    }
    history.past.sort_by(|a, b| (&a.path, a.hit.line, &a.commit).cmp(&(&b.path, b.hit.line, &b.commit)));
    Ok(history)
}

/// What a commit's tree has of the looked-at directory.
fn inside(objects: &Objects, directories: &[&[u8]], top: u32) -> Inside {
    let mut number = top;
    for name in directories {
        let Some((Kind::Tree, content)) = objects.read(number) else { return Inside::Unread };
        let mut entries = TreeEntries::new(objects.format, &content);
        let below = entries.by_ref().find(|entry| entry.name == *name);
        number = match below.map(|entry| (entry.mode, objects.find(&entry.oid))) {
            Some((DIRECTORY, Some(below))) => below,
            Some((DIRECTORY, None)) => return Inside::Unread,
            None if !entries.sound => return Inside::Unread,
            Some(_) | None => return Inside::Nothing,
        };
    }
    Inside::Tree(number)
}

/// The path, commit and day of a place.
fn named(objects: &Objects, place: &Found) -> (PathBuf, Option<String>, Option<String>) {
    use std::os::unix::ffi::OsStrExt;
    let commit = place
        .commit
        .and_then(|number| Some((objects.name(number)?.hex(objects.format), objects.read(number)?.1)));
    let day = commit
        .as_ref()
        .and_then(|(_, content)| object::commit(objects.format, content)?.committed)
        .and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0))
        .map(|time| time.date_naive().to_string());
    let commit = commit.map(|(name, _)| name);
    if place.commit == Some(place.object) {
        return (PathBuf::from("(commit message)"), commit, day);
    }
    let below = place.trees.iter().skip(1).copied().chain([place.object]);
    let mut path = PathBuf::new();
    for (tree, inner) in place.trees.iter().zip(below) {
        let content = objects.read(*tree).map(|(_, content)| content).unwrap_or_default();
        let name = objects.name(inner);
        let entry = TreeEntries::new(objects.format, &content).find(|entry| Some(&entry.oid) == name);
        path.push(entry.map_or(std::ffi::OsStr::new("?"), |entry| std::ffi::OsStr::from_bytes(entry.name)));
    }
    if path.as_os_str().is_empty() {
        path = PathBuf::from("(tag message)");
    }
    (path, commit, day)
}

struct Search<'a> {
    searcher: &'a Searcher,
    objects: &'a Objects,
    graph: Graph,
    found: Mutex<BTreeMap<u32, Scan>>,
    /// Blobs that stand for a large file kept beside the repository, and its digest.
    large: Mutex<Vec<(u32, String)>>,
    /// Lines before the piece that comes next, and the end of the piece before, of blobs read in pieces.
    lines: Mutex<BTreeMap<u32, (u64, Vec<u8>)>>,
    bytes: AtomicU64,
    full: AtomicBool,
    /// Objects with more that may be a secret than is looked at.
    crowded: AtomicU64,
    begun: Instant,
    time: Duration,
}

/// How far pieces overlap, so that a secret on the seam is found.
const OVERLAP_BYTES: usize = 4 * 1024;

impl Search<'_> {
    fn add(&self, number: u32, scan: Scan) {
        if scan.crowded {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
        if scan.hits.is_empty() && scan.placeholders == 0 {
            return;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.entry(number).or_default();
        known.placeholders += scan.placeholders;
        for hit in scan.hits {
            if !known.hits.contains(&hit) {
                known.hits.push(hit);
            }
        }
    }

    fn late(&self) -> bool {
        self.begun.elapsed() > self.time
    }

    fn cut(&self, faults: &Faults, large_unread: u64) -> Option<Unseen> {
        let cut = |why: String| Some(Unseen::new(Blind::CutShort, why));
        let (damaged, too_long) =
            (faults.damaged.load(Ordering::Relaxed), faults.too_long.load(Ordering::Relaxed));
        if self.late() {
            let why = format!("reading the history took longer than {} s", self.time.as_secs());
            Some(Unseen::new(Blind::Timeout, why))
        } else if self.full.load(Ordering::Relaxed) || self.bytes.load(Ordering::Relaxed) > HISTORY_BYTES_MAX
        {
            cut("the history is larger than what is read of one repository".into())
        } else if damaged + too_long > 0 {
            cut(format!("{damaged} objects of the history are damaged and {too_long} are too long"))
        } else if large_unread > 0 {
            Some(
                Unseen::new(
                    Blind::CutShort,
                    format!("{large_unread} files are kept in Git LFS and are not here"),
                )
                .give("git lfs fetch --all"),
            )
        } else {
            None
        }
    }

    /// Searches the files of Git LFS that are here and counts those that are not.
    fn large_files(&self, git: &Git) -> u64 {
        let large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unread = 0;
        for (number, digest) in large.iter() {
            let parts = digest.get(..2).zip(digest.get(2..4));
            let file = parts.and_then(|(a, b)| {
                git.large_file(&PathBuf::from("lfs/objects").join(a).join(b).join(digest))
            });
            let Some(file) = file else {
                unread += 1;
                continue;
            };
            let mut offset = 0;
            let mut buffer = vec![0; 1024 * 1024];
            while offset < file.size && !self.stop() {
                let Ok(filled) = file.at(offset, &mut buffer) else {
                    unread += 1;
                    break;
                };
                if filled == 0 {
                    break;
                }
                self.piece(*number, buffer.get(..filled).unwrap_or_default(), offset == 0);
                offset += filled as u64;
            }
        }
        unread
    }
}

impl Sink for Search<'_> {
    fn object(&self, number: u32, kind: Kind, content: &[u8]) {
        self.bytes.fetch_add(content.len() as u64, Ordering::Relaxed);
        if !self.graph.note(self.objects, number, kind, content) {
            self.full.store(true, Ordering::Relaxed);
        }
        if kind == Kind::Tree {
            return;
        }
        if kind == Kind::Blob
            && let Some(digest) = large_file(content)
        {
            self.large.lock().unwrap_or_else(PoisonError::into_inner).push((number, digest));
        }
        self.add(number, self.searcher.search(content));
    }

    fn piece(&self, number: u32, piece: &[u8], first: bool) {
        self.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        if first {
            self.graph.note(self.objects, number, Kind::Blob, b"");
        }
        let (lines, mut text) = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            if first { (0, Vec::new()) } else { lines.remove(&number).unwrap_or_default() }
        };
        text.extend_from_slice(piece);
        let mut scan = self.searcher.search(&text);
        for hit in &mut scan.hits {
            hit.line += lines;
        }
        self.add(number, scan);
        let keep = text.len().saturating_sub(OVERLAP_BYTES);
        let passed = newlines(text.get(..keep).unwrap_or_default());
        let rest = text.split_off(keep);
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (lines + passed, rest));
    }

    fn stop(&self) -> bool {
        self.full.load(Ordering::Relaxed)
            || self.bytes.load(Ordering::Relaxed) > HISTORY_BYTES_MAX
            || self.late()
    }
}

/// The digest in a blob that stands for a file of Git LFS.
fn large_file(content: &[u8]) -> Option<String> {
    if content.len() > 1_024 || !content.starts_with(b"version https://git-lfs.github.com/spec/") {
        return None;
    }
    let text = std::str::from_utf8(content).ok()?;
    let digest = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    (digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| digest.to_owned())
}
