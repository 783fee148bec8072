//! The states in which parts are looked at: several side by side, because most of a look is waiting.

use std::sync::Arc;

use anyhow::Context;
use seaworthy_probes::ask::Ask;
use seaworthy_testbed::{Part, Running, Sabotage, StartError};
use serde_json::Value as Json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::run::ledger::Source;
use crate::run::look;
use crate::testbed;

/// The sound state, under which its recording is kept.
pub(super) const SOUND: &str = "sound";
/// The state with the target taken away.
pub(super) const AWAY: &str = "away";

/// A part that is to be started: sabotaged, or sound and taken away after the look.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) part: Part,
    pub(super) sabotage: Option<Sabotage>,
}

/// What came of starting and looking.
#[derive(Debug)]
pub(super) enum Came {
    /// Facts by the name of the state: two for the sound one, one for a sabotage.
    Facts(Vec<(String, Json)>),
    /// This machine lacks a program of the part.
    Missing(String),
    /// It did not start.
    NotStarted(String),
}

impl State {
    /// Part and state, for people.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.part.name, self.sabotage.as_ref().map_or(SOUND, |sabotage| &sabotage.name))
    }
}

/// Looks at all states, at most `jobs` at a time; tells each one that is done. In the order of `states`.
pub(super) async fn look_at_all(
    states: &[State],
    jobs: usize,
    done: impl Fn(&State),
) -> anyhow::Result<Vec<Came>> {
    let turns = Arc::new(Semaphore::new(jobs.max(1)));
    let mut looks = JoinSet::new();
    for (index, state) in states.iter().cloned().enumerate() {
        let turns = Arc::clone(&turns);
        looks.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (index, look_at(&state).await)
        });
    }
    let mut came: Vec<Option<Came>> = states.iter().map(|_| None).collect();
    while let Some(joined) = looks.join_next().await {
        let (index, one) = joined.context("a look was broken off")?;
        done(&states[index]);
        came[index] = Some(one.with_context(|| format!("{} could not be looked at", states[index].name()))?);
    }
    came.into_iter().collect::<Option<_>>().context("a look was lost")
}

/// Starts one part, looks, and stops it.
pub(super) async fn look_at(state: &State) -> anyhow::Result<Came> {
    let mut running = match testbed::start(&state.part, state.sabotage.as_ref()).await {
        Ok(running) => running,
        Err(missing @ StartError::Missing { .. }) => return Ok(Came::Missing(missing.to_string())),
        Err(error) => return Ok(Came::NotStarted(error.to_string())),
    };
    let name = state.sabotage.as_ref().map_or(SOUND, |sabotage| &sabotage.name);
    let mut seen = vec![(name.to_owned(), facts(ask_of(&running)?).await)];
    if state.sabotage.is_none() {
        running.away();
        seen.push((AWAY.to_owned(), facts(ask_of(&running)?).await));
    }
    running.stop().context("the part's work directory could not be removed")?;
    Ok(Came::Facts(seen))
}

fn ask_of(running: &Running) -> anyhow::Result<Ask> {
    let environment = testbed::environment(running)?;
    Ok(testbed::ask(environment, running.work_dir().to_owned(), running.secrets().clone()))
}

/// Looks exactly as `check` would, and reads what people said where the part has a manifest with people.
async fn facts(ask: Ask) -> Json {
    let mut looked = look::look(&ask, None, &|_| ()).await;
    let folder = ask.path(ask.environment.repo.as_deref().unwrap_or("."));
    if let Some(source) = Source::in_folder(&folder)
        && let Ok(said) = source.read().await
    {
        said.fill(&mut looked, ask.now).await;
    }
    looked.facts
}
