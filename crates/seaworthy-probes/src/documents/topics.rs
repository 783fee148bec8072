//! What a section is about, by its title.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use regex::RegexSet;

use super::facts::{SectionFacts, Topic};

/// Fewer words below a title say nothing.
const WORDS_MIN: usize = 3;

/// Beginnings of words in titles.
const TITLES: [(Topic, &str); 15] = [
    (Topic::Roles, "roles?|responsib|commander|teams?|who"),
    (Topic::Severity, "severit|priorit|levels?|classif"),
    (Topic::Contacts, "contact|escalat|on-?call"),
    (Topic::Containment, "contain|mitigat|isolat|respon[sd]|first steps|immediate"),
    (Topic::Communication, "communicat|notif|status page|stakeholder|announc"),
    (Topic::Evidence, "evidence|forensic|preserv|logs?"),
    (Topic::Review, "review|post-?mortem|retrospect|lessons|follow-?up"),
    (Topic::Overview, "overview|purpose|about|introduc|service|architecture"),
    (Topic::Access, "access|dashboards?|links?|log-?ins?|credentials"),
    (Topic::CommonIssues, "issues?|troubleshoot|alerts?|symptoms?|failures?|problems?"),
    (Topic::Maintenance, "maintenance|procedures?|deploy|backups?|routine"),
    (Topic::Deadline, "deadlines?|within|time ?lines?|when|72"),
    (Topic::Authority, "authorit|regulator|supervis"),
    (Topic::Owner, "owners?|responsib|data protection officer|dpo|who"),
    (Topic::Template, "templates?|messages?|wording|notices?"),
];

/// The topics of the sections that say something. Sorted.
pub(super) fn covered(sections: &[SectionFacts]) -> Vec<Topic> {
    static SET: OnceLock<Option<RegexSet>> = OnceLock::new();
    let set =
        SET.get_or_init(|| RegexSet::new(TITLES.iter().map(|(_, words)| format!(r"(?i)\b(?:{words})"))).ok());
    let said = sections.iter().filter(|section| section.words_count >= WORDS_MIN);
    let found = said.flat_map(|section| set.iter().flat_map(|set| set.matches(&section.title)));
    let topics: BTreeSet<Topic> =
        found.filter_map(|index| TITLES.get(index)).map(|(topic, _)| *topic).collect();
    topics.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{SectionFacts, Topic, covered};

    #[test]
    fn a_title_says_what_a_section_is_about_where_anything_stands_below_it() {
        let topics = |title: &str, words_count| {
            covered(&[SectionFacts { title: title.to_owned(), line: 1, words_count }])
        };
        assert_eq!(topics("Severity levels", 9), [Topic::Severity]);
        assert_eq!(topics("Who does what", 9), [Topic::Roles, Topic::Owner]);
        assert_eq!(topics("Post-mortem", 9), [Topic::Review]);
        assert_eq!(topics("Severity levels", 2), []);
        assert_eq!(topics("Catalogue", 9), []);
        assert!(super::TITLES.len() == 15 && !topics("Evidence to keep", 9).is_empty());
    }
}
