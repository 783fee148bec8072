//! Short links: `/l/{code}` leads to the target that a signed-in user gave.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use crate::app::Shared;
use crate::auth::Account;
use crate::body::{Body, Path};
use crate::error::Error;

const LINKS_PAGE: i64 = 50;
const TARGET_BYTES_MAX: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    target: String,
}

#[derive(Serialize, sqlx::FromRow)]
pub struct Link {
    code: String,
    target: String,
    created_at: DateTime<Utc>,
}

pub async fn create(
    State(app): State<Shared>,
    account: Account,
    Body(new): Body<NewLink>,
) -> Result<impl IntoResponse, Error> {
    let target = checked_target(&new.target)?;
    let insert = sqlx::query_as(
        "INSERT INTO links (code, user_id, target) VALUES ($1, $2, $3) RETURNING code, target, created_at",
    );
    let link: Link = insert.bind(code()?).bind(account.id).bind(target).fetch_one(&app.database).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

pub async fn list(State(app): State<Shared>, account: Account) -> Result<impl IntoResponse, Error> {
    let rows = sqlx::query_as(
        "SELECT code, target, created_at FROM links WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2",
    );
    let links: Vec<Link> = rows.bind(account.id).bind(LINKS_PAGE).fetch_all(&app.database).await?;
    Ok(Json(json!({"links": links})))
}

pub async fn delete(
    State(app): State<Shared>,
    account: Account,
    Path(code): Path<String>,
) -> Result<StatusCode, Error> {
    let deleted = sqlx::query("DELETE FROM links WHERE code = $1 AND user_id = $2");
    let rows = deleted.bind(code).bind(account.id).execute(&app.database).await?.rows_affected();
    if rows == 0 { Err(Error::not_found()) } else { Ok(StatusCode::NO_CONTENT) }
}

/// Sends the visitor on. Found, not moved: a deleted link must not live on in caches.
pub async fn follow(State(app): State<Shared>, Path(code): Path<String>) -> Result<impl IntoResponse, Error> {
    let row = sqlx::query_scalar("SELECT target FROM links WHERE code = $1");
    let target: Option<String> = row.bind(code).fetch_optional(&app.database).await?;
    Ok((StatusCode::FOUND, [(LOCATION, target.ok_or_else(Error::not_found)?)]))
}

/// Only web addresses: `javascript:` and the like must never come out of a redirect.
fn checked_target(text: &str) -> Result<String, Error> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let target = url.map(String::from).filter(|target| target.len() <= TARGET_BYTES_MAX);
    target.ok_or_else(|| Error::invalid("`target` must be a web address of at most 2000 bytes."))
}

/// Eight letters of base 32: 40 random bits.
fn code() -> Result<String, Error> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    Ok(bytes
        .map(|byte| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(byte % 32)]))
        .iter()
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_targets() {
        assert_eq!(checked_target("https://example.com/a b").unwrap(), "https://example.com/a%20b");
        for bad in ["javascript:alert(1)", "/relative", "data:text/html,x", "ftp://example.com", ""] {
            assert!(checked_target(bad).is_err(), "{bad}");
        }
        assert!(checked_target(&format!("https://example.com/{}", "a".repeat(2000))).is_err());
    }

    #[test]
    fn codes_match_what_the_table_takes() {
        let code = code().unwrap();
        assert!(code.len() == 8 && code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')));
    }
}
