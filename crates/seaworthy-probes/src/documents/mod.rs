//! Reads documents that the manifest names: which sections they have, what was left to be replaced, where their links lead and whom
//! they name. Reads files below the manifest's folder only; nothing is followed over a network.

pub mod facts;
mod links;
mod read;
mod topics;

use std::path::Path;

use seaworthy_core::facts::{Blind, Listed, Seen, Unseen};
use seaworthy_core::limits::documents::DOCUMENT_BYTES_MAX;
use seaworthy_core::manifest::DocumentKind;
use sha2::{Digest, Sha256};

use self::facts::{DocumentFacts, Documents};
use self::read::Text;
use crate::ask::Ask;
use crate::hexadecimal::hexadecimal;
use crate::host::tree::Tree;
use crate::repo::lines::quoted;
use crate::step::Step;

/// The look at the environment's documents.
pub(crate) fn step(ask: &Ask) -> Option<Step> {
    let documents = ask.environment.documents.clone();
    if documents.is_empty() {
        return None;
    }
    let base = ask.base.clone();
    let shown = documents.values().cloned().collect::<Vec<_>>().join(", ");
    Some(Step::new(shown, async move {
        let look = move || look(&base, documents);
        let looked = tokio::task::spawn_blocking(look).await;
        looked.unwrap_or_else(|_| Seen::unseen(Blind::Crashed, "reading the documents stopped"))
    }))
}

/// Reads each document below a folder.
fn look(base: &Path, documents: impl IntoIterator<Item = (DocumentKind, String)>) -> Seen<Documents> {
    let tree = match Tree::open(base) {
        Ok(tree) => tree,
        Err(why) => return Seen::Unseen(why),
    };
    let read = documents.into_iter().map(|(kind, path)| Seen::from(document(&tree, kind, path)));
    Seen::new(Listed::whole(read.collect()))
}

fn document(tree: &Tree, kind: DocumentKind, path: String) -> Result<DocumentFacts, Unseen> {
    let by_hand = format!("cat {}", quoted(&path));
    let Some(bytes) = tree.read(&path, DOCUMENT_BYTES_MAX)? else {
        // A folder that is not there was moved or is not mounted; a file missing beside others is gone.
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !folder.is_empty() && !tree.has(folder)? {
            return Err(Unseen::new(Blind::Unreachable, format!("the folder of `{path}` is not there"))
                .give("correct `documents`, or look where the folder is"));
        }
        return Ok(facts(kind, path, None, by_hand));
    };
    let sha256 = hexadecimal(&Sha256::digest(&bytes));
    let text = String::from_utf8(bytes).map_err(|_| {
        Unseen::new(Blind::Garbled, format!("`{path}` is not UTF-8"))
            .give("the document as Markdown in UTF-8")
    })?;
    let text = Text::read(&text);
    let links = links::followed(tree, &path, &text);
    Ok(facts(kind, path, Some((sha256, text, links)), by_hand))
}

fn facts(
    kind: DocumentKind,
    path: String,
    found: Option<(String, Text, Listed<facts::DocumentLink>)>,
    by_hand: String,
) -> DocumentFacts {
    let present = found.is_some();
    let (sha256, text, links) =
        found.unwrap_or_else(|| (String::new(), Text::default(), Listed::whole(Vec::new())));
    DocumentFacts {
        kind,
        path,
        present,
        sha256,
        covers: topics::covered(&text.sections, text.title()),
        sections: read::listed(text.sections, "sections"),
        placeholders: read::listed(text.placeholders, "placeholders"),
        links,
        addresses: read::listed(text.addresses.into_iter().collect(), "addresses"),
        by_hand,
    }
}

#[cfg(test)]
mod tests;
