use crate::sample::{self, hostile};
use crate::{Format, Style, outside, render};

#[test]
fn a_run_is_read_back_as_it_was() {
    for run in [sample::faulty(), sample::first_look(), sample::sound()] {
        let text = render(&run, Format::Json, &Style::plain(sample::now()));
        assert_eq!(serde_json::from_str::<seaworthy_core::run::Run>(&text).unwrap(), run);
    }
}

#[test]
fn what_acts_is_escaped_and_reads_the_same() {
    for (text, does) in hostile::STRINGS {
        let run = sample::poisoned(text);
        let shown = render(&run, Format::Json, &Style::plain(sample::now()));
        assert!(!shown.chars().any(|c| c != '\n' && outside::is_hazard(c)), "{does}");
        assert!(!shown.contains("##["), "{does}");
        assert_eq!(serde_json::from_str::<seaworthy_core::run::Run>(&shown).unwrap(), run, "{does}");
    }
}

#[test]
fn it_is_what_the_published_schema_says() {
    let schema = include_str!("../../../../schemas/run.v1.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for run in [sample::faulty(), sample::first_look(), sample::sound(), sample::poisoned("\u{1b}")] {
        let text = render(&run, Format::Json, &Style::plain(sample::now()));
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let faults: Vec<String> = validator.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
        value["surprise"] = true.into();
        assert!(!validator.is_valid(&value));
    }
}
