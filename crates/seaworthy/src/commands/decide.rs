//! `seaworthy decide`: shows the poll, or votes at it.

mod show;

use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use seaworthy_core::gate::Headline;
use seaworthy_core::ledger::{Record, RecordKind};
use seaworthy_core::poll::{Ground, Poll};
use seaworthy_core::run::Run;
use seaworthy_core::statement::{Choice, DecisionStatement, Vote, sha256_hex};
use seaworthy_store::{KeptDocument, StoreError};
use serde_json::json;

use super::{print, waive};
use crate::cli::{Decide, ListFormat};
use crate::exit::Wrong;
use crate::keys::Signer;
use crate::run::house::House;

/// Most runs that are looked through for a whole one.
const RUNS_MAX: u32 = 1_000;

/// Carries out the command.
pub(super) async fn run(decide: &Decide) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let house = House::open_existing(&decide.keep, decide.env.as_deref()).await?;
    let mut records = house.store.ledger().await?;
    let subject = Subject::find(&house, decide.run.as_deref(), &records, now).await?;
    let mut poll = subject.poll(&house, &records, now)?;
    let votes = decide.go || decide.no_go;
    if votes {
        records.push(vote(decide, &house, &subject, &poll, now).await?);
        poll = subject.poll(&house, &records, now)?;
    } else if decide.sign.is_given() || decide.role.is_some() || decide.reason.is_some() {
        return Err(Wrong::error(
            "nothing says how to vote",
            "add `--go`, or `--no-go --reason TEXT`; without a key the poll is shown",
        ));
    }
    match decide.format {
        ListFormat::Json => print::json(&json!({"version": 1, "poll": poll}))?,
        ListFormat::Terminal => {
            let changes = show::changes(&house, &subject, &records).await;
            print::text(&show::poll(&house, &subject, &poll, &changes))?;
        }
    }
    Ok(if votes { ExitCode::SUCCESS } else { code(&poll) })
}

/// 0 where a certificate can be had, 1 where something stands against it, 4 where someone has yet to say.
fn code(poll: &Poll) -> ExitCode {
    let open = poll.headline == Headline::Undecided;
    let against = !poll.no_gos.is_empty() || (poll.is_open().is_err() && !open);
    ExitCode::from(match (poll.certificate().is_ok(), against) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 4,
    })
}

/// Signs a vote and keeps it. What could not count is refused, so that nobody believes to have voted.
async fn vote(
    decide: &Decide,
    house: &House,
    subject: &Subject,
    poll: &Poll,
    now: DateTime<Utc>,
) -> anyhow::Result<Record> {
    house.sound().await?;
    let run = &subject.document.run;
    let Some(role) = decide.role else {
        return Err(Wrong::error("nothing says for which role", "give `--role ROLE`"));
    };
    let signer = Signer::of(&decide.sign, &house.manifest.people)?;
    let person = &signer.person;
    let holds = house.manifest.people.get(person).is_some_and(|person| person.roles.contains(&role));
    if !holds {
        return Err(Wrong::error(
            format!("`{person}` does not have the role `{role}`"),
            "the manifest says who has it, under `people`",
        ));
    }
    let reason = decide.reason.as_deref().map(|text| waive::words(Some(text), "--reason")).transpose()?;
    let mut signature = None;
    if decide.go {
        if !run.gate.sign_offs.contains(&role) {
            return Err(Wrong::error(
                format!("the gate does not ask `{role}`"),
                "add the role to `gate.sign_offs` in seaworthy.yaml and check again",
            ));
        }
        poll.is_open().map_err(|why| Wrong::error(format!("nobody can say GO: {why}"), CHECK_AGAIN))?;
        if let Some(other) = poll.role_of(person).filter(|other| *other != role) {
            return Err(Wrong::error(
                format!("`{person}` said GO as `{other}` already; one person counts for one role"),
                "someone else with the role has to sign",
            ));
        }
        signature = Some(STANDARD.encode(signer.sign(&poll.payload)?));
    }
    let vote = Vote {
        person: person.clone(),
        role,
        choice: if decide.go { Choice::Go } else { Choice::NoGo },
        reason: reason.map(str::to_owned),
        run: run.id.clone(),
        commit: run.commit.clone(),
        at: now,
        decision_signature: signature,
    };
    let statement = vote.about(&sha256_hex(&poll.payload));
    let envelope = signer.envelope(&statement.bytes())?;
    house.record(RecordKind::SignOff, &envelope).await
}

const CHECK_AGAIN: &str = "`seaworthy check` looks again; then everyone votes on the new run";

/// The run that is voted on, and the newest beside it.
pub(super) struct Subject {
    pub(super) document: KeptDocument,
    digest: String,
    newest: Run,
    /// The runs that were kept after it, the newest first.
    later: Vec<Run>,
}

impl Subject {
    /// The run that was named; else the newest on which someone said GO and which still stands; else the newest.
    pub(super) async fn find(
        house: &House,
        named: Option<&str>,
        records: &[Record],
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let newest = newest(house).await?;
        if let Some(beginning) = named {
            let document = get(house, beginning).await?;
            let here = document.run.service == house.manifest.service.name
                && document.run.environment == house.environment;
            if !here {
                return Err(Wrong::error(
                    format!("run {} is of another service or environment", document.run.id),
                    "`seaworthy history` lists the runs; `--env NAME` names another environment",
                ));
            }
            return Self::new(house, document, newest.run).await;
        }
        for id in voted(records, house).into_iter().filter(|id| *id != newest.run.id) {
            let Ok(document) = house.store.document(Some(&id)).await else { continue };
            let subject = Self::new(house, document, newest.run.clone()).await?;
            let stands = subject
                .poll(house, records, now)
                .is_ok_and(|poll| poll.is_open().is_ok() && poll.seats.iter().any(|seat| seat.go.is_some()));
            if stands {
                return Ok(subject);
            }
        }
        let run = newest.run.clone();
        Self::new(house, newest, run).await
    }

    async fn new(house: &House, document: KeptDocument, newest: Run) -> anyhow::Result<Self> {
        let digest = sha256_hex(&document.json);
        let mut later = Vec::new();
        let service = &house.manifest.service.name;
        let kept = house.store.list_of(service, house.environment.as_deref(), RUNS_MAX).await?;
        for kept in kept.iter().take_while(|kept| kept.id != document.run.id) {
            later.push(house.store.document(Some(&kept.id)).await?.run);
        }
        Ok(Self { document, digest, newest, later })
    }

    /// The poll as it stands.
    pub(super) fn poll(&self, house: &House, records: &[Record], now: DateTime<Utc>) -> anyhow::Result<Poll> {
        let ground = Ground {
            run: &self.document.run,
            digest: &self.digest,
            newest: &self.newest,
            later: &self.later,
            head: house.head.as_deref(),
            manifest: &house.digest,
            people: &house.manifest.people,
            now,
        };
        Poll::of(&ground, records).map_err(|error| Wrong::error(error.to_string(), CHECK_AGAIN))
    }

    /// What everyone signs who says GO, for people.
    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        DecisionStatement::of(&self.document.run, &self.digest).map(|decision| decision.predicate.expires_at)
    }
}

/// The runs on which someone voted, the newest vote first. What a vote claims is checked when it is counted.
fn voted(records: &[Record], house: &House) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for record in records.iter().rev() {
        let entry = &record.entry;
        let here = entry.service == house.manifest.service.name && entry.environment == house.environment;
        if entry.kind != RecordKind::SignOff || !here {
            continue;
        }
        if let Some(vote) = show::claimed(entry).filter(|vote| !ids.contains(&vote.run)) {
            ids.push(vote.run);
        }
        if ids.len() == 5 {
            break;
        }
    }
    ids
}

/// The newest whole run of this service in this environment.
pub(super) async fn newest(house: &House) -> anyhow::Result<KeptDocument> {
    let service = &house.manifest.service.name;
    for kept in house.store.list_of(service, house.environment.as_deref(), RUNS_MAX).await? {
        let document = house.store.document(Some(&kept.id)).await?;
        if document.run.only.is_empty() {
            return Ok(document);
        }
    }
    let environment = house.environment.as_ref().map_or(String::new(), |name| format!(" --env {name}"));
    Err(Wrong::error(
        format!("no whole run of {} was kept in {}", house.name(), house.place.display()),
        format!("seaworthy check{environment}"),
    ))
}

async fn get(house: &House, beginning: &str) -> anyhow::Result<KeptDocument> {
    match house.store.document(Some(beginning)).await {
        Err(error @ (StoreError::NoSuchRun(_) | StoreError::Ambiguous(_))) => {
            Err(Wrong::error(error.to_string(), "`seaworthy history` lists the runs"))
        }
        other => Ok(other?),
    }
}
