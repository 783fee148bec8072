//! Whether the log has a line for a request: its id, in what the declared files got since before it was sent.
//!
//! Files are not read further back than that, so a manifest cannot learn from them what was there before; nothing of them
//! becomes a fact but whether the id is there.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::OFlag;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::LOG_BYTES_MAX;
use tokio::time::Instant;

/// How long a line may take to get to the file.
const WRITTEN_WITHIN: Duration = Duration::from_secs(2);
/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(50);

/// The declared files as they ended when this was made.
#[derive(Debug)]
pub(super) struct Logs {
    ends: Result<Vec<End>, Unseen>,
}

/// Where one file ended.
#[derive(Debug, Clone)]
struct End {
    path: PathBuf,
    shown: String,
    /// Which file it was: device and inode.
    file: (u64, u64),
    at: u64,
}

/// What was found in what was written since.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Found {
    id: bool,
    written: bool,
}

impl Logs {
    /// Notes where the files end: their paths, and the names by which they are shown.
    pub(super) async fn now(files: &[(PathBuf, String)]) -> Self {
        if files.is_empty() {
            let why = "no log is declared, so whether the error is in it is not known";
            return Self {
                ends: Err(Unseen::new(Blind::NotGiven, why)
                    .give("`logs: [FILE]` for the environment, where the service writes on this machine")),
            };
        }
        let files = files.to_vec();
        let ends = move || files.into_iter().map(|(path, shown)| End::now(path, shown)).collect();
        let ends = tokio::task::spawn_blocking(ends).await;
        Self { ends: ends.unwrap_or_else(|_| Err(crashed())) }
    }

    /// Whether a line with one of these ids was written since.
    pub(super) async fn tell_of(&self, ids: &[String]) -> Result<bool, Unseen> {
        let ends = self.ends.clone()?;
        if ids.is_empty() {
            let why = "the answer has no request id to look for in the log";
            return Err(
                Unseen::new(Blind::NotGiven, why).give("the id of the request in the header `X-Request-Id`")
            );
        }
        let until = Instant::now() + WRITTEN_WITHIN;
        loop {
            let (ends, ids) = (ends.clone(), ids.to_vec());
            let found = tokio::task::spawn_blocking(move || search(&ends, &ids)).await;
            let found = found.unwrap_or_else(|_| Err(crashed()))?;
            if found.id {
                return Ok(true);
            }
            if Instant::now() >= until {
                return if found.written { Ok(false) } else { Err(self.silent()) };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A log in which nothing at all appears may be buffered, or another service's.
    fn silent(&self) -> Unseen {
        let ends = self.ends.as_deref().unwrap_or_default();
        let names: Vec<_> = ends.iter().map(|end| format!("`{}`", end.shown)).collect();
        let why = format!(
            "nothing was written to {} within {} s of the error",
            names.join(", "),
            WRITTEN_WITHIN.as_secs()
        );
        Unseen::new(Blind::NotGiven, why)
            .give("under `logs` the file in which this service writes, without a buffer")
    }
}

fn crashed() -> Unseen {
    Unseen::new(Blind::Crashed, "reading the log stopped")
}

impl End {
    fn now(path: PathBuf, shown: String) -> Result<Self, Unseen> {
        let (_, at, file) = opened(&path, &shown)?;
        Ok(Self { path, shown, file, at })
    }

    /// What was written since, and whether that is all: where another file took its place, what the old one got last is not known.
    fn since(&self) -> Result<(Vec<u8>, bool), Unseen> {
        let (mut file, size, now) = opened(&self.path, &self.shown)?;
        let same = now == self.file && size >= self.at;
        let from = if same { self.at } else { 0 };
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(from))
            .and_then(|_| file.take(LOG_BYTES_MAX + 1).read_to_end(&mut bytes));
        read.map_err(|error| unread(&self.shown, &error))?;
        Ok((bytes, same))
    }
}

/// An open file, its size, and which one it is.
fn opened(path: &std::path::Path, shown: &str) -> Result<(File, u64, (u64, u64)), Unseen> {
    // A FIFO would wait for its writer, a terminal would become ours.
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path);
    let file = file.map_err(|error| unread(shown, &error))?;
    let metadata = file.metadata().map_err(|error| unread(shown, &error))?;
    if !metadata.is_file() {
        return Err(Unseen::new(Blind::Unsupported, format!("the log `{shown}` is no regular file"))
            .give("under `logs` the files themselves"));
    }
    Ok((file, metadata.len(), (metadata.dev(), metadata.ino())))
}

fn unread(shown: &str, error: &std::io::Error) -> Unseen {
    let kind =
        if error.kind() == std::io::ErrorKind::PermissionDenied { Blind::Denied } else { Blind::NotGiven };
    Unseen::new(kind, format!("the log `{shown}` could not be read: {}", error.kind()))
        .give("under `logs` files on this machine that whoever runs Seaworthy may read")
}

fn search(ends: &[End], ids: &[String]) -> Result<Found, Unseen> {
    let mut found = Found::default();
    let mut cut = None;
    let mut replaced = None;
    for end in ends {
        let (bytes, same) = end.since()?;
        replaced = replaced.or_else(|| (!same).then_some(&end.shown));
        found.written |= !bytes.is_empty();
        found.id |= ids.iter().any(|id| holds(&bytes, id.as_bytes()));
        if bytes.len() as u64 > LOG_BYTES_MAX {
            cut = Some(&end.shown);
        }
    }
    match cut {
        Some(shown) if !found.id => {
            let why = format!("`{shown}` got more than {LOG_BYTES_MAX} bytes while the error was looked for");
            Err(Unseen::new(Blind::CutShort, why).give("a moment without other callers"))
        }
        _ => match replaced.filter(|_| !found.id && found.written) {
            Some(shown) => {
                Err(Unseen::new(Blind::CutShort, format!("`{shown}` was replaced while it was read"))
                    .give("another look, after the log was rotated"))
            }
            None => Ok(found),
        },
    }
}

/// Whether an id stands there as a word of its own. What sets a colour ends in a letter and is no part of the word.
fn holds(bytes: &[u8], id: &[u8]) -> bool {
    let coloured = |before: &[u8]| {
        let digits = before.strip_suffix(b"m").unwrap_or_default();
        let start = digits.iter().rposition(|byte| !byte.is_ascii_digit() && *byte != b';');
        start.is_some_and(|at| digits.get(..=at).is_some_and(|head| head.ends_with(b"\x1b[")))
    };
    let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    memchr::memmem::find_iter(bytes, id).any(|at| {
        let before = bytes.get(..at).unwrap_or_default();
        (apart(before.last()) || coloured(before)) && apart(bytes.get(at + id.len()))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn named(path: &std::path::Path) -> Vec<(PathBuf, String)> {
        vec![(path.to_owned(), "app.log".to_owned())]
    }

    fn ids() -> Vec<String> {
        vec!["4f2a9c1e77".to_owned()]
    }

    #[tokio::test]
    async fn only_what_was_written_since_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        std::fs::write(&path, "old 4f2a9c1e77\n").unwrap();
        let logs = Logs::now(&named(&path)).await;
        assert!(logs.tell_of(&ids()).await.unwrap_err().why.contains("nothing was written to `app.log`"));
        let mut log = OpenOptions::new().append(true).open(&path).unwrap();
        writeln!(log, "another request 4f2a9c1e77a").unwrap();
        assert_eq!(logs.tell_of(&ids()).await, Ok(false));
        writeln!(log, "{{\"request_id\":\"4f2a9c1e77\"}}").unwrap();
        assert_eq!(logs.tell_of(&ids()).await, Ok(true));
        assert!(holds(b"\x1b[2mid\x1b[0m=\x1b[1;3m4f2a9c1e77\x1b[0m", b"4f2a9c1e77"));
        assert!(!holds(b"m4f2a9c1e77", b"4f2a9c1e77") && !holds(b"x\x1b[4f2a9c1e77m", b"9c1e77"));
        // Another file in its place is new as a whole, and what the old one got last is not known.
        std::fs::rename(&path, folder.path().join("app.log.1")).unwrap();
        std::fs::write(&path, "a new file\n").unwrap();
        assert!(logs.tell_of(&ids()).await.unwrap_err().why.contains("was replaced"));
        std::fs::write(&path, "id=4f2a9c1e77;\n").unwrap();
        assert_eq!(logs.tell_of(&ids()).await, Ok(true));
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_no_word_about_the_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Logs::now(&[]).await.tell_of(&ids()).await.unwrap_err().why.contains("no log is declared"));
        let gone = Logs::now(&named(&folder.path().join("gone"))).await;
        assert!(gone.tell_of(&ids()).await.unwrap_err().why.contains("could not be read"));
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for odd in [fifo.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
            let logs = Logs::now(&named(odd)).await;
            assert!(logs.tell_of(&ids()).await.unwrap_err().why.contains("no regular file"), "{odd:?}");
        }
        let path = folder.path().join("app.log");
        std::fs::write(&path, "").unwrap();
        let logs = Logs::now(&named(&path)).await;
        assert!(logs.tell_of(&[]).await.unwrap_err().why.contains("no request id"));
        File::options().write(true).open(&path).unwrap().set_len(LOG_BYTES_MAX * 2).unwrap();
        assert!(logs.tell_of(&ids()).await.unwrap_err().why.contains("more than"));
    }
}
