//! For which branches a deployment runs: what begins its workflow, and on what condition its job goes on.

use std::sync::OnceLock;

use regex::Regex;
use seaworthy_core::facts::{Blind, Unseen};
use serde_json::Value as Json;

use crate::repo::documents::{clipped, texts};

/// For what a deployment runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Scope {
    /// Names of branches; none where it runs for all.
    pub(super) branches: Option<Vec<String>>,
    /// The names are of pushes alone: what begins otherwise deploys from wherever it ran.
    pub(super) of_pushes: bool,
}

pub(super) type Branches = Result<Scope, Unseen>;

/// Of a job of GitHub Actions: from `on` of its workflow and `if` of the job.
pub(super) fn github(on: Option<&Json>, condition: &str) -> Branches {
    let mut scope = begun_by(on)?;
    for part in condition.trim_start_matches("${{").trim_end_matches("}}").split("&&") {
        match part.trim() {
            "" | "success()" => {}
            part => match named(part) {
                Some(branch) => scope = Scope { branches: Some(vec![branch]), of_pushes: false },
                None => return Err(unclear(part)),
            },
        }
    }
    Ok(scope)
}

/// The branches whose pushes begin a workflow.
fn begun_by(on: Option<&Json>) -> Branches {
    let push = on.and_then(|on| on.get("push"));
    let listed = texts(push.and_then(|push| push.get("branches")));
    // A tag that is pushed runs under its own name.
    if !listed.is_empty() && push.is_some_and(|push| push.get("tags").is_some()) {
        return Err(unclear("branches and tags"));
    }
    if push.is_some_and(|push| push.get("branches-ignore").is_some() || push.get("paths").is_some()) {
        return Err(unclear("branches-ignore or paths"));
    }
    if let Some(pattern) = listed.iter().find(|branch| branch.contains(['*', '?', '+', '!', '['])) {
        return Err(unclear(pattern));
    }
    Ok(Scope { branches: (!listed.is_empty()).then_some(listed), of_pushes: true })
}

/// The branch that a condition names: `github.ref == 'refs/heads/main'`.
fn named(condition: &str) -> Option<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(r"^github\.ref(?:_name\s*==\s*'|\s*==\s*'refs/heads/)([\w./-]{1,200})'$").ok()
    });
    Some(pattern.as_ref()?.captures(condition)?.get(1)?.as_str().to_owned())
}

/// Of a job of GitLab CI: from its `rules`, `only` and `except`.
pub(super) fn gitlab(rules: Option<&Json>, only: Option<&Json>, except: Option<&Json>) -> Branches {
    if except.is_some() {
        return Err(unclear("except"));
    }
    if let Some(only) = only {
        let listed = texts(Some(only));
        let odd = only.is_object()
            || listed
                .iter()
                .any(|name| name.starts_with('/') || matches!(name.as_str(), "tags" | "branches"));
        if odd || listed.is_empty() {
            return Err(unclear("only"));
        }
        return Ok(Scope { branches: Some(listed), of_pushes: false });
    }
    let mut branches = Vec::new();
    for rule in rules.and_then(Json::as_array).into_iter().flatten() {
        let condition = rule.get("if").and_then(Json::as_str).unwrap_or_default();
        let when = rule.get("when").and_then(Json::as_str).unwrap_or("on_success");
        let more = ["changes", "exists", "allow_failure"].iter().any(|key| rule.get(key).is_some());
        match (named_by_gitlab(condition), when) {
            (_, "never") => {}
            (Some(branch), "on_success") if !more => branches.push(branch),
            _ => return Err(unclear(condition)),
        }
    }
    if rules.is_some() && branches.is_empty() {
        return Err(unclear("rules"));
    }
    Ok(Scope { branches: (!branches.is_empty()).then_some(branches), of_pushes: false })
}

fn named_by_gitlab(condition: &str) -> Option<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(r#"^\$CI_COMMIT_(?:BRANCH|REF_NAME)\s*==\s*["']([\w./-]{1,200})["']$"#).ok()
    });
    Some(pattern.as_ref()?.captures(condition.trim())?.get(1)?.as_str().to_owned())
}

pub(super) fn unclear(condition: &str) -> Unseen {
    let why = format!("for which branches the pipeline deploys is not understood: `{}`", clipped(condition));
    Unseen::new(Blind::Unsupported, why).give("branches by their names, such as `branches: [main]`")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn branches_are_known_where_they_are_named() {
        let push = json!({"push": {"branches": ["main"]}});
        let named = |of_pushes: bool| Ok(Scope { branches: Some(vec!["main".to_owned()]), of_pushes });
        let main = named(false);
        assert_eq!(github(Some(&push), ""), named(true));
        assert_eq!(github(Some(&json!("push")), ""), Ok(Scope { branches: None, of_pushes: true }));
        assert_eq!(github(Some(&json!("push")), "${{ github.ref == 'refs/heads/main' }}"), main);
        assert_eq!(github(None, "github.ref_name == 'main' && success()"), main);
        for odd in [
            "vars.DEPLOY",
            "github.event_name == 'push'",
            "github.ref == 'refs/heads/main' && inputs.go",
            "startsWith(github.ref, 'refs/tags/')",
        ] {
            assert!(github(Some(&push), odd).is_err(), "{odd}");
        }
        assert!(github(Some(&json!({"push": {"branches": ["release/**"]}})), "").is_err());

        assert_eq!(gitlab(None, None, None), Ok(Scope::default()));
        assert_eq!(gitlab(None, Some(&json!(["main"])), None), main);
        assert_eq!(
            gitlab(Some(&json!([{"if": "$CI_COMMIT_BRANCH == \"main\""}, {"when": "never"}])), None, None),
            main
        );
        assert!(
            gitlab(Some(&json!([{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}])), None, None).is_err()
        );
        for odd in [
            json!([{"if": "$CI_COMMIT_BRANCH == \"main\"", "when": "never"}, {"when": "on_success"}]),
            json!([{"if": "$CI_COMMIT_BRANCH == \"main\"", "when": "manual"}]),
            json!([{"if": "$CI_COMMIT_BRANCH == \"main\"", "changes": ["src/*"]}]),
            json!([{"if": "$CI_COMMIT_BRANCH == \"main\"", "when": "never"}]),
        ] {
            assert!(gitlab(Some(&odd), None, None).is_err(), "{odd}");
        }
        for odd in
            [json!({"push": {"branches": ["main"], "tags": ["v*"]}}), json!({"push": {"paths": ["src/**"]}})]
        {
            assert!(github(Some(&odd), "").is_err(), "{odd}");
        }
        assert!(gitlab(None, Some(&json!(["tags"])), None).is_err());
        assert!(gitlab(None, Some(&json!(["main"])), Some(&json!(["x"]))).is_err());
    }
}
