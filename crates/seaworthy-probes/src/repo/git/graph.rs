//! Which objects refer to which, and which of them can be reached from the references.
//!
//! "Nothing was found in the history" may be said only when everything that can be reached was read.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use seaworthy_core::limits::repo::EDGES_MAX;

use super::object::{self, GITLINK, Kind, Oid, TreeEntries};
use super::objects::Objects;

/// References between objects, filled while they are read.
#[derive(Debug)]
pub(crate) struct Graph {
    filled: Mutex<Filled>,
}

#[derive(Debug)]
struct Filled {
    /// Kind of each object and where its references begin in `edges`; `None` while it was not read.
    nodes: Vec<Option<(Kind, u32)>>,
    edges: Vec<u32>,
}

/// In `edges`: the object that is referred to is not in the store.
const MISSING: u32 = u32::MAX;
/// In `edges`: the list ends.
const END: u32 = u32::MAX - 1;

/// What was found on the way from the references.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// Objects that are referred to and were not read, or are not there.
    pub(crate) unread_count: u64,
    /// Each wanted object that was reached, once.
    pub(crate) found: Vec<Found>,
    /// Commits in all.
    pub(crate) commits_count: u64,
}

/// Where a wanted object was reached first.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) object: u32,
    /// The oldest commit that has it; `None` when a tag names it directly.
    pub(crate) commit: Option<u32>,
    /// The trees from the commit's own down to the one that names the object.
    pub(crate) trees: Vec<u32>,
}

/// What a commit has of the looked-at directory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inside {
    /// Its tree.
    Tree(u32),
    /// The directory was not there.
    Nothing,
    /// A tree on the way could not be read.
    Unread,
}

impl Graph {
    pub(crate) fn new(objects: usize) -> Self {
        Self { filled: Mutex::new(Filled { nodes: vec![None; objects], edges: Vec::new() }) }
    }

    /// Notes what an object refers to. Returns `false` when there is no more room.
    ///
    /// A damaged object stays unread, because what it refers to is unknown.
    pub(crate) fn note(&self, objects: &Objects, number: u32, kind: Kind, content: &[u8]) -> bool {
        let Some(targets) = targets(objects, kind, content) else { return true };
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let Filled { nodes, edges } = &mut *filled;
        if edges.len() + targets.len() >= EDGES_MAX {
            return false;
        }
        if let (Some(node), Ok(begin)) = (nodes.get_mut(number as usize), u32::try_from(edges.len())) {
            *node = Some((kind, begin));
            if kind != Kind::Blob {
                edges.extend(targets);
                edges.push(END);
            }
        }
        true
    }

    /// Walks from the tips, oldest commits first, and looks for the wanted objects. Of each commit's tree it walks
    /// what `inside` gives for it: the tree itself, or that of the looked-at directory.
    pub(crate) fn reach(
        self,
        tips: &[u32],
        wanted: &BTreeSet<u32>,
        inside: &dyn Fn(u32) -> Inside,
    ) -> Reached {
        let filled = self.filled.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seen = vec![false; filled.nodes.len()];
        let mut walk = Walk { filled, wanted, inside, seen, reached: Reached::default() };
        for number in walk.oldest_first(tips) {
            walk.from(number);
        }
        walk.reached
    }
}

/// The numbers of the objects that one refers to: for a commit its tree and then its parents.
fn targets(objects: &Objects, kind: Kind, content: &[u8]) -> Option<Vec<u32>> {
    let format = objects.format;
    let number = |oid: &Oid| objects.find(oid).unwrap_or(MISSING);
    match kind {
        Kind::Blob => Some(Vec::new()),
        Kind::Tag => Some(vec![number(&object::tag_target(format, content)?)]),
        Kind::Commit => {
            let commit = object::commit(format, content)?;
            Some(std::iter::once(&commit.tree).chain(&commit.parents).map(number).collect())
        }
        Kind::Tree => {
            let mut entries = TreeEntries::new(format, content);
            let own = entries.by_ref().filter(|entry| entry.mode != GITLINK);
            let targets = own.map(|entry| number(&entry.oid)).collect();
            entries.sound.then_some(targets)
        }
    }
}

struct Walk<'a> {
    filled: Filled,
    wanted: &'a BTreeSet<u32>,
    inside: &'a dyn Fn(u32) -> Inside,
    seen: Vec<bool>,
    reached: Reached,
}

impl Walk<'_> {
    fn kind(&self, number: u32) -> Option<Kind> {
        self.filled.nodes.get(number as usize).copied().flatten().map(|(kind, _)| kind)
    }

    fn target(&self, number: u32, nth: usize) -> Option<u32> {
        let (kind, begin) = self.filled.nodes.get(number as usize).copied().flatten()?;
        if kind == Kind::Blob {
            return None;
        }
        // The caller goes on from one to the next, so it never asks past the end of the list.
        self.filled.edges.get(begin as usize + nth).copied().filter(|target| *target != END)
    }

    /// Marks an object and says whether this was the first time. One that is not there counts as unread each time.
    fn first(&mut self, number: u32) -> bool {
        match self.seen.get_mut(number as usize) {
            Some(seen) => !std::mem::replace(seen, true),
            None => {
                self.reached.unread_count += 1;
                false
            }
        }
    }

    /// Commits with their parents before them, and what tags name.
    fn oldest_first(&mut self, tips: &[u32]) -> Vec<u32> {
        let mut order = Vec::new();
        let mut stack = Vec::new();
        for tip in tips {
            stack.push((*tip, false));
            while let Some((number, left)) = stack.pop() {
                if left {
                    order.push(number);
                    continue;
                }
                if matches!(self.kind(number), Some(Kind::Tree | Kind::Blob)) {
                    // Marked when it is walked, for it may also be a part of a commit's tree.
                    order.push(number);
                    continue;
                }
                if !self.first(number) {
                    continue;
                }
                stack.push((number, true));
                let mut nth = usize::from(self.kind(number) == Some(Kind::Commit));
                while let Some(target) = self.target(number, nth) {
                    stack.push((target, false));
                    nth += 1;
                }
            }
        }
        order
    }

    fn from(&mut self, number: u32) {
        match self.kind(number) {
            None => self.reached.unread_count += 1,
            Some(Kind::Tag) => self.found(number, None, &[]),
            Some(Kind::Commit) => {
                self.reached.commits_count += 1;
                self.found(number, Some(number), &[]);
                match self.target(number, 0).map(self.inside) {
                    Some(Inside::Tree(tree)) => self.content(tree, Some(number)),
                    Some(Inside::Unread) => self.reached.unread_count += 1,
                    Some(Inside::Nothing) | None => {}
                }
            }
            Some(Kind::Tree | Kind::Blob) => self.content(number, None),
        }
    }

    /// Walks a tree, or looks at a single blob.
    fn content(&mut self, top: u32, commit: Option<u32>) {
        if !self.first(top) {
            return;
        }
        let mut trees: Vec<u32> = Vec::new();
        let mut nexts: Vec<usize> = Vec::new();
        let mut entered = Some(top);
        loop {
            if let Some(number) = entered.take() {
                match self.kind(number) {
                    Some(Kind::Tree) => {
                        trees.push(number);
                        nexts.push(0);
                    }
                    Some(Kind::Blob | Kind::Commit | Kind::Tag) => self.found(number, commit, &trees),
                    None => self.reached.unread_count += 1,
                }
            }
            let (Some(tree), Some(next)) = (trees.last(), nexts.last_mut()) else { return };
            let (tree, nth) = (*tree, *next);
            *next += 1;
            match self.target(tree, nth) {
                Some(target) => entered = self.first(target).then_some(target),
                None => {
                    self.found(tree, commit, &trees);
                    trees.pop();
                    nexts.pop();
                }
            }
        }
    }

    fn found(&mut self, object: u32, commit: Option<u32>, trees: &[u32]) {
        if self.wanted.contains(&object) {
            self.reached.found.push(Found { object, commit, trees: trees.to_vec() });
        }
    }
}
