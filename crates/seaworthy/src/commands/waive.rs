//! `seaworthy waive`: a person accepts a risk until a day. Ending it earlier is free, extending it is a new waiver.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use seaworthy_core::ledger::{self, Record, RecordKind, Standing, WaiverEnd};
use seaworthy_core::limits::people::WORDS_CHARS_MAX;
use seaworthy_core::manifest::is_address;
use seaworthy_core::statement::WaiverStatement;
use seaworthy_core::term::{self, TermError};
use seaworthy_report::visible;
use serde_json::json;

use super::{check, print};
use crate::cli::{ListFormat, Waive};
use crate::exit::Wrong;
use crate::keys::Signer;
use crate::run::house::House;

/// Carries out the command.
pub(super) async fn run(waive: &Waive) -> anyhow::Result<ExitCode> {
    let now = Utc::now();
    let house = House::open(&waive.keep, waive.env.as_deref()).await?;
    let (record, told) = if waive.withdraw || waive.shorten.is_some() {
        ended(waive, &house, now).await?
    } else {
        given(waive, &house, now).await?
    };
    match waive.format {
        ListFormat::Json => print::json(&json!({"version": 1, "record": record}))?,
        ListFormat::Terminal => {
            let place = house.place.display();
            print::text(&format!("{told}\nrecord {} of the ledger in {place}\n", record.sequence))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A new waiver, signed by its approver.
async fn given(waive: &Waive, house: &House, now: DateTime<Utc>) -> anyhow::Result<(Record, String)> {
    check::requirement(&waive.id, &waive.pack)?;
    let reason = words(waive.reason.as_deref(), "--reason")?;
    let owner = given_word(waive.owner.as_deref(), "--owner ADDRESS")?;
    if !is_address(owner) {
        return Err(Wrong::error("the owner is no e-mail address", "give `--owner dev@example.com`"));
    }
    let until = given_word(waive.until.as_deref(), "--until WHEN")?;
    let until =
        term::until(until, now, house.manifest.gate.waiver_days_max).map_err(|error| wrong(&error))?;
    let signer = Signer::of(&waive.sign, &house.manifest.people)?;
    if !house.manifest.people.has_role(&signer.person) {
        return Err(Wrong::error(
            format!("`{}` has no role, so the approval would count for nothing", signer.person),
            "someone with a role under `people` has to accept a risk",
        ));
    }
    if signer.person.eq_ignore_ascii_case(owner) {
        return Err(Wrong::error(
            format!("`{owner}` cannot both own a risk and accept it"),
            "name as owner who has to end it, and let someone else sign",
        ));
    }
    let says = WaiverStatement {
        requirement: waive.id.clone(),
        service: house.manifest.service.name.clone(),
        environment: house.environment.clone(),
        reason: reason.to_owned(),
        owner: owner.to_owned(),
        approver: signer.person.clone(),
        at: now,
        until,
    };
    let envelope = signer.envelope(&says.statement().bytes())?;
    let record = house.record(RecordKind::Waiver, &envelope).await?;
    let told = format!(
        "waived {} for {} until {}, accepted by {}; {owner} ends it",
        waive.id,
        visible(&house.name()),
        until.format("%Y-%m-%d %H:%M UTC"),
        signer.person,
    );
    Ok((record, told))
}

/// An end that comes earlier, or at once.
async fn ended(waive: &Waive, house: &House, now: DateTime<Utc>) -> anyhow::Result<(Record, String)> {
    let found = standing(waive, house, now).await?;
    let said = found.waiver.says.until;
    let (kind, until) = match &waive.shorten {
        Some(text) => {
            let until = term::moment(text, now).map_err(|error| wrong(&error))?;
            if until >= said {
                return Err(Wrong::error(
                    format!("it ends on {} already", said.format("%Y-%m-%d %H:%M UTC")),
                    "give an earlier end; extending needs a new waiver with a signature",
                ));
            }
            (RecordKind::WaiverShortened, until)
        }
        None => (RecordKind::WaiverWithdrawn, now),
    };
    let envelope = ledger::shortened(WaiverEnd { waiver: found.record, until }, &found.digest);
    let record = house.record(kind, &envelope).await?;
    let (id, name) = (visible(&waive.id).into_owned(), house.name());
    let told = match kind {
        RecordKind::WaiverWithdrawn => format!("the waiver of {id} for {} is taken back", visible(&name)),
        _ => format!(
            "the waiver of {id} for {} now ends on {}",
            visible(&name),
            until.format("%Y-%m-%d %H:%M UTC")
        ),
    };
    Ok((record, told))
}

/// The waiver of this requirement that stands.
async fn standing(waive: &Waive, house: &House, now: DateTime<Utc>) -> anyhow::Result<Standing> {
    let records = house.store.ledger().await?;
    let (manifest, environment) = (&house.manifest, house.environment.as_deref());
    let all =
        ledger::waivers(&records, &manifest.service.name, environment, &manifest.people, &manifest.gate, now);
    all.into_iter().find(|standing| standing.waiver.says.requirement == waive.id).ok_or_else(|| {
        Wrong::error(
            format!("no waiver of `{}` stands for {}", visible(&waive.id), visible(&house.name())),
            "`seaworthy report` lists those that stand; `--env NAME` names another environment",
        )
    })
}

/// A text that a person gives and others read.
pub(super) fn words<'a>(given: Option<&'a str>, flag: &str) -> anyhow::Result<&'a str> {
    let text = given.map(str::trim).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| {
        Wrong::error(format!("nothing is said: `{flag} TEXT` is missing"), format!("give `{flag} TEXT`"))
    })?;
    if text.chars().count() > WORDS_CHARS_MAX {
        return Err(Wrong::error(
            format!("`{flag}` has more than {WORDS_CHARS_MAX} characters"),
            "say it shorter, and link to the rest",
        ));
    }
    Ok(text)
}

fn given_word<'a>(given: Option<&'a str>, flag: &str) -> anyhow::Result<&'a str> {
    given.filter(|text| !text.is_empty()).ok_or_else(|| {
        Wrong::error(
            format!("a waiver needs `{flag}`"),
            "seaworthy waive ID --reason TEXT --owner ADDRESS --until 30d --key FILE",
        )
    })
}

/// A term that cannot be meant.
pub(super) fn wrong(error: &TermError) -> anyhow::Error {
    Wrong::error(error.to_string(), error.help())
}
