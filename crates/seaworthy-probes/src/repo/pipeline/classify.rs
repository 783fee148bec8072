//! What a command of a pipeline does, judged by the program that it calls.

use std::sync::OnceLock;

use regex::{Regex, RegexSet};

use super::Stage;

/// Programs that run tests.
const TESTS: &[&str] = &[
    r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+|-\w+\s+|--\S+\s+)*(?:test|t)\b",
    r"\b(?:npx|bunx|pnpm exec|yarn)?\s*(?:jest|vitest|mocha|ava|playwright test|cypress run)\b",
    r"\bnode\s+(?:\S+\s+)*--test\b",
    r"\bcargo\s+(?:\+\S+\s+)?(?:test|nextest|llvm-cov|t)\b",
    r"\b(?:pytest|tox|nox)\b|\bpython\S*\s+-m\s+(?:pytest|unittest)\b|\bmanage\.py\s+test\b",
    r"\bgo\s+test\b|\bgotestsum\b",
    r"\bmvnw?\b.*\b(?:test|verify|package|install)\b",
    r"\bgradlew?\b.*\b(?:test|check|build)\b",
    r"\b(?:rspec|minitest)\b|\b(?:rake|rails)\s+(?:test|spec)\b",
    r"\b(?:phpunit|pest)\b|\bartisan\s+test\b|\bcomposer\s+(?:run\s+)?test\b",
    r"\bdotnet\s+test\b|\bmix\s+test\b|\bdeno\s+test\b|\bswift\s+test\b|\bctest\b",
    r"\b(?:make|just|task)\s+(?:\S+\s+)*(?:test|tests|check|ci)\b",
];
/// Programs that build.
const BUILDS: &[&str] = &[
    r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+|-\w+\s+|--\S+\s+)*build\b",
    r"\b(?:npx|bunx)?\s*(?:vite|next|nuxt|webpack|turbo|nx|tsc|ng)\s+(?:run\s+)?build\b|\btsc\b",
    r"\bdocker\s+(?:buildx\s+)?(?:build|bake)\b|\bdocker[ -]compose\s+build\b|\bpodman\s+build\b|\bbuildah\b|\bpack\s+build\b|\bkaniko\b",
    r"\bcargo\s+(?:\+\S+\s+)?(?:build|zigbuild|b)\b|\bcross\s+build\b",
    r"\bgo\s+build\b|\bgoreleaser\b|\bko\s+build\b",
    r"\bmvnw?\b.*\b(?:package|install|deploy)\b|\bgradlew?\b.*\b(?:build|assemble|bootJar|jib)\b",
    r"\bdotnet\s+(?:build|publish)\b|\bmix\s+(?:release|compile)\b|\bpython\S*\s+-m\s+build\b|\bpoetry\s+build\b|\buv\s+build\b",
    r"\bassets:precompile\b|\bcomposer\s+install\b.*--no-dev",
    r"\b(?:make|just|task)\s+(?:\S+\s+)*(?:build|release|image)\b",
];
/// Programs that deploy.
const DEPLOYS: &[&str] = &[
    r"\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?deploy\b|\b(?:make|just|task)\s+(?:\S+\s+)*deploy\b",
    r"\bkubectl\s+(?:\S+\s+)*(?:apply|set\s+image|rollout)\b|\bhelm\s+(?:\S+\s+)*upgrade\b|\bhelmfile\b|\bargocd\s+app\b|\bkustomize\s+edit\b",
    r"\bterraform\s+apply\b|\btofu\s+apply\b|\bpulumi\s+up\b|\bcdk\s+deploy\b|\bansible-playbook\b|\bnomad\s+job\s+run\b",
    r"\b(?:flyctl|fly)\s+deploy\b|\bvercel\b.*--prod|\bnetlify\s+deploy\b|\bwrangler\s+(?:deploy|publish)\b|\brailway\s+up\b|\brender\s+deploy\b",
    r"\bheroku\b.*\b(?:release|push)\b|\bgit\s+push\s+(?:heroku|dokku|production)\b|\beb\s+deploy\b|\bkamal\s+deploy\b|\bcap\s+production\b",
    r"\baws\s+(?:ecs\s+update-service|lambda\s+update|s3\s+(?:sync|cp)|deploy\b|cloudformation\s+deploy)|\bsam\s+deploy\b|\b(?:serverless|sls)\s+deploy\b",
    r"\bgcloud\s+(?:\S+\s+)*deploy\b|\baz\s+(?:webapp|containerapp|functionapp)\b|\bfirebase\s+deploy\b|\bdocker\s+stack\s+deploy\b",
    r"\b(?:rsync|scp)\s.*\S+:\S*|\bssh\s+\S*@?\S+\s+\S+",
    r"(?:^|[/\s])deploy(?:\.\w+)?(?:\s|$)",
];
/// Actions of others that do one thing.
const ACTIONS: &[(&str, Stage)] = &[
    ("docker/build-push-action", Stage::Build),
    ("goreleaser/goreleaser-action", Stage::Build),
    ("cypress-io/github-action", Stage::Test),
    ("superfly/flyctl-actions", Stage::Deploy),
    ("appleboy/ssh-action", Stage::Deploy),
    ("cloudflare/wrangler-action", Stage::Deploy),
    ("amondnet/vercel-action", Stage::Deploy),
    ("azure/webapps-deploy", Stage::Deploy),
    ("azure/k8s-deploy", Stage::Deploy),
    ("azure/container-apps-deploy", Stage::Deploy),
];

fn set(stage: Stage) -> &'static RegexSet {
    static SETS: OnceLock<[RegexSet; 3]> = OnceLock::new();
    let sets = SETS.get_or_init(|| {
        [TESTS, BUILDS, DEPLOYS].map(|list| RegexSet::new(list).expect("a test compiles these patterns"))
    });
    let [test, build, deploy] = sets;
    match stage {
        Stage::Test => test,
        Stage::Build => build,
        Stage::Deploy => deploy,
    }
}

/// What a script does, and whether its failure is ignored. Comments and texts that are only printed do not count.
pub(super) fn script(script: &str) -> Vec<(Stage, bool)> {
    let mut stages = Vec::new();
    let joined = script.replace("\\\n", " ");
    for line in joined.lines().take(500) {
        let line = without_prints(line.trim());
        if line.is_empty() || line.starts_with('#') || line.len() > 2_000 {
            continue;
        }
        let ignored = line.contains("|| true")
            || line.contains("|| exit 0")
            || line.contains("|| :")
            || line.contains("|| echo");
        for stage in [Stage::Test, Stage::Build, Stage::Deploy] {
            let found = if stage == Stage::Test {
                let mut commands = line.split("&&").flat_map(|part| part.split(';'));
                commands.any(|command| set(stage).is_match(command) && !skips_tests(command))
            } else {
                set(stage).is_match(&line)
            };
            if found {
                stages.push((stage, ignored));
            }
        }
    }
    stages
}

/// Whether a build is told to leave its tests out.
fn skips_tests(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let skips = words.iter().any(|word| {
        matches!(
            *word,
            "-DskipTests"
                | "-DskipTests=true"
                | "-Dmaven.test.skip"
                | "-Dmaven.test.skip=true"
                | "-PskipTests"
        )
    });
    // To others than Gradle `-x` says something else: to pytest, to stop at the first failure.
    let gradle = words.iter().any(|word| word.contains("gradle"));
    skips || gradle && words.windows(2).any(|pair| matches!(pair, ["-x" | "--exclude-task", task] if task.ends_with("test") || *task == "check"))
}

/// A line without what it only prints, installs or comments.
fn without_prints(line: &str) -> String {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN
        .get_or_init(|| Regex::new(r"^(?:echo|printf|#|:|npm (?:ci|install)|(?:python\S*\s+-m\s+)?pip3?\s+install|(?:uv|poetry|pipx)\s+(?:pip\s+install|add|install)|apt-get|cargo install|git (?:fetch|checkout|tag|commit))\b.*").ok());
    let mut kept = Vec::new();
    for part in line.split("&&") {
        let part = part.trim();
        if pattern.as_ref().is_none_or(|pattern| !pattern.is_match(part)) {
            kept.push(part.split(" #").next().unwrap_or(part));
        }
    }
    kept.join(" && ")
}

/// What an action does, by its name.
pub(super) fn action(uses: &str) -> Option<Stage> {
    let name = uses.split('@').next().unwrap_or(uses).to_ascii_lowercase();
    let known = ACTIONS.iter().find(|(known, _)| name.starts_with(known)).map(|(_, stage)| *stage);
    let says = name.split(['/', '-', '_']).any(|word| word == "deploy" || word == "deployment");
    known.or(says.then_some(Stage::Deploy))
}

/// Whether a job or step is named after deploying.
pub(super) fn named_deploy(name: &str) -> bool {
    name.to_ascii_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "deploy" | "deployment" | "release" | "rollout" | "ship"))
}

#[cfg(test)]
mod tests {
    use super::{Stage, script};

    #[test]
    fn what_leaves_tests_out_tests_nothing() {
        let tests = |text: &str| script(text).iter().any(|(stage, _)| *stage == Stage::Test);
        for text in [
            "mvn -B verify",
            "./gradlew build test",
            "python -m pytest",
            "uv run pytest",
            "pytest -x test",
            "mvn package -DskipTests && mvn verify",
        ] {
            assert!(tests(text), "{text}");
        }
        for text in [
            "mvn -B package -DskipTests",
            "./gradlew build -x test",
            "python -m pip install -r requirements.txt pytest",
            "uv pip install pytest",
        ] {
            assert!(!tests(text), "{text}");
        }
    }
}
