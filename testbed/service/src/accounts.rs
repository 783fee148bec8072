//! Accounts: registration, sign-in, sign-out, and the list that administrators see.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::{PasswordHasher, PasswordVerifier};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, SET_COOKIE};
use axum::response::{AppendHeaders, IntoResponse};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::auth::{self, Account, Admin};
use crate::body::Body;
use crate::context::Client;
use crate::error::Error;
use crate::{limits, sessions};

/// Wrong passwords that one account may see before it must wait.
const FAILURES_MAX: u64 = 10;
const FAILURES_WINDOW: Duration = Duration::from_mins(15);
const ACCOUNTS_PAGE: i64 = 100;
const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 12..=128;
/// Long enough for the rule above and yet the first that anyone tries.
const COMMON_PASSWORDS: [&str; 6] =
    ["123456789012", "password1234", "passwordpassword", "qwertyuiop12", "iloveyou1234", "administrator"];

/// Hash of a random password nobody knows; it costs as much to check as any other.
const STAND_IN_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$td+QxTFIV5KW/pUb2bbzkA$qn8VTZCj43sn11rcHuHMdJVjrim5p74ivAJP/0ZH8OY";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    email: String,
    password: String,
}

pub async fn register(
    State(app): State<Shared>,
    Body(credentials): Body<Credentials>,
) -> Result<impl IntoResponse, Error> {
    let account = create(&app.database, &credentials.email, credentials.password, "user").await?;
    tracing::info!(account_id = %account.id, "account_created");
    Ok((StatusCode::CREATED, Json(account)))
}

/// Signs a browser in: the token travels in a cookie that scripts cannot read.
pub async fn sign_in(
    State(app): State<Shared>,
    client: Client,
    headers: HeaderMap,
    Body(credentials): Body<Credentials>,
) -> Result<impl IntoResponse, Error> {
    let account = verified(&app, client, credentials).await?;
    if let Some(former) = auth::token(&headers) {
        sessions::close(&app, former.text()).await?;
    }
    let token = sessions::open(&app, account.id).await?;
    Ok((AppendHeaders([(SET_COOKIE, sessions::cookie(&token))]), Json(account)))
}

/// Signs a program in: the same session, its token for the `Authorization` header.
pub async fn issue_token(
    State(app): State<Shared>,
    client: Client,
    Body(credentials): Body<Credentials>,
) -> Result<impl IntoResponse, Error> {
    let account = verified(&app, client, credentials).await?;
    let token = sessions::open(&app, account.id).await?;
    let expires_in_seconds = sessions::LIFETIME.as_secs();
    Ok((StatusCode::CREATED, Json(json!({"token": token, "expires_in_seconds": expires_in_seconds}))))
}

pub async fn sign_out(
    State(app): State<Shared>,
    _: Account,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Error> {
    if let Some(token) = auth::token(&headers) {
        sessions::close(&app, token.text()).await?;
    }
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, sessions::cookie_removed())])))
}

pub async fn me(account: Account) -> Json<Account> {
    Json(account)
}

pub async fn list(State(app): State<Shared>, _: Admin) -> Result<impl IntoResponse, Error> {
    let rows = sqlx::query_as("SELECT id, email, role FROM accounts ORDER BY created_at DESC LIMIT $1");
    let accounts: Vec<Account> = rows.bind(ACCOUNTS_PAGE).fetch_all(&app.database).await?;
    Ok(Json(json!({"accounts": accounts})))
}

/// Creates an account; also the command by which the first administrator comes to be.
pub async fn create(database: &PgPool, email: &str, password: String, role: &str) -> Result<Account, Error> {
    let email = email.trim().to_lowercase();
    check_email(&email)?;
    check_password(&password)?;
    let hash = blocking(move || hash(&password)).await??;
    let id = Uuid::now_v7();
    let insert = sqlx::query("INSERT INTO accounts (id, email, password_hash, role) VALUES ($1, $2, $3, $4)");
    match insert.bind(id).bind(&email).bind(hash).bind(role).execute(database).await {
        Ok(_) => Ok(Account { id, email, role: role.to_owned() }),
        Err(sqlx::Error::Database(seen)) if seen.is_unique_violation() => {
            Err(Error::conflict("There is an account with this address."))
        }
        Err(other) => Err(other.into()),
    }
}

/// The account to which the credentials belong. An unknown address takes as long as a wrong
/// password and reads the same.
async fn verified(app: &App, client: Client, credentials: Credentials) -> Result<Account, Error> {
    let email = credentials.email.trim().to_lowercase();
    limits::refuse_if_spent(app, &failures(&email), FAILURES_MAX).await?;
    let row = sqlx::query_as("SELECT id, email, role, password_hash FROM accounts WHERE email = $1");
    let found: Option<(Uuid, String, String, String)> =
        row.bind(&email).fetch_optional(&app.database).await?;
    let (account, stored) = match found {
        Some((id, email, role, hash)) => (Some(Account { id, email, role }), hash),
        None => (None, STAND_IN_HASH.to_owned()),
    };
    let right = blocking(move || verify(&credentials.password, &stored)).await?;
    if let Some(account) = account.filter(|_| right) {
        return Ok(account);
    }
    tracing::warn!(ip = %client.0, endpoint = "sign-in", "auth_failure");
    limits::spend(app, &failures(&email), FAILURES_WINDOW).await?;
    Err(Error::unauthenticated())
}

fn failures(email: &str) -> String {
    format!("failures:{}", hex::encode(email))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

fn hash(password: &str) -> Result<String, Error> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

fn verify(password: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn check_email(email: &str) -> Result<(), Error> {
    let sound = email.len() <= 254
        && !email.contains(|c: char| c.is_whitespace() || c.is_control())
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    if sound { Ok(()) } else { Err(Error::invalid("`email` is not an address.")) }
}

fn check_password(password: &str) -> Result<(), Error> {
    if !PASSWORD_CHARACTERS.contains(&password.chars().count()) {
        return Err(Error::invalid("`password` must have 12 to 128 characters."));
    }
    if COMMON_PASSWORDS.contains(&password.to_lowercase().as_str()) {
        return Err(Error::invalid("`password` is among the first that anyone tries."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_nonsense() {
        for good in ["a@example.com", "a.b+c@mail.example.com"] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@example.com", "a@localhost", "a b@example.com", "a@b@example.com"] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn short_and_common_passwords_are_refused() {
        assert!(check_password("eleven char").is_err());
        assert!(check_password("Password1234").is_err());
        assert!(check_password("a sound long sentence").is_ok());
    }

    #[test]
    fn a_hash_opens_for_its_password_only() {
        let stored = hash("a sound long sentence").unwrap();
        assert!(stored.starts_with("$argon2id$") && verify("a sound long sentence", &stored));
        assert!(!verify("another sentence", &stored) && !verify("x", "not a hash"));
    }

    #[test]
    fn an_unknown_address_costs_as_much_as_a_known_one() {
        let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parameters(STAND_IN_HASH), parameters(&hash("x").unwrap()));
        assert!(PasswordHash::new(STAND_IN_HASH).is_ok());
    }
}
