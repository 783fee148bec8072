//! The file of a store and the folder around it.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Name of the folder in which a store stands beside the code.
const BESIDE: &str = ".seaworthy";

/// Refuses a store that is a link, or whose folder beside the code is one: a checkout could lead it to any file that the user may
/// write.
pub(super) fn refuse_links(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| folder.file_name().is_some_and(|name| name == BESIDE));
    let beside = ["-wal", "-shm", "-journal"].map(|ending| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    });
    for path in beside.iter().map(PathBuf::as_path).chain(folder).chain([path]) {
        if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_symlink()) {
            let why = format!("{} is a symbolic link", path.display());
            return Err(Error::new(ErrorKind::InvalidInput, why));
        }
    }
    Ok(())
}

/// Whether something was written that is not in the file itself yet.
pub(super) fn has_more(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(PathBuf::from(log)).is_ok_and(|meta| meta.len() > 0)
}

/// Makes the folder and the file so that only their owner may read them. An existing file stays as it is.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // The store stands beside the code and is no part of it.
        if folder.file_name().is_some_and(|name| name == BESIDE) {
            std::fs::write(folder.join(".gitignore"), "*\n")?;
        }
    }
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
