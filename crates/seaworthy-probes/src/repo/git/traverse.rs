//! Reads every object once, packs in their own order, each delta applied to a base that is at hand.
//!
//! Bounded by the sink, which can stop it, and by what one thread may hold.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use seaworthy_core::limits::repo::{DELTA_BYTES_MAX, OBJECT_BYTES_MAX, SEARCHED_FILE_BYTES_MAX};

use super::delta;
use super::inflate;
use super::object::{Kind, Oid};
use super::objects::Objects;
use super::pack::{HEAD_BYTES_MAX, NOWHERE, Pack, What};
use crate::repo::tree::OpenFile;

/// Gets the objects.
pub(crate) trait Sink: Sync {
    /// One object whose content has the digest that it is named by.
    fn object(&self, number: u32, kind: Kind, content: &[u8]);
    /// A piece of a blob too long to be held; pieces come in order, from one thread.
    fn piece(&self, number: u32, piece: &[u8], first: bool);
    /// Whether to stop.
    fn stop(&self) -> bool;
}

/// What could not be read.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Entries that are damaged, or whose content does not have the digest they are named by.
    pub(crate) damaged: AtomicU64,
    /// Entries too long to be held.
    pub(crate) too_long: AtomicU64,
}

/// Reads all objects with this many threads.
pub(crate) fn all(objects: &Objects, sink: &impl Sink, threads: usize) -> Faults {
    let faults = Faults::default();
    for pack in &objects.packs {
        let Some(plan) = Plan::of(objects, pack, &faults) else {
            faults.damaged.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let reader = Reader { objects, sink, faults: &faults };
        in_threads(threads, plan.bases.len(), sink, |index| {
            if let Some(base) = plan.bases.get(index) {
                reader.family(&plan, *base as usize);
            }
        });
    }
    in_threads(threads, objects.loose.len(), sink, |index| {
        let Some(number) = objects.loose.get(index).copied() else { return };
        match objects.read_loose(number) {
            Some((kind, content)) => {
                Reader { objects, sink, faults: &faults }.hand_on(number, kind, &content);
            }
            None => drop(faults.damaged.fetch_add(1, Ordering::Relaxed)),
        }
    });
    faults
}

fn in_threads(threads: usize, count: usize, sink: &impl Sink, one: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    let work = || {
        while !sink.stop() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            one(index);
        }
    };
    if threads <= 1 || count < 64 {
        return work();
    }
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

/// Which entries of a pack are made of which.
struct Plan<'a> {
    pack: &'a Pack,
    file: OpenFile,
    /// Positions of the entries that are objects by themselves.
    bases: Vec<u32>,
    /// For each position where its children begin in `children`; one more at the end.
    begins: Vec<u32>,
    children: Vec<u32>,
}

impl<'a> Plan<'a> {
    /// Reads only the heads of the entries.
    fn of(objects: &Objects, pack: &'a Pack, faults: &Faults) -> Option<Self> {
        let file = pack.open_file(objects.tree()).ok()?;
        let count = pack.order.len();
        let mut parents = vec![NOWHERE; count];
        let mut bases = Vec::new();
        let mut heads = Window { file: &file, begin: 0, bytes: Vec::new() };
        for (position, (offset, _)) in pack.order.iter().enumerate() {
            let head = heads.at(*offset).and_then(|bytes| pack.head(*offset, bytes));
            let at = u32::try_from(position).ok()?;
            let parent = match head.map(|head| head.what) {
                Some(What::Object(_)) => {
                    bases.push(at);
                    continue;
                }
                Some(what) => pack.base(what),
                None => None,
            };
            match (parent, parents.get_mut(position)) {
                (Some(parent), Some(slot)) => *slot = u32::try_from(parent).ok()?,
                _ => drop(faults.damaged.fetch_add(1, Ordering::Relaxed)),
            }
        }
        let mut begins = vec![0_u32; count + 1];
        for parent in parents.iter().filter(|parent| **parent != NOWHERE) {
            *begins.get_mut(*parent as usize + 1)? += 1;
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut children = vec![0; sum as usize];
        let mut filled = begins.clone();
        for (position, parent) in (0_u32..).zip(&parents) {
            if *parent != NOWHERE {
                let slot = filled.get_mut(*parent as usize)?;
                *children.get_mut(*slot as usize)? = position;
                *slot += 1;
            }
        }
        Some(Self { pack, file, bases, begins, children })
    }

    fn children(&self, position: usize) -> &[u32] {
        let range = self.begins.get(position).zip(self.begins.get(position + 1));
        range.and_then(|(begin, end)| self.children.get(*begin as usize..*end as usize)).unwrap_or_default()
    }
}

/// A part of a file, moved on as it is read forwards.
struct Window<'a> {
    file: &'a OpenFile,
    begin: u64,
    bytes: Vec<u8>,
}

const WINDOW_BYTES: usize = 512 * 1024;

impl Window<'_> {
    fn at(&mut self, offset: u64) -> Option<&[u8]> {
        let inside = offset.checked_sub(self.begin).and_then(|at| usize::try_from(at).ok());
        let at = match inside.filter(|at| at + HEAD_BYTES_MAX <= self.bytes.len()) {
            Some(at) => at,
            None => {
                self.bytes.resize(WINDOW_BYTES, 0);
                let filled = self.file.at(offset, &mut self.bytes).ok()?;
                self.bytes.truncate(filled);
                self.begin = offset;
                0
            }
        };
        self.bytes.get(at..)
    }
}

/// An object whose children are being made.
struct Held {
    content: Vec<u8>,
    kind: Kind,
    position: usize,
    next: usize,
}

struct Reader<'a, S> {
    objects: &'a Objects,
    sink: &'a S,
    faults: &'a Faults,
}

impl<S: Sink> Reader<'_, S> {
    /// Reads one object and everything that is made of it.
    fn family(&self, plan: &Plan<'_>, base: usize) {
        let Some((what, content)) = plan.pack.inflated(&plan.file, base) else {
            return self.long(plan, base);
        };
        let What::Object(kind) = what else { return };
        self.hand_on(plan.pack.number_at(base), kind, &content);
        let mut held_bytes = content.len() as u64;
        let mut stack = vec![Held { content, kind, position: base, next: 0 }];
        while let Some(top) = stack.last_mut() {
            if self.sink.stop() {
                return;
            }
            let children = plan.children(top.position);
            let Some(child) = children.get(top.next).map(|child| *child as usize) else {
                held_bytes -= top.content.len() as u64;
                stack.pop();
                continue;
            };
            top.next += 1;
            let (kind, last) = (top.kind, top.next == children.len());
            let made = self.made(plan, &top.content, child);
            if last {
                // Nothing else is made of it: long chains then hold one object, not all.
                held_bytes -= top.content.len() as u64;
                top.content = Vec::new();
            }
            let Some(content) = made else { continue };
            self.hand_on(plan.pack.number_at(child), kind, &content);
            if plan.children(child).is_empty() {
                continue;
            }
            if held_bytes + content.len() as u64 > DELTA_BYTES_MAX {
                self.faults.too_long.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            held_bytes += content.len() as u64;
            stack.push(Held { content, kind, position: child, next: 0 });
        }
    }

    fn made(&self, plan: &Plan<'_>, base: &[u8], child: usize) -> Option<Vec<u8>> {
        let Some((_, delta)) = plan.pack.inflated(&plan.file, child) else {
            self.faults.damaged.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let made = delta::apply(base, &delta, OBJECT_BYTES_MAX);
        match made {
            Err(delta::DeltaFault::Damaged) => self.faults.damaged.fetch_add(1, Ordering::Relaxed),
            Err(delta::DeltaFault::TooLong) => self.faults.too_long.fetch_add(1, Ordering::Relaxed),
            Ok(_) => 0,
        };
        made.ok()
    }

    /// Gives the sink an object that is counted here and is what its name says.
    fn hand_on(&self, number: u32, kind: Kind, content: &[u8]) {
        let Some(name) = self.objects.name(number) else { return };
        if self.objects.format.name(kind, content) == *name {
            self.sink.object(number, kind, content);
        } else {
            self.faults.damaged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Reads a blob too long to be held in pieces. What is made of it cannot be read.
    fn long(&self, plan: &Plan<'_>, position: usize) {
        if !plan.children(position).is_empty() {
            self.faults.too_long.fetch_add(1, Ordering::Relaxed);
        }
        let number = plan.pack.number_at(position);
        let Some(name) = self.objects.name(number) else { return };
        match self.in_pieces(plan, position, number) {
            Some(read) if read == *name => {}
            _ if self.sink.stop() => {}
            _ => drop(self.faults.damaged.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn in_pieces(&self, plan: &Plan<'_>, position: usize, number: u32) -> Option<Oid> {
        let (begin, end) = plan.pack.span(position)?;
        let mut first_bytes = vec![0; HEAD_BYTES_MAX];
        let filled = plan.file.at(begin, &mut first_bytes).ok()?;
        let head = plan.pack.head(begin, first_bytes.get(..filled)?)?;
        if head.what != What::Object(Kind::Blob) || head.size > SEARCHED_FILE_BYTES_MAX {
            return None;
        }
        let mut at = begin + head.length as u64;
        let mut digest = self.objects.format.digest(Kind::Blob, head.size);
        let mut first = true;
        inflate::in_pieces(
            |buffer| {
                let length = end.saturating_sub(at).min(WINDOW_BYTES as u64);
                buffer.resize(usize::try_from(length).ok()?, 0);
                let filled = plan.file.at(at, buffer).ok()?;
                buffer.truncate(filled);
                at += filled as u64;
                Some(())
            },
            head.size,
            |piece| {
                digest.update(piece);
                self.sink.piece(number, piece, std::mem::replace(&mut first, false));
                (!self.sink.stop()).then_some(())
            },
        )?;
        Some(digest.finish())
    }
}
