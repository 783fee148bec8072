use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::{Headline, Waived, Waiver, WaiverFaultKind, decide};
use crate::catalog::Severity;
use crate::finding::{Finding, Verdict};
use crate::manifest::{GateSpec, UnknownRule};
use crate::sample;

fn finding(id: usize, severity: Severity, verdict: Verdict, proven: bool) -> Finding {
    Finding { severity, proven, ..sample::finding(&format!("r{id}"), verdict) }
}

fn headline(findings: &[(Severity, Verdict, bool)]) -> Headline {
    let findings: Vec<_> =
        findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
    decide(&GateSpec::default(), &findings, &[], now()).headline
}

#[test]
fn headlines_follow_the_worst_blocker() {
    use Severity::{Critical, Important};
    use Verdict::{Error, Fail, NotApplicable, Pass, Unknown};
    assert_eq!(headline(&[(Critical, Pass, true), (Critical, NotApplicable, true)]), Headline::Go);
    assert_eq!(headline(&[(Critical, Pass, true), (Important, Fail, true)]), Headline::ConditionalGo);
    assert_eq!(headline(&[(Critical, Pass, true), (Critical, Unknown, true)]), Headline::Undecided);
    assert_eq!(headline(&[(Critical, Pass, true), (Critical, Error, true)]), Headline::Undecided);
    assert_eq!(headline(&[(Critical, Fail, true), (Critical, Unknown, true)]), Headline::NoGo);
}

#[test]
fn what_is_not_proven_cannot_block_and_cannot_make_a_go() {
    assert_eq!(headline(&[(Severity::Critical, Verdict::Fail, false)]), Headline::Undecided);
    assert_eq!(headline(&[(Severity::Critical, Verdict::Pass, false)]), Headline::Undecided);
    let proven = (Severity::Critical, Verdict::Pass, true);
    assert_eq!(headline(&[proven, (Severity::Critical, Verdict::Fail, false)]), Headline::ConditionalGo);
}

#[test]
fn nothing_seen_is_no_go_ahead() {
    assert_eq!(headline(&[]), Headline::Undecided);
    assert_eq!(headline(&[(Severity::Critical, Verdict::NotApplicable, true)]), Headline::Undecided);
}

fn any_finding() -> impl Strategy<Value = (Severity, Verdict, bool)> {
    let severity = prop_oneof![Just(Severity::Critical), Just(Severity::Important), Just(Severity::Nice)];
    let verdict = prop_oneof![
        Just(Verdict::Pass),
        Just(Verdict::Fail),
        Just(Verdict::Unknown),
        Just(Verdict::NotApplicable),
        Just(Verdict::Error)
    ];
    (severity, verdict, any::<bool>())
}

/// Verdicts in the order in which a finding gets better.
fn better(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Fail => Verdict::Unknown,
        Verdict::Unknown | Verdict::Error | Verdict::NotApplicable | Verdict::Pass => Verdict::Pass,
    }
}

proptest! {
    #[test]
    fn a_finding_that_gets_better_never_makes_the_decision_worse(
        findings in proptest::collection::vec(any_finding(), 1..12),
        which in any::<prop::sample::Index>(),
        waived in proptest::collection::vec(any::<bool>(), 12),
        percent in 0_u8..=100,
        strict in any::<bool>(),
    ) {
        let unknown = if strict { UnknownRule::CountsAsFail } else { UnknownRule::Undecided };
        let spec = GateSpec { important_percent: percent, unknown, ..GateSpec::default() };
        let mut all: Vec<_> =
            findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
        let waivers = good_waivers(&all, &waived);
        let before = decide(&spec, &all, &waivers, now()).headline;
        let chosen = which.index(all.len());
        // A waiver that nothing needs any more fails the gate, so what is waived may not get better here.
        prop_assume!(waivers.iter().all(|waiver| waiver.says.requirement != all[chosen].id));
        all[chosen].verdict = better(all[chosen].verdict);
        prop_assert!(decide(&spec, &all, &waivers, now()).headline >= before);
    }

    #[test]
    fn a_good_waiver_never_makes_the_decision_worse_and_never_makes_a_go(
        findings in proptest::collection::vec(any_finding(), 1..12),
        waived in proptest::collection::vec(any::<bool>(), 12),
        percent in 0_u8..=100,
    ) {
        let spec = GateSpec { important_percent: percent, ..GateSpec::default() };
        let all: Vec<_> =
            findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
        let waivers = good_waivers(&all, &waived);
        let (without, with) = (decide(&spec, &all, &[], now()), decide(&spec, &all, &waivers, now()));
        prop_assert!(with.headline >= without.headline);
        prop_assert!(waivers.is_empty() || with.headline <= Headline::ConditionalGo);
        prop_assert_eq!(with.counts, without.counts);
        prop_assert!(with.blockers.iter().all(|id| without.blockers.contains(id)));
        let told = with.blockers.len() + with.standing.len() + with.waived.len();
        prop_assert_eq!(told, without.blockers.len() + without.standing.len());
    }

    #[test]
    fn any_waiver_at_fault_is_a_no_go(
        findings in proptest::collection::vec(any_finding(), 0..12),
        days in -400_i64..=0,
    ) {
        let all: Vec<_> =
            findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
        let expired = [waiver("r0", now() + TimeDelta::days(days))];
        let decision = decide(&GateSpec::default(), &all, &expired, now());
        prop_assert_eq!(decision.headline, Headline::NoGo);
        prop_assert_eq!(decision.waiver_faults.len(), 1);
        prop_assert!(decision.waived.is_empty());
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn waiver(requirement: &str, until: DateTime<Utc>) -> Waiver {
    let says = Waived {
        requirement: requirement.into(),
        reason: "the vendor mends it in March".into(),
        owner: "owner@example.com".into(),
        approver: "tech-lead@example.com".into(),
        at: now(),
        until,
    };
    Waiver { says, fault: None }
}

/// Waivers for those of the chosen findings that stand.
fn good_waivers(all: &[Finding], chosen: &[bool]) -> Vec<Waiver> {
    let stands = |f: &Finding| matches!(f.verdict, Verdict::Fail | Verdict::Unknown | Verdict::Error);
    let chosen = all.iter().zip(chosen).filter(|(finding, chosen)| **chosen && stands(finding));
    chosen.map(|(finding, _)| waiver(&finding.id, now() + TimeDelta::days(30))).collect()
}

#[test]
fn a_waived_blocker_is_shown_and_does_not_block() {
    let all = [
        finding(0, Severity::Critical, Verdict::Pass, true),
        finding(1, Severity::Critical, Verdict::Fail, true),
    ];
    let waivers = [waiver("r1", now() + TimeDelta::days(1))];
    let decision = decide(&GateSpec::default(), &all, &waivers, now());
    assert_eq!(decision.headline, Headline::ConditionalGo);
    assert_eq!((decision.counts.fail, decision.waived.len()), (1, 1));
    assert!(decision.blockers.is_empty() && decision.standing.is_empty());
    assert_eq!(decision.because, "no blocker stands; 1 risk is accepted");
}

#[test]
fn waivers_at_fault_fail_the_gate_each_for_its_own_reason() {
    let all = [
        finding(0, Severity::Critical, Verdict::Pass, true),
        finding(1, Severity::Critical, Verdict::NotApplicable, true),
        finding(2, Severity::Critical, Verdict::Fail, true),
    ];
    let later = now() + TimeDelta::days(1);
    let forged = Waiver { fault: Some("no trusted key signed it".into()), ..waiver("r2", later) };
    for (waiver, kind, why) in [
        (waiver("r0", later), WaiverFaultKind::Unused, "holds"),
        (waiver("r1", later), WaiverFaultKind::Unused, "no subject"),
        (waiver("gone", later), WaiverFaultKind::Unused, "no such requirement"),
        (waiver("r2", now()), WaiverFaultKind::Expired, "it ended on 2024-10-04"),
        (forged, WaiverFaultKind::Invalid, "no trusted key"),
    ] {
        let decision = decide(&GateSpec::default(), &all, &[waiver], now());
        assert_eq!(decision.headline, Headline::NoGo);
        assert_eq!(decision.waiver_faults[0].kind, kind);
        assert!(decision.waiver_faults[0].why.contains(why), "{}", decision.waiver_faults[0].why);
        assert!(decision.waived.is_empty());
    }
}
