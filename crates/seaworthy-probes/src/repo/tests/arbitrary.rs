//! Whatever bytes a repository holds, reading them neither stops nor goes on for ever.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::{look, write};
use crate::repo::git::object::{Format, TreeEntries, commit, tag_target};
use crate::repo::git::{delta, index, inflate};
use crate::repo::leftovers;
use crate::repo::role::{Role, language, role};
use crate::repo::secrets::Searcher;
use crate::repo::settings::env_file::EnvFile;
use crate::repo::stack::uses;

static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| Searcher::new(Vec::new()));

/// Bytes in which the pieces that parsers look for are frequent.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<Vec<u8>>().prop_map(|bytes| bytes.into_iter().take(20).collect()),
        6 => prop::sample::select(vec![
            "password", "=", "\"", "'", "`", "${", "}", "{", "/*", "*/", "//", "#", "\n", "://", ":", "@", "eyJ", ".", "AKIA", "S",
            "-----BEGIN PRIVATE KEY-----", "console.log(", "dbg!(", "#[test]", "\"\"\"", "r#\"", "\\", "<<EOF", "FROM ", "USER ",
            "## 1.2.3 - 2026-01-01", "- x", "DIRC", "\0", "[[package]]", "<testsuite>", "<testcase/>", "\u{202e}", "é", "postgres",
        ])
        .prop_map(|piece: &str| piece.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn secrets_and_uses(text in text()) {
        let scan = SEARCHER.search(&text);
        let lines = crate::repo::lines::newlines(&text) + 1;
        prop_assert!(scan.hits.iter().all(|hit| (1..=lines).contains(&hit.line)));
        let _ = uses::told(Path::new("compose.yaml"), Role::Production, &text);
    }

    #[test]
    fn leftovers_stay_on_their_lines(text in text()) {
        let lines = crate::repo::lines::newlines(&text) + 1;
        for language in ["javascript", "rust", "python", "ruby", "php", "go", "java"] {
            for role in [Role::Production, Role::Test] {
                let found = leftovers::find(language, role, &text);
                prop_assert!(found.iter().all(|found| (1..=lines).contains(&found.line)));
            }
        }
        let _ = leftovers::rust_test_lines(&text);
    }

    #[test]
    fn git_objects(text in text(), base in text(), size in 0_usize..10_000) {
        let _ = delta::apply(&base, &text, 10_000);
        let _ = inflate::exactly(&text, size);
        for format in [Format::Sha1, Format::Sha256] {
            let _ = (index::tracked(format, &text, 1_000), commit(format, &text), tag_target(format, &text));
            prop_assert!(TreeEntries::new(format, &text).count() <= text.len());
            let mut whole = b"DIRC\0\0\0\x02\0\0\0\x01".to_vec();
            whole.extend(&text);
            let _ = index::tracked(format, &whole, 1_000);
        }
    }

    #[test]
    fn environment_files(text in text()) {
        let file = EnvFile::parse("deploy/.env.production".into(), Some(false), 0o600, &String::from_utf8_lossy(&text));
        prop_assert!(file.entries.iter().all(|entry| !entry.name.is_empty() && entry.line > 0));
    }

    #[test]
    fn paths(path in "[a-zA-Z0-9./_-]{0,40}") {
        let _ = (role(Path::new(&path)), language(Path::new(&path)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whole_repositories(texts in prop::collection::vec(text(), 14)) {
        let names = [
            "Dockerfile", "compose.yaml", ".github/workflows/a.yml", ".gitlab-ci.yml", "package.json", "package-lock.json", "Cargo.lock",
            "CHANGELOG.md", "migrations/1_a.up.sql", "db/migrate/a.rb", "alembic/versions/a.py", "deploy/a.service", "yarn.lock", "deny.toml",
        ];
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in names.iter().zip(&texts) {
            write(directory.path(), &[(name, "")]);
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let facts = look(directory.path());
        prop_assert_eq!(facts.files.read_count, 14);
    }
}
