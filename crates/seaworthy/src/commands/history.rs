//! `seaworthy history`: the kept runs, and whether anything was changed.

use std::process::ExitCode;

use seaworthy_report::visible;
use seaworthy_store::{Kept, SqliteStore, Verified};
use serde_json::json;

use super::print;
use crate::cli::{History, ListFormat};
use crate::exit::Wrong;
use crate::run::keeping;

/// Carries out the command.
pub(super) async fn run(history: &History) -> anyhow::Result<ExitCode> {
    let place = keeping::place_here(history.keep.store.as_deref());
    let Some(store) = SqliteStore::open_existing(&place).await? else {
        return Err(Wrong::error(
            format!("no run was kept in {}", place.display()),
            "`seaworthy check` keeps one; `--store FILE` names another store",
        ));
    };
    if history.verify {
        let verified = store.verify(history.head.as_deref()).await?;
        match history.format {
            ListFormat::Json => print::json(&json!({"version": 1, "verified": verified}))?,
            ListFormat::Terminal => print::text(&told(&verified))?,
        }
        return Ok(ExitCode::from(u8::from(!verified.faults.is_empty())));
    }
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

fn told(verified: &Verified) -> String {
    let mut text = String::new();
    for fault in &verified.faults {
        text += &format!("CHANGED  record {} {}: {}\n", fault.sequence, visible(&fault.id), fault.what);
    }
    if verified.faults.is_empty() {
        text += &format!("{} runs, each as it was kept\n", verified.records);
    }
    text += &format!("head {}\n", verified.head);
    if verified.known_head_found.is_none() {
        text += "note: whether newer runs were cut off cannot be seen from the store alone; keep the head elsewhere\n";
        text += "help: seaworthy history --verify --head DIGEST\n";
    }
    text
}
