//! `Set-Cookie`: the attributes, never the value.

use crate::http::facts::Cookie;

/// Longest name of a cookie that is quoted, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Words in names under which sessions are kept.
const SESSION_WORDS: [&str; 10] =
    ["sess", "auth", "token", "jwt", "login", "identity", "remember", "connect.", "laravel", "ticket"];
/// Words in names that say the cookie is not the session.
const OTHER_WORDS: [&str; 10] =
    ["csrf", "xsrf", "consent", "lang", "theme", "locale", "i18n", "timezone", "currency", "gdpr"];

/// One `Set-Cookie` line; `None` where it sets nothing or takes a cookie away.
pub(in crate::http) fn cookie(line: &str) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let mut cookie = Cookie {
        name: name.chars().take(NAME_CHARS_MAX).collect(),
        session: looks_like_session(name, value),
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
    OTHER_WORDS.iter().any(|word| name.contains(word)) || name.starts_with("_ga")
}

/// A session is named like one, or holds what only a session holds: a JWT.
fn looks_like_session(name: &str, value: &str) -> bool {
    if is_other(name) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let id = |part: &str| part.ends_with("sid");
    SESSION_WORDS.iter().any(|word| name.contains(word))
        || name.split(|c: char| !c.is_ascii_alphanumeric()).any(id)
        || value.starts_with("eyJ")
}
