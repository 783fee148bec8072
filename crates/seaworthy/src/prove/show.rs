//! The matrix of proofs, for people.

use std::fmt::Write;

use super::Proved;

/// Requirement × sound, sabotaged, away; then what is not as it should be.
pub(super) fn terminal(proved: &Proved, changed: &[String]) -> String {
    let mut text = String::new();
    let width = proved.rows.iter().map(|row| row.id.len()).max().unwrap_or(0);
    for row in &proved.rows {
        let mark = if row.proven { "proven    " } else { "NOT PROVEN" };
        let sabotages: Vec<String> =
            row.sabotage.iter().map(|(name, verdict)| format!("{name} → {}", verdict.word())).collect();
        let (sound, away) = (row.sound.word(), row.away.word());
        line(
            &mut text,
            format_args!(
                "{mark}  {:width$}  {} → {sound}, {}, away → {away}",
                row.id,
                row.part,
                sabotages.join(", ")
            ),
        );
        for note in &row.notes {
            line(&mut text, format_args!("              {note}"));
        }
    }
    for complaint in &proved.complaints {
        line(&mut text, format_args!("COMPLAINT   {complaint}"));
    }
    for first in &proved.again {
        line(&mut text, format_args!("AGAIN       {first} (as it should be in a second look, alone)"));
    }
    for (part, why) in &proved.skipped {
        line(&mut text, format_args!("SKIPPED     {part}: {why}"));
    }
    let proven = proved.rows.iter().filter(|row| row.proven).count();
    line(
        &mut text,
        format_args!(
            "{proven} of {} proven both ways; {} complaints, {} looked at again, {} parts skipped, {} lines of the matrix changed",
            proved.rows.len(),
            proved.complaints.len(),
            proved.again.len(),
            proved.skipped.len(),
            changed.len()
        ),
    );
    text
}

fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{what}");
}
