//! Rules over the whole catalog, so that nobody can forget one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use chrono::DateTime;
use seaworthy_core::catalog::{Catalog, Matrix, lint};
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::finding::Verdict;
use seaworthy_core::judge::{Document, judge};
use seaworthy_probes::registry::facts_schema;
use serde_json::{Value as Json, json};

use crate::judging::{catalog, files, verdict};
use crate::support::tree;

/// Recordings by part and state.
fn recordings() -> BTreeMap<(String, String), Json> {
    let mut found = BTreeMap::new();
    let folder = tree().join("testbed/recordings");
    for part in fs::read_dir(&folder).into_iter().flatten().flatten() {
        for file in fs::read_dir(part.path()).expect("a part").flatten() {
            let state = Path::new(&file.file_name()).file_stem().expect("a name").display().to_string();
            let facts = serde_json::from_str(&fs::read_to_string(file.path()).expect("text")).expect("JSON");
            found.insert((part.file_name().display().to_string(), state), facts);
        }
    }
    found
}

#[test]
fn every_file_is_linted() {
    let (catalog, schema) = (catalog(), facts_schema());
    let complaints: Vec<String> = catalog
        .iter()
        .flat_map(|requirement| {
            let file = format!("{}/{}.yaml", requirement.spec.area, requirement.spec.id);
            lint(requirement, &file, &schema)
        })
        .map(|complaint| format!("{}: {}", complaint.file, complaint.what))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn file_names_are_ids_and_folders_are_areas() {
    for (path, text) in files() {
        let one = Catalog::read([(path.as_str(), text.as_str())], &Matrix::default()).expect("a requirement");
        let spec = &one.iter().next().expect("one").spec;
        assert_eq!(path, format!("{}/{}.yaml", spec.area, spec.id));
        assert!(text.lines().count() < 100, "{path} has 100 lines or more");
    }
}

/// `catalog/seeds.csv` has every line of the seed checklists with what answers it; where that is in no file yet, the row says so.
#[test]
fn every_seed_line_is_answered_or_listed_as_not_yet() {
    let text = fs::read_to_string(tree().join("catalog/seeds.csv")).expect("text");
    let rows: BTreeSet<(&str, &str)> = text.lines().skip(1).filter_map(|row| row.split_once(',')).collect();
    let lines: BTreeSet<&str> = rows.iter().map(|(line, _)| *line).collect();
    assert!(lines.len() > 700, "{} lines", lines.len());
    for requirement in catalog().iter() {
        let id = requirement.spec.id.as_str();
        let listed: BTreeSet<&str> = rows.iter().filter(|(_, of)| *of == id).map(|(line, _)| *line).collect();
        let own: BTreeSet<&str> = requirement.spec.seeds.iter().map(String::as_str).collect();
        assert_eq!(own, listed, "`seeds` of {id} and its rows in catalog/seeds.csv");
    }
}

#[test]
fn every_requirement_is_proven_in_its_present_form() {
    let unproven: Vec<String> =
        catalog().iter().filter(|have| !have.proven()).map(|have| have.spec.id.clone()).collect();
    assert!(unproven.is_empty(), "run `seaworthy catalog prove` for {}", unproven.join(" "));
}

#[test]
fn an_empty_document_decides_nothing() {
    for facts in [json!({}), json!({"http": {}, "repo": {}, "tls": {}, "postgres": {}, "redis": {}})] {
        for requirement in catalog().iter() {
            let verdict = verdict(requirement, &facts);
            let undecided = matches!(verdict, Verdict::Unknown | Verdict::Error);
            assert!(undecided, "{} is {} on an empty document", requirement.spec.id, verdict.word());
        }
    }
}

#[test]
fn recordings_are_judged_as_they_were_seen() {
    let recordings = recordings();
    for requirement in catalog().iter() {
        let Some(plan) = &requirement.spec.proof else { continue };
        let seen = |part: &str, state: &str| {
            let facts = recordings.get(&(part.to_owned(), state.to_owned()));
            verdict(requirement, facts.unwrap_or_else(|| panic!("no recording {part}/{state}")))
        };
        let id = &requirement.spec.id;
        assert_eq!(seen(&plan.sound, "sound"), Verdict::Pass, "{id} on {}", plan.sound);
        assert_eq!(seen(&plan.sound, "away"), Verdict::Unknown, "{id} away");
        for sabotage in &plan.sabotage {
            let (part, name) = sabotage.split_once('/').expect("part/name");
            assert_eq!(seen(part, name), Verdict::Fail, "{id} under {sabotage}");
        }
    }
}

/// One recording without each fact that a judgement on it reads, one at a time: how many were taken, and what got
/// better by it.
fn without_each_fact(catalog: &Catalog, name: &str, facts: &Json) -> (usize, Vec<String>) {
    let why = Unseen::new(Blind::Denied, "taken away");
    let whole = Document::of(facts).expect("a document");
    let traced = Document::traced(facts).expect("a document");
    let (mut taken, mut wrong) = (0_usize, Vec::new());
    for requirement in catalog.iter() {
        let before = judge(requirement, &traced, DateTime::UNIX_EPOCH).verdict;
        for path in traced.read_paths() {
            let without = whole.without(&path, &why).expect("what was read stands in the facts");
            taken += 1;
            let after = judge(requirement, &without, DateTime::UNIX_EPOCH).verdict;
            if matches!(after, Verdict::Pass | Verdict::NotApplicable) && after != before {
                let (id, before, after) = (&requirement.spec.id, before.word(), after.word());
                wrong.push(format!("{name}: {id} turned from {before} to {after} without {path}"));
            }
        }
    }
    (taken, wrong)
}

#[test]
fn taking_a_fact_away_never_makes_a_pass() {
    let catalog = catalog();
    let recordings: Vec<_> = recordings().into_iter().collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (taken, wrong) = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..threads)
            .map(|first| {
                let share = recordings.iter().skip(first).step_by(threads);
                let catalog = &catalog;
                scope.spawn(move || {
                    share.fold((0, Vec::new()), |(taken, mut wrong), ((part, state), facts)| {
                        let (more, found) = without_each_fact(catalog, &format!("{part}/{state}"), facts);
                        wrong.extend(found);
                        (taken + more, wrong)
                    })
                })
            })
            .collect();
        shares.into_iter().map(|share| share.join().expect("judges")).fold(
            (0, Vec::new()),
            |(taken, mut wrong): (usize, Vec<String>), (more, found)| {
                wrong.extend(found);
                (taken + more, wrong)
            },
        )
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(taken > 0 || catalog.is_empty(), "nothing was taken away");
}
