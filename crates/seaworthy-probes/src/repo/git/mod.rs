//! A repository's git directory, read as files: no `git`, no configuration that could start a program.
//!
//! Must not follow links, must not read another repository unless that one names this work tree as its own.

pub(crate) mod changed;
pub(crate) mod delta;
pub(crate) mod graph;
pub(crate) mod index;
pub(crate) mod inflate;
pub(crate) mod object;
pub(crate) mod objects;
pub(crate) mod pack;
pub(crate) mod refs;
pub(crate) mod traverse;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{DEPTH_MAX, ENTRIES_MAX, GIT_FILE_BYTES_MAX};

use self::index::Tracked;
use self::object::Format;
use super::tree::{Kind, Tree, unseen};

/// An opened git directory.
#[derive(Debug)]
pub(crate) struct Git {
    /// How objects are named here.
    pub(crate) format: Format,
    /// This work tree's own part: `HEAD`, the index.
    own: Tree,
    /// The part that all work trees share: objects, references.
    common: Tree,
    /// The looked-at directory inside the work tree, with a slash at its end; empty at the root.
    prefix: Vec<u8>,
}

/// Longest of the small files in a git directory, in bytes.
const SMALL_BYTES_MAX: u64 = 64 * 1024;

impl Git {
    /// Finds the git directory of `root`, in it or above it. `None` when there is none.
    pub(crate) fn find(root: &Path) -> Result<Option<Self>, Unseen> {
        let shown = root.display().to_string();
        let root = root.canonicalize().map_err(|error| unseen(&shown, &error))?;
        for above in root.ancestors().take(DEPTH_MAX) {
            // Asked without following: `.git` may be a link to anywhere.
            if above.join(".git").symlink_metadata().is_err() {
                continue;
            }
            if above != root && !same_owner(above, &root) {
                let why = format!("`{}` is a repository of another user", above.display());
                return Err(
                    Unseen::new(Blind::Denied, why).give("run Seaworthy as the owner of the repository")
                );
            }
            let mut prefix =
                root.strip_prefix(above).unwrap_or(Path::new("")).as_os_str().as_bytes().to_vec();
            if !prefix.is_empty() {
                prefix.push(b'/');
            }
            return Self::open(above, prefix).map(Some);
        }
        Ok(None)
    }

    /// The names of the directories from the top of the work tree down to the looked-at one; none at the top.
    pub(crate) fn directories(&self) -> Vec<&[u8]> {
        self.prefix.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect()
    }

    fn open(work_tree: &Path, prefix: Vec<u8>) -> Result<Self, Unseen> {
        let tree = Tree::open(work_tree).map_err(|error| unseen(&work_tree.display().to_string(), &error))?;
        let dot_git = Path::new(".git");
        let (own, common) = match tree.kind(dot_git) {
            Ok(Some(Kind::Directory)) => (below(&tree, dot_git)?, below(&tree, dot_git)?),
            Ok(Some(Kind::File)) => elsewhere(work_tree, &tree.read(dot_git, SMALL_BYTES_MAX)?)?,
            Ok(Some(Kind::Link | Kind::Other) | None) | Err(_) => {
                return Err(Unseen::new(Blind::Unsupported, "`.git` is a link, which is not followed")
                    .give("run Seaworthy in the directory that holds the real `.git`"));
            }
        };
        let format = format(&common)?;
        Ok(Self { format, own, common, prefix })
    }

    /// The tracked paths below the looked-at directory, relative to it.
    pub(crate) fn tracked(&self) -> Result<Vec<Tracked>, Unseen> {
        let Some(bytes) = self.own.read_if_any(Path::new("index"), GIT_FILE_BYTES_MAX)? else {
            return Ok(Vec::new());
        };
        let mut tracked = index::tracked(self.format, &bytes, ENTRIES_MAX)?;
        tracked.retain_mut(|entry| match entry.path.strip_prefix(self.prefix.as_slice()) {
            Some(below) => {
                entry.path = below.to_vec();
                true
            }
            None => false,
        });
        Ok(tracked)
    }

    /// When the index was written, in seconds and nanoseconds.
    fn index_written(&self) -> Option<(i64, i64)> {
        self.own.stat(Path::new("index")).ok().flatten().map(|stat| stat.modified)
    }

    /// Whether the file system tells which files run; git notes that it does not where it found so.
    fn tells_modes(&self) -> bool {
        let config = self.common.read_if_any(Path::new("config"), SMALL_BYTES_MAX).ok().flatten();
        let told = config.and_then(|config| setting(&config, "filemode"));
        !told.is_some_and(|told| matches!(told.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0"))
    }

    /// The references.
    pub(crate) fn refs(&self) -> Result<refs::Refs, Unseen> {
        refs::read(self.format, &self.own, &self.common)
    }

    /// The names of the tags at the commit that is checked out, annotated or not.
    pub(crate) fn tags_at(&self, refs: &refs::Refs) -> Vec<String> {
        let objects = self.objects().ok();
        let target = |oid: &object::Oid| {
            let (kind, content) = objects.as_ref().and_then(|objects| objects.read(objects.find(oid)?))?;
            if kind == object::Kind::Tag { object::tag_target(self.format, &content) } else { Some(*oid) }
        };
        let tags =
            refs.by_name.iter().filter_map(|(name, oid)| Some((name.strip_prefix("refs/tags/")?, oid)));
        tags.filter(|(_, oid)| refs.head.is_some() && (Some(**oid) == refs.head || target(oid) == refs.head))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// The object store.
    pub(crate) fn objects(&self) -> Result<objects::Objects, Unseen> {
        let tree = below(&self.common, Path::new("objects"))?;
        objects::Objects::list(self.format, tree)
    }

    /// A file of Git LFS, by its path in the git directory, if it is here.
    pub(crate) fn large_file(&self, path: &Path) -> Option<super::tree::OpenFile> {
        self.common.file(path).ok()
    }

    /// Why a part of the history is not here at all.
    pub(crate) fn left_out(&self) -> Option<Unseen> {
        let shallow = self.common.read_if_any(Path::new("shallow"), GIT_FILE_BYTES_MAX);
        match shallow {
            Ok(None) => None,
            Ok(Some(bytes)) if bytes.trim_ascii().is_empty() => None,
            Ok(Some(_)) => {
                Some(Unseen::new(Blind::CutShort, "the clone is shallow, older commits are not here").give(
                    "git fetch --unshallow   (in GitHub Actions: `fetch-depth: 0` for actions/checkout)",
                ))
            }
            Err(unseen) => Some(unseen),
        }
    }
}

fn below(tree: &Tree, path: &Path) -> Result<Tree, Unseen> {
    tree.below(path).map_err(|error| unseen(&path.display().to_string(), &error))
}

fn same_owner(a: &Path, b: &Path) -> bool {
    let owner = |path: &Path| path.metadata().map(|data| (data.uid(), data.dev())).ok();
    owner(a).is_some() && owner(a) == owner(b)
}

/// The git directory that a `.git` file names. It is read only if it names this work tree in turn, as git's own
/// linked work trees and submodules do; otherwise a repository could make us read any other one.
fn elsewhere(work_tree: &Path, dot_git: &[u8]) -> Result<(Tree, Tree), Unseen> {
    let refused = || {
        Unseen::new(
            Blind::Denied,
            "`.git` names a directory elsewhere that does not name this work tree in turn",
        )
        .give("run Seaworthy in a clone that has its own `.git` directory")
    };
    let named = dot_git.trim_ascii().strip_prefix(b"gitdir: ").ok_or_else(refused)?;
    let own = joined(work_tree, named).ok_or_else(refused)?;
    let own_tree = Tree::open(&own).map_err(|error| unseen(&own.display().to_string(), &error))?;
    let common = match own_tree.read_if_any(Path::new("commondir"), SMALL_BYTES_MAX)? {
        Some(named) => {
            let back = own_tree.read(Path::new("gitdir"), SMALL_BYTES_MAX)?;
            let back = joined(&own, back.trim_ascii()).ok_or_else(refused)?;
            let common = joined(&own, named.trim_ascii()).ok_or_else(refused)?;
            let sound =
                back.parent() == Some(work_tree) && own.parent().and_then(Path::parent) == Some(&common);
            if !sound {
                return Err(refused());
            }
            common
        }
        None => {
            let config = own_tree.read(Path::new("config"), SMALL_BYTES_MAX)?;
            let back = setting(&config, "worktree").and_then(|back| joined(&own, back.as_bytes()));
            if back.as_deref() != Some(work_tree) {
                return Err(refused());
            }
            own.clone()
        }
    };
    let common = Tree::open(&common).map_err(|error| unseen(&common.display().to_string(), &error))?;
    Ok((own_tree, common))
}

/// A path as written in a git file, absolute or relative to `base`, without links.
fn joined(base: &Path, path: &[u8]) -> Option<PathBuf> {
    base.join(std::ffi::OsStr::from_bytes(path)).canonicalize().ok()
}

/// How objects are named, from the one line of the configuration that says so. Nothing else in it is used.
fn format(common: &Tree) -> Result<Format, Unseen> {
    let config = common.read_if_any(Path::new("config"), SMALL_BYTES_MAX)?.unwrap_or_default();
    match setting(&config, "objectformat").as_deref() {
        None | Some("sha1") => Ok(Format::Sha1),
        Some("sha256") => Ok(Format::Sha256),
        Some(_) => {
            Err(Unseen::new(Blind::Unsupported, "the repository names its objects by an unknown digest"))
        }
    }
}

/// The last value of a key in git's configuration, in whatever section.
fn setting(config: &[u8], key: &str) -> Option<String> {
    let text = String::from_utf8_lossy(config);
    let mut found = None;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        if name.trim().eq_ignore_ascii_case(key) {
            found = Some(value.trim().trim_matches('"').to_owned());
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests;
