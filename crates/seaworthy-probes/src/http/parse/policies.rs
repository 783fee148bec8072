//! Security headers of one line: HSTS, referrer and permissions policies, content type options.

use std::collections::BTreeMap;

use crate::http::facts::Hsts;

/// Most features that are kept of a permissions policy.
const FEATURES_MAX: usize = 60;

/// `Strict-Transport-Security`: the first header counts, and where it is no sound one it does not count at all. The same
/// directive twice, or a value where none belongs, makes it unsound (RFC 6797, 6.1).
pub(in crate::http) fn hsts(line: &str) -> Option<Hsts> {
    let mut directives: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for directive in line.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (directive, None),
        };
        if directives.insert(name.to_ascii_lowercase(), value).is_some() {
            return None;
        }
    }
    let max_age = directives.get("max-age").copied().flatten()?;
    let flag = |name: &str| match directives.get(name) {
        None => Some(false),
        Some(None) => Some(true),
        Some(Some(_)) => None,
    };
    Some(Hsts {
        max_age_seconds: max_age.trim_matches('"').parse().ok()?,
        include_subdomains: flag("includesubdomains")?,
        preload: flag("preload")?,
    })
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

/// `Permissions-Policy`: the features that nobody may use. To browsers one mistake in it makes the whole header nothing, and a
/// feature named twice counts as last named.
pub(in crate::http) fn disabled_features(header: &str) -> Vec<String> {
    let Ok(features) = sfv::Parser::new(header).parse::<sfv::Dictionary>() else { return Vec::new() };
    let nobody =
        |entry: &sfv::ListEntry| matches!(entry, sfv::ListEntry::InnerList(list) if list.items.is_empty());
    let disabled = features.iter().filter(|(_, entry)| nobody(entry));
    disabled.take(FEATURES_MAX).map(|(feature, _)| feature.as_str().to_owned()).collect()
}

/// `X-Content-Type-Options`: only the first word counts.
pub(in crate::http) fn is_nosniff(header: &str) -> bool {
    header.split(',').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("nosniff"))
}

#[cfg(test)]
mod tests {
    use super::{disabled_features, hsts};

    #[test]
    fn what_browsers_take_for_no_hsts_is_none() {
        let sound = hsts("max-age=\"31536000\" ; IncludeSubDomains;;preload").expect("sound");
        assert!(sound.max_age_seconds == 31_536_000 && sound.include_subdomains && sound.preload);
        for unsound in [
            "max-age=1; includeSubDomains; includeSubDomains",
            "max-age=1; includeSubDomains=0",
            "max-age=1; max-age=2",
            "max-age=1; preload=\"\"",
            "max-age",
            "max-age=-1",
            "includeSubDomains",
        ] {
            assert!(hsts(unsound).is_none(), "{unsound}");
        }
    }

    #[test]
    fn one_mistake_makes_a_policy_nothing() {
        assert_eq!(
            disabled_features("camera=(), geolocation=(self), microphone=()"),
            ["camera", "microphone"]
        );
        assert_eq!(disabled_features("camera=(), camera=*"), Vec::<String>::new());
        for broken in ["geolocation=(), camera 'none'", "camera=(", "Camera=()", ""] {
            assert_eq!(disabled_features(broken), Vec::<String>::new(), "{broken}");
        }
    }
}
