//! Git's index: which files are tracked.

use super::object::{Format, GITLINK, Oid};
use seaworthy_core::facts::{Blind, Unseen};

/// One tracked path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tracked {
    /// The path from the work tree's root.
    pub(crate) path: Vec<u8>,
    /// It is a commit of another repository.
    pub(crate) submodule: bool,
    /// It is left out of the work tree by a sparse checkout.
    pub(crate) left_out: bool,
    /// What it is: a file, one that runs, a link, a submodule.
    pub(crate) mode: u32,
    /// The object that it was when it was added.
    pub(crate) oid: Oid,
    /// Its size when git saw it last, in bytes, of which the last 32 bits are kept.
    pub(crate) size: u32,
    /// When it had been changed by then, in seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
}

impl Tracked {
    /// Whether it stands for a whole directory that is left out.
    pub(crate) fn stands_for_directory(&self) -> bool {
        self.mode == SPARSE_DIRECTORY
    }
}

/// The paths of an index, in its order.
pub(crate) fn tracked(format: Format, bytes: &[u8], max: usize) -> Result<Vec<Tracked>, Unseen> {
    let mut reader = Reader { bytes, at: 0 };
    reader.paths(format, max).unwrap_or_else(|| Err(Unseen::new(Blind::Garbled, "git's index is damaged")))
}

/// `left_out` of a path that only stands for a directory of a sparse index.
const SPARSE_DIRECTORY: u32 = 0o040_000;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// `None` when the index is damaged.
    fn paths(&mut self, format: Format, max: usize) -> Option<Result<Vec<Tracked>, Unseen>> {
        if self.take(4)? != b"DIRC" {
            return None;
        }
        let version = self.number()?;
        if !(2..=4).contains(&version) {
            return Some(Err(Unseen::new(Blind::Unsupported, format!("git's index has version {version}"))));
        }
        let count = usize::try_from(self.number()?).ok()?;
        if count > max {
            let why = format!("git's index has {count} paths, more than {max}");
            return Some(Err(Unseen::new(Blind::CutShort, why)));
        }
        let mut paths: Vec<Tracked> = Vec::with_capacity(count);
        let mut previous: Vec<u8> = Vec::new();
        for _ in 0..count {
            let entry = self.entry(format, version, &previous)?;
            previous.clone_from(&entry.path);
            // The sides of a conflict are several entries with one path.
            if paths.last().is_none_or(|last| last.path != entry.path) {
                paths.push(entry);
            }
        }
        if self.split(format)? {
            let unseen = Unseen::new(Blind::Unsupported, "git's index is split in two files")
                .give("git update-index --no-split-index");
            return Some(Err(unseen));
        }
        Some(Ok(paths))
    }

    fn entry(&mut self, format: Format, version: u32, previous: &[u8]) -> Option<Tracked> {
        let begin = self.at;
        self.take(8)?;
        let modified = (i64::from(self.number()?), i64::from(self.number()?));
        self.take(8)?;
        let mode = self.number()?;
        self.take(8)?;
        let size = self.number()?;
        let oid = Oid::read(format, self.take(format.len())?)?;
        let flags = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        let extended = if flags & 0x4000 != 0 && version >= 3 {
            u16::from_be_bytes(self.take(2)?.try_into().ok()?)
        } else {
            0
        };
        let mut path = Vec::new();
        if version == 4 {
            let dropped = self.offset()?;
            path.extend_from_slice(previous.get(..previous.len().checked_sub(dropped)?)?);
        }
        let zero = self.bytes.get(self.at..)?.iter().position(|byte| *byte == 0)?;
        path.extend_from_slice(self.take(zero)?);
        self.take(1)?;
        if version < 4 {
            // Entries are padded to eight bytes; the one zero after the path is taken already.
            let length = self.at - begin;
            self.take(length.next_multiple_of(8) - length)?;
        }
        let left_out = extended & 0x4000 != 0 || mode == SPARSE_DIRECTORY;
        Some(Tracked { path, submodule: mode == GITLINK, left_out, mode, oid, size, modified })
    }

    /// Whether an extension says that the rest of the index is in another file.
    fn split(&mut self, format: Format) -> Option<bool> {
        while self.bytes.len().checked_sub(self.at)? >= 8 + format.len() {
            let name = self.take(4)?;
            let length = usize::try_from(self.number()?).ok()?;
            if name == b"link" {
                return Some(true);
            }
            self.take(length)?;
        }
        Some(false)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let piece = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(piece)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A number in groups of seven bits, the greatest first, each further group plus one.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = *self.take(1)?.first()?;
        let mut number = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            number = number.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
        }
        Some(number)
    }
}
