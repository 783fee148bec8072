//! Follows an expression through the schema of the facts: unknown paths, and forms that hide the unseen.

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, operators};
use serde_json::Value as Json;

use crate::judge::{Expression, children};

/// The schema of a value, where it is known.
type Shape<'a> = Option<&'a Json>;

struct Walk<'a> {
    schema: &'a Json,
    source: &'a str,
    names: Vec<(String, Shape<'a>)>,
    what: Vec<String>,
}

/// What is wrong with one expression. `element` names the variable of `each` and the list it comes from.
pub(super) fn complaints(
    expression: &Expression,
    element: Option<(&str, &Expression)>,
    schema: &Json,
) -> Vec<String> {
    let mut walk = Walk { schema, source: expression.source(), names: Vec::new(), what: Vec::new() };
    walk.names.push(("facts".to_owned(), Some(schema)));
    walk.names.push(("now".to_owned(), None));
    if let Some((name, each)) = element {
        let mut range = Walk { schema, source: each.source(), names: walk.names.clone(), what: Vec::new() };
        let shape = range.visit(each.tree());
        let element = walk.element_of(shape);
        walk.names.push((name.to_owned(), element));
    }
    walk.visit(expression.tree());
    walk.what
}

/// Whether an expression looks at any fact.
pub(super) fn reads_facts(expression: &Expression, element: Option<&str>) -> bool {
    fn reads(node: &IdedExpr, element: Option<&str>) -> bool {
        let own =
            matches!(&node.expr, Expr::Ident(name) if name == "facts" || Some(name.as_str()) == element);
        own || children(node).into_iter().any(|child| reads(child, element))
    }
    reads(expression.tree(), element)
}

impl<'a> Walk<'a> {
    fn complain(&mut self, what: impl std::fmt::Display) {
        self.what.push(format!("`{}`: {what}", self.source));
    }

    fn visit(&mut self, node: &IdedExpr) -> Shape<'a> {
        match &node.expr {
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                let operand = self.visit(&select.operand);
                if select.test {
                    self.complain("has() cannot tell the unseen from the absent, write `!= null`");
                }
                self.field(operand, &select.field)
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Call(call) => {
                let shapes: Vec<Shape<'a>> =
                    children(node).into_iter().map(|child| self.visit(child)).collect();
                let compares = matches!(call.func_name.as_str(), operators::EQUALS | operators::NOT_EQUALS);
                if compares && call.args.iter().any(|arg| matches!(arg.expr, Expr::List(_))) {
                    self.complain("a list written out cannot be compared, use `all` or `in`");
                }
                match call.func_name.as_str() {
                    operators::INDEX => self.element_of(shapes.first().copied().flatten()),
                    _ => None,
                }
            }
            Expr::Map(_) | Expr::Struct(_) => {
                self.complain("maps cannot be written out in the catalog");
                None
            }
            Expr::List(_) | Expr::Literal(_) | Expr::Unspecified => {
                for child in children(node) {
                    self.visit(child);
                }
                None
            }
        }
    }

    fn name(&mut self, name: &str) -> Shape<'a> {
        match self.names.iter().rev().find(|(known, _)| known == name) {
            Some((_, shape)) => *shape,
            None => {
                self.complain(format_args!("nothing is named `{name}`"));
                None
            }
        }
    }

    fn field(&mut self, operand: Shape<'a>, field: &str) -> Shape<'a> {
        let shape = self.resolved(operand?)?;
        if let Some(found) = shape.get("properties").and_then(|properties| properties.get(field)) {
            return Some(found);
        }
        if let Some(values) = shape.get("additionalProperties").filter(|values| values.is_object()) {
            return Some(values);
        }
        if shape.get("type").is_some() {
            self.complain(format_args!("there is no fact `{field}` here"));
        }
        None
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Shape<'a> {
        let range = self.visit(&comprehension.iter_range);
        let element = self.element_of(range);
        if is_all(comprehension) {
            self.guard(&comprehension.iter_range);
        }
        let filters = matches!(comprehension.accu_init.expr, Expr::List(_));
        let known = self.names.len();
        self.names.push((comprehension.iter_var.clone(), element));
        self.names.push((comprehension.accu_var.clone(), None));
        let keeps = filters && keeps_elements(&comprehension.loop_step, &comprehension.iter_var);
        self.visit(&comprehension.loop_cond);
        self.visit(&comprehension.loop_step);
        self.visit(&comprehension.result);
        self.names.truncate(known);
        if keeps { range } else { None }
    }

    /// `all` is true of an empty list, so the expression must say what an empty one means.
    fn guard(&mut self, range: &IdedExpr) {
        let written = written(range);
        let said = [format!("size({written})"), format!("{written}.size()"), format!("{written}.exists(")];
        if !said.iter().any(|guard| self.source.contains(guard.as_str())) {
            self.complain(format_args!(
                "`all` is true of an empty list: say `size({written}) > 0 &&` or `size({written}) == 0 ||`, or use `each`"
            ));
        }
    }

    fn element_of(&self, list: Shape<'a>) -> Shape<'a> {
        let shape = self.resolved(list?)?;
        shape.get("items").or_else(|| shape.get("additionalProperties").filter(|values| values.is_object()))
    }

    /// Follows `$ref`, and out of `anyOf: [T, null]` takes T.
    fn resolved(&self, shape: &'a Json) -> Shape<'a> {
        let mut shape = shape;
        for _ in 0..8 {
            if let Some(reference) = shape.get("$ref").and_then(Json::as_str) {
                shape = self.schema.pointer(reference.strip_prefix('#')?)?;
            } else if let Some(choices) = shape.get("anyOf").and_then(Json::as_array) {
                shape = choices.iter().find(|choice| choice.get("type") != Some(&Json::from("null")))?;
            } else {
                return Some(shape);
            }
        }
        None
    }
}

/// `all` starts from `true` and goes on while it is not strictly false.
fn is_all(comprehension: &ComprehensionExpr) -> bool {
    matches!(&comprehension.loop_step.expr, Expr::Call(call) if call.func_name == operators::LOGICAL_AND)
}

/// Whether a step of `filter` keeps elements as they are, as opposed to `map`.
fn keeps_elements(step: &IdedExpr, name: &str) -> bool {
    let adds_itself = |node: &IdedExpr| matches!(&node.expr, Expr::List(list) if list.elements.iter().any(|e| matches!(&e.expr, Expr::Ident(own) if own == name)));
    adds_itself(step) || children(step).into_iter().any(|child| keeps_elements(child, name))
}

/// A path as it is written in the source; empty for anything else.
fn written(node: &IdedExpr) -> String {
    match &node.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", written(&select.operand), select.field),
        _ => String::new(),
    }
}
