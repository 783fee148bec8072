//! What a file is for, judged by its path alone, so that the rule can be told in one sentence each.

use std::borrow::Cow;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Runs in production, or may.
    Production,
    /// Tests, fixtures, benchmarks: a directory or file named so.
    Test,
    /// Scripts, examples, build and editor configuration that do not run in production.
    Tool,
    /// Prose.
    Document,
    /// Written by a program: minified, generated, a lock file.
    Generated,
    /// Someone else's code kept in the repository.
    Vendored,
}

const TEST_DIRECTORIES: &[&str] = &[
    "test",
    "testbed",
    "recordings",
    "cassettes",
    "snapshots",
    "__snapshots__",
    "tests",
    "__tests__",
    "testdata",
    "test-data",
    "test_data",
    "e2e",
    "cypress",
    "fixtures",
    "fixture",
    "__fixtures__",
    "__mocks__",
    "mocks",
    "bench",
    "benches",
    "benchmarks",
    "integration-tests",
    "androidTest",
    "src/test",
];
/// Names that mean tests only above the sources.
const TEST_DIRECTORIES_ABOVE: &[&str] = &["testing", "spec", "specs"];
/// Folders in which the sources of a service begin.
const SOURCE_ROOTS: &[&str] = &["src", "lib", "internal", "pkg"];
const TOOL_DIRECTORIES: &[&str] = &[
    "scripts",
    "script",
    "tools",
    "tool",
    "hack",
    "examples",
    "example",
    "demo",
    "demos",
    "xtask",
    "playground",
    ".storybook",
    "stories",
];
const DOCUMENT_DIRECTORIES: &[&str] = &["docs", "doc", "documentation"];
const VENDORED_DIRECTORIES: &[&str] = &[
    "vendor",
    "vendored",
    "third_party",
    "third-party",
    "thirdparty",
    "node_modules",
    "bower_components",
    "deps",
    "Pods",
];
const GENERATED_DIRECTORIES: &[&str] =
    &["dist", "generated", "__generated__", "gen", ".next", ".nuxt", "coverage"];
const PROSE_ENDINGS: &[&str] = &["md", "mdx", "rst", "adoc", "asciidoc", "org"];
const LOCK_FILES: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
    "packages.lock.json",
    "deno.lock",
];

/// The names of the directories that a file lies in, from the outermost.
pub(super) fn directories(path: &Path) -> Vec<Cow<'_, str>> {
    let parts = path.parent().into_iter().flat_map(Path::components);
    parts.map(|part| part.as_os_str().to_string_lossy()).collect()
}

/// What the file at a path is for.
pub(crate) fn role(path: &Path) -> Role {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let directories = directories(path);
    let in_any = |names: &[&str]| directories.iter().any(|directory| names.contains(&directory.as_ref()));
    // Below the root of its sources a service names its own parts so: `src/tools`, `com/example`, `internal/testing`.
    let root = directories.iter().position(|directory| SOURCE_ROOTS.contains(&directory.as_ref()));
    let above = directories.get(..root.unwrap_or(directories.len())).unwrap_or_default();
    let above_any = |names: &[&str]| above.iter().any(|directory| names.contains(&directory.as_ref()));
    if in_any(VENDORED_DIRECTORIES) {
        Role::Vendored
    } else if is_lock(&name) || in_any(GENERATED_DIRECTORIES) || is_generated(&name) {
        Role::Generated
    } else if in_any(TEST_DIRECTORIES) || above_any(TEST_DIRECTORIES_ABOVE) || is_test(&name) {
        Role::Test
    } else if is_prose(path)
        || extension(&name) == "txt" && !is_requirements(&name)
        || in_any(DOCUMENT_DIRECTORIES) && language(path).is_none()
    {
        Role::Document
    } else if in_any(DOCUMENT_DIRECTORIES) || above_any(TOOL_DIRECTORIES) || is_tool(&name) {
        Role::Tool
    } else {
        Role::Production
    }
}

/// Whether a file is written for people to read, by its ending: its folder says nothing of it, and `.txt` is anything.
pub(super) fn is_prose(path: &Path) -> bool {
    path.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| PROSE_ENDINGS.contains(&ending))
}

/// Whether a file is a lock file of a package manager.
pub(crate) fn is_lock(name: &str) -> bool {
    LOCK_FILES.contains(&name)
}

fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") || name == "constraints.txt"
}

fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn is_generated(name: &str) -> bool {
    [".min.js", ".min.css", ".pb.go", "_pb2.py", ".pb.rs", ".g.dart", ".map", ".bundle.js", "_generated.go"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

fn is_test(name: &str) -> bool {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let middle =
        name.split('.').skip(1).any(|part| matches!(part, "test" | "tests" | "spec" | "cy" | "stories"));
    middle
        || matches!(stem, "tests" | "test" | "conftest")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("_spec")
        || (stem.starts_with("test_") && extension(name) == "py")
        || ((stem.ends_with("Test") || stem.ends_with("Tests"))
            && matches!(extension(name), "java" | "kt" | "php" | "cs"))
}

fn is_tool(name: &str) -> bool {
    name.contains(".config.")
        || matches!(
            name,
            "build.rs" | "Gruntfile.js" | "gulpfile.js" | "Rakefile" | "setup.py" | "noxfile.py"
        )
}

/// The programming language of a file by its name.
pub(crate) fn language(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    Some(match extension(&name) {
        "rs" => "rust",
        "js" | "mjs" | "cjs" | "jsx" | "vue" | "svelte" => "javascript",
        "ts" | "mts" | "cts" | "tsx" => "typescript",
        "py" => "python",
        "go" => "go",
        "rb" => "ruby",
        "php" => "php",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "cs" => "csharp",
        "ex" | "exs" => "elixir",
        "c" | "h" => "c",
        "cc" | "cpp" | "cxx" | "hpp" => "cpp",
        "swift" => "swift",
        "scala" => "scala",
        "sh" | "bash" => "shell",
        "sql" => "sql",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Role, role};

    #[test]
    fn below_its_sources_a_service_names_its_own_parts_as_it_likes() {
        for (path, wanted) in [
            ("src/tools/search.js", Role::Production),
            ("src/main/java/com/example/shop/Cart.java", Role::Production),
            ("internal/testing/harness.go", Role::Production),
            ("web/src/scripts/menu.js", Role::Production),
            ("tools/release.js", Role::Tool),
            ("packages/shop/scripts/seed.js", Role::Tool),
            ("src/__tests__/cart.js", Role::Test),
            ("src/test/java/com/example/CartIT.java", Role::Test),
            ("spec/models/cart.rb", Role::Test),
            ("examples/src/main.rs", Role::Tool),
        ] {
            assert_eq!(role(Path::new(path)), wanted, "{path}");
        }
    }
}
