//! What is to be checked: a URL, a repository, or an environment of a manifest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;
use seaworthy_core::limits::{Limits, YAML_BYTES_MAX};
use seaworthy_core::manifest::{Environment, FILE_NAME, GateSpec, Manifest, People};
use seaworthy_core::statement::sha256_hex;
use seaworthy_probes::ask::Ask;

use crate::cli::Check;
use crate::exit::Wrong;
use crate::run::secrets;

/// What a run is about, before anything was looked at.
pub(crate) struct Subject {
    pub(crate) ask: Ask,
    pub(crate) service: String,
    pub(crate) environment: Option<String>,
    /// As the user would write it.
    pub(crate) target: String,
    pub(crate) gate: GateSpec,
    /// Who may sign.
    pub(crate) people: People,
    /// SHA-256 of the manifest, where there is one.
    pub(crate) manifest: Option<String>,
    /// The repository, where there is one.
    pub(crate) repo: Option<PathBuf>,
    /// Environments that the manifest names and this run does not look at.
    pub(crate) others: Vec<String>,
}

/// Reads the request. `now` is when looking begins.
pub(crate) fn of(check: &Check, now: DateTime<Utc>) -> anyhow::Result<Subject> {
    match check.target.as_deref() {
        Some(url) if url.contains("://") => of_url(check, url, now),
        path => of_folder(check, Path::new(path.unwrap_or(".")), now),
    }
}

fn of_url(check: &Check, url: &str, now: DateTime<Utc>) -> anyhow::Result<Subject> {
    let environment = Environment {
        consent: Consent::Probe,
        urls: vec![url.to_owned()],
        ca: check.ca.clone(),
        resolve: check.resolve.iter().cloned().collect(),
        ..Environment::default()
    };
    environment.checked().map_err(|(what, help)| Wrong::error(what, help))?;
    if let Some(ca) = check.ca.as_deref().filter(|ca| !Path::new(ca).is_file()) {
        return Err(Wrong::error(
            format!("`--ca {ca}` is no file that can be read"),
            "give a PEM file with the roots",
        ));
    }
    if check.env.is_some() {
        return Err(Wrong::error(
            "`--env` names an environment of a manifest, and a URL has none",
            "give the repository instead of the URL",
        ));
    }
    let parsed =
        url::Url::parse(url).map_err(|error| Wrong::error(error.to_string(), "write https://host"))?;
    let service = parsed.host_str().unwrap_or(url).to_owned();
    // A URL carries no grant: only the command line can raise the level.
    let ask = ask(check, environment, PathBuf::from("."), check.consent.unwrap_or_default(), now);
    Ok(Subject {
        ask: Ask { commanded: true, ..ask },
        service,
        environment: None,
        target: url.to_owned(),
        gate: GateSpec::default(),
        people: People::default(),
        manifest: None,
        repo: None,
        others: Vec::new(),
    })
}

fn of_folder(check: &Check, folder: &Path, now: DateTime<Utc>) -> anyhow::Result<Subject> {
    if check.ca.is_some() || !check.resolve.is_empty() {
        return Err(Wrong::error(
            "`--ca` and `--resolve` go with a URL",
            format!("of an environment they stand in {FILE_NAME}: `ca` and `resolve`"),
        ));
    }
    if !folder.is_dir() {
        return Err(Wrong::error(
            format!("`{}` is not a folder", folder.display()),
            "give a repository's folder, or a URL that begins with https://",
        ));
    }
    let manifest = read_manifest(&folder.join(FILE_NAME))?;
    let absolute = folder.canonicalize().with_context(|| format!("could not open {}", folder.display()))?;
    let found_name =
        absolute.file_name().map_or_else(|| "service".into(), |name| name.to_string_lossy().into());
    let Some(ManifestFile { manifest, digest }) = manifest else {
        if let Some(name) = &check.env {
            return Err(Wrong::error(
                format!("there is no {FILE_NAME} in `{}`, so no environment `{name}`", folder.display()),
                "`seaworthy init` writes one from what the repository holds",
            ));
        }
        let environment = repo_only();
        let ask =
            ask(check, environment, folder.to_owned(), level(None, Consent::Observe, check.consent), now);
        return Ok(Subject {
            ask,
            service: found_name,
            environment: None,
            target: folder.display().to_string(),
            gate: GateSpec::default(),
            people: People::default(),
            manifest: None,
            repo: Some(folder.to_owned()),
            others: Vec::new(),
        });
    };
    let (name, mut environment) = chosen(&manifest, check.env.as_deref())?;
    environment.repo.get_or_insert_with(|| ".".to_owned());
    let others =
        manifest.environments.keys().filter(|other| Some(*other) != name.as_ref()).cloned().collect();
    let level = level(name.as_deref(), environment.consent, check.consent);
    Ok(Subject {
        ask: ask(check, environment, folder.to_owned(), level, now),
        service: manifest.service.name,
        environment: name,
        target: folder.display().to_string(),
        gate: manifest.gate,
        people: manifest.people,
        manifest: Some(digest),
        repo: Some(folder.to_owned()),
        others,
    })
}

fn repo_only() -> Environment {
    Environment { repo: Some(".".to_owned()), ..Environment::default() }
}

/// The environment that was asked for; the only one where none was; else the repository alone.
fn chosen(manifest: &Manifest, wanted: Option<&str>) -> anyhow::Result<(Option<String>, Environment)> {
    if let Some(name) = wanted {
        let Some(environment) = manifest.environments.get(name) else {
            let known: Vec<&str> = manifest.environments.keys().map(String::as_str).collect();
            let help = if known.is_empty() {
                "it names none".to_owned()
            } else {
                format!("it names {}", known.join(", "))
            };
            return Err(Wrong::error(format!("{FILE_NAME} names no environment `{name}`"), help));
        };
        return Ok((Some(name.to_owned()), environment.clone()));
    }
    let mut all = manifest.environments.iter();
    match (all.next(), all.next()) {
        (Some((name, only)), None) => Ok((Some(name.clone()), only.clone())),
        _ => Ok((None, repo_only())),
    }
}

/// Environments in which the manifest's grant is enough. Everywhere else the level must also stand on the command
/// line: a manifest can arrive by pull request.
const GRANT_IS_ENOUGH: [&str; 2] = ["local", "staging"];

/// What the manifest grants; the command line can lower it, and cannot raise it. An exercise takes both everywhere:
/// nobody runs one by the name of an environment.
fn level(environment: Option<&str>, granted: Consent, asked: Option<Consent>) -> Consent {
    let enough = environment.is_some_and(|name| GRANT_IS_ENOUGH.contains(&name));
    let unasked = if enough { Consent::Probe } else { Consent::Observe };
    asked.unwrap_or(unasked).min(granted)
}

fn ask(check: &Check, environment: Environment, base: PathBuf, consent: Consent, now: DateTime<Utc>) -> Ask {
    let limits = Limits { deadline: Duration::from_secs(check.deadline), ..Limits::default() };
    let secrets = secrets::of_this_process(&base);
    Ask { environment, base, commanded: false, consent, limits, now, secrets }
}

/// A manifest and what it was read from.
#[derive(Debug)]
pub(crate) struct ManifestFile {
    pub(crate) manifest: Manifest,
    /// SHA-256 of the file.
    pub(crate) digest: String,
}

/// Reads a manifest, or `None` where there is no file.
pub(crate) fn read_manifest(path: &Path) -> anyhow::Result<Option<ManifestFile>> {
    let shown = path.display().to_string();
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let help = match error.kind() {
                std::io::ErrorKind::PermissionDenied => "let the user who runs Seaworthy read it",
                _ => "put a file that can be read there",
            };
            return Err(Wrong::error(format!("could not read {shown}: {error}"), help));
        }
    };
    if !meta.is_file() {
        return Err(Wrong::error(format!("{shown} is no regular file"), "put the manifest itself there"));
    }
    if meta.len() > YAML_BYTES_MAX as u64 {
        return Err(Wrong::error(
            format!("{shown} has {} bytes, more than {YAML_BYTES_MAX}", meta.len()),
            "keep only what describes the service",
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Wrong::error(format!("could not read {shown}: {error}"), "write it as UTF-8 text")
    })?;
    Ok(Some(ManifestFile { manifest: Manifest::parse(&shown, &text)?, digest: sha256_hex(text.as_bytes()) }))
}

#[cfg(test)]
mod tests {
    use seaworthy_core::consent::Consent::{self, Drill, Observe, Probe};

    use super::level;

    #[track_caller]
    fn check(environment: Option<&str>, granted: Consent, asked: Option<Consent>, expected: Consent) {
        assert_eq!(level(environment, granted, asked), expected);
    }

    #[test]
    fn a_grant_alone_reaches_probe_in_local_and_staging_only() {
        check(Some("staging"), Probe, None, Probe);
        check(Some("local"), Probe, None, Probe);
        check(Some("production"), Probe, None, Observe);
        check(None, Observe, None, Observe);
    }

    #[test]
    fn an_exercise_takes_the_grant_and_the_command_line_everywhere() {
        check(Some("staging"), Drill, None, Probe);
        check(Some("production"), Drill, None, Observe);
        check(Some("staging"), Drill, Some(Drill), Drill);
        check(Some("production"), Drill, Some(Drill), Drill);
    }

    #[test]
    fn the_command_line_lowers_and_never_raises() {
        check(Some("staging"), Drill, Some(Observe), Observe);
        check(Some("staging"), Observe, Some(Drill), Observe);
        check(Some("production"), Probe, Some(Drill), Probe);
    }
}
