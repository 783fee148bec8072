//! Secrets that were found, as findings: present ones, past ones, and those that the names of settings give away.
//! Decides which are excused; must not let one disappear.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::repo::FINDINGS_MAX;

use super::files::Files;
use super::gaps::Subject;
use super::history::Past;
use super::lines::{quoted, shown_by};
use super::looked::{Looked, counted};
use super::role::{Role, is_prose, language, role};
use super::secrets::facts::{SecretFinding, SecretsFacts};
use super::secrets::{Hit, Rule};
use super::settings::env_file::{EnvKind, is_template, secrets as env_secrets};
use super::settings::names::secret_part;
use super::settings::strength::{is_default, stands_for_one};
use super::walk::Found;

/// The secrets of the tree and of the history, those that count first.
pub(super) fn secrets(looked: &Looked<'_>, listed: &[Found], files: &Files) -> SecretsFacts {
    let mut found: Vec<SecretFinding> = looked
        .harvest
        .secrets
        .iter()
        .filter_map(|(file, hit)| Some(present(looked, listed.get(*file)?, hit)))
        .collect();
    found.extend(tracked_env_secrets(looked, &found));
    let mut cut = files.whole_for(Subject::Secrets).err();
    let commits_count = match &looked.past {
        Ok(history) => {
            cut = cut.or_else(|| history.cut.clone()).or_else(|| submodules(looked));
            found.extend(history.past.iter().map(|past| gone(looked, past)));
            acknowledge(looked, &mut found);
            counted(history.commits_count, history.cut.clone().map_or(Ok(()), Err))
        }
        Err(unseen) => {
            cut = cut.or_else(|| Some(unseen.clone()));
            Seen::Unseen(unseen.clone())
        }
    };
    // A line may hold one secret many times.
    let mut met = HashSet::new();
    found.retain(|one| {
        met.insert((one.rule.clone(), one.path.clone(), one.line, one.commit.clone(), one.secret))
    });
    // Those that count first: the list is bounded.
    found.sort_by_key(|finding| (finding.excuse.is_some(), finding.commit.is_some()));
    number(&mut found);
    let excused = found.iter().filter(|finding| finding.excuse.is_some()).count() as u64;
    let placeholders =
        looked.harvest.placeholders + looked.past.as_ref().map_or(0, |history| history.placeholders);
    let whole = || cut.clone().map_or(Ok(()), Err);
    let mut list = Listed::bounded(found, FINDINGS_MAX, "secrets");
    list.cut = list.cut.or_else(|| cut.clone());
    SecretsFacts {
        found: Seen::new(list),
        excused_count: counted(excused, whole()),
        placeholders_count: counted(placeholders, whole()),
        rules_count: looked.searcher.rules_count(),
        files_count: counted(looked.harvest.files_count, files.whole_for(Subject::Secrets)),
        commits_count,
    }
}

/// A value that is marked in the present files is none in the history either: history cannot be marked.
fn acknowledge(looked: &Looked<'_>, found: &mut [SecretFinding]) {
    let hits = looked.harvest.secrets.iter().map(|(_, hit)| hit);
    let marked: HashMap<u32, &String> =
        hits.filter_map(|hit| Some((hit.secret, hit.marked.as_ref()?))).collect();
    for finding in found.iter_mut().filter(|finding| finding.commit.is_some() && finding.excuse.is_none()) {
        finding.excuse =
            marked.get(&finding.secret).map(|reason| format!("marked in the present files: {reason}"));
    }
}

/// Histories of submodules are not read.
fn submodules(looked: &Looked<'_>) -> Option<Unseen> {
    let tracked = looked.tracked.as_ref().ok()?.as_ref()?;
    let first = tracked.submodules().into_iter().next()?;
    let why = format!("the history of the submodule `{first}` was not read");
    Some(Unseen::new(Blind::CutShort, why).give(format!("seaworthy check {}", quoted(&first))))
}

/// Numbers the secrets in the order of the list, so that the same repository gives the same facts.
fn number(found: &mut [SecretFinding]) {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    for finding in found {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX - 1) + 1;
        finding.secret = *numbers.entry(finding.secret).or_insert(next);
    }
}

fn present(looked: &Looked<'_>, found: &Found, hit: &Hit) -> SecretFinding {
    let path = found.shown();
    let by_hand = shown_by(&path, hit.line);
    finding(looked, hit, path, found.role, None, None, by_hand)
}

fn gone(looked: &Looked<'_>, past: &Past) -> SecretFinding {
    let path = past.path.to_string_lossy().into_owned();
    let commit = past.commit.clone();
    let message = path.starts_with('(');
    let by_hand = match &commit {
        Some(commit) if message => format!("git show -s {commit}"),
        Some(commit) => {
            format!("git show {} | sed -n {}p", quoted(&format!("{commit}:./{path}")), past.hit.line)
        }
        None => "git for-each-ref --format='%(refname) %(contents)' refs/tags".to_owned(),
    };
    let role = if message { Role::Production } else { role(&past.path) };
    finding(looked, &past.hit, path, role, commit, past.day.clone(), by_hand)
}

fn finding(
    looked: &Looked<'_>,
    hit: &Hit,
    path: String,
    role: Role,
    commit: Option<String>,
    committed_on: Option<String>,
    by_hand: String,
) -> SecretFinding {
    let rule = looked.searcher.rule(hit.rule);
    let made_up = rule.fixture && is_made_up(rule, hit, Path::new(&path), role);
    let excuse = match &hit.marked {
        Some(reason) => Some(format!("marked: {reason}")),
        None => made_up.then(|| "of a kind that tests, examples and prose make up".to_owned()),
    };
    SecretFinding {
        rule: rule.id.clone(),
        what: hit
            .setting
            .as_ref()
            .map_or_else(|| rule.what.clone(), |setting| format!("the value of {setting}")),
        path,
        line: hit.line,
        commit,
        committed_on,
        secret: hit.secret,
        excuse,
        revoke: rule.revoke.clone(),
        by_hand,
    }
}

/// Whether a secret stands where such are made up. What a file lies beside says nothing of it, and a whole private key
/// is made up for tests only.
fn is_made_up(rule: &Rule, hit: &Hit, path: &Path, role: Role) -> bool {
    let in_test = role == Role::Test || hit.in_test;
    let in_prose = is_prose(path) || hit.in_comment && language(path).is_some();
    in_test
        || !rule.is_private_key() && (in_prose || is_template(path) || is_example(&path.to_string_lossy()))
}

fn is_example(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "examples" | "example" | "demo" | "samples"))
}

/// Secrets in environment files that git tracks, however they look: their names say that they are some.
fn tracked_env_secrets(looked: &Looked<'_>, known: &[SecretFinding]) -> Vec<SecretFinding> {
    let tracked = looked.env_files.iter().filter(|file| {
        file.tracked == Some(true) && matches!(file.kind, EnvKind::Deployed(_) | EnvKind::Unsaid)
    });
    tracked
        .flat_map(|file| env_secrets(file).map(move |entry| (file, entry)))
        .filter(|(_, entry)| {
            let value = secret_part(&entry.value);
            !stands_for_one(value) && !is_default(value)
        })
        .filter(|(file, entry)| {
            !known.iter().any(|finding| finding.path == file.path && finding.line == entry.line)
        })
        .map(|(file, entry)| SecretFinding {
            rule: "env-file".into(),
            what: format!("{} in an environment file that git tracks", entry.name),
            path: file.path.clone(),
            line: entry.line,
            commit: None,
            committed_on: None,
            secret: looked.searcher.number(secret_part(&entry.value).as_bytes()),
            excuse: None,
            revoke: "replace the value wherever it is used".into(),
            by_hand: shown_by(&file.path, entry.line),
        })
        .collect()
}
