//! How tools remember a migration once it is applied: under which names, and by which sums.
//!
//! Several names may fit one file, because the same file is read by several tools. Must not guess: a name comes from
//! the file's own name or from what it says.

use sha2::{Digest, Sha256, Sha384};

use super::files::{directory, name};
use crate::hexadecimal::hexadecimal;

/// The names under which a tool would record this migration.
pub(super) fn recorded_as(path: &str, text: &str) -> Vec<String> {
    let file = name(path);
    let folder = name(directory(path).trim_end_matches('/'));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let stem = stem.strip_suffix(".up").unwrap_or(stem);
    // Of `up.sql` and `migration.sql` the folder carries the name.
    let own = if matches!(stem, "up" | "migration") { folder } else { stem };
    let mut names = vec![own.to_owned(), file.to_owned()];
    names.extend(numbers(own));
    if let Some((version, _)) = own.strip_prefix('V').and_then(|rest| rest.split_once("__")) {
        names.push(version.replace('_', "."));
    }
    if std::path::Path::new(path).extension().is_some_and(|extension| extension == "py") {
        names.extend(revision(text));
        let app = name(directory(path).trim_end_matches('/').rsplit_once('/').map_or("", |(above, _)| above));
        names.push(format!("{app}.{own}"));
    }
    names.sort();
    names.dedup();
    names
}

/// The version of a migration of Flyway, in a form that is ordered as texts.
pub(super) fn flyway_order(path: &str) -> Option<String> {
    let (version, _) = name(path).strip_prefix('V')?.split_once("__")?;
    version_order(&version.replace('_', "."))
}

/// Numbers parted by dots, each as long as the longest may be: texts are then in the order of versions.
pub(crate) fn version_order(version: &str) -> Option<String> {
    const DIGITS_MAX: usize = 20;
    let numbers: Vec<&str> = version.split('.').map(|number| number.trim_start_matches('0')).collect();
    let sound =
        numbers.iter().all(|number| number.len() <= DIGITS_MAX && number.chars().all(|c| c.is_ascii_digit()));
    let last = numbers.iter().rposition(|number| !number.is_empty()).map_or(1, |last| last + 1);
    let padded: Vec<String> =
        numbers.iter().take(last).map(|number| format!("{number:0>DIGITS_MAX$}")).collect();
    sound.then(|| padded.join("."))
}

/// The number that a name begins with: as written, without zeros before it, and without what parts a date.
fn numbers(own: &str) -> Vec<String> {
    let written: String = own.chars().take_while(char::is_ascii_digit).collect();
    if written.is_empty() {
        return Vec::new();
    }
    let dated: String =
        own.chars().take_while(|c| c.is_ascii_digit() || *c == '-').filter(char::is_ascii_digit).collect();
    let short = written.trim_start_matches('0');
    let short = if short.is_empty() { "0" } else { short };
    vec![short.to_owned(), written.clone(), dated]
}

/// `revision = "…"` of Alembic.
fn revision(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("revision"))?;
    let value = line.split_once('=')?.1.trim();
    let inner = value.trim_matches(['"', '\'']);
    (inner.len() + 2 == value.len() && !inner.is_empty()).then(|| inner.to_owned())
}

/// The sums by which tools see that an applied migration was changed: SHA-256 and SHA-384 of the file, hexadecimal.
pub(super) fn sums(bytes: &[u8]) -> Vec<String> {
    [Sha256::digest(bytes).to_vec(), Sha384::digest(bytes).to_vec()]
        .iter()
        .map(|sum| hexadecimal(sum))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_numbers() {
        let order = |version: &str| version_order(version).expect("a version");
        assert!(order("2") < order("10") && order("1.9") < order("1.10") && order("1") < order("1.0.1"));
        assert_eq!(order("1.0"), order("001"));
        assert_eq!((version_order("1a"), version_order(&"9".repeat(30))), (None, None));
        assert_eq!(flyway_order("db/V1_2__a.sql"), version_order("1.2"));
    }

    #[test]
    fn each_tools_record_is_among_the_names() {
        for (path, text, record) in [
            ("migrations/0001_accounts.up.sql", "", "1"),
            ("migrations/20240102030405_accounts.sql", "", "20240102030405"),
            ("migrations/2024-01-02-030405_accounts/up.sql", "", "20240102030405"),
            ("prisma/migrations/20240102_init/migration.sql", "", "20240102_init"),
            ("db/migration/V1_2__init.sql", "", "1.2"),
            ("db/migration/V001__init.sql", "", "001"),
            ("db/migrate/20240102030405_create_users.rb", "", "20240102030405"),
            ("shop/migrations/0001_initial.py", "", "shop.0001_initial"),
            ("alembic/versions/ab12_init.py", "revision = 'ab12cd'\n", "ab12cd"),
            ("database/migrations/2024_01_02_030405_users.php", "", "2024_01_02_030405_users"),
            ("migrations/20240102_users.js", "", "20240102_users.js"),
            ("migrations/0000_zero.sql", "", "0"),
        ] {
            let names = recorded_as(path, text);
            assert!(names.iter().any(|name| name == record), "{path}: {names:?}");
        }
    }

    #[test]
    fn a_name_without_a_number_is_recorded_as_itself() {
        assert_eq!(recorded_as("migrations/init.sql", ""), ["init", "init.sql"]);
    }

    #[test]
    fn sums_are_those_of_the_tools() {
        let [sha_256, sha_384] = &sums(b"")[..] else { panic!("two sums") };
        assert!(sha_256.starts_with("e3b0c442") && sha_384.starts_with("38b060a7"));
    }
}
