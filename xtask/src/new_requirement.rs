//! Writes the stub of a requirement.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::tell;

/// Writes `catalog/AREA/ID.yaml`, and nothing where there is one.
pub(crate) fn write(area: &str, id: &str) -> Result<()> {
    let sound = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !sound(area) || !sound(id) {
        bail!("an area and an id are lower-case words with hyphens");
    }
    let file = Path::new("catalog").join(area).join(format!("{id}.yaml"));
    if file.exists() {
        bail!("{} is there already", file.display());
    }
    std::fs::create_dir_all(file.parent().context("the file has a folder")?)?;
    std::fs::write(&file, stub(area, id))?;
    tell(&format!("wrote {}\nnext: fill it in, then `seaworthy catalog prove {id}`\n", file.display()));
    Ok(())
}

fn stub(area: &str, id: &str) -> String {
    format!(
        "id: {id}\ntitle: What holds when it passes\narea: {area}\nseverity: important\nseeds: [\"001:1\"]\n\
         why: What goes wrong where it does not hold.\nleast: behaviour\nchecks:\n  - assurance: behaviour\n    \
         pass: facts.section.thing == true\n    says: \"the thing is {{{{ facts.section.thing }}}}\"\n    wants: the thing\n\
         fresh_for: 7d\nremedy:\n  text: What would make it pass.\nproof:\n  sound: part\n  sabotage: [part/name]\n"
    )
}
