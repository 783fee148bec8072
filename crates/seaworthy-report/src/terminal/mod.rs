//! A run for people at a terminal: the decision first, then what to do about it, then the rest in short.

mod catalog;
mod explain;
mod finding;
mod page;
mod risks;

use seaworthy_core::facts::not_as_committed;
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::gate::{Counts, Headline};
use seaworthy_core::run::Run;

use self::page::{Ink, Page, Span};
use crate::outline::{Group, Outline};
use crate::words::{consent_word, counted, moment, need_more, took};
use crate::{Style, outside};

pub use self::catalog::catalog;
pub use self::explain::explain;

/// Widest that lines are made; longer ones are hard to read.
pub const WIDTH_MAX: usize = 100;
/// Narrowest that text is wrapped at.
const WIDTH_MIN: usize = 40;
/// Where text stands beside the verdict.
const INDENT: usize = 9;
/// Most lines for what stands without blocking, unless all is asked for.
const STANDING_LINES_MAX: usize = 10;
/// Most warnings about what holds.
const WARNED_MAX: usize = 6;
/// How long each thing that was detected may be, unless all is asked for.
const DETECTED_CHARS_MAX: usize = 36;
/// Most requirement ids named in a group.
const GROUP_IDS_MAX: usize = 24;

/// What keeps a run of a repository from being about a commit.
fn uncommitted(facts: &serde_json::Value) -> Option<String> {
    let changed = not_as_committed(facts)?;
    let first = changed.iter().find_map(serde_json::Value::as_str)?;
    let more = changed.len().saturating_sub(1);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("of no commit: {first}{more} not as committed"))
}

pub(crate) fn run(run: &Run, style: &Style) -> String {
    let mut printer = Printer::new(run, style);
    printer.decision();
    printer.waiver_faults();
    printer.blockers();
    printer.waived();
    printer.standing();
    printer.folded();
    printer.next();
    printer.kept();
    printer.page.finish()
}

struct Printer<'a> {
    run: &'a Run,
    style: &'a Style,
    outline: Outline<'a>,
    page: Page,
}

impl<'a> Printer<'a> {
    fn new(run: &'a Run, style: &'a Style) -> Self {
        let page = Page::new(style.width.clamp(WIDTH_MIN, WIDTH_MAX), style.colour);
        Self { run, style, outline: Outline::of(run), page }
    }

    fn decision(&mut self) {
        let run = self.run;
        let headline = run.decision.headline;
        let words = format!("{} ", headline.words());
        let head = (headline_ink(headline), words.as_str());
        let mut name: Vec<Span<'_>> = vec![(Ink::Strong, &run.service)];
        if let Some(environment) = &run.environment {
            name.extend([(Ink::Plain, " · "), (Ink::Strong, environment)]);
        }
        if run.target != run.service {
            name.extend([(Ink::Faint, " · "), (Ink::Faint, &run.target)]);
        }
        self.page.prose(head, INDENT, &name);
        self.page.prose(NONE, INDENT, &[(Ink::Plain, &run.decision.because)]);
        let age = self.outline.age(self.style.now);
        self.page.prose(NONE, INDENT, &[(Ink::Plain, &age)]);
        let counts = counts(run.decision.counts);
        self.page.prose(NONE, INDENT, &[(Ink::Plain, &counts)]);
        self.looked();
    }

    /// How was looked, and at what.
    fn looked(&mut self) {
        let run = self.run;
        let (began, lasted) = (moment(run.started_at), took(run.took_ms));
        let mut how =
            vec![format!("looked {began} for {lasted} with consent `{}`", consent_word(run.consent))];
        how.extend(run.commit.as_ref().map(|commit| format!("commit {}", short(commit, 12))));
        if run.commit.is_none() {
            how.extend(uncommitted(&run.facts));
        }
        if !run.only.is_empty() {
            how.push(format!("only {}", run.only.join(", ")));
        }
        let how = how.join(", ");
        self.page.prose(NONE, INDENT, &[(Ink::Faint, &how)]);
        self.found();
    }

    /// What was detected, each shortened unless all is asked for.
    fn found(&mut self) {
        let detected = &self.run.detected;
        if detected.is_empty() {
            return;
        }
        let whole = self.style.verbose;
        let shortened = |text: &String| match text.char_indices().nth(DETECTED_CHARS_MAX).filter(|_| !whole) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.clone(),
        };
        // Every kind is told: what is not named was not found.
        let shown: Vec<String> = detected.iter().map(shortened).collect();
        let found = format!("found {}", shown.join("; "));
        self.page.prose(NONE, INDENT, &[(Ink::Faint, &found)]);
    }

    fn blockers(&mut self) {
        if self.run.decision.blockers.is_empty() {
            return;
        }
        self.title("What blocks, in the order in which to fix it");
        for finding in self.outline.failed.clone() {
            self.finding(finding);
        }
        for group in self.outline.unseen.clone() {
            match group.findings.as_slice() {
                [finding] => self.finding(finding),
                many if self.style.verbose => many.iter().for_each(|finding| self.finding(finding)),
                _ => self.group(&group),
            }
        }
    }

    fn group(&mut self, group: &Group<'_>) {
        let why = group.reason.map_or("", |reason| reason.why.as_str());
        let what = counted(group.findings.len(), "requirement");
        let spans = [(Ink::Strong, what.as_str()), (Ink::Plain, ": "), (Ink::Plain, why)];
        self.page.prose((Ink::Doubt, "UNKNOWN"), INDENT, &spans);
        if let Some(give) = group.reason.and_then(|reason| reason.give.as_deref()) {
            self.page.copied(INDENT, &[(Ink::Strong, "give: "), (Ink::Code, give)]);
        }
        let mut ids: Vec<&str> = group.findings.iter().map(|finding| finding.id.as_str()).collect();
        let hidden = ids.len().saturating_sub(GROUP_IDS_MAX);
        ids.truncate(GROUP_IDS_MAX);
        let more = match hidden {
            0 => String::new(),
            _ => format!(" and {hidden} more"),
        };
        let need = need_more(group.need_more).map_or(String::new(), |need| format!(" ({need})"));
        let ids = ids.join(", ") + &more + &need;
        self.page.prose(NONE, INDENT, &[(Ink::Faint, &ids)]);
        self.page.blank();
    }

    fn standing(&mut self) {
        let (failed, unseen) = (self.outline.standing.clone(), self.outline.standing_unseen.clone());
        if failed.is_empty() && unseen.is_empty() {
            return;
        }
        self.title("What else stands, without blocking");
        if self.style.verbose {
            let unseen = unseen.iter().flat_map(|group| &group.findings);
            return failed.iter().chain(unseen).for_each(|finding| self.finding(finding));
        }
        // What was told among the blockers is counted, not told again.
        let told = |group: &&Group<'_>| self.outline.unseen.iter().any(|above| above.shares_reason(group));
        let (above, fresh): (Vec<_>, Vec<_>) = unseen.iter().partition(told);
        // Each sort keeps some room, so that neither hides the other.
        let failed_max = STANDING_LINES_MAX - fresh.len().min(STANDING_LINES_MAX / 2);
        let fresh_max = STANDING_LINES_MAX - failed.len().min(failed_max);
        failed.iter().take(failed_max).for_each(|finding| self.standing_line(finding));
        fresh.iter().take(fresh_max).for_each(|group| self.standing_group(group));
        let above: usize = above.iter().map(|group| group.findings.len()).sum();
        if above > 0 {
            let text = format!("{} for the same reasons as above", counted(above, "more requirement"));
            self.page.prose((Ink::Doubt, "unknown"), INDENT, &[(Ink::Plain, &text)]);
        }
        let hidden = failed.len().saturating_sub(failed_max)
            + fresh.iter().skip(fresh_max).map(|group| group.findings.len()).sum::<usize>();
        if hidden > 0 {
            let more = format!("and {hidden} more, with --verbose");
            self.page.prose(NONE, INDENT, &[(Ink::Faint, &more)]);
        }
        self.page.blank();
    }

    fn standing_line(&mut self, finding: &Finding) {
        let mut spans: Vec<Span<'_>> =
            vec![(Ink::Strong, &finding.id), (Ink::Faint, " "), (Ink::Faint, finding.severity.word())];
        if !finding.proven {
            spans.push((Ink::Faint, ", experimental"));
        }
        if let Some(seen) = finding.seen.first() {
            spans.extend([(Ink::Plain, ": "), (Ink::Plain, seen.as_str())]);
        }
        let word = finding.verdict.word();
        self.page.prose((verdict_ink(finding.verdict), word), INDENT, &spans);
    }

    fn standing_group(&mut self, group: &Group<'_>) {
        let [finding] = group.findings.as_slice() else {
            let why = group.reason.map_or("", |reason| reason.why.as_str());
            let what = counted(group.findings.len(), "requirement");
            let spans = [(Ink::Strong, what.as_str()), (Ink::Plain, ": "), (Ink::Plain, why)];
            return self.page.prose((Ink::Doubt, "unknown"), INDENT, &spans);
        };
        if let Some(reason) = group.reason {
            let spans = [
                (Ink::Strong, finding.id.as_str()),
                (Ink::Faint, " "),
                (Ink::Faint, finding.severity.word()),
                (Ink::Plain, ": "),
                (Ink::Plain, &reason.why),
            ];
            return self.page.prose((Ink::Doubt, "unknown"), INDENT, &spans);
        }
        self.standing_line(finding);
    }

    /// What is in order, as counts; all of it where that is asked for.
    fn folded(&mut self) {
        let (holds, none) = (self.outline.passed.clone(), self.outline.not_applicable.clone());
        if holds.is_empty() && none.is_empty() {
            return;
        }
        if self.style.verbose {
            self.title("What holds, and what has no subject here");
            return holds.iter().chain(&none).for_each(|finding| self.finding(finding));
        }
        let hold = counted_verb(holds.len(), "holds", "hold");
        let text = match none.len() {
            0 => hold,
            count => format!("{hold}, {} no subject here", counted_verb(count, "has", "have")),
        };
        self.part();
        for finding in self.outline.warned.clone().into_iter().take(WARNED_MAX) {
            let warning = finding.warnings.first().map_or("", String::as_str);
            let spans = [(Ink::Strong, finding.id.as_str()), (Ink::Plain, ": "), (Ink::Plain, warning)];
            self.page.prose((Ink::Doubt, "warn"), INDENT, &spans);
        }
        self.page.prose(
            (Ink::Good, "pass"),
            INDENT,
            &[(Ink::Plain, &text), (Ink::Faint, "; --verbose shows all")],
        );
        self.page.blank();
    }

    fn next(&mut self) {
        if self.run.next.is_empty() {
            return;
        }
        self.title("To see more");
        for step in &self.run.next {
            self.page.copied(2, &[(Ink::Code, &step.command)]);
            self.page.prose(NONE, INDENT, &[(Ink::Faint, &step.sees)]);
        }
        self.page.blank();
    }

    fn kept(&mut self) {
        let first = self.run.decision.blockers.first().or(self.run.decision.standing.first());
        if let Some(id) = first {
            let explain = format!("seaworthy explain {id}");
            self.page.copied(
                0,
                &[(Ink::Code, &explain), (Ink::Faint, "  says why it matters and how it is decided")],
            );
        }
        let run = format!("run {}", self.run.id);
        let kept = self.style.kept_in.as_deref().map(|place| format!(", kept in {place}"));
        self.page.prose(
            NONE,
            0,
            &[(Ink::Faint, &run), (Ink::Faint, kept.as_deref().unwrap_or(", not kept"))],
        );
    }

    fn title(&mut self, text: &str) {
        self.part();
        self.page.prose(NONE, 0, &[(Ink::Strong, text)]);
    }

    fn part(&mut self) {
        if !self.page.is_parted() {
            self.page.blank();
        }
    }
}

const NONE: Span<'static> = (Ink::Plain, "");

fn headline_ink(headline: Headline) -> Ink {
    match headline {
        Headline::Go | Headline::ConditionalGo => Ink::Good,
        Headline::Undecided => Ink::Doubt,
        Headline::NoGo => Ink::Bad,
    }
}

fn verdict_ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Pass => Ink::Good,
        Verdict::Fail | Verdict::Error => Ink::Bad,
        Verdict::Unknown => Ink::Doubt,
        Verdict::NotApplicable => Ink::Faint,
    }
}

/// Counts by verdict; our own failures only where there are any.
fn counts(counts: Counts) -> String {
    let broken = match counts.error {
        0 => String::new(),
        count => format!(", {count} undecided because Seaworthy failed"),
    };
    format!(
        "{} pass, {} fail, {} unknown, {} not applicable{broken}",
        counts.pass, counts.fail, counts.unknown, counts.not_applicable
    )
}

fn counted_verb(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn short(text: &str, chars: usize) -> String {
    outside::visible(text).chars().take(chars).collect()
}

#[cfg(test)]
mod tests;
