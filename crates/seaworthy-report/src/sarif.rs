//! SARIF 2.1.0, for code scanning: a requirement is a rule, a finding that stands is a result.
//!
//! | finding | kind | level |
//! |---|---|---|
//! | failed | `fail` | `error` critical, `warning` important, `note` nice |
//! | unknown, error | `open` | `none` |
//!
//! What passed or has no subject gives no result, because code scanning shows every result as an alert.
//! A result points at the file that the facts name, else at the manifest in which the environment is named;
//! without a manifest it has a logical location only, which GitHub does not take.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use seaworthy_core::catalog::{Assurance, Severity};
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::gate::{Waived, WaiverFault};
use seaworthy_core::manifest::FILE_NAME;
use seaworthy_core::run::Run;
use serde_json::{Value as Json, json};
use serde_sarif::sarif;

use crate::places::Place;
use crate::{json as json_form, markdown, outside, places, plain, risks};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name of our fingerprint and the version of how it is made.
const FINGERPRINT: &str = "seaworthyRequirement/v1";

pub(crate) fn run(run: &Run) -> String {
    let standing = |finding: &&Finding| match finding.verdict {
        Verdict::Fail | Verdict::Unknown | Verdict::Error => true,
        Verdict::Pass | Verdict::NotApplicable => false,
    };
    let results = run.findings.iter().enumerate().filter(|(_, finding)| standing(finding));
    let results: Vec<sarif::Result> = results.map(|(index, finding)| result(run, index, finding)).collect();
    let body = sarif::Run::builder()
        .tool(tool(run))
        .automation_details(sarif::RunAutomationDetails::builder().id(automation_id(run)).build())
        .invocations(vec![invocation(run)])
        .results(results)
        .properties(properties(json!({
            "headline": run.decision.headline.words(),
            "because": run.decision.because,
            "policy": run.policy,
            "commit": run.commit,
        })))
        .build();
    let document = sarif::Sarif::builder().version(json!("2.1.0")).schema(SCHEMA).runs(vec![body]).build();
    let text =
        serde_json::to_string_pretty(&document).expect("the document is plain data with strings as keys");
    json_form::inert(&text) + "\n"
}

/// Category and run: code scanning keeps the alerts of each service and environment apart.
fn automation_id(run: &Run) -> String {
    let name = |text: &str| text.replace('/', "-");
    let environment = run.environment.as_deref().unwrap_or("none");
    format!("seaworthy/{}/{}/{}", name(&run.service), name(environment), run.id)
}

fn tool(run: &Run) -> sarif::Tool {
    let rules: Vec<sarif::ReportingDescriptor> = run.findings.iter().map(rule).collect();
    let driver = sarif::ToolComponent::builder()
        .name("Seaworthy")
        .version(run.seaworthy.as_str())
        .semantic_version(run.seaworthy.as_str())
        .rules(rules)
        .build();
    sarif::Tool::builder().driver(driver).build()
}

fn rule(finding: &Finding) -> sarif::ReportingDescriptor {
    let snippet = finding.remedy.snippet.as_deref().unwrap_or_default();
    let help = sarif::MultiformatMessageString::builder()
        .text(format!("{}\n{snippet}", plain::remedy(finding)))
        .markdown(markdown::remedy(finding))
        .build();
    let title = sarif::MultiformatMessageString::builder().text(finding.title.as_str()).build();
    let level = sarif::ReportingConfiguration::builder().level(json!(level(finding.severity))).build();
    sarif::ReportingDescriptor::builder()
        .id(finding.id.as_str())
        .short_description(title)
        .help(help)
        .default_configuration(level)
        .properties(
            sarif::PropertyBag::builder()
                .tags(vec![finding.area.clone(), finding.severity.word().to_owned()])
                .additional_properties(BTreeMap::default())
                .build(),
        )
        .build()
}

fn result(run: &Run, index: usize, finding: &Finding) -> sarif::Result {
    let failed = finding.verdict == Verdict::Fail;
    let message = message_text(&plain::lines(finding).join("\n"));
    let mut result = sarif::Result::builder()
        .rule_id(finding.id.as_str())
        .rule_index(i64::try_from(index).unwrap_or(-1))
        .kind(if failed { sarif::ResultKind::Fail } else { sarif::ResultKind::Open })
        .level(if failed { level(finding.severity) } else { sarif::ResultLevel::None })
        .message(sarif::Message::builder().text(message).build())
        .locations(locations(run, finding))
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint(run, finding))]))
        .properties(properties(json!({
            "verdict": finding.verdict.word(),
            "severity": finding.severity.word(),
            "assurance": finding.assurance.map(Assurance::word),
            "blocks": run.decision.blockers.contains(&finding.id),
            "proven": finding.proven,
        })))
        .build();
    result.suppressions = risks::of(run, finding).map(|waived| vec![suppression(waived)]);
    result
}

/// A waiver: code scanning then shows the result as accepted.
fn suppression(waived: &Waived) -> sarif::Suppression {
    let why = format!("{}; {}", outside::visible(&waived.reason), outside::visible(&risks::terms(waived)));
    sarif::Suppression::builder()
        .kind(json!("external"))
        .status(json!("accepted"))
        .justification(message_text(&why))
        .build()
}

fn level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Critical => sarif::ResultLevel::Error,
        Severity::Important => sarif::ResultLevel::Warning,
        Severity::Nice => sarif::ResultLevel::Note,
    }
}

/// The same requirement of the same service in the same environment is the same alert, whatever was seen of it.
fn fingerprint(run: &Run, finding: &Finding) -> String {
    [run.service.as_str(), run.environment.as_deref().unwrap_or_default(), finding.id.as_str()].join("/")
}

/// `[text](place)` makes a link in a SARIF message, whoever wrote it; a blank between the two undoes it.
fn message_text(text: &str) -> String {
    text.replace("](", "] (")
}

fn locations(run: &Run, finding: &Finding) -> Vec<sarif::Location> {
    let mut places = places::of(run, finding);
    if places.is_empty() && run.environment.is_some() {
        places.push(Place { file: FILE_NAME.to_owned(), line: None });
    }
    let target =
        sarif::LogicalLocation::builder().fully_qualified_name(run.target.as_str()).kind("resource").build();
    if places.is_empty() {
        return vec![sarif::Location::builder().logical_locations(vec![target]).build()];
    }
    let physical = places.iter().map(|place| {
        sarif::Location::builder()
            .physical_location(physical(place))
            .logical_locations(vec![target.clone()])
            .build()
    });
    physical.collect()
}

fn physical(place: &Place) -> sarif::PhysicalLocation {
    sarif::PhysicalLocation::builder()
        .artifact_location(
            sarif::ArtifactLocation::builder().uri(uri(&place.file)).uri_base_id("%SRCROOT%").build(),
        )
        .region(sarif::Region::builder().start_line(place.line.unwrap_or(1)).build())
        .build()
}

/// A relative path as a relative reference: everything but plain characters in per cent.
fn uri(file: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    file.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn invocation(run: &Run) -> sarif::Invocation {
    let took = Duration::milliseconds(i64::try_from(run.took_ms).unwrap_or(0));
    let end = run.started_at.checked_add_signed(took).unwrap_or(run.started_at);
    let broken = run.findings.iter().filter(|finding| finding.verdict == Verdict::Error);
    let faults = run.decision.waiver_faults.iter().map(fault);
    let notifications: Vec<sarif::Notification> = broken
        .map(|finding| {
            let text = format!(
                "{} could not be decided: {}",
                outside::visible(&finding.id),
                plain::summary(finding)
            );
            let message = sarif::Message::builder().text(message_text(&text)).build();
            sarif::Notification::builder().level(json!("error")).message(message).build()
        })
        .collect();
    let whole = notifications.is_empty();
    let notifications: Vec<sarif::Notification> = notifications.into_iter().chain(faults).collect();
    sarif::Invocation::builder()
        .execution_successful(whole)
        .tool_execution_notifications(notifications)
        .start_time_utc(moment(run.started_at))
        .end_time_utc(moment(end))
        .build()
}

/// A waiver that fails the gate has no result of its own to stand in.
fn fault(fault: &WaiverFault) -> sarif::Notification {
    let (id, why) = (outside::visible(&fault.waiver.requirement), outside::visible(&fault.why));
    let text = format!("the waiver of {id} does not hold: {why}");
    let message = sarif::Message::builder().text(message_text(&text)).build();
    sarif::Notification::builder().level(json!("error")).message(message).build()
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn properties(values: Json) -> sarif::PropertyBag {
    let values = match values {
        Json::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => BTreeMap::default(),
    };
    sarif::PropertyBag::builder().additional_properties(values).build()
}

#[cfg(test)]
mod tests;
