use seaworthy_core::finding::CitedFact;
use seaworthy_core::run::Run;
use serde_json::{Value as Json, json};
use serde_sarif::sarif::Sarif;

use super::uri;
use crate::sample::{self, hostile};
use crate::{Format, Style, render};

fn printed(run: &Run) -> Json {
    let text = render(run, Format::Sarif, &Style::plain(sample::now()));
    serde_json::from_str::<Sarif>(&text).expect("it is SARIF");
    serde_json::from_str(&text).expect("it is JSON")
}

fn result(run: &Run, id: &str) -> Json {
    let document = printed(run);
    let results = document["runs"][0]["results"].as_array().expect("results").clone();
    results.into_iter().find(|result| result["ruleId"] == id).unwrap_or_default()
}

#[test]
fn what_stands_is_a_result_with_its_level() {
    let run = sample::faulty();
    let levels = |id: &str| {
        let result = result(&run, id);
        (result["kind"].as_str().map(str::to_owned), result["level"].as_str().map(str::to_owned))
    };
    let pair = |kind: &str, level: &str| (Some(kind.to_owned()), Some(level.to_owned()));
    assert_eq!(levels("https-enforced"), pair("fail", "error"));
    assert_eq!(levels("header-csp"), pair("fail", "warning"));
    assert_eq!(levels("header-permissions-policy"), pair("fail", "note"));
    assert_eq!(levels("redis-not-public"), pair("open", "none"));
    assert_eq!(levels("tls-configuration-strong"), pair("open", "none"));
    assert_eq!(levels("postgres-tuned"), (None, None));
    assert_eq!(levels("license-compliance"), (None, None));
}

#[test]
fn a_result_names_its_rule_and_its_place() {
    let run = sample::faulty();
    let document = printed(&run);
    let result = result(&run, "https-enforced");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(document["runs"][0]["tool"]["driver"]["rules"][index]["id"], "https-enforced");
    assert_eq!(result["partialFingerprints"]["seaworthyRequirement/v1"], "shop-api/staging/https-enforced");
    assert_eq!(
        result["locations"],
        json!([{
            "logicalLocations": [{"fullyQualifiedName": "https://staging.shop.example", "kind": "resource"}],
            "physicalLocation": {
                "artifactLocation": {"uri": "seaworthy.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 1},
            },
        }])
    );
    assert!(
        document["runs"][0]["automationDetails"]["id"]
            .as_str()
            .unwrap()
            .starts_with("seaworthy/shop-api/staging/")
    );
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn a_fault_in_a_file_points_at_its_line() {
    let mut run = sample::faulty();
    run.facts = json!({"repo": {"secrets": [{"path": "src/config ä.js", "line": 12, "kind": "token"}]}});
    let finding = run.findings.iter_mut().find(|finding| finding.id == "https-enforced").unwrap();
    finding.facts = vec![CitedFact { path: "facts.repo.secrets[0].kind".into(), value: "token".into() }];
    let place = &result(&run, "https-enforced")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/config%20%C3%A4.js");
    assert_eq!(place["region"]["startLine"], 12);
}

#[test]
fn without_a_manifest_there_is_no_file_to_point_at() {
    let locations = &result(&sample::first_look(), "header-hsts")["locations"];
    assert_eq!(locations[0]["physicalLocation"], Json::Null);
    assert_eq!(locations[0]["logicalLocations"][0]["fullyQualifiedName"], "https://shop.example");
}

#[test]
fn hostile_text_makes_no_link() {
    for (text, does) in hostile::STRINGS {
        let document = printed(&sample::poisoned(text));
        let results = document["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), 24, "{does}");
        for result in results {
            let message = result["message"]["text"].as_str().unwrap();
            assert!(!message.contains("](") && !message.contains('\u{1b}'), "{does}: {message}");
        }
    }
}

#[test]
fn paths_are_references() {
    assert_eq!(uri("a/b-c_d.e~f"), "a/b-c_d.e~f");
    assert_eq!(uri("a b#c?d%e"), "a%20b%23c%3Fd%25e");
}
