//! Tracked files that are not as the commit has them that is checked out: what was looked at is then not that commit.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::gitignore::GitignoreBuilder;
use seaworthy_core::facts::{Blind, Listed, Unseen};
use seaworthy_core::limits::repo::{DEPTH_MAX, ENTRIES_MAX};
use sha2::{Digest, Sha256};

use super::Git;
use super::index::Tracked;
use super::object::{self, DIRECTORY, Format, GITLINK, Kind, Oid, TreeEntries};
use super::objects::Objects;
use super::refs::Refs;
use crate::hexadecimal::hexadecimal;
use crate::repo::tree::{Stat, Tree};

/// Most files that are named.
const NAMED_MAX: usize = 20;
/// Most that is read of files whose size and time do not tell, in bytes.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Longest pointer of Git LFS, in bytes: its own bound.
const POINTER_BYTES_MAX: usize = 1024;
/// Longest file of attributes that is read, in bytes.
const ATTRIBUTES_BYTES_MAX: u64 = 1024 * 1024;

/// What the commit has at a path: the object and whether it is a file, one that runs, or a link.
type InCommit = BTreeMap<Vec<u8>, (Oid, u32)>;

/// The tracked files below the looked-at directory, open as `tree`, that differ from the commit that is checked out.
pub(crate) fn changed(
    git: &Git,
    refs: &Refs,
    tracked: &[Tracked],
    (root, tree): (&Path, &Tree),
) -> Result<Listed<String>, Unseen> {
    let mut committed = match &refs.head {
        Some(head) => committed(git, head)?,
        None => InCommit::new(),
    };
    let objects = git.objects()?;
    let mut look = Look {
        format: git.format,
        objects: &objects,
        root,
        tree,
        written: git.index_written(),
        tells_modes: git.tells_modes(),
        bytes_left: BYTES_MAX,
    };
    let (mut changed, mut unsure) = (Vec::new(), None);
    for entry in tracked {
        let same = match committed.remove(&entry.path) {
            Some((oid, mode)) if oid == entry.oid && mode == entry.mode => look.is_as_tracked(entry),
            Some(_) | None => Ok(entry.stands_for_directory()),
        };
        match same {
            Ok(true) => {}
            Ok(false) => changed.push(shown(&entry.path)),
            Err(why) => unsure = Some(why),
        }
    }
    // A sparse index has one entry for a whole directory.
    let sparse: Vec<&[u8]> = tracked
        .iter()
        .filter(|entry| entry.stands_for_directory())
        .map(|entry| entry.path.as_slice())
        .collect();
    let within = |path: &[u8]| sparse.iter().any(|directory| path.starts_with(directory));
    changed.extend(committed.keys().filter(|path| !within(path)).map(|path| shown(path)));
    let mut listed = Listed::bounded(changed, NAMED_MAX, "changed files");
    listed.cut = listed.cut.or(unsure);
    Ok(listed)
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Everything that the commit has below the looked-at directory, by its path from there.
fn committed(git: &Git, head: &Oid) -> Result<InCommit, Unseen> {
    let objects = git.objects()?;
    let missing = || {
        Unseen::new(Blind::CutShort, "objects of the commit that is checked out are not in this clone")
            .give("a clone with the trees of its commit: `git fetch --refetch`")
    };
    let read = |oid: &Oid, kind: Kind| {
        let (found, content) =
            objects.find(oid).and_then(|number| objects.read(number)).ok_or_else(missing)?;
        if found == kind { Ok(content) } else { Err(missing()) }
    };
    let commit = object::commit(git.format, &read(head, Kind::Commit)?).ok_or_else(missing)?;
    let mut root = commit.tree;
    for name in git.directories() {
        let content = read(&root, Kind::Tree)?;
        let below = TreeEntries::new(git.format, &content)
            .find(|entry| entry.name == name && entry.mode == DIRECTORY);
        match below {
            Some(entry) => root = entry.oid,
            None => return Ok(InCommit::new()),
        }
    }
    let mut all = InCommit::new();
    walk(&objects, git.format, &root, b"", 0, &mut all).ok_or_else(missing)?;
    Ok(all)
}

/// `None` where something is missing or damaged, or there is too much.
fn walk(
    objects: &Objects,
    format: Format,
    tree: &Oid,
    prefix: &[u8],
    deep: usize,
    all: &mut InCommit,
) -> Option<()> {
    if deep > DEPTH_MAX || all.len() > ENTRIES_MAX {
        return None;
    }
    let (kind, content) = objects.read(objects.find(tree)?)?;
    if kind != Kind::Tree {
        return None;
    }
    let mut entries = TreeEntries::new(format, &content);
    for entry in entries.by_ref() {
        let path = [prefix, entry.name].concat();
        if entry.mode == DIRECTORY {
            walk(objects, format, &entry.oid, &[path.as_slice(), b"/"].concat(), deep + 1, all)?;
        } else {
            all.insert(path, (entry.oid, entry.mode));
        }
    }
    entries.sound.then_some(())
}

struct Look<'a> {
    format: Format,
    objects: &'a Objects,
    tree: &'a Tree,
    /// Where the tree is, for repositories in it.
    root: &'a Path,
    /// When the index was written, in seconds and nanoseconds; what was changed in the same moment shows by its content only.
    written: Option<(i64, i64)>,
    /// Whether the file system tells which files run.
    tells_modes: bool,
    bytes_left: u64,
}

/// Modes of a tracked file and of a tracked link, without the bit that makes a file run.
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

impl Look<'_> {
    /// Whether the work tree has a file as the index does.
    fn is_as_tracked(&mut self, entry: &Tracked) -> Result<bool, Unseen> {
        let path = Path::new(OsStr::from_bytes(&entry.path));
        if entry.mode == GITLINK {
            return Ok(self.submodule_is_at(path, entry));
        }
        // What a sparse checkout left out is not there; where it is, it was looked at like anything else.
        let Ok(Some(stat)) = self.tree.stat(path) else { return Ok(entry.left_out) };
        let kind = entry.mode & 0o170_000;
        if stat.kind & 0o170_000 != kind || !matches!(kind, FILE | LINK) {
            return Ok(false);
        }
        if kind == FILE && self.tells_modes && (stat.mode ^ entry.mode) & 0o100 != 0 {
            return Ok(false);
        }
        if self.untouched(entry, &stat) {
            return Ok(true);
        }
        let content = if kind == LINK { self.tree.link(path).ok() } else { self.read(path, &stat)? };
        let Some(content) = content else { return Ok(false) };
        if self.format.name(Kind::Blob, &content) == entry.oid {
            return Ok(true);
        }
        self.written_out_otherwise(&content, entry)
    }

    /// Whether size and time are those that git noted when it wrote or read the file last.
    fn untouched(&self, entry: &Tracked, stat: &Stat) -> bool {
        let same = u64::from(entry.size) == stat.size & 0xffff_ffff && entry.modified == stat.modified;
        let before = self.written.is_some_and(|written| stat.modified < written);
        same && before
    }

    fn read(&mut self, path: &Path, stat: &Stat) -> Result<Option<Vec<u8>>, Unseen> {
        self.bytes_left = self.bytes_left.checked_sub(stat.size).ok_or_else(|| {
            let why =
                format!("more than {BYTES_MAX} bytes of files would have to be compared with the commit");
            Unseen::new(Blind::CutShort, why).give("git update-index --refresh")
        })?;
        let file = self.tree.file(path).ok();
        Ok(file.and_then(|file| file.whole(stat.size).ok()))
    }

    /// Git writes some files out otherwise than it keeps them: with other ends of lines, or through a filter.
    fn written_out_otherwise(&self, content: &[u8], entry: &Tracked) -> Result<bool, Unseen> {
        let unix: Vec<u8> = {
            let ends = content.iter().zip(content.iter().skip(1).chain([&0]));
            ends.filter(|(byte, next)| !(**byte == b'\r' && **next == b'\n')).map(|(byte, _)| *byte).collect()
        };
        if unix.len() != content.len() && self.format.name(Kind::Blob, &unix) == entry.oid {
            return Ok(true);
        }
        if self.is_large_file(content, entry) {
            return Ok(true);
        }
        let path = Path::new(OsStr::from_bytes(&entry.path));
        let folders = path.ancestors().skip(1);
        if folders.into_iter().any(|folder| self.may_filter(folder, path)) {
            let why = format!("git may keep `{}` otherwise than it writes it out", shown(&entry.path));
            return Err(Unseen::new(Blind::Unsupported, why).give("a clone that git itself wrote out"));
        }
        Ok(false)
    }

    /// Whether git keeps only the digest of the file, as Git LFS does, and it is the one of what is here.
    fn is_large_file(&self, content: &[u8], entry: &Tracked) -> bool {
        let pointer = self.objects.find(&entry.oid).and_then(|number| self.objects.read(number));
        let Some((Kind::Blob, pointer)) = pointer.filter(|(_, pointer)| pointer.len() < POINTER_BYTES_MAX)
        else {
            return false;
        };
        let digest = hexadecimal(&Sha256::digest(content));
        let says =
            String::from_utf8_lossy(&pointer).lines().any(|line| line == format!("oid sha256:{digest}"));
        says && pointer.starts_with(b"version ")
    }

    /// Whether the attributes of a folder have git write this file out otherwise than it keeps it.
    fn may_filter(&self, folder: &Path, path: &Path) -> bool {
        const WORDS: [&str; 3] = ["filter=", "ident", "working-tree-encoding"];
        let attributes = self.tree.read_if_any(&folder.join(".gitattributes"), ATTRIBUTES_BYTES_MAX);
        let attributes = match attributes {
            Ok(None) => return false,
            Ok(Some(attributes)) => attributes,
            Err(_) => return true,
        };
        let mut patterns = GitignoreBuilder::new(folder);
        for line in String::from_utf8_lossy(&attributes).lines() {
            let mut words = line.split_whitespace();
            let Some(pattern) = words.next().filter(|pattern| !pattern.starts_with(['#', '!'])) else {
                continue;
            };
            if words.any(|word| WORDS.iter().any(|known| word.starts_with(known)))
                && patterns.add_line(None, pattern).is_err()
            {
                return true;
            }
        }
        patterns.build().map_or(true, |patterns| patterns.matched(path, false).is_ignore())
    }

    /// Whether a submodule has the commit checked out that this repository names, or nothing at all.
    fn submodule_is_at(&self, path: &Path, entry: &Tracked) -> bool {
        if !matches!(self.tree.kind(&path.join(".git")), Ok(Some(_))) {
            return true;
        }
        let inner = Git::find(&self.root.join(path)).ok().flatten();
        let refs = inner.and_then(|inner| inner.refs().ok());
        refs.is_some_and(|refs| refs.head == Some(entry.oid))
    }
}
