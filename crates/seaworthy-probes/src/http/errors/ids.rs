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
/// How deep in a body an identifier may stand.
const DEPTH_MAX: usize = 4;

/// All of them, each as a log would have it.
pub(super) fn of(answer: &Answer) -> Vec<String> {
    let mut ids: Vec<String> =
        HEADERS.iter().filter_map(|name| Some(in_header(name, &answer.header(name)?).to_owned())).collect();
    if let Ok(body) = answer.json() {
        in_body(&body, DEPTH_MAX, &mut ids);
    }
    ids.retain(|id| (BYTES_MIN..=BYTES_MAX).contains(&id.len()));
    ids
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
        assert_eq!(ids, ["4f2a9c1e"]);
    }
}
