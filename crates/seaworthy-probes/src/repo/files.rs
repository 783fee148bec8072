//! The files that are understood as a whole, and how much of the repository was read.

use std::collections::BTreeMap;

use seaworthy_core::facts::Unseen;

use super::gaps::Subject;
use super::role::Role;
use super::walk::Found;

/// One file that was held.
#[derive(Debug)]
pub(crate) struct KeptFile {
    pub(crate) found: Found,
    pub(crate) bytes: Vec<u8>,
}

/// The held files by path, and why a subject lacks something that was not read.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) kept: BTreeMap<String, KeptFile>,
    pub(crate) cuts: BTreeMap<Subject, Unseen>,
}

impl Files {
    /// `Err` when a document may be missing among those that are held: then none may be said to be absent.
    pub(crate) fn whole(&self) -> Result<(), Unseen> {
        self.whole_for(Subject::Documents)
    }

    /// `Err` when a subject lacks something that was not read.
    pub(crate) fn whole_for(&self, subject: Subject) -> Result<(), Unseen> {
        self.cuts.get(&subject).cloned().map_or(Ok(()), Err)
    }

    /// A held file.
    pub(crate) fn get(&self, path: &str) -> Option<&[u8]> {
        self.kept.get(path).map(|file| file.bytes.as_slice())
    }

    /// Held files that are a part of the code and neither test data nor someone else's.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&str, &KeptFile)> {
        self.kept
            .iter()
            .filter(|(_, file)| file.found.in_code && !matches!(file.found.role, Role::Vendored))
            .map(|(path, file)| (path.as_str(), file))
    }

    /// Those of them with a file name that fits.
    pub(crate) fn named(&self, fits: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &KeptFile)> {
        self.own().filter(move |(path, _)| fits(name(path)))
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The directory of a path, with a slash at its end; empty at the root.
pub(crate) fn directory(path: &str) -> &str {
    path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default()
}

/// The ending of a file's name, without the dot.
pub(crate) fn extension(path: &str) -> &str {
    name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Whether a path is that of a YAML file.
pub(crate) fn is_yaml(path: &str) -> bool {
    matches!(extension(path), "yml" | "yaml")
}
