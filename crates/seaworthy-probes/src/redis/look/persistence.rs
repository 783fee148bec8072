//! Whether data is kept on disk: `INFO persistence`, `CONFIG GET save`.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::redis::SAVE_RULES_MAX;

use super::{info, setting, shown};
use crate::redis::facts::SaveRule;
use crate::redis::question::{Question, Section, Setting};
use crate::redis::resp::Reply;
use crate::redis::session::Session;
use crate::redis::target::RedisTarget;

/// What is seen of persistence.
pub(super) struct Persistence {
    pub(super) append_only_on: Seen<bool>,
    pub(super) append_only_write_ok: Seen<Option<bool>>,
    pub(super) save_rules: Seen<Listed<SaveRule>>,
    pub(super) snapshot_ok: Seen<bool>,
}

pub(super) async fn look(session: &mut Session<'_>, target: &RedisTarget) -> Persistence {
    let question = Question::Info(Section::Persistence);
    let answer = session.answer(question).await;
    let rules = session.answer(Question::Config(Setting::Save)).await;
    let from_info = |name: &str| answer.as_ref().map_err(Clone::clone).and_then(|reply| outcome(reply, name));
    let append_only_on = from_info("aof_enabled");
    let append_only_write_ok = match append_only_on {
        Ok(true) => from_info("aof_last_write_status").map(Some),
        Ok(false) => Ok(None),
        Err(ref why) => Err(why.clone()),
    };
    Persistence {
        append_only_on: shown(target, question, append_only_on),
        append_only_write_ok: shown(target, question, append_only_write_ok),
        save_rules: shown(
            target,
            Question::Config(Setting::Save),
            rules.and_then(|reply| save_rules(&reply)),
        ),
        snapshot_ok: shown(target, question, from_info("rdb_last_bgsave_status")),
    }
}

fn outcome(reply: &Reply, name: &str) -> Result<bool, Unseen> {
    match info(reply, name)? {
        "1" | "ok" => Ok(true),
        "0" | "err" => Ok(false),
        _ => Err(Unseen::new(Blind::Garbled, format!("`{name}` is neither of the values that are known"))),
    }
}

/// `3600 1 300 100`: pairs of seconds and changes.
pub(super) fn save_rules(reply: &Reply) -> Result<Listed<SaveRule>, Unseen> {
    let unclear = || Unseen::new(Blind::Garbled, "`save` is not a list of pairs of numbers");
    let words = setting(reply, "save")?.split_whitespace();
    let numbers: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().map_err(|_| unclear())?;
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(unclear());
    }
    let rules = pairs.iter().map(|&[seconds, changes]| SaveRule { seconds, changes }).collect();
    Ok(Listed::bounded(rules, SAVE_RULES_MAX, "save rules"))
}
