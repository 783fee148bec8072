//! `seaworthy history`: the kept runs, and whether anything was changed.

use std::process::ExitCode;

use seaworthy_report::visible;
use seaworthy_store::{Fault, Kept, SqliteStore, Verified};
use serde_json::json;

use super::print;
use crate::cli::{History, ListFormat};
use crate::exit::Wrong;
use crate::run::keeping;

/// Carries out the command.
pub(super) async fn run(history: &History) -> anyhow::Result<ExitCode> {
    let place = keeping::place_here(history.keep.store.as_deref());
    let nothing = || {
        Wrong::error(
            format!("no run was kept in {}", place.display()),
            "`seaworthy check` keeps one; `--store FILE` names another store",
        )
    };
    for (flag, given) in [("--head", &history.head), ("--ledger-head", &history.ledger_head)] {
        if given
            .as_ref()
            .is_some_and(|given| given.len() != 64 || !given.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return Err(Wrong::error(
                format!("`{flag}` is no digest"),
                "give the 64 digits that `history --verify` printed",
            ));
        }
    }
    if history.verify {
        let (store, changed) = SqliteStore::open_to_verify(&place).await?.ok_or_else(nothing)?;
        let mut verified = store.verify(history.head.as_deref()).await?;
        verified.faults.extend(changed.map(|what| Fault { sequence: 0, id: "the store".to_owned(), what }));
        let ledger = store.verify_ledger(history.ledger_head.as_deref()).await?;
        match history.format {
            ListFormat::Json => {
                print::json(&json!({"version": 1, "verified": verified, "ledger": ledger}))?;
            }
            ListFormat::Terminal => print::text(&told(&verified, &ledger))?,
        }
        let sound = verified.faults.is_empty() && ledger.faults.is_empty();
        return Ok(ExitCode::from(u8::from(!sound)));
    }
    let store = SqliteStore::open_existing(&place).await?.ok_or_else(nothing)?;
    let runs = store.list(history.limit).await?;
    match history.format {
        ListFormat::Json => print::json(&json!({"version": 1, "runs": runs}))?,
        ListFormat::Terminal => print::text(&runs.iter().map(line).collect::<String>())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn line(kept: &Kept) -> String {
    let when = kept.started_at.get(..19).unwrap_or(&kept.started_at);
    let place = kept.environment.as_deref().unwrap_or(&kept.target);
    format!("{when}Z  {:<14}  {}  {}  {}\n", kept.headline, kept.id, visible(&kept.service), visible(place))
}

fn told(verified: &Verified, ledger: &Verified) -> String {
    let mut text = chain(verified, "run", "head");
    // Where nobody said anything there is nothing to tell.
    if ledger.records > 0 || !ledger.faults.is_empty() || ledger.known_head_found.is_some() {
        text += &chain(ledger, "record of the ledger", "ledger head");
    }
    if verified.known_head_found.is_none() {
        text += "note: whether the newest runs, or what was said since the newest run, were cut off cannot be seen from the store alone; keep the heads elsewhere\n";
        text += "help: seaworthy history --verify --head DIGEST --ledger-head DIGEST\n";
    }
    text
}

fn chain(verified: &Verified, what: &str, head: &str) -> String {
    let mut text = String::new();
    for fault in &verified.faults {
        text += &format!("CHANGED  {what} {} {}: {}\n", fault.sequence, visible(&fault.id), fault.what);
    }
    if verified.faults.is_empty() {
        let (one, rest) =
            what.split_once(' ').map_or((what, String::new()), |(one, rest)| (one, format!(" {rest}")));
        let plural = if verified.records == 1 { "" } else { "s" };
        text += &format!("{} {one}{plural}{rest}, each as it was kept\n", verified.records);
    }
    text + &format!("{head} {}\n", verified.head)
}
