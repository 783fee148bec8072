//! The front page and its assets, part of the binary.
//!
//! An asset's name carries a digest of its bytes, so caches may keep it for ever; the page that
//! names it must be asked for each time.

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use sha2::{Digest, Sha256};

use crate::app::Shared;
use crate::body::Path;
use crate::error::Error;

const PAGE: &str = include_str!("../assets/index.html");
const SOURCES: [(&str, &str, &str, &[u8]); 3] = [
    ("app", "css", "text/css; charset=utf-8", include_bytes!("../assets/app.css")),
    ("app", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/app.js")),
    ("icon", "png", "image/png", include_bytes!("../assets/icon.png")),
];

pub struct Assets {
    page: String,
    files: Vec<Asset>,
}

struct Asset {
    name: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

impl Assets {
    pub fn new() -> Self {
        let mut page = PAGE.to_owned();
        let files = SOURCES.map(|(stem, extension, content_type, bytes)| {
            let digest = hex::encode(Sha256::digest(bytes));
            let name = format!("{stem}.{}.{extension}", &digest[..12]);
            page = page.replace(&format!("/assets/{stem}.{extension}"), &format!("/assets/{name}"));
            Asset { name, content_type, bytes }
        });
        Self { page, files: files.into() }
    }
}

pub async fn front(State(app): State<Shared>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-cache")], Html(app.assets.page.clone()))
}

pub async fn asset(State(app): State<Shared>, Path(name): Path<String>) -> Result<impl IntoResponse, Error> {
    let found = app.assets.files.iter().find(|asset| asset.name == name);
    let asset = found.ok_or_else(Error::not_found)?;
    let headers =
        [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.bytes))
}

/// The description of the API, for people and their tools.
pub async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/yaml"), (CACHE_CONTROL, "no-cache")], include_str!("../openapi.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_asset_by_its_digest() {
        let assets = Assets::new();
        for asset in &assets.files {
            assert!(assets.page.contains(&format!("/assets/{}", asset.name)), "{}", asset.name);
        }
    }
}
