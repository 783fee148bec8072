//! How many keys there are, and in which databases: `INFO keyspace`.

use seaworthy_core::facts::Unseen;

use crate::redis::question::{Question, Section};
use crate::redis::resp::{Reply, not_redis};
use crate::redis::session::Session;

/// Keys over all databases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) all: u64,
    /// Those without an expiry.
    pub(super) lasting: u64,
}

impl Keys {
    /// Counts one more.
    pub(super) fn add(&mut self, lasting: bool) {
        self.all += 1;
        self.lasting += u64::from(lasting);
    }
}

pub(super) async fn count(session: &mut Session<'_>) -> Result<Keys, Unseen> {
    counted(&session.answer(Question::Info(Section::Keyspace)).await?)
}

/// The databases that are not empty.
pub(super) async fn databases(session: &mut Session<'_>) -> Result<Vec<u32>, Unseen> {
    let reply = session.answer(Question::Info(Section::Keyspace)).await?;
    let lines = reply.text().ok_or_else(not_redis)?.lines();
    Ok(lines.filter_map(|line| line.strip_prefix("db")?.split_once(':')?.0.parse().ok()).collect())
}

/// `db0:keys=20,expires=3,avg_ttl=0`, a line for each database that is not empty.
pub(super) fn counted(reply: &Reply) -> Result<Keys, Unseen> {
    let mut sum = Keys::default();
    let lines = reply.text().ok_or_else(not_redis)?.lines();
    for line in lines.filter(|line| line.starts_with("db")) {
        let (_, values) = line.split_once(':').ok_or_else(not_redis)?;
        let value = |name: &str| {
            let mut pairs = values.split(',').filter_map(|pair| pair.split_once('='));
            let (_, number) = pairs.find(|(key, _)| *key == name).ok_or_else(not_redis)?;
            number.trim().parse::<u64>().map_err(|_| not_redis())
        };
        let (keys, expires) = (value("keys")?, value("expires")?);
        sum.all = sum.all.saturating_add(keys);
        sum.lasting = sum.lasting.saturating_add(keys.saturating_sub(expires));
    }
    Ok(sum)
}
