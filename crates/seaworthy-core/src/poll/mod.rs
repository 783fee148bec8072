//! The poll: who said GO to exactly this decision, who has yet to, and whether it still stands on its ground.
//!
//! Every vote is verified here again; what the ledger says about itself counts for nothing.

mod ballot;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value as Json;

use crate::catalog::Severity;
use crate::facts::{not_as_committed, unwrapped};
use crate::finding::Verdict;
use crate::gate::Headline;
use crate::ledger::{Record, RecordKind, said_first, waivers};
use crate::limits::people::CLOCK_AHEAD_SECONDS_MAX;
use crate::manifest::{People, Role};
use crate::run::Run;
use crate::statement::{Choice, DecisionStatement, Envelope, Statement, sha256_hex};

use self::ballot::Ballot;

/// What a poll is about, and what is known beside it.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The run on which is voted.
    pub run: &'a Run,
    /// SHA-256 of its JSON as it was kept.
    pub digest: &'a str,
    /// The newest whole run of the same service in the same environment, by its place in the store.
    pub newest: &'a Run,
    /// Every run of it that was kept after the one that is voted on, the newest first.
    pub later: &'a [Run],
    /// The commit that is checked out now, where that is known.
    pub head: Option<&'a str>,
    /// SHA-256 of the manifest as it stands now.
    pub manifest: &'a str,
    /// Who may sign, by the manifest as it stands now.
    pub people: &'a People,
    /// The time.
    pub now: DateTime<Utc>,
}

/// A poll as it stands.
#[derive(Debug, Clone, Serialize)]
pub struct Poll {
    /// The run.
    pub run: String,
    /// What it came to.
    pub headline: Headline,
    /// Until when the decision holds.
    pub holds_until: DateTime<Utc>,
    /// One seat for each role that the gate asks for.
    pub seats: Vec<Seat>,
    /// Every NO-GO, whoever holds the role.
    pub no_gos: Vec<Voice>,
    /// Votes on this decision that do not count, and why.
    pub not_counted: Vec<NotCounted>,
    /// Why nobody may vote GO, or why the votes no longer hold; empty while the decision stands.
    pub stale: Vec<String>,
    /// The bytes that everyone signs who says GO.
    #[serde(skip)]
    pub payload: Vec<u8>,
    #[serde(skip)]
    signatures: BTreeMap<String, [u8; 64]>,
}

/// A role that has to say GO.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// The role.
    pub role: Role,
    /// Who could say it.
    pub holders: Vec<String>,
    /// Who said it.
    pub go: Option<Voice>,
}

/// What someone said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voice {
    /// Who.
    pub person: String,
    /// For which role.
    pub role: Role,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
}

/// A vote that does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCounted {
    /// Its place in the ledger.
    pub sequence: i64,
    /// Why.
    pub why: String,
}

/// Why a run cannot be voted on at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPoll {
    /// Nobody has a role in it.
    #[error("run {0} was made without a manifest, so nobody has a role in it")]
    WithoutManifest(String),
    /// It did not look at everything.
    #[error("run {0} was limited with `--only`; a decision needs a whole run")]
    Limited(String),
}

impl Poll {
    /// Counts the votes.
    pub fn of(ground: &Ground<'_>, records: &[Record]) -> Result<Self, NoPoll> {
        let run = ground.run;
        if !run.only.is_empty() {
            return Err(NoPoll::Limited(run.id.clone()));
        }
        let decision = DecisionStatement::of(run, ground.digest)
            .ok_or_else(|| NoPoll::WithoutManifest(run.id.clone()))?;
        let mut poll = Self {
            run: run.id.clone(),
            headline: run.decision.headline,
            holds_until: decision.predicate.expires_at,
            seats: seats(run, ground.people),
            no_gos: Vec::new(),
            not_counted: Vec::new(),
            stale: stale(ground, &decision, records),
            payload: decision.bytes(),
            signatures: BTreeMap::new(),
        };
        poll.count(ground, records);
        Ok(poll)
    }

    fn count(&mut self, ground: &Ground<'_>, records: &[Record]) {
        let about = sha256_hex(&self.payload);
        let here = |record: &Record| {
            record.entry.kind == RecordKind::SignOff
                && record.entry.service == ground.run.service
                && record.entry.environment == ground.run.environment
        };
        // The last word of each person counts, so one person fills one seat.
        let mut last: BTreeMap<String, Ballot> = BTreeMap::new();
        for record in said_first(records, here) {
            match Ballot::read(record, ground, &about, &self.payload) {
                Ok(Some(ballot)) => {
                    last.insert(ballot.vote.person.clone(), ballot);
                }
                // It is about another decision.
                Ok(None) => {}
                Err(why) => self.not_counted.push(NotCounted { sequence: record.sequence, why }),
            }
        }
        for (person, Ballot { vote, signature }) in last {
            let voice = Voice { person: person.clone(), role: vote.role, at: vote.at, reason: vote.reason };
            match (vote.choice, signature) {
                (Choice::Go, Some(signature)) => {
                    let seat = self.seats.iter_mut().find(|seat| seat.role == vote.role && seat.go.is_none());
                    if let Some(seat) = seat {
                        seat.go = Some(voice);
                        self.signatures.insert(person, signature);
                    }
                }
                (Choice::Go | Choice::NoGo, _) => self.no_gos.push(voice),
            }
        }
    }

    /// The role for which a person already said GO.
    pub fn role_of(&self, person: &str) -> Option<Role> {
        let said = |seat: &&Seat| seat.go.as_ref().is_some_and(|voice| voice.person == person);
        self.seats.iter().find(said).map(|seat| seat.role)
    }

    /// Whether nothing keeps people from saying GO.
    pub fn is_open(&self) -> Result<(), String> {
        match self.headline {
            Headline::NoGo | Headline::Undecided => {
                return Err(format!("run {} is {}", self.run, self.headline.words()));
            }
            Headline::Go | Headline::ConditionalGo => {}
        }
        self.stale.first().map_or(Ok(()), |why| Err(why.clone()))
    }

    /// The certificate, or everything that is missing.
    pub fn certificate(&self) -> Result<Envelope, Vec<String>> {
        let mut missing: Vec<String> = Vec::new();
        missing.extend(self.is_open().err());
        missing.extend(self.stale.iter().skip(1).cloned());
        missing.extend(self.no_gos.iter().map(|voice| {
            let reason = voice.reason.as_deref().unwrap_or_default();
            format!("{} said NO-GO as {}: {reason}", voice.person, voice.role)
        }));
        if self.seats.is_empty() {
            missing.push("the gate asks for no sign-offs, so there is nothing to certify".to_owned());
        }
        missing.extend(
            self.seats
                .iter()
                .filter(|seat| seat.go.is_none())
                .map(|seat| format!("{} has not said GO: {}", seat.role, seat.holders.join(" or "))),
        );
        if !missing.is_empty() {
            return Err(missing);
        }
        let people = self.seats.iter().filter_map(|seat| seat.go.as_ref());
        let signatures: Vec<[u8; 64]> =
            people.filter_map(|voice| self.signatures.get(&voice.person).copied()).collect();
        Ok(Envelope::new(&self.payload, &signatures))
    }
}

fn seats(run: &Run, people: &People) -> Vec<Seat> {
    let roles = run.gate.sign_offs.iter();
    roles
        .map(|role| Seat {
            role: *role,
            holders: people.holders(*role).map(str::to_owned).collect(),
            go: None,
        })
        .collect()
}

/// What took the ground away from under a decision.
fn stale(ground: &Ground<'_>, decision: &Statement<DecisionStatement>, records: &[Record]) -> Vec<String> {
    let Ground { run, newest, manifest, now, head, .. } = ground;
    let mut why = Vec::new();
    let mut differs = |what: &str, then: Option<&str>, since: Option<&str>| {
        if then != since {
            let short =
                |text: Option<&str>| text.map_or("none", |text| text.get(..12).unwrap_or(text)).to_owned();
            why.push(format!("the {what} was {} and is now {}", short(then), short(since)));
        }
    };
    differs("commit", run.commit.as_deref(), newest.commit.as_deref());
    if head.is_some() && run.commit.is_some() && run.commit == newest.commit {
        differs("commit", run.commit.as_deref(), *head);
    }
    differs("environment", run.environment.as_deref(), newest.environment.as_deref());
    differs("catalog", Some(&run.policy), Some(&newest.policy));
    differs("manifest", run.manifest.as_deref(), Some(manifest));
    // By their places in the store: clocks go back.
    if newest.id != run.id && newest.decision.headline < run.decision.headline {
        let words = newest.decision.headline.words();
        why.push(format!("the newer run {} is {words}", newest.id));
    }
    why.extend(of_no_commit(run));
    why.extend(failed_since(ground));
    why.extend(no_longer_accepted(ground, records));
    if decision.predicate.expires_at <= *now {
        let end = decision.predicate.expires_at.format("%Y-%m-%d %H:%M UTC");
        why.push(format!("what run {} saw is too old: it held until {end}", run.id));
    }
    if run.started_at.signed_duration_since(*now).num_seconds() > CLOCK_AHEAD_SECONDS_MAX {
        why.push(format!("run {} is dated in the future", run.id));
    }
    why
}

/// Why a run of a repository is about no commit: what was decided about is then nothing that can be deployed.
fn of_no_commit(run: &Run) -> Option<String> {
    let git = run.facts.pointer("/repo/git").map(unwrapped).filter(|git| git.is_object())?;
    if run.commit.is_some() {
        return None;
    }
    let why = |fact: &Json| fact.pointer("/$unseen/why").and_then(Json::as_str).map(str::to_owned);
    let changed = git.get("changed").map(unwrapped);
    let listed = not_as_committed(&run.facts).unwrap_or_default();
    let files: Vec<&str> = listed.iter().filter_map(Json::as_str).collect();
    Some(match files.as_slice() {
        [] => {
            let unseen = changed.and_then(why).or_else(|| listed.iter().find_map(why)).or_else(|| why(git));
            let unseen = unseen.map(|why| format!(": {why}")).unwrap_or_default();
            format!("which commit was looked at is not known{unseen}")
        }
        [only] => format!("the work tree was not as committed: {only}"),
        [first, more @ ..] => format!("the work tree was not as committed: {first} and {} more", more.len()),
    })
}

/// Blockers that a later run saw fail, one that was limited to them among those, and that none saw pass since.
fn failed_since<'a>(ground: &Ground<'a>) -> Vec<String> {
    let accepted = |id: &str| ground.run.decision.waived.iter().any(|waived| waived.requirement == id);
    let mut told: BTreeMap<&'a str, (&'a str, Verdict)> = BTreeMap::new();
    for run in ground.later {
        let blockers =
            run.findings.iter().filter(|finding| finding.proven && finding.severity == Severity::Critical);
        for finding in blockers.filter(|finding| matches!(finding.verdict, Verdict::Pass | Verdict::Fail)) {
            told.entry(&finding.id).or_insert((&run.id, finding.verdict));
        }
    }
    let failed = told.iter().filter(|(id, (_, verdict))| *verdict == Verdict::Fail && !accepted(id));
    failed.map(|(id, (run, _))| format!("the later run {run} saw `{id}` fail")).collect()
}

/// Risks of the decision whose acceptance was taken back, ends earlier now, or cannot be trusted any more.
fn no_longer_accepted(ground: &Ground<'_>, records: &[Record]) -> Vec<String> {
    let Ground { run, people, now, .. } = ground;
    let standing = waivers(records, &run.service, run.environment.as_deref(), people, &run.gate, *now);
    let ended = run.decision.waived.iter().filter_map(|waived| {
        let id = &waived.requirement;
        let found =
            standing.iter().map(|standing| &standing.waiver).find(|found| found.says.requirement == *id);
        match found {
            None => Some(format!("the risk of `{id}` is no longer accepted")),
            Some(found) if found.fault.is_some() => Some(format!(
                "the acceptance of `{id}` counts no longer: {}",
                found.fault.as_deref().unwrap_or_default()
            )),
            Some(found) if found.says.until < waived.until => Some(format!(
                "the risk of `{id}` is accepted until {} only",
                found.says.until.format("%Y-%m-%d %H:%M UTC")
            )),
            Some(_) => None,
        }
    });
    ended.collect()
}

#[cfg(test)]
mod tests;
