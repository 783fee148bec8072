//! What a repository shows of its service: enough to write a first manifest from, and to print what was detected.
//!
//! Made of facts only, so it names files and variables and holds no values.

use std::collections::BTreeSet;

use serde::Serialize;

use super::facts::RepoFacts;
use super::files::name;
use super::stack::uses::Use;
use super::version::Package;
use seaworthy_core::facts::Seen;

/// Names under which services take the URL of their PostgreSQL, the usual one first.
pub const POSTGRES_VARIABLES: [&str; 4] = ["DATABASE_URL", "POSTGRES_URL", "PG_URL", "POSTGRES_DSN"];
/// The same of their Redis.
pub const REDIS_VARIABLES: [&str; 4] = ["REDIS_URL", "REDIS_DSN", "CACHE_URL", "VALKEY_URL"];

/// What was detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Detected {
    /// A name for the service: of its package, else of nothing.
    pub name: Option<String>,
    /// Programming languages, the most used first.
    pub languages: Vec<String>,
    /// Package managers with their lock files: `pnpm (pnpm-lock.yaml)`, `cargo (Cargo.lock)`, `npm without a lock file`.
    pub managers: Vec<String>,
    /// OpenAPI documents.
    pub openapi: Vec<String>,
    /// Whether PostgreSQL is used, and by which variable its URL is given.
    pub postgres: DetectedStore,
    /// Whether Redis is used, and by which variable its URL is given.
    pub redis: DetectedStore,
    /// Whether an object storage is used.
    pub object_storage: DetectedStore,
    /// Dockerfiles and compose files.
    pub containers: Vec<String>,
    /// Services that compose files start, with their images.
    pub compose_services: Vec<(String, Option<String>)>,
    /// systemd units.
    pub systemd_units: Vec<String>,
    /// Configuration files of proxies.
    pub proxies: Vec<String>,
    /// Files of the delivery pipeline.
    pub pipeline: Vec<String>,
    /// What reads the migrations, and how many there are.
    pub migrations: Option<(String, usize)>,
    /// Names that templates of environment files declare.
    pub required_names: Vec<String>,
    /// Environment files, templates among them.
    pub env_files: Vec<String>,
    /// The changelog.
    pub changelog: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// What was not read, if anything.
    pub not_read: Option<String>,
}

/// A store as far as the repository shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DetectedStore {
    /// Used, not used, or not to be told.
    pub used: Option<bool>,
    /// What shows it, `file:line`.
    pub because: Vec<String>,
    /// The variable that gives its URL, where a template declares one.
    pub variable: Option<String>,
}

impl Detected {
    /// From the facts of a look.
    pub fn of(facts: &RepoFacts) -> Self {
        let declared = items(&facts.settings.declared);
        let names: Vec<String> = declared.iter().map(|name| name.name.clone()).collect();
        let packages = items(&facts.stack.packages);
        let managers: BTreeSet<String> = packages.iter().map(manager).collect();
        let compose = items(&facts.stack.compose_services);
        let migrations = items(&facts.migrations.entries);
        let mut containers: Vec<String> =
            items(&facts.stack.dockerfiles).iter().map(|file| file.path.clone()).collect();
        containers.extend(compose.iter().map(|service| service.path.clone()));
        containers.sort();
        containers.dedup();
        let pipeline = facts.pipeline.value().and_then(Option::as_ref);
        Self {
            name: packages.iter().find_map(|package| package.name.clone()),
            languages: items(&facts.stack.languages).iter().map(|language| language.name.clone()).collect(),
            managers: managers.into_iter().collect(),
            openapi: items(&facts.stack.openapi).iter().map(|document| document.path.clone()).collect(),
            postgres: store(&facts.stack.uses_postgres, &names, &POSTGRES_VARIABLES),
            redis: store(&facts.stack.uses_redis, &names, &REDIS_VARIABLES),
            object_storage: store(
                &facts.stack.uses_object_storage,
                &names,
                &["S3_BUCKET", "AWS_BUCKET", "AWS_S3_BUCKET", "S3_ENDPOINT"],
            ),
            containers,
            compose_services: compose
                .iter()
                .map(|service| (service.name.clone(), service.image.clone()))
                .collect(),
            systemd_units: items(&facts.stack.systemd_units).to_vec(),
            proxies: items(&facts.stack.proxies).iter().map(|file| file.path.clone()).collect(),
            // What is there and not understood is told with the reason.
            pipeline: pipeline.map_or_else(
                || facts.pipeline.reason().map(|why| why.why.clone()).into_iter().collect(),
                |pipeline| pipeline.files.items.iter().map(|file| file.path.clone()).collect(),
            ),
            migrations: migrations.first().map(|first| (first.tool.clone(), migrations.len())),
            required_names: names,
            env_files: items(&facts.settings.env_files).iter().map(|file| file.path.clone()).collect(),
            changelog: facts
                .changelog
                .value()
                .and_then(Option::as_ref)
                .map(|changelog| changelog.path.clone()),
            version: facts.version.value().and_then(Option::as_ref).map(|version| version.value.clone()),
            not_read: facts
                .files
                .unread
                .items
                .first()
                .map(|unread| format!("{}: {}", unread.path, unread.reason.why)),
        }
    }
}

impl Detected {
    /// What was detected, a line each, for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |what: &str, all: &[String]| {
            const NAMED_MAX: usize = 4;
            if !all.is_empty() {
                let named = all.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
                let more = all.len().saturating_sub(NAMED_MAX);
                lines.push(if more > 0 {
                    format!("{what} {named} and {more} more")
                } else {
                    format!("{what} {named}")
                });
            }
        };
        line("languages:", &self.languages);
        line("package managers:", &self.managers);
        line("OpenAPI:", &self.openapi);
        for (name, store) in
            [("PostgreSQL", &self.postgres), ("Redis", &self.redis), ("object storage", &self.object_storage)]
        {
            line(&format!("{name}, by"), &store.because);
        }
        line("containers:", &self.containers);
        line("systemd:", &self.systemd_units);
        line("proxies:", &self.proxies);
        line("pipeline:", &self.pipeline);
        if let Some((tool, count)) = &self.migrations {
            line("migrations:", &[format!("{count}, {tool}")]);
        }
        line("environment files:", &self.env_files);
        line("changelog:", self.changelog.as_slice());
        line("not read:", self.not_read.as_slice());
        lines
    }
}

/// A package manager, told by its lock file where several share a manifest.
fn manager(package: &Package) -> String {
    let Some(lock) = &package.lock else { return format!("{} without a lock file", package.ecosystem) };
    let name = match name(lock) {
        "pnpm-lock.yaml" => "pnpm",
        "yarn.lock" => "yarn",
        "bun.lock" => "bun",
        "deno.lock" => "deno",
        "poetry.lock" => "poetry",
        "uv.lock" => "uv",
        "Pipfile.lock" => "pipenv",
        _ => &package.ecosystem,
    };
    format!("{name} ({lock})")
}

fn items<T>(list: &Seen<seaworthy_core::facts::Listed<T>>) -> &[T] {
    list.value().map_or(&[], |list| list.items.as_slice())
}

fn store(used: &Seen<Use>, names: &[String], known: &[&str]) -> DetectedStore {
    let seen = used.value();
    DetectedStore {
        used: seen.map(|seen| seen.used),
        because: seen.map(|seen| seen.because.clone()).unwrap_or_default(),
        variable: known
            .iter()
            .find(|known| names.iter().any(|name| name == *known))
            .map(|known| (*known).to_owned()),
    }
}
