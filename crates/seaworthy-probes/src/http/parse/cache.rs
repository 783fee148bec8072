//! `Cache-Control`.

use crate::http::facts::Cache;

/// Longest header that is quoted in a fact, in characters.
const HEADER_CHARS_MAX: usize = 200;

/// The directives of a `Cache-Control` header.
pub(in crate::http) fn cache(header: &str) -> Cache {
    let mut cache = Cache { header: header.chars().take(HEADER_CHARS_MAX).collect(), ..Cache::default() };
    for directive in header.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        // A value that is no number is read as stale, as RFC 9111 says.
        let seconds = || Some(value.trim().trim_matches('"').parse().unwrap_or(0));
        match name.trim().to_ascii_lowercase().as_str() {
            "public" => cache.public = true,
            "private" => cache.private = true,
            "no-store" => cache.no_store = true,
            "no-cache" => cache.no_cache = true,
            "immutable" => cache.immutable = true,
            "must-revalidate" => cache.must_revalidate = true,
            "max-age" => cache.max_age_seconds = seconds(),
            "s-maxage" => cache.shared_max_age_seconds = seconds(),
            _ => {}
        }
    }
    cache
}
