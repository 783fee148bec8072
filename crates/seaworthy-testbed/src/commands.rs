//! Commands of a part that run to their end, each bounded in time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StartError;
use crate::part::Run;
use crate::process::{Kept, Start, last_lines};
use crate::template::Values;
use crate::testbed::Part;

/// How long one command may take.
const COMMAND_WITHIN: Duration = Duration::from_mins(3);
/// How long one command may take that prepares a part: it may build a program.
const PREPARE_WITHIN: Duration = Duration::from_mins(30);
/// Where programs are looked for besides the caller's path.
const PROGRAM_FOLDERS: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Where Debian keeps PostgreSQL's own programs, a folder for each version, and not in anyone's path.
const POSTGRESQL_FOLDER: &str = "/usr/lib/postgresql";

/// The folders in which programs are looked for besides the caller's path.
pub(crate) fn program_folders() -> Vec<PathBuf> {
    let versions = std::fs::read_dir(POSTGRESQL_FOLDER).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        versions.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    let newest = versions.last().map(|version| format!("{POSTGRESQL_FOLDER}/{version}/bin").into());
    PROGRAM_FOLDERS.map(PathBuf::from).into_iter().chain(newest).collect()
}

/// Runs commands in one work directory.
#[derive(Debug)]
pub(crate) struct Commands {
    pub(crate) values: Values,
    pub(crate) env: BTreeMap<String, String>,
    user: Option<String>,
    owner: Option<String>,
}

impl Commands {
    /// Commands with the part's user and this environment.
    pub(crate) fn new(
        part: &Part,
        values: &Values,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, StartError> {
        let mut whole = outer_environment();
        whole.insert("HOME".to_owned(), values.work.display().to_string());
        whole.extend(values.environment(env, &format!("`env` of part `{}`", part.name))?);
        let user = part.description.user.clone();
        let owner = part.description.owner().map(str::to_owned);
        Ok(Self { values: values.clone(), env: whole, user, owner })
    }

    /// Runs commands one after the other; the first that fails ends it.
    pub(crate) fn run_all(&self, commands: &[Run], stage: &str) -> Result<(), StartError> {
        commands.iter().try_for_each(|run| self.run(run, stage, COMMAND_WITHIN))
    }

    /// Runs the commands that prepare a part, which may take long.
    pub(crate) fn prepare(&self, commands: &[Run]) -> Result<(), StartError> {
        commands.iter().try_for_each(|run| self.run(run, "prepare", PREPARE_WITHIN))
    }

    fn run(&self, run: &Run, stage: &str, within: Duration) -> Result<(), StartError> {
        let words = self.values.fill_all(run, &format!("`{stage}`"))?;
        let log = self.values.work.join(format!("{stage}.log"));
        let mut kept = Kept::start(&self.start(&words, self.user.as_deref(), log))?;
        let how = kept.ended_within(within).map(str::to_owned);
        kept.stop();
        match how.as_deref() {
            Some("exit 0") => Ok(()),
            how => Err(StartError::Command {
                run: run.join(" "),
                how: how.unwrap_or("took too long").to_owned(),
                log: last_lines(&kept.log),
            }),
        }
    }

    /// Whether a command ends with 0, soon.
    pub(crate) fn succeeds(
        &self,
        words: &[String],
        user: Option<&str>,
        within: Duration,
    ) -> Result<bool, StartError> {
        let log = self.values.work.join("ready.log");
        let mut kept = Kept::start(&self.start(words, user, log))?;
        Ok(kept.ended_within(within) == Some("exit 0"))
    }

    /// How a command of these words is started here. A user of its own goes before the part's.
    pub(crate) fn start<'a>(&'a self, run: &'a [String], user: Option<&'a str>, log: PathBuf) -> Start<'a> {
        let user = user.or(self.user.as_deref());
        Start { run, user, env: &self.env, work: &self.values.work, log }
    }

    /// Makes a folder and all in it the owner's, when we are root.
    pub(crate) fn give_to_owner(&self, folder: &Path) -> Result<(), StartError> {
        let Some(user) = self.owner.as_deref().filter(|_| nix::unistd::geteuid().is_root()) else {
            return Ok(());
        };
        let folder = folder.display().to_string();
        plain(&["chown", "-R", "-h", &format!("{user}:"), &folder])
    }
}

/// Copies what a folder holds into another, with owners, modes and times.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<(), StartError> {
    plain(&["cp", "-a", "--reflink=auto", &format!("{}/.", from.display()), &to.display().to_string()])
}

fn plain(words: &[&str]) -> Result<(), StartError> {
    let run: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let log = tempfile::NamedTempFile::new().map_err(StartError::io("make a temporary file"))?;
    let env = outer_environment();
    let start =
        Start { run: &run, user: None, env: &env, work: Path::new("/"), log: log.path().to_path_buf() };
    let mut kept = Kept::start(&start)?;
    let how = kept.ended_within(COMMAND_WITHIN).unwrap_or("took too long").to_owned();
    kept.stop();
    if how == "exit 0" {
        return Ok(());
    }
    Err(StartError::Command { run: run.join(" "), how, log: last_lines(log.path()) })
}

/// What commands get of our own environment: the path and nothing else, so that a part behaves the
/// same for everyone.
fn outer_environment() -> BTreeMap<String, String> {
    let own = std::env::var("PATH").unwrap_or_default();
    let own = own.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned);
    let further = program_folders().into_iter().map(|folder| folder.display().to_string());
    let path = own.chain(further).collect::<Vec<_>>().join(":");
    BTreeMap::from([("PATH".to_owned(), path), ("LANG".to_owned(), "C.UTF-8".to_owned())])
}
