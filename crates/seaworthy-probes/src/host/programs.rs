//! Runs this machine's own read-only programs: bounded in time and output, with a clean environment.
//!
//! Never runs a program that lies below the root of a target, and never hands one a secret.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::host::OUTPUT_BYTES_MAX;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// What a program answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// How it ended; `None` when its time was over first.
    pub(super) status: Option<ExitStatus>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Answer {
    /// The standard output of a program that ended with 0.
    pub(super) fn success(self, program: &str) -> Result<String, Unseen> {
        match self.status {
            None => Err(Unseen::new(Blind::Timeout, format!("`{program}` did not end in time"))),
            Some(status) if status.success() => Ok(self.stdout),
            Some(_) => Err(refusal(program, &self.stderr)),
        }
    }
}

/// Where a program of this machine lies.
pub(super) fn find(name: &str) -> Option<String> {
    let runs = |path: &String| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().map(|dir| format!("{dir}/{name}")).find(runs)
}

/// The command `name args…`, inside the network namespace of `pid` where one is given.
pub(super) fn command(name: &str, pid: Option<u32>, args: &[&str]) -> Result<Command, Unseen> {
    let program = find(name).ok_or_else(|| {
        Unseen::new(Blind::Unsupported, format!("`{name}` is not installed on this machine"))
            .give(format!("install `{name}` on this machine"))
    })?;
    let mut command = match pid {
        None => Command::new(&program),
        Some(pid) => {
            let enter = find("nsenter").ok_or_else(|| {
                Unseen::new(Blind::Unsupported, "`nsenter` is not installed on this machine")
                    .give("install `util-linux` on this machine")
            })?;
            let mut command = Command::new(enter);
            command.arg("-t").arg(pid.to_string()).arg("-n").arg("--").arg(&program);
            command
        }
    };
    command.args(args).env_clear().env("LC_ALL", "C").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Ok(command)
}

/// Runs it to its end or until `within` has passed.
pub(super) async fn ask(mut command: Command, name: &str, within: Duration) -> Result<Answer, Unseen> {
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    let failed =
        |error: io::Error| Unseen::new(Blind::Unreachable, format!("`{name}` does not run: {error}"));
    let mut child = command.spawn().map_err(failed)?;
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let whole = tokio::time::timeout(within, async {
        tokio::try_join!(drain(stdout.as_mut(), &mut out), drain(stderr.as_mut(), &mut err))?;
        child.wait().await
    })
    .await;
    let status = match whole {
        Err(_) => None,
        Ok(Ok(status)) => Some(status),
        Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
            let why = format!("`{name}` printed more than {OUTPUT_BYTES_MAX} bytes");
            return Err(Unseen::new(Blind::CutShort, why));
        }
        Ok(Err(error)) => return Err(failed(error)),
    };
    if status.is_none() {
        // Ended here rather than by being dropped, so that nothing of ours is left behind.
        let _ = child.kill().await;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Answer { status, stdout: text(out), stderr: text(err) })
}

async fn drain(stream: Option<&mut (impl AsyncRead + Unpin)>, into: &mut Vec<u8>) -> io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    let mut limited = stream.take(OUTPUT_BYTES_MAX as u64 + 1);
    limited.read_to_end(into).await?;
    if into.len() > OUTPUT_BYTES_MAX { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
}

fn refusal(program: &str, stderr: &str) -> Unseen {
    let denied = ["Operation not permitted", "Permission denied", "must be root"];
    if denied.iter().any(|words| stderr.contains(words)) {
        return Unseen::new(Blind::Denied, format!("`{program}` may not do this without more rights"))
            .give(super::tree::AS_ROOT);
    }
    let first: String = stderr.lines().next().unwrap_or("nothing said").chars().take(200).collect();
    Unseen::new(Blind::Unreachable, format!("`{program}` failed: {first}"))
}
