//! Copies the files that would be loaded into a folder of ours. Follows no links and stops at a bound.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
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
    let folder =
        tempfile::Builder::new().prefix("seaworthy-redis-").tempdir().map_err(|error| broken(&error))?;
    let mut left = COPY_BYTES_MAX;
    match (settings.from, &settings.append_folder) {
        (LoadedFrom::Snapshot, _) => {
            file(&owner.way.join(&settings.snapshot), &folder.path().join(&settings.snapshot), &mut left)?;
        }
        (LoadedFrom::AppendOnlyFile, None) => {
            file(
                &owner.way.join(&settings.append_only),
                &folder.path().join(&settings.append_only),
                &mut left,
            )?;
        }
        (LoadedFrom::AppendOnlyFile, Some(parts)) => {
            all(&owner.way.join(parts), &folder.path().join(parts), &mut left)?;
        }
    }
    Ok(folder)
}

/// The files of a folder, the list of them last: what it names was there before.
fn all(from: &Path, to: &Path, left: &mut u64) -> Result<(), Unseen> {
    if !fs::symlink_metadata(from).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
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
    names.iter().try_for_each(|name| file(&from.join(name), &to.join(name), left))
}

fn file(from: &Path, to: &Path, left: &mut u64) -> Result<(), Unseen> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let source = match File::options().read(true).custom_flags(flags.bits()).open(from) {
        Ok(source) => source,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unread(&error)),
    };
    if !source.metadata().map_err(|error| unread(&error))?.is_file() {
        return Ok(());
    }
    let mut target = File::create_new(to).map_err(|error| broken(&error))?;
    let copied = io::copy(&mut source.take(*left + 1), &mut target).map_err(|error| broken(&error))?;
    *left = left.checked_sub(copied).ok_or_else(|| {
        let why = format!("the files of the data are longer than {} MiB", COPY_BYTES_MAX >> 20);
        Unseen::new(Blind::CutShort, why).give("a rehearsed restore of a backup, which has no such bound")
    })?;
    Ok(())
}

fn unread(error: &io::Error) -> Unseen {
    Unseen::new(Blind::Denied, format!("the files of the data could not be read: {}", error.kind()))
        .give("run `seaworthy check` as root or as the server's user")
}

fn broken(error: &io::Error) -> Unseen {
    Unseen::new(Blind::Crashed, format!("the files of the data could not be copied: {}", error.kind()))
        .give("room in the folder for temporary files (`TMPDIR`)")
}
