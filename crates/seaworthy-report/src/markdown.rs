//! Markdown for a comment on a pull request: headline, what blocks as a table, everything else folded.
//!
//! What a target said stands in code spans and fences, the only places where GitHub and GitLab make no links,
//! mentions, references or HTML of it. Words that cannot be any of these stand as they are.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use seaworthy_core::finding::{Finding, Verdict};
use seaworthy_core::run::Run;

use crate::outline::{Group, Outline};
use crate::outside::{self, visible};
use crate::risks;
use crate::words::{consent_word, counted, moment, took};

/// How long the comment may be after each part, in bytes, so that the parts after it keep room.
/// GitHub takes 65,536 characters.
const WAIVERS_BYTES_MAX: usize = 15_000;
const TABLE_BYTES_MAX: usize = 25_000;
const REPAIRS_BYTES_MAX: usize = 45_000;
const STANDING_BYTES_MAX: usize = 55_000;
const FOLDED_BYTES_MAX: usize = 60_000;
/// Longest text that is quoted, in characters.
const QUOTE_CHARS_MAX: usize = 300;
/// Most rows of the table, and most lines of a list.
const ROWS_MAX: usize = 50;
/// Most lines of a snippet.
const SNIPPET_LINES_MAX: usize = 60;

pub(crate) fn run(run: &Run, now: DateTime<Utc>) -> String {
    let mut comment = Comment { run, outline: Outline::of(run), out: String::new() };
    comment.headline(now);
    comment.waivers();
    comment.blockers();
    comment.repairs();
    comment.standing();
    comment.warned();
    comment.folded();
    comment.footer();
    comment.out
}

/// What would make a requirement pass, as Markdown.
pub(crate) fn remedy(finding: &Finding) -> String {
    let text = finding.remedy.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = told(&text).into_owned() + "\n";
    if let Some(snippet) = &finding.remedy.snippet {
        out.push('\n');
        out.push_str(&fenced(snippet));
    }
    out
}

struct Comment<'a> {
    run: &'a Run,
    outline: Outline<'a>,
    out: String,
}

impl Comment<'_> {
    fn headline(&mut self, now: DateTime<Utc>) {
        let run = self.run;
        let mut name = vec![told(&run.service)];
        name.extend(run.environment.as_deref().map(told));
        self.line(&format!("## {}: {}", run.decision.headline.words(), name.join(" · ")));
        self.line("");
        let oldest = self.outline.age(now);
        self.line(&format!("**{}** · {oldest}", told(&run.decision.because)));
        self.line("");
        let counts = run.decision.counts;
        let mut cells = vec![
            ("pass", counts.pass),
            ("fail", counts.fail),
            ("unknown", counts.unknown),
            ("not applicable", counts.not_applicable),
        ];
        if counts.error > 0 {
            cells.push(("undecided because Seaworthy failed", counts.error));
        }
        let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        self.line(&row(cells.iter().map(|(word, _)| (*word).to_owned()).collect()));
        self.line(&row(vec!["--:".to_owned(); cells.len()]));
        self.line(&row(cells.iter().map(|(_, count)| count.to_string()).collect()));
        self.line("");
    }

    /// Waivers at fault, then accepted risks: never folded away.
    fn waivers(&mut self) {
        let decision = &self.run.decision;
        if !decision.waiver_faults.is_empty() {
            self.line("### Waivers that do not hold");
            self.line("");
            let faults = decision.waiver_faults.iter().map(|fault| {
                let (id, word) = (code(&fault.waiver.requirement), risks::word(fault.kind));
                let (why, fix) = (told(&fault.why), code(&risks::way_out(fault)));
                format!("- **{word}** {id}: {why}; {}; fix: {fix}", told(&risks::terms(&fault.waiver)))
            });
            self.lines(&faults.collect::<Vec<_>>(), WAIVERS_BYTES_MAX);
        }
        if !decision.waived.is_empty() {
            self.line("### Accepted risks: these were not seen to hold");
            self.line("");
            let lines = decision.waived.iter().map(|waived| {
                let verdict = risks::finding(self.run, waived).map_or("", |finding| finding.verdict.word());
                let (id, reason) = (code(&waived.requirement), told(&waived.reason));
                format!("- {verdict} {id}: {reason}; {}", told(&risks::terms(waived)))
            });
            self.lines(&lines.collect::<Vec<_>>(), WAIVERS_BYTES_MAX);
        }
    }

    fn blockers(&mut self) {
        if self.run.decision.blockers.is_empty() {
            return;
        }
        self.line("### What blocks, in the order in which to fix it");
        self.line("");
        self.line("| | requirement | severity | seen |");
        self.line("|---|---|---|---|");
        let rows: Vec<String> = (self.outline.failed.iter().map(|finding| row(finding)))
            .chain(self.outline.unseen.iter().map(group_row))
            .collect();
        self.lines(&rows, TABLE_BYTES_MAX);
    }

    /// How to make each blocker pass, folded, as many as fit.
    fn repairs(&mut self) {
        if self.run.decision.blockers.is_empty() {
            return;
        }
        self.open("How to fix what failed, and what to give where nothing could be seen");
        let failed = self.outline.failed.iter().map(|finding| repair(finding));
        let texts: Vec<String> = failed.chain(self.outline.unseen.iter().map(gift)).collect();
        self.lines(&texts, REPAIRS_BYTES_MAX);
        self.close();
    }

    fn standing(&mut self) {
        let failed = self.outline.standing.iter();
        let lines: Vec<String> = (failed.map(|finding| item(finding)))
            .chain(self.outline.standing_unseen.iter().map(group_item))
            .collect();
        if lines.is_empty() {
            return;
        }
        self.open(&format!("What else stands, without blocking: {}", self.run.decision.standing.len()));
        self.lines(&lines, STANDING_BYTES_MAX);
        self.close();
    }

    fn warned(&mut self) {
        let lines = self.outline.warned.iter().map(|finding| {
            let warnings: Vec<String> =
                finding.warnings.iter().map(|warning| told(warning).into_owned()).collect();
            format!("- {}: {}", code(&finding.id), warnings.join("; "))
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() {
            return;
        }
        self.open(&format!("What holds and should be better: {}", lines.len()));
        self.lines(&lines, STANDING_BYTES_MAX);
        self.close();
    }

    fn folded(&mut self) {
        for (findings, what) in [
            (self.outline.passed.clone(), "What holds"),
            (self.outline.not_applicable.clone(), "What has no subject here"),
        ] {
            if findings.is_empty() {
                continue;
            }
            self.open(&format!("{what}: {}", findings.len()));
            let ids: Vec<String> =
                findings.iter().map(|finding| format!("{}, ", code(&finding.id))).collect();
            let room = FOLDED_BYTES_MAX.saturating_sub(self.out.len());
            let used = ids.iter().scan(0, |used, id| {
                *used += id.len();
                Some(*used)
            });
            let fit = used.take_while(|used| *used <= room).count();
            self.line(ids[..fit].concat().trim_end_matches(", "));
            self.line("");
            self.and_more(ids.len() - fit);
            self.close();
        }
    }

    fn footer(&mut self) {
        let run = self.run;
        let commit = run.commit.as_ref().map_or(String::new(), |commit| format!(", commit {}", code(commit)));
        self.line(&format!(
            "<sub>Looked at {} on {} for {} with consent {}{commit}. Run {}, Seaworthy {}.</sub>",
            code(&run.target),
            moment(run.started_at),
            took(run.took_ms),
            consent_word(run.consent),
            code(&run.id),
            told(&run.seaworthy),
        ));
    }

    /// As many lines as there is room for, and how many there are more.
    fn lines(&mut self, lines: &[String], bytes_max: usize) {
        let mut shown = 0;
        for line in lines.iter().take(ROWS_MAX) {
            if self.out.len() + line.len() > bytes_max {
                break;
            }
            self.line(line);
            shown += 1;
        }
        self.line("");
        self.and_more(lines.len() - shown);
    }

    fn and_more(&mut self, count: usize) {
        if count > 0 {
            self.line(&format!("and {count} more"));
            self.line("");
        }
    }

    fn open(&mut self, summary: &str) {
        self.line(&format!("<details><summary>{summary}</summary>"));
        self.line("");
    }

    fn close(&mut self) {
        self.line("</details>");
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }
}

fn row(finding: &Finding) -> String {
    let more = finding.seen.len().saturating_sub(1) + finding.more;
    let more = if more > 0 { format!(" and {}", counted(more, "more place")) } else { String::new() };
    let seen = finding.seen.first().or(Some(&finding.title)).map_or(Cow::Borrowed(""), |text| cell(text));
    let id = cell_code(&finding.id);
    format!(
        "| **{}** | {id} | {} | {seen}{more} |",
        finding.verdict.word().to_uppercase(),
        finding.severity.word()
    )
}

fn group_row(group: &Group<'_>) -> String {
    let [finding] = group.findings.as_slice() else {
        let what = counted(group.findings.len(), "requirement");
        let why = group.reason.map_or(Cow::Borrowed(""), |reason| cell(&reason.why));
        let give = group.reason.and_then(|reason| reason.give.as_ref());
        let give = give.map_or(String::new(), |give| format!("; give: {}", cell_code(give)));
        return format!("| **UNKNOWN** | {what} | {} | {why}{give} |", group.severity().word());
    };
    match group.reason {
        Some(reason) => {
            let (id, severity) = (cell_code(&finding.id), finding.severity.word());
            format!("| **UNKNOWN** | {id} | {severity} | {} |", cell(&reason.why))
        }
        None => row(finding),
    }
}

/// What was seen, what was wanted, how to see it again, what to do.
fn repair(finding: &Finding) -> String {
    let mut out = format!("#### {}\n\n", code(&finding.id));
    let seen = finding.seen.iter().take(3).map(|seen| format!("- seen: {}\n", told(seen)));
    out.extend(seen);
    out.push_str(&format!("- wanted: {}\n", told(&finding.wanted)));
    out.extend(finding.by_hand.first().map(|command| format!("- by hand: {}\n", code(command))));
    out + "\n" + &remedy(finding)
}

/// What could not be seen for which requirements, and what would help.
fn gift(group: &Group<'_>) -> String {
    let shown = group.findings.iter().take(ROWS_MAX).map(|finding| code(&finding.id));
    let mut out = format!("#### {}\n\n", shown.collect::<Vec<_>>().join(", "));
    let hidden = group.findings.len().saturating_sub(ROWS_MAX);
    let lines = [
        (hidden > 0).then(|| format!("- and {}", counted(hidden, "more requirement"))),
        group.reason.map(|reason| format!("- could not be seen: {}", told(&reason.why))),
        group.reason.and_then(|reason| reason.give.as_ref()).map(|give| format!("- give: {}", code(give))),
    ];
    for line in lines.into_iter().flatten() {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn item(finding: &Finding) -> String {
    let seen = finding.seen.first().map_or(String::new(), |seen| format!(": {}", told(seen)));
    let severity = finding.severity.word();
    let experimental = if finding.proven { "" } else { ", experimental" };
    format!("- {} {} {severity}{experimental}{seen}", finding.verdict.word(), code(&finding.id))
}

fn group_item(group: &Group<'_>) -> String {
    let why = group.reason.map_or(String::new(), |reason| format!(": {}", told(&reason.why)));
    match group.findings.as_slice() {
        [finding] if finding.verdict == Verdict::Error => item(finding),
        [finding] => format!("- unknown {} {}{why}", code(&finding.id), finding.severity.word()),
        many => format!("- unknown, {}{why}", counted(many.len(), "requirement")),
    }
}

/// A text for people: as it is where it holds nothing but words, else as code.
pub(crate) fn told(text: &str) -> Cow<'_, str> {
    if is_words(text) { Cow::Borrowed(text) } else { Cow::Owned(code(text)) }
}

/// Words, blanks and the punctuation that means nothing to any Markdown: no links, mentions, references, emoji
/// names, commit ids, tables, HTML or emphasis can be made of them.
fn is_words(text: &str) -> bool {
    let clean = |word: &str| {
        let inner = word.trim_end_matches([',', '.', ';']).trim_start_matches('(').trim_end_matches(')');
        let digits = inner.chars().any(|c| c.is_ascii_digit());
        let letters = inner.chars().any(char::is_alphabetic);
        !word.is_empty()
            && inner.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '\'')
            && !inner.starts_with(['-', '\''])
            && !(digits && (letters || inner.contains('-') || inner.len() > 6))
    };
    quoted(text) == text && text.starts_with(char::is_alphanumeric) && text.split(' ').all(clean)
}

/// A code span, with a fence longer than any inside.
fn code(text: &str) -> String {
    let text = quoted(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let edge = |c| text.starts_with(c) || text.ends_with(c);
    let pad = if edge('`') || edge(' ') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Made visible and not longer than a comment can bear.
fn quoted(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => text,
    }
}

/// The same inside a table, where a bar would end the cell even in code.
fn cell_code(text: &str) -> String {
    code(&quoted(text).replace('|', "\\u{7c}"))
}

fn cell(text: &str) -> Cow<'_, str> {
    if is_words(text) { Cow::Borrowed(text) } else { Cow::Owned(cell_code(text)) }
}

/// A fenced block, each line made visible, with a fence longer than any inside.
fn fenced(text: &str) -> String {
    let lines = text.trim_end().lines();
    let lines: Vec<String> =
        lines.take(SNIPPET_LINES_MAX).map(|line| log_safe(&line.replace('\t', "    "))).collect();
    let body = lines.join("\n");
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    format!("{fence}text\n{body}\n{fence}\n")
}

/// Made visible, and no order to a CI log that prints the Markdown.
fn log_safe(line: &str) -> String {
    let line = visible(line);
    if outside::is_log_line(&line) { line.replacen("::", "\\u{3a}:", 1) } else { line.into_owned() }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
