//! For which branches a deployment runs: what begins its workflow, and on what condition its job goes on.

use std::sync::OnceLock;

use regex::Regex;
use seaworthy_core::facts::{Blind, Unseen};
use serde_json::Value as Json;

use crate::repo::documents::{clipped, texts};

/// Names of branches; none where the deployment runs for all.
pub(super) type Branches = Result<Option<Vec<String>>, Unseen>;

/// Of a job of GitHub Actions: from `on` of its workflow and `if` of the job.
pub(super) fn github(on: Option<&Json>, condition: &str) -> Branches {
    let mut branches = begun_by(on)?;
    for part in condition.trim_start_matches("${{").trim_end_matches("}}").split("&&") {
        match part.trim() {
            "" | "success()" | "github.event_name == 'push'" => {}
            part => match named(part) {
                Some(branch) => branches = Some(vec![branch]),
                None => return Err(unclear(part)),
            },
        }
    }
    Ok(branches)
}

/// The branches whose pushes begin a workflow.
fn begun_by(on: Option<&Json>) -> Branches {
    let listed = texts(on.and_then(|on| on.get("push")).and_then(|push| push.get("branches")));
    if let Some(pattern) = listed.iter().find(|branch| branch.contains(['*', '?', '+', '!', '['])) {
        return Err(unclear(pattern));
    }
    Ok((!listed.is_empty()).then_some(listed))
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
        return if odd || listed.is_empty() { Err(unclear("only")) } else { Ok(Some(listed)) };
    }
    let mut branches = Vec::new();
    for rule in rules.and_then(Json::as_array).into_iter().flatten() {
        let condition = rule.get("if").and_then(Json::as_str).unwrap_or_default();
        match named_by_gitlab(condition) {
            Some(branch) => branches.push(branch),
            None if rule.get("when").and_then(Json::as_str) == Some("never") => {}
            None => return Err(unclear(condition)),
        }
    }
    Ok((!branches.is_empty()).then_some(branches))
}

fn named_by_gitlab(condition: &str) -> Option<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(r#"^\$CI_COMMIT_(?:BRANCH|REF_NAME)\s*==\s*["']([\w./-]{1,200})["']$"#).ok()
    });
    Some(pattern.as_ref()?.captures(condition.trim())?.get(1)?.as_str().to_owned())
}

fn unclear(condition: &str) -> Unseen {
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
        let main = Ok(Some(vec!["main".to_owned()]));
        assert_eq!(github(Some(&push), ""), main);
        assert_eq!(github(Some(&json!("push")), ""), Ok(None));
        assert_eq!(github(Some(&json!("push")), "${{ github.ref == 'refs/heads/main' }}"), main);
        assert_eq!(github(None, "github.ref_name == 'main' && github.event_name == 'push'"), main);
        for odd in [
            "vars.DEPLOY",
            "github.ref == 'refs/heads/main' && inputs.go",
            "startsWith(github.ref, 'refs/tags/')",
        ] {
            assert!(github(Some(&push), odd).is_err(), "{odd}");
        }
        assert!(github(Some(&json!({"push": {"branches": ["release/**"]}})), "").is_err());

        assert_eq!(gitlab(None, None, None), Ok(None));
        assert_eq!(gitlab(None, Some(&json!(["main"])), None), main);
        assert_eq!(
            gitlab(Some(&json!([{"if": "$CI_COMMIT_BRANCH == \"main\""}, {"when": "never"}])), None, None),
            main
        );
        assert!(
            gitlab(Some(&json!([{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}])), None, None).is_err()
        );
        assert!(gitlab(None, Some(&json!(["tags"])), None).is_err());
        assert!(gitlab(None, Some(&json!(["main"])), Some(&json!(["x"]))).is_err());
    }
}
