use serde_json::Value as Json;

use super::house::{House, assert_refused};
use crate::support::Ended;

const ID: &str = "terms-of-service-reviewed";

fn house() -> House {
    let house = House::with("environments: {production: {}}");
    let counsel = house.person("counsel", "legal");
    let manifest = house.read("seaworthy.yaml");
    house.write("seaworthy.yaml", &(manifest + &counsel));
    house.write("terms.md", "# Terms\n");
    house
}

fn attest(house: &House, id: &str, role: &str, name: &str, more: &[&str]) -> Ended {
    let key = format!("../keys/{name}");
    house.run(&[&["attest", id, "--role", role, "--statement", "I read it", "--key", &key], more].concat())
}

fn verdict(run: &Json, id: &str) -> (String, String) {
    let findings = run["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["id"] == id).expect(id);
    (
        finding["verdict"].as_str().expect("a word").into(),
        finding["seen"][0].as_str().unwrap_or_default().into(),
    )
}

#[test]
fn an_attestation_decides_until_what_it_rests_on_changes() {
    let house = house();
    let (before, _) = verdict(&house.check(), ID);
    assert_eq!(before, "unknown", "there is no store before the first run");
    assert_eq!(verdict(&house.check(), ID), ("fail".into(), "nobody attested it".into()));
    let ended = attest(&house, ID, "legal", "counsel", &["--evidence", "terms.md"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(
        ended.out.contains("attested terms-of-service-reviewed for shop · production as legal until "),
        "{}",
        ended.out
    );
    let run = house.check();
    let (after, seen) = verdict(&run, ID);
    assert_eq!(after, "pass", "{seen}");
    assert!(seen.starts_with("counsel@example.com as legal on "), "{seen}");
    assert_eq!(
        run["findings"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["id"] == ID))
            .map(|one| one["assurance"].clone()),
        Some("attestation".into())
    );
    let shown = house.run(&["report", "--verbose"]).out;
    assert!(shown.contains("SELECT envelope FROM ledger WHERE sequence = 1"), "{shown}");

    house.write("terms.md", "# Terms\n\nWe may sell everything.\n");
    let (changed, seen) = verdict(&house.check(), ID);
    assert_eq!(changed, "fail");
    assert!(seen.ends_with("a file that it rests on changed"), "{seen}");
}

/// What is tried, and why it is refused.
type Misuse<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a str);

#[test]
fn an_attestation_that_should_not_be_is_refused() {
    let house = house();
    house.check();
    house.keygen("stranger", "");
    house.write("../outside.md", "elsewhere\n");
    house.tool("ln", &["-s", "../outside.md", "link.md"]);
    house.tool("mkfifo", &["pipe.md"]);
    let file = ["--evidence", "terms.md"];
    let with = |more: &[&'static str]| [&file[..], more].concat();
    let (past, far, zero) =
        (with(&["--expires", "2001-01-01"]), with(&["--expires", "366d"]), with(&["--expires", "0d"]));
    let figure = with(&["--figure", "open_high_findings=0"]);
    let misuses: [Misuse<'_>; 16] = [
        ("https-enforced", "legal", "counsel", &file, "nobody's word counts for it"),
        ("nothing-such", "legal", "counsel", &file, "no requirement `nothing-such`"),
        (ID, "operations", "ops", &file, "`operations` cannot attest"),
        (ID, "legal", "ops", &file, "`ops@example.com` does not have the role `legal`"),
        (ID, "legal", "stranger", &file, "nobody under `people`"),
        (ID, "legal", "counsel", &past, "is not ahead"),
        (ID, "legal", "counsel", &zero, "is not ahead"),
        (ID, "legal", "counsel", &far, "more than 365 days"),
        (ID, "legal", "counsel", &[], "rests on a file"),
        (ID, "legal", "counsel", &["--evidence", "https://example.com/terms"], "rests on a file"),
        (ID, "legal", "counsel", &["--evidence", "gone.md"], "no file `gone.md`"),
        (ID, "legal", "counsel", &["--evidence", "../outside.md"], "leads out of the repository"),
        (ID, "legal", "counsel", &["--evidence", "link.md"], "the evidence `link.md`"),
        (ID, "legal", "counsel", &["--evidence", "pipe.md"], "no regular file"),
        (ID, "legal", "counsel", &figure, "asks for no figure"),
        ("penetration-test", "security", "security", &file, "asks for the figure `open_critical_findings`"),
    ];
    for (id, role, name, more, why) in misuses {
        assert_refused(&attest(&house, id, role, name, more), why);
    }
    let mute = [
        "attest",
        ID,
        "--role",
        "legal",
        "--statement",
        " ",
        "--evidence",
        "terms.md",
        "--key",
        "../keys/counsel",
    ];
    assert_refused(&house.run(&mute), "`--statement TEXT` is missing");
    let verified = house.json(&["history", "--verify", "--format", "json"]);
    assert_eq!(verified["ledger"]["records"], 0, "nothing was kept of what was refused");
}

#[test]
fn a_role_that_was_taken_away_takes_its_attestations_along() {
    let house = house();
    let figures = [
        "--figure",
        "open_critical_findings=0",
        "--figure",
        "open_high_findings=0",
        "--evidence",
        "terms.md",
    ];
    assert_eq!(attest(&house, "penetration-test", "security", "security", &figures).code, Some(0));
    assert_eq!(verdict(&house.check(), "penetration-test").0, "pass");
    let manifest = house.read("seaworthy.yaml").replace("roles: [security]", "roles: []");
    house.write("seaworthy.yaml", &manifest);
    let (after, seen) = verdict(&house.check(), "penetration-test");
    assert_eq!(after, "fail");
    assert!(seen.contains("does not give this person the role"), "{seen}");
}

#[test]
fn a_ledger_that_was_changed_decides_nothing() {
    let house = house();
    assert_eq!(attest(&house, ID, "legal", "counsel", &["--evidence", "terms.md"]).code, Some(0));
    house.tamper("ledger_is_not_changed", "UPDATE ledger SET environment = 'staging'");
    let check = house.run(&["check"]);
    assert_eq!(check.code, Some(3), "{}", check.out);
    assert!(check.err.contains("its content does not match its digest"), "{}", check.err);
    let verified = house.run(&["history", "--verify"]);
    assert_eq!(verified.code, Some(1));
    assert!(verified.out.contains("CHANGED  record of the ledger 1"), "{}", verified.out);
}
