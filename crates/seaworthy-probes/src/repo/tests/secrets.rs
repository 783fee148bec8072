//! Secrets: found where they are, not where they are not, and never told.

use super::{commit, cut, git, items, json, look, repository, write};
use crate::repo::secrets::facts::SecretFinding;
use crate::repo::secrets::{Searcher, facts::SecretsFacts};

/// Text that looks random and is none that anybody uses.
fn odd(length: usize, alphabet: &str) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = 88_172_645_463_325_252_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            letters[usize::try_from(state % letters.len() as u64).unwrap()]
        })
        .collect()
}

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// One secret of each kind, made here so that none stands in this repository.
fn samples() -> Vec<(&'static str, String)> {
    let a = |length| odd(length, ALPHANUMERIC);
    let h = |length| odd(length, HEX);
    vec![
        ("aws-access-key", format!("key = AKIA{}", odd(16, BASE32))),
        ("aws-secret-key", format!("aws_secret_access_key = {}", a(40))),
        ("gcp-api-key", format!("AIza{}", a(35))),
        ("google-client-secret", format!("GOCSPX-{}", a(28))),
        ("azure-storage-key", format!("AccountKey={}==", a(86))),
        ("azure-client-secret", format!("secret: abc8Q~{}", a(34))),
        ("github-token", format!("ghp_{}", a(36))),
        ("github-fine-token", format!("github_pat_{}", a(82))),
        ("gitlab-token", format!("glpat-{}", a(20))),
        ("slack-token", format!("xoxb-{}-{}", odd(12, "0123456789"), a(24))),
        ("slack-webhook", format!("https://hooks.slack.com/services/T{}/B{}/{}", a(10), a(10), a(24))),
        ("paystack-key", format!("sk_live_{}", h(40))),
        ("stripe-key", format!("sk_live_{}", a(24))),
        ("stripe-test-key", format!("sk_test_{}", a(24))),
        ("webhook-signing-secret", format!("whsec_{}", a(32))),
        ("flutterwave-key", format!("FLWSECK-{}-X", h(32))),
        ("jwt", format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.{}", a(43))),
        ("twilio-key", format!("TWILIO_AUTH_TOKEN={}", h(32))),
        ("sendgrid-key", format!("SG.{}.{}", a(22), a(43))),
        ("mailchimp-key", format!("{}-us12", h(32))),
        ("npm-token", format!("npm_{}", a(36))),
        ("pypi-token", format!("pypi-AgEIcHlwaS5vcmc{}", a(70))),
        ("digitalocean-token", format!("dop_v1_{}", h(64))),
        ("openai-key", format!("sk-proj-{}T3BlbkFJ{}", a(40), a(40))),
        ("anthropic-key", format!("sk-ant-api03-{}", a(93))),
        ("vault-token", format!("hvs.{}", a(95))),
        ("telegram-token", format!("7294816503:AA{}", a(33))),
        ("age-key", format!("AGE-SECRET-KEY-1{}", odd(58, "0123456789QPZRYXGF"))),
        ("stellar-seed", stellar()),
        (
            "private-key",
            format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n{}\n", a(64), odd(64, "qwertzuiopQWERTZ123456+/")),
        ),
        ("url-password", format!("postgres://shop:{}@db.shop.internal:5432/shop", a(20))),
        ("assigned-secret", format!("const apiSecret = \"{}\";", a(32))),
        ("assigned-secret", format!("db_password: {}", a(24))),
        ("assigned-secret", format!("let token: &str = \"{}\";", a(32))),
    ]
}

/// A seed with a right checksum over bytes that nobody has.
fn stellar() -> String {
    let mut bytes = vec![18 << 3];
    bytes.extend((0..32).map(|byte| byte * 7 + 3));
    let mut crc = 0_u16;
    for byte in &bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    bytes.extend(crc.to_le_bytes());
    let alphabet: Vec<char> = BASE32.chars().collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    bits.chunks(5).map(|five| alphabet[five.iter().fold(0, |sum, bit| sum * 2 + usize::from(*bit))]).collect()
}

fn rules(text: &str) -> Vec<String> {
    let searcher = Searcher::new(Vec::new());
    let scan = searcher.search(text.as_bytes());
    scan.hits.iter().map(|hit| searcher.rule(hit.rule).id.clone()).collect()
}

#[test]
fn finds_one_of_each_kind() {
    for (rule, sample) in samples() {
        assert_eq!(rules(&format!("first line\n  {sample}\nlast line\n")), [rule], "{rule}");
    }
}

#[test]
fn finds_secrets_at_the_end_without_a_line_end_and_in_binary_files() {
    for (rule, sample) in
        samples().into_iter().filter(|(rule, _)| !matches!(*rule, "private-key" | "assigned-secret"))
    {
        assert_eq!(rules(&sample), [rule]);
        let binary = [b"\x00\xff\xfe\x00".as_slice(), sample.as_bytes(), b"\x00\x01"].concat();
        let searcher = Searcher::new(Vec::new());
        assert_eq!(searcher.search(&binary).hits.len(), 1, "{rule}");
    }
}

#[test]
fn leaves_alone_what_only_stands_for_a_secret() {
    for text in [
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
        "password: ${DB_PASSWORD}",
        "password = \"changeme\"",
        "const token = process.env.GITHUB_TOKEN;",
        "api_key: <your api key>",
        "password: str = Field(min_length=12)",
        "token: String,",
        "let token = headers.get(\"x-api-token-v2\");",
        "secret_key = config.auth.secret_key_2024",
        "postgres://postgres:postgres@localhost:5432/app",
        "postgres://user:password@example.com/db",
        "redis://default:secret@redis:6379",
        "https://user:pass@proxy",
        "-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----",
        "if !pem.starts_with(\"-----BEGIN PRIVATE KEY-----\") { return Err(()) }",
        "github.com/user/repo@v1.2.3:path",
        "\"integrity\": \"sha512-z2Yz7jIbU0iTHbKVYbKlB1VTUI0Ylh7ZDXNUGyKeyYYwVXmS0Ylh7ZDXN==\"",
        "token = \"550e8400-e29b-41d4-a716-446655440000\"",
        "const PKCS12_PASSWORD: &str = \"pkcs12-password\";",
        "/// - {id: jwt}: eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzZWF3b3J0aHkifQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "password_reset_token_ttl = \"15m0s24h48\"",
        "PublicKey = \"abcdEFGH1234abcdEFGH5678\"",
        "SJKQHWEKJHQWKEJHQWKJEHQWKJEHQWKJEHQWKJEHQWKJEHQWKJEHQWKE",
    ] {
        assert_eq!(rules(text), Vec::<String>::new(), "{text}");
    }
}

fn found(facts: &SecretsFacts) -> Vec<&SecretFinding> {
    items(&facts.found).iter().collect()
}

#[test]
fn tells_file_and_line_and_never_the_secret() {
    let key = format!("AKIA{}", odd(16, BASE32));
    let repository = repository(&[
        ("src/app.js", &format!("// one\nconst key = '{key}';\n")),
        ("src/other.js", &format!("'{key}'")),
    ]);
    let facts = look(repository.path());
    let found = found(&facts.secrets);
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!((found[0].path.as_str(), found[0].line, found[0].commit.as_ref()), ("src/app.js", 2, None));
    assert!(found.iter().all(|finding| finding.secret == 1 && finding.excuse.is_none()));
    assert!(!json(&facts).to_string().contains(&key));
    assert_eq!(found[0].by_hand, "sed -n 2p src/app.js");
}

#[test]
fn finds_a_secret_that_was_taken_out_again() {
    let key = format!("ghp_{}", odd(36, ALPHANUMERIC));
    let repository = repository(&[("README.md", "shop")]);
    let root = repository.path();
    write(root, &[("deep/er/config.yml", &format!("a: 1\ngithub: {key}\n"))]);
    commit(root, "with");
    let with = git(root, &["rev-parse", "HEAD"]);
    std::fs::remove_file(root.join("deep/er/config.yml")).unwrap();
    commit(root, "without");
    for packed in [false, true] {
        if packed {
            git(root, &["gc", "-q"]);
        }
        let facts = look(root);
        let [one] = items(&facts.secrets.found) else { panic!("{:?}", facts.secrets.found) };
        assert_eq!(
            (one.path.as_str(), one.line, one.commit.as_deref()),
            ("deep/er/config.yml", 2, Some(with.as_str()))
        );
        assert_eq!(one.committed_on.as_deref(), Some("2026-03-01"));
        assert_eq!(one.by_hand, format!("git show {with}:./deep/er/config.yml | sed -n 2p"));
        assert_eq!(facts.secrets.commits_count.value(), Some(&3));
    }
    // What no reference reaches is nobody's history.
    git(root, &["checkout", "-q", "--orphan", "fresh"]);
    git(root, &["commit", "-q", "-m", "fresh"]);
    git(root, &["branch", "-q", "-D", "main"]);
    assert_eq!(items(&look(root).secrets.found).len(), 0);
}

#[test]
fn a_directory_of_a_larger_repository_has_its_own_history() {
    let (ours, theirs) = (format!("AKIA{}", odd(16, BASE32)), format!("ghp_{}", odd(36, ALPHANUMERIC)));
    let repository = repository(&[
        ("shop/src/app.js", &format!("const key = '{ours}';\n")),
        ("other/app.js", &format!("const key = '{theirs}';\n")),
        // The same content as a file of the other's: it is ours as well.
        ("other/copy.js", &format!("const key = '{ours}';\n")),
    ]);
    let root = repository.path();
    write(root, &[("shop/src/app.js", "none\n"), ("other/app.js", "none\n"), ("other/copy.js", "none\n")]);
    commit(root, "taken out");
    for (directory, expected) in [("shop", "src/app.js"), ("shop/src", "app.js")] {
        let facts = look(&root.join(directory));
        let [one] = items(&facts.secrets.found) else { panic!("{:?}", facts.secrets.found) };
        assert_eq!(one.path, expected);
        assert!(one.commit.is_some() && one.by_hand.contains(&format!(":./{expected}")), "{one:?}");
        assert_eq!(facts.secrets.commits_count.value(), Some(&2));
    }
    assert_eq!(items(&look(root).secrets.found).len(), 2);
}

#[test]
fn what_is_marked_in_the_present_files_is_excused_in_the_history() {
    let (made_up, real) = (format!("AKIA{}", odd(16, BASE32)), format!("ghp_{}", odd(36, ALPHANUMERIC)));
    let repository =
        repository(&[("src/app.js", &format!("const key = '{made_up}';\nconst other = '{real}';\n"))]);
    let root = repository.path();
    write(root, &[("src/app.js", &format!("const key = '{made_up}'; // seaworthy:allow-secret made up\n"))]);
    commit(root, "marked");
    let facts = look(root);
    let counting: Vec<_> =
        found(&facts.secrets).into_iter().filter(|finding| finding.excuse.is_none()).collect();
    assert!(matches!(counting[..], [one] if one.line == 2 && one.commit.is_some()), "{counting:?}");
    assert_eq!(facts.secrets.excused_count.value(), Some(&3));
}

#[test]
fn finds_secrets_in_messages_of_commits_and_tags() {
    let key = format!("glpat-{}", odd(20, ALPHANUMERIC));
    let repository = repository(&[("README.md", "shop")]);
    commit(repository.path(), &format!("use {key}"));
    git(repository.path(), &["tag", "-a", "v1", "-m", &format!("with {key}")]);
    let facts = look(repository.path());
    let mut paths: Vec<&str> = found(&facts.secrets).iter().map(|finding| finding.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["(commit message)", "(tag message)"]);
}

#[test]
fn excuses_are_counted_and_take_a_reason() {
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n", odd(64, ALPHANUMERIC), odd(64, "zyxwvu9876ZYXWVU"));
    let live = format!("sk_live_{}", odd(24, ALPHANUMERIC));
    let repository = repository(&[
        ("tests/key.pem", &key),
        ("tests/live.txt", &live),
        ("src/a.rs", &format!("let a = \"{live}\"; // seaworthy:allow-secret revoked in March\n")),
        ("src/b.rs", &format!("let a = \"{live}\"; // seaworthy:allow-secret\n")),
    ]);
    let facts = look(repository.path());
    let excused: Vec<(&str, bool)> = found(&facts.secrets)
        .iter()
        .filter(|finding| finding.commit.is_none())
        .map(|finding| (finding.path.as_str(), finding.excuse.is_some()))
        .collect();
    assert_eq!(
        excused,
        [("src/b.rs", false), ("tests/live.txt", false), ("src/a.rs", true), ("tests/key.pem", true)]
    );
    // In the history the mark counts for the value wherever it stood.
    assert_eq!(facts.secrets.excused_count.value(), Some(&6));
}

#[test]
fn code_of_tests_and_settings_without_quotes_are_told_apart() {
    let key =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n", odd(64, ALPHANUMERIC), odd(64, "zyxwvu9876ZYXWVU"));
    let bare = odd(24, ALPHANUMERIC);
    let rust = format!(
        "const A_TOKEN: u64 = 0x12ab34cd56ef78;\nfn a() {{}}\n#[cfg(all(test, unix))]\nmod tests {{\n const K: &str = \"{key}\";\n}}\n"
    );
    let repository = repository(&[
        ("src/lib.rs", &rust),
        ("config.yml", &format!("api_token: {bare}\n")),
        ("src/x.py", &format!("api_token = {bare}\n")),
    ]);
    let facts = look(repository.path());
    let told: Vec<_> = found(&facts.secrets)
        .iter()
        .filter(|finding| finding.commit.is_none())
        .map(|finding| (finding.path.as_str(), finding.excuse.is_some()))
        .collect();
    assert_eq!(told, [("config.yml", false), ("src/lib.rs", true)]);
    assert_eq!(found(&facts.secrets).len(), 4);
}

#[test]
fn finds_a_value_of_an_untracked_environment_file_in_the_code() {
    let value = odd(24, "abcdefghijkmnopqrstuvwxyz0123456789");
    let repository = repository(&[
        (".gitignore", ".env*\n"),
        ("src/app.py", &format!("connect('x-{value}')\nconnect('{value}')\n")),
    ]);
    write(repository.path(), &[(".env.production", &format!("SMTP_PASSWORD={value}\n"))]);
    let facts = look(repository.path());
    let in_tree: Vec<_> =
        found(&facts.secrets).into_iter().filter(|finding| finding.commit.is_none()).collect();
    assert_eq!(in_tree.len(), 2);
    assert_eq!(in_tree[0].rule, "live-value");
    assert_eq!(in_tree[0].what, "the value of SMTP_PASSWORD in .env.production");
    assert!(!json(&facts).to_string().contains(&value));
}

#[test]
fn an_environment_file_that_git_tracks_is_found_whatever_its_values_look_like() {
    let repository = repository(&[
        (".env.production", "SESSION_SECRET=correcthorsebattery\nNAME=shop\nAPI_TOKEN=${TOKEN}\n"),
        (".env.example", "SESSION_SECRET=correcthorse\n"),
    ]);
    let facts = look(repository.path());
    let [one] = found(&facts.secrets)[..] else { panic!() };
    assert_eq!((one.rule.as_str(), one.line), ("env-file", 1));
}

#[test]
fn without_a_git_directory_the_history_is_not_said_to_be_clean() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &[("a.txt", "nothing")]);
    let facts = look(directory.path());
    assert_eq!(cut(&facts.secrets.found), Some("there is no git directory, so the history was not read"));
    assert!(facts.secrets.commits_count.value().is_none());
}

#[test]
fn a_shallow_clone_is_not_said_to_be_clean() {
    let origin = repository(&[("a.txt", "one")]);
    commit(origin.path(), "two");
    let beside = tempfile::tempdir().unwrap();
    git(
        beside.path(),
        &["clone", "-q", "--depth", "1", &format!("file://{}", origin.path().display()), "shallow"],
    );
    let facts = look(&beside.path().join("shallow"));
    assert!(cut(&facts.secrets.found).unwrap().contains("shallow"));
}

#[test]
fn a_missing_object_is_told() {
    let repository = repository(&[("a.txt", "one")]);
    let blob = git(repository.path(), &["rev-parse", "HEAD:a.txt"]);
    std::fs::remove_file(repository.path().join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    let facts = look(repository.path());
    assert!(cut(&facts.secrets.found).unwrap().contains("1 objects of the history are missing"));
}
