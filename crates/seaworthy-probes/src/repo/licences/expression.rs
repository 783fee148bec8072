//! SPDX licence expressions: whether an allow list permits one.

/// Licences that are allowed where the repository states no list of its own: those that ask for no more than a notice, and
/// MPL-2.0, which asks to publish changes to its own files only.
pub(super) const DEFAULT: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-3-Clause-Clear",
    "ISC",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "CC0-1.0",
    "Unlicense",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "MPL-2.0",
    "Python-2.0",
    "PSF-2.0",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "OpenSSL",
    "WTFPL",
    "CDLA-Permissive-2.0",
    "Artistic-2.0",
    "NCSA",
    "PostgreSQL",
    "X11",
    "Ruby",
    "bzip2-1.0.6",
    "W3C",
    "HPND",
    "curl",
    "libtiff",
];

/// Whether the list permits the expression; `None` when it is no expression: then nobody knows.
pub(super) fn permits(allowed: &[String], expression: &str) -> Option<bool> {
    // Before SPDX expressions, crates wrote a slash for "or".
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = text.split_whitespace().collect();
    if tokens.len() > 100 {
        return None;
    }
    let mut parser = Parser { allowed, tokens: &tokens, at: 0, depth: 0 };
    let permitted = parser.either()?;
    (parser.at == tokens.len()).then_some(permitted)
}

struct Parser<'a> {
    allowed: &'a [String],
    tokens: &'a [&'a str],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Option<bool> {
        let mut permitted = self.both()?;
        while self.take("OR") {
            permitted |= self.both()?;
        }
        Some(permitted)
    }

    fn both(&mut self) -> Option<bool> {
        let mut permitted = self.one()?;
        while self.take("AND") {
            permitted &= self.one()?;
        }
        Some(permitted)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > 20 {
                return None;
            }
            let permitted = self.either()?;
            self.depth -= 1;
            return self.take(")").then_some(permitted);
        }
        let licence = *self.tokens.get(self.at)?;
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ':');
        let word = ["OR", "AND", "WITH", ")"].iter().any(|word| word.eq_ignore_ascii_case(licence));
        if word || !licence.chars().all(name) {
            return None;
        }
        self.at += 1;
        if self.take("WITH") {
            let exception = *self.tokens.get(self.at)?;
            self.at += 1;
            // An exception only grants more, so the plain licence being allowed is enough.
            return Some(self.allows(&format!("{licence} WITH {exception}")) || self.allows(licence));
        }
        Some(self.allows(licence))
    }

    fn allows(&self, licence: &str) -> bool {
        let plain = licence.trim_end_matches('+');
        self.allowed
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(licence) || allowed.eq_ignore_ascii_case(plain))
    }
}
