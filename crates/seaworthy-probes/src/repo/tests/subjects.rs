//! What is detected and read of each subject.

use super::{commit, cut, git, items, look, repository, write};
use crate::repo::Detected;

#[test]
fn says_that_a_store_is_not_used_only_when_no_word_of_it_is_there() {
    let none = repository(&[("src/main.go", "package main\n"), ("go.mod", "module shop\n")]);
    let facts = look(none.path());
    assert!(!facts.stack.uses_postgres.value().unwrap().used);
    assert!(!facts.stack.uses_redis.value().unwrap().used);
    for (path, line) in [
        ("compose.yaml", "services:\n  db:\n    image: postgres:16\n"),
        ("package.json", "{\"dependencies\": {\n\"pg\": \"8\"}}"),
        ("Cargo.toml", "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n"),
        ("requirements.txt", "psycopg2-binary==2.9\n"),
        ("go.mod", "require github.com/jackc/pgx/v5 v5.5.0\n"),
        ("Gemfile", "gem \"pg\"\n"),
        (".env.example", "DATABASE_URL=postgres://localhost/shop\n"),
        ("src/db.ts", "const url = 'postgresql://db/shop';\n"),
        ("prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n"),
    ] {
        let repository = repository(&[(path, line)]);
        let facts = look(repository.path());
        let seen = facts
            .stack
            .uses_postgres
            .value()
            .unwrap_or_else(|| panic!("{path}: {:?}", facts.stack.uses_postgres));
        assert!(seen.used && seen.because[0].starts_with(path), "{path}: {seen:?}");
    }
    for weak in ["-- like postgres\n", "# see libpq\n"] {
        assert!(look(repository(&[("src/notes.lua", weak)]).path()).stack.uses_postgres.value().is_none());
    }
}

#[test]
fn finds_the_entry_of_the_version() {
    let changelog = "# Changelog\n\n## [Unreleased]\n- soon\n\n## [1.2.0] - 2026-02-03\n### Added\n- a\n- b\n\n## 1.1.0 (March 1, 2026)\ntext\n\n1.0.0\n-----\n* c\n";
    let repository = repository(&[
        ("CHANGELOG.md", changelog),
        ("package.json", "{\n \"name\": \"shop\",\n \"version\": \"1.1.0\"\n}"),
    ]);
    let current = |root: &std::path::Path| {
        look(root).changelog.value().unwrap().as_ref().unwrap().current.value().unwrap().clone()
    };
    let entry = current(repository.path()).unwrap();
    assert_eq!(
        (entry.version.as_str(), entry.date.as_deref(), entry.line, entry.changes_count),
        ("1.1.0", Some("2026-03-01"), 11, 1)
    );
    git(repository.path(), &["tag", "v1.2.0"]);
    let entry = current(repository.path()).unwrap();
    assert_eq!((entry.date.as_deref(), entry.changes_count), (Some("2026-02-03"), 2));
    git(repository.path(), &["tag", "-a", "v1.3.0", "-m", "x"]);
    assert_eq!(current(repository.path()), None);
    let versions: Vec<_> = look(repository.path())
        .changelog
        .value()
        .unwrap()
        .as_ref()
        .unwrap()
        .entries
        .items
        .iter()
        .map(|entry| entry.version.clone())
        .collect();
    assert_eq!(versions, ["1.2.0", "1.1.0", "1.0.0"]);
}

#[test]
fn tells_which_migrations_lead_back() {
    let repository = repository(&[
        ("migrations/0001_a.up.sql", "CREATE TABLE a();"),
        ("migrations/0001_a.down.sql", "DROP TABLE a;"),
        ("migrations/0002_b.up.sql", "CREATE TABLE b();"),
        ("migrations/0002_b.down.sql", "-- nothing\n"),
        (
            "migrations/0003_c.up.sql",
            "-- irreversible: the column's content is gone\n-- forward-fix: restore it from the export of the day\nALTER TABLE a DROP COLUMN b;",
        ),
        ("goose/migrations/1_x.sql", "-- +goose Up\nCREATE TABLE x();\n-- +goose Down\nDROP TABLE x;\n"),
        ("db/migrate/2020_y.rb", "class Y\n  def change\n    create_table :y\n  end\nend\n"),
        ("alembic/versions/z.py", "def upgrade():\n    op.x()\n\ndef downgrade():\n    pass\n"),
        (
            "knex/migrations/1_k.js",
            "exports.up = function (k) { return k.x(); };\nexports.down = function (k) { return k.y(); };\n",
        ),
        (
            "django/migrations/0001_d.py",
            "class Migration(migrations.Migration):\n    operations = [migrations.RunPython(forward)]\n",
        ),
    ]);
    let facts = look(repository.path());
    let told: Vec<(&str, &str, bool, bool)> = items(&facts.migrations.entries)
        .iter()
        .map(|migration| {
            (
                migration.tool.as_str(),
                migration.name.as_str(),
                migration.way_back.value().unwrap().is_some(),
                migration.forward_fix.is_some() && migration.irreversible.is_some(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("alembic", "z", false, false),
            ("rails", "2020_y", true, false),
            ("django", "0001_d", false, false),
            ("goose", "1_x", true, false),
            ("script", "1_k", true, false),
            ("up-down-sql", "0001_a", true, false),
            ("up-down-sql", "0002_b", false, false),
            ("up-down-sql", "0003_c", false, true),
        ]
    );
}

#[test]
fn leftovers_are_statements_and_not_words() {
    let script = "// console.log(1)\nconst a = 'console.log(2)';\nconsole.log(3);\nconst b = `console.log(4) ${console.log(5)}`;\n/* debugger; */\ndebugger;\nconst r = /console.log(6)/;\nconsole.error('kept');\nconsole.log(7); // eslint-disable-line no-console\nlogger.debugger = 1;\n";
    let rust = "fn main() {\n    let s = r#\"dbg!(1)\"#;\n    dbg!(2);\n    let c: char = '\"'; // dbg!(3)\n    todo!(\"x\");\n}\n#[cfg(test)]\nmod tests { fn t() { dbg!(4); } }\n";
    let python = "\"\"\"breakpoint()\"\"\"\nimport pdb; pdb.set_trace()\n# breakpoint()\n";
    let go = "package main\nfunc (t *T) println(s string) {}\nfunc print(s string) {}\nfunc main() {\n\tprint(1)\n\tprintln(2)\n\tdefer println(3)\n\tif x { print(4) }\n\tfmt.Println(5)\n\tt.println(6)\n\tblueprint(7)\n}\n";
    let repository = repository(&[
        ("cmd/main.go", go),
        ("src/app.js", script),
        ("src/main.rs", rust),
        ("src/app.py", python),
        ("tests/app.test.js", "console.log(1);\nit.only('x', () => {});\n"),
        ("scripts/tool.js", "console.log(1);\n"),
        ("vendor/lib.js", "console.log(1);\n"),
    ]);
    let facts = look(repository.path());
    let told: Vec<(&str, u64, &str, bool)> = items(&facts.leftovers.found)
        .iter()
        .map(|found| (found.path.as_str(), found.line, found.rule.as_str(), found.excuse.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            ("cmd/main.go", 5, "builtin-println", false),
            ("cmd/main.go", 6, "builtin-println", false),
            ("cmd/main.go", 7, "builtin-println", false),
            ("cmd/main.go", 8, "builtin-println", false),
            ("src/app.js", 3, "console-log", false),
            ("src/app.js", 4, "console-log", false),
            ("src/app.js", 6, "debugger-statement", false),
            ("src/app.js", 9, "console-log", true),
            ("src/app.py", 2, "pdb", false),
            ("src/main.rs", 3, "dbg-macro", false),
            ("tests/app.test.js", 2, "focused-test", false),
        ]
    );
    assert_eq!(facts.leftovers.files_count.value(), Some(&4));
}

#[test]
fn measures_secrets_of_deployed_environments_and_tells_no_value() {
    let strong = "k3JQ9vX7sLmT2bNc8RfWz1YpHd6GaEu4";
    let files = format!(
        "NODE_ENV=production\nJWT_SECRET={strong}\nSESSION_SECRET=hunter2\nCOOKIE_SECRET={strong}\nSMTP_PASSWORD=changeme\nAPI_URL=http://localhost:3000\nDATABASE_URL=postgres://shop:{strong}x@db.internal/shop\nDEBUG=true\n"
    );
    let repository = repository(&[
        (".gitignore", ".env*\n!.env.example\n"),
        (".env.example", "JWT_SECRET=\nSTRIPE_KEY=sk_test_1\n"),
    ]);
    write(
        repository.path(),
        &[(".env.production", &files), (".env.local", &format!("JWT_SECRET={strong}\n"))],
    );
    let facts = look(repository.path());
    let live: Vec<_> = items(&facts.settings.live)
        .iter()
        .map(|secret| {
            (
                secret.name.as_str(),
                secret.signing,
                *secret.length_chars.value().unwrap(),
                *secret.default_value.value().unwrap(),
                secret.same_as.len(),
                secret.shared_with.len(),
            )
        })
        .collect();
    assert_eq!(
        live,
        [
            ("JWT_SECRET", true, 32, false, 1, 1),
            ("SESSION_SECRET", true, 7, true, 0, 0),
            ("COOKIE_SECRET", true, 32, false, 1, 1),
            ("SMTP_PASSWORD", false, 8, true, 0, 0),
            ("DATABASE_URL", false, 33, false, 0, 0),
        ]
    );
    assert!(items(&facts.settings.live)[0].entropy_bits.value().unwrap() >= &128);
    assert!(items(&facts.settings.live)[1].entropy_bits.value().unwrap() < &40);
    let out: Vec<_> = items(&facts.settings.out_of_place)
        .iter()
        .map(|place| (place.name.as_str(), place.what.as_str()))
        .collect();
    assert_eq!(out, [("API_URL", "an address of this machine"), ("DEBUG", "a debug switch")]);
    assert!(!super::json(&facts).to_string().contains(strong));
    let file = &items(&facts.settings.env_files).iter().find(|file| file.path == ".env.production").unwrap();
    assert_eq!(
        (file.environment.as_deref(), file.tracked.value(), file.others_may_read),
        (Some("production"), Some(&false), true)
    );
}

#[test]
fn literals_and_sources_of_deployments() {
    let repository = repository(&[
        (
            "compose.yaml",
            "services:\n  shop:\n    image: shop\n    env_file: .env\n    environment:\n      SESSION_SECRET: f00bA7baz9qux1\n      LOG: info\n      DB_PASSWORD: ${DB_PASSWORD}\n",
        ),
        (
            "Dockerfile",
            "FROM node:22 AS build\nRUN <<EOF\nUSER nobody\nEOF\nFROM gcr.io/distroless/nodejs\nENV API_TOKEN=q7RtZ2mKx9Lw \\\n  LOG=info\nUSER 10001\nHEALTHCHECK CMD true\n",
        ),
        (
            "deploy/shop.service",
            "[Service]\nEnvironment=\"SMTP_PASSWORD=q7RtZ2mKx9Lw\" LOG=info\nEnvironmentFile=/etc/shop/env\n",
        ),
        (
            "k8s/shop.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - env:\n            - name: JWT_SECRET\n              value: q7RtZ2mKx9Lw\n            - name: OTHER\n              valueFrom: {secretKeyRef: {name: a, key: b}}\n",
        ),
    ]);
    let facts = look(repository.path());
    let literals: Vec<_> = items(&facts.settings.literals)
        .iter()
        .map(|literal| (literal.kind.as_str(), literal.name.as_str(), literal.line))
        .collect();
    assert_eq!(
        literals,
        [
            ("compose", "SESSION_SECRET", 6),
            ("dockerfile", "API_TOKEN", 6),
            ("unit", "SMTP_PASSWORD", 2),
            ("cluster", "JWT_SECRET", 8)
        ]
    );
    let sources: Vec<_> = items(&facts.settings.sources)
        .iter()
        .map(|source| (source.kind.as_str(), source.path.as_str()))
        .collect();
    assert_eq!(
        sources,
        [
            ("cluster-secret", "k8s/shop.yaml"),
            ("environment-file", "compose.yaml"),
            ("environment-file", "deploy/shop.service")
        ]
    );
    let docker = &items(&facts.stack.dockerfiles)[0];
    assert_eq!(
        (docker.user.as_deref(), docker.healthcheck_stated, docker.base_images.len()),
        (Some("10001"), true, 2)
    );
}

#[test]
fn looks_at_a_directory_inside_of_a_repository() {
    let repository = repository(&[("services/shop/a.txt", "x"), ("services/other/b.txt", "y")]);
    commit(repository.path(), "two");
    let facts = look(&repository.path().join("services/shop"));
    assert_eq!(facts.files.read_count, 1);
    assert_eq!(facts.git.value().unwrap().as_ref().unwrap().tracked_count.value(), Some(&1));
    assert_eq!(facts.secrets.commits_count.value(), Some(&2));
}

#[test]
fn detects_enough_for_a_first_manifest() {
    let repository = repository(&[
        (
            "package.json",
            "{\"name\": \"shop\", \"version\": \"1.0.0\", \"dependencies\": {\n\"pg\": \"8\",\n\"ioredis\": \"5\"}}",
        ),
        ("openapi.yaml", "openapi: 3.1.0\ninfo: {title: shop, version: '1'}\npaths: {/: {}}\n"),
        (".env.example", "DATABASE_URL=\nREDIS_URL=\n"),
        ("src/app.ts", "export {}\n"),
        ("Dockerfile", "FROM node:22\n"),
    ]);
    let detected = Detected::of(&look(repository.path()));
    assert_eq!(detected.name.as_deref(), Some("shop"));
    assert_eq!(detected.languages, ["typescript"]);
    assert_eq!(detected.openapi, ["openapi.yaml"]);
    assert_eq!(
        (detected.postgres.used, detected.postgres.variable.as_deref()),
        (Some(true), Some("DATABASE_URL"))
    );
    assert_eq!((detected.redis.used, detected.redis.variable.as_deref()), (Some(true), Some("REDIS_URL")));
    assert_eq!(detected.containers, ["Dockerfile"]);
}

/// What is said of the way back of one migration.
fn way_back(path: &str, text: &str) -> Option<bool> {
    let repository = repository(&[(path, text)]);
    let facts = look(repository.path());
    let migration = &items(&facts.migrations.entries)[0];
    migration.way_back.value().map(Option::is_some)
}

#[test]
fn rails_turns_around_only_what_it_can() {
    let change = |body: &str| {
        let text = format!("class Y < ActiveRecord::Migration[7.1]\n  def change\n{body}\n  end\nend\n");
        way_back("db/migrate/2020_y.rb", &text)
    };
    for there_and_back in [
        "    add_column :users, :name, :string\n    add_index :users, :name",
        "    remove_column :users, :name, :string, null: false",
        "    remove_column(:users, :name, :string)",
        "    remove_columns :users, :a, :b, type: :string",
        "    change_column_default :users, :state, from: nil, to: \"new\"",
        "    drop_table :users do |t|\n      t.string :name\n    end",
        "    create_table :users do |t|\n      t.string :name # no execute\n      t.timestamps\n    end",
        "    reversible do |dir|\n      dir.up do\n        execute \"A\"\n      end\n      dir.down do\n        execute \"B\"\n      end\n    end",
        "    remove_index :users, column: :name",
        "    remove_foreign_key :users,\n      :accounts",
    ] {
        assert_eq!(change(there_and_back), Some(true), "{there_and_back}");
    }
    for one_way in [
        "    execute \"DELETE FROM users\"",
        "    add_column :users, :a, :string\n    execute(<<~SQL)\n      DELETE FROM users\n    SQL",
        "    remove_column :users, :name",
        "    remove_column :users, :name, if_exists: true",
        "    remove_columns :users, :a, :b",
        "    change_column :users, :name, :text",
        "    change_column_default :users, :state, \"new\"",
        "    drop_table :users",
        "    change_table :users do |t|\n      t.remove :name\n    end",
        "    # nothing",
    ] {
        assert_eq!(change(one_way), Some(false), "{one_way}");
    }
    for doubtful in [
        "    User.where(old: true).delete_all",
        "    add_column :users, :a, :string\n    up_only do\n      execute \"UPDATE users\"\n    end",
        "    reversible do |dir|\n      dir.up { execute \"DELETE\" }\n    end",
    ] {
        assert_eq!(change(doubtful), None, "{doubtful}");
    }
    let down = |body: &str| {
        way_back(
            "db/migrate/2020_y.rb",
            &format!("class Y\n  def up\n    execute \"A\"\n  end\n{body}\nend\n"),
        )
    };
    assert_eq!(down("  def down\n    execute \"B\"\n  end"), Some(true));
    assert_eq!(down("  def down\n  end\n  def helper\n    1\n  end"), Some(false));
    assert_eq!(down("  def down; end\n  def helper\n    1\n  end"), Some(false));
    assert_eq!(down(""), Some(false));
}

#[test]
fn the_body_of_a_way_back_comes_after_its_parameters() {
    let up = "export const up = async ({ context: q }) => { await q.createTable('a'); };\n";
    for (down, there) in [
        ("export const down = async ({ context: q }) => {};", false),
        ("export const down = async ({ context: q }) => { /* nothing */ };", false),
        ("export const down = async ({ context: q }) => { await q.dropTable('a'); };", true),
        ("export const down = async ({ context: q } = {}) => q.dropTable('a');", true),
        ("export const down = async q => {};", false),
        ("export const down = async q => { await q.dropTable('a'); };", true),
        ("export const down = () => Promise.resolve();", false),
        ("export async function down(q: { context: Q }): Promise<void> {}", false),
        ("export async function down(q: { context: Q }): Promise<void> { await q.x(); }", true),
        ("exports.down = async function (knex) { return null; };", false),
        ("exports.down = async () => { throw new Error('no'); };", false),
    ] {
        let text = format!("{up}{down}\n");
        assert_eq!(way_back("migrations/1_a.ts", &text), Some(there), "{down}");
    }
}

#[test]
fn each_changeset_needs_its_own_way_back() {
    let changesets = |second: &str| {
        let text = format!(
            "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE a();\n--rollback DROP TABLE a;\n--changeset a:2\nDELETE FROM b;\n{second}"
        );
        way_back("db/migrations/changes.sql", &text)
    };
    assert_eq!(changesets(""), Some(false));
    assert_eq!(changesets("--rollback empty\n"), Some(false));
    assert_eq!(changesets("--rollback INSERT INTO b VALUES (1);\n"), Some(true));
    assert_eq!(changesets("/* liquibase rollback\nINSERT INTO b VALUES (1);\n*/\n"), Some(true));
}

#[test]
fn examples_in_the_comments_of_a_manifest_show_no_use() {
    let commented =
        "service: {name: shop}\nenvironments:\n  staging:\n    # redis: {url: {env: REDIS_URL}}\n";
    for (manifest, seen) in [(commented.to_owned(), true), (commented.replace("# redis", "redis"), false)] {
        let repository = repository(&[("seaworthy.yaml", &manifest), ("src/app.js", "listen()\n")]);
        let uses = look(repository.path()).stack.uses_redis;
        assert_eq!(uses.value().is_some_and(|uses| !uses.used), seen, "{manifest}");
    }
}

#[test]
fn a_long_file_leaves_a_gap_only_where_it_is_needed() {
    let rows = "INSERT INTO words VALUES ('a word', 'and another');\n".repeat(120_000);
    let key = format!("AKIA{}", "QWERTZUIOPASDFGH");
    let seeded = repository(&[
        ("db/seed.sql", &format!("{rows}-- {key}\n-- for postgres\n")),
        ("src/app.js", "start();\n"),
        ("package.json", "{\"name\": \"shop\", \"version\": \"1.0.0\"}"),
    ]);
    let facts = look(seeded.path());
    assert!(facts.files.whole, "{:?}", facts.files.unread);
    assert!(cut(&facts.secrets.found).is_none());
    assert_eq!(
        (items(&facts.secrets.found)[0].path.as_str(), items(&facts.secrets.found)[0].line),
        ("db/seed.sql", 120_001)
    );
    assert!(cut(&facts.leftovers.found).is_none());
    assert!(facts.stack.uses_postgres.value().is_none(), "a mention without a sign");
    assert!(!facts.stack.uses_redis.value().unwrap().used);

    let lock = format!("{{\"packages\": {{\"\": {{\"name\": \"{}\"}}}}}}", "x".repeat(5_000_000));
    let locked = repository(&[
        ("src/app.js", "console.log(1);\n"),
        ("src/words.js", &"const a = 'a word';\n".repeat(300_000)),
        ("package.json", "{\"dependencies\": {\"a\": \"1\"}}"),
        ("package-lock.json", &lock),
    ]);
    let facts = look(locked.path());
    assert!(!facts.files.whole);
    assert!(facts.files.unread.items.iter().all(|unread| unread.reason.give.is_some()));
    assert!(cut(&facts.secrets.found).is_none());
    assert!(cut(&facts.leftovers.found).unwrap().contains("src/words.js"));
    assert_eq!((items(&facts.leftovers.found).len(), facts.leftovers.files_count.value()), (1, Some(&1)));
    assert!(cut(&facts.licences.dependencies).unwrap().contains("package-lock.json"));
    assert!(facts.changelog.value().unwrap().is_none());
    assert!(facts.pipeline.value().unwrap().is_none());
    assert_eq!(facts.migrations.present.value(), Some(&false));
}
