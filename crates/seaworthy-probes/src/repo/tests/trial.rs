//! On a real PostgreSQL, where there is one.

use std::path::Path;
use std::time::{Duration, Instant};

use seaworthy_core::facts::Seen;
use seaworthy_core::limits::Limits;

use super::{repository, target};

/// What became of each migration: `same`, `fails …`, `differs …`, `-` without a way back, `? …` untried.
async fn tried_within(files: &[(&str, &str)], within: Duration) -> Vec<String> {
    let repository = repository(files);
    let mut target = target(repository.path());
    target.drilling = Ok(());
    let limits = Limits { deadline: within, ..Default::default() };
    let Seen::Seen { value: facts, .. } = crate::repo::look(&target, &limits).await else { panic!() };
    let entries = facts.migrations.entries.value().unwrap().items.clone();
    entries
        .into_iter()
        .map(|migration| match migration.trial {
            Seen::Unseen(why) => format!("? {}", why.why),
            Seen::Seen { value: None, .. } => "-".to_owned(),
            Seen::Seen { value: Some(trial), .. } => match (trial.failed, trial.difference) {
                (Some(code), _) => format!("fails {code}"),
                (None, Some(line)) => format!("differs {line}"),
                (None, None) => "same".to_owned(),
            },
        })
        .collect()
}

async fn tried(files: &[(&str, &str)]) -> Vec<String> {
    tried_within(files, Duration::from_mins(1)).await
}

async fn installed() -> bool {
    let seen =
        tried(&[("migrations/1_a.up.sql", "SELECT 1;"), ("migrations/1_a.down.sql", "SELECT 2;")]).await;
    let there = !seen.iter().any(|one| one.contains("there is no PostgreSQL"));
    if !there {
        eprintln!("skipped: PostgreSQL's server is not installed");
    }
    there
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_leads_back_or_it_shows() {
    if !installed().await {
        return;
    }
    let seen = tried(&[
        ("migrations/1_links.up.sql", "CREATE TABLE links (id bigint PRIMARY KEY, note text, target text);"),
        ("migrations/1_links.down.sql", "DROP TABLE links;"),
        ("migrations/2_index.up.sql", "CREATE INDEX by_target ON links (target);"),
        ("migrations/2_index.down.sql", "SELECT 2;"),
        ("migrations/3_note.up.sql", "ALTER TABLE links DROP COLUMN note;"),
        ("migrations/3_note.down.sql", "ALTER TABLE links ADD COLUMN note text;"),
        ("migrations/4_late.up.sql", "ALTER TABLE links ADD COLUMN late date;"),
        ("migrations/4_late.down.sql", "ALTER TABLE link DROP COLUMN late;"),
        ("migrations/9_open.up.sql", "CREATE TABLE open (id int);"),
        ("migrations/9_open.down.sql", "BEGIN; DROP TABLE open;"),
        ("migrations/10_only.up.sql", "CREATE TABLE only (id int);"),
    ])
    .await;
    // In the order of their files.
    assert_eq!(seen[0], "-");
    assert_eq!(seen[1], "same");
    assert_eq!(seen[2], "differs + CREATE INDEX by_target ON public.links USING btree (target);");
    assert_eq!(seen[3], "same");
    assert!(seen[4].starts_with("fails 42P01"), "{seen:?}");
    assert_eq!(seen[5], "fails it leaves its transaction open");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trial_cannot_do_says_nothing_of_the_way_back() {
    if !installed().await {
        return;
    }
    let down = ("migrations/1_a.down.sql", "DROP TABLE a;");
    for (up, why) in [
        ("CREATE TABLE a (id int); GRANT SELECT ON a TO nobody_here;", "does not apply to an empty database"),
        ("CREATE EXTENSION seaworthy_has_none;", "does not apply to an empty database"),
        ("CREATE TABLE a (id int); COPY a FROM PROGRAM 'id';", "does not apply to an empty database"),
        ("BEGIN; CREATE TABLE a (id int);", "leaves its transaction open"),
        ("ALTER TABLE not_there ADD COLUMN x int;", "does not apply to an empty database"),
        (
            "CREATE TABLE a (id int); \\! touch /tmp/seaworthy-was-here\n",
            "does not apply to an empty database",
        ),
    ] {
        let seen = tried(&[("migrations/1_a.up.sql", up), down]).await;
        assert!(seen[0].starts_with("? ") && seen[0].contains(why), "{up}: {seen:?}");
    }
    assert!(!Path::new("/tmp/seaworthy-was-here").exists());
    let rights = tried(&[
        ("migrations/1_a.up.sql", "CREATE TABLE a (id int);"),
        ("migrations/1_a.down.sql", "DROP TABLE a; CREATE ROLE more;"),
    ])
    .await;
    assert!(rights[0].contains("wants more than a trial gives"), "{rights:?}");
    let rails =
        tried(&[("db/migrate/1_a.rb", "class A\n  def change\n    create_table :a\n  end\nend\n")]).await;
    assert!(rails[0].contains("is not run"), "{rails:?}");
    let same = tried(&[
        ("migrations/1_a.up.sql", "CREATE TABLE a (id int);"),
        ("migrations/1_b.up.sql", "CREATE TABLE b (id int);"),
        down,
    ])
    .await;
    assert!(same.iter().any(|one| one.contains("in which order")), "{same:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_does_not_end_is_ended() {
    if !installed().await {
        return;
    }
    let busy = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$;";
    let began = Instant::now();
    let seen = tried_within(
        &[("migrations/1_a.up.sql", busy), ("migrations/1_a.down.sql", "SELECT 2;")],
        Duration::from_secs(8),
    )
    .await;
    assert!(seen[0].contains("the time was over"), "{seen:?}");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    let full = "CREATE TABLE a (x text); INSERT INTO a SELECT repeat(md5(random()::text), 1000) FROM generate_series(1, 10000000);";
    let seen = tried(&[("migrations/1_a.up.sql", full), ("migrations/1_a.down.sql", "DROP TABLE a;")]).await;
    assert!(seen[0].starts_with("? "), "{seen:?}");
}
