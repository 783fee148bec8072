//! One page that a manager reads from the top and prints: no script, no request to anywhere, nothing to load.
//!
//! The template holds no logic; what it shows is put together here.

mod blocker;
mod fold;
mod risk;

use std::borrow::Cow;
use std::fmt;

use askama::Template;
use chrono::{DateTime, Utc};
use seaworthy_core::finding::Verdict;
use seaworthy_core::gate::Headline;
use seaworthy_core::manifest::{GateSpec, UnknownRule};
use seaworthy_core::run::{NextStep, Run};

use self::blocker::{Blocker, Entry};
use self::fold::{Fold, Line};
use self::risk::Risk;
use crate::outline::Outline;
use crate::outside::visible;
use crate::words::{age, consent_word, moment, took};

const CSS: &str = include_str!("../templates/run.css");
/// Digest of the style sheet, the only thing that the page may use. A test says when it is another.
const CSS_DIGEST: &str = "sha256-b10ZnBHNeFt6Eg/pPpN1YeqYUcuSsD9OXqFOKlTnuZQ=";
/// Width of the bar of counts, in its own units.
const BAR_WIDTH: usize = 1_000;
/// Room between its parts.
const BAR_GAP: usize = 3;

pub(crate) fn run(run: &Run, now: DateTime<Utc>) -> String {
    let page = Page::of(run, now);
    let mut html = page.render().expect("writing to memory cannot fail");
    html.push('\n');
    html
}

/// Escapes for HTML what was first made visible. Named in `askama.toml`, so that it is used for every text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inert;

impl askama::filters::Escaper for Inert {
    fn write_escaped_str<W: fmt::Write>(&self, mut dest: W, text: &str) -> fmt::Result {
        for character in visible(text).chars() {
            match character {
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '&' => dest.write_str("&amp;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                other => dest.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A part of a sentence: words, or what stood between backticks.
struct Piece<'a> {
    text: &'a str,
    literal: bool,
}

/// A sentence in parts. A backtick without a second one stays a backtick.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once('`').and_then(|(before, more)| Some((before, more.split_once('`')?)))
    {
        pieces.push(Piece { text: before, literal: false });
        pieces.push(Piece { text: inside, literal: true });
        rest = after;
    }
    pieces.push(Piece { text: rest, literal: false });
    pieces
}

#[derive(Template)]
#[template(path = "run.html")]
struct Page<'a> {
    policy: String,
    css: &'static str,
    version: &'a str,
    headline: &'static str,
    tone: &'static str,
    subject: Cow<'a, str>,
    service: &'a str,
    environment: Option<&'a str>,
    target: &'a str,
    because: &'a str,
    began: String,
    age: String,
    counted: String,
    parts: Vec<Part>,
    first: Vec<Entry>,
    first_more: Option<String>,
    blockers: Vec<Blocker<'a>>,
    faults: Vec<Risk<'a>>,
    waived: Vec<Risk<'a>>,
    standing: Vec<Line<'a>>,
    folds: Vec<Fold<'a>>,
    next: &'a [NextStep],
    looks: Vec<Look<'a>>,
    ground: Vec<Ground<'a>>,
}

/// One part of the bar of counts.
struct Part {
    tone: &'static str,
    word: &'static str,
    count: usize,
    x: usize,
    width: usize,
}

/// One look of a probe.
struct Look<'a> {
    target: &'a str,
    probe: &'a str,
    at: String,
    age: String,
}

/// One line about the run itself.
struct Ground<'a> {
    label: &'static str,
    value: Cow<'a, str>,
    class: &'static str,
}

impl<'a> Page<'a> {
    fn of(run: &'a Run, now: DateTime<Utc>) -> Self {
        let outline = Outline::of(run);
        let parts = parts(run);
        let blockers = blocker::all(run, &outline);
        let (first, first_more) = blocker::first(&blockers);
        let counted: Vec<String> = parts.iter().map(|part| format!("{} {}", part.count, part.word)).collect();
        Self {
            policy: format!(
                "default-src 'none'; style-src '{CSS_DIGEST}'; base-uri 'none'; form-action 'none'"
            ),
            css: CSS,
            version: &run.seaworthy,
            headline: run.decision.headline.words(),
            tone: tone_of_headline(run.decision.headline),
            subject: subject(run),
            service: &run.service,
            environment: run.environment.as_deref(),
            target: &run.target,
            because: &run.decision.because,
            began: moment(run.started_at),
            age: outline.age(now),
            counted: counted.join(", "),
            parts,
            first,
            first_more,
            blockers,
            faults: risk::faults(run),
            waived: risk::waived(run),
            standing: fold::standing(&outline),
            folds: fold::all(&outline),
            next: &run.next,
            looks: looks(run, now),
            ground: ground(run),
        }
    }
}

fn subject(run: &Run) -> Cow<'_, str> {
    match &run.environment {
        Some(environment) => Cow::Owned(format!("{} · {environment}", run.service)),
        None => Cow::Borrowed(&run.service),
    }
}

fn tone_of_headline(headline: Headline) -> &'static str {
    match headline {
        Headline::Go | Headline::ConditionalGo => "good",
        Headline::Undecided => "doubt",
        Headline::NoGo => "bad",
    }
}

fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Fail | Verdict::Error => "bad",
        Verdict::Unknown => "doubt",
        Verdict::NotApplicable => "none",
    }
}

/// The counts that are not nought, each with its share of the bar.
fn parts(run: &Run) -> Vec<Part> {
    let counts = run.decision.counts;
    let all = [
        ("bad", "failed", counts.fail),
        ("fault", "error", counts.error),
        ("doubt", "unknown", counts.unknown),
        ("good", "passed", counts.pass),
        ("none", "not applicable", counts.not_applicable),
    ];
    let total: usize = all.iter().map(|(_, _, count)| count).sum();
    let mut before = 0;
    let mut parts = Vec::new();
    for (tone, word, count) in all.into_iter().filter(|(_, _, count)| *count > 0) {
        let (x, end) = (before * BAR_WIDTH / total, (before + count) * BAR_WIDTH / total);
        let gap = if before + count < total { BAR_GAP } else { 0 };
        parts.push(Part { tone, word, count, x, width: (end - x).saturating_sub(gap).max(1) });
        before += count;
    }
    parts
}

fn looks(run: &Run, now: DateTime<Utc>) -> Vec<Look<'_>> {
    let looks = run.provenance.iter();
    looks
        .map(|l| Look { target: &l.target, probe: &l.probe, at: moment(l.at), age: age(l.at, now) })
        .collect()
}

fn ground(run: &Run) -> Vec<Ground<'_>> {
    let row = |label, value: Option<Cow<'_, str>>, class| {
        value.map(|value| Ground { label, value: Cow::Owned(value.into_owned()), class })
    };
    let list = |items: &[String]| (!items.is_empty()).then(|| Cow::Owned(items.join(", ")));
    let rows = [
        row("Run", Some(Cow::Borrowed(&run.id)), "mono"),
        row("Took", Some(Cow::Owned(took(run.took_ms))), "told"),
        row("Consent", Some(Cow::Borrowed(consent_word(run.consent))), "told"),
        row("Only", list(&run.only), "mono"),
        row("Commit", run.commit.as_deref().map(Cow::Borrowed), "mono"),
        row("Found", list(&run.detected), "told"),
        row("Gate", Some(Cow::Owned(gate_words(&run.gate))), "told"),
        row("Policy", Some(Cow::Borrowed(&run.policy)), "mono"),
        row("Seaworthy", Some(Cow::Borrowed(&run.seaworthy)), "told"),
    ];
    rows.into_iter().flatten().collect()
}

/// The rule by which the findings became the decision.
fn gate_words(gate: &GateSpec) -> String {
    let unknown = match gate.unknown {
        UnknownRule::Undecided => "an unknown one leaves it undecided",
        UnknownRule::CountsAsFail => "an unknown one counts as failed",
    };
    let important = match gate.important_percent {
        0 => "important requirements do not block".to_owned(),
        percent => format!("{percent} % of the important ones must pass"),
    };
    let roles: Vec<&str> = gate.sign_offs.iter().map(|role| role.word()).collect();
    let poll = if roles.is_empty() { String::new() } else { format!("; {} must say GO", roles.join(", ")) };
    format!("every critical requirement must pass, {unknown}; {important}{poll}")
}

#[cfg(test)]
mod tests;
