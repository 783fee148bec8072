//! The payment provider's webhook: signed, fresh, and harmless when delivered twice.
//!
//! `Webhook-Signature: t=<unix seconds>,v1=<hex>` where `v1` is HMAC-SHA256 over `<t>.<body>`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::HeaderMap;
use axum::response::IntoResponse;
use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use crate::app::Shared;
use crate::error::Error;

const SIGNATURE: &str = "webhook-signature";
/// A signature older or younger than this is refused, so that a recorded one cannot be sent again.
const TOLERANCE_SECONDS: u64 = 300;

#[derive(Deserialize)]
struct Event {
    id: String,
    kind: String,
    amount_cents: i64,
    currency: String,
}

pub async fn webhook(
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, Error> {
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = app.settings.payment_webhook_secret.expose();
    if !signed(secret, signature, &body, Utc::now().timestamp()) {
        tracing::warn!("webhook_signature_refused");
        return Err(Error::unauthenticated());
    }
    let event: Event =
        serde_json::from_slice(&body).map_err(|_| Error::invalid("The event cannot be read."))?;
    check(&event)?;
    let insert = sqlx::query(
        "INSERT INTO payments (event_id, kind, amount_cents, currency) VALUES ($1, $2, $3, $4)
         ON CONFLICT (event_id) DO NOTHING",
    );
    let insert = insert.bind(&event.id).bind(&event.kind).bind(event.amount_cents).bind(&event.currency);
    let duplicate = insert.execute(&app.database).await?.rows_affected() == 0;
    tracing::info!(event_id = event.id, duplicate, "payment_event");
    Ok(Json(json!({"received": true, "duplicate": duplicate})))
}

fn signed(secret: &str, signature: &str, body: &[u8], now: i64) -> bool {
    let field =
        |name: &str| signature.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (Some(time), Some(mac)) = (field("t"), field("v1")) else { return false };
    let fresh = time.parse::<i64>().is_ok_and(|time| now.abs_diff(time) <= TOLERANCE_SECONDS);
    let wanted = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    let wanted = wanted.chain_update(time).chain_update(".").chain_update(body);
    fresh && hex::decode(mac).is_ok_and(|mac| wanted.verify_slice(&mac).is_ok())
}

fn check(event: &Event) -> Result<(), Error> {
    let sound = (1..=100).contains(&event.id.len())
        && (1..=100).contains(&event.kind.len())
        && event.amount_cents >= 0
        && event.currency.len() == 3
        && event.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if sound { Ok(()) } else { Err(Error::invalid("The event has a field out of bounds.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a secret of the tests";
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn signature(time: i64) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        let mac = mac.chain_update(format!("{time}.")).chain_update(BODY).finalize();
        format!("t={time},v1={}", hex::encode(mac.into_bytes()))
    }

    #[test]
    fn a_fresh_signature_over_this_body_is_taken() {
        assert!(signed(SECRET, &signature(1000), BODY, 1010));
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(!signed(SECRET, &signature(1000), BODY, 1301), "too old");
        assert!(!signed(SECRET, &signature(2000), BODY, 1000), "from the future");
        assert!(!signed(SECRET, &signature(1000), b"{}", 1010), "another body");
        assert!(!signed("another secret", &signature(1000), BODY, 1010), "another secret");
        assert!(!signed(SECRET, &signature(1000).replace("t=1000", "t=1001"), BODY, 1010), "another time");
        for odd in ["", "t=1000", "v1=00", "t=x,v1=zz", "t=1000,v1="] {
            assert!(!signed(SECRET, odd, BODY, 1010), "{odd}");
        }
    }
}
