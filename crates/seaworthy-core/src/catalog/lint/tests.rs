use serde_json::{Value as Json, json};

use super::lint;
use crate::catalog::{Matrix, compile};

fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "flag": {"type": "boolean"},
            "list": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
            "maybe": {"anyOf": [{"$ref": "#/$defs/Row"}, {"type": "null"}]},
            "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Row"}}
        },
        "$defs": {"Row": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    })
}

fn complaints(each: &str, pass: &str) -> Vec<String> {
    let each = if each.is_empty() { String::new() } else { format!("each: '{each}', as: r, ") };
    let yaml = format!(
        "id: x\ntitle: X\narea: web\nseverity: nice\nseeds: [\"001:2\"]\nwhy: w\nleast: behaviour\nfresh_for: 7d\n\
         remedy: {{text: t}}\nchecks:\n  - {{assurance: behaviour, {each}pass: '{pass}', says: s, wants: w}}\n"
    );
    let requirement = compile("web/x.yaml", &yaml, &Matrix::default()).expect("compiles");
    lint(&requirement, "web/x.yaml", &schema()).into_iter().map(|complaint| complaint.what).collect()
}

#[test]
fn sound_paths_are_taken() {
    for pass in [
        "facts.flag",
        "facts.list.exists(r, r.n == 1)",
        "size(facts.list) > 0 && facts.list.all(r, r.n == 1)",
        "facts.list.filter(r, r.n == 1).exists(r, r.n > 0)",
        "facts.list[0].n == 1",
        "facts.maybe == null || facts.maybe.n == 1",
        "facts.map.a.n == 1",
    ] {
        assert_eq!(complaints("", pass), Vec::<String>::new(), "{pass}");
    }
    assert_eq!(complaints("facts.list.filter(x, x.n > 0)", "r.n == 1"), Vec::<String>::new());
}

#[test]
fn forms_that_could_pass_without_a_fact_are_refused() {
    for pass in [
        "true",
        "1 == 1",
        "facts.nothing",
        "facts.list.exists(r, r.m == 1)",
        "facts.maybe.m == 1",
        "facts.list[0].m == 1",
        "facts.list.all(r, r.n == 1)",
        "has(facts.flag)",
        "!has(facts.list)",
        "[1] == facts.list",
        "other.flag",
        "facts.list.filter(r, r.n == 1).exists(r, r.m > 0)",
    ] {
        assert!(!complaints("", pass).is_empty(), "{pass}");
    }
    assert!(!complaints("facts.list", "r.m == 1").is_empty());
    assert!(!complaints("facts.list", "true").is_empty());
}
