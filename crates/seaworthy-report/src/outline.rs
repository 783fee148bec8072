//! What every printer for people tells, in the order in which to read it. Holds no layout.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use seaworthy_core::catalog::Severity;
use seaworthy_core::facts::Blind;
use seaworthy_core::finding::{CitedUnseen, Finding, Verdict};
use seaworthy_core::run::Run;

use crate::words::{age, counted};

/// A run, sorted for reading.
#[derive(Debug)]
pub(crate) struct Outline<'a> {
    /// Blockers that failed, in the order in which to fix them.
    pub failed: Vec<&'a Finding>,
    /// Blockers that could not be seen, by reason.
    pub unseen: Vec<Group<'a>>,
    /// What failed without blocking, in order.
    pub standing: Vec<&'a Finding>,
    /// What could not be seen and does not block, by reason.
    pub standing_unseen: Vec<Group<'a>>,
    /// What holds.
    pub passed: Vec<&'a Finding>,
    /// What holds and should be better.
    pub warned: Vec<&'a Finding>,
    /// What has no subject here.
    pub not_applicable: Vec<&'a Finding>,
    /// When the oldest look began.
    pub oldest: Option<DateTime<Utc>>,
    /// Until when each decided verdict is fresh.
    fresh_until: Vec<DateTime<Utc>>,
}

/// Findings that are unknown for the same reason.
#[derive(Debug, Clone)]
pub(crate) struct Group<'a> {
    /// The reason they share; none where a finding has no such reason and stands alone.
    pub reason: Option<&'a CitedUnseen>,
    /// The findings, in order.
    pub findings: Vec<&'a Finding>,
    /// How many of them have further reasons.
    pub need_more: usize,
}

type Reason<'a> = (Blind, &'a str);

impl<'a> Outline<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        let by_id: BTreeMap<&str, &Finding> = run.findings.iter().map(|f| (f.id.as_str(), f)).collect();
        let listed = |ids: &'a [String]| -> (Vec<&'a Finding>, Vec<&'a Finding>) {
            let found = ids.iter().filter_map(|id| by_id.get(id.as_str()).copied());
            found.partition(|finding| finding.verdict == Verdict::Fail)
        };
        let (failed, unseen) = listed(&run.decision.blockers);
        let (standing, standing_unseen) = listed(&run.decision.standing);
        let with = |verdict| run.findings.iter().filter(|f| f.verdict == verdict).collect();
        Self {
            failed,
            unseen: grouped(&unseen),
            standing,
            standing_unseen: grouped(&standing_unseen),
            passed: with(Verdict::Pass),
            warned: run.findings.iter().filter(|finding| !finding.warnings.is_empty()).collect(),
            not_applicable: with(Verdict::NotApplicable),
            oldest: run.provenance.iter().map(|look| look.at).min(),
            fresh_until: run
                .findings
                .iter()
                .filter(|finding| is_decided(finding))
                .map(|finding| finding.fresh_until)
                .collect(),
        }
    }
}

impl Outline<'_> {
    /// How old the oldest evidence is, and how many verdicts have outlived theirs.
    pub(crate) fn age(&self, now: DateTime<Utc>) -> String {
        let Some(oldest) = self.oldest else { return "no evidence".to_owned() };
        let stale = self.fresh_until.iter().filter(|until| **until <= now).count();
        let stale = match stale {
            0 => String::new(),
            count => format!(", {} no longer fresh", counted(count, "verdict")),
        };
        format!("oldest evidence {}{stale}", age(oldest, now))
    }
}

fn is_decided(finding: &Finding) -> bool {
    match finding.verdict {
        Verdict::Pass | Verdict::Fail | Verdict::NotApplicable => true,
        Verdict::Unknown | Verdict::Error => false,
    }
}

impl Group<'_> {
    /// The greatest severity in it.
    pub(crate) fn severity(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Nice)
    }

    /// Whether another group is unknown for the same reason.
    pub(crate) fn shares_reason(&self, other: &Self) -> bool {
        let key = |group: &Self| group.reason.map(|reason| (reason.kind, reason.why.clone()));
        key(self).is_some() && key(self) == key(other)
    }
}

/// When the facts of a finding were seen: when its probe began to look, which is named by the section of the
/// facts document; when the run began where that cannot be told.
pub(crate) fn seen_at(run: &Run, finding: &Finding) -> DateTime<Utc> {
    let section = finding.facts.first().and_then(|fact| fact.path.split('.').nth(1));
    let looks = run.provenance.iter().filter(|look| Some(look.probe.as_str()) == section);
    looks.map(|look| look.at).min().unwrap_or(run.started_at)
}

/// Puts findings with a reason in common together. A finding with several reasons goes where most others are,
/// so that there are few groups; the order is that of the first finding of each.
fn grouped<'a>(findings: &[&'a Finding]) -> Vec<Group<'a>> {
    let mut sharing: BTreeMap<Reason<'_>, usize> = BTreeMap::new();
    for reason in findings.iter().flat_map(|finding| reasons(finding)) {
        *sharing.entry(reason).or_default() += 1;
    }
    let mut groups: Vec<(Option<Reason<'_>>, Group<'a>)> = Vec::new();
    for finding in findings {
        let reasons = reasons(finding);
        let chosen = reasons.iter().rev().max_by_key(|reason| sharing[*reason]).copied();
        let need_more = usize::from(reasons.len() > 1);
        let with_it = groups.iter_mut().find(|(reason, _)| chosen.is_some() && *reason == chosen);
        if let Some((_, group)) = with_it {
            group.findings.push(finding);
            group.need_more += need_more;
            continue;
        }
        let reason = finding.unseen.iter().find(|unseen| Some(reason_of(unseen)) == chosen);
        groups.push((chosen, Group { reason, findings: vec![*finding], need_more }));
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn reason_of(unseen: &CitedUnseen) -> Reason<'_> {
    (unseen.kind, unseen.why.as_str())
}

/// The distinct reasons of a finding. Seaworthy's own failures are never folded away.
fn reasons(finding: &Finding) -> BTreeSet<Reason<'_>> {
    match finding.verdict {
        Verdict::Error => BTreeSet::new(),
        Verdict::Unknown | Verdict::Pass | Verdict::Fail | Verdict::NotApplicable => {
            finding.unseen.iter().map(reason_of).collect()
        }
    }
}
