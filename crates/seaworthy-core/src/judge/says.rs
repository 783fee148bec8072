//! Sentences of the catalog with CEL in `{{ }}`, filled with what was seen.
//!
//! What a target said is filled in once and never looked at again: braces in a fact stay braces.

use cel::Context;
use cel::common::types::CelString;
use cel::common::value::Val;

use super::expression::{Expression, ExpressionError};
use super::value::ListVal;
use crate::limits::QUOTE_CHARS_MAX;

/// A sentence, parsed once.
#[derive(Debug)]
pub struct Says(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Cel(Expression),
}

impl Says {
    /// Parses a sentence; an opening without an end is text.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, (inside, after))) =
            rest.split_once("{{").and_then(|(before, more)| Some((before, more.split_once("}}")?)))
        {
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Cel(Expression::compile(inside.trim())?));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    pub(crate) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Cel(expression) => Some(expression),
            Piece::Text(_) => None,
        })
    }

    pub(crate) fn fill(&self, context: &Context<'_, '_>) -> String {
        self.0.iter().fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Text(own) => text.push_str(own),
                Piece::Cel(expression) => match expression.evaluate(context) {
                    Ok(value) => text.push_str(&shortened(&shown(value.as_ref()))),
                    Err(_) => text.push_str("(not seen)"),
                },
            }
            text
        })
    }
}

fn shown(value: &dyn Val) -> String {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return text.inner().to_owned();
    }
    if let Some(list) = value.downcast_ref::<ListVal>() {
        let items: Vec<String> = list.elements().map(|item| shown(item.as_ref())).collect();
        return listed(&items);
    }
    match cel::Value::try_from(value) {
        Ok(plain) => plain_shown(&plain),
        Err(_) => "…".to_owned(),
    }
}

fn plain_shown(value: &cel::Value) -> String {
    match value {
        cel::Value::Int(number) => number.to_string(),
        cel::Value::UInt(number) => number.to_string(),
        cel::Value::Float(number) => number.to_string(),
        cel::Value::Bool(flag) => flag.to_string(),
        cel::Value::Null => "nothing".to_owned(),
        cel::Value::String(text) => text.to_string(),
        cel::Value::List(items) => listed(&items.iter().map(plain_shown).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

/// At most `QUOTE_CHARS_MAX` characters, with a mark where text was left out.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
