//! What does not block, as lines: in the open what stands, folded what is in order.

use seaworthy_core::catalog::Assurance;
use seaworthy_core::finding::{Finding, Verdict};

use super::tone;
use crate::outline::{Group, Outline};
use crate::words::counted;

/// Most sentences shown of one finding.
const SEEN_MAX: usize = 3;
/// Most ids named in a line.
const IDS_MAX: usize = 60;

/// A finding, or all that are unknown for one reason, in a line or two.
pub(super) struct Line<'a> {
    pub tone: &'static str,
    pub word: &'static str,
    pub title: String,
    pub meta: String,
    pub ids: Vec<&'a str>,
    pub seen: Vec<&'a str>,
    pub warnings: Vec<&'a str>,
    pub by_hand: Option<&'a str>,
}

/// Findings that are folded away.
pub(super) struct Fold<'a> {
    pub title: &'static str,
    pub count: usize,
    pub areas: Vec<Area<'a>>,
}

/// Those of one area.
pub(super) struct Area<'a> {
    pub name: &'a str,
    pub lines: Vec<Line<'a>>,
}

/// What stands without blocking.
pub(super) fn standing<'a>(outline: &Outline<'a>) -> Vec<Line<'a>> {
    let failed = outline.standing.iter().map(|finding| line(finding));
    let warned = outline.warned.iter().map(|finding| Line {
        tone: tone(Verdict::Unknown),
        word: "warn",
        seen: Vec::new(),
        ..line(finding)
    });
    failed.chain(outline.standing_unseen.iter().map(group_line)).chain(warned).collect()
}

/// What holds and what has no subject, by area.
pub(super) fn all<'a>(outline: &Outline<'a>) -> Vec<Fold<'a>> {
    let sorts = [("What holds", &outline.passed), ("What has no subject here", &outline.not_applicable)];
    let folds = sorts.into_iter().filter(|(_, findings)| !findings.is_empty());
    folds.map(|(title, findings)| Fold { title, count: findings.len(), areas: areas(findings) }).collect()
}

fn areas<'a>(findings: &[&'a Finding]) -> Vec<Area<'a>> {
    let mut areas: Vec<Area<'a>> = Vec::new();
    for finding in findings {
        let line = line(finding);
        match areas.iter_mut().find(|area| area.name == finding.area) {
            Some(area) => area.lines.push(line),
            None => areas.push(Area { name: &finding.area, lines: vec![line] }),
        }
    }
    areas
}

fn line(finding: &Finding) -> Line<'_> {
    let words = [Some(finding.severity.word()), finding.assurance.map(Assurance::word)];
    let experimental = (!finding.proven).then_some("experimental");
    let words: Vec<&str> = words.into_iter().flatten().chain(experimental).collect();
    Line {
        tone: tone(finding.verdict),
        word: word(finding.verdict),
        title: finding.title.clone(),
        meta: words.join(" · "),
        ids: vec![&finding.id],
        seen: finding.seen.iter().take(SEEN_MAX).map(String::as_str).collect(),
        warnings: finding.warnings.iter().map(String::as_str).collect(),
        by_hand: finding.by_hand.first().map(String::as_str),
    }
}

/// The word in a narrow column.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "n/a",
        Verdict::Pass | Verdict::Fail | Verdict::Unknown | Verdict::Error => verdict.word(),
    }
}

fn group_line<'a>(group: &Group<'a>) -> Line<'a> {
    let reason = group.reason.map(|reason| reason.why.as_str());
    match group.findings.as_slice() {
        [finding] => Line { seen: reason.into_iter().chain(line(finding).seen).collect(), ..line(finding) },
        many => Line {
            tone: tone(Verdict::Unknown),
            word: Verdict::Unknown.word(),
            title: counted(many.len(), "requirement"),
            meta: String::new(),
            ids: many.iter().take(IDS_MAX).map(|finding| finding.id.as_str()).collect(),
            seen: reason.into_iter().collect(),
            warnings: Vec::new(),
            by_hand: None,
        },
    }
}
