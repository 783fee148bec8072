//! A facts document as CEL values: the unseen is an error, the absent is `null`, and reads are noted.
//!
//! With plain values `has(missing)` is `false`, so `!has(…)` would turn the unseen into a pass. These values
//! answer the unseen with an error that `&&`, `||`, `all` and `exists` absorb only where the rest decides.

use std::any::Any;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Iterator as CelIterator, Sizer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelNull, CelString, LIST_TYPE, MAP_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use serde_json::Value as Json;

use super::reads::Reads;
use super::unseen::{UNKNOWN, UnseenVal};
use crate::facts::{BY_HAND_KEY, Blind, SEEN_KEY, UNSEEN_KEY, Unseen};

#[derive(Debug)]
struct Item {
    path: String,
    by_hand: Option<String>,
    value: ItemValue,
}

#[derive(Debug)]
enum ItemValue {
    Plain(Box<dyn Val>, String),
    List(ListVal),
    Map(MapVal),
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
            Json::Array(_) => ItemValue::List(ListVal::of(json, &path, reads)),
            Json::Object(map) => match unseen_of(map) {
                Some(why) => {
                    ItemValue::Unseen(UnseenVal { path: path.clone(), why, reads: Arc::clone(reads) })
                }
                None => ItemValue::Map(MapVal::of(json, &path, reads)),
            },
        };
        Self { path, by_hand, value }
    }

    fn get(&self, reads: &Reads) -> Result<&(dyn Val + 'static), ExecutionError> {
        if !reads.step(1) {
            return Err(too_long());
        }
        match &self.value {
            ItemValue::Unseen(unseen) => Err(unseen.error()),
            ItemValue::Plain(..) | ItemValue::List(_) | ItemValue::Map(_) => Ok(self.element(reads)),
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
            ItemValue::List(list) => self.nested(list, reads),
            ItemValue::Map(map) => self.nested(map, reads),
            ItemValue::Unseen(unseen) => unseen,
        }
    }

    fn nested<'b>(&'b self, value: &'b (dyn Val + 'static), reads: &Reads) -> &'b (dyn Val + 'static) {
        if let Some(by_hand) = &self.by_hand {
            reads.note_seen(&self.path, String::new(), Some(by_hand));
        }
        value
    }

    /// This item with what stands at `path` unseen; nothing where no such thing is in it.
    fn without(&self, path: &str, why: &Unseen, reads: &Arc<Reads>) -> Option<Self> {
        let below = path.strip_prefix(self.path.as_str())?;
        let value = match &self.value {
            _ if below.is_empty() => ItemValue::Unseen(UnseenVal {
                path: self.path.clone(),
                why: why.clone(),
                reads: Arc::clone(reads),
            }),
            ItemValue::List(list) if below.starts_with('[') => ItemValue::List(list.without(path, why)?),
            ItemValue::Map(map) if below.starts_with('.') => ItemValue::Map(map.without(path, why)?),
            ItemValue::Plain(..) | ItemValue::List(_) | ItemValue::Map(_) | ItemValue::Unseen(_) => {
                return None;
            }
        };
        Some(Self { path: self.path.clone(), by_hand: self.by_hand.clone(), value })
    }
}

/// The verdict is not taken from this error but from the count of steps.
fn too_long() -> ExecutionError {
    ExecutionError::function_error(UNKNOWN, "too many values were looked into")
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

/// An object of the document.
#[derive(Debug, Clone)]
pub(crate) struct MapVal(Arc<MapInner>);

#[derive(Debug)]
struct MapInner {
    path: String,
    entries: BTreeMap<String, Arc<Item>>,
    reads: Arc<Reads>,
}

impl MapVal {
    pub(crate) fn of(json: &Json, path: &str, reads: &Arc<Reads>) -> Self {
        let beside = json.get(BY_HAND_KEY).and_then(Json::as_str);
        let entries = json
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                (key.clone(), Arc::new(Item::of(value, format!("{path}.{key}"), reads, beside)))
            })
            .collect();
        Self(Arc::new(MapInner { path: path.to_owned(), entries, reads: Arc::clone(reads) }))
    }

    /// The same with what stands at `path` unseen; all that is not around it is shared.
    pub(crate) fn without(&self, path: &str, why: &Unseen) -> Option<Self> {
        let inner = &self.0;
        let (key, item) = inner
            .entries
            .iter()
            .find_map(|(key, item)| Some((key, item.without(path, why, &inner.reads)?)))?;
        let mut entries = inner.entries.clone();
        entries.insert(key.clone(), Arc::new(item));
        Some(Self(Arc::new(MapInner { path: inner.path.clone(), entries, reads: Arc::clone(&inner.reads) })))
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
    items: Vec<Arc<Item>>,
    /// Where its first unseen element is.
    first_unseen: Option<usize>,
    /// Its texts, once `in` was asked; none where it holds anything else.
    texts: OnceLock<Option<HashSet<String>>>,
    reads: Arc<Reads>,
}

impl ListVal {
    fn of(json: &Json, path: &str, reads: &Arc<Reads>) -> Self {
        let items = json
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, value)| Arc::new(Item::of(value, format!("{path}[{index}]"), reads, None)))
            .collect();
        Self::holding(items, Arc::clone(reads))
    }

    fn holding(items: Vec<Arc<Item>>, reads: Arc<Reads>) -> Self {
        let first_unseen = items.iter().position(|item| matches!(item.value, ItemValue::Unseen(_)));
        Self(Arc::new(ListInner { items, first_unseen, texts: OnceLock::new(), reads }))
    }

    fn without(&self, path: &str, why: &Unseen) -> Option<Self> {
        let inner = &self.0;
        let (place, item) = inner
            .items
            .iter()
            .enumerate()
            .find_map(|(place, item)| Some((place, item.without(path, why, &inner.reads)?)))?;
        let mut items = inner.items.clone();
        items[place] = Arc::new(item);
        Some(Self::holding(items, Arc::clone(&inner.reads)))
    }

    fn first_unseen(&self) -> Option<&UnseenVal> {
        let item = self.0.items.get(self.0.first_unseen?)?;
        match &item.value {
            ItemValue::Unseen(unseen) => Some(unseen),
            ItemValue::Plain(..) | ItemValue::List(_) | ItemValue::Map(_) => None,
        }
    }

    /// The texts of a list of nothing else, where nobody asks which of them were looked into.
    fn texts(&self) -> Option<&HashSet<String>> {
        if self.0.reads.is_traced() {
            return None;
        }
        let texts = self.0.texts.get_or_init(|| {
            let text = |item: &Arc<Item>| match &item.value {
                ItemValue::Plain(value, _) => {
                    value.downcast_ref::<CelString>().map(|text| text.inner().to_owned())
                }
                ItemValue::List(_) | ItemValue::Map(_) | ItemValue::Unseen(_) => None,
            };
            self.0.items.iter().map(text).collect()
        });
        texts.as_ref()
    }

    /// The elements as CEL values; an unseen one stands for itself.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Box<dyn Val>> + '_ {
        self.0.items.iter().map(|item| item.element(&self.0.reads).clone_as_boxed())
    }
}

impl Container for ListVal {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        if let Some(text) = value.downcast_ref::<CelString>().map(CelString::inner)
            && let Some(texts) = self.texts()
        {
            return if self.0.reads.step(1) { Ok(texts.contains(text)) } else { Err(too_long()) };
        }
        if !self.0.reads.step(self.0.items.len()) {
            return Err(too_long());
        }
        let found = self.0.items.iter().any(|item| match &item.value {
            ItemValue::Plain(own, _) => {
                self.0.reads.note_path(&item.path);
                own.equals(value)
            }
            ItemValue::List(_) | ItemValue::Map(_) | ItemValue::Unseen(_) => false,
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
        // A list that seems to end early is no harm: the judgement that took so long is broken, whatever comes of it.
        if !self.list.0.reads.step(1) {
            return None;
        }
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
        if !self.0.reads.step(self.0.items.len()) {
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
