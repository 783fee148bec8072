//! What others supply: licences of dependencies, reports of tools.

use seaworthy_core::facts::Seen;
use seaworthy_core::limits::Limits;

use super::{cut, git, items, look, repository, sum, target, write};

#[test]
fn licences_are_known_where_something_on_disk_states_them() {
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "": {"name": "shop"},
        "node_modules/a": {"version": "1.0.0", "license": "MIT"},
        "node_modules/b": {"version": "2.0.0", "license": "(MIT OR GPL-3.0-only)"},
        "node_modules/c": {"version": "3.0.0", "license": "AGPL-3.0-only"},
        "node_modules/d": {"version": "4.0.0"},
        "node_modules/e": {"version": "5.0.0"},
        "node_modules/f": {"version": "6.0.0"},
        "node_modules/g": {"version": "7.0.0", "license": "SEE LICENSE IN x"},
        "node_modules/dev": {"version": "1.0.0", "dev": true, "license": "AGPL-3.0-only"}}}"#;
    let bill = r#"{"bomFormat": "CycloneDX", "components": [{"name": "e", "version": "5.0.0", "licenses": [{"license": {"id": "ISC"}}]}]}"#;
    let repository = repository(&[
        ("package-lock.json", lock),
        ("package.json", "{\"dependencies\": {\"a\": \"1\"}}"),
        ("bom.cdx.json", bill),
        ("NOTICE", "a b c d e f\n"),
        (".gitignore", "node_modules\n"),
    ]);
    write(
        repository.path(),
        &[("node_modules/d/package.json", "{\"version\": \"4.0.0\", \"license\": \"Apache-2.0\"}")],
    );
    let facts = look(repository.path());
    let told: Vec<_> = items(&facts.licences.dependencies)
        .iter()
        .map(|one| (one.name.as_str(), one.licence.value().map(String::as_str), one.allowed.value().copied()))
        .collect();
    assert_eq!(
        told,
        [
            ("a", Some("MIT"), Some(true)),
            ("b", Some("(MIT OR GPL-3.0-only)"), Some(true)),
            ("c", Some("AGPL-3.0-only"), Some(false)),
            ("d", Some("Apache-2.0"), Some(true)),
            ("e", Some("ISC"), Some(true)),
            ("f", None, None),
            ("g", Some("SEE LICENSE IN x"), None),
        ]
    );
    let notices = facts.licences.notices.value().unwrap().as_ref().unwrap();
    assert_eq!(
        (notices.complete.value(), notices.missing.as_slice()),
        (Some(&false), ["g".to_owned()].as_slice())
    );
}

#[test]
fn licences_of_crates_come_from_their_sources() {
    let lock = "version = 4\n[[package]]\nname = \"shop\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+x\"\n\n[[package]]\nname = \"gone\"\nversion = \"0.1.0\"\nsource = \"registry+x\"\n";
    let repository = repository(&[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependencies]\nserde = \"1\"\ngone = \"0.1\"\n",
        ),
        ("Cargo.lock", lock),
        ("deny.toml", "[licenses]\nallow = [\"Apache-2.0\"]\n"),
    ]);
    let sources = tempfile::tempdir().unwrap();
    write(
        sources.path(),
        &[(
            "serde-1.0.1/Cargo.toml",
            "[package]\nname = \"serde\"\nversion = \"1.0.1\"\nlicense = \"MIT OR Apache-2.0\"\n",
        )],
    );
    let mut target = target(repository.path());
    target.cargo = vec![sources.path().to_owned()];
    let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
    let told: Vec<_> = items(&facts.licences.dependencies)
        .iter()
        .map(|one| (one.name.as_str(), one.allowed.value().copied(), one.policy.as_str()))
        .collect();
    assert_eq!(told, [("gone", None, "deny.toml"), ("serde", Some(true), "deny.toml")]);
}

#[test]
fn an_exception_is_told_where_the_list_alone_would_not_do() {
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "node_modules/a": {"version": "1.0.0", "license": "MIT"},
        "node_modules/b": {"version": "2.0.0", "license": "AGPL-3.0-only"},
        "node_modules/dev": {"version": "1.0.0", "dev": true, "license": "AGPL-3.0-only"}}}"#;
    let list = "[licenses]\nallow = [\"MIT\"]\nexceptions = [{ name = \"a\", allow = [\"MIT\"] }, { name = \"b\", allow = [\"AGPL-3.0-only\"] }, { name = \"dev\", allow = [\"AGPL-3.0-only\"] }]\n";
    let files =
        [("package-lock.json", lock), ("package.json", "{\"dependencies\": {}}"), ("deny.toml", list)];
    let repository = repository(&files);
    let facts = look(repository.path());
    let digest = String::from_utf8(
        std::process::Command::new("sha256sum")
            .arg(repository.path().join("deny.toml"))
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    let told: Vec<_> = items(&facts.licences.dependencies)
        .iter()
        .map(|one| (one.name.as_str(), one.allowed.value().copied(), one.excepted_by.as_deref()))
        .collect();
    assert_eq!(told, [("a", Some(true), None), ("b", Some(true), digest.get(..64))]);
}

#[test]
fn reports_count_for_the_commit_that_they_name() {
    let repository = repository(&[("a.txt", "x"), (".gitignore", "reports\n")]);
    let head = git(repository.path(), &["rev-parse", "HEAD"]);
    let sarif = |commit: &str, level: &str| {
        format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "lint"}}}}, "results": [{{"level": "{level}"}}], "versionControlProvenance": [{{"repositoryUri": "x", "revisionId": "{commit}"}}]}}]}}"#
        )
    };
    let junit = |commit: &str, inner: &str| {
        format!(
            r#"<testsuites><testsuite name="all"><properties><property name="commit" value="{commit}"/></properties><testcase classname="a" name="one">{inner}</testcase><testcase classname="a" name="two"/></testsuite></testsuites>"#
        )
    };
    write(
        repository.path(),
        &[
            ("reports/lint.sarif", &sarif(&head, "warning")),
            ("reports/old.sarif", &sarif(&"0".repeat(40), "error")),
            ("reports/1.xml", &junit(&head, "")),
            ("reports/2.xml", &junit(&head, "<failure message=\"x\"/>")),
            ("reports/3.xml", "<testsuite><testcase name=\"x\"/></testsuite>"),
        ],
    );
    let mut target = target(repository.path());
    target.reports = vec!["reports".to_owned()];
    let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
    let lint: Vec<_> = items(&facts.reports.lint)
        .iter()
        .map(|report| (report.errors_count, report.warnings_count, report.for_head.value().copied()))
        .collect();
    assert_eq!(lint, [(0, 1, Some(true)), (1, 0, Some(false))]);
    let tests: Vec<_> = items(&facts.reports.tests)
        .iter()
        .map(|report| (report.tests_count, report.failures_count, report.for_head.value().copied()))
        .collect();
    assert_eq!(tests, [(2, 0, Some(true)), (2, 1, Some(true)), (1, 0, None)]);
    assert_eq!(facts.reports.test_runs_count.value(), Some(&2));
    assert!((facts.reports.flaky_percent.value().unwrap() - 50.0).abs() < 0.01);
    assert!(
        facts
            .reports
            .failed_at_head
            .value()
            .is_some_and(|failed| failed.items.is_empty() && failed.cut.is_none())
    );
    for bad in [
        "<a/>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite/>",
        "<testsuite><testcase name=\"x\">",
        "not xml",
    ] {
        write(repository.path(), &[("reports/bad.xml", bad)]);
        let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
        assert!(cut(&facts.reports.tests).is_some(), "{bad}");
    }
}

#[test]
fn a_green_report_hides_no_red_one_and_parts_of_a_run_are_no_runs() {
    let repository = repository(&[("a.txt", "x"), (".gitignore", "reports\n")]);
    let head = git(repository.path(), &["rev-parse", "HEAD"]);
    let report = |class: &str, more: &str, inner: &str| {
        format!(
            r#"<testsuite name="{class}" {more}><properties><property name="commit" value="{head}"/></properties><testcase classname="{class}" name="works">{inner}</testcase></testsuite>"#
        )
    };
    for class in 0..20 {
        let path = format!("reports/{class}.xml");
        write(repository.path(), &[(&path, &report(&format!("C{class}"), "", ""))]);
    }
    write(repository.path(), &[("reports/e2e.xml", &report("E2e", "", "<failure/>"))]);
    let mut target = target(repository.path());
    target.reports = vec!["reports".to_owned()];
    let reports = || {
        let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
        facts.reports
    };
    let failed = |reports: &super::super::reports::ReportFacts| -> Vec<String> {
        items(&reports.failed_at_head).iter().map(|test| format!("{} in {}", test.name, test.path)).collect()
    };
    let seen = reports();
    assert_eq!(failed(&seen), ["E2e::works in reports/e2e.xml"]);
    assert_eq!(seen.test_runs_count.value(), Some(&1));

    // Run again it passed: it is flaky, and one more run of one test of many is no run of the tests.
    write(repository.path(), &[("reports/e2e-2.xml", &report("E2e", "", ""))]);
    let seen = reports();
    assert_eq!(failed(&seen), Vec::<String>::new());
    assert_eq!(seen.test_runs_count.value(), Some(&1));
    assert!(*seen.flaky_percent.value().unwrap() > 4.0);

    // A copy of a report began when the first did. A suite that broke off has no test that says so.
    let at = r#"timestamp="2026-01-02T03:04:05""#;
    std::fs::remove_dir_all(repository.path().join("reports")).unwrap();
    let broken = format!(
        r#"<testsuites><testsuite name="db" errors="1"><properties><property name="commit" value="{head}"/></properties></testsuite></testsuites>"#
    );
    write(
        repository.path(),
        &[
            ("reports/1.xml", &report("C", at, "")),
            ("reports/2.xml", &report("C", at, "")),
            ("reports/3.xml", &broken),
        ],
    );
    let seen = reports();
    assert_eq!(seen.test_runs_count.value(), Some(&1));
    assert_eq!(failed(&seen), ["(the suite db) in reports/3.xml"]);

    // What failed for a commit that the report does not name may have failed for this one.
    write(
        repository.path(),
        &[("reports/4.xml", "<testsuite><testcase name=\"x\"><error/></testcase></testsuite>")],
    );
    assert!(cut(&reports().failed_at_head).unwrap().contains("4.xml"));
}

#[test]
fn only_a_settled_result_may_stay_and_a_linter_says_that_it_ended() {
    let repository = repository(&[("a.txt", "x"), (".gitignore", "reports\n")]);
    let head = git(repository.path(), &["rev-parse", "HEAD"]);
    let mut target = target(repository.path());
    target.reports = vec!["reports".to_owned()];
    let seen = |more: &str, result: &str| {
        let run = format!(
            r#"{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "lint"}}}}{more}, "results": [{{"level": "error"{result}}}],
            "versionControlProvenance": [{{"repositoryUri": "x", "revisionId": "{head}"}}]}}]}}"#
        );
        write(repository.path(), &[("reports/lint.sarif", &run)]);
        let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
        let one = items(&facts.reports.lint).first().unwrap();
        (one.errors_count, one.ran_through.value().copied())
    };
    for (result, errors) in [
        ("", 1),
        (r#", "suppressions": []"#, 1),
        (r#", "suppressions": [{"kind": "inSource"}]"#, 0),
        (r#", "suppressions": [{"kind": "external", "status": "accepted"}]"#, 0),
        (r#", "suppressions": [{"kind": "external", "status": "rejected"}]"#, 1),
        (r#", "suppressions": [{"kind": "inSource"}, {"kind": "external", "status": "underReview"}]"#, 1),
        (r#", "baselineState": "absent""#, 0),
        (r#", "baselineState": "unchanged""#, 1),
        (r#", "kind": "pass""#, 0),
    ] {
        assert_eq!(seen("", result), (errors, None), "{result}");
    }
    for (calls, ended) in [
        (r#", "invocations": []"#, None),
        (r#", "invocations": [{}]"#, None),
        (r#", "invocations": [{"executionSuccessful": true}]"#, Some(true)),
        (r#", "invocations": [{"executionSuccessful": true}, {"executionSuccessful": false}]"#, Some(false)),
        (
            r#", "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error"}]}]"#,
            Some(false),
        ),
    ] {
        assert_eq!(seen(calls, "").1, ended, "{calls}");
    }
}

#[test]
fn a_test_of_another_suite_is_another_test() {
    let repository = repository(&[("a.txt", "x"), (".gitignore", "reports\n")]);
    let head = git(repository.path(), &["rev-parse", "HEAD"]);
    let mut target = target(repository.path());
    target.reports = vec!["reports".to_owned()];
    let look = |suites: &str| {
        let whole = format!(
            r#"<testsuites><testsuite name="first"><properties><property name="commit" value="{head}"/></properties></testsuite>{suites}</testsuites>"#
        );
        write(repository.path(), &[("reports/1.xml", &whole)]);
        let Seen::Seen { value: facts, .. } = sum::look(&target, &Limits::default()) else { panic!() };
        let failed: Vec<String> =
            items(&facts.reports.failed_at_head).iter().map(|test| test.name.clone()).collect();
        (failed.join(", "), cut(&facts.reports.failed_at_head).is_some())
    };
    let suite = |name: &str, counts: &str, inner: &str| {
        format!(r#"<testsuite name="{name}" {counts}>{inner}</testsuite>"#)
    };
    let passes = r#"<testcase classname="c" name="works"/>"#;
    let fails = r#"<testcase classname="c" name="works"><failure/></testcase>"#;
    let two = |first: &str, second: &str| format!("{}{}", suite("a", "", first), suite("b", "", second));
    let failed = |name: &str| (name.to_owned(), false);
    assert_eq!(look(&two(fails, passes)), failed("a > c::works"));
    assert_eq!(look(&two(passes, fails)), failed("b > c::works"));
    // Of one name too, such as the same tests in two browsers.
    assert_eq!(
        look(&format!("{}{}", suite("a", "", passes), suite("a", "", fails))),
        failed("a (2) > c::works")
    );
    assert_eq!(look(&suite("all", "", &two(passes, fails))), failed("all > b > c::works"));
    // Run again in the same suite it passed; one that fails after it passed was not run again.
    assert_eq!(look(&suite("a", "", &format!("{fails}{passes}"))), failed(""));
    assert_eq!(look(&suite("a", "", &format!("{passes}{fails}"))), failed("a > c::works"));
    // A suite that broke off, beside another one in which a test failed.
    let broken = format!("{}{}", suite("a", "", fails), suite("db", r#"errors="1""#, passes));
    assert_eq!(look(&broken), failed("(the suite db), a > c::works"));
    // Nothing is known of tests that ran and have no line.
    assert_eq!(look(&suite("a", r#"tests="2""#, passes)), (String::new(), true));
    assert_eq!(look(&suite("a", r#"tests="1""#, passes)), failed(""));
}

/// Names of what a repository ships, and whether that is certain; what may be a tool is named with a question mark.
fn shipped(files: &[(&str, &str)]) -> String {
    let repository = repository(files);
    let facts = look(repository.path());
    let names = items(&facts.licences.dependencies).iter().map(|one| match one.allowed.reason() {
        Some(unseen) if unseen.why.contains("a development tool") => format!("{}?", one.name),
        Some(_) | None => one.name.clone(),
    });
    names.collect::<Vec<_>>().join(" ")
}

/// A bill that gives every package a licence that is not allowed.
fn bill(names: &[&str]) -> String {
    let parts: Vec<String> = names
        .iter()
        .map(|name| {
            format!(r#"{{"name": "{name}", "version": "1.0.0", "licenses": [{{"license": {{"id": "GPL-3.0-only"}}}}]}}"#)
        })
        .collect();
    format!(r#"{{"bomFormat": "CycloneDX", "components": [{}]}}"#, parts.join(","))
}

#[test]
fn development_tools_are_not_shipped() {
    let bill = bill(&["web", "deep", "tool"]);
    let bom = ("bom.cdx.json", bill.as_str());
    let pnpm = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      web: {specifier: ^1, version: 1.0.0(peer@1.0.0)}\n    devDependencies:\n      tool: {specifier: ^1, version: 1.0.0}\npackages:\n  web@1.0.0: {resolution: {}}\nsnapshots:\n  web@1.0.0(peer@1.0.0):\n    dependencies:\n      d: deep@1.0.0\n  deep@1.0.0: {}\n  tool@1.0.0: {}\n";
    assert_eq!(shipped(&[bom, ("package.json", "{}"), ("pnpm-lock.yaml", pnpm)]), "deep web");

    let package =
        |name: &str, more: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{more}\n");
    let registry = "source = \"registry+x\"\n";
    let cargo = [
        package("shop", "dependencies = [\"web\", \"tool\"]\n"),
        package("web", &format!("{registry}dependencies = [\"deep 1.0.0\"]\n")),
        package("deep", registry),
        package("tool", registry),
    ]
    .concat();
    let manifest = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n[dependencies]\nw = { package = \"web\", version = \"1\" }\n[dev-dependencies]\ntool = \"1\"\n";
    assert_eq!(shipped(&[bom, ("Cargo.toml", manifest), ("Cargo.lock", &cargo)]), "deep web");
    // Without the manifest of the package nobody can tell.
    assert_eq!(shipped(&[bom, ("Cargo.lock", &cargo)]), "deep? tool? web?");

    let uv = [
        package("shop", "source = { editable = \".\" }\ndependencies = [{ name = \"web\" }]\n[package.dev-dependencies]\ndev = [{ name = \"tool\" }]\n"),
        package("web", "source = { registry = \"x\" }\ndependencies = [{ name = \"Deep\" }]\n"),
        package("deep", ""),
        package("tool", ""),
    ]
    .concat();
    assert_eq!(shipped(&[bom, ("uv.lock", &uv)]), "deep web");

    let poetry =
        [package("web", "[package.dependencies]\ndeep = \"*\"\n"), package("deep", ""), package("tool", "")]
            .concat();
    let project = "[tool.poetry.dependencies]\npython = \"^3\"\nweb = \"^1\"\n[tool.poetry.group.dev.dependencies]\ntool = \"^1\"\n";
    assert_eq!(shipped(&[bom, ("pyproject.toml", project), ("poetry.lock", &poetry)]), "deep web");
    let groups =
        [package("web", "groups = [\"main\", \"dev\"]\n"), package("tool", "groups = [\"dev\"]\n")].concat();
    assert_eq!(shipped(&[bom, ("poetry.lock", &groups)]), "web");

    let gems = "GEM\n  remote: https://rubygems.org/\n  specs:\n    deep (1.0.0)\n    tool (1.0.0)\n    web (1.0.0)\n      deep (~> 1.0)\n\nDEPENDENCIES\n  tool\n  web\n";
    let gemfile = "gem \"web\"\ngroup :development, :test do\n  gem \"tool\"\nend\n";
    assert_eq!(shipped(&[bom, ("Gemfile", gemfile), ("Gemfile.lock", gems)]), "deep web");

    let yarn = "\"web@^1\":\n  version \"1.0.0\"\n\"deep@^1\":\n  version \"1.0.0\"\n\"tool@^1\":\n  version \"1.0.0\"\n";
    let manifest =
        |tools: &str| format!("{{\"dependencies\": {{\"web\": \"1\"}}, \"devDependencies\": {{{tools}}}}}");
    let asks = |tools: &str| shipped(&[bom, ("package.json", &manifest(tools)), ("yarn.lock", yarn)]);
    assert_eq!(asks("\"tool\": \"1\""), "deep? tool? web");
    assert_eq!(asks(""), "deep tool web");
}
