use super::Manifest;

fn refused(text: &str) -> super::ManifestError {
    Manifest::parse("seaworthy.yaml", text).expect_err("should be refused")
}

#[test]
fn only_the_name_is_needed() {
    let manifest = Manifest::parse("seaworthy.yaml", "service: {name: shop}").expect("sound");
    assert_eq!(manifest.service.name, "shop");
    assert!(manifest.environments.is_empty());
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_a_near_name() {
    let error = refused("service: {name: shop}\nenvironments:\n  staging:\n    postgress: {}\n");
    assert_eq!(error.place.map(|place| place.line), Some(4));
    assert_eq!(error.help.as_deref(), Some("did you mean `postgres`?"));
}

#[test]
fn a_duplicate_key_is_refused() {
    let error = refused("service: {name: shop}\nservice: {name: other}\n");
    assert!(error.what.contains("duplicate"), "{error:?}");
}

#[test]
fn a_literal_secret_is_refused() {
    let error =
        refused("service: {name: shop}\nenvironments: {staging: {redis: {url: 'redis://:hunter2@h'}}}\n");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn a_url_with_a_password_or_a_line_break_is_refused_without_showing_it() {
    let error =
        refused("service: {name: s}\nenvironments: {x: {urls: ['https://u:hunter2@h.example.com']}}\n");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    refused("service: {name: s}\nenvironments: {x: {urls: [\"https://h/\\r\\nx\"]}}\n");
}

#[test]
fn a_long_file_is_refused_before_it_is_parsed() {
    assert!(refused(&"#".repeat(crate::limits::YAML_BYTES_MAX + 1)).what.contains("bytes"));
}

#[test]
fn odd_input_never_panics() {
    for text in ["", "\u{0}", "[", "- a", "service: 3", "&a [*a]", "service: {name: ''}", "\u{feff}a: b"] {
        refused(text);
    }
}
