//! The poll for people: what is decided on, who said what, what changed since each looked, what comes next.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use seaworthy_core::finding::Verdict;
use seaworthy_core::ledger::{Entry, Record, RecordKind};
use seaworthy_core::manifest::Role;
use seaworthy_core::poll::{Poll, Seat};
use seaworthy_core::run::Run;
use seaworthy_core::statement::{Envelope, Statement, Vote};
use seaworthy_report::visible;

use super::Subject;
use crate::run::house::House;

/// Where text stands beside the word.
const INDENT: usize = 9;
/// Most changes that are named for one role.
const CHANGES_MAX: usize = 8;

/// What changed since the holders of each role last voted on another run.
pub(super) type Changes = BTreeMap<Role, Since>;

/// Since when, and what.
pub(super) struct Since {
    run: String,
    changed: Vec<String>,
}

/// Compares the run with those on which each role voted before.
pub(super) async fn changes(house: &House, subject: &Subject, records: &[Record]) -> Changes {
    let run = &subject.document.run;
    let mut before: BTreeMap<Role, String> = BTreeMap::new();
    for record in records.iter().filter(|record| record.entry.kind == RecordKind::SignOff) {
        let here = record.entry.service == run.service && record.entry.environment == run.environment;
        if let Some(vote) = claimed(&record.entry).filter(|vote| here && vote.run != run.id) {
            before.insert(vote.role, vote.run);
        }
    }
    let mut changes = Changes::new();
    for (role, id) in before {
        // A run that is gone tells nothing; the poll then shows nothing for the role.
        if let Ok(older) = house.store.get(Some(&id)).await {
            changes.insert(role, Since { run: id, changed: differences(&older, run) });
        }
    }
    changes
}

/// What a vote says of itself, not verified: for looking things up, never for counting.
pub(super) fn claimed(entry: &Entry) -> Option<Vote> {
    let payload = Envelope::parse(entry.envelope.as_bytes()).ok()?.payload_bytes().ok()?;
    Some(Statement::<Vote>::read(&payload).ok()?.predicate)
}

fn differences(older: &Run, run: &Run) -> Vec<String> {
    let verdicts: BTreeMap<&str, Verdict> =
        older.findings.iter().map(|finding| (finding.id.as_str(), finding.verdict)).collect();
    let mut changed = Vec::new();
    if older.commit != run.commit {
        let short = |commit: &Option<String>| {
            commit.as_deref().map_or("none", |commit| commit.get(..12).unwrap_or(commit)).to_owned()
        };
        changed.push(format!("commit {} to {}", short(&older.commit), short(&run.commit)));
    }
    for finding in &run.findings {
        match verdicts.get(finding.id.as_str()) {
            Some(then) if *then == finding.verdict => {}
            Some(then) => {
                changed.push(format!("{} {} to {}", finding.id, then.word(), finding.verdict.word()));
            }
            None => changed.push(format!("{} is new: {}", finding.id, finding.verdict.word())),
        }
    }
    let waived = |run: &Run| -> Vec<String> {
        run.decision.waived.iter().map(|waived| waived.requirement.clone()).collect()
    };
    let then = waived(older);
    changed
        .extend(waived(run).into_iter().filter(|id| !then.contains(id)).map(|id| format!("{id} is waived")));
    changed
}

/// The poll, line by line.
pub(super) fn poll(house: &House, subject: &Subject, poll: &Poll, changes: &Changes) -> String {
    let run = &subject.document.run;
    let mut text = String::new();
    let commit = run
        .commit
        .as_deref()
        .map_or(String::new(), |commit| format!(", commit {}", commit.get(..12).unwrap_or(commit)));
    text += &line(
        "POLL",
        &format!("{} · run {}, {}{commit}", visible(&house.name()), run.id, moment(run.started_at)),
    );
    text += &line("", &format!("{}: {}", run.decision.headline.words(), run.decision.because));
    if let Some(end) = subject.expires_at() {
        text += &line("", &format!("holds until {}", moment(end)));
    }
    for waived in &run.decision.waived {
        let (id, approver) = (visible(&waived.requirement), visible(&waived.approver));
        text += &line("WAIVED", &format!("{id} until {}, accepted by {approver}", moment(waived.until)));
    }
    for why in &poll.stale {
        text += &line("STALE", &visible(why));
    }
    text.push('\n');
    for seat in &poll.seats {
        text += &seated(seat, poll);
        text += &changed(changes.get(&seat.role));
    }
    let others = poll.no_gos.iter().filter(|voice| poll.seats.iter().all(|seat| seat.role != voice.role));
    for voice in others {
        text += &line("NO-GO", &format!("{}: {}", voice.role, visible(&voice.person)));
    }
    for vote in &poll.not_counted {
        text += &line("VOID", &format!("record {} of the ledger: {}", vote.sequence, visible(&vote.why)));
    }
    text + "\n" + &next(run, poll)
}

fn seated(seat: &Seat, poll: &Poll) -> String {
    let mut text = String::new();
    for voice in poll.no_gos.iter().filter(|voice| voice.role == seat.role) {
        let reason = voice.reason.as_deref().unwrap_or_default();
        let (person, reason) = (visible(&voice.person), visible(reason));
        text += &line("NO-GO", &format!("{}: {person}, {}: {reason}", seat.role, moment(voice.at)));
    }
    match &seat.go {
        Some(voice) => {
            let reason =
                voice.reason.as_deref().map_or(String::new(), |reason| format!(": {}", visible(reason)));
            text += &line(
                "GO",
                &format!("{}: {}, {}{reason}", seat.role, visible(&voice.person), moment(voice.at)),
            );
        }
        None if text.is_empty() => {
            text += &line("OPEN", &format!("{}: {}", seat.role, visible(&seat.holders.join(" or "))));
        }
        None => {}
    }
    text
}

fn changed(since: Option<&Since>) -> String {
    let Some(Since { run, changed }) = since else { return String::new() };
    if changed.is_empty() {
        return line("", &format!("nothing changed since run {}", short(run)));
    }
    let shown: Vec<&str> = changed.iter().take(CHANGES_MAX).map(String::as_str).collect();
    let more = match changed.len().saturating_sub(CHANGES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    line("", &format!("changed since run {}: {}{more}", short(run), visible(&shown.join(", "))))
}

/// The one thing to do now.
fn next(run: &Run, poll: &Poll) -> String {
    let id = short(&run.id);
    if let Err(why) = poll.is_open() {
        return format!("next: mend it and `seaworthy check`: {}\n", visible(&why));
    }
    if !poll.no_gos.is_empty() {
        return "next: settle the NO-GO; who said it can say GO, or mend what is wrong in a new commit\n"
            .to_owned();
    }
    match poll.seats.iter().find(|seat| seat.go.is_none()) {
        Some(seat) => format!("next: seaworthy decide {id} --go --role {} --key FILE\n", seat.role),
        None if poll.seats.is_empty() => {
            "next: name the roles that must say GO under `gate.sign_offs` in seaworthy.yaml\n".to_owned()
        }
        None => format!("next: seaworthy certify {id} --out certificate.json\n"),
    }
}

/// Enough of a UUID of version 7 to name it: its time and some of its chance.
fn short(id: &str) -> String {
    id.get(..18).unwrap_or(id).to_owned()
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn line(word: &str, text: &str) -> String {
    format!("{word:<INDENT$}{text}\n").trim_end().to_owned() + "\n"
}
