//! The operations of an OpenAPI document, 3.0 or 3.1, walked as plain JSON. Pure.
//!
//! The document may be hostile: it is bounded, references are followed a few steps and only within it, and
//! nothing in it becomes more than a path, a method and a name of a header.

use http::Method;
use seaworthy_core::facts::{Blind, Unseen};
use seaworthy_core::limits::YAML_BYTES_MAX;
use serde_json::Value;
use url::{Origin, Url};

use super::public::PublicOperations;

/// Most operations that are read.
const READ_MAX: usize = 5_000;
/// Most references that are followed for one thing.
const REFERENCES_MAX: usize = 8;
/// Longest path that is asked, in bytes.
const PATH_BYTES_MAX: usize = 2_000;

/// What a document says.
#[derive(Debug, Clone, Default)]
pub(super) struct Description {
    pub(super) operations: Vec<Operation>,
    /// Headers that carry credentials, beside `Authorization`.
    pub(super) credential_headers: Vec<String>,
    /// Cookies that carry credentials.
    pub(super) credential_cookies: Vec<String>,
    /// Where it says that the operations are served, the first one first. Empty where it names no host.
    pub(super) servers: Vec<Origin>,
    /// Why not every operation of it was read, if so.
    pub(super) left_out: Option<Unseen>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path as the document has it.
    pub(super) path: String,
    /// The path with the server's prefix and values for its parameters.
    pub(super) concrete: String,
    pub(super) has_parameters: bool,
    /// One of the values in the path is free and names nothing. A value out of an `enum` names something.
    pub(super) names_nothing: bool,
    /// A query or header parameter is required, and is never sent.
    pub(super) lacks_parameter: bool,
    /// The media types of the body that it requires; empty where it requires none.
    pub(super) required_body: Vec<String>,
    /// The operation itself says that it needs no credential.
    pub(super) documented_public: bool,
    pub(super) takes_json: bool,
}

impl Operation {
    /// Whether it is open on purpose.
    pub(super) fn is_public(&self, declared: &PublicOperations) -> bool {
        self.documented_public || self.is_declared_public(declared)
    }

    /// Whether the manifest lists it, as a template or as it is asked.
    pub(super) fn is_declared_public(&self, declared: &PublicOperations) -> bool {
        self.is_declared(declared)
    }

    /// Whether a list of the manifest has it, as a template or as it is asked.
    pub(super) fn is_declared(&self, declared: &PublicOperations) -> bool {
        declared.includes(self.method.as_str(), &self.path)
            || declared.includes(self.method.as_str(), &self.concrete)
    }
}

impl Description {
    /// Reads a document, JSON or YAML.
    pub(super) fn read(text: &str) -> Result<Self, Unseen> {
        let garbled = |why: &str| Unseen::new(Blind::Garbled, why);
        let root: Value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|_| garbled("the OpenAPI document is not sound JSON"))?
        } else if text.len() > YAML_BYTES_MAX {
            let why = format!("the OpenAPI document is YAML of more than {YAML_BYTES_MAX} bytes");
            return Err(Unseen::new(Blind::CutShort, why).give("the document as JSON"));
        } else {
            serde_saphyr::from_str(text).map_err(|_| garbled("the OpenAPI document is not sound YAML"))?
        };
        let version = root.get("openapi").and_then(Value::as_str).unwrap_or("");
        if !version.starts_with("3.") {
            return Err(Unseen::new(Blind::Unsupported, "the OpenAPI document is not of version 3")
                .give("an OpenAPI document of version 3.0 or 3.1"));
        }
        let Some(paths) = root.get("paths").and_then(Value::as_object) else {
            return Err(garbled("the OpenAPI document has no paths"));
        };
        let prefix = prefix(&root);
        let mut description = Self { servers: servers(&root), ..Self::default() };
        let mut left_out = Vec::new();
        for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
            if !description.read_path(&root, &prefix, path, item) {
                left_out.push(path.as_str());
            }
        }
        description.left_out = not_read(&left_out);
        description.read_credentials(&root);
        Ok(description)
    }

    /// Reads the operations of a path; false where not all of them could be.
    fn read_path(&mut self, root: &Value, prefix: &str, path: &str, item: &Value) -> bool {
        let Some(item) = resolved(root, item).filter(|_| path.starts_with('/')) else { return false };
        let mut whole = true;
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let Some(operation) = item.get(method.as_str().to_ascii_lowercase()) else { continue };
            match resolved(root, operation) {
                Some(operation) if self.operations.len() < READ_MAX => {
                    self.operations.push(read(root, prefix, path, &method, item, operation));
                }
                Some(_) | None => whole = false,
            }
        }
        whole
    }

    fn read_credentials(&mut self, root: &Value) {
        let schemes = root.pointer("/components/securitySchemes").and_then(Value::as_object);
        for scheme in schemes.into_iter().flat_map(|schemes| schemes.values()).take(20) {
            let text = |field: &str| scheme.get(field).and_then(Value::as_str).unwrap_or("");
            match (text("type"), text("in"), text("name")) {
                ("apiKey", "header", name) if !name.is_empty() => {
                    self.credential_headers.push(name.to_owned());
                }
                ("apiKey", "cookie", name) if !name.is_empty() => {
                    self.credential_cookies.push(name.to_owned());
                }
                _ => {}
            }
        }
    }
}

/// Why operations of these paths were not read.
fn not_read(paths: &[&str]) -> Option<Unseen> {
    let first = paths.first()?;
    let more = match paths.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why = format!(
        "operations of the OpenAPI document that stand in other files, or beyond its first {READ_MAX}: `{first}`{more}"
    );
    Some(
        Unseen::new(Blind::CutShort, why)
            .give("the document in one file of at most 5,000 operations, as `redocly bundle` writes it"),
    )
}

fn read(
    root: &Value,
    prefix: &str,
    path: &str,
    method: &Method,
    item: &Value,
    operation: &Value,
) -> Operation {
    let parameters: Vec<&Value> = [item, operation]
        .into_iter()
        .filter_map(|holder| holder.get("parameters")?.as_array())
        .flatten()
        .take(100)
        .filter_map(|parameter| resolved(root, parameter))
        .collect();
    let (filled, names_nothing) = filled(root, path, &parameters);
    let body = operation.get("requestBody").and_then(|body| resolved(root, body));
    let content = body.and_then(|body| body.get("content")?.as_object());
    let required = |holder: &Value| holder.get("required").and_then(Value::as_bool) == Some(true);
    Operation {
        method: method.clone(),
        path: path.to_owned(),
        concrete: format!("{prefix}{filled}"),
        has_parameters: path.contains('{'),
        names_nothing,
        lacks_parameter: parameters.iter().any(|parameter| {
            required(parameter) && parameter.get("in").is_some_and(|at| at == "query" || at == "header")
        }),
        required_body: match content {
            Some(content) if body.is_some_and(required) => content.keys().cloned().collect(),
            Some(_) | None => Vec::new(),
        },
        documented_public: operation.get("security").is_some_and(needs_nothing),
        takes_json: content.is_some_and(|content| content.get("application/json").is_some()),
    }
}

/// `security: []`, or an empty alternative in it.
fn needs_nothing(security: &Value) -> bool {
    let empty = |alternative: &Value| alternative.as_object().is_some_and(serde_json::Map::is_empty);
    security.as_array().is_some_and(|alternatives| alternatives.is_empty() || alternatives.iter().any(empty))
}

/// The path with values that name nothing where they are free, and whether one of them is.
fn filled(root: &Value, path: &str, parameters: &[&Value]) -> (String, bool) {
    let mut filled = String::new();
    let mut names_nothing = false;
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        let parameter = parameters.iter().find(|parameter| {
            parameter.get("in").is_some_and(|at| at == "path")
                && parameter.get("name").is_some_and(|own| own == name)
        });
        let schema = parameter.and_then(|parameter| resolved(root, parameter.get("schema")?));
        names_nothing |= !schema.is_some_and(is_choice);
        filled.push_str(before);
        filled.push_str(&value_for(schema));
        rest = after;
    }
    filled.push_str(rest);
    // What is cut off may have been what names nothing.
    names_nothing &= filled.len() <= PATH_BYTES_MAX;
    filled.truncate(filled.floor_char_boundary(PATH_BYTES_MAX));
    (filled, names_nothing)
}

/// Whether the values that fit are few, so that any of them names something. A branch of `allOf` and its like may
/// say so as well.
fn is_choice(schema: &Value) -> bool {
    ["enum", "const", "allOf", "anyOf", "oneOf", "$ref"].iter().any(|word| schema.get(word).is_some())
        || schema.get("type").is_some_and(|kind| kind == "boolean")
}

fn value_for(schema: Option<&Value>) -> String {
    let text =
        |field: &str| schema.and_then(|schema| schema.get(field)).and_then(Value::as_str).unwrap_or("");
    let choice = schema.and_then(|schema| schema.get("enum")?.as_array()?.first()?.as_str());
    match (choice, text("format"), text("type")) {
        (Some(choice), _, _) if choice.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) => {
            choice.to_owned()
        }
        (_, "uuid", _) => "00000000-0000-0000-0000-000000000000".to_owned(),
        (_, "date", _) => "1970-01-01".to_owned(),
        (_, _, "integer" | "number") => i32::MAX.to_string(),
        _ => "seaworthy-none".to_owned(),
    }
}

/// The origins of the servers that are named with their hosts.
fn servers(root: &Value) -> Vec<Origin> {
    let servers = root.get("servers").and_then(Value::as_array);
    let urls = servers.into_iter().flatten().take(20).filter_map(|server| server.get("url")?.as_str());
    urls.filter_map(|url| Url::parse(url).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(|url| url.origin())
        .collect()
}

/// The path of the first server, which stands before every path.
fn prefix(root: &Value) -> String {
    let url = root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or("");
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.trim_start_matches('/'),
    };
    let path = path.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~".contains(c);
    if path.is_empty() || !path.chars().all(plain) { String::new() } else { format!("/{path}") }
}

/// Follows `$ref` within the document. A loop ends after a few steps with nothing.
fn resolved<'a>(root: &'a Value, mut value: &'a Value) -> Option<&'a Value> {
    for _ in 0..REFERENCES_MAX {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => value = root.pointer(reference.strip_prefix('#')?)?,
            None => return Some(value),
        }
    }
    None
}

#[cfg(test)]
mod tests;
