//! What a section is about, by its title.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use regex::RegexSet;

use super::facts::{SectionFacts, Topic};

/// Fewer words below a title say nothing.
const WORDS_MIN: usize = 3;

/// Words in titles, from the beginning of a word.
const TITLES: [(Topic, &str); 15] = [
    (Topic::Roles, r"roles?\b|responsibilit|commander|teams?\b|who (?:does|is|leads|decides)\b"),
    (Topic::Severity, r"severit|priorit|(?:incident|alert) levels?\b|levels?$|classif"),
    (Topic::Contacts, r"contacts?\b|escalat|on-?call\b|who to (?:call|ask)\b|whom to (?:call|ask)\b"),
    (
        Topic::Containment,
        r"contain|mitigat|isolat|respond\b|response(?: (?:steps|actions|procedures?|phases?))?$|first steps|immediate",
    ),
    (Topic::Communication, r"communicat|notif|status page|stakeholder|announc"),
    (Topic::Evidence, r"evidence|forensic|preserv|logs?\b"),
    (Topic::Review, r"reviews?\b|post-?mortem|retrospect|lessons|follow-?up"),
    (
        Topic::Overview,
        r"overview|purpose|about\b|introduc|(?:service|system) (?:information|description|details)|architecture|what (?:it|the service|this service) (?:is|does)\b",
    ),
    (Topic::Access, r"access\b|dashboards?\b|links?\b|log-?ins?\b|credentials"),
    (Topic::CommonIssues, r"issues?\b|troubleshoot|alerts?\b|symptoms?\b|failures?\b|problems?\b"),
    (Topic::Maintenance, r"maintenance|procedures?\b|deploy|backups?\b|routine"),
    (
        Topic::Deadline,
        r"deadlines?\b|within\b|time ?lines?\b|time ?limits?\b|when to (?:notify|report|tell|inform)\b|72[ -]?h",
    ),
    (Topic::Authority, r"authorit|regulator|supervis"),
    (
        Topic::Owner,
        r"owners?\b|responsib|data protection officer|dpo\b|who (?:is responsible|does|leads|decides|reports)\b",
    ),
    (Topic::Template, r"templates?\b|messages?\b|wording|notices?\b"),
];

/// The topics of the sections that say something. Sorted. The title of the whole document is none: all words stand below it.
pub(super) fn covered(sections: &[SectionFacts], title: Option<usize>) -> Vec<Topic> {
    static SET: OnceLock<Option<RegexSet>> = OnceLock::new();
    let set =
        SET.get_or_init(|| RegexSet::new(TITLES.iter().map(|(_, words)| format!(r"(?i)\b(?:{words})"))).ok());
    let sections = sections.iter().enumerate().filter(|(index, _)| Some(*index) != title);
    let said = sections.map(|(_, section)| section).filter(|section| section.words_count >= WORDS_MIN);
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
            covered(&[SectionFacts { title: title.to_owned(), line: 1, words_count }], None)
        };
        assert_eq!(topics("Severity levels", 9), [Topic::Severity]);
        assert_eq!(topics("Who does what", 9), [Topic::Roles, Topic::Owner]);
        assert_eq!(topics("Post-mortem", 9), [Topic::Review]);
        assert_eq!(topics("Severity levels", 2), []);
        for title in ["Catalogue", "Login", "When the database is down", "Services", "Corresponding tables"] {
            let none = topics(title, 9).iter().all(|topic| *topic == Topic::Access);
            assert!(none, "{title}");
        }
        assert_eq!(topics("When to notify", 9), [Topic::Communication, Topic::Deadline]);
        assert_eq!(topics("Response", 9), [Topic::Containment]);
        assert_eq!(topics("Incident response plan", 9), []);
        assert!(super::TITLES.len() == 15 && !topics("Evidence to keep", 9).is_empty());
    }
}
