//! The gate: findings become a decision. Waivers are shown beside a verdict, never instead of it.

mod waiver;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use waiver::{Waived, Waiver, WaiverFault, WaiverFaultKind};

use crate::catalog::Severity;
use crate::finding::{Finding, Verdict};
use crate::manifest::{GateSpec, UnknownRule};

/// The headline of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Headline {
    /// A blocker failed.
    NoGo,
    /// No blocker failed, but one is unknown.
    Undecided,
    /// Only non-blocking items stand.
    ConditionalGo,
    /// Nothing stands.
    Go,
}

impl Headline {
    /// The words in every output.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoGo => "NO-GO",
            Self::Undecided => "UNDECIDED",
            Self::ConditionalGo => "CONDITIONAL GO",
            Self::Go => "GO",
        }
    }

    /// The exit code of a command that ends in this decision: 0 go, 1 no-go, 4 undecided.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Go | Self::ConditionalGo => 0,
            Self::NoGo => 1,
            Self::Undecided => 4,
        }
    }
}

/// How many findings have each verdict. Together they are all findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Could not be seen.
    pub unknown: usize,
    /// Have no subject.
    pub not_applicable: usize,
    /// Seaworthy failed.
    pub error: usize,
}

/// What the findings come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The headline.
    pub headline: Headline,
    /// Why it is so, in a sentence.
    pub because: String,
    /// Ids of what blocks, in the order in which to fix it.
    pub blockers: Vec<String>,
    /// Ids of what stands without blocking, in the same order.
    pub standing: Vec<String>,
    /// Findings by verdict.
    pub counts: Counts,
    /// Risks that were accepted: these requirements do not hold and do not block.
    #[serde(default)]
    pub waived: Vec<Waived>,
    /// Waivers that are expired, that nothing needs, or that cannot be trusted. Each fails the gate.
    #[serde(default)]
    pub waiver_faults: Vec<WaiverFault>,
}

/// Areas in the order in which to fix them: what others stand on comes first.
const AREAS_IN_ORDER: [&str; 10] = [
    "infrastructure",
    "network-tls",
    "security",
    "auth",
    "data",
    "backup-recovery",
    "reliability",
    "delivery",
    "observability",
    "performance",
];

/// Decides. Findings whose checks are not proven are shown and never block.
///
/// A waiver changes no verdict. What is waived does not block, and the headline is then CONDITIONAL GO at best.
/// A waiver that is at fault fails the gate: nobody reads a list on which nothing is true any more.
pub fn decide(spec: &GateSpec, findings: &[Finding], waivers: &[Waiver], now: DateTime<Utc>) -> Decision {
    let mut in_order: Vec<&Finding> = findings.iter().collect();
    in_order.sort_by_key(|finding| order_of(finding));
    let (waived, waiver_faults) = waiver::sorted(waivers, findings, now);
    let let_by: BTreeSet<&str> = waived.iter().map(|waived| waived.requirement.as_str()).collect();
    let falls_short = important_falls_short(spec, findings);
    let blocking = |finding: &Finding| match finding.severity {
        Severity::Critical => finding.proven,
        Severity::Important => finding.proven && falls_short,
        Severity::Nice => false,
    };
    let with = |wanted: fn(Verdict) -> bool, blocks: bool| -> Vec<String> {
        let chosen = in_order.iter().filter(|f| wanted(f.verdict) && blocking(f) == blocks);
        chosen.map(|finding| finding.id.clone()).filter(|id| !let_by.contains(id.as_str())).collect()
    };
    let failed = with(|verdict| verdict == Verdict::Fail, true);
    let unseen = with(is_unseen, true);
    let standing = with(|verdict| verdict == Verdict::Fail || is_unseen(verdict), false);
    let passed = findings.iter().any(|finding| finding.verdict == Verdict::Pass && finding.proven);
    let stands = Stands {
        failed: failed.len(),
        unseen: unseen.len(),
        standing: standing.len(),
        waived: waived.len(),
        faults: waiver_faults.len(),
        passed,
        strict: spec.unknown == UnknownRule::CountsAsFail,
    };
    let (headline, because) = stands.headline();
    Decision {
        headline,
        because,
        blockers: failed.into_iter().chain(unseen).collect(),
        standing,
        counts: count(findings),
        waived,
        waiver_faults,
    }
}

/// How much stands, and of what kind.
struct Stands {
    failed: usize,
    unseen: usize,
    standing: usize,
    waived: usize,
    faults: usize,
    /// Whether anything was seen to hold.
    passed: bool,
    /// Whether what could not be seen counts as failed.
    strict: bool,
}

impl Stands {
    fn headline(&self) -> (Headline, String) {
        let (headline, because) = match (self.failed, self.unseen) {
            (0, 0) => self.nothing_blocks(),
            (0, open) if !self.strict => {
                (Headline::Undecided, format!("no blocker failed, but {open} could not be seen"))
            }
            (0, open) => {
                (Headline::NoGo, format!("{open} blocking could not be seen, which counts as failed"))
            }
            (broken, 0) => (Headline::NoGo, format!("{} failed", blockers(broken))),
            (broken, open) => {
                (Headline::NoGo, format!("{} failed and {open} could not be seen", blockers(broken)))
            }
        };
        let at_fault = match self.faults {
            0 => return (headline, because),
            1 => "1 waiver does not hold".to_owned(),
            many => format!("{many} waivers do not hold"),
        };
        // What was otherwise fine needs no other reason.
        match headline {
            Headline::Go | Headline::ConditionalGo => (Headline::NoGo, at_fault),
            Headline::Undecided | Headline::NoGo => (Headline::NoGo, format!("{because}, and {at_fault}")),
        }
    }

    fn nothing_blocks(&self) -> (Headline, String) {
        match (self.standing, self.waived) {
            _ if !self.passed => (Headline::Undecided, "nothing was seen to hold".to_owned()),
            (0, 0) => (Headline::Go, "everything that was asked holds".to_owned()),
            (standing, 0) => {
                (Headline::ConditionalGo, format!("no blocker stands; {} not blocking", items(standing)))
            }
            (0, waived) => (Headline::ConditionalGo, format!("no blocker stands; {}", risks(waived))),
            (standing, waived) => {
                let (items, risks) = (items(standing), risks(waived));
                (Headline::ConditionalGo, format!("no blocker stands; {risks}; {items} not blocking"))
            }
        }
    }
}

fn risks(count: usize) -> String {
    if count == 1 { "1 risk is accepted".into() } else { format!("{count} risks are accepted") }
}

fn items(count: usize) -> String {
    if count == 1 { "1 item stands,".into() } else { format!("{count} items stand,") }
}

fn blockers(count: usize) -> String {
    if count == 1 { "1 blocker".into() } else { format!("{count} blockers") }
}

fn is_unseen(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Unknown | Verdict::Error)
}

/// Failed before unknown, then by severity; what was given and could not be seen before what nobody gave; then by area, by id.
fn order_of(finding: &Finding) -> (Verdict, Severity, bool, usize, &str) {
    let nobody_gave =
        is_unseen(finding.verdict) && !finding.unseen.iter().any(|unseen| unseen.kind.is_failed_look());
    let area = AREAS_IN_ORDER.iter().position(|area| *area == finding.area).unwrap_or(AREAS_IN_ORDER.len());
    (finding.verdict, finding.severity, nobody_gave, area, &finding.id)
}

/// Whether fewer important requirements pass than the gate asks for, of those that apply.
fn important_falls_short(spec: &GateSpec, findings: &[Finding]) -> bool {
    let apply = findings
        .iter()
        .filter(|f| f.severity == Severity::Important && f.proven && f.verdict != Verdict::NotApplicable);
    let (passed, all) = apply.fold((0_usize, 0_usize), |(passed, all), f| {
        (passed + usize::from(f.verdict == Verdict::Pass), all + 1)
    });
    passed * 100 < all * usize::from(spec.important_percent)
}

fn count(findings: &[Finding]) -> Counts {
    findings.iter().fold(Counts::default(), |mut counts, finding| {
        let slot = match finding.verdict {
            Verdict::Pass => &mut counts.pass,
            Verdict::Fail => &mut counts.fail,
            Verdict::Unknown => &mut counts.unknown,
            Verdict::NotApplicable => &mut counts.not_applicable,
            Verdict::Error => &mut counts.error,
        };
        *slot += 1;
        counts
    })
}

#[cfg(test)]
mod tests;
