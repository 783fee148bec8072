use super::*;

#[tokio::test]
async fn dump() {
    let pid = std::env::var("DUMP_PID").ok().and_then(|pid| pid.parse().ok());
    let service = std::env::var("DUMP_SERVICE").ok();
    let target = HostTarget { pid, service, ..HostTarget::default() };
    let facts = look(target, Ok(()), &Limits::default(), Utc::now()).await;
    println!("{}", serde_json::to_string_pretty(&facts.map_err(|e| format!("{e:?}"))).unwrap());
}
