//! Runs the binary with a scrubbed environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The source tree.
pub(crate) fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The binary, in `folder`, knowing nothing of this machine's user.
pub(crate) fn seaworthy(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HOME", folder);
    command
}

/// What came of a command.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the binary with words.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Ended {
    ended(&seaworthy(folder).args(words).output().expect("the binary starts"))
}

pub(crate) fn ended(output: &Output) -> Ended {
    Ended {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The chain and the key of a certificate for 127.0.0.1 that lasts as long as one may.
pub(crate) fn identity(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=127.0.0.1 \
                 -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
                 -addext extendedKeyUsage=serverAuth -keyout key.pem -out ca.pem";
    let made = Command::new("openssl").args(words.split_whitespace()).current_dir(folder).output();
    assert!(made.expect("openssl starts").status.success(), "no certificate was made");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("what openssl wrote");
    (read("ca.pem"), read("key.pem"))
}
