//! `shop`: accounts, uploads, short links and payment webhooks, ready for production.
//!
//! `shop serve` runs the service, `shop migrate` brings the database to this version,
//! `shop create-account EMAIL ROLE` reads a password from standard input, `shop operator-token NAME` prints a token.

mod accounts;
mod app;
mod auth;
mod body;
mod context;
mod error;
mod files;
mod health;
mod limits;
mod links;
mod metrics;
mod operations;
mod operators;
mod pages;
mod payments;
mod routes;
mod sessions;
mod settings;

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use app::{App, MIGRATIONS};
use settings::{Environment, Settings};

/// After the signal to stop, requests in flight get this long.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(25);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["serve"] => serve().await,
        ["migrate"] => migrate().await,
        ["create-account", email, role] => create_account(email, role).await,
        ["operator-token", name] => operator_token(name),
        _ => {
            Err("usage: shop serve | migrate | create-account EMAIL user|admin | operator-token NAME".into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {}", error::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_environment()?;
    start_logs(settings.environment);
    let (listen, internal_listen) = (settings.listen, settings.internal_listen);
    let app = App::open(settings).await?;
    let public = TcpListener::bind(listen).await?;
    let internal = TcpListener::bind(internal_listen).await?;
    let (stop, stopped) = watch::channel(false);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %listen, %internal_listen, "serving");

    let public = serve_until(public, routes::public(&app), stopped.clone());
    let internal = serve_until(internal, routes::internal(&app), stopped);
    let served = async { tokio::try_join!(public, internal) };
    tokio::pin!(served);
    tokio::select! {
        ended = &mut served => { ended?; }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: finishing the requests in flight");
    stop.send(true)?;
    tokio::time::timeout(SHUTDOWN_TIMEOUT, served).await??;
    app.database.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn serve_until(
    listener: TcpListener,
    routes: Router,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let stop = async move { stopped.wait_for(|stop| *stop).await.map_or((), drop) };
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

/// One JSON object per line; plain text where a person watches.
fn start_logs(environment: Environment) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter);
    match environment {
        Environment::Development => logs.init(),
        Environment::Production | Environment::Staging => {
            logs.json().flatten_event(true).with_span_list(false).init();
        }
    }
}

async fn migrate() -> Result<(), Box<dyn Error>> {
    let database = PgPool::connect(settings::database_url()?.expose()).await?;
    Ok(MIGRATIONS.run(&database).await?)
}

/// Prints a token that opens the operators' routes for twelve hours, and nothing else, so that it can go to a file.
fn operator_token(name: &str) -> Result<(), Box<dyn Error>> {
    let token = operators::issue(&settings::operator_secret()?, name, chrono::Utc::now())?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}

async fn create_account(email: &str, role: &str) -> Result<(), Box<dyn Error>> {
    let database = PgPool::connect(settings::database_url()?.expose()).await?;
    let mut password = String::new();
    std::io::stdin().read_line(&mut password)?;
    let password = password.trim_end_matches('\n').to_owned();
    accounts::create(&database, email, password, role).await?;
    Ok(())
}
