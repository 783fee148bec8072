use super::{Description, Operation};
use crate::http::public::PublicOperations;

fn read(text: &str) -> Vec<Operation> {
    Description::read(text).expect("sound").operations
}

#[test]
fn operations_are_read_from_yaml_and_json() {
    let yaml = r##"
openapi: 3.1.0
servers: [{url: https://shop.example.com/v1/}]
security: [{session: []}]
paths:
  /health: {get: {security: [], responses: {200: {description: ok}}}}
  /links/{code}:
    parameters: [{$ref: "#/components/parameters/Code"}]
    delete: {responses: {}}
  /files/{id}/{part}:
    get:
      parameters:
        - {name: id, in: path, schema: {type: string, format: uuid}}
        - {name: part, in: path, schema: {type: integer}}
  /sessions: {post: {requestBody: {content: {application/json: {}}}, security: [{}, {session: []}]}}
components:
  parameters: {Code: {name: code, in: path, schema: {enum: [a-b, c]}}}
  securitySchemes:
    session: {type: apiKey, in: cookie, name: __Host-session}
    key: {type: apiKey, in: header, name: X-Api-Key}
"##;
    let operations = read(yaml);
    let shown: Vec<_> = operations.iter().map(|o| format!("{} {}", o.method, o.concrete)).collect();
    assert_eq!(
        shown,
        [
            "GET /v1/health",
            "DELETE /v1/links/a-b",
            "GET /v1/files/00000000-0000-0000-0000-000000000000/2147483647",
            "POST /v1/sessions"
        ]
    );
    let public: Vec<_> = operations.iter().map(|o| o.documented_public).collect();
    assert_eq!(public, [true, false, false, true]);
    assert!(operations[3].takes_json && operations[2].has_parameters);
    assert!(operations[1].is_declared_public(&PublicOperations::of(&["DELETE /links/{code}".to_owned()])));
    let description = Description::read(yaml).expect("sound");
    assert_eq!(description.credential_cookies, ["__Host-session"]);
    assert_eq!(description.credential_headers, ["X-Api-Key"]);
    assert_eq!(read(r#"{"openapi": "3.0.3", "paths": {"/a": {"get": {}}}}"#)[0].concrete, "/a");
}

#[test]
fn h16_a_hostile_document_is_bounded() {
    let circular = r##"{"openapi": "3.1.0", "paths": {"/a": {"$ref": "#/paths/~1a"}, "/b": {"get": {"parameters": [{"$ref": "#/paths/~1b/get/parameters/0"}]}}}}"##;
    assert_eq!(read(circular).len(), 1);
    let deep =
        format!("{{\"openapi\": \"3.1.0\", \"paths\": {}{}}}", "{\"/a\": ".repeat(5_000), "}".repeat(5_000));
    assert!(Description::read(&deep).is_err());
    let paths: Vec<_> = (0..20_000).map(|n| format!("\"/p{n}\": {{\"get\": {{}}}}")).collect();
    assert_eq!(read(&format!("{{\"openapi\": \"3.1.0\", \"paths\": {{{}}}}}", paths.join(","))).len(), 5_000);
    let bomb = "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g]\nopenapi: 3.1.0\npaths: {}\n";
    drop(Description::read(bomb));
    for odd in
        ["", "[]", "{}", "openapi: 2.0", "{\"openapi\": \"3.1.0\"}", "\u{0}", "swagger: '2.0'\npaths: {}"]
    {
        assert!(Description::read(odd).is_err(), "{odd}");
    }
    let slash = r#"{"openapi": "3.1.0", "servers": [{"url": "https://x/\r\nevil"}], "paths": {"nothing": {"get": {}}, "/{a": {"get": {}}}}"#;
    assert_eq!(read(slash)[0].concrete, "/{a");
}

#[test]
fn what_stands_in_other_files_is_told() {
    let split = "openapi: 3.0.0\npaths:\n  x-note: {}\n  /a: {get: {}}\n  /b: {$ref: ./paths/b.yaml}\n  /c: {post: {$ref: '#/nowhere'}}\n";
    let description = Description::read(split).expect("a document");
    assert_eq!(description.operations.len(), 1);
    let why = description.left_out.expect("told").why;
    assert!(why.ends_with("`/b` and 1 more"), "{why}");
    assert_eq!(
        Description::read("openapi: 3.0.0\npaths: {/a: {get: {}}}\n").expect("a document").left_out,
        None
    );
}
