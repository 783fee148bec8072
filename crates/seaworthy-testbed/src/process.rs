//! One child process: started, watched, stopped and reaped.
//!
//! Each child has a keeper, a thread that starts it and stays until it is reaped. That is needed
//! because the kernel's "signal me when my parent dies" (which `setpriv --pdeathsig` asks for, so
//! that no `unsafe` is needed here) means the parent *thread*. The keeper sees the end without
//! reaping, so that the number stays taken until the last signal to the group is sent.
//!
//! Without `setpriv` (not Linux) a child outlives us when we are killed with -9.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::error::StartError;
use crate::testbed::find_program;

/// How long a process may take to end after TERM.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to end after KILL; only a stuck kernel call takes longer.
const KILL_WITHIN: Duration = Duration::from_secs(10);
/// How much of the end of a log is shown.
const LOG_LINES_MAX: usize = 30;
const LOG_BYTES_MAX: u64 = 16 * 1024;

/// How a child is to be started.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) run: &'a [String],
    pub(crate) user: Option<&'a str>,
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) work: &'a Path,
    pub(crate) log: PathBuf,
}

/// A child process and its group.
#[derive(Debug)]
pub(crate) struct Kept {
    group: Pid,
    ended: Receiver<String>,
    how: Option<String>,
    /// Dropped to tell the keeper to reap.
    release: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    pub(crate) log: PathBuf,
}

impl Kept {
    /// Starts a child in a process group of its own.
    pub(crate) fn start(start: &Start<'_>) -> Result<Self, StartError> {
        let program = start.run.first().cloned().unwrap_or_default();
        let what = format!("start `{program}`");
        let mut command = command(start)?;
        let (started, begun) = channel();
        let (ended_sender, ended) = channel();
        let (release, released) = channel::<()>();
        let keep = move || {
            let child = match command.spawn() {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            keep(child, &started, &ended_sender, &released);
        };
        let keeper = std::thread::Builder::new().name(format!("keeper of {program}")).spawn(keep);
        let keeper = keeper.map_err(StartError::io("start a thread"))?;
        let group =
            begun.recv().map_err(|_| StartError::io(what.clone())(std::io::Error::other("keeper ended")))?;
        let group = group.map_err(StartError::io(what))?;
        let log = start.log.clone();
        Ok(Self { group, ended, how: None, release: Some(release), keeper: Some(keeper), log })
    }

    /// Waits until the child has ended, at most this long; says how it ended.
    pub(crate) fn ended_within(&mut self, wait: Duration) -> Option<&str> {
        if self.how.is_none() {
            self.how = match self.ended.recv_timeout(wait) {
                Ok(how) => Some(how),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some("its keeper ended".to_owned()),
            };
        }
        self.how.as_deref()
    }

    /// Ends the whole group: TERM, a bounded wait, KILL; then reaps.
    pub(crate) fn stop(&mut self) {
        let Some(release) = self.release.take() else { return };
        // A group that is gone is what is wanted, so refusals do not matter here.
        let _ = killpg(self.group, Signal::SIGTERM);
        if self.ended_within(STOP_WITHIN).is_none() {
            let _ = killpg(self.group, Signal::SIGKILL);
            let _ = self.ended_within(KILL_WITHIN);
        }
        // The leader is not reaped yet, so its number is still ours: take what it left behind.
        let _ = killpg(self.group, Signal::SIGKILL);
        drop(release);
        if let Some(keeper) = self.keeper.take()
            && self.how.is_some()
        {
            let _ = keeper.join();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a keeper does once its child runs.
fn keep(
    mut child: Child,
    started: &Sender<std::io::Result<Pid>>,
    ended: &Sender<String>,
    released: &Receiver<()>,
) {
    let pid = Pid::from_raw(child.id().cast_signed());
    let _ = started.send(Ok(pid));
    let how = loop {
        match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(WaitStatus::Exited(_, 0)) => break "exit 0".to_owned(),
            Ok(WaitStatus::Exited(_, code)) => break format!("exit {code}"),
            Ok(WaitStatus::Signaled(_, signal, _)) => break format!("ended by {signal}"),
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => break format!("could not be waited for: {error}"),
        }
    };
    let _ = ended.send(how);
    let _ = released.recv();
    let _ = child.wait();
}

fn command(start: &Start<'_>) -> Result<Command, StartError> {
    let words = wrapped(start.run, start.user);
    let (program, arguments) = words.split_first().ok_or_else(|| {
        StartError::io("start a command")(std::io::Error::other("a command without a program"))
    })?;
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&start.log);
    let log = log.map_err(StartError::file("open", &start.log))?;
    let errors = log.try_clone().map_err(StartError::file("open", &start.log))?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(start.env).current_dir(start.work).process_group(0);
    command.stdin(Stdio::null()).stdout(log).stderr(errors);
    Ok(command)
}

fn wrapped(run: &[String], user: Option<&str>) -> Vec<String> {
    let Some(setpriv) = find_program("setpriv") else { return run.to_vec() };
    let mut words = vec![setpriv.display().to_string(), "--pdeathsig=TERM".to_owned()];
    if let Some(user) = user.filter(|_| nix::unistd::geteuid().is_root()) {
        words.extend([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
    }
    words.push("--".to_owned());
    words.extend(run.iter().cloned());
    words
}

/// The last lines of a log.
pub(crate) fn last_lines(log: &Path) -> String {
    use std::io::{Read, Seek, SeekFrom};
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES_MAX)))?;
        let mut bytes = Vec::new();
        file.take(LOG_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_MAX)..].join("\n")
}
