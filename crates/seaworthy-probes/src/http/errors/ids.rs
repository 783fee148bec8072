//! Identifiers of a request in its answer, by which a log finds it.

use serde_json::Value as Json;

use crate::http::client::Answer;

const HEADERS: [&str; 6] =
    ["x-request-id", "x-correlation-id", "request-id", "x-amzn-trace-id", "traceparent", "x-trace-id"];
const FIELDS: [&str; 8] = [
    "request_id",
    "requestId",
    "request-id",
    "correlation_id",
    "correlationId",
    "trace_id",
    "traceId",
    "error_id",
];
/// A shorter one finds too much in a log.
const BYTES_MIN: usize = 8;
/// No identifier is longer.
const BYTES_MAX: usize = 200;
/// Fewer kinds of characters are no random number.
const KINDS_MIN: usize = 4;
/// How deep in a body an identifier may stand.
const DEPTH_MAX: usize = 4;

/// All of them, each as a log would have it.
pub(super) fn of(answer: &Answer) -> Vec<String> {
    let mut ids: Vec<String> =
        HEADERS.iter().filter_map(|name| Some(in_header(name, &answer.header(name)?).to_owned())).collect();
    if let Ok(body) = answer.json() {
        in_body(&body, DEPTH_MAX, &mut ids);
    }
    ids.retain(|id| is_id(id));
    ids
}

/// The identifiers of each answer that no other answer has: what stands in all of them names no request.
pub(super) fn apart(all: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let all: Vec<Vec<String>> = all.collect();
    let shared =
        |at: usize, id: &String| all.iter().enumerate().any(|(other, ids)| other != at && ids.contains(id));
    let own = |(at, ids): (usize, &Vec<String>)| ids.iter().filter(|id| !shared(at, id)).cloned().collect();
    all.iter().enumerate().map(own).collect()
}

/// Whether a text can be one: words such as `undefined` and rows of zeros stand in any log.
fn is_id(id: &str) -> bool {
    let kinds = id.bytes().collect::<std::collections::BTreeSet<u8>>().len();
    (BYTES_MIN..=BYTES_MAX).contains(&id.len())
        && kinds >= KINDS_MIN
        && id.bytes().any(|byte| byte.is_ascii_digit())
}

/// The part of a header's value that names the request.
fn in_header<'a>(name: &str, value: &'a str) -> &'a str {
    let value = value.trim();
    match name {
        // version-trace-span-flags
        "traceparent" => value.split('-').nth(1).unwrap_or(value),
        // Root=1-…;Parent=…
        "x-amzn-trace-id" => {
            let root = value.split(';').find_map(|part| part.trim().strip_prefix("Root="));
            root.unwrap_or(value)
        }
        _ => value,
    }
}

fn in_body(value: &Json, depth: usize, ids: &mut Vec<String>) {
    if let (Json::Array(items), Some(depth)) = (value, depth.checked_sub(1)) {
        for item in items {
            in_body(item, depth, ids);
        }
    }
    let Json::Object(object) = value else { return };
    for (key, value) in object {
        match value {
            Json::String(id) if FIELDS.contains(&key.as_str()) => ids.push(id.clone()),
            _ if depth > 0 => in_body(value, depth - 1, ids),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_part_that_a_log_would_have_is_taken() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(in_header("traceparent", trace), "4bf92f3577b34da6a3ce929d0e0e4736");
        let amazon = "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678";
        assert_eq!(in_header("x-amzn-trace-id", amazon), "1-67891233-abcdef012345678912345678");
        assert_eq!(in_header("x-request-id", " abc "), "abc");
        let mut ids = Vec::new();
        in_body(
            &json!({"error": {"requestId": "4f2a9c1e", "code": "x"}, "trace_id": 7}),
            DEPTH_MAX,
            &mut ids,
        );
        in_body(&json!({"errors": [{"trace_id": "77aa00bb"}]}), DEPTH_MAX, &mut ids);
        assert_eq!(ids, ["4f2a9c1e", "77aa00bb"]);
        for (id, is) in [("4f2a9c1e", true), ("undefined", false), ("00000000", false), ("short1", false)] {
            assert_eq!(is_id(id), is, "{id}");
        }
        let own = |text: &str| vec![text.to_owned(), "same-for-all-1".to_owned()];
        assert_eq!(apart([own("a1"), own("b2")].into_iter()), [["a1"], ["b2"]]);
    }
}
