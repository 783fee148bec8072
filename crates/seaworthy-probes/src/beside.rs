//! Paths that files name, relative to where those files are.

/// The file that the file at `path` names by `target`, below the root of both; none where it leads out of it.
pub(crate) fn beside(path: &str, target: &str) -> Option<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_path_is_taken_from_the_folder_of_who_names_it() {
        for (path, target, found) in [
            ("docs/a.md", "b.md", Some("docs/b.md")),
            ("docs/a.md", "../.env", Some(".env")),
            ("a.md", "./c/./d", Some("c/d")),
            ("docs/a.md", "/b", Some("b")),
            ("docs/a.md", "../../b", None),
        ] {
            assert_eq!(beside(path, target).as_deref(), found, "{path} {target}");
        }
    }
}
