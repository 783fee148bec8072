//! Writes the published JSON schemas: of every file that Seaworthy reads or writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use seaworthy_core::catalog::Requirement;
use seaworthy_core::certificate::DeployPolicySpec;
use seaworthy_core::facts::{BY_HAND_KEY, SEEN_KEY, UNSEEN_KEY, Unseen};
use seaworthy_core::manifest::Manifest;
use seaworthy_core::run::Run;
use seaworthy_core::statement::{DecisionStatement, Statement};
use serde_json::{Map, Value as Json, json};

use crate::tell;

/// The name of the mark that stands for what could not be seen.
const UNSEEN_MARK: &str = "Unseen";
/// Keywords that hold one schema.
const SINGLE: [&str; 2] = ["items", "additionalProperties"];
/// Keywords that hold a list of schemas.
const LISTED: [&str; 3] = ["anyOf", "oneOf", "allOf"];

/// Writes every schema that is not as it should be.
pub(crate) fn write() -> Result<()> {
    let folder = folder();
    std::fs::create_dir_all(&folder)?;
    for (name, text) in all() {
        let file = folder.join(name);
        if std::fs::read_to_string(&file).is_ok_and(|there| there == text) {
            continue;
        }
        std::fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
        tell(&format!("wrote schemas/{name}\n"));
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

/// The schemas by file name.
fn all() -> [(&'static str, String); 6] {
    [
        ("run.v1.json", text(&written::<Run>())),
        ("manifest.v1.json", text(&read::<Manifest>())),
        ("requirement.v1.json", text(&read::<Requirement>())),
        ("deploy-policy.v1.json", text(&read::<DeployPolicySpec>())),
        ("decision.v1.json", text(&written::<Statement<DecisionStatement>>())),
        ("facts.v1.json", text(&facts())),
    ]
}

/// The schema of something that Seaworthy writes: every field is there.
fn written<T: JsonSchema>() -> Json {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of something that people write: what has a default may be left out.
fn read<T: JsonSchema>() -> Json {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The schema of the facts document with the marks that may stand for any value in it.
fn facts() -> Json {
    let mut schema = seaworthy_probes::registry::facts_schema();
    let mut marks = Marks::default();
    marks.inside(&mut schema);
    if let Some(Json::Object(named)) = schema.get_mut("$defs") {
        named.insert(UNSEEN_MARK.into(), unseen_mark());
        named.extend(marks.named);
        named.sort_keys();
    }
    schema
}

/// What stands for a value that could not be seen.
fn unseen_mark() -> Json {
    let mut mark = schemars::schema_for!(Unseen).to_value();
    if let Json::Object(map) = &mut mark {
        map.remove("$schema");
        map.remove("$defs");
    }
    let kinds = schemars::schema_for!(seaworthy_core::facts::Blind).to_value();
    mark["properties"]["kind"] = json!({"oneOf": kinds["oneOf"], "description": kinds["description"]});
    json!({
        "description": "Stands for a value that could not be seen, and for the rest of a list that was cut short.",
        "type": "object",
        "properties": {UNSEEN_KEY: mark},
        "required": [UNSEEN_KEY],
        "additionalProperties": false,
    })
}

/// Definitions of "a value, or a mark that stands for it", one for each sort of value.
#[derive(Default)]
struct Marks {
    names: BTreeMap<String, String>,
    named: BTreeMap<String, Json>,
}

impl Marks {
    /// Lets the marks stand for each value inside a schema; the schema itself stays.
    fn inside(&mut self, schema: &mut Json) {
        let Json::Object(map) = schema else { return };
        for (keyword, inner) in map.iter_mut() {
            match (keyword.as_str(), inner) {
                ("$defs", Json::Object(named)) => named.values_mut().for_each(|inner| self.inside(inner)),
                ("properties", Json::Object(named)) => named.values_mut().for_each(|inner| self.mark(inner)),
                (word, inner @ Json::Object(_)) if SINGLE.contains(&word) => self.mark(inner),
                (word, Json::Array(list)) if LISTED.contains(&word) => {
                    for inner in list {
                        self.inside(inner);
                    }
                }
                _ => {}
            }
        }
    }

    /// Lets the marks stand for a value. Its description stays where it is.
    fn mark(&mut self, schema: &mut Json) {
        self.inside(schema);
        let mut value = std::mem::take(schema);
        let description = value.as_object_mut().and_then(|map| map.shift_remove("description"));
        let name = self.name_of(&value);
        let mut marked = Map::new();
        marked.extend(description.map(|text| ("description".to_owned(), text)));
        marked.insert("$ref".into(), format!("#/$defs/{name}").into());
        *schema = Json::Object(marked);
    }

    fn name_of(&mut self, value: &Json) -> String {
        let key = value.to_string();
        if let Some(name) = self.names.get(&key) {
            return name.clone();
        }
        let mut name = format!("Seen.{}", word(value));
        while self.named.contains_key(&name) {
            name.push('+');
        }
        let seen = json!({
            "type": "object",
            "properties": {SEEN_KEY: value, BY_HAND_KEY: {"type": "string"}},
            "required": [SEEN_KEY, BY_HAND_KEY],
            "additionalProperties": false,
        });
        let unseen = json!({"$ref": format!("#/$defs/{UNSEEN_MARK}")});
        self.named.insert(name.clone(), json!({"anyOf": [value, seen, unseen]}));
        self.names.insert(key, name.clone());
        name
    }
}

/// A word for a sort of value, for the name of its definition.
fn word(value: &Json) -> String {
    if let Some(reference) = value["$ref"].as_str() {
        let last = reference.rsplit('/').next().unwrap_or_default();
        return last.strip_prefix("Seen.").unwrap_or(last).to_owned();
    }
    let types = match &value["type"] {
        Json::String(one) => one.clone(),
        Json::Array(several) => several.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("-or-"),
        _ => "value".to_owned(),
    };
    let format = value["format"].as_str().map(|format| format!("-{format}"));
    let items = value.get("items").map(|items| format!("-of-{}", word(items)));
    [Some(types), format, items].into_iter().flatten().collect()
}

/// Pretty, ending in a line break.
fn text(schema: &Json) -> String {
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use seaworthy_core::catalog::Requirement;
    use serde_json::{Value as Json, json};

    use super::{all, facts, folder, read};

    /// The files two folders down, by their ending.
    fn files(below: &str, ending: &str) -> Vec<PathBuf> {
        let entries = |folder: &Path| -> Vec<PathBuf> {
            let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
            entries.map(|entry| entry.expect("a folder can be listed").path()).collect()
        };
        let folders = entries(&folder().join("..").join(below));
        let files = folders.iter().filter(|path| path.is_dir()).flat_map(|folder| entries(folder));
        files.filter(|file| file.extension().is_some_and(|extension| extension == ending)).collect()
    }

    fn faults(schema: &Json, value: &Json) -> Vec<String> {
        let validator = jsonschema::validator_for(schema).expect("a schema");
        let faults = validator.iter_errors(value);
        faults.map(|fault| format!("{}: {fault}", fault.instance_path())).take(3).collect()
    }

    fn text_of(file: &Path) -> String {
        std::fs::read_to_string(file).expect("the file can be read")
    }

    #[test]
    fn the_published_schemas_are_fresh() {
        for (name, text) in all() {
            let there = std::fs::read_to_string(folder().join(name)).unwrap_or_default();
            assert!(there == text, "schemas/{name} is stale: run `cargo xtask schemas`");
        }
    }

    #[test]
    fn the_facts_schema_takes_marks_and_refuses_wrong_values() {
        let validator = jsonschema::validator_for(&facts()).expect("a schema");
        let unseen = json!({"$unseen": {"kind": "not-given", "why": "no host was given"}});
        for section in ["declared", "http", "postgres"] {
            assert!(validator.is_valid(&json!({ section: unseen })), "{section}");
            assert!(!validator.is_valid(&json!({ section: 3 })), "{section}");
        }
        assert!(!validator.is_valid(&json!({"http": {"$unseen": {"kind": "moody", "why": "x"}}})));
    }

    #[test]
    fn what_probes_really_saw_is_what_the_facts_schema_says() {
        let schema = facts();
        let recordings = files("testbed/recordings", "json");
        assert!(!recordings.is_empty());
        for file in recordings {
            let facts: Json = serde_json::from_str(&text_of(&file)).expect("a recording is JSON");
            assert_eq!(faults(&schema, &facts), [""; 0], "{}", file.display());
        }
    }

    #[test]
    fn every_requirement_is_what_its_schema_says() {
        let schema = read::<Requirement>();
        let requirements = files("catalog", "yaml");
        assert!(!requirements.is_empty());
        for file in requirements {
            // Read with its types: without them `as: n` would be a boolean.
            let spec: Requirement = serde_saphyr::from_str(&text_of(&file)).expect("it is a requirement");
            let spec = serde_json::to_value(spec).expect("plain data");
            assert_eq!(faults(&schema, &spec), [""; 0], "{}", file.display());
        }
    }
}
