//! Bills of materials in CycloneDX or SPDX form: licences by name and version.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::repo::documents::{json, text};
use crate::repo::files::Files;

/// The licences that the repository's bills of materials state, and which file does.
pub(super) fn read(files: &Files) -> BTreeMap<(String, String), (String, String)> {
    let mut stated = BTreeMap::new();
    let is_bill = |name: &str| {
        [".cdx.json", ".spdx.json", "sbom.json", "bom.json"].iter().any(|ending| name.ends_with(ending))
    };
    for (path, file) in files.named(is_bill) {
        let Ok(document) = json(path, &file.bytes) else { continue };
        for (name, version, licence) in cyclonedx(&document).chain(spdx(&document)) {
            stated.insert((name, version), (licence, path.to_owned()));
        }
    }
    stated
}

fn list<'a>(document: &'a Json, key: &str) -> impl Iterator<Item = &'a Json> + use<'a> {
    document.get(key).and_then(Json::as_array).into_iter().flatten()
}

fn cyclonedx(document: &Json) -> impl Iterator<Item = (String, String, String)> + '_ {
    list(document, "components").filter_map(|component| {
        let licences: Vec<&str> = list(component, "licenses")
            .filter_map(|entry| {
                text(entry, &["expression"])
                    .or(text(entry, &["license", "id"]))
                    .or(text(entry, &["license", "name"]))
            })
            .collect();
        let name = match text(component, &["group"]) {
            Some(group) => format!("{group}/{}", text(component, &["name"])?),
            None => text(component, &["name"])?.to_owned(),
        };
        let version = text(component, &["version"])?.to_owned();
        (!licences.is_empty()).then(|| (name, version, licences.join(" AND ")))
    })
}

fn spdx(document: &Json) -> impl Iterator<Item = (String, String, String)> + '_ {
    list(document, "packages").filter_map(|package| {
        let known =
            |key: &str| text(package, &[key]).filter(|licence| !matches!(*licence, "NOASSERTION" | "NONE"));
        let licence = known("licenseConcluded").or_else(|| known("licenseDeclared"))?;
        Some((
            text(package, &["name"])?.to_owned(),
            text(package, &["versionInfo"])?.to_owned(),
            licence.to_owned(),
        ))
    })
}
