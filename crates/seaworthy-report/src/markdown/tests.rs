use comrak::{Options, markdown_to_html};

use super::{code, fenced, told};
use crate::sample::{self, hostile};
use crate::{Format, Style, outside, render};

fn printed(run: &seaworthy_core::run::Run) -> String {
    render(run, Format::Markdown, &Style::plain(sample::now()))
}

/// As GitHub makes HTML of it, with everything switched on that makes something of text.
fn html(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.superscript = true;
    options.extension.math_dollars = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

/// The tags, and the text outside of code.
fn skeleton(html: &str) -> (Vec<String>, String) {
    let (mut tags, mut text, mut in_code) = (Vec::new(), String::new(), false);
    for piece in html.split_inclusive(['<', '>']) {
        match piece.strip_suffix('>') {
            Some(tag) => {
                in_code = match tag.split(' ').next() {
                    Some("code") => true,
                    Some("/code") => false,
                    _ => in_code,
                };
                tags.push(tag.to_owned());
            }
            None if !in_code => text.push_str(piece.trim_end_matches('<')),
            None => {}
        }
    }
    (tags, text)
}

#[test]
fn no_text_makes_markup_links_or_mentions() {
    // The underscore keeps each text from being plain words.
    let harmless = skeleton(&html(&printed(&sample::poisoned("a_"))));
    for (text, does) in hostile::STRINGS {
        let shown = printed(&sample::poisoned(&format!("{text}_")));
        assert_eq!(skeleton(&html(&shown)), harmless, "{does}\n{shown}");
        assert!(!shown.lines().any(outside::is_log_line), "{does}");
    }
}

#[test]
fn words_stand_as_they_are_and_all_else_is_code() {
    let as_they_are = [
        "HTTPS is enforced",
        "a role, which can log in; it should not.",
        "4 pages (of 12)",
        "größer als 100",
    ];
    for text in as_they_are {
        assert_eq!(told(text), text);
    }
    let code = [
        ("see #12", "`see #12`"),
        ("@team", "`@team`"),
        ("4f1c2d9", "`4f1c2d9`"),
        ("ABC-12", "`ABC-12`"),
        ("https://x.example", "`https://x.example`"),
        ("x.example", "`x.example`"),
        (":+1:", "`:+1:`"),
        ("", "`  `"),
    ];
    for (text, shown) in code {
        assert_eq!(told(text), shown);
    }
}

#[test]
fn fences_are_longer_than_what_they_hold() {
    assert_eq!(code("a ``b`` c"), "```a ``b`` c```");
    assert_eq!(code("`"), "`` ` ``");
    assert_eq!(fenced("a\n````\nb"), "`````text\na\n````\nb\n`````\n");
}

#[test]
fn the_comment_begins_with_the_decision() {
    let text = printed(&sample::faulty());
    let (head, _) = text.split_once("<details>").unwrap();
    insta::assert_snapshot!(head, @r"
    ## NO-GO: shop-api · staging

    **3 blockers failed and 12 could not be seen** · oldest evidence 3 minutes old

    | pass | fail | unknown | not applicable | undecided because Seaworthy failed |
    | --: | --: | --: | --: | --: |
    | 44 | 6 | 17 | 2 | 1 |

    ### What blocks, in the order in which to fix it

    | | requirement | severity | seen |
    |---|---|---|---|
    | **FAIL** | `https-enforced` | critical | `http://staging.shop.example/login answered 200 without a redirect` and 1 more place |
    | **FAIL** | `db-superuser-restricted` | critical | ``role `shop` can log in and is a superuser`` and 4 more places |
    | **FAIL** | `header-hsts` | critical | `` https://shop.example/ sent `Strict-Transport-Security: max-age=300` `` |
    | **UNKNOWN** | 9 requirements | critical | no host was given; give: ``add `hosts: [local]` to the environment, or run Seaworthy on the host`` |
    | **UNKNOWN** | 3 requirements | critical | `` NOPERM for user `app` ``; give: `ACL SETUSER app +config\u{7c}get +info` |
    ");
}

#[test]
fn a_repair_says_what_was_seen_and_what_to_do() {
    let text = printed(&sample::faulty());
    let (_, from) = text.split_once("#### `header-hsts`").unwrap();
    insta::assert_snapshot!(from.split_once("</details>").unwrap().0, @r#"


    - seen: `` https://shop.example/ sent `Strict-Transport-Security: max-age=300` ``
    - wanted: `max-age of at least 31536000 with includeSubDomains`
    - by hand: `curl -sI https://shop.example/`

    Send the header on every answer over https.

    ```text
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    ```

    #### `production-mode-set`, `hosting-provisioned`, `firewall-configured`, `only-necessary-ports-open`, `env-file-permissions`, `service-runs-as-non-root`, `ssh-key-authentication-only`, `ssh-root-login-disabled`, `required-env-vars-set`

    - could not be seen: no host was given
    - give: ``add `hosts: [local]` to the environment, or run Seaworthy on the host``

    #### `redis-not-public`, `redis-authentication-required`, `redis-hardened`

    - could not be seen: `` NOPERM for user `app` ``
    - give: `ACL SETUSER app +config|get +info`
    "#);
}

#[test]
fn it_fits_a_comment() {
    let mut run = sample::poisoned(&"x`|".repeat(700));
    assert!(printed(&run).chars().count() < 65_536);
    run = sample::faulty();
    let one = run.findings.iter().find(|finding| finding.id == "https-enforced").unwrap().clone();
    for n in 0..10_000 {
        let mut finding = one.clone();
        finding.id = format!("requirement-{n}");
        run.decision.blockers.push(finding.id.clone());
        run.findings.push(finding);
    }
    assert!(printed(&run).chars().count() < 65_536);
}
