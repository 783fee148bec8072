//! A directory below which everything is opened, and nothing outside it.
//!
//! Paths are walked component by component from an open directory handle and links are never followed, so neither a
//! link nor a directory that is swapped while we look can lead out. Only regular files are opened, without blocking.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, OFlag, open, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};
use seaworthy_core::facts::{Blind, Unseen};

/// An open directory; everything is opened relative to it.
#[derive(Debug)]
pub(crate) struct Tree {
    root: OwnedFd,
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
    /// A pipe, a socket, a device: never opened.
    Other,
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// What it is, as the bits of a mode.
    pub(crate) kind: u32,
    /// Permission bits.
    pub(crate) mode: u32,
    /// Size in bytes.
    pub(crate) size: u64,
    /// When it was changed last, in seconds and nanoseconds.
    pub(crate) modified: (i64, i64),
}

/// A directory entry: its name and what it is.
pub(crate) type Entry = (Vec<u8>, Kind);

/// An opened regular file.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    /// Size in bytes when it was opened.
    pub(crate) size: u64,
    /// Permission bits.
    pub(crate) mode: u32,
}

const DIRECTORY: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK);
const REGULAR: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK)
    .union(OFlag::O_NOCTTY);

impl Tree {
    /// Opens the directory that the user named; only here may the path itself lead over links.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        Ok(Self { root: open(root, flags, Mode::empty())? })
    }

    /// A directory below this one as a tree of its own.
    pub(crate) fn below(&self, path: &Path) -> io::Result<Self> {
        Ok(Self { root: self.directory(path)? })
    }

    /// Opens a directory by its relative path. The empty path is this directory itself.
    pub(crate) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        let mut at = openat(self.root.as_fd(), ".", DIRECTORY, Mode::empty())?;
        for component in path.components() {
            at = openat(at.as_fd(), plain(component)?, DIRECTORY, Mode::empty())?;
        }
        Ok(at)
    }

    /// Opens a regular file by its relative path.
    pub(crate) fn file(&self, path: &Path) -> io::Result<OpenFile> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        file_at(self.directory(parent)?.as_fd(), name)
    }

    /// Reads a regular file whole, or says why not.
    pub(crate) fn read(&self, path: &Path, bytes_max: u64) -> Result<Vec<u8>, Unseen> {
        let shown = path.display();
        let file = self.file(path).map_err(|error| unseen(&shown.to_string(), &error))?;
        if file.size > bytes_max {
            let why = format!("`{shown}` has {} bytes, more than {bytes_max}", file.size);
            return Err(Unseen::new(Blind::CutShort, why));
        }
        file.whole(bytes_max).map_err(|error| unseen(&shown.to_string(), &error))
    }

    /// Reads a regular file that may be absent.
    pub(crate) fn read_if_any(&self, path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Unseen> {
        match self.kind(path) {
            Ok(None) => Ok(None),
            Ok(Some(_)) | Err(_) => self.read(path, bytes_max).map(Some),
        }
    }

    /// What stands at a relative path, `None` when nothing does.
    pub(crate) fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Some(Kind::Directory));
        };
        let found = self.directory(parent).and_then(|at| Ok(stat_at(at.as_fd(), name)?));
        match found {
            Ok(stat) => Ok(Some(kind_of(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What is known of what stands at a relative path, itself where it is a link; `None` when nothing does.
    pub(crate) fn stat(&self, path: &Path) -> io::Result<Option<Stat>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        match self.directory(parent).and_then(|at| Ok(stat_at(at.as_fd(), name)?)) {
            Ok(stat) => Ok(Some(Stat {
                kind: stat.st_mode & SFlag::S_IFMT.bits(),
                mode: stat.st_mode & 0o7777,
                size: u64::try_from(stat.st_size).unwrap_or(0),
                modified: (stat.st_mtime, stat.st_mtime_nsec),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a link says.
    pub(crate) fn link(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        Ok(readlinkat(self.directory(parent)?.as_fd(), name)?.into_encoded_bytes())
    }

    /// The entries of a directory with their kinds, sorted by name; at most `max`, and whether there were more.
    pub(crate) fn entries(&self, path: &Path, max: usize) -> io::Result<(Vec<Entry>, bool)> {
        let mut directory = Dir::from_fd(self.directory(path)?)?;
        let again = self.directory(path)?;
        let mut entries = Vec::new();
        let mut more = false;
        for entry in directory.iter() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if entries.len() == max {
                more = true;
                break;
            }
            let kind = match entry.file_type() {
                Some(Type::File) => Kind::File,
                Some(Type::Directory) => Kind::Directory,
                Some(Type::Symlink) => Kind::Link,
                Some(_) => Kind::Other,
                // Some file systems do not say; a file that is gone by now is no file of ours.
                None => {
                    stat_at(again.as_fd(), OsStr::from_bytes(name)).map_or(Kind::Other, |stat| kind_of(&stat))
                }
            };
            entries.push((name.to_vec(), kind));
        }
        entries.sort();
        Ok((entries, more))
    }
}

/// Opens a regular file in an open directory.
pub(crate) fn file_at(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<OpenFile> {
    // Asked before opening, because opening alone makes some devices act.
    let before = stat_at(directory, name)?;
    if kind_of(&before) != Kind::File {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
    }
    let opened = openat(directory, name, REGULAR, Mode::empty())?;
    let stat = fstat(opened.as_fd())?;
    if kind_of(&stat) != Kind::File {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
    }
    Ok(OpenFile {
        file: File::from(opened),
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: stat.st_mode & 0o7777,
    })
}

impl OpenFile {
    /// Everything, at most `bytes_max`: a file that grows while it is read stays bounded.
    pub(crate) fn whole(&self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.size.min(bytes_max)).unwrap_or(0));
        self.whole_into(bytes_max, &mut bytes)?;
        Ok(bytes)
    }

    /// The same into a buffer that is used again.
    pub(crate) fn whole_into(&self, bytes_max: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        use std::io::Read;
        bytes.clear();
        let mut bounded = (&self.file).take(bytes_max);
        bounded.read_to_end(bytes).map(drop)
    }

    /// Fills `buffer` from `offset` as far as the file goes and says how far.
    pub(crate) fn at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let Some(rest) = buffer.get_mut(filled..) else { break };
            match self.file.read_at(rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

/// Says why a file or directory could not be read.
pub(crate) fn unseen(shown: &str, error: &io::Error) -> Unseen {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Unseen::new(Blind::Denied, format!("`{shown}` may not be read"))
            .give(format!("let the user who runs Seaworthy read `{shown}`")),
        io::ErrorKind::NotFound => Unseen::new(Blind::Unreachable, format!("`{shown}` does not exist"))
            .give("look again when nothing changes the files"),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotADirectory => odd(shown),
        _ if error.raw_os_error() == Some(nix::libc::ELOOP) => odd(shown),
        _ => Unseen::new(Blind::Unreachable, format!("`{shown}` could not be read: {}", error.kind()))
            .give(format!("see why: cat {}", super::lines::quoted(shown))),
    }
}

fn odd(shown: &str) -> Unseen {
    Unseen::new(Blind::Unsupported, format!("`{shown}` is a link or no regular file, which is not opened"))
        .give(format!("put the file itself in the place of `{shown}`"))
}

fn plain(component: Component<'_>) -> io::Result<&OsStr> {
    match component {
        Component::Normal(name) => Ok(name),
        Component::CurDir => Ok(OsStr::new(".")),
        Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the path leaves its directory"))
        }
    }
}

fn stat_at(directory: BorrowedFd<'_>, name: &OsStr) -> nix::Result<FileStat> {
    fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)
}

fn kind_of(stat: &FileStat) -> Kind {
    match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFREG => Kind::File,
        SFlag::S_IFDIR => Kind::Directory,
        SFlag::S_IFLNK => Kind::Link,
        _ => Kind::Other,
    }
}
