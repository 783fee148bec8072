//! `seaworthy explain`: teaches one requirement.

use std::process::ExitCode;

use seaworthy_core::catalog::Catalog;
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
        ListFormat::Terminal => {
            print::text(&seaworthy_report::terminal::explain(requirement, &print::style()))?;
        }
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
