//! One pack: its index, its entries, and one of them by its number.
//!
//! Read by position and never mapped: a mapped pack that is cut off while we look would end the process.

use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{DELTA_BYTES_MAX, OBJECT_BYTES_MAX, OBJECTS_MAX};

use super::delta;
use super::inflate;
use super::object::{Format, Kind, Oid};
use crate::repo::tree::{OpenFile, Tree, unseen};

/// A pack and where its entries lie.
#[derive(Debug)]
pub(crate) struct Pack {
    pub(crate) path: PathBuf,
    format: Format,
    /// Offset and number of each entry, in the order of the pack.
    pub(crate) order: Vec<(u64, u32)>,
    /// Offsets in the order of the names.
    offsets: Vec<u64>,
    /// Names in their order: to find the base of a delta that names it.
    names: Vec<Oid>,
    /// The numbers of the entries in the whole store; `NOWHERE` where another pack's copy counts.
    numbers: Vec<u32>,
    /// Where the last entry ends.
    end: u64,
}

/// The number of an entry whose object is counted elsewhere.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// What stands at the beginning of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) what: What,
    /// Length after inflating: of the object, or of the delta.
    pub(crate) size: u64,
    /// Length of the head itself.
    pub(crate) length: usize,
}

/// What an entry holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// An object.
    Object(Kind),
    /// What makes an object of the one at this offset.
    DeltaOf(u64),
    /// What makes an object of the one with this name.
    DeltaOfNamed(Oid),
}

/// Longest head of an entry: kind and size, and a name or an offset.
pub(crate) const HEAD_BYTES_MAX: usize = 10 + 32;
/// Deepest chain of deltas; git itself writes at most 4,095.
const CHAIN_MAX: usize = 4_096;
/// Longest compressed form of an object that is held; zlib never makes data much longer.
const COMPRESSED_BYTES_MAX: u64 = OBJECT_BYTES_MAX + OBJECT_BYTES_MAX / 8;

impl Pack {
    /// Reads a pack's index and makes sure that the pack is there. Names come back in their order.
    pub(crate) fn open(
        format: Format,
        tree: &Tree,
        path: PathBuf,
        index: &[u8],
    ) -> Result<(Self, Vec<Oid>), Unseen> {
        let shown = path.display().to_string();
        let file = tree.file(&path).map_err(|error| unseen(&shown, &error))?;
        let damaged = || Unseen::new(Blind::Garbled, format!("the index of `{shown}` is damaged"));
        let (names, offsets) = read_index(format, index).ok_or_else(damaged)?;
        let end = file.size.checked_sub(format.len() as u64).ok_or_else(damaged)?;
        let mut order: Vec<(u64, u32)> = offsets.iter().copied().zip(0..).collect();
        order.sort_unstable();
        if order.last().is_some_and(|(offset, _)| *offset >= end)
            || order.first().is_some_and(|(offset, _)| *offset < 12)
        {
            return Err(damaged());
        }
        let numbers = vec![NOWHERE; names.len()];
        Ok((Self { path, format, order, offsets, names: names.clone(), numbers, end }, names))
    }

    pub(crate) fn set_number(&mut self, entry: usize, number: u32) {
        if let Some(slot) = self.numbers.get_mut(entry) {
            *slot = number;
        }
    }

    /// The number in the whole store of the entry at a position of `order`.
    pub(crate) fn number_at(&self, position: usize) -> u32 {
        let entry = self.order.get(position).map_or(usize::MAX, |(_, entry)| *entry as usize);
        self.numbers.get(entry).copied().unwrap_or(NOWHERE)
    }

    /// The position in `order` of the entry that begins at `offset`.
    pub(crate) fn position_of(&self, offset: u64) -> Option<usize> {
        self.order.binary_search_by_key(&offset, |(offset, _)| *offset).ok()
    }

    /// The position in `order` of the entry with this name.
    pub(crate) fn position_named(&self, oid: &Oid) -> Option<usize> {
        self.position_of(*self.offsets.get(self.names.binary_search(oid).ok()?)?)
    }

    /// Where the entry at a position begins and ends.
    pub(crate) fn span(&self, position: usize) -> Option<(u64, u64)> {
        let begin = self.order.get(position)?.0;
        let end = self.order.get(position + 1).map_or(self.end, |(next, _)| *next);
        Some((begin, end))
    }

    /// Understands the head of the entry that begins at `offset`.
    pub(crate) fn head(&self, offset: u64, bytes: &[u8]) -> Option<Head> {
        let mut at = 0;
        let mut next = || {
            let byte = bytes.get(at).copied();
            at += 1;
            byte
        };
        let mut byte = next()?;
        let kind = byte >> 4 & 7;
        let mut size = u64::from(byte & 15);
        let mut shift = 4;
        while byte & 0x80 != 0 {
            byte = next()?;
            size |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if shift > 60 {
                return None;
            }
        }
        let what = match kind {
            1 => What::Object(Kind::Commit),
            2 => What::Object(Kind::Tree),
            3 => What::Object(Kind::Blob),
            4 => What::Object(Kind::Tag),
            6 => {
                let mut byte = next()?;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = next()?;
                    back = back.checked_add(1)?.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
                }
                What::DeltaOf(offset.checked_sub(back).filter(|_| back > 0)?)
            }
            7 => {
                let oid = Oid::read(self.format, bytes.get(at..)?)?;
                at += self.format.len();
                What::DeltaOfNamed(oid)
            }
            _ => return None,
        };
        Some(Head { what, size, length: at })
    }

    /// The position of an entry's base, `None` for a damaged pack. A base lies before what is made of it.
    pub(crate) fn base(&self, what: What) -> Option<usize> {
        match what {
            What::Object(_) => None,
            What::DeltaOf(offset) => self.position_of(offset),
            What::DeltaOfNamed(oid) => self.position_named(&oid),
        }
    }

    /// Reads and inflates the entry at a position, which must be short enough to be held.
    pub(crate) fn inflated(&self, file: &OpenFile, position: usize) -> Option<(What, Vec<u8>)> {
        let (begin, end) = self.span(position)?;
        let length = end.checked_sub(begin).filter(|length| *length <= COMPRESSED_BYTES_MAX)?;
        let mut bytes = vec![0; usize::try_from(length).ok()?];
        let filled = file.at(begin, &mut bytes).ok()?;
        let bytes = bytes.get(..filled)?;
        let head = self.head(begin, bytes)?;
        if head.size > OBJECT_BYTES_MAX {
            return None;
        }
        let content = inflate::exactly(bytes.get(head.length..)?, usize::try_from(head.size).ok()?)?;
        Some((head.what, content))
    }

    /// Reads one object by its entry in the order of the names.
    pub(crate) fn read(&self, tree: &Tree, entry: usize) -> Option<(Kind, Vec<u8>)> {
        let file = tree.file(&self.path).ok()?;
        let mut position = self.position_of(*self.offsets.get(entry)?)?;
        let mut deltas = Vec::new();
        let mut held = 0;
        let (kind, mut content) = loop {
            let (what, content) = self.inflated(&file, position)?;
            if let What::Object(kind) = what {
                break (kind, content);
            }
            held += content.len() as u64;
            deltas.push(content);
            if deltas.len() > CHAIN_MAX || held > DELTA_BYTES_MAX {
                return None;
            }
            position = self.base(what)?;
        };
        while let Some(delta) = deltas.pop() {
            content = delta::apply(&content, &delta, OBJECT_BYTES_MAX).ok()?;
        }
        Some((kind, content))
    }

    pub(crate) fn open_file(&self, tree: &Tree) -> std::io::Result<OpenFile> {
        tree.file(Path::new(&self.path))
    }
}

/// Names and offsets of a pack index of version 2; `None` when it is damaged or of another version.
fn read_index(format: Format, index: &[u8]) -> Option<(Vec<Oid>, Vec<u64>)> {
    let body = index.strip_prefix(b"\xfftOc\0\0\0\x02")?;
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    let fanout = body.get(..1024)?;
    let count = number(fanout.get(1020..)?)? as usize;
    if count > OBJECTS_MAX * 2 {
        return None;
    }
    let names_end = 1024 + count * format.len();
    let offsets_begin = names_end + count * 4;
    let long_begin = offsets_begin + count * 4;
    let names: Vec<Oid> = body
        .get(1024..names_end)?
        .chunks_exact(format.len())
        .map(|name| Oid::read(format, name))
        .collect::<Option<_>>()?;
    if !names.is_sorted() {
        return None;
    }
    let mut offsets = Vec::with_capacity(count);
    for short in body.get(offsets_begin..long_begin)?.chunks_exact(4) {
        let short = number(short)?;
        if short & 0x8000_0000 == 0 {
            offsets.push(u64::from(short));
        } else {
            let at = long_begin + (short & 0x7fff_ffff) as usize * 8;
            offsets.push(u64::from_be_bytes(body.get(at..at.checked_add(8)?)?.try_into().ok()?));
        }
    }
    Some((names, offsets))
}
