//! On the real server: what it shows to whom, and what the look leaves alone.

use super::*;

/// A word that stands where secrets stand.
const CANARY: &str = "canary7f3a";

#[test]
fn a_sound_server_shows_everything() {
    let facts = Part::sound().facts();
    let text = facts.to_string();
    // The one thing that it takes another role to see.
    let expected = "it takes a session as `shop_app`";
    assert_eq!(text.matches("$unseen").count(), 1, "{text}");
    assert_eq!(unseen(&facts, "application_role.password_table_refused").1, expected);
    for (path, value) in [
        ("login.tls_verified", true.into()),
        ("login.asked", "scram-sha-256".into()),
        ("login.same_machine", true.into()),
        ("login.pooled", false.into()),
        ("server.in_recovery", false.into()),
        ("settings.shared_buffers_bytes", (1_i64 << 30).into()),
        ("settings.memory_as_shipped", Json::Array(Vec::new())),
        ("connections.now", 0.into()),
        ("tables.0.name", "public.files".into()),
        ("file_tables.0.owner_indexed", true.into()),
        ("migration_tables.0.applied.3.version", "4".into()),
        ("plaintext.refused", true.into()),
        ("default_passwords.0.accepted", false.into()),
        ("default_passwords.0.tries", 8.into()),
        ("default_passwords.1.admitted", false.into()),
        ("slow_statement.logged", true.into()),
    ] {
        assert_eq!(fact(&facts, path), value, "{path}");
    }
}

#[test]
fn a_server_that_is_away_shows_nothing() {
    let mut part = Part::sound();
    part.0.away();
    let facts = part.facts();
    for path in ["login", "server", "settings", "hba_rules", "tables", "database_exists", "plaintext"] {
        let (kind, why, _) = unseen(&facts, path);
        assert!(kind == "unreachable" && why.ends_with("refused the connection"), "{path}: {kind}: {why}");
    }
}

#[test]
fn what_a_poor_role_does_not_see_it_sees_after_what_is_to_be_given() {
    let part = Part::sound();
    let url = part.poor_role();
    let poor = facts(&observing(&url));
    let denied = [
        ("hba_rules", "pg_hba_file_rules"),
        ("superusers.0.network_lines", "pg_hba_file_rules"),
        ("hba_loaded", "pg_hba_file_rules"),
        ("settings.shared_preload_libraries", "pg_read_all_settings"),
        ("settings.ssl_min_protocol_version", "pg_read_all_settings"),
        ("sessions", "pg_read_all_stats"),
        ("transactions", "pg_read_all_stats"),
        ("hot_statements", "pg_read_all_stats"),
        ("migration_tables.0.applied", "GRANT SELECT ON \"public\".\"_sqlx_migrations\" TO \"poor\""),
    ];
    let mut gifts: Vec<String> = denied
        .iter()
        .map(|(path, right)| {
            let (kind, why, give) = unseen(&poor, path);
            assert_eq!(kind, "denied", "{path}: {why}");
            assert!(give.contains(right), "{path}: {give}");
            give
        })
        .collect();
    for seen in ["server", "settings.shared_buffers_bytes", "tables", "foreign_keys_unindexed", "extensions"]
    {
        assert!(fact(&poor, seen).get("$unseen").is_none(), "{seen}");
    }
    gifts.sort();
    gifts.dedup();
    for gift in gifts {
        part.sql(&gift);
    }
    let rich = facts(&observing(&url));
    for (path, _) in denied {
        let found = fact(&rich, path);
        assert!(found.get("$unseen").is_none(), "{path}: {found}");
    }
}

#[test]
fn a_database_or_schema_that_is_shut_tells_what_opens_it() {
    let part = Part::sound();
    part.sql("CREATE ROLE poor LOGIN PASSWORD 'a poor password'");
    let url = part.socket_url("poor", "a%20poor%20password");
    let (kind, _, give) = unseen(&facts(&observing(&url)), "server");
    assert_eq!((kind.as_str(), give.as_str()), ("denied", "GRANT CONNECT ON DATABASE \"shop\" TO \"poor\""));
    part.sql(&give);
    part.sql("CREATE SCHEMA app; ALTER TABLE _sqlx_migrations SET SCHEMA app");
    let (_, _, give) = unseen(&facts(&observing(&url)), "migration_tables.0.applied");
    part.sql(&give);
    let open = facts(&observing(&url));
    assert_eq!(fact(&open, "migration_tables.0.table"), "app._sqlx_migrations");
    assert_eq!(fact(&open, "migration_tables.0.applied.0.version"), "1");
}

#[test]
fn the_applications_own_role_shows_what_is_refused_to_it() {
    let part = Part::sound();
    part.sql("ALTER ROLE shop_app PASSWORD 'an application'");
    let url = part.url_of("shop_app", "an%20application");
    let facts = facts(&observing(&url));
    assert_eq!(fact(&facts, "application_role.looks"), true);
    assert_eq!(fact(&facts, "application_role.password_table_refused"), true);
    assert_eq!(fact(&facts, "looking_role.writable_tables"), 4);
}

#[test]
fn a_group_that_only_watches_gives_no_right_beyond_rows() {
    let part = Part::sound();
    let beyond = || {
        let facts = part.facts();
        let rights = fact(&facts, "application_role.rights_beyond_rows");
        rights.as_array().map(Vec::len)
    };
    part.sql("GRANT pg_monitor TO shop_app");
    assert_eq!(beyond(), Some(0));
    part.sql("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO shop_app");
    assert_eq!(beyond(), Some(1));
}

#[test]
fn what_a_role_is_given_goes_before_what_its_database_and_server_have() {
    let part = Part::sound();
    let given = || fact(&part.facts(), "settings.work_mem_bytes");
    part.sql("ALTER DATABASE shop SET work_mem = '64MB'");
    assert_eq!(given(), 64_i64 << 20);
    part.sql("ALTER ROLE shop_app SET work_mem = '2MB'");
    assert_eq!(given(), 2_i64 << 20);
    part.sql("ALTER ROLE shop_app IN DATABASE shop SET work_mem = '3072'");
    assert_eq!(given(), 3_i64 << 20);
}

#[test]
fn a_database_that_was_there_before_flyway_has_a_baseline() {
    let part = Part::sound();
    part.sql(
        "CREATE TABLE flyway_schema_history (installed_rank int, version varchar(50), description text, type varchar(20), \
         script text, checksum int, success bool); GRANT SELECT ON flyway_schema_history TO PUBLIC; \
         INSERT INTO flyway_schema_history VALUES (0, NULL, '', 'SCHEMA', '', NULL, true), \
         (1, '3', '', 'BASELINE', '', NULL, true), (2, '4', '', 'SQL', 'V4__a.sql', 77, true)",
    );
    let facts = part.facts();
    let tables = fact(&facts, "migration_tables");
    let index = tables.as_array().expect("a list").iter().position(|table| table["tool"] == "flyway");
    let applied = |row: usize, key: &str| {
        fact(&facts, &format!("migration_tables.{}.applied.{row}.{key}", index.expect("flyway's table")))
    };
    assert_eq!((applied(0, "version"), applied(0, "baseline")), ("3".into(), true.into()));
    assert_eq!((applied(0, "checksum"), applied(1, "checksum")), (Json::Null, "77".into()));
    assert_eq!((applied(1, "version"), applied(1, "baseline")), ("4".into(), false.into()));
}

#[test]
fn a_superuser_that_looks_is_a_fact() {
    let part = Part::sound();
    let password = &part.0.secrets()["SUPERUSER_PASSWORD"];
    let mut task = observing(&part.socket_url("postgres", password));
    task.spec.application_role = None;
    let facts = facts(&task);
    assert_eq!(fact(&facts, "looking_role.superuser"), true);
    assert_eq!(fact(&facts, "application_role.superuser"), true);
    assert_eq!(fact(&facts, "application_role.password_table_refused"), false);
}

#[test]
fn a_wrong_password_role_or_database_says_which() {
    let part = Part::sound();
    let other_database = part.url().replace("/shop?", "/postgres?");
    let no_database = part.socket_url("seaworthy", "another").replace("/shop?", "/nothing?");
    for (url, why) in [
        (part.url_of("seaworthy", "wrong"), "the server refuses the password of role `seaworthy`"),
        (part.url_of("nobody", "wrong"), "the server admits role `nobody` from here in no way"),
        (other_database, "the server admits role `seaworthy` from here in no way"),
        (no_database, "the server refuses the password of role `seaworthy`"),
    ] {
        let found = facts(&observing(&url));
        let (kind, said, give) = unseen(&found, "server");
        assert_eq!((kind.as_str(), said.as_str()), ("denied", why), "{url}");
        assert!(!give.is_empty());
        assert_eq!(unseen(&found, "database_exists").0, "denied");
    }
    let gone = facts(&observing(&part.url().replace("/shop?", "/shopp?")));
    assert_eq!(unseen(&gone, "server").0, "denied");
}

#[test]
fn a_database_that_is_gone_is_seen_to_be_gone() {
    let part = Part::sound();
    let password = &part.0.secrets()["SUPERUSER_PASSWORD"];
    let url = part.socket_url("postgres", password).replace("/shop?", "/nothing?");
    let facts = facts(&observing(&url));
    assert_eq!(fact(&facts, "database_exists"), false);
    assert_eq!(unseen(&facts, "server").1, "the server has no database `nothing`");
}

#[test]
fn a_lock_that_someone_holds_is_not_waited_for() {
    let part = Part::sound();
    let mut holder = part.psql();
    let lock =
        "BEGIN; LOCK TABLE files, payments, _sqlx_migrations IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)";
    let mut holder = holder.args(["-c", lock]).spawn().unwrap();
    wait_for(|| {
        part.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") == "3"
    });
    let began = Instant::now();
    let facts = facts(&observing(part.url()));
    let took = began.elapsed();
    part.end_sleepers(&mut holder);
    let (kind, why, _) = unseen(&facts, "migration_tables.0.applied");
    assert_eq!(
        (kind.as_str(), why.as_str()),
        ("timeout", "`_sqlx_migrations` waited for a lock that someone holds")
    );
    // Two more are unseen for want of consent or of another session's role; nothing else waited.
    assert_eq!(fact(&facts, "tables.0.name"), "public.files");
    assert_eq!(fact(&facts, "hot_statements.0.large_tables.0"), "public.files");
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn the_last_connections_are_left_alone() {
    let part = Part::sabotaged("few-connections");
    // 30 connections, 3 of them for superusers: 23 taken leave 4 besides the 3.
    let url = part.socket_url("postgres", &part.0.secrets()["SUPERUSER_PASSWORD"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = Address::parse(&SecretString::from(url)).unwrap();
    let limits = Limits::default();
    let mut held = Vec::new();
    for _ in 0..23 {
        held.push(runtime.block_on(login::login(&address, None, &limits)).unwrap());
    }
    let few = facts(&observing(part.url()));
    let (kind, why, _) = unseen(&few, "server");
    assert_eq!(
        (kind.as_str(), why.as_str()),
        ("unreachable", "only 3 connections are free; the last 5 are left alone")
    );
    for _ in 0..4 {
        held.push(runtime.block_on(login::login(&address, None, &limits)).unwrap());
    }
    let (kind, why, _) = unseen(&facts(&observing(part.url())), "server");
    assert_eq!((kind.as_str(), why.as_str()), ("unreachable", "the server has no free connection"));
}

#[test]
fn a_session_that_is_ended_by_the_server_leaves_what_was_seen() {
    let part = Part::sound();
    let url = part.url().to_owned();
    let looking = std::thread::spawn(move || facts(&task(&url)));
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '/* a slow%'";
    wait_for(|| part.sql(end) == "1");
    let facts = looking.join().unwrap();
    assert_eq!(unseen(&facts, "slow_statement").0, "unreachable");
    assert_eq!(fact(&facts, "server.major"), 15);
}

#[test]
fn a_replica_tells_that_it_keeps_no_tables_up() {
    let testbed = Testbed::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed")).unwrap();
    let standby = seaworthy_testbed::Sabotage {
        name: "standby".into(),
        write: [("pg/standby.signal".to_owned(), String::new())].into(),
        ..Default::default()
    };
    let part = Part(testbed.part("postgres").unwrap().start(Some(&standby)).unwrap());
    let facts = facts(&observing(part.url()));
    assert_eq!(fact(&facts, "server.in_recovery"), true);
    assert_eq!(unseen(&facts, "tables").2, "give the primary's connection URL");
    assert_eq!(unseen(&facts, "hot_statements").2, "give the primary's connection URL");
    assert_eq!(fact(&facts, "migration_tables.0.applied.0.version"), "1");
}

#[test]
fn secrets_in_catalogs_stay_there() {
    let part = Part::sound();
    part.sql(&format!("ALTER SYSTEM SET primary_conninfo = 'host=db password={CANARY}'"));
    part.sql(&format!("ALTER SYSTEM SET archive_command = 'cp %p {CANARY}'"));
    let rules = part.0.work_dir().join("pg_hba.conf");
    let text = std::fs::read_to_string(&rules).unwrap();
    let ldap = format!(
        "hostssl shop other 127.0.0.1/32 ldap ldapserver=ldap ldapbindpasswd={CANARY} ldapbasedn=x\n"
    );
    std::fs::write(&rules, text + &ldap).unwrap();
    part.sql("SELECT pg_reload_conf()");
    part.sql(&format!("CREATE ROLE other PASSWORD '{CANARY}'"));
    for _ in 0..3 {
        part.sql(&format!("SELECT count(*) FROM files WHERE name = '{CANARY}' OR name = '{CANARY}2'"));
    }
    let mut talker = part.psql();
    let mut talker = talker.args(["-c", &format!("SELECT pg_sleep(60), '{CANARY}'")]).spawn().unwrap();
    wait_for(|| part.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1");
    let facts = part.facts();
    part.end_sleepers(&mut talker);
    assert_eq!(fact(&facts, "hba_rules.3.method"), "ldap");
    assert!(!facts.to_string().contains(CANARY), "{facts}");
}

#[test]
fn hostile_names_stay_names() {
    let part = Part::sound();
    let name = "x'; DROP TABLE files; --\u{1b}[2J\"$(id)\u{202e}\\";
    let quoted = name.replace('"', "\"\"");
    part.sql(&format!("CREATE TABLE \"{quoted}\" AS SELECT generate_series(1, 2000) AS a"));
    part.sql(&format!("CREATE ROLE \"{quoted}\" SUPERUSER LOGIN"));
    part.sql(&format!("CREATE SCHEMA \"{quoted}\"; ALTER TABLE _sqlx_migrations SET SCHEMA \"{quoted}\""));
    part.sql(&format!("GRANT USAGE ON SCHEMA \"{quoted}\" TO seaworthy"));
    let facts = part.facts();
    let tables = fact(&facts, "tables");
    let mine =
        tables.as_array().unwrap().iter().find(|table| table["name"] == format!("public.{name}")).unwrap();
    assert!(fact(&facts, "superusers").as_array().unwrap().iter().any(|role| role["name"] == name));
    assert_eq!(fact(&facts, "migration_tables.0.applied.0.version"), "1");
    // The command by hand survives a shell and shows that very table.
    let shown = Command::new("sh")
        .args(["-c", mine["by_hand"].as_str().unwrap()])
        .env(
            "PGPASSWORD",
            Address::parse(&SecretString::from(part.url())).unwrap().password.unwrap().expose_secret(),
        )
        .output()
        .unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("(1 row)"), "{shown:?}");
}

#[test]
fn what_others_put_in_the_way_is_not_sprung() {
    let part = Part::sound();
    let sound = part.facts();
    part.sql(
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
         CREATE FUNCTION evil.sprung() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE FUNCTION evil.sprung(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE FUNCTION evil.sprung_varchar(varchar, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE FUNCTION evil.sprung_number(numeric, float8) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE FUNCTION evil.sprung_too(bool) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'sprung'; END $$;
         CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.sprung);
         CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = evil.sprung_varchar);
         CREATE OPERATOR public.* (LEFTARG = numeric, RIGHTARG = float8, FUNCTION = evil.sprung_number);
         CREATE FUNCTION evil.count() RETURNS int LANGUAGE sql AS 'SELECT evil.sprung()';
         CREATE FUNCTION public.lower(varchar) RETURNS int LANGUAGE sql AS 'SELECT evil.sprung()';
         CREATE VIEW evil.pg_class AS SELECT evil.sprung() AS oid;
         CREATE VIEW evil.pg_settings AS SELECT evil.sprung() AS name;
         CREATE VIEW evil.pg_stat_statements AS SELECT evil.sprung() AS queryid;
         CREATE VIEW evil.alembic_version AS SELECT evil.sprung()::text AS version_num;
         CREATE TABLE evil.__diesel_schema_migrations (version text);
         CREATE TABLE evil.goose_db_version (id int, version_id bigint, is_applied bool);
         GRANT SELECT ON ALL TABLES IN SCHEMA evil TO seaworthy;
         ALTER ROLE seaworthy SET search_path = evil, pg_catalog, public",
    );
    // A predicate or an expression of an index runs while a query is planned, with the rights of who asks.
    part.sql("CREATE FUNCTION evil.calm(bool) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'");
    part.sql("CREATE INDEX ON evil.__diesel_schema_migrations (version) WHERE evil.calm(true)");
    part.sql("CREATE POLICY p ON evil.goose_db_version USING (evil.sprung() = 1)");
    part.sql("ALTER TABLE evil.goose_db_version ENABLE ROW LEVEL SECURITY");
    part.sql("CREATE OR REPLACE FUNCTION evil.calm(bool) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT evil.sprung_too(true) = 1'");
    let trapped = part.facts();
    for (path, expected) in sound.as_object().unwrap() {
        let found = &trapped[path];
        assert_eq!(
            found.to_string().matches("$unseen").count(),
            // Three tables, and of each what is applied in it, told in three ways.
            expected.to_string().matches("$unseen").count() + if path == "migration_tables" { 9 } else { 0 },
            "{path}: {found}"
        );
    }
    for index in 0..3 {
        let (kind, why, _) = unseen(&trapped, &format!("migration_tables.{index}.applied"));
        assert_eq!(kind, "unsupported", "{why}");
        assert!(why.contains("is not a plain table"), "{why}");
    }
    let log = std::fs::read_to_string(part.0.work_dir().join("log/postgresql.log")).unwrap();
    assert!(!log.contains("sprung"), "{log}");
}

#[test]
fn a_look_says_nothing_but_the_library() {
    let part = Part::sound();
    part.sql("ALTER ROLE seaworthy SET log_statement = 'all'");
    part.sql("ALTER SYSTEM SET log_connections = on");
    part.sql("SELECT pg_reload_conf()");
    wait_for(|| part.sql("SHOW log_connections") == "on");
    facts(&observing(part.url()));
    let log = part.0.work_dir().join("log/postgresql.log");
    let read = || std::fs::read_to_string(&log).unwrap();
    wait_for(|| read().contains("execute <unnamed>: ROLLBACK"));
    let log = read();
    let mine: Vec<&str> = log.lines().filter(|line| line.contains("seaworthy@shop")).collect();
    let connections = mine.iter().filter(|line| line.contains("connection authorized")).count();
    let said: Vec<&str> =
        mine.iter().filter_map(|line| line.split_once("execute <unnamed>: ")).map(|(_, said)| said).collect();
    assert_eq!(connections, 1);
    assert!(mine.iter().all(|line| !line.contains("LOG:  statement:")), "a statement went the simple way");
    assert!((20..=60).contains(&said.len()), "{} statements", said.len());
    let library: Vec<String> =
        statements::all().map(|statement| statement.text.lines().next().unwrap().to_owned()).collect();
    for first_line in said {
        assert!(library.iter().any(|known| known == first_line), "not of the library: {first_line}");
    }
}

/// Processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks = stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2);
    ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

#[test]
fn a_look_takes_little_processor_time() {
    let part = Part::sound();
    let tasks = [observing(part.url()), task(part.url())];
    for (task, seconds_max) in tasks.iter().zip([0.15, 0.6]) {
        let before = processor_seconds();
        for _ in 0..5 {
            facts(task);
        }
        let seconds = (processor_seconds() - before) / 5.0;
        println!("{seconds} s");
        assert!(seconds < seconds_max, "{seconds} s of processor time");
    }
}

#[test]
fn the_server_itself_ends_what_takes_too_long() {
    let part = Part::sound();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let address = Address::parse(&SecretString::from(part.url())).unwrap();
    let failed = runtime.block_on(async {
        let session = Session::open(&address, None, &Limits::default()).await.unwrap();
        let sleep = [session::Parameter::Text("20")];
        session.one(&statements::SLOW, &sleep, |row| row.get::<Option<String>>(0)).await
    });
    let failed = failed.unwrap_err();
    assert_eq!((failed.kind, failed.why.as_str()), (Blind::Timeout, "`slow` ran into the statement timeout"));
}

#[test]
fn our_death_leaves_nothing_behind() {
    let part = Part::sound();
    let url = part.url().to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let looking = runtime.spawn(async move { look(&task(&url)).await });
    wait_for(|| part.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '/* a slow%'") == "1");
    looking.abort();
    drop(runtime);
    wait_for(|| {
        part.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'seaworthy'") == "0"
    });
}
