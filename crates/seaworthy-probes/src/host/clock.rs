//! Whether a host's clock follows others: what chrony says on its command port, and the marks of timesyncd.
//!
//! Asks `chronyc -n -c -h 127.0.0.1 tracking` in the host's network namespace, and on this machine itself
//! `timedatectl timesync-status`. Needs no rights beyond entering the namespace.

use std::time::Duration;

use chrono::{DateTime, Utc};
use seaworthy_core::facts::{Blind, Seen, Unseen};

use super::facts::ClockFacts;
use super::processes::Processes;
use super::programs;
use super::tree::Tree;

/// Programs that keep a clock, as the kernel names them, and as people do.
const DAEMONS: [(&str, &str); 6] = [
    ("chronyd", "chronyd"),
    ("systemd-timesyn", "systemd-timesyncd"),
    ("ntpd", "ntpd"),
    ("ntp-daemon", "ntpd-rs"),
    ("ptp4l", "ptp4l"),
    ("phc2sys", "phc2sys"),
];
/// What timesyncd touches while it is synchronised.
const TIMESYNC_MARK: &str = "run/systemd/timesync/synchronized";
/// How old that mark may be: timesyncd asks at least every 2,048 seconds.
const MARK_SECONDS_MAX: i64 = 2 * 2_048;
/// The reference of a chrony that follows its own clock: 127.127.1.1.
const OWN_CLOCK: &str = "7F7F0101";
const MILLISECONDS: f64 = 1_000.0;

/// What the keeper of the clock said.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    synchronised: Result<bool, Unseen>,
    offset_ms: Result<f64, Unseen>,
    by_hand: String,
}

/// The keeper that runs on the host.
pub(super) fn daemon(processes: &Result<Processes, Unseen>) -> Result<Option<String>, Unseen> {
    let processes = processes.as_ref().map_err(Unseen::clone)?;
    let runs = |(short, _): &&(&str, &str)| processes.by_pid.values().any(|process| process.name == *short);
    match (DAEMONS.iter().find(runs), &processes.cut) {
        (Some((_, name)), _) => Ok(Some((*name).to_owned())),
        (None, Some(why)) => Err(why.clone()),
        (None, None) => Ok(None),
    }
}

/// Asks the keeper.
pub(super) async fn ask(daemon: &str, pid: Option<u32>, within: Duration) -> Answer {
    match (daemon, pid) {
        ("chronyd", pid) => {
            let enter = pid.map(|pid| format!("nsenter -t {pid} -n ")).unwrap_or_default();
            let args = ["-n", "-c", "-h", "127.0.0.1", "tracking"];
            let said = run("chronyc", pid, &args, within).await;
            let tracking = said.and_then(|said| tracking(&said));
            Answer {
                synchronised: tracking.clone().map(|(synchronised, _)| synchronised),
                offset_ms: tracking.map(|(_, offset)| offset),
                by_hand: format!("{enter}chronyc -n tracking"),
            }
        }
        ("systemd-timesyncd", None) => {
            let said = run("timedatectl", None, &["timesync-status"], within).await;
            Answer {
                synchronised: Err(not_asked()),
                offset_ms: said.and_then(|said| timesync_offset(&said)),
                by_hand: "timedatectl timesync-status".to_owned(),
            }
        }
        (daemon, _) => Answer {
            synchronised: Err(not_asked()),
            offset_ms: Err(Unseen::new(
                Blind::Unsupported,
                format!("`{daemon}` is not asked for its offset"),
            )
            .give("run `seaworthy check` on that machine, or use chrony")),
            by_hand: "timedatectl".to_owned(),
        },
    }
}

fn not_asked() -> Unseen {
    Unseen::new(Blind::Unsupported, "only chrony and systemd-timesyncd are understood")
}

async fn run(name: &str, pid: Option<u32>, args: &[&str], within: Duration) -> Result<String, Unseen> {
    let command = programs::command(name, pid, args)?;
    programs::ask(command, name, within).await?.success(name)
}

/// `chronyc -c tracking`: reference, address, stratum, time, offset in seconds, …, leap status.
pub(super) fn tracking(said: &str) -> Result<(bool, f64), Unseen> {
    let garbled = || Unseen::new(Blind::Garbled, "`chronyc tracking` printed something else");
    let fields: Vec<&str> = said.trim().split(',').collect();
    let (Some(reference), Some(offset), Some(leap)) = (fields.first(), fields.get(4), fields.get(13)) else {
        return Err(garbled());
    };
    let offset: f64 = offset.parse().map_err(|_| garbled())?;
    let follows = *leap != "Not synchronised" && *reference != OWN_CLOCK && *reference != "00000000";
    Ok((follows, offset.abs() * MILLISECONDS))
}

/// `Offset: +1.234ms` in `timedatectl timesync-status`.
pub(super) fn timesync_offset(said: &str) -> Result<f64, Unseen> {
    let garbled = || Unseen::new(Blind::Garbled, "`timedatectl timesync-status` names no offset");
    let line = said.lines().find_map(|line| line.trim().strip_prefix("Offset:")).ok_or_else(garbled)?;
    let line = line.trim().trim_start_matches(['+', '-']);
    // Longer spans are printed in several words: `1min 2.5s`.
    let mut sum = 0.0;
    for word in line.split_whitespace() {
        let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
        let factor = match &word[digits.len()..] {
            "us" | "µs" | "μs" => 0.001,
            "ms" => 1.0,
            "s" => MILLISECONDS,
            "min" => 60.0 * MILLISECONDS,
            "h" => 3_600.0 * MILLISECONDS,
            _ => return Err(garbled()),
        };
        sum += digits.parse::<f64>().map_err(|_| garbled())? * factor;
    }
    Ok(sum)
}

/// The clock as facts.
pub(super) fn facts(
    daemon: Result<Option<String>, Unseen>,
    answer: Option<Answer>,
    tree: &Result<Tree, Unseen>,
    now: DateTime<Utc>,
) -> ClockFacts {
    let (synchronised, offset_ms) = match (&daemon, answer) {
        (Err(why), _) => (why.clone().into(), why.clone().into()),
        (Ok(None), _) => {
            let why = Unseen::new(Blind::Unsupported, "nothing on this host keeps the clock")
                .give("install chrony, or enable systemd-timesyncd");
            (Seen::new(false), why.into())
        }
        (Ok(Some(_)), None) => {
            let why = Unseen::new(Blind::Crashed, "the keeper of the clock was not asked");
            (why.clone().into(), why.into())
        }
        (Ok(Some(name)), Some(answer)) => {
            let marked = || {
                let mark = tree.as_ref().map_err(Unseen::clone)?.stat(TIMESYNC_MARK)?;
                Ok(mark.is_some_and(|mark| now.timestamp() - mark.st_mtime <= MARK_SECONDS_MAX))
            };
            let synchronised = if name == "systemd-timesyncd" { marked() } else { answer.synchronised };
            (shown(synchronised, &answer.by_hand), shown(answer.offset_ms, &answer.by_hand))
        }
    };
    ClockFacts { daemon: daemon.into(), synchronised, offset_ms }
}

fn shown<T>(value: Result<T, Unseen>, by_hand: &str) -> Seen<T> {
    match value {
        Ok(value) => Seen::shown_by(value, by_hand),
        Err(why) => why.into(),
    }
}
