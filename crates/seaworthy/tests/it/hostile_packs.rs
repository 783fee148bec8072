//! Packs that mean harm: refused before anything is looked at, in bounded time.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{Ended, run};

fn requirement(id: &str, pass: &str) -> String {
    let pass = serde_json::Value::from(pass);
    format!(
        "id: {id}\ntitle: X\narea: web\nseverity: nice\nseeds: []\nwhy: w\nleast: behaviour\nfresh_for: 7d\n\
         remedy: {{text: t}}\nchecks:\n  - {{assurance: behaviour, pass: {pass}, says: s, wants: w}}\n"
    )
}

fn with_pack(fill: impl Fn(&Path)) -> Ended {
    let here = tempfile::tempdir().expect("a folder");
    let area = here.path().join("pack/web");
    fs::create_dir_all(&area).expect("makes");
    fill(&area);
    let began = Instant::now();
    let ended = run(here.path(), &["check", "--pack", "pack", "--only", "web", "--no-keep"]);
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    ended
}

fn with_expression(pass: &str) -> Ended {
    with_pack(|area| fs::write(area.join("x.yaml"), requirement("x", pass)).expect("writes"))
}

fn refused(name: &str, ended: &Ended) {
    assert_eq!(ended.code, Some(2), "{name}: {}{}", ended.out, ended.err);
}

#[test]
fn c1_to_c4_expressions_that_eat_the_machine() {
    let long = format!("facts.declared.redis && 1{} > 0", "+1".repeat(5_000));
    refused("long +", &with_expression(&long));
    let just_short = format!("1{} > 0", "+1".repeat(1_000));
    refused("as long as may be", &with_expression(&just_short));
    refused("long path", &with_expression(&format!("facts{}", ".b".repeat(3_000))));
    refused(
        "parentheses",
        &with_expression(&format!("{}facts.declared.redis{}", "(".repeat(900), ")".repeat(900))),
    );
    refused("brackets", &with_expression(&"[".repeat(1_900)));
    refused("negations", &with_expression(&format!("{}facts.declared.redis", "!".repeat(1_900))));
    let choices = "facts.declared.redis ? true : ".repeat(60) + "false";
    refused("alternatives", &with_expression(&choices));
    refused("signs", &with_expression(&format!("{}1 < facts.declared.hosts_count", "- ".repeat(900))));
    let nested =
        "facts.declared.urls.exists(a, facts.declared.urls.exists(b, facts.declared.urls.exists(c, a == b)))";
    refused("three loops", &with_expression(nested));
    let doubling = format!(
        "[\"aaaaaaaa\"]{}.exists(x, x == facts.declared.urls[0])",
        ".map(x, x + x + x + x)".repeat(30)
    );
    refused("doubling", &with_expression(&doubling));
}

#[test]
fn c5_a_huge_regex_is_bounded() {
    let ended =
        with_expression("facts.declared.redis.matches(\"((a{100}){100}){100}\") || facts.declared.redis");
    assert!(matches!(ended.code, Some(0 | 1 | 2 | 4)), "{}", ended.err);
}

#[test]
fn c6_c13_what_reads_no_fact_or_an_unknown_one_is_refused() {
    for pass in [
        "true",
        "1 == 1",
        "now == now",
        "facts.nothing == 1",
        "has(facts.declared)",
        "facts.declared.urls.all(u, false)",
    ] {
        refused(pass, &with_expression(pass));
    }
}

#[test]
fn c7_a_built_in_requirement_is_not_replaced() {
    let ended = with_pack(|area| {
        let folder = area.parent().expect("the pack").join("data");
        fs::create_dir_all(&folder).expect("makes");
        let text =
            requirement("redis-version-supported", "facts.declared.redis").replace("area: web", "area: data");
        fs::write(folder.join("redis-version-supported.yaml"), text).expect("writes");
    });
    refused("replaced", &ended);
    assert!(ended.err.contains("already"), "{}", ended.err);
}

#[test]
fn c10_c14_odd_files_and_many() {
    let ended = with_pack(|area| {
        for number in 0..6_000 {
            fs::write(area.join(format!("x{number}.yaml")), "").expect("writes");
        }
    });
    refused("many", &ended);
    refused("not YAML", &with_pack(|area| fs::write(area.join("x.yaml"), b"\xff\x00").expect("writes")));
    refused(
        "long",
        &with_pack(|area| fs::write(area.join("x.yaml"), vec![b'#'; 2_000_000]).expect("writes")),
    );
    refused(
        "unknown key",
        &with_pack(|area| {
            fs::write(area.join("x.yaml"), requirement("x", "facts.declared.redis") + "consent: drill\n")
                .expect("writes");
        }),
    );
}

#[test]
fn a_sound_pack_is_judged_as_experimental_and_cannot_block() {
    let ended = with_expression("facts.declared.redis");
    assert_eq!(ended.code, Some(4), "{}{}", ended.out, ended.err);
}
