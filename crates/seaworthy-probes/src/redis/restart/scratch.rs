//! The second server: of the same version, on a copy, without a port.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::redis::REHEARSAL_MEMORY_BYTES_MAX;
use tempfile::TempDir;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::keys::{Keys, counted};
use super::named::{self, Named};
use super::settings::Settings;
use crate::redis::facts::{LoadedFrom, Role};
use crate::redis::look::{info, role};
use crate::redis::question::{Question, Section};
use crate::redis::resp::Reply;

/// Where programs are taken from: nowhere that a target could have filled.
const FOLDERS: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin"];
/// A user without rights, on every Linux.
const NOBODY: u32 = 65_534;
/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest that it may take a program to say its version.
const VERSION_WITHIN: Duration = Duration::from_secs(5);
/// Longest that a server that was told to end is waited for.
const END_WITHIN: Duration = Duration::from_secs(2);
/// So many databases can be loaded; servers have 16 unless told otherwise.
const DATABASES: &str = "1024";

/// What came of loading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Loaded {
    /// How many keys, and which of those that were named.
    Keys(Keys, Vec<bool>),
    /// It ended by itself.
    Refused,
}

/// How a second server is started.
pub(super) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    /// We are root, and it is not to be.
    root: bool,
}

impl Server {
    /// The program of this version.
    pub(super) async fn new(version: &str, settings: &Settings) -> Result<Self, Unseen> {
        let program = program(version).await?;
        let on = if settings.from == LoadedFrom::AppendOnlyFile { "yes" } else { "no" };
        let mut arguments: Vec<String> = [
            ("port", "0"),
            ("save", ""),
            ("databases", DATABASES),
            ("appendonly", on),
            ("dbfilename", &settings.snapshot),
            ("appendfilename", &settings.append_only),
            ("auto-aof-rewrite-percentage", "0"),
            ("aof-load-truncated", if settings.takes_truncated { "yes" } else { "no" }),
        ]
        .iter()
        .flat_map(|(key, value)| [format!("--{key}"), (*value).to_owned()])
        .collect();
        if let Some(parts) = &settings.append_folder {
            arguments.extend(["--appenddirname".to_owned(), parts.clone()]);
        }
        let root = nix::unistd::geteuid().is_root();
        Ok(Self { program, arguments, root })
    }

    /// Loads a copy, which is gone afterwards.
    pub(super) async fn load(
        &self,
        copy: TempDir,
        named: &[Named],
        until: Instant,
    ) -> Result<Loaded, Unseen> {
        let mut child = self.started(copy.path())?;
        let loaded = timeout_at(until, self.watched(&mut child, &copy.path().join("socket"), named)).await;
        // Ended here rather than by being dropped, so that it is gone before its folder is.
        let _ = timeout(END_WITHIN, child.kill()).await;
        loaded.unwrap_or_else(|_| {
            Err(Unseen::new(Blind::Timeout, "a second server did not load the copy in time")
                .give("more time (`--deadline`), or a rehearsed restore of a backup"))
        })
    }

    /// That it starts where there is nothing to load, so that what it refused was the copy.
    pub(super) async fn starts_on_nothing(&self, until: Instant) -> Result<(), Unseen> {
        let folder = tempfile::Builder::new().prefix("seaworthy-redis-").tempdir();
        let folder = folder.map_err(|error| unstarted(&error))?;
        match self.load(folder, &[], until).await? {
            Loaded::Keys(..) => Ok(()),
            Loaded::Refused => {
                Err(Unseen::new(Blind::Crashed, "a second server does not start on this machine"))
            }
        }
    }

    fn started(&self, folder: &Path) -> Result<Child, Unseen> {
        let mut command = Command::new("/usr/bin/prlimit");
        command.arg(format!("--as={REHEARSAL_MEMORY_BYTES_MAX}")).args(["--core=0", "--"]);
        // An append-only file holds commands, and one of them could make it a replica of somewhere else.
        if self.root {
            command.args(["/usr/bin/unshare", "--net", "--"]);
        }
        command.arg("/usr/bin/setpriv");
        if self.root {
            give(folder, NOBODY, NOBODY).map_err(|error| unstarted(&error))?;
            command.args([
                format!("--reuid={NOBODY}"),
                format!("--regid={NOBODY}"),
                "--clear-groups".to_owned(),
            ]);
        }
        // It ends with us, whatever becomes of us.
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program).args(&self.arguments);
        command
            .args(["--dir".as_ref(), folder.as_os_str(), "--unixsocket".as_ref()])
            .arg(folder.join("socket"));
        command.current_dir("/").env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true);
        let child = command.spawn().map_err(|error| unstarted(&error))?;
        // Where memory runs short it is this one that has to go, not a server that people use.
        if let Some(process) = child.id() {
            let _ = fs::write(format!("/proc/{process}/oom_score_adj"), "1000");
        }
        Ok(child)
    }

    async fn watched(&self, child: &mut Child, socket: &Path, named: &[Named]) -> Result<Loaded, Unseen> {
        loop {
            if child.try_wait().map_err(|error| unstarted(&error))?.is_some() {
                return Ok(Loaded::Refused);
            }
            if let Some((keys, mut stream)) = keys(socket).await? {
                return Ok(Loaded::Keys(keys, named::loaded(&mut stream, named).await?));
            }
            sleep(PAUSE).await;
        }
    }
}

/// What the server has loaded; none while it is not there or still loading.
async fn keys(socket: &Path) -> Result<Option<(Keys, BufReader<UnixStream>)>, Unseen> {
    let Ok(stream) = UnixStream::connect(socket).await else { return Ok(None) };
    let mut stream = BufReader::new(stream);
    let Some(persistence) = told(&mut stream, Section::Persistence).await else { return Ok(None) };
    if info(&persistence, "loading").is_ok_and(|loading| loading == "0") {
        let Some(replication) = told(&mut stream, Section::Replication).await else { return Ok(None) };
        if role(&replication)? != Role::Primary {
            let why = "the append-only file makes the server a replica, so it holds nothing by itself";
            return Err(Unseen::new(Blind::Unsupported, why));
        }
        let Some(keyspace) = told(&mut stream, Section::Keyspace).await else { return Ok(None) };
        return Ok(Some((counted(&keyspace)?, stream)));
    }
    Ok(None)
}

async fn told(stream: &mut BufReader<UnixStream>, section: Section) -> Option<Reply> {
    let reply = named::asked(stream, Question::Info(section)).await.ok();
    reply.filter(|reply| reply.text().is_some())
}

/// The program of this very version: files of a newer one are not read by an older one, nor all the other way.
async fn program(version: &str) -> Result<PathBuf, Unseen> {
    let programs = FOLDERS.iter().map(|folder| Path::new(folder).join("redis-server"));
    for program in programs.filter(|program| program.is_file()) {
        let mut command = Command::new(&program);
        command.arg("--version").env_clear().current_dir("/").stdin(Stdio::null()).kill_on_drop(true);
        let Ok(Ok(said)) = timeout(VERSION_WITHIN, command.output()).await else { continue };
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        if said.split_whitespace().any(|word| word.strip_prefix("v=") == Some(version)) {
            return Ok(program);
        }
    }
    Err(Unseen::new(
        Blind::Unsupported,
        format!("there is no `redis-server` of version {version} on this machine"),
    )
    .give("the same `redis-server` as the service's in /usr/bin or /usr/local/bin"))
}

/// Gives the copy to who reads it.
fn give(folder: &Path, uid: u32, gid: u32) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            give(&path, uid, gid)?;
        } else {
            chown(&path, Some(uid), Some(gid))?;
        }
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    chown(folder, Some(uid), Some(gid))
}

fn unstarted(error: &std::io::Error) -> Unseen {
    Unseen::new(Blind::Crashed, format!("a second server could not be started: {}", error.kind()))
        .give("`setpriv` and `prlimit` of util-linux in /usr/bin, and room for temporary files")
}
