//! Ways to decide about stores and hosts that no part of the testbed takes, on recordings of sound parts changed.

use seaworthy_core::finding::Verdict;
use serde_json::{Value as Json, json};

use crate::arms::{Change, judged, sound};

fn unseen() -> Json {
    json!({"$unseen": {"kind": "denied", "why": "no right", "give": null}})
}

#[test]
fn a_pooler_is_a_door_of_its_own() {
    let pooled = || ("/postgres/login/pooled", json!(true));
    let postgres = |id: &str, changes: &[Change]| judged(id, sound("postgres"), changes);
    assert_eq!(postgres("db-access-restricted", &[]), Verdict::Pass);
    assert_eq!(postgres("db-access-restricted", &[pooled()]), Verdict::Unknown);
    assert_eq!(
        postgres("db-access-restricted", &[pooled(), ("/postgres/login/reach", json!("public"))]),
        Verdict::Fail
    );
    assert_eq!(postgres("db-connection-encrypted", &[pooled()]), Verdict::Unknown);
}

#[test]
fn an_address_for_all_must_be_seen_closed_at_public_ones() {
    let everywhere: [Change; 2] = [
        ("/postgres/settings/listen_reach", json!("any")),
        ("/postgres/hba_rules/0/reach", json!("private")),
    ];
    let access =
        |more: &[Change]| judged("db-access-restricted", sound("postgres"), &[&everywhere, more].concat());
    let address = |reach: &str, open: bool| json!([{"address": "192.0.2.1", "reach": reach, "open": open, "by_hand": ""}]);
    let own = |value: Json| ("/postgres/own_addresses", value);
    assert_eq!(access(&[own(unseen())]), Verdict::Unknown);
    assert_eq!(access(&[own(address("public", false))]), Verdict::Pass);
    assert_eq!(access(&[own(address("public", true))]), Verdict::Fail);
    // What answers there on its port is not this server, but a way to it.
    let loopback = ("/postgres/settings/listen_reach", json!("loopback"));
    assert_eq!(access(&[own(address("public", true)), loopback.clone()]), Verdict::Fail);
    assert_eq!(access(&[own(address("private", true)), loopback]), Verdict::Pass);
    for reach in ["samenet", "domain"] {
        let neighbours = ("/postgres/hba_rules/0/reach", json!(reach));
        assert_eq!(access(&[own(json!([])), neighbours]), Verdict::Unknown, "{reach}");
    }
}

#[test]
fn a_role_that_only_looks_is_not_the_one_of_the_service() {
    let role = |changes: &[Change]| judged("db-dedicated-least-privilege-user", sound("postgres"), changes);
    let undeclared = || ("/postgres/application_role/$seen/declared", json!(false));
    let looks = || {
        let schema = json!([{"name": "public", "creates": false, "owned": false, "tables_written": 0,
            "tables_beyond_rows": 0, "tables_owned": 0, "example": null}]);
        ("/postgres/application_role/$seen/schemas", schema)
    };
    assert_eq!(role(&[]), Verdict::Pass);
    assert_eq!(role(&[undeclared()]), Verdict::Pass);
    assert_eq!(role(&[undeclared(), looks()]), Verdict::Unknown);
    assert_eq!(role(&[looks()]), Verdict::Pass);
}

#[test]
fn a_superuser_over_the_socket_is_a_tool_or_in_doubt() {
    let with = |origin: &str, tool: bool| {
        let session = json!([{"role": "postgres", "superuser": true, "database": "shop", "application": "x",
            "tool": tool, "origin": origin, "tls": false, "sessions": 1}]);
        judged("db-superuser-restricted", sound("postgres"), &[("/postgres/sessions", session)])
    };
    assert_eq!(with("socket", true), Verdict::Pass);
    assert_eq!(with("socket", false), Verdict::Unknown);
    assert_eq!(with("loopback", false), Verdict::Fail);
    assert_eq!(with("network", true), Verdict::Fail);
}

#[test]
fn the_mode_of_the_process_stands_beside_the_stated_one() {
    let with = |stated: Json, modes: Json| {
        let mut facts = sound("web");
        facts["hosts"] = sound("host")["hosts"].clone();
        facts["hosts"][0]["service"]["modes"] = modes;
        facts["http"]["modes"] = stated;
        facts["declared"]["hosts_count"] = json!(1);
        judged("production-mode-set", facts, &[])
    };
    let stated =
        |mode: &str| json!([{"url": "https://shop.example.com/status", "mode": mode, "by_hand": ""}]);
    let process = |mode: &str| json!([{"name": "NODE_ENV", "mode": mode}]);
    assert_eq!(with(stated("production"), process("production")), Verdict::Pass);
    assert_eq!(with(json!([]), process("production")), Verdict::Pass);
    assert_eq!(with(stated("production"), process("development")), Verdict::Fail);
    assert_eq!(with(stated("production"), process("staging")), Verdict::Unknown);
    assert_eq!(with(stated("production"), unseen()), Verdict::Unknown);
    assert_eq!(with(json!([]), json!([])), Verdict::Unknown);
}

#[test]
fn a_file_beside_a_service_sets_what_the_service_reads() {
    let with = |used: Json| {
        let mut facts = sound("host");
        facts["repo"]["stack"]["uses_environment_files"] = used;
        facts["hosts"][0]["service"]["env_file_names"] = json!(["EXTRA"]);
        facts["hosts"][0]["service"]["required_names"] = json!(["EXTRA"]);
        judged("required-env-vars-set", facts, &[])
    };
    assert_eq!(with(json!({"used": true, "because": ["package.json:3"]})), Verdict::Pass);
    assert_eq!(with(json!({"used": false, "because": []})), Verdict::Unknown);
    assert_eq!(with(unseen()), Verdict::Unknown);
}

#[test]
fn published_passwords_of_stores_are_default_secrets() {
    let with = |changes: &[Change]| {
        let mut facts = sound("repo");
        let redis = sound("redis");
        facts["redis"] = redis["redis"].clone();
        facts["declared"]["redis"] = json!(true);
        judged("default-secrets-changed", facts, changes)
    };
    assert_eq!(with(&[]), Verdict::Pass);
    let accepted = json!({"tried_count": 1, "accepted": true});
    assert_eq!(with(&[("/redis/default_logins", accepted)]), Verdict::Fail);
    assert_eq!(with(&[("/redis/default_logins", unseen())]), Verdict::Unknown);
}

#[test]
fn who_asked_too_slowly_to_meet_a_limit_has_not_seen_it_missing() {
    let limit = |refused: u64, allowed: u64| {
        let changes: [Change; 3] = [
            ("/http/rate_limit/refused_count", json!(refused)),
            ("/http/rate_limit/allowed_count", json!(allowed)),
            ("/http/rate_limit/served_count", json!(100)),
        ];
        judged("rate-limiting-enforced", sound("web"), &changes)
    };
    assert_eq!(limit(20, 110), Verdict::Pass);
    assert_eq!(limit(0, 110), Verdict::Fail);
    assert_eq!(limit(0, 240), Verdict::Unknown);
}
