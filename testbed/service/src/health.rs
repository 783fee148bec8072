//! Health: what load balancers, orchestrators and people ask.
//!
//! `/health/live` says that the process runs and asks nothing of others. `/health` and
//! `/health/ready` look at each dependency and answer 503 when one is down.

use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::app::{App, DEPENDENCY_TIMEOUT, Shared};

/// Answers are this old at most. Anyone may ask, so asking often must cost the dependencies nothing.
const FRESH: Duration = Duration::from_secs(1);

/// The last look at the dependencies; the lock lets one caller look and the others wait for it.
#[derive(Default)]
pub struct Health(Mutex<Option<(Instant, [Check; 3])>>);

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Check {
    name: &'static str,
    status: &'static str,
}

pub async fn live() -> Json<Value> {
    Json(json!({"status": "healthy"}))
}

pub async fn health(State(app): State<Shared>) -> impl IntoResponse {
    let checks = looked(&app).await;
    let (code, status, _) = verdict(&checks);
    (code, Json(json!({"status": status, "checks": checks})))
}

pub async fn ready(State(app): State<Shared>) -> impl IntoResponse {
    let checks = looked(&app).await;
    let (code, status, ready) = verdict(&checks);
    (code, Json(json!({"ready": ready, "status": status, "checks": checks})))
}

async fn looked(app: &App) -> [Check; 3] {
    let mut last = app.health.0.lock().await;
    if let Some((at, checks)) = *last
        && at.elapsed() < FRESH
    {
        return checks;
    }
    let (database, cache, disk) = tokio::join!(database(app), cache(app), disk(app));
    let checks = [("database", database), ("cache", cache), ("disk", disk)]
        .map(|(name, result)| Check::of(name, &result));
    *last = Some((Instant::now(), checks));
    checks
}

impl Check {
    fn of(name: &'static str, result: &Result<(), String>) -> Self {
        if let Err(reason) = result {
            tracing::error!(check = name, reason, "dependency unhealthy");
        }
        Self { name, status: if result.is_ok() { "healthy" } else { "unhealthy" } }
    }
}

fn verdict(checks: &[Check]) -> (StatusCode, &'static str, bool) {
    if checks.iter().all(|check| check.status == "healthy") {
        (StatusCode::OK, "healthy", true)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unhealthy", false)
    }
}

async fn database(app: &App) -> Result<(), String> {
    let asked = sqlx::query("SELECT 1").execute(&app.database);
    let answer = timeout(DEPENDENCY_TIMEOUT, asked).await.map_err(|_| "no answer in time".to_owned())?;
    answer.map(drop).map_err(|error| error.to_string())
}

async fn cache(app: &App) -> Result<(), String> {
    let (mut cache, ping) = (app.cache.clone(), redis::cmd("PING"));
    let asked = ping.query_async::<String>(&mut cache);
    let answer = timeout(DEPENDENCY_TIMEOUT, asked).await.map_err(|_| "no answer in time".to_owned())?;
    answer.map(drop).map_err(|error| error.to_string())
}

/// The disk is well when a file can be written and enough is free.
async fn disk(app: &App) -> Result<(), String> {
    let (dir, least) = (app.settings.upload_dir.clone(), app.settings.disk_free_min_percent);
    let look = move || {
        let probe = dir.join(".health");
        std::fs::write(&probe, b"health")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|error| error.to_string())?;
        let space = rustix::fs::statvfs(&dir).map_err(|error| error.to_string())?;
        let free = free_percent(space.f_bavail, space.f_blocks);
        if free < least {
            Err(format!("{free} % of the disk is free, {least} % is the least"))
        } else {
            Ok(())
        }
    };
    tokio::task::spawn_blocking(look).await.map_err(|error| error.to_string())?
}

fn free_percent(available: u64, all: u64) -> u64 {
    available.saturating_mul(100).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unhealthy_dependency_makes_the_whole_unhealthy() {
        let check = |healthy: bool| Check::of("database", &if healthy { Ok(()) } else { Err("down".into()) });
        assert_eq!(verdict(&[check(true), check(true)]), (StatusCode::OK, "healthy", true));
        assert_eq!(
            verdict(&[check(true), check(false)]),
            (StatusCode::SERVICE_UNAVAILABLE, "unhealthy", false)
        );
    }

    #[test]
    fn a_disk_without_size_has_nothing_free() {
        assert_eq!(free_percent(25, 100), 25);
        assert_eq!(free_percent(5, 0), 0);
    }
}
