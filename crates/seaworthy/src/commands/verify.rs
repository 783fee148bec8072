//! `seaworthy verify`: the gate of a deploy. Offline, without store and manifest; trusts its policy file and nothing else.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use chrono::Utc;
use seaworthy_core::certificate::{Admitted, Asked, DeployPolicy, Refusal, admit};
use seaworthy_core::limits::YAML_BYTES_MAX;
use seaworthy_core::limits::people::ENVELOPE_BYTES_MAX;
use seaworthy_report::visible;
use serde_json::json;

use super::print;
use crate::cli::{ListFormat, Verify};
use crate::exit::Wrong;

/// `O_NONBLOCK` on Linux.
const WITHOUT_WAITING: i32 = 0o4000;

/// Carries out the command.
pub(super) fn run(verify: &Verify) -> anyhow::Result<ExitCode> {
    let policy = read_policy(&verify.policy)?;
    let certificate = read(&verify.file, ENVELOPE_BYTES_MAX)?;
    let asked = asked(verify, &policy)?;
    match admit(&certificate, &policy, &asked, Utc::now()) {
        Ok(admitted) => {
            match verify.format {
                ListFormat::Json => {
                    print::json(&json!({"version": 1, "admitted": true, "certificate": admitted}))?;
                }
                ListFormat::Terminal => print::text(&told(&admitted))?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            let why = refusal.to_string();
            match verify.format {
                ListFormat::Json => print::json(&json!({"version": 1, "admitted": false, "because": why}))?,
                ListFormat::Terminal => {
                    let file = verify.file.display().to_string();
                    print::text(&format!(
                        "REFUSED  {}: {}\nhelp: {}\n",
                        visible(&file),
                        visible(&why),
                        help(&refusal)
                    ))?;
                }
            }
            Ok(ExitCode::from(1))
        }
    }
}

fn read_policy(path: &Path) -> anyhow::Result<DeployPolicy> {
    let bytes = read(path, YAML_BYTES_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Wrong::error(format!("{} is no UTF-8 text", path.display()), "write it as YAML"))?;
    Ok(DeployPolicy::parse(&path.display().to_string(), &text)?)
}

/// What is to be deployed: the policy says for what it is, and the command line cannot say otherwise.
fn asked(verify: &Verify, policy: &DeployPolicy) -> anyhow::Result<Asked> {
    for (what, said, meant) in [
        ("service", &verify.service, &policy.service),
        ("environment", &verify.environment, &policy.environment),
    ] {
        if let Some(said) = said.as_ref().filter(|said| *said != meant) {
            return Err(Wrong::error(
                format!("the policy is for the {what} `{meant}`, not for `{said}`"),
                "give the policy of what is to be deployed",
            ));
        }
    }
    if verify.commit.is_none() && !policy.any_commit {
        return Err(Wrong::error(
            "nothing says which commit is to be deployed",
            "give `--commit \"$(git rev-parse HEAD)\"`, or `any_commit: true` in the policy",
        ));
    }
    let whole =
        |commit: &String| matches!(commit.len(), 40 | 64) && commit.chars().all(|c| c.is_ascii_hexdigit());
    if let Some(commit) = verify.commit.as_ref().filter(|commit| !whole(commit)) {
        return Err(Wrong::error(
            format!("`--commit {}` is no whole name of a commit", visible(commit)),
            "give `--commit \"$(git rev-parse HEAD)\"`",
        ));
    }
    Ok(Asked {
        service: policy.service.clone(),
        environment: policy.environment.clone(),
        commit: verify.commit.clone(),
    })
}

fn read(path: &Path, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let wrong = |why: String| {
        Wrong::error(
            format!("could not read {}: {why}", path.display()),
            "name a regular file that can be read",
        )
    };
    if path == Path::new("-") || path == Path::new("/dev/stdin") {
        return bounded(std::io::stdin(), bytes_max).map_err(wrong);
    }
    // A pipe that nobody writes to must not hold a deployment up.
    let opened = std::fs::OpenOptions::new().read(true).custom_flags(WITHOUT_WAITING).open(path);
    let file = opened.map_err(|error| wrong(error.to_string()))?;
    if !file.metadata().is_ok_and(|meta| meta.is_file()) {
        return Err(wrong("it is no regular file".to_owned()));
    }
    bounded(file, bytes_max).map_err(wrong)
}

fn bounded(source: impl Read, bytes_max: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    // One byte more than may be, so that what is too long is seen to be.
    source.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > bytes_max {
        return Err(format!("it has more than {bytes_max} bytes"));
    }
    Ok(bytes)
}

fn told(admitted: &Admitted) -> String {
    let Admitted { decision, commit, run_digest, signed } = admitted;
    let environment = decision.environment.as_deref().unwrap_or("none");
    let mut text = format!(
        "ADMITTED {} · {} · commit {}\n         {}, holds until {}\n",
        visible(&decision.service),
        visible(environment),
        visible(commit.as_deref().unwrap_or("none")),
        decision.headline.words(),
        decision.expires_at.format("%Y-%m-%d %H:%M UTC"),
    );
    for seat in signed {
        text += &format!("         GO {}: {}\n", seat.role, visible(&seat.person));
    }
    for waived in &decision.waived {
        let (id, approver) = (visible(&waived.requirement), visible(&waived.approver));
        text += &format!("         accepted risk {id}, by {approver}\n");
    }
    text + &format!("         run {}, sha256 {}\n", visible(&decision.run), visible(run_digest))
}

fn help(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Envelope(_) => {
            "ask for the file that `seaworthy certify` wrote, and compare the keys of the policy"
        }
        Refusal::Other { .. } => "ask for the certificate of what is to be deployed",
        Refusal::Roles { .. } => "`seaworthy decide` shows who has yet to say GO",
        Refusal::Expired(_) | Refusal::TooOld(_) => "`seaworthy check`, vote again and certify anew",
        Refusal::Future(_) => "compare the clocks of this machine and of the one that checked",
        Refusal::Headline(_) | Refusal::Catalog(_) => "change what was decided, or the policy",
        Refusal::Approver { .. } => {
            "let somebody with a role accept the risk, or name who did, with a role, under `people` of the policy"
        }
        Refusal::NoRun => "ask for the file that `seaworthy certify` wrote",
    }
}
