//! Lists the files of a repository: what is tracked according to git's index, and what lies beside it.
//!
//! `.gitignore` only spares reading what is not tracked; nothing tracked can be hidden by it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{DEPTH_MAX, ENTRIES_MAX, PATH_BYTES_MAX};

use super::git::index::Tracked;
use super::role::{Role, role};
use super::settings;
use super::tree::{Kind, Tree, unseen};

/// A file that is to be read.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Whether git tracks it; `None` without a readable index.
    pub(crate) tracked: Option<bool>,
    /// Whether it is a part of the code: tracked, or not tracked yet and not ignored. An environment file with values is one
    /// only when it is tracked.
    pub(crate) in_code: bool,
    pub(crate) role: Role,
}

impl Found {
    /// The path as text.
    pub(crate) fn shown(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Files to read, in the order of their paths.
    pub(crate) files: Vec<Found>,
    /// What could not be read, with the reason.
    pub(crate) unread: Vec<(PathBuf, Unseen)>,
    /// Directories that are not this repository's code: of package managers, of other repositories, ignored ones.
    pub(crate) set_aside: Vec<(PathBuf, &'static str)>,
    /// Links, which are not followed.
    pub(crate) links_count: usize,
}

/// What git tracks.
#[derive(Debug, Default)]
pub(crate) struct TrackedPaths {
    files: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u8>>,
    submodules: HashSet<Vec<u8>>,
    left_out: Vec<Vec<u8>>,
    /// All of them as the index has them.
    pub(crate) entries: Vec<Tracked>,
}

impl TrackedPaths {
    pub(crate) fn new(entries: Vec<Tracked>) -> Self {
        let mut tracked = Self::default();
        for entry in &entries {
            let mut rest = entry.path.as_slice();
            while let Some(slash) = rest.iter().rposition(|byte| *byte == b'/') {
                rest = rest.get(..slash).unwrap_or_default();
                if !tracked.directories.insert(rest.to_vec()) {
                    break;
                }
            }
            if entry.left_out {
                tracked.left_out.push(entry.path.clone());
            } else if entry.submodule {
                tracked.directories.insert(entry.path.clone());
                tracked.submodules.insert(entry.path.clone());
            } else {
                tracked.files.insert(entry.path.clone());
            }
        }
        tracked.entries = entries;
        tracked
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The paths of submodules.
    pub(crate) fn submodules(&self) -> Vec<String> {
        let mut paths: Vec<_> =
            self.submodules.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
        paths.sort();
        paths
    }
}

/// Directories of package managers and build tools, which hold no code of the repository unless git tracks it.
const BESIDE: &[&str] = &[
    "node_modules",
    "bower_components",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".mypy_cache",
    ".pytest_cache",
    ".gradle",
    ".terraform",
    ".next",
    ".nuxt",
    ".cache",
    ".hg",
    ".svn",
    ".seaworthy",
];

/// Lists everything below the root. `tracked` is `None` without a readable index.
pub(crate) fn walk(tree: &Tree, tracked: Option<&TrackedPaths>) -> Walk {
    walk_at_most(tree, tracked, ENTRIES_MAX)
}

/// The same with another bound.
pub(crate) fn walk_at_most(tree: &Tree, tracked: Option<&TrackedPaths>, entries_max: usize) -> Walk {
    let mut walker = Walker { tree, tracked, walk: Walk::default(), left: entries_max };
    let mut waiting = vec![Directory { path: PathBuf::new(), ignores: Vec::new(), in_submodule: false }];
    while let Some(directory) = waiting.pop() {
        if !walker.directory(&directory, &mut waiting) {
            break;
        }
    }
    for path in tracked.into_iter().flat_map(|tracked| &tracked.left_out) {
        let why = Unseen::new(Blind::CutShort, "a sparse checkout leaves it out")
            .give("git sparse-checkout disable");
        walker.walk.unread.push((PathBuf::from(OsStr::from_bytes(path)), why));
    }
    walker.walk.files.sort_by(|a, b| a.path.cmp(&b.path));
    walker.walk
}

struct Directory {
    path: PathBuf,
    ignores: Vec<Arc<Gitignore>>,
    /// Its files belong to a submodule, whose index is not ours.
    in_submodule: bool,
}

struct Walker<'a> {
    tree: &'a Tree,
    tracked: Option<&'a TrackedPaths>,
    walk: Walk,
    /// Entries that may still be listed.
    left: usize,
}

impl Walker<'_> {
    /// Lists one directory. Returns `false` when the bound is reached.
    fn directory(&mut self, directory: &Directory, waiting: &mut Vec<Directory>) -> bool {
        let shown = directory.path.display().to_string();
        let (entries, more) = match self.tree.entries(&directory.path, self.left) {
            Ok(read) => read,
            Err(error) => {
                self.walk.unread.push((directory.path.clone(), unseen(&shown, &error)));
                return true;
            }
        };
        self.left = self.left.saturating_sub(entries.len());
        if !directory.path.as_os_str().is_empty() && entries.iter().any(|(name, _)| name == b".git") {
            match self.tracked {
                Some(tracked) if !tracked.submodules.contains(directory.path.as_os_str().as_bytes()) => {
                    self.walk.set_aside.push((directory.path.clone(), "another repository"));
                    return true;
                }
                Some(_) | None => {}
            }
        } else if entries.is_empty() && self.is_submodule(&directory.path) {
            let why = Unseen::new(Blind::CutShort, "the submodule is not checked out")
                .give("git submodule update --init --recursive");
            self.walk.unread.push((directory.path.clone(), why));
        }
        let inner = self.with_own_ignores(directory, &entries);
        for (name, kind) in &entries {
            self.entry(&inner, name, *kind, waiting);
        }
        if more {
            let why = Unseen::new(Blind::CutShort, "there are more files than are listed of one repository")
                .give("the service's own directory instead of the whole repository: `repo: PATH`");
            self.walk.unread.push((directory.path.clone(), why));
        }
        !more
    }

    fn is_submodule(&self, path: &Path) -> bool {
        self.tracked.is_some_and(|tracked| tracked.submodules.contains(path.as_os_str().as_bytes()))
    }

    /// The directory with its own `.gitignore` added. One that cannot be read spares nothing.
    fn with_own_ignores(&self, directory: &Directory, entries: &[(Vec<u8>, Kind)]) -> Directory {
        let mut ignores = directory.ignores.clone();
        let has_own = entries.iter().any(|(name, kind)| name == b".gitignore" && *kind == Kind::File);
        if has_own && self.tracked.is_some() && ignores.len() < DEPTH_MAX {
            let text = self.tree.read(&directory.path.join(".gitignore"), 256 * 1024).unwrap_or_default();
            let mut builder = GitignoreBuilder::new(&directory.path);
            for line in String::from_utf8_lossy(&text).lines().take(5_000) {
                // A line that is no pattern ignores nothing.
                let _ = builder.add_line(None, line);
            }
            ignores.extend(builder.build().ok().map(Arc::new));
        }
        let in_submodule = directory.in_submodule || self.is_submodule(&directory.path);
        Directory { path: directory.path.clone(), ignores, in_submodule }
    }

    fn entry(&mut self, directory: &Directory, name: &[u8], kind: Kind, waiting: &mut Vec<Directory>) {
        if name == b".git" {
            return;
        }
        let path = directory.path.join(OsStr::from_bytes(name));
        match kind {
            Kind::Link => self.walk.links_count += 1,
            Kind::Other => {}
            Kind::Directory => self.below(directory, path, waiting),
            Kind::File => self.file(directory, path),
        }
    }

    fn below(&mut self, directory: &Directory, path: PathBuf, waiting: &mut Vec<Directory>) {
        let bytes = path.as_os_str().as_bytes();
        if path.components().count() > DEPTH_MAX || bytes.len() > PATH_BYTES_MAX {
            let why = Unseen::new(Blind::CutShort, format!("it lies more than {DEPTH_MAX} directories deep"))
                .give("move it, or name it in .gitignore");
            self.walk.unread.push((path, why));
            return;
        }
        let holds_tracked =
            directory.in_submodule || self.tracked.is_some_and(|tracked| tracked.directories.contains(bytes));
        if !holds_tracked {
            let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
            let tagged = || self.tree.kind(&path.join("CACHEDIR.TAG")).ok().flatten() == Some(Kind::File);
            // Without an index a tag could hide code, so then only the directory that Cargo writes is believed.
            let built = (self.tracked.is_some() || name == "target") && tagged();
            if BESIDE.contains(&name.as_ref()) || built {
                self.walk.set_aside.push((path, "of a package manager or build tool"));
                return;
            }
            if ignored(&directory.ignores, &path, true) {
                self.walk.set_aside.push((path, "named in .gitignore"));
                return;
            }
        }
        waiting.push(Directory {
            path,
            ignores: directory.ignores.clone(),
            in_submodule: directory.in_submodule,
        });
    }

    fn file(&mut self, directory: &Directory, path: PathBuf) {
        let ignored = ignored(&directory.ignores, &path, false);
        let tracked = match self.tracked {
            // What is checked out in a submodule counts as tracked: its own index is not read.
            Some(_) if directory.in_submodule => Some(true),
            Some(tracked) => Some(tracked.files.contains(path.as_os_str().as_bytes())),
            None => None,
        };
        let values = settings::is_env_file(&path) && !settings::env_file::is_template(&path);
        let in_code = tracked == Some(true) || (!ignored && !values);
        if in_code || values {
            self.walk.files.push(Found { tracked, in_code, role: role(&path), path });
        }
    }
}

/// Whether the innermost `.gitignore` that has a word about the path ignores it.
fn ignored(ignores: &[Arc<Gitignore>], path: &Path, is_directory: bool) -> bool {
    for rules in ignores.iter().rev() {
        let matched = rules.matched(path, is_directory);
        if !matched.is_none() {
            return matched.is_ignore();
        }
    }
    false
}
