//! What was seen of documents.

use schemars::JsonSchema;
use seaworthy_core::facts::{Listed, Seen};
use seaworthy_core::manifest::DocumentKind;
use serde::Serialize;

/// The documents that the manifest names.
pub type Documents = Listed<Seen<DocumentFacts>>;

/// One document.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DocumentFacts {
    /// What it is for, as the manifest says.
    pub kind: DocumentKind,
    /// Where it is, relative to the manifest.
    pub path: String,
    /// It is there.
    pub present: bool,
    /// SHA-256 of it, in hexadecimal digits; empty where it is not there.
    pub sha256: String,
    /// Its headings, in order.
    pub sections: Listed<SectionFacts>,
    /// What its sections are about, by their titles; of those that say something. Sorted.
    pub covers: Vec<Topic>,
    /// What someone was to replace.
    pub placeholders: Listed<PlaceholderFacts>,
    /// Where it leads.
    pub links: Listed<DocumentLink>,
    /// Addresses of mail in it. Sorted.
    pub addresses: Listed<AddressFacts>,
    /// A command that shows it.
    pub by_hand: String,
}

/// A heading and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SectionFacts {
    /// Its title.
    pub title: String,
    /// Its line, from 1.
    pub line: usize,
    /// Words below it, up to the next heading of its level or above.
    pub words_count: usize,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Who does what.
    Roles,
    /// How bad it is.
    Severity,
    /// Whom to call.
    Contacts,
    /// How it is kept from growing.
    Containment,
    /// Who is told.
    Communication,
    /// What is kept for later.
    Evidence,
    /// What is learnt.
    Review,
    /// What the service is.
    Overview,
    /// Where to look and how to get in.
    Access,
    /// What goes wrong and what helps.
    CommonIssues,
    /// What is done again and again.
    Maintenance,
    /// By when.
    Deadline,
    /// Which authority.
    Authority,
    /// Who answers for it.
    Owner,
    /// In which words.
    Template,
}

/// A text that someone was to replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlaceholderFacts {
    /// The text.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A link.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DocumentLink {
    /// Where it leads, as written.
    pub target: String,
    /// Its line, from 1.
    pub line: usize,
    /// It leads to a place of this document or to a file beside it. Links to other hosts are not followed.
    pub inside: bool,
    /// What it leads to is there.
    pub resolves: Seen<bool>,
}

/// An address of mail.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct AddressFacts {
    /// The address, in lower case.
    pub address: String,
    /// It is one of several people, as its name says: `security@`, `on-call@`.
    pub shared: bool,
}
