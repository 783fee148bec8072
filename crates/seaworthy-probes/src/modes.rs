//! What a setting says of the mode that an application runs in, by the conventions of its framework.

use schemars::JsonSchema;
use serde::Serialize;

/// Names whose value names the environment.
const ENVIRONMENTS: [&str; 19] = [
    "NODE_ENV",
    "APP_ENV",
    "RAILS_ENV",
    "RACK_ENV",
    "ENVIRONMENT",
    "ENV",
    "DEPLOY_ENV",
    "ASPNETCORE_ENVIRONMENT",
    "DOTNET_ENVIRONMENT",
    "RUST_ENV",
    "GO_ENV",
    "GIN_MODE",
    "MIX_ENV",
    "FLASK_ENV",
    "PYTHON_ENV",
    "SPRING_PROFILES_ACTIVE",
    "QUARKUS_PROFILE",
    "MICRONAUT_ENVIRONMENTS",
    "DJANGO_SETTINGS_MODULE",
];

/// A mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// For users.
    Production,
    /// For a rehearsal of production.
    Staging,
    /// For developers or tests; also a debug switch that is on.
    Development,
}

/// Whether the value of a setting names an environment.
pub(crate) fn names_environment(name: &str) -> bool {
    ENVIRONMENTS.contains(&name.to_ascii_uppercase().as_str())
}

/// The mode that a setting puts an application into; none where it says nothing of it.
pub(crate) fn mode(name: &str, value: &str) -> Option<Mode> {
    let (name, value) = (name.to_ascii_uppercase(), value.trim().to_ascii_lowercase());
    if !names_environment(&name) {
        return debugs(&name, &value).then_some(Mode::Development);
    }
    // A module is named by its path: the last part says for what it is, or one before it that is such a word.
    if name == "DJANGO_SETTINGS_MODULE" {
        let mut parts = value.rsplit('.');
        let last = parts.next().and_then(of_one);
        return last
            .or_else(|| parts.filter(|part| part.chars().all(char::is_alphanumeric)).find_map(of_one));
    }
    let profiles: Vec<&str> = value.split(',').map(str::trim).filter(|profile| !profile.is_empty()).collect();
    match profiles.as_slice() {
        [one] => of_one(one),
        // Beside others a profile such as `local-cache` may be for anything.
        several => {
            let told = several.iter().filter_map(|profile| {
                let mode = of_one(profile)?;
                (mode != Mode::Development || is_development_alone(profile)).then_some(mode)
            });
            told.max()
        }
    }
}

/// `dev`, or `dev-eu` and `test2`: beside the word only what a place or a number may be.
fn is_development_alone(profile: &str) -> bool {
    const PLACE_CHARS_MAX: usize = 3;
    profile.split(['-', '_']).all(|word| DEVELOPMENT.contains(&word) || word.len() <= PLACE_CHARS_MAX)
}

const DEVELOPMENT: [&str; 8] =
    ["development", "develop", "dev", "debug", "local", "test", "tests", "testing"];
const STAGING: [&str; 9] =
    ["staging", "stage", "preprod", "preproduction", "nonprod", "nonproduction", "uat", "qa", "sandbox"];
const PRODUCTION: [&str; 4] = ["production", "prod", "live", "release"];
/// Words that make production of what follows the opposite.
const NOT_YET: [&str; 3] = ["pre", "non", "not"];

/// The mode that one name of an environment or profile says: `production`, `prod-eu`, `pre-production`.
fn of_one(name: &str) -> Option<Mode> {
    let words: Vec<&str> = name.split(['.', ' ', '-', '_']).collect();
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    if has(&DEVELOPMENT) {
        Some(Mode::Development)
    } else if has(&STAGING) || (has(&PRODUCTION) && has(&NOT_YET)) {
        Some(Mode::Staging)
    } else {
        has(&PRODUCTION).then_some(Mode::Production)
    }
}

/// Whether a switch that makes an application show its inside is on.
fn debugs(name: &str, value: &str) -> bool {
    let off = matches!(value, "" | "0" | "false" | "no" | "off" | "none" | "null" | "n" | "f");
    let on = matches!(value, "1" | "true" | "yes" | "on" | "y" | "t" | "*");
    match name {
        // A library of Node takes names of parts here, such as `express:*`.
        "DEBUG" => !off,
        // That library's own settings, which show nothing.
        "DEBUG_COLORS" | "DEBUG_DEPTH" | "DEBUG_FD" | "DEBUG_HIDE_DATE" | "DEBUG_SHOW_HIDDEN" => false,
        _ => on && (name.ends_with("_DEBUG") || name.starts_with("DEBUG_")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, mode};

    #[test]
    fn a_mode_is_told_as_each_framework_writes_it() {
        for (name, value) in [
            ("NODE_ENV", "development"),
            ("RACK_ENV", "test"),
            ("SPRING_PROFILES_ACTIVE", "postgres,dev"),
            ("SPRING_PROFILES_ACTIVE", "prod,dev"),
            ("SPRING_PROFILES_ACTIVE", "dev-eu"),
            ("SPRING_PROFILES_ACTIVE", "prod,dev-eu"),
            ("DJANGO_SETTINGS_MODULE", "config.dev.settings"),
            ("DJANGO_SETTINGS_MODULE", "shop.settings.local"),
            ("GIN_MODE", "debug"),
            ("DEBUG", "shop:*"),
            ("DEBUG", "True"),
            ("FLASK_DEBUG", "1"),
            ("app_debug", "true"),
        ] {
            assert_eq!(mode(name, value), Some(Mode::Development), "{name}={value}");
        }
        for (name, value) in [
            ("NODE_ENV", "production"),
            ("GIN_MODE", "release"),
            ("SPRING_PROFILES_ACTIVE", "prod"),
            ("SPRING_PROFILES_ACTIVE", "prod,local-cache"),
            ("APP_ENV", "prod-eu"),
            ("DJANGO_SETTINGS_MODULE", "dev_portal.settings.production"),
            ("DJANGO_SETTINGS_MODULE", "shop.settings.production"),
            ("ASPNETCORE_ENVIRONMENT", "Production"),
        ] {
            assert_eq!(mode(name, value), Some(Mode::Production), "{name}={value}");
        }
        for value in ["pre-staging", "pre-production", "preprod", "non-prod", "not-production"] {
            assert_eq!(mode("APP_ENV", value), Some(Mode::Staging), "{value}");
        }
        for (name, value) in [
            ("DEBUG", "False"),
            ("DEBUG", ""),
            ("APP_DEBUG", "0"),
            ("DEBUG_PORT", "9229"),
            ("DEBUG_COLORS", "true"),
            ("DEBUG_FD", "1"),
            ("PORT", "1"),
            ("DJANGO_SETTINGS_MODULE", "shop.settings"),
        ] {
            assert_eq!(mode(name, value), None, "{name}={value}");
        }
    }
}
