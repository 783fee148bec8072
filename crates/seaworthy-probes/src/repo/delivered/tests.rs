use seaworthy_core::facts::Listed;

use super::*;

fn deploy(workflow: &str, branches: Option<&[&str]>) -> Deploy {
    Deploy {
        job: "deploy".to_owned(),
        path: ".github/workflows/deliver.yml".to_owned(),
        line: 1,
        tested_before: true,
        built_before: true,
        workflow: Some(workflow.to_owned()),
        branches: Seen::new(branches.map(|all| all.iter().map(|name| (*name).to_owned()).collect())),
        of_pushes: true,
        automatic: true,
    }
}

fn pipeline(deploys: Vec<Deploy>) -> Seen<Option<Pipeline>> {
    let nothing = || Listed { items: Vec::new(), cut: None };
    Seen::new(Some(Pipeline {
        files: Listed { items: Vec::new(), cut: None },
        steps: nothing(),
        deploys: Listed { items: deploys, cut: None },
    }))
}

/// The nth run, which ended at minute n, for a commit of one digit.
fn run(id: u64, commit: &str, ending: Ending) -> PipelineRun {
    PipelineRun {
        id,
        commit: commit.repeat(40),
        branch: "main".to_owned(),
        event: "push".to_owned(),
        workflow: Some("Deliver".to_owned()),
        ending,
        at: DateTime::from_timestamp(60 * i64::try_from(id).unwrap(), 0).unwrap(),
    }
}

fn seen(runs: Vec<PipelineRun>) -> Result<PipelineRuns, Unseen> {
    chosen(&pipeline(vec![deploy("Deliver", Some(&["main"]))]), Ok(runs), Some(&"b".repeat(40)))
}

#[test]
fn the_last_success_is_the_one_that_ended_last() {
    let all = seen(vec![run(2, "b", Ending::Success), run(1, "a", Ending::Success)]).unwrap();
    assert!(all.last_success_is_head && all.head_has_run && !all.unfinished);
    // An old run that was run again deployed the old commit.
    let again = seen(vec![run(2, "b", Ending::Success), run(3, "a", Ending::Success)]).unwrap();
    assert!(!again.last_success_is_head && again.head_has_run);
    let failed = seen(vec![run(2, "b", Ending::Failure), run(1, "a", Ending::Success)]).unwrap();
    assert_eq!(failed.last_success.commit, "a".repeat(40));
    assert!(seen(vec![run(2, "b", Ending::Success), run(3, "c", Ending::Unfinished)]).unwrap().unfinished);
    assert!(!seen(vec![run(1, "a", Ending::Success)]).unwrap().head_has_run);
}

#[test]
fn runs_that_do_not_deploy_are_left_out() {
    let other = |change: &dyn Fn(&mut PipelineRun)| {
        let mut other = run(9, "a", Ending::Success);
        change(&mut other);
        seen(vec![run(2, "b", Ending::Success), other]).unwrap().last_success_is_head
    };
    assert!(other(&|run| run.branch = "topic".to_owned()));
    assert!(other(&|run| run.event = "pull_request".to_owned()));
    assert!(other(&|run| run.workflow = Some("Lint".to_owned())));
    assert!(!other(&|_| {}));
}

#[test]
fn what_leaves_open_which_commit_is_deployed_is_unseen() {
    let why = |runs: Vec<PipelineRun>| seen(runs).unwrap_err().why;
    assert!(why(vec![]).contains("no run of a workflow"));
    assert!(why(vec![run(1, "b", Ending::Failure)]).contains("no successful run"));
    let mut same = run(2, "a", Ending::Success);
    same.at = run(1, "b", Ending::Success).at;
    assert!(why(vec![run(1, "b", Ending::Success), same]).contains("same second"));
    let mut after = run(1, "b", Ending::Success);
    after.event = "workflow_run".to_owned();
    assert!(why(vec![after]).contains("begin elsewhere"));
    let both = pipeline(vec![deploy("Deliver", Some(&["main"])), deploy("Deliver", Some(&["dev"]))]);
    let runs = vec![run(1, "b", Ending::Success)];
    assert!(chosen(&both, Ok(runs), Some("b")).unwrap_err().why.contains("different branches"));

    let two = pipeline(vec![deploy("Deliver", None), deploy("Again", None)]);
    let mut second = run(2, "b", Ending::Success);
    second.workflow = Some("Again".to_owned());
    let runs = vec![run(1, "b", Ending::Success), second.clone()];
    assert!(chosen(&two, Ok(runs), Some("b")).unwrap_err().why.contains("several workflows"));
    assert!(chosen(&two, Ok(vec![second]), Some(&"b".repeat(40))).unwrap().last_success_is_head);

    let mut unclear = deploy("Deliver", None);
    unclear.branches = Seen::unseen(Blind::Unsupported, "not understood");
    let runs = vec![run(1, "b", Ending::Success)];
    assert!(chosen(&pipeline(vec![unclear]), Ok(runs.clone()), Some("b")).is_err());
    assert!(chosen(&pipeline(vec![]), Ok(runs.clone()), Some("b")).is_err());
    assert!(chosen(&Seen::new(None), Ok(runs.clone()), Some("b")).is_err());
    assert!(chosen(&pipeline(vec![deploy("Deliver", None)]), Ok(runs), None).is_err());
}
