//! What holds for every form.

use seaworthy_core::run::Run;

use crate::sample::{self, hostile};
use crate::{Format, Style, render};

#[test]
fn a_recorded_run_prints_as_the_live_one_did() {
    for live in [
        sample::faulty(),
        sample::waived(),
        sample::first_look(),
        sample::sound(),
        sample::poisoned("\u{1b}[1m<b>|"),
    ] {
        let recorded: Run = serde_json::from_str(&serde_json::to_string(&live).unwrap()).unwrap();
        for format in Format::ALL {
            for verbose in [false, true] {
                let style = Style { verbose, ..Style::plain(sample::now()) };
                assert_eq!(
                    render(&recorded, format, &style),
                    render(&live, format, &style),
                    "{}",
                    format.word()
                );
            }
        }
    }
}

#[test]
fn every_form_survives_every_hostile_string_and_ends_in_a_line_break() {
    for (text, does) in hostile::STRINGS {
        let run = sample::poisoned(text);
        for format in Format::ALL {
            let shown = render(&run, format, &Style::plain(sample::now()));
            assert!(shown.ends_with('\n') && !shown.ends_with("\n\n"), "{} {does}", format.word());
            let acts = shown.chars().find(|c| *c != '\n' && crate::outside::is_hazard(*c));
            assert_eq!(acts, None, "{} {does}", format.word());
            assert!(!shown.contains("##["), "{} {does}", format.word());
        }
    }
}

#[test]
fn an_empty_run_prints() {
    let mut run = sample::sound();
    run.findings.clear();
    run.provenance.clear();
    run.decision =
        seaworthy_core::gate::decide(&seaworthy_core::manifest::GateSpec::default(), &[], &[], sample::now());
    for format in Format::ALL {
        assert!(!render(&run, format, &Style::plain(sample::now())).is_empty());
    }
}

#[test]
fn every_form_tells_each_waiver_with_reason_owner_approver_and_end() {
    let run = sample::waived();
    let decision = &run.decision;
    assert_eq!((decision.waived.len(), decision.waiver_faults.len()), (2, 2));
    let told = [
        "https-enforced",
        "redis-not-public",
        "the vendor mends it",
        "dev@example.com",
        "tech-lead@example.com",
        "2026-12-10",
    ];
    let faults = ["header-hsts", "it ended on 2026-11-18", "postgres-tuned", "the requirement holds"];
    for format in Format::ALL {
        let shown = render(&run, format, &Style::plain(sample::now())).replace("&#64;", "@");
        for text in told.iter().chain(&faults) {
            assert!(shown.contains(text), "{} does not tell {text}: {shown}", format.word());
        }
    }
}

#[test]
fn every_form_tells_what_holds_and_should_be_better() {
    let run = sample::sound();
    for format in Format::ALL {
        let shown = render(&run, format, &Style::plain(sample::now()));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        // Of what holds, SARIF and JUnit tell nothing.
        let tells = shown.contains("4 processors and 8 GB are recommended");
        assert!(tells || matches!(format, Format::Sarif | Format::Junit), "{}: {shown}", format.word());
    }
}
