//! One answer as it was read: head, body as far as the bounds allow, and how to see it again.

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, StatusCode};
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::http::BODY_BYTES_MAX;
use url::Url;

use super::trust::Trust;

/// Beginnings by which browsers take a body for HTML (WHATWG, MIME Sniffing, 7.1).
const HTML_STARTS: [&[u8]; 14] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<style",
    b"<title",
    b"<body",
    b"<br",
    b"<p",
    b"<table",
    b"<!--",
];
/// Longest of them.
const SNIFFED_BYTES: usize = 14;

/// Whether a media type is one of pages.
pub(in crate::http) fn is_html_type(media_type: &str) -> bool {
    matches!(media_type, "text/html" | "application/xhtml+xml")
}

/// An answer to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked for.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The header lines, without our own secrets.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// From the first byte sent to the last byte read.
    pub took: Duration,
    /// When the last byte was read, by our own clock.
    pub received: DateTime<Utc>,
    /// How far the connection is to be trusted.
    pub trust: Trust,
    /// Whether the credential of the question was sent.
    pub authenticated: bool,
    /// Bytes of the request that had gone out when the answer came.
    pub sent_bytes: u64,
    /// The command that asks the same again.
    pub by_hand: String,
}

/// A body, decoded where we can.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// What was read, decoded, at most the bound.
    pub bytes: Bytes,
    /// Why `bytes` is not the whole body, if it is not.
    pub cut: Option<Unseen>,
}

impl Answer {
    /// The status as a number.
    pub fn status_code(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header as text, several lines of it joined by a comma, `None` where it is absent.
    pub fn header(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self.headers.get_all(name).iter().map(text_of).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// Every line of a header as text.
    pub fn header_lines(&self, name: &str) -> Vec<String> {
        self.headers.get_all(name).iter().map(|line| text_of(line).into_owned()).collect()
    }

    /// The media type in lower case and without parameters. Of several browsers take the last.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        let last = value.rsplit(',').map(str::trim).find(|one| !one.is_empty())?;
        let media_type = last.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        (!media_type.is_empty()).then_some(media_type)
    }

    /// Whether the body is HTML: by its media type, or where none is said by how it begins, as browsers tell it.
    pub fn is_html(&self) -> bool {
        match self.media_type().as_deref() {
            Some(media_type) => is_html_type(media_type),
            None => {
                let start = self.body.bytes.iter().skip_while(|byte| byte.is_ascii_whitespace());
                let start: Vec<u8> = start.take(SNIFFED_BYTES).map(u8::to_ascii_lowercase).collect();
                HTML_STARTS.iter().any(|known| start.starts_with(known))
            }
        }
    }

    /// The whole body as JSON.
    pub fn json(&self) -> Result<serde_json::Value, Unseen> {
        let bytes = self.body.whole()?;
        serde_json::from_slice(bytes).map_err(|_| Unseen::new(Blind::Garbled, "the body is not JSON"))
    }
}

impl Body {
    /// The whole body, or why it was not read whole.
    pub fn whole(&self) -> Result<&Bytes, Unseen> {
        match &self.cut {
            None => Ok(&self.bytes),
            Some(cut) => Err(cut.clone()),
        }
    }

    /// What was read, as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// Undoes the content encoding. What cannot be decoded is no body, with the reason.
    pub(super) fn decoded(raw: Vec<u8>, encoding: Option<&str>, cut: Option<Unseen>) -> Self {
        let encoding = encoding.map(|encoding| encoding.trim().to_ascii_lowercase());
        match encoding.as_deref() {
            None | Some("" | "identity") => Self { bytes: raw.into(), cut },
            Some("gzip" | "x-gzip") => inflated(MultiGzDecoder::new(raw.as_slice()), cut),
            Some("deflate") => {
                let zlib = inflated(ZlibDecoder::new(raw.as_slice()), cut.clone());
                // Some servers send bare deflate under that name; browsers take both.
                let bare = || inflated(DeflateDecoder::new(raw.as_slice()), cut);
                if zlib.bytes.is_empty() && !raw.is_empty() { bare() } else { zlib }
            }
            Some(_) => Self {
                bytes: Bytes::new(),
                cut: Some(Unseen::new(Blind::Unsupported, "the body has an encoding that was not asked for")),
            },
        }
    }
}

fn inflated(decoder: impl Read, cut: Option<Unseen>) -> Body {
    let mut bytes = Vec::new();
    let read = decoder.take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    let cut = if bytes.len() > BODY_BYTES_MAX {
        bytes.truncate(BODY_BYTES_MAX);
        Some(too_long())
    } else if cut.is_none() && read.is_err() {
        Some(Unseen::new(Blind::Garbled, "the body does not decompress"))
    } else {
        cut
    };
    Body { bytes: bytes.into(), cut }
}

/// The reason for a body that was not read to its end.
pub(super) fn too_long() -> Unseen {
    Unseen::new(Blind::CutShort, format!("the body is longer than {BODY_BYTES_MAX} bytes"))
}

/// Header values may hold any byte; the ones that are not text are shown as such.
fn text_of(value: &http::HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}
