//! What would let a run see more, and what was detected, for people.

use seaworthy_core::run::NextStep;
use serde_json::Value as Json;

use super::subject::Subject;

/// The two or three commands that would let Seaworthy see more.
pub(crate) fn steps(subject: &Subject, facts: &Json) -> Vec<NextStep> {
    let step = |command: String, sees: &str| NextStep { command, sees: sees.to_owned() };
    let unseen = |section: &str| facts.get(section).is_none_or(|facts| facts.get("$unseen").is_some());
    let mut steps = Vec::new();
    if let (None, Some(other)) = (&subject.environment, subject.others.first()) {
        steps.push(step(format!("seaworthy check --env {other}"), "its endpoints, data stores and machines"));
    }
    let has_manifest = subject.environment.is_some() || !subject.others.is_empty();
    if subject.repo.is_some() && !has_manifest {
        steps.push(step(
            "seaworthy init".to_owned(),
            "your environments, from a manifest that it writes for you",
        ));
    }
    if unseen("http") {
        steps.push(step(
            "seaworthy check https://your-service.example.com".to_owned(),
            "TLS, headers, redirects, exposed endpoints, health, cookies",
        ));
    }
    if subject.repo.is_none() {
        steps.push(step(
            "seaworthy check .".to_owned(),
            "secrets, migrations, pipeline and licences, in the repository",
        ));
    }
    if subject.ask.consent == seaworthy_core::consent::Consent::Observe && !unseen("http") {
        let target =
            subject.environment.as_ref().map_or(subject.target.clone(), |name| format!("--env {name}"));
        steps.push(step(
            format!("seaworthy check {target} --consent probe"),
            "rate limits, body limits, open operations: a bounded number of harmless requests",
        ));
    }
    steps.truncate(3);
    steps
}

/// What was detected in the repository, a line each.
pub(crate) fn detected(facts: &Json) -> Vec<String> {
    let lines = facts.pointer("/repo/detected").and_then(Json::as_array);
    lines.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}
