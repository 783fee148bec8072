use serde_json::Value as Json;

use super::house::{House, PEOPLE, assert_refused};
use crate::support::Ended;

const GATE: &str = "environments: {staging: {}, production: {}}\ngate: {sign_offs: [technical-lead, product-owner, security, operations]}";

/// A repository whose newest run may be voted on: what blocks there was waived.
pub(crate) fn ready() -> House {
    let house = House::with(GATE);
    house.write("CHANGELOG.md", "# Changelog\n\n## 1.0.0 - 2026-11-01\n\n- First release.\n");
    house.write(".gitignore", ".seaworthy/\n.env\n");
    house.commit("First release");
    let run = check(&house);
    for id in run["decision"]["blockers"].as_array().expect("a list") {
        let id = id.as_str().expect("an id");
        let words =
            ["waive", id, "--env", "staging", "--reason", "a small shop", "--owner", "dev@example.com"];
        let ended = house.run(&[&words[..], &["--until", "30d", "--key", "../keys/tech-lead"]].concat());
        assert_eq!(ended.code, Some(0), "{id}: {}", ended.err);
    }
    let run = check(&house);
    assert_eq!(run["decision"]["headline"], "conditional-go", "{}", run["decision"]);
    house
}

pub(crate) fn check(house: &House) -> Json {
    house.json(&["check", "--env", "staging", "--format", "json"])
}

pub(crate) fn decide(house: &House, words: &[&str]) -> Ended {
    house.run(&[&["decide", "--env", "staging"], words].concat())
}

/// GO by the person with this key, for this role.
pub(crate) fn go(house: &House, name: &str, role: &str) -> Ended {
    decide(house, &["--go", "--role", role, "--key", &format!("../keys/{name}")])
}

#[test]
fn the_poll_goes_from_nobody_to_everybody() {
    let house = ready();
    let nobody = decide(&house, &[]);
    assert_eq!(nobody.code, Some(4), "{}", nobody.err);
    assert!(nobody.out.contains("OPEN     technical-lead: tech-lead@example.com"), "{}", nobody.out);
    for (name, role) in PEOPLE {
        let voted = go(&house, name, role);
        assert_eq!(voted.code, Some(0), "{}", voted.err);
        assert!(voted.out.contains(&format!("GO       {role}: {name}@example.com")), "{}", voted.out);
    }
    let everybody = decide(&house, &[]);
    assert_eq!(everybody.code, Some(0), "{}", everybody.out);
    assert!(everybody.out.contains("next: seaworthy certify"), "{}", everybody.out);

    // A newer run on the same ground leaves the votes where they are.
    check(&house);
    assert_eq!(decide(&house, &[]).code, Some(0));

    // A new commit takes the ground away, and tells everyone what changed since they looked.
    house.write("CHANGELOG.md", "nothing\n");
    house.commit("Change it");
    check(&house);
    let stale = decide(&house, &[]);
    assert_ne!(stale.code, Some(0), "{}", stale.out);
    assert!(stale.out.contains("changed since run "), "{}", stale.out);
    let verified = house.json(&["history", "--verify", "--format", "json"]);
    assert_eq!(verified["ledger"]["faults"], serde_json::json!([]));
}

#[test]
fn a_vote_that_could_not_count_is_refused() {
    let house = ready();
    house.keygen("stranger", "");
    assert_refused(&go(&house, "ops", "security"), "`ops@example.com` does not have the role `security`");
    assert_refused(&go(&house, "stranger", "operations"), "nobody under `people`");
    assert_refused(&go(&house, "tech-lead", "legal"), "does not have the role");
    assert_refused(&decide(&house, &["--go", "--role", "operations"]), "with which key");
    let mute = decide(&house, &["--no-go", "--role", "operations", "--key", "../keys/ops"]);
    assert_eq!(mute.code, Some(2), "a NO-GO says why");
    assert_refused(&house.run(&["decide"]), "for which environment");
    assert_refused(&house.run(&["decide", "--env", "production"]), "no whole run of shop · production");
    assert_refused(&decide(&house, &["--key", "../keys/ops"]), "how to vote");
    assert_refused(&decide(&house, &["zz"]), "no run that begins with");

    let limited = house.json(&["check", "--env", "staging", "--only", "delivery", "--format", "json"]);
    let id = limited["id"].as_str().expect("an id");
    assert_refused(&decide(&house, &[id]), "was limited with `--only`");
    let elsewhere = house.json(&["check", "--env", "production", "--format", "json"]);
    let id = elsewhere["id"].as_str().expect("an id");
    assert_refused(&decide(&house, &[id]), "of another service or environment");
    let bad =
        house.run(&["decide", "--env", "production", "--go", "--role", "operations", "--key", "../keys/ops"]);
    assert_refused(&bad, "nobody can say GO: run ");
    let ledger = house.json(&["history", "--verify", "--format", "json"]);
    let votes = house.json(&["decide", "--env", "staging", "--format", "json"]);
    assert!(votes["poll"]["seats"].as_array().expect("seats").iter().all(|seat| seat["go"].is_null()));
    assert_eq!(ledger["ledger"]["faults"], serde_json::json!([]));
}

#[test]
fn one_person_counts_for_one_role() {
    let house = ready();
    assert_eq!(go(&house, "ops", "operations").code, Some(0));
    let manifest =
        house.read("seaworthy.yaml").replace("roles: [operations]", "roles: [operations, security]");
    house.write("seaworthy.yaml", &manifest);
    // The manifest is ground as well: nobody gives himself a role between two votes.
    assert_refused(&go(&house, "ops", "security"), "the manifest was");
    check(&house);
    assert_refused(&go(&house, "ops", "operations"), "the work tree was not as committed: seaworthy.yaml");
    house.commit("more roles");
    check(&house);
    assert_eq!(go(&house, "ops", "operations").code, Some(0));
    assert_refused(&go(&house, "ops", "security"), "one person counts for one role");
}

#[test]
fn a_risk_that_is_no_longer_accepted_ends_the_votes() {
    let house = ready();
    assert_eq!(go(&house, "ops", "operations").code, Some(0));
    let run = check(&house);
    let id = run["decision"]["waived"][0]["requirement"].as_str().expect("a waived one").to_owned();
    let ended = house.run(&["waive", &id, "--env", "staging", "--withdraw"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let wanted = format!("the risk of `{id}` is no longer accepted");
    assert_refused(&go(&house, "tech-lead", "technical-lead"), &wanted);
    let certify = house.run(&["certify", "--env", "staging", "--out", "certificate.json"]);
    assert_eq!(certify.code, Some(1));
    assert!(certify.out.contains(&wanted), "{}", certify.out);
}

#[test]
fn a_no_go_stands_until_whoever_said_it_thinks_again() {
    let house = ready();
    for (name, role) in PEOPLE {
        assert_eq!(go(&house, name, role).code, Some(0));
    }
    let words =
        ["--no-go", "--reason", "the queue is not watched", "--role", "operations", "--key", "../keys/ops"];
    assert_eq!(decide(&house, &words).code, Some(0));
    let poll = decide(&house, &[]);
    assert_eq!(poll.code, Some(1));
    assert!(poll.out.contains("NO-GO    operations: ops@example.com"), "{}", poll.out);
    assert!(poll.out.contains("the queue is not watched"), "{}", poll.out);
    let certify = house.run(&["certify", "--env", "staging", "--out", "certificate.json"]);
    assert_eq!(certify.code, Some(1));
    assert!(certify.out.contains("said NO-GO as operations"), "{}", certify.out);
    assert!(!house.file("certificate.json").exists());
    assert_eq!(go(&house, "ops", "operations").code, Some(0));
    assert_eq!(decide(&house, &[]).code, Some(0));
}

#[test]
fn nobody_signs_for_a_run_that_was_changed() {
    let house = ready();
    house.tamper("runs_are_not_changed", "UPDATE runs SET target = 'elsewhere' WHERE sequence = 1");
    assert_refused(&go(&house, "ops", "operations"), "was changed");
    assert_refused(&house.run(&["certify", "--env", "staging", "--out", "../c.json"]), "was changed");
}
