//! `seaworthy explain`: teaches one requirement.

use std::process::ExitCode;

use seaworthy_core::catalog::{Catalog, CompiledRequirement};
use serde_json::json;

use super::{catalog, print};
use crate::builtin;
use crate::cli::{Explain, ListFormat};
use crate::exit::Wrong;

/// Carries out the command.
pub(super) fn run(explain: &Explain) -> anyhow::Result<ExitCode> {
    let known = builtin::catalog()?;
    let Some(requirement) = known.get(&explain.id) else {
        return Err(Wrong::error(
            format!("the catalog has no requirement `{}`", explain.id),
            near(&known, &explain.id),
        ));
    };
    match explain.format {
        ListFormat::Json => {
            let mut listed = catalog::listed(requirement);
            listed["why"] = json!(requirement.spec.why);
            listed["applies"] = json!(requirement.spec.applies);
            listed["checks"] = json!(requirement.spec.checks);
            listed["remedy"] = json!(requirement.spec.remedy);
            print::json(&listed)?;
        }
        ListFormat::Terminal => print::text(&told(requirement))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn near(known: &Catalog, wanted: &str) -> String {
    let near: Vec<&str> = known
        .iter()
        .map(|requirement| requirement.spec.id.as_str())
        .filter(|id| wanted.split('-').any(|word| word.len() > 2 && id.contains(word)))
        .take(5)
        .collect();
    if near.is_empty() {
        "`seaworthy catalog list` lists them".to_owned()
    } else {
        format!("there is {}; `seaworthy catalog list` lists all", near.join(", "))
    }
}

fn told(requirement: &CompiledRequirement) -> String {
    let spec = &requirement.spec;
    let mut text = format!(
        "{}\n{}\n{} · {} · stays fresh for {}\n\nWhy\n{}\n",
        spec.id,
        spec.title,
        spec.area,
        spec.severity.word(),
        spec.fresh_for,
        indented(&spec.why)
    );
    text += &format!("\nHow it is decided (at least by {})\n", spec.least.word());
    if let Some(applies) = &spec.applies {
        text += &format!("  applies where  {applies}\n");
    }
    for check in &spec.checks {
        let level = match check.consent {
            seaworthy_core::consent::Consent::Observe => "observe",
            seaworthy_core::consent::Consent::Probe => "probe",
            seaworthy_core::consent::Consent::Drill => "drill",
        };
        let role = if check.assurance >= spec.least { "decides" } else { "only a hint" };
        text += &format!("  by {} ({role}; takes the `{level}` level)\n", check.assurance.word());
        text += &format!("    wants   {}\n", check.wants.trim());
        if let Some(each) = &check.each {
            text += &format!("    each {}  in  {each}\n", check.named.as_deref().unwrap_or("it"));
        }
        text += &format!("    passes  {}\n", one_line(&check.pass));
        if let Some(fail) = &check.fail {
            text += &format!("    fails   {}\n", one_line(fail));
        }
    }
    text += &format!("\nRemedy\n{}\n", indented(&spec.remedy.text));
    if let Some(snippet) = &spec.remedy.snippet {
        text += &format!("\n{}\n", snippet.lines().map(|line| format!("    {line}\n")).collect::<String>());
    }
    text += &match requirement.proof() {
        Some(proof) => format!(
            "\nProof\n  last seen {}: passes on the sound part `{}`, fails under {}, is unknown with it away\n  \
             see it again: seaworthy catalog prove {}\n",
            proof.seen,
            proof.sound,
            proof.sabotage.join(", "),
            spec.id
        ),
        None => {
            "\nProof\n  none for its present form: it is experimental, is shown and cannot block\n".to_owned()
        }
    };
    text + &format!("\nAsked for by the seeds (file:line)\n  {}\n", spec.seeds.join(" "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn indented(text: &str) -> String {
    text.trim().lines().map(|line| format!("  {}", line.trim())).collect::<Vec<_>>().join("\n")
}
