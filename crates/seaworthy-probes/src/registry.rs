//! Every kind of target, in one slice. A new kind is a folder and one line here.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use seaworthy_core::facts::{Blind, Seen, Unseen};
use serde_json::Value as Json;

use crate::ask::Ask;
use crate::declared::Declared;
use crate::dns::facts::DnsFacts;
use crate::documents::facts::Documents;
use crate::host::facts::HostFacts;
use crate::http::HttpFacts;
use crate::ledger::facts::LedgerFacts;
use crate::postgres::facts::PostgresFacts;
use crate::redis::RedisFacts;
use crate::repo::facts::RepoFacts;
use crate::step::{Step, to_json};
use crate::tls::facts::TlsFacts;

/// A kind of target and its section of the facts document.
pub struct Kind {
    /// The section's name: `facts.NAME`. Also the probe's name.
    pub name: &'static str,
    /// Why its facts are unseen where no such target was given.
    pub not_given: &'static str,
    /// What to give so that they are.
    pub give: &'static str,
    /// The schema of the section.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// The look, where such a target was given.
    pub step: fn(&Ask) -> Option<Step>,
}

/// The kinds, in the order of the facts document.
pub static KINDS: &[Kind] = &[
    Kind {
        name: "declared",
        not_given: "no manifest names this environment",
        give: "seaworthy init",
        schema: schema_of::<Declared>,
        step: crate::declared::step,
    },
    Kind {
        name: "dns",
        not_given: "no name was given",
        give: "seaworthy check https://HOST, or `dns.names` in seaworthy.yaml",
        schema: schema_of::<DnsFacts>,
        step: crate::dns::step,
    },
    Kind {
        name: "http",
        not_given: "no URL of the service is given",
        give: "`urls: [https://…]` for the environment, or the URL as the argument of `seaworthy check`",
        schema: schema_of::<HttpFacts>,
        step: crate::http::step,
    },
    Kind {
        name: "tls",
        not_given: "no https URL was given",
        give: "seaworthy check https://HOST, or `urls` in seaworthy.yaml",
        schema: schema_of::<TlsFacts>,
        step: crate::tls::step,
    },
    Kind {
        name: "hosts",
        not_given: "no host was given",
        give: "`hosts: [{service: NAME}]` for this machine, in seaworthy.yaml",
        schema: schema_of::<Vec<HostFacts>>,
        step: crate::host::step,
    },
    Kind {
        name: "postgres",
        not_given: "the manifest names no PostgreSQL server",
        give: "`postgres: {url: {env: DATABASE_URL}}` under the environment",
        schema: schema_of::<PostgresFacts>,
        step: crate::postgres::step,
    },
    Kind {
        name: "redis",
        not_given: "the manifest names no Redis server",
        give: "`redis: {url: {env: REDIS_URL}}` under the environment",
        schema: schema_of::<RedisFacts>,
        step: crate::redis::step,
    },
    Kind {
        name: "repo",
        not_given: "no repository was given",
        give: "seaworthy check PATH, or `repo: PATH` in seaworthy.yaml",
        schema: schema_of::<RepoFacts>,
        step: crate::repo::step,
    },
    Kind {
        name: "documents",
        not_given: "the manifest names no document",
        give: "`documents: {runbook: docs/runbook.md}` for the environment, in seaworthy.yaml",
        schema: schema_of::<Documents>,
        step: crate::documents::step,
    },
    Kind {
        name: "ledger",
        not_given: "nobody is known who could attest anything",
        give: "`people` with roles and keys in seaworthy.yaml, then `seaworthy attest ID`",
        schema: schema_of::<LedgerFacts>,
        // No target: whoever runs the probes fills it in from the evidence store.
        step: |_| None,
    },
];

/// The schema of a section.
pub fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The facts of a section for which no target was given.
pub fn not_given(kind: &Kind) -> Json {
    let why = Unseen::new(Blind::NotGiven, kind.not_given).give(kind.give);
    to_json(&Seen::<()>::Unseen(why))
}

/// The JSON schema of the whole facts document, as the catalog's expressions see it.
pub fn facts_schema() -> Json {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let properties: serde_json::Map<String, Json> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), (kind.schema)(&mut generator).to_value())).collect();
    serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Facts",
        "description": "What probes saw. Any value may stand as {\"$seen\": value, \"by_hand\": command}, or as {\"$unseen\": {kind, why, give}} where it could not be seen; a list that was cut short ends in such an element.",
        "type": "object",
        "properties": properties,
        "$defs": generator.take_definitions(true),
    })
}
