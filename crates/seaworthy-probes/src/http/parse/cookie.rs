//! `Set-Cookie`: the attributes, never the value.

use crate::http::facts::Cookie;
use crate::repo::settings::strength::entropy_per_character;

/// Longest name of a cookie that is quoted, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Words in names under which sessions are kept.
const SESSION_WORDS: [&str; 10] =
    ["sess", "auth", "token", "jwt", "login", "identity", "remember", "connect.", "laravel", "ticket"];
/// Words in names that say the cookie is not the session, whatever else is in them.
const GUARD_WORDS: [&str; 2] = ["csrf", "xsrf"];
/// Beginnings of words that say so where none of the first kind is beside them: `lang_session` is a session.
const OTHER_WORDS: [&str; 8] = ["consent", "lang", "theme", "locale", "i18n", "timezone", "currency", "gdpr"];
/// Shorter values are states that somebody chose.
const OPAQUE_CHARS_MIN: usize = 16;
/// Entropy of each character of a value that a machine made, in bits, at least.
const OPAQUE_BITS_MIN: f64 = 3.0;

/// One `Set-Cookie` line; `None` where it sets nothing or takes a cookie away.
pub(in crate::http) fn cookie(line: &str) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let mut cookie = Cookie {
        name: name.chars().take(NAME_CHARS_MAX).collect(),
        session: looks_like_session(name, value),
        opaque: value.len() >= OPAQUE_CHARS_MIN && entropy_per_character(value) >= OPAQUE_BITS_MIN,
        ..Cookie::default()
    };
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match attribute.trim().to_ascii_lowercase().as_str() {
            "httponly" => cookie.http_only = true,
            "secure" => cookie.secure = true,
            "samesite" => cookie.same_site = known_same_site(value),
            "max-age" if value.parse::<i64>().is_ok_and(|seconds| seconds <= 0) => return None,
            "max-age" => cookie.max_age_seconds = value.parse().ok(),
            "domain" if !value.is_empty() => cookie.domain = Some(value.to_owned()),
            _ => {}
        }
    }
    (!name.is_empty() && !value.is_empty()).then_some(cookie)
}

/// Browsers take any other word as if the attribute were not there.
fn known_same_site(value: &str) -> Option<String> {
    ["Strict", "Lax", "None"].into_iter().find(|known| known.eq_ignore_ascii_case(value)).map(str::to_owned)
}

/// Whether a name says that the cookie is something else than the session.
pub(in crate::http) fn is_other(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if GUARD_WORDS.iter().any(|word| name.contains(word)) || name.starts_with("_ga") {
        return true;
    }
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    !is_named_like_session(&name) && words.any(|word| OTHER_WORDS.iter().any(|other| word.starts_with(other)))
}

/// A session is named like one, or holds what only a session holds: a JWT.
fn looks_like_session(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    !is_other(name) && (is_named_like_session(&lower) || value.starts_with("eyJ"))
}

fn is_named_like_session(lower: &str) -> bool {
    let id = |part: &str| part.ends_with("sid");
    SESSION_WORDS.iter().any(|word| lower.contains(word))
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(id)
}

#[cfg(test)]
mod tests {
    use super::cookie;

    #[test]
    fn a_session_is_told_by_its_name_or_value() {
        for (line, session) in [
            ("__Host-session=a; Secure", true),
            ("lang_session=a", true),
            ("connect.sid=s%3Aa", true),
            ("sb=eyJhbGciOi", true),
            ("lang=de", false),
            ("language=de", false),
            ("XSRF-TOKEN=a", false),
            ("csrftoken=a", false),
            ("_ga=GA1.2", false),
            ("slang=a", false),
        ] {
            assert_eq!(cookie(line).map(|cookie| cookie.session), Some(session), "{line}");
        }
        assert!(cookie("uid=4f1c9ae2b07d83e6").is_some_and(|cookie| cookie.opaque && !cookie.session));
        assert!(cookie("logged_in=yes").is_some_and(|cookie| !cookie.opaque));
    }
}
