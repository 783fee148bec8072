//! Reads files below a root that may be hostile: a container's file system, or this machine's own.
//!
//! Links are resolved inside the root by the kernel (`openat2` with `RESOLVE_IN_ROOT`), so none leads out. Only
//! regular files are opened for reading, so no FIFO is waited for and no device is touched. Never writes.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::sys::statvfs::{Statvfs, fstatvfs};
use seaworthy_core::facts::{Blind, Unseen};

/// How often a path is resolved again when something was renamed meanwhile.
const RESOLVE_TRIES_MAX: usize = 8;

/// A directory as the root of every path.
#[derive(Debug)]
pub(crate) struct Tree {
    root: OwnedFd,
    path: PathBuf,
}

impl Tree {
    /// Opens the root. `path` is followed as it is: `/`, `/proc/PID/root`.
    pub(crate) fn open(path: &Path) -> Result<Self, Unseen> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        nix::fcntl::open(path, flags, Mode::empty())
            .map(|root| Self { root, path: path.to_owned() })
            .map_err(|errno| unseen(errno, &path.display().to_string()))
    }

    /// The path as a person on this machine would write it.
    pub(super) fn shown(&self, path: &str) -> String {
        let root = self.path.display().to_string();
        format!("{}/{}", root.trim_end_matches('/'), path.trim_start_matches('/'))
    }

    /// What stands at `path`, links followed inside the root. `None` when nothing does.
    pub(super) fn stat(&self, path: &str) -> Result<Option<FileStat>, Unseen> {
        let Some(handle) = self.resolve(path)? else { return Ok(None) };
        fstat(&handle).map(Some).map_err(|errno| unseen(errno, &self.shown(path)))
    }

    /// Whether something stands at `path`.
    pub(crate) fn has(&self, path: &str) -> Result<bool, Unseen> {
        Ok(self.resolve(path)?.is_some())
    }

    /// Whether a name stands at `path`, be it a link that leads nowhere.
    pub(super) fn has_link(&self, path: &str) -> Result<bool, Unseen> {
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC);
        Ok(self.resolve_how(path, how)?.is_some())
    }

    /// The size of the file system that holds `path`.
    pub(super) fn file_system(&self, path: &str) -> Result<Option<Statvfs>, Unseen> {
        let Some(handle) = self.resolve(path)? else { return Ok(None) };
        fstatvfs(&handle).map(Some).map_err(|errno| unseen(errno, &self.shown(path)))
    }

    /// The content of a regular file of at most `max` bytes. `None` when there is none.
    pub(crate) fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Unseen> {
        let Some(file) = self.file(path)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(max + 1).read_to_end(&mut content).map_err(|error| self.failed(path, &error))?;
        if content.len() as u64 > max {
            let why = format!("{} has more than {max} bytes", self.shown(path));
            return Err(Unseen::new(Blind::CutShort, why));
        }
        Ok(Some(content))
    }

    /// The same as UTF-8.
    pub(crate) fn text(&self, path: &str, max: u64) -> Result<Option<String>, Unseen> {
        let garbled = |_| Unseen::new(Blind::Garbled, format!("{} is not UTF-8", self.shown(path)));
        self.read(path, max)?.map(|content| String::from_utf8(content).map_err(garbled)).transpose()
    }

    /// A regular file to be read piece by piece. `None` when there is none.
    pub(super) fn file(&self, path: &str) -> Result<Option<File>, Unseen> {
        let Some(handle) = self.resolve(path)? else { return Ok(None) };
        let stat = fstat(&handle).map_err(|errno| unseen(errno, &self.shown(path)))?;
        if kind(&stat) != SFlag::S_IFREG {
            let why = format!("{} is not a regular file", self.shown(path));
            return Err(Unseen::new(Blind::Unsupported, why));
        }
        // The handle names what was just judged; opening the path again could meet something else.
        let again = format!("/proc/self/fd/{}", handle.as_raw_fd());
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let opened = nix::fcntl::open(again.as_str(), flags, Mode::empty());
        opened.map(|fd| Some(File::from(fd))).map_err(|errno| unseen(errno, &self.shown(path)))
    }

    /// The names in a directory, sorted, at most `max`. `None` when there is no such directory.
    pub(super) fn names(&self, path: &str, max: usize) -> Result<Option<Vec<OsString>>, Unseen> {
        let Some(handle) = self.resolve(path)? else { return Ok(None) };
        let again = format!("/proc/self/fd/{}", handle.as_raw_fd());
        let entries = match std::fs::read_dir(again) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(self.failed(path, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            if names.len() == max {
                let why = format!("{} has more than {max} entries", self.shown(path));
                return Err(Unseen::new(Blind::CutShort, why));
            }
            names.push(entry.map_err(|error| self.failed(path, &error))?.file_name());
        }
        names.sort();
        Ok(Some(names))
    }

    fn resolve(&self, path: &str) -> Result<Option<OwnedFd>, Unseen> {
        self.resolve_how(path, OpenHow::new().flags(OFlag::O_PATH | OFlag::O_CLOEXEC))
    }

    fn resolve_how(&self, path: &str, how: OpenHow) -> Result<Option<OwnedFd>, Unseen> {
        let how = how.resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let mut answer = Err(Errno::EAGAIN);
        for _ in 0..RESOLVE_TRIES_MAX {
            answer = openat2(&self.root, path, how);
            if !matches!(answer, Err(Errno::EAGAIN | Errno::EINTR)) {
                break;
            }
        }
        match answer {
            Ok(handle) => Ok(Some(handle)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
            Err(errno) => Err(unseen(errno, &self.shown(path))),
        }
    }

    fn failed(&self, path: &str, error: &std::io::Error) -> Unseen {
        unseen(Errno::from_raw(error.raw_os_error().unwrap_or_default()), &self.shown(path))
    }
}

/// The kind of a file: `S_IFREG`, `S_IFDIR`, …
pub(super) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}

/// The reason in our words, and what helps.
pub(super) fn unseen(errno: Errno, shown: &str) -> Unseen {
    match errno {
        Errno::EACCES | Errno::EPERM => {
            Unseen::new(Blind::Denied, format!("no right to read {shown}")).give(AS_ROOT)
        }
        Errno::ENOENT | Errno::ESRCH => Unseen::new(Blind::Unreachable, format!("{shown} is not there")),
        Errno::ELOOP => Unseen::new(Blind::Garbled, format!("{shown} leads round in links")),
        Errno::ENOSYS => Unseen::new(Blind::Unsupported, "the kernel is older than 5.6 and has no openat2")
            .give("run it on Linux 5.6 or newer"),
        other => Unseen::new(Blind::Unreachable, format!("{shown}: {}", other.desc())),
    }
}

/// What helps where a right is missing.
pub(super) const AS_ROOT: &str = "run `seaworthy check` as root on that machine";
