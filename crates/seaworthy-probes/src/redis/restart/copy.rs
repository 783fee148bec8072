//! Copies the files that would be loaded into a folder of ours, which nobody else can read. Follows no links, stops at a bound, and
//! takes nothing that is not the server's own: a setting may name any file of the machine.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::fcntl::OFlag;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::redis::{COPY_BYTES_MAX, COPY_FILES_MAX};
use tempfile::TempDir;

use super::owner::Owner;
use super::settings::Settings;
use crate::redis::facts::LoadedFrom;

/// A folder as a server would find it. What is not there is not copied: then it would find nothing either.
pub(super) fn made(owner: &Owner, settings: &Settings) -> Result<TempDir, Unseen> {
    let folder = tempfile::Builder::new()
        .prefix("seaworthy-redis-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(|error| broken(&error))?;
    let mut copying = Copying { uid: owner.uid, left: COPY_BYTES_MAX };
    let (from, to) = (&owner.way, folder.path());
    match (settings.from, &settings.append_folder) {
        (LoadedFrom::Snapshot, _) => {
            copying.file(&from.join(&settings.snapshot), &to.join(&settings.snapshot))?;
        }
        (LoadedFrom::AppendOnlyFile, None) => {
            copying.file(&from.join(&settings.append_only), &to.join(&settings.append_only))?;
        }
        (LoadedFrom::AppendOnlyFile, Some(parts)) => copying.all(&from.join(parts), &to.join(parts))?,
    }
    Ok(folder)
}

struct Copying {
    /// Whose files are taken.
    uid: u32,
    left: u64,
}

impl Copying {
    /// The files of a folder, the list of them last: what it names was there before.
    fn all(&mut self, from: &Path, to: &Path) -> Result<(), Unseen> {
        match fs::symlink_metadata(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unread(&error)),
            Ok(metadata) if !metadata.is_dir() || metadata.uid() != self.uid => return Err(foreign()),
            Ok(_) => {}
        }
        fs::create_dir(to).map_err(|error| broken(&error))?;
        let mut names = Vec::new();
        for entry in fs::read_dir(from).map_err(|error| unread(&error))? {
            names.push(entry.map_err(|error| unread(&error))?.file_name());
            if names.len() > COPY_FILES_MAX {
                return Err(Unseen::new(Blind::CutShort, "the append-only file has too many parts"));
            }
        }
        names.sort_by_key(|name| name.as_encoded_bytes().ends_with(b".manifest"));
        names.iter().try_for_each(|name| self.file(&from.join(name), &to.join(name)))
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<(), Unseen> {
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let source = match File::options().read(true).custom_flags(flags.bits()).open(from) {
            Ok(source) => source,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(foreign()),
            Err(error) => return Err(unread(&error)),
        };
        let metadata = source.metadata().map_err(|error| unread(&error))?;
        if !metadata.is_file() || metadata.uid() != self.uid {
            return Err(foreign());
        }
        let mut target = File::create_new(to).map_err(|error| broken(&error))?;
        let copied =
            io::copy(&mut source.take(self.left + 1), &mut target).map_err(|error| broken(&error))?;
        self.left = self.left.checked_sub(copied).ok_or_else(|| {
            let why = format!("the files of the data are longer than {} MiB", COPY_BYTES_MAX >> 20);
            Unseen::new(Blind::CutShort, why).give("a rehearsed restore of a backup, which has no such bound")
        })?;
        Ok(())
    }
}

fn foreign() -> Unseen {
    let why = "what would be loaded is no regular file of the server's own user";
    Unseen::new(Blind::Unsupported, why)
        .give("the files themselves in the server's folder, owned by its user")
}

fn unread(error: &io::Error) -> Unseen {
    Unseen::new(Blind::Denied, format!("the files of the data could not be read: {}", error.kind()))
        .give("run `seaworthy check` as root or as the server's user")
}

fn broken(error: &io::Error) -> Unseen {
    Unseen::new(Blind::Crashed, format!("the files of the data could not be copied: {}", error.kind()))
        .give("room in the folder for temporary files (`TMPDIR`)")
}
