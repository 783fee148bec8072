//! Ages, numbers and dates in words.

use chrono::{DateTime, Utc};
use seaworthy_core::consent::Consent;

/// How long ago something was, in its greatest unit. What lies ahead of `now` is said to: an older clock never
/// makes evidence fresher.
pub(crate) fn age(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = now.signed_duration_since(at);
    if passed.num_seconds() < 0 {
        return format!("dated {} ahead of this clock", span(-passed.num_seconds()));
    }
    span(passed.num_seconds()) + " old"
}

/// How long something will be, or has not been any more.
pub(crate) fn until(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = at.signed_duration_since(now).num_seconds();
    if left > 0 { format!("for another {}", span(left)) } else { format!("expired {} ago", span(-left)) }
}

fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    counted(usize::try_from(count).unwrap_or(0), unit)
}

/// `1 place`, `2 places`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How many of a group one reason does not explain, if any.
pub(crate) fn need_more(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 of them needs more than this".to_owned()),
        many => Some(format!("{many} of them need more than this")),
    }
}

/// The word for a consent level, as on the command line.
pub(crate) fn consent_word(consent: Consent) -> &'static str {
    match consent {
        Consent::Observe => "observe",
        Consent::Probe => "probe",
        Consent::Drill => "drill",
    }
}

/// A duration of the run: `0.4 s`, `12 s`.
pub(crate) fn took(ms: u64) -> String {
    if ms < 10_000 { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) } else { format!("{} s", ms / 1_000) }
}

/// A moment, to the second, UTC.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time of day, as beside a command.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};

    use super::{age, took, until};

    #[test]
    fn ages_are_told_in_their_greatest_unit() {
        let now = DateTime::UNIX_EPOCH;
        let old = |seconds| age(now - Duration::seconds(seconds), now);
        assert_eq!(
            [old(0), old(1), old(119), old(120), old(7_200), old(200_000), old(-30)],
            [
                "0 seconds old",
                "1 second old",
                "119 seconds old",
                "2 minutes old",
                "2 hours old",
                "2 days old",
                "dated 30 seconds ahead of this clock"
            ]
        );
        assert_eq!(until(now + Duration::days(7), now), "for another 7 days");
        assert_eq!(until(now, now), "expired 0 seconds ago");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([took(0), took(449), took(9_999), took(61_000)], ["0.0 s", "0.4 s", "9.9 s", "61 s"]);
    }
}
