//! Installs what the tests start: real servers, from Debian.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{older, run, tell};

/// A program that shows that a package is there, and the package.
const NEEDED: &[(&str, &str)] = &[
    ("nginx", "nginx-light"),
    ("redis-server", "redis-server"),
    ("sshd", "openssh-server"),
    ("ssh", "openssh-client"),
    ("nft", "nftables"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
    ("openssl", "openssl"),
    ("curl", "curl"),
    ("dnsmasq", "dnsmasq-base"),
    ("chromium", "chromium"),
    ("git", "git"),
    ("systemd-analyze", "systemd"),
    ("chronyd", "chrony"),
    ("faketime", "faketime"),
    ("strace", "strace"),
];
const FOLDERS: &[&str] = &["/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// Packages, and older servers as far as they can be had.
pub(crate) fn all() -> Result<()> {
    packages()?;
    older::fetch();
    Ok(())
}

/// Installs what is missing; as root, or through sudo where there is one.
fn packages() -> Result<()> {
    let mut missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if !Path::new("/usr/lib/postgresql").exists() {
        missing.extend(["postgresql", "postgresql-contrib"]);
    }
    if missing.is_empty() {
        return Ok(());
    }
    tell(&format!("installing {}\n", missing.join(", ")));
    let sudo = !is_root() && is_there("sudo");
    apt(sudo, &["update", "-q"])?;
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend(missing);
    apt(sudo, &words)
}

fn apt(sudo: bool, words: &[&str]) -> Result<()> {
    let mut all = vec!["DEBIAN_FRONTEND=noninteractive", "apt-get"];
    all.extend(words);
    if sudo {
        all.insert(0, "env");
        run("sudo", &all)
    } else {
        run("env", &all)
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

fn is_there(program: &str) -> bool {
    FOLDERS.iter().any(|folder| Path::new(folder).join(program).exists())
}
