//! A finding as plain sentences, for forms that keep text in a field: JUnit and SARIF.

use seaworthy_core::finding::{Finding, Verdict};

use crate::outside::visible;
use crate::words::counted;

/// What was seen, or why nothing was, in one line.
pub(crate) fn summary(finding: &Finding) -> String {
    let seen = finding.seen.first();
    let unseen = finding.unseen.first().map(|unseen| &unseen.why);
    let open = matches!(finding.verdict, Verdict::Unknown);
    let text = if open { unseen.or(seen) } else { seen.or(unseen) };
    let text = text.map_or(finding.title.as_str(), String::as_str);
    if open { format!("could not be seen: {}", visible(text)) } else { visible(text).into_owned() }
}

/// Everything that is known of it, a line each, every line with a word before it.
pub(crate) fn lines(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = finding.seen.iter().map(|seen| format!("seen: {}", visible(seen))).collect();
    lines.extend(finding.warnings.iter().map(|warning| format!("warning: {}", visible(warning))));
    if finding.more > 0 {
        lines.push(format!("and {}", counted(finding.more, "more place")));
    }
    for unseen in &finding.unseen {
        lines.push(format!("could not see {}: {}", visible(&unseen.path), visible(&unseen.why)));
        lines.extend(unseen.give.as_ref().map(|give| format!("give: {}", visible(give))));
    }
    if !finding.wanted.is_empty() {
        lines.push(format!("wanted: {}", visible(&finding.wanted)));
    }
    lines.extend(finding.by_hand.iter().map(|command| format!("by hand: {}", visible(command))));
    lines.extend(finding.hint.iter().map(|hint| format!("hint: {}", visible(hint))));
    if !matches!(finding.verdict, Verdict::Pass | Verdict::NotApplicable) {
        lines.push(format!("fix: {}", remedy(finding)));
        let snippet = finding.remedy.snippet.iter().flat_map(|snippet| snippet.trim_end().lines());
        lines.extend(snippet.map(|line| format!("    | {}", visible(line))));
    }
    lines
}

/// What to do, on one line.
pub(crate) fn remedy(finding: &Finding) -> String {
    let text = finding.remedy.text.split_whitespace().collect::<Vec<_>>().join(" ");
    visible(&text).into_owned()
}
