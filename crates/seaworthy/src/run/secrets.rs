//! Fetches the value behind a reference, from the environment or from a file that only its owner may read.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::manifest::SecretRef;
use seaworthy_probes::ask::Secrets;
use zeroize::Zeroizing;

/// Longest secret, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// `O_NONBLOCK | O_NOFOLLOW` on Linux: neither wait for a FIFO's writer nor follow a link.
const OPEN_FLAGS: i32 = 0o4000 | 0o400_000;

/// Secrets from this process's environment and from files relative to `base`.
pub(crate) fn of_this_process(base: &Path) -> Secrets {
    let base = base.to_owned();
    Arc::new(move |reference| match reference {
        SecretRef::Env(name) => match std::env::var(name) {
            Ok(value) if !value.is_empty() => Ok(value.into()),
            _ => Err(Unseen::new(Blind::NotGiven, format!("the environment variable `{name}` is not set"))
                .give(format!("export {name}=…"))),
        },
        SecretRef::File(path) => from_file(&base.join(path)).map(Into::into),
    })
}

/// Secrets that were made for this run, by name, and files that stand beside it.
pub(crate) fn of_map(values: BTreeMap<String, String>) -> Secrets {
    Arc::new(move |reference| match reference {
        SecretRef::Env(name) => match values.get(name) {
            Some(value) => Ok(value.clone().into()),
            None => Err(Unseen::new(Blind::NotGiven, format!("there is no {reference}"))),
        },
        SecretRef::File(path) => from_file(Path::new(path)).map(Into::into),
    })
}

/// The first line of a file that only its owner may read.
pub(crate) fn from_file(path: &Path) -> Result<String, Unseen> {
    let text = private_text(path)?;
    match text.lines().next().map(str::trim) {
        Some(first) if !first.is_empty() => Ok(first.to_owned()),
        _ => Err(Unseen::new(Blind::Denied, format!("the secret's file `{}` is empty", path.display()))),
    }
}

/// The text of a small file that only its owner may read.
pub(crate) fn private_text(path: &Path) -> Result<Zeroizing<String>, Unseen> {
    let shown = path.display();
    let denied = |why: String| Unseen::new(Blind::Denied, why);
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(OPEN_FLAGS)
        .open(path)
        .map_err(|error| denied(format!("the secret's file `{shown}`: {error}")))?;
    let meta = file.metadata().map_err(|error| denied(format!("the secret's file `{shown}`: {error}")))?;
    if !meta.is_file() || meta.len() > SECRET_BYTES_MAX {
        return Err(denied(format!("`{shown}` is not a small regular file")));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(denied(format!("the secret's file `{shown}` can be read by others"))
            .give(format!("chmod 600 {shown}")));
    }
    // The room is there from the beginning, so that no copy is left behind when the text grows.
    let room = usize::try_from(meta.len()).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(SECRET_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|_| denied(format!("the secret's file `{shown}` is not text")))?;
    Ok(text)
}
