use anstyle::AnsiColor;
use seaworthy_core::catalog::{Catalog, Matrix};
use seaworthy_core::run::Run;
use unicode_width::UnicodeWidthStr;

use super::WIDTH_MAX;
use crate::sample::{self, hostile};
use crate::{Format, Style, outside, render};

fn printed(run: &Run) -> String {
    render(run, Format::Terminal, &Style::plain(sample::now()))
}

fn verbose(run: &Run) -> String {
    render(run, Format::Terminal, &Style { verbose: true, ..Style::plain(sample::now()) })
}

/// The paragraph in which a text stands.
fn paragraph(text: &str, with: &str) -> String {
    text.split("\n\n").find(|part| part.contains(with)).unwrap_or_default().to_owned()
}

#[test]
fn the_decision_comes_first() {
    let text = printed(&sample::faulty());
    insta::assert_snapshot!(paragraph(&text, "NO-GO"), @r"
    NO-GO    shop-api · staging · https://staging.shop.example
             3 blockers failed and 12 could not be seen
             oldest evidence 3 minutes old
             44 pass, 6 fail, 17 unknown, 2 not applicable, 1 undecided because Seaworthy failed
             looked 2026-11-20 14:02:11 UTC for 3.2 s with consent `observe`, commit 4f1c2d9e8b7a
             found Node.js 20 (package.json); Express 4.19; PostgreSQL 15 (compose.yaml); Redis 7
             (compose.yaml)
    ");
    insta::assert_snapshot!(paragraph(&printed(&sample::sound()), "GO"), @r"
    GO       shop-api · production · https://shop.example
             everything that was asked holds
             oldest evidence 3 minutes old
             70 pass, 0 fail, 0 unknown, 0 not applicable
             looked 2026-11-20 14:02:11 UTC for 3.2 s with consent `observe`
    ");
}

#[test]
fn a_failed_blocker_says_what_was_seen_what_was_wanted_and_what_to_do() {
    let text = printed(&sample::faulty());
    insta::assert_snapshot!(paragraph(&text, "https-enforced"), @r"
    What blocks, in the order in which to fix it
    FAIL     https-enforced · critical · behaviour
             http://staging.shop.example/login answered 200 without a redirect
             http://staging.shop.example/ answered 200 without a redirect
             wanted: every plain request is answered by 301 or 308 to the same path over https
             seen 14:02:12Z with `curl -sI http://staging.shop.example/login`
             fix: Answer every plain request with a permanent redirect, in the server block that listens
             on port 80.
                 server {
                     listen 80;
                     listen [::]:80;
                     server_name staging.shop.example;
                     return 308 https://$host$request_uri;
                 }
    ");
    insta::assert_snapshot!(paragraph(&text, "FAIL     db-superuser-restricted"), @r#"
    FAIL     db-superuser-restricted · critical · behaviour
             role `shop` can log in and is a superuser
             role `etl` can log in and is a superuser
             and 3 more places
             wanted: only `postgres` over the local socket is a superuser that can log in
             seen 14:02:12Z with `psql "$DATABASE_URL" -c 'SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin'`
             fix: Take the right away from every role the application uses.
                 ALTER ROLE shop NOSUPERUSER;
                 ALTER ROLE etl NOSUPERUSER;
    "#);
}

#[test]
fn unknown_blockers_are_told_once_a_reason() {
    let text = printed(&sample::faulty());
    insta::assert_snapshot!(paragraph(&text, "no host was given"), @r"
    UNKNOWN  9 requirements: no host was given
             give: add `hosts: [local]` to the environment, or run Seaworthy on the host
             production-mode-set, hosting-provisioned, firewall-configured, only-necessary-ports-open,
             env-file-permissions, service-runs-as-non-root, ssh-key-authentication-only,
             ssh-root-login-disabled, required-env-vars-set (1 of them needs more than this)
    ");
    insta::assert_snapshot!(paragraph(&text, "NOPERM"), @r"
    UNKNOWN  3 requirements: NOPERM for user `app`
             give: ACL SETUSER app +config|get +info
             redis-not-public, redis-authentication-required, redis-hardened
    ");
}

#[test]
fn what_does_not_block_is_short() {
    insta::assert_snapshot!(paragraph(&printed(&sample::faulty()), "without blocking"), @r"
    What else stands, without blocking
    fail     header-csp important: https://staging.shop.example/ sent no Content-Security-Policy
    fail     response-compression important: /assets/app.js (418 kB) was sent without Content-Encoding
    fail     header-permissions-policy nice, experimental: no Permissions-Policy on 4 pages
    unknown  rate-limiting-enforced important: a burst of requests needs consent `probe`
    error    tls-configuration-strong important: `facts.tls.suites.all(s, s.strong)`: no such overload
    unknown  4 more requirements for the same reasons as above
    ");
}

#[test]
fn one_unknown_blocker_stands_alone() {
    let mut run = sample::faulty();
    run.decision.blockers = vec!["redis-not-public".into()];
    insta::assert_snapshot!(paragraph(&printed(&run), "UNKNOWN"), @r"
    What blocks, in the order in which to fix it
    UNKNOWN  redis-not-public · critical
             could not see `redis.config.appendonly`: NOPERM for user `app`
             give: ACL SETUSER app +config|get +info
             wanted: Redis is bound to localhost or a private network
    ");
}

#[test]
fn a_first_look_fits_a_screen() {
    let text = printed(&sample::first_look());
    assert!(text.lines().count() <= 50, "{} lines", text.lines().count());
}

#[test]
fn verbose_names_every_finding_with_its_facts() {
    let run = sample::faulty();
    let text = verbose(&run);
    for finding in &run.findings {
        let head = format!("{:<8} {} ·", finding.verdict.word().to_uppercase(), finding.id);
        assert_eq!(text.lines().filter(|line| line.starts_with(head.trim_end())).count(), 1, "{head}");
    }
    insta::assert_snapshot!(paragraph(&text, "https-enforced"), @r"
    What blocks, in the order in which to fix it
    FAIL     https-enforced · critical · behaviour
             HTTPS is enforced
             http://staging.shop.example/login answered 200 without a redirect
             http://staging.shop.example/ answered 200 without a redirect
             wanted: every plain request is answered by 301 or 308 to the same path over https
             seen 14:02:12Z with `curl -sI http://staging.shop.example/login`
             fact: http.status is 200
             fresh until 2026-11-27 14:02:11 UTC, for another 6 days
             fix: Answer every plain request with a permanent redirect, in the server block that listens
             on port 80.
                 server {
                     listen 80;
                     listen [::]:80;
                     server_name staging.shop.example;
                     return 308 https://$host$request_uri;
                 }
    ");
}

#[test]
fn lines_keep_to_the_width() {
    for width in [20, 60, 100, 400] {
        let style = Style { width, ..Style::plain(sample::now()) };
        let text = render(&sample::faulty(), Format::Terminal, &style);
        // What is copied is never broken, and neither is a single word.
        let copied =
            |line: &&str| !line.contains('`') && !line.contains("give: ") && line.trim().contains(' ');
        let prose = text.lines().filter(copied).filter(|line| !line.starts_with("             "));
        let longest = prose.filter(|line| !line.starts_with("  seaworthy") && !line.starts_with("seaworthy"));
        let longest = longest.map(UnicodeWidthStr::width).max().unwrap_or(0);
        assert!(longest <= width.clamp(40, WIDTH_MAX), "{longest} at {width}");
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    let run = sample::faulty();
    let coloured = render(&run, Format::Terminal, &Style { colour: true, ..Style::plain(sample::now()) });
    assert!(coloured.contains(&AnsiColor::Red.on_default().bold().render().to_string()));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').expect("a sequence ends in m").1;
    }
    bare.push_str(rest);
    assert_eq!(bare, printed(&run));
}

#[test]
fn nothing_a_target_says_acts_on_the_terminal_or_the_log() {
    for (text, does) in hostile::STRINGS {
        let run = sample::poisoned(text);
        for shown in [printed(&run), verbose(&run)] {
            for line in shown.lines() {
                assert!(!line.chars().any(outside::is_hazard), "{does}: {line:?}");
                assert!(!outside::is_log_line(line), "{does}: {line:?}");
                assert!(!line.contains("##["), "{does}: {line:?}");
            }
        }
    }
}

#[test]
fn endless_words_and_ten_thousand_findings_are_printed() {
    let mut run = sample::poisoned(&"x".repeat(100_000));
    assert!(printed(&run).len() < 2_000_000);
    run = sample::faulty();
    let one = run.findings[0].clone();
    for n in 0..10_000 {
        let mut finding = one.clone();
        finding.id = format!("requirement-{n}");
        run.decision.standing.push(finding.id.clone());
        run.findings.push(finding);
    }
    assert!(printed(&run).lines().count() < 100);
}

const HSTS: &str = r#"
id: header-hsts
title: Strict-Transport-Security is strong
area: security
severity: critical
seeds: ["004:31"]
why: One plain request before the redirect can be answered by whoever stands between.
applies: facts.http.https_seen
least: behaviour
checks:
  - assurance: behaviour
    each: facts.http.pages
    as: p
    pass: p.hsts_seconds >= 31536000 && p.hsts_subdomains
    says: "{{ p.url }} sent {{ p.hsts }}"
    wants: max-age of at least 31536000 with includeSubDomains
fresh_for: 7d
remedy:
  text: Send the header on every answer over https.
  snippet: add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
proof:
  sound: web
  sabotage: [web/weak-hsts]
"#;

/// A catalog of one, with a proof or without.
fn catalog_of_one(proven: bool) -> Catalog {
    let bare = Catalog::read([("security/header-hsts.yaml", HSTS)], &Matrix::default()).unwrap();
    if !proven {
        return bare;
    }
    let logic = bare.get("header-hsts").unwrap().logic();
    let proof = format!(
        r#"{{"id":"header-hsts","sound":"web","sabotage":["web/weak-hsts"],"away":true,"logic":"{logic}","seen":"2026-11-20"}}"#
    );
    Catalog::read([("security/header-hsts.yaml", HSTS)], &Matrix::read(&proof).unwrap()).unwrap()
}

#[test]
fn explain_teaches_why_how_and_what_to_do() {
    let style = Style { width: 80, ..Style::plain(sample::now()) };
    let catalog = catalog_of_one(true);
    insta::assert_snapshot!(super::explain(catalog.get("header-hsts").unwrap(), &style), @r#"
    header-hsts · critical · security
    Strict-Transport-Security is strong

    Why it matters
      One plain request before the redirect can be answered by whoever stands
      between.

    How it is decided
      applies where facts.http.https_seen
      by behaviour, with consent `observe`: decides
        wanted: max-age of at least 31536000 with includeSubDomains
        for each `p` of facts.http.pages
        passes where p.hsts_seconds >= 31536000 && p.hsts_subdomains
      A verdict stays fresh for 7d.

    What would make it pass
      Send the header on every answer over https.

        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;

    How far its checks can be trusted
      Proven on 2026-11-20: passed on the sound part web, failed under 1 sabotage,
      was unknown with the part away.
        web/weak-hsts
      See it again: seaworthy catalog prove header-hsts

    Who asks for it, as seed and line
      004:31
    "#);
    let catalog = catalog_of_one(false);
    let text = super::explain(catalog.get("header-hsts").unwrap(), &style);
    assert!(text.contains("Not proven as they stand"));
}

#[test]
fn the_catalog_is_a_table() {
    let style = Style { width: 80, ..Style::plain(sample::now()) };
    insta::assert_snapshot!(super::catalog(&catalog_of_one(false), &style), @r"
    security
      header-hsts  critical   Strict-Transport-Security is strong experimental

    1 requirement, 0 proven both ways
    ");
}
