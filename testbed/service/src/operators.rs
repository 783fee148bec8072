//! Operators: who holds a token that was signed for one of them, and how such a token is made.
//!
//! A token is a JSON Web Token with HMAC-SHA-256. Which algorithm holds is said here and never read from the token, so that
//! one that claims to need no signature is refused like any other forgery.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::{Error as TokenError, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::settings::Secret;

/// How long a token opens the operators' routes.
pub const LIFETIME: Duration = Duration::from_hours(12);
/// Whom a token is for: no token of another service opens this one.
const AUDIENCE: &str = "shop-operations";

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    exp: i64,
}

/// An operator, as the token names them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Operator {
    pub operator: String,
    pub until: DateTime<Utc>,
}

/// Signs a token for an operator.
pub fn issue(secret: &Secret, operator: &str, now: DateTime<Utc>) -> Result<String, TokenError> {
    let exp = (now + LIFETIME).timestamp();
    let claims = Claims { sub: operator.to_owned(), aud: AUDIENCE.to_owned(), exp };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
}

/// Whose token it is; nothing where it is forged, of another service or too old.
pub fn verify(secret: &Secret, token: &str) -> Result<Operator, TokenError> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    let key = DecodingKey::from_secret(secret.expose().as_bytes());
    let Claims { sub, exp, .. } = jsonwebtoken::decode(token, &key, &validation)?.claims;
    let until = DateTime::from_timestamp(exp, 0).ok_or(ErrorKind::InvalidToken)?;
    Ok(Operator { operator: sub, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(character: &str) -> Secret {
        Secret::from(character.repeat(32))
    }

    #[test]
    fn a_token_names_its_operator_until_it_ends() {
        let token = issue(&key("o"), "night", Utc::now()).unwrap();
        assert_eq!(verify(&key("o"), &token).unwrap().operator, "night");
        let old = issue(&key("o"), "night", Utc::now() - 2 * LIFETIME).unwrap();
        assert!(verify(&key("o"), &old).is_err());
    }

    #[test]
    fn forged_tokens_are_refused() {
        let token = issue(&key("o"), "night", Utc::now()).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        assert!(verify(&key("x"), &token).is_err());
        // {"alg":"none"}
        assert!(verify(&key("o"), &format!("eyJhbGciOiJub25lIn0.{claims}.")).is_err());
        assert!(verify(&key("o"), "").is_err());
    }
}
