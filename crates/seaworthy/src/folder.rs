//! Catalog files of a folder: those of a pack, or of a source tree.

use std::path::Path;

use seaworthy_core::limits::YAML_BYTES_MAX;

use crate::exit::Wrong;

/// Most files that a folder of requirements may hold.
const FILES_MAX: usize = 5_000;

/// The catalog files below a folder: `<area>/<id>.yaml` and text.
pub(crate) fn files_in(folder: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let wrong = |error: &std::io::Error| {
        Wrong::error(
            format!("could not read `{}`: {error}", folder.display()),
            "give a folder of catalog files",
        )
    };
    let mut files = Vec::new();
    for area in std::fs::read_dir(folder).map_err(|error| wrong(&error))? {
        let area = area.map_err(|error| wrong(&error))?;
        if !area.file_type().is_ok_and(|kind| kind.is_dir()) || area.file_name() == "remedies" {
            continue;
        }
        for file in std::fs::read_dir(area.path()).map_err(|error| wrong(&error))? {
            let file = file.map_err(|error| wrong(&error))?;
            let name = file.file_name().to_string_lossy().into_owned();
            let meta = file.metadata().map_err(|error| wrong(&error))?;
            if !meta.is_file() || file.path().extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            if meta.len() > YAML_BYTES_MAX as u64 || files.len() >= FILES_MAX {
                return Err(Wrong::error(
                    format!("`{}` holds too much", folder.display()),
                    format!("at most {FILES_MAX} files of {YAML_BYTES_MAX} bytes"),
                ));
            }
            let text = std::fs::read_to_string(file.path()).map_err(|error| wrong(&error))?;
            files.push((format!("{}/{name}", area.file_name().to_string_lossy()), text));
        }
    }
    files.sort();
    Ok(files)
}
