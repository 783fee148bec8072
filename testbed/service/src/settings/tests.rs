use std::collections::HashMap;

use super::*;

fn complete() -> HashMap<String, String> {
    let pairs = [
        ("APP_ENV", "production".to_owned()),
        ("PUBLIC_ORIGIN", "https://shop.example.com".to_owned()),
        ("DATABASE_URL", "postgres://shop@localhost/shop".to_owned()),
        ("REDIS_URL", "redis://localhost".to_owned()),
        ("UPLOAD_DIR", "/var/lib/shop".to_owned()),
        ("SESSION_SECRET", "s".repeat(32)),
        ("PAYMENT_WEBHOOK_SECRET", "p".repeat(32)),
        ("OPERATOR_SECRET", "o".repeat(32)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Reads the complete settings with one change; gives what the error says.
fn check(change: impl Fn(&mut HashMap<String, String>)) -> Result<Settings, String> {
    let mut variables = complete();
    change(&mut variables);
    let lookup = |name: &str| variables.get(name).cloned();
    Settings::read(&Reader::new(&lookup)).map_err(|error| error.to_string())
}

#[test]
fn the_required_variables_are_enough() {
    let settings = check(|_| {}).unwrap();
    assert_eq!(settings.environment, Environment::Production);
    assert_eq!(settings.listen.port(), 8080);
}

#[test]
fn every_missing_variable_is_named_at_once() {
    let message = check(HashMap::clear).unwrap_err();
    for name in complete().keys() {
        assert!(message.contains(&format!("{name} is missing")), "{name}: {message}");
    }
}

#[test]
fn an_empty_variable_is_missing() {
    let message = check(|all| *all.get_mut("APP_ENV").unwrap() = " ".into()).unwrap_err();
    assert!(message.contains("APP_ENV is missing"));
}

#[test]
fn a_short_secret_is_refused_without_being_shown() {
    let message = check(|all| *all.get_mut("SESSION_SECRET").unwrap() = "hunter2".into()).unwrap_err();
    assert!(message.contains("SESSION_SECRET has 7 characters, at least 32 are needed"));
    assert!(!message.contains("hunter2"));
}

#[test]
fn equal_secrets_are_refused() {
    let message = check(|all| *all.get_mut("OPERATOR_SECRET").unwrap() = "s".repeat(32)).unwrap_err();
    assert!(message.contains("must differ"));
}

#[test]
fn an_unknown_environment_is_refused() {
    let message = check(|all| *all.get_mut("APP_ENV").unwrap() = "prod".into()).unwrap_err();
    assert!(message.contains("APP_ENV has a value that cannot be understood"));
}

#[test]
fn a_secret_can_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{}\n", "f".repeat(40))).unwrap();
    let settings = check(|all| {
        all.remove("SESSION_SECRET");
        all.insert("SESSION_SECRET_FILE".into(), file.path().to_str().unwrap().into());
    });
    assert_eq!(settings.unwrap().session_secret.expose(), "f".repeat(40));
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?}", check(|_| {}).unwrap());
    assert!(!printed.contains(&"s".repeat(32)) && !printed.contains("postgres://"));
}
