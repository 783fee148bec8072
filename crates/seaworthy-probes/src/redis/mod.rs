//! Looks at one Redis server: one session with the credentials of its URL and, where `probe` is
//! granted, one without.
//!
//! What is asked stands in [`question`], word for word, and nothing else can be: no command that
//! changes data or configuration, walks the keys, or shows secrets. Needs `+info +config|get`, and
//! `+acl|users +acl|getuser` to see who takes any password, `+acl|dryrun` (Redis 7) or `+acl|getuser +command` (Redis 6) to see what another user may do.
//!
//! At `probe` a stranger's connection also tries a few published passwords. At `drill` a restart is rehearsed on a copy of the data's
//! files ([`restart`]); the server itself is only asked, for which keys it has too: `~* +select +randomkey +pttl +exists`.
//!
//! Speaks RESP2 by itself: the `redis` crate decodes whatever length and depth an answer claims, so
//! that one hostile answer takes all memory, and its errors carry the server's words.

mod by_hand;
mod dial;
pub mod facts;
mod look;
mod question;
mod resp;
mod restart;
mod session;
mod target;

#[cfg(test)]
mod tests;

pub use facts::RedisFacts;
pub use look::look;
pub use target::RedisTarget;

use seaworthy_core::facts::Seen;

use crate::ask::Ask;
use crate::step::Step;

/// The look at the environment's Redis server.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let spec = ask.environment.redis.as_ref()?;
    let limits = ask.limits;
    match RedisTarget::given(ask, spec) {
        Ok(target) => Some(Step::new(target.shown(), async move { look(&target, &limits).await })),
        Err(unseen) => Some(Step::new("redis", async move { Seen::<RedisFacts>::Unseen(unseen) })),
    }
}
