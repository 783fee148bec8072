use std::fs;

use seaworthy_core::facts::{Blind, Seen};
use seaworthy_core::manifest::DocumentKind;

use super::facts::{DocumentFacts, Topic};
use super::look;

fn looked(files: &[(&str, &[u8])], path: &str) -> Seen<DocumentFacts> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let base = root.path().to_owned();
    match look(&base, [(DocumentKind::Runbook, path.to_owned())]) {
        Seen::Seen { value, .. } => value.items.into_iter().next().unwrap(),
        Seen::Unseen(why) => Seen::Unseen(why),
    }
}

fn read(text: &str) -> DocumentFacts {
    let files: [(&str, &[u8]); 2] =
        [("docs/a.md", text.as_bytes()), ("docs/b.md", b"# One\n\n## Two words\n")];
    match looked(&files, "docs/a.md") {
        Seen::Seen { value, .. } => value,
        Seen::Unseen(why) => panic!("{why:?}"),
    }
}

#[test]
fn sections_have_the_words_below_them() {
    let facts = read(
        "# Shop\n\nIntro words.\n\n## Access\n\nUse `ssh shop` and then the dashboard at work.\n\n### Deep\n\nMore.\n\n## Maintenance\n",
    );
    let sections: Vec<_> = facts
        .sections
        .items
        .iter()
        .map(|section| (section.title.as_str(), section.line, section.words_count))
        .collect();
    assert_eq!(sections, [("Shop", 1, 12), ("Access", 5, 10), ("Deep", 9, 1), ("Maintenance", 13, 0)]);
    assert_eq!(facts.covers, [Topic::Access]);
}

#[test]
fn the_title_of_the_whole_covers_nothing() {
    assert_eq!(
        read("# Breach notification: when to notify the authority\n\nMany words stand here.\n").covers,
        []
    );
    let appended = read(
        "# Breach: when to notify\n\n## Owner\n\nThree words here.\n\n# Appendix\n\nThree words here.\n",
    );
    assert_eq!(appended.covers, [Topic::Owner]);
    let two = read("# Severity\n\nThree words here.\n\n# Roles\n\nThree words here.\n");
    assert_eq!(two.covers, [Topic::Roles, Topic::Severity]);
}

#[test]
fn what_was_to_be_replaced_is_found_in_prose_alone() {
    let facts = read(
        "# Runbook: [Service Name]\n\nTODO: ask [Team Lead], see [the list](b.md).\n\n- [ ] done\n\n`kubectl logs <pod>`\n\n```\nssh {{ host }} # TODO\n```\n\nIt writes [ERROR] then. Ask <Your Team> or the [service owner].\n\n<Your Name>\n",
    );
    let texts: Vec<_> =
        facts.placeholders.items.iter().map(|found| (found.text.as_str(), found.line)).collect();
    assert_eq!(
        texts,
        [
            ("[Service Name]", 1),
            ("TODO", 3),
            ("[Team Lead]", 3),
            ("<Your Team>", 13),
            ("[service owner]", 13),
            ("<Your Name>", 15)
        ]
    );
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let facts = read(
        "# A b\n\n[1](b.md) [2](#a-b) [3](b.md#two-words) [4](/docs/b.md) [5](c.md) [6](#c) [7](b.md#x) [8](../../etc/passwd) [9](https://example.com/) [10](//example.com) <ana@example.com> [11](mailto:security@example.com?subject=x)\n",
    );
    let told: Vec<_> =
        facts.links.items.iter().map(|link| (link.inside, link.resolves.value().copied())).collect();
    let inside = |resolves| (true, Some(resolves));
    assert_eq!(
        told,
        [
            inside(true),
            inside(true),
            inside(true),
            inside(true),
            inside(false),
            inside(false),
            inside(false),
            inside(false),
            (false, None),
            (false, None)
        ]
    );
    let outside =
        read("[1](https://ana:winter@example.com/a?token=winter#b) [2](tel:5) [3](//u:winter@example.com)\n");
    let targets: Vec<_> = outside.links.items.iter().map(|link| link.target.as_str()).collect();
    assert_eq!(targets, ["https://example.com/a", "tel:5", "//example.com"]);
    let addresses: Vec<_> =
        facts.addresses.items.iter().map(|one| (one.address.as_str(), one.shared)).collect();
    assert_eq!(addresses, [("ana@example.com", false), ("security@example.com", true)]);
}

#[test]
fn a_document_that_is_gone_is_absent_and_one_that_cannot_be_read_is_unseen() {
    let gone = looked(&[("docs/b.md", b"x")], "docs/a.md");
    assert!(gone.value().is_some_and(|facts| !facts.present && facts.sha256.is_empty()));
    let kind = |seen: Seen<DocumentFacts>| seen.reason().map(|why| why.kind);
    assert_eq!(kind(looked(&[("b.md", b"x")], "docs/a.md")), Some(Blind::Unreachable));
    assert_eq!(kind(looked(&[("docs/a.md", b"\xff\xfe")], "docs/a.md")), Some(Blind::Garbled));
    assert_eq!(kind(looked(&[("docs/a.md", &vec![b'a'; 300_000])], "docs/a.md")), Some(Blind::CutShort));
}

#[test]
fn hostile_documents_end() {
    for text in [
        ">".repeat(50_000),
        "[".repeat(50_000),
        "- ".repeat(20_000),
        "*a ".repeat(30_000),
        "#".repeat(50_000),
        "<".repeat(50_000),
        format!("{}\u{202e}\u{7}", "[A](b) ".repeat(5_000)),
    ] {
        let begun = std::time::Instant::now();
        let facts = read(&text);
        assert!(begun.elapsed().as_secs() < 10, "{}", &text[..9]);
        assert!(facts.links.items.len() <= 500);
    }
}

#[tokio::test]
async fn what_never_gives_a_byte_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    nix::unistd::mkfifo(&root.path().join("a.md"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let base = root.path().to_owned();
    let looked = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        tokio::task::spawn_blocking(move || look(&base, [(DocumentKind::Runbook, "a.md".to_owned())])),
    );
    let documents = looked.await.expect("in time").expect("whole");
    assert!(documents.value().is_some_and(|all| all.items[0].value().is_none_or(|facts| !facts.present)));
}
