//! Until when something holds, as people write it. The clock is an argument.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};

/// Most days that can be asked for.
const DAYS_MAX: i64 = 3_650;

/// An end that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermError {
    /// It is no date.
    #[error("`{0}` is no date and no number of days")]
    Garbled(String),
    /// It is not ahead.
    #[error("{} is not ahead", .0.format("%Y-%m-%d %H:%M UTC"))]
    Past(DateTime<Utc>),
    /// It is farther than allowed.
    #[error("{} is more than {max} days ahead", .until.format("%Y-%m-%d %H:%M UTC"))]
    TooFar {
        /// The end.
        until: DateTime<Utc>,
        /// Most days.
        max: u16,
    },
}

impl TermError {
    /// How to write it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Garbled(_) => {
                "write days as `30d`, a day as `2027-01-31`, or a moment with its zone as `2027-01-31T12:00:00+01:00`"
            }
            Self::Past(_) => "give a later one",
            Self::TooFar { .. } => "give an earlier one; it can be said again when it ends",
        }
    }
}

/// Reads `30d`, a day, or a moment with its zone. A day ends what it names at its beginning in UTC: whoever
/// reads it elsewhere has less time, never more.
pub fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, TermError> {
    let garbled = || TermError::Garbled(text.chars().take(40).collect());
    if let Some(days) = text.strip_suffix('d') {
        let days: i64 = days.parse().map_err(|_| garbled())?;
        if !(0..=DAYS_MAX).contains(&days) || text.starts_with('+') {
            return Err(garbled());
        }
        return now.checked_add_signed(Duration::days(days)).ok_or_else(garbled);
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).map_err(|_| garbled())
}

/// Reads an end that lies ahead, at most `days_max` days.
pub fn until(text: &str, now: DateTime<Utc>, days_max: u16) -> Result<DateTime<Utc>, TermError> {
    let until = moment(text, now)?;
    if until <= now {
        return Err(TermError::Past(until));
    }
    if until.signed_duration_since(now) > Duration::days(days_max.into()) {
        return Err(TermError::TooFar { until, max: days_max });
    }
    Ok(until)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::{TermError, moment, until};

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).expect("a moment").with_timezone(&Utc)
    }

    #[test]
    fn ends_are_read_as_days_days_of_the_calendar_and_moments() {
        let now = at("2026-11-20T19:00:00Z");
        let read = |text: &str| until(text, now, 90);
        assert_eq!(read("30d"), Ok(at("2026-12-20T19:00:00Z")));
        assert_eq!(read("2026-12-01"), Ok(at("2026-12-01T00:00:00Z")));
        assert_eq!(read("2026-12-01T01:00:00+14:00"), Ok(at("2026-11-30T11:00:00Z")));
        for past in ["2026-11-20", "0d", "2026-11-20T19:00:00Z", "2026-11-20T20:00:00+01:00", "1970-01-01"] {
            assert!(matches!(read(past), Err(TermError::Past(_))), "{past}");
        }
        for far in ["91d", "2027-02-19", "2099-01-01"] {
            assert!(matches!(read(far), Err(TermError::TooFar { .. })), "{far}");
        }
        for odd in
            ["", "d", "soon", "-3d", "+3d", "3.5d", "99999999999d", "2026-02-30", "2026-12-01T12:00:00", "²d"]
        {
            assert!(matches!(read(odd), Err(TermError::Garbled(_))), "{odd}");
        }
    }

    #[test]
    fn the_end_of_32_bit_time_and_changes_of_the_clock_are_days_like_others() {
        let before = at("2038-01-19T03:14:00Z");
        assert_eq!(until("1d", before, 90), Ok(at("2038-01-20T03:14:00Z")));
        assert_eq!(until("2038-01-20", before, 90), Ok(at("2038-01-20T00:00:00Z")));
        // Clocks go back in Europe on this night; UTC does not.
        assert_eq!(until("1d", at("2026-10-24T12:00:00Z"), 90), Ok(at("2026-10-25T12:00:00Z")));
        assert_eq!(moment("2026-10-25T02:30:00+02:00", before), Ok(at("2026-10-25T00:30:00Z")));
        assert_eq!(moment("2026-10-25T02:30:00+01:00", before), Ok(at("2026-10-25T01:30:00Z")));
        assert_eq!(until("2028-02-29", at("2028-02-01T00:00:00Z"), 90), Ok(at("2028-02-29T00:00:00Z")));
        assert!(moment("3650d", DateTime::<Utc>::MAX_UTC).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_lies_within_bounds(text in ".{0,30}") {
            let now = at("2026-11-20T19:00:00Z");
            if let Ok(end) = until(&text, now, 90) {
                prop_assert!(end > now && (end - now).num_days() <= 90);
            }
        }
    }
}
