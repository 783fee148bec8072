use chrono::DateTime;
use proptest::prelude::*;

use super::{Headline, decide};
use crate::catalog::{Remedy, Severity};
use crate::finding::{Finding, Verdict};
use crate::manifest::{GateSpec, UnknownRule};

fn finding(id: usize, severity: Severity, verdict: Verdict, proven: bool) -> Finding {
    Finding {
        id: format!("r{id}"),
        title: String::new(),
        area: "web".into(),
        severity,
        verdict,
        assurance: None,
        seen: Vec::new(),
        more: 0,
        wanted: String::new(),
        by_hand: Vec::new(),
        facts: Vec::new(),
        unseen: Vec::new(),
        hint: None,
        remedy: Remedy { text: String::new(), snippet: None },
        proven,
        fresh_until: DateTime::UNIX_EPOCH,
    }
}

fn headline(findings: &[(Severity, Verdict, bool)]) -> Headline {
    let findings: Vec<_> =
        findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
    decide(&GateSpec::default(), &findings).headline
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
        percent in 0_u8..=100,
        strict in any::<bool>(),
    ) {
        let unknown = if strict { UnknownRule::CountsAsFail } else { UnknownRule::Undecided };
        let spec = GateSpec { important_percent: percent, unknown };
        let mut all: Vec<_> =
            findings.iter().enumerate().map(|(id, (s, v, proven))| finding(id, *s, *v, *proven)).collect();
        let before = decide(&spec, &all).headline;
        let chosen = which.index(all.len());
        all[chosen].verdict = better(all[chosen].verdict);
        prop_assert!(decide(&spec, &all).headline >= before);
    }
}
