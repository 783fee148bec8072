use chrono::TimeDelta;
use serde_json::Value as Json;

use super::{Asked, DeployPolicy, Refusal, admit};
use crate::gate::Headline;
use crate::manifest::Role;
use crate::run::Run;
use crate::sample::{ROLES, now, people_lines, run, sign, signed, waived};
use crate::statement::{DecisionStatement, Envelope};

fn policy_with(more: &str) -> DeployPolicy {
    let lines: Vec<(&str, &[Role], u8)> =
        ROLES.iter().zip(1..).map(|((role, id), seed)| (*id, std::slice::from_ref(role), seed)).collect();
    let text = format!(
        "service: shop\nenvironment: production\nsign_offs: [technical-lead, product-owner, security, operations]\n{more}people:\n{}",
        people_lines(&lines)
    );
    DeployPolicy::parse("deploy.yaml", &text).expect("sound")
}

fn asked() -> Asked {
    Asked { service: "shop".into(), environment: "production".into(), commit: run().commit }
}

fn payload(run: &Run) -> Vec<u8> {
    DecisionStatement::of(run, &"a".repeat(64)).expect("a decision").bytes()
}

fn certificate() -> Vec<u8> {
    file(&signed(&payload(&run()), &[1, 2, 3, 4]))
}

fn file(envelope: &Envelope) -> Vec<u8> {
    (envelope.json() + "\n").into_bytes()
}

fn refused(bytes: &[u8], policy: &DeployPolicy, asked: &Asked, late: TimeDelta) -> String {
    admit(bytes, policy, asked, now() + late).expect_err("refused").to_string()
}

#[test]
fn a_certificate_is_admitted_for_what_it_is_about() {
    let admitted = admit(&certificate(), &policy_with(""), &asked(), now()).expect("admitted");
    assert_eq!(admitted.signed.len(), 4);
    assert_eq!(admitted.signed[3].person, "ops@example.com");
    assert_eq!(admitted.run_digest, "a".repeat(64));
}

#[test]
fn what_is_to_be_deployed_must_be_what_was_signed() {
    let certificate = certificate();
    let refused = |asked: Asked| refused(&certificate, &policy_with(""), &asked, TimeDelta::zero());
    let other = Asked { commit: Some("0".repeat(40)), ..asked() };
    assert_eq!(
        refused(other),
        "it is about the commit 4f1c2d9e8b7a6c5d4e3f2a1b0c9d8e7f6a5b4c3d, not 0000000000000000000000000000000000000000"
    );
    assert!(refused(Asked { commit: Some("4f1c2d9e".into()), ..asked() }).contains("commit"));
    assert!(
        refused(Asked { environment: "staging".into(), ..asked() })
            .contains("environment production, not staging")
    );
    assert!(refused(Asked { service: "till".into(), ..asked() }).contains("service shop, not till"));
}

#[test]
fn time_ends_a_certificate_and_an_older_clock_does_not_lengthen_it() {
    let (certificate, policy) = (certificate(), policy_with("max_age: 2d\n"));
    let refused = |late| refused(&certificate, &policy, &asked(), late);
    assert!(admit(&certificate, &policy, &asked(), now() + TimeDelta::hours(46)).is_ok());
    assert!(refused(TimeDelta::days(2)).contains("longer ago than the policy takes"));
    assert!(refused(TimeDelta::days(7)).contains("it held until"));
    assert!(refused(TimeDelta::days(7_000)).contains("it held until"));
    assert!(refused(-TimeDelta::days(1)).contains("dated in the future"));
}

#[test]
fn roles_are_met_by_different_people_only() {
    let one = |seeds: &[u8]| file(&signed(&payload(&run()), seeds));
    let policy = policy_with("");
    let refused = |bytes: &[u8]| refused(bytes, &policy, &asked(), TimeDelta::zero());
    assert_eq!(refused(&one(&[1, 2, 3])), "3 of 4 roles said GO; missing: operations");
    assert_eq!(
        refused(&one(&[1, 1, 1, 1])),
        "1 of 4 roles said GO; missing: product-owner, security, operations"
    );
    assert_eq!(refused(&one(&[])), "no trusted key signed it");
    assert_eq!(refused(&one(&[7, 8, 9, 10])), "no trusted key signed it");
    let three = policy_with("threshold: 3\n");
    assert_eq!(admit(&one(&[4, 2, 1]), &three, &asked(), now()).expect("admitted").signed.len(), 3);
    assert!(admit(&one(&[4, 1]), &three, &asked(), now()).is_err());
}

#[test]
fn one_person_with_two_roles_counts_for_one_and_seats_are_given_so_that_most_are_met() {
    let both = [Role::Security, Role::Operations];
    let lines: [(&str, &[Role], u8); 2] =
        [("a@example.com", &both, 1), ("b@example.com", &[Role::Security], 2)];
    let text = format!(
        "service: shop\nenvironment: production\nsign_offs: [security, operations]\npeople:\n{}",
        people_lines(&lines)
    );
    let policy = DeployPolicy::parse("deploy.yaml", &text).expect("sound");
    let with = |seeds: &[u8]| admit(&file(&signed(&payload(&run()), seeds)), &policy, &asked(), now());
    assert!(matches!(with(&[1]), Err(Refusal::Roles { met: 1, .. })));
    let signed = with(&[1, 2]).expect("admitted").signed;
    assert_eq!((signed[0].person.as_str(), signed[1].person.as_str()), ("b@example.com", "a@example.com"));
}

#[test]
fn headlines_and_catalogs_are_those_of_the_policy() {
    let certified = |headline| {
        let mut run = run();
        run.decision.headline = headline;
        file(&signed(&payload(&run), &[1, 2, 3, 4]))
    };
    let zero = TimeDelta::zero();
    for headline in [Headline::NoGo, Headline::Undecided] {
        assert!(refused(&certified(headline), &policy_with(""), &asked(), zero).contains("does not take"));
    }
    assert!(admit(&certified(Headline::ConditionalGo), &policy_with(""), &asked(), now()).is_ok());
    let go_only = policy_with("headlines: [go]\n");
    assert!(
        refused(&certified(Headline::ConditionalGo), &go_only, &asked(), zero).contains("CONDITIONAL GO")
    );
    let other = policy_with(&format!("catalogs: ['{}']\n", "e".repeat(64)));
    assert!(refused(&certificate(), &other, &asked(), zero).contains("catalog"));
    assert!(
        admit(&certificate(), &policy_with(&format!("catalogs: ['{}']\n", "c".repeat(64))), &asked(), now())
            .is_ok()
    );
}

#[test]
fn a_risk_that_somebody_unknown_accepted_is_not_taken() {
    let accepted_by = |approver: &str| {
        let mut run = run();
        run.decision.headline = Headline::ConditionalGo;
        run.decision.waived.push(waived("header-csp", approver, now() + TimeDelta::days(3)));
        file(&signed(&payload(&run), &[1, 2, 3, 4]))
    };
    assert!(admit(&accepted_by("lead@example.com"), &policy_with(""), &asked(), now()).is_ok());
    let why = refused(&accepted_by("x@example.com"), &policy_with(""), &asked(), TimeDelta::zero());
    assert!(why.contains("`x@example.com`, who accepted it, has no role"), "{why}");
}

#[test]
fn policies_that_would_admit_anything_are_refused() {
    let lines = people_lines(&[("a@example.com", &[Role::Security], 1)]);
    let base = format!("service: shop\nenvironment: production\npeople:\n{lines}");
    for (more, why) in [
        ("sign_offs: []\n", "0 of 0 roles"),
        ("sign_offs: [security]\nthreshold: 0\n", "0 of 1 roles"),
        ("sign_offs: [security]\nthreshold: 2\n", "2 of 1 roles"),
        ("sign_offs: [security, security]\n", "twice"),
        ("sign_offs: [operations]\n", "nobody"),
        ("sign_offs: [security]\nmax_age: forever\n", "max_age"),
        ("sign_offs: [security]\nheadlines: [no-go]\n", "headlines"),
        ("sign_offs: [security]\nheadlines: []\n", "headlines"),
        ("sign_offs: [security]\ntrust: all\n", "unknown key `trust`"),
        ("", "sign_offs"),
    ] {
        let error = DeployPolicy::parse("deploy.yaml", &(more.to_owned() + &base)).expect_err(more);
        assert!(error.what.contains(why), "{more}: {error:?}");
    }
}

/// One bit of the file turned round, at places spread over all of it.
fn bit_flips(file: &[u8], count: usize) -> Vec<(String, Vec<u8>)> {
    let bits = file.len() * 8;
    let at = |index: usize| index * (bits - 1) / (count - 1);
    (0..count)
        .map(|index| {
            let mut changed = file.to_vec();
            changed[at(index) / 8] ^= 1 << (at(index) % 8);
            (format!("bit {}", at(index)), changed)
        })
        .collect()
}

/// What was signed with one value changed, in an envelope with the old signatures.
fn payload_edits() -> Vec<(String, Vec<u8>)> {
    let old = payload(&run());
    let signatures: Vec<[u8; 64]> = (1..=4).map(|seed| sign(seed, &old)).collect();
    let statement: Json = serde_json::from_slice(&old).expect("JSON");
    let mut paths = Vec::new();
    places(&statement, String::new(), &mut paths);
    let edit = |path: &String| {
        let mut changed = statement.clone();
        let value = changed.pointer_mut(path).expect("is there");
        *value = match value {
            Json::String(text) => Json::from(format!("{text}x")),
            Json::Number(_) => Json::from(98_765),
            Json::Null => Json::from("x"),
            Json::Bool(was) => Json::from(!*was),
            Json::Array(_) => Json::Array(vec![Json::Null]),
            Json::Object(_) => Json::Null,
        };
        let bytes = serde_json::to_vec(&changed).expect("JSON");
        (format!("payload {path}"), file(&Envelope::new(&bytes, &signatures)))
    };
    let mut edits: Vec<_> = paths.iter().map(edit).collect();
    let spaced = serde_json::to_vec_pretty(&statement).expect("JSON");
    edits.push(("payload printed otherwise".into(), file(&Envelope::new(&spaced, &signatures))));
    edits
}

fn places(value: &Json, path: String, found: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, format!("{path}/{key}"), found));
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, format!("{path}/{index}"), found));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    found.push(path);
}

/// The envelope with something changed around the payload.
fn envelope_edits() -> Vec<(String, Vec<u8>)> {
    let whole = signed(&payload(&run()), &[1, 2, 3, 4]);
    let text = whole.json();
    let mut edits: Vec<(String, Vec<u8>)> = Vec::new();
    for index in 0..4 {
        let mut changed = whole.clone();
        changed.signatures.remove(index);
        edits.push((format!("without signature {index}"), file(&changed)));
        let mut changed = whole.clone();
        changed.signatures[index] = changed.signatures[(index + 1) % 4].clone();
        edits.push((format!("signature {index} replaced by another"), file(&changed)));
        for sig in
            ["", "AAAA", &whole.signatures[index].sig[4..], &whole.signatures[index].sig.to_lowercase()]
        {
            let mut changed = whole.clone();
            changed.signatures[index].sig = sig.to_owned();
            edits.push((format!("signature {index} is `{sig}`"), file(&changed)));
        }
    }
    for (from, to) in [
        ("application/vnd.in-toto+json", "application/json"),
        ("\"payloadType\"", "\"payload_type\""),
        ("\"signatures\":[", "\"signatures\":[],\"more\":["),
        ("{\"payloadType\"", "{\"trusted\":true,\"payloadType\""),
        ("{\"payloadType\"", "{\"payloadType\":\"x\",\"payloadType\""),
        ("\"payload\":\"", "\"payload\":\"\\u000a"),
        ("\"payload\":\"", "\"payload\":\"="),
    ] {
        edits.push((format!("{from} to {to}"), text.replacen(from, to, 1).into_bytes()));
    }
    for cut in [0, 1, text.len() / 2, text.len() - 1] {
        edits.push((format!("cut at {cut}"), text.as_bytes()[..cut].to_vec()));
    }
    edits.push(("twice".into(), format!("{text}{text}").into_bytes()));
    edits.push(("in a list".into(), format!("[{text}]").into_bytes()));
    edits
}

#[test]
fn no_mutant_of_a_certificate_is_admitted() {
    let whole = certificate();
    let policy = policy_with("");
    assert!(admit(&whole, &policy, &asked(), now()).is_ok());
    let mutants: Vec<_> =
        bit_flips(&whole, 400).into_iter().chain(payload_edits()).chain(envelope_edits()).collect();
    assert!(mutants.len() >= 450, "{}", mutants.len());
    for (what, mutant) in mutants {
        assert!(admit(&mutant, &policy, &asked(), now()).is_err(), "admitted: {what}");
    }
}
