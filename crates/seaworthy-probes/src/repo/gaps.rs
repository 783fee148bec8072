//! What was not done with a file, and for whom that leaves a gap. A gap must cut no list that does not need the file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::Unseen;

use super::files::extension;
use super::role::{is_lock, language};
use super::walk::Found;
use super::{kept, leftovers};

/// Who needs files to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The list of files itself.
    List,
    /// The search for secrets.
    Secrets,
    /// The search for leftovers in code.
    Leftovers,
    /// The search for words about stores.
    Stores,
    /// Manifests, workflows, migrations and other documents, which are held as a whole.
    Documents,
    /// Lock files, which are held too.
    Locks,
}

/// All of them.
pub(crate) const EVERYTHING: &[Subject] = &[
    Subject::List,
    Subject::Secrets,
    Subject::Leftovers,
    Subject::Stores,
    Subject::Documents,
    Subject::Locks,
];

/// A file, or all below a directory, and who lacks it.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    pub(crate) path: PathBuf,
    pub(crate) why: Unseen,
    pub(crate) lacks: Vec<Subject>,
}

/// For each subject that lacks something the first reason, and how many more there are.
pub(crate) fn reasons<'a>(
    gaps: impl Iterator<Item = (&'a Path, &'a Unseen, &'a [Subject])>,
) -> BTreeMap<Subject, Unseen> {
    let mut first: BTreeMap<Subject, (String, &Unseen, usize)> = BTreeMap::new();
    for (path, why, lacks) in gaps {
        for subject in lacks {
            first
                .entry(*subject)
                .and_modify(|(_, _, more)| *more += 1)
                .or_insert_with(|| (path.display().to_string(), why, 0));
        }
    }
    let told = first.into_iter().map(|(subject, (path, why, more))| {
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        let why_all = format!("not everything was read: {path}: {}{more}", why.why);
        (subject, Unseen { kind: why.kind, why: why_all, give: why.give.clone() })
    });
    told.collect()
}

/// Who lacks a file of which nothing was read.
pub(crate) fn unopened(found: &Found) -> Vec<Subject> {
    let name = found.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut lacks = unheld(found, b"");
    // What these are shows only in their content.
    if lacks.is_empty() && matches!(extension(&name), "json" | "yaml" | "yml") {
        lacks.push(Subject::Documents);
    }
    if found.in_code {
        lacks.extend([Subject::Secrets, Subject::Stores]);
        lacks.extend(ununderstood(found));
    }
    lacks
}

/// Who lacks a file that is not held.
pub(crate) fn unheld(found: &Found, content: &[u8]) -> Vec<Subject> {
    let name = found.path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if is_lock(&name) {
        vec![Subject::Locks]
    } else if kept::is_kept(&found.path, content) {
        vec![Subject::Documents]
    } else {
        Vec::new()
    }
}

/// Who lacks a file that is not understood as code.
pub(crate) fn ununderstood(found: &Found) -> Option<Subject> {
    let wanted = language(&found.path).is_some_and(|language| leftovers::looks_into(language, found.role));
    (found.in_code && wanted).then_some(Subject::Leftovers)
}
