//! What blocks, as the page shows it: one finding, or all that are unknown for one reason.

use seaworthy_core::finding::{CitedUnseen, Finding, Verdict};
use seaworthy_core::run::Run;

use super::tone;
use crate::outline::{Group, Outline, seen_at};
use crate::words::{counted, need_more, time};

/// Most places and reasons of one finding.
const SHOWN_MAX: usize = 5;
/// Most requirements named in a group.
const GROUP_MAX: usize = 60;

/// Most entries of the list at the top.
const FIRST_MAX: usize = 10;

/// One block of the list.
#[derive(Default)]
pub(super) struct Blocker<'a> {
    pub place: usize,
    pub anchor: String,
    pub tone: &'static str,
    pub word: &'static str,
    pub title: String,
    pub id: Option<&'a str>,
    pub meta: Vec<String>,
    pub seen: Vec<&'a str>,
    pub more: Option<String>,
    pub unseen: Vec<String>,
    pub give: Vec<&'a str>,
    pub wanted: &'a str,
    pub by_hand: Vec<&'a str>,
    pub at: String,
    pub hint: Option<&'a str>,
    pub remedy: String,
    pub snippet: Vec<String>,
    pub requirements: Vec<&'a str>,
}

/// All of them, numbered in the order in which to fix them.
pub(super) fn all<'a>(run: &'a Run, outline: &Outline<'a>) -> Vec<Blocker<'a>> {
    let failed = outline.failed.iter().map(|finding| of_finding(run, finding));
    let unseen = outline.unseen.iter().map(|group| match group.findings.as_slice() {
        [finding] => of_finding(run, finding),
        _ => of_group(group),
    });
    let numbered = (1..).zip(failed.chain(unseen));
    numbered.map(|(place, blocker)| Blocker { place, anchor: format!("b{place}"), ..blocker }).collect()
}

/// An entry of the list at the top, which fits the first screen.
pub(super) struct Entry {
    pub place: usize,
    pub anchor: String,
    pub title: String,
    pub note: Option<String>,
    pub tone: &'static str,
    pub word: &'static str,
}

/// The list at the top, and how many blocks it leaves out.
pub(super) fn first(blockers: &[Blocker<'_>]) -> (Vec<Entry>, Option<String>) {
    let entries = blockers.iter().take(FIRST_MAX).map(|blocker| Entry {
        place: blocker.place,
        anchor: blocker.anchor.clone(),
        title: blocker.title.clone(),
        note: blocker.id.is_none().then(|| blocker.meta[0].clone()),
        tone: blocker.tone,
        word: blocker.word,
    });
    let more = blockers.len().saturating_sub(FIRST_MAX);
    (entries.collect(), (more > 0).then(|| format!("and {more} more, below")))
}

fn of_finding<'a>(run: &Run, finding: &'a Finding) -> Blocker<'a> {
    let more = finding.seen.len().saturating_sub(SHOWN_MAX) + finding.more;
    let mut meta = vec![finding.severity.word().to_owned()];
    meta.extend(finding.assurance.map(|assurance| assurance.word().to_owned()));
    let failed = finding.verdict == Verdict::Fail;
    let snippet = finding.remedy.snippet.as_deref().filter(|_| failed).unwrap_or_default();
    Blocker {
        tone: tone(finding.verdict),
        word: finding.verdict.word(),
        title: finding.title.clone(),
        id: Some(&finding.id),
        meta,
        seen: finding.seen.iter().take(SHOWN_MAX).map(String::as_str).collect(),
        more: (more > 0).then(|| format!("and {}", counted(more, "more place"))),
        unseen: finding.unseen.iter().take(SHOWN_MAX).map(reason).collect(),
        give: gifts(finding),
        wanted: &finding.wanted,
        by_hand: finding.by_hand.iter().take(SHOWN_MAX).map(String::as_str).collect(),
        at: format!("seen at {}", time(seen_at(run, finding))),
        hint: finding.hint.as_deref(),
        remedy: if failed { one_line(&finding.remedy.text) } else { String::new() },
        snippet: snippet.trim_end().lines().map(|line| line.replace('\t', "    ")).collect(),
        ..Blocker::default()
    }
}

fn of_group<'a>(group: &Group<'a>) -> Blocker<'a> {
    let count = group.findings.len();
    let why = group.reason.map_or("", |reason| reason.why.as_str());
    let hidden = count.saturating_sub(GROUP_MAX);
    let more = if hidden > 0 { Some(format!("and {hidden} more")) } else { need_more(group.need_more) };
    Blocker {
        tone: tone(Verdict::Unknown),
        word: Verdict::Unknown.word(),
        title: why.to_owned(),
        meta: vec![counted(count, "requirement"), group.severity().word().to_owned()],
        give: group.reason.and_then(|reason| reason.give.as_deref()).into_iter().collect(),
        requirements: group.findings.iter().take(GROUP_MAX).map(|finding| finding.title.as_str()).collect(),
        more,
        ..Blocker::default()
    }
}

fn reason(unseen: &CitedUnseen) -> String {
    if unseen.kind.is_failed_look() { format!("{}: {}", unseen.path, unseen.why) } else { unseen.why.clone() }
}

/// What to give, each once.
fn gifts(finding: &Finding) -> Vec<&str> {
    let mut gifts: Vec<&str> = Vec::new();
    for give in finding.unseen.iter().filter_map(|unseen| unseen.give.as_deref()) {
        if !gifts.contains(&give) && gifts.len() < SHOWN_MAX {
            gifts.push(give);
        }
    }
    gifts
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
