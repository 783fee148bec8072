//! One check on one document: pass, fail or unknown, with what was seen.

use cel::common::types::CelBool;
use cel::common::value::Val;
use cel::{Context, ExecutionError};

use super::expression::{Expression, ExpressionError};
use super::reads::{Log, Reads};
use super::says::Says;
use super::unseen::{UNKNOWN, UnseenVal};
use crate::catalog::{Assurance, Check};
use crate::limits::JUDGEMENT_STEPS_MAX;

/// A check with its expressions compiled.
#[derive(Debug)]
pub(crate) struct CompiledCheck {
    spec: Check,
    each: Option<Expression>,
    pass: Expression,
    fail: Option<Expression>,
    warn: Option<(Expression, Says)>,
    says: Says,
    /// Whether "not passed" may be taken for "failed".
    fails_by_contrary: bool,
}

/// What came of a check.
#[derive(Debug)]
pub(super) enum Outcome {
    Pass {
        seen: Vec<String>,
        warnings: Vec<String>,
        log: Log,
    },
    Fail {
        seen: Vec<String>,
        log: Log,
    },
    Unknown {
        seen: Vec<String>,
        log: Log,
    },
    /// The expression itself does not work on these facts: our fault.
    Broken(String),
}

/// Why an expression gave neither true nor false.
#[derive(Debug)]
pub(super) enum NoTruth {
    Unseen,
    Broken(String),
}

/// Evaluates an expression to a boolean.
pub(super) fn truth(expression: &Expression, context: &Context<'_, '_>) -> Result<bool, NoTruth> {
    match expression.evaluate(context) {
        Ok(value) => value
            .downcast_ref::<CelBool>()
            .map(|flag| *flag.inner())
            .ok_or_else(|| NoTruth::Broken(format!("`{}` is not true or false", expression.source()))),
        Err(error) => Err(no_truth(expression, &error)),
    }
}

fn no_truth(expression: &Expression, error: &ExecutionError) -> NoTruth {
    match error {
        ExecutionError::FunctionError { function, .. } if function == UNKNOWN => NoTruth::Unseen,
        other => NoTruth::Broken(format!("`{}`: {other}", expression.source())),
    }
}

pub(super) fn too_long(expression: &Expression) -> String {
    format!("`{}` looks into more than {JUDGEMENT_STEPS_MAX} values of these facts", expression.source())
}

impl CompiledCheck {
    pub(crate) fn compile(spec: &Check, least: Assurance) -> Result<Self, ExpressionError> {
        let compile = |text: &Option<String>| text.as_deref().map(Expression::compile).transpose();
        let warn = spec.warn.as_ref();
        let warn = warn.map(|warn| Ok((Expression::compile(&warn.when)?, Says::compile(&warn.says)?)));
        Ok(Self {
            warn: warn.transpose()?,
            each: compile(&spec.each)?,
            pass: Expression::compile(&spec.pass)?,
            fail: compile(&spec.fail)?,
            says: Says::compile(&spec.says)?,
            fails_by_contrary: spec.fail.is_none() && spec.assurance >= least,
            spec: spec.clone(),
        })
    }

    pub(crate) fn pass(&self) -> &Expression {
        &self.pass
    }

    pub(crate) fn assurance(&self) -> Assurance {
        self.spec.assurance
    }

    pub(crate) fn wants(&self) -> &str {
        &self.spec.wants
    }

    /// Every expression with the name of the loop variable that it may use.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let warn = self.warn.iter().flat_map(|(when, says)| std::iter::once(when).chain(says.expressions()));
        [Some(&self.pass), self.fail.as_ref()]
            .into_iter()
            .flatten()
            .chain(self.says.expressions())
            .chain(warn)
    }

    pub(crate) fn each(&self) -> Option<&Expression> {
        self.each.as_ref()
    }

    pub(crate) fn element_name(&self) -> &str {
        self.spec.named.as_deref().unwrap_or("it")
    }

    pub(super) fn judge(&self, context: &Context<'_, 'static>, reads: &Reads) -> Outcome {
        let outcome = self.judge_all(context, reads);
        if reads.exhausted() { Outcome::Broken(too_long(&self.pass)) } else { outcome }
    }

    fn judge_all(&self, context: &Context<'_, 'static>, reads: &Reads) -> Outcome {
        reads.take();
        let Some(each) = &self.each else { return self.judge_one(context, reads) };
        let elements = match elements_of(each, context) {
            Ok(elements) => elements,
            Err(NoTruth::Unseen) => return Outcome::Unknown { seen: Vec::new(), log: reads.take() },
            Err(NoTruth::Broken(what)) => {
                let log = reads.take();
                // Where something unseen took part the expression is not to blame.
                let blind = !log.unseen.is_empty();
                return if blind {
                    Outcome::Unknown { seen: Vec::new(), log }
                } else {
                    Outcome::Broken(what)
                };
            }
        };
        let range = reads.take();
        // Which elements there are stands on something unseen.
        if range.tainted {
            return Outcome::Unknown { seen: Vec::new(), log: range };
        }
        if elements.is_empty() {
            return self.judge_none(range);
        }
        let outcomes = elements.into_iter().take_while(|_| !reads.exhausted()).map(|element| {
            if let Some(unseen) = element.downcast_ref::<UnseenVal>() {
                unseen.get_type();
                return Outcome::Unknown { seen: Vec::new(), log: reads.take() };
            }
            let mut inner = context.new_inner_scope();
            inner.add_variable_as_val(self.element_name(), element);
            self.judge_one(&inner, reads)
        });
        all_of(outcomes, range)
    }

    fn judge_none(&self, log: Log) -> Outcome {
        match &self.spec.none_passes {
            Some(why) => Outcome::Pass { seen: vec![why.clone()], warnings: Vec::new(), log },
            None => Outcome::Unknown { seen: vec!["there was nothing to look at".to_owned()], log },
        }
    }

    fn judge_one(&self, context: &Context<'_, '_>, reads: &Reads) -> Outcome {
        let pass = truth(&self.pass, context);
        let pass_log = reads.take();
        let (fail, mut log) = match (&self.fail, &pass) {
            (Some(fail), _) => {
                let fail = truth(fail, context);
                let mut log = reads.take();
                log.seen.splice(0..0, pass_log.seen);
                log.unseen.splice(0..0, pass_log.unseen);
                log.tainted |= pass_log.tainted;
                (fail.ok(), log)
            }
            (None, Ok(holds)) if self.fails_by_contrary => (Some(!holds), pass_log),
            (None, _) => (None, pass_log),
        };
        let seen = vec![self.says.fill(context)];
        reads.take();
        if log.tainted {
            log.tainted = false;
            return Outcome::Unknown { seen: Vec::new(), log };
        }
        match (pass, fail) {
            (Ok(true), Some(true)) => {
                Outcome::Broken(format!("`{}` and its `fail` are both true", self.pass.source()))
            }
            (Ok(true), _) => Outcome::Pass { seen, warnings: self.warnings(context, reads), log },
            (_, Some(true)) => Outcome::Fail { seen, log },
            (Ok(false), _) => Outcome::Unknown { seen, log },
            (Err(NoTruth::Unseen), _) => Outcome::Unknown { seen: Vec::new(), log },
            (Err(NoTruth::Broken(_)), _) if !log.unseen.is_empty() => {
                Outcome::Unknown { seen: Vec::new(), log }
            }
            (Err(NoTruth::Broken(what)), _) => Outcome::Broken(what),
        }
    }

    /// What is told beside a pass. The unseen warns of nothing.
    fn warnings(&self, context: &Context<'_, '_>, reads: &Reads) -> Vec<String> {
        let told = self.warn.iter().filter(|(when, _)| matches!(truth(when, context), Ok(true)));
        let told = told.map(|(_, says)| says.fill(context)).collect();
        reads.take();
        told
    }
}

fn elements_of(each: &Expression, context: &Context<'_, 'static>) -> Result<Vec<Box<dyn Val>>, NoTruth> {
    let list = each.evaluate(context).map_err(|error| no_truth(each, &error))?;
    let Some(iterable) = list.as_iterable() else {
        return Err(NoTruth::Broken(format!("`{}` is not a list", each.source())));
    };
    let mut iterator = iterable.iter();
    let mut elements = Vec::new();
    while let Some(element) = iterator.next() {
        elements.push(element.clone_as_boxed());
    }
    Ok(elements)
}

/// One failed element fails; else one broken is broken; else one unknown is unknown; else all passed.
fn all_of(outcomes: impl Iterator<Item = Outcome>, range: Log) -> Outcome {
    let (mut passed, mut failed, mut unknown) = (Tally::new(range), Tally::default(), Tally::default());
    let (mut broken, mut warnings) = (None, Vec::new());
    for outcome in outcomes {
        match outcome {
            Outcome::Pass { seen, warnings: told, log } => {
                passed.add(seen, log);
                warnings.extend(told);
            }
            Outcome::Fail { seen, log } => failed.add(seen, log),
            Outcome::Unknown { seen, log } => unknown.add(seen, log),
            Outcome::Broken(what) => broken = Some(what),
        }
    }
    match broken {
        _ if failed.count > 0 => Outcome::Fail { seen: failed.seen, log: failed.log },
        Some(what) => Outcome::Broken(what),
        None if unknown.count > 0 => Outcome::Unknown { seen: unknown.seen, log: unknown.log },
        None => Outcome::Pass { seen: passed.seen, warnings, log: passed.log },
    }
}

#[derive(Default)]
struct Tally {
    count: usize,
    seen: Vec<String>,
    log: Log,
}

impl Tally {
    fn new(log: Log) -> Self {
        Self { count: 0, seen: Vec::new(), log }
    }

    fn add(&mut self, seen: Vec<String>, log: Log) {
        self.count += 1;
        self.seen.extend(seen);
        self.log.seen.extend(log.seen);
        self.log.unseen.extend(log.unseen);
    }
}
