//! Statements left over from debugging, in code that runs in production; tests that shut out the others.
//!
//! Rules are data (`rules.yaml`) and see code only: comments and texts are taken out before.

pub(super) mod facts;
mod mask;

use std::sync::OnceLock;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use super::lines::newlines;
use super::role::Role;

/// How one leftover looks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    id: String,
    languages: Vec<String>,
    near: String,
    pattern: String,
    #[serde(default)]
    r#where: Where,
    /// The linter's rule whose disabling on this line says that it is meant.
    #[serde(default)]
    excuse: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Where {
    #[default]
    Production,
    Test,
}

/// A leftover in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) rule: String,
    pub(crate) line: u64,
    pub(crate) excuse: Option<String>,
}

/// Most leftovers of one file.
const PER_FILE_MAX: usize = 100;

fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    RULES.get_or_init(|| {
        serde_saphyr::from_str(include_str!("rules.yaml")).expect("a test reads the built-in rules")
    })
}

/// Whether there are rules for production code in a language.
pub(crate) fn has_rules(language: &str) -> bool {
    let mut own = rules().iter().filter(|rule| rule.r#where == Where::Production);
    own.any(|rule| rule.languages.iter().any(|name| name == language))
}

/// Whether files in a language and with a role are looked into.
pub(crate) fn looks_into(language: &str, role: Role) -> bool {
    wanted(role).is_some_and(|wanted| {
        let mut own = rules().iter().filter(|rule| rule.r#where == wanted);
        own.any(|rule| rule.languages.iter().any(|name| name == language))
    })
}

fn wanted(role: Role) -> Option<Where> {
    match role {
        Role::Production => Some(Where::Production),
        Role::Test => Some(Where::Test),
        Role::Tool | Role::Document | Role::Generated | Role::Vendored => None,
    }
}

/// The leftovers of a source file.
pub(crate) fn find(language: &str, role: Role, source: &[u8]) -> Vec<Leftover> {
    let Some(wanted) = wanted(role) else { return Vec::new() };
    let called: Vec<&Rule> = rules()
        .iter()
        .filter(|rule| rule.r#where == wanted && rule.languages.iter().any(|name| name == language))
        .filter(|rule| memmem::find(source, rule.near.as_bytes()).is_some())
        .collect();
    if called.is_empty() {
        return Vec::new();
    }
    let mut code = mask::code(language, source);
    if language == "rust" {
        without_test_items(&mut code);
    }
    let mut found = Vec::new();
    for rule in called {
        let pattern = rule
            .compiled
            .get_or_init(|| RegexBuilder::new(&rule.pattern).multi_line(true).unicode(false).build().ok());
        for matched in pattern.iter().flat_map(|pattern| pattern.find_iter(&code)).take(PER_FILE_MAX) {
            let at = matched.end().saturating_sub(1).max(matched.start());
            // A pattern may begin on the line before, with what separates statements.
            let at = code
                .get(matched.start()..at)
                .and_then(|text| text.iter().rposition(|byte| *byte == b'\n'))
                .map_or(matched.start(), |newline| matched.start() + newline + 1);
            let line = 1 + newlines(source.get(..at).unwrap_or_default());
            found.push(Leftover { rule: rule.id.clone(), line, excuse: excuse(source, at, rule) });
        }
    }
    found.sort_by(|a, b| (a.line, &a.rule).cmp(&(b.line, &b.rule)));
    found.dedup_by(|a, b| (a.line, &a.rule) == (b.line, &b.rule));
    found
}

/// Why a leftover is meant: said on its line or the one before, with a reason, or to the linter.
fn excuse(source: &[u8], at: usize, rule: &Rule) -> Option<String> {
    let text = String::from_utf8_lossy(source);
    let line = usize::try_from(newlines(source.get(..at)?)).ok()?;
    for (number, text) in text.lines().enumerate().skip(line.saturating_sub(1)).take(2) {
        if let Some((_, reason)) = text.split_once("seaworthy:allow-debug") {
            let reason = reason.trim_matches(|c: char| c.is_whitespace() || ":-*/#".contains(c));
            if reason.len() >= 4 {
                return Some(reason.chars().take(200).collect());
            }
        }
        let Some(linter) = &rule.excuse else { continue };
        let here = number == line && text.contains("eslint-disable-line");
        let next = number < line && text.contains("eslint-disable-next-line");
        if (here || next) && text.contains(linter.as_str()) {
            return Some(format!("the linter's `{linter}` is switched off for this line"));
        }
    }
    let linter = rule.excuse.as_deref()?;
    let whole = text.lines().take(20).any(|line| line.contains("eslint-disable ") && line.contains(linter));
    whole.then(|| format!("the linter's `{linter}` is switched off for this file"))
}

/// Blanks the items that are built for tests only.
fn without_test_items(code: &mut [u8]) {
    for region in test_items(code) {
        for byte in code.get_mut(region).unwrap_or_default() {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
}

/// Where items stand that an attribute keeps for tests: `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[tokio::test]`.
fn test_items(code: &[u8]) -> Vec<std::ops::Range<usize>> {
    static ATTRIBUTE: OnceLock<Option<Regex>> = OnceLock::new();
    let attribute = ATTRIBUTE.get_or_init(|| {
        let pattern =
            r"#\[\s*(?:cfg\s*\(\s*(?:all\s*\(\s*)?(?:[^\]()]*,\s*)?test\b|(?:\w+::)*test\b)[^\]]*\]";
        RegexBuilder::new(pattern).unicode(false).build().ok()
    });
    let mut regions: Vec<std::ops::Range<usize>> = Vec::new();
    for found in attribute.iter().flat_map(|attribute| attribute.find_iter(code)) {
        let begin = found.end();
        if regions.last().is_some_and(|last| begin < last.end) {
            continue;
        }
        let rest = code.get(begin..).unwrap_or_default();
        let Some(open) = rest.iter().position(|byte| matches!(byte, b'{' | b';')) else { break };
        if rest.get(open) == Some(&b';') {
            continue;
        }
        let mut depth = 0_usize;
        let end = rest.iter().skip(open).position(|byte| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        });
        regions.push(begin..end.map_or(code.len(), |end| begin + open + end));
    }
    regions
}

/// The lines of a Rust source that belong to tests.
pub(crate) fn rust_test_lines(source: &[u8]) -> Vec<std::ops::RangeInclusive<u64>> {
    if memmem::find(source, b"test").is_none() {
        return Vec::new();
    }
    let code = mask::code("rust", source);
    let line = |at: usize| 1 + newlines(source.get(..at).unwrap_or_default());
    test_items(&code).into_iter().map(|region| line(region.start)..=line(region.end)).collect()
}
