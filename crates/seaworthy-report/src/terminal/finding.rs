//! One finding at a terminal: what is so, how it was seen, what to do.

use seaworthy_core::finding::{CitedUnseen, Finding, Verdict};

use super::page::{Ink, Span};
use super::{INDENT, NONE, Printer, verdict_ink};
use crate::outline::seen_at;
use crate::words::{counted, moment, time, until};

/// Most places and reasons shown of one finding, unless all is asked for.
const SHOWN_MAX: usize = 3;
/// Most lines of a snippet, unless all is asked for.
const SNIPPET_LINES_MAX: usize = 12;

impl Printer<'_> {
    /// One finding: what someone has to know to act on it, or everything where that is asked for.
    pub(super) fn finding(&mut self, finding: &Finding) {
        let whole = self.style.verbose;
        self.first_line(finding);
        if whole {
            self.page.prose(NONE, INDENT, &[(Ink::Strong, &finding.title)]);
        }
        self.seen(finding);
        self.unseen(finding);
        if !finding.wanted.is_empty() {
            self.labelled("wanted: ", &finding.wanted);
        }
        self.by_hand(finding);
        self.hint(finding);
        if whole {
            self.ground(finding);
        }
        let open = matches!(finding.verdict, Verdict::Unknown | Verdict::Error);
        if finding.verdict == Verdict::Fail || (whole && open) {
            self.remedy(finding);
        }
        self.page.blank();
    }

    /// What the verdict rests on, and for how long.
    fn ground(&mut self, finding: &Finding) {
        for fact in &finding.facts {
            let path = shown_path(&fact.path);
            let spans =
                [(Ink::Faint, "fact: "), (Ink::Code, path), (Ink::Plain, " is "), (Ink::Plain, &fact.value)];
            self.page.prose(NONE, INDENT, &spans);
        }
        let (until_when, left) = (moment(finding.fresh_until), until(finding.fresh_until, self.style.now));
        let fresh = format!("fresh until {until_when}, {left}");
        self.page.prose(NONE, INDENT, &[(Ink::Faint, &fresh)]);
    }

    fn first_line(&mut self, finding: &Finding) {
        let word = finding.verdict.word().to_uppercase();
        let mut spans: Vec<Span<'_>> =
            vec![(Ink::Strong, &finding.id), (Ink::Faint, " · "), (Ink::Faint, finding.severity.word())];
        if let Some(assurance) = finding.assurance {
            spans.extend([(Ink::Faint, " · "), (Ink::Faint, assurance.word())]);
        }
        if !finding.proven {
            spans.extend([(Ink::Faint, " · "), (Ink::Faint, "experimental")]);
        }
        self.page.prose((verdict_ink(finding.verdict), &word), INDENT, &spans);
    }

    fn seen(&mut self, finding: &Finding) {
        let max = self.shown_max();
        for seen in finding.seen.iter().take(max) {
            self.page.prose(NONE, INDENT, &[(Ink::Plain, seen)]);
        }
        let more = finding.seen.len().saturating_sub(max) + finding.more;
        if more > 0 {
            let more = format!("and {}", counted(more, "more place"));
            self.page.prose(NONE, INDENT, &[(Ink::Faint, &more)]);
        }
    }

    fn unseen(&mut self, finding: &Finding) {
        let mut told: Vec<(&str, &Option<String>)> = Vec::new();
        let max = self.shown_max();
        for unseen in &finding.unseen {
            let same = (unseen.why.as_str(), &unseen.give);
            if told.contains(&same) || told.len() == max {
                continue;
            }
            told.push(same);
            self.reason(unseen);
        }
    }

    fn reason(&mut self, unseen: &CitedUnseen) {
        let path = shown_path(&unseen.path);
        let why = (Ink::Plain, unseen.why.as_str());
        if unseen.kind.is_failed_look() {
            let path = format!("`{path}`");
            let spans = [(Ink::Plain, "could not see "), (Ink::Code, &path), (Ink::Plain, ": "), why];
            self.page.prose(NONE, INDENT, &spans);
        } else {
            self.page.prose(NONE, INDENT, &[why]);
        }
        if let Some(give) = &unseen.give {
            self.page.copied(INDENT, &[(Ink::Strong, "give: "), (Ink::Code, give)]);
        }
    }

    fn by_hand(&mut self, finding: &Finding) {
        let at = time(seen_at(self.run, finding));
        let max = if self.style.verbose { usize::MAX } else { 1 };
        for (index, command) in finding.by_hand.iter().take(max).enumerate() {
            let label = if index == 0 { format!("seen {at} with ") } else { "and with ".to_owned() };
            let command = format!("`{command}`");
            self.page.copied(INDENT, &[(Ink::Faint, &label), (Ink::Code, &command)]);
        }
    }

    fn hint(&mut self, finding: &Finding) {
        for warning in &finding.warnings {
            self.labelled("warning: ", warning);
        }
        if let Some(hint) = finding.hint.as_ref().filter(|hint| !finding.seen.contains(hint)) {
            self.labelled("hint: ", hint);
        }
    }

    fn remedy(&mut self, finding: &Finding) {
        let text = finding.remedy.text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.labelled("fix: ", &text);
        let Some(snippet) = &finding.remedy.snippet else { return };
        let max = if self.style.verbose { usize::MAX } else { SNIPPET_LINES_MAX };
        let hidden = self.page.block(INDENT + 4, snippet, max);
        if hidden > 0 {
            let more = format!("and {}: seaworthy explain {}", counted(hidden, "more line"), finding.id);
            self.page.prose(NONE, INDENT + 4, &[(Ink::Faint, &more)]);
        }
    }

    fn labelled(&mut self, label: &str, text: &str) {
        self.page.prose(NONE, INDENT, &[(Ink::Strong, label), (Ink::Plain, text)]);
    }

    fn shown_max(&self) -> usize {
        if self.style.verbose { usize::MAX } else { SHOWN_MAX }
    }
}

/// A path in the facts document as people read it.
fn shown_path(path: &str) -> &str {
    path.strip_prefix("facts.").unwrap_or(path)
}
