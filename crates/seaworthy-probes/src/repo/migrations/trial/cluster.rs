//! The scratch cluster: made, started, asked and ended here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{TRIAL_DISK_BYTES_MAX, TRIAL_DUMP_BYTES_MAX, TRIAL_MEMORY_BYTES_MAX};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::dump::normalised;
use super::programs::Programs;
use super::session::{Ran, Session};

/// A user without rights, on every Linux.
const NOBODY: u32 = 65_534;
/// Who makes databases.
const KEEPER: &str = "seaworthy";
/// Who runs migrations: owns the databases, and may nothing else.
const MIGRATOR: &str = "migrator";
/// Longest that making a cluster may take, and that it may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Longest that one dump may take.
const DUMP_WITHIN: Duration = Duration::from_secs(30);
/// Longest that ending is waited for.
const END_WITHIN: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);
/// How often the size of the folder is looked at.
const WATCH: Duration = Duration::from_millis(100);
/// Settings of a server that is thrown away.
const SETTINGS: [&str; 13] = [
    "listen_addresses=",
    "max_connections=8",
    "shared_buffers=16MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "archive_mode=off",
    "max_wal_size=64MB",
    "temp_file_limit=64MB",
    "autovacuum=off",
    "jit=off",
];

/// A running cluster; ends and is gone when dropped.
pub(super) struct Cluster {
    programs: Programs,
    server: Option<Child>,
    folder: TempDir,
    user: Option<u32>,
}

impl Cluster {
    pub(super) async fn start() -> Result<Self, Unseen> {
        let programs = Programs::find().await?;
        let folder =
            tempfile::Builder::new().prefix("seaworthy-trial-").tempdir().map_err(|error| broken(&error))?;
        let user = nix::unistd::geteuid().is_root().then_some(NOBODY);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))
            .map_err(|error| broken(&error))?;
        if let Some(user) = user {
            chown(folder.path(), Some(user), Some(user)).map_err(|error| broken(&error))?;
        }
        let mut cluster = Self { programs, server: None, folder, user };
        cluster.make().await?;
        let data = cluster.data();
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let socket = format!("unix_socket_directories={}", cluster.folder.path().display());
        for setting in SETTINGS.iter().copied().chain([socket.as_str()]) {
            arguments.extend(["-c".to_owned(), setting.to_owned()]);
        }
        let mut command = cluster.command("postgres");
        command.args(arguments);
        cluster.server = Some(command.spawn().map_err(|error| broken(&error))?);
        cluster.ready().await?;
        Ok(cluster)
    }

    pub(super) fn version(&self) -> String {
        self.programs.version.clone()
    }

    /// Makes a database that the migrator owns, empty or as a copy of another.
    pub(super) async fn create(&self, name: &str, of: Option<&str>) -> Result<(), Unseen> {
        let template = of.unwrap_or("template0");
        self.keep(&format!("CREATE DATABASE {name} OWNER {MIGRATOR} TEMPLATE {template}")).await
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), Unseen> {
        self.keep(&format!("DROP DATABASE {name} WITH (FORCE)")).await
    }

    /// Runs a text of a migration in a session of its own.
    pub(super) async fn run(&self, database: &str, sql: &str) -> Result<Ran, Unseen> {
        let keeper = Session::open(self.folder.path(), "postgres", KEEPER).await?;
        let session = Session::open(self.folder.path(), database, MIGRATOR).await?;
        let process = session.process().await?;
        let ran = tokio::select! {
            ran = session.run(sql) => ran?,
            full = self.full() => return Err(full),
        };
        if ran == Ran::Done && keeper.is_open(process).await? {
            return Ok(Ran::Failed("it leaves its transaction open".to_owned()));
        }
        Ok(ran)
    }

    /// The schema of a database, normalised.
    pub(super) async fn dump(&self, database: &str) -> Result<String, Unseen> {
        let mut command = self.command("pg_dump");
        command.arg("-h").arg(self.folder.path()).args([
            "-U",
            MIGRATOR,
            "-d",
            database,
            "--schema-only",
            "--no-password",
        ]);
        command.stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| broken(&error))?;
        let Some(out) = child.stdout.take() else {
            return Err(Unseen::new(Blind::Crashed, "`pg_dump` has no output"));
        };
        let mut bytes = Vec::new();
        let whole = timeout(DUMP_WITHIN, async {
            out.take(TRIAL_DUMP_BYTES_MAX + 1).read_to_end(&mut bytes).await?;
            if bytes.len() as u64 > TRIAL_DUMP_BYTES_MAX {
                child.start_kill()?;
            }
            child.wait().await
        });
        let status = whole.await.map_err(|_| Unseen::new(Blind::Timeout, "`pg_dump` did not end in time"))?;
        let status = status.map_err(|error| broken(&error))?;
        if bytes.len() as u64 > TRIAL_DUMP_BYTES_MAX {
            return Err(Unseen::new(Blind::CutShort, "the schema is too long to be compared"));
        }
        if !status.success() {
            return Err(Unseen::new(Blind::Crashed, "`pg_dump` failed on the scratch database"));
        }
        Ok(normalised(&String::from_utf8_lossy(&bytes)))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    async fn make(&self) -> Result<(), Unseen> {
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data()).args([
            "-U",
            KEEPER,
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        let mut child = command.spawn().map_err(|error| broken(&error))?;
        match timeout(READY_WITHIN, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Ok(Ok(_)) | Err(_) => Err(Unseen::new(Blind::Crashed, "`initdb` made no scratch cluster")
                .give("room in the folder for temporary files (`TMPDIR`)")),
        }
    }

    async fn ready(&self) -> Result<(), Unseen> {
        let answering = async {
            loop {
                if let Ok(keeper) = Session::open(self.folder.path(), "postgres", KEEPER).await {
                    let role = format!(
                        "CREATE ROLE {MIGRATOR} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                    );
                    return keeper.run(&role).await;
                }
                sleep(PAUSE).await;
            }
        };
        match timeout(READY_WITHIN, answering).await {
            Ok(Ok(Ran::Done)) => Ok(()),
            Ok(Err(why)) => Err(why),
            Ok(Ok(Ran::Failed(_) | Ran::Refused(_))) | Err(_) => {
                Err(Unseen::new(Blind::Crashed, "the scratch cluster does not start on this machine"))
            }
        }
    }

    async fn keep(&self, statement: &str) -> Result<(), Unseen> {
        let keeper = Session::open(self.folder.path(), "postgres", KEEPER).await?;
        match keeper.run(statement).await? {
            Ran::Done => Ok(()),
            Ran::Failed(why) | Ran::Refused(why) => {
                Err(Unseen::new(Blind::Crashed, format!("the scratch cluster made no database: {why}")))
            }
        }
    }

    /// Comes back when the folder is larger than it may be.
    async fn full(&self) -> Unseen {
        loop {
            sleep(WATCH).await;
            let data = self.folder.path().to_owned();
            let size = tokio::task::spawn_blocking(move || size(&data)).await.unwrap_or(u64::MAX);
            if size > TRIAL_DISK_BYTES_MAX {
                let why = format!(
                    "the migrations filled {} MiB of the scratch cluster",
                    TRIAL_DISK_BYTES_MAX >> 20
                );
                return Unseen::new(Blind::CutShort, why);
            }
        }
    }

    /// A program of PostgreSQL without rights, that ends with us: a server that is told to quit takes its backends along.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("/usr/bin/prlimit");
        command.arg(format!("--as={TRIAL_MEMORY_BYTES_MAX}")).arg(format!("--fsize={TRIAL_DISK_BYTES_MAX}"));
        command.args(["--core=0", "--", "/usr/bin/setpriv", "--pdeathsig", "QUIT"]);
        if let Some(user) = self.user {
            command.args([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
        }
        command.arg("--").arg(self.programs.path(program)).env_clear().env("LC_ALL", "C").current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command
    }
}

impl Drop for Cluster {
    /// Ends the server before its folder goes. Killed, it would leave busy backends behind; told to quit at once, it takes them along.
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let Some(pid) = server.id().and_then(|pid| i32::try_from(pid).ok()) else { return };
        let began = std::time::Instant::now();
        // It may be gone already, which is as well.
        let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        while matches!(server.try_wait(), Ok(None)) && began.elapsed() < END_WITHIN {
            std::thread::sleep(PAUSE);
        }
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

fn broken(error: &std::io::Error) -> Unseen {
    Unseen::new(Blind::Crashed, format!("a scratch cluster could not be started: {}", error.kind()))
        .give("`setpriv` and `prlimit` of util-linux in /usr/bin, and room for temporary files")
}
