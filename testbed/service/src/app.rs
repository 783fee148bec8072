//! What every handler may use: settings, connections, metrics. Opened at start, before the first request.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::health::Health;
use crate::metrics::Metrics;
use crate::pages::Assets;
use crate::settings::Settings;

/// Longest wait for a connection or an answer of PostgreSQL or Redis.
pub const DEPENDENCY_TIMEOUT: Duration = Duration::from_secs(2);

/// The migrations, part of the binary.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The state that all handlers share.
pub type Shared = Arc<App>;

pub struct App {
    pub settings: Settings,
    pub database: PgPool,
    pub cache: ConnectionManager,
    pub metrics: Metrics,
    pub assets: Assets,
    pub health: Health,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("could not reach PostgreSQL")]
    Database(#[source] sqlx::Error),
    #[error("could not reach Redis")]
    Cache(#[source] redis::RedisError),
    #[error("could not use UPLOAD_DIR")]
    UploadDir(#[source] std::io::Error),
    #[error("the database is at migration {found}, this version needs {needed}: run `shop migrate`")]
    Migrations { found: i64, needed: i64 },
}

impl App {
    pub async fn open(settings: Settings) -> Result<Shared, OpenError> {
        std::fs::create_dir_all(&settings.upload_dir).map_err(OpenError::UploadDir)?;
        let options = PgPoolOptions::new()
            .max_connections(settings.database_pool_max)
            .acquire_timeout(DEPENDENCY_TIMEOUT);
        let database = options.connect(settings.database_url.expose()).await.map_err(OpenError::Database)?;
        check_migrations(&database).await?;
        let client = redis::Client::open(settings.redis_url.expose()).map_err(OpenError::Cache)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(DEPENDENCY_TIMEOUT))
            .set_response_timeout(Some(DEPENDENCY_TIMEOUT))
            .set_number_of_retries(2);
        let cache = ConnectionManager::new_with_config(client, config).await.map_err(OpenError::Cache)?;
        let (metrics, assets, health) = (Metrics::new(), Assets::new(), Health::default());
        Ok(Arc::new(Self { settings, database, cache, metrics, assets, health }))
    }
}

/// The service does not migrate by itself: its database role has no right to, and a rollout of
/// several instances would race. It only refuses to run on an older schema.
async fn check_migrations(database: &PgPool) -> Result<(), OpenError> {
    let needed = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(database)
        .await
        .or_else(|error| match error {
            // 42P01: no such table, the database was never migrated.
            sqlx::Error::Database(ref seen) if seen.code().as_deref() == Some("42P01") => Ok(None),
            other => Err(OpenError::Database(other)),
        })?;
    let found = found.unwrap_or(0);
    if found < needed { Err(OpenError::Migrations { found, needed }) } else { Ok(()) }
}
