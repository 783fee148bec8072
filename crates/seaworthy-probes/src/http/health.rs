//! Health, readiness, status, metrics, version. Asks `GET` of each declared path or URL, and of the usual paths
//! of health and readiness where none is declared.

mod checks;

use checks::{CACHE_WORDS, DATABASE_WORDS, DISK_WORDS, NAMELESS, checks, checks_well, says_healthy};
use seaworthy_core::facts::{Blind, Unseen};
use serde_json::Value;

use super::client::{Answer, shown_url};
use super::facts::{HealthAnswer, HealthCheck, MetricsAnswer, OperationalAnswer, StatedMode, VersionAnswer};
use super::gather::Gathered;
use super::parse::cache::cache;
use super::parse::metrics::exposition;
use super::site::Site;

/// Most checks of one answer that are kept.
const CHECKS_MAX: usize = 50;
/// Where health is usually answered.
const HEALTH_PATHS: [&str; 5] = ["/health", "/healthz", "/up", "/actuator/health", "/api/health"];
/// Where readiness is usually answered.
const READINESS_PATHS: [&str; 4] = ["/health/ready", "/ready", "/readyz", "/actuator/health/readiness"];

/// The answers of the operational endpoints of one site.
#[derive(Default)]
pub(super) struct Operational {
    pub(super) health: Gathered<HealthAnswer>,
    pub(super) readiness: Gathered<HealthAnswer>,
    pub(super) status: Gathered<OperationalAnswer>,
    pub(super) metrics: Gathered<MetricsAnswer>,
    pub(super) version: Gathered<VersionAnswer>,
    pub(super) modes: Gathered<StatedMode>,
}

pub(super) async fn look(site: &Site<'_>) -> Operational {
    let endpoints = &site.target.endpoints;
    let mut seen = Operational::default();
    let health_answer = asked_or_tried(site, endpoints.health.as_deref(), "health", &HEALTH_PATHS).await;
    let readiness_answer =
        asked_or_tried(site, endpoints.readiness.as_deref(), "readiness", &READINESS_PATHS).await;
    let status_answer = asked(site, &endpoints.status).await;
    let version_answer = asked(site, &endpoints.version).await;
    seen.modes = modes(&[&status_answer, &version_answer, &health_answer, &readiness_answer]);
    seen.health.add(health_answer.map(|answer| health(&answer)));
    seen.readiness.add(readiness_answer.map(|answer| health(&answer)));
    seen.status.add(status_answer.map(|answer| operational(&answer)));
    seen.version.add(version_answer.map(|answer| version(&answer)));
    match metrics_asked(site).await {
        Ok(answer) => {
            let public = metrics_public(site, &answer).await;
            seen.metrics.push(metrics(&answer, public));
        }
        Err(why) => seen.metrics.miss(why),
    }
    seen
}

async fn asked(site: &Site<'_>, path: &str) -> Result<Answer, Unseen> {
    let answer = site.get(path).await?;
    site.note(&answer);
    if answer.status_code() == 429 {
        return Err(Unseen::new(Blind::Denied, "it answered 429").give("a moment without other callers"));
    }
    // An answer from another origin has nothing to do with this site's control question.
    if answer.url.origin() == site.url.origin() {
        site.believed(&answer)?;
    }
    Ok(answer)
}

/// The declared path, else the first of the usual ones whose answer is about health: where nobody said that there
/// is such a path, one that is not there shows nothing.
async fn asked_or_tried(
    site: &Site<'_>,
    declared: Option<&str>,
    name: &str,
    usual: &[&str],
) -> Result<Answer, Unseen> {
    if let Some(path) = declared {
        return asked(site, path).await;
    }
    let mut doubted = None;
    for path in usual {
        match asked(site, path).await {
            Ok(answer) if about_health(&answer) => return Ok(answer),
            Ok(_) => {}
            Err(why) if why.kind == Blind::Unsupported => doubted = doubted.or(Some(why)),
            Err(why) => return Err(why),
        }
    }
    Err(doubted.unwrap_or_else(|| {
        let why = format!("no {name} endpoint is given, and none of {} answers with one", usual.join(", "));
        Unseen::new(Blind::NotGiven, why).give(format!("`endpoints: {{{name}: /PATH}}` for the environment"))
    }))
}

fn about_health(answer: &Answer) -> bool {
    matches!(answer.json(), Ok(Value::Object(object)) if says_healthy(&object).is_some())
}

async fn metrics_asked(site: &Site<'_>) -> Result<Answer, Unseen> {
    let declared = site.target.endpoints.metrics.as_deref();
    let answer = asked(site, declared.unwrap_or("/metrics")).await?;
    let why = match answer.status_code() {
        401 | 403 => "the metrics were refused to a caller without a credential",
        404 if declared.is_none() => "no metrics endpoint is given, and nothing answers at /metrics",
        _ => return Ok(answer),
    };
    let kind = if declared.is_some() { Blind::Denied } else { Blind::NotGiven };
    Err(Unseen::new(kind, why).give("`endpoints: {metrics: http://HOST:PORT/metrics}`, an internal listener"))
}

fn operational(answer: &Answer) -> OperationalAnswer {
    OperationalAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        content_type: answer.media_type(),
        by_hand: answer.by_hand.clone(),
    }
}

/// What the answers state as the service's mode, or how to have it stated.
fn modes(answers: &[&Result<Answer, Unseen>]) -> Gathered<StatedMode> {
    const FIELDS: [&str; 7] = ["environment", "env", "mode", "app_env", "node_env", "APP_ENV", "NODE_ENV"];
    let mut modes = Gathered::default();
    for answer in answers.iter().filter_map(|answer| answer.as_ref().ok()) {
        let Ok(json) = answer.json() else { continue };
        let stated = FIELDS.iter().find_map(|field| find(&json, field, 1));
        if let Some(mode) = stated.filter(|_| answer.status.is_success()) {
            modes.push(StatedMode {
                url: shown_url(&answer.url),
                mode: mode.to_ascii_lowercase(),
                by_hand: answer.by_hand.clone(),
            });
        }
    }
    if modes.items().is_empty() {
        let unseen = answers.iter().find_map(|answer| answer.as_ref().err().cloned());
        modes.miss(unseen.unwrap_or_else(|| {
            Unseen::new(Blind::Unsupported, "no operational answer states the mode of the service")
                .give("a field `environment` in the answer of the status endpoint")
        }));
    }
    modes
}

fn health(answer: &Answer) -> HealthAnswer {
    let object = match answer.json() {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) | Err(_) => None,
    };
    let says_healthy = object.as_ref().and_then(says_healthy);
    let checks = object.as_ref().map(checks).unwrap_or_default();
    let well_of = |words: &[&str]| {
        let well = |check: &HealthCheck| {
            check.healthy == Some(true)
                && words.iter().any(|word| check.name.to_ascii_lowercase().contains(word))
        };
        checks.iter().any(well)
    };
    HealthAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        json: object.is_some(),
        says_healthy,
        cacheable: cacheable(answer),
        age_seconds: age_seconds(answer),
        checks_well: checks_well(&checks).into(),
        checks_database: well_of(&DATABASE_WORDS),
        checks_cache: well_of(&CACHE_WORDS),
        checks_disk: well_of(&DISK_WORDS),
        documented_shape: says_healthy.is_some()
            && !checks.is_empty()
            && checks.iter().all(|check| check.healthy.is_some() && check.name != NAMELESS),
        checks: (!checks.is_empty()).then(|| checks.into_iter().take(CHECKS_MAX).collect()),
        by_hand: answer.by_hand.clone(),
    }
}

fn age_seconds(answer: &Answer) -> Option<u64> {
    answer.header("age")?.trim().parse().ok()
}

/// A cache may answer instead: it says for how long, or it has already done so.
fn cacheable(answer: &Answer) -> bool {
    let cache = answer.header("cache-control").map(|header| cache(&header));
    let fresh = cache.is_some_and(|cache| {
        let seconds = cache.shared_max_age_seconds.or(cache.max_age_seconds).unwrap_or(0);
        seconds > 0 && !cache.no_store && !cache.no_cache
    });
    fresh || age_seconds(answer).is_some_and(|seconds| seconds > 0)
}

fn metrics(answer: &Answer, public: Result<bool, Unseen>) -> MetricsAnswer {
    // A body that was cut short is no proof that the rest parses.
    let found = answer.body.whole().ok().and_then(|_| exposition(&answer.body.text()));
    MetricsAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        parses: found.is_some(),
        samples_count: found.map_or(0, |found| found.samples_count),
        public: public.into(),
        by_hand: answer.by_hand.clone(),
    }
}

/// Whether the metrics' path answers metrics on the site's own URL.
async fn metrics_public(site: &Site<'_>, answer: &Answer) -> Result<bool, Unseen> {
    let reads = |answer: &Answer| answer.status.is_success() && exposition(&answer.body.text()).is_some();
    if answer.url.origin() == site.url.origin() {
        return Ok(reads(answer));
    }
    let path = answer.url.path();
    let public = site.get(path).await?;
    match public.status_code() {
        429 | 500.. => Err(Unseen::new(Blind::Denied, format!("`{path}` answered {}", public.status_code()))),
        _ => Ok(reads(&public)),
    }
}

fn version(answer: &Answer) -> VersionAnswer {
    let json = answer.json().ok();
    let field = |names: &[&str]| {
        let object = json.as_ref()?;
        names.iter().find_map(|name| find(object, name, 3))
    };
    // A bare text counts as well: `1.4.2`, or a commit.
    let plain = answer.body.text().trim().to_owned();
    let bare = (json.is_none() && is_version(&plain)).then_some(plain);
    let commit_like =
        |text: &String| (7..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    VersionAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        commit: field(&["commit", "git_commit", "commit_sha", "gitCommit", "revision", "git_sha", "sha"])
            .or_else(|| bare.clone().filter(commit_like)),
        version: field(&["version", "app_version", "appVersion", "tag", "release"]).or(bare),
        by_hand: answer.by_hand.clone(),
    }
}

/// A text field of that name, at most `depth` objects down.
fn find(value: &Value, name: &str, depth: usize) -> Option<String> {
    let object = value.as_object()?;
    if let Some(Value::String(text)) = object.get(name)
        && is_version(text)
    {
        return Some(text.clone());
    }
    if depth == 0 {
        return None;
    }
    object.values().find_map(|inner| find(inner, name, depth - 1))
}

fn is_version(text: &str) -> bool {
    (1..=80).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_+/:".contains(c))
}
