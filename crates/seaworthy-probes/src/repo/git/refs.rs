//! Git's references: where history begins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{DEPTH_MAX, GIT_FILE_BYTES_MAX, REFS_MAX};

use super::object::{Format, Oid};
use crate::repo::tree::{Kind, Tree, unseen};

/// All references by name, and what `HEAD` is.
#[derive(Debug, Default)]
pub(crate) struct Refs {
    /// Every reference that names an object: `refs/heads/main`, `refs/tags/v1`, …
    pub(crate) by_name: BTreeMap<String, Oid>,
    /// The reference that `HEAD` stands for; `None` when it names a commit itself.
    pub(crate) branch: Option<String>,
    /// The commit of `HEAD`; `None` before the first commit.
    pub(crate) head: Option<Oid>,
}

/// Longest file of one reference.
const REF_BYTES_MAX: u64 = 4096;

/// Reads the references. `git` is this work tree's own directory, `common` the one it shares with others.
pub(crate) fn read(format: Format, git: &Tree, common: &Tree) -> Result<Refs, Unseen> {
    if matches!(common.kind(Path::new("reftable")), Ok(Some(Kind::Directory))) {
        return Err(Unseen::new(Blind::Unsupported, "the repository keeps its references as a reftable")
            .give("git refs migrate --ref-format=files"));
    }
    let mut refs = Refs::default();
    packed(format, common, &mut refs)?;
    loose(format, common, PathBuf::from("refs"), &mut refs)?;
    let head = git.read(Path::new("HEAD"), REF_BYTES_MAX)?;
    let head = head.trim_ascii();
    if let Some(name) = head.strip_prefix(b"ref: ") {
        let name = String::from_utf8_lossy(name).into_owned();
        refs.head = refs.by_name.get(&name).copied();
        refs.branch = Some(name);
    } else {
        refs.head = Oid::from_hex(format, head);
        if refs.head.is_none() {
            return Err(Unseen::new(Blind::Garbled, "`.git/HEAD` names neither a branch nor a commit"));
        }
    }
    Ok(refs)
}

fn packed(format: Format, common: &Tree, refs: &mut Refs) -> Result<(), Unseen> {
    let Some(bytes) = common.read_if_any(Path::new("packed-refs"), GIT_FILE_BYTES_MAX)? else {
        return Ok(());
    };
    for line in bytes.split(|byte| *byte == b'\n') {
        // `#` begins the header, `^` what the tag of the line before points to.
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"^") {
            continue;
        }
        let (Some(name), Some(oid)) = (line.get(format.len() * 2 + 1..), line.get(..format.len() * 2)) else {
            return Err(damaged("packed-refs"));
        };
        let oid = Oid::from_hex(format, oid).ok_or_else(|| damaged("packed-refs"))?;
        add(refs, String::from_utf8_lossy(name).into_owned(), oid)?;
    }
    Ok(())
}

fn loose(format: Format, common: &Tree, top: PathBuf, refs: &mut Refs) -> Result<(), Unseen> {
    let mut waiting = vec![top];
    while let Some(directory) = waiting.pop() {
        let shown = directory.display().to_string();
        let (entries, more) = match common.entries(&directory, REFS_MAX) {
            Ok(read) => read,
            // A repository whose references are all packed may have no `refs` of its own.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unseen(&shown, &error)),
        };
        if more || directory.components().count() > DEPTH_MAX {
            return Err(too_many());
        }
        for (name, kind) in entries {
            let path = directory.join(std::ffi::OsStr::from_bytes(&name));
            match kind {
                Kind::Directory => waiting.push(path),
                Kind::File => one(format, common, &path, refs)?,
                // Very old repositories have `HEAD` as a link; a link among the references could lead anywhere.
                Kind::Link | Kind::Other => return Err(damaged(&path.display().to_string())),
            }
        }
    }
    Ok(())
}

fn one(format: Format, common: &Tree, path: &Path, refs: &mut Refs) -> Result<(), Unseen> {
    let shown = path.display().to_string();
    if path.extension().is_some_and(|extension| extension == "lock") {
        return Ok(());
    }
    let content = common.read(path, REF_BYTES_MAX)?;
    let content = content.trim_ascii();
    // `refs/remotes/origin/HEAD` stands for another reference, which is read as itself.
    if content.starts_with(b"ref: ") {
        return Ok(());
    }
    let oid = Oid::from_hex(format, content).ok_or_else(|| damaged(&shown))?;
    add(refs, shown, oid)
}

fn add(refs: &mut Refs, name: String, oid: Oid) -> Result<(), Unseen> {
    if refs.by_name.len() >= REFS_MAX {
        return Err(too_many());
    }
    refs.by_name.insert(name, oid);
    Ok(())
}

fn too_many() -> Unseen {
    Unseen::new(Blind::CutShort, format!("the repository has more than {REFS_MAX} references"))
}

fn damaged(what: &str) -> Unseen {
    Unseen::new(Blind::Garbled, format!("`{what}` in the git directory is damaged"))
}

use std::os::unix::ffi::OsStrExt;
