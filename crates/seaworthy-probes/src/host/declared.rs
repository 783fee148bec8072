//! Which names the repository's templates declare for a service: those of the template that is nearest to its folder.
//! A repository of several services has several, and none of them needs what another one declares.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::host::VARIABLES_MAX;

use super::facts::DeclaredVariable;
use crate::repo::Template;

/// The names that a service needs by the templates of its repository. `folders` are the working directories of its
/// processes.
pub(super) fn look(
    repo: Option<&Path>,
    folders: &Result<BTreeSet<String>, Unseen>,
) -> Seen<Listed<DeclaredVariable>> {
    match find(repo, folders) {
        Ok(found) => Seen::new(Listed::bounded(found, VARIABLES_MAX, "names of variables")),
        Err(why) => Seen::Unseen(why),
    }
}

fn find(
    repo: Option<&Path>,
    folders: &Result<BTreeSet<String>, Unseen>,
) -> Result<Vec<DeclaredVariable>, Unseen> {
    let repo = repo.ok_or_else(|| {
        Unseen::new(Blind::NotGiven, "no repository is named")
            .give("the repository's directory: `repo: PATH`")
    })?;
    let templates = crate::repo::templates(repo)?;
    let of: BTreeSet<PathBuf> = templates.iter().map(|template| folder(&template.path)).collect();
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let own =
        if of.len() == 1 { of.first().cloned().unwrap_or_default() } else { nearest(repo, &of, folders)? };
    let mut found: Vec<DeclaredVariable> = Vec::new();
    for Template { path, names } in templates.iter().filter(|template| folder(&template.path) == own) {
        for (name, line) in names {
            if !found.iter().any(|known| known.name == *name) {
                let path = path.to_string_lossy().into_owned();
                found.push(DeclaredVariable { name: name.clone(), path, line: *line });
            }
        }
    }
    Ok(found)
}

fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

/// The folder of the template that is nearest to the working directory, on the way up. A checkout may lie elsewhere than
/// what was deployed from it, so the ends of paths are compared.
fn nearest(
    repo: &Path,
    of: &BTreeSet<PathBuf>,
    folders: &Result<BTreeSet<String>, Unseen>,
) -> Result<PathBuf, Unseen> {
    let root = repo.canonicalize().unwrap_or_else(|_| repo.to_owned());
    let folders = folders.as_ref().map_err(Unseen::clone)?;
    let one = |folder: &String| {
        Path::new(folder).ancestors().find_map(|above| {
            let ends = of.iter().filter(|of| !of.as_os_str().is_empty() && above.ends_with(of));
            let named = ends.max_by_key(|of| of.components().count()).cloned();
            named.or_else(|| (above == root).then(PathBuf::new).filter(|root| of.contains(root)))
        })
    };
    let mut found: BTreeSet<Option<PathBuf>> = folders.iter().map(one).collect();
    match (found.pop_first(), found.is_empty()) {
        (Some(Some(own)), true) => Ok(own),
        (_, _) => {
            let shown: Vec<String> = of.iter().take(5).map(|of| format!("`{}`", of.display())).collect();
            let why = format!(
                "the repository has templates for several services, in {}, and the service's folder is beside none of them",
                shown.join(", ").replace("``", "its root")
            );
            Err(Unseen::new(Blind::NotGiven, why).give(
                "`repo: PATH` with the folder of this service, or start the service in a folder of the template's name",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(files: &[(&str, &str)], folder: &str) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().expect("a directory");
        for (path, content) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, content).expect("written");
        }
        let root = directory.path().canonicalize().expect("there");
        let folder = folder.replace("ROOT", &root.to_string_lossy());
        find(Some(&root), &Ok(BTreeSet::from([folder])))
            .map(|found| found.into_iter().map(|one| one.name).collect())
            .map_err(|why| why.why)
    }

    const ONE: &[(&str, &str)] = &[("server/.env.example", "A=\nB=\n")];
    const SEVERAL: &[(&str, &str)] = &[
        (".env.example", "SHARED=\n"),
        ("services/api/.env.example", "API_KEY=\nPORT=\n"),
        ("services/web/.env.example", "WEB_ORIGIN=\n"),
    ];

    #[test]
    fn a_single_template_counts_wherever_the_service_runs() {
        assert_eq!(names(ONE, "/opt/shop"), Ok(vec!["A".to_owned(), "B".to_owned()]));
        assert_eq!(names(&[], "/opt/shop"), Ok(Vec::new()));
    }

    #[test]
    fn among_several_templates_the_one_of_the_services_folder_counts() {
        let api = Ok(vec!["API_KEY".to_owned(), "PORT".to_owned()]);
        assert_eq!(names(SEVERAL, "/srv/shop/services/api"), api);
        assert_eq!(names(SEVERAL, "/srv/shop/services/api/dist"), api);
        assert_eq!(names(SEVERAL, "ROOT/services/web"), Ok(vec!["WEB_ORIGIN".to_owned()]));
        assert_eq!(names(SEVERAL, "ROOT"), Ok(vec!["SHARED".to_owned()]));
    }

    #[test]
    fn where_it_cannot_be_told_nothing_is_said_to_be_set_or_missing() {
        let why = names(SEVERAL, "/srv/app").expect_err("not told");
        assert!(why.contains("its root, `services/api`, `services/web`"), "{why}");
        assert!(find(None, &Ok(BTreeSet::new())).is_err());
    }
}
