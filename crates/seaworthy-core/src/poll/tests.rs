use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Ground, NoPoll, Poll};
use crate::catalog::{Assurance, Severity};
use crate::finding::{Finding, Verdict};
use crate::gate::Headline;
use crate::ledger::{Entry, Record, RecordKind};
use crate::manifest::{People, Role};
use crate::run::Run;
use crate::sample::{ROLES, finding, now, people, people_of, run, sign, signed, waived};
use crate::statement::{Choice, DecisionStatement, Vote, open, sha256_hex};

const DIGEST: &str = "aa";

/// A poll on a run, and what may be changed of it.
struct Case {
    run: Run,
    newest: Run,
    later: Vec<Run>,
    head: Option<String>,
    manifest: String,
    people: People,
    records: Vec<Record>,
    late: TimeDelta,
}

impl Case {
    fn new() -> Self {
        let run = run();
        Self {
            newest: run.clone(),
            later: Vec::new(),
            head: run.commit.clone(),
            manifest: run.manifest.clone().expect("has one"),
            run,
            people: people(),
            records: Vec::new(),
            late: TimeDelta::zero(),
        }
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            run: &self.run,
            digest: DIGEST,
            newest: &self.newest,
            later: &self.later,
            head: self.head.as_deref(),
            manifest: &self.manifest,
            people: &self.people,
            now: now() + self.late,
        }
    }

    fn poll(&self) -> Poll {
        Poll::of(&self.ground(), &self.records).expect("a poll")
    }

    /// Why there is no certificate, in one text.
    fn refused(&self) -> String {
        self.poll().certificate().expect_err("refused").join("; ")
    }

    fn record(&mut self, vote: Vote, decision: &[u8], seed: u8) {
        let bytes = vote.about(&sha256_hex(decision)).bytes();
        let sequence = i64::try_from(self.records.len()).expect("few") + 1;
        let entry = Entry {
            id: format!("r{sequence}"),
            kind: RecordKind::SignOff,
            at: now(),
            service: self.run.service.clone(),
            environment: self.run.environment.clone(),
            envelope: signed(&bytes, &[seed]).json(),
        };
        self.records.push(Record { sequence, entry, runs_head: String::new(), digest: String::new() });
    }

    /// A GO as it should be, by the person with this key.
    fn go(&mut self, seed: u8) {
        let (role, person) = ROLES[usize::from(seed) - 1];
        self.go_as(person, role, seed);
    }

    fn go_as(&mut self, person: &str, role: Role, seed: u8) {
        let payload = payload(&self.run);
        self.record(go_vote(person, role, seed, &payload), &payload, seed);
    }

    /// Everyone but the person with the last key says GO.
    fn three() -> Self {
        let mut case = Self::new();
        (1..=3).for_each(|seed| case.go(seed));
        case
    }

    fn four() -> Self {
        let mut case = Self::three();
        case.go(4);
        case
    }
}

fn payload(run: &Run) -> Vec<u8> {
    DecisionStatement::of(run, DIGEST).expect("a decision").bytes()
}

fn go_vote(person: &str, role: Role, seed: u8, payload: &[u8]) -> Vote {
    Vote {
        person: person.into(),
        role,
        choice: Choice::Go,
        reason: None,
        run: run().id,
        commit: run().commit,
        at: now(),
        decision_signature: Some(STANDARD.encode(sign(seed, payload))),
    }
}

fn no_go(case: &mut Case, seed: u8) {
    let (role, person) = ROLES[usize::from(seed) - 1];
    let payload = payload(&case.run);
    let vote = Vote {
        choice: Choice::NoGo,
        reason: Some("the queue is not watched".into()),
        decision_signature: None,
        ..go_vote(person, role, seed, &payload)
    };
    case.record(vote, &payload, seed);
}

#[test]
fn four_people_who_say_go_make_a_certificate_of_one_payload_with_four_signatures() {
    let case = Case::four();
    let certificate = case.poll().certificate().expect("a certificate");
    assert_eq!(certificate.signatures.len(), 4);
    let opened = open::<DecisionStatement>(&certificate, &case.people.keys()).expect("opens");
    assert_eq!(opened.signers.len(), 4);
    assert_eq!(opened.statement.digest("gitCommit"), case.run.commit.as_deref());
}

#[test]
fn a_missing_role_is_named_with_who_could_sign() {
    assert_eq!(Case::three().refused(), "operations has not said GO: ops@example.com");
    assert!(Case::new().refused().contains("technical-lead has not said GO: lead@example.com"));
}

/// What must not fill the last seat: a name, and what is done.
type Misuse = (&'static str, fn(&mut Case), &'static str);

const OPS: (&str, Role) = ("ops@example.com", Role::Operations);

const MISUSES: [Misuse; 14] = [
    (
        "one person for two roles",
        |case| {
            case.people = people_of(&[
                ("lead@example.com", &[Role::TechnicalLead, Role::Operations], 1),
                ("product@example.com", &[Role::ProductOwner], 2),
                ("security@example.com", &[Role::Security], 3),
            ]);
            case.go_as("lead@example.com", Role::Operations, 1);
        },
        "technical-lead has not said GO",
    ),
    ("the key of someone else", |case| case.go_as(OPS.0, OPS.1, 3), "operations has not said GO"),
    ("a key that is not in the manifest", |case| case.go_as(OPS.0, OPS.1, 9), "operations has not said GO"),
    (
        "a role that the person does not have",
        |case| {
            case.people = people_of(&[
                ("lead@example.com", &[Role::TechnicalLead], 1),
                ("product@example.com", &[Role::ProductOwner], 2),
                ("security@example.com", &[Role::Security], 3),
                ("dev@example.com", &[], 4),
            ]);
            case.go_as("dev@example.com", Role::Operations, 4);
        },
        "operations has not said GO",
    ),
    (
        "someone who was removed since",
        |case| {
            case.go(4);
            case.people = people_of(&[
                ("lead@example.com", &[Role::TechnicalLead], 1),
                ("product@example.com", &[Role::ProductOwner], 2),
                ("security@example.com", &[Role::Security], 3),
                ("ops@example.com", &[Role::Operations], 5),
            ]);
        },
        "operations has not said GO",
    ),
    (
        "a vote on another decision, replayed",
        |case| {
            let other = payload(&Run { commit: Some("0".repeat(40)), ..case.run.clone() });
            case.record(go_vote(OPS.0, OPS.1, 4, &other), &other, 4);
        },
        "operations has not said GO",
    ),
    (
        "a signature over another decision in a vote on this one",
        |case| {
            let other = payload(&Run { commit: Some("0".repeat(40)), ..case.run.clone() });
            let vote = go_vote(OPS.0, OPS.1, 4, &other);
            let this = payload(&case.run);
            case.record(vote, &this, 4);
        },
        "operations has not said GO",
    ),
    (
        "a GO without a signature over the decision",
        |case| {
            let this = payload(&case.run);
            let vote = Vote { decision_signature: None, ..go_vote(OPS.0, OPS.1, 4, &this) };
            case.record(vote, &this, 4);
        },
        "operations has not said GO",
    ),
    (
        "a vote that was recorded for another environment",
        |case| {
            case.go(4);
            case.records[3].entry.environment = Some("staging".into());
        },
        "operations has not said GO",
    ),
    (
        "a vote that was recorded for another service",
        |case| {
            case.go(4);
            case.records[3].entry.service = "other".into();
        },
        "operations has not said GO",
    ),
    (
        "a vote dated in the future",
        |case| {
            let this = payload(&case.run);
            let vote = Vote { at: now() + TimeDelta::days(1), ..go_vote(OPS.0, OPS.1, 4, &this) };
            case.record(vote, &this, 4);
        },
        "operations has not said GO",
    ),
    ("a NO-GO", |case| no_go(case, 4), "ops@example.com said NO-GO as operations: the queue is not watched"),
    (
        "a NO-GO after a GO",
        |case| {
            case.go(4);
            no_go(case, 4);
        },
        "said NO-GO",
    ),
    (
        "an attestation in the place of a vote",
        |case| {
            case.go(4);
            case.records[3].entry.kind = RecordKind::Attestation;
        },
        "operations has not said GO",
    ),
];

#[test]
fn no_misuse_fills_a_seat() {
    for (what, misuse, why) in MISUSES {
        let mut case = Case::three();
        misuse(&mut case);
        let refused = case.refused();
        assert!(refused.contains(why), "{what}: {refused}");
    }
}

/// What takes the ground away from a poll that was full.
type Shift = (&'static str, fn(&mut Case), &'static str);

const SHIFTS: [Shift; 15] = [
    (
        "another commit",
        |case| case.newest.commit = Some("0".repeat(40)),
        "the commit was 4f1c2d9e8b7a and is now 000000000000",
    ),
    ("another commit checked out", |case| case.head = Some("0".repeat(40)), "and is now 000000000000"),
    ("no commit", |case| case.newest.commit = None, "and is now none"),
    (
        "another environment",
        |case| case.newest.environment = Some("staging".into()),
        "the environment was production",
    ),
    ("another catalog", |case| case.newest.policy = "e".repeat(64), "the catalog was cccccccccccc"),
    ("a manifest changed since", |case| case.manifest = "e".repeat(64), "the manifest was dddddddddddd"),
    (
        "a worse newer run",
        |case| {
            case.newest.id = "newer".into();
            case.newest.started_at = now();
            case.newest.decision.headline = Headline::NoGo;
        },
        "the newer run newer is NO-GO",
    ),
    (
        "a worse newer run by a clock that went back",
        |case| {
            case.newest.id = "newer".into();
            case.newest.started_at = case.run.started_at - TimeDelta::minutes(2);
            case.newest.decision.headline = Headline::NoGo;
        },
        "the newer run newer is NO-GO",
    ),
    (
        "a blocker that a later, limited run saw fail",
        |case| case.later = vec![limited("b", Verdict::Unknown), limited("a", Verdict::Fail)],
        "the later run limited saw `a` fail",
    ),
    (
        "files that are in no commit",
        |case| {
            case.run.commit = None;
            case.run.facts = serde_json::json!({"repo": {"git": {"changed": {"$seen": ["a", "b"]}}}});
        },
        "the work tree was not as committed: a and 1 more",
    ),
    (
        "files of which it cannot be told",
        |case| {
            case.run.commit = None;
            let unseen =
                serde_json::json!({"$unseen": {"kind": "unsupported", "why": "a filter", "give": null}});
            case.run.facts = serde_json::json!({"repo": {"git": {"changed": [unseen]}}});
        },
        "which commit was looked at is not known: a filter",
    ),
    (
        "a risk that nobody accepts any more",
        |case| {
            case.run.decision.headline = Headline::ConditionalGo;
            case.run.decision.waived.push(waived("a", "a", now() + TimeDelta::days(3)));
        },
        "the risk of `a` is no longer accepted",
    ),
    ("too late", |case| case.late = TimeDelta::days(7), "is too old"),
    ("a run from the future", |case| case.late = -TimeDelta::days(1), "is dated in the future"),
    (
        "a headline that is no go-ahead",
        |case| case.run.decision.headline = Headline::Undecided,
        "is UNDECIDED",
    ),
];

#[test]
fn every_shift_of_the_ground_makes_the_votes_stale() {
    for (what, shift, why) in SHIFTS {
        let mut case = Case::four();
        shift(&mut case);
        let refused = case.refused();
        assert!(refused.contains(why), "{what}: {refused}");
        assert!(case.poll().is_open().is_err(), "{what}");
    }
}

#[test]
fn a_newer_run_on_the_same_ground_takes_nothing_away() {
    let mut case = Case::four();
    case.newest.id = "newer".into();
    case.newest.started_at = now();
    assert!(case.poll().certificate().is_ok());
}

/// A run that looked at one requirement.
fn limited(id: &str, verdict: Verdict) -> Run {
    let finding = Finding { proven: true, severity: Severity::Critical, ..finding(id, verdict) };
    Run { id: "limited".into(), only: vec![id.into()], findings: vec![finding], ..run() }
}

#[test]
fn what_was_mended_since_takes_nothing_away() {
    let mut case = Case::four();
    case.later = vec![limited("a", Verdict::Pass), limited("a", Verdict::Fail)];
    assert!(case.poll().certificate().is_ok());
}

#[test]
fn a_decision_ends_with_what_people_attested() {
    let mut case = Case::new();
    let until = now() + TimeDelta::hours(2);
    case.run.findings =
        vec![Finding { assurance: Some(Assurance::Attestation), ..finding("a", Verdict::Pass) }];
    let said = |id: &str, stands: bool, until: DateTime<Utc>| serde_json::json!({"requirement": id, "stands": stands, "until": until.to_rfc3339()});
    let said = [said("a", true, until), said("a", false, now()), said("b", true, now())];
    case.run.facts = serde_json::json!({"ledger": {"$seen": {"attestations": {"$seen": said}}}});
    assert_eq!(case.poll().holds_until, until);
}

#[test]
fn a_decision_ends_with_its_first_waiver() {
    let mut case = Case::new();
    let until = now() + TimeDelta::hours(3);
    case.run.decision.headline = Headline::ConditionalGo;
    case.run.decision.waived.push(waived("r", "a", until));
    assert_eq!(case.poll().holds_until, until);
}

#[test]
fn a_person_may_think_again() {
    let mut case = Case::three();
    no_go(&mut case, 4);
    case.go(4);
    assert!(case.poll().certificate().is_ok());
    assert_eq!(case.poll().role_of(OPS.0), Some(OPS.1));
}

#[test]
fn a_go_that_was_taken_back_is_not_brought_back_by_recording_it_again() {
    let mut case = Case::four();
    let replayed = Record { sequence: 9, ..case.records[3].clone() };
    no_go(&mut case, 4);
    case.records.push(replayed);
    assert!(case.refused().contains("ops@example.com said NO-GO"));
}

#[test]
fn a_vote_on_another_account_of_the_same_run_is_told() {
    let mut case = Case::three();
    let mut other = case.run.clone();
    other.gate.decision_days = 30;
    let other = payload(&other);
    case.record(go_vote(OPS.0, OPS.1, 4, &other), &other, 4);
    assert!(case.poll().not_counted[0].why.contains("another account of this run"));
    assert!(case.refused().contains("operations has not said GO"));
}

#[test]
fn a_no_go_of_one_holder_is_not_outvoted_by_the_other() {
    let mut case = Case::three();
    case.people = people_of(&[
        ("lead@example.com", &[Role::TechnicalLead], 1),
        ("product@example.com", &[Role::ProductOwner], 2),
        ("security@example.com", &[Role::Security], 3),
        ("ops@example.com", &[Role::Operations], 4),
        ("night@example.com", &[Role::Operations], 5),
    ]);
    case.go_as("night@example.com", Role::Operations, 5);
    assert!(case.poll().certificate().is_ok());
    no_go(&mut case, 4);
    assert!(case.refused().contains("ops@example.com said NO-GO"));
}

#[test]
fn a_no_go_stands_against_every_run_of_the_commit_until_it_is_taken_back() {
    let mut case = Case::new();
    no_go(&mut case, 4);
    case.run.id = "0191ffff".into();
    case.newest = case.run.clone();
    let payload = payload(&case.run);
    for seed in 1..=3 {
        let (role, person) = ROLES[usize::from(seed) - 1];
        let vote = Vote { run: case.run.id.clone(), ..go_vote(person, role, seed, &payload) };
        case.record(vote, &payload, seed);
    }
    let night =
        Vote { run: case.run.id.clone(), ..go_vote("night@example.com", Role::Operations, 5, &payload) };
    case.people = people_of(&[
        ("lead@example.com", &[Role::TechnicalLead], 1),
        ("product@example.com", &[Role::ProductOwner], 2),
        ("security@example.com", &[Role::Security], 3),
        ("ops@example.com", &[Role::Operations], 4),
        ("night@example.com", &[Role::Operations], 5),
    ]);
    case.record(night, &payload, 5);
    assert!(case.refused().contains("ops@example.com said NO-GO"));
    let again = Vote { run: case.run.id.clone(), ..go_vote(OPS.0, OPS.1, 4, &payload) };
    case.record(again, &payload, 4);
    assert!(case.poll().certificate().is_ok());

    // Another commit is another matter.
    let mut case = Case::new();
    no_go(&mut case, 4);
    case.run.commit = Some("0".repeat(40));
    case.run.id = "0191ffff".into();
    case.newest = case.run.clone();
    assert!(case.poll().no_gos.is_empty());
}

#[test]
fn limited_runs_and_runs_without_a_manifest_have_no_poll() {
    let mut case = Case::new();
    case.run.only = vec!["security".into()];
    assert!(matches!(Poll::of(&case.ground(), &[]), Err(NoPoll::Limited(_))));
    let mut case = Case::new();
    case.run.manifest = None;
    assert!(matches!(Poll::of(&case.ground(), &[]), Err(NoPoll::WithoutManifest(_))));
    let mut case = Case::new();
    case.run.gate.sign_offs.clear();
    assert!(case.refused().contains("asks for no sign-offs"));
}
