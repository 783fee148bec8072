//! Paths that should not be public. Asks `GET` of each without a credential.
//!
//! A path counts as open when its content comes back. Of a server that answers a path which cannot exist
//! with content as well, only content that is unmistakably the real thing counts; the rest is unseen.

use std::sync::OnceLock;

use regex::Regex;
use seaworthy_core::facts::{Blind, Unseen};
use url::Url;

use super::client::{Answer, Ask, joined, redirect, shown_url};
use super::facts::SensitiveAnswer;
use super::gather::Gathered;
use super::site::{Site, alike};

struct Sensitive {
    path: &'static str,
    holds: &'static str,
    /// What its content looks like, where that is unmistakable.
    content: &'static str,
}

const fn path(path: &'static str, holds: &'static str, content: &'static str) -> Sensitive {
    Sensitive { path, holds, content }
}

const PATHS: &[Sensitive] = &[
    path("/.env", "settings and secrets", r"(?m)^\s*(export )?[A-Z][A-Z0-9_]{2,}\s*="),
    path("/.git/HEAD", "the source code", r"^(ref: refs/|[0-9a-f]{40}\s*$)"),
    path("/.git/config", "the source code", r"(?m)^\[core\]"),
    path("/.DS_Store", "names of files", "^\u{0}\u{0}\u{0}\u{1}Bud1"),
    path("/.aws/credentials", "keys of a cloud account", r"(?m)^aws_access_key_id"),
    path("/config.json", "settings", r#"(?i)"(password|secret|apikey|api_key|token)"\s*:"#),
    path("/backup.sql", "a dump of the database", r"(?i)(CREATE TABLE|PostgreSQL database dump|MySQL dump)"),
    path("/dump.sql", "a dump of the database", r"(?i)(CREATE TABLE|PostgreSQL database dump|MySQL dump)"),
    path("/backup.zip", "a backup", "^PK\u{3}\u{4}"),
    path("/metrics", "metrics", r"(?m)^# (HELP|TYPE) "),
    path("/actuator", "management of a Spring application", r#""_links"\s*:"#),
    path("/actuator/env", "settings of a Spring application", r#""propertySources"\s*:"#),
    path("/debug", "debugging", ""),
    path("/debug/pprof/", "profiles of a Go process", r"(?i)profiles available|/debug/pprof/"),
    path("/debug/vars", "variables of a Go process", r#""memstats"\s*:"#),
    path("/server-status", "requests under way in Apache", r"(?i)Apache Server Status"),
    path("/nginx_status", "connections of nginx", r"Active connections:"),
    path("/phpinfo.php", "settings of PHP", r"(?i)phpinfo\(\)|PHP Version"),
    path("/admin", "administration", ""),
    path("/swagger-ui/", "a console for the API", r"(?i)swagger-ui"),
    path("/graphiql", "a console for the API", r"(?i)graphiql"),
    path("/console", "a console", ""),
    path("/_profiler/", "profiles of a Symfony application", r"(?i)symfony"),
    path("/telescope", "requests of a Laravel application", r"(?i)laravel"),
];

pub(super) async fn look(site: &Site<'_>, front: Option<&Answer>) -> Gathered<SensitiveAnswer> {
    let mut answers = Gathered::default();
    for sensitive in PATHS {
        let asked = match site.get(sensitive.path).await {
            Ok(answer) => led_on(site, answer).await,
            Err(why) => Err(why),
        };
        answers.add(asked.map(|answer| answered(site, sensitive, &answer, front)));
    }
    answers
}

/// Most redirects of one path that are followed.
const HOPS_MAX: usize = 3;

/// A path that leads on is judged where it ends, unless that is plainly not its content. A front that ends TLS leads to plain HTTP, and
/// a name with `www.` is the same site.
async fn led_on(site: &Site<'_>, mut answer: Answer) -> Result<Answer, Unseen> {
    for _ in 0..HOPS_MAX {
        let to = redirect(&answer).and_then(|location| joined(&answer.url, &location).ok());
        let Some(to) = to else { return Ok(answer) };
        let elsewhere = bare(&to) != bare(&answer.url) || to.path() == "/" || is_sign_in(to.path());
        if elsewhere || leads_as_everything(site, &to) {
            return Ok(answer);
        }
        // A name that leads to somewhere less public than it is itself is not followed there.
        if site.observer.reach(&to).await? < site.observer.reach(&site.url).await? {
            let why = format!("`{}` leads to a less public address", shown_url(&answer.url));
            return Err(Unseen::new(Blind::Unsupported, why));
        }
        answer = site.observer.ask(Ask::get(&to)).await?;
    }
    if redirect(&answer).is_none() {
        return Ok(answer);
    }
    let why = format!("`{}` leads on and on", shown_url(&answer.url));
    Err(Unseen::new(Blind::Unsupported, why).give("a path that ends at its content, or is refused"))
}

/// The host without `www.`.
fn bare(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host).to_owned()
}

/// A path that cannot exist leads there as well.
fn leads_as_everything(site: &Site<'_>, to: &Url) -> bool {
    let control = site.control.as_ref().ok();
    control
        .and_then(|control| joined(&control.url, &redirect(control)?).ok())
        .is_some_and(|everything| everything.path() == to.path())
}

/// Whether a segment of the path is where callers sign in: `/users/sign_in`, `/wp-login.php`, not `/lessons` or `/authors`.
pub(super) fn is_sign_in(path: &str) -> bool {
    const WORDS: [&str; 12] = [
        "login",
        "logon",
        "signin",
        "sso",
        "oauth",
        "oauth2",
        "auth",
        "authorize",
        "authenticate",
        "saml",
        "saml2",
        "openid",
    ];
    let path = path.to_ascii_lowercase();
    path.split('/').any(|segment| {
        let words: Vec<&str> = segment.split(['-', '_', '.']).collect();
        words.iter().any(|word| WORDS.contains(word))
            || words.windows(2).any(|two| matches!(two, ["log" | "sign", "in" | "on"]))
    })
}

fn answered(
    site: &Site<'_>,
    sensitive: &Sensitive,
    answer: &Answer,
    front: Option<&Answer>,
) -> SensitiveAnswer {
    SensitiveAnswer {
        url: shown_url(&answer.url),
        path: sensitive.path.to_owned(),
        holds: sensitive.holds.to_owned(),
        status: answer.status_code(),
        open: open(site, sensitive, answer, front).into(),
        declared_public: declared_public(site, sensitive.path),
        by_hand: answer.by_hand.clone(),
    }
}

/// Public on purpose is what stands in the manifest by its own name: whoever opens everything did not think of
/// this path. Secrets are never public on purpose.
fn declared_public(site: &Site<'_>, path: &str) -> bool {
    let secret = path.starts_with("/.") || [".sql", ".zip"].iter().any(|end| path.ends_with(end));
    !secret && site.target.public.names("GET", path)
}

fn open(
    site: &Site<'_>,
    sensitive: &Sensitive,
    answer: &Answer,
    front: Option<&Answer>,
) -> Result<bool, Unseen> {
    site.served()?;
    let status = answer.status_code();
    match status {
        200..300 => {}
        429 | 500.. => {
            return Err(Unseen::new(Blind::Denied, format!("`{}` answered {status}", sensitive.path)));
        }
        // Refused, not there, or led elsewhere.
        _ => return Ok(false),
    }
    let unmistakable = !sensitive.content.is_empty()
        && Regex::new(sensitive.content).is_ok_and(|content| content.is_match(&answer.body.text()));
    if !site.answers_everything()? {
        return if !unmistakable && asks_to_sign_in(answer) { Err(sign_in()) } else { Ok(true) };
    }
    let control = site.control.as_ref().map_err(Clone::clone)?;
    if unmistakable && !alike(answer, control) {
        return Ok(true);
    }
    // An application in the browser answers its one page to every path; that page is no secret.
    let one_page = front.is_some_and(|front| {
        front.is_html() && front.body.text().contains("<script") && same_page(front, answer)
    });
    if one_page && same_page(control, answer) {
        return Ok(false);
    }
    Err(Unseen::new(
        Blind::Unsupported,
        "the server answers 200 to a path that cannot exist, so its 200 proves nothing",
    )
    .give("404 for paths that do not exist"))
}

/// Whether two answers are the same but for the nonces that scripts are let in by.
fn same_page(one: &Answer, other: &Answer) -> bool {
    static NONCE: OnceLock<Option<Regex>> = OnceLock::new();
    let nonce = NONCE.get_or_init(|| Regex::new(r#"\bnonce\s*[=:]\s*["'][^"']{1,200}["']"#).ok());
    let plain = |answer: &Answer| match nonce {
        Some(nonce) => nonce.replace_all(&answer.body.text(), "nonce").into_owned(),
        None => answer.body.text().into_owned(),
    };
    one.body.bytes == other.body.bytes || plain(one) == plain(other)
}

pub(super) fn asks_to_sign_in(answer: &Answer) -> bool {
    let text = answer.body.text();
    answer.is_html() && (text.contains("type=\"password\"") || text.contains("type='password'"))
}

fn sign_in() -> Unseen {
    Unseen::new(Blind::Unsupported, "it shows a sign-in form, and what is behind it cannot be seen from here")
        .give("a redirect to the sign-in page, or 401, where nobody is signed in")
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    #[test]
    fn every_pattern_compiles() {
        for sensitive in super::PATHS {
            Regex::new(sensitive.content).unwrap_or_else(|error| panic!("{}: {error}", sensitive.path));
        }
    }

    #[test]
    fn a_whole_word_makes_a_sign_in() {
        let all = [
            "/login",
            "/users/sign_in",
            "/wp-login.php",
            "/auth/realms/shop",
            "/oauth2/authorize",
            "/log-in",
        ];
        for path in all {
            assert!(super::is_sign_in(path), "{path}");
        }
        for path in ["/authors", "/lessons", "/admin/blogin", "/", "/essostation", "/authentic"] {
            assert!(!super::is_sign_in(path), "{path}");
        }
    }
}
