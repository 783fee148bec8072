//! Who may sign, and for which role.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::people::{KEYS_PER_PERSON_MAX, PEOPLE_MAX, PERSON_BYTES_MAX};
use crate::statement::PublicKey;

/// What a person answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The code and how it is built.
    TechnicalLead,
    /// What the users get.
    ProductOwner,
    /// That it withstands attacks.
    Security,
    /// That it runs.
    Operations,
    /// What law and contracts ask for.
    Legal,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::TechnicalLead, Self::ProductOwner, Self::Security, Self::Operations, Self::Legal];

    /// The word in the manifest, on the command line and in every output.
    pub fn word(self) -> &'static str {
        match self {
            Self::TechnicalLead => "technical-lead",
            Self::ProductOwner => "product-owner",
            Self::Security => "security",
            Self::Operations => "operations",
            Self::Legal => "legal",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// What the person answers for.
    pub roles: Vec<Role>,
    /// The person's public keys, as in `authorized_keys`: `ssh-ed25519 AAAA…`.
    pub keys: Vec<PublicKey>,
}

/// The people of a service, by their address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct People(BTreeMap<String, Person>);

impl People {
    /// The people in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Person)> {
        self.0.iter().map(|(id, person)| (id.as_str(), person))
    }

    /// One person.
    pub fn get(&self, id: &str) -> Option<&Person> {
        self.0.get(id)
    }

    /// Whether somebody is named and has any role.
    pub fn has_role(&self, id: &str) -> bool {
        self.get(id).is_some_and(|person| !person.roles.is_empty())
    }

    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose key this is.
    pub fn owner_of(&self, key: &PublicKey) -> Option<(&str, &Person)> {
        self.iter().find(|(_, person)| person.keys.contains(key))
    }

    /// Every key.
    pub fn keys(&self) -> Vec<PublicKey> {
        self.0.values().flat_map(|person| person.keys.iter().copied()).collect()
    }

    /// The people who hold a role and could sign for it.
    pub fn holders(&self, role: Role) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(move |(_, person)| person.roles.contains(&role) && !person.keys.is_empty())
            .map(|(id, _)| id)
    }
}

impl<'de> Deserialize<'de> for People {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PeopleVisitor)
    }
}

/// Reads person by person, so that a complaint points at the one it is about.
struct PeopleVisitor;

impl<'de> Visitor<'de> for PeopleVisitor {
    type Value = People;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("people by their address")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<People, A::Error> {
        let mut people = People::default();
        while let Some(id) = map.next_key_seed(NewAddress(&people))? {
            let person = map.next_value_seed(NewPerson { id: &id, others: &people })?;
            people.0.insert(id, person);
        }
        Ok(people)
    }
}

/// The address by which a person is known, who is not yet among the others.
struct NewAddress<'a>(&'a People);

impl<'de> DeserializeSeed<'de> for NewAddress<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        let id = String::deserialize(deserializer)?;
        if !is_address(&id) {
            return Err(D::Error::custom(
                "a person is known by an e-mail address, such as `tech-lead@example.com`",
            ));
        }
        if self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(&id)) {
            return Err(D::Error::custom(format!("`{id}` stands there twice")));
        }
        if self.0.0.len() >= PEOPLE_MAX {
            return Err(D::Error::custom(format!("more than {PEOPLE_MAX} people")));
        }
        Ok(id)
    }
}

/// A person with keys that nobody else has.
struct NewPerson<'a> {
    id: &'a str,
    others: &'a People,
}

impl<'de> DeserializeSeed<'de> for NewPerson<'_> {
    type Value = Person;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Person, D::Error> {
        let person = Person::deserialize(deserializer)?;
        let Self { id, others } = self;
        if person.keys.len() > KEYS_PER_PERSON_MAX {
            return Err(D::Error::custom(format!("`{id}` has more than {KEYS_PER_PERSON_MAX} keys")));
        }
        for (index, key) in person.keys.iter().enumerate() {
            let print = key.fingerprint();
            if person.keys[..index].contains(key) {
                return Err(D::Error::custom(format!("`{id}` has the key {print} twice")));
            }
            if let Some((other, _)) = others.owner_of(key) {
                return Err(D::Error::custom(format!(
                    "`{other}` and `{id}` have the same key {print}; a key stands for one person"
                )));
            }
        }
        Ok(person)
    }
}

/// Whether a text is an e-mail address, as far as can be seen from it.
pub fn is_address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '`' | ',' | ';' | '\\');
    text.len() <= PERSON_BYTES_MAX
        && text.chars().all(plain)
        && text.split('@').count() == 2
        && text.split('@').all(|part| !part.is_empty())
}
