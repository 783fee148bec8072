//! Environment files as facts: measured and compared, never quoted.

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::LISTED_MAX;

use super::deployments::{self, Read};
use super::env_file::{Entry, EnvFile, EnvKind, secrets};
use super::facts::{DeclaredName, EnvFileFacts, LiveSecret, OutOfPlace, SettingsFacts};
use super::loaded::Loaded;
use super::names::{is_secret, is_signing, secret_part};
use super::strength::{is_placeholder, is_reference, stands_for_one, strength};
use crate::modes::{Mode, mode};
use crate::repo::files::Files;
use crate::repo::lines::quoted;

/// Looks at the settings.
pub(crate) fn look(files: &Files, env_files: &[EnvFile]) -> SettingsFacts {
    let Read { literals, mut sources, loaded, cut } = deployments::read(files);
    sources.extend(
        env_files.iter().filter(|file| file.environment().is_some() && secrets(file).next().is_some()).map(
            |file| super::facts::SecretSource { kind: "env-file".into(), path: file.path.clone(), line: 1 },
        ),
    );
    sources.sort();
    let deployed: Vec<&EnvFile> = env_files.iter().filter(|file| file.environment().is_some()).collect();
    let of_deployed = |unseen: fn() -> Unseen| if deployed.is_empty() { Err(unseen()) } else { Ok(()) };
    SettingsFacts {
        env_files: listed(env_files.iter().map(|file| told(file, &loaded)).collect(), files, None),
        declared: listed(
            env_files.iter().filter(|file| file.kind == EnvKind::Example).flat_map(declared).collect(),
            files,
            None,
        ),
        live: match of_deployed(no_deployed_file) {
            Ok(()) => listed(deployed.iter().flat_map(|file| live(file, env_files)).collect(), files, None),
            Err(unseen) => Seen::Unseen(unseen),
        },
        out_of_place: match of_deployed(no_deployed_file) {
            Ok(()) => listed(deployed.iter().flat_map(|file| out_of_place(file)).collect(), files, None),
            Err(unseen) => Seen::Unseen(unseen),
        },
        literals: listed(literals, files, cut.clone()),
        sources: listed(sources, files, cut),
    }
}

fn no_deployed_file() -> Unseen {
    Unseen::new(Blind::NotGiven, "no environment file of a deployed environment is in this checkout").give(
        "run Seaworthy where `.env.production` is, or name the machine under `hosts` with its `env_files`",
    )
}

fn listed<T>(items: Vec<T>, files: &Files, cut: Option<Unseen>) -> Seen<Listed<T>> {
    let mut listed = Listed::bounded(items, LISTED_MAX, "settings");
    listed.cut = listed.cut.or(cut).or_else(|| files.whole().err());
    Seen::new(listed)
}

fn told(file: &EnvFile, loaded: &Loaded) -> EnvFileFacts {
    let by_name = file.environment().is_some();
    // Of a file that says itself for whom it is, it does not matter who loads it.
    let loaded =
        if file.kind == EnvKind::Unsaid { loaded.by_deployment(&file.path) } else { Seen::new(false) };
    EnvFileFacts {
        path: file.path.clone(),
        environment: file.environment().map(str::to_owned),
        template: file.kind == EnvKind::Example,
        deployed: by_name,
        loaded_by_deployment: loaded,
        tracked: match file.tracked {
            Some(tracked) => Seen::new(tracked),
            None => Seen::unseen(Blind::NotGiven, "there is no git index to tell what is tracked"),
        },
        mode: format!("{:03o}", file.mode & 0o777),
        others_may_read: file.mode & 0o044 != 0,
        names_count: file.entries.len() as u64,
        secrets_count: secrets(file).filter(|entry| !is_reference(secret_part(&entry.value))).count() as u64,
        by_hand: format!("stat -c '%a %U' {}", quoted(&file.path)),
    }
}

fn declared(file: &EnvFile) -> impl Iterator<Item = DeclaredName> + '_ {
    file.entries.iter().map(|entry| DeclaredName {
        name: entry.name.clone(),
        path: file.path.clone(),
        line: entry.line,
        placeholder: stands_for_one(&entry.value) || strength(secret_part(&entry.value)).listed,
        secret: is_secret(&entry.name, &entry.value),
    })
}

fn live<'a>(file: &'a EnvFile, all: &'a [EnvFile]) -> impl Iterator<Item = LiveSecret> + 'a {
    secrets(file).map(move |entry| {
        let value = secret_part(&entry.value);
        let measured = strength(value);
        let here = || if is_reference(value) { Err(kept_elsewhere()) } else { Ok(()) };
        // Another variable of the same name is another secret wherever it is set.
        let variable = value.starts_with(['$', '%', '{']) && is_reference(value);
        let same = |other: &Entry| secret_part(&other.value) == value && is_secret(&other.name, &other.value);
        let others = all.iter().filter(|other| other.path != file.path && other.kind != EnvKind::Example);
        let others = others.filter(|other| other.entries.iter().any(same));
        let in_template = all
            .iter()
            .filter(|other| other.kind == EnvKind::Example)
            .any(|other| other.entries.iter().any(same));
        LiveSecret {
            name: entry.name.clone(),
            environment: file.environment().unwrap_or_default().to_owned(),
            path: file.path.clone(),
            line: entry.line,
            signing: is_signing(&entry.name),
            reference: is_reference(value),
            length_chars: seen(here(), measured.length_chars as u64),
            entropy_bits: seen(here(), measured.entropy_bits),
            default_value: seen(here(), measured.listed || is_placeholder(value) || in_template),
            same_as: secrets(file)
                .filter(|other| other.line != entry.line && same(other))
                .map(|other| other.name.clone())
                .collect(),
            shared_with: others.filter(|_| !variable).map(|other| other.path.clone()).collect(),
        }
    })
}

fn seen<T>(here: Result<(), Unseen>, value: T) -> Seen<T> {
    here.map_or_else(Seen::Unseen, |()| Seen::new(value))
}

fn kept_elsewhere() -> Unseen {
    Unseen::new(Blind::NotGiven, "the file holds a reference to the secret and not the secret itself")
        .give("name the machine under `hosts`: there the service is seen with the secrets that it was given")
}

fn out_of_place(file: &EnvFile) -> impl Iterator<Item = OutOfPlace> + '_ {
    file.entries.iter().filter_map(|entry| {
        Some(OutOfPlace {
            name: entry.name.clone(),
            environment: file.environment()?.to_owned(),
            path: file.path.clone(),
            line: entry.line,
            what: belongs_elsewhere(entry)?.to_owned(),
        })
    })
}

/// What makes a setting one of a developer's machine.
fn belongs_elsewhere(entry: &Entry) -> Option<&'static str> {
    let name = entry.name.to_ascii_uppercase();
    let value = entry.value.to_ascii_lowercase();
    let host = value.split_once("://").map_or(value.as_str(), |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(['/', '?', ':']).next().unwrap_or(host);
    // Stores, sockets and proxies of the same machine are talked to on purpose; a URL that others are given is not.
    let given_to_others = is_public_address(&name);
    let local = matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "[" | "host.docker.internal")
        || host.ends_with(".localhost");
    let debug = mode(&name, &value) == Some(Mode::Development);
    let test_key = ["sk_test_", "pk_test_", "rk_test_", "flwseck_test", "whsec_test"]
        .iter()
        .any(|key| value.starts_with(key));
    let example = ["example.com", "example.org", "example.net"]
        .iter()
        .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
    if local && given_to_others {
        Some("an address of this machine")
    } else if debug {
        Some("a debug switch")
    } else if test_key {
        Some("a test key")
    } else if example {
        Some("an example value")
    } else {
        None
    }
}

/// Whether a name is that of an address that browsers, mails or other services are given.
fn is_public_address(name: &str) -> bool {
    const PUBLIC: &[&str] = &[
        "PUBLIC",
        "ORIGIN",
        "ORIGINS",
        "SITE",
        "WEBSITE",
        "FRONTEND",
        "CALLBACK",
        "REDIRECT",
        "WEBHOOK",
        "CANONICAL",
        "EXTERNAL",
        "CORS",
        "DOMAIN",
        "ISSUER",
        "NEXTAUTH",
        "VITE",
    ];
    const WHOLE: &[&str] = &[
        "URL",
        "API_URL",
        "BASE_URL",
        "ROOT_URL",
        "SERVER_URL",
        "HOST_URL",
        "BACKEND_URL",
        "API_BASE_URL",
        "APP_BASE_URL",
        "REACT_APP_API_URL",
    ];
    const ENDINGS: &[&str] = &["APP_URL", "WEB_URL", "CLIENT_URL"];
    name.split('_').any(|part| PUBLIC.contains(&part))
        || WHOLE.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
}
