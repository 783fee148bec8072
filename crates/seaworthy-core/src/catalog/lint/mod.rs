//! What a requirement's file must not do, found without any target.

mod paths;

use serde_json::Value as Json;

use super::CompiledRequirement;
use crate::judge::Expression;

/// Something in a requirement's file that must be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Reads one requirement against the schema of the facts. `file` is its path, `<area>/<id>.yaml`.
pub fn lint(requirement: &CompiledRequirement, file: &str, schema: &Json) -> Vec<Complaint> {
    let mut what = form(requirement, file);
    if let Some(applies) = &requirement.applies {
        what.extend(paths::complaints(applies, None, schema));
    }
    for check in &requirement.checks {
        let element = check.each().map(|each| {
            what.extend(paths::complaints(each, None, schema));
            (check.element_name(), each)
        });
        for expression in check.expressions() {
            what.extend(paths::complaints(expression, element, schema));
        }
        let reads = |expression: &Expression| paths::reads_facts(expression, element.map(|(name, _)| name));
        if !reads(check.pass()) {
            what.push(format!("`{}` reads no fact", check.pass().source()));
        }
    }
    what.sort();
    what.dedup();
    what.into_iter().map(|what| Complaint { file: file.to_owned(), what }).collect()
}

fn form(requirement: &CompiledRequirement, file: &str) -> Vec<String> {
    let spec = &requirement.spec;
    let mut what = Vec::new();
    let wanted = format!("{}/{}.yaml", spec.area, spec.id);
    if file != wanted {
        what.push(format!("its id and area belong in a file `{wanted}`"));
    }
    if spec.title.trim().is_empty() || spec.title.ends_with('.') {
        what.push("the title is a sentence without a full stop".to_owned());
    }
    if spec.why.trim().is_empty() || spec.remedy.text.trim().is_empty() {
        what.push("`why` and `remedy.text` say something".to_owned());
    }
    if !spec.seeds.iter().all(|seed| is_seed(seed)) {
        what.push("seeds are written `seed:line`, such as \"001:78\"".to_owned());
    }
    if !spec.checks.iter().any(|check| check.assurance >= spec.least) {
        what.push("no check is as sure as `least` asks for".to_owned());
    }
    if !spec.checks.is_sorted_by_key(|check| std::cmp::Reverse(check.assurance)) {
        what.push("checks stand strongest first".to_owned());
    }
    if spec.checks.iter().any(|check| check.none_passes.is_some() && check.each.is_none()) {
        what.push("`none_passes` goes with `each`".to_owned());
    }
    what
}

fn is_seed(text: &str) -> bool {
    text.split_once(':').is_some_and(|(seed, line)| {
        seed.len() == 3 && seed.parse::<u16>().is_ok() && line.parse::<u32>().is_ok_and(|line| line > 0)
    })
}

#[cfg(test)]
mod tests;
