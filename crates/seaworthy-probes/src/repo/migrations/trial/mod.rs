//! Tries the way back of each migration on a scratch PostgreSQL: the schema before, forward, back, the schema after.
//!
//! At `drill`. The cluster is made for this, in a folder of ours, with a socket in it and no port, never as root; the migrations run
//! as a role that is no superuser. They may be hostile: time, memory, files and output are bound from outside, and everything ends
//! with the look. No database of theirs is touched.

mod cluster;
mod dump;
mod plan;
mod programs;
mod session;

use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use self::cluster::Cluster;
use self::dump::difference;
use self::plan::{Set, Step};
use self::session::Ran;
use super::{Migration, MigrationFacts};
use crate::repo::tree::Tree;

/// What came of going forward and back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trial {
    /// The schema was the same afterwards. The order of columns is left out: one that comes back comes last.
    pub same_schema: bool,
    /// Why the way back did not run: PostgreSQL's code of the error, or that it left its transaction open.
    pub failed: Option<String>,
    /// The first line of the schema that was not the same: `-` is lost, `+` was left behind.
    pub difference: Option<String>,
    /// The version of PostgreSQL.
    pub server: String,
}

/// What is left of the look's time for ending.
const SPARE: Duration = Duration::from_secs(2);

/// Tries every way back that can be tried, and says of the others why not.
pub(in crate::repo) async fn look(
    root: &Path,
    facts: &mut MigrationFacts,
    allowed: &Result<(), Unseen>,
    until: Instant,
) {
    let Seen::Seen { value: listed, .. } = &mut facts.entries else { return };
    if let Err(why) = allowed {
        listed.items.iter_mut().for_each(|migration| leave(migration, why));
        return;
    }
    if listed.items.iter().all(|migration| migration.trial.value() == Some(&None)) {
        return;
    }
    let until = until.checked_sub(SPARE).unwrap_or(until);
    let planned = planned(root, &listed.items).await;
    let tried = match planned {
        Ok(sets) => timeout_at(until, try_all(sets, &mut listed.items)).await.unwrap_or_else(|_| Err(late())),
        Err(why) => Err(why),
    };
    let left = || Unseen::new(Blind::Unsupported, "its way back is not where it is looked for");
    let why = tried.err().unwrap_or_else(left);
    let waiting = |one: &&mut Migration| one.trial.reason().is_some_and(is_waiting);
    listed.items.iter_mut().filter(waiting).for_each(|one| leave(one, &why));
}

/// What stands for a trial before it is made.
pub(super) fn waiting(way_back: &Seen<Option<String>>) -> Seen<Option<Trial>> {
    match way_back {
        Seen::Seen { value: None, .. } => Seen::new(None),
        _ => Seen::unseen(Blind::Consent, WAITING),
    }
}

const WAITING: &str = "it was not tried";

fn is_waiting(why: &Unseen) -> bool {
    why.why == WAITING
}

fn late() -> Unseen {
    Unseen::new(Blind::Timeout, "the time was over before every way back was tried")
        .give("more time: `--deadline 300`")
}

/// Leaves a migration untried that has a way back.
fn leave(migration: &mut Migration, why: &Unseen) {
    if migration.trial.reason().is_some() {
        migration.trial = Seen::Unseen(why.clone());
    }
}

async fn planned(root: &Path, migrations: &[Migration]) -> Result<Vec<Set>, Unseen> {
    let (root, migrations) = (root.to_owned(), migrations.to_vec());
    let reading = move || {
        let tree = Tree::open(&root).map_err(|_| Unseen::new(Blind::NotGiven, "the repository is gone"))?;
        Ok(plan::of(&tree, &migrations))
    };
    let read = tokio::task::spawn_blocking(reading).await;
    read.unwrap_or_else(|_| Err(Unseen::new(Blind::Crashed, "reading the migrations stopped")))
}

async fn try_all(sets: Vec<Set>, migrations: &mut [Migration]) -> Result<(), Unseen> {
    if sets.iter().all(|set| set.steps.is_err()) {
        for set in sets {
            leave_set(&set, migrations);
        }
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    for (number, set) in sets.iter().enumerate() {
        match &set.steps {
            Err(_) => leave_set(set, migrations),
            Ok(steps) => try_set(&cluster, &format!("trial_{number}"), steps, migrations).await,
        }
    }
    Ok(())
}

fn leave_set(set: &Set, migrations: &mut [Migration]) {
    let Err(why) = &set.steps else { return };
    for index in &set.members {
        if let Some(migration) = migrations.get_mut(*index) {
            leave(migration, why);
        }
    }
}

/// Goes forward step by step in one database, and back from each step in a copy of it. What stops one set stops no other.
async fn try_set(cluster: &Cluster, database: &str, steps: &[Step], migrations: &mut [Migration]) {
    let begun = async {
        cluster.create(database, None).await?;
        cluster.dump(database).await
    };
    let mut before = match begun.await {
        Ok(empty) => empty,
        Err(why) => return leave_from(steps, migrations, &why),
    };
    for (at, step) in steps.iter().enumerate() {
        let after = match forward(cluster, database, step).await {
            Ok(after) => after,
            Err(why) => return leave_from(steps.get(at..).unwrap_or_default(), migrations, &why),
        };
        if let Some(back) = &step.back {
            let trial = in_copy(cluster, database, back, &before).await;
            if let Some(migration) = migrations.get_mut(step.index) {
                migration.trial = trial.map_or_else(Seen::Unseen, |trial| Seen::new(Some(trial)));
            }
        }
        before = after;
    }
}

fn leave_from(steps: &[Step], migrations: &mut [Migration], why: &Unseen) {
    for step in steps {
        if let Some(migration) = migrations.get_mut(step.index) {
            leave(migration, why);
        }
    }
}

/// The schema after a step.
async fn forward(cluster: &Cluster, database: &str, step: &Step) -> Result<String, Unseen> {
    match cluster.run(database, &step.forward).await? {
        Ran::Done => cluster.dump(database).await,
        Ran::Failed(code) | Ran::Refused(code) => {
            let why = format!("`{}` does not apply to an empty database: {code}", step.name);
            Err(Unseen::new(Blind::Unsupported, why)
                .give("migrations that build the schema from nothing, by a role without special rights"))
        }
    }
}

async fn in_copy(cluster: &Cluster, database: &str, back: &str, before: &str) -> Result<Trial, Unseen> {
    let copy = format!("{database}_back");
    cluster.create(&copy, Some(database)).await?;
    let trial = go_back(cluster, &copy, back, before).await;
    cluster.remove(&copy).await?;
    trial
}

async fn go_back(cluster: &Cluster, copy: &str, back: &str, before: &str) -> Result<Trial, Unseen> {
    let trial = |failed: Option<String>, difference: Option<String>| Trial {
        same_schema: failed.is_none() && difference.is_none(),
        failed,
        difference,
        server: cluster.version(),
    };
    match cluster.run(copy, back).await? {
        Ran::Done => Ok(trial(None, difference(before, &cluster.dump(copy).await?))),
        Ran::Failed(code) if code.starts_with(SYNTAX_ERROR) && is_a_template(back) => {
            let why = "the way back is a text that its tool fills in before it runs it";
            Err(Unseen::new(Blind::Unsupported, why))
        }
        Ran::Failed(code) => Ok(trial(Some(code), None)),
        Ran::Refused(code) => {
            Err(Unseen::new(Blind::Denied, format!("the way back wants more than a trial gives: {code}")))
        }
    }
}

/// The code of an error of syntax.
const SYNTAX_ERROR: &str = "42601";

/// Whether a text holds what a tool fills in, or commands of `psql`.
fn is_a_template(sql: &str) -> bool {
    ["${", "{{", "{%", "<%"].iter().any(|mark| sql.contains(mark))
        || sql.lines().any(|line| line.trim_start().starts_with('\\'))
}
