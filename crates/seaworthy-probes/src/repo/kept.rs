//! Which files are held and understood as a whole after all were read.

use std::path::Path;

use memchr::memmem;

use super::pipeline::{OTHER_FILES, OTHER_PLACES};
use super::role;
use super::settings::is_env_file;

/// Names of files that are held.
const NAMES: &[&str] = &[
    "package.json",
    "Cargo.toml",
    "pyproject.toml",
    "go.mod",
    "Gemfile",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "mix.exs",
    "deno.json",
    "setup.cfg",
    "Pipfile",
    "Procfile",
    "Caddyfile",
    "haproxy.cfg",
    "nginx.conf",
    "envoy.yaml",
    "traefik.yml",
    "traefik.yaml",
    "traefik.toml",
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    "deny.toml",
    "about.toml",
    "alembic.ini",
    "atlas.hcl",
    "diesel.toml",
    "schema.prisma",
    "VERSION",
    "Dockerfile",
    "Containerfile",
    ".sops.yaml",
    "sbom.json",
    "bom.json",
    "version.txt",
];
/// Beginnings of names of notices and changelogs, in upper case.
const BEGINNINGS: &[&str] = &[
    "CHANGELOG",
    "CHANGES",
    "HISTORY",
    "NEWS",
    "RELEASES",
    "NOTICE",
    "THIRD-PARTY",
    "THIRD_PARTY",
    "THIRDPARTY",
    "LICENSE-3RDPARTY",
];
/// Directories whose files are held: migrations.
const MIGRATIONS: &[&str] = &["migrations", "migration", "migrate", "versions", "alembic"];

/// Whether a file is held.
pub(crate) fn is_kept(path: &Path, content: &[u8]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let directories = role::directories(path);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let upper = name.to_ascii_uppercase();
    let below = |directory: &str| directories.iter().any(|part| part == directory);
    let migration = matches!(extension, "sql" | "py" | "rb" | "js" | "ts" | "php" | "go")
        && directories.iter().any(|part| MIGRATIONS.contains(&part.as_ref()));
    let yaml = matches!(extension, "yml" | "yaml");
    let compose = yaml
        && (name.starts_with("docker-compose") || name.starts_with("compose") || name.contains("-compose."));
    let workflow = yaml && below(".github") && below("workflows");
    let other_pipeline = OTHER_FILES.contains(&name.as_ref())
        || yaml && OTHER_PLACES.iter().filter_map(|place| place.split('/').next()).any(below);
    let unit = matches!(extension, "service" | "timer" | "container" | "socket");
    let proxy = extension == "conf"
        && (below("nginx")
            || below("conf.d")
            || below("sites-available")
            || below("sites-enabled")
            || below("apache2"));
    let bill =
        [".cdx.json", ".spdx.json", "sbom.json", "bom.json"].iter().any(|ending| name.ends_with(ending));
    NAMES.contains(&name.as_ref())
        || role::is_lock(&name)
        || is_env_file(path)
        || BEGINNINGS.iter().any(|beginning| upper.starts_with(beginning))
        || name.starts_with("Dockerfile.")
        || name.ends_with(".Dockerfile")
        || name.ends_with(".csproj")
        || (name.starts_with("requirements") && extension == "txt")
        || migration
        || compose
        || workflow
        || other_pipeline
        || unit
        || proxy
        || bill
        || is_interface(extension, content)
        || (yaml && is_cluster(content))
}

/// An OpenAPI document says so near its beginning.
fn is_interface(extension: &str, content: &[u8]) -> bool {
    let beginning = content.get(..content.len().min(2_048)).unwrap_or_default();
    let says = |text: &[u8]| memmem::find(beginning, text).is_some();
    matches!(extension, "json" | "yaml" | "yml") && (says(b"openapi") || says(b"swagger"))
}

/// A document for a cluster says what kind it is near its beginning.
fn is_cluster(content: &[u8]) -> bool {
    let beginning = content.get(..content.len().min(1_024)).unwrap_or_default();
    memmem::find(beginning, b"apiVersion:").is_some() && memmem::find(beginning, b"kind:").is_some()
}
