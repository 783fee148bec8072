//! Starts every probe at once and waits for all of them, at most until the deadline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use chrono::Utc;
use seaworthy_core::facts::{Blind, Provenance, Seen, Unseen};
use seaworthy_probes::ask::Ask;
use seaworthy_probes::registry::{KINDS, Kind, not_given};
use seaworthy_probes::step::{Step, to_json};
use serde_json::{Map, Value as Json};
use tokio::task::JoinSet;

/// Time that a probe gets after its own deadline to hand over what it has.
const GRACE: Duration = Duration::from_millis(500);

/// What happens while looking, for progress.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A probe began.
    Looking { probe: &'static str, target: String },
    /// A probe ended.
    Looked { probe: &'static str, took: Duration },
}

/// The facts of a run and where they come from.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    pub(crate) facts: Json,
    pub(crate) provenance: Vec<Provenance>,
}

/// Looks at everything that was given.
pub(crate) async fn look(ask: &Ask, only: Option<&[&str]>, tell: &(dyn Fn(Event) + Sync)) -> Looked {
    look_with(KINDS, ask, only, tell).await
}

async fn look_with(
    kinds: &'static [Kind],
    ask: &Ask,
    only: Option<&[&str]>,
    tell: &(dyn Fn(Event) + Sync),
) -> Looked {
    let mut sections: Vec<(&'static str, Option<Json>)> = Vec::new();
    let mut provenance = Vec::new();
    let mut steps = JoinSet::new();
    for kind in kinds {
        sections.push((kind.name, None));
        if only.is_some_and(|only| !only.contains(&kind.name)) {
            set(&mut sections, kind.name, not_given(kind));
            continue;
        }
        match planned(kind, ask) {
            Ok(None) => set(&mut sections, kind.name, not_given(kind)),
            Err(crashed) => set(&mut sections, kind.name, crashed),
            Ok(Some(step)) => {
                tell(Event::Looking { probe: kind.name, target: step.target.clone() });
                steps.spawn(one(kind.name, step, ask.limits.deadline + GRACE));
            }
        }
    }
    while let Some(joined) = steps.join_next().await {
        if let Ok((probe, facts, seen)) = joined {
            tell(Event::Looked { probe, took: Duration::from_millis(seen.took_ms) });
            set(&mut sections, probe, facts);
            provenance.push(seen);
        }
    }
    provenance.sort_by(|a, b| a.probe.cmp(&b.probe));
    let facts: Map<String, Json> = sections
        .into_iter()
        .map(|(name, facts)| (name.to_owned(), facts.unwrap_or_else(|| crashed("the probe was lost"))))
        .collect();
    Looked { facts: Json::Object(facts), provenance }
}

fn set(sections: &mut [(&'static str, Option<Json>)], name: &str, facts: Json) {
    if let Some((_, slot)) = sections.iter_mut().find(|(section, _)| *section == name) {
        *slot = Some(facts);
    }
}

fn planned(kind: &Kind, ask: &Ask) -> Result<Option<Step>, Json> {
    catch_unwind(AssertUnwindSafe(|| (kind.step)(ask)))
        .map_err(|_| crashed(&format!("probe `{}` stopped while planning: {}", kind.name, last_panic())))
}

async fn one(probe: &'static str, step: Step, deadline: Duration) -> (&'static str, Json, Provenance) {
    let at = Utc::now();
    let began = Instant::now();
    let mut task = tokio::spawn(step.look);
    let facts = match tokio::time::timeout(deadline, &mut task).await {
        Ok(Ok(facts)) => facts,
        Ok(Err(_)) => crashed(&format!("probe `{probe}` stopped: {}", last_panic())),
        Err(_) => {
            task.abort();
            let why = format!("probe `{probe}` had no answer within {} s", deadline.as_secs());
            let unseen =
                Unseen::new(Blind::Timeout, why).give("a longer `--deadline`, or a target that answers");
            to_json(&Seen::<()>::Unseen(unseen))
        }
    };
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    (probe, facts, Provenance { probe: probe.to_owned(), target: step.target, at, took_ms })
}

fn crashed(why: &str) -> Json {
    to_json(&Seen::<()>::Unseen(Unseen::new(Blind::Crashed, why)))
}

static LAST_PANIC: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);

/// Keeps the place of a panic and nothing of its message, which may quote a target or a secret.
pub(crate) fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("at {}:{}", at.file(), at.line()));
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = place;
        }
    }));
}

/// Where the last panic was.
pub(crate) fn last_panic() -> String {
    LAST_PANIC.lock().ok().and_then(|last| last.clone()).unwrap_or_else(|| "at an unknown place".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seaworthy_core::limits::Limits;
    use seaworthy_core::manifest::Environment;

    use super::*;

    fn kind(name: &'static str, step: fn(&Ask) -> Option<Step>) -> Kind {
        Kind { name, not_given: "", give: "", schema: |_| schemars::Schema::default(), step }
    }

    #[tokio::test]
    async fn a_probe_that_stops_or_never_ends_leaves_what_the_others_saw() {
        let kinds: &'static [Kind] = Box::leak(Box::new([
            kind("sound", |_| Some(Step::new("a", async { Seen::new(7) }))),
            kind("stops", |_| Some(Step::new("b", async { Seen::new([1][std::env::args().count() + 9]) }))),
            kind("stops-planning", |_| panic!("a target's words")),
            kind("never-ends", |_| Some(Step::new("c", std::future::pending::<Seen<u8>>()))),
        ]));
        let environment: Environment = Environment::default();
        let limits = Limits { deadline: Duration::from_millis(300), ..Limits::default() };
        let ask = Ask {
            commanded: false,
            consent: environment.consent,
            environment,
            base: "/".into(),
            limits,
            now: Utc::now(),
            secrets: Arc::new(|_| Err(Unseen::new(Blind::NotGiven, "none"))),
        };
        keep_panics_quiet();
        let looked = look_with(kinds, &ask, None, &|_| ()).await;
        assert_eq!(looked.facts["sound"], 7);
        for (name, reason) in [("stops", "crashed"), ("stops-planning", "crashed"), ("never-ends", "timeout")]
        {
            let unseen = &looked.facts[name]["$unseen"];
            assert_eq!(unseen["kind"], reason, "{name}: {unseen}");
            assert!(!unseen.to_string().contains("words"), "{unseen}");
        }
        assert_eq!(looked.provenance.len(), 3);
    }
}
