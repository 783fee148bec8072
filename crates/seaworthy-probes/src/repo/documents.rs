//! Reads YAML, JSON and TOML of a repository within bounds. What cannot be read is a reason, never an empty document.

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::YAML_BYTES_MAX;
use serde_json::Value as Json;

/// A YAML document with at most a few aliases: compose files and workflows use them, bombs are made of them.
pub(crate) fn yaml(path: &str, bytes: &[u8]) -> Result<Json, Unseen> {
    let mut all = yamls(path, bytes)?;
    match all.len() {
        1 => Ok(all.remove(0)),
        count => Err(garbled(path, &format!("it holds {count} documents, one was expected"))),
    }
}

/// All YAML documents of a file.
pub(crate) fn yamls(path: &str, bytes: &[u8]) -> Result<Vec<Json>, Unseen> {
    if bytes.len() > YAML_BYTES_MAX {
        return Err(Unseen::new(Blind::CutShort, format!("`{path}` is longer than {YAML_BYTES_MAX} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| garbled(path, "it is no UTF-8 text"))?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 200,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 50_000,
        },
    };
    serde_saphyr::from_multiple_with_options::<Json>(text, options)
        .map_err(|error| garbled(path, &place(error.location().map(|at| at.line()))))
}

/// A JSON document.
pub(crate) fn json(path: &str, bytes: &[u8]) -> Result<Json, Unseen> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| garbled(path, &place(Some(error.line() as u64))))
}

/// A TOML document.
pub(crate) fn toml(path: &str, bytes: &[u8]) -> Result<toml::Table, Unseen> {
    let text = std::str::from_utf8(bytes).map_err(|_| garbled(path, "it is no UTF-8 text"))?;
    text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map(|before| before.lines().count() as u64);
        garbled(path, &place(line))
    })
}

fn place(line: Option<u64>) -> String {
    line.map_or("it does not follow its format".to_owned(), |line| {
        format!("line {line} does not follow its format")
    })
}

pub(crate) fn garbled(path: &str, why: &str) -> Unseen {
    Unseen::new(Blind::Garbled, format!("`{path}` could not be understood: {why}"))
}

/// The first line from `from` on that holds all of the texts, from 1. 1 when there is none.
pub(crate) fn line_of(text: &[u8], from: u64, all: &[&str]) -> u64 {
    let text = String::from_utf8_lossy(text);
    let skipped = usize::try_from(from.saturating_sub(1)).unwrap_or(0);
    (1..)
        .zip(text.lines())
        .skip(skipped)
        .find(|(_, line)| all.iter().all(|wanted| line.contains(wanted)))
        .map_or(from.max(1), |(number, _)| number)
}

/// A text in a document by a path of keys.
pub(crate) fn text<'a>(document: &'a Json, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(document, |at, key| at.get(key))?.as_str()
}

/// Longest text of a document that becomes a fact, in characters: names and versions are short.
const FACT_CHARS_MAX: usize = 200;

/// A text as it may become a fact.
pub(crate) fn clipped(text: &str) -> String {
    text.chars().take(FACT_CHARS_MAX).collect()
}

/// A value that may be written as one text or as a list of texts.
pub(crate) fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => {
            items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        }
        Some(Json::Object(map)) => map.keys().cloned().collect(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_)) | None => Vec::new(),
    }
}
