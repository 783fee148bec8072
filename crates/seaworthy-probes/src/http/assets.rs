//! Static files that a page names, and texts worth compressing. Asks `GET` with `Accept-Encoding`.

use std::collections::BTreeSet;

use regex::Regex;
use seaworthy_core::facts::Unseen;
use seaworthy_core::limits::http::{ASSETS_MAX, PATTERN_BYTES_MAX};
use url::Url;

use super::client::{Answer, Ask, shown_url};
use super::facts::{AssetAnswer, TextAnswer};
use super::fingerprint::fingerprinted;
use super::gather::Gathered;
use super::parse::cache::cache;
use super::site::{Site, served_nothing};

/// Texts below this size are not worth compressing, in bytes.
const TEXT_BYTES_MIN: usize = 1024;

/// Static files and texts of one site.
#[derive(Default)]
pub(super) struct Files {
    pub(super) assets: Gathered<AssetAnswer>,
    pub(super) texts: Gathered<TextAnswer>,
}

/// `more` are further URLs with texts, such as answers of the API.
pub(super) async fn look(site: &Site<'_>, front: &Result<Answer, Unseen>, more: &[Url]) -> Files {
    let mut files = Files::default();
    let named = match front {
        Ok(front) => {
            let (first, rest) = (front.url.clone(), named_by(front));
            if front.is_html() {
                encoded(site, &first, &mut files.texts).await.ok();
            }
            rest
        }
        Err(why) => {
            return Files { assets: Gathered::nothing(why.clone()), texts: Gathered::nothing(why.clone()) };
        }
    };
    for url in &named {
        match encoded(site, url, &mut files.texts).await {
            Ok(answer) => {
                site.note(&answer);
                files.assets.push(asset(&answer));
            }
            Err(why) => files.assets.miss(why),
        }
    }
    for url in more {
        let refused = |answer: &Answer| matches!(answer.status_code(), 401 | 403);
        if encoded(site, url, &mut files.texts).await.is_ok_and(|answer| refused(&answer)) {
            files.texts.miss(served_nothing(url, "how it is encoded"));
        }
    }
    files
}

/// Asks with gzip offered, and with br where gzip is not used; keeps what compression is about.
async fn encoded(site: &Site<'_>, url: &Url, texts: &mut Gathered<TextAnswer>) -> Result<Answer, Unseen> {
    let asked = match Ask::get(url).header("accept-encoding", "gzip") {
        Ok(ask) => site.as_someone(ask, url).await,
        Err(why) => Err(why),
    };
    let answer = match asked {
        Ok(answer) => answer,
        Err(why) => {
            texts.miss(why.clone());
            return Err(why);
        }
    };
    let compressible = compressible(&answer);
    let size_bytes = answer.body.bytes.len();
    let worth = answer.status.is_success() && (size_bytes > TEXT_BYTES_MIN || answer.body.cut.is_some());
    if !worth || is_either_way(&answer) {
        return Ok(answer);
    }
    let mut by = answer.clone();
    if compressible && answer.header("content-encoding").is_none() {
        let other = Ask::get(url).header("accept-encoding", "br");
        if let Ok(ask) = other
            && let Ok(other) = site.as_someone(ask, url).await
            && other.header("content-encoding").is_some()
        {
            by = other;
        }
    }
    texts.push(TextAnswer {
        url: shown_url(url),
        content_type: answer.media_type(),
        size_bytes,
        compressible,
        content_encoding: by.header("content-encoding"),
        varies_by_encoding: by.header("vary").is_some_and(|vary| {
            vary.split(',')
                .any(|name| matches!(name.trim().to_ascii_lowercase().as_str(), "accept-encoding" | "*"))
        }),
        by_hand: by.by_hand,
    });
    Ok(answer)
}

fn compressible(answer: &Answer) -> bool {
    let Some(media_type) = answer.media_type() else { return false };
    let ends = [
        "+json",
        "+xml",
        "/json",
        "/xml",
        "/javascript",
        "/x-javascript",
        "/yaml",
        "/wasm",
        "/manifest+json",
    ];
    media_type.starts_with("text/") || ends.iter().any(|end| media_type.ends_with(end))
}

/// Formats that gain a little by compression, so that some servers compress them and others do not.
fn is_either_way(answer: &Answer) -> bool {
    const FORMATS: [&str; 9] = [
        "image/x-icon",
        "image/vnd.microsoft.icon",
        "image/bmp",
        "font/ttf",
        "font/otf",
        "application/x-font-ttf",
        "application/vnd.ms-fontobject",
        "application/pdf",
        "application/octet-stream",
    ];
    answer.media_type().is_none_or(|media_type| FORMATS.contains(&media_type.as_str()))
}

fn asset(answer: &Answer) -> AssetAnswer {
    AssetAnswer {
        url: shown_url(&answer.url),
        status: answer.status_code(),
        content_type: answer.media_type(),
        fingerprinted: fingerprinted(&answer.url).into(),
        versioned: answer.url.query().is_some(),
        cache: answer.header("cache-control").map(|header| cache(&header)),
        by_hand: answer.by_hand.clone(),
    }
}

/// The scripts, styles, images and icons of a page, on its own origin.
fn named_by(page: &Answer) -> Vec<Url> {
    let text = page.body.text();
    let text = &text[..text.floor_char_boundary(PATTERN_BYTES_MAX)];
    if !page.is_html() {
        return Vec::new();
    }
    let Ok(tags) = Regex::new(
        r#"(?i)<(?:script|link|img|source)\b[^>]{0,2000}?\b(?:src|href)\s*=\s*["']?([^"'\s>]{1,2000})"#,
    ) else {
        return Vec::new();
    };
    let files = tags.captures_iter(text).filter_map(|found| page.url.join(found.get(1)?.as_str()).ok());
    let own = files.filter(|url| url.origin() == page.url.origin() && is_file(url));
    let mut seen = BTreeSet::new();
    own.filter(|url| seen.insert(url.clone())).take(ASSETS_MAX).collect()
}

fn is_file(url: &Url) -> bool {
    const ENDS: [&str; 16] = [
        ".js",
        ".mjs",
        ".css",
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".svg",
        ".webp",
        ".avif",
        ".ico",
        ".woff",
        ".woff2",
        ".json",
        ".webmanifest",
        ".map",
    ];
    let path = url.path().to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end))
}
