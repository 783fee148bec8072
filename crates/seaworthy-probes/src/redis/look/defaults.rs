//! Passwords that every list of attackers begins with, tried for the user `default`. At `probe`, on one connection.

use seaworthy_core::facts::{Seen, Unseen};
use seaworthy_core::limits::Limits;
use tokio::time::Instant;

use crate::redis::by_hand;
use crate::redis::facts::{DefaultLogins, Ping};
use crate::redis::question::Question;
use crate::redis::session::Session;
use crate::redis::target::RedisTarget;

/// The one of the file that Redis is shipped with, and of the lists.
const WELL_KNOWN: [&str; 8] =
    ["foobared", "redis", "password", "admin", "root", "123456", "changeme", "secret"];

/// Tries them until one is taken, where a Redis server was seen to ask for one.
pub(super) async fn look(
    target: &RedisTarget,
    stranger: &Seen<Ping>,
    limits: &Limits,
    until: Instant,
) -> Seen<DefaultLogins> {
    let tried = match stranger {
        Seen::Seen { value: Ping { answered: true, .. }, .. } => {
            Ok(DefaultLogins { tried_count: 0, accepted: true })
        }
        Seen::Seen { .. } => tried(target, limits, until).await,
        Seen::Unseen(why) => Err(why.clone()),
    };
    match tried {
        Ok(logins) => Seen::shown_by(logins, by_hand::unknown(target, Question::Ping)),
        Err(why) => Seen::Unseen(why),
    }
}

async fn tried(target: &RedisTarget, limits: &Limits, until: Instant) -> Result<DefaultLogins, Unseen> {
    let (mut session, _) = Session::open(target, limits, until).await?;
    for (index, password) in WELL_KNOWN.iter().enumerate() {
        if session.takes(password).await? {
            return Ok(DefaultLogins { tried_count: index + 1, accepted: true });
        }
    }
    Ok(DefaultLogins { tried_count: WELL_KNOWN.len(), accepted: false })
}
