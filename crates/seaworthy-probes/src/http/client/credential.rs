//! A credential, the origin it belongs to, and the removal of secrets from what a target sends back.

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// A bearer token bound to the origin that may see it.
#[derive(Debug, Clone)]
pub struct Credential {
    /// What stands in commands in place of the secret, such as `$USER_TOKEN`.
    pub shown_as: String,
    /// The token.
    pub token: SecretString,
    /// The only origin it goes to.
    pub origin: url::Origin,
}

impl Credential {
    /// A credential for the origin of a URL.
    pub fn new(token: SecretString, shown_as: impl Into<String>, url: &Url) -> Self {
        Self { shown_as: shown_as.into(), token, origin: url.origin() }
    }

    /// The header that carries it; nothing where the secret cannot stand in a header.
    pub(super) fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.token.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some((http::header::AUTHORIZATION, value))
    }

    /// The header as a command shows it.
    pub(super) fn header_by_hand(&self) -> String {
        format!("Authorization: Bearer {}", self.shown_as)
    }
}

/// Takes the secrets we hold out of what a target sends, before anything looks at it.
#[derive(Debug, Clone, Default)]
pub struct Scrubber {
    needles: Vec<SecretString>,
}

/// What stands in place of a secret.
const SCRUBBED: &[u8] = b"***";
/// A shorter secret would blank out half of every page.
const NEEDLE_BYTES_MIN: usize = 4;

impl Scrubber {
    /// A scrubber for these secrets, in the encodings in which a server may echo them.
    pub fn hiding<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut scrubber = Self::default();
        for secret in secrets {
            scrubber.hide(secret);
        }
        scrubber
    }

    fn hide(&mut self, secret: &SecretString) {
        let plain = secret.expose_secret();
        if plain.len() < NEEDLE_BYTES_MIN {
            return;
        }
        let percent: String = url::form_urlencoded::byte_serialize(plain.as_bytes()).collect();
        let json = serde_json::to_string(plain).unwrap_or_default();
        let coded = base64(plain.as_bytes());
        let url_safe = coded.replace('+', "-").replace('/', "_");
        let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('0');
        let hex: String = plain.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        let stem = coded.trim_end_matches('=').to_owned();
        let url_stem = url_safe.trim_end_matches('=').to_owned();
        let spaces = percent.replace('+', "%20");
        let forms = [
            plain.to_owned(),
            lower_percent(&percent),
            lower_percent(&spaces),
            percent,
            spaces,
            json.trim_matches('"').to_owned(),
            stem,
            url_stem,
            hex.to_uppercase(),
            hex,
        ];
        for form in forms {
            if !self.needles.iter().any(|known| known.expose_secret() == form) {
                self.needles.push(SecretString::from(form));
            }
        }
        // The longest first, so that no form leaves the tail of a longer one behind.
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose_secret().len()));
    }

    /// The same bytes without secrets.
    pub fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.needles.iter().fold(bytes, |bytes, needle| replace(bytes, needle.expose_secret().as_bytes()))
    }

    /// The same text without secrets.
    pub fn scrub_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.scrub(text.as_bytes().to_vec())).into_owned()
    }
}

/// The same with the digits of its percent codes in lower case.
fn lower_percent(text: &str) -> String {
    let mut left = 0;
    let lower = text.chars().map(|c| {
        left = if c == '%' { 3 } else { usize::saturating_sub(left, 1) };
        if left > 0 { c.to_ascii_lowercase() } else { c }
    });
    lower.collect()
}

fn replace(bytes: Vec<u8>, needle: &[u8]) -> Vec<u8> {
    let Some(first) = needle.first() else { return bytes };
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes.as_slice();
    let mut found = false;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with(needle) {
            kept.extend_from_slice(SCRUBBED);
            rest = &rest[needle.len()..];
            found = true;
        } else {
            kept.push(*first);
            rest = &rest[1..];
        }
    }
    if !found {
        return bytes;
    }
    kept.extend_from_slice(rest);
    kept
}

/// Base64, in which tokens are often echoed.
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(chunk.get(at).copied().unwrap_or(0)));
        let group = (a << 16) | (b << 8) | c;
        for at in 0..4 {
            let symbol = ALPHABET[((group >> (18 - 6 * at)) & 63) as usize];
            text.push(if at > chunk.len() { '=' } else { char::from(symbol) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::Scrubber;

    #[test]
    fn a_secret_is_taken_out_in_each_form_in_which_it_may_come_back() {
        let secret = SecretString::from("Se cret/\u{e9}\"k+1".to_owned());
        let scrubber = Scrubber::hiding([&secret]);
        for echo in [
            "Se cret/\u{e9}\"k+1",
            "Se+cret%2F%C3%A9%22k%2B1",
            "Se%20cret%2f%c3%a9%22k%2b1",
            "Se cret/\u{e9}\\\"k+1",
            "U2UgY3JldC/DqSJrKzE",
            "536520637265742fc3a9226b2b31",
            "536520637265742FC3A9226B2B31",
        ] {
            assert_eq!(scrubber.scrub_text(&format!("<{echo}>")).replace('=', ""), "<***>", "{echo}");
        }
    }
}
