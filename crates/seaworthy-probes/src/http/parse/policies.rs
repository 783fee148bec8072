//! Security headers of one line: HSTS, referrer and permissions policies, content type options.

use crate::http::facts::Hsts;

/// Most features that are kept of a permissions policy.
const FEATURES_MAX: usize = 60;

/// `Strict-Transport-Security`: the first header counts, and without a sound `max-age` it does not count at all.
pub(in crate::http) fn hsts(line: &str) -> Option<Hsts> {
    let (mut max_age, mut include_subdomains, mut preload) = (None, false, false);
    for directive in line.split(';') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            // Twice the same directive makes the whole header invalid.
            "max-age" if max_age.is_some() => return None,
            "max-age" => max_age = Some(value.trim().trim_matches('"').parse::<u64>().ok()?),
            "includesubdomains" => include_subdomains = true,
            "preload" => preload = true,
            _ => {}
        }
    }
    Some(Hsts { max_age_seconds: max_age?, include_subdomains, preload })
}

/// `Referrer-Policy`: of several words the last that browsers know.
pub(in crate::http) fn referrer_policy(header: &str) -> Option<String> {
    const KNOWN: [&str; 8] = [
        "no-referrer",
        "no-referrer-when-downgrade",
        "same-origin",
        "origin",
        "strict-origin",
        "origin-when-cross-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ];
    let mut words = header.split(',').map(|word| word.trim().to_ascii_lowercase());
    words.rfind(|word| KNOWN.contains(&word.as_str()))
}

/// `Permissions-Policy`: the features that nobody may use. A feature named twice counts as last named.
pub(in crate::http) fn disabled_features(header: &str) -> Vec<String> {
    let mut disabled: Vec<String> = Vec::new();
    for directive in header.split(',') {
        let Some((feature, allowed)) = directive.split_once('=') else { continue };
        let feature = feature.trim();
        disabled.retain(|known| known != feature);
        let list = allowed.trim().split(';').next().unwrap_or("").trim();
        let empty = list
            .strip_prefix('(')
            .and_then(|list| list.strip_suffix(')'))
            .is_some_and(|list| list.trim().is_empty());
        if empty && disabled.len() < FEATURES_MAX {
            disabled.push(feature.to_owned());
        }
    }
    disabled
}

/// `X-Content-Type-Options`: only the first word counts.
pub(in crate::http) fn is_nosniff(header: &str) -> bool {
    header.split(',').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("nosniff"))
}
