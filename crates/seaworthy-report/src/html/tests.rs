use sha2::{Digest, Sha256};

use super::{CSS, CSS_DIGEST, pieces};
use crate::sample::{self, hostile};
use crate::{Format, Style, render};

fn printed(run: &seaworthy_core::run::Run) -> String {
    render(run, Format::Html, &Style::plain(sample::now()))
}

/// The tags of the body, in order, with their attributes.
fn tags(html: &str) -> Vec<&str> {
    let (_, body) = html.split_once("<body>").expect("there is a body");
    body.split('<').skip(1).map(|piece| piece.split_once('>').expect("every tag ends").0).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        let digit = |at: usize| char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]);
        (0..4).map(|at| if at <= chunk.len() { digit(at) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

#[test]
fn the_page_may_use_its_own_style_sheet_and_nothing_else() {
    let digest = format!("sha256-{}", base64(&Sha256::digest(CSS.as_bytes())));
    assert_eq!(CSS_DIGEST, digest, "the style sheet was changed: this is its digest now");
    let page = printed(&sample::faulty());
    assert!(page.contains(&format!("default-src 'none'; style-src '{digest}'").replace('\'', "&#39;")));
    assert!(page.contains(&format!("<style>{CSS}</style>")));
    for forbidden in
        ["<script", "<link", "<img", "<iframe", " style=", " src=", "url(", "@import", "href=\"h"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn no_text_makes_a_tag_or_an_attribute() {
    // Backticks make code of what stands between them, and nothing else.
    let plain = |html: &str| -> Vec<String> {
        let kept = tags(html).into_iter().filter(|tag| !matches!(*tag, "code" | "/code"));
        kept.map(str::to_owned).filter(|tag| !tag.starts_with("svg class=\"bar\"")).collect()
    };
    let harmless = plain(&printed(&sample::poisoned("x`")));
    for (text, does) in hostile::STRINGS {
        assert_eq!(plain(&printed(&sample::poisoned(&format!("{text}`")))), harmless, "{does}");
    }
}

#[test]
fn the_first_screen_tells_the_decision_and_what_blocks() {
    let page = printed(&sample::faulty());
    let (first, _) = page.split_once("What was seen, and what to do").unwrap();
    let order = [
        "<h1 class=\"bad\">NO-GO</h1>",
        "3 blockers failed and 12 could not be seen",
        "<b>44</b> passed",
        "oldest evidence 3 minutes old",
        "HTTPS is enforced",
        "Superuser access is restricted",
        "no host was given",
        "9 requirements",
    ];
    let places: Vec<usize> = order.iter().map(|text| first.find(text).expect(text)).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_blocker_says_what_was_seen_wanted_and_what_to_do() {
    let page = printed(&sample::faulty());
    let (_, from) = page.split_once("id=\"b2\"").unwrap();
    let block = from.split_once("</article>").unwrap().0;
    for part in [
        "role <code>shop</code> can log in and is a superuser",
        "and 3 more places",
        "only <code>postgres</code> over the local socket",
        "psql &quot;$DATABASE_URL&quot; -c &#39;SELECT rolname",
        "seen at 14:02:12Z",
        "Take the right away from every role",
        "ALTER ROLE shop NOSUPERUSER;\nALTER ROLE etl NOSUPERUSER;",
    ] {
        assert!(block.contains(part), "{part}\n{block}");
    }
}

#[test]
fn everything_that_was_asked_is_on_the_page() {
    let run = sample::faulty();
    let page = printed(&run);
    for finding in &run.findings {
        let (id, title) = (&finding.id, finding.title.replace('\'', "&#39;"));
        assert!(page.contains(id.as_str()) || page.contains(&title), "{id}");
    }
    for look in &run.provenance {
        assert!(page.contains(&look.target));
    }
    assert!(page.contains(&run.id) && page.contains(&run.policy));
}

#[test]
fn the_bar_is_whole_and_its_parts_are_in_proportion() {
    let parts = super::parts(&sample::faulty());
    assert_eq!(parts[0].x, 0);
    assert_eq!(parts.last().map(|part| part.x + part.width), Some(super::BAR_WIDTH));
    assert!(parts.windows(2).all(|two| two[0].x + two[0].width <= two[1].x));
}

#[test]
fn stale_verdicts_are_counted() {
    let style = Style::plain(sample::start() + chrono::Duration::days(8));
    let page = render(&sample::sound(), Format::Html, &style);
    assert!(page.contains("oldest evidence 7 days old, 70 verdicts no longer fresh"));
}

#[test]
fn backticks_in_pairs_are_code() {
    let parts =
        |text| pieces(text).iter().map(|piece| (piece.text.to_owned(), piece.literal)).collect::<Vec<_>>();
    let part = |text: &str, literal| (text.to_owned(), literal);
    assert_eq!(parts("a `b` c"), [part("a ", false), part("b", true), part(" c", false)]);
    assert_eq!(parts("a ` b"), [part("a ` b", false)]);
}
