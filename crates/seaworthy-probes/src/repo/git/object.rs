//! Git's objects: their names, their kinds, and what commits, trees and tags refer to.
//!
//! Must not trust a length or an offset that an object states.

use std::fmt;

use crate::hexadecimal::hexadecimal;

/// The digest that a repository names its objects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Sha1,
    Sha256,
}

impl Format {
    /// Length of a name in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// The name that an object must have.
    pub(crate) fn name(self, kind: Kind, content: &[u8]) -> Oid {
        let mut digest = self.digest(kind, content.len() as u64);
        digest.update(content);
        digest.finish()
    }

    /// The digest of an object whose content follows.
    pub(crate) fn digest(self, kind: Kind, size: u64) -> Digest {
        let mut digest = match self {
            Self::Sha1 => Digest::Sha1(sha1::Sha1::default()),
            Self::Sha256 => Digest::Sha256(sha2::Sha256::default()),
        };
        digest.update(format!("{} {size}\0", kind.word()).as_bytes());
        digest
    }
}

/// A name in the making.
pub(crate) enum Digest {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Digest {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(digest) => sha1::Digest::update(digest, bytes),
            Self::Sha256(digest) => sha2::Digest::update(digest, bytes),
        }
    }

    pub(crate) fn finish(self) -> Oid {
        let mut bytes = [0; 32];
        match self {
            Self::Sha1(digest) => bytes[..20].copy_from_slice(&sha1::Digest::finalize(digest)),
            Self::Sha256(digest) => bytes.copy_from_slice(&sha2::Digest::finalize(digest)),
        }
        Oid { bytes }
    }
}

/// An object's name, padded with zeros when the digest is the short one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Oid {
    bytes: [u8; 32],
}

impl Oid {
    /// From the bytes of a name; `None` when there are too few.
    pub(crate) fn read(format: Format, bytes: &[u8]) -> Option<Self> {
        let mut padded = [0; 32];
        padded.get_mut(..format.len())?.copy_from_slice(bytes.get(..format.len())?);
        Some(Self { bytes: padded })
    }

    /// From hexadecimal text of exactly the right length.
    pub(crate) fn from_hex(format: Format, text: &[u8]) -> Option<Self> {
        if text.len() != format.len() * 2 {
            return None;
        }
        let mut padded = [0; 32];
        for (byte, pair) in padded.iter_mut().zip(text.chunks_exact(2)) {
            *byte = digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?;
        }
        Some(Self { bytes: padded })
    }

    pub(crate) fn hex(&self, format: Format) -> String {
        hexadecimal(self.bytes.get(..format.len()).unwrap_or(&self.bytes))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex(Format::Sha1))
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    pub(crate) fn from_word(word: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Tree, Self::Blob, Self::Tag]
            .into_iter()
            .find(|kind| kind.word().as_bytes() == word)
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TreeEntry<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) oid: Oid,
    /// What it is: a directory, a file, a link, or a commit of another repository.
    pub(crate) mode: u32,
}

/// Mode of a submodule's commit in a tree: an object of another repository.
pub(crate) const GITLINK: u32 = 0o160_000;

/// Mode of a directory in a tree.
pub(crate) const DIRECTORY: u32 = 0o40_000;

/// Reads a tree entry by entry; ends early with `false` in `sound` when it is damaged.
pub(crate) struct TreeEntries<'a> {
    rest: &'a [u8],
    format: Format,
    pub(crate) sound: bool,
}

impl<'a> TreeEntries<'a> {
    pub(crate) fn new(format: Format, tree: &'a [u8]) -> Self {
        Self { rest: tree, format, sound: true }
    }

    fn entry(&mut self) -> Option<TreeEntry<'a>> {
        let space = self.rest.iter().take(8).position(|byte| *byte == b' ')?;
        let mode = self.rest.get(..space)?.iter().try_fold(0_u32, |mode, byte| {
            (b'0'..=b'7').contains(byte).then(|| mode << 3 | u32::from(byte - b'0'))
        })?;
        let after = self.rest.get(space + 1..)?;
        let zero = after.iter().position(|byte| *byte == 0)?;
        let name = after.get(..zero)?;
        let oid = Oid::read(self.format, after.get(zero + 1..)?)?;
        self.rest = after.get(zero + 1 + self.format.len()..)?;
        Some(TreeEntry { name, oid, mode })
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = TreeEntry<'a>;

    fn next(&mut self) -> Option<TreeEntry<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry();
        if entry.is_none() {
            self.sound = false;
            self.rest = &[];
        }
        entry
    }
}

/// What a commit's head says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: Oid,
    pub(crate) parents: Vec<Oid>,
    /// Seconds since 1970 at which it was committed.
    pub(crate) committed: Option<i64>,
}

/// Reads the head of a commit; `None` when it is damaged.
pub(crate) fn commit(format: Format, content: &[u8]) -> Option<Commit> {
    let mut lines = head(content);
    let tree = Oid::from_hex(format, lines.next()?.strip_prefix(b"tree ")?)?;
    let mut parents = Vec::new();
    let mut committed = None;
    for line in lines {
        if let Some(parent) = line.strip_prefix(b"parent ") {
            parents.push(Oid::from_hex(format, parent)?);
        } else if let Some(by) = line.strip_prefix(b"committer ") {
            committed = seconds(by);
        }
    }
    Some(Commit { tree, parents, committed })
}

/// What a tag points to; `None` when it is damaged.
pub(crate) fn tag_target(format: Format, content: &[u8]) -> Option<Oid> {
    Oid::from_hex(format, head(content).next()?.strip_prefix(b"object ")?)
}

/// The lines before the first empty one.
fn head(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    content.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty())
}

/// The seconds of `Name <mail> 1700000000 +0100`.
fn seconds(by: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(by.rsplit(|byte| *byte == b'>').next()?).ok()?;
    text.split_whitespace().next()?.parse().ok()
}
