//! Whether a service uses a store: shown by a line, mentioned only, or not mentioned anywhere.
//!
//! "Does not use it" makes requirements not applicable, so it is said only when no word of it is anywhere in a repository
//! that was read whole. A mention without a sign of use is unseen: someone has to say.

use std::path::Path;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::{Regex, RegexBuilder};
use schemars::JsonSchema;
use seaworthy_core::facts::{Blind, Seen, Unseen};
use seaworthy_core::limits::repo::PLACES_MAX;
use seaworthy_core::manifest::FILE_NAME;
use serde::{Deserialize, Serialize};

use crate::repo::lines::{Lines, line_around};
use crate::repo::role::Role;

/// Whether a store is used, and what shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Use {
    /// It is.
    pub used: bool,
    /// Lines that show it, `file:line`. Empty where it is not.
    pub because: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    store: String,
    mentions: Vec<String>,
    signs: Vec<Sign>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sign {
    r#in: Class,
    pattern: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// What kind of file a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Class {
    Dependency,
    Setting,
    Source,
}

/// The stores that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Postgres,
    Redis,
    ObjectStorage,
    /// No store: files such as `.env`, which the service reads by itself.
    EnvironmentFiles,
}

/// What one file says of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    kind: usize,
    line: u64,
    shows: bool,
}

impl Told {
    /// The same of a text that begins after so many lines of its file.
    pub(crate) fn after(self, lines: u64) -> Self {
        Self { line: self.line + lines, ..self }
    }
}

struct Uses {
    kinds: Vec<Kind>,
    words: AhoCorasick,
    /// For each word the kind that it is of.
    of: Vec<usize>,
}

fn uses() -> &'static Uses {
    static USES: OnceLock<Uses> = OnceLock::new();
    USES.get_or_init(|| {
        let kinds: Vec<Kind> =
            serde_saphyr::from_str(include_str!("uses.yaml")).expect("a test reads the built-in signs");
        let of = kinds
            .iter()
            .enumerate()
            .flat_map(|(index, kind)| kind.mentions.iter().map(move |_| index))
            .collect();
        let words = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .build(kinds.iter().flat_map(|kind| &kind.mentions))
            .expect("the built-in words are few and short");
        Uses { kinds, words, of }
    })
}

const DEPENDENCIES: &[&str] = &[
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "Pipfile",
    "setup.py",
    "setup.cfg",
    "go.mod",
    "Gemfile",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "libs.versions.toml",
    "mix.exs",
    "deno.json",
    "environment.yml",
];

/// What kind of file this is, `None` for one that shows no use: prose, tests, other people's code.
pub(crate) fn class(path: &Path, role: Role) -> Option<Class> {
    let name = path.file_name()?.to_string_lossy();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if DEPENDENCIES.contains(&name.as_ref())
        || extension == "csproj"
        || (name.starts_with("requirements") && extension == "txt")
    {
        return matches!(role, Role::Production | Role::Tool | Role::Document).then_some(Class::Dependency);
    }
    if matches!(role, Role::Test | Role::Document | Role::Vendored | Role::Generated) {
        return None;
    }
    let setting = matches!(
        extension,
        "yml"
            | "yaml"
            | "json"
            | "toml"
            | "ini"
            | "conf"
            | "cfg"
            | "properties"
            | "service"
            | "container"
            | "tf"
            | "hcl"
            | "xml"
            | "nomad"
    ) || name.contains(".env")
        || name.starts_with("Dockerfile")
        || name.ends_with(".env")
        || name == "Procfile";
    if setting {
        return Some(Class::Setting);
    }
    (role == Role::Production && (crate::repo::role::language(path).is_some() || extension == "prisma"))
        .then_some(Class::Source)
}

/// What a file says of stores. Lock files hold packages that nothing uses, so they say nothing.
pub(crate) fn told(path: &Path, role: Role, text: &[u8]) -> Vec<Told> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if crate::repo::role::is_lock(&name) {
        return Vec::new();
    }
    let uses = uses();
    let class = class(path, role);
    let manifest = name == FILE_NAME;
    let mut lines = Lines::new(text);
    let mut told: Vec<Told> = Vec::new();
    for word in uses.words.find_iter(text) {
        let Some(kind) = uses.of.get(word.pattern().as_usize()).copied() else { continue };
        if !own_word(text, word.start(), word.end()) {
            continue;
        }
        let mentioned = told.iter().any(|told| told.kind == kind && !told.shows);
        if class.is_none() && mentioned {
            continue;
        }
        let (from, to) = line_around(text, word.start(), word.end());
        // What a new manifest shows as examples says nothing of the service.
        if manifest && text.get(from..to).is_some_and(|line| line.trim_ascii_start().starts_with(b"#")) {
            continue;
        }
        let line = lines.at(from);
        let sign = |class| {
            uses.kinds.get(kind).is_some_and(|kind| kind.shown(class, text.get(from..to).unwrap_or_default()))
        };
        if class.is_some_and(sign) {
            let mut shown = told.iter().filter(|told| told.kind == kind && told.shows);
            if shown.clone().count() < PLACES_MAX && !shown.any(|told| told.line == line) {
                told.push(Told { kind, line, shows: true });
            }
        } else if !mentioned {
            told.push(Told { kind, line, shows: false });
        }
    }
    told
}

/// Whether short words stand alone: `s3` inside of a digest is no mention.
fn own_word(text: &[u8], start: usize, end: usize) -> bool {
    let letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    end - start > 4 || !(letter(start.checked_sub(1)) || letter(Some(end)))
}

impl Kind {
    fn shown(&self, class: Class, line: &[u8]) -> bool {
        self.signs.iter().filter(|sign| sign.r#in == class).any(|sign| {
            let pattern =
                sign.compiled.get_or_init(|| RegexBuilder::new(&sign.pattern).unicode(false).build().ok());
            pattern.as_ref().is_some_and(|pattern| pattern.is_match(line))
        })
    }
}

/// Decides from all files of a repository. `whole` says why not everything was read, if so.
pub(crate) fn decide(store: Store, told: &[(String, Told)], whole: Result<(), Unseen>) -> Seen<Use> {
    let (kind, word) = match store {
        Store::Postgres => ("postgres", "PostgreSQL"),
        Store::Redis => ("redis", "Redis"),
        Store::ObjectStorage => ("object_storage", "an object storage"),
        Store::EnvironmentFiles => ("environment_files", "a reader of environment files"),
    };
    let own = |shows: bool| {
        told.iter()
            .filter(move |(_, told)| {
                told.shows == shows && uses().kinds.get(told.kind).is_some_and(|known| known.store == kind)
            })
            .map(|(path, told)| format!("{path}:{}", told.line))
    };
    let because: Vec<String> = own(true).take(PLACES_MAX).collect();
    if !because.is_empty() {
        return Seen::new(Use { used: true, because });
    }
    if let Err(unseen) = whole {
        return Seen::Unseen(unseen);
    }
    match own(false).next() {
        None => Seen::new(Use { used: false, because }),
        Some(place) => {
            let why = format!("{word} is mentioned in {place}, and nothing shows whether it is used");
            Seen::Unseen(
                Unseen::new(Blind::Unsupported, why)
                    .give(format!("name it in the manifest, or take the mention out of {place}")),
            )
        }
    }
}
