//! Which migrations can be tried, in which order, and the SQL of each way.

use std::collections::BTreeMap;
use std::path::Path;

use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::repo::{TRIAL_FILE_BYTES_MAX, TRIAL_MIGRATIONS_MAX};

use crate::repo::files::{directory, name};
use crate::repo::migrations::Migration;
use crate::repo::tree::Tree;

/// Migrations of one schema, or why they cannot be tried.
#[derive(Debug)]
pub(super) struct Set {
    /// Their places in the list of all.
    pub(super) members: Vec<usize>,
    pub(super) steps: Result<Vec<Step>, Unseen>,
}

/// One migration.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) forward: String,
    /// None where no way back is written.
    pub(super) back: Option<String>,
}

/// Sorts migrations into sets: those of one directory and one tool.
pub(super) fn of(tree: &Tree, migrations: &[Migration]) -> Vec<Set> {
    let mut sets: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
    for (index, migration) in migrations.iter().enumerate() {
        sets.entry((home(migration), migration.tool.as_str())).or_default().push(index);
    }
    sets.into_iter()
        .map(|((_, tool), members)| Set { steps: steps(tree, tool, &members, migrations), members })
        .collect()
}

/// The directory of a set: that of the file, or the one above where each migration has a directory of its own.
fn home(migration: &Migration) -> String {
    let own = directory(&migration.path).trim_end_matches('/');
    match migration.tool.as_str() {
        "diesel" | "prisma" => directory(own).to_owned(),
        _ => own.to_owned(),
    }
}

fn steps(tree: &Tree, tool: &str, members: &[usize], migrations: &[Migration]) -> Result<Vec<Step>, Unseen> {
    if members.len() > TRIAL_MIGRATIONS_MAX {
        return Err(Unseen::new(
            Blind::CutShort,
            format!("more than {TRIAL_MIGRATIONS_MAX} migrations are not tried"),
        ));
    }
    let mut steps: Vec<Step> = members
        .iter()
        .filter_map(|index| Some((*index, migrations.get(*index)?)))
        .map(|(index, migration)| step(tree, tool, index, migration))
        .collect::<Result<_, _>>()?;
    steps.sort_by_cached_key(|step| (number(&step.name), step.name.clone()));
    if steps.windows(2).any(|two| matches!(two, [a, b] if number(&a.name) == number(&b.name))) {
        return Err(Unseen::new(
            Blind::Unsupported,
            "in which order the migrations run does not show in their names",
        )
        .give("a number of its own at the beginning of each name"));
    }
    Ok(steps)
}

/// The numbers at the beginning of a name, as tools order by them; a letter such as Flyway's `V` may stand before.
fn number(name: &str) -> Vec<u64> {
    let digits = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    digits.split(['.', '-', '_']).map_while(|part| part.parse().ok()).collect()
}

fn step(tree: &Tree, tool: &str, index: usize, migration: &Migration) -> Result<Step, Unseen> {
    let path = migration.path.as_str();
    let whole = read(tree, path)?;
    let (file, folder) = (name(path), directory(path));
    let beside = |back: String| {
        let path = format!("{folder}{back}");
        migration.way_back.value().and_then(Option::as_ref).map(|_| read(tree, &path)).transpose()
    };
    let (forward, back) = match tool {
        "up-down-sql" => {
            let stem = file.strip_suffix(".up.sql").unwrap_or(file);
            (whole, beside(format!("{stem}.down.sql"))?)
        }
        "diesel" | "prisma" => (whole, beside("down.sql".to_owned())?),
        "flyway" => (whole, beside(format!("U{}", file.get(1..).unwrap_or_default()))?),
        "goose" => sections(&whole, "-- +goose Up", "-- +goose Down"),
        "dbmate" => sections(&whole, "-- migrate:up", "-- migrate:down"),
        "sql" => (whole, None),
        tool => {
            let why = format!("migrations of `{tool}` run in a program of the repository, which is not run");
            return Err(Unseen::new(Blind::Unsupported, why).give("migrations in SQL, with their ways back"));
        }
    };
    Ok(Step { index, name: migration.name.clone(), forward, back })
}

/// The two ways of one file, in whichever order they stand.
fn sections(whole: &str, up: &str, down: &str) -> (String, Option<String>) {
    let at = |mark: &str| whole.find(mark);
    let between = |from: usize, to: Option<usize>| {
        let to = to.filter(|to| *to > from).unwrap_or(whole.len());
        rest_of_file(whole.get(from..to).unwrap_or_default()).to_owned()
    };
    let forward = at(up).map_or_else(String::new, |from| between(from + up.len(), at(down)));
    (forward, at(down).map(|from| between(from + down.len(), at(up))))
}

/// What follows a mark, without the options that stand on its line.
fn rest_of_file(after: &str) -> &str {
    after.find('\n').map_or("", |end| after.get(end..).unwrap_or_default())
}

fn read(tree: &Tree, path: &str) -> Result<String, Unseen> {
    let bytes = tree.read(Path::new(path), TRIAL_FILE_BYTES_MAX)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Unseen::new(Blind::Garbled, format!("`{path}` is no UTF-8 text")))?;
    // A server ends a text there, and would run the part before.
    if text.contains('\0') {
        return Err(Unseen::new(Blind::Garbled, format!("`{path}` holds a NUL")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let mut names = ["10_b", "9_a", "V2.1__x", "V2__w", "2026-01-02-030405_y"];
        names.sort_by_key(|name| number(name));
        assert_eq!(names, ["V2__w", "V2.1__x", "9_a", "10_b", "2026-01-02-030405_y"]);
        assert_eq!(number("no_number"), Vec::<u64>::new());
        assert_eq!(number("2026_01_02_030405_links"), [2026, 1, 2, 30_405]);
        assert_eq!(number("V2_10__w"), [2, 10]);
    }

    #[test]
    fn one_file_holds_both_ways() {
        let file = "-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n";
        let (forward, back) = sections(file, "-- +goose Up", "-- +goose Down");
        assert_eq!(
            (forward.trim(), back.as_deref().map(str::trim)),
            ("CREATE TABLE a ();", Some("DROP TABLE a;"))
        );
        let file = "-- migrate:up transaction:false\nCREATE INDEX i;\n-- migrate:down\nDROP INDEX i;\n";
        let (forward, back) = sections(file, "-- migrate:up", "-- migrate:down");
        assert_eq!(
            (forward.trim(), back.as_deref().map(str::trim)),
            ("CREATE INDEX i;", Some("DROP INDEX i;"))
        );
        let turned = sections("-- migrate:down\nB;\n-- migrate:up\nA;\n", "-- migrate:up", "-- migrate:down");
        assert_eq!((turned.0.trim(), turned.1.as_deref().map(str::trim)), ("A;", Some("B;")));
        let only = sections("-- migrate:up transaction:false\nSELECT 1;", "-- migrate:up", "-- migrate:down");
        assert_eq!((only.0.trim(), only.1), ("SELECT 1;", None));
    }
}
