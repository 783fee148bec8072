//! Sessions: a random token with the client, its account in Redis under the token's HMAC.
//!
//! A copy of Redis opens no session, because the tokens are not in it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;

/// The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-session";
/// A session ends when it was not used for this long,
const IDLE: Duration = Duration::from_mins(30);
/// and at this age in any case.
pub const LIFETIME: Duration = Duration::from_hours(24);

#[derive(Serialize, Deserialize)]
struct Session {
    account_id: Uuid,
    opened_at: DateTime<Utc>,
}

/// Opens a session and gives the token, which is stored nowhere.
pub async fn open(app: &App, account_id: Uuid) -> Result<String, Error> {
    let token = random_hex::<32>()?;
    let session =
        serde_json::to_string(&Session { account_id, opened_at: Utc::now() }).map_err(Error::internal)?;
    let _: () = app.cache.clone().set_ex(key(app, &token), session, IDLE.as_secs()).await?;
    Ok(token)
}

/// The account of a live session; each use extends the idle time.
pub async fn find(app: &App, token: &str) -> Result<Option<Uuid>, Error> {
    let (mut cache, key) = (app.cache.clone(), key(app, token));
    let Some(stored): Option<String> = cache.get(&key).await? else { return Ok(None) };
    let session: Session = serde_json::from_str(&stored).map_err(Error::internal)?;
    if expired(&session, Utc::now()) {
        let _: () = cache.del(&key).await?;
        return Ok(None);
    }
    let _: () = cache.expire(&key, IDLE.as_secs().cast_signed()).await?;
    Ok(Some(session.account_id))
}

pub async fn close(app: &App, token: &str) -> Result<(), Error> {
    Ok(app.cache.clone().del(key(app, token)).await?)
}

/// The `Set-Cookie` value that hands a token to a browser.
pub fn cookie(token: &str) -> String {
    format!("{COOKIE}={token}; Path=/; Max-Age={}; HttpOnly; Secure; SameSite=Lax", LIFETIME.as_secs())
}

/// The `Set-Cookie` value that takes it away again.
pub fn cookie_removed() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
}

/// `N` random bytes from the system, as text.
pub fn random_hex<const N: usize>() -> Result<String, Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(hex::encode(bytes))
}

fn expired(session: &Session, now: DateTime<Utc>) -> bool {
    let age = now - session.opened_at;
    age < TimeDelta::zero() || age.to_std().is_ok_and(|age| age > LIFETIME)
}

fn key(app: &App, token: &str) -> String {
    let secret = app.settings.session_secret.expose().as_bytes();
    let mac =
        Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length").chain_update(token);
    format!("session:{}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_at_its_age_even_when_used() {
        let session =
            |hours| Session { account_id: Uuid::nil(), opened_at: Utc::now() - TimeDelta::hours(hours) };
        assert!(!expired(&session(23), Utc::now()));
        assert!(expired(&session(25), Utc::now()));
        assert!(expired(&session(-1), Utc::now()), "opened in the future");
    }

    #[test]
    fn the_cookie_carries_every_flag() {
        let cookie = cookie("t");
        for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(flag), "{flag}");
        }
    }
}
