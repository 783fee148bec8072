//! Looks in the right order and sums up: the walk, the environment files, all files, the history, then each subject.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::Limits;
use seaworthy_core::limits::repo::{
    FILE_BYTES_MAX, FINDINGS_MAX, HISTORY_TIME_MAX, LISTED_MAX, TREE_TIME_MAX,
};

use super::facts::{FilesFacts, GitFacts, RepoFacts, SetAsideDirectory, UnreadFile};
use super::files::{Files, KeptFile};
use super::gaps::{self, EVERYTHING, Gap, Subject};
use super::git::Git;
use super::git::changed;
use super::git::refs::Refs;
use super::history::{self, History};
use super::leftovers::facts::{LeftoverFacts, LeftoverFinding, SetAside};
use super::leftovers::has_rules;
use super::lines::shown_by;
use super::looked::{Looked, counted};
use super::read;
use super::role::{Role, language};
use super::secrets::{LiveValue, Searcher, worth_looking_for};
use super::settings::env_file::{EnvFile, EnvKind, secrets as env_secrets};
use super::settings::is_env_file;
use super::settings::names::secret_part;
use super::tree::{Tree, unseen};
use super::walk::{Found, TrackedPaths, walk};
use super::{
    Detected, RepoTarget, changelog, delivered, findings, licences, migrations, pipeline, reports, settings,
    stack, version,
};

/// Looks at a repository. Blocks.
pub(super) fn look(target: &RepoTarget, limits: &Limits) -> Seen<RepoFacts> {
    let shown = target.root.display().to_string();
    let tree = match Tree::open(&target.root) {
        Ok(tree) => tree,
        Err(error) => {
            return Seen::Unseen(
                unseen(&shown, &error).give("the directory of the repository: `repo: PATH`"),
            );
        }
    };
    let git = Git::find(&target.root);
    let tracked = tracked(&git);
    let walk = walk(&tree, tracked.as_ref().ok().and_then(Option::as_ref));
    let env_files = env_files(&tree, &walk.files);
    let searcher = Searcher::new(live_values(&env_files));
    let harvest = read::read(&tree, &walk.files, &searcher, TREE_TIME_MAX.min(limits.deadline / 3));
    let refs = refs(&git);
    let past = history(&git, &refs, &searcher, HISTORY_TIME_MAX.min(limits.deadline / 2));
    sum(Looked { target, tree: &tree, git, tracked, walk, env_files, searcher, harvest, refs, past })
}

fn sum(mut looked: Looked<'_>) -> Seen<RepoFacts> {
    let files = files(&mut looked);
    let git = git(&looked);
    let (head, tags) = match &git {
        Seen::Seen { value: Some(git), .. } => {
            (git.head.value().cloned().flatten(), git.tags_at_head.value().cloned().unwrap_or_default())
        }
        Seen::Seen { value: None, .. } | Seen::Unseen(_) => (None, Vec::new()),
    };
    let packages = version::packages(&files);
    let version = version::version(&files, &packages, &tags, files.whole());
    let listed_files = std::mem::take(&mut looked.walk.files);
    let told: Vec<_> = std::mem::take(&mut looked.harvest.told)
        .into_iter()
        .filter_map(|(file, told)| Some((listed_files.get(file)?.shown(), told)))
        .collect();
    let sources = licences::Sources { files: &files, tree: looked.tree, cargo: &looked.target.cargo };
    let pipeline = pipeline::look(&files);
    let reports = reports::look(looked.tree, &looked.target.reports, head.as_deref());
    let mut facts = RepoFacts {
        detected: Vec::new(),
        stack: stack::look(&files, &listed_files, &packages, &told),
        settings: settings::look(&files, &looked.env_files),
        changelog: changelog::look(&files, &version),
        pipeline_runs: delivered::look(&pipeline, reports.runs, head.as_deref()),
        pipeline,
        licences: licences::look(&sources, &packages),
        migrations: migrations::look(&files),
        reports: reports.facts,
        leftovers: leftovers(&looked, &listed_files, &files),
        secrets: findings::secrets(&looked, &listed_files, &files),
        files: files_facts(&looked, files.cuts.is_empty()),
        git,
        version,
    };
    facts.detected = Detected::of(&facts).lines();
    Seen::new(facts)
}

/// The commit that is checked out at a folder; none where there is no repository, or none can be read.
pub fn head(root: &Path) -> Option<String> {
    let git = Git::find(root).ok().flatten()?;
    git.refs().ok()?.head.map(|oid| oid.hex(git.format))
}

/// The paths that git tracks; `None` without a git directory.
fn tracked(git: &Result<Option<Git>, Unseen>) -> Result<Option<TrackedPaths>, Unseen> {
    match git {
        Ok(Some(git)) => git.tracked().map(TrackedPaths::new).map(Some),
        Ok(None) => Ok(None),
        Err(unseen) => Err(unseen.clone()),
    }
}

fn refs(git: &Result<Option<Git>, Unseen>) -> Result<Option<Refs>, Unseen> {
    match git {
        Ok(Some(git)) => git.refs().map(Some),
        Ok(None) => Ok(None),
        Err(unseen) => Err(unseen.clone()),
    }
}

fn history(
    git: &Result<Option<Git>, Unseen>,
    refs: &Result<Option<Refs>, Unseen>,
    searcher: &Searcher,
    time: Duration,
) -> Result<History, Unseen> {
    match (git, refs) {
        (Ok(Some(git)), Ok(Some(refs))) => history::search(git, refs, searcher, time),
        (Err(unseen), _) | (_, Err(unseen)) => Err(unseen.clone()),
        (Ok(_), Ok(_)) => {
            Err(Unseen::new(Blind::NotGiven, "there is no git directory, so the history was not read")
                .give("run Seaworthy in a clone of the repository"))
        }
    }
}

/// A template: an environment file that only declares names.
pub(crate) struct Template {
    /// The path from the repository's root.
    pub(crate) path: PathBuf,
    /// Names with their lines.
    pub(crate) names: Vec<(String, u64)>,
}

/// The templates of a repository. The same that a look at the repository finds.
pub(crate) fn templates(root: &Path) -> Result<Vec<Template>, Unseen> {
    let shown = root.display().to_string();
    let tree = Tree::open(root).map_err(|error| unseen(&shown, &error))?;
    let tracked = tracked(&Git::find(root))?;
    let walk = walk(&tree, tracked.as_ref());
    if let Some((path, why)) = walk.unread.first() {
        let why_all = format!("not everything was read: {}: {}", path.display(), why.why);
        return Err(Unseen { kind: why.kind, why: why_all, give: why.give.clone() });
    }
    let templates = env_files(&tree, &walk.files).into_iter().filter(|file| file.kind == EnvKind::Example);
    Ok(templates
        .map(|file| {
            let names = file.entries.iter().map(|entry| (entry.name.clone(), entry.line)).collect();
            Template { path: PathBuf::from(file.path), names }
        })
        .collect())
}

fn env_files(tree: &Tree, files: &[Found]) -> Vec<EnvFile> {
    const ENV_FILES_MAX: usize = 500;
    files
        .iter()
        .filter(|found| is_env_file(&found.path) && !matches!(found.role, Role::Test | Role::Vendored))
        .take(ENV_FILES_MAX)
        .filter_map(|found| {
            let file = tree.file(&found.path).ok()?;
            let bytes = file.whole(FILE_BYTES_MAX as u64).ok()?;
            Some(EnvFile::parse(found.shown(), found.tracked, file.mode, &String::from_utf8_lossy(&bytes)))
        })
        .collect()
}

/// Secrets of environment files that git does not track: none of them may stand in what it does track.
fn live_values(env_files: &[EnvFile]) -> Vec<LiveValue> {
    const LIVE_MAX: usize = 500;
    env_files
        .iter()
        .filter(|file| file.tracked == Some(false) && file.kind != EnvKind::Example)
        .flat_map(|file| {
            env_secrets(file).filter(|entry| worth_looking_for(secret_part(&entry.value))).map(|entry| {
                LiveValue {
                    name: format!("{} in {}", entry.name, file.path),
                    value: secret_part(&entry.value).to_owned(),
                }
            })
        })
        .take(LIVE_MAX)
        .collect()
}

/// The held files, and for each subject the first reason why it lacks something.
fn files(looked: &mut Looked<'_>) -> Files {
    let mut kept = BTreeMap::new();
    for (file, bytes) in std::mem::take(&mut looked.harvest.kept) {
        if let Some(found) = looked.walk.files.get(file) {
            kept.insert(found.shown(), KeptFile { found: found.clone(), bytes });
        }
    }
    let walked = looked.walk.unread.iter().map(|(path, why)| (path.as_path(), why, EVERYTHING));
    let read = looked.harvest.gaps.iter().map(|gap| (gap.path.as_path(), &gap.why, gap.lacks.as_slice()));
    // A file that is gone by now was taken away while we looked; the next look will not find it either.
    let mut cuts = gaps::reasons(walked.chain(read));
    if let Err(unseen) = &looked.tracked {
        for subject in EVERYTHING {
            cuts.entry(*subject).or_insert_with(|| unseen.clone());
        }
    }
    Files { kept, cuts }
}

fn files_facts(looked: &Looked<'_>, whole: bool) -> FilesFacts {
    let unread = looked.walk.unread.iter().map(|(path, why)| (path, why));
    let unread = unread.chain(looked.harvest.gaps.iter().map(|gap| (&gap.path, &gap.why)));
    let unread = unread.map(|(path, reason)| UnreadFile {
        path: path.to_string_lossy().into_owned(),
        reason: reason.clone(),
    });
    let set_aside = looked.walk.set_aside.iter();
    let set_aside = set_aside.map(|(path, why)| SetAsideDirectory {
        path: path.to_string_lossy().into_owned(),
        why: (*why).to_owned(),
    });
    FilesFacts {
        read_count: looked.harvest.files_count,
        read_bytes: looked.harvest.bytes_count,
        whole,
        unread: Listed::bounded(unread.collect(), LISTED_MAX, "files"),
        set_aside: Listed::bounded(set_aside.collect(), LISTED_MAX, "directories"),
        links_count: looked.walk.links_count as u64,
    }
}

fn git(looked: &Looked<'_>) -> Seen<Option<GitFacts>> {
    let git = match &looked.git {
        Ok(Some(git)) => git,
        Ok(None) => return Seen::new(None),
        Err(unseen) => return Seen::Unseen(unseen.clone()),
    };
    let from_refs = |refs: &Result<Option<Refs>, Unseen>| match refs {
        Ok(Some(_) | None) => None,
        Err(unseen) => Some(unseen.clone()),
    };
    let (head, branch, tags) = match (from_refs(&looked.refs), &looked.refs) {
        (Some(unseen), _) => (unseen.clone().into(), unseen.clone().into(), unseen.into()),
        (None, Ok(Some(refs))) => {
            let branch =
                refs.branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/")).map(str::to_owned);
            let head = refs.head.map(|oid| oid.hex(git.format));
            let tags = git.tags_at(refs);
            (
                Seen::shown_by(head, "git rev-parse HEAD"),
                Seen::shown_by(branch, "git branch --show-current"),
                Seen::shown_by(tags, "git tag --points-at HEAD"),
            )
        }
        (None, _) => (Seen::new(None), Seen::new(None), Seen::new(Vec::new())),
    };
    let (tracked_count, submodules) = match &looked.tracked {
        Ok(tracked) => (
            Seen::new(tracked.as_ref().map_or(0, |tracked| tracked.len() as u64)),
            Seen::new(tracked.as_ref().map(TrackedPaths::submodules).unwrap_or_default()),
        ),
        Err(unseen) => (unseen.clone().into(), unseen.clone().into()),
    };
    let changed = changed(git, looked);
    Seen::new(Some(GitFacts { head, branch, tags_at_head: tags, changed, tracked_count, submodules }))
}

/// Most files that git does not track and that are named.
const UNTRACKED_NAMED_MAX: usize = 20;

fn changed(git: &Git, looked: &Looked<'_>) -> Seen<Listed<String>> {
    let changed = match (&looked.refs, &looked.tracked) {
        (Ok(Some(refs)), Ok(Some(tracked))) => {
            changed::changed(git, refs, &tracked.entries, (&looked.target.root, looked.tree))
        }
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
        (Ok(_), Ok(_)) => return Seen::new(Listed::whole(Vec::new())),
    };
    match changed {
        Ok(mut changed) => {
            // What was read and is in no commit was judged all the same.
            let added = looked.walk.files.iter().filter(|file| file.in_code && file.tracked == Some(false));
            changed.items.extend(added.take(UNTRACKED_NAMED_MAX).map(Found::shown));
            Seen::shown_by(changed, "git status --porcelain")
        }
        Err(why) => Seen::Unseen(why),
    }
}

fn leftovers(looked: &Looked<'_>, listed: &[Found], files: &Files) -> LeftoverFacts {
    let found = looked.harvest.leftovers.iter().filter_map(|(file, leftover)| {
        let path = listed.get(*file)?.shown();
        Some(LeftoverFinding {
            rule: leftover.rule.clone(),
            by_hand: shown_by(&path, leftover.line),
            path,
            line: leftover.line,
            excuse: leftover.excuse.clone(),
        })
    });
    let mut found = Listed::bounded(found.collect(), FINDINGS_MAX, "leftovers");
    found.cut = found.cut.or_else(|| files.whole_for(Subject::Leftovers).err());
    let unread = |found: &Found| {
        let of_this = |gap: &Gap| gap.path == found.path && gap.lacks.contains(&Subject::Leftovers);
        looked.harvest.gaps.iter().any(of_this)
    };
    let mut by_role: BTreeMap<Role, u64> = BTreeMap::new();
    for file in listed.iter().filter(|file| file.in_code && language(&file.path).is_some_and(has_rules)) {
        if !unread(file) {
            *by_role.entry(file.role).or_default() += 1;
        }
    }
    let production = by_role.remove(&Role::Production).unwrap_or(0);
    let set_aside = by_role.into_iter().map(|(role, files_count)| SetAside { role, files_count }).collect();
    LeftoverFacts {
        found: Seen::new(found),
        files_count: counted(production, files.whole_for(Subject::List)),
        set_aside: Seen::new(Listed::whole(set_aside)),
    }
}
