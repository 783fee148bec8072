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
    assert_eq!(error.what, "this key stands twice in the same map");
    assert_eq!(error.place.map(|place| place.line), Some(2));
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
fn a_version_is_taken_as_it_is_written_and_refused_where_it_is_none() {
    let deployed =
        |text: &str| format!("service: {{name: s}}\nenvironments: {{staging: {{deployed: {text}}}}}\n");
    for text in ["1.10", "0777", "v2.0.0-rc.1+5", "7a674df6e3bd"] {
        let manifest = Manifest::parse("seaworthy.yaml", &deployed(text)).expect("sound");
        assert_eq!(manifest.environments["staging"].deployed.as_deref(), Some(text));
    }
    for text in ["''", "'$(id)'", "\"1.0\\e[31m\"", &"9".repeat(129)] {
        assert!(refused(&deployed(text)).to_string().contains("deployed"), "{text}");
    }
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

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINNrmPTMw5fPOQX+a6DfV/Lvoh25ZIzaWRGn6CMo5XyZ";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEAahjd/+eu41tmxi9v1YfWRfLXdMkU2ng1bInKoU/ZD";

fn with_people(people: &str) -> String {
    format!("service: {{name: shop}}\npeople:\n{people}")
}

#[test]
fn people_have_roles_and_keys() {
    let text = with_people(&format!(
        "  tech-lead@example.com:\n    roles: [technical-lead]\n    keys: [\"{KEY} laptop\"]\n  intern@example.com: {{}}\n"
    ));
    let manifest = Manifest::parse("seaworthy.yaml", &text).expect("sound");
    let (_, person) = manifest.people.iter().nth(1).expect("two people");
    assert_eq!(person.roles, [super::Role::TechnicalLead]);
    let (owner, _) = manifest.people.owner_of(&person.keys[0]).expect("known");
    assert_eq!(owner, "tech-lead@example.com");
}

#[test]
fn people_who_could_not_be_trusted_are_refused_where_they_stand() {
    for (people, line, what) in [
        (format!("  a@example.com:\n    keys: [\"{KEY}\", nonsense]\n"), 4, "cannot be read"),
        ("  a@example.com:\n    keys: [ssh-rsa AAAAB3NzaC1yc2E=]\n".into(), 4, "`ssh-ed25519`"),
        ("  a@example.com:\n    roles: [chief]\n".into(), 4, "expected `technical-lead`"),
        ("  a@example.com:\n    keyz: []\n".into(), 4, "unknown key `keyz`"),
        ("  Somebody:\n    keys: []\n".into(), 3, "e-mail address"),
        (
            format!("  a@example.com: {{keys: [\"{KEY}\"]}}\n  b@example.com: {{keys: [\"{KEY} x\"]}}\n"),
            4,
            "the same key",
        ),
        (format!("  a@example.com: {{keys: [\"{KEY}\", \"{KEY}\"]}}\n"), 3, "twice"),
        ("  a@example.com: {}\n  A@example.com: {}\n".into(), 4, "twice"),
    ] {
        let error = refused(&with_people(&people));
        assert!(error.what.contains(what), "{people}{error:?}");
        assert_eq!(error.place.map(|place| place.line), Some(line), "{people}{error:?}");
    }
}

#[test]
fn a_private_key_in_the_manifest_is_refused_without_showing_it() {
    let people = "  a@example.com:\n    keys:\n      - |\n        -----BEGIN OPENSSH PRIVATE KEY-----\n        hunter2\n";
    let error = refused(&with_people(people));
    assert!(error.what.contains("private key") && !format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn sign_offs_that_nobody_could_give_are_refused() {
    let person = format!("  a@example.com: {{roles: [security], keys: [\"{OTHER}\"]}}\n");
    let sound = with_people(&person) + "gate: {sign_offs: [security]}\n";
    Manifest::parse("seaworthy.yaml", &sound).expect("sound");
    for (people, gate, what) in [
        (person.as_str(), "{sign_offs: [security, operations]}", "`operations`"),
        (person.as_str(), "{sign_offs: [security, security]}", "twice"),
        ("  a@example.com: {roles: [security]}\n", "{sign_offs: [security]}", "and a key"),
        (person.as_str(), "{waiver_days_max: 0}", "waiver_days_max"),
        (person.as_str(), "{waiver_days_max: 366}", "waiver_days_max"),
        (person.as_str(), "{decision_days: 91}", "decision_days"),
        (person.as_str(), "{important_percent: 101}", "important_percent"),
    ] {
        let error = refused(&(with_people(people) + &format!("gate: {gate}\n")));
        assert!(error.what.contains(what), "{gate} {error:?}");
    }
}

#[test]
fn a_value_of_another_form_says_which_is_wanted() {
    for (text, what, help) in [
        ("service: shop\n", "a map is expected here", "braces"),
        (
            "service: {name: shop}\nenvironments: {a: {urls: 'https://a.example.com'}}\n",
            "a list is expected here",
            "brackets",
        ),
        ("version: 1\nservice: {name: shop}\n", "unknown key `version`", "`environments`"),
    ] {
        let error = refused(text);
        assert!(error.what.contains(what), "{text}: {}", error.what);
        assert!(error.help.as_deref().is_some_and(|told| told.contains(help)), "{text}: {:?}", error.help);
        assert!(error.place.is_some(), "{text}");
    }
}
