//! Where in the repository a finding stands, read from the facts document and never from a sentence.

use seaworthy_core::facts::SEEN_KEY;
use seaworthy_core::finding::Finding;
use seaworthy_core::run::Run;
use serde_json::Value as Json;

/// The section of the facts document in which `path` and `line` mean a file of the repository.
const REPOSITORY: &str = "facts.repo.";
/// Most places of one finding.
const PLACES_MAX: usize = 20;

/// A file of the repository, and the line where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Relative to the root of the repository, with `/`.
    pub file: String,
    /// From 1.
    pub line: Option<i64>,
}

/// The places that the facts of a finding stand in, each once, in the order of the facts.
pub(crate) fn of(run: &Run, finding: &Finding) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let cited = finding.facts.iter().filter(|fact| fact.path.starts_with(REPOSITORY));
    for place in cited.filter_map(|fact| around(&run.facts, &fact.path)) {
        if places.len() < PLACES_MAX && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The place of the innermost object around a fact that has one.
fn around(facts: &Json, path: &str) -> Option<Place> {
    let mut place = None;
    let mut at = facts;
    for step in steps(path.strip_prefix("facts.")?) {
        at = match step {
            Step::Key(key) => inside(at).get(key)?,
            Step::Index(index) => inside(at).get(index)?,
        };
        place = place_of(inside(at)).or(place);
    }
    place
}

fn place_of(value: &Json) -> Option<Place> {
    let file = inside(value.get("path")?).as_str().filter(|file| is_relative(file))?;
    let line = value.get("line").and_then(|line| inside(line).as_i64()).filter(|line| *line > 0);
    Some(Place { file: file.to_owned(), line })
}

/// A path that stays in the repository; anything else is not one of ours to point at.
fn is_relative(file: &str) -> bool {
    !file.is_empty() && !file.contains([':', '\\']) && file.split('/').all(|part| !matches!(part, "" | ".."))
}

/// The value itself where a command stands beside it.
fn inside(value: &Json) -> &Json {
    value.get(SEEN_KEY).unwrap_or(value)
}

enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// `a.b[3].c` as steps.
fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split(['.', '[']).map(|part| match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
        Some(index) => Step::Index(index),
        None => Step::Key(part),
    })
}

#[cfg(test)]
mod tests {
    use seaworthy_core::finding::CitedFact;
    use serde_json::json;

    use super::{Place, of};
    use crate::sample;

    fn places(path: &str) -> Vec<Place> {
        let mut run = sample::faulty();
        run.facts = json!({"repo": {
            "found": [{"path": "src/a b.js", "line": 12, "kind": "x"}, {"$seen": {"path": "c.js", "kind": "y"}, "by_hand": "grep"}],
            "odd": [{"path": "../../etc/passwd"}, {"path": "/etc/passwd"}, {"path": "file:x"}, {"path": 3}],
        }, "host": {"files": [{"path": "etc/passwd", "mode": 1}]}});
        let mut finding = run.findings[0].clone();
        finding.facts = vec![CitedFact { path: path.into(), value: "x".into() }];
        of(&run, &finding)
    }

    #[test]
    fn the_file_around_a_fact_is_its_place() {
        assert_eq!(places("facts.repo.found[0].kind"), [Place { file: "src/a b.js".into(), line: Some(12) }]);
        assert_eq!(places("facts.repo.found[1].kind"), [Place { file: "c.js".into(), line: None }]);
    }

    #[test]
    fn what_is_no_file_of_the_repository_is_no_place() {
        for path in [
            "facts.repo.odd[0].path",
            "facts.repo.odd[1].path",
            "facts.repo.odd[2].path",
            "facts.repo.odd[3].path",
        ] {
            assert_eq!(places(path), [], "{path}");
        }
        assert_eq!(places("facts.repo.found[7].kind"), []);
        assert_eq!(places("facts.host.files[0].mode"), []);
    }
}
