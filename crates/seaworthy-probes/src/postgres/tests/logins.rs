//! On the real server: which ways in are taken, and which are left for want of proof.

use super::*;

/// Replaces the rules of the server, before those that are there, and waits until they hold.
fn with_rules(part: &Part, rules: &str) {
    let file = part.0.work_dir().join("pg_hba.conf");
    let old = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{rules}\n{old}")).unwrap();
    let loaded = part.sql("SELECT pg_conf_load_time()");
    part.sql("SELECT pg_reload_conf()");
    wait_for(|| part.sql("SELECT pg_conf_load_time()") != loaded);
}

/// The same URL without a root to verify against.
fn unverified(url: &str) -> String {
    format!("{}?sslmode=require", url.split_once('?').unwrap().0)
}

#[test]
fn an_unverified_certificate_is_enough_where_the_login_is_bound_to_it() {
    let part = Part::sound();
    let facts = facts(&observing(&unverified(part.url())));
    assert_eq!(fact(&facts, "login.tls_verified"), false);
    assert_eq!(fact(&facts, "login.tls_fault"), "the certificate's issuer is not trusted here");
    assert_eq!(fact(&facts, "server.major"), 15);
}

#[test]
fn the_manifests_roots_verify_too() {
    let part = Part::sound();
    let pem = std::fs::read(part.0.work_dir().join("tls/root.pem")).unwrap();
    let task = Task { ca_pem: Some(Arc::new(pem)), ..observing(&unverified(part.url())) };
    assert_eq!(fact(&facts(&task), "login.tls_verified"), true);
}

#[test]
fn md5_and_clear_text_take_a_verified_certificate() {
    let part = Part::sound();
    part.sql("SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'an old password'");
    part.sql("GRANT CONNECT ON DATABASE shop TO old");
    let url = part.url_of("old", "an%20old%20password");
    for method in ["md5", "password"] {
        with_rules(&part, &format!("hostssl shop old 127.0.0.1/32 {method}"));
        let asked = if method == "md5" { "md5" } else { "clear-text" };
        assert_eq!(fact(&facts(&observing(&url)), "login.asked"), asked);
        let (kind, why, _) = unseen(&facts(&observing(&unverified(&url))), "server");
        assert_eq!(kind, "denied");
        assert!(why.contains(&format!("asks for {asked} instead of binding the login to it")), "{why}");
    }
}

#[test]
fn trust_behind_an_unverified_certificate_is_not_believed() {
    let part = Part::sound();
    with_rules(&part, "hostssl shop seaworthy 127.0.0.1/32 trust");
    assert_eq!(fact(&facts(&observing(part.url())), "login.asked"), "nothing");
    assert_eq!(unseen(&facts(&observing(&unverified(part.url()))), "server").0, "denied");
}

#[test]
fn plain_loopback_takes_scram_and_nothing_weaker() {
    let part = Part::sound();
    let plain = part.url().replace("sslmode=verify-full", "sslmode=disable");
    assert_eq!(unseen(&facts(&observing(&plain)), "server").0, "denied", "hostssl only");
    with_rules(&part, "host shop seaworthy 127.0.0.1/32 scram-sha-256");
    let seen = facts(&task(&plain));
    assert_eq!(
        (fact(&seen, "login.tls"), fact(&seen, "login.asked")),
        (false.into(), "scram-sha-256".into())
    );
    assert_eq!(fact(&seen, "plaintext.refused"), false);
    assert_eq!(fact(&seen, "plaintext.asked"), "scram-sha-256");
    with_rules(&part, "host shop seaworthy 127.0.0.1/32 password");
    let (kind, why, give) = unseen(&facts(&observing(&plain)), "server");
    assert_eq!(kind, "denied");
    assert!(why.ends_with("none was sent") && give.contains("scram-sha-256"), "{why}: {give}");
}

#[test]
fn a_url_without_a_password_says_what_is_missing() {
    let part = Part::sound();
    let url = part.url().replace(part.url().split(['@', '/', ':']).nth(4).unwrap(), "");
    let (kind, why, _) = unseen(&facts(&observing(&url)), "server");
    let expected = "the server asks for a password and the connection URL has none";
    assert_eq!((kind.as_str(), why.as_str()), ("not-given", expected));
}

#[test]
fn the_superusers_well_known_password_is_found() {
    let part = Part::sabotaged("default-password");
    let facts = part.facts();
    assert_eq!(fact(&facts, "default_passwords.0.accepted"), true);
    assert_eq!(fact(&facts, "default_passwords.0.tries"), 1);
}

#[test]
fn a_superuser_who_needs_no_password_is_found() {
    let part = Part::sound();
    with_rules(&part, "local all postgres trust");
    let facts = part.facts();
    assert_eq!(fact(&facts, "default_passwords.0.let_in_without"), true);
}

#[test]
fn a_superuser_whom_the_server_asks_only_elsewhere_is_not_called_safe() {
    let part = Part::sound();
    with_rules(
        &part,
        "local postgres postgres peer\nhost all postgres 127.0.0.1/32 reject\nhost all postgres 10.0.0.0/8 md5",
    );
    let seen = part.facts();
    assert_eq!(fact(&seen, "default_passwords.1.admitted"), false);
    let (kind, why, _) = unseen(&seen, "default_passwords.2");
    assert_eq!(kind, "not-given");
    assert!(why.contains("by line 3 of pg_hba.conf, and not from here"), "{why}");
}

#[test]
fn the_application_is_let_in_without_tls_where_the_looking_role_is_not() {
    let part = Part::sound();
    with_rules(&part, "host shop shop_app 127.0.0.1/32 scram-sha-256");
    let seen = part.facts();
    assert_eq!(fact(&seen, "plaintext.refused"), false);
    assert_eq!(fact(&seen, "plaintext.role"), "shop_app");
}

#[test]
fn rules_that_were_changed_after_the_server_read_them_do_not_hold() {
    let part = Part::sound();
    assert_eq!(fact(&part.facts(), "hba_loaded"), true);
    with_rules(&part, "host all nobody 127.0.0.1/32 no-such-method");
    let seen = part.facts();
    assert_eq!(fact(&seen, "hba_rules.0.faulty"), true);
    assert_eq!(fact(&seen, "hba_loaded"), false);
}
