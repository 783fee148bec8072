//! Where the links of a document lead, as far as they stay beside it.

use percent_encoding::percent_decode_str;
use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::documents::DOCUMENT_BYTES_MAX;

use super::facts::DocumentLink;
use super::read::{Text, listed, shortened};
use crate::beside::beside;
use crate::host::tree::Tree;

/// Follows the links of the document at `path`.
pub(super) fn followed(tree: &Tree, path: &str, text: &Text) -> Listed<DocumentLink> {
    let links = text.links.iter().map(|(target, line)| {
        let inside = is_inside(target);
        let resolves =
            if inside { resolves(tree, path, text, target).into() } else { Seen::Unseen(elsewhere()) };
        let target = if inside { target.clone() } else { without_secrets(target) };
        DocumentLink { target: shortened(&target), line: *line, inside, resolves }
    });
    listed(links.collect(), "links")
}

fn elsewhere() -> Unseen {
    Unseen::new(Blind::Unsupported, "a link to another place is not followed")
        .give("whoever signs for the document follows its links")
}

/// Whether a link leads to a file or a heading, and not to another host.
fn is_inside(target: &str) -> bool {
    let scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    !scheme && !target.starts_with("//")
}

/// A link to another place without what may sign somebody in there.
fn without_secrets(target: &str) -> String {
    let start = target.split(['?', '#']).next().unwrap_or_default();
    match start.split_once("//") {
        Some((scheme, rest)) => {
            let (authority, path) =
                rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let path = path.map(|path| format!("/{path}")).unwrap_or_default();
            format!("{scheme}//{host}{path}")
        }
        None => start.to_owned(),
    }
}

fn resolves(tree: &Tree, path: &str, text: &Text, target: &str) -> Result<bool, Unseen> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let file = file.split('?').next().unwrap_or(file);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if file.is_empty() {
        return Ok(anchor.is_none_or(|anchor| anchor.is_empty() || has(text, &decoded(anchor))));
    }
    let Some(file) = beside(path, &decoded(file)) else { return Ok(false) };
    if !tree.has(&file)? {
        return Ok(false);
    }
    let Some(anchor) = anchor.filter(|anchor| !anchor.is_empty() && is_markdown(&file)) else {
        return Ok(true);
    };
    let other = tree.text(&file, DOCUMENT_BYTES_MAX)?.unwrap_or_default();
    Ok(has(&Text::read(&other), &decoded(anchor)))
}

fn has(text: &Text, anchor: &str) -> bool {
    text.anchors.contains(&anchor.to_lowercase())
}

fn is_markdown(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "md" | "markdown"))
}
