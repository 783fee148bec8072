//! One observation, or the reason why it could not be made.
//!
//! Must not hold a default for what was not seen: a missing fact is a reason, never a value.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

/// The key that marks a value with a command beside it in a facts document.
pub const SEEN_KEY: &str = "$seen";
/// The key that marks a fact that could not be seen in a facts document.
pub const UNSEEN_KEY: &str = "$unseen";
/// The key of the command that shows a fact again.
pub const BY_HAND_KEY: &str = "by_hand";

/// A fact of a document in JSON without the mark that it was seen.
pub fn unwrapped(fact: &serde_json::Value) -> &serde_json::Value {
    fact.get(SEEN_KEY).unwrap_or(fact)
}

/// The files of a facts document that are not as their commit has them, and why it cannot be told of some; none where nothing is
/// known of a repository.
pub fn not_as_committed(facts: &serde_json::Value) -> Option<&[serde_json::Value]> {
    let git = unwrapped(facts.pointer("/repo/git")?);
    unwrapped(git.get("changed")?).as_array().map(Vec::as_slice)
}

/// One fact: seen, with the command that shows it again where there is one, or unseen and why.
///
/// `Option<T>` inside means "seen to be absent": `Seen::new(None)` is `null` in the document.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// It was observed.
    Seen {
        /// What was observed.
        value: T,
        /// A command that shows it again, without secrets.
        by_hand: Option<String>,
    },
    /// It was not observed.
    Unseen(Unseen),
}

/// Why something could not be seen, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unseen {
    /// The kind of reason.
    pub kind: Blind,
    /// The reason in words, a fragment that fits "could not see it: …". Never holds a secret.
    pub why: String,
    /// What the user can give so that it is seen: a command, a setting, a right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub give: Option<String>,
}

/// The kinds of reasons for not seeing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blind {
    /// No such target was given.
    NotGiven,
    /// The consent level does not allow to look.
    Consent,
    /// The target did not answer, refused the connection or broke off.
    Unreachable,
    /// A deadline passed.
    Timeout,
    /// The target refused for lack of rights.
    Denied,
    /// The target is too old, or is without the part that would tell.
    Unsupported,
    /// What came back could not be understood.
    Garbled,
    /// There was more than the limit allows to read.
    CutShort,
    /// Seaworthy itself failed. The only kind that is our fault.
    Crashed,
}

impl Blind {
    /// Whether a look failed. Otherwise nobody said where to look, and the path of what was not seen says nothing more.
    pub fn is_failed_look(self) -> bool {
        match self {
            Self::NotGiven => false,
            Self::Consent
            | Self::Unreachable
            | Self::Timeout
            | Self::Denied
            | Self::Unsupported
            | Self::Garbled
            | Self::CutShort
            | Self::Crashed => true,
        }
    }
}

impl Unseen {
    /// A reason without advice.
    pub fn new(kind: Blind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), give: None }
    }

    /// The same reason with what the user can give.
    #[must_use]
    pub fn give(mut self, give: impl Into<String>) -> Self {
        self.give = Some(give.into());
        self
    }
}

impl<T> Seen<T> {
    /// A seen value.
    pub fn new(value: T) -> Self {
        Self::Seen { value, by_hand: None }
    }

    /// A seen value with the command that shows it again.
    pub fn shown_by(value: T, by_hand: impl Into<String>) -> Self {
        Self::Seen { value, by_hand: Some(by_hand.into()) }
    }

    /// An unseen fact.
    pub fn unseen(kind: Blind, why: impl Into<String>) -> Self {
        Self::Unseen(Unseen::new(kind, why))
    }

    /// The value, if it was seen.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Seen { value, .. } => Some(value),
            Self::Unseen(_) => None,
        }
    }

    /// The reason, if it was not seen.
    pub fn reason(&self) -> Option<&Unseen> {
        match self {
            Self::Seen { .. } => None,
            Self::Unseen(unseen) => Some(unseen),
        }
    }

    /// The same observation of something derived from the value.
    pub fn map<U>(self, derive: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Seen { value, by_hand } => Seen::Seen { value: derive(value), by_hand },
            Self::Unseen(unseen) => Seen::Unseen(unseen),
        }
    }
}

impl<T> From<Result<T, Unseen>> for Seen<T> {
    fn from(result: Result<T, Unseen>) -> Self {
        match result {
            Ok(value) => Self::new(value),
            Err(unseen) => Self::Unseen(unseen),
        }
    }
}

impl<T> From<Unseen> for Seen<T> {
    fn from(unseen: Unseen) -> Self {
        Self::Unseen(unseen)
    }
}

impl<T: Serialize> Serialize for Seen<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Seen { value, by_hand: None } => value.serialize(serializer),
            Self::Seen { value, by_hand: Some(by_hand) } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry(SEEN_KEY, value)?;
                map.serialize_entry(BY_HAND_KEY, by_hand)?;
                map.end()
            }
            Self::Unseen(unseen) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(UNSEEN_KEY, unseen)?;
                map.end()
            }
        }
    }
}

/// In the schema a `Seen<T>` is `T`: catalog expressions are linted against it. The published
/// facts schema says once, at its root, that `$seen` and `$unseen` may stand for any value.
impl<T: JsonSchema> JsonSchema for Seen<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

/// A list with a bound: what was read, and whether there was more.
///
/// A list that was cut short ends in one unseen element, so that `all` and `exists` come out
/// unknown unless an element that was read decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// What was read, at most the bound.
    pub items: Vec<T>,
    /// Why the rest was not read, if there was more.
    pub cut: Option<Unseen>,
}

impl<T> Listed<T> {
    /// A list that was read whole.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, cut: None }
    }

    /// Keeps at most `max` items and says so when there were more.
    pub fn bounded(mut items: Vec<T>, max: usize, what: &str) -> Self {
        let cut = (items.len() > max)
            .then(|| Unseen::new(Blind::CutShort, format!("more than {max} {what}, the rest was not read")));
        items.truncate(max);
        Self { items, cut }
    }
}

impl<T: Serialize> Serialize for Listed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rest = self.cut.iter().map(|cut| Element::Rest(Seen::<()>::Unseen(cut.clone())));
        serializer.collect_seq(self.items.iter().map(Element::Item).chain(rest))
    }
}

enum Element<'a, T> {
    Item(&'a T),
    Rest(Seen<()>),
}

impl<T: Serialize> Serialize for Element<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Item(item) => item.serialize(serializer),
            Self::Rest(rest) => rest.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Listed<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Vec<T>>()
    }
}
