//! Rehearsed restarts of real servers.

use super::versions::answers;
use super::*;
use crate::redis::facts::{LoadedFrom, Restart};

const SNAPSHOTS: &str = "
title: A Redis that makes snapshots
needs: {redis-server: redis-server}
ports: [redis]
secrets: [app]
files: [redis.conf]
processes: [{name: redis, run: [redis-server, ARGUMENTS], ready: {tcp: redis}}]
environment: |
  consent: drill
  redis: {url: {env: REDIS_URL}}
secrets_given: {REDIS_URL: 'redis://:${secret:app}@127.0.0.1:${port:redis}'}
";
const CONFIGURATION: &str =
    "bind 127.0.0.1\nport ${port:redis}\ndir ${work}\nrequirepass ${secret:app}\nsave 3600 100\n";

fn started(arguments: &str, more: &str) -> Option<Running> {
    let yaml = SNAPSHOTS.replace("ARGUMENTS", arguments);
    start_own(&yaml, &[("redis.conf", &format!("{CONFIGURATION}{more}"))])
}

fn say(running: &Running, commands: &[&str]) {
    let url = &running.secrets()["REDIS_URL"];
    let password = url.split(':').nth(2).and_then(|rest| rest.split('@').next()).unwrap();
    let mut all = vec![format!("AUTH {password}")];
    all.extend(commands.iter().map(|command| (*command).to_owned()));
    for answer in answers(running, &all) {
        assert!(answer.starts_with('+'), "{answer}");
    }
}

async fn rehearsed(running: &Running) -> Result<Restart, String> {
    match seen(running).await.restart {
        Seen::Seen { value, .. } => Ok(value),
        Seen::Unseen(why) => Err(why.why),
    }
}

/// Processes whose arguments name a folder of a rehearsal.
fn left_behind() -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let arguments = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    arguments.filter(|words| String::from_utf8_lossy(words).contains("seaworthy-redis-")).count()
}

#[tokio::test]
async fn a_snapshot_brings_back_what_was_saved() {
    let Some(running) = started("'${work}/redis.conf'", "") else { return };
    assert!(rehearsed(&running).await.unwrap_err().contains("no key that had to come back"));
    say(&running, &["SET a 1", "SET b 2", "SELECT 3", "SET c 3"]);
    // Nothing was saved yet, so nothing has to come back.
    assert!(rehearsed(&running).await.unwrap_err().contains("no key that had to come back"));
    say(&running, &["SAVE"]);
    let restart = rehearsed(&running).await.unwrap();
    assert_eq!(restart.loaded_from, LoadedFrom::Snapshot);
    assert_eq!((restart.keys_expected, restart.keys_loaded, restart.came_back), (3, 3, true));
    std::fs::remove_file(running.work_dir().join("dump.rdb")).unwrap();
    let restart = rehearsed(&running).await.unwrap();
    assert!(restart.loads && !restart.came_back);
    std::fs::write(running.work_dir().join("dump.rdb"), "REDIS0010 damaged").unwrap();
    assert!(!rehearsed(&running).await.unwrap().loads);
    assert_eq!(left_behind(), 0);
}

#[tokio::test]
async fn what_a_restart_would_load_must_be_known() {
    // What stands on the command line alone is not in the file.
    let Some(running) = started("'${work}/redis.conf', --appendonly, 'yes'", "") else { return };
    say(&running, &["SET a 1"]);
    assert!(rehearsed(&running).await.unwrap_err().contains("something else"));
    // As with what was set while it runs.
    let Some(running) = started("'${work}/redis.conf'", "") else { return };
    say(&running, &["SET a 1", "CONFIG SET appendonly yes"]);
    assert!(rehearsed(&running).await.unwrap_err().contains("something else"));
}

#[tokio::test]
async fn nothing_is_rehearsed_without_consent() {
    let Some(running) = started("'${work}/redis.conf'", "") else { return };
    let mut target = target(&running);
    target.drilling = Err(Unseen::new(Blind::Consent, "it takes the `drill` level, which was not granted"));
    let facts = seen_of(&target, &Limits::default()).await;
    assert_eq!(facts.restart.reason().unwrap().kind, Blind::Consent);
}
