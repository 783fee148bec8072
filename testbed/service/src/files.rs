//! Uploads: the bytes on disk under the file's id, what is known about them in the table `files`.
//!
//! A file is served only to its owner and as a download, unless it is an image that its owner made
//! public. What the client says of the type counts only when the first bytes agree.

use std::path::{Path as DiskPath, PathBuf};

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use crate::app::{App, Shared};
use crate::auth::Account;
use crate::body::{Path, Query};
use crate::error::Error;

const FILES_PAGE: i64 = 50;
const NAME_CHARACTERS_MAX: usize = 200;

#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct File {
    id: Uuid,
    name: String,
    content_type: String,
    size_bytes: i64,
    is_public: bool,
    status: String,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    name: String,
    #[serde(default)]
    public: bool,
}

pub async fn upload(
    State(app): State<Shared>,
    account: Account,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<impl IntoResponse, Error> {
    let content_type =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.to_owned();
    tracing::info!(content_type, "upload_attempt");
    check_name(&query.name)?;
    if query.public && !content_type.starts_with("image/") {
        return Err(Error::invalid("Only images can be public."));
    }
    let id = Uuid::now_v7();
    sqlx::query("INSERT INTO files (id, user_id, name, content_type, is_public) VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(account.id)
        .bind(&query.name)
        .bind(&content_type)
        .bind(query.public)
        .execute(&app.database)
        .await?;
    let (part, path) = (disk_path(&app, id).with_extension("part"), disk_path(&app, id));
    match receive(request.into_body(), &part, &content_type).await {
        Ok(size_bytes) => {
            tokio::fs::rename(&part, &path).await?;
            Ok((StatusCode::CREATED, Json(settle(&app.database, id, "ready", size_bytes).await?)))
        }
        Err(error) => {
            let removed = tokio::fs::remove_file(&part).await;
            tracing::info!(%id, part_removed = removed.is_ok(), "upload_failed");
            settle(&app.database, id, "failed", 0).await?;
            Err(error)
        }
    }
}

pub async fn list(State(app): State<Shared>, account: Account) -> Result<impl IntoResponse, Error> {
    let files: Vec<File> =
        sqlx::query_as("SELECT * FROM files WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2")
            .bind(account.id)
            .bind(FILES_PAGE)
            .fetch_all(&app.database)
            .await?;
    Ok(Json(json!({"files": files})))
}

pub async fn download(
    State(app): State<Shared>,
    account: Account,
    Path(id): Path<Uuid>,
) -> Result<Response, Error> {
    let row = sqlx::query_as("SELECT * FROM files WHERE id = $1 AND user_id = $2 AND status = 'ready'");
    let found: Option<File> = row.bind(id).bind(account.id).fetch_optional(&app.database).await?;
    let file = found.ok_or_else(Error::not_found)?;
    let disposition = format!("attachment; filename*=UTF-8''{}", percent_encoded(&file.name));
    let mut response = send(&app, &file).await?;
    response.headers_mut().insert(CONTENT_DISPOSITION, disposition.parse().map_err(Error::internal)?);
    Ok(response)
}

/// A public image. Its address holds its random id and its bytes never change.
pub async fn public(State(app): State<Shared>, Path(id): Path<Uuid>) -> Result<impl IntoResponse, Error> {
    let row = sqlx::query_as("SELECT * FROM files WHERE id = $1 AND is_public AND status = 'ready'");
    let file: Option<File> = row.bind(id).fetch_optional(&app.database).await?;
    let response = send(&app, &file.ok_or_else(Error::not_found)?).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=31536000, immutable")], response))
}

pub async fn delete(
    State(app): State<Shared>,
    account: Account,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Error> {
    let deleted = sqlx::query("DELETE FROM files WHERE id = $1 AND user_id = $2");
    if deleted.bind(id).bind(account.id).execute(&app.database).await?.rows_affected() == 0 {
        return Err(Error::not_found());
    }
    match tokio::fs::remove_file(disk_path(&app, id)).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

/// Writes a body to disk and gives its size. The layer around the router bounds it.
async fn receive(body: Body, part: &DiskPath, content_type: &str) -> Result<i64, Error> {
    let mut chunks = body.into_data_stream();
    let mut disk = tokio::fs::File::create_new(part).await?;
    let (mut size, mut head) = (0_usize, Vec::new());
    while let Some(chunk) = chunks.try_next().await.map_err(|_| Error::too_large())? {
        if head.len() < 8 {
            head.extend_from_slice(&chunk[..chunk.len().min(8)]);
        }
        size += chunk.len();
        disk.write_all(&chunk).await?;
    }
    if sniffed(&head) != Some(content_type) {
        return Err(Error::unsupported_type("The file must be a PNG, JPEG or PDF and be declared as such."));
    }
    disk.sync_all().await?;
    i64::try_from(size).map_err(Error::internal)
}

async fn settle(database: &PgPool, id: Uuid, status: &str, size_bytes: i64) -> Result<File, Error> {
    let update = sqlx::query_as("UPDATE files SET status = $2, size_bytes = $3 WHERE id = $1 RETURNING *");
    Ok(update.bind(id).bind(status).bind(size_bytes).fetch_one(database).await?)
}

async fn send(app: &App, file: &File) -> Result<Response, Error> {
    let bytes = tokio::fs::read(disk_path(app, file.id)).await?;
    let headers = [(CONTENT_TYPE, file.content_type.clone()), (CONTENT_LENGTH, bytes.len().to_string())];
    Ok((headers, bytes).into_response())
}

fn disk_path(app: &App, id: Uuid) -> PathBuf {
    app.settings.upload_dir.join(id.to_string())
}

/// The type that the first bytes tell, among those that are taken.
fn sniffed(head: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 3] =
        [(b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"%PDF-", "application/pdf")];
    known.into_iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, content_type)| content_type)
}

fn check_name(name: &str) -> Result<(), Error> {
    let sound = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count())
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    if sound {
        Ok(())
    } else {
        Err(Error::invalid("`name` must be a plain file name of at most 200 characters."))
    }
}

fn percent_encoded(name: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    name.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_type() {
        assert_eq!(sniffed(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(sniffed(b"%PDF-1.7"), Some("application/pdf"));
        assert_eq!(sniffed(b"<html>"), None);
    }

    #[test]
    fn names_are_names_and_not_paths() {
        assert!(check_name("holiday photo.png").is_ok());
        for bad in ["", "../a", "a\\b", "a\nb", &"a".repeat(201)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
        assert_eq!(percent_encoded("é\".png"), "%C3%A9%22.png");
    }
}
