//! The command that asks the same again. Never holds a secret, never breaks out of its quotes.

use http::{HeaderName, HeaderValue, Method};
use url::Url;

use super::credential::Credential;
use super::dial::Resolve;

/// Most characters of one header value that a command shows.
const VALUE_CHARS_MAX: usize = 200;
/// Most characters of a URL that a command shows.
const URL_CHARS_MAX: usize = 2_000;

/// What a request was made of, as far as a command shows it.
pub(super) struct Shown<'a> {
    pub(super) method: &'a Method,
    pub(super) url: &'a Url,
    pub(super) headers: &'a [(HeaderName, HeaderValue)],
    pub(super) credential: Option<&'a Credential>,
    pub(super) resolve: Option<&'a Resolve>,
    /// The certificate did not verify, so curl needs `-k` to go on.
    pub(super) insecure: bool,
    pub(super) body: Option<&'a str>,
}

/// A curl command.
pub(super) fn curl(shown: &Shown<'_>) -> String {
    let mut words = vec!["curl".to_owned(), "-sS".to_owned()];
    if *shown.method == Method::HEAD {
        words.push("-I".to_owned());
    } else {
        words.push("-i".to_owned());
    }
    if *shown.method != Method::GET && *shown.method != Method::HEAD {
        words.push(format!("-X {}", shown.method));
    }
    if shown.insecure {
        words.push("-k".to_owned());
    }
    if shown.url.path().contains("/.") || shown.url.path().contains("//") {
        words.push("--path-as-is".to_owned());
    }
    if let Some(resolve) = shown.resolve {
        let port = shown.url.port_or_known_default().unwrap_or(443);
        words.push(format!("--resolve {}", quoted(&format!("{}:{port}:{}", resolve.host, resolve.address))));
    }
    for (name, value) in shown.headers {
        let value: String = String::from_utf8_lossy(value.as_bytes()).chars().take(VALUE_CHARS_MAX).collect();
        words.push(format!("-H {}", quoted(&format!("{name}: {value}"))));
    }
    if let Some(credential) = shown.credential {
        words.push(format!("-H \"{}\"", in_double_quotes(&credential.header_by_hand())));
    }
    if let Some(body) = shown.body {
        words.push(format!("--data-binary {}", quoted(body)));
    }
    let url: String = shown_url(shown.url).chars().take(URL_CHARS_MAX).collect();
    words.push(quoted(&url));
    words.join(" ")
}

/// A URL without user, password and fragment.
pub fn shown_url(url: &Url) -> String {
    let mut shown = url.clone();
    // These cannot fail on a URL with a host; on one without there is nothing to hide.
    let _ = (shown.set_username(""), shown.set_password(None));
    shown.set_fragment(None);
    shown.to_string()
}

/// Single quotes, in which a shell expands nothing.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Keeps `$NAME` working, and nothing else that a shell would run.
fn in_double_quotes(text: &str) -> String {
    let kept = |c: &char| c.is_ascii_alphanumeric() || " -_:$.".contains(*c);
    text.chars().filter(kept).collect()
}
