//! Made-up secrets that can be recognised wherever they come out, and in whatever form.

use std::fmt::Write as _;

/// One made-up secret and the way by which it comes in.
#[derive(Debug, Clone)]
pub(super) struct Canary {
    /// How it comes in.
    pub(super) way: &'static str,
    /// Its value.
    pub(super) value: String,
}

impl Canary {
    /// A value that no other way has.
    pub(super) fn new(way: &'static str, number: usize) -> Self {
        Self { way, value: format!("Qv{number:02}xK7wLm9ZrT4pHs{number:02}Bd") }
    }

    /// The forms in which it may come out: as it is, percent-encoded throughout, in hex, turned round, and in
    /// base64 wherever it stands in what was encoded.
    pub(super) fn forms(&self) -> Vec<(&'static str, String)> {
        let bytes = self.value.as_bytes();
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let percent = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "%{byte:02X}");
            text
        });
        let mut forms = vec![
            ("as it is", self.value.clone()),
            ("in lower case", self.value.to_lowercase()),
            ("in upper case", self.value.to_uppercase()),
            ("turned round", self.value.chars().rev().collect()),
            ("in hex", hex.clone()),
            ("in upper hex", hex.to_uppercase()),
            ("percent-encoded", percent),
        ];
        // Standing at the first, second or third place of three: what does not depend on its neighbours.
        for skipped in 0..3 {
            let whole = &bytes[skipped..];
            let whole = &whole[..whole.len() / 3 * 3];
            forms.push(("in base64", base64(whole)));
        }
        forms
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for shift in [18, 12, 6, 0] {
            text.push(char::from(LETTERS[(number >> shift & 63) as usize]));
        }
    }
    text
}

/// Where and in which form a canary stands in what came out; at most the first place of each.
pub(super) fn found(canaries: &[Canary], sinks: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for (sink, bytes) in sinks {
        let text = String::from_utf8_lossy(bytes);
        for canary in canaries {
            for (form, needle) in canary.forms() {
                if let Some(at) = text.find(&needle) {
                    let around: String =
                        text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
                    found.push(format!("{} comes out {form} in {sink}: …{around}", canary.way));
                    break;
                }
            }
        }
    }
    found
}

#[test]
fn every_form_is_found() {
    let canary = Canary::new("here", 7);
    assert_eq!(base64(b"abc"), "YWJj");
    for (form, needle) in canary.forms() {
        let sinks = [("there".to_owned(), format!("<{needle}>").into_bytes())];
        assert_eq!(found(std::slice::from_ref(&canary), &sinks).len(), 1, "{form}");
    }
    assert!(found(&[canary], &[("there".to_owned(), b"nothing".to_vec())]).is_empty());
}
