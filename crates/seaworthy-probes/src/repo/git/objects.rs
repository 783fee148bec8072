//! The object store: which objects there are, where they lie, and one of them by its name.

use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{GIT_FILE_BYTES_MAX, OBJECT_BYTES_MAX, OBJECTS_MAX, PACKS_MAX};

use super::inflate;
use super::object::{Format, Kind, Oid};
use super::pack::Pack;
use crate::repo::tree::{self, Tree, unseen};

/// All objects of a repository, numbered in the order of their names.
#[derive(Debug)]
pub(crate) struct Objects {
    pub(crate) format: Format,
    pub(crate) packs: Vec<Pack>,
    /// Numbers of the objects that lie in files of their own.
    pub(crate) loose: Vec<u32>,
    /// Why not all objects are here, if so.
    pub(crate) cut: Vec<Unseen>,
    names: Vec<Oid>,
    places: Vec<Place>,
    tree: Tree,
}

/// Where an object lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a file of its own.
    Loose,
    /// The entry with this number of that pack.
    Packed { pack: u32, entry: u32 },
}

impl Objects {
    /// Lists packs and loose objects without reading them.
    pub(crate) fn list(format: Format, tree: Tree) -> Result<Self, Unseen> {
        let mut cut = Vec::new();
        let (packs, names) = packs(format, &tree, &mut cut)?;
        let mut all: Vec<(Oid, Place)> = Vec::new();
        for (number, names) in names.into_iter().enumerate() {
            let pack = u32::try_from(number).unwrap_or(u32::MAX);
            all.extend(names.into_iter().zip(0..).map(|(oid, entry)| (oid, Place::Packed { pack, entry })));
        }
        loose(format, &tree, &mut all)?;
        if all.len() > OBJECTS_MAX {
            // Reading on without a table of names would find secrets but prove nothing.
            let why = format!("the repository has {} objects, more than {OBJECTS_MAX}", all.len());
            return Err(Unseen::new(Blind::CutShort, why));
        }
        all.sort_by_key(|(oid, _)| *oid);
        all.dedup_by_key(|(oid, _)| *oid);
        if tree.kind(Path::new("info/alternates")).ok().flatten().is_some() {
            cut.push(
                Unseen::new(Blind::CutShort, "a part of the objects is borrowed from another repository")
                    .give("git repack -a -d && rm .git/objects/info/alternates"),
            );
        }
        let (names, places): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        let mut objects = Self { format, packs, loose: Vec::new(), cut, names, places, tree };
        objects.number();
        Ok(objects)
    }

    /// Tells each pack the numbers of its entries.
    fn number(&mut self) {
        for (number, place) in self.places.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            match place {
                Place::Loose => self.loose.push(number),
                Place::Packed { pack, entry } => {
                    if let Some(pack) = self.packs.get_mut(*pack as usize) {
                        pack.set_number(*entry as usize, number);
                    }
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The number of an object.
    pub(crate) fn find(&self, oid: &Oid) -> Option<u32> {
        self.names.binary_search(oid).ok().and_then(|number| u32::try_from(number).ok())
    }

    /// The name of an object.
    pub(crate) fn name(&self, number: u32) -> Option<&Oid> {
        self.names.get(number as usize)
    }

    /// Reads one object, however long the chain of deltas.
    pub(crate) fn read(&self, number: u32) -> Option<(Kind, Vec<u8>)> {
        match self.places.get(number as usize)? {
            Place::Loose => self.read_loose(number),
            Place::Packed { pack, entry } => {
                self.packs.get(*pack as usize)?.read(&self.tree, *entry as usize)
            }
        }
    }

    /// Reads an object that lies in a file of its own.
    pub(crate) fn read_loose(&self, number: u32) -> Option<(Kind, Vec<u8>)> {
        let hex = self.name(number)?.hex(self.format);
        let (directory, file) = hex.split_at_checked(2)?;
        let compressed = self.tree.read(&PathBuf::from(directory).join(file), OBJECT_BYTES_MAX).ok()?;
        loose_content(&compressed)
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }
}

/// Inflates a loose object: `blob 12\0` and the content.
fn loose_content(compressed: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let mut given = false;
    let mut content = Vec::new();
    inflate::in_pieces(
        |buffer| {
            buffer.clear();
            if !std::mem::replace(&mut given, true) {
                buffer.extend_from_slice(compressed);
            }
            Some(())
        },
        OBJECT_BYTES_MAX + 64,
        |piece| {
            content.extend_from_slice(piece);
            Some(())
        },
    )?;
    let zero = content.iter().take(64).position(|byte| *byte == 0)?;
    let head = content.get(..zero)?;
    let space = head.iter().position(|byte| *byte == b' ')?;
    let kind = Kind::from_word(head.get(..space)?)?;
    let size: usize = std::str::from_utf8(head.get(space + 1..)?).ok()?.parse().ok()?;
    content.drain(..=zero);
    (content.len() == size).then_some((kind, content))
}

type Named = (Vec<Pack>, Vec<Vec<Oid>>);

fn packs(format: Format, tree: &Tree, cut: &mut Vec<Unseen>) -> Result<Named, Unseen> {
    let directory = Path::new("pack");
    let (entries, more) = match tree.entries(directory, PACKS_MAX * 8) {
        Ok(read) => read,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Named::default()),
        Err(error) => return Err(unseen("objects/pack", &error)),
    };
    let mut found = Named::default();
    let mut count = 0;
    for (name, _) in &entries {
        let name = String::from_utf8_lossy(name);
        if name.ends_with(".promisor") {
            cut.push(
                Unseen::new(Blind::CutShort, "the clone is partial, some objects are not here")
                    .give("git fetch --refetch --no-filter"),
            );
        }
        let Some(stem) = name.strip_suffix(".idx") else { continue };
        let index = tree.read(&directory.join(&*name), GIT_FILE_BYTES_MAX)?;
        let path = directory.join(format!("{stem}.pack"));
        let (pack, names) = Pack::open(format, tree, path, &index)?;
        count += names.len();
        if count > OBJECTS_MAX || found.0.len() >= PACKS_MAX || more {
            let why = format!("the history has more than {OBJECTS_MAX} objects or {PACKS_MAX} packs");
            return Err(Unseen::new(Blind::CutShort, why));
        }
        found.0.push(pack);
        found.1.push(names);
    }
    Ok(found)
}

fn loose(format: Format, tree: &Tree, all: &mut Vec<(Oid, Place)>) -> Result<(), Unseen> {
    let (directories, _) = tree.entries(Path::new(""), 1024).map_err(|error| unseen("objects", &error))?;
    for (name, kind) in directories {
        if name.len() != 2 || kind != tree::Kind::Directory {
            continue;
        }
        let directory = PathBuf::from(String::from_utf8_lossy(&name).into_owned());
        let (files, more) =
            tree.entries(&directory, OBJECTS_MAX).map_err(|error| unseen("objects", &error))?;
        if more || all.len() + files.len() > 2 * OBJECTS_MAX {
            return Err(Unseen::new(
                Blind::CutShort,
                format!("the history has more than {OBJECTS_MAX} objects"),
            ));
        }
        for (file, _) in files {
            let hex = [name.as_slice(), file.as_slice()].concat();
            // Anything else is a temporary file of a `git` at work.
            if let Some(oid) = Oid::from_hex(format, &hex) {
                all.push((oid, Place::Loose));
            }
        }
    }
    Ok(())
}
