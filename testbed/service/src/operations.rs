//! What operators ask: which version runs where, and how an internal error is answered.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::app::Shared;
use crate::error::Error;
use crate::operators::Operator;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that the build was given, as `SHOP_COMMIT`; null where it was given none.
const COMMIT: Option<&str> = option_env!("SHOP_COMMIT");

pub async fn version() -> Json<Value> {
    Json(json!({"version": VERSION, "commit": COMMIT}))
}

/// Also the mark by which drills know on which environment they are.
pub async fn status(State(app): State<Shared>) -> Json<Value> {
    Json(json!({"service": "shop", "environment": app.settings.environment.name(), "version": VERSION}))
}

/// The entrance to the API: where its description is and what it allows.
pub async fn index(State(app): State<Shared>) -> Json<Value> {
    let settings = &app.settings;
    Json(json!({
        "service": "shop",
        "version": VERSION,
        "description": "/openapi.yaml",
        "requests_max": settings.rate_limit_requests,
        "per_seconds": settings.rate_limit_window.as_secs(),
        "body_bytes_max": settings.body_limit_bytes,
    }))
}

/// Whose token opens the operators' routes, and until when.
pub async fn operator(operator: Operator) -> Json<Operator> {
    Json(operator)
}

/// Makes the database fail, so that operators see what callers see when something breaks: the
/// error takes the way of every other internal error.
pub async fn fault(State(app): State<Shared>, _: Operator) -> Result<Json<Value>, Error> {
    sqlx::query("SELECT 1 / 0").execute(&app.database).await?;
    Ok(Json(json!({"fault": "none"})))
}
