//! What a health answer says of the whole and of each dependency. Pure.

use seaworthy_core::facts::{Blind, Unseen};
use serde_json::{Map, Value};

use crate::http::facts::HealthCheck;

/// Longest name of a check that is quoted, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Words in names of checks of a database.
pub(super) const DATABASE_WORDS: [&str; 6] = ["database", "db", "postgres", "mysql", "sql", "mongo"];
/// Words in names of checks of a cache.
pub(super) const CACHE_WORDS: [&str; 4] = ["cache", "redis", "memcache", "valkey"];
/// Words in names of checks of the disk. A storage or volume may be anywhere.
pub(super) const DISK_WORDS: [&str; 2] = ["disk", "filesystem"];
/// What a check without a name is called.
pub(super) const NAMELESS: &str = "a check without a name";

/// Fields that hold checks.
const LISTS: [&str; 5] = ["checks", "components", "dependencies", "services", "details"];
/// Fields that speak for the whole, or for one check.
const SPEAKING: [&str; 6] = ["status", "ready", "healthy", "state", "ok", "up"];

/// What a word of status says; `None` for a word that says nothing known.
fn word_says(value: &Value) -> Option<bool> {
    const WELL: [&str; 16] = [
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
        "available",
        "connected",
        "online",
        "reachable",
        "true",
    ];
    const ILL: [&str; 20] = [
        "unhealthy",
        "down",
        "fail",
        "failing",
        "failed",
        "failure",
        "error",
        "degraded",
        "red",
        "critical",
        "unavailable",
        "disconnected",
        "offline",
        "unreachable",
        "timeout",
        "out_of_service",
        "not_ready",
        "not ready",
        "dead",
        "false",
    ];
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
pub(super) fn says_healthy(object: &Map<String, Value>) -> Option<bool> {
    let said: Vec<bool> =
        SPEAKING.iter().filter_map(|field| object.get(*field)).filter_map(word_says).collect();
    (!said.is_empty()).then(|| said.iter().all(|well| *well))
}

/// Lists of `{name, status}`, maps from names to a status or to an object with one, and fields of the whole that
/// are named like a dependency and hold a status.
pub(super) fn checks(object: &Map<String, Value>) -> Vec<HealthCheck> {
    let mut found = Vec::new();
    for (field, value) in object {
        if field == "details" {
            // Besides checks, people put there whatever they like to know.
            let mut details = Vec::new();
            listed(value, &mut details);
            found.extend(
                details.into_iter().filter(|check| check.healthy.is_some() || is_dependency(&check.name)),
            );
        } else if LISTS.contains(&field.as_str()) {
            listed(value, &mut found);
        } else if is_dependency(field) && !matches!(value, Value::Number(_) | Value::Null) {
            found.push(check(field, value));
        }
    }
    found
}

fn listed(value: &Value, found: &mut Vec<HealthCheck>) {
    match value {
        Value::Object(map) => found.extend(map.iter().map(|(name, value)| check(name, value))),
        Value::Array(list) => found.extend(list.iter().map(|entry| {
            let name = entry.get("name").and_then(Value::as_str).unwrap_or(NAMELESS);
            check(name, entry)
        })),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_dependency(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    DATABASE_WORDS.iter().chain(&CACHE_WORDS).chain(&DISK_WORDS).any(|word| *word == field)
}

fn check(name: &str, value: &Value) -> HealthCheck {
    HealthCheck { name: name.chars().take(NAME_CHARS_MAX).collect(), healthy: status_of(value) }
}

/// The status of one check, and of those below it: it is well only where all of them are.
fn status_of(value: &Value) -> Option<bool> {
    let said: Vec<Option<bool>> = match value {
        Value::Object(fields) => {
            let mut below = Vec::new();
            LISTS.iter().filter_map(|list| fields.get(*list)).for_each(|list| listed(list, &mut below));
            let ill_below = below.iter().any(|check| check.healthy == Some(false));
            vec![if ill_below { Some(false) } else { says_healthy(fields) }]
        }
        Value::Array(entries) => entries.iter().map(status_of).collect(),
        other => vec![word_says(other)],
    };
    if said.contains(&Some(false)) {
        return Some(false);
    }
    (!said.is_empty() && !said.contains(&None)).then_some(true)
}

/// None says otherwise; of one that nobody can read this is not known.
pub(super) fn checks_well(checks: &[HealthCheck]) -> Result<bool, Unseen> {
    if checks.iter().any(|check| check.healthy == Some(false)) {
        return Ok(false);
    }
    match checks.iter().find(|check| check.healthy.is_none()) {
        Some(check) => Err(Unseen::new(
            Blind::Unsupported,
            format!("the check `{}` has no status that is known", check.name),
        )
        .give("`healthy` or `unhealthy`, or true or false, as the status of each check")),
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Value, checks, checks_well, says_healthy};

    fn read(value: &Value) -> (Option<bool>, usize) {
        let object = value.as_object().expect("an object");
        (says_healthy(object), checks(object).len())
    }

    /// `None` where it is not known.
    fn well(value: &Value) -> Option<bool> {
        checks_well(&checks(value.as_object().expect("an object"))).ok()
    }

    #[test]
    fn documented_shapes_are_read() {
        let list = json!({"status": "healthy", "checks": [{"name": "database", "status": "healthy"}]});
        assert_eq!((read(&list), well(&list)), ((Some(true), 1), Some(true)));
        let map =
            json!({"ready": true, "checks": {"database": true, "cache": {"status": "up"}, "disk": "ok"}});
        assert_eq!((read(&map), well(&map)), ((Some(true), 3), Some(true)));
        let spring = json!({"status": "UP", "components": {"db": {"status": "UP"}}});
        assert_eq!((read(&spring), well(&spring)), ((Some(true), 1), Some(true)));
    }

    #[test]
    fn a_check_that_is_not_well_is_seen_wherever_it_stands() {
        for ill in [
            json!({"ready": true, "checks": {"database": false, "cache": false, "disk": false}}),
            json!({"status": "UP", "components": {"db": {"status": "DOWN"}}}),
            json!({"status": "UP", "components": {"db": {"status": "UP", "components": {"a": {"status": "DOWN"}}}}}),
            json!({"status": "ok", "checks": [{"name": "a", "status": "ok"}, {"status": "failed"}]}),
            json!({"status": "ok", "checks": [], "dependencies": {"queue": "down"}}),
            json!({"status": "ok", "database": "error"}),
            json!({"status": "pass", "checks": {"db:time": [{"status": "pass"}, {"status": "fail"}]}}),
            json!({"status": "ok", "checks": {"db": {"status": "ok", "healthy": false}}}),
        ] {
            assert_eq!(well(&ill), Some(false), "{ill}");
        }
        for unread in [
            json!({"status": "ok", "checks": {"database": "purple"}}),
            json!({"status": "ok", "checks": {"database": {"primary": true}}}),
            json!({"status": "ok", "checks": [{"name": "database"}]}),
            json!({"status": "ok", "checks": {"database": null}}),
        ] {
            assert_eq!(well(&unread), None, "{unread}");
        }
        assert_eq!(well(&json!({"status": "ok"})), Some(true));
    }

    #[test]
    fn details_that_are_no_checks_are_left_out() {
        let told =
            json!({"status": "UP", "details": {"version": "1.2", "uptime": 12, "db": {"status": "UP"}}});
        assert_eq!((read(&told), well(&told)), ((Some(true), 1), Some(true)));
        assert_eq!(well(&json!({"status": "UP", "details": {"db": {"latency": 3}}})), None);
    }

    #[test]
    fn words_that_say_nothing_are_not_taken_for_health() {
        assert_eq!(read(&json!({"status": "purple"})).0, None);
        assert_eq!(read(&json!({"status": 200})).0, None);
        assert_eq!(read(&json!({"ready": true, "status": "unhealthy"})).0, Some(false));
        assert_eq!(read(&json!({"checks": "fine"})).1, 0);
    }
}
