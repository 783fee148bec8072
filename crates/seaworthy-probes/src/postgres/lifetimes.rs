//! Until when the PostgreSQL project maintains its major versions.
//!
//! From <https://www.postgresql.org/support/versioning/>, as of 2026-08: five years after the first release, ending
//! with the minor release of November. A major version that is not here is not guessed.

use chrono::{DateTime, NaiveDate, Utc};

/// Major version, and year, month and day of its last release.
const LAST_RELEASES: &[(i64, (i32, u32, u32))] = &[
    (9, (2021, 11, 11)),
    (10, (2022, 11, 10)),
    (11, (2023, 11, 9)),
    (12, (2024, 11, 21)),
    (13, (2025, 11, 13)),
    (14, (2026, 11, 12)),
    (15, (2027, 11, 11)),
    (16, (2028, 11, 9)),
    (17, (2029, 11, 8)),
    (18, (2030, 11, 14)),
];

/// The end of a major version's life, where it is known.
pub(super) fn end_of_life(major: i64) -> Option<DateTime<Utc>> {
    let (_, (year, month, day)) = LAST_RELEASES.iter().find(|(known, _)| *known == major)?;
    Some(NaiveDate::from_ymd_opt(*year, *month, *day)?.and_hms_opt(0, 0, 0)?.and_utc())
}
