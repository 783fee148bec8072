use chrono::DateTime;
use serde_json::{Value as Json, json};

use super::{Document, judge};
use crate::catalog::{Matrix, compile};
use crate::facts::{Blind, Unseen};
use crate::finding::{Finding, Verdict};

const UNSEEN: &str = r#"{"$unseen": {"kind": "denied", "why": "no right", "give": "GRANT it"}}"#;

fn unseen() -> Json {
    serde_json::from_str(UNSEEN).expect("sound")
}

fn requirement(applies: &str, checks: &str) -> String {
    let applies = if applies.is_empty() { String::new() } else { format!("applies: {applies}\n") };
    format!(
        "id: x\ntitle: X\narea: web\nseverity: critical\nseeds: []\nwhy: w\nleast: configuration\nfresh_for: 7d\n\
         remedy: {{text: do it}}\n{applies}checks:\n{checks}"
    )
}

fn judged(yaml: &str, facts: &Json) -> Finding {
    let requirement = compile("x.yaml", yaml, &Matrix::default()).expect("compiles");
    judge(&requirement, &Document::of(facts).expect("a document"), DateTime::UNIX_EPOCH)
}

fn check(pass: &str, facts: &Json) -> Finding {
    let checks = format!("  - {{assurance: configuration, pass: '{pass}', says: 's', wants: 'w'}}\n");
    judged(&requirement("", &checks), facts)
}

fn each(list: &str, pass: &str, facts: &Json) -> Finding {
    let checks = format!(
        "  - {{assurance: configuration, each: '{list}', as: r, pass: '{pass}', says: 'saw {{{{ r.n }}}}', wants: 'w'}}\n"
    );
    judged(&requirement("", &checks), facts)
}

#[test]
fn seen_facts_decide() {
    let facts = json!({"a": 1, "b": {"$seen": "x", "by_hand": "look b"}, "n": null});
    assert_eq!(check("facts.a == 1", &facts).verdict, Verdict::Pass);
    assert_eq!(check("facts.a == 2", &facts).verdict, Verdict::Fail);
    let finding = check(r#"facts.b == "x""#, &facts);
    assert_eq!(finding.verdict, Verdict::Pass);
    assert_eq!(finding.by_hand, ["look b"]);
    assert_eq!(finding.facts[0].path, "facts.b");
}

#[test]
fn the_absent_is_null_and_decides() {
    let facts = json!({"h": {"csp": null}});
    assert_eq!(check("facts.h.csp == null", &facts).verdict, Verdict::Pass);
    assert_eq!(check("facts.h.csp != null", &facts).verdict, Verdict::Fail);
    assert_eq!(check("facts.h.csp == \"x\"", &facts).verdict, Verdict::Fail);
}

#[test]
fn the_unseen_is_unknown_with_its_reason() {
    let facts = json!({"a": unseen()});
    for pass in [
        "facts.a == 1",
        "facts.a != 1",
        "!(facts.a == 1)",
        "facts.a",
        "!facts.a",
        "has(facts.a)",
        "!has(facts.a)",
        "facts.a.b == null",
        "size(facts.a) == 0",
        "facts.a in [1]",
        "facts.a.all(x, true)",
        "facts.a.exists(x, true) || true == false",
        "facts.a == 1 ? true : true",
        "facts.missing == null",
        "!(facts.missing.x == 1)",
    ] {
        let finding = check(pass, &facts);
        assert_eq!(finding.verdict, Verdict::Unknown, "{pass}: {finding:?}");
        assert!(!finding.unseen.is_empty(), "{pass}");
    }
    assert_eq!(check("facts.a == 1", &facts).unseen[0].give.as_deref(), Some("GRANT it"));
}

#[test]
fn what_decides_absorbs_the_unseen() {
    let facts = json!({"a": unseen(), "b": true});
    assert_eq!(check("facts.a == 1 || facts.b", &facts).verdict, Verdict::Pass);
    assert_eq!(check("facts.a == 1 && !facts.b", &facts).verdict, Verdict::Fail);
    assert_eq!(check("facts.a == 1 && facts.b", &facts).verdict, Verdict::Unknown);
}

#[test]
fn a_list_cut_short_is_unknown_unless_an_element_decides() {
    let facts = json!({"l": [1, 2, unseen()], "m": [{"n": 1}, unseen()]});
    for pass in [
        "facts.l.all(x, x > 0)",
        "facts.l.all(x, x != 9)",
        "facts.l.exists(x, x == 9)",
        "!facts.l.exists(x, x == 9)",
        "size(facts.l) == 3",
        "size(facts.l) == 2",
        "!(9 in facts.l)",
        "facts.l == [1, 2]",
        "facts.l != [1, 2]",
        "facts.m.filter(x, x.n == 9).size() == 0",
        "facts.m.map(x, x.n).size() == 2",
        "facts.m.all(x, x.n == 1)",
        "!facts.l.exists(x, 9 == x)",
        "facts.l.all(x, 9 != x)",
        "!facts.l.exists(x, x in [9])",
        "!facts.l.exists(x, \"a\" == x)",
        "!facts.l.exists(x, null == x)",
        "facts.l.all(x, [9] != x)",
        "facts.l.all(x, string(x) != \"9\")",
    ] {
        assert_eq!(check(pass, &facts).verdict, Verdict::Unknown, "{pass}");
    }
    assert_eq!(check("facts.l.exists(x, x == 2)", &facts).verdict, Verdict::Pass);
    assert_eq!(check("facts.l.all(x, x == 1)", &facts).verdict, Verdict::Fail);
    assert_eq!(check("2 in facts.l", &facts).verdict, Verdict::Pass);
}

#[test]
fn each_names_the_failing_places_and_never_passes_on_nothing() {
    let facts = json!({"l": [{"n": 1}, {"n": 2}], "e": [], "c": [{"n": 1}, unseen()], "u": unseen()});
    assert_eq!(each("facts.l", "r.n > 0", &facts).verdict, Verdict::Pass);
    let failed = each("facts.l", "r.n == 1", &facts);
    assert_eq!((failed.verdict, failed.seen), (Verdict::Fail, vec!["saw 2".to_owned()]));
    assert_eq!(each("facts.e", "r.n == 1", &facts).verdict, Verdict::Unknown);
    assert_eq!(each("facts.c", "r.n == 1", &facts).verdict, Verdict::Unknown);
    assert_eq!(each("facts.c", "r.n == 9", &facts).verdict, Verdict::Fail);
    assert_eq!(each("facts.u", "r.n == 9", &facts).verdict, Verdict::Unknown);
}

#[test]
fn an_expression_that_does_not_fit_is_our_error() {
    let facts = json!({"a": "text"});
    assert_eq!(check("facts.a > 1", &facts).verdict, Verdict::Error);
    assert_eq!(check("facts.a", &facts).verdict, Verdict::Error);
}

#[test]
fn not_applicable_needs_a_seen_fact() {
    let checks = "  - {assurance: configuration, pass: 'facts.b', says: s, wants: w}\n";
    let yaml = requirement("facts.used", checks);
    assert_eq!(judged(&yaml, &json!({"used": false})).verdict, Verdict::NotApplicable);
    assert_eq!(judged(&yaml, &json!({"used": unseen(), "b": true})).verdict, Verdict::Unknown);
    assert_eq!(judged(&yaml, &json!({"b": true})).verdict, Verdict::Unknown);
    assert_eq!(judged(&yaml, &json!({"used": true, "b": true})).verdict, Verdict::Pass);
}

#[test]
fn a_list_cut_short_leaves_open_whether_there_is_a_subject() {
    let checks = "  - {assurance: configuration, each: 'facts.l', as: r, pass: 'r > 0', says: s, wants: w}\n";
    let yaml = requirement("size(facts.l) > 0", checks);
    let finding = judged(&yaml, &json!({"l": [1, unseen()]}));
    assert_eq!(finding.verdict, Verdict::Unknown, "{finding:?}");
    assert!(!finding.unseen.is_empty());
    assert_eq!(judged(&yaml, &json!({"l": []})).verdict, Verdict::NotApplicable);
}

#[test]
fn weaker_evidence_hints_and_never_passes() {
    let checks = "  - {assurance: behaviour, pass: 'facts.live', says: live, wants: w}\n  \
                  - {assurance: declaration, pass: 'facts.file', says: 'the file says so', wants: w}\n";
    let yaml = requirement("", checks);
    let finding = judged(&yaml, &json!({"live": unseen(), "file": true}));
    assert_eq!((finding.verdict, finding.hint.as_deref()), (Verdict::Unknown, Some("the file says so")));
    assert_eq!(judged(&yaml, &json!({"live": unseen(), "file": false})).verdict, Verdict::Unknown);
    assert_eq!(judged(&yaml, &json!({"live": true, "file": false})).verdict, Verdict::Pass);
}

#[test]
fn braces_in_a_fact_are_not_evaluated() {
    let facts = json!({"l": [{"n": "{{ facts.secret }}"}], "secret": "s3"});
    assert_eq!(each("facts.l", "r.n == \"\"", &facts).seen, ["saw {{ facts.secret }}"]);
}

#[test]
fn a_crash_of_ours_is_an_error_and_no_finding_about_them() {
    let crash = json!({"$unseen": {"kind": "crashed", "why": "the probe stopped"}});
    assert_eq!(check("facts.a == 1", &json!({"a": crash})).verdict, Verdict::Error);
}

#[test]
fn an_empty_document_passes_nothing() {
    assert_eq!(check("facts.a.all(x, true)", &json!({})).verdict, Verdict::Unknown);
}

#[test]
fn a_command_beside_a_fact_comes_along() {
    let facts = json!({"l": [{"n": 1, "by_hand": "curl -I x"}]});
    assert_eq!(each("facts.l", "r.n == 2", &facts).by_hand, ["curl -I x"]);
}

#[test]
fn a_document_without_a_fact_is_judged_as_if_it_had_not_been_seen() {
    let facts = json!({"a": {"$seen": [{"n": 1}, {"n": 2}], "by_hand": "look"}, "a.b": 1, "ok": true});
    let whole = Document::of(&facts).expect("a document");
    let checks = "  - {assurance: configuration, pass: 'facts.a.all(x, x.n > 0)', says: 's', wants: 'w'}\n";
    let requirement = compile("x.yaml", &requirement("", checks), &Matrix::default()).expect("compiles");
    let verdict = |document: &Document| judge(&requirement, document, DateTime::UNIX_EPOCH);
    let why = Unseen::new(Blind::Denied, "taken away");
    for path in ["facts.a", "facts.a[1]", "facts.a[1].n"] {
        let finding = verdict(&whole.without(path, &why).expect("it is there"));
        assert_eq!(finding.verdict, Verdict::Unknown, "{path}");
        assert_eq!(finding.unseen[0].path, path);
    }
    for path in ["facts.ok", "facts.a.b"] {
        assert_eq!(
            verdict(&whole.without(path, &why).expect("it is there")).verdict,
            Verdict::Pass,
            "{path}"
        );
    }
    for path in ["", "facts", "facts.a[2]", "facts.a[1].m", "facts.ok.x", "facts.b"] {
        assert!(whole.without(path, &why).is_none(), "{path}");
    }
    assert_eq!(verdict(&whole).verdict, Verdict::Pass);
}

#[test]
fn a_traced_document_says_what_was_read_since_it_was_last_asked() {
    let facts = json!({"names": ["a", "b"], "other": 1});
    let document = Document::traced(&facts).expect("a document");
    let checks = "  - {assurance: configuration, pass: '\"a\" in facts.names', says: 's', wants: 'w'}\n";
    let requirement = compile("x.yaml", &requirement("", checks), &Matrix::default()).expect("compiles");
    judge(&requirement, &document, DateTime::UNIX_EPOCH);
    assert_eq!(document.read_paths(), ["facts.names", "facts.names[0]"]);
    assert!(document.read_paths().is_empty());
}

#[test]
fn a_warning_is_told_beside_a_pass_and_changes_no_verdict() {
    let told = |facts: &Json| {
        let checks = "  - {assurance: configuration, each: 'facts.l', as: r, pass: 'r.n < 9', says: 's', wants: 'w', \
                      warn: {when: 'r.n > 4', says: 'is {{ r.n }}'}}\n";
        let finding = judged(&requirement("", checks), facts);
        (finding.verdict, finding.warnings)
    };
    assert_eq!(told(&json!({"l": [{"n": 1}, {"n": 5}]})), (Verdict::Pass, vec!["is 5".to_owned()]));
    assert_eq!(told(&json!({"l": [{"n": 1}]})), (Verdict::Pass, Vec::new()));
    assert_eq!(told(&json!({"l": [{"n": 5}, {"n": 9}]})), (Verdict::Fail, Vec::new()));
    assert_eq!(told(&json!({"l": [{"n": 5}, unseen()]})), (Verdict::Unknown, Vec::new()));
}

#[test]
fn what_decides_neither_way_says_so() {
    let checks = "  - {assurance: configuration, pass: 'facts.a == 1', fail: 'facts.a == 2', says: 'a is {{ facts.a }}', wants: 'w'}\n";
    let finding = judged(&requirement("", checks), &json!({"a": 3}));
    assert_eq!(finding.verdict, Verdict::Unknown);
    assert!(finding.unseen[0].why.ends_with("nor that it is not: a is 3"), "{:?}", finding.unseen);
    assert_eq!(finding.hint, None);
}

#[test]
fn a_judgement_that_takes_too_long_is_our_error_and_ends() {
    let many: Vec<String> = (0..20_000).map(|n| format!("n{n}")).collect();
    let facts = json!({"l": many, "n": 1});
    let finding = check("size(facts.l) > 0 && facts.l.all(a, facts.l.all(b, a != b + \"y\"))", &facts);
    assert_eq!(finding.verdict, Verdict::Error);
    assert!(finding.seen[0].contains("looks into more than"), "{:?}", finding.seen);
    // Whether a text is in a list of texts takes one look.
    assert_eq!(check("facts.l.exists(a, !(a in facts.l))", &facts).verdict, Verdict::Fail);
    let finding = each("facts.l", "facts.l.exists(b, b == r + \"y\")", &facts);
    assert_eq!(finding.verdict, Verdict::Error);
    assert_eq!(check("facts.n in facts.l.map(a, 1)", &facts).verdict, Verdict::Pass);
}

#[test]
fn a_list_whose_elements_were_chosen_blindly_decides_nothing() {
    let facts = json!({"l": [1, 2], "u": ["good", unseen()]});
    let chosen = each("facts.l.filter(d, facts.u == [\"bad\"])", "r > 0", &facts);
    assert_eq!(chosen.verdict, Verdict::Unknown);
}
