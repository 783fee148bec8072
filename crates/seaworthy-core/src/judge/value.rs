//! A facts document as CEL values: the unseen is an error, the absent is `null`, and reads are noted.
//!
//! With plain values `has(missing)` is `false`, so `!has(…)` would turn the unseen into a pass. These values
//! answer the unseen with an error that `&&`, `||`, `all` and `exists` absorb only where the rest decides.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as CelIterator, Sizer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelNull, CelString, LIST_TYPE, MAP_TYPE, Type};
use cel::common::value::{BuiltinRef, CowVal, StaticVal, Val};
use serde_json::Value as Json;

use super::reads::Reads;
use crate::facts::{BY_HAND_KEY, Blind, SEEN_KEY, UNSEEN_KEY, Unseen};

/// The name of the function in the error by which an unseen fact shows.
pub(crate) const UNKNOWN: &str = "unknown";

#[derive(Debug)]
struct Item {
    path: String,
    by_hand: Option<String>,
    value: ItemValue,
}

#[derive(Debug)]
enum ItemValue {
    Plain(Box<dyn Val>, String),
    Nested(Box<dyn Val>),
    Unseen(UnseenVal),
}

impl Item {
    /// `beside` is the command that the object around it carries for all its fields.
    fn of(json: &Json, path: String, reads: &Arc<Reads>, beside: Option<&str>) -> Self {
        let (json, by_hand) = unwrap_seen(json);
        let by_hand = by_hand.or_else(|| beside.map(str::to_owned));
        let value = match json {
            Json::Null => ItemValue::Plain(Box::new(CelNull), "null".into()),
            Json::Bool(flag) => ItemValue::Plain(Box::new(CelBool::from(*flag)), flag.to_string()),
            Json::Number(number) => ItemValue::Plain(number_val(number), number.to_string()),
            Json::String(text) => ItemValue::Plain(Box::new(CelString::from(text.clone())), text.clone()),
            Json::Array(_) => ItemValue::Nested(Box::new(ListVal::of(json, &path, reads))),
            Json::Object(map) => match unseen_of(map) {
                Some(why) => {
                    ItemValue::Unseen(UnseenVal { path: path.clone(), why, reads: Arc::clone(reads) })
                }
                None => ItemValue::Nested(Box::new(MapVal::of(json, &path, reads))),
            },
        };
        Self { path, by_hand, value }
    }

    fn get(&self, reads: &Reads) -> Result<&(dyn Val + 'static), ExecutionError> {
        match &self.value {
            ItemValue::Unseen(unseen) => Err(unseen.error()),
            ItemValue::Plain(..) | ItemValue::Nested(_) => Ok(self.element(reads)),
        }
    }

    /// The value inside a list, where an unseen one cannot be an error yet.
    fn element(&self, reads: &Reads) -> &(dyn Val + 'static) {
        reads.note_path(&self.path);
        match &self.value {
            ItemValue::Plain(value, shown) => {
                reads.note_seen(&self.path, shown.clone(), self.by_hand.as_deref());
                value.as_ref()
            }
            ItemValue::Nested(value) => {
                if let Some(by_hand) = &self.by_hand {
                    reads.note_seen(&self.path, String::new(), Some(by_hand));
                }
                value.as_ref()
            }
            ItemValue::Unseen(unseen) => unseen,
        }
    }
}

fn unwrap_seen(json: &Json) -> (&Json, Option<String>) {
    let Json::Object(map) = json else { return (json, None) };
    match map.get(SEEN_KEY) {
        Some(inner) => (inner, map.get(BY_HAND_KEY).and_then(Json::as_str).map(str::to_owned)),
        None => (json, None),
    }
}

/// The reason in an `$unseen` mark. A mark that cannot be read is unseen as well.
fn unseen_of(map: &serde_json::Map<String, Json>) -> Option<Unseen> {
    let mark = map.get(UNSEEN_KEY)?;
    Some(
        serde_json::from_value(mark.clone())
            .unwrap_or_else(|_| Unseen::new(Blind::Garbled, "the facts hold a mark that cannot be read")),
    )
}

fn number_val(number: &serde_json::Number) -> Box<dyn Val> {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => Box::new(CelInt::from(whole)),
        (None, Some(real)) => Box::new(CelDouble::from(real)),
        (None, None) => Box::new(CelNull),
    }
}

/// A value that could not be seen, as an element of a list.
#[derive(Debug, Clone)]
pub(crate) struct UnseenVal {
    path: String,
    why: Unseen,
    reads: Arc<Reads>,
}

impl UnseenVal {
    fn error(&self) -> ExecutionError {
        self.reads.note_unseen(&self.path, &self.why);
        ExecutionError::function_error(UNKNOWN, format!("{}: {}", self.path, self.why.why))
    }
}

impl Indexer for UnseenVal {
    fn get<'b, 'v>(&'b self, _field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.error())
    }

    fn steal<'v>(self: Box<Self>, _field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.error())
    }
}

impl Val for UnseenVal {
    /// Asked before every overload is chosen, so whoever computes with this value is noted.
    fn get_type(&self) -> &Type {
        self.reads.taint(&self.path, &self.why);
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn equals(&self, _other: &dyn Val) -> bool {
        self.reads.taint(&self.path, &self.why);
        false
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    /// Asked where a built-in value on the left compares itself with this one: `9 == x`.
    fn as_any(&self) -> Option<&dyn Any> {
        self.reads.taint(&self.path, &self.why);
        Some(self)
    }

    /// Asked for the same by strings, lists and maps.
    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
    where
        Self: 'v,
    {
        self.reads.taint(&self.path, &self.why);
        BuiltinRef::Other
    }
}

impl StaticVal for UnseenVal {}

/// An object of the document.
#[derive(Debug, Clone)]
pub(crate) struct MapVal(Arc<MapInner>);

#[derive(Debug)]
struct MapInner {
    path: String,
    entries: BTreeMap<String, Item>,
    reads: Arc<Reads>,
}

impl MapVal {
    pub(crate) fn of(json: &Json, path: &str, reads: &Arc<Reads>) -> Self {
        let beside = json.get(BY_HAND_KEY).and_then(Json::as_str);
        let entries = json
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), Item::of(value, format!("{path}.{key}"), reads, beside)))
            .collect();
        Self(Arc::new(MapInner { path: path.to_owned(), entries, reads: Arc::clone(reads) }))
    }

    fn field(&self, field: &dyn Val) -> Result<&(dyn Val + 'static), ExecutionError> {
        let Some(name) = field.downcast_ref::<CelString>().map(CelString::inner) else {
            return Err(ExecutionError::UnexpectedType {
                got: field.get_type().name().to_owned(),
                want: "string".to_owned(),
            });
        };
        match self.0.entries.get(name) {
            Some(item) => item.get(&self.0.reads),
            None => {
                let path = format!("{}.{name}", self.0.path);
                let why = Unseen::new(Blind::NotGiven, "these facts do not hold it");
                self.0.reads.note_unseen(&path, &why);
                Err(ExecutionError::function_error(UNKNOWN, format!("{path}: {}", why.why)))
            }
        }
    }
}

impl Indexer for MapVal {
    fn get<'b, 'v>(&'b self, field: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.field(field).map(CowVal::Borrowed)
    }

    fn steal<'v>(self: Box<Self>, field: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(field).map(CowVal::into_owned)
    }
}

impl Val for MapVal {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for MapVal {}

/// An array of the document. Its last element is unseen where it was cut short.
#[derive(Debug, Clone)]
pub(crate) struct ListVal(Arc<ListInner>);

#[derive(Debug)]
struct ListInner {
    items: Vec<Item>,
    reads: Arc<Reads>,
}

impl ListVal {
    fn of(json: &Json, path: &str, reads: &Arc<Reads>) -> Self {
        let items = json
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, value)| Item::of(value, format!("{path}[{index}]"), reads, None))
            .collect();
        Self(Arc::new(ListInner { items, reads: Arc::clone(reads) }))
    }

    fn first_unseen(&self) -> Option<&UnseenVal> {
        self.0.items.iter().find_map(|item| match &item.value {
            ItemValue::Unseen(unseen) => Some(unseen),
            ItemValue::Plain(..) | ItemValue::Nested(_) => None,
        })
    }

    /// The elements as CEL values; an unseen one stands for itself.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Box<dyn Val>> + '_ {
        self.0.items.iter().map(|item| item.element(&self.0.reads).clone_as_boxed())
    }
}

impl Container for ListVal {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        let found = self.0.items.iter().any(|item| match &item.value {
            ItemValue::Plain(own, _) => own.equals(value),
            ItemValue::Nested(_) | ItemValue::Unseen(_) => false,
        });
        match self.first_unseen() {
            Some(unseen) if !found => Err(unseen.error()),
            _ => Ok(found),
        }
    }
}

impl Sizer for ListVal {
    fn size(&self) -> CelInt {
        CelInt::from(i64::try_from(self.0.items.len()).unwrap_or(i64::MAX))
    }
}

impl Indexer for ListVal {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let position = index.downcast_ref::<CelInt>().and_then(|index| usize::try_from(*index.inner()).ok());
        match position.and_then(|position| self.0.items.get(position)) {
            Some(item) => item.get(&self.0.reads).map(CowVal::Borrowed),
            None => match self.first_unseen() {
                Some(unseen) => Err(unseen.error()),
                None => Err(ExecutionError::no_such_key("no element at this position")),
            },
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

impl Iterable for ListVal {
    fn iter<'b, 'v>(&'b self) -> Box<dyn CelIterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(ListIterator { list: self, next: 0 })
    }
}

struct ListIterator<'b> {
    list: &'b ListVal,
    next: usize,
}

impl<'b, 'v> CelIterator<'b, 'v> for ListIterator<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        let item = self.list.0.items.get(self.next)?;
        self.next += 1;
        Some(item.element(&self.list.0.reads))
    }
}

impl Val for ListVal {
    fn get_type(&self) -> &Type {
        &LIST_TYPE
    }

    fn cel_type() -> &'static Type {
        &LIST_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    /// A list that was cut short has no known size.
    fn as_sizer(&self) -> Option<&dyn Sizer> {
        match self.first_unseen() {
            Some(unseen) => {
                self.0.reads.taint(&unseen.path, &unseen.why);
                None
            }
            None => Some(self),
        }
    }

    /// Lists of plain values are compared; anything unseen on our side taints the judgement.
    fn equals(&self, other: &dyn Val) -> bool {
        if let Some(unseen) = self.first_unseen() {
            self.0.reads.taint(&unseen.path, &unseen.why);
            return false;
        }
        let Some(other) = other.as_iterable() else { return false };
        let mut others = other.iter();
        let same = self.elements().all(|own| others.next().is_some_and(|value| own.equals(value)));
        same && others.next().is_none()
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for ListVal {}
