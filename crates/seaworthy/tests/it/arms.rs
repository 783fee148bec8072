//! Ways to decide that no part of the testbed takes, on recordings of real parts joined and changed.

use std::fs;

use seaworthy_core::finding::Verdict;
use serde_json::{Value as Json, json};

use crate::judging::{catalog, verdict};
use crate::support::tree;

/// What was seen of a sound part.
pub(crate) fn sound(part: &str) -> Json {
    recorded(part, "sound")
}

/// What was seen of a part in a state.
fn recorded(part: &str, state: &str) -> Json {
    let path = tree().join("testbed/recordings").join(part).join(format!("{state}.json"));
    serde_json::from_str(&fs::read_to_string(path).expect("a recording")).expect("JSON")
}

/// The sound repository and the sound service, which runs version 1.1.0 of it where nothing is changed.
fn joined() -> Json {
    let mut facts = sound("repo");
    let web = sound("web");
    facts["http"] = web["http"].clone();
    facts["declared"] = web["declared"].clone();
    facts["declared"]["deployed"] = Json::Null;
    facts["http"]["version"][0]["version"] = json!("1.1.0");
    facts["http"]["version"][0]["commit"] = facts["repo"]["git"]["head"]["$seen"].clone();
    facts
}

/// One changed fact: where it stands, and its value.
pub(crate) type Change = (&'static str, Json);

pub(crate) fn judged(id: &str, mut facts: Json, changes: &[Change]) -> Verdict {
    for (path, value) in changes {
        *facts.pointer_mut(path).unwrap_or_else(|| panic!("no {path}")) = value.clone();
    }
    let catalog = catalog();
    verdict(catalog.iter().find(|have| have.spec.id == id).expect("in the catalog"), &facts)
}

const VERSION: &str = "/http/version/0/version";
const COMMIT: &str = "/http/version/0/commit";
const DEPLOYED: &str = "/declared/deployed";

#[test]
fn the_version_that_runs_is_the_one_that_should() {
    let head = joined()["repo"]["git"]["head"]["$seen"].as_str().expect("a commit").to_owned();
    let away = || json!({"$unseen": {"kind": "not-given", "why": "no repository was given", "give": null}});
    let cases: Vec<(Vec<Change>, Verdict)> = vec![
        (vec![], Verdict::Pass),
        (vec![(COMMIT, json!(head[..7]))], Verdict::Pass),
        (vec![(COMMIT, json!("5".repeat(40)))], Verdict::Fail),
        // Without a commit the versions are compared.
        (vec![(COMMIT, Json::Null)], Verdict::Pass),
        (vec![(COMMIT, Json::Null), (VERSION, json!("1.0.0"))], Verdict::Fail),
        (vec![(COMMIT, Json::Null), (VERSION, Json::Null)], Verdict::Fail),
        // What was declared stands above what is checked out.
        (vec![(DEPLOYED, json!(head))], Verdict::Pass),
        (vec![(DEPLOYED, json!(head[..10]))], Verdict::Pass),
        (vec![(DEPLOYED, json!("6".repeat(40)))], Verdict::Fail),
        (vec![(DEPLOYED, json!("1.1.0"))], Verdict::Pass),
        (vec![(DEPLOYED, json!("1.2.0"))], Verdict::Fail),
        (vec![(DEPLOYED, json!("v1.1.0"))], Verdict::Pass),
        (vec![(DEPLOYED, json!(head)), (COMMIT, json!(head[..7]))], Verdict::Pass),
        (vec![("/repo", away())], Verdict::Unknown),
        (
            vec![("/repo/git", Json::Null), (COMMIT, Json::Null), ("/repo/version", Json::Null)],
            Verdict::Unknown,
        ),
    ];
    for (changes, wanted) in cases {
        assert_eq!(judged("operational-endpoints-ready", joined(), &changes), wanted, "{changes:?}");
    }
}

#[test]
fn the_changelog_tells_of_what_runs() {
    let unseen = json!({"$unseen": {"kind": "timed-out", "why": "no answer", "give": null}});
    let cases: Vec<(Vec<Change>, Verdict)> = vec![
        (vec![], Verdict::Pass),
        (vec![(VERSION, json!("v1.1.0"))], Verdict::Pass),
        (vec![(VERSION, json!("1.1.0+20261101.4f2a"))], Verdict::Pass),
        (vec![(VERSION, json!("1.0.0"))], Verdict::Pass),
        (vec![(VERSION, json!("1.2.0"))], Verdict::Fail),
        (vec![(VERSION, json!("1.1"))], Verdict::Fail),
        // What answers stands above what is declared, and that above what is checked out.
        (vec![(VERSION, json!("1.2.0")), (DEPLOYED, json!("1.1.0"))], Verdict::Fail),
        (vec![(VERSION, Json::Null), (DEPLOYED, json!("1.2.0"))], Verdict::Fail),
        (vec![(VERSION, Json::Null), (DEPLOYED, json!("1.1.0"))], Verdict::Pass),
        (vec![(VERSION, Json::Null), (DEPLOYED, json!("v1.1.0"))], Verdict::Pass),
        (vec![(VERSION, Json::Null), (DEPLOYED, json!("4f2a9c1"))], Verdict::Pass),
        (vec![("/http", unseen)], Verdict::Unknown),
        (vec![("/repo/changelog", Json::Null)], Verdict::Fail),
    ];
    for (changes, wanted) in cases {
        assert_eq!(judged("changelog-written", joined(), &changes), wanted, "{changes:?}");
    }
    // Nothing but the repository is given.
    assert_eq!(judged("changelog-written", sound("repo"), &[(DEPLOYED, Json::Null)]), Verdict::Pass);
    let none = json!({"$seen": null});
    let changes = [(DEPLOYED, Json::Null), ("/repo/changelog/current", none)];
    assert_eq!(judged("changelog-written", sound("repo"), &changes), Verdict::Fail);
}

#[test]
fn an_exception_for_a_licence_is_signed_for_the_list_as_it_stands() {
    let list = "7".repeat(64);
    let signed = |role: &str, stands: bool, file: &str| {
        let mut facts = sound("repo");
        facts["ledger"] = sound("ledger")["ledger"].clone();
        facts["repo"]["licences"]["dependencies"][0]["excepted_by"] = json!(list);
        let mut signed = facts["ledger"]["attestations"][0].clone();
        signed["requirement"] = json!("license-compliance");
        signed["role"] = json!(role);
        signed["stands"] = json!(stands);
        signed["unchanged_files"] = json!([file]);
        facts["ledger"]["attestations"].as_array_mut().expect("a list").push(signed);
        facts
    };
    let id = "license-compliance";
    assert_eq!(judged(id, signed("legal", true, &list), &[]), Verdict::Pass);
    assert_eq!(judged(id, signed("operations", true, &list), &[]), Verdict::Fail);
    assert_eq!(judged(id, signed("legal", false, &list), &[]), Verdict::Fail);
    assert_eq!(judged(id, signed("legal", true, &"8".repeat(64)), &[]), Verdict::Fail);
    let mut nobody = signed("legal", true, &list);
    nobody["ledger"] = sound("repo")["ledger"].clone();
    assert_eq!(judged(id, nobody, &[]), Verdict::Unknown);
}

#[test]
fn strong_secrets_pass_where_forged_tokens_are_refused() {
    let id = "signing-secrets-strong";
    let tokens = "/http/forged_tokens";
    assert_eq!(judged(id, joined(), &[]), Verdict::Pass);
    assert_eq!(judged(id, joined(), &[("/http/forged_tokens/0/refused", json!(false))]), Verdict::Fail);
    // No declared credential is a signed token; or nobody could see.
    assert_eq!(judged(id, joined(), &[(tokens, json!([]))]), Verdict::Pass);
    let unseen = json!({"$unseen": {"kind": "not-given", "why": "no credential is given", "give": null}});
    assert_eq!(judged(id, joined(), &[(tokens, unseen)]), Verdict::Unknown);
    assert_eq!(judged(id, sound("repo"), &[]), Verdict::Pass);
    // On the service itself, whose secrets nobody looked at here.
    for forgery in ["token-without-signature", "token-of-foreign-key"] {
        assert_eq!(judged(id, recorded("web", forgery), &[]), Verdict::Fail, "{forgery}");
    }
    assert_eq!(judged(id, sound("web"), &[]), Verdict::Unknown);
}

#[test]
fn what_runs_is_what_the_pipeline_deployed_last() {
    let id = "delivery-pipeline-automated";
    let head = joined()["repo"]["git"]["head"]["$seen"].as_str().expect("a commit").to_owned();
    let other = json!("5".repeat(40));
    let (runs, last) = ("/repo/pipeline_runs", "/repo/pipeline_runs/last_success/commit");
    let unseen =
        json!({"$unseen": {"kind": "not-given", "why": "no export is among the reports", "give": null}});
    let cases: Vec<(Vec<Change>, Verdict)> = vec![
        (vec![], Verdict::Pass),
        (vec![(COMMIT, json!(head[..12]))], Verdict::Pass),
        (vec![(COMMIT, other.clone())], Verdict::Fail),
        (vec![(last, other.clone())], Verdict::Fail),
        (vec![("/repo/pipeline_runs/unfinished", json!(true))], Verdict::Unknown),
        (vec![("/repo/pipeline_runs/head_has_run", json!(false))], Verdict::Unknown),
        (vec![(runs, unseen.clone())], Verdict::Unknown),
        (vec![("/repo/pipeline", Json::Null), (runs, unseen)], Verdict::Fail),
        // Where no commit is told, what was declared counts; a service that tells nothing is not known.
        (vec![(COMMIT, Json::Null), (DEPLOYED, json!(head))], Verdict::Pass),
        (vec![(COMMIT, Json::Null), (DEPLOYED, other)], Verdict::Fail),
        (vec![(COMMIT, Json::Null), (DEPLOYED, json!("1.1.0"))], Verdict::Pass),
        (vec![(COMMIT, Json::Null), (DEPLOYED, json!("1.2.0"))], Verdict::Unknown),
        (vec![(COMMIT, Json::Null)], Verdict::Unknown),
    ];
    for (changes, wanted) in cases {
        assert_eq!(judged(id, joined(), &changes), wanted, "{changes:?}");
    }
    assert_eq!(judged(id, sound("repo"), &[(DEPLOYED, Json::Null)]), Verdict::Pass);
}
