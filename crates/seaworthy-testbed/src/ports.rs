//! Free ports on loopback.
//!
//! Taken below the range from which the kernel gives ports to outgoing connections, and held by a
//! lock file, so that two parts started at the same time by two programs never get the same one.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;

use nix::fcntl::{Flock, FlockArg};

use crate::error::StartError;
use crate::prepared::{private_directory, random_bytes};

const FIRST: u16 = 10_240;
const COUNT: u16 = 20_480;
const TRIES_MAX: u16 = 512;

/// A port that no other part gets while this is held.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    /// Unlocked when dropped.
    _lock: Flock<File>,
}

/// Takes a free port.
pub(crate) fn take() -> Result<Port, StartError> {
    let locks = locks()?;
    let random = random_bytes::<2>()?;
    let start = u16::from_le_bytes(random) % COUNT;
    for step in 0..TRIES_MAX {
        let number = FIRST + (start + step) % COUNT;
        let path = locks.join(number.to_string());
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(StartError::file("open", &path))?;
        let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else { continue };
        if is_free(number) {
            return Ok(Port { number, _lock: lock });
        }
    }
    Err(StartError::NoPort)
}

/// Free on every address: a sabotaged part may listen on all of them.
fn is_free(number: u16) -> bool {
    TcpListener::bind(("0.0.0.0", number)).is_ok()
}

fn locks() -> Result<PathBuf, StartError> {
    let locks = private_directory()?.join("ports");
    fs::create_dir_all(&locks).map_err(StartError::file("make", &locks))?;
    Ok(locks)
}
