//! What is read of pipelines.

use super::{look, repository};
use crate::repo::pipeline::{Deploy, Stage};

const SOUND_WORKFLOW: &str = "
name: CI
on:
  push: {branches: [main]}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
      - run: npm test
  build:
    needs: test
    steps:
      - run: |
          # npm run deploy
          echo \"npm run deploy\"
          npm run build
  deploy:
    needs: [build]
    steps:
      - name: Deploy to production
        run: npm run deploy
";

fn deploys(files: &[(&str, &str)]) -> Vec<Deploy> {
    let repository = repository(files);
    let facts = look(repository.path());
    let pipeline = facts.pipeline.value().unwrap().as_ref().unwrap();
    assert!(pipeline.files.cut.is_none(), "{:?}", pipeline.files.cut);
    pipeline.deploys.items.clone()
}

/// Changes one thing in the sound workflow and tells the deployments.
fn changed(from: &str, to: &str) -> Vec<Deploy> {
    assert!(SOUND_WORKFLOW.contains(from), "{from}");
    deploys(&[(".github/workflows/ci.yml", &SOUND_WORKFLOW.replacen(from, to, 1))])
}

#[test]
fn reads_the_order_of_github_actions() {
    let all = |deploy: &Deploy| (deploy.tested_before, deploy.built_before, deploy.automatic);
    let sound = deploys(&[(".github/workflows/ci.yml", SOUND_WORKFLOW)]);
    assert_eq!(sound.len(), 1, "{sound:?}");
    assert_eq!(all(&sound[0]), (true, true, true));
    assert_eq!(sound[0].line, 23);
    assert_eq!(all(&changed("needs: [build]", "needs: []")[0]), (false, false, true));
    assert_eq!(all(&changed("needs: test", "needs: []")[0]), (false, true, true));
    assert_eq!(all(&changed("npm test", "npm test || true")[0]), (false, true, true));
    assert_eq!(all(&changed("npm test", "echo npm test")[0]), (false, true, true));
    assert_eq!(
        all(&changed("- run: npm test", "- run: npm test\n        continue-on-error: true")[0]),
        (false, true, true)
    );
    for (condition, tested) in
        [("always()", true), ("${{ github.event_name == 'push' }}", true), ("inputs.tests", false)]
    {
        let step = format!("- run: npm test\n        if: {condition}");
        assert_eq!(all(&changed("- run: npm test", &step)[0]), (tested, true, true), "{condition}");
    }
    let together = SOUND_WORKFLOW.replace(
        "      - run: npm test\n",
        "      - run: npm test\n      - run: fly deploy\n        if: always()\n",
    );
    assert!(!deploys(&[(".github/workflows/ci.yml", &together)])[0].tested_before);
    assert_eq!(all(&changed("push: {branches: [main]}", "workflow_dispatch:")[0]), (true, true, false));
    assert_eq!(all(&changed("needs: [build]", "needs: [build]\n    if: always()")[0]), (false, false, true));
}

#[test]
fn follows_workflows_that_others_call_or_wait_for() {
    let tests = "name: Tests\non: {workflow_call: {}, pull_request: {}}\njobs:\n  t:\n    steps:\n      - run: cargo nextest run\n      - run: cargo build --release\n";
    let deploy = "on: {push: {}}\njobs:\n  all:\n    uses: ./.github/workflows/tests.yml\n  ship:\n    needs: all\n    steps:\n      - run: kubectl apply -f k8s/\n";
    let found = deploys(&[(".github/workflows/tests.yml", tests), (".github/workflows/deploy.yml", deploy)]);
    assert!(found[0].tested_before && found[0].built_before, "{found:?}");
    let waits = "on: {workflow_run: {workflows: [Tests], types: [completed]}}\njobs:\n  ship:\n    if: github.event.workflow_run.conclusion == 'success'\n    steps:\n      - run: fly deploy\n";
    let found = deploys(&[(".github/workflows/tests.yml", tests), (".github/workflows/deploy.yml", waits)]);
    assert!(found[0].tested_before, "{found:?}");
    let careless = waits.replace("    if: github.event.workflow_run.conclusion == 'success'\n", "");
    let found =
        deploys(&[(".github/workflows/tests.yml", tests), (".github/workflows/deploy.yml", &careless)]);
    assert!(!found[0].tested_before, "{found:?}");
}

#[test]
fn reads_the_order_of_gitlab() {
    let file = "stages: [test, build, deploy]\nunit:\n  stage: test\n  script: [pytest]\nimage:\n  stage: build\n  script:\n    - docker build .\nproduction:\n  stage: deploy\n  script: [helm upgrade shop chart/]\n";
    // `image` is a key of the file itself, so as a job it is none.
    let file = file.replace("image:\n  stage", "package:\n  stage");
    let found = deploys(&[(".gitlab-ci.yml", &file)]);
    assert!(found[0].tested_before && found[0].built_before && found[0].automatic, "{found:?}");
    let found = deploys(&[(
        ".gitlab-ci.yml",
        &file.replace("script: [pytest]", "script: [pytest]\n  allow_failure: true"),
    )]);
    assert!(!found[0].tested_before);
    let found = deploys(&[(
        ".gitlab-ci.yml",
        &file.replace("  stage: deploy\n", "  stage: deploy\n  needs: [package]\n"),
    )]);
    assert!(found[0].tested_before && found[0].built_before, "{found:?}");
    let found = deploys(&[(
        ".gitlab-ci.yml",
        &file.replace("  stage: deploy\n", "  stage: deploy\n  when: manual\n"),
    )]);
    assert!(!found[0].automatic);
}

#[test]
fn classifies_steps() {
    let repository = repository(&[(".github/workflows/ci.yml", SOUND_WORKFLOW)]);
    let facts = look(repository.path());
    let steps: Vec<_> =
        facts.pipeline.value().unwrap().as_ref().unwrap().steps.items.iter().map(|step| step.stage).collect();
    assert_eq!(steps, [Stage::Test, Stage::Build, Stage::Deploy]);
}
