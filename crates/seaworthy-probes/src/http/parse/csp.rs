//! `Content-Security-Policy`, several policies together.

use crate::http::facts::Csp;

/// Longest header that is quoted in a fact, in characters.
const HEADER_CHARS_MAX: usize = 600;
/// Most sources of one directive that are kept.
const SOURCES_MAX: usize = 40;

/// Schemes that let scripts in from anywhere.
const WILD: [&str; 5] = ["http:", "https:", "data:", "blob:", "filesystem:"];

struct Policy<'a>(Vec<(String, Vec<&'a str>)>);

impl<'a> Policy<'a> {
    fn parse(text: &'a str) -> Self {
        let mut directives: Vec<(String, Vec<&str>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next() else { continue };
            let name = name.to_ascii_lowercase();
            // The first one counts, later ones of the same name are ignored by browsers.
            if !directives.iter().any(|(known, _)| *known == name) {
                directives.push((name, words.collect()));
            }
        }
        Self(directives)
    }

    fn get(&self, name: &str) -> Option<&[&'a str]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, sources)| sources.as_slice())
    }

    /// The sources that decide about scripts.
    fn scripts(&self) -> Option<&[&'a str]> {
        self.get("script-src").or_else(|| self.get("default-src"))
    }

    fn scripts_inline(&self) -> bool {
        // Elements and handlers can have directives of their own, the laxest of them counts.
        let own = ["script-src-elem", "script-src-attr"].map(|name| self.get(name));
        let laxest = |sources: Option<&[&str]>| sources.is_none_or(allows_inline);
        laxest(self.scripts()) || own.into_iter().flatten().any(allows_inline)
    }

    fn scripts_eval(&self) -> bool {
        self.scripts().is_none_or(|sources| has(sources, "'unsafe-eval'"))
    }

    fn scripts_wild(&self) -> bool {
        let elements = self.get("script-src-elem").or_else(|| self.scripts());
        // With 'strict-dynamic' browsers look at nonces and hashes only.
        elements.is_none_or(|sources| {
            sources.iter().any(|source| is_wild(source)) && !has(sources, "'strict-dynamic'")
        })
    }

    fn default_strict(&self) -> bool {
        let strict = |source: &&str| {
            let source = source.to_ascii_lowercase();
            source == "'self'" || source == "'none'" || source == "'report-sample'"
        };
        self.get("default-src").is_some_and(|sources| sources.iter().all(strict))
    }
}

/// Any host, or any host below a public ending such as `*.com`, whatever the scheme, port and path.
fn is_wild(source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    if WILD.contains(&source.as_str()) {
        return true;
    }
    let rest = source.split_once("://").map_or(source.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or("");
    host == "*" || host.strip_prefix("*.").is_some_and(is_public_ending)
}

/// Below which anybody may have a host: `com`, `co.uk`, and where providers keep what their customers put up.
fn is_public_ending(below: &str) -> bool {
    let labels: Vec<&str> = below.split('.').collect();
    match labels.as_slice() {
        [_] => true,
        [second, country] if country.len() == 2 && SECOND_LEVEL.contains(second) => true,
        // Buckets stand below the names of regions.
        _ if below.ends_with(".amazonaws.com") => true,
        _ => HOSTING.iter().any(|hosting| {
            below == *hosting || hosting.strip_suffix(below).is_some_and(|before| before.ends_with('.'))
        }),
    }
}

/// Names under which registries of countries sell.
const SECOND_LEVEL: [&str; 12] =
    ["co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go", "gob", "gouv"];

/// Hosts below which customers of a provider put up files of their own (their entries in the Public Suffix List).
const HOSTING: [&str; 24] = [
    "amazonaws.com",
    "cloudfront.net",
    "elasticbeanstalk.com",
    "blob.core.windows.net",
    "azureedge.net",
    "azurewebsites.net",
    "web.core.windows.net",
    "storage.googleapis.com",
    "appspot.com",
    "run.app",
    "web.app",
    "firebaseapp.com",
    "github.io",
    "githubusercontent.com",
    "gitlab.io",
    "netlify.app",
    "vercel.app",
    "pages.dev",
    "workers.dev",
    "r2.dev",
    "herokuapp.com",
    "onrender.com",
    "fly.dev",
    "digitaloceanspaces.com",
];

fn has(sources: &[&str], wanted: &str) -> bool {
    sources.iter().any(|source| source.eq_ignore_ascii_case(wanted))
}

/// A nonce or a hash switches 'unsafe-inline' off.
fn allows_inline(sources: &[&str]) -> bool {
    let proven = |source: &&str| {
        let source = source.to_ascii_lowercase();
        ["'nonce-", "'sha256-", "'sha384-", "'sha512-"].iter().any(|start| source.starts_with(start))
    };
    has(sources, "'unsafe-inline'") && !sources.iter().any(proven) && !has(sources, "'strict-dynamic'")
}

/// What all policies together allow: a page does only what each of them allows.
pub(in crate::http) fn csp(header: &str) -> Option<Csp> {
    let policies: Vec<Policy<'_>> =
        header.split(',').map(Policy::parse).filter(|p| !p.0.is_empty()).collect();
    let texts =
        |sources: &[&str]| sources.iter().take(SOURCES_MAX).map(|source| (*source).to_owned()).collect();
    let first = |name: &str| policies.iter().find_map(|policy| policy.get(name)).map(texts);
    (!policies.is_empty()).then(|| Csp {
        header: header.chars().take(HEADER_CHARS_MAX).collect(),
        default_sources: first("default-src"),
        default_self_or_stricter: policies.iter().any(Policy::default_strict),
        scripts_inline_allowed: policies.iter().all(Policy::scripts_inline),
        scripts_eval_allowed: policies.iter().all(Policy::scripts_eval),
        scripts_from_anywhere: policies.iter().all(Policy::scripts_wild),
        frame_ancestors: first("frame-ancestors"),
        frame_ancestors_none: policies.iter().any(|policy| {
            policy
                .get("frame-ancestors")
                .is_some_and(|sources| sources.is_empty() || has(sources, "'none'") && sources.len() == 1)
        }),
    })
}
