//! Health, readiness, status, metrics, version. Asks `GET` of each declared path or URL.

use seaworthy_core::facts::{Blind, Unseen};
use serde_json::{Map, Value};

use super::client::{Answer, shown_url};
use super::facts::{HealthAnswer, HealthCheck, MetricsAnswer, OperationalAnswer, StatedMode, VersionAnswer};
use super::gather::Gathered;
use super::parse::cache::cache;
use super::parse::metrics::exposition;
use super::site::Site;

/// Most checks of one answer that are kept.
const CHECKS_MAX: usize = 50;
/// Longest name of a check that is quoted, in characters.
const NAME_CHARS_MAX: usize = 80;

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
    let health_answer = asked(site, &endpoints.health).await;
    let readiness_answer = asked(site, &endpoints.readiness).await;
    let status_answer = asked(site, &endpoints.status).await;
    let version_answer = asked(site, &endpoints.version).await;
    seen.modes = modes(&[&status_answer, &version_answer, &health_answer, &readiness_answer]);
    seen.health.add(health_answer.map(|answer| health(&answer)));
    seen.readiness.add(readiness_answer.map(|answer| health(&answer)));
    seen.status.add(status_answer.map(|answer| operational(&answer)));
    seen.version.add(version_answer.map(|answer| version(&answer)));
    match asked(site, &endpoints.metrics).await {
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
    let checks = object.as_ref().and_then(checks);
    let checks_any = |words: &[&str]| {
        let named =
            |check: &HealthCheck| words.iter().any(|word| check.name.to_ascii_lowercase().contains(word));
        checks.iter().flatten().any(named)
    };
    HealthAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        json: object.is_some(),
        says_healthy,
        cacheable: cacheable(answer),
        checks_database: checks_any(&["database", "db", "postgres", "mysql", "sql", "mongo"]),
        checks_cache: checks_any(&["cache", "redis", "memcache", "valkey"]),
        checks_disk: checks_any(&["disk", "storage", "volume", "filesystem"]),
        documented_shape: says_healthy.is_some() && checks.as_ref().is_some_and(|checks| !checks.is_empty()),
        checks,
        by_hand: answer.by_hand.clone(),
    }
}

/// A cache may answer instead: it says for how long, or it has already done so.
fn cacheable(answer: &Answer) -> bool {
    let cache = answer.header("cache-control").map(|header| cache(&header));
    let fresh = cache.is_some_and(|cache| {
        let seconds = cache.shared_max_age_seconds.or(cache.max_age_seconds).unwrap_or(0);
        seconds > 0 && !cache.no_store && !cache.no_cache
    });
    fresh || answer.header("age").is_some()
}

/// What a word of status says; `None` for a word that says nothing known.
fn word_says(value: &Value) -> Option<bool> {
    const WELL: [&str; 11] = [
        "healthy",
        "ok",
        "up",
        "pass",
        "passing",
        "alive",
        "ready",
        "green",
        "serving",
        "success",
        "operational",
    ];
    const ILL: [&str; 9] =
        ["unhealthy", "down", "fail", "failing", "failed", "error", "degraded", "red", "critical"];
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) => {
            let word = word.trim().to_ascii_lowercase();
            match (WELL.contains(&word.as_str()), ILL.contains(&word.as_str())) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                (false, false) => None,
            }
        }
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Every field that speaks for the whole must agree.
fn says_healthy(object: &Map<String, Value>) -> Option<bool> {
    let said: Vec<bool> = ["status", "ready", "healthy", "ok"]
        .iter()
        .filter_map(|field| object.get(*field))
        .filter_map(word_says)
        .collect();
    (!said.is_empty()).then(|| said.iter().all(|well| *well))
}

/// A list of `{name, status}`, or a map from names to a status or to an object with one.
fn checks(object: &Map<String, Value>) -> Option<Vec<HealthCheck>> {
    let found = ["checks", "components", "dependencies", "services", "details"]
        .iter()
        .find_map(|field| object.get(*field))?;
    let status_of = |value: &Value| match value {
        Value::Object(fields) => ["status", "healthy", "state", "ok"]
            .iter()
            .find_map(|field| fields.get(*field))
            .and_then(word_says),
        Value::Array(entries) => {
            let said: Option<Vec<bool>> =
                entries.iter().map(|entry| entry.get("status").and_then(word_says)).collect();
            said.filter(|said| !said.is_empty()).map(|said| said.iter().all(|well| *well))
        }
        other => word_says(other),
    };
    let named = |name: &str, value: &Value| {
        Some(HealthCheck { name: name.chars().take(NAME_CHARS_MAX).collect(), healthy: status_of(value)? })
    };
    match found {
        Value::Object(map) => map.iter().take(CHECKS_MAX).map(|(name, value)| named(name, value)).collect(),
        Value::Array(list) => {
            list.iter().take(CHECKS_MAX).map(|entry| named(entry.get("name")?.as_str()?, entry)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Value, checks, says_healthy};

    fn read(value: &Value) -> (Option<bool>, Option<usize>) {
        let object = value.as_object().expect("an object");
        (says_healthy(object), checks(object).map(|checks| checks.len()))
    }

    #[test]
    fn documented_shapes_are_read() {
        let list = json!({"status": "healthy", "checks": [{"name": "database", "status": "healthy"}]});
        assert_eq!(read(&list), (Some(true), Some(1)));
        let map =
            json!({"ready": true, "checks": {"database": true, "cache": {"status": "up"}, "disk": "ok"}});
        assert_eq!(read(&map), (Some(true), Some(3)));
        let spring =
            json!({"status": "UP", "components": {"db": {"status": "UP"}, "diskSpace": {"status": "DOWN"}}});
        assert_eq!(read(&spring), (Some(true), Some(2)));
    }

    #[test]
    fn words_that_say_nothing_are_not_taken_for_health() {
        assert_eq!(read(&json!({"status": "purple"})).0, None);
        assert_eq!(read(&json!({"status": 200})).0, None);
        assert_eq!(read(&json!({"ready": true, "status": "unhealthy"})).0, Some(false));
        assert_eq!(read(&json!({"checks": [{"name": "database"}]})).1, None, "a check without a status");
        assert_eq!(read(&json!({"checks": "fine"})).1, None);
    }
}
