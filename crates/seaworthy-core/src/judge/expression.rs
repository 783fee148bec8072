//! A CEL expression under limits: compiled once, evaluated on one document.

use std::sync::{Arc, LazyLock};

use cel::common::ast::{Expr, IdedExpr};
use cel::{Context, Env, ExecutionError, Program};

use crate::limits::{
    COMPREHENSION_DEPTH_MAX, EXPRESSION_BYTES_MAX, EXPRESSION_NESTING_MAX, EXPRESSION_NODES_MAX,
};

/// Without optional syntax: `a.?b.orValue(x)` would turn the unseen into `x`.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// An expression that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Longer than the limit.
    #[error("the expression has {0} bytes, more than {EXPRESSION_BYTES_MAX}")]
    TooLong(usize),
    /// Not CEL.
    #[error("the expression cannot be read: {0}")]
    Syntax(String),
    /// Too many nodes.
    #[error("the expression has {0} nodes, more than {EXPRESSION_NODES_MAX}")]
    TooLarge(usize),
    /// Brackets or signs in each other: the parser goes down once for each.
    #[error("the expression nests brackets or signs more than {EXPRESSION_NESTING_MAX} deep")]
    TooNested,
    /// Loops in loops.
    #[error("the expression nests {0} comprehensions, more than {COMPREHENSION_DEPTH_MAX}")]
    TooDeep(usize),
}

/// A compiled expression and its source.
pub struct Expression {
    source: String,
    program: Program,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expression({})", self.source)
    }
}

impl Expression {
    /// Compiles `source`, refusing what is over the limits before it can cost anything.
    pub fn compile(source: &str) -> Result<Self, ExpressionError> {
        if source.len() > EXPRESSION_BYTES_MAX {
            return Err(ExpressionError::TooLong(source.len()));
        }
        if nesting(source) > EXPRESSION_NESTING_MAX {
            return Err(ExpressionError::TooNested);
        }
        let program = ENV.compile(source).map_err(|error| {
            ExpressionError::Syntax(error.to_string().lines().next().unwrap_or_default().to_owned())
        })?;
        let (nodes, depth) = measure(program.expression());
        if nodes > EXPRESSION_NODES_MAX {
            return Err(ExpressionError::TooLarge(nodes));
        }
        if depth > COMPREHENSION_DEPTH_MAX {
            return Err(ExpressionError::TooDeep(depth));
        }
        Ok(Self { source: source.to_owned(), program })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its syntax tree, for linting.
    pub(crate) fn tree(&self) -> &IdedExpr {
        self.program.expression()
    }

    /// A context in which expressions are evaluated; variables are added by the judge.
    pub(crate) fn context<'v>() -> Context<'static, 'v> {
        Context::with_env(Arc::clone(&ENV))
    }

    pub(crate) fn evaluate<'e, 'v>(
        &'e self,
        context: &'e Context<'_, 'v>,
    ) -> Result<cel::common::value::CowVal<'e, 'v>, ExecutionError> {
        cel::Value::resolve_val(self.program.expression(), context)
    }
}

/// Open brackets, signs in a row and alternatives, whatever they stand in: an upper bound of how deep the parser
/// goes, found without parsing.
fn nesting(source: &str) -> usize {
    let (mut brackets, mut deepest, mut signs, mut choices) = (0_usize, 0_usize, 0_usize, 0_usize);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => brackets += 1,
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'?' => choices += 1,
            _ => {}
        }
        signs = match byte {
            b'!' | b'-' => signs + 1,
            b' ' | b'\t' | b'\n' => signs,
            _ => 0,
        };
        deepest = deepest.max(brackets + signs + choices);
    }
    deepest
}

/// The nodes below below and including `node`.
pub(crate) fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        Expr::Comprehension(loop_) => {
            vec![&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Select(select) => vec![&select.operand],
        _ => Vec::new(),
    }
}

fn measure(node: &IdedExpr) -> (usize, usize) {
    let (nodes, depth) = children(node)
        .into_iter()
        .map(measure)
        .fold((1, 0), |(nodes, depth), (more, deep)| (nodes + more, depth.max(deep)));
    (nodes, depth + usize::from(matches!(node.expr, Expr::Comprehension(_))))
}
