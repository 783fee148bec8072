use super::house::{House, PEOPLE, assert_refused};
use super::poll::{go, ready};
use crate::support::Ended;

/// A repository with a certificate, its run, and the policy of a deploy gate that knows the same people.
fn certified() -> (House, String) {
    let house = ready();
    for (name, role) in &PEOPLE[..3] {
        assert_eq!(go(&house, name, role).code, Some(0));
    }
    let early = house.run(&["certify", "--env", "staging", "--out", "../early.json"]);
    assert_eq!(early.code, Some(1));
    assert!(early.out.contains("missing: operations has not said GO: ops@example.com"), "{}", early.out);
    assert_eq!(go(&house, PEOPLE[3].0, PEOPLE[3].1).code, Some(0));
    let words = ["certify", "--env", "staging", "--out", "../certificate.json", "--run-out", "../run.json"];
    let ended = house.run(&words);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let manifest = house.read("seaworthy.yaml");
    let people = manifest.split_once("people:\n").expect("has people").1;
    house.write(
        "../deploy.yaml",
        &format!(
            "service: shop\nenvironment: staging\nsign_offs: [technical-lead, product-owner, security, operations]\npeople:\n{people}"
        ),
    );
    let commit = house.tool("git", &["rev-parse", "HEAD"]).stdout;
    let commit = String::from_utf8(commit).expect("text").trim().to_owned();
    (house, commit)
}

/// Verifies where there is neither manifest nor store.
fn verify(house: &House, words: &[&str]) -> Ended {
    let elsewhere = house.folder.path().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).expect("makes");
    crate::support::run(&elsewhere, &[&["verify"], words].concat())
}

#[test]
fn a_deploy_gate_that_never_met_the_people_admits_what_they_signed() {
    let (house, commit) = certified();
    let words = ["../certificate.json", "--policy", "../deploy.yaml", "--commit", &commit];
    let admitted = verify(&house, &words);
    assert_eq!(admitted.code, Some(0), "{}{}", admitted.out, admitted.err);
    assert!(admitted.out.starts_with("ADMITTED shop · staging"), "{}", admitted.out);
    assert!(admitted.out.contains("GO operations: ops@example.com"), "{}", admitted.out);

    let zero = "0".repeat(40);
    let other = verify(&house, &["../certificate.json", "--policy", "../deploy.yaml", "--commit", &zero]);
    assert_eq!(other.code, Some(1));
    assert!(other.out.contains("REFUSED") && other.out.contains("it is about the commit"), "{}", other.out);
    assert_refused(&verify(&house, &["../certificate.json", "--policy", "../deploy.yaml"]), "which commit");
    let production = [&words[..], &["--environment", "production"]].concat();
    assert_refused(&verify(&house, &production), "for the environment `staging`");
    assert_refused(
        &verify(&house, &["../nowhere.json", "--policy", "../deploy.yaml", "--commit", &commit]),
        "could not read",
    );

    let policy = house.read("../deploy.yaml");
    house.keygen("other", "");
    let (old, new) = (house.read("../keys/ops.pub"), house.read("../keys/other.pub"));
    house.write("../other.yaml", &policy.replace(old.trim(), new.trim()));
    let stranger = verify(&house, &["../certificate.json", "--policy", "../other.yaml", "--commit", &commit]);
    assert_eq!(stranger.code, Some(1));
    assert!(stranger.out.contains("3 of 4 roles said GO; missing: operations"), "{}", stranger.out);

    let again = house.run(&["certify", "--env", "staging", "--out", "../certificate.json"]);
    assert_refused(&again, "could not write ../certificate.json");
}

#[test]
fn openssl_verifies_each_signature_and_sha256sum_the_run() {
    let (house, commit) = certified();
    // Everything here is done by tools that share no code with us.
    let script = r#"
import base64, hashlib, json, subprocess
envelope = json.load(open("../certificate.json"))
payload = base64.b64decode(envelope["payload"], validate=True)
kind = envelope["payloadType"].encode()
open("../pae", "wb").write(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
statement = json.loads(payload)
assert statement["_type"] == "https://in-toto.io/Statement/v1"
run = hashlib.sha256(open("../run.json", "rb").read()).hexdigest()
assert statement["subject"][0]["digest"] == {"sha256": run}
print(statement["subject"][1]["digest"]["gitCommit"])
for number, (name, entry) in enumerate(zip(["tech-lead", "product", "security", "ops"], envelope["signatures"])):
    open("../sig", "wb").write(base64.b64decode(entry["sig"]))
    line = open(f"../keys/{name}.pub").read().split()[1]
    raw = base64.b64decode(line)[-32:]
    open("../key.der", "wb").write(bytes.fromhex("302a300506032b6570032100") + raw)
    subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "../key.der",
                    "-in", "../pae", "-sigfile", "../sig"], check=True, stdout=subprocess.DEVNULL)
    print(name)
"#;
    let output = house.tool("python3", &["-c", script]);
    let told = String::from_utf8(output.stdout).expect("text");
    assert_eq!(
        told.split_whitespace().collect::<Vec<_>>(),
        [&*commit, "tech-lead", "product", "security", "ops"]
    );
}

#[test]
fn the_documentation_says_how_to_verify_with_other_tools() {
    let (house, _) = certified();
    let page = std::fs::read_to_string(crate::support::tree().join("docs/certificate.md")).expect("the page");
    let block = page.split("<!-- A test runs this. -->").nth(1).expect("the mark");
    let script =
        block.split("```").nth(1).and_then(|block| block.strip_prefix("sh\n")).expect("a block of shell");
    let beside = "set -e; cd ..; cp keys/tech-lead.pub .\n";
    let told =
        String::from_utf8(house.tool("sh", &["-c", &(beside.to_owned() + script)]).stdout).expect("text");
    assert!(told.contains("Signature Verified Successfully") && told.contains("run.json: OK"), "{told}");
    house.tool("sh", &["-c", "cd ..; printf x >> signed; ! openssl pkeyutl -verify -rawin -pubin -inkey tech-lead.pem -in signed -sigfile signature"]);
}
