//! Who asks: extractors that a handler names in its arguments, so that no route forgets the question.

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap, ORIGIN};
use axum::http::request::Parts;
use serde::Serialize;
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::error::Error;
use crate::operators::{self, Operator};
use crate::sessions;

/// Someone who is signed in.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Account {
    pub id: Uuid,
    pub email: String,
    pub role: String,
}

/// Someone who is signed in with the role `admin`.
pub struct Admin;

/// How a session token was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Bearer(&'a str),
    Cookie(&'a str),
}

impl FromRequestParts<Shared> for Account {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let token = token(&parts.headers).ok_or_else(Error::unauthenticated)?;
        if matches!(token, Token::Cookie(_)) && !parts.method.is_safe() {
            refuse_foreign_origin(app, &parts.headers)?;
        }
        let id = sessions::find(app, token.text()).await?.ok_or_else(Error::unauthenticated)?;
        let found = sqlx::query_as("SELECT id, email, role FROM accounts WHERE id = $1");
        let account: Option<Self> = found.bind(id).fetch_optional(&app.database).await?;
        tracing::Span::current().record("account_id", tracing::field::display(id));
        account.ok_or_else(Error::unauthenticated)
    }
}

impl FromRequestParts<Shared> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let account = Account::from_request_parts(parts, app).await?;
        if account.role == "admin" { Ok(Self) } else { Err(Error::forbidden("This needs the role admin.")) }
    }
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Error> {
        let token = bearer(&parts.headers).ok_or_else(Error::unauthenticated)?;
        operators::verify(&app.settings.operator_secret, token).map_err(|_| Error::unauthenticated())
    }
}

/// The session token of a request: the header before the cookie.
pub fn token(headers: &HeaderMap) -> Option<Token<'_>> {
    bearer(headers).map(Token::Bearer).or_else(|| cookie(headers).map(Token::Cookie))
}

impl Token<'_> {
    pub fn text(&self) -> &str {
        match self {
            Self::Bearer(text) | Self::Cookie(text) => text,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == sessions::COOKIE).map(|(_, value)| value)
}

/// A browser attaches the cookie to what other sites send too; `SameSite=Lax` holds most of it
/// back, the `Origin` header tells the rest.
fn refuse_foreign_origin(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let known = *origin == app.settings.public_origin || app.settings.cors_origins.contains(origin);
    if known { Ok(()) } else { Err(Error::forbidden("This origin may not do that.")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn check(name: HeaderName, value: &'static str, wanted: Option<&Token>) {
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert_eq!(token(&headers).as_ref(), wanted, "{value}");
    }

    #[test]
    fn the_token_is_found_in_header_or_cookie() {
        check(AUTHORIZATION, "Bearer abc", Some(&Token::Bearer("abc")));
        check(AUTHORIZATION, "Basic abc", None);
        check(COOKIE, "a=b; __Host-session=abc", Some(&Token::Cookie("abc")));
        check(COOKIE, "session=abc", None);
    }
}
