//! The one judge: a requirement and the facts give a finding.
//!
//! Three-valued all the way down: the unseen makes an assertion unknown, never false, never true.

mod check;
mod document;
mod expression;
mod reads;
mod says;
mod unseen;
mod value;

pub use document::{Document, DocumentError};
pub use expression::{Expression, ExpressionError};
pub use says::Says;

pub(crate) use check::CompiledCheck;
pub(crate) use expression::children;

use cel::Context;
use cel::common::types::CelTimestamp;
use chrono::{DateTime, Utc};

use self::check::Outcome;
use self::reads::Log;
use crate::catalog::{Assurance, CompiledRequirement};
use crate::facts::Blind;
use crate::finding::{CitedFact, CitedUnseen, Finding, Verdict};
use crate::limits::{CITED_FACTS_MAX, PLACES_MAX};

/// Judges one requirement. `now` is when the facts were seen.
pub fn judge(requirement: &CompiledRequirement, document: &Document, now: DateTime<Utc>) -> Finding {
    let mut context = Expression::context();
    context.add_variable_as_val("facts", Box::new(document.root.clone()));
    context.add_variable_as_val("now", Box::new(CelTimestamp::from(now.fixed_offset())));
    document.reads.begin();
    Judgement {
        requirement,
        document,
        context,
        now,
        warnings: Vec::new(),
        hint: None,
        blind: Log::default(),
        broken: None,
    }
    .run()
}

struct Judgement<'a> {
    requirement: &'a CompiledRequirement,
    document: &'a Document,
    context: Context<'static, 'static>,
    now: DateTime<Utc>,
    warnings: Vec<String>,
    hint: Option<String>,
    blind: Log,
    broken: Option<String>,
}

impl Judgement<'_> {
    fn run(mut self) -> Finding {
        match self.applies() {
            Ok(true) => {}
            Ok(false) => return self.not_applicable(),
            Err(()) => return self.undecided(),
        }
        for check in &self.requirement.checks {
            let decides = check.assurance() >= self.requirement.least();
            match check.judge(&self.context, &self.document.reads) {
                Outcome::Pass { seen, warnings, log } if decides => {
                    self.warnings = warnings;
                    return self.decided(Verdict::Pass, check, seen, &log);
                }
                Outcome::Fail { seen, log } => {
                    return self.decided(Verdict::Fail, check, seen, &log);
                }
                Outcome::Pass { seen, .. } => self.hint = seen.into_iter().next(),
                Outcome::Unknown { log, seen } => {
                    self.blind.seen.extend(log.seen);
                    self.blind.unseen.extend(log.unseen);
                    self.hint = self.hint.take().or_else(|| seen.into_iter().next());
                }
                Outcome::Broken(what) => self.broken = Some(what),
            }
        }
        self.undecided()
    }

    /// Whether there is a subject; `Err` when it cannot be known.
    fn applies(&mut self) -> Result<bool, ()> {
        let Some(applies) = &self.requirement.applies else { return Ok(true) };
        let result = check::truth(applies, &self.context);
        if self.document.reads.exhausted() {
            self.broken = Some(check::too_long(applies));
            return Err(());
        }
        let log = self.document.reads.take();
        let tainted = log.tainted;
        self.blind = log;
        match result {
            Ok(flag) if !tainted => Ok(flag),
            Ok(_) | Err(check::NoTruth::Unseen) => Err(()),
            // `size` of a list that was cut short does not fit; that is the cut's fault, not the expression's.
            Err(check::NoTruth::Broken(_)) if !self.blind.unseen.is_empty() => Err(()),
            Err(check::NoTruth::Broken(what)) => {
                self.broken = Some(what);
                Err(())
            }
        }
    }

    fn not_applicable(self) -> Finding {
        let log = self.blind.clone();
        let seen = log.seen.iter().map(|read| format!("{} is {}", read.path, says::shortened(&read.value)));
        let seen = seen.take(PLACES_MAX).collect();
        self.finding(Verdict::NotApplicable, None, seen, String::new(), &log)
    }

    fn decided(self, verdict: Verdict, check: &CompiledCheck, seen: Vec<String>, log: &Log) -> Finding {
        let wanted = check.wants().to_owned();
        self.finding(verdict, Some(check.assurance()), seen, wanted, log)
    }

    fn undecided(mut self) -> Finding {
        let crashed = self.blind.unseen.iter().any(|(_, why)| why.kind == Blind::Crashed);
        let verdict = if self.broken.is_some() || crashed { Verdict::Error } else { Verdict::Unknown };
        let seen = self.broken.take().into_iter().collect();
        let wanted = self.requirement.checks.first().map(|check| check.wants().to_owned());
        let log = std::mem::take(&mut self.blind);
        self.finding(verdict, None, seen, wanted.unwrap_or_default(), &log)
    }

    fn finding(
        self,
        verdict: Verdict,
        assurance: Option<Assurance>,
        mut seen: Vec<String>,
        wanted: String,
        log: &Log,
    ) -> Finding {
        let spec = &self.requirement.spec;
        let more = seen.len().saturating_sub(PLACES_MAX);
        seen.truncate(PLACES_MAX);
        let mut warnings = self.warnings;
        warnings.truncate(PLACES_MAX);
        let mut by_hand: Vec<String> = Vec::new();
        for command in log.seen.iter().filter_map(|read| read.by_hand.clone()) {
            if !by_hand.contains(&command) && by_hand.len() < CITED_FACTS_MAX {
                by_hand.push(command);
            }
        }
        let plain = log.seen.iter().filter(|read| !read.value.is_empty()).take(CITED_FACTS_MAX);
        let decided = matches!(verdict, Verdict::Pass | Verdict::Fail | Verdict::NotApplicable);
        let mut unseen = if decided { Vec::new() } else { cited_unseen(log) };
        let mut hint = self.hint;
        if verdict == Verdict::Unknown && unseen.is_empty() {
            unseen.push(neither_way(log, hint.take(), &spec.remedy.text));
        }
        Finding {
            id: spec.id.clone(),
            title: spec.title.clone(),
            area: spec.area.clone(),
            severity: spec.severity,
            verdict,
            assurance,
            seen,
            more,
            warnings,
            wanted,
            by_hand,
            facts: plain
                .map(|read| CitedFact { path: read.path.clone(), value: says::shortened(&read.value) })
                .collect(),
            unseen,
            hint,
            remedy: spec.remedy.clone(),
            proven: self.requirement.proven(),
            fresh_until: self.now.checked_add_signed(self.requirement.fresh_for()).unwrap_or(self.now),
        }
    }
}

/// Why a requirement is open although nothing that it asks about was unseen.
fn neither_way(log: &Log, told: Option<String>, remedy: &str) -> CitedUnseen {
    let path = log.seen.first().map_or_else(|| "facts".to_owned(), |read| read.path.clone());
    let told = told.map(|told| format!(": {told}")).unwrap_or_default();
    let why = format!("what was seen shows neither that it is so nor that it is not{told}");
    CitedUnseen { path, kind: Blind::NotGiven, why, give: Some(remedy.trim().to_owned()) }
}

fn cited_unseen(log: &Log) -> Vec<CitedUnseen> {
    let mut cited: Vec<CitedUnseen> = Vec::new();
    for (path, why) in &log.unseen {
        if cited.len() < CITED_FACTS_MAX && !cited.iter().any(|have| have.path == *path) {
            cited.push(CitedUnseen {
                path: path.clone(),
                kind: why.kind,
                why: why.why.clone(),
                give: why.give.clone(),
            });
        }
    }
    cited
}

#[cfg(test)]
mod tests;
