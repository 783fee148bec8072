//! The catalog as a table: by area, with severity and whether the checks are proven.

use std::collections::BTreeMap;

use seaworthy_core::catalog::{Catalog, CompiledRequirement};

use super::page::{Ink, Page, Span};
use super::{NONE, WIDTH_MAX, WIDTH_MIN};
use crate::Style;
use crate::words::counted;

/// Widest that the column of ids is made.
const ID_MAX: usize = 40;

/// Lists all requirements.
pub fn catalog(catalog: &Catalog, style: &Style) -> String {
    let mut page = Page::new(style.width.clamp(WIDTH_MIN, WIDTH_MAX), style.colour);
    let ids = catalog.iter().map(|requirement| requirement.spec.id.chars().count());
    let id_width = ids.max().unwrap_or(0).min(ID_MAX);
    let mut by_area: BTreeMap<&str, Vec<&CompiledRequirement>> = BTreeMap::new();
    for requirement in catalog.iter() {
        by_area.entry(&requirement.spec.area).or_default().push(requirement);
    }
    for (area, requirements) in &by_area {
        page.prose(NONE, 0, &[(Ink::Strong, area)]);
        for requirement in requirements {
            row(&mut page, requirement, id_width);
        }
        page.blank();
    }
    let proven = catalog.iter().filter(|requirement| requirement.proven()).count();
    let sum = format!("{}, {proven} proven both ways", counted(catalog.len(), "requirement"));
    page.prose(NONE, 0, &[(Ink::Plain, &sum)]);
    page.finish()
}

fn row(page: &mut Page, requirement: &CompiledRequirement, id_width: usize) {
    let spec = &requirement.spec;
    let head = format!("  {:<id_width$}  {:<9}", spec.id, spec.severity.word());
    let mut spans: Vec<Span<'_>> = vec![(Ink::Plain, &spec.title)];
    if !requirement.proven() {
        spans.extend([(Ink::Plain, " "), (Ink::Doubt, "experimental")]);
    }
    page.prose((Ink::Plain, &head), id_width + 15, &spans);
}
