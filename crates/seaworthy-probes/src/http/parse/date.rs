//! The header `Date` against our own clock. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::http::facts::ClockDifference;

/// The difference, from the header and when the request was sent and its answer read by our clock; nothing where the header is
/// no date. The server's clock stood somewhere in the header's second, somewhere between sending and reading.
pub(in crate::http) fn difference(
    header: &str,
    sent: DateTime<Utc>,
    received: DateTime<Utc>,
) -> Option<ClockDifference> {
    let date = DateTime::parse_from_rfc2822(header.trim()).ok()?.to_utc();
    let seconds = |span: TimeDelta| span.as_seconds_f64();
    let lowest = seconds(date - received);
    let highest = seconds(date + TimeDelta::seconds(1) - sent);
    let same = lowest <= 0.0 && highest >= 0.0;
    Some(ClockDifference {
        at_least_seconds: if same { 0.0 } else { lowest.abs().min(highest.abs()) },
        at_most_seconds: lowest.abs().max(highest.abs()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_whole_seconds_bounds_the_difference() {
        let at = |millis: i64| DateTime::from_timestamp_millis(1_795_789_550_000 + millis).unwrap();
        let header = at(0).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let between = |sent, received| {
            let found = difference(&header, at(sent), at(received)).unwrap();
            (found.at_least_seconds, found.at_most_seconds)
        };
        assert_eq!(between(250, 500), (0.0, 0.75));
        assert_eq!(between(1_250, 1_500), (0.25, 1.5));
        assert_eq!(between(-2_500, -2_250), (2.25, 3.5));
        assert_eq!(between(-60_000, 60_000), (0.0, 61.0));
        for other in ["", "yesterday", "2026-11-27T14:25:50Z", "Fri, 27 Nov 2026 25:61:00 GMT"] {
            assert!(difference(other, at(0), at(0)).is_none(), "{other}");
        }
    }
}
