//! What needs no server: URLs, rules of `pg_hba.conf`, addresses, the library of statements, the guard.

use seaworthy_core::limits::{POSTGRES_MESSAGE_BYTES_MAX, POSTGRES_NOTICES_MAX};

use super::super::facts::TlsDemand;
use super::super::hba::{Columns, Rule, network_lines, password_lines, refuse_plaintext};
use super::super::reach::{Network, of_address, widest};
use super::super::wire::{Ear, Listener, Policy, Refusal};
use super::*;

fn parsed(url: &str) -> Result<Address, Unseen> {
    Address::parse(&SecretString::from(url))
}

#[test]
fn urls_of_many_drivers_are_understood() {
    for url in [
        "postgres://app:p%40ss@db.example.com:6432/shop?sslmode=verify-full",
        "postgresql://app:p%40ss@db.example.com:6432/shop?sslmode=verify-full&pgbouncer=true&schema=public",
        "postgresql+asyncpg://app:p%40ss@db.example.com:6432/shop?sslmode=verify-full",
        "jdbc:postgresql://db.example.com:6432/shop?user=app&password=p%40ss&sslmode=verify-full",
        " postgres://app:p%40ss@db.example.com:6432/shop?sslmode=verify-full\n",
    ] {
        let address = parsed(url).unwrap();
        assert_eq!(address.place, Place::Tcp { host: "db.example.com".into(), port: 6432 }, "{url}");
        assert_eq!((address.user.as_str(), address.database.as_str()), ("app", "shop"), "{url}");
        assert_eq!(address.password.unwrap().expose_secret(), "p@ss", "{url}");
        assert_eq!(address.tls, TlsDemand::VerifyFull, "{url}");
    }
}

#[test]
fn urls_with_a_socket_or_little_in_them_are_understood() {
    let socket = |path: &str| Place::Socket(PathBuf::from(path));
    for (url, place, database) in [
        ("postgres://app@/shop?host=/run/postgresql", socket("/run/postgresql/.s.PGSQL.5432"), "shop"),
        ("postgres://app:x@%2Frun%2Fpostgresql:5433/shop", socket("/run/postgresql/.s.PGSQL.5433"), "shop"),
        ("postgres:///shop?host=/run/postgresql&user=app", socket("/run/postgresql/.s.PGSQL.5432"), "shop"),
        ("postgres://app@localhost", Place::Tcp { host: "localhost".into(), port: 5432 }, "app"),
        ("postgres://app@[::1]:6000/shop", Place::Tcp { host: "::1".into(), port: 6000 }, "shop"),
    ] {
        let address = parsed(url).unwrap();
        assert_eq!((address.place, address.database.as_str()), (place, database), "{url}");
        assert_eq!(address.tls, TlsDemand::Prefer);
    }
}

#[test]
fn odd_urls_are_refused_without_showing_them() {
    for url in [
        "",
        "hunter2",
        "://",
        "postgres://",
        "http://app:hunter2@h/",
        "postgres://:hunter2@h/d",
        "mysql://u:hunter2@h",
        "postgres://app:hunter2@h:99999/d",
        "postgres://app:hunter2@a,b/d",
        "postgres://app:hunter2@/d",
        "postgres://app:hunter2@h/d?sslmode=hunter2",
        "postgres://app:hunter2@h/d?port=hunter2",
        "postgres://app:hunter2%ff@h/d",
        "postgres://app:hunter2%zz@h/d",
        "postgres://app:hunter2@h/d%00e",
        "postgres://a%0ab:hunter2@h/d",
        "postgres://app:hun/ter2@h/d",
    ] {
        let why = match parsed(url) {
            Err(why) => format!("{why:?}"),
            Ok(address) => panic!("{url} was taken: {address:?}"),
        };
        assert!(!why.contains("hunter"), "{url}: {why}");
    }
    let address = parsed("postgres://app:hunter2@h/d").unwrap();
    assert!(!format!("{address:?}").contains("hunter2"));
    assert!(!address.psql("SELECT 1").contains("hunter2"));
}

#[test]
fn commands_by_hand_survive_a_shell() {
    let address = parsed("postgres://a%27%20b%5C%24(id)@h%60id%60/d%22%3B?host=/tmp/x'%20y").unwrap();
    let command = address.psql("SELECT '$(id)' \\ `id`").replacen("psql", "printf '%s\\n'", 1);
    let shown = Command::new("sh").args(["-c", &command]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let words: Vec<&str> = shown.lines().collect();
    assert_eq!(words[0], "host='/tmp/x\\' y' port=5432 user='a\\' b\\\\$(id)' dbname='d\";'");
    assert_eq!(words[2], "SELECT '$(id)' \\ `id`");
}

#[test]
fn addresses_lead_where_they_lead() {
    for (address, word) in [
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("fd00::1", "private"),
        ("8.8.8.8", "public"),
        ("2606:4700::1", "public"),
    ] {
        assert_eq!(of_address(address.parse().unwrap()), word, "{address}");
    }
    for (address, mask, word) in [
        ("0.0.0.0", "0.0.0.0", Some("any")),
        ("::", "::", Some("any")),
        ("10.0.0.0", "255.0.0.0", Some("private")),
        ("10.0.0.0", "254.0.0.0", Some("public")),
        ("127.0.0.1", "255.255.255.255", Some("loopback")),
        ("0.0.0.0", "128.0.0.0", Some("public")),
        ("10.0.0.1", "255.0.255.0", None),
        ("10.0.0.1", "ffff::", None),
        ("nonsense", "255.0.0.0", None),
    ] {
        assert_eq!(Network::from_mask(address, mask).map(Network::reach), word, "{address} {mask}");
    }
    assert_eq!(widest(["loopback", "any", "private"].into_iter()), "any");
    assert_eq!(widest(std::iter::empty()), "nowhere");
}

/// A rule as `kind databases roles address/mask method`, words parted by blanks, lists by commas.
fn rule((line, text): (usize, &str)) -> Rule {
    let words: Vec<&str> = text.split(' ').collect();
    let list = |word: &str| word.split(',').map(str::to_owned).collect();
    let (address, mask) = match words[3].split_once('/') {
        Some((address, mask)) => (Some(address.to_owned()), Some(mask.to_owned())),
        None => (Some(words[3].to_owned()).filter(|address| address != "-"), None),
    };
    let columns = Columns {
        line: i64::try_from(line).unwrap() + 1,
        kind: Some(words[0].to_owned()),
        databases: list(words[1]),
        roles: list(words[2]),
        address,
        mask,
        method: Some(words[4].to_owned()),
        ..Columns::default()
    };
    Rule::read(columns, "")
}

/// Lines that admit role `root`, a member of `admins`, from a network.
fn admits(rules: &[&str]) -> Vec<i64> {
    let rules: Vec<Rule> = rules.iter().copied().enumerate().map(rule).collect();
    network_lines(&rules, "root", &["admins".to_owned()])
}

#[test]
fn the_first_rule_that_fits_decides_for_a_superuser() {
    let everywhere = "host all all 0.0.0.0/0.0.0.0 scram-sha-256";
    let private = "hostssl shop all 10.0.0.0/255.0.0.0 scram-sha-256";
    for (rules, lines) in [
        (vec![everywhere], vec![1]),
        (vec!["local all all - peer", "host all all 127.0.0.1/255.255.255.255 trust"], vec![]),
        (vec!["host all root all reject", everywhere, private], vec![]),
        (vec!["host all +admins all reject", everywhere], vec![]),
        (vec!["host all other,all all reject", everywhere], vec![]),
        (vec!["host all other all reject", everywhere], vec![2]),
        (vec!["host shop root all reject", everywhere], vec![2]),
        (vec!["hostssl all root all reject", everywhere], vec![2]),
        (vec!["hostssl all root all reject", private], vec![]),
        (vec!["host all root 10.0.0.0/255.0.0.0 reject", everywhere, private], vec![2]),
        (vec!["host all root db.example.com reject", everywhere], vec![2]),
        (vec!["host all /^r.* all reject", everywhere], vec![2]),
        (vec!["host all root all reject", "host replication root 10.0.0.0/255.0.0.0 scram-sha-256"], vec![2]),
        (vec![private, everywhere], vec![1, 2]),
        (vec!["host all root samenet scram-sha-256", "host all root .example.com scram-sha-256"], vec![1, 2]),
        (vec!["host all root samehost scram-sha-256"], vec![]),
    ] {
        assert_eq!(admits(&rules), lines, "{rules:?}");
    }
}

#[test]
fn a_refusal_of_plain_text_holds_for_the_lines_behind_it() {
    for (rules, lines) in [
        (vec!["hostnossl all all all reject", "host shop all 10.0.0.0/255.0.0.0 md5"], vec![]),
        (vec!["hostnossl all all 10.0.0.0/255.0.0.0 reject", "host all all all md5"], vec![2]),
        (vec!["hostnossl all shop all reject", "host all all all md5"], vec![2]),
        (vec!["hostssl all all all reject", "host all all all md5"], vec![2]),
        (vec!["hostgssenc all all all gss"], vec![]),
        (vec!["host all all all md5", "hostnossl all all all reject"], vec![1]),
    ] {
        let mut read: Vec<Rule> = rules.iter().copied().enumerate().map(rule).collect();
        refuse_plaintext(&mut read);
        let taking = read
            .iter()
            .filter(|rule| rule.fact.admits && rule.fact.takes_plaintext)
            .map(|rule| rule.fact.line);
        assert_eq!(taking.collect::<Vec<_>>(), lines, "{rules:?}");
    }
}

#[test]
fn the_lines_that_take_a_superusers_password_are_found_wherever_they_lead() {
    for (rules, lines) in [
        (vec!["local all all - scram-sha-256"], vec![1]),
        (vec!["local all root - peer", "local all all - scram-sha-256"], vec![]),
        (vec!["host all root all reject", "local all all - md5"], vec![2]),
        (vec!["host all root all reject", "hostssl shop all 10.0.0.0/255.0.0.0 scram-sha-256"], vec![]),
        (vec!["host all +admins all reject", "host all all 127.0.0.1/255.255.255.255 md5"], vec![2]),
        (vec!["host all +admins 10.0.0.0/255.0.0.0 password"], vec![1]),
        (vec!["hostssl all all 10.0.0.0/255.0.0.0 cert", "host shop other all md5"], vec![]),
    ] {
        let read: Vec<Rule> = rules.iter().copied().enumerate().map(rule).collect();
        assert_eq!(password_lines(&read, "root"), lines, "{rules:?}");
    }
}

#[test]
fn the_end_of_life_of_a_version_is_known_or_said_to_be_unknown() {
    let day = |major| lifetimes::end_of_life(major).map(|end| end.date_naive().to_string());
    assert_eq!(day(13).as_deref(), Some("2025-11-13"));
    assert_eq!(day(18).as_deref(), Some("2030-11-14"));
    assert_eq!((day(8), day(99)), (None, None));
}

/// Functions that SQL itself has; a search path cannot put others in their place.
const OF_THE_LANGUAGE: [&str; 6] = ["array", "coalesce", "extract", "greatest", "nullif", "any"];
/// What no statement of the library may do: wait for locks, change something, reach files or passwords.
const TABOO: [&str; 12] = [
    "_size(",
    "pg_terminate",
    "pg_cancel",
    "pg_read_file",
    "pg_read_binary",
    "pg_ls_",
    "lo_",
    "dblink",
    "copy ",
    "nextval",
    "rolpassword",
    "a.query",
];

#[test]
fn the_library_names_everything_in_full() {
    // Calls have no blank before the parenthesis, lists of columns have one.
    let call = regex::Regex::new(r"([A-Za-z_][A-Za-z_.]*)\(").unwrap();
    let relation = regex::Regex::new(r"\b(?:FROM|JOIN) ([a-z_][A-Za-z_.]*\(?)").unwrap();
    let literal = regex::Regex::new("'[^']*'").unwrap();
    for statement in statements::all() {
        let id = statement.id;
        let text = literal.replace_all(statement.text, "''").replace("EXTRACT(EPOCH FROM ", "extract(");
        let is_tools_own = statements::TOOLS.iter().any(|tool| tool.applied.text == statement.text);
        for found in call.captures_iter(&text) {
            let name = found[1].to_lowercase();
            let in_full = name.starts_with("pg_catalog.") || name.starts_with("pg_stat_statements");
            assert!(in_full || OF_THE_LANGUAGE.contains(&name.as_str()), "{id}: `{name}(`");
        }
        for found in relation.captures_iter(&text) {
            let name = &found[1];
            let of_this_statement = ["AS MATERIALIZED (", "AS (", "("]
                .iter()
                .any(|begins| text.contains(&format!("{name} {begins}")));
            let in_full = name.starts_with("pg_catalog.") || name.starts_with("pg_stat_statements");
            assert!(in_full || of_this_statement || is_tools_own, "{id}: `{name}`");
        }
    }
}

#[test]
fn the_library_changes_nothing_and_ends() {
    for statement in statements::all() {
        let (id, text) = (statement.id, statement.text.trim().to_lowercase());
        assert!(!text.contains(';'), "{id}: more than one statement");
        for taboo in TABOO {
            assert!(!text.contains(taboo), "{id}: {taboo}");
        }
        let first =
            text.trim_start_matches("/* a slow statement by seaworthy, to see whether the log shows it */ ");
        assert!(
            ["select", "with", "begin", "rollback"].contains(&first.split_whitespace().next().unwrap()),
            "{id}"
        );
        // One row by its form: no rows are read, or they are counted.
        let one_row = !text.contains("from")
            || text.starts_with("select (select")
            || text.starts_with("select pg_catalog.c");
        let limit = text.rsplit("limit ").next().and_then(|end| end.parse::<u32>().ok());
        assert!(one_row || limit.is_some_and(|limit| limit <= 5_001), "{id}: no LIMIT at its end");
    }
}

fn heard(policy: Policy, bytes: &[u8], step: usize) -> Result<(), Refusal> {
    let mut listener = Listener::new(policy, Ear::default());
    bytes.chunks(step).try_for_each(|chunk| listener.hear(chunk))
}

#[test]
fn the_guard_hears_the_same_in_whatever_pieces() {
    let message =
        |tag: u8, length: u32, body: &[u8]| [&[tag], length.to_be_bytes().as_slice(), body].concat();
    let scram = |rounds: u64| {
        let data = format!("r=a,s=b,i={rounds}");
        let length = u32::try_from(data.len()).unwrap() + 8;
        [message(b'R', 8, &[0, 0, 0, 10]), message(b'R', length, &[&[0, 0, 0, 11], data.as_bytes()].concat())]
            .concat()
    };
    let long = u32::try_from(POSTGRES_MESSAGE_BYTES_MAX).unwrap() + 1;
    let notices = message(b'N', 4, &[]).repeat(POSTGRES_NOTICES_MAX + 1);
    for step in [1, 2, 3, 5, 7, 1024] {
        for (bytes, expected) in [
            (message(b'R', 8, &[0, 0, 0, 0]), Ok(())),
            (message(b'R', 8, &[0, 0, 0, 3]), Err(Refusal::Asked(wire::Asked::ClearText))),
            (message(b'R', 12, &[0, 0, 0, 5, 1, 2, 3, 4]), Err(Refusal::Asked(wire::Asked::Md5))),
            (message(b'R', 6, &[0, 0]), Err(Refusal::Protocol)),
            (scram(4_096), Ok(())),
            (scram(1_000_000), Ok(())),
            (scram(4_095), Err(Refusal::Iterations(4_095))),
            (scram(1_000_001), Err(Refusal::Iterations(1_000_001))),
            (message(b'D', 4, &[]), Err(Refusal::Protocol)),
            (b"HTTP/1.1".to_vec(), Err(Refusal::Protocol)),
            (message(b'R', 3, &[]), Err(Refusal::Protocol)),
            (message(b'E', long, &[]), Err(Refusal::Message)),
            (message(b'R', 5_000, &[]), Err(Refusal::Message)),
            (notices.clone(), Err(Refusal::Notices)),
        ] {
            assert_eq!(heard(Policy::OnlyScram, &bytes, step), expected, "{bytes:?} by {step}");
        }
        let clear_text = message(b'R', 8, &[0, 0, 0, 3]);
        assert_eq!(heard(Policy::AnyPassword, &clear_text, step), Ok(()));
    }
}
