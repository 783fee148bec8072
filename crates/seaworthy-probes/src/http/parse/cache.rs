//! `Cache-Control`.

use crate::http::facts::Cache;

/// Longest header that is quoted in a fact, in characters.
const HEADER_CHARS_MAX: usize = 200;

/// The directives of a `Cache-Control` header.
pub(in crate::http) fn cache(header: &str) -> Cache {
    let mut cache = Cache { header: header.chars().take(HEADER_CHARS_MAX).collect(), ..Cache::default() };
    let mut quoted = false;
    let directives = header.split(|c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        // A value that is no number is read as stale, as RFC 9111 says.
        let seconds = || Some(value.trim().trim_matches('"').parse().unwrap_or(0));
        match name.trim().to_ascii_lowercase().as_str() {
            "public" => cache.public = true,
            // With names of headers they hold for those headers alone (RFC 9111, 5.2.2).
            "private" | "no-cache" if !value.trim().is_empty() => {}
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

#[cfg(test)]
mod tests {
    use super::cache;

    #[test]
    fn what_holds_for_some_headers_only_does_not_hold_for_the_answer() {
        let whole = cache("private, no-cache, max-age=\"60\"");
        assert!(whole.private && whole.no_cache && whole.max_age_seconds == Some(60));
        let some = cache("private=\"X-Foo, no-store\", no-cache=\"Set-Cookie\", must-revalidate");
        assert!(!some.private && !some.no_cache && !some.no_store && some.must_revalidate);
    }
}
