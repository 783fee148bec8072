//! The rules, which are data: `rules.yaml`.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

use crate::repo::settings::strength::stands_for_one;

static RULES: &str = include_str!("rules.yaml");

/// How one kind of secret looks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) near: Vec<String>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    pub(crate) entropy: f64,
    /// In tests, examples and prose it may be made up.
    #[serde(default)]
    pub(crate) fixture: bool,
    #[serde(default)]
    pub(crate) check: Option<Check>,
    pub(crate) revoke: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// Tests that a pattern cannot make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Check {
    Stellar,
    PrivateKey,
    Jwt,
    UrlPassword,
    Assignment,
}

/// All rules.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) all: Vec<Rule>,
    pub(crate) stellar: usize,
    pub(crate) live: usize,
}

impl Rules {
    pub(crate) fn built_in() -> Self {
        let mut all: Vec<Rule> = serde_saphyr::from_str(RULES).expect("a test reads the built-in rules");
        let stellar = all.iter().position(|rule| rule.check == Some(Check::Stellar)).unwrap_or_default();
        let live = all.len();
        all.push(Rule {
            id: super::LIVE_RULE.into(),
            what: "a secret that an environment file of this checkout holds".into(),
            near: Vec::new(),
            pattern: None,
            entropy: 0.0,
            fixture: false,
            check: None,
            revoke: "replace the value wherever it is used".into(),
            compiled: OnceLock::new(),
        });
        Self { all, stellar, live }
    }

    pub(crate) fn get(&self, index: usize) -> &Rule {
        self.all.get(index).or_else(|| self.all.last()).expect("the built-in rules are not empty")
    }
}

impl Rule {
    /// Compiled when it is first called for: most rules never are.
    pub(crate) fn pattern(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| {
                let pattern = self.pattern.as_deref()?;
                RegexBuilder::new(pattern).unicode(false).size_limit(4 << 20).build().ok()
            })
            .as_ref()
    }

    /// Whether it finds whole private keys.
    pub(crate) fn is_private_key(&self) -> bool {
        self.check == Some(Check::PrivateKey)
    }

    /// Whether a match only stands for a secret.
    pub(crate) fn is_placeholder(&self, value: &str) -> bool {
        if self.is_private_key() {
            return false;
        }
        if self.pattern.is_some() {
            // Words may occur in a random key by chance; these marks do not.
            let upper = value.to_ascii_uppercase();
            return [
                "EXAMPLE",
                "XXXXXX",
                "000000",
                "123456789",
                "ABCDEFGH",
                "YOUR_",
                "YOUR-",
                "FAKE",
                "DUMMY",
                "PLACEHOLDER",
                "REDACTED",
                "******",
            ]
            .iter()
            .any(|mark| upper.contains(mark));
        }
        stands_for_one(value)
    }
}
